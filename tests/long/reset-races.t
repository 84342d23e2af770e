#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Reset against what else happens to an accelerator: binding, loss of its CXL devices, another reset; and of an
# expander that has lost its own (C10). CXL_RESET_TURNS=N: so many turns of each in place of 500.

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

# races_test NAME TOPOLOGY FIRMWARE WHAT...: a timer of QEMU's that is set for once is lost, once in hours, and then
# the processor sleeps for good; one that comes again and again is not.
races_test() {
	guest_test "$1" --topology "$2" --firmware "$3" --timeout 3000 --append 'nohz=off highres=off' \
		"${MEM[@]}" "${ODD[@]}" \
		-- reset-races.sh "${CXL_RESET_TURNS:-500}" "${@:4}"
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
