#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Asynchronous probing on the kernel command line: the attach is synchronous all the same (C1). A driver that asks
# for it has its devices attached side by side.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor

# All but the serial port's driver, at which stock 6.18 oopses.
for drivers in '*,serial' cxl_port,cxl_mem; do
	guest_test "driver_async_probe=$drivers" --topology mixed --firmware dev0:hdm-d "${MEM[@]}" \
		"${VENDOR[@]}" --append "driver_async_probe=$drivers" -- async.sh 8
done

guest_test 'side by side' --icount --topology '4*hb(4*acc)' --firmware all:hdm-d "${BUNDLE[@]}" \
	--append 'initcall_debug log_buf_len=4M' -- attach-parallel.sh 16 3

done_testing
