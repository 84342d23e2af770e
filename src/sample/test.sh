#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A driver's test for scripts/matrix, to be copied with the driver: what must hold on every kernel. The
# first device has its memory when modprobe comes back, and again after an unbind and a bind; the
# driver can be unloaded. Run as root in a guest whose firmware has set up dev0:
#
#   scripts/matrix --firmware dev0:hdm-d --file src/sample/test.sh -- ./test.sh
set -eu

DRIVER=/sys/bus/pci/drivers/cxl_accel_sample

# The first device of the driver, and what it says of its memory.
attached() {
	for device in "$DRIVER"/0*; do
		[ -e "$device" ] || break
		echo "${device##*/}: $(cat "$device/cxl_state/state") $(cat "$device/cxl_state/hpa" "$device/cxl_state/size")"
		[ "$(cat "$device/cxl_state/state")" = cxl ]
		return
	done
	echo "no device is bound to $DRIVER"
	return 1
}

modprobe cxl_acpi
modprobe cxl_accel_sample
attached
echo "${device##*/}" >"$DRIVER/unbind"
echo "${device##*/}" >"$DRIVER/bind"
attached
rmmod cxl_accel_sample
