#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Reset against what else happens to an accelerator: binding, loss of its CXL devices, another reset; and of an
# expander that has lost its own (C10). CXL_RESET_TURNS=N: so many turns of each in place of 500.
# CXL_TEST_KERNELS="debug": under KASAN and lockdep, which takes an hour and a half; CXL_TEST_PARTS="PART...": not all
# of them, but: driver, parts, two, expander, sibling.

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

# races_test NAME TOPOLOGY FIRMWARE WHAT...: on one processor, which is taken away from them at any time. With two
# QEMU 10 loses, once in some hundred resets, what the other one writes to its interrupt controller, and that then
# sleeps for good. What the debug kernel does beside KASAN and lockdep takes it twice as long; debug.t has that.
races_test() {
	guest_test "$1" --topology "$2" --firmware "$3" --timeout 9000 --smp 1 \
		--append 'preempt=full no5lvl kmemleak=off no_debug_objects' "${MEM[@]}" "${ODD[@]}" -- \
		reset-races.sh "${CXL_RESET_TURNS:-500}" "${@:4}"
}

races() {
	local part

	driver guest/odd
	for part in ${CXL_TEST_PARTS-driver parts two expander sibling}; do
		case $part in
		driver) races_test driver hb2rp all:hdm-d driver ;;
		parts) races_test 'CXL devices' hb2rp all:hdm-d memdev endpoint ;;
		two) races_test 'two at once' hb2rp all:hdm-d two ;;
		expander) races_test 'an expander' mixed dev0:hdm-d expander ;;
		sibling) races_test 'two functions' 'hb(two,empty)' dev0:hdm-d sibling ;;
		esac
	done
}

on_kernels races
done_testing
