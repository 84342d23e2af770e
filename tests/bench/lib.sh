# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the benches that source this file
#
# Shared by the benches of this directory, on the host: . "$(dirname "$0")/lib.sh"
#
# A bench measures, then says which rows of the table and which curves it makes of that.
#
#	on SIDE SCRIPT_ARGUMENTS... [-- OPTION of scripts/vm...]
#		Run tests/bench/guest/SCRIPT with its arguments in a guest of that side; ends the bench if it fails.
#		What it prints as "sample SERIES VALUE [X]" is noted as a value of SIDE/SERIES, or of
#		SIDE/SERIES@X, which is a point of a curve. With $PREFIX before SERIES. "instead SERIES WORDS" is
#		for what has no value, and why; a row says that in its place. SIDE is one of
#		  bundle	cxl-accel on stock 6.12, and the sample driver
#		  stock		stock 6.12 alone
#		  native	Linux 7.3 alone, and the same source of the sample driver
#		  poll, defer	stock 6.12 alone, and a driver that makes do with it; ALONE is the option for that
#		  side		Linux 7.3, the side module beside its cxl_mem, and the sample driver
#	sample ID VALUE
#		Note a value that was measured on the host.
#	row WHAT UNIT ID [OTHER] [GOAL] [NOTE]
#		A row of the table: ID beside OTHER. GOAL is "below N", or "ratio N": ID is at most N times OTHER;
#		or "gain N": OTHER is at least N times ID. NOTE is what stands beside it.
#	headline WHAT ...
#		The same, for the README as well.
#	curve NAME TITLE X-AXIS Y-AXIS ID=LABEL...
#		Plotted as NAME.svg.
#	results
#		Must be the last: writes build/bench/NAME.json.
#
#	TURNS	so many boots of what is measured more than once (tests/bench/run --turns)

# shellcheck source-path=SCRIPTDIR source=../long/modules.sh
. "$(dirname "${BASH_SOURCE[0]}")/../long/modules.sh"

BENCH=$(basename "$0")
RESULTS=${CXL_BENCH_RESULTS:-build/bench}
TURNS=${CXL_BENCH_TURNS:-3}
PREFIX=''
STOCK=$KERNEL
NATIVE=''
declare -A LABEL=([bundle]='cxl-accel on 6.12' [stock]='stock 6.12' [native]='Linux 7.3'
	[side]='Linux 7.3 with cxl-accel')
: >"$TMP/samples"
: >"$TMP/rows"
: >"$TMP/curves"
mkdir -p "$RESULTS"

bench_die() {
	say "$BENCH: $*"
	exit 1
}

sample() {
	printf '%s\t%s\n' "$1" "$2" >>"$TMP/samples"
}

# The side module, and the sample driver with and without it; unless that has been done.
build_for_native() {
	local dir=build/$NATIVE kdir=/lib/modules/$NATIVE/build

	[ ! -f "$dir/bench/cxl_accel_sample.ko" ] ||
		[ -n "$(find src Kbuild scripts/build -newer "$dir/bench/cxl_accel_sample.ko")" ] || return 0
	scripts/env/in-root experimental -- scripts/build "$NATIVE" "$kdir" "$(kernel_image "$NATIVE")" &&
		scripts/env/in-root experimental -- env CXL_ACCEL_SYMVERS=none scripts/build-driver \
			--out "$dir/bench" "KDIR=$kdir" "$NATIVE" src/sample
}

# Linux 7.3, and modules for it. Sets NATIVE.
find_native() {
	scripts/env/root experimental >/dev/null
	NATIVE=$(newest_kernel experimental)
	scripts/env/get-kernel experimental "linux-image-$NATIVE" >/dev/null
	with_lock "build-$NATIVE" build_for_native >"$TMP/build.log" 2>&1 ||
		{ cat "$TMP/build.log" >&2 && bench_die "no modules for $NATIVE"; }
}

# Sets KERNEL and OPTIONS.
use_side() {
	KERNEL=$STOCK OPTIONS=()
	case $1 in
	bundle) OPTIONS=("${BUNDLE[@]}") ;;
	stock) ;;
	poll | defer) OPTIONS=("${ALONE[@]}") ;;
	native | side)
		[ -n "$NATIVE" ] || find_native
		KERNEL=$NATIVE
		;;&
	native) OPTIONS=(--module "build/$NATIVE/bench/cxl_accel_sample.ko") ;;
	side)
		OPTIONS=(--module "build/$NATIVE/cxl_accel.ko" --module "build/$NATIVE/cxl_accel_sample.ko"
			--file scripts/package/modprobe.conf:/etc/modprobe.d/cxl-accel.conf)
		;;
	esac
}

on() {
	local side=$1 script=() status=0
	shift

	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		script+=("$1")
		shift
	done
	use_side "$side"
	in_guest --icount "${OPTIONS[@]}" --file tests/guest:/guest --file tests/bench/guest:/bench \
		--append 'initcall_debug log_buf_len=8M' "${@:2}" -- sh "/bench/${script[0]}" "${script[@]:1}" \
		>"$TMP/out" 2>"$TMP/guest.stderr" || status=$?
	tr -d '\r' <"$TMP/out" | awk -v side="$side" -v prefix="$PREFIX" -v OFS='\t' '
		$1 == "sample" { print side "/" prefix $2 (NF > 3 ? "@" $4 : ""), $3 }
		$1 == "instead" {
			series = $2
			sub(/^instead [^ ]+ /, "")
			print side "/" prefix series, $0
		}' >>"$TMP/samples"
	[ $status = 0 ] && return
	{ cat "$TMP/out" && tail -n 30 "$TMP/guest.stderr"; } >&2
	bench_die "$side, ${script[*]}: status $status"
}

# shellcheck disable=SC2120 # the arguments are row's
note_row() {
	local IFS=$'\t'

	# Tabs alone would run together where a field is empty.
	printf '%s\n' "$1" "$2" "$3" "${4:-}" "${5:-}" "${6:-}" "${7:-}" | tr '\n' '\t' >>"$TMP/rows"
	echo >>"$TMP/rows"
}

row() {
	note_row '' "$@"
}

headline() {
	note_row headline "$@"
}

curve() {
	local IFS=$'\t'

	echo "$*" >>"$TMP/curves"
}

results() {
	local labels

	labels=$(for side in "${!LABEL[@]}"; do printf '%s\t%s\n' "$side" "${LABEL[$side]}"; done)
	scripts/env/in-root bookworm -- jq -n -f tests/bench/results.jq --arg bench "$BENCH" \
		--arg tree "$(git describe --always --dirty 2>/dev/null || package_version)" --arg labels "$labels" \
		--arg stock "$STOCK" --arg native "$NATIVE" --rawfile samples "$TMP/samples" --rawfile rows "$TMP/rows" \
		--rawfile curves "$TMP/curves" >"$TMP/$BENCH.json" || bench_die "a row or a curve without a value"
	mv "$TMP/$BENCH.json" "$RESULTS/"
}
