# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# functions.sh PART...: a device has more than one function. PART is one of the functions below; each says
# which machine it needs.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)
modprobe -a cxl_acpi cxl_pmem dax_cxl cxl_mem
idle=$(bus_devices)

# flr ADDRESS: a reset of that function alone
flr() {
	echo flr >"$PCI/$1/reset_method" && echo 1 >"$PCI/$1/reset"
}

# alone WHAT: no reset that would hit the other function, too
alone() {
	for method in bus cxl_bus; do
		nok "$1: no reset by $method" \
			sh -c "echo $method >$PCI/$dev0/reset_method && echo 1 >$PCI/$dev0/reset"
	done
}

# fatal_error WHAT DEV: the bus is reset, and with it both functions.
fatal_error() {
	log_mark
	ok "$1: a fatal error" host-monitor pcie_aer_inject_error "$2" DLP
	ok "$1: its recovery ends" wait_for 20 log_has 'AER: device recovery (successful|failed)'
}

# ---- hb(two,empty), all:hdm-d: two accelerators; QEMU does not decode the memory of the second ----

twins() {
	ok 'the driver loads' insmod /modules/odd_accel.ko
	ok 'function 0 is attached' attached dev0
	ok 'function 1 is attached' attached dev1
	hpa0=$(hpa dev0) hpa1=$(hpa dev1)
	ok 'each has a range of its own' test "$hpa0" != "$hpa1"
	for turn in 1 2 3; do
		pci_unbind odd_accel "$dev0"
		ok "turn $turn: function 1 stays attached" attached dev1
		pci_bind odd_accel "$dev0"
		ok "turn $turn: function 0 is attached" attached dev0
		pci_unbind odd_accel "$dev1"
		ok "turn $turn: function 0 stays attached" attached dev0
		pci_bind odd_accel "$dev1"
		ok "turn $turn: function 1 is attached" attached dev1
	done
	is 'each has what it had' "$(hpa dev0) $(hpa dev1)" "$hpa0 $hpa1"
	flush
	is 'nothing was taken for a loss' "$(dmesg | grep -c 'unexpected detach')" 0

	delete_region "$(region dev1)"
	ok 'region of function 1 deleted: its driver is released' wait_for 10 test ! -e "$PCI/$dev1/driver"
	ok 'region of function 1 deleted: function 0 stays attached' attached dev0
	ok 'region of function 1 deleted: it is attached again' bind_again odd_accel dev1

	alone 'two accelerators'
	for dev in dev0 dev1; do
		ok "$dev: a reset of the function" flr "$(eval "echo \$$dev")"
		ok "$dev: a reset of the function: function 0 is attached" attached dev0
		ok "$dev: a reset of the function: function 1 is attached" attached dev1
	done
	poke $((hpa0)) 0x0123456789ABCDEF
	fatal_error 'two accelerators' dev1
	is 'a fatal error: both were restored' "$(log_count 'CXL decoders restored')" 2
	ok 'a fatal error: function 0 is attached' attached dev0
	ok 'a fatal error: function 1 is attached' attached dev1
	is 'a fatal error: the memory of function 0 is there' "$(peek $((hpa0)))" 0x0123456789ABCDEF

	rmmod cxl_acpi
	ok 'cxl_acpi gone: both are released' wait_for 10 test ! -e "$PCI/$dev0/driver" -a ! -e "$PCI/$dev1/driver"
	modprobe cxl_acpi
	ok 'cxl_acpi back: function 0 is attached' wait_for 30 attached dev0
	ok 'cxl_acpi back: function 1 is attached' wait_for 30 attached dev1
	ok 'the driver unloads' rmmod odd_accel
}

# ---- hb(both,empty), dev0:hdm-d: function 1 is an expander ----

# One like any other, which comes after the accelerator, and is below the same port.
beside() {
	log_mark
	ok 'the driver loads' insmod /modules/odd_accel.ko
	ok 'the accelerator is attached' attached dev0
	modprobe cxl_pci
	ok "the expander's memdev is bound" bound cxl_mem "$(memdev dev1)"
	is "the expander's registers were nobody's" "$(log_count 'Failed to request region')" 0
	poke $(($(hpa dev0))) 0x0123456789ABCDEF
	fatal_error 'an expander beside' dev0
	is 'a fatal error, an expander beside: recovered' "$(log_count 'AER: device recovery successful')" 1
	ok 'a fatal error, an expander beside: attached' attached dev0
	is 'a fatal error, an expander beside: the memory is there' "$(peek $(($(hpa dev0))))" 0x0123456789ABCDEF
	ok "a fatal error, an expander beside: its memdev is bound" bound cxl_mem "$(memdev dev1)"
	pci_unbind odd_accel "$dev0"
	ok 'the accelerator is unbound: the memdev of the expander is bound' bound cxl_mem "$(memdev dev1)"
	pci_bind odd_accel "$dev0"
	rmmod cxl_pci
	ok 'the expander goes: the accelerator does not' attached dev0
	rmmod odd_accel
}

