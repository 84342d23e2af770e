# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# events.sh TURNS WHAT...: what happens to an attached device, and how long it takes until that is over; WHAT is
# one of the functions below. Where it never is, what was found in its place is said.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh

turns=$1
shift
dev0=$(pci_address dev0)
port=$(basename "$(dirname "$(readlink -f "$PCI/$dev0")")")

# begin: from here on upto counts
begin() {
	log_mark
	echo '<6>bench: start' >/dev/kmsg
}

# upto REGEX: milliseconds to the first line of the log that matches; nothing if there is none.
upto() {
	log_new | wanted=$1 awk -F '[][ ]+' '
		/bench: start/ { start = $2; next }
		start && $0 ~ ENVIRON["wanted"] { printf "%.3f\n", ($2 - start) * 1000; exit }'
}

# The first event of a device that is bound, and goes, is that it was unbound: all that its driver had is released.
events_of() {
	echo "kobject: '$1' .*: kobject_uevent_env"
}

probed() {
	echo "probe of $1.* returned 0 after"
}

reset() {
	# The only one of the two resets that takes the decoders: see tests/qemu/cxl-type2.c.
	echo cxl_bus >"$PCI/$dev0/reset_method"
	turn=0
	while [ $turn -lt "$turns" ]; do
		turn=$((turn + 1))
		begin
		must eval "echo 1 >$PCI/$dev0/reset"
		echo '<6>bench: end' >/dev/kmsg
		ms=$(upto 'bench: end')
		if ! decodes "$(hpa dev0)"; then
			instead reset "never: what is written to it reads as $(peek "$(hpa dev0)")"
			return
		fi
		must attached dev0
		sample reset "$ms"
	done
}

# Out of the kernel by sysfs, and found again; its decoders stay as they are.
rescan() {
	turn=0
	while [ $turn -lt "$turns" ]; do
		turn=$((turn + 1))
		begin
		echo 1 >"$PCI/$dev0/remove"
		must [ ! -e "$PCI/$dev0" ]
		sample removed "$(upto "$(events_of "$dev0")")"
		flush
		begin
		echo 1 >/sys/bus/pci/rescan
		must attached dev0
		sample rescan "$(upto "$(probed "$dev0")")"
	done
}

offered() {
	log_has "$(probed '0000:')"
}

# Into an empty slot, of a machine whose firmware knows nothing of hot-plug: nobody has committed decoders. When
# the slot's button has blinked, the kernel says that there is a card.
plug() {
	[ ! -e /sys/module/cxl_mem/parameters/create_regions ] ||
		echo 1 >/sys/module/cxl_mem/parameters/create_regions
	begin
	must host-monitor object_add memory-backend-ram,id=vmem9,size=256M
	must host-monitor device_add cxl-type2,bus=rp1,volatile-memdev=vmem9,id=dev1,sn=0xd1
	must wait_for 60 offered
	if attached dev1; then
		must decodes "$(hpa dev1)"
		sample plug "$(between 'Card present' "$(probed '0000:')")"
	else
		instead plug "never: $(log_new | sed -n 's/.*no CXL memory/no CXL memory/p')"
	fi
}

gone() {
	[ ! -e "$PCI/$dev0" ]
}

pull() {
	begin
	pull_out "$port"
	must wait_for 30 gone
	sample pull "$(upto "$(events_of "$dev0")")"
	must [ -z "$(memdev dev0)" ]
}

load_cxl
must insmod /modules/cxl_accel_sample.ko
must attached dev0
echo 'file kobject_uevent.c +p' >/sys/kernel/debug/dynamic_debug/control
for what; do
	"$what"
done
