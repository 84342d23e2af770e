# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# soft-reserve-ram.sh dax_cxl|dax_hmem: committed memory of dev0 that is Soft Reserved becomes System RAM,
# by that module's dax device; it can be used, and the module stays meanwhile. dax_hmem has it where there
# is no cxl_acpi. What daxctl shows is what it shows with the stock module.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

module=$1
MEMORY=/sys/devices/system/memory
RAM=/tmp/ram
STOCK_DAX=/lib/modules/$(uname -r)/kernel/drivers/dax

# What daxctl shows of the only dax device, whatever its region is called.
listed() {
	wait_for 30 test -e /sys/bus/dax/devices/dax0.0
	daxctl list -R -D | jq -c 'map(del(.path))'
}

# in_state STATE: all memory blocks of the range
in_state() {
	for n in $(seq $((start / block)) $(((start + size - 1) / block))); do
		[ "$(cat "$MEMORY/memory$n/state")" = "$1" ] || return
	done
}

# dax_cxl alone would keep dax_hmem from being removed.
if [ "$module" = dax_hmem ]; then
	rm "$(find /lib/modules -name 'cxl_acpi.ko*')"
	insmod "$STOCK_DAX/hmem/dax_hmem.ko"
else
	modprobe -a cxl_acpi cxl_pci cxl_mem cxl_port 2>/dev/null
	insmod "$STOCK_DAX/dax_cxl.ko"
fi
stock=$(listed)
like 'the stock module makes one dax device' "$stock" '"chardev":"dax0.0"'
rmmod "$module"
modprobe "$module"
is 'daxctl shows what it shows with the stock module' "$(listed)" "$stock"
modprobe kmem
ok 'there is System RAM' wait_for 60 grep -q 'System RAM (kmem)' /proc/iomem
dax=$(basename /sys/bus/dax/devices/dax*)
case $(readlink -f "/sys/bus/dax/devices/$dax") in
*/dax_region*) of=dax_cxl ;;
*/hmem.*) of=dax_hmem ;;
esac
is 'whose dax device it is' "$of" "$module"
start=$(($(cat "/sys/bus/dax/devices/$dax/resource"))) size=$(cat "/sys/bus/dax/devices/$dax/size")
block=$((0x$(cat $MEMORY/block_size_bytes)))
node=$(cat "/sys/bus/dax/devices/$dax/target_node")
in_state online || daxctl online-memory "$dax" 2>/dev/null
ok 'all of it is online' in_state online
is 'daxctl shows it as System RAM' "$(daxctl list -d "$dax" | jq -r '.[0].mode')" system-ram

mkdir $RAM
mount -t tmpfs -o "mpol=bind:$node" tmpfs $RAM
dd if=/dev/urandom of=$RAM/file bs=1M count=64 2>/dev/null
sum=$(md5sum <$RAM/file)
echo 3 >/proc/sys/vm/drop_caches
is 'what is written there is read again' "$(md5sum <$RAM/file)" "$sum"
is 'nobody else needs the module' "$(ls "/sys/module/$module/holders")" ''
nok 'the module cannot be removed' rmmod "$module"
umount $RAM

ok 'the memory goes offline' daxctl offline-memory "$dax"
ok 'the module can be removed' rmmod "$module"
is 'and its dax device is gone' "$(ls /sys/bus/dax/devices)" ''

done_testing
