#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Many accelerators attach side by side, below switches, and 64 of them.

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

# parallel NAME TOPOLOGY N RATIO
parallel() {
	guest_test "$1" --icount --topology "$2" --firmware all:hdm-d "${BUNDLE[@]}" --timeout 1200 \
		--append 'initcall_debug log_buf_len=8M' -- attach-parallel.sh "$3" "$4"
}

parallel 'behind switches' '4*hb(sw(4*acc),empty)' 16 3
parallel '64' '16*hb(4*acc)' 64 3

done_testing
