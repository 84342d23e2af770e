#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bad input to every module parameter.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver guest/odd

guest_test parameters --firmware dev0:hdm-d "${BUNDLE[@]}" "${ODD[@]}" -- params.sh

done_testing
