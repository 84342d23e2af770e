# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# turns.sh N: a device is attached, and then unbound and bound again N times. Prints where cxl_mem's code is, by its
# first and its last function.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh

dev0=$(pci_address dev0)
load_cxl
echo 0 >/sys/bus/pci/drivers_autoprobe
must insmod /modules/cxl_accel_sample.ko
must pci_bind cxl_accel_sample "$dev0"
n=0
while [ $n -lt "$1" ]; do
	n=$((n + 1))
	must pci_unbind cxl_accel_sample "$dev0"
	flush
	must pci_bind cxl_accel_sample "$dev0"
	must attached dev0
done
awk '$4 == "[cxl_mem]" && tolower($2) == "t" { print "code " $1 }' /proc/kallsyms | sort | sed -n '1p; $p'
