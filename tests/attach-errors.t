#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Why an attach failed: the error, one line in the log, and one call (C7).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/why
driver guest/odd

guest_test why --firmware dev0:hdm-d "${MEM[@]}" "${WHY[@]}" "${ODD[@]}" \
	--file src/include/cxl-accel/attach.h -- attach-errors.sh

done_testing
