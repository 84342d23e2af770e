# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# fault.sh WHICH FIRST STEP: memory allocations of an attach fail, each time another one: the FIRST, the
# FIRST+STEP-th and so on, until the attach has not got so many. Either the bind fails with an error that
# says so, leaves nothing, and works afterwards; or the kernel can do without, and the accelerator is
# attached. WHICH is 'first' for the first attach after cxl_mem has been loaded, or 'later'.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=fail-nth.sh
. /guest/fail-nth.sh

which=$1
n=$2
step=$3
dev0=$(pci_address dev0)
# What cxl_mem remembers of an earlier attach is the range that the decoders still decode.
[ "$which" = later ] || nth_skip='*cxl_accel*'

load() {
	modprobe cxl_mem && insmod /modules/vendor_accel.ko fatal=1
}
next() {
	[ "$which" = later ] ||
		{ rmmod vendor_accel cxl_mem && load; } || wrong 'the modules cannot be loaded again'
}

load_hierarchy
echo 0 >/sys/bus/pci/drivers_autoprobe
load
nothing=$(bus_devices)
ok 'dev0 is attached when all is well' pci_bind vendor_accel "$dev0"
ok 'before any failure: dev0 is attached and complete' attached dev0
full=$(bus_devices)
hpa0=$(hpa dev0)
mem0=$(memdev dev0)
ok 'before any failure: dev0 can be unbound' pci_unbind vendor_accel "$dev0"
is 'before any failure: an unbind leaves nothing on the CXL bus' "$(bus_devices)" "$nothing"
state_save
next

# The core leaves a port whose driver fails at its first probe, and makes another one of the same
# switch for the next attach. It goes with the port above.
ports_left=0
sweep() {
	flush
	for port in "$CXL"/port*; do
		if [ ! -e "$port/driver" ]; then
			ports_left=$((ports_left + 1))
			cxl_unbind port1
			cxl_bind cxl_port port1
			return
		fi
	done
}

goes() {
	attached dev0 || wrong "$1: not complete: $(bus_devices)"
	pci_unbind vendor_accel "$dev0" || wrong "$1: no unbind"
	sweep
	state_same
}

# Their number is not always the same: the kernel has caches.
failed=0 tolerated=0 beyond=0
while [ $((beyond * step)) -lt 8 ]; do
	fired=yes
	nth "$n" pci_bind vendor_accel "$dev0" || fired=no
	[ $fired = yes ] || beyond=$((beyond + 1))
	if [ "$status" = 0 ]; then
		tolerated=$((tolerated + 1))
		goes 'bound'
	else
		failed=$((failed + 1))
		case $message in
		*'Cannot allocate memory' | *'No such device or address') ;;
		*) wrong "the bind failed with $message" ;;
		esac
		[ $fired = yes ] || wrong 'the bind failed by itself'
		[ ! -e "$PCI/$dev0/cxl_accel/status" ] || cat "$PCI/$dev0/cxl_accel/status" >>/tmp/statuses
		[ ! -e "$PCI/$dev0/driver" ] || wrong 'bound, but the bind failed'
		sweep
		state_same
		pci_bind vendor_accel "$dev0" || wrong 'does not bind afterwards'
		find_parts dev0
		[ "$found_mem" = "$mem0" ] || wrong "$found_mem afterwards: somebody holds $mem0"
		goes 'bound afterwards'
	fi
	next
	n=$((n + step))
done
diag "$n allocations or less; $failed times the bind failed, $((tolerated - beyond)) times the kernel did without"
diag "as status: $(sort /tmp/statuses | uniq -c | tr '\n' ' ')"
# A port or region whose driver had no memory is not bound: the driver core tells nobody why. So it is where
# cxl_core adds a decoder to its region: it drops the error, and the region has no decoder committed.
# ATTACHED: it was the driver that had none, later.
is 'a failure for want of memory is called one, or what came of it' \
	"$(sort -u /tmp/statuses | grep -vE '^(NO_MEMORY|((ENDPOINT|PORT|MEMDEV|REGION)_NOT_BOUND)|REGION_NOT_COMMITTED|ATTACHED)$')" ''
is 'each failure was clean' "$(nth_wrong)" ''
ok 'more than 10 binds failed for want of memory' test $failed -gt 10
ok 'the attach without a failure is good' pci_bind vendor_accel "$dev0"
ok 'after all failures: dev0 is attached and complete' attached dev0
is 'after all failures: dev0 has its old address' "$(hpa dev0)" "$hpa0"
is 'after all failures: as many devices are on the CXL bus' "$(bus_devices | wc -w)" "$(echo "$full" | wc -w)"
[ $ports_left = 0 ] || skip 'a port whose driver failed is removed' "cxl_core leaves it: $ports_left times"
is 'nobody took the driver data, the pattern was there always' "$(log_count 'drvdata|pattern')" 0
ok 'the driver unloads' rmmod vendor_accel
ok 'cxl_mem unloads' rmmod cxl_mem
echo 1 >/sys/bus/pci/drivers_autoprobe

done_testing
