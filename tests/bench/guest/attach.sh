# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# What an attach takes, from the driver's probe() to its end, and how much of that it was awake: the first device
# of a bridge, the further ones, and a device that is bound again; and what of the latter is spent in cxl_mem's own
# code. By hand, in this shell, which is what is traced.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh
# shellcheck source-path=SCRIPTDIR source=split.sh
. /bench/split.sh

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
	sample "$1-awake" "$(echo "$time $split_slept" | awk '{ printf "%.3f", $1 - $2 }')"
}

unbind() {
	must pci_unbind cxl_accel_sample "$dev0"
	flush
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
	unbind
	bind rebind dev0 "$dev0"
done
unbind
trace_own
split rebind pci_bind cxl_accel_sample "$dev0"
must attached dev0
