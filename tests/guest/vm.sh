# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Topology hb2rp, firmware dev0:hdm-d,dev1:hdm-h, a module cxl_mem.ko and a file given: what
# scripts/vm says a command finds.

# shellcheck source=tests/guest/tap.sh
. /guest/tap.sh
# shellcheck source=tests/guest/cxl.sh
. /guest/cxl.sh

is "working directory" "$(pwd)" /root
for dir in /proc/self /sys/bus /sys/kernel/debug/x86 /tmp /dev/mem; do
	ok "$dir is there" test -e "$dir"
done
is "no CXL module is loaded" "$(lsmod | grep -E 'cxl|dax|nvdimm')" ""
is "--file" "$(cat /root/given)" "a file"
is "--file with a name for the guest" "$(cat /etc/renamed)" "a file"

is "both processors run" "$(cat /sys/devices/system/cpu/online)" 0-1
is "the second was started when the PCI devices had been found" \
	"$(dmesg | sed -nE 's/.*smp: Brought up 1 node, ([0-9]+) CPU.*/\1/p')" 1
ok "each has a timer" sh -c 'timeout 20 taskset 1 sleep 0.1 && timeout 20 taskset 2 sleep 0.1'

R=$(uname -r)
ok "--module in /modules" test -s /modules/cxl_mem.ko
is "--module comes before the stock one" "$(modinfo -n cxl_mem)" \
	"/lib/modules/$R/updates/dkms/cxl_mem.ko"
is "other modules are stock" "$(modinfo -n cxl_acpi)" \
	"/lib/modules/$R/kernel/drivers/cxl/cxl_acpi.ko"

for dev in dev0 dev1; do
	pci=$(pci_address $dev)
	is "$dev: class" "$(cat "/sys/bus/pci/devices/$pci/class")" 0x120000
	is "$dev: vendor and device" "$(lspci -n -s "$pci" | cut -d' ' -f3)" acce:0002
	caps=$(lspci -vv -s "$pci")
	like "$dev: Cache_Capable" "$caps" 'CXLCap:.*Cache\+ IO\+ Mem\+'
	like "$dev: Flex Bus trained for CXL.cache" "$caps" 'FBSta:.*Cache\+ IO\+ Mem\+'
	like "$dev: component registers" "$caps" 'ID: component registers'
	unlike "$dev: no mailbox" "$caps" 'ID: CXL device registers'
	like "$dev: Mem_Enable" "$caps" 'CXLCtl:.*Mem\+'
done

# The HDM decoder capability of a device, by the capability array at BAR 0 + 0x1000.
hdm() {
	bar=$(cut -d' ' -f1 <"/sys/bus/pci/devices/$(pci_address "$1")/resource" | head -n1)
	array=$((bar + 0x1000))
	i=1
	while [ $i -le $(($(devmem $array 32) >> 24)) ]; do
		cap=$(devmem $((array + 4 * i)) 32)
		[ $((cap & 0xffff)) != 5 ] || echo $((array + (cap >> 20)))
		i=$((i + 1))
	done
}

d0=$(hdm dev0)
d1=$(hdm dev1)
is "dev0: decoder 0 committed, device-coherent" $(($(devmem $((d0 + 0x20)) 32) & 0x1400)) $((0x0400))
is "dev1: decoder 0 committed, host-only" $(($(devmem $((d1 + 0x20)) 32) & 0x1400)) $((0x1400))
is "dev0: HDM decoding enabled" $(($(devmem $((d0 + 4)) 32) & 2)) 2
is "dev0: 256 MiB" $(($(devmem $((d0 + 0x18)) 32))) $((256 << 20))
is "dev1: follows dev0" $(($(devmem $((d1 + 0x10)) 32) - $(devmem $((d0 + 0x10)) 32))) $((256 << 20))

window=$((0x$(hexdump -v -e '1/4 "%08x"' -s $((36 + 32 + 12)) -n 4 /sys/firmware/acpi/tables/CEDT)$(
	hexdump -v -e '1/4 "%08x"' -s $((36 + 32 + 8)) -n 4 /sys/firmware/acpi/tables/CEDT)))
base=$(($(devmem $((d0 + 0x14)) 32) << 32 | $(devmem $((d0 + 0x10)) 32)))
is "dev0: at the start of the window" $base $window
devmem $((base + 4096)) 32 0x600dcafe
is "dev0: memory decodes" "$(devmem $((base + 4096)) 32)" 0x600DCAFE
devmem $((base + (256 << 20) + 4096)) 32 0x12345678
is "dev1: memory is other memory" "$(devmem $((base + 4096)) 32)" 0x600DCAFE

like "host-monitor answers" "$(host-monitor info version)" '^[0-9]+\.'
nok "host-monitor fails where QEMU does" host-monitor device_del nosuchdevice

pci=$(pci_address dev1)
ok "hot remove" host-monitor device_del dev1
ok "the device goes" wait_for 30 test ! -e "/sys/bus/pci/devices/$pci"
ok "memory for hot add" host-monitor object_add memory-backend-ram,id=vmem9,size=256M
# QEMU lets go of the old device a little later than the guest does.
ok "hot add" wait_for 30 \
	host-monitor device_add cxl-type2,bus=rp1,volatile-memdev=vmem9,id=dev1,sn=0xd1
ok "the device comes" wait_for 30 test -e "/sys/bus/pci/devices/$pci"

done_testing
