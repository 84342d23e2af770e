# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# mixed.sh EXPANDER: an accelerator (dev0) and an expander (dev1) at one host bridge. Firmware has
# committed a decoder of the accelerator; and one of the expander, too, if EXPANDER is 'firmware'.
# The expander gets its dax device as usual, the accelerator its region, and what happens to one does
# not concern the other.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

expander=$1
dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

modprobe -a cxl_acpi cxl_pci device_dax dax_cxl cxl_mem
expander_bound() {
	find_parts dev1
	[ -n "$found_ep" ] && bound cxl_mem "$found_mem" && bound cxl_port "$found_ep"
}
ok 'the expander works before the accelerator' wait_for 30 expander_bound
ok "a stranger's driver loads" insmod /modules/vendor_accel.ko fatal=1
ok 'the accelerator is attached' attached dev0
hpa0=$(hpa dev0)

# make_region: what an administrator does, if firmware did not.
make_region() {
	[ "$expander" = firmware ] ||
		ram_region decoder0.0 "$(memdev dev1)" || return
	wait_for 30 expander_complete
}
expander_complete() {
	find_parts dev1 && bound cxl_region "$found_region" && bus_has "dax_$found_region" &&
		[ "$(daxes)" = $made ]
}
# Of a region there is a dax device, unless the kernel has no DEV_DAX, as one of real time.
made=1
if ! modprobe -n dax_cxl; then
	made=0
	skip 'the expander gets a dax device' 'the kernel has no dax_cxl'
