#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# CXL that is not there yet, and CXL that is not there at all (C5).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor
driver guest/odd

guest_test 'not yet' --firmware dev0:hdm-d --load 'cxl_mem cxl_accel_sample cxl_acpi' \
	"${BUNDLE[@]}" "${VENDOR[@]}" -- defer.sh
guest_test 'no CXL host' --topology no-cxl "${BUNDLE[@]}" "${VENDOR[@]}" "${ODD[@]}" \
	-- defer-never.sh 'this platform has no CXL host \(no ACPI0017 device\)'
guest_test 'PCI-only slot' --topology pci-only "${BUNDLE[@]}" "${VENDOR[@]}" "${ODD[@]}" \
	-- defer-never.sh 'the device is in a PCI-only slot, not below a CXL root port'

guest_test 'not ever' --firmware dev0:hdm-d "${MEM[@]}" "${VENDOR[@]}" "${ODD[@]}" -- defer-end.sh

guest_test 'cxl_acpi fails' --firmware broken-cedt "${MEM[@]}" "${VENDOR[@]}" "${ODD[@]}" -- defer-failed.sh

done_testing
