# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# defer-never.sh WHY: there is no CXL above dev0, and never will be. That is said at once, and is
# the driver's to judge.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

why=$1
DEFERRED=/sys/kernel/debug/devices_deferred
dev0=$(pci_address dev0)

modprobe cxl_mem

check() {
	log_mark
	ok "$1: the sample driver loads" insmod /modules/cxl_accel_sample.ko
	is "$1: and is bound, PCI only" "$(cat "$PCI/$dev0/cxl_state/state")" pci-only
	like "$1: with an error" "$(cat "$PCI/$dev0/cxl_state/error")" '^-[0-9]+$'
	unlike "$1: which is not EPROBE_DEFER" "$(cat "$PCI/$dev0/cxl_state/error")" '^-517$'
	nok "$1: it shows no HPA" test -e "$PCI/$dev0/cxl_state/hpa"
	like "$1: and says so in the log" "$(log_new)" "$dev0: no CXL memory .*PCI-only"
	rmmod cxl_accel_sample

	ok "$1: a stranger's driver loads" insmod /modules/vendor_accel.ko fatal=0
	is "$1: and is bound" "$(driver_of "$PCI/$dev0")" vendor_accel
	rmmod vendor_accel

	ok "$1: a stranger's driver that needs its memory loads" insmod /modules/vendor_accel.ko fatal=1
	is "$1: and is not bound" "$(driver_of "$PCI/$dev0")" ''
	rmmod vendor_accel

	# The others ask pcie_is_cxl() first; this one does not.
	log_mark
	insmod /modules/odd_accel.ko
	is "$1: the attach says why" "$(log_count "$dev0: error -ENXIO: CXL attach failed: $why\$")" 1
	is "$1: the driver can know" "$(log_count "$dev0: odd: -6 $why\$")" 1
	is "$1: not bound" "$(driver_of "$PCI/$dev0")" ''
	rmmod odd_accel

	is "$1: nothing is deferred" "$(cat $DEFERRED)" ''
	is "$1: no memdev" "$(memdev dev0)" ''
}

check 'without cxl_acpi'
modprobe cxl_acpi
check 'with cxl_acpi'
insmod /modules/cxl_accel_sample.ko
rmmod cxl_acpi
is 'PCI-only operation is not disturbed when cxl_acpi goes' "$(driver_of "$PCI/$dev0")" \
	cxl_accel_sample
modprobe cxl_acpi
is 'the PCIe-only device is not attached when cxl_acpi comes' "$(cat "$PCI/$dev0/cxl_state/state")" pci-only
ok 'the driver unloads' rmmod cxl_accel_sample
ok 'cxl_mem unloads' rmmod cxl_mem

done_testing
