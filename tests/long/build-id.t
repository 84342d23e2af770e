#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel without MODVERSIONS takes every module of its name. Ours do not let themselves be taken by
# another build of the kernel, or of cxl_core, than they were built for.

set -eu
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

KERNEL=$(scripts/env/kernel modular-nomodversions)
HEADERS=$CACHE/kernel/$KERNEL/lib/modules/$KERNEL/build
BUILT=build/$KERNEL

id_of() {
	sed -n "s/^#define $1\t\"\(.*\)\"/\1/p" "$BUILT/generated/cxl_core_layout.h"
}

# with_id DIR ID: the modules as if built for a kernel with another build id than ID
with_id() {
	mkdir "$TMP/$1"
	cp "$BUILT"/*.ko "$TMP/$1/"
	sed -i "s/$2/$(tr 0-9 1-90 <<<"$2")/" "$TMP/$1"/cxl_{mem,port}.ko
}

# loads MEM PORT: the sample, with cxl_mem of one directory and cxl_port of the other
loads() {
	# shellcheck disable=SC2016 # for the guest
	in_guest --topology mixed --firmware dev0:hdm-d --module "$1/cxl_mem.ko" --module "$2/cxl_port.ko" \
		--module "$BUILT/cxl_accel_sample.ko" --load cxl_acpi -- \
		sh -c 'modprobe cxl_accel_sample; rc=$?; dmesg | grep cxl_; exit $rc'
}

# refuses WHO WHAT MEM PORT
refuses() {
	local who=$1 what=$2
	shift 2
	! loads "$@" >"$TMP/log" 2>&1 || { cat "$TMP/log"; return 1; }
	cat "$TMP/log"
	grep -q "cxl_accel_sample'*: Exec format error" "$TMP/log" &&
		grep -q " $who: build ID mismatch: built against $what .*, running .*; build cxl-accel again" "$TMP/log"
}

ok 'modules build for a kernel without MODVERSIONS' \
	scripts/env/in-root bookworm -- scripts/build "$KERNEL" "$HEADERS"
with_id kernel "$(id_of CXL_CORE_BUILD_ID)"
with_id core "$(id_of CXL_CORE_MODULE_BUILD_ID)"
ok 'modules for a kernel without MODVERSIONS load' loads "$BUILT" "$BUILT"
ok 'cxl_port does not load if built for another build of the kernel' \
	refuses cxl_port kernel "$BUILT" "$TMP/kernel"
ok 'cxl_port does not load if built for another build of cxl_core' refuses cxl_port cxl_core "$BUILT" "$TMP/core"
ok 'cxl_mem does not load if built for another build of the kernel' \
	refuses cxl_mem kernel "$TMP/kernel" "$BUILT"
ok 'cxl_mem does not load if built for another build of cxl_core' refuses cxl_mem cxl_core "$TMP/core" "$BUILT"
done_testing
