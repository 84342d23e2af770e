# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the tests that source this file
#
# Shared by the tests that hold cxl_mem to its contract, on the host: after lib.sh,
# . tests/contract.sh. Their part in the guest is tests/guest/accel.sh.
#
#	MEM	options of scripts/vm: cxl_mem
#	BUNDLE	the same, and the sample driver
#	driver NAME
#		build tests/drivers/NAME for the kernel under test; it is in the guest as
#		/modules/NAME_accel.ko with the options "${VENDOR[@]}" or "${WHY[@]}"

MEM=(--module "build/$KERNEL/cxl_mem.ko")
BUNDLE=("${MEM[@]}" --module "build/$KERNEL/cxl_accel_sample.ko")
VENDOR=(--module "$TMP/vendor/vendor_accel.ko")
WHY=(--module "$TMP/why/why_accel.ko")

driver() {
	scripts/in-root bookworm -- scripts/build-driver --out "$TMP/$1" \
		--bundle "build/$KERNEL" "$KERNEL" "tests/drivers/$1" >"$TMP/$1.log" 2>&1 && return
	sed 's/^/# /' "$TMP/$1.log"
	echo "Bail out! tests/drivers/$1 does not build"
	exit 1
}
