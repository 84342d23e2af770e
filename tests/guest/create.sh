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
	ok 'region deleted: the driver was released' wait_for 10 test ! -e "$PCI/$dev0/driver"
	wait_for 10 windows_are_empty || true
	is 'region deleted: the range is given back' "$(in_windows)" ''
	attaches 'after that' dev0
	cxl_unbind "$(endpoint dev0)"
	ok 'endpoint unbound: the driver was released' wait_for 10 test ! -e "$PCI/$dev0/driver"
	is 'endpoint unbound: the range is given back' "$(in_windows)" ''
	attaches 'after that, too' dev0
	attaches 'a second one' dev1
	rmmod cxl_acpi
	ok 'cxl_acpi gone: the driver was released' wait_for 10 test ! -e "$PCI/$dev0/driver"
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

# ---- behind a passthrough bridge or switches: dev0, and one that may be below the same ----

# one_there NAME: dev0 comes, goes, and comes back.
one_there() {
	attaches "$1" dev0
	is "$1: no dax device, no System RAM" "$(taken)" ''
	release dev0
	is "$1, unbound: the range is given back" "$(in_windows)" ''
	attaches "$1, again" dev0
	release dev0
}

single() {
	one_there 'alone'
}

pair() {
	one_there 'one of two'
	attaches 'one of two, first' dev0
	attaches 'one of two, second' dev1
	release dev0
	attaches 'one of two, first again' dev0
	release dev0
	release dev1
	like 'both unbound: what was kept below the other stays' "$(in_windows)" "cxl_accel\.$dev0"
	attaches 'one of two, first once more' dev0
	release dev0
	is 'the last one unbound: the windows are empty' "$(in_windows)" ''
	# A decoder that is read anew.
	rmmod cxl_acpi
	modprobe cxl_acpi
	is 'the last one unbound: no decoder of the bridge is committed' "$(committed port1)" ''
}

# QEMU does not decode the memory behind two switches; cxl_core does.
behind_two() {
	for turn in 1 2 3; do
		pci_bind why_accel "$dev0"
		pci_bind why_accel "$dev1"
		ok "two switches, turn $turn: dev0 is attached" attached dev0
		ok "two switches, turn $turn: dev1 is attached" attached dev1
		is "two switches, turn $turn: one decoder in each port for each" \
			"$(for port in "$CXL"/port*; do committed "${port##*/}"; done | xargs)" '0 1 0 1 0 1'
		release dev1
		release dev0
		is "two switches, turn $turn: all is given back" "$(in_windows)" ''
	done
}

# ---- hb(6*acc): a bridge has four decoders ----

decoders() {
	for dev in dev0 dev1 dev2 dev3; do
		attaches 'one of four' $dev
	done
	why_is 'the fifth' dev4 NO_FREE_DECODER
	# Somebody deletes a region below others: what cxl_core does then makes a gap.
	delete_region "$(region dev1)"
	flush
	why_is 'above a gap' dev4 DECODER_GAP
	why_is 'in a gap' dev1 DECODER_GAP
	release dev0
	like 'below others: its range stays its own' "$(in_windows)" "cxl_accel\.$dev0"
	attaches 'below others' dev0
	for dev in dev3 dev2 dev0; do
		release $dev
	done
	attaches 'all above are gone' dev1
	attaches 'all above are gone, too' dev4
	release dev4
	release dev1
}

# ---- hb(acc,exp), window hb0:768M, dev0 by firmware, locked, at its end ----

locked() {
	why_is 'a locked decoder at the end of the window' dev1 DECODER_LOCKED
	kept=$dev0
}

# ---- hb(acc,acc,empty), window hb0:1G, dev1 by firmware in its middle: holes ----

holes() {
	pci_bind why_accel "$dev1"
	ok 'firmware has committed one' attached dev1
	attaches 'above it' dev0
	is 'above it: not in the hole below' "$(($(hpa dev0)))" $((window + 2 * SIZE))
	like 'firmware has committed one: that has its place' "$(hpa dev1)" "$(printf '%x' $((window + SIZE)))"
	release dev0
	release dev1
	like 'unbound: what firmware committed is kept' "$(in_windows)" "cxl_accel\.$dev1"
	is 'unbound: what was created is not' "$(in_windows | grep -c "$dev0")" 0
	kept=$dev1
}

# ---- mixed: an expander's region that somebody is making by hand ----

pending() {
	mem=$(memdev dev1)
	region=$(new_ram_region decoder0.0)
	decoder=$(free_decoder "$mem")
	echo 256 >"$CXL/$region/interleave_granularity"
	echo 1 >"$CXL/$region/interleave_ways"
	echo ram >"$CXL/$decoder/mode"
	echo $SIZE >"$CXL/$decoder/dpa_size"
	echo $((SIZE)) >"$CXL/$region/size"
	echo "$decoder" >"$CXL/$region/target0"
	why_is 'before its commit' dev0 REGION_PENDING
	pci_bind why_accel "$dev0" &
	sleep 0.3
	echo 1 >"$CXL/$region/commit"
	wait
	ok 'committed in time: dev0 is attached' attached dev0
	ok 'committed in time: the memory decodes' decodes "$(hpa dev0)"
	release dev0
	echo 0 >"$CXL/$region/commit"
	delete_region "$region"
	echo 0 >"$CXL/$decoder/dpa_size"
}

# ---- mixed: many turns, with an expander's region that comes and goes at the same time ----

storm() {
	mem=$(memdev dev1)
	ep=$(endpoint dev1)
	made=0
	: >/tmp/storm
	: >/tmp/refused
	(
		while [ -e /tmp/storm ]; do
			region=$(ram_region decoder0.0 "$mem") && made=$((made + 1)) && ram_region_gone "$region" && continue
			# In the way of the other one, as for two who make regions by hand. Its name may have become
			# that of the accelerator's before it was made.
			case $region in
			*create_ram_region) continue ;;
			esac
			echo "$region" | head -n1 >"$CXL/decoder0.0/delete_region"
			for decoder in "$CXL/decoder${ep#endpoint}".*; do
				echo 0 >"$decoder/dpa_size"
			done
		done 2>/dev/null
		echo "$made" >/tmp/made
	) &
	n=0 bad=0
	while [ $n -lt "${STORM_TURNS:-500}" ]; do
		n=$((n + 1))
		pci_bind why_accel "$dev0" 2>/dev/null
		if attached dev0; then
			decodes "$(hpa dev0)" || bad=$((bad + 1))
		else
			cat "$PCI/$dev0/cxl_accel/status" >>/tmp/refused
		fi
		pci_unbind why_accel "$dev0" 2>/dev/null
	done
	rm /tmp/storm
	wait
	diag "$n turns, $(wc -l </tmp/refused) refused: $(sort /tmp/refused | uniq -c | xargs)"
	diag "$(cat /tmp/made) regions of the expander"
	is 'storm: a region each time' "$(sort -u /tmp/refused)" ''
	is 'storm: memory of each region decoded' $bad 0
	flush
	attaches 'after the storm' dev0
	release dev0
}

