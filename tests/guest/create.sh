# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# create.sh PART...: firmware committed nothing, and the driver wants a region. PART is one of the functions
# below; each says which machine it needs. Variables named as devN have that one's PCI address.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=create-lib.sh
. /guest/create-lib.sh

# ---- hb(acc,acc,exp),hb(acc,empty), windows hb0:768M, hb1:256M:type3+volatile ----

# What is there without it, and what cannot be had.
refusals() {
	want 0
	why_is 'not wanted' dev0 NOT_COMMITTED
	want 1
	set_up capacity $((SIZE / 2))
	why_is '128 MiB' dev0 CAPACITY_NOT_ALIGNED
	set_up capacity $((4 * SIZE))
	why_is 'more than the window' dev0 WINDOW_FULL
	set_up capacity $((SIZE))
	why_is 'a window that is not for accelerators' dev3 NO_WINDOW_OF_TYPE
	is 'refused: nothing is left in the windows' "$(in_windows)" ''
	is 'refused: nothing is left on the CXL bus' "$(bus_devices)" "$idle"
}

# One that is host-only coherent, in a window that allows nothing else.
host_only() {
	set_up host_only 1
	attaches HDM-H dev3
	is 'HDM-H: the decoder is of that type' "$(decoder_type dev3)" expander
	is 'HDM-H: so it is in the device' "$(hdm_bit12 dev3)" 1
	release dev3
	set_up host_only 0
	is 'HDM-H, unbound: the range is given back' "$(in_windows)" ''
}

# Two of them, in all orders.
two() {
	attaches first dev0
	is 'first: at the start of the window' "$(($(hpa dev0)))" $((window))
	is 'first: the decoder is an accelerator'"'"'s' "$(decoder_type dev0)" accelerator
	is 'first: so it is in the device' "$(hdm_bit12 dev0)" 0
	is 'first: no dax device, no System RAM' "$(taken)" ''
	poke $((window + 0x1230)) 0x1122334455667788
	attaches second dev1
	is 'second: behind the first' "$(($(hpa dev1)))" $((window + SIZE))

	release dev0
	like 'first unbound below the second: the range stays its own' "$(in_windows)" "cxl_accel\.$dev0"
	attaches 'first, again' dev0
	is 'first, again: where it was' "$(($(hpa dev0)))" $((window))
	is 'first, again: the same memory' "$(peek $((window + 0x1230)))" 0x1122334455667788
	release dev1
	unlike 'second unbound: its range is given back' "$(in_windows)" "cxl_accel\.$dev1"
	attaches 'second, again' dev1
	release dev1
	release dev0
	is 'both unbound: the windows are empty' "$(in_windows)" ''
	is 'both unbound: no decoder of the bridge is committed' "$(committed port1)" ''

	attaches 'second, first now' dev1
	is 'second, first now: at the start of the window' "$(($(hpa dev1)))" $((window))
	attaches 'first, second now' dev0
	is 'first, second now: elsewhere' "$(($(hpa dev0)))" $((window + SIZE))
	is 'first, second now: the same device memory' "$(peek $((window + SIZE + 0x1230)))" 0x1122334455667788
	release dev0
	release dev1
}

# A region of an expander that comes and goes.
expander() {
	mem=$(memdev dev2)
	attaches 'below an expander' dev0
	region=$(ram_region decoder0.0 "$mem")
	like 'an expander has its region beside' "$region" '^region[0-9]+$'
	attaches 'above an expander' dev1
	is 'the window is full' "$(($(hpa dev1)))" $((window + 2 * SIZE))
	release dev1
	release dev0
	attaches 'below an expander, again' dev0
	attaches 'above an expander, again' dev1
	release dev1
	ok "the expander's region goes" ram_region_gone "$region"
	release dev0
	is 'all are gone: the windows are empty' "$(in_windows)" ''
	region=$(ram_region decoder0.0 "$mem")
	attaches 'behind an expander' dev0
	attaches 'behind an expander, too' dev1
	release dev0
	release dev1
	attaches 'behind an expander, second first' dev1
	release dev1
	attaches 'behind an expander, first' dev0
	release dev0
	ok "the expander's region goes again" ram_region_gone "$region"
}

# What takes it away, and what does not.
losses() {
	attaches 'before a reset' dev0
	before=$(hpa dev0)
	echo cxl_bus >"$PCI/$dev0/reset_method"
	ok 'a reset of the bus' one_processor sh -c "echo 1 >$PCI/$dev0/reset"
	ok 'after a reset: attached' attached dev0
	is 'after a reset: at the same place' "$(hpa dev0)" "$before"
	ok 'after a reset: the memory decodes' decodes "$((before + 0x2000))"

	delete_region "$(region dev0)"
	unbound() {
		[ -z "$(driver_of "$PCI/$dev0")" ]
	}
	ok 'region deleted: the driver was released' wait_for 10 unbound
	wait_for 10 windows_are_empty || true
	is 'region deleted: the range is given back' "$(in_windows)" ''
	attaches 'after that' dev0
	cxl_unbind "$(endpoint dev0)"
	ok 'endpoint unbound: the driver was released' wait_for 10 unbound
	is 'endpoint unbound: the range is given back' "$(in_windows)" ''
	attaches 'after that, too' dev0
	attaches 'a second one' dev1
	rmmod cxl_acpi
	ok 'cxl_acpi gone: the driver was released' wait_for 10 unbound
	modprobe cxl_acpi
	ok 'cxl_acpi back: attached' wait_for 30 attached dev0
	ok 'cxl_acpi back: so is the other' wait_for 30 attached dev1
	ok 'cxl_acpi back: the memory decodes' decodes "$(hpa dev0)"
	ok 'cxl_acpi back: so does the other' decodes "$(hpa dev1)"
	ok 'both are unbound: dev0' pci_unbind why_accel "$dev0"
	ok 'both are unbound: dev1' pci_unbind why_accel "$dev1"
}

# The module's parameter, for a driver that has never heard of it.
parameter() {
	rmmod why_accel
	insmod /modules/vendor_accel.ko fatal=1
	nok "a stranger's driver is not attached" attached dev0
	ok 'create_regions=1' sh -c 'echo 1 >/sys/module/cxl_mem/parameters/create_regions'
	ok "create_regions=1: a stranger's driver binds" pci_bind vendor_accel "$dev0"
	ok "create_regions=1: a stranger's driver is attached" attached dev0
	rmmod vendor_accel
	echo 0 >/sys/module/cxl_mem/parameters/create_regions
	insmod /modules/why_accel.ko
}

# ---- any machine, below a hypervisor ----

no_flush() {
	want 1
	why_is 'below a hypervisor' dev0 NO_CACHE_FLUSH
	is 'below a hypervisor: nothing is left' "$(in_windows)" ''
}

begin
for part; do
	"$part"
done
ok 'the driver unloads' rmmod why_accel
wait_for 10 windows_are_empty || true
is 'at the end: the windows are empty' "$(in_windows)" ''
flush
is 'at the end: nothing is left on the CXL bus' "$(bus_devices)" "$idle"
[ ! -e /sys/module/cxl_pci ] || rmmod cxl_pci
ok 'cxl_mem unloads' rmmod cxl_mem
done_testing
