#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Hot-plug: an accelerator goes, by request and by surprise, while user space uses its memory, and another comes
# into the same slot (C3, C11). One that comes and cannot be attached says why (C7). CXL_PLUG_TURNS=N: so many
# turns in place of 200 and 100.

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

# plug_test NAME TOPOLOGY [OPTION of scripts/vm]... -- WHAT...: dev0 is what firmware has committed
plug_test() {
	local name=$1 topology=$2 options=()
	shift 2
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	guest_test "$name" --topology "$topology" --firmware dev0:hdm-d --timeout 2400 "${MEM[@]}" "${USER_ACCEL[@]}" \
		"${MMAP_TRAFFIC[@]}" "${options[@]}" -- plug.sh "${@:2}"
}

plugs() {
	driver guest/user
	guest_program mmap_traffic

	# With two processors QEMU ends in an assertion of its own now and then, when one of them is in memory that goes.
	plug_test 'a slot' hb2rp --smp 1 -- by_order by_button by_surprise late_process late_tidying other_size not_cxl
	# A slot of a switch cannot be switched off in QEMU, which then does not let go of what is in it.
	plug_test 'a switch' switch --smp 1 -- switch_by_order
	plug_test 'a switch, by surprise' switch --smp 1 -- switch_by_surprise
	plug_test 'a PCI-only slot' 'hb(acc,empty),pcie(acc)' -- pci_only
	plug_test 'turns' hb2rp --smp 1 -- "turns${CXL_PLUG_TURNS:-200}"
	plug_test 'while it is bound' hb2rp -- races50
	plug_test 'while it is reset' hb2rp --smp 1 -- "resets${CXL_PLUG_TURNS:-100}"
}

on_kernels plugs
done_testing
