#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# cxl-accel status and check: what they say, and their exit status, when all is well and when not.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

# As it is installed, but for the place.
scripts/package/install "$TMP/installed"
tool=$TMP/installed/usr/src/cxl-accel-$(package_version)

guest_program uevents

guest_test attached --topology mixed --firmware dev0:hdm-d "${BUNDLE[@]}" "${UEVENTS[@]}" \
	--file "$tool:/opt/cxl-accel" -- status.sh attached
guest_test failed --topology mixed "${BUNDLE[@]}" "${UEVENTS[@]}" --file "$tool:/opt/cxl-accel" -- status.sh failed

check() {
	scripts/env/in-root "$(kernel_root "$KERNEL")" -- scripts/cxl-accel check "$@"
}

exits 0 'cxl-accel check of a supported kernel exits 0' check "$KERNEL" "$KDIR"
like 'cxl-accel check of a supported kernel says what is replaced' "$(check "$KERNEL" "$KDIR")" ': supported: cxl_mem (is|and cxl_port are) replaced'
exits 1 'cxl-accel check of a kernel without headers exits 1' check 6.99.0-none
like 'cxl-accel check of a kernel without headers says what to install' "$(check 6.99.0-none 2>&1)" 'headers are not installed'
exits 2 'cxl-accel check of what is no release exits 2' check ../etc
exits 2 'cxl-accel with an unknown command exits 2' scripts/env/in-root bookworm -- scripts/cxl-accel reboot
done_testing
