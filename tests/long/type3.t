#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Expanders (Type-3), exactly as with the stock modules (C9): what tests/type3.t leaves out, below two bridges
# and interleaved, over ports of one and over two. On the kernel that has all of CXL as modules, unless
# CXL_TEST_KERNEL says another.

set -eu
CXL_TEST_KERNEL=${CXL_TEST_KERNEL:-$("$(dirname "$0")/../../scripts/env/kernel" modular)}
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"
# shellcheck source-path=SCRIPTDIR source=../type3.sh
. tests/type3.sh

same two-bridges --topology two-hb --device type3
same interleaved --topology type3 --firmware dev1+dev0:hdm-h
same bridges --topology two-hb --device type3 --firmware dev0+dev1:hdm-h

done_testing
