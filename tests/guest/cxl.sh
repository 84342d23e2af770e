# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Find things in a guest of scripts/vm: . /guest/cxl.sh

# pci_address DEV: the PCI address of devN, by its serial number.
pci_address() {
	for cxl_sh in /sys/bus/pci/devices/*; do
		cxl_sh=${cxl_sh##*/}
		[ "$(setpci -s "$cxl_sh" ECAP03+4.l 2>/dev/null)" != "$(printf %08x $((0xd0 + ${1#dev})))" ] ||
			echo "$cxl_sh"
	done
}

# memdev DEV: the memN of devN, whatever N it got; empty if there is none.
memdev() {
	for cxl_sh in /sys/bus/cxl/devices/mem*; do
		[ "$(cat "$cxl_sh/serial" 2>/dev/null)" != "$(printf 0x%x $((0xd0 + ${1#dev})))" ] ||
			echo "${cxl_sh##*/}"
	done
}
