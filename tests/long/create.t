#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Create, on machines of all shapes, and beside an expander whose regions come and go (C6);
# and a driver with names of an earlier series. CXL_TEST_KERNELS: see modules.sh.
#
#   CXL_TEST_SUITES=NAME,...   only these

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

create() {
	local name=$1 topology=$2
	shift 2
	[[ ",${CXL_TEST_SUITES:-$name}," == *",$name,"* ]] || return 0
	guest_test "$name" --topology "$topology" --append iomem=relaxed "${MEM[@]}" "${WHY[@]}" "$@"
}

creates() {
	driver drivers/why
	driver drivers/early

	create passthrough 'hb(acc)' -- create.sh single
	create 'one switch' switch -- create.sh pair
	create 'below a passthrough bridge, a switch' 'hb(sw(acc,acc))' -- create.sh single
	create 'two switches' 'hb(sw(sw(acc,acc),empty),empty)' -- create.sh behind_two
	create decoders 'hb(6*acc)' -- create.sh decoders
	create locked 'hb(acc,acc,empty)' --window hb0:512M --firmware dev0:hdm-d/at=+256M/locked \
		-- create.sh locked
	create holes 'hb(acc,acc,empty)' --window hb0:1G --firmware dev1:hdm-d/at=+256M -- create.sh holes
	create 'no commit' 'hb(raw,acc)' -- create.sh no_commit
	create 'hot plug' 'hb(acc,acc,exp,empty)' --window hb0:2G -- create.sh hot_plug
	create pending mixed -- create.sh pending
	create storm mixed --timeout 1800 -- create.sh storm

	# It is of no kernel, but what there is to attach is attached by it, too.
	[[ ",${CXL_TEST_SUITES:-early}," != *,early,* ]] ||
		guest_test early --firmware all:hdm-d "${MEM[@]}" "${EARLY[@]}" -- early.sh
}

on_kernels creates
done_testing
