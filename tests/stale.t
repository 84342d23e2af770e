#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Stale: where cxl_port is a module, but the kernel's own was loaded first, out of an initramfs that
# nobody has refreshed, our cxl_mem does with it what it does with ours (C1, C3, C9). That it loads
# and says so, and what cannot be removed then, is in order.t; expanders are in type3.t.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

[ ${#STALE[@]} != 0 ] || skip_all "cxl_port is built into $KERNEL: try make check K=modular"

driver drivers/vendor
SAMPLE=(--module "build/$KERNEL/cxl_accel_sample.ko")

guest_test 'attach' --firmware dev0:hdm-d "${STALE[@]}" "${SAMPLE[@]}" "${VENDOR[@]}" -- attach.sh
guest_test 'attach, pass-through' --topology passthrough --firmware dev0:hdm-d \
	"${STALE[@]}" "${SAMPLE[@]}" -- attach-all.sh dev0:0:0:accelerator
guest_test 'attach, DVSEC range' --firmware dev0:mem-enable-only \
	"${STALE[@]}" "${SAMPLE[@]}" -- attach-ranges.sh
guest_test 'detach' --firmware all:hdm-d "${STALE[@]}" "${VENDOR[@]}" -- detach.sh \
	loss_memdev loss_endpoint loss_delete_region loss_shared_port loss_host_module
guest_test 'driver_async_probe=*' --topology mixed --firmware dev0:hdm-d "${STALE[@]}" \
	"${VENDOR[@]}" --append 'driver_async_probe=*' -- async.sh 4

done_testing
