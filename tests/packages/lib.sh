# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables read by the scripts that source this file
#
# Shared by the tests of this directory: . "$(dirname "$0")/lib.sh"
#
# What a test can call is listed in tests/guest/tap.sh, and
#
#	new_system SUITE
#		Start from a fresh Debian system (see tests/packages/system). It is at $SYSTEM, and goes
#		with the test.
#	in_system CMD...
#		Run CMD in it as its root user, with apt and all.
#	user "COMMAND LINE"
#		The same for what a user types; its output is shown as comments, and kept in $TMP/output.
#	boot [OPTION]... KERNEL SCRIPT
#		Boot it under QEMU with an accelerator (dev0, its memory committed by platform firmware) and
#		an expander, and run SCRIPT in it when systemd is up. SCRIPT prints TAP, by way of
#		/guest/tap.sh. What the boot changes in the system is lost.
#		  --append STRING   add to the kernel command line (begins with a blank)
#		  --timeout N       seconds
#		  --efi VARS        with Secure Boot on, by the keys in the variables of Debian's OVMF in VARS.
#		                    Its lockdown stops our platform firmware, so nothing is committed.
#	deb [VERSION]
#		Print the path of the Debian package, as is or with another version.
#
#	TREE	top of the source tree, and the working directory
#	TMP	directory of this test's own, removed at its end

