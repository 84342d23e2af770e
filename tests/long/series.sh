# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the tests of kernel series that the archive holds as images alone: headers for them are made.
# . "$(dirname "$0")/series.sh", with SERIES=6.18, say. 'make check K=6.18' runs all tests there.

export CXL_TEST_KERNEL
CXL_TEST_KERNEL=$("$(dirname "${BASH_SOURCE[0]}")/../../scripts/env/kernel" "$SERIES")
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "${BASH_SOURCE[0]}")/modules.sh"

driver drivers/vendor

series_test() {
	local name=$1
	shift
	guest_test "$SERIES: $name" "${BUNDLE[@]}" "${VENDOR[@]}" --timeout 1800 --append log_buf_len=4M "$@"
}

series_test attach --firmware dev0:hdm-d -- attach.sh
series_test 'a bridge of one port' --topology passthrough --firmware dev0:hdm-d -- \
	attach-all.sh dev0:0:0:accelerator
series_test losses --firmware all:hdm-d -- detach.sh loss_memdev loss_endpoint loss_region \
	loss_delete_region loss_host_module loss_pci_device
series_test 'losses below a switch' --topology switch --firmware all:hdm-d -- \
	detach.sh loss_shared_port loss_top_port loss_region
series_test 'not yet' --firmware dev0:hdm-d --load 'cxl_mem cxl_accel_sample cxl_acpi' -- defer.sh
series_test 'unbind and bind' --firmware all:hdm-d -- rebind-stress.sh 1000 50
series_test 'hierarchy taken apart' --firmware all:hdm-d --append slub_debug=FZPU -- rebind-stress-detach.sh 60

done_testing