fi
daxes() {
	count=0
	for dax in /sys/bus/dax/devices/*; do
		[ ! -e "$dax" ] || count=$((count + 1))
	done
	echo $count
}
# The lowest and highest address that each range of the window takes; none may overlap.
overlaps() {
	awk '/CXL Window/ { inside = 1; next }
	     /^[^ ]/ { inside = 0 }
	     inside && /^  [^ ]/ {
		split($1, r, "-")
		if (r[1] <= last && last != "") print $0
		last = r[2]
	     }' /proc/iomem
}

ok 'the expander has its region and its dax device' make_region
hpa1=$(hpa dev1)
region0=$(region dev0)
region1=$(region dev1)
is 'only the region of the expander has a dax region' "$(cd "$CXL" && echo *dax*)" "dax_$region1"
unlike 'the region of the expander is not where that of the accelerator is' "$hpa1" "^$hpa0\$"
is 'a decoder of the expander is of type expander' "$(cat "$CXL/decoder$(endpoint dev1 | tr -d '[:lower:]').0/target_type")" expander
is 'a decoder of the accelerator is of type accelerator' "$(cat "$CXL/decoder$(endpoint dev0 | tr -d '[:lower:]').0/target_type")" accelerator
is 'cxl list tells who has what' \
	"$(cxl list -R -T | jq -c '.[] | [.region, .resource, .mappings[].memdev]' | sort)" \
	"$(printf '["%s",%d,"%s"]\n' "$region0" "$hpa0" "$(memdev dev0)" "$region1" "$hpa1" "$(memdev dev1)" | sort)"
ok 'the memory of the accelerator decodes' decodes "$hpa0"
ok 'the memory of the expander decodes' decodes "$hpa1"
is 'accelerator and expander decode to different memory' "$(peek "$hpa0")" "$(printf '0x%016X' $((hpa0 ^ 0x5aa5c33c0ff01234)))"
all=$(bus_devices)

# ---- the accelerator goes and comes back ----

ok 'the accelerator is unbound' pci_unbind vendor_accel "$dev0"
ok 'accelerator unbound: the expander stays complete' expander_complete
ok 'accelerator unbound: the memory of the expander decodes' decodes "$hpa1"
is 'the region of the accelerator is gone' "$(cxl list -R | jq -c '[.[].region]')" "[\"$region1\"]"
flush
ok 'the accelerator can be bound again' pci_bind vendor_accel "$dev0"
ok 'accelerator bound again: attached' attached dev0
is 'accelerator bound again: the CXL bus is as before' "$(bus_devices)" "$all"
ok 'the region of the accelerator can be deleted' sh -c "echo $region0 >$CXL/decoder0.0/delete_region"
ok "region deleted: the accelerator's driver goes" wait_for 30 test ! -e "$PCI/$dev0/driver"
ok 'region of the accelerator deleted: the expander stays complete' expander_complete
ok 'region deleted: the accelerator can be bound again' bind_again vendor_accel dev0
ok 'region deleted, bound again: attached' attached dev0

# ---- the expander goes and comes back ----

log_mark
destroy_region() {
	if [ "$expander" = firmware ]; then
		cxl destroy-region -f "$(region dev1)"
	else
		ram_region_gone "$(region dev1)"
	fi
}
ok "the expander's region is destroyed" destroy_region
ok 'region of the expander destroyed: the accelerator stays attached' attached dev0
ok 'region of the expander destroyed: the memory of the accelerator decodes' decodes "$hpa0"
ok 'the expander is unbound' cxl_unbind "$(memdev dev1)"
ok 'expander unbound: the accelerator stays attached' attached dev0
ok 'the expander is bound' cxl_bind cxl_mem "$(memdev dev1)"
ok 'expander bound: the accelerator stays attached' attached dev0
ok 'the PCI device of the expander is unbound' pci_unbind cxl_pci "$dev1"
ok 'PCI device of the expander unbound: the accelerator stays attached' attached dev0
ok 'the PCI device of the expander is bound' pci_bind cxl_pci "$dev1"
ok 'PCI device of the expander bound: the expander works' wait_for 30 expander_bound
ok 'PCI device of the expander bound: the accelerator stays attached' attached dev0
is "whatever the expander did, the accelerator's driver was not released" "$(log_count 'memory is gone|: removed')" 0

# ---- what firmware gave to the accelerator is not for the expander ----

if [ "$expander" != firmware ]; then
	ok 'the expander gets a region again' make_region
	ok 'that region of the expander is taken apart' ram_region_gone "$(region dev1)"
	ok 'the accelerator is unbound, for a region in its absence' pci_unbind vendor_accel "$dev0"
	ok 'a region can be made meanwhile' ram_region decoder0.0 "$(memdev dev1)"
	ep=$(endpoint dev1)
	unlike 'a region made meanwhile is not where the host bridge decodes for the accelerator' \
		"$(cat "$CXL/decoder${ep#endpoint}.0/start")" "^$hpa0\$"
	is 'no two ranges overlap' "$(overlaps)" ''
	region1=$(region dev1)
	[ -z "$region1" ] || ram_region_gone "$region1" >/dev/null 2>&1
	ok 'after a region in its absence the accelerator is bound' pci_bind vendor_accel "$dev0"
	ok 'after a region in its absence the accelerator is attached' attached dev0
	is 'after a region in its absence the accelerator has its old address' "$(hpa dev0)" "$hpa0"
	ok 'after a region in its absence the memory of the accelerator decodes' decodes "$hpa0"
fi

# ---- all goes ----

ok 'cxl_acpi is removed' rmmod cxl_acpi
is "the accelerator's driver is released" "$(driver_of "$PCI/$dev0")" ''
ok 'cxl_acpi is loaded' modprobe cxl_acpi
ok 'cxl_acpi loaded again: the expander works' wait_for 30 expander_bound
ok 'cxl_acpi loaded again: the accelerator is bound' bind_again vendor_accel dev0
ok 'cxl_acpi loaded again: the accelerator is attached' attached dev0
is 'cxl_acpi loaded again: the accelerator has its old address' "$(hpa dev0)" "$hpa0"
ok "the accelerator's driver unloads" rmmod vendor_accel
ok "accelerator's driver unloaded: the expander works" expander_bound
ok 'cxl_mem unloads' rmmod cxl_mem

done_testing
