#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A driver with users, engines and an interrupt loses its memory in some of the ways that there are (C3, C10);
# all of them, on all kernels, are in long/teardown.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/chardev
guest_program mmap_user

guest_test ways --topology 'hb(acc,acc),hb(acc)' --firmware dev0:hdm-d,dev2:hdm-d "${MEM[@]}" "${CHARDEV[@]}" \
	"${MMAP_USER[@]}" -- teardown.sh interrupt delete_region host_module reset_cxl_bus rmmod

done_testing
