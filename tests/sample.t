#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The sample, which is there to be copied: what it does to the memory, and how long it waits for it.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/config

guest_test sample --firmware dev0:hdm-d "${BUNDLE[@]}" "${CONFIG[@]}" -- sample.sh

done_testing
