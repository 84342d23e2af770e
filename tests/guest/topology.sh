# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# topology.sh NUMBER DEVICE...: the devices of a topology, expanders all of them, are where
# they should be, and the stock kernel assembles NUMBER regions out of what firmware committed.
# DEVICE is devN=PORTS, PORTS being how many PCI bridges are above it.

# shellcheck source=tests/guest/tap.sh
. /guest/tap.sh
# shellcheck source=tests/guest/cxl.sh
. /guest/cxl.sh

modprobe -a cxl_acpi cxl_pci cxl_mem

# Regions that the kernel took over from firmware.
committed() {
	grep -l '^1' /sys/bus/cxl/devices/region*/commit 2>/dev/null | wc -l
}
enough() {
	[ "$(committed)" = "$want" ]
}

want=$1
shift
[ "$want" != 0 ] || sleep 1
wait_for 30 enough
is "regions" "$(committed)" "$want"

for dev; do
	pci=$(pci_address "${dev%=*}")
	path=$(readlink -f "/sys/bus/pci/devices/$pci")
	is "${dev%=*}: ports above it" "$(echo "${path#*/pci*/}" | tr -cd / | wc -c)" "${dev#*=}"
done
is "devices in all" "$(lspci -n | grep -c ' 0502: ')" $#

done_testing
