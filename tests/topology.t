#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every topology of scripts/vm, with expanders in it: the stock kernel finds the devices, and finds
# what platform firmware has committed.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# topology NAME FIRMWARE REGIONS DEVICE=PORTS...
topology() {
	local name=$1 firmware=$2
	shift 2
	guest_test "$name" --topology "$name" --device type3 --firmware "$firmware" -- \
		topology.sh "$@"
}

topology hb2rp all:hdm-h 2 dev0=1 dev1=1
# Stock 6.12 does not assemble a region below a host bridge that passes everything through.
topology passthrough all:hdm-h 0 dev0=1
topology mixed dev1:hdm-h 1 dev0=1 dev1=1
topology type3 dev1:hdm-h,dev0:hdm-h 2 dev0=1 dev1=1
topology two-hb all:hdm-h 2 dev0=1 dev1=1
topology switch all:hdm-h 2 dev0=3 dev1=3
topology pci-only none 0 dev0=1
topology no-cxl none 0 dev0=1
done_testing
