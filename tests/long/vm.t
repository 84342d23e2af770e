#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The test bed at its largest.

set -eu
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
unset CXL_TEST_HYPERVISOR

guest_test '64 accelerators' --hypervisor --topology '16*hb(4*acc)' --firmware all:hdm-d -- vm-many.sh 64
done_testing
