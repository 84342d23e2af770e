# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Ends well, but without done_testing: tests/vm.t wants to see this fail.

# shellcheck source=tests/guest/tap.sh
. /guest/tap.sh
pass "one"
