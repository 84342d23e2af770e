# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# power.sh WHAT...: dev0 is attached, and it, or the whole system, goes to sleep. WHAT is one of the functions
# below. The devices lose their decoders in D3hot.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

PARAMETERS=/sys/module/user_accel/parameters
dev0=$(pci_address dev0)

load_hierarchy
modprobe -a cxl_mem "$OURS"
idle=$(bus_devices)
usage=$(cat "$PCI/$dev0/power/runtime_usage")
ok 'a driver with power management loads' insmod /modules/user_accel.ko
ok 'dev0 is attached' attached dev0
hpa0=$(hpa dev0)

n=0
remember() {
	n=$((n + 1))
	pattern=$(printf '0x%016X' $((0x5eed000000000000 + n)))
	poke "$hpa0" "$pattern"
	log_mark
}

# intact WHAT
intact() {
	is "$1: dev0's memory is where it was" "$(peek "$hpa0")" "$pattern"
	ok "$1: it decodes" decodes "$hpa0"
	ok "$1: dev0 is attached" attached dev0
	is "$1: no unexpected detach" "$(log_count unexpected)" 0
}

power_state() {
	cat "$PCI/$dev0/power_state"
}
power_is() {
	[ "$(power_state)" = "$1" ]
}

# ---- at run time ----

# Its driver has given its reference back, as it would if it had no use of the memory now.
runtime() {
	remember
	echo auto >"$PCI/$dev0/power/control"
	sleep 1
	is 'runtime: dev0 is active' "$(cat "$PCI/$dev0/power/runtime_status")" active
	is 'runtime: its driver is not asked to suspend it' "$(log_count 'user: runtime suspend')" 0
	is 'runtime: it is in D0' "$(power_state)" D0
	intact runtime
	echo on >"$PCI/$dev0/power/control"
}

# And when it is not attached it is its driver's affair.
runtime_detached() {
	remember
	pci_unbind user_accel "$dev0"
	echo 0 >$PARAMETERS/attach
	ok 'not attached: bound' pci_bind user_accel "$dev0"
	echo auto >"$PCI/$dev0/power/control"
	ok 'not attached: dev0 suspends' wait_for 10 power_is D3hot
	echo on >"$PCI/$dev0/power/control"
	pci_unbind user_accel "$dev0"
	is 'not attached: its decoders are lost' "$(peek "$hpa0" | sed "s/$pattern/there/")" 0x0000000000000000
	echo 1 >$PARAMETERS/attach
	log_mark
	ok 'not attached, and attached again: bound' pci_bind user_accel "$dev0"
	is 'not attached, and attached again: decoders were lost' "$(log_count 'CXL decoders restored')" 1
	intact 'not attached, and attached again'
}

# ---- D3cold: see tests/qemu/slot-power.hex ----

port=$(basename "$(dirname "$(readlink -f "$PCI/$dev0")")")
port_is() {
	[ "$(cat "$PCI/$port/power_state")" = "$1" ]
}

# The port above may sleep, and has the slot switched off then. QEMU would let go of what is in it, did its power
# indicator not say that it is on.
d3cold() {
	remember
	setpci -s "$port" CAP_EXP+18.w=0100:0300
	echo 1 >"$PCI/$port/d3cold_allowed"
	echo auto >"$PCI/$port/power/control"
	echo auto >"$PCI/$dev0/power/control"
	sleep 3
	is 'D3cold: of an attached function the port above is active' "$(cat "$PCI/$port/power/runtime_status")" active
	ok 'D3cold: and in D0' port_is D0
	intact 'D3cold, attached'

	remember
	pci_unbind user_accel "$dev0"
	ok 'D3cold, unbound: the port above is in it' wait_for 20 port_is D3cold
	ok 'D3cold, unbound: so is dev0' power_is D3cold
	ok 'D3cold, and back: bound' pci_bind user_accel "$dev0"
	is 'D3cold, and back: decoders were lost' "$(log_count 'CXL decoders restored')" 1
	intact 'D3cold, and back'
	echo on >"$PCI/$dev0/power/control"
}

