# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the tests that source this file
#
# Shared by the tests on the debug kernel of scripts/env/kernel, which is built if need be, as are the
# modules for it: . "$(dirname "$0")/debug.sh", in place of ../lib.sh and ../contract.sh.
#
#	debug_test NAME TOPOLOGY FIRMWARE [OPTION of scripts/vm]... -- 'SCRIPT [ARG]...'...
#		guest_test with all modules, of several scripts, and that no memory is lost. With five
#		levels of page tables KASAN takes an interrupt early in the boot for a wild access: the
#		kernel forgets for a moment how many there are.

CXL_TEST_KERNEL=$("$(dirname "${BASH_SOURCE[0]}")/../../scripts/env/kernel" debug)
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "${BASH_SOURCE[0]}")/modules.sh"

driver drivers/vendor
driver drivers/why
driver guest/odd
driver guest/user
guest_program mmap_traffic

debug_test() {
	local name=$1 topology=$2 firmware=$3 options=()
	shift 3
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	guest_test "$name" --topology "$topology" --firmware "$firmware" "${BUNDLE[@]}" "${VENDOR[@]}" \
		"${ODD[@]}" "${WHY[@]}" "${USER_ACCEL[@]}" "${MMAP_TRAFFIC[@]}" \
		--timeout 3600 --append "log_buf_len=4M no5lvl" "${options[@]}" -- run-serially.sh "${@:2}"
}
