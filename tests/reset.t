#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Reset: the memory of an attached accelerator is decoded again when it is over, or its driver is released,
# and the next bind attaches (C10).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor
driver guest/odd

# reset_test NAME OPTION... -- ARG...: the registers are looked at while they are the kernel's.
reset_test() {
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	guest_test "$name" --append iomem=relaxed "${MEM[@]}" "${VENDOR[@]}" "${ODD[@]}" "${options[@]}" \
		-- reset.sh "$@"
}

reset_test "a vendor's driver" --firmware all:hdm-d -- vendor_accel 256 while_bound while_unbound
reset_test 'two decoders' --topology 'hb(acc:512M,empty)' --firmware dev0:hdm-d/size=256M,dev0:hdm-d/locked \
	-- odd_accel 512 while_bound while_unbound callbacks
reset_test 'not restored' --topology 'hb(raw,acc)' --firmware all:hdm-d -- odd_accel 256 silent deaf races

reset_test AER --firmware all:hdm-d -- odd_accel 256 sibling aer_recovered aer_given_up
reset_test 'AER, no handlers' --firmware all:hdm-d -- odd_accel 256 no_handlers=1 aer_no_handlers

done_testing
