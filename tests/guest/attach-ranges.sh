# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Firmware set the DVSEC range and Mem_Enable of dev0, and did not enable its HDM decoders. cxl_core
# stands in with decoders of its own making, which it cannot reset, but does: with the stock modules
# that is an oops. The emulated device does not decode by range, so its memory is not looked at.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)

load_hierarchy
modprobe cxl_mem
idle=$(bus_devices)
window=$(cat "$CXL/decoder0.0/start")

look() {
	is "$1: attached" "$(cat "$PCI/$dev0/cxl_state/state")" cxl
	is "$1: HPA" "$(cat "$PCI/$dev0/cxl_state/hpa")" "$window"
	ok "$1: memdev, endpoint and region are bound" attached dev0
	is "$1: no dax device, no System RAM" "$(taken)" ''
}

ok 'the driver loads' insmod /modules/cxl_accel_sample.ko test_bytes=0
look load
for turn in 1 2 3; do
	ok "turn $turn: unbound" pci_unbind cxl_accel_sample "$dev0"
	is "turn $turn: all of it is gone" "$(bus_devices)" "$idle"
	ok "turn $turn: bound" pci_bind cxl_accel_sample "$dev0"
	look "turn $turn"
done

# lose WHAT CMD...: the core resets decoders that have nothing to reset.
lose() {
	what=$1
	shift
	log_mark
	ok "$what" "$@"
	ok "$what: the driver is released" wait_for 30 test ! -e "$PCI/$dev0/driver"
	flush
	is "$what: once" "$(log_count "$dev0: unexpected detach: CXL memory is gone")" 1
}
lose 'endpoint unbound' cxl_unbind "$(endpoint dev0)"
ok 'it can be bound again' bind_again cxl_accel_sample dev0
look 'bound again'
lose 'region deleted' delete_region "$(region dev0)"
ok 'it can be bound again' bind_again cxl_accel_sample dev0
look 'bound again'
lose 'cxl_acpi removed' rmmod cxl_acpi
is 'nothing is left on the CXL bus' "$(bus_devices)" ''
modprobe cxl_acpi
ok 'the driver unloads' rmmod cxl_accel_sample
ok 'the sample driver loads' insmod /modules/cxl_accel_sample.ko test_bytes=0
look again
ok 'the driver unloads for good' rmmod cxl_accel_sample
ok 'cxl_mem unloads' rmmod cxl_mem
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
