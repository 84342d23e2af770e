# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# direct.sh: devices are attached without a driver on their memdevs. Firmware has committed dev0's memory; dev1's
# is created.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)
load_hierarchy
modprobe cxl_mem
idle=$(bus_devices)

# direct [DEV]: all but a driver of the memdev.
direct() {
	find_parts "${1:-dev0}" && [ -z "$(driver_of "$CXL/$found_mem")" ] && bound cxl_port "$found_ep" &&
		bound "$REGION_DRIVER" "$found_region" && [ "$(cat "$CXL/$found_region/commit")" = 1 ]
}
again() {
	pci_bind "$driver" "$dev0" || true
	ok "$1: attached again" wait_for 30 direct
	ok "$1: the memory decodes" decodes "$(($(hpa dev0)))"
}
lost() {
	ok "$1: the driver is released" wait_for 10 test ! -e "$PCI/$dev0/driver"
	flush
	is "$1: nothing of it is left" "$(bus_has 'mem*' && echo memdev)" ''
}

driver=why_accel
insmod /modules/why_accel.ko direct=1
ok 'attached' direct
hpa0=$(hpa dev0)
ok 'the memory decodes' decodes "$((hpa0))"
is 'no dax device, no System RAM' "$(taken)" ''
is 'dev1: the status is that of any attach' "$(cat "$PCI/$dev1/cxl_accel/status")" NOT_COMMITTED
nok 'cxl_mem stays' rmmod cxl_mem
for turn in 1 2 3 4 5; do
	pci_unbind why_accel "$dev0"
	pci_bind why_accel "$dev0"
	ok "turn $turn: attached" direct
done
is 'at the same place' "$(hpa dev0)" "$hpa0"
flush
is 'nothing was taken for a loss' "$(dmesg | grep -c 'unexpected detach')" 0
nok 'the memdev is not bound by hand' cxl_bind cxl_mem "$(memdev dev0)"
ok 'the memdev is not bound by hand: attached' direct

cxl_unbind "$(endpoint dev0)"
lost 'endpoint unbound'
again 'endpoint unbound'
cxl_unbind port1
lost 'port unbound'
cxl_bind cxl_port port1
again 'port unbound'
delete_region "$(region dev0)"
lost 'region deleted'
again 'region deleted'
rmmod cxl_acpi
lost 'cxl_acpi gone'
pci_bind why_accel "$dev0" 2>/dev/null || true
is 'cxl_acpi gone: put off' "$(cat "$PCI/$dev0/cxl_accel/status")" HOST_NOT_READY
modprobe cxl_acpi
ok 'cxl_acpi back: attached' wait_for 30 direct
ok 'each detach was an unexpected one, and one only' test "$(dmesg | grep -c 'unexpected detach')" = 4

unmask_reset "$dev0"
echo cxl_bus >"$PCI/$dev0/reset_method"
log_mark
ok 'reset: done' sh -c "echo 1 >$PCI/$dev0/reset"
ok 'reset: attached' direct
ok 'reset: the memory decodes' decodes "$((hpa0))"
is 'reset: decoders were lost, and restored' "$(log_count 'CXL decoders restored')" 1

echo 1 >"$PCI/$dev0/remove"
flush
is 'PCI function removed: nothing of it is left' "$(bus_devices)" "$idle"
echo 1 >/sys/bus/pci/rescan
ok 'PCI function removed, and found again: attached' wait_for 30 direct
ok 'PCI function removed, and found again: the memory decodes' decodes "$((hpa0))"

pci_unbind why_accel "$dev1"
echo 1 >/sys/module/why_accel/parameters/want
pci_bind why_accel "$dev1"
if [ "$(cat "$PCI/$dev1/cxl_accel/status")" = NO_CACHE_FLUSH ]; then
	skip 'a created region: attached' 'this kernel cannot flush caches here'
else
	ok 'a created region: attached' direct dev1
	ok 'a created region: the memory decodes' decodes "$(($(hpa dev1)))"
	nok 'a created region: it is not where dev0 is' test "$(hpa dev1)" = "$hpa0"
	delete_region "$(region dev1)"
	ok 'a created region, deleted: the driver is released' wait_for 10 test ! -e "$PCI/$dev1/driver"
	flush
	pci_bind why_accel "$dev1"
	ok 'a created region, deleted: bound again, it is attached' wait_for 30 direct dev1
	pci_unbind why_accel "$dev1"
	flush
	is 'a created region, unbound: nothing in the windows but what firmware committed' \
		"$(awk '/: region/ { n++ } END { print n + 0 }' /proc/iomem)" 1
fi
rmmod why_accel
flush
is 'the driver is unloaded: nothing is left' "$(bus_devices)" "$idle"

driver=cxl_accel_sample
insmod /modules/cxl_accel_sample.ko direct=1 test_bytes=4096
ok 'the sample: attached' direct
is 'the sample: its memory is in use' "$(cat "$PCI/$dev0/cxl_state/state")" cxl
rmmod cxl_accel_sample
insmod /modules/cxl_accel_sample.ko
ok 'the sample, as usual: attached, with a driver on the memdev' attached dev0
rmmod cxl_accel_sample
flush
is 'at the end: nothing is left' "$(bus_devices)" "$idle"
ok 'cxl_mem unloads' rmmod cxl_mem
done_testing
