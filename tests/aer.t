#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Errors that AER reports while a driver attaches: its drvdata is its own all the time.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver guest/odd

guest_test 'correctable errors' --firmware dev0:hdm-d "${MEM[@]}" "${ODD[@]}" --timeout 1500 \
	--append log_buf_len=4M -- aer.sh 300

done_testing
