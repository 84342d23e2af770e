#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Hostile registers: whatever an accelerator's registers say, the attach ends with a status, the kernel has
# nothing to complain of, nothing is left behind, and the next good attach works.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/why

guest_test registers --topology 'hb(raw:512M,acc:512M)' \
	--firmware dev0:hdm-d/size=256M,dev1:hdm-d/size=256M "${MEM[@]}" "${WHY[@]}" \
	--file src/include/cxl-accel/attach.h -- hostile.sh

done_testing
