# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# side.sh STEP...: what the kernel's own accelerator API lacks, and the side module adds. The guest has
# a driver of the kernel's own API (vendor_accel), and one that asks why (why_accel). STEP is one of the
# functions below; each of them fails where cxl_accel is not loaded.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

# said FILE DEV: what a file of dev's cxl_accel directory says
said() {
	cat "$PCI/$2/cxl_accel/$1" 2>/dev/null || echo 'no such file'
}

# ---- a driver that goes on without its memory ----

still_bound() {
	sleep 1
	flush
	sleep 1
	[ "$(driver_of "$PCI/$1")" = vendor_accel ]
}

pci_only() {
	load_hierarchy
	ok 'PCI-only: the driver loads' modprobe vendor_accel
	ok 'PCI-only: dev0 is attached' attached dev0
	ok "PCI-only: the driver of dev1, whose attach failed, is bound and stays" still_bound "$dev1"
	is 'PCI-only: it was not removed' "$(log_count "$dev1: removed")" 0
	is 'PCI-only: the reason is in sysfs' "$(said status "$dev1") $(said errno "$dev1")" 'NOT_COMMITTED -6'
	is 'PCI-only: and once in the log' "$(log_count "$dev1: error -ENXIO: CXL attach failed: platform firmware committed no HDM decoder")" 1
	is 'PCI-only: that of dev0 says that it is attached' "$(said status "$dev0")" ATTACHED
	is 'PCI-only: and where' "$(said range "$dev0")" "$(hpa dev0)-0x3dfffffff"
	ok 'PCI-only: the driver unloads' rmmod vendor_accel
	is 'PCI-only: dev0 was detached' "$(said state "$dev0")" detached
}

# ---- a loss ----

lost() {
	load_hierarchy
	modprobe vendor_accel fatal=1
	ok 'lost: dev0 is attached' attached dev0
	region=$(region dev0)
	nok 'lost: uncommitting the region is refused' sh -c "echo 0 >$CXL/$region/commit"
	ok 'lost: nothing has come of that' attached dev0
	log_mark
	ok 'lost: the region is deleted' sh -c "echo $region >$CXL/$region/../delete_region"
	ok 'lost: the driver is released' wait_for 10 log_has "$dev0: removed"
	is 'lost: for that reason' "$(log_count "$dev0: unexpected detach: CXL memory is gone, releasing the driver")" 1
	is 'lost: sysfs says so' "$(said state "$dev0")" lost
	ok 'lost: bound again it attaches' bind_again vendor_accel dev0
	is 'lost: sysfs says so, too' "$(said state "$dev0")" attached
	rmmod vendor_accel
}

# ---- cxl_acpi comes late ----

reprobed() {
	modprobe cxl_mem
	ok "late: a driver of the kernel's own API loads" modprobe vendor_accel fatal=1
	is 'late: it is not bound' "$(driver_of "$PCI/$dev0")" ''
	is 'late: sysfs says why' "$(said status "$dev0")" HOST_NOT_LOADED
	modprobe cxl_acpi
	ok 'late: it is probed again when cxl_acpi has come' wait_for 20 attached dev0
	is 'late: once' "$(log_count "$dev0: attached")" 1
	rmmod vendor_accel
}

# ---- a host bridge without decoders ----

passthrough() {
	load_hierarchy
	ok 'passthrough: the driver loads' modprobe vendor_accel fatal=1
	ok 'passthrough: dev0 is attached' attached dev0
	ok 'passthrough: its memory decodes' decodes "$(hpa dev0)"
	decoder=$CXL/decoder1.0
	is 'passthrough: the bridge shows the way' "$(cat "$decoder/start" "$decoder/size" "$decoder/target_list")" \
		"$(printf '%s\n0x10000000\n0' "$(hpa dev0)")"
	pci_unbind vendor_accel "$dev0"
	is 'passthrough: but not when the device is gone' "$(cat "$decoder/size")" 0x0
	ok 'passthrough: it attaches again' pci_bind vendor_accel "$dev0"
	ok 'passthrough: all of it' attached dev0
	rmmod vendor_accel
}

