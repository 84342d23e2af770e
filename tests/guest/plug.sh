# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# plug.sh WHAT...: an accelerator goes out of its slot, and another comes into it, while user space has its
# memory mapped and uses it. WHAT is one of the functions below; turns200 is 200 turns, races50 are 50 races.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
port=$(basename "$(dirname "$(readlink -f "$PCI/$dev0")")")

# find_slot ADDRESS: sets slot to that of what is at ADDRESS
find_slot() {
	for slot in /sys/bus/pci/slots/*; do
		[ "$(cat "$slot/address")" != "${1%.*}" ] || return 0
	done
}
find_slot "$dev0"

load_hierarchy
modprobe -a cxl_mem "$OURS"
idle=$(bus_devices)
log_mark
ok 'a driver with memory for user space loads' insmod /modules/user_accel.ko runtime_pm=0
ok 'dev0 is attached' attached dev0
hpa0=$(hpa dev0)
window=$(cat "$CXL/decoder0.0/start")
# The slot tells of each device that comes or goes. Where there is a button, that is turned off, and a device
# that comes is found when the button has blinked.
setpci -s "$port" CAP_EXP+18.w=0008:0008

gone() {
	[ ! -e "$PCI/$dev0" ]
}
# came ADDRESS: what was plugged in has been offered to the driver, which has refused it. To write there waits
# for the end of that.
failed() {
	[ "$(cat "$PCI/$1/cxl_accel/state" 2>/dev/null)" = failed ]
}
came() {
	wait_for 30 failed "$1" && echo user_accel >"$PCI/$1/driver_override"
}

# ---- traffic ----

# traffic BYTES: user space maps and uses the memory, until that goes. What it said the time before is not to be taken
# for its own.
traffic() {
	rm -f /tmp/traffic
	mmap_traffic "/dev/accel-$dev0" "$1" >/tmp/traffic 2>/tmp/traffic.err &
	traffic=$!
	wait_for 30 grep -q mapped /tmp/traffic
}
# What it has seen when the memory went. It speaks at its end; a shell that is not its parent cannot wait for that.
traffic_saw() {
	wait_for 10 grep -q SIGBUS /tmp/traffic || kill "$traffic"
	sed 1d /tmp/traffic
}

# ---- in and out ----

nr=10
# What QEMU has: a memory object is used once.
backend() {
	nr=$((nr + 1))
	host-monitor object_add "memory-backend-ram,id=vmem$nr,size=$1"
}
# device_add TYPE PORT N: as devN
device_add() {
	host-monitor device_add "$1,bus=$2,volatile-memdev=vmem$nr,id=dev$3,sn=0xd$3" >/tmp/monitor
}

# QEMU gives its name free some time after the guest let go of it.
# plug_in SIZE TYPE
plug_in() {
	backend "$1"
	wait_for 30 device_add "$2" rp0 0 || cat /tmp/monitor
	came "$dev0"
}

# What firmware with support for hot-plug does: the ports above go on decoding.
# commit: dev0 decodes the range that the one before it did
commit() {
	bar=$(sed -n '1s/ .*//p' "$PCI/$dev0/resource")
	setpci -s "$dev0" COMMAND=0x6:0x6
	hdm=$((bar + 0x1000 + $(hdm_offset "$bar")))
	commit_at $((hdm + 0x10)) "$hpa0" $SIZE
	devmem $((hdm + 0x04)) 32 2
}
# commit_at DECODER BASE SIZE
commit_at() {
	devmem "$1" 32 $(($2 & 0xffffffff))
	devmem $(($1 + 4)) 32 $(($2 >> 32))
	devmem $(($1 + 8)) 32 $(($3 & 0xffffffff))
	devmem $(($1 + 12)) 32 $(($3 >> 32))
	devmem $(($1 + 16)) 32 0x200
}

# By a request of the operator's, as the attention button is one; but at once.
orderly() {
	echo 0 >"$slot/power"
}

# The attention button: it blinks for five seconds.
button() {
	host-monitor device_del dev0
}

surprise() {
	pull_out "$port"
}

# Nothing is left that belonged to the device.
none_left() {
	is "$1: nothing of it is left on the CXL bus" "$(bus_devices)" "$idle"
	is "$1: no region is left" "$(grep -c region /proc/iomem)" 0
	is "$1: its range is not reserved any more" "$(grep "cxl_accel.$dev0" /proc/iomem)" ''
}

# out HOW: with traffic
out() {
	log_mark
	ok "$1: user space uses the memory" traffic $SIZE
	"$1"
	ok "$1: dev0 is out" wait_for 30 gone
	is "$1: user space got SIGBUS, and nothing wrong before" "$(traffic_saw)" 'SIGBUS after traffic, 0 wrong'
	is "$1: its driver's remove() has run once" "$(log_count "$dev0: user: removed")" 1
	none_left "$1"
}

