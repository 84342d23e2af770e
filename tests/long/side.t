#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Kernels with the accelerator API of their own, and the side module beside their cxl_mem: 7.3 of Debian's
# experimental, 7.2 of sid. What the kernel alone does not do, and the module adds (C3, C4, C5, C7, C11, and
# that a failed attach leaves the driver alone), for drivers that were built against the kernel alone
# (own_*), and against our header. Each step is seen to fail on the kernel alone, first. Fetches these
# kernels (250 MB).

set -eu
WANTED=${CXL_TEST_SUITES:-experimental sid}
# shellcheck source-path=SCRIPTDIR source=../side.sh
. "$(dirname "$0")/../side.sh"

# The module, and the drivers that the steps want.
build() {
	build_side && build_driver own tests/drivers/vendor CXL_ACCEL_SYMVERS=none &&
		build_driver vendor tests/drivers/vendor && build_driver why tests/drivers/why &&
		build_driver told tests/drivers/told && build_driver early tests/drivers/early &&
		build_driver odd tests/guest/odd && build_driver own_user tests/guest/user CXL_ACCEL_SYMVERS=none
}

# alone NAME CHECK [OPTION]... SCRIPT ARGUMENTS: on the kernel alone the script fails, at CHECK.
alone() {
	local name=$1 check=$2
	shift 2

	# shellcheck disable=SC2068 # words
	in_guest "${@:1:$#-2}" --file tests/guest:/guest -- sh "/guest/${*: -2:1}" ${@: -1} >"$TMP/alone" 2>&1 || true
	ok "$SUITE, $name: not so on the kernel alone" grep -E "^not ok [0-9]+ - .*$check" "$TMP/alone"
}

# step STEP CHECK [OPTION]...: both ways, with a driver that knows nothing of us
step() {
	local step=$1 check=$2
	shift 2

	alone "$step" "$check" --firmware dev0:hdm-d "${OWN[@]}" "$@" side.sh "$step"
	guest_test "$SUITE, $step" --firmware dev0:hdm-d "${ORDER[@]}" "${OWN[@]}" "$@" -- side.sh "$step"
}

losses() {
	echo loss_memdev loss_endpoint loss_region loss_delete_region loss_target loss_shared_port loss_host \
		loss_host_module loss_pci_device
}

all_of() {
	# shellcheck disable=SC2046 # words
	guest_test "$SUITE, losses" --firmware all:hdm-d "${ORDER[@]}" "${OWN[@]}" --timeout 900 -- detach.sh $(losses)
	guest_test "$SUITE, rebind" --firmware all:hdm-d "${SIDE[@]}" "${OWN[@]}" --timeout 1200 \
		--append log_buf_len=4M -- rebind-stress.sh 1000 50
	guest_test "$SUITE, with our header, not yet" --firmware dev0:hdm-d "${ORDER[@]}" "${SAMPLE[@]}" "${VENDOR[@]}" \
		--load 'cxl_mem cxl_accel_sample cxl_acpi' -- defer.sh
	guest_test "$SUITE, with our header, cxl_acpi fails" --firmware broken-cedt "${ORDER[@]}" "${VENDOR[@]}" \
		"${ODD[@]}" -- defer-failed.sh
	alone reset 'bus: registers are what they were' "${RAW[@]}" "${OWN[@]}" \
		reset.sh 'vendor_accel 512 while_bound'
	alone 'reset while unbound' 'bound after that: dev0 is attached' "${RAW[@]}" "${OWN[@]}" \
		reset.sh 'vendor_accel 512 while_unbound'
	alone 'FLR that loses' 'flr that loses: registers are what they were' "${RAW[@]}" "${OWN[@]}" \
		reset.sh 'vendor_accel 512 of_function'
	guest_test "$SUITE, reset" "${RAW[@]}" "${ORDER[@]}" "${OWN[@]}" -- reset.sh vendor_accel 512 \
		while_bound while_unbound sibling
	guest_test "$SUITE, reset, callbacks" "${RAW[@]}" "${SIDE[@]}" "${ODD[@]}" -- reset.sh odd_accel 512 \
		callbacks silent deaf by_cxl_reset cxl_reset_fails
	guest_test "$SUITE, reset against unbind" "${RAW[@]}" "${ORDER[@]}" "${OWN[@]}" --timeout 900 -- \
		reset.sh vendor_accel 512 races
	guest_test "$SUITE, AER" "${RAW[@]}" "${SIDE[@]}" "${ODD[@]}" -- reset.sh odd_accel 512 aer_recovered
	guest_test "$SUITE, with our header, asked" --firmware dev0:hdm-d "${SIDE[@]}" "${WHY[@]}" \
		"${ODD[@]}" -- side.sh asked
	guest_test "$SUITE, told of losses" --firmware dev0:hdm-d "${ORDER[@]}" "${TOLD[@]}" --timeout 900 -- \
		told.sh losses refusals late_host race
	guest_test "$SUITE, reserved" --topology 'hb(acc,exp)' --window hb0:256M --firmware dev0:hdm-d "${ORDER[@]}" \
		"${SAMPLE[@]}" -- reserve.sh dev0 dev1
}

