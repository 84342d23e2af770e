# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# shellcheck disable=SC2034 # variables are for the scripts that source this file
#
# Regions that are created for accelerators: . /guest/create-lib.sh, after accel.sh. Each device's driver is
# why_accel, and a variable named as it has its PCI address.

WHY=/sys/module/why_accel/parameters

# begin: all that is CXL is loaded, but what would make an expander's memory System RAM; and why_accel, which no
# device is bound to. Sets dev0 to dev9, as far as
# there are such, window to where the first one begins, idle to all names on the CXL bus.
begin() {
	modprobe -a cxl_acpi cxl_pci cxl_pmem dax_cxl cxl_mem
	for create_dev in 0 1 2 3 4 5 6 7 8 9; do
		eval "dev$create_dev=\$(pci_address dev$create_dev)"
	done
	echo 0 >/sys/bus/pci/drivers_autoprobe
	insmod /modules/why_accel.ko
	echo 1 >/sys/bus/pci/drivers_autoprobe
	window=$(cat "$CXL/decoder0.0/start")
	idle=$(bus_devices)
}

# set_up PARAMETER VALUE, of why_accel
set_up() {
	echo "$2" >"$WHY/$1"
}

want() {
	set_up want "$1"
}

# address DEV
address() {
	eval "echo \"\$$1\""
}

# What is in the CXL windows.
in_windows() {
	awk '/CXL Window/ { inside = 1; next }
	     /^[^ ]/ { inside = 0 }
	     inside' /proc/iomem
}

windows_are_empty() {
	[ -z "$(in_windows)" ]
}

# why_is NAME DEV STATUS: a bind of it ends with that one, and nothing decodes.
why_is() {
	create_addr=$(address "$2")
	pci_bind why_accel "$create_addr"
	is "$1: the status is $3" "$(cat "$PCI/$create_addr/cxl_accel/status")" "$3"
	pci_unbind why_accel "$create_addr"
	flush
}

# attaches NAME DEV: it does, and the memory decodes.
attaches() {
	create_addr=$(address "$2")
	pci_bind why_accel "$create_addr" || true
	ok "$1: $2 is attached" attached "$2"
	create_hpa=$(hpa "$2")
	ok "$1: the memory of $2 decodes" decodes "$((create_hpa + SIZE - 8))"
}

# release DEV
release() {
	pci_unbind why_accel "$(address "$1")"
	flush
}

# decoder_type DEV: of its endpoint's first decoder
decoder_type() {
	cat "$CXL/decoder$(endpoint "$1" | sed 's/endpoint//').0/target_type"
}

# hdm_bit12 DEV: whether its first decoder is host-only coherent, in the device's register.
hdm_bit12() {
	create_bar=$(sed -n '1s/ .*//p' "$PCI/$(address "$1")/resource")
	echo $((($(devmem $((create_bar + 0x1000 + $(hdm_offset "$create_bar") + 0x20)) 32) >> 12) & 1))
}

# committed PORT: the numbers of its decoders that have a range
committed() {
	for create_dec in "$CXL/decoder${1#port}".*; do
		[ $(($(cat "$create_dec/size"))) = 0 ] || echo "${create_dec##*.}"
	done
}
