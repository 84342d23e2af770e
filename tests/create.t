#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Create: firmware committed no region, and the driver wants one (C6).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/why
driver drivers/vendor

if [ -n "${CXL_TEST_HYPERVISOR:-}" ]; then
	guest_test 'no flush' "${MEM[@]}" "${WHY[@]}" -- create.sh no_flush
else
	guest_test create --topology 'hb(acc,acc,exp),hb(acc,empty)' --window hb0:768M \
		--window hb1:256M:type3+volatile --append iomem=relaxed "${MEM[@]}" "${WHY[@]}" "${VENDOR[@]}" \
		-- create.sh refusals two expander losses host_only parameter
fi

done_testing
