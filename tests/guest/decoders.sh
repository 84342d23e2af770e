# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# decoders.sh OFFSET|STATUS DECODER... : firmware committed several decoders of dev0, some of which no
# region can be made of. OFFSET is where in window 0 the driver's memory is, or else STATUS is a part of
# what the log says instead. DECODERs are the numbers of those that have a region.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

want=$1
shift
with_region="$*"
dev0=$(pci_address dev0)

load_hierarchy
modprobe cxl_mem
idle=$(bus_devices)
window=$(cat "$CXL/decoder0.0/start")

# The numbers of dev0's decoders that have a region of their very range.
decoders_with_region() {
	find_parts dev0 || true
	for decoder in "$CXL/decoder${found_ep#endpoint}".*; do
		region=$(cat "$decoder/region" 2>/dev/null)
		[ -n "$region" ] || continue
		is_same=no
		[ $(($(cat "$decoder/start"))) != $(($(cat "$CXL/$region/resource"))) ] || is_same=
		printf '%s%s ' "${decoder##*.}" "${is_same:+(not its range)}"
	done
}

attached_as_wanted() {
	is "$1: the driver's memory is that of the first decoder with a region" \
		"$(cat "$PCI/$dev0/cxl_state/state" "$PCI/$dev0/cxl_state/hpa")" \
		"$(printf 'cxl\n0x%x' $((window + want)))"
	is "$1: decoders with a region of their own range" "$(decoders_with_region)" "${with_region:+$with_region }"
	for region in "$CXL"/region*; do
		[ "$(cat "$region/mode" 2>/dev/null)" != ram ] ||
			is "$1: ${region##*/} is held for the accelerator, or the expander's own" \
				"$(driver_of "$region" | sed 's/^cxl_region$/cxl_accel_region/')" cxl_accel_region
	done
	ok "$1: its memory decodes at the start" decodes $((window + want))
	ok "$1: its memory decodes at the end" decodes $((window + want + SIZE - 8))
}

log_mark
ok 'the driver loads' insmod /modules/cxl_accel_sample.ko test_bytes=0
case $want in
[0-9]*)
	attached_as_wanted 'first bind'
	for turn in 1 2 3; do
		ok "turn $turn: unbound" pci_unbind cxl_accel_sample "$dev0"
		is "turn $turn: all of it is gone" "$(bus_devices)" "$idle"
		ok "turn $turn: bound" pci_bind cxl_accel_sample "$dev0"
	done
	attached_as_wanted 'after three turns'
	poke $((window + want)) 0x0123456789abcdef
	# The decoders go one by one, and a region must not outlive its own.
	cxl_unbind "$(endpoint dev0)"
	ok 'endpoint unbound: the driver is released' wait_for 30 test ! -e "$PCI/$dev0/driver"
	flush
	is 'endpoint unbound: all of it is gone' "$(bus_devices)" "$idle"
	pci_bind cxl_accel_sample "$dev0" || true
	ok 'endpoint unbound: the driver can be bound again' wait_for 30 test -e "$PCI/$dev0/cxl_state/hpa"
	attached_as_wanted 'bound again'
	;;
*)
	is 'the driver has no memory' "$(cat "$PCI/$dev0/cxl_state/state")" pci-only
	ok 'the log says why' log_has "$dev0: error -ENXIO: CXL attach failed: .*$want"
	is 'no memory: nothing of dev0 is left on the CXL bus' "$(bus_devices)" "$idle"
	;;
esac
ok 'the driver unloads' rmmod cxl_accel_sample
is 'driver unloaded: all of it is gone' "$(bus_devices)" "$idle"
ok 'cxl_mem unloads' rmmod cxl_mem
ok 'cxl_acpi unloads' rmmod cxl_acpi

done_testing
