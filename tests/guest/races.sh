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
delete_its_region() {
	delete_region "$(region dev0)"
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

# waits_or_ended PID: it waits for a lock of the kernel's, or has been through.
waits_or_ended() {
	read -r stat <"/proc/$1/stat" || return 0
	case ${stat##*) } in
	[DZ]*) ;;
	*) return 1 ;;
	esac
} 2>/dev/null

# in_background CMD...: as a job, whose status will be in /tmp/status
in_background() {
	{
		"$@"
		echo $? >/tmp/status
	} &
}

# ---- remove() takes its time ----

echo 1 >$PARAMETERS/remove_waits
log_mark
in_background remove_host
ok 'cxl_acpi is removed: the driver is being released' wait_for 30 log_has 'CXL memory is gone'
sleep 0.5
echo 0 >$PARAMETERS/remove_waits
wait
is 'when cxl_acpi has been removed, so has the driver' "$(cat /tmp/removed)" 1

for loss in delete_its_region unbind_memdev unbind_endpoint unbind_port remove_host; do
	pci_bind odd_accel "$dev0"
	echo 1 >$PARAMETERS/remove_waits
	log_mark
	in_background $loss
	ok "$loss: the driver is being released" wait_for 30 log_has "$dev0: unexpected detach: CXL memory is gone"
	# It may be told to come again, and will.
	pci_bind odd_accel "$dev0" 2>/dev/null &
	ok "$loss: a bind during remove() waits" wait_for 30 waits_or_ended $!
	is "$loss: remove() goes on" "$(log_count "$dev0: removed")" 0
	echo 0 >$PARAMETERS/remove_waits
	wait
	is "$loss while nothing happens: done" "$(cat /tmp/status)" 0
	ok "$loss: a bind during remove() is there in the end" wait_for 30 attached dev0
	flush
	sleep 0.5
	ok "$loss: and stays" attached dev0
	is "$loss: one loss, one remove()" \
		"$(log_count "$dev0: unexpected detach: CXL memory is gone"),$(log_count "$dev0: removed")" 1,1
	is "$loss: at the same place" "$(hpa dev0)" "$hpa0"
	pci_unbind odd_accel "$dev0"
done

# ---- probe() goes on after the attach ----

attached_again() {
	[ "$(log_count 'odd: 0 attached')" = 2 ] && attached dev0
}
no_region() {
	! bus_has 'region[0-9]*'
}

for loss in delete_its_region unbind_memdev unbind_endpoint unbind_port remove_host; do
	echo 1 >$PARAMETERS/probe_waits
	log_mark
	pci_bind odd_accel "$dev0" 2>/dev/null &
	ok "$loss during probe(): attached" wait_for 30 log_has 'odd: 0 attached'
	in_background $loss
	ok "$loss during probe(): the region goes" wait_for 30 no_region
	is "$loss during probe(): probe() goes on" "$(log_count 'probe ends')" 0
	echo 0 >$PARAMETERS/probe_waits
	wait
	is "$loss during probe(): done" "$(cat /tmp/status)" 0
	# What cxl_acpi has taken it brings back.
	if [ $loss = remove_host ]; then
		ok "$loss during probe(): attached again when cxl_acpi is back" wait_for 30 attached_again
	else
		ok "$loss during probe(): all of it is gone" wait_for 30 released
	fi
	flush
	is "$loss during probe(): one loss, one remove()" \
		"$(log_count "$dev0: unexpected detach: CXL memory is gone"),$(log_count "$dev0: removed")" 1,1
done
ok 'dev0 is attached after all' attached dev0
pci_unbind odd_accel "$dev0"

# ---- a bind that comes between the decision to release the driver, and the release ----

# The release waits for probe(). Behind it wait an unbind and a bind, in this order, which may come
# first when it goes for the lock once more.
# shellcheck disable=SC2094 # read between the turns
for turn in 1 2 3 4 5 6 7 8; do
	[ ! -s /tmp/wrong ] || break
	echo 1 >$PARAMETERS/probe_waits
	log_mark
	pci_bind odd_accel "$dev0" 2>/dev/null &
	wait_for 30 log_has 'odd: 0 attached' || echo "turn $turn: not attached"
	delete_its_region
	pci_unbind odd_accel "$dev0" 2>/dev/null &
	wait_for 30 waits_or_ended $! || echo "turn $turn: the unbind does not wait"
	pci_bind odd_accel "$dev0" 2>/dev/null &
	wait_for 30 waits_or_ended $! || echo "turn $turn: the bind does not wait"
	echo 0 >$PARAMETERS/probe_waits
	wait
	wait_for 30 attached dev0 || echo "turn $turn: not attached again"
	flush
	sleep 0.4
	attached dev0 || echo "turn $turn: undone"
	pci_unbind odd_accel "$dev0"
done >/tmp/wrong 2>&1
is 'a bind behind a release that is decided on is not undone' "$(cat /tmp/wrong)" ''
bind_again odd_accel dev0

# ---- the driver is unloaded while it is being released ----

echo 1 >$PARAMETERS/remove_waits
log_mark
delete_its_region
ok 'the driver is being released' wait_for 30 log_has "$dev0: unexpected detach: CXL memory is gone"
rmmod odd_accel &
rmmod=$!
wait_for 30 waits_or_ended $rmmod
echo 0 >$PARAMETERS/remove_waits
ok 'the driver unloads while it is being released' wait $rmmod
is 'one remove()' "$(log_count "$dev0: removed")" 1
is 'driver unloaded: all is gone from the CXL bus' "$(bus_devices)" "$idle"
ok 'cxl_mem unloads' rmmod cxl_mem
is 'the driver found nothing odd' "$(dmesg | grep -E 'odd: (somebody|a range|the device)')" ''
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
