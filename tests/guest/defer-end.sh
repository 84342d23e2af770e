# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# The CXL host is there, and cxl_acpi does not come: the wait ends, with a status of its own, and the
# driver decides. When it does come later, who has no driver gets one.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

DEFERRED=/sys/kernel/debug/devices_deferred
WHY='cxl_acpi was not loaded in time: load it, then bind again'
dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

attribute() {
	cat "$PCI/$dev0/cxl_accel/$1"
}

modprobe cxl_mem host_timeout=10

# ---- a driver that goes on without the memory ----

log_mark
insmod /modules/vendor_accel.ko fatal=0
nok 'PCI-only: deferred at first' test -e "$PCI/$dev0/driver"
is 'PCI-only: both devices are' "$(grep -c -E "^($dev0|$dev1)" $DEFERRED)" 2
is 'PCI-only: and nothing has failed' "$(log_count 'attach failed')" 0
is 'PCI-only: the file says so' "$(attribute state) $(attribute status)" 'deferred HOST_NOT_READY'
sleep 1
nok 'PCI-only: still, after a second' test -e "$PCI/$dev0/driver"
both_bound() {
	[ -e "$PCI/$dev0/driver" ] && [ -e "$PCI/$dev1/driver" ]
}
ok 'PCI-only: bound when the time is over' wait_for 40 both_bound
is 'PCI-only: the log says why' "$(log_count "CXL attach failed: $WHY\$")" 2
is 'PCI-only: the driver was told that there is no memory' "$(log_count "no CXL memory \(-6\)")" 2
is 'PCI-only: the file says why' "$(attribute state) $(attribute status) $(attribute errno)" \
	'failed HOST_NOT_LOADED -6'
is 'PCI-only: nothing is deferred any more' "$(cat $DEFERRED)" ''
modprobe cxl_acpi
sleep 1
is 'PCI-only: the driver stays when cxl_acpi comes' "$(driver_of "$PCI/$dev0")" vendor_accel
is 'PCI-only: was not disturbed' "$(log_count removed)" 0
ok 'PCI-only: bound by hand' sh -c "echo $dev0 >$PCI_DRIVERS/vendor_accel/unbind && echo $dev0 >$PCI_DRIVERS/vendor_accel/bind"
ok 'PCI-only: it is attached' attached dev0
is 'PCI-only: the file says so' "$(attribute state) $(attribute errno)" 'attached 0'
rmmod vendor_accel

# ---- a driver that needs it ----

rmmod cxl_acpi
log_mark
insmod /modules/vendor_accel.ko fatal=1
is 'it needs the memory: deferred' "$(attribute state)" deferred
gave_up() {
	[ "$(log_count 'CXL memory is required \(-6\)')" = 2 ]
}
ok 'it needs the memory: gave up when the time was over' wait_for 40 gave_up
nok 'it needs the memory: not bound' test -e "$PCI/$dev0/driver"
log_mark
nok 'bound by hand after that: at once not' pci_bind vendor_accel "$dev0"
is 'bound by hand after that: for the same reason' "$(log_count "$dev0.*attach failed: $WHY\$")" 1
modprobe cxl_acpi
ok 'cxl_acpi comes late: attached by itself' wait_for 30 attached dev0
is 'cxl_acpi comes late: once' "$(log_count "$dev0: attached")" 1
told() {
	log_has "$dev1: .*CXL attach failed: platform firmware committed no"
}
ok 'cxl_acpi comes late: the other one gets its turn' wait_for 30 told
rmmod vendor_accel

# ---- after that it waits again ----

rmmod cxl_acpi
log_mark
insmod /modules/odd_accel.ko
is 'waits again after cxl_acpi has been there' "$(log_count "$dev0: odd: -517 ")" 1
rmmod odd_accel
rmmod cxl_mem

# ---- no wait wanted ----

modprobe cxl_mem host_timeout=0
log_mark
insmod /modules/odd_accel.ko
is 'host_timeout=0: fails at once' "$(log_count "$dev0: odd: -6 $WHY\$")" 1
is 'host_timeout=0: nothing is put off' "$(log_count 'CXL attach deferred')" 0
modprobe cxl_acpi
ok 'host_timeout=0: attached when cxl_acpi comes' wait_for 30 attached dev0
rmmod odd_accel
rmmod cxl_mem
nok 'cxl_mem is gone, and its files with it' test -e "$PCI/$dev0/cxl_accel"

# ---- removed while it waits ----

rmmod cxl_acpi
modprobe cxl_mem host_timeout=2
insmod /modules/odd_accel.ko
rmmod odd_accel
ok 'unloaded while a device waits' rmmod cxl_mem
sleep 3
is 'nothing is left behind' "$(bus_devices)" ''

done_testing
