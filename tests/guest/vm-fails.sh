# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Comes to its end with a check that has failed: tests/vm.t wants to see why.

# shellcheck source=tests/guest/tap.sh
. /guest/tap.sh
is "one" "this" "that"
diag "a remark"
pass "two"
diag "another"
done_testing
