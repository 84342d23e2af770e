# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# back-invalidate.sh: dev0's memory is HDM-DB. It is attached as HDM-D is, and whether its device and its ports
# do back-invalidate is left as firmware left it.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)

# Whether a decoder does back-invalidate is bit 13 of its control register: CXL 3.1 sections 8.2.4.20.7,
# 8.2.4.27 and 8.2.4.28.
load_hierarchy
modprobe cxl_mem
setpci -s "$dev0" COMMAND=0002:0002
base=$(($(lspci -s "$dev0" -vv | sed -n 's/.*Region 0: Memory at \([0-9a-f]*\).*/0x\1/p')))
hdm=$((base + 0x1000 + $(hdm_offset $base)))
bi=$(capability_offset $base 12)
ok 'the device has a BI decoder capability' test -n "$bi"
bi=$((base + 0x1000 + bi))

# Of the decoder, and of the device. While a driver is bound nobody may look.
registers() {
	echo "$(devmem $((hdm + 0x20)) 32) $(devmem $((bi + 4)) 32)"
}

devmem $((bi + 4)) 32 0x2
before=$(registers)
like 'firmware has turned back-invalidate on' "$before" ' 0x00000002$'
insmod /modules/cxl_accel_sample.ko
ok 'attached' attached dev0
is 'as device-coherent memory' "$(cat "$CXL/decoder$(endpoint dev0 | tr -dc 0-9).0/target_type")" accelerator
hpa0=$(hpa dev0)
ok 'the memory decodes' decodes "$((hpa0))"
pci_unbind cxl_accel_sample "$dev0"
is 'unbound: back-invalidate is as firmware left it' "$(registers)" "$before"
pci_bind cxl_accel_sample "$dev0"
ok 'bound again: attached' attached dev0
is 'bound again: at the same place' "$(hpa dev0)" "$hpa0"
unmask_reset "$dev0"
echo cxl_bus >"$PCI/$dev0/reset_method"
ok 'reset: done' sh -c "echo 1 >$PCI/$dev0/reset"
ok 'reset: attached' attached dev0
ok 'reset: the memory decodes' decodes "$((hpa0))"
pci_unbind cxl_accel_sample "$dev0"
is 'reset: back-invalidate is as firmware left it' "$(registers)" "$before"
ok 'the driver unloads' rmmod cxl_accel_sample

done_testing
