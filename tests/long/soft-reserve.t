#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Soft Reserved memory: each byte has exactly one owner (C12). What CXL covers, all of it, a part, nothing,
# by the order in which modules come and go: first by ours, then by the stock modules of the same kernel,
# and by 7.3, which is what ours is held against. Then what a window can hold beside that.
#
#   CXL_TEST_KERNEL=RELEASE   another kernel than Debian 12's 6.12, as of scripts/env/kernel modular
#   CXL_TEST_SUITES=''        without 7.3

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

WINDOW=0x3d0000000
DAX=("${MEM[@]}" --module "build/$KERNEL/dax_hmem.ko" --module "build/$KERNEL/dax_cxl.ko")
SUITES=${CXL_TEST_SUITES-experimental}
LATER='dax_hmem dax_cxl rebind cxl_pci cxl_mem cxl_acpi no_acpi'
driver drivers/vendor

# soft OFFSET SIZE: on the kernel's command line, a range of OFFSET MiB from the window's start
soft() {
	printf 'memmap=%dM%%0x%x+0xefffffff' "$2" $((WINDOW + ($1 << 20)))
}

# points OFFSET...
points() {
	printf "0x%x\n" "$@" | while read -r mib; do printf '0x%x\n' $((WINDOW + (mib << 20))); done | paste -sd ,
}

# steps OWNERS STEP...
steps() {
	local owners=$1
	shift
	printf "%s=$owners\n" "$@" | paste -sd ' '
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
	guest_test "$who, $coverage, ${1%%=*}" "${OPTIONS[@]}" "${options[@]}" -- soft-reserve.sh "$POINTS" "$@"
}

done_testing
