#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Reset against what else happens to an accelerator: binding, loss of its CXL devices, another reset; and of an
# expander that has lost its own (C10). CXL_RESET_TURNS=N: so many turns of each in place of 500.

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

# races_test NAME TOPOLOGY FIRMWARE WHAT...: on one processor, which is taken away from them at any time. With two
# QEMU 10 loses, once in some hundred resets, what the other one writes to its interrupt controller, and that then
# sleeps for good.
races_test() {
	guest_test "$1" --topology "$2" --firmware "$3" --timeout 3000 --smp 1 --append preempt=full "${MEM[@]}" \
		"${ODD[@]}" -- reset-races.sh "${CXL_RESET_TURNS:-500}" "${@:4}"
}

races() {
	driver guest/odd
	races_test driver hb2rp all:hdm-d driver
	races_test 'CXL devices' hb2rp all:hdm-d memdev endpoint
	races_test 'two at once' hb2rp all:hdm-d two
	races_test 'an expander' mixed dev0:hdm-d expander
	races_test 'two functions' 'hb(two,empty)' dev0:hdm-d sibling
}

on_kernels races
done_testing
