# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables read by the scripts that source this file
#
# Shared by the tests of this directory (tests/NAME.t, bash): . "$(dirname "$0")/lib.sh"
#
# What a test can call is listed in tests/guest/tap.sh, and
#
#	guest_test NAME [OPTION of scripts/vm]... -- SCRIPT [ARG]...
#		Run tests/guest/SCRIPT in a guest. It prints TAP itself, by way of /guest/tap.sh; its
#		checks become checks of this test, named "NAME: ...". One more is added: that the
#		script came to its end and the kernel did not complain. $guest_prefix is before NAME.
#	in_guest [OPTION of scripts/vm]... -- CMD...
#		scripts/vm, for the kernel under test; with CXL_TEST_HYPERVISOR=1 on a processor that says
#		that it is a virtual one
#
#	stock_module NAME
#		Print the path of an uncompressed copy of a module of the stock kernel.
#
#	slot_power
#		Sets SLOT_POWER to options of scripts/vm: the port above dev0 can go to D3cold.
#
#	TREE	top of the source tree, and the working directory
#	ARCH	amd64 or arm64: the kernel's
#	NO_FLUSH	why nothing can be decommitted there, or committed by user space: the kernel cannot flush
#		caches; empty where it can
#	KERNEL	the stock kernel that is tested; CXL_TEST_KERNEL=RELEASE overrides it
#	KDIR	its headers, as seen in the bookworm root
#	TMP	directory of this test's own, removed at its end; in CXL_TEST_TMP, or /tmp
#
# Runs as root. A test ends with done_testing.

PROG=${0##*/}
# shellcheck source-path=SCRIPTDIR source=../scripts/env/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/env/lib.sh"
cd "$TREE" || exit
need_superuser
TMP=$(mktemp -d "${CXL_TEST_TMP:-/tmp}/cxl-test.XXXXXX")
trap 'rm -rf "$TMP" "$tap_output"' EXIT
# shellcheck source-path=SCRIPTDIR source=guest/tap.sh
. "$TREE/tests/guest/tap.sh"
# shellcheck source-path=SCRIPTDIR source=host-tap.sh
. "$TREE/tests/host-tap.sh"

scripts/env/root bookworm >/dev/null || exit
KERNEL=${CXL_TEST_KERNEL:-$(stock_kernel)}
KDIR=$(kernel_headers "$KERNEL")
ARCH=amd64 NO_FLUSH=''
if [ "$(kernel_root "$KERNEL")" = arm64 ]; then
	ARCH=arm64 NO_FLUSH="on arm64 the stock core cannot flush caches"
elif [ -n "${CXL_TEST_HYPERVISOR:-}" ]; then
	NO_FLUSH="below a hypervisor the stock core does not flush caches"
fi

# The time is for a busy machine; what hangs is found all the same.
in_guest() {
	scripts/vm --kernel "$KERNEL" --timeout 600 ${CXL_TEST_HYPERVISOR:+--hypervisor} "$@"
}

stock_module() {
	local file

	file=$(find "$CACHE"/{root,kernel}/*/lib/modules/"$KERNEL"/kernel -name "$1.ko*" 2>/dev/null | head -n1)
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -qdc "$file" ;;
	*) cat "$file" ;;
	esac >"$TMP/$1.ko"
	echo "$TMP/$1.ko"
}

# tests/qemu/slot-power.hex has bytes and remarks. Ports of a machine as old as QEMU's do not sleep unless forced.
slot_power() {
	# shellcheck disable=SC2059 # bytes
	printf "$(sed 's/#.*//; s/[0-9a-f][0-9a-f]/\\x&/g' tests/qemu/slot-power.hex | tr -d ' \t\n')" \
		>"$TMP/slot-power"
	SLOT_POWER=(--acpi-table "$TMP/slot-power" --append pcie_port_pm=force)
}

guest_prefix=''

guest_test() {
	local name=$guest_prefix$1 options=() script line status guest_count=0 guest_plan=none
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	script=$1
	shift

	while IFS= read -r line; do
		pass_on "$name" "$line"
	done < <(
		status=0
		in_guest "${options[@]}" --file tests/guest:/guest -- sh "/guest/$script" "$@" \
			2>"$TMP/guest.stderr" || status=$?
		echo "$status" >"$TMP/guest.status"
	)
	status=$(cat "$TMP/guest.status")

	if [ "$status" = 77 ] && [ $guest_count = 0 ]; then
		skip "$name" "$(tail -n 1 "$TMP/guest.stderr")"
	elif [ "$status" = 0 ] && [ "$guest_plan" = "$guest_count" ]; then
		pass "$name: came to its end, and the kernel did not complain"
	else
		fail "$name: came to its end, and the kernel did not complain"
		{
			echo "status $status, $guest_count checks seen, $guest_plan announced"
			tail -n 80 "$TMP/guest.stderr"
		} | explain
	fi
}
