# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Two accelerators at one host bridge. Platform firmware committed a decoder of the first (HDM-D)
# and none of the second: what upstream 7.3 does, row by row.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

load_hierarchy
modprobe cxl_mem
like 'modprobe takes ours in place of the stock cxl_mem' "$(cat /sys/module/cxl_mem/taint)" O
idle=$(bus_devices)
window=$(cat $CXL/decoder0.0/start)

# ---- nothing below waits for anything: all is there when insmod returns ----

log_mark
ok 'the driver loads, and is to write a pattern' insmod /modules/cxl_accel_sample.ko test_bytes=4096

is 'dev0 has its memory' "$(cat "$PCI/$dev0/cxl_state/state")" cxl
is 'dev0 without error' "$(cat "$PCI/$dev0/cxl_state/error")" 0
is 'HPA is the start of the window' "$(cat "$PCI/$dev0/cxl_state/hpa")" "$window"
is "cxl_state/size is all of the device's memory" "$(cat "$PCI/$dev0/cxl_state/size")" $((SIZE))
is 'dev1 goes on without, ENXIO' \
	"$(cat "$PCI/$dev1/cxl_state/state" "$PCI/$dev1/cxl_state/error")" "$(printf 'pci-only\n-6')"

is 'memdev, endpoint and region of dev0 and nothing else' "$(bus_devices)" \
	'decoder0.0 decoder2.0 decoder2.1 decoder2.2 decoder2.3 endpoint2 mem0 nvdimm-bridge0 port1 region0 root0'
is 'mem0 is dev0' "$(memdev dev0)" mem0
is 'mem0 on cxl_mem' "$(driver_of $CXL/mem0)" cxl_mem
is 'endpoint2 on cxl_port' "$(driver_of $CXL/endpoint2)" cxl_port
is 'region0 has a driver, ours' "$(driver_of $CXL/region0)" cxl_accel_region
is 'region0 is committed' "$(cat $CXL/region0/commit)" 1
is 'region0 is where the driver was told' "$(cat $CXL/region0/resource)" "$window"
is 'region0 has the size' "$(($(cat $CXL/region0/size)))" $((SIZE))
is 'region0 is volatile memory' "$(cat $CXL/region0/mode)" ram
is 'only /dev/cxl/mem0' "$(ls /dev/cxl)" mem0

decoders() {
	for d; do
		echo "$d $(cat "$CXL/decoder$d/target_type") $(($(cat "$CXL/decoder$d/start"))) $(($(cat "$CXL/decoder$d/size"))) $(cat "$CXL/decoder$d/region" 2>/dev/null)"
	done
}
is 'the committed decoders are of type accelerator and in region0' "$(decoders 1.0 2.0)" \
	"1.0 accelerator $((window)) $((SIZE)) region0
2.0 accelerator $((window)) $((SIZE)) region0"
is 'free decoders of the bridge stay of type expander' "$(decoders 1.1 1.2 1.3)" \
	"1.1 expander 0 0 
1.2 expander 0 0 
1.3 expander 0 0 "
is 'free decoders of the endpoint are of type accelerator' \
	"$(cat $CXL/decoder2.[123]/target_type)" "$(printf 'accelerator\naccelerator\naccelerator')"
is 'the endpoint decoder is for volatile memory' "$(cat $CXL/decoder2.0/mode)" ram
is "dev0's decoder has all DPA of the device" \
	"$(($(cat $CXL/decoder2.0/dpa_resource))) $(($(cat $CXL/decoder2.0/dpa_size)))" "0 $((SIZE))"

is 'no dax device, no System RAM' "$(taken)" ''
like '/proc/iomem: region0 is inside CXL Window 0' \
	"$(grep -A 1 ' : CXL Window 0$' /proc/iomem)" \
	"^  $(printf '%x-%x' $((window)) $((window + SIZE - 1))) : region0\$"
like 'debugfs: dpamem has all of it' "$(cat /sys/kernel/debug/cxl/mem0/dpamem)" '00000000-0fffffff : ram'

is 'the failed attach has one line in the log, which says why' \
	"$(log_new | grep "$dev1" | grep 'CXL attach' | sed 's/.*attach/attach/')" \
	'attach failed: platform firmware committed no HDM decoder of the device'
is 'the log has the failure of dev1 with device and error in front' "$(log_count "$dev1: error -ENXIO: CXL attach failed: ")" 1
is 'nothing else failed' \
	"$(log_new | grep -v "$dev1" | grep -i -E 'cxl.*(fail|error|missing|not found|unable)')" ''