# ---- the file and the call say the same ----

why() {
	is "why: $2" "$(sed -E 's/^[0-9]+ //' "$PCI/$1/why")" "$2"
	is "why: $2: so does the file" "$(said errno "$1") $(said reason "$1")" "$2"
}

# whys MISTAKE WANTED: of a driver with that mistake
mistake() {
	echo "$1" >/sys/module/why_accel/parameters/mistake
	pci_unbind why_accel "$dev0"
	pci_bind why_accel "$dev0"
	why "$dev0" "$2"
}

asked() {
	load_hierarchy
	ok 'why: the driver loads' modprobe why_accel
	ok 'why: dev0 is attached' attached dev0
	why "$dev0" '0 attached'
	why "$dev1" '-6 platform firmware committed no HDM decoder of the device'
	mistake regs '-6 no component registers from cxl_pci_setup_regs()'
	mistake ready '-6 the driver did not set media_ready'
	mistake capacity '-22 no capacity: cxl_set_capacity() not called, or with 0'
	one_processor mistake enable '-6 the device is not enabled: call pcim_enable_device() first'
	for wrong in flexbus dvsec zero; do
		one_processor mistake $wrong '-22 dvsec is not where the device has its DVSEC for CXL Devices'
	done
	echo 0x8000000 >/sys/module/why_accel/parameters/capacity
	mistake none '-6 firmware committed more than cxl_set_capacity() was told'
	echo 0x40000000 >/sys/module/why_accel/parameters/capacity
	mistake none '0 attached'
	is 'why: more capacity than there is: a warning' \
		"$(log_count "$dev0: CXL capacity: the driver says 1024 MiB, the device's DVSEC 256 MiB")" 1
	echo 0x10000000 >/sys/module/why_accel/parameters/capacity
	mistake none '0 attached'
	is 'why: no status before the first attempt' "$(log_count 'a status before the first attempt')" 0
	is 'why: error and status agree' "$(log_count 'but the status says')" 0
	echo twice >/sys/module/why_accel/parameters/mistake
	pci_unbind why_accel "$dev0"
	pci_bind why_accel "$dev0"
	is 'why: attached twice: refused' "$(cut -d ' ' -f 2 "$PCI/$dev0/why")" -16
	is 'why: attached twice: the one that is there stays' "$(said errno "$dev0") $(said state "$dev0")" '0 attached'
	ok 'why: attached twice: all of it' attached dev0
	nok 'why: the module stays as long as there is an accelerator' rmmod cxl_accel
	rmmod why_accel
	log_mark
	insmod /modules/odd_accel.ko mistake=twin
	is 'why: two device states: the second is refused, in its own words' \
		"$(log_count "$dev0: error -EBUSY: CXL attach failed: another device state of this device is attached already")" 1
	rmmod odd_accel
	log_mark
	insmod /modules/why_accel.ko defer=1
	ok 'why: deferred by the driver itself after the attach: a warning' \
		wait_for 30 log_has "$dev0: probe\(\) failed after the CXL attach 3 times in a row"
	echo 0 >/sys/module/why_accel/parameters/defer
	ok 'why: deferred no more: attached' wait_for 10 attached dev0
	is 'why: deferred by the driver itself after the attach: one warning' \
		"$(log_count "$dev0: probe\(\) failed after the CXL attach")" 1
	rmmod why_accel
}

# ---- expanders are not touched, and who wants nothing of it has nothing of it ----

passive() {
	load_hierarchy
	modprobe vendor_accel
	ok 'passive: dev0 is attached' attached dev0
	is 'passive: nothing in sysfs' "$(said state "$dev0")" 'no such file'
	rmmod vendor_accel
	ok 'passive: it unloads' rmmod cxl_accel
}

for step; do
	"$step"
done
if loaded cxl_accel; then
	ok 'cxl_accel unloads' rmmod cxl_accel
fi
is 'no dax device there ever was' "$(ever_taken)" ''
done_testing