PROG=${0##*/}
# shellcheck source-path=SCRIPTDIR source=../../scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
need_superuser
# Mounts of the test are gone when it is.
if [ -z "${CXL_ACCEL_UNSHARED:-}" ]; then
	CXL_ACCEL_UNSHARED=1 exec unshare --mount --propagation private "$0" "$@"
fi
unset CXL_ACCEL_UNSHARED
cd "$TREE" || exit
mkdir -p "$CACHE/packages"
TMP=$(mktemp -d "$CACHE/packages/test.XXXXXX")
SYSTEM=''
trap end_test EXIT
# shellcheck source-path=SCRIPTDIR source=../guest/tap.sh
. "$TREE/tests/guest/tap.sh"

end_test() {
	drop_system
	rm -rf --one-file-system "$TMP"
}

drop_system() {
	[ -n "$SYSTEM" ] || return 0
	# Something that was started in it may still run.
	umount -R -l "$SYSTEM"
	rm -rf --one-file-system "$TMP/system"
	SYSTEM=''
}

# A /dev of the system's own: what is removed in it is nobody else's.
make_dev() {
	local node

	mount -t tmpfs -o mode=755 dev "$1"
	for node in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do
		mknod -m 666 "$1/${node% *}" c 1 "${node#* }"
	done
	mknod -m 666 "$1/tty" c 5 0
	mkdir "$1/pts" "$1/shm"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$1/pts"
	ln -s pts/ptmx "$1/ptmx"
	ln -s /proc/self/fd "$1/fd"
	ln -s fd/0 "$1/stdin"
	ln -s fd/1 "$1/stdout"
	ln -s fd/2 "$1/stderr"
}

new_system() {
	drop_system
	BASE=$(tests/packages/system "$1")
	mkdir -p "$TMP"/system/{upper,work,root}
	SYSTEM=$TMP/system/root
	mount -t overlay overlay -o "lowerdir=$BASE,upperdir=$TMP/system/upper,workdir=$TMP/system/work" "$SYSTEM"
	mount -t proc proc "$SYSTEM/proc"
	mount -t tmpfs tmpfs "$SYSTEM/run"
	make_dev "$SYSTEM/dev"
	cp -L /etc/resolv.conf "$SYSTEM/etc/resolv.conf"
	# A small initramfs is made, and read by the guest, in a tenth of the time.
	echo MODULES=list >"$SYSTEM/etc/initramfs-tools/conf.d/cxl-accel-test-modules"
	printf '%s\n' virtio_pci virtio_blk ext4 >>"$SYSTEM/etc/initramfs-tools/modules"
}

in_system() {
	chroot "$SYSTEM" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@"
}

user() {
	local rc=0

	echo "# root@system:~# $1"
	in_system sh -c "$1" >"$TMP/output" 2>&1 </dev/null || rc=$?
	sed 's/^/#   /' "$TMP/output" | tail -n "${SHOW:-8}"
	return "$rc"
}

deb() {
	local file version=${1:-}

	file=$(ls "$TREE"/build/packages/cxl-accel-dkms_*_all.deb)
	if [ -n "$version" ]; then
		rm -rf "$TMP/deb"
		mkdir -p "$TMP/deb/DEBIAN"
		dpkg-deb -x "$file" "$TMP/deb"
		dpkg-deb -e "$file" "$TMP/deb/DEBIAN"
		local old
		old=$(dpkg-deb -f "$file" Version)
		mv "$TMP/deb/usr/src/cxl-accel-$old" "$TMP/deb/usr/src/cxl-accel-$version"
		ln -sfn "cxl-accel-$version" "$TMP/deb/usr/src/cxl-accel"
		ln -sfn "../src/cxl-accel-$version/scripts/cxl-accel" "$TMP/deb/usr/sbin/cxl-accel"
		sed -i "s/$old/$version/g" "$TMP"/deb/DEBIAN/{control,postinst,prerm} "$TMP/deb/usr/src/cxl-accel-$version/dkms.conf"
		(cd "$TMP/deb" && find usr -type f -exec md5sum {} +) >"$TMP/deb/DEBIAN/md5sums"
		dpkg-deb --root-owner-group -b "$TMP/deb" "$TMP/cxl-accel-dkms_${version}_all.deb" >&2
		file=$TMP/cxl-accel-dkms_${version}_all.deb
	fi
	echo "$file"
}

# The kernels that the system has, the newest last.
kernels() {
	(cd "$SYSTEM/boot" && printf '%s\n' vmlinuz-*) | sed 's/^vmlinuz-//' | sort -V
}

# ---- booting ----

# What QEMU's machine has: as scripts/vm has it for its topology "mixed".
hardware() {
	printf '%s\n' -M "q35,accel=tcg,cxl=on,cxl-fmw.0.targets.0=hb0,cxl-fmw.0.size=4G" \
		-m 1500M,maxmem=8G,slots=4 -smp 2 -cpu max,-hypervisor \
		-nodefaults -no-user-config -display none -no-reboot -plugin "$plugin" \
		-device pxb-cxl,bus_nr=12,bus=pcie.0,id=hb0 \
		-device cxl-rp,port=0,bus=hb0,id=rp0,chassis=0,slot=2 \
		-device cxl-rp,port=1,bus=hb0,id=rp1,chassis=0,slot=3 \
		-object memory-backend-ram,id=vmem0,size=256M \
		-device cxl-type2,bus=rp0,volatile-memdev=vmem0,id=dev0,sn=0xd0 \
		-object memory-backend-ram,id=vmem1,size=256M \
		-device cxl-type3,bus=rp1,volatile-memdev=vmem1,id=dev1,sn=0xd1 \
		-drive "file=$TMP/disk,format=raw,if=none,id=disk,snapshot=on" \
		-device virtio-blk-pci,bus=pcie.0,drive=disk \
		-serial "file:$TMP/console" -serial "file:$TMP/tap"
}

# With -kernel OVMF starts what it cannot verify, too; the kernel then enforces all the same.
secure_boot() {
	printf '%s\n' -machine smm=on -global driver=cfi.pflash01,property=secure,value=on \
		-drive "if=pflash,unit=0,format=raw,readonly=on,file=$CACHE/root/packaging/usr/share/OVMF/OVMF_CODE_4M.secboot.fd" \
		-drive "if=pflash,unit=1,format=raw,file=$efi"
}

# What the kernel starts in place of the initramfs's own init: platform firmware has been there first.
firmware_cpio() {
	local dir=$TMP/firmware

	mkdir -p "$dir"
	cp "$firmware" "$dir/platform-firmware"
	cat >"$dir/firmware-init" <<-'INIT'
		#!/bin/sh
		mkdir -p /proc /sys /dev
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		/platform-firmware 0xd0:hdm-d 2>/dev/kmsg || echo "platform firmware failed" >/dev/kmsg
		umount /dev /sys /proc
		exec /init "$@"
	INIT
	chmod 755 "$dir"/*
	(cd "$dir" && printf "%s\n" firmware-init platform-firmware |
		"$TREE/scripts/in-root" bookworm -- cpio --quiet -o -H newc -R 0:0)
}

# The test is a service like any other; what it prints comes out of the second serial port.
add_service() {
	local dir=$1 script=$2

	mkdir -p "$dir/guest" "$dir/etc/systemd/system/multi-user.target.wants"
	cp tests/guest/tap.sh "$dir/guest/"
	cp "$script" "$dir/guest/test.sh"
	cat >"$dir/etc/systemd/system/cxl-accel-test.service" <<-'UNIT'
		[Unit]
		After=systemd-modules-load.service systemd-udev-settle.service
		Wants=systemd-udev-settle.service
		[Service]
		Type=oneshot
		ExecStart=/bin/sh -c 'sh /guest/test.sh >/dev/ttyS1 2>&1; echo "exit $?" >/dev/ttyS1'
		ExecStopPost=/bin/systemctl --no-block poweroff --force --force
	UNIT
	ln -s ../cxl-accel-test.service "$dir/etc/systemd/system/multi-user.target.wants/"
}

# A disk with the system on it, as it is now.
make_disk() {
	local view=$TMP/view

	mkdir -p "$view" "$TMP/view-upper" "$TMP/view-work"
	mount -t overlay overlay -o \
		"lowerdir=$TMP/system/upper:$BASE,upperdir=$TMP/view-upper,workdir=$TMP/view-work" "$view"
	add_service "$view" "$1"
	rm -rf "$view"/var/cache/apt/* "$view"/var/lib/apt/lists/* "$view"/usr/share/{doc,locale}
	rm -rf "$view"/usr/lib/gcc "$view"/usr/include
	echo "/dev/vda / ext4 defaults 0 1" >"$view/etc/fstab"
	rm -f "$TMP/disk"
	scripts/in-root --bind "$view" packaging -- \
		mke2fs -q -t ext4 -O ^has_journal -d "$view" "$TMP/disk" 4G >"$TMP/mke2fs.log" 2>&1
	umount "$view"
	rm -rf --one-file-system "$view" "$TMP/view-upper" "$TMP/view-work"
}

# One line of the guest's TAP becomes one of ours.
pass_on() {
	case $1 in
	"ok "[0-9]*) pass "$kernel: ${1#ok * - }" ;;
	"not ok "[0-9]*) fail "$kernel: ${1#not ok * - }" ;;
	1..[0-9]*) plan=1 ;;
	"exit 0") finished=1 ;;
	*) echo "# ${1#\# }" ;;
	esac
}

boot() {
	local append='' timeout=900 efi='' init=' rdinit=/firmware-init' kernel script line plan='' finished='' plugin firmware qemu

	while [[ $1 = --* ]]; do
		printf -v "${1#--}" %s "$2"
		shift 2
	done
	kernel=$1 script=$2
	{ read -r plugin && read -r firmware; } < <(scripts/vm --tools)
	make_disk "$script"
	{
		firmware_cpio
		cat "$SYSTEM/boot/initrd.img-$kernel"
	} >"$TMP/initrd"
	cp "$SYSTEM/boot/vmlinuz-$kernel" "$TMP/vmlinuz"
	: >"$TMP/tap"
	mapfile -t qemu < <(hardware)
	if [ -n "$efi" ]; then
		mapfile -t -O ${#qemu[@]} qemu < <(secure_boot)
		init=''
	fi
	scripts/in-root bookworm -- timeout --kill-after=5 "$timeout" qemu-system-x86_64 "${qemu[@]}" \
		-kernel "$TMP/vmlinuz" -initrd "$TMP/initrd" \
		-append "root=/dev/vda rw$init console=ttyS0 loglevel=7 panic=-1 oops=panic no_timer_check mitigations=off random.trust_cpu=on systemd.show_status=0$append" \
		>"$TMP/qemu.log" 2>&1 </dev/null || true
	while IFS= read -r line; do
		pass_on "${line%$'\r'}"
	done <"$TMP/tap"
	if [ -n "$plan$finished" ] && ! tr -d '\r' <"$TMP/console" |
		grep -E 'BUG:|WARNING:|Oops:|Call Trace:|Kernel panic|platform firmware failed'; then
		pass "$kernel: the system came up, and the kernel did not complain"
	else
		fail "$kernel: the system came up, and the kernel did not complain"
		tail -n 60 "$TMP/console" "$TMP/qemu.log" | tr -d '\r' | sed 's/^/# /'
	fi
}

# ---- the vendor's package, see vendor-dkms/ ----

vendor_deb() {
	local dir=$TMP/vendor

	mkdir -p "$dir"
	cp -r tests/packages/vendor-dkms "$dir/vendor-accel"
	cp tests/drivers/vendor/vendor_accel.c "$dir/vendor-accel/"
	# shellcheck disable=SC2016 # the inner shell's
	scripts/in-root --bind "$dir/vendor-accel" packaging -- \
		sh -c 'cd "$1" && dpkg-buildpackage -b -uc -us' sh "$dir/vendor-accel" >"$dir/log" 2>&1 ||
		cat "$dir/log" >&2
	ls "$dir"/*.deb
}
