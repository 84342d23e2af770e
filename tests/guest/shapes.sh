# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# shapes.sh DRIVER...: drivers of several shapes, one after the other, with scripts/matrix's status for an
# answer. dev0's memory is committed by firmware; dev1's is not, so that it is PCI-only.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

# wants DRIVER DEV REGEX: the log has it of that device
wants() {
	log_has "$1 $(pci_address "$2"): $3" && return
	echo "$1 does not say '$3' of $2:"
	log_new | tail -n 20
	exit 1
}

modprobe cxl_acpi
for driver; do
	log_mark
	modprobe "$driver"
	flush
	wants "$driver" dev0 '(attached|CXL memory) \['
	wants "$driver" dev1 'no CXL memory \('
	rmmod "$driver"
done
