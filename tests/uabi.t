#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The memdev's uABI: attributes, debugfs, ioctls, binding by hand (C8).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor
driver guest/odd
guest_program mem_ioctl

guest_test 'user space' --firmware dev0:hdm-d "${MEM[@]}" "${VENDOR[@]}" "${MEM_IOCTL[@]}" -- uabi.sh
guest_test 'by hand' --firmware dev0:hdm-d "${MEM[@]}" "${ODD[@]}" -- manual-bind.sh

done_testing
