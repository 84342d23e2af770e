#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A driver that asks to be told when its memory is lost is not released (C3): it goes on without, and attaches
# again when CXL is back, or when it wants to.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/told

guest_test losses --firmware dev0:hdm-d "${MEM[@]}" "${TOLD[@]}" -- told.sh losses
guest_test refusals --firmware dev0:hdm-d "${MEM[@]}" "${TOLD[@]}" -- told.sh refusals late_host
guest_test races --firmware dev0:hdm-d "${MEM[@]}" "${TOLD[@]}" -- told.sh race

done_testing
