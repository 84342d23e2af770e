# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# without.sh BOOT: udev is told of the accelerator, the CXL host and the expander of a machine that has just
# booted, in an order of that boot's, each up to 100 ms after the one before, as there are others in between; what
# there is for them is loaded side by side. How long it takes from when it is told of the accelerator until that
# one's memory can be used. Many times as long as that takes is never: then a driver that polls has given up, too.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh

USABLE='CXL memory at HPA'

usable() {
	log_has "$USABLE"
}

told_of() {
	[ "$1" != "$accelerator" ] || echo '<6>bench: start' >/dev/kmsg
	echo add >"$1/uevent"
}

accelerator=$PCI/$(pci_address dev0)
expander=$PCI/$(pci_address dev1)
host=/sys/bus/platform/devices/ACPI0017:00
must coldplug
log_mark
printf '%s\n' "$accelerator" "$expander" "$host" |
	awk -v seed="$1" 'BEGIN { srand(seed) } { printf "%.3f %.3f %s\n", rand(), rand() / 10, $0 }' | sort >/tmp/events
while read -r _ gap device; do
	told_of "$device"
	sleep "$gap"
done </tmp/events
# Not as often as wait_for looks, which is not for nothing on such a processor.
turn=0
while [ $turn -lt 15 ] && ! usable; do
	turn=$((turn + 1))
	sleep 1
done
if usable; then
	sample usable "$(between 'bench: start' "$USABLE")"
	sample never 0
else
	sample never 1
fi
