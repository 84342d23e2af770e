#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What scripts/demo shows, inside the guest.
set -eu

title() {
	printf '\n== %s\n' "$*"
}

title "a stock kernel: $(uname -r)"
modprobe cxl_acpi
modprobe cxl_mem
insmod /modules/cxl_accel_sample.ko
modinfo -F filename cxl_mem

title "dmesg"
dmesg | grep -E 'cxl_|host supports CXL' | grep -v taint

title "cxl list"
cxl list -MRu

title "/proc/iomem"
grep -A 1 'CXL Window' /proc/iomem

title "the sample driver's devices"
for dev in /sys/bus/pci/drivers/cxl_accel_sample/0*; do
	echo "${dev##*/}:"
	for file in "$dev"/cxl_state/*; do
		echo "  ${file##*/} = $(cat "$file")"
	done
done

# One of them must have its memory, or this was no demonstration.
grep -qx cxl /sys/bus/pci/drivers/cxl_accel_sample/0*/cxl_state/state
