# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# told.sh FUNCTION...: dev0's driver asks to be told when its memory is lost (told_accel). FUNCTION is one of
# those below.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
STATE=$PCI/$dev0/cxl_accel
PARAMETERS=/sys/module/told_accel/parameters

# told LOSSES RETURNS: so often the driver was told, in all.
told() {
	[ "$(cat "$PCI/$dev0/told")" = "$*" ]
}

memory_is() {
	[ "$(cat "$PCI/$dev0/memory")" = "$1" ]
}

retry() {
	echo "$1" >"$PCI/$dev0/retry"
}

removals() {
	log_count "$dev0: removed"
}

is_bound() {
	[ "$(driver_of "$PCI/$dev0")" = told_accel ]
}

# Both sides have it: attached, at the place where firmware has put it, and it decodes.
is_attached() {
	attached dev0 && [ "$(cat "$STATE/state")" = attached ] && memory_is "$hpa0"
}

# What is at the beginning of a memory that nobody has reset.
mark() {
	poke "${hpa0% *}" "$1"
}
marked() {
	[ "$(peek "${hpa0% *}")" = "$1" ]
}

is_lost() {
	told "$1" "$2" && [ "$(cat "$STATE/state")" = lost ]
}

# lose WHAT CMD...: CMD takes the memory away, of which the driver is told; nothing else happens to it.
lose() {
	what=$1
	shift
	mark 0x00000000C0FFEE01
	log_mark
	read -r losses returns <"$PCI/$dev0/told"
	ok "$what: done" "$@"
	ok "$what: the driver is told, once" wait_for 30 is_lost $((losses + 1)) "$returns"
	flush
	is "$what: it is bound, without memory" "$(driver_of "$PCI/$dev0") $(cat "$PCI/$dev0/memory")" 'told_accel -6'
	is "$what: its remove() was not called" "$(removals)" 0
	is "$what: the reason says so" "$(cat "$STATE/reason")" \
		'unexpected detach: CXL memory is gone, the driver goes on without it'
	is "$what: nothing is left of memdev and region" "$(memdev dev0)$(grep -c region /proc/iomem)" 0
}

# As it was, the memory's content, too.
back() {
	ok "$what: and back" wait_for 30 is_attached
	ok "$what: what was in the memory is there" marked 0x00000000C0FFEE01
	is "$what: the CXL bus is as it was" "$(bus_devices)" "$full"
	is "$what: no dax device, no System RAM" "$(taken)" ''
}

back_by_itself() {
	ok "$what: the driver is told that CXL is back" wait_for 30 told $((losses + 1)) $((returns + 1))
	back
}

back_by_hand() {
	ok "$what: the driver attaches again, when it is asked to" retry 1
	ok "$what: told of no more" told $((losses + 1)) "$returns"
	back
}

# When it is over the device's registers are elsewhere, for a moment.
silent_reset() {
	bar=$(setpci -s "$dev0" BASE_ADDRESS_0.l) || return
	setpci -s "$dev0" BASE_ADDRESS_0.l=00000004
	echo cxl_bus >"$PCI/$dev0/reset_method" && echo 1 >"$PCI/$dev0/reset" || return
	setpci -s "$dev0" "BASE_ADDRESS_0.l=$bar"
	log_has 'not restored after a reset'
}

losses() {
	lose 'memdev unbound' cxl_unbind "$(memdev dev0)"
	back_by_hand
	lose 'endpoint unbound' cxl_unbind "$(endpoint dev0)"
	back_by_hand
	lose 'region deleted' delete_region "$(region dev0)"
	back_by_hand
	lose 'reset that it does not come out of' silent_reset
	back_by_hand
	lose 'cxl_acpi unbound' host unbind
	host bind
	back_by_itself
	lose 'cxl_acpi removed' rmmod cxl_acpi
	modprobe cxl_acpi
	back_by_itself
}