# What differs from one kernel to the next.
steps() {
	ok "$SUITE: the side module and drivers build for $KERNEL" build
	is "$SUITE: a driver built with our header depends on it" "$(imports vendor/vendor_accel.ko | tr , '\n' | grep -c cxl_accel)" 1
	is "$SUITE: one built without does not" "$(imports own/vendor_accel.ko | tr , '\n' | grep -c cxl_accel)" 0
	alone rebind 'turns: none undone' --firmware all:hdm-d --timeout 600 --append log_buf_len=4M "${OWN[@]}" \
		rebind-stress.sh 100
	step pci_only 'the driver of dev1, whose attach failed, is bound and stays'
	step lost 'the driver is released'
	step reprobed 'it is probed again when cxl_acpi has come'
	alone sleep 's2idle: it decodes' --firmware dev0:hdm-d "${OWN_USER[@]}" power.sh s2idle
	guest_test "$SUITE, sleep" --firmware dev0:hdm-d "${SIDE[@]}" "${OWN_USER[@]}" \
		-- power.sh runtime s2idle deeper_sleep blocked
	slot_power
	alone D3cold 'D3cold, attached: it decodes' --firmware dev0:hdm-d "${SLOT_POWER[@]}" "${OWN_USER[@]}" \
		power.sh d3cold
	guest_test "$SUITE, D3cold" --firmware dev0:hdm-d "${SIDE[@]}" "${SLOT_POWER[@]}" "${OWN_USER[@]}" \
		-- power.sh d3cold
	step passthrough 'dev0 is attached' --topology passthrough
	alone bars 'BARs claimed first: attached' --firmware dev0:hdm-d "${OWN[@]}" mapping.sh bars
	guest_test "$SUITE, BARs claimed first" --firmware dev0:hdm-d "${ORDER[@]}" "${OWN[@]}" -- mapping.sh bars
	guest_test "$SUITE, as installed" --firmware all:hdm-d "${SIDE[@]}" "${OWN[@]}" -- detach.sh loss_delete_region
	guest_test "$SUITE, names of an earlier series" --firmware all:hdm-d "${ORDER[@]}" "${EARLY[@]}" -- early.sh
	guest_test "$SUITE, passive" --firmware dev0:hdm-d "${SIDE[@]}" "${OWN[@]}" \
		--file "$TMP/passive.conf:/etc/modprobe.d/passive.conf" -- side.sh passive
}

RAW=(--topology 'hb(raw:512M,acc)' --firmware 'dev0:hdm-d/size=256M,dev0:hdm-d/locked,dev1:hdm-d'
	--append iomem=relaxed)
echo 'options cxl_accel passive=1' >"$TMP/passive.conf"
first=yes
for suite in $WANTED; do
	use "$suite"
	steps
	[ -z "$first" ] || all_of
	first=
done
done_testing
