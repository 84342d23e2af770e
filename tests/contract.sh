# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the tests that source this file
#
# Shared by the tests that hold cxl_mem to its contract, on the host: after lib.sh,
# . tests/contract.sh. Their part in the guest is tests/guest/accel.sh.
#
#	MEM	options of scripts/vm: cxl_mem, and cxl_port where that is replaced
#	BUNDLE	the same, and the sample driver
#	driver DIR
#		build the driver in tests/DIR for the kernel under test. With one of these options
#		it is in the guest as /modules/NAME_accel.ko:
#	VENDOR	drivers/vendor
#	WHY	drivers/why
#	ODD	guest/odd
#	guest_program NAME
#		compile tests/guest/NAME.c. With this option it is a command in the guest:
#	MEM_IOCTL	mem_ioctl
#	UEVENTS		uevents

if [ ! -f "build/$KERNEL/Module.symvers" ]; then
	echo "Bail out! no modules for $KERNEL: run this test by make check"
	exit 1
fi

MEM=(--module "build/$KERNEL/cxl_mem.ko")
[ ! -f "build/$KERNEL/cxl_port.ko" ] || MEM+=(--module "build/$KERNEL/cxl_port.ko")
BUNDLE=("${MEM[@]}" --module "build/$KERNEL/cxl_accel_sample.ko")
VENDOR=(--module "$TMP/vendor/vendor_accel.ko")
WHY=(--module "$TMP/why/why_accel.ko")
ODD=(--module "$TMP/odd/odd_accel.ko")
MEM_IOCTL=(--file "$TMP/mem_ioctl:/bin/mem_ioctl")
UEVENTS=(--file "$TMP/uevents:/bin/uevents")

driver() {
	local name=${1##*/}

	scripts/in-root bookworm -- scripts/build-driver --out "$TMP/$name" \
		--bundle "build/$KERNEL" "KDIR=$KDIR" "$KERNEL" "tests/$1" >"$TMP/$name.log" 2>&1 && return
	explain <"$TMP/$name.log"
	echo "Bail out! tests/$1 does not build"
	exit 1
}

guest_program() {
	scripts/in-root bookworm -- gcc -Wall -Wextra -Werror -O2 -static \
		-o "$TMP/$1" "tests/guest/$1.c" && return
	echo "Bail out! tests/guest/$1.c does not compile"
	exit 1
}

