#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Functions: devices of more than one function, and who may attach for which (C1, C9, C10).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver guest/odd
driver drivers/config
driver drivers/parts

functions() {
	local name=$1 topology=$2 firmware=$3
	shift 3
	guest_test "$name" --topology "$topology" --firmware "$firmware" "${MEM[@]}" "${ODD[@]}" "${CONFIG[@]}" \
		"${PARTS[@]}" -- functions.sh "$@"
}

functions twins 'hb(two,empty)' all:hdm-d twins
functions sibling 'hb(both,empty)' dev0:hdm-d beside sibling
functions parts 'hb(acc),pcie(igb)' dev0:hdm-d auxiliary virtual

done_testing
