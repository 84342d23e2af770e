# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# reset.sh DRIVER CAPACITY [PARAMETER=VALUE] WHAT...: DRIVER is bound to dev0, which has so many MiB, and to
# dev1; dev0 is reset. WHAT is one of the functions below.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

driver=$1 capacity=$(($2 << 20)) parameter=
shift 2
case $1 in
*=*)
	parameter=$1
	shift
	;;
esac
PARAMETERS=/sys/module/$driver/parameters
dev0=$(pci_address dev0)
dev1=$(pci_address dev1)
port=$(basename "$(dirname "$(readlink -f "$PCI/$dev0")")")

load_hierarchy
modprobe cxl_mem

load() {
	insmod "/modules/$driver.ko" "$@" && attached dev0
}

# From 7.0 on cxl_pci uses cxl_mem.
unload_mem() {
	[ ! -e /sys/module/cxl_mem/holders/cxl_pci ] || rmmod cxl_pci || return
	rmmod cxl_mem || return
	[ "$OURS" = cxl_mem ] || rmmod "$OURS"
}

# ---- registers ----

cxl_dvsec=$(dvsec "$dev0" 0000)
bar=$(sed -n '1s/ .*//p' "$PCI/$dev0/resource")
hdm=$((bar + 0x1000 + $(hdm_offset "$bar")))

