#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Coming and going: the stock modules are removed with devices bound, ours loaded, and the way back.
# Nothing of it while memory backed by an expander is online.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor

guest_test 'there and back' --topology mixed --firmware dev0:hdm-d "${MEM[@]}" \
	"${VENDOR[@]}" -- module-reload.sh
for region in dev0:hdm-h dev0+dev1:hdm-h; do
	if [ -n "$NO_FLUSH" ]; then
		skip "in use, $region" "$NO_FLUSH, and warns where it is decommitted"
		continue
	fi
	guest_test "in use, $region" --topology type3 --firmware $region "${MEM[@]}" -- in-use.sh
done

done_testing