# in_again WHAT
in_again() {
	log_mark
	ok "$1: another is plugged in" plug_in 256M cxl-type2
	is "$1: nobody has committed its decoders" "$(cat "$PCI/$dev0/cxl_accel/status")" NOT_COMMITTED
	commit
	ok "$1: another can be bound" pci_bind user_accel "$dev0"
	ok "$1: another is attached" attached dev0
	is "$1: at the same place" "$(hpa dev0)" "$hpa0"
	ok "$1: its memory decodes" decodes "$hpa0"
	is "$1: the range is reserved for it" "$(grep -c "cxl_accel.$dev0" /proc/iomem)" 1
}

by_order() {
	out orderly
	in_again orderly
}

by_button() {
	out button
	in_again button
}

by_surprise() {
	out surprise
	in_again surprise
}

# A process that slept through all of it wakes up in another device's range.
late_process() {
	what='stopped process'
	ok "$what: user space uses the memory" traffic $SIZE
	kill -STOP "$traffic"
	orderly
	ok "$what: dev0 is out" wait_for 30 gone
	ok "$what: another is plugged in" plug_in 256M cxl-type2
	commit
	ok "$what: another is bound" pci_bind user_accel "$dev0"
	poke "$hpa0" 0x0123456789ABCDEF
	kill -CONT "$traffic"
	is "$what: it gets SIGBUS" "$(traffic_saw)" 'SIGBUS after traffic, 0 wrong'
	is "$what: the other device's memory was not touched" "$(peek "$hpa0")" 0x0123456789ABCDEF
}

# Another part of the window is committed to it, up to the bridge, before there is a hierarchy.
other_size() {
	what='another size'
	orderly
	ok "$what: dev0 is out" wait_for 30 gone
	none_left "$what"
	modprobe -r cxl_acpi
	ok "$what: one with twice the memory is plugged in" plug_in 512M cxl-type2
	setpci -s "$dev0" COMMAND=0x6:0x6
	ok "$what: firmware commits all of it" platform-firmware 0xd0:hdm-d/at=+1G
	echo $((2 * SIZE)) >/sys/module/user_accel/parameters/capacity
	modprobe cxl_acpi
	ok "$what: with the hierarchy back it is attached" wait_for 30 attached dev0
	is "$what: it is where firmware has put it" "$(hpa dev0)" "$(printf 0x%x $((window + (1 << 30))))"
	is "$what: it has twice the memory" "$(cat "$CXL/$(region dev0)/size")" "$(printf 0x%x $((2 * SIZE)))"
	ok "$what: user space uses all of it" traffic $((2 * SIZE))
	orderly
	ok "$what: it is out" wait_for 30 gone
	is "$what: user space got SIGBUS" "$(traffic_saw)" 'SIGBUS after traffic, 0 wrong'
	none_left "$what"
	echo $((SIZE)) >/sys/module/user_accel/parameters/capacity
	in_again "$what, and back"
}

