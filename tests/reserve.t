#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Reserve: what firmware committed to an accelerator is nobody else's, attached or not, from the
# loading of cxl_mem until the device is gone (C11).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

guest_test 'window as large as the region' --topology 'hb(acc,exp)' --window hb0:256M \
	--firmware dev0:hdm-d "${BUNDLE[@]}" -- reserve.sh dev0 dev1
guest_test 'two accelerators fill the window' --topology 'hb(acc,acc,exp)' --window hb0:512M \
	--firmware dev0:hdm-d,dev1:hdm-d "${BUNDLE[@]}" -- reserve.sh dev1 dev2

done_testing
