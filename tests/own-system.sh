# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the tests that write into a system, and need no guest: . own-system.sh DIR, before lib.sh. The test is
# run again in the bookworm root, with an empty /boot of its own, and what it writes below DIR goes with it.

# shellcheck source-path=SCRIPTDIR source=../scripts/env/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/env/lib.sh"
if [ "$(current_root)" != bookworm ]; then
	exec "$TREE/scripts/env/in-root" bookworm -- "$0"
fi
if [ -z "${CXL_TEST_BOOT:-}" ]; then
	CXL_TEST_BOOT=1 exec unshare --mount --propagation private "$0"
fi
mount -t tmpfs boot /boot
mount -t tmpfs upper /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" overlay "$1"
