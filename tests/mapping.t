#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Mapping: write-combining, write-back and uncached, with and without request_mem_region(); and a driver that
# has claimed its BARs.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor

guest_test mapping --firmware dev0:hdm-d "${MEM[@]}" "${VENDOR[@]}" -- mapping.sh ways bars

done_testing