# It is for the driver to say.
not_kept() {
	log_mark
	echo "$2" >"$PARAMETERS/$3"
	ok "$1: memdev unbound" cxl_unbind "$(memdev dev0)"
	ok "$1: the driver is released" wait_for 30 [ ! -e "$PCI/$dev0/driver" ]
	is "$1: by one remove()" "$(removals)" 1
	is "$1: the reason says so" "$(cat "$STATE/state") $(cat "$STATE/reason")" \
		'lost unexpected detach: CXL memory is gone, the driver was released'
	ok "$1: the log says so" log_has "$4"
	echo 0 >"$PARAMETERS/$3"
	pci_bind told_accel "$dev0"
	ok "$1: and bound again: attached" is_attached
}
refusals() {
	not_kept 'detach() fails' 5 refuse "$dev0: the driver does not go on without CXL memory: -5"
	not_kept 'detach() is slow' 4000 slow_ms "$dev0: the driver took too long to let go of its CXL memory"
	log_mark
	nok 'attached already: another attach is refused' retry 1
	ok 'and that is said' log_has "$dev0: .*CXL attach failed: this device state is attached already"
	ok 'and it stays attached' is_attached
	nok 'asking twice is refused' eval "echo 1 >$PCI/$dev0/ask"
	what='without the lock' losses=$(cut -d ' ' -f 1 "$PCI/$dev0/told") returns=0
	lose 'without the lock' cxl_unbind "$(memdev dev0)"
	log_mark
	nok 'without the lock: an attach is refused' retry 0
	ok 'without the lock: and that is said' log_has "$dev0: .*CXL attach failed: called from elsewhere"
	back_by_hand
}

# Bound before there was any CXL: told when that comes.
late_host() {
	# The kernel's cxl_pci may hold cxl_mem; of the three one may be another's name.
	rmmod told_accel
	rmmod cxl_pci cxl_acpi "$OURS" cxl_mem 2>/dev/null
	modprobe "$OURS" host_timeout=0
	modprobe cxl_mem
	insmod /modules/told_accel.ko
	is 'late cxl_acpi: the driver goes on without' "$(cat "$PCI/$dev0/memory") $(cat "$STATE/status")" \
		'-6 HOST_NOT_LOADED'
	load_hierarchy
	ok 'late cxl_acpi: it is told' wait_for 30 told 0 1
	ok 'late cxl_acpi: attached' wait_for 30 is_attached
	rmmod told_accel
	insmod /modules/told_accel.ko deaf=1
	full=$(bus_devices)
	lose 'driver that does not want to hear that CXL is back' rmmod cxl_acpi
	modprobe cxl_acpi
	sleep 1
	ok "$what: it does not" is_lost 1 0
	back_by_hand
}

# The one and the other at the same time, as often as TURNS says.
race() {
	log_mark
	race_nr=0
	while [ $race_nr -lt "${TURNS:-50}" ]; do
		race_nr=$((race_nr + 1))
		host unbind &
		pci_unbind told_accel "$dev0" 2>/dev/null
		wait $!
		pci_bind told_accel "$dev0" 2>/dev/null
		host bind &
		pci_bind told_accel "$dev0" 2>/dev/null
		wait $!
		is_bound || pci_bind told_accel "$dev0" || break
		wait_for 30 is_attached || break
	done
	is 'loss against unbind, return against bind: attached after each turn' $race_nr "${TURNS:-50}"
	is_attached || log_new | tail -n 20
	is 'and the CXL bus is as it was' "$(bus_devices)" "$full"
}

load_hierarchy
modprobe -a cxl_mem "$OURS"
idle=$(bus_devices)
ok 'the driver loads' insmod /modules/told_accel.ko
ok 'dev0 is attached' attached dev0
hpa0=$(cat "$PCI/$dev0/memory")
ok 'and the driver has its memory' is_attached
full=$(bus_devices)

for function; do
	"$function"
done

ok 'the driver unloads' rmmod told_accel
is 'all is gone from the CXL bus' "$(bus_devices)" "$idle"
is 'no dax device there ever was' "$(ever_taken)" ''
done_testing
