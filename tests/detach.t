#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Detach: whatever takes an accelerator's memory away releases its driver, once (C3, C3), and it
# can be bound again to the same memory.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

driver drivers/vendor
driver guest/odd

# test_losses NAME TOPOLOGY LOSS...
test_losses() {
	local name=$1 topology=$2
	shift 2
	guest_test "$name" --topology "$topology" --firmware all:hdm-d "${MEM[@]}" "${VENDOR[@]}" \
		-- detach.sh "${@/#/loss_}"
}

# Where caches cannot be flushed a region cannot be decommitted, nor be warned about.
decommit='uncommit target'
[ -z "$NO_FLUSH" ] || decommit=refused
# shellcheck disable=SC2086 # a list
test_losses 'one bridge' hb2rp memdev endpoint region delete_region $decommit disable_memdev \
	destroy_region shared_port host host_module pci_device
test_losses 'two bridges' two-hb own_port endpoint delete_region host_module
test_losses switch switch shared_port top_port memdev region
# What firmware has locked, or where it allows accelerators alone: the answers are those of Linux 7.3.
guest_test locked --firmware all:hdm-d/locked "${MEM[@]}" "${VENDOR[@]}" -- \
	detach.sh loss_locked loss_delete_region
guest_test 'Type-2 window' --window hb0:4G:type2+volatile --firmware all:hdm-d "${MEM[@]}" "${VENDOR[@]}" \
	-- detach.sh loss_type2_window
guest_test slow --firmware dev0:hdm-d "${MEM[@]}" "${ODD[@]}" -- races.sh
guest_test 'stuck remove()' --topology mixed --firmware dev0:hdm-d "${MEM[@]}" "${ODD[@]}" \
	-- stuck-remove.sh
guest_test hot-plug --firmware dev0:hdm-d "${MEM[@]}" "${VENDOR[@]}" -- hotplug.sh

done_testing
