# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# fallback.sh: what a driver gets on every kernel of the matrix, with scripts/matrix's status for an answer.
# dev0 is behind a host bridge without HDM decoders, dev1 behind one with, both committed by firmware; dev2's
# decoders nobody has committed. The sample driver goes on without the memory of that one.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

# What the driver says of dev0, dev1 and dev2, as long as it is bound.
states() {
	for dev in dev0 dev1 dev2; do
		cat "$PCI/$(pci_address $dev)/cxl_state/state"
	done | xargs
}

# states_are WHAT WANTED
states_are() {
	[ "$(states)" = "$2" ] && return
	echo "$1: the devices are '$(states)', not '$2'"
	exit 1
}

modprobe cxl_acpi
modprobe cxl_accel_sample
states_are 'at first' 'cxl cxl pci-only'
flush
sleep 2
flush
states_are 'after a while' 'cxl cxl pci-only'
pci_unbind cxl_accel_sample "$(pci_address dev0)"
pci_bind cxl_accel_sample "$(pci_address dev0)"
states_are 'dev0 bound again' 'cxl cxl pci-only'
rmmod cxl_accel_sample
