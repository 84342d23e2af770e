#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian 12's kernel of bookworm-backports, which is older than its own: the core there has no lock against
# two deleters of one region. Fetches it (120 MB).

set -eu
CXL_TEST_KERNEL=$("$(dirname "$0")/../../scripts/env/get-kernel" --headers bookworm-backports linux-image-amd64)
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

driver drivers/vendor

backports_test() {
	local name=$1
	shift
	guest_test "$name" --firmware all:hdm-d "${MEM[@]}" "${VENDOR[@]}" --timeout 1200 --append log_buf_len=4M -- "$@"
}

if grep -q '^#define HAVE_CXL_REGIONS_LOCK' "build/$KERNEL/generated/cxl_core_features.h"; then
	skip 'two deleters of one region, no lock' "$KERNEL has the lock: nothing is left here that lacks it"
fi
backports_test 'deleters' deleters.sh 150
backports_test 'losses' detach.sh loss_memdev loss_endpoint loss_region loss_delete_region loss_host_module
backports_test 'rebind' rebind-stress-detach.sh 25

done_testing