# switch_out HOW: the switch that dev0 and dev1 are below, out of the root port's slot
switch_out() {
	up=$(dirname "$(dirname "$(readlink -f "$PCI/$dev0")")")
	port=$(basename "$(dirname "$up")")
	up=${up##*/}
	find_slot "$up"
	log_mark
	ok "switch, $1: user space uses the memory" traffic $SIZE
	"$1"
	ok "switch, $1: all of it is out" wait_for 30 [ ! -e "$PCI/$up" ]
	is "switch, $1: user space got SIGBUS" "$(traffic_saw)" 'SIGBUS after traffic, 0 wrong'
	is "switch, $1: the driver's remove() has run once" "$(log_count 'user: removed')" 1
	none_left "switch, $1"
}
switch_by_order() {
	switch_out orderly
}
switch_by_surprise() {
	switch_out surprise
}

# Somebody holds dev1's device lock, for which whoever tidies up after dev0 waits. Meanwhile another device comes
# into dev0's slot, and to its range.
late_tidying() {
	what='late tidying'
	dev1=$(pci_address dev1)
	log_mark
	echo 40000 >/sys/module/user_accel/parameters/delay
	echo "$dev1" >/sys/module/user_accel/parameters/worker
	ok "$what: dev1 is being probed" wait_for 10 log_has "$dev1: user: waiting"
	echo 0 >/sys/module/user_accel/parameters/delay
	orderly
	ok "$what: dev0 is out" wait_for 30 gone
	in_again "$what"
	is "$what: dev1 is still being probed" "$(log_count "$dev1: user: attaching")" 0
	ok "$what: dev1 is not any more" wait_for 60 log_has "$dev1: user: bound by a worker"
	sleep 1
	is "$what: the range is still reserved for dev0" "$(grep -c "cxl_accel.$dev0" /proc/iomem)" 1
	orderly
	ok "$what: dev0 is out once more" wait_for 30 gone
	sleep 1
	none_left "$what"
	in_again "$what, and back"
}

# Of a turn, whose number is in n: another is where dev0 was.
replaced() {
	wait_for 30 gone || echo "turn $n: dev0 is not out"
	[ "$(bus_devices)" = "$idle" ] || echo "turn $n: left: $(bus_devices)"
	! grep -E "region|cxl_accel.$dev0" /proc/iomem || echo "turn $n: left"
	plug_in 256M cxl-type2
	# Unless QEMU still has it for a moment.
	host-monitor object_del vmem$((nr - 1)) >/dev/null
	commit
}

# Another one is in the slot, and bound: what is not as it was is said.
attached_anew() {
	replaced
	pci_bind user_accel "$dev0" || echo "turn $n: did not bind"
	attached dev0 || echo "turn $n: is not attached"
	[ "$(hpa dev0)" = "$hpa0" ] || echo "turn $n: is elsewhere"
}

# turns N: orderly and by surprise in turn, with traffic
turns() {
	n=0
	while [ $n -lt "$1" ]; do
		n=$((n + 1))
		traffic $((SIZE / 16)) || echo "turn $n: no traffic"
		if [ $((n % 2)) = 0 ]; then
			orderly
		else
			surprise
		fi
		saw=$(traffic_saw)
		if [ "$saw" != 'SIGBUS after traffic, 0 wrong' ]; then
			wait "$traffic"
			echo "turn $n: user space saw: $saw, and ended with status $?"
		fi
		attached_anew
	done >/tmp/wrong 2>&1
	is "$1 turns: each was complete" "$(head -n 20 /tmp/wrong)" ''
}

# races N: it is pulled out while it is being bound, sooner and later
races() {
	n=0
	pci_unbind user_accel "$dev0"
	while [ $n -lt "$1" ]; do
		n=$((n + 1))
		surprise &
		sleep "0.$((n % 4))$((n % 10))"
		pci_bind user_accel "$dev0" 2>/dev/null
		wait $!
		replaced
	done >/tmp/wrong 2>&1
	pci_bind user_accel "$dev0"
	is "$1 races: nothing was left of any" "$(head -n 20 /tmp/wrong)" ''
	ok "$1 races: dev0 is attached in the end" attached dev0
	ok "$1 races: its memory decodes" decodes "$hpa0"
	diag "pulled before the attach had ended: $(($1 - $(log_count 'user: attach: 0')))"
}

# resets N: it is taken out while it is being reset. One that is pulled out the PCI core waits for, for 65 seconds.
resets() {
	n=0
	while [ $n -lt "$1" ]; do
		n=$((n + 1))
		while echo 1 >"$PCI/$dev0/reset"; do :; done 2>/dev/null &
		resetting=$!
		sleep "0.$((n % 3))$((n % 10))"
		orderly
		wait $resetting
		attached_anew
	done >/tmp/wrong 2>&1
	is "$1 times out during a reset: nothing was left of any" "$(head -n 20 /tmp/wrong)" ''
	ok "$1 times out during a reset: its memory decodes" decodes "$hpa0"
}

# The link of what is plugged in did not train as CXL.mem: the Flex Bus status says so.
not_cxl() {
	what='a link that is not CXL'
	orderly
	ok "$what: dev0 is out" wait_for 30 gone
	ok "$what: another is plugged in" plug_in 256M cxl-type2-raw
	commit
	setpci -s "$dev0" "$(printf %x.w $(($(dvsec "$dev0" 0007) + 0xe)))=0001"
	log_mark
	nok "$what: it is not bound" pci_bind user_accel "$dev0"
	is "$what: sysfs says why" "$(cat "$PCI/$dev0/cxl_accel/status")" LINK_NOT_CXL
	is "$what: the log says why" "$(log_count "$dev0: error .*: the link did not train as CXL.mem")" 1
	is "$what: nothing is left behind" "$(bus_devices)" "$idle"
	orderly
	ok "$what: it is out" wait_for 30 gone
	in_again "$what, and back"
}

# dev1, in a port that knows nothing of CXL.
pci_only() {
	what='PCI-only'
	dev1=$(pci_address dev1)
	host-monitor device_del dev1
	ok "$what: dev1 is out" wait_for 30 [ ! -e "$PCI/$dev1" ]
	backend 256M
	wait_for 30 device_add cxl-type2 pp0 1
	log_mark
	ok "$what: another is plugged in" came "$dev1"
	nok "$what: it is not bound" pci_bind user_accel "$dev1"
	is "$what: sysfs says why" "$(cat "$PCI/$dev1/cxl_accel/status")" PCI_ONLY
	is "$what: the log says why" "$(log_count "$dev1: error .*: the device is in a PCI-only slot")" 2
	ok "$what: dev0 is attached" attached dev0
	ok "$what: its memory decodes" decodes "$hpa0"
}

for part; do
	case $part in
	*[0-9]) "${part%%[0-9]*}" "${part##*[a-z]}" ;;
	*) "$part" ;;
	esac
done

ok 'the driver unloads' rmmod user_accel
is 'driver unloaded: all is gone from the CXL bus' "$(bus_devices)" "$idle"
ok "$OURS unloads" rmmod "$OURS"
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
