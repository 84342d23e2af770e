# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# An accelerator is pulled out of its slot while its memory is in use, and another is plugged in.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)

gone() {
	[ ! -e "$PCI/$1" ]
}

# On PREEMPT_RT the kernel's own hot-plug stops after the button press, whatever the device is.
if [ "$(cat /sys/kernel/realtime 2>/dev/null)" = 1 ]; then
	dev1=$(pci_address dev1)
	host-monitor device_del dev1
	if ! wait_for 30 gone "$dev1"; then
		skip 'dev0 is pulled' 'on this kernel not even a device without a driver can be'
		done_testing
		exit
	fi
fi

load_hierarchy
modprobe cxl_mem
idle=$(bus_devices)
log_mark
ok "a stranger's driver loads" insmod /modules/vendor_accel.ko
ok 'dev0 is attached' attached dev0
hpa0=$(hpa dev0)

log_mark
host-monitor device_del dev0
ok 'dev0 is pulled' wait_for 30 gone "$dev0"
is "its driver's remove() has run once" "$(log_count "$dev0: removed")" 1
is 'nothing of it is left' "$(bus_devices)" "$idle"
is 'no region is left' "$(grep -c region /proc/iomem)" 0

# There is no firmware to commit decoders of a device that comes later.
log_mark
host-monitor object_add memory-backend-ram,id=vmem9,size=256M
# QEMU gives its name free some time after the guest let go of it.
plug() {
	host-monitor device_add cxl-type2,bus=rp0,volatile-memdev=vmem9,id=dev0,sn=0xd0
}
ok 'another is plugged in' wait_for 30 plug
found() {
	log_new | grep -q "$dev0: .*going on without"
}
ok 'the device that was added is found' wait_for 30 found
is 'nobody committed its decoders' \
	"$(log_count "$dev0: error -ENXIO: CXL attach failed: platform firmware committed no HDM decoder")" 1
is 'the driver goes on without' "$(log_count "$dev0: no CXL memory \(-6\)")" 1
is 'nothing is left behind' "$(bus_devices)" "$idle"

# What firmware with hot-plug support would have done.
ok 'the driver is unbound' pci_unbind vendor_accel "$dev0"
window=$(cat "$CXL/decoder0.0/start")
is 'the host bridge still decodes for it' "$(cat "$CXL/decoder1.0/start")" "$window"
modprobe -r cxl_acpi
bar=$(sed -n '1s/ .*//p' "$PCI/$dev0/resource")
setpci -s "$dev0" COMMAND=0x6:0x6
hdm=$((bar + 0x1000 + $(hdm_offset "$bar")))
devmem $((hdm + 0x10)) 32 $((window & 0xffffffff))
devmem $((hdm + 0x14)) 32 $((window >> 32))
devmem $((hdm + 0x18)) 32 $((SIZE))
devmem $((hdm + 0x1c)) 32 0
devmem $((hdm + 0x04)) 32 2
devmem $((hdm + 0x20)) 32 0x200
modprobe cxl_acpi
log_mark
ok 'with its decoder committed it can be bound' pci_bind vendor_accel "$dev0"
is 'with its decoder committed it is attached' "$(log_count "$dev0: attached")" 1
ok 'with its decoder committed it is complete' attached dev0
is 'with its decoder committed it has the old address' "$(hpa dev0)" "$hpa0"
ok 'with its decoder committed its memory decodes' decodes "$hpa0"
ok 'the driver unloads' rmmod vendor_accel
is 'driver unloaded: all is gone from the CXL bus' "$(bus_devices)" "$idle"

done_testing