# All that says what dev0 decodes: CXL control, control 2, lock and ranges; HDM decoders that are committed.
registers() (
	for at in 0x0c.w 0x10.w 0x14.w 0x18.l 0x1c.l 0x20.l 0x24.l; do
		echo "$at=$(setpci -s "$dev0" "$(printf %x $((cxl_dvsec + ${at%.*}))).${at#*.}")"
	done
	echo "hdm=$(devmem $((hdm + 4)) 32)"
	for decoder in $((hdm + 0x10)) $((hdm + 0x30)); do
		[ $(($(devmem $((decoder + 0x10)) 32) & 0x400)) != 0 ] || continue
		for at in 0x00 0x04 0x08 0x0c 0x10 0x14 0x18; do
			echo "$at=$(devmem $((decoder + at)) 32)"
		done
	done
)

decoder0() {
	devmem $((hdm + 0x20)) 32
}

# ---- resets ----

# reset_by METHOD: of dev0
reset_by() {
	unmask_reset "$dev0" && echo "$1" >"$PCI/$dev0/reset_method" && echo 1 >"$PCI/$dev0/reset"
}

state() {
	cat "$PCI/$dev0/cxl_accel/state"
}
state_is() {
	[ "$(state)" = "$1" ]
}

# as_before WHAT: after a reset
as_before() {
	is "$1: registers are what they were" "$(registers | xargs)" "$before"
	is "$1: dev0's memory is where it was" "$(peek "$hpa0")" "$pattern"
	ok "$1: dev0 is attached" attached dev0
	is "$1: sysfs says so" "$(state)" attached
	ok "$1: dev1 is attached" attached dev1
}

n=0
remember() {
	n=$((n + 1))
	hpa0=$(hpa dev0)
	pattern=$(printf '0x%016X' $((0x5eed000000000000 + n)))
	poke "$hpa0" "$pattern"
	before=$(registers | xargs)
	log_mark
}

# What the hardware does without us, or nothing of this is a test.
while_bound() {
	for method in bus cxl_bus; do
		remember
		ok "$method: reset" reset_by $method
		as_before $method
		is "$method: decoders were lost, and restored" "$(log_count 'CXL decoders restored')" 1
		is "$method: nobody was released" "$(log_count 'removed|unexpected')" 0
	done
}

# One of the function leaves CXL.mem alone (CXL 3.1, 9.5), if the device does as it should; coming back from D3hot
# does not. See tests/qemu/cxl-type2.c.
of_function() {
	remember
	ok 'flr: reset' reset_by flr
	as_before flr
	is 'flr: nothing was lost' "$(log_count 'CXL decoders restored')" 0

	fault d3
	for method in flr pm; do
		remember
		ok "$method that loses: reset" reset_by $method
		as_before "$method that loses"
		is "$method that loses: decoders were lost, and restored" "$(log_count 'CXL decoders restored')" 1
		is "$method that loses: nobody was released" "$(log_count 'removed|unexpected')" 0
	done

	remember
	pci_unbind "$driver" "$dev0"
	ok 'flr that loses, unbound: reset' reset_by flr
	is 'flr that loses, unbound: nothing is committed' "$(decoder0)" 0x00000000
	pci_bind "$driver" "$dev0"
	as_before 'flr that loses, bound after that'
	fault 00
}

# A virtual machine monitor has it for a while: vfio-pci lets it sleep while nobody has opened it, and resets it.
by_vfio() {
	modprobe -a vfio_pci vfio_iommu_type1
	echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
	remember
	pci_unbind "$driver" "$dev0"
	echo vfio-pci >"$PCI/$dev0/driver_override"
	ok 'vfio: vfio-pci binds it' pci_bind vfio-pci "$dev0"
	group=$(basename "$(readlink "$PCI/$dev0/iommu_group")")
	mkdir -p /dev/vfio
	ok 'vfio: it is opened and reset' vfio_open "$group" "$dev0"
	ok 'vfio: it sleeps' wait_for 10 grep -q D3hot "$PCI/$dev0/power_state"
	ok 'vfio: dev1 is attached' attached dev1
	pci_unbind vfio-pci "$dev0"
	is 'vfio: nothing is committed' "$(decoder0)" 0x00000000
	echo >"$PCI/$dev0/driver_override"
	ok 'vfio: back to its driver' pci_bind "$driver" "$dev0"
	as_before 'back from vfio'
	is 'back from vfio: decoders were lost, and restored' "$(log_count 'CXL decoders restored')" 1
}

while_unbound() {
	remember
	pci_unbind "$driver" "$dev0"
	ok 'unbound: reset' reset_by cxl_bus
	is 'unbound: nothing is committed' "$(decoder0)" 0x00000000
	pci_bind "$driver" "$dev0"
	[ "$driver" != vendor_accel ] || poke "$hpa0" "$pattern"
	as_before 'bound after that'
}

# Decoders that cxl_core makes of DVSEC ranges: by those QEMU does not decode, so it is the registers that tell.
emulated() {
	is 'DVSEC ranges: no HDM decoder is enabled' $(($(devmem $((hdm + 4)) 32) & 2)) 0
	before=$(registers | xargs)
	log_mark
	ok 'DVSEC ranges: reset' reset_by cxl_bus
	is 'DVSEC ranges: registers are what they were' "$(registers | xargs)" "$before"
	is 'DVSEC ranges: they were lost, and restored' "$(log_count 'CXL decoders restored')" 1
	ok 'DVSEC ranges: dev0 is attached' attached dev0
	pci_unbind "$driver" "$dev0"
	ok 'DVSEC ranges: reset while unbound' reset_by cxl_bus
	is 'DVSEC ranges: Mem_Enable is lost' $((0x$(setpci -s "$dev0" "$(printf %x.w $((cxl_dvsec + 0xc)))") & 4)) 0
	pci_bind "$driver" "$dev0"
	is 'DVSEC ranges, bound after that: registers are what they were' "$(registers | xargs)" "$before"
	ok 'DVSEC ranges, bound after that: dev0 is attached' attached dev0
}

# The driver's own callbacks are called, and find the memory.
callbacks() {
	remember
	ok 'callbacks: reset' reset_by cxl_bus
	is 'callbacks: all in order, and the memory is there' \
		"$(log_new | sed -n "s/.*$dev0: \(odd: \|CXL \)/\1/p" | tr A-F a-f)" \
		"$(printf '%s\n' "odd: reset_prepare: $pattern" 'CXL decoders restored after a reset' \
			"odd: reset_done: $pattern" 'odd: suspect: 0' | tr A-F a-f)"
}

# not_restored WHAT: dev0's driver is released
not_restored() {
	ok "$1: sysfs says that the memory is lost" wait_for 10 state_is lost
	ok "$1: the driver is released" wait_for 10 [ ! -e "$PCI/$dev0/driver" ]
	is "$1: its reset_done() was told" "$(log_count "$dev0: odd: suspect: 1")" 1
	is "$1: the log says why" "$(log_count "$dev0: error -.*: CXL decoders not restored after a reset")" 1
	ok "$1: dev1 is attached" attached dev1
}

silent() {
	remember
	saved=$(setpci -s "$dev0" BASE_ADDRESS_0.l)
	setpci -s "$dev0" BASE_ADDRESS_0.l=00000004
	ok 'silent: reset' reset_by cxl_bus
	not_restored silent
	setpci -s "$dev0" "BASE_ADDRESS_0.l=$saved"
	pci_bind "$driver" "$dev0"
	as_before 'silent, and bound when it answers'
}

# No commit comes: see tests/qemu/cxl-type2.c
deaf() {
	remember
	setpci -s "$dev0" fff.b=df
	ok 'deaf: reset' reset_by cxl_bus
	not_restored deaf
	like 'deaf: it is the commit' "$(log_new)" 'ETIMEDOUT.*not restored'
	log_mark
	pci_bind "$driver" "$dev0" || true
	is 'deaf: no attach' "$(state)" failed
	is 'deaf: the log says why' "$(log_count 'ETIMEDOUT.*not restored')" 1
	setpci -s "$dev0" fff.b=00
	pci_unbind "$driver" "$dev0" || true
	ok 'not deaf any more: reset' reset_by cxl_bus
	pci_bind "$driver" "$dev0"
	as_before 'not deaf any more'
}

# The error handlers of a driver are stood in for as long as one of its devices is attached.
sibling() {
	pci_unbind "$driver" "$dev1"
	remember
	ok 'sibling unbound: reset' reset_by cxl_bus
	is 'sibling unbound: registers are what they were' "$(registers | xargs)" "$before"
	pci_bind "$driver" "$dev1"
	ok 'sibling bound again: reset' reset_by cxl_bus
	as_before 'sibling bound again'
}

# ---- CXL reset: see tests/qemu/cxl-type2.c for what the last byte of config space does to it ----

cxl_reset() {
	echo 1 >"$PCI/$dev0/cxl_reset"
}
cxl_capabilities() {
	setpci -s "$dev0" "$(printf %x.w $((cxl_dvsec + 0xa)))$1"
}
fault() {
	setpci -s "$dev0" "fff.b=$1"
}

# offer_cxl_reset [PARAMETER=VALUE]: with a cache write-back, and that it takes no more than a second. It is
# looked for when a driver first attaches.
offer_cxl_reset() {
	rmmod "$driver" && unload_mem
	cxl_capabilities "=$(printf %x $((0x$(cxl_capabilities) | 0x2c0)))"
	modprobe cxl_mem
	ok 'CXL reset: loaded again' load capacity="$capacity" "$@"
	remember
}

by_cxl_reset() {
	ok 'CXL reset: no file where the device does not offer it' [ ! -e "$PCI/$dev0/cxl_reset" ]
	offer_cxl_reset
	ok 'CXL reset' cxl_reset
	is 'CXL reset: decoders were lost, and restored' "$(log_count 'CXL decoders restored')" 1
	is 'CXL reset: the device says that it is done' \
		$((0x$(setpci -s "$dev0" "$(printf %x.w $((cxl_dvsec + 0x12)))") & 2)) 2
	as_before 'CXL reset'
	[ "$driver" != odd_accel ] || is 'CXL reset: the driver is told, before and after' \
		"$(log_count 'odd: reset_(prepare|done)')" 2

	nok 'CXL reset: nothing else can be written' sh -c "echo 2 >$PCI/$dev0/cxl_reset"
	fault d0
	remember
	nok 'CXL reset, cache not written back: fails' cxl_reset
	is 'CXL reset, cache not written back: the log says so' "$(log_count 'CXL reset not begun: error -ETIMEDOUT')" 1
	as_before 'CXL reset, cache not written back'
}

# failed_cxl_reset NAME FAULT ERROR
failed_cxl_reset() {
	fault "$2"
	remember
	nok "CXL reset, $1: fails" cxl_reset
	is "CXL reset, $1: the log says so" "$(log_count "CXL reset failed: error -$3")" 1
	ok "CXL reset, $1: the driver is released" wait_for 10 [ ! -e "$PCI/$dev0/driver" ]
	is "CXL reset, $1: sysfs says that the memory is lost" "$(state)" lost
	nok "CXL reset, $1: not of a device that is not attached" cxl_reset
	fault 00
	pci_bind "$driver" "$dev0"
	as_before "CXL reset, $1, and bound again"
}
cxl_reset_fails() {
	failed_cxl_reset 'device fails' d2 EIO
	failed_cxl_reset 'device is silent' d1 ETIMEDOUT
}

# cxl_reset_refused NAME LOG
cxl_reset_refused() {
	nok "CXL reset, $1: refused" cxl_reset
	is "CXL reset, $1: the log says why" "$(log_count "$2")" 1
	as_before "CXL reset, $1"
}
cxl_reset_claimed() {
	offer_cxl_reset claim=1
	cxl_reset_refused 'the driver claims its memory' 'CXL reset not begun: error -EBUSY'
}
cxl_reset_unflushed() {
	offer_cxl_reset
	cxl_reset_refused 'below a hypervisor' "no CXL reset: the processors' caches cannot be flushed"
}

# ---- AER: the PCI core resets the bus, and leaves it to the driver to restore config space ----

recovery_ended() {
	log_has "$port: AER: device recovery $1"
}

# aer RECOVERY OUTCOME: the odd driver wants RECOVERY of a fatal error
aer() {
	remember
	printf %s "$1" >"$PARAMETERS/recovery"
	ok "AER, $1: a fatal error" host-monitor pcie_aer_inject_error dev0 DLP
	ok "AER, $1: recovery $2" wait_for 10 recovery_ended "$2"
}

aer_recovered() {
	for recovery in slot_reset resume; do
		aer $recovery successful
		is "AER, $recovery: decoders were lost, and restored" "$(log_count 'CXL decoders restored')" 1
		like "AER, $recovery: the driver finds its memory in $recovery()" "$(log_new)" \
			"odd: $recovery: $(printf 0x%x "$pattern")"
		[ $recovery = slot_reset ] || setpci -s "$dev0" COMMAND=6
		as_before "AER, $recovery"
	done
}

# An error of a switch has the PCI core reset the bus above it: its decoders go, and all below. A decoder
# that nobody wants any more is not brought back.
aer_switch() {
	usp=$(basename "$(dirname "$(dirname "$(readlink -f "$PCI/$dev0")")")")
	hpa1=$(hpa dev1)
	remember
	poke "$hpa1" "$pattern"
	printf slot_reset >"$PARAMETERS/recovery"
	ok 'switch: a fatal error' host-monitor pcie_aer_inject_error usp0 DLP
	ok 'switch: recovery successful' wait_for 20 log_has 'AER: device recovery successful'
	is 'switch: its decoders were lost, and restored, once' \
		"$(log_count "$usp: CXL decoders of the switch restored")" 1
	is 'switch: those of both devices, too' "$(log_count 'CXL decoders restored')" 2
	as_before 'switch'
	is "switch: dev1's memory is where it was" "$(peek "$hpa1")" "$pattern"
}

# Without error handlers, it is brought back and its driver released.
aer_no_handlers() {
	remember
	ok 'AER, no handlers: a fatal error' host-monitor pcie_aer_inject_error dev0 DLP
	ok 'AER, no handlers: the driver is released' wait_for 20 [ ! -e "$PCI/$dev0/driver" ]
	is 'AER, no handlers: sysfs says that the memory is lost' "$(state)" lost
	is 'AER, no handlers: the log says why' "$(log_count 'the driver has no error_detected')" 1
	pci_bind "$driver" "$dev0"
	as_before 'AER, no handlers, and bound again'
}

aer_given_up() {
	aer disconnect failed
	ok 'AER, disconnect: the driver is released' wait_for 10 [ ! -e "$PCI/$dev0/driver" ]
	is 'AER, disconnect: sysfs says that the memory is lost' "$(state)" lost
	is 'AER, disconnect: the log says why' "$(log_count 'the driver has given the device up')" 1
	ok 'AER, disconnect: dev1 is attached' attached dev1
}

# What another driver on the bus does to this one: no callback follows.
aer_no_end() {
	aer none failed
	sleep 95
	ok 'AER, no end: the driver is released' wait_for 20 [ ! -e "$PCI/$dev0/driver" ]
	is 'AER, no end: sysfs says that the memory is lost' "$(state)" lost
	is 'AER, no end: the log says why' "$(log_count 'recovery by AER has not come to its end')" 1
}

# ---- RAS: errors of CXL.cache and CXL.mem, which AER reports as internal ones ----

# inject WHAT ARGUMENTS: into dev0, which reports it
inject() {
	ok "RAS, $1: the device reports it" host-monitor \
		"{\"execute\": \"cxl-inject-$2, \"path\": \"/machine/peripheral/dev0\"}}"
}

# Internal errors are, until the driver restores config space.
not_fatal() {
	severity=$(printf %x.l $((aer + 0xc)))
	setpci -s "$dev0" "$severity=$(printf %x $((0x$(setpci -s "$dev0" "$severity") & ~0x400000)))"
}

# ras_told WHAT SUSPECT WHERE ERROR
ras_told() {
	ok "RAS, $1: the log says what it was" wait_for 20 log_has "$3: CXL uncorrectable error: $4\$"
	ras_recovered "$1" "$2"
	as_before "RAS, $1"
}
# ras_recovered WHAT SUSPECT
ras_recovered() {
	ok "RAS, $1: recovered" wait_for 20 recovery_ended successful
	is "RAS, $1: the driver is told whether its memory is suspect" \
		"$(log_new | sed -n "s/.*$dev0: odd: suspect: //p")" "$2"
}

ras() {
	ras=$((bar + 0x1000 + $(capability_offset "$bar" 2)))
	port_bar=$(sed -n '1s/ .*//p' "$PCI/$port/resource")
	aer=$(lspci -s "$dev0" -vv | sed -n 's/.*Capabilities: \[\([0-9a-f]*\).*Advanced Error Reporting.*/0x\1/p')
	printf slot_reset >"$PARAMETERS/recovery"
	is 'RAS: all is unmasked' "$(devmem $((ras + 4)) 32) $(devmem $((ras + 0x10)) 32)" '0x00000000 0x00000000'

	remember
	inject correctable 'correctable-error", "arguments": {"type": "mem-data-ecc"'
	ok 'RAS, correctable: the log says what it was' \
		wait_for 20 log_has "$dev0: CXL correctable error: memory data ECC\$"
	is 'RAS, correctable: it is cleared' "$(devmem $((ras + 0xc)) 32)" 0x00000000
	as_before 'RAS, correctable'

	remember
	not_fatal
	ok 'RAS, of CXL.io: the device reports it' host-monitor pcie_aer_inject_error dev0 0x400000
	ras_recovered 'of CXL.io' 0

	remember
	not_fatal
	inject uncorrectable 'uncorrectable-errors", "arguments": {"errors": [{"type": "mem-data-ecc", "header": [0]}]'
	ras_told uncorrectable 1 "$dev0" 'memory data ECC'
	is 'RAS, uncorrectable: it is cleared' "$(devmem "$ras" 32)" 0x00000000

	# QEMU has no way to inject it into a port, but lets the guest write the register.
	remember
	not_fatal
	devmem $((port_bar + 0x1000 + $(capability_offset "$port_bar" 2))) 32 0x4001
	ok "RAS, of the port: the device reports it" host-monitor pcie_aer_inject_error dev0 0x400000
	ras_told 'of the port' 1 "$port" 'cache data parity, internal'
	devmem $((port_bar + 0x1000 + $(capability_offset "$port_bar" 2))) 32 0
}

# against_unbind TURNS
against_unbind() {
	while [ ! -e /tmp/stop ]; do
		echo 1 >"$PCI/$dev0/reset" && echo
	done >/tmp/resets 2>/dev/null &
	turn=0
	while [ $turn -lt "$1" ]; do
		turn=$((turn + 1))
		pci_unbind "$driver" "$dev0" || echo "turn $turn: was not bound"
		pci_bind "$driver" "$dev0" || echo "turn $turn: did not bind"
	done >/tmp/wrong 2>&1
	: >/tmp/stop
	wait
	diag "resets: $(wc -l </tmp/resets)"
	is "reset against unbind, $1 turns: the driver comes and goes" "$(cat /tmp/wrong)" ''
	ok "reset against unbind, $1 turns: dev0 is attached" attached dev0
	ok "reset against unbind, $1 turns: its memory decodes" decodes "$(hpa dev0)"
}
races() {
	echo cxl_bus >"$PCI/$dev0/reset_method"
	against_unbind 100
}

# shellcheck disable=SC2086 # none or one
ok "$driver loads, dev0 is attached" load capacity="$capacity" $parameter
for what; do
	$what
done

log_mark
ok 'the driver unloads' rmmod "$driver"
is 'the driver has its error handlers back' "$(log_count 'somebody has kept')" 0
ok 'cxl_mem unloads' unload_mem

done_testing
