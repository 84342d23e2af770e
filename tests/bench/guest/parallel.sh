# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# parallel.sh N: N accelerators attach and are unbound, one after the other and side by side.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh

count=$1

all_attached() {
	[ "$(attached_regions)" = "$count" ] && [ "$(log_count 'probe of 0000:.* returned 0 after')" -ge "$count" ]
}

# attach SERIES [OPTION]: from when the driver is registered to when the last device has been probed
attach() {
	log_mark
	# shellcheck disable=SC2086 # an option, or none
	must insmod /modules/cxl_accel_sample.ko $2
	must wait_for 60 all_attached
	sample "$1" "$(between 'calling .*sample_.*init' 'probe of 0000:.* returned 0 after')"
}

unbind_side_by_side() {
	for address in "$PCI_DRIVERS"/cxl_accel_sample/0000:*; do
		pci_unbind cxl_accel_sample "${address##*/}" &
	done
	wait
}

load_cxl
attach serial
timed unbind-serial unbind_all
flush
must rmmod cxl_accel_sample
attach async async_probe
timed unbind-async unbind_side_by_side
