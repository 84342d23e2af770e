#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Expanders (Type-3): exactly as with the stock modules (C9). Then an accelerator and an expander side by
# side. Expanders below two bridges, and interleaved over ports and bridges, are in long/type3.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh
# shellcheck source-path=SCRIPTDIR source=type3.sh
. tests/type3.sh

same firmware --topology type3 --firmware all:hdm-h
same by-hand --topology type3
same switch --topology switch --device type3 --firmware dev0+dev1:hdm-h
[ ${#STALE[@]} = 0 ] || same --stale firmware --topology type3 --firmware all:hdm-h

driver drivers/vendor
for expander in firmware by-hand; do
	firmware=dev0:hdm-d
	[ $expander != firmware ] || firmware=$firmware,dev1:hdm-h
	guest_test "side by side, expander $expander" --topology mixed --firmware $firmware "${MEM[@]}" \
		"${VENDOR[@]}" -- mixed.sh $expander
done

done_testing
