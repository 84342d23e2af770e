# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the tests that source this file
#
# Shared by the tests of kernels that have the accelerator API themselves, and of the side module beside their
# cxl_mem: in place of lib.sh, which it brings, . tests/side.sh
#
#	use SUITE
#		The kernel is the newest of that suite from now on, which is fetched if need be (100 MB); sets SUITE,
#		KERNEL, BUILT and
#	  SIDE	options of scripts/vm: the side module, as it is installed
#	  ORDER	the same, and cxl_acpi is not loaded before it, for which some tests want to wait
#	  OWN, VENDOR, WHY, TOLD, EARLY, ODD, OWN_USER, SAMPLE
#		drivers, once they have been built. OWN is VENDOR, built against the kernel alone
#	build_side
#		builds the side module, and the sample
#	build_driver OUT DIR [VARIABLE=VALUE]...
#		builds the driver of DIR into $BUILT/tests/OUT
#	imports OUT/MODULE
#		prints what a driver depends on

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

build_side() {
	scripts/env/in-root "$SUITE" -- scripts/build "$KERNEL" "/lib/modules/$KERNEL/build" "$(kernel_image "$KERNEL")"
}

build_driver() {
	local out=$1 dir=$2
	shift 2

	scripts/env/in-root "$SUITE" -- env "$@" scripts/build-driver --out "$BUILT/tests/$out" \
		"KDIR=/lib/modules/$KERNEL/build" "$KERNEL" "$dir"
}

imports() {
	scripts/env/in-root "$SUITE" -- modinfo -F depends "$BUILT/tests/$1"
}

use() {
	SUITE=$1
	scripts/env/root "$SUITE" >/dev/null
	KERNEL=$(newest_kernel "$SUITE")
	BUILT=build/$KERNEL
	scripts/env/get-kernel "$SUITE" "linux-image-$KERNEL" >/dev/null
	SIDE=(--module "$BUILT/cxl_accel.ko" --file scripts/package/modprobe.conf:/etc/modprobe.d/cxl-accel.conf)
	ORDER=(--module "$BUILT/cxl_accel.ko" --file "$TMP/order.conf:/etc/modprobe.d/cxl-accel.conf")
	OWN=(--module "$BUILT/tests/own/vendor_accel.ko")
	VENDOR=(--module "$BUILT/tests/vendor/vendor_accel.ko")
	WHY=(--module "$BUILT/tests/why/why_accel.ko")
	TOLD=(--module "$BUILT/tests/told/told_accel.ko")
	EARLY=(--module "$BUILT/tests/early/early_accel.ko")
	ODD=(--module "$BUILT/tests/odd/odd_accel.ko")
	OWN_USER=(--module "$BUILT/tests/own_user/user_accel.ko")
	SAMPLE=(--module "$BUILT/cxl_accel_sample.ko")
}

echo 'softdep cxl_mem pre: cxl_accel' >"$TMP/order.conf"
