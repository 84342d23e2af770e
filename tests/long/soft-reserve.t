#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Soft Reserved memory: each byte has exactly one owner (C12). What CXL covers, all of it, a part, nothing,
# by the order in which modules come and go: first by ours, then by the stock modules of the same kernel,
# and by 7.3, which is what ours is held against. Then what a window can hold beside that.
#
#   CXL_TEST_PARTS='PART...'  not all of it, but: ours, stock, windows, async, ram, status, all on Debian 12's
#                             6.12 (or that of CXL_TEST_KERNEL); experimental, which is 7.3; or, for ours on
#                             another kernel, trixie or a NAME of scripts/env/kernel

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

driver guest/hosts

WINDOW=0x3d0000000
WANTED=${CXL_TEST_PARTS-ours stock windows async ram status experimental trixie modular 6.17}

dax_modules() {
	DAX=("${MEM[@]}" --module "build/$KERNEL/dax_hmem.ko" --module "build/$KERNEL/dax_cxl.ko")
}

# soft OFFSET SIZE: on the kernel's command line, a range of OFFSET MiB from the window's start
soft() {
	printf 'memmap=%dM%%0x%x+0xefffffff' "$2" $((WINDOW + ($1 << 20)))
}

# points OFFSET...
points() {
	printf "0x%x\n" "$@" | while read -r mib; do printf '0x%x\n' $((WINDOW + (mib << 20))); done | paste -sd ,
}

# machine COVERAGE: sets OPTIONS and POINTS
machine() {
	OPTIONS=(--topology type3 --timeout 900)
	POINTS=$(points 0 240)
	case $1 in
	covered) OPTIONS+=(--firmware dev0:hdm-h --append "$(soft 0 256)") ;;
	part)
		OPTIONS+=(--firmware dev0:hdm-h --append "$(soft 0 512)")
		POINTS=$(points 0 256)
		;;
	not) OPTIONS+=(--append "$(soft 0 256)") ;;
	esac
}

# row WHO COVERAGE STEP=OWNERS...: in a boot of its own
row() {
	local who=$1 coverage=$2 options=()
	shift 2

	machine "$coverage"
	[ "$who" != ours ] || options=("${DAX[@]}")
	guest_test "$prefix$who, $coverage, ${1%%=*}, ${2%%=*}" "${OPTIONS[@]}" "${options[@]}" -- \
		soft-reserve.sh "$POINTS" "$@"
}

# The rows in which ours is as 7.3. Without its decoders, which the stock core resets when a region goes, there
# is nothing for CXL to assemble again.
GONE='cxl_pci=none,none cxl_mem=none,none cxl_acpi=none,none'
matrix() {
	local who=$1 prefix=${2:-}

	# shellcheck disable=SC2086 # words
	{
		row "$who" covered boot=cxl,cxl dax_hmem=cxl,cxl dax_cxl=cxl,cxl rebind=cxl,cxl $GONE
		row "$who" part boot=hmem,hmem dax_hmem=cxl,none dax_cxl=cxl,none rebind=cxl,none $GONE
		row "$who" not boot=hmem,hmem dax_hmem=none,none dax_cxl=none,none rebind=none,none $GONE
	}
	row "$who" part boot=hmem,hmem cxl_pci=hmem,hmem cxl_mem=hmem,hmem cxl_acpi=hmem,hmem
	row "$who" not boot=hmem,hmem cxl_pci=hmem,hmem cxl_mem=hmem,hmem cxl_acpi=hmem,hmem
	row "$who" covered absent=hmem,hmem dax_hmem=hmem,hmem late=hmem,hmem dax_hmem=cxl,cxl
	row "$who" part absent=hmem,hmem dax_hmem=hmem,hmem late=hmem,hmem dax_hmem=hmem,hmem
	row "$who" not absent=hmem,hmem dax_hmem=hmem,hmem late=hmem,hmem dax_hmem=hmem,hmem no_acpi=hmem,hmem
}

# What is lost, and what is in two hands, without ours.
stock() {
	local prefix=''

	# shellcheck disable=SC2086 # words
	{
		row stock covered boot=cxl,cxl dax_hmem=cxl,cxl dax_cxl=cxl,cxl rebind=cxl,cxl $GONE
		row stock part boot=cxl,none dax_hmem=cxl,none dax_cxl=cxl,none rebind=cxl,none $GONE
		row stock not boot=none,none dax_hmem=none,none dax_cxl=none,none rebind=none,none $GONE
	}
	row stock covered absent=hmem,hmem dax_hmem=hmem,hmem late=hmem+cxl,hmem+cxl dax_hmem=cxl,cxl
	row stock part absent=hmem,hmem dax_hmem=hmem,hmem late=hmem+cxl,hmem dax_hmem=cxl,none
	row stock not absent=hmem,hmem dax_hmem=hmem,hmem late=hmem,hmem dax_hmem=none,none no_acpi=hmem,hmem
}

