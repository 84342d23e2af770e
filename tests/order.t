#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Order: what cannot be loaded before, or removed under, what (C2); all orders that can be.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor

guest_test order --topology mixed --firmware dev0:hdm-d "${BUNDLE[@]}" "${VENDOR[@]}" -- order.sh

done_testing