# ---- the system ----

# sleep_to LEVEL STATE: suspend up to a level of pm_test, for a second
sleep_to() {
	echo 1 >/sys/module/suspend/parameters/pm_test_delay
	echo "$1" >/sys/power/pm_test && echo "$2" >/sys/power/state
}

s2idle() {
	remember
	ok 's2idle: the system goes to sleep, and comes back' sleep_to platform freeze
	is 's2idle: its driver has heard of it' "$(log_new | sed -n 's/.*user: //p' | xargs)" 'suspend resume'
	is 's2idle: dev0 is in D0' "$(power_state)" D0
	intact s2idle
}

suspend_to_ram() {
	echo deep >/sys/power/mem_sleep && sleep_to "$1" mem
}
hibernate() {
	sleep_to "$1" disk
}
has_hibernation() {
	[ -e /sys/power/disk ]
}

# refused WHAT
refused() {
	remember
	is "$1: not offered: suspend to RAM" "$(grep -c deep /sys/power/mem_sleep)" 0
	nok "$1: refused: suspend to RAM" suspend_to_ram devices
	if has_hibernation; then
		is "$1: not offered: hibernation" "$(cat /sys/power/disk)" '[disabled]'
		nok "$1: refused: hibernation" hibernate devices
	fi
	intact "$1"
}

deeper_sleep() {
	refused attached
	pci_unbind user_accel "$dev0"
	is 'unbound: offered: suspend to RAM' "$(grep -c deep /sys/power/mem_sleep)" 1
	ok 'unbound: suspend to RAM' suspend_to_ram platform
	if has_hibernation; then
		unlike 'unbound: offered: hibernation' "$(cat /sys/power/disk)" disabled
		ok 'unbound: hibernation' hibernate devices
	fi
	pci_bind user_accel "$dev0"
	refused 'bound again'
}

# With the hierarchy gone the function is without memory, whatever its driver.
deeper_sleep_lost() {
	modprobe -r cxl_acpi
	ok 'lost: dev0 is released' wait_for 10 [ ! -e "$PCI/$dev0/driver" ]
	is 'lost: offered: suspend to RAM' "$(grep -c deep /sys/power/mem_sleep)" 1
	modprobe cxl_acpi
	ok 'lost: it is bound again' bind_again user_accel dev0
	refused 'back'
}

# A probe() that the system's sleep overtakes before the attach, in a worker that nothing waits for: the driver
# core lets nobody be bound meanwhile, a memdev neither.
blocked() {
	remember
	pci_unbind user_accel "$dev0"
	echo 5000 >$PARAMETERS/delay
	echo "$dev0" >$PARAMETERS/worker
	ok 'blocked: the probe is under way' wait_for 10 log_has "$dev0: user: waiting"
	echo 0 >$PARAMETERS/delay
	log_mark
	ok 'blocked: the system goes to sleep, and comes back' sleep_to devices freeze
	ok 'blocked: dev0 is attached in the end' wait_for 20 attached dev0
	is 'blocked: the attach was put off' "$(log_count "$dev0: CXL attach deferred: .* suspended")" 1
	is 'blocked: it did not fail' "$(log_count 'CXL attach failed')" 0
	is 'blocked: it was tried twice' "$(log_count 'user: attaching')" 2
	intact blocked
}

for what; do
	$what
done

pci_unbind user_accel "$dev0"
ok 'the driver unloads' rmmod user_accel
is 'driver unloaded: all is gone from the CXL bus' "$(bus_devices)" "$idle"
is 'driver unloaded: dev0 has its runtime references, and no more' "$(cat "$PCI/$dev0/power/runtime_usage")" \
	"$usage"
ok "$OURS unloads" rmmod "$OURS"

done_testing