# window NAME TOPOLOGY FIRMWARE RANGES POINTS STEP=OWNERS...
window() {
	local name=$1 topology=$2 firmware=$3 ranges=$4 at=$5
	shift 5

	guest_test "$name" --topology "$topology" --firmware "$firmware" --append "$ranges" --timeout 900 \
		"${DAX[@]}" "${HOSTS[@]}" -- soft-reserve.sh "$at" "$@"
}

# What a window can hold beside one range.
windows() {
	window 'two ranges' type3 dev0:hdm-h "$(soft 0 256) $(soft 512 256)" "$(points 0 512)" \
		boot=cxl,hmem dax_hmem=cxl,none
	window 'half outside the window' type3 dev0:hdm-h "$(soft -128 384)" "$(points -128 0)" boot=hmem,hmem
	window 'interleaved, and one outside' type3 dev0+dev1:hdm-h "$(soft 0 512) $(soft -1024 256)" \
		"$(points -1024 0 256)" boot=hmem,cxl,cxl dax_hmem=hmem,cxl,cxl
	window 'a window without any device' 'hb(exp,exp),hb(empty,empty)' dev0:hdm-h \
		"$(soft 0 256) $(soft 4096 256)" "$(points 0 4096)" boot=cxl,hmem dax_hmem=cxl,none
	window "accelerators', and more (C8)" hb2rp all:hdm-d "$(soft 0 768)" "$(points 0 256 512)" \
		boot=none,none,hmem dax_hmem=none,none,none
	window 'a second hmem_platform device' type3 dev0:hdm-h "$(soft 0 256) $(soft 512 256)" \
		"$(points 0 512)" boot=cxl,hmem second=cxl,hmem dax_hmem=cxl,none
	window 'two hmem_platform devices' type3 dev0:hdm-h "$(soft 0 256) $(soft 512 256)" \
		"$(points 0 512)" second=none,none boot=cxl,hmem dax_hmem=cxl,none
}

async() {
	local turn

	for turn in 1 2 3; do
		guest_test "asynchronous probes, $turn" --topology type3 --firmware dev0:hdm-h --timeout 900 \
			--append "$(soft 0 256)" --append 'driver_async_probe=cxl_mem,cxl_port,cxl_pci,cxl_acpi' \
			"${DAX[@]}" -- soft-reserve.sh "$(points 0)" boot=cxl
	done
}

ram() {
	local module

	for module in dax_cxl dax_hmem; do
		guest_test "System RAM of $module" --topology type3 --firmware dev0:hdm-h --timeout 900 \
			--append "$(soft 0 256)" "${DAX[@]}" -- soft-reserve-ram.sh $module
	done
}

status() {
	scripts/package/install tools "$TMP/installed"
	guest_test 'cxl-accel status' --topology mixed --firmware dev1:hdm-h,dev0:hdm-d/at=+0x20000000 \
		--append "$(soft -1024 256) $(soft 0 256) $(soft 512 512)" --timeout 900 \
		"${DAX[@]}" "${BUNDLE[@]}" \
		--file "$TMP/installed/usr/share/cxl-accel:/opt/cxl-accel" -- \
		soft-reserve-status.sh
}

# newest ROOT: sets KERNEL to the newest kernel of that private root
newest() {
	scripts/env/root "$1" >/dev/null
	KERNEL=$(newest_kernel "$1")
}

# build_in ROOT: the modules for KERNEL
build_in() {
	scripts/env/in-root "$1" -- scripts/build "$KERNEL" "$KDIR" >"$TMP/build.log" 2>&1 && return
	explain <"$TMP/build.log"
	return 1
}

# ours_on NAME: the matrix on another kernel
ours_on() {
	local root

	case $1 in
	trixie) newest trixie && root=trixie ;;
	*) KERNEL=$(scripts/env/kernel "$1") && root=$(kernel_root "$KERNEL") ;;
	esac
	KDIR=$(kernel_headers "$KERNEL")
	ok "$1: the modules build" with_lock "build-$KERNEL" build_in "$root"
	. tests/contract.sh
	dax_modules
	matrix ours "$1: "
}

dax_modules
for part in $WANTED; do
	case $part in
	ours) matrix ours ;;
	stock | windows | async | ram | status) $part ;;
	experimental)
		newest experimental
		scripts/env/get-kernel experimental "linux-image-$KERNEL" >/dev/null
		matrix "$KERNEL"
		;;
	*) ours_on "$part" ;;
	esac
done

done_testing
