# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# A driver whose probe() goes on after the attach, and whose remove() takes its time: whatever is
# lost, or bound, meanwhile.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

PARAMETERS=/sys/module/odd_accel/parameters
dev0=$(pci_address dev0)

load_hierarchy
modprobe cxl_mem
idle=$(bus_devices)
insmod /modules/odd_accel.ko
hpa0=$(hpa dev0)

released() {
	[ "$(bus_devices)" = "$idle" ] && [ ! -e "$PCI/$dev0/driver" ]
}

# The old binding's devices may be there still when the new one's come: names differ.
delete_region() {
	region dev0 >"$CXL/decoder0.0/delete_region"
}
unbind_memdev() {
	cxl_unbind "$(memdev dev0)"
}
unbind_endpoint() {
	cxl_unbind "$(endpoint dev0)"
}
unbind_port() {
	cxl_unbind port1 && cxl_bind cxl_port port1
}
remove_host() {
	rmmod cxl_acpi
	log_count "$dev0: removed" >/tmp/removed
	modprobe cxl_acpi
}

# ---- remove() takes its time ----

echo 400 >$PARAMETERS/remove_ms
log_mark
remove_host
is 'when cxl_acpi is removed, so is a driver that takes its time' "$(cat /tmp/removed)" 1

for loss in delete_region unbind_memdev unbind_endpoint unbind_port remove_host; do
	pci_bind odd_accel "$dev0"
	log_mark
	ok "$loss while nothing happens" $loss
	ok "$loss: the driver is being released" wait_for 5 log_has "$dev0: CXL memory is gone"
	# This one waits for remove() at least. It may be told to come again, and will.
	pci_bind odd_accel "$dev0" 2>/dev/null
	ok "$loss: a bind during remove() is there in the end" wait_for 5 attached dev0
	flush
	sleep 0.5
	ok "$loss: and stays" attached dev0
	is "$loss: one loss, one remove()" \
		"$(log_count "$dev0: CXL memory is gone"),$(log_count "$dev0: removed")" 1,1
	is "$loss: at the same place" "$(hpa dev0)" "$hpa0"
	pci_unbind odd_accel "$dev0"
done
echo 0 >$PARAMETERS/remove_ms

# ---- probe() goes on after the attach ----

# Long enough for a busy machine: the loss must come while it lasts.
echo 3000 >$PARAMETERS/probe_ms
for loss in delete_region unbind_memdev unbind_endpoint unbind_port remove_host; do
	log_mark
	pci_bind odd_accel "$dev0" 2>/dev/null &
	ok "$loss during probe(): attached" wait_for 15 log_has 'odd: 0 attached'
	is "$loss during probe(): it goes on" "$(log_count 'probe ends')" 0
	ok "$loss during probe()" $loss
	wait
	ok "$loss during probe(): all of it is gone" wait_for 15 released
	flush
	is "$loss during probe(): one loss, one remove()" \
		"$(log_count "$dev0: CXL memory is gone"),$(log_count "$dev0: removed")" 1,1
done
echo 0 >$PARAMETERS/probe_ms
bind_again odd_accel dev0
ok 'attached after all' attached dev0

# ---- the driver is unloaded while it is being released ----

echo 400 >$PARAMETERS/remove_ms
log_mark
delete_region
ok 'the driver unloads while it is being released' rmmod odd_accel
is 'one remove()' "$(log_count "$dev0: removed")" 1
is 'all of it is gone' "$(bus_devices)" "$idle"
ok 'cxl_mem unloads' rmmod cxl_mem
is 'the driver found nothing odd' "$(dmesg | grep -E 'odd: (somebody|a range|the device)')" ''
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
