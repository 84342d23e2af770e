# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# reserve.sh DEV EXPANDER : what firmware committed to devDEV, and to what else fills the window, is not
# given to the expander, which would fit exactly there: from the moment when cxl_mem is loaded until the
# device is gone.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev=$1 exp=$2
addr=$(pci_address "$dev")
eval "$dev=\$addr"

expander_is_up() {
	find_parts "$exp"
	[ -n "$found_ep" ] && bound cxl_mem "$found_mem"
}

# Nobody makes a region of the expander in the accelerator's range. What was begun is taken back.
refused() {
	ok "$1: the expander is up" wait_for 30 expander_is_up
	mem=$(memdev "$exp")
	answer=$(ram_region decoder0.0 "$mem")
	like "$1: an expander's region is refused for want of space" "$answer" "cannot write $((SIZE)) to region[0-9]*/size"
	echo "$answer" | head -n1 >"$CXL/decoder0.0/delete_region"
	find_parts "$exp" || true
	for decoder in "$CXL/decoder${found_ep#endpoint}".*; do
		[ $(($(cat "$decoder/dpa_size"))) = 0 ] || echo 0 >"$decoder/dpa_size"
	done
}

reservations() {
	grep -c " : cxl_accel\.$addr" /proc/iomem
}

modprobe -a cxl_acpi cxl_pci cxl_mem "$OURS"
window=$(cat "$CXL/decoder0.0/start")
[ "$dev" = dev0 ] || window=$((window + SIZE))
first=$(printf '%x-' $((window)))

# ---- a driver that never attached ----

is "$OURS is loaded: the range is reserved" "$(reservations)" 1
like "$OURS is loaded: inside the window" "$(cat /proc/iomem)" "^  +${first}[0-9a-f]+ : cxl_accel\.$addr"
refused 'never attached'

# ---- attached, and no more ----

ok 'the driver loads' insmod /modules/cxl_accel_sample.ko test_bytes=0
ok 'the accelerator is attached' attached "$dev"
is 'attached: to its range' "$(($(hpa "$dev")))" $((window))
refused attached
ok 'the accelerator can be unbound' pci_unbind cxl_accel_sample "$addr"
like 'unbound: the reservation is inside the window' "$(cat /proc/iomem)" "^  +${first}[0-9a-f]+ : cxl_accel\.$addr"
refused unbound
ok 'the accelerator can be bound again' pci_bind cxl_accel_sample "$addr"
ok 'bound again: attached' attached "$dev"

# ---- the windows go, and come back ----

ok 'cxl_acpi goes' rmmod cxl_acpi
wait_for 10 test ! -e "$PCI/$addr/driver"
ok 'cxl_acpi comes back' modprobe cxl_acpi
refused 'cxl_acpi reloaded'
like 'cxl_acpi reloaded: the reservation is inside the window' "$(cat /proc/iomem)" "^  +${first}[0-9a-f]+ : cxl_accel\.$addr"
pci_bind cxl_accel_sample "$addr" || true
ok 'cxl_acpi reloaded: bound again, attached' wait_for 30 attached "$dev"
ok 'the driver unloads' rmmod cxl_accel_sample

# ---- the module goes, the decoders stay ----

ok "$OURS unloads" rmmod "$OURS"
is "$OURS unloaded: the range stays reserved" "$(reservations)" 1
if [ "$OURS" = cxl_mem ] && ! port_is_module; then
	ok 'the stock cxl_mem loads' insmod "$STOCK/cxl_mem.ko"
	refused 'stock cxl_mem'
	ok 'the stock cxl_mem unloads' rmmod cxl_mem
fi
ok "$OURS loads again" modprobe "$OURS"
is "$OURS loaded again: reserved once" "$(reservations)" 1
refused "$OURS loaded again"
ok 'the driver loads again' insmod /modules/cxl_accel_sample.ko test_bytes=0
ok 'the driver loaded again: attached' attached "$dev"
rmmod cxl_accel_sample

# ---- our module before the windows ----

rmmod "$OURS"
rmmod cxl_acpi
modprobe "$OURS"
modprobe cxl_acpi
refused "$OURS before cxl_acpi"

# ---- the device goes ----

echo 1 >"$PCI/$addr/remove"
not_reserved() {
	[ "$(reservations)" = 0 ]
}
ok 'device gone: nothing is reserved for it' wait_for 10 not_reserved
if grep -q hypervisor /proc/cpuinfo || [ "$(uname -m)" = aarch64 ]; then
	skip 'device gone: the expander gets its range' 'where caches cannot be flushed the stock core commits no region'
else
	ok 'device gone: the expander gets its range' ram_region decoder0.0 "$(memdev "$exp")"
	like 'device gone: that very range' "$(cat /proc/iomem)" "^  +${first}[0-9a-f]+ : region"
	find_parts "$exp"
	ok 'the region goes again' ram_region_gone "$(region "$exp")"
fi

echo 1 >/sys/bus/pci/rescan
rmmod "$OURS"
modprobe "$OURS"
is 'device back: its range is reserved' "$(reservations)" 1
rmmod "$OURS"
echo 1 >"$PCI/$addr/remove"
is "device gone without $OURS: it takes nothing with it" "$(reservations)" 1
modprobe "$OURS"
is "$OURS back: nothing is reserved for what is gone" "$(reservations)" 0

done_testing
