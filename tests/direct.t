#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Direct: an attach without a driver on the memdev (C1 to C5).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/why

guest_test direct --firmware dev0:hdm-d "${BUNDLE[@]}" "${WHY[@]}" -- direct.sh

done_testing