# And one that shows no Device DVSEC: it cannot be brought up, which is its driver's business.

# What the sibling is bound to, and its memdevs, with their drivers.
sibling_is() {
	driver_of "$PCI/$dev1"
	for sibling_mem in "$PCI/$dev1"/mem*; do
		echo "memdev: $(driver_of "$sibling_mem")"
	done
}

sibling() {
	at=$(dvsec "$dev1" 0000)
	ok 'the sibling shows no Device DVSEC' insmod /modules/config_accel.ko device="$dev1" offset=$((at)) \
		clear=0x20 set=0x08
	is 'the sibling has no Device DVSEC' "$(dvsec "$dev1" 0000)" ''
	unload_cxl
	load_stock
	stock=$(sibling_is | xargs)
	diag "with the stock modules the sibling is: $stock"
	unload_cxl
	modprobe -a cxl_acpi cxl_mem cxl_pci
	is 'the sibling is what it is with the stock modules' "$(sibling_is | xargs)" "$stock"
	unlike 'the sibling has a driver' "$stock" '^memdev'
	before=$(ls -d "$PCI/$dev1"/mem*)

	ok 'the driver loads' insmod /modules/odd_accel.ko
	ok 'the accelerator is attached' attached dev0
	for turn in 1 2 3; do
		pci_unbind odd_accel "$dev0"
		pci_bind odd_accel "$dev0"
	done
	ok 'the accelerator is attached again' attached dev0
	ok 'a reset of the accelerator' flr "$dev0"
	ok 'a reset of the accelerator: it is attached' attached dev0
	alone 'a sibling'
	is 'the sibling is what it was' "$(sibling_is | xargs)" "$stock"
	is 'so is its memdev' "$(ls -d "$PCI/$dev1"/mem*)" "$before"

	poke $(($(hpa dev0))) 0x0123456789ABCDEF
	fatal_error 'a sibling' dev0
	is 'a fatal error: restored' "$(log_count "$dev0: CXL decoders restored")" 1
	ok 'a fatal error: attached' attached dev0
	is 'a fatal error: the memory is there' "$(peek $(($(hpa dev0))))" 0x0123456789ABCDEF
	is 'a fatal error: the sibling is what it was' "$(sibling_is | xargs)" "$stock"

	ok "the sibling's driver unloads" rmmod cxl_pci
	ok 'the accelerator does not care' attached dev0
	ok 'the driver unloads' rmmod odd_accel
	rmmod config_accel
}

# ---- hb(acc),pcie(igb), dev0:hdm-d ----

# tried WHO: what was said to it, each time
tried() {
	log_new | sed -n "s/.*parts: $1: //p" | sort -u
}

auxiliary() {
	for way in aux async; do
		log_mark
		insmod /modules/parts_accel.ko where=$way
		is "$way: refused in words" "$(tried 'auxiliary driver')" \
			"-22 called from elsewhere than the device's own probe()"
		nok "$way: the parent is not attached" attached dev0
		rmmod parts_accel
		is "$way: nothing is left behind" "$(bus_devices)" "$idle"
	done
	insmod /modules/parts_accel.ko
	ok 'from its own probe(): attached' attached dev0
	rmmod parts_accel
}

virtual() {
	log_mark
	insmod /modules/parts_accel.ko
	is 'virtual function: refused in words' "$(tried 'virtual function')" \
		"-6 an SR-IOV virtual function: it is the physical one's memory"
	is 'virtual function: so it is told of registers' \
		"$(log_new | sed -n 's/.*01:10.0: no CXL registers: //p' | sort -u)" \
		"an SR-IOV virtual function: it is the physical one's memory"
	is 'virtual function: nor does it attach the physical one' \
		"$(tried 'physical function, from a virtual one')" \
		"-22 called from elsewhere than the device's own probe()"
	rmmod parts_accel
}

for part; do
	"$part"
done
flush
is 'nothing is left on the CXL bus' "$(bus_devices)" "$idle"
done_testing
