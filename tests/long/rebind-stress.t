#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# As tests/rebind-stress.t on the stock kernel, with as many turns as show races that are rare.

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

driver drivers/vendor

guest_test 'unbind and bind' --firmware all:hdm-d "${MEM[@]}" "${VENDOR[@]}" --timeout 1500 \
	--append log_buf_len=4M -- rebind-stress.sh 1000
guest_test 'hierarchy taken apart' --firmware all:hdm-d "${MEM[@]}" "${VENDOR[@]}" --timeout 1500 \
	--append 'log_buf_len=4M slub_debug=FZPU' -- rebind-stress-detach.sh 200

done_testing
