#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Soft Reserved memory has the right owner whatever the order in which modules are loaded (C12): a hundred times,
# each with other delays, where the drivers probe asynchronously. With the stock cxl_mem, and cxl_port where
# that is a module, it has not. And whatever the order in which modules, devices and bindings come and go,
# also while the decision is pending.
#
#   CXL_TEST_KERNEL=RELEASE   another kernel than Debian 12's 6.12
#   CXL_TEST_PARTS='PART...'  not all of it, but: ours, stock, order, pending

set -eu
# shellcheck source-path=SCRIPTDIR source=modules.sh
. "$(dirname "$0")/modules.sh"

driver guest/hosts

WINDOW=0x3d0000000
DAX=(--module "build/$KERNEL/dax_hmem.ko" --module "build/$KERNEL/dax_cxl.ko" "${HOSTS[@]}")
ASYNC=(--append 'driver_async_probe=cxl_mem,cxl_port,cxl_pci,cxl_acpi')
COVERED=(--topology type3 --firmware dev0:hdm-h --append "memmap=256M%$WINDOW+0xefffffff" --timeout 1800)
PART=(--topology type3 --firmware dev0:hdm-h --append "memmap=512M%$WINDOW+0xefffffff" --timeout 1800)
WANTED=${CXL_TEST_PARTS-ours stock order pending}

for part in $WANTED; do
	case $part in
	ours)
		guest_test 'covered' "${COVERED[@]}" "${MEM[@]}" "${DAX[@]}" "${ASYNC[@]}" -- \
			soft-reserve-turns.sh 100 1 $WINDOW cxl
		guest_test 'part' "${PART[@]}" "${MEM[@]}" "${DAX[@]}" "${ASYNC[@]}" -- \
			soft-reserve-turns.sh 20 2 $WINDOW,0x3e0000000 hmem,hmem
		;;
	stock)
		guest_test 'the stock cxl_mem' "${COVERED[@]}" "${DAX[@]}" "${ASYNC[@]}" -- \
			soft-reserve-turns.sh 20 1 $WINDOW cxl wrong
		;;
	order)
		for seed in 1 2 3; do
			guest_test "any order, $seed" "${COVERED[@]}" "${MEM[@]}" "${DAX[@]}" -- \
				soft-reserve-order.sh 60 $seed $WINDOW cxl
		done
		;;
	pending)
		driver guest/odd
		guest_test 'pending' --topology mixed --firmware dev1:hdm-h,dev0:hdm-d/at=+0x20000000 \
			--append "memmap=256M%$WINDOW+0xefffffff" "${MEM[@]}" "${DAX[@]}" "${ODD[@]}" -- \
			soft-reserve-pending.sh $WINDOW
		;;
	esac
done

done_testing
