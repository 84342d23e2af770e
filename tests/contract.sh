# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for the tests that source this file
#
# Shared by the tests that hold cxl_mem to its contract, on the host: after lib.sh,
# . tests/contract.sh. Their part in the guest is tests/guest/accel.sh.
#
#	MEM	options of scripts/vm: cxl_mem, and cxl_port where that is replaced
#	STALE	cxl_mem alone: modprobe takes the kernel's own cxl_port, as it does with a stale initramfs;
#		none where cxl_port is built in
#	BUNDLE	MEM, and the sample driver
#	driver DIR
#		build the driver in tests/DIR for the kernel under test. With one of these options
#		it is in the guest as /modules/NAME_accel.ko:
#	VENDOR	drivers/vendor
#	WHY	drivers/why
#	EARLY	drivers/early
#	CONFIG	drivers/config
#	CHARDEV	drivers/chardev
#	TOLD	drivers/told
#	PARTS	drivers/parts
#	ODD	guest/odd
#	USER_ACCEL	guest/user
#	HOSTS		guest/hosts
#	guest_program NAME
#		compile tests/guest/NAME.c. With this option it is a command in the guest:
#	MEM_IOCTL	mem_ioctl
#	UEVENTS		uevents
#	MMAP_TRAFFIC	mmap_traffic
#	KEXEC		kexec
#	MMAP_USER	mmap_user
#	VFIO_OPEN	vfio_open
#	COLDPLUG	coldplug

if [ ! -f "build/$KERNEL/Module.symvers" ]; then
	echo "Bail out! no modules for $KERNEL: run this test by make check"
	exit 1
fi

MEM=(--module "build/$KERNEL/cxl_mem.ko")
STALE=()
if [ -f "build/$KERNEL/cxl_port.ko" ]; then
	STALE=("${MEM[@]}")
	MEM+=(--module "build/$KERNEL/cxl_port.ko")
fi
BUNDLE=("${MEM[@]}" --module "build/$KERNEL/cxl_accel_sample.ko")
SHARED=build/$KERNEL/tests	# what several tests build, once
VENDOR=(--module "$SHARED/vendor/vendor_accel.ko")
EARLY=(--module "$SHARED/early/early_accel.ko")
WHY=(--module "$SHARED/why/why_accel.ko")
CONFIG=(--module "$SHARED/config/config_accel.ko")
CHARDEV=(--module "$SHARED/chardev/chardev_accel.ko")
PARTS=(--module "$SHARED/parts/parts_accel.ko")
TOLD=(--module "$SHARED/told/told_accel.ko")
ODD=(--module "$SHARED/odd/odd_accel.ko")
USER_ACCEL=(--module "$SHARED/user/user_accel.ko")
HOSTS=(--module "$SHARED/hosts/hosts_accel.ko")
MEM_IOCTL=(--file "$SHARED/mem_ioctl/mem_ioctl:/bin/mem_ioctl")
UEVENTS=(--file "$SHARED/uevents/uevents:/bin/uevents")
KEXEC=(--file "$SHARED/kexec/kexec:/bin/kexec")
MMAP_TRAFFIC=(--file "$SHARED/mmap_traffic/mmap_traffic:/bin/mmap_traffic")
VFIO_OPEN=(--file "$SHARED/vfio_open/vfio_open:/bin/vfio_open")
COLDPLUG=(--file "$SHARED/coldplug/coldplug:/bin/coldplug")
MMAP_USER=(--file "$SHARED/mmap_user/mmap_user:/bin/mmap_user")

# contents FILE...: a sum of files and of what is below directories, but for those that are not there
contents() {
	find "$@" -type f -exec sha256sum {} + 2>/dev/null | sort | sha256sum | cut -d ' ' -f 1
}

# once NAME KEY CMD...: run CMD, which fills $SHARED/NAME.new, unless that has been done with the same KEY.
# What it says is shown if it fails.
once() {
	local dir=$SHARED/$1 key=$2
	shift 2

	mkdir -p "$SHARED"
	(
		flock 9
		[ "$(cat "$dir/.key" 2>/dev/null)" != "$key" ] || exit 0
		rm -rf "$dir.new"
		mkdir "$dir.new"
		"$@" >"$TMP/once.log" 2>&1 9>&- || exit
		echo "$key" >"$dir.new/.key"
		rm -rf "$dir"
		mv "$dir.new" "$dir"
	) 9>"$SHARED/${dir##*/}.lock" && return
	explain <"$TMP/once.log"
	return 1
}

# A driver depends on the modules' symbol versions and on the kernel's.
driver() {
	local name=${1##*/} kernel_symvers=$KDIR/Module.symvers

	[ -f "$kernel_symvers" ] || kernel_symvers=$CACHE/root/$(kernel_root "$KERNEL")$kernel_symvers
	once "$name" "$(contents "tests/$1" src/include scripts/build-driver scripts/driver.mk scripts/driver-flags \
		"build/$KERNEL/Module.symvers" "$kernel_symvers")" \
		scripts/env/in-root "$(kernel_root "$KERNEL")" -- scripts/build-driver --out "$SHARED/$name.new" \
		--bundle "build/$KERNEL" "KDIR=$KDIR" "$KERNEL" "tests/$1" && return
	echo "Bail out! tests/$1 does not build"
	exit 1
}

guest_program() {
	local gcc=gcc

	[ "$ARCH" != arm64 ] || gcc=aarch64-linux-gnu-gcc
	once "$1" "$(contents "tests/guest/$1.c")" \
		scripts/env/in-root "$(arch_root "$ARCH")" -- $gcc -Wall -Wextra -Werror -O2 -static \
		-o "$SHARED/$1.new/$1" "tests/guest/$1.c" && return
	echo "Bail out! tests/guest/$1.c does not compile"
	exit 1
}
