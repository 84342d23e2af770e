#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Expanders where the stock core fails, so that there is nothing to compare with (type3.t does that).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

[ -z "$NO_FLUSH" ] || skip_all "$NO_FLUSH, and warns where an expander's region is decommitted"
guest_test 'DVSEC range' --topology type3 --firmware dev0:mem-enable-only "${MEM[@]}" -- expander.sh
[ ${#STALE[@]} = 0 ] ||
	guest_test 'DVSEC range, stock cxl_port' --topology type3 --firmware dev0:mem-enable-only \
		"${STALE[@]}" -- expander.sh

done_testing
