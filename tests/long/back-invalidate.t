#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Back-invalidate: a device whose memory is HDM-DB, which QEMU has from 11 on: that of arm64.

set -eu
export CXL_TEST_KERNEL
CXL_TEST_KERNEL=$("$(dirname "$0")/../../scripts/env/kernel" arm64)
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

guest_test back-invalidate --topology 'hb(db,acc)' --firmware dev0:hdm-d "${BUNDLE[@]}" --timeout 1800 -- \
	back-invalidate.sh

done_testing
