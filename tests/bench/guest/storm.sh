# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# storm.sh TURNS: a device is unbound and bound as fast as that goes, and at the end everything has settled. How
# many turns a second that is, and how many bindings have been undone by what was left of an earlier one.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh

turns=$1
undone=0

storm() {
	turn=0
	while [ $turn -lt "$turns" ]; do
		turn=$((turn + 1))
		pci_unbind cxl_accel_sample "$dev0" 2>/dev/null || undone=$((undone + 1))
		pci_bind cxl_accel_sample "$dev0" 2>/dev/null || true
	done
}

load_cxl
must insmod /modules/cxl_accel_sample.ko
dev0=$(pci_address dev0)
must attached dev0
timed storm storm
flush
sleep 1
flush
attached dev0 || undone=$((undone + 1))
sample undone $undone
