# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# mapping.sh FUNCTION...: ways, bars.
# An attached accelerator's memory can be mapped in each way that a driver may want, and claimed in
# /proc/iomem or not; none of it is in the way of a loss, or of the next attach.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
load_hierarchy
modprobe cxl_mem
window=$(cat $CXL/decoder0.0/start)
range=$(printf '%x-%x' $((window)) $((window + SIZE - 1)))
iomem() {
	grep -A 8 'CXL Window 0$' /proc/iomem | sed '2,$ { /^[^ ]/,$d }'
}
# No kernel but that of a PC tells how: it is counted all the same.
PAT=/sys/kernel/debug/x86/pat_memtype_list
mapped() {
	if [ ! -e $PAT ]; then
		grep -c -i -E "phys=0x0*$(printf %x $((window))) ioremap" /proc/vmallocinfo
		return
	fi
	grep -c " \[mem $(printf '0x%016x-0x%016x' $((window)) $((window + SIZE)))\] $1\$" \
		$PAT
}
[ -e $PAT ] || skip 'of which type a mapping is' 'this kernel has no list of them'
idle=$(bus_devices)
free=$(iomem)

unbound() {
	[ "$(driver_of "$PCI/$dev0")" = '' ]
}

# Claims of the driver, and of cxl_core in its BARs.
bar_claims() {
	grep -o -E ' : (vendor_accel|endpoint[0-9]+)$' /proc/iomem | sort | uniq -c | tr -s ' '
}

# mapping HOW TYPE CLAIM [PARAMETER]...
mapping() {
	what="$*"
	how=$1 type=$2 claim=$3
	shift 3
	ok "$what: the driver loads" insmod /modules/vendor_accel.ko fatal=1 map="$how" claim="$claim" "$@"
	ok "$what: attached" attached dev0
	is "$what: it is mapped as $type" "$(mapped "$type")" 1
	is "$what: /proc/iomem has the driver's claim inside the region" \
		"$(grep -A 2 " : $(region dev0)\$" /proc/iomem | grep -c "$range : vendor_accel\$")" "$claim"

	ok "$what: region deleted" delete_region "$(region dev0)"
	ok "$what: the driver is released" wait_for 30 unbound
	flush
	is "$what: the mapping is gone" "$(mapped "$type")" 0
	is "$what: so is the claim" "$(grep -c ' : vendor_accel' /proc/iomem)" 0
	ok "$what: bound again" bind_again vendor_accel dev0

	ok "$what: cxl_acpi removed" rmmod cxl_acpi
	ok "$what: the driver is released again" wait_for 30 unbound
	is "$what: the claim is gone again" "$(grep -c ' : vendor_accel' /proc/iomem)" 0
	modprobe cxl_acpi
	ok "$what: bound once more" bind_again vendor_accel dev0

	poke "$window" 0
	rmmod vendor_accel
	is "$what: nothing is left on the CXL bus" "$(bus_devices)" "$idle"
	is "$what: /proc/iomem is as it was" "$(iomem)" "$free"
	ok "$what: bound a last time" insmod /modules/vendor_accel.ko fatal=1 map="$how" claim="$claim" "$@"
	rmmod vendor_accel
	like "$what: what the driver wrote is in the memory" "$(peek "$window")" '^0x....76656E646F72|^0x76656E646F72'
}

ways() {
	mapping wc write-combining 0
	mapping wb write-back 0
	mapping uc uncached-minus 0
	mapping wc write-combining 1
	mapping wb write-back 1
	mapping uc uncached-minus 1
}

# The driver has claimed its BARs before the attach, three of each device, and gives them up in its remove().
bars() {
	insmod /modules/vendor_accel.ko bars=1
	ok 'BARs claimed first: attached' attached dev0
	is 'BARs claimed first: they are the driver'"'"'s, with nothing below' "$(bar_claims)" ' 6 : vendor_accel'
	rmmod vendor_accel
	mapping wc write-combining 1 bars=1
	is 'BARs claimed first: all is given back that was taken' "$(dmesg | grep -c 'nonexistent resource')" 0
}

for function; do
	"$function"
done

done_testing
