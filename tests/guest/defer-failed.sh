# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# cxl_acpi cannot bind the CXL host, because firmware's table of it is broken. Nobody waits for that,
# whether it was tried before cxl_mem came or after.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

WHY='cxl_acpi could not bind the CXL host: see its lines in dmesg'
dev0=$(pci_address dev0)

# refused WHAT
refused() {
	log_mark
	insmod /modules/odd_accel.ko
	is "$1: fails at once" "$(log_count "$dev0: odd: -6 $WHY\$")" 1
	is "$1: the log says why" "$(log_count "$dev0: error -ENXIO: CXL attach failed: $WHY\$")" 1
	is "$1: the file says why" "$(cat "$PCI/$dev0/cxl_accel/status")" HOST_FAILED
	is "$1: nothing is put off" "$(log_count 'CXL attach deferred')" 0
	rmmod odd_accel
	insmod /modules/vendor_accel.ko
	is "$1: a driver that can go on without does" "$(driver_of "$PCI/$dev0")" vendor_accel
	rmmod vendor_accel
}

modprobe cxl_acpi
ok 'cxl_acpi is loaded' loaded cxl_acpi
is 'cxl_acpi failed: the ACPI host device is not bound' "$(driver_of /sys/bus/platform/devices/ACPI0017:00)" ''
modprobe cxl_mem
refused 'failed before'
rmmod cxl_acpi
log_mark
insmod /modules/odd_accel.ko
is 'cxl_acpi is not loaded any more: waits' "$(log_count "$dev0: odd: -517 ")" 1
rmmod odd_accel
modprobe cxl_acpi
refused 'failed while cxl_mem was there'
rmmod cxl_mem

# Whoever waits hears it at once: nothing was bound that would make the driver core try again.
rmmod cxl_acpi
modprobe cxl_mem host_timeout=600
insmod /modules/vendor_accel.ko
nok 'waiting: not bound' test -e "$PCI/$dev0/driver"
modprobe cxl_acpi
ok 'waiting: bound when it has failed' wait_for 30 test -e "$PCI/$dev0/driver"
is 'waiting: the file says why' "$(cat "$PCI/$dev0/cxl_accel/status")" HOST_FAILED
rmmod vendor_accel

done_testing
