# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# The range of dev0 is Soft Reserved; that of dev1, in the same window, is not. dax_hmem makes a dax
# device of the former, and kmem System RAM of that, before cxl_acpi is there, and after. insmod:
# modprobe would bring cxl_acpi first.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

WHY='the range is System RAM or a dax device already'
DAX=/lib/modules/$(uname -r)/kernel/drivers/dax
DAX_DRIVERS=/sys/bus/dax/drivers
MEMORY=/sys/devices/system/memory
RAM=/tmp/ram
dev0=$(pci_address dev0)
range=$(sed -n 's/^\([^ ]*\) : Soft Reserved$/\1/p' /proc/iomem)
start=0x${range%-*}
blocks=$(for n in $(seq $((start / 0x8000000)) $(((start + SIZE - 1) / 0x8000000))); do echo "memory$n"; done)

# What holds the range; but that it is reserved for dev0, as it stays once cxl_mem was there (reserve.t).
iomem_tree() {
	grep -v ' : cxl_accel\.' /proc/iomem
}
iomem() {
	iomem_tree | grep -c "^ *$range : $1\$"
}

# The memory blocks of the range: all in STATE.
memory() {
	for block in $blocks; do
		echo "$1" >"$MEMORY/$block/state" || return
	done
}

free_movable() {
	awk '$3 == "zone" { movable = $4 == "Movable" }
	     movable && $1 == "nr_free_pages" { sum += $2 } END { print sum + 0 }' /proc/zoneinfo
}

# refused WHAT: dev0 is, for that reason; dev1 is not.
refused() {
	before=$(iomem_tree)
	modprobe -a cxl_acpi cxl_mem
	log_mark
	insmod /modules/odd_accel.ko
	is "$1: dev0 is refused, and it is said" \
		"$(log_count "$dev0: error -ENXIO: CXL attach failed: $WHY\$")" 1
	is "$1: its driver is told the same" "$(log_count "$dev0: odd: -6 $WHY\$")" 1
	is "$1: its range is known all the same" "$(cat "$PCI/$dev0/cxl_accel/range")" \
		"$(printf '0x%x-0x%x' $((start)) $((start + SIZE - 1)))"
	is "$1: its driver is not bound" "$(driver_of "$PCI/$dev0")" ''
	ok "$1: dev1 is attached" attached dev1
	ok "$1: a driver that goes on without its memory does" pci_bind_vendor
	rmmod odd_accel
	rmmod cxl_mem
	rmmod cxl_acpi
	is "$1: nothing is left behind" "$(bus_devices)" ''
	is "$1: the resource tree is as before" "$(iomem_tree | sed 's/^ *//' | sort)" \
		"$(echo "$before" | sed 's/^ *//' | sort)"
}
pci_bind_vendor() {
	insmod /modules/vendor_accel.ko
	[ "$(driver_of "$PCI/$dev0")" = vendor_accel ] && rmmod vendor_accel
}

is 'the range is Soft Reserved, and nothing else' "$(iomem '.*')" 1

# ---- Soft Reserved, and no more ----

load_hierarchy
modprobe cxl_mem
log_mark
insmod /modules/vendor_accel.ko fatal=1
ok 'Soft Reserved: dev0 is attached' attached dev0
is 'Soft Reserved: where it is' "$(($(hpa dev0)))" $((start))
is 'Soft Reserved: its driver could write and read' "$(log_count "$dev0: attached")" 1
insmod "$DAX"/hmem/dax_hmem.ko
is 'dax_hmem after the attach: takes nothing' "$(taken)" ''
ok 'dax_hmem after the attach: dev0 stays attached' attached dev0
ok 'dax_hmem after the attach: its memory decodes' decodes $((start))
pci_unbind vendor_accel "$dev0"
is 'dax_hmem, and no driver: takes nothing' "$(taken)" ''
ok 'dax_hmem, and no driver: bound again' pci_bind vendor_accel "$dev0"
ok 'dax_hmem, and no driver: attached again' attached dev0
rmmod vendor_accel
rmmod cxl_mem
rmmod dax_hmem
rmmod kmem
rmmod cxl_pmem
rmmod dax_cxl
rmmod cxl_acpi
is 'Soft Reserved: all is as at first' "$(iomem '.*')" 1

# ---- a dax device, that nobody has bound ----

insmod "$DAX"/hmem/dax_hmem.ko
is 'dax_hmem before cxl_acpi: there is a dax device' "$(ls /sys/bus/dax/devices)" dax0.0
is 'dax_hmem before cxl_acpi: which claims nothing' "$(iomem '.*')" 1
refused 'a dax device'

# ---- a dax device that is in use as such ----

name=$(ls /sys/bus/dax/devices)
echo "$name" >"$DAX_DRIVERS"/device_dax/new_id
is 'device_dax: has it' "$(driver_of "/sys/bus/dax/devices/$name")" device_dax
is 'device_dax: claims it' "$(iomem "$name")" 1
refused device_dax
echo "$name" >"$DAX_DRIVERS"/device_dax/unbind
echo "$name" >"$DAX_DRIVERS"/device_dax/remove_id

# ---- System RAM ----

echo offline >"$MEMORY/auto_online_blocks"	# some kernels have another policy of their own
modprobe kmem
[ "$(driver_of "/sys/bus/dax/devices/$name")" = kmem ] || echo "$name" >"$DAX_DRIVERS"/kmem/bind
is 'kmem: System RAM' "$(iomem 'System RAM (kmem)')" 1
memory offline 2>/dev/null
refused 'System RAM that is offline'

ok 'the memory comes online' memory online_movable
node=$(basename "$MEMORY/${blocks%%[!a-z0-9]*}"/node*)
mkdir $RAM
mount -t tmpfs -o "mpol=bind:${node#node}" tmpfs $RAM
free=$(free_movable)
dd if=/dev/urandom of=$RAM/file bs=1M count=32 2>/dev/null
sum=$(md5sum <$RAM/file)
ok 'pages of it are in use' test "$(free_movable)" -lt $((free - 4096))
refused 'System RAM'
is 'System RAM: its pages are intact' "$(md5sum <$RAM/file)" "$sum"
umount $RAM

# ---- given back ----

ok 'the memory goes offline' memory offline
echo "$name" >"$DAX_DRIVERS"/kmem/unbind
rmmod dax_hmem
rmmod kmem
is 'given back: Soft Reserved, and nothing else' "$(iomem '.*')" 1
modprobe -a cxl_acpi cxl_mem
log_mark
insmod /modules/vendor_accel.ko fatal=1
ok 'given back: dev0 is attached' attached dev0
is 'given back: its driver could write and read' "$(log_count "$dev0: attached")" 1
rmmod vendor_accel

done_testing
