#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Storm: a detach never hits a later binding (C4), and whatever happens at the same time, memory
# and references are kept in order. The second guest has SLUB look for writes to freed memory. For races
# that are rarer than that, tests/long/rebind-stress.t takes more turns.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor

guest_test 'unbind and bind' --firmware all:hdm-d "${MEM[@]}" "${VENDOR[@]}" --timeout 1500 \
	--append log_buf_len=4M -- rebind-stress.sh 400 50
guest_test 'hierarchy taken apart' --firmware all:hdm-d "${MEM[@]}" "${VENDOR[@]}" --timeout 1500 \
	--append 'log_buf_len=4M slub_debug=FZPU' -- rebind-stress-detach.sh 60

done_testing
