#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Attach: what upstream 7.3 does with memory that platform firmware committed, on a stock kernel
# (C1, C8), and about as fast. The table of topologies is in scripts/vm.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor

guest_test 'firmware committed one of two' --firmware dev0:hdm-d "${BUNDLE[@]}" "${VENDOR[@]}" \
	-- attach.sh

# attach TOPOLOGY FIRMWARE DEV:WINDOW:OFFSET:TYPE...
attach() {
	local topology=$1 firmware=$2
	shift 2
	guest_test "$topology $firmware" --topology "$topology" --firmware "$firmware" \
		"${BUNDLE[@]}" -- attach-all.sh "$@"
}

SECOND=0x10000000
attach hb2rp dev1:hdm-d,dev0:hdm-h dev1:0:0:accelerator dev0:0:$SECOND:expander
attach passthrough dev0:hdm-d dev0:0:0:accelerator
attach passthrough dev0:hdm-h dev0:0:0:expander
attach switch all:hdm-d dev0:0:0:accelerator dev1:0:$SECOND:accelerator
attach two-hb all:hdm-d dev0:0:0:accelerator dev1:1:0:accelerator

for topology in hb2rp passthrough; do
	guest_test "$topology, DVSEC range" --topology $topology --firmware dev0:mem-enable-only \
		"${BUNDLE[@]}" -- attach-ranges.sh
done

guest_test time --icount --append initcall_debug --firmware all:hdm-d "${BUNDLE[@]}" \
	-- attach-time.sh

done_testing
