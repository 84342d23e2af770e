# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# The CXL hierarchy is not there yet: it comes after the driver. The guest has loaded cxl_mem, the
# driver and cxl_acpi, in this order, before this script.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

DEFERRED=/sys/kernel/debug/devices_deferred
WHY='CXL host found, but cxl_acpi is not bound to it yet'
dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

milliseconds() {
	awk '{ printf "%d", $1 * 1000 }' /proc/uptime
}

has_memory() {
	[ "$(cat "$PCI/$dev0/cxl_state/state" 2>/dev/null)" = cxl ]
}

sees_dev1() {
	[ -e "$PCI/$dev1/cxl_state/error" ]
}

# healed WHAT: both devices get what they can get, soon, without anybody's help.
healed() {
	start=$(milliseconds)
	ok "$1: attached by itself" wait_for 30 has_memory
	took=$(($(milliseconds) - start))
	diag "after $took ms"
	ok "$1: soon" test $took -lt 5000
	ok "$1: complete" attached dev0
	ok "$1: the device without committed decoders gets its turn" wait_for 30 sees_dev1
	is "$1: and is told why not" "$(cat "$PCI/$dev1/cxl_state/error")" -6
	is "$1: nothing is deferred any more" "$(cat $DEFERRED)" ''
}

log_mark
healed 'loaded at boot before cxl_acpi'
ok 'the memory of dev0 decodes' decodes "$(hpa dev0)"

# ---- cxl_acpi is not loaded ----

rmmod cxl_accel_sample
rmmod cxl_acpi
log_mark
ok 'not loaded: the driver loads' insmod /modules/cxl_accel_sample.ko
nok 'not loaded: it is not bound' test -e "$PCI/$dev0/driver"
is 'not loaded: both devices are deferred' "$(grep -c -E "^($dev0|$dev1)" $DEFERRED)" 2
like 'not loaded: with the reason' "$(cat $DEFERRED)" "^$dev0.*.*$WHY"
is 'not loaded: no attach failed for good' "$(log_count 'attach failed')" 0
is 'not loaded: nothing is on the CXL bus' "$(bus_devices)" ''
nok 'not loaded: a bind by hand does not help' pci_bind cxl_accel_sample "$dev0"
ok 'cxl_acpi is loaded' modprobe cxl_acpi
healed 'loaded'

# ---- cxl_acpi is loaded, and not bound ----

rmmod cxl_accel_sample
host unbind
log_mark
ok 'not bound: the driver loads' insmod /modules/cxl_accel_sample.ko
like 'not bound: deferred' "$(cat $DEFERRED)" "^$dev0.*$WHY"
sleep 1
nok 'not bound: still not bound after a while' test -e "$PCI/$dev0/driver"
host bind
healed 'bound'

# ---- a driver that needs its memory ----

rmmod cxl_accel_sample
rmmod cxl_mem
rmmod cxl_acpi
modprobe cxl_mem
log_mark
ok "a stranger's driver loads" insmod /modules/vendor_accel.ko fatal=1
like 'dev0 is deferred' "$(cat $DEFERRED)" "^$dev0.*$WHY"
is 'dev0 did not give up' "$(log_count 'is required')" 0
modprobe cxl_acpi
ok 'attached when cxl_acpi comes' wait_for 30 log_has "$dev0: attached"
ok 'attached when cxl_acpi comes: complete' attached dev0
ok 'the other one gave up' wait_for 30 log_has "$dev1: CXL memory is required \(-6\)"
is 'nothing is deferred any more' "$(cat $DEFERRED)" ''
is 'once' "$(log_count "$dev0: attached")" 1

# ---- unloaded while deferred ----

rmmod cxl_acpi
rmmod vendor_accel
insmod /modules/vendor_accel.ko
like 'deferred again' "$(cat $DEFERRED)" "^$dev0"
ok 'a deferred driver unloads' rmmod vendor_accel
ok 'cxl_mem unloads' rmmod cxl_mem
modprobe cxl_acpi
sleep 0.5
nok 'nobody comes back for it' test -e "$PCI/$dev0/driver"
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
