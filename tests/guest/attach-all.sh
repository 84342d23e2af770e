# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# attach-all.sh DEV:WINDOW:OFFSET:TYPE...: every accelerator of the topology is attached, its memory
# OFFSET bytes into CXL window WINDOW, its decoder of that type; no two of them share memory.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

load_hierarchy
modprobe cxl_mem
idle=$(bus_devices)
log_mark
ok 'the driver loads' insmod /modules/cxl_accel_sample.ko

# split DEV:WINDOW:OFFSET:TYPE: sets dev, addr, where, type
split() {
	dev=${1%%:*}
	addr=$(pci_address "$dev")
	type=${1##*:}
	where=${1#*:}
	where=${where%:*}
	where=$(printf 0x%x $(($(cat "$CXL/decoder0.${where%:*}/start") + ${where#*:})))
}

for item; do
	split "$item"
	is "$dev: attached" "$(cat "$PCI/$addr/cxl_state/state")" cxl
	is "$dev: HPA" "$(cat "$PCI/$addr/cxl_state/hpa")" "$where"
	is "$dev: size" "$(cat "$PCI/$addr/cxl_state/size")" $((SIZE))
	ok "$dev: memdev, endpoint and region are bound" attached "$dev"
	is "$dev: region" "$(hpa "$dev")" "$where"
	ep=$(endpoint "$dev")
	is "$dev: decoder type" "$(cat "$CXL/decoder${ep#endpoint}.0/target_type")" "$type"
	is "$dev: decoder mode" "$(cat "$CXL/decoder${ep#endpoint}.0/mode")" ram
	is "$dev: region mode" "$(cat "$CXL/$(region "$dev")/mode")" ram
	like "$dev: cxl list knows the region of the memdev" \
		"$(cxl list -R -T | jq -c '.[] | [.region, .decode_state, .mappings[].memdev]')" \
		"^\[\"$(region "$dev")\",\"commit\",\"$(memdev "$dev")\"\]\$"
	like "$dev: /proc/iomem" "$(grep -A 4 'CXL Window' /proc/iomem)" \
		"^  ${where#0x}-.* : $(region "$dev")\$"
	for place in 0 0x7fffff8 0xffffff8; do
		poke $((where + place)) $((where ^ place ^ 0x5a5a))
	done
done
# Read when all have been written to.
for item; do
	split "$item"
	for place in 0 0x7fffff8 0xffffff8; do
		is "$dev: memory of its own at +$place" "$(peek $((where + place)))" \
			"$(printf 0x%016X $((where ^ place ^ 0x5a5a)))"
	done
done

is 'no dax device, no System RAM' "$(taken)" ''
is 'nothing is deferred' "$(cat /sys/kernel/debug/devices_deferred)" ''
is 'nothing failed' "$(log_new | grep -i -E 'fail|error|not found|unable')" ''

# One after the other: each goes alone, and comes back.
for item; do
	split "$item"
	ok "$dev: is unbound" pci_unbind cxl_accel_sample "$addr"
	is "$dev: has no memdev any more" "$(memdev "$dev")" ''
	for other; do
		[ "$other" = "$item" ] || ok "${other%%:*}: not concerned" attached "${other%%:*}"
	done
	ok "$dev: is bound again" pci_bind cxl_accel_sample "$addr"
	is "$dev: to the same memory" "$(hpa "$dev")" "$where"
	is "$dev: and attached" "$(cat "$PCI/$addr/cxl_state/state")" cxl
done

ok 'the driver unloads' rmmod cxl_accel_sample
is 'driver unloaded: all is gone from the CXL bus' "$(bus_devices)" "$idle"
is 'no region is left' "$(grep -c region /proc/iomem)" 0
ok 'the module unloads' rmmod cxl_mem
is 'no memory was said to be lost' "$(log_count 'memory is gone')" 0
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
