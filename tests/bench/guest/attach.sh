# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# What an attach takes, from the driver's probe() to its end, and how much of that it was awake: the first device
# of a bridge, the further ones, and a device that is bound again. By hand, in this shell, which is what is traced.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh
# shellcheck source-path=SCRIPTDIR source=slept.sh
. /bench/slept.sh

TURNS=4
dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

# bind SERIES DEV ADDRESS
bind() {
	log_mark
	slept pci_bind cxl_accel_sample "$3"
	must attached "$2"
	time=$(took "$3")
	sample "$1" "$time"
	sample "$1-awake" "$(echo "$time $slept_ms" | awk '{ printf "%.3f", $1 - $2 }')"
}

log_mark
load_cxl
host=$(took ACPI0017:00)
echo 0 >/sys/bus/pci/drivers_autoprobe
must insmod /modules/cxl_accel_sample.ko
trace_sleeps
bind first dev0 "$dev0"
sample both "$(echo "$host" "$time" | awk '{ print $1 + $2 }')"
bind further dev1 "$dev1"
turn=0
while [ $turn -lt $TURNS ]; do
	turn=$((turn + 1))
	must pci_unbind cxl_accel_sample "$dev0"
	flush
	bind rebind dev0 "$dev0"
done
