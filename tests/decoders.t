#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Decoders: which of several committed decoders a driver's memory is, and what becomes of the others
# (C1). Regions and decoders are matched by range, never by order.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

# decoders NAME TOPOLOGY FIRMWARE OFFSET|STATUS DECODER...
decoders() {
	local name=$1 topology=$2 firmware=$3
	shift 3
	guest_test "$name" --topology "$topology" --firmware "$firmware" "${BUNDLE[@]}" \
		-- decoders.sh "$@"
}

TWO='hb(acc:512M,empty)'

decoders 'first below every window' "$TWO" \
	dev0:hdm-d/at=outside/size=256M,dev0:hdm-d 0 1
decoders 'second below every window' "$TWO" \
	dev0:hdm-d/size=256M,dev0:hdm-d/at=outside 0 0
decoders 'both in the window' "$TWO" dev0:hdm-d/size=256M,dev0:hdm-d 0 0 1
decoders 'both in the window, of two types' "$TWO" dev0:hdm-h/size=256M,dev0:hdm-d 0 0 1
decoders 'both below every window' "$TWO" \
	dev0:hdm-d/at=outside/size=256M,dev0:hdm-d/at=outside 'outside every CXL window'
decoders 'behind a pass-through bridge' 'hb(acc:512M)' dev0:hdm-d/size=256M,dev0:hdm-d 0 0
decoders 'behind a pass-through bridge, first below every window' 'hb(acc:512M)' \
	dev0:hdm-d/at=outside/size=256M,dev0:hdm-d 0 1
decoders 'second with the range of the first' "$TWO" \
	dev0:hdm-d/size=256M,dev0:hdm-d/at=+0/endpoint-only 0 0
decoders 'second overlaps the first' 'hb(acc:1G,empty)' \
	dev0:hdm-d/size=512M,dev0:hdm-d/at=+256M/endpoint-only 0 0
decoders 'three, the middle one outside' 'hb(acc:768M,empty)' \
	dev0:hdm-d/size=256M,dev0:hdm-d/size=256M/at=outside,dev0:hdm-d 0 0 2

done_testing
