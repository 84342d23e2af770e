#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A second kernel, which has the accelerator API itself: Linux 7.3 of Debian's experimental, with the side module
# beside its cxl_mem. The same driver and the same steps as on 6.12: what is lost is told (C3), nothing is undone
# by another binding (C4), "not yet" heals (C5). tests/long/side.t has all steps, and sid's kernel.

set -eu
# shellcheck source-path=SCRIPTDIR source=side.sh
. "$(dirname "$0")/side.sh"

use experimental
ok "the side module and the sample build for $KERNEL" build_side
ok 'so does a driver' build_driver vendor tests/drivers/vendor
is 'the module can be loaded before cxl_mem, as it does not depend on it' \
	"$(imports ../cxl_accel.ko | tr , '\n' | grep -x cxl_mem)" ''
guest_test losses --firmware all:hdm-d "${ORDER[@]}" "${VENDOR[@]}" -- \
	detach.sh loss_memdev loss_region loss_host_module
guest_test 'unbind and bind' --firmware all:hdm-d "${SIDE[@]}" "${VENDOR[@]}" --timeout 900 \
	--append log_buf_len=4M -- rebind-stress.sh 100 20
guest_test 'not yet' --firmware dev0:hdm-d "${ORDER[@]}" "${SAMPLE[@]}" "${VENDOR[@]}" \
	--load 'cxl_mem cxl_accel_sample cxl_acpi' -- defer.sh
done_testing
