#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory of an accelerator that firmware calls Soft Reserved: it is attached, unless somebody has made
# a dax device or System RAM of it before cxl_acpi came (C8).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor
driver guest/odd

# Of dev0 alone, at the start of the window.
guest_test 'Soft Reserved' --firmware all:hdm-d --append 'memmap=256M%0x3d0000000+0xefffffff' \
	"${MEM[@]}" "${VENDOR[@]}" "${ODD[@]}" -- soft-reserved.sh

done_testing