is 'nothing is deferred' "$(cat /sys/kernel/debug/devices_deferred)" ''

# ---- cxl list ----

json() {
	jq -c "$1" </tmp/list
}
cxl list -vvv >/tmp/list
ok 'cxl list prints JSON' jq -e . /tmp/list
is 'cxl list: the memdev' \
	"$(json '.. | objects | select(.memdev == "mem0" and .serial) | [.ram_size, .pmem_size, .serial, .host]')" \
	"[$((SIZE)),null,208,\"$dev0\"]"
is 'cxl list: the region' \
	"$(json '.. | objects | select(.region == "region0" and .decode_state) | [.resource, .size, .interleave_ways, .decode_state, .mappings]')" \
	"[$((window)),$((SIZE)),1,\"commit\",[{\"position\":0,\"memdev\":\"mem0\",\"decoder\":\"decoder2.0\"}]]"
is 'cxl list: the endpoint decoder' \
	"$(json '.. | objects | select(.decoder == "decoder2.0" and .size) | [.resource, .size, .region, .dpa_size, .mode]')" \
	"[$((window)),$((SIZE)),\"region0\",$((SIZE)),\"ram\"]"
is 'cxl list: one endpoint, no more' "$(cxl list -E | jq -c '[.[].endpoint]')" '["endpoint2"]'
is 'daxctl list: nothing' "$(daxctl list 2>&1)" ''

# ---- memory ----

sample_pattern() {
	printf '0x%08X%08X' $(($1 >> 32 ^ 0xa55a5aa5)) $(($1 & 0xffffffff ^ 0xc33c3cc3))
}
is 'what the driver wrote at the start is in the memory' "$(peek "$window")" \
	"$(sample_pattern "$window")"
last=$((window + SIZE - 8))
is 'the pattern is at the end of the memory' "$(peek $last)" "$(sample_pattern $last)"
poke "$(printf 0x%x $((window + 0x8000000)))" 0x0123456789abcdef
like 'what is written arrives in the device' \
	"$(host-monitor xp /1gx "$(printf 0x%x $((window + 0x8000000)))" 2>&1)" 0x0123456789abcdef
unlike 'behind the device nothing is decoded' \
	"$(poke $((window + SIZE)) 0x77; peek $((window + SIZE)))" '77$'

# ---- the end ----

log_mark
ok 'the driver unloads' rmmod cxl_accel_sample
is 'driver unloaded: all is gone from the CXL bus' "$(bus_devices)" "$idle"
is 'driver unloaded: the region is gone from /proc/iomem' "$(grep -c region0 /proc/iomem)" 0
is 'the firmware decoder is still committed' "$(decoders 1.0)" "1.0 accelerator $((window)) $((SIZE)) "
is 'driver unloaded: the kernel says nothing' "$(log_new | grep -v test:)" ''

# ---- a driver that nobody here has seen, to which the memory is a must ----

flush
log_mark
ok "a stranger's driver loads" insmod /modules/vendor_accel.ko fatal=1
is "a stranger's driver is attached to the same memory" "$(log_new | grep -c -E "$dev0: attached \[[a-z]+ 0x0*${window#0x}-")" 1
ok "a stranger's driver: dev0 is complete on the CXL bus" attached dev0
is "a stranger's driver: dev0's memdev is mem0 again" "$(memdev dev0)" mem0
is "a stranger's driver: dev1, which has no decoder, is not bound" "$(driver_of "$PCI/$dev1")" ''
is "a stranger's driver is told ENXIO of dev1" "$(log_count "$dev1: CXL memory is required \(-6\)")" 1
is 'nobody took its driver data, its pattern is there' "$(log_count 'drvdata|pattern')" 0
is "a stranger's driver: no dax device, no System RAM" "$(taken)" ''
for addr in $window $((window + 8)) $((window + SIZE / 2)) $((window + SIZE - 8)); do
	like "a stranger's driver wrote at $(printf %x "$addr")" "$(peek "$addr")" '^0x76656E646F72000[0-9]$'
done
ok "a stranger's driver unloads" rmmod vendor_accel
is "a stranger's driver was told once that it is removed" "$(log_count "$dev0: removed")" 1
is "a stranger's driver removed: all is gone from the CXL bus" "$(bus_devices)" "$idle"

is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
