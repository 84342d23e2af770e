#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Reset: the memory of an attached accelerator is decoded again when it is over, or its driver is released,
# and the next bind attaches (C10).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver guest/odd

# The registers are looked at while they are the kernel's: iomem=relaxed.
guest_test 'two decoders' --topology 'hb(raw:512M,acc)' \
	--firmware dev0:hdm-d/size=256M,dev0:hdm-d/locked,dev1:hdm-d --append iomem=relaxed "${MEM[@]}" "${ODD[@]}" \
	-- reset.sh odd_accel 512 while_bound of_function while_unbound callbacks silent deaf sibling

done_testing
