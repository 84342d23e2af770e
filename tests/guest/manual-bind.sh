# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Somebody binds by hand what belongs to an accelerator: while it is attached, and while it goes,
# for which a driver with a slow remove() gives him time. Nothing of it ever has another driver, and
# no dax device is made of its memory.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

REMOVE_WAITS=/sys/module/odd_accel/parameters/remove_waits
dev0=$(pci_address dev0)

load_hierarchy
modprobe cxl_mem
idle=$(bus_devices)
insmod /modules/odd_accel.ko
ok 'dev0 is attached' attached dev0
full=$(bus_devices)

# try_all: prints what worked and must not.
try_all() {
	for name in mem0 endpoint2 region0; do
		for driver in "$CXL_DRIVERS"/*; do
			[ ! -e "$driver/bind" ] ||
				! echo "$name" >"$driver/bind" || echo "$name was bound to ${driver##*/}"
		done
		# Answers with success whatever comes of it.
		echo "$name" >/sys/bus/cxl/drivers_probe
	done 2>/dev/null
	taken
}

driver_names() {
	for name in mem0 endpoint2 region0; do
		[ ! -e "$CXL/$name" ] || echo "$name:$(driver_of "$CXL/$name")"
	done
}

is 'attached: nothing can be bound again' "$(try_all)" ''
ok 'attached: binding again by hand leaves it attached' attached dev0

for part in region0 endpoint2 mem0; do
	echo 1 >$REMOVE_WAITS
	log_mark
	ok "$part: is unbound" cxl_unbind $part
	wait_for 30 log_has 'memory is gone'
	names=$(driver_names)
	like "$part: is still there, without driver" "$names" "^$part:\$"
	is "$part: nothing can be bound while the driver goes" "$(try_all)" ''
	is "$part: as little is bound as before" "$(driver_names)" "$names"
	is "$part: the driver has not gone yet" "$(log_count "$dev0: removed")" 0
	echo 0 >$REMOVE_WAITS
	ok "$part: all of it goes" wait_for 30 log_has "$dev0: removed"
	flush
	ok "$part: dev0 can be bound again" bind_again odd_accel dev0
	ok "$part: to all it had" attached dev0
	is "$part: as before" "$(bus_devices)" "$full"
done

# What is left when the driver goes in an orderly way must not be bound either.
hands() {
	while [ ! -e /tmp/stop ]; do
		try_all
	done
}
hands >/tmp/hands 2>&1 &
n=0
while [ $n -lt 30 ]; do
	n=$((n + 1))
	pci_unbind odd_accel "$dev0" || echo "turn $n: was not bound"
	pci_bind odd_accel "$dev0" || echo "turn $n: did not bind"
	attached dev0 || echo "turn $n: not attached"
done >/tmp/wrong 2>&1
: >/tmp/stop
wait
is '30 turns: the driver comes and goes' "$(cat /tmp/wrong)" ''
is '30 turns: and nobody else gets hold of it' "$(sort -u /tmp/hands)" ''
ok 'dev0 is attached in the end' attached dev0

# The driver asks for no dax device, and autoprobing must not be what keeps it from getting one.
echo 0 >/sys/bus/cxl/drivers_autoprobe
pci_unbind odd_accel "$dev0"
log_mark
pci_bind odd_accel "$dev0" 2>/dev/null
is 'no autoprobing: the memdev is not bound, and it is said' \
	"$(log_count "$dev0: error -ENXIO: CXL attach failed: the memdev was not bound to cxl_mem")" 1
is 'no autoprobing: nothing is left behind' "$(bus_devices)" "$idle"
echo 1 >/sys/bus/cxl/drivers_autoprobe
ok 'autoprobing again: bound' pci_bind odd_accel "$dev0"
ok 'autoprobing again: attached' attached dev0

ok 'the driver unloads' rmmod odd_accel
is 'driver unloaded: all of the accelerator is gone from the CXL bus' "$(bus_devices)" "$idle"
ok 'cxl_mem unloads' rmmod cxl_mem
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