# ---- hb(raw,acc): a device whose decoders do not commit, see tests/qemu/cxl-type2.c ----

reset_of_bus() {
	unmask_reset "$dev0"
	echo cxl_bus >"$PCI/$dev0/reset_method" && echo 1 >"$PCI/$dev0/reset"
}

no_commit() {
	setpci -s "$dev0" fff.b=df
	ok 'deaf: reset' reset_of_bus
	why_is deaf dev0 CREATE_FAILED
	is 'deaf: nothing is left in the windows' "$(in_windows)" ''
	is 'deaf: nothing is left on the CXL bus' "$(bus_devices)" "$idle"
	# Decoders that are read anew.
	rmmod cxl_acpi
	modprobe cxl_acpi
	is 'deaf: no decoder of the bridge is committed' "$(committed port1)" ''
	attaches 'beside one that is deaf' dev1
	is 'beside one that is deaf: at the start of the window' "$(($(hpa dev1)))" $((window))
	why_is 'deaf, behind another one' dev0 CREATE_FAILED
	ok 'deaf, behind another one: that is attached' attached dev1
	setpci -s "$dev0" fff.b=00
	ok 'not deaf any more: reset' reset_of_bus
	attaches 'not deaf any more' dev0
	release dev0
	release dev1
}

# ---- hb(acc,acc,exp,empty): devices that come and go ----

vmem=10
# plug PORT N: an accelerator as devN. QEMU gives its name free some time after the guest let go of it.
plug() {
	vmem=$((vmem + 1))
	host-monitor object_add "memory-backend-ram,id=vmem$vmem,size=256M"
	wait_for 30 host-monitor device_add "cxl-type2,bus=$1,volatile-memdev=vmem$vmem,id=dev$2,sn=0xd$2"
}

gone() {
	[ ! -e "$PCI/$1" ]
}

hot_plug() {
	mem=$(memdev dev2)
	attaches 'first' dev0
	attaches 'second' dev1
	ok 'one is plugged in' plug rp3 5
	ok 'plugged in: attached' wait_for 30 attached dev5
	dev5=$(pci_address dev5)
	is 'plugged in: behind the others' "$(($(hpa dev5)))" $((window + 2 * SIZE))
	ok 'plugged in: its memory decodes' decodes "$(($(hpa dev5)))"
	host-monitor device_del dev5
	ok 'it is pulled' wait_for 30 gone "$dev5"
	flush
	unlike 'pulled: its range is given back' "$(in_windows)" "cxl_accel\.$dev5"

	# Below the second, so its decoder in the bridge stays.
	host-monitor device_del dev0
	ok 'the first is pulled' wait_for 30 gone "$dev0"
	flush
	like 'the first is pulled: its range is kept' "$(in_windows)" "cxl_accel\.$dev0"
	region=$(ram_region decoder0.0 "$mem")
	is "an expander's region is elsewhere" "$(($(cat "$CXL/$region/resource")))" $((window + 2 * SIZE))
	ok 'another is plugged in, where the first was' plug rp0 0
	ok 'another is plugged in: attached' wait_for 30 attached dev0
	is 'another is plugged in: behind all' "$(($(hpa dev0)))" $((window + 3 * SIZE))
	ok 'another is plugged in: its memory decodes' decodes "$(($(hpa dev0)))"
	is 'both ranges are kept apart' "$(in_windows | grep -c "cxl_accel\.$dev0\.[01]")" 2
	release dev0
	is 'it is unbound: its own range is given back' "$(in_windows | grep -c "cxl_accel\.$dev0")" 1
	ok "the expander's region goes" ram_region_gone "$region"
	release dev1
	kept=$dev0
}

# ---- any machine, below a hypervisor ----

no_flush() {
	why_is 'below a hypervisor' dev0 NO_CACHE_FLUSH
	is 'below a hypervisor: nothing is left' "$(in_windows)" ''
}

kept=nothing
begin
want 1
for part; do
	"$part"
done
ok 'the driver unloads' rmmod why_accel
[ "$kept" != nothing ] || wait_for 10 windows_are_empty || true
is 'at the end: the windows are empty, but for what firmware committed' "$(in_windows | grep -v "$kept")" ''
flush
is 'at the end: nothing is left on the CXL bus' "$(bus_devices)" "$idle"
[ ! -e /sys/module/cxl_pci ] || rmmod cxl_pci
ok 'cxl_mem unloads' rmmod cxl_mem
done_testing
