# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# early.sh: a driver with the names of an earlier series, and two devices whose serial number it has 0 for.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)
modprobe -a cxl_acpi cxl_mem
window=$(printf '%#x' $(($(cat "$CXL/decoder0.0/start"))))
next=$(printf '%#x' $((window + SIZE)))
idle=$(bus_devices)
log_mark
ok 'the driver loads' insmod /modules/early_accel.ko
is 'dev0 has its memory' "$(log_count "$dev0: early: serial 0, memory at $window\$")" 1
is 'dev1 has its own' "$(log_count "$dev1: early: serial 0, memory at $next\$")" 1
# From 7.2 on a memdev without a mailbox does not tell it.
if [ -n "$(find "$CXL"/mem*/ -maxdepth 1 -name serial)" ]; then
	is 'both memdevs have 0 for a serial number' "$(cat "$CXL"/mem*/serial | xargs)" '0x0 0x0'
else
	is 'both have a memdev, which tells no serial number' "$(echo "$CXL"/mem* | wc -w)" 2
fi
for turn in 1 2 3; do
	ok "turn $turn: dev0 is unbound" pci_unbind early_accel "$dev0"
	ok "turn $turn: dev0 is bound" pci_bind early_accel "$dev0"
done
is 'dev0 has its memory each time' "$(log_count "$dev0: early: serial 0, memory at $window\$")" 4
is 'nothing was taken for a loss' "$(log_count 'unexpected detach')" 0
ok 'the driver unloads' rmmod early_accel
flush
is 'nothing is left on the CXL bus' "$(bus_devices)" "$idle"
done_testing
