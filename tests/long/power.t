#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Power: an attached accelerator's memory is there whatever goes to sleep, or that is refused (C10); and the next
# kernel attaches it.

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

# power_test NAME [OPTION of scripts/vm]... -- SCRIPT [ARG]...
power_test() {
	local name=$1
	shift
	guest_test "$name" --firmware dev0:hdm-d "${MEM[@]}" "${USER_ACCEL[@]}" "$@"
}

# boot_file NAME: the kernel's own, of these in /boot
boot_file() {
	find "$CACHE"/{root,kernel}/*/boot -name "$1-$KERNEL" | head -n 1
}

powers() {
	driver guest/user
	guest_program kexec

	power_test sleep -- power.sh runtime runtime_detached s2idle deeper_sleep deeper_sleep_lost blocked
	slot_power
	power_test D3cold "${SLOT_POWER[@]}" -- power.sh d3cold
	power_test reboot --reboot -- next-kernel.sh reboot
	# The modular kernel has no kexec.
	if grep -q '^CONFIG_KEXEC_FILE=y' "$(boot_file config)"; then
		power_test kexec "${KEXEC[@]}" --file "$(boot_file vmlinuz):/boot/vmlinuz" -- next-kernel.sh kexec
	fi
}

on_kernels powers
done_testing
