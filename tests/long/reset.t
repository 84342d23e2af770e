#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Reset, at length: by a driver that has no error handlers, in AER's recovery, against unbinding, and by vfio-pci
# (C10). CXL_TEST_KERNELS: see modules.sh.

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

# reset_test NAME ARG...: the registers are looked at while they are the kernel's, hence iomem=relaxed.
reset_test() {
	local name=$1
	shift
	guest_test "$name" --firmware all:hdm-d --append iomem=relaxed "${MEM[@]}" "${VENDOR[@]}" "${ODD[@]}" \
		-- reset.sh "$@"
}

resets() {
	local module raw vfio=()

	driver drivers/vendor
	driver guest/odd

	reset_test "a vendor's driver" vendor_accel 256 while_bound while_unbound races
	reset_test AER odd_accel 256 aer_recovered aer_given_up
	raw=(--topology 'hb(raw,acc)' --firmware all:hdm-d --append iomem=relaxed "${MEM[@]}")
	guest_test 'CXL reset' "${raw[@]}" "${ODD[@]}" -- reset.sh odd_accel 256 by_cxl_reset cxl_reset_fails
	guest_test RAS --firmware all:hdm-d --append iomem=relaxed "${MEM[@]}" "${ODD[@]}" -- reset.sh odd_accel 256 ras
	guest_test 'CXL reset refused' "${raw[@]}" "${VENDOR[@]}" -- reset.sh vendor_accel 256 cxl_reset_claimed
	guest_test 'CXL reset refused' "${raw[@]}" "${VENDOR[@]}" --hypervisor -- reset.sh vendor_accel 256 cxl_reset_unflushed
	guest_test 'AER, below a switch' --topology switch --firmware all:hdm-d --append iomem=relaxed "${MEM[@]}" \
		"${ODD[@]}" -- reset.sh odd_accel 256 aer_switch
	guest_test 'DVSEC ranges' --firmware dev0:mem-enable-only,dev1:hdm-d --append iomem=relaxed "${MEM[@]}" "${ODD[@]}" \
		-- reset.sh odd_accel 256 emulated
	reset_test 'AER, no handlers' odd_accel 256 no_handlers=1 while_bound aer_no_handlers
	reset_test 'AER, no end' odd_accel 256 aer_no_end

	# Debian's for arm64 and for virtual machines have none.
	if [ -n "$(find "$CACHE"/{root,kernel}/*/lib/modules/"$KERNEL" -name 'vfio-pci.ko*' 2>/dev/null)" ]; then
		guest_program vfio_open
		for module in irqbypass vfio vfio_iommu_type1 vfio-pci-core vfio-pci; do
			vfio+=(--module "$(stock_module $module)")
		done
		guest_test vfio-pci --iommu --firmware all:hdm-d --append iomem=relaxed "${MEM[@]}" "${ODD[@]}" "${vfio[@]}" \
			"${VFIO_OPEN[@]}" -- reset.sh odd_accel 256 by_vfio
	fi
}

on_kernels resets
done_testing
