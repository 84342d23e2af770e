#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Soft Reserved memory on the debug kernel (KASAN, lockdep, kmemleak): modules, devices and bindings that
# come and go in any order, decisions that are pending, and each memory allocation of dax_hmem fails once.

set -eu
# shellcheck source-path=SCRIPTDIR source=debug.sh
. "$(dirname "$0")/debug.sh"

driver guest/hosts

WINDOW=0x3d0000000
DAX=(--module "build/$KERNEL/dax_hmem.ko" --module "build/$KERNEL/dax_cxl.ko" "${HOSTS[@]}")
RANGE="memmap=256M%$WINDOW+0xefffffff"

debug_test 'Soft Reserve, any order' type3 dev0:hdm-h --append "$RANGE" "${DAX[@]}" -- \
	"soft-reserve-order.sh 40 4 $WINDOW cxl"
debug_test 'Soft Reserve, pending' mixed dev1:hdm-h,dev0:hdm-d/at=+0x20000000 --append "$RANGE" "${DAX[@]}" -- \
	"soft-reserve-pending.sh $WINDOW"
debug_test 'Soft Reserve, allocations' type3 dev0:hdm-h --smp 1 \
	--append "$RANGE memmap=256M%0x3f0000000+0xefffffff" "${DAX[@]}" -- \
	"soft-reserve-fault.sh $WINDOW,0x3f0000000 cxl,hmem"

done_testing
