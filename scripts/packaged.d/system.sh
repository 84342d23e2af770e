# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of who sources this
#
# A whole Debian system as a directory, in which packages are installed, and which is then booted. Shared by
# scripts/packaged and tests/packages/lib.sh, after env/lib.sh:
#
#	alone ARG...	at the beginning: this script is run again in a mount namespace of its own
#	open_system SUITE
#		Start from a fresh system (tests/packages/system), at $SYSTEM. It goes with drop_system.
#	in_system CMD...
#		Run CMD in it as its root user, with apt and all.
#	kernels	those that it has, the newest last
#	boot_system KERNEL SCRIPT ARG...
#		Boot it under QEMU with an accelerator (dev0, its memory committed by platform firmware) and
#		an expander, and run SCRIPT in it when systemd is up. What that prints is in $TMP/tap, with
#		"exit STATUS" at the end, and what the kernel says in $TMP/console. Takes append, timeout,
#		efi and commits (see tests/packages/lib.sh), and types, what is to be in /guest/typed; of
#		scripts/vm, topology (default: mixed) and icount.
#	no_complaint	the kernel has not complained; prints it if it has
#
#	TMP	directory of this run's own, in $CACHE/packages

# shellcheck source-path=SCRIPTDIR source=../vm.d/topology.sh
. "$TREE/scripts/vm.d/topology.sh"
# shellcheck source-path=SCRIPTDIR source=../vm.d/complaints.sh
. "$TREE/scripts/vm.d/complaints.sh"

SYSTEM=''

# Mounts of the run are gone when it is.
alone() {
	if [ -z "${CXL_ACCEL_UNSHARED:-}" ]; then
		CXL_ACCEL_UNSHARED=1 exec unshare --mount --propagation private "$0" "$@"
	fi
	unset CXL_ACCEL_UNSHARED
	mkdir -p "$CACHE/packages"
	TMP=$(mktemp -d "$CACHE/packages/test.XXXXXX")
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

# Upper layer, mount point: changes to the directory LOWER are kept in a directory of this run's own.
mount_copy() {
	local lower=$1 name=$2 point=$3

	mkdir -p "$TMP/system/$name-upper" "$TMP/system/$name-work" "$point"
	mount -t overlay overlay -o \
		"lowerdir=$lower,upperdir=$TMP/system/$name-upper,workdir=$TMP/system/$name-work" "$point"
}

open_system() {
	drop_system
	BASE=$("$TREE/tests/packages/system" "$1")
	mkdir -p "$TMP/system/root"
	SYSTEM=$TMP/system/root
	mount_copy "$BASE" root "$SYSTEM"
	mount -t proc proc "$SYSTEM/proc"
	mount -t tmpfs tmpfs "$SYSTEM/run"
	make_dev "$SYSTEM/dev"
	cp -L /etc/resolv.conf "$SYSTEM/etc/resolv.conf"
	echo "127.0.0.1 localhost $(uname -n)" >"$SYSTEM/etc/hosts"
}

in_system() {
	chroot "$SYSTEM" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@"
}

# The kernels that the system has, the newest last.
kernels() {
	(cd "$SYSTEM/boot" && printf '%s\n' vmlinuz-*) | sed 's/^vmlinuz-//' | sort -V
}

# ---- booting ----

# On a busy machine the TSC is calibrated wrongly, and then time runs away. apparmor would compile its
# profiles for half a minute, and nobody logs in. The second processor is started by firmware-init; under
# Secure Boot, where there is none, by nobody.
SETTINGS="$EMULATED $EMULATED_AMD64 tsc=unstable clocksource=hpet rcupdate.rcu_cpu_stall_timeout=300 apparmor=0
	systemd.show_status=0"

# The machine that scripts/vm has for that topology, and a disk.
hardware() {
	local qemu cxl device=type2 hypervisor='' reboot='' window_specs=() cdats=() processors=(-smp 2)

	[ -z "${icount:-}" ] || processors=(-icount 'shift=0,sleep=off' -smp 1)
	make_topology "${topology:-mixed}"
	machine_options 1500M
	printf '%s\n' "${qemu[@]}" "${processors[@]}" \
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
	cat >"$dir/firmware-init" <<-INIT
		#!/bin/sh
		mkdir -p /proc /sys /dev
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		/platform-firmware ${commits:-0xd0:hdm-d} 2>/dev/kmsg || echo "platform firmware failed" >/dev/kmsg
		[ ! -e /sys/devices/system/cpu/cpu1 ] || echo 1 >/sys/devices/system/cpu/cpu1/online
		umount /dev /sys /proc
		exec /init "\$@"
	INIT
	chmod 755 "$dir"/*
	(cd "$dir" && printf "%s\n" firmware-init platform-firmware |
		"$TREE/scripts/env/in-root" bookworm -- cpio --quiet -o -H newc -R 0:0)
}

# The script is a service like any other; what it prints comes out of the second serial port.
add_service() {
	local dir=$1 script=$2
	shift 2

	mkdir -p "$dir/guest" "$dir/etc/systemd/system/multi-user.target.wants"
	cp "$TREE/tests/guest/tap.sh" "$dir/guest/"
	cp "$script" "$dir/guest/test.sh"
	echo "$types" >"$dir/guest/typed"
	cat >"$dir/etc/systemd/system/cxl-accel-test.service" <<-UNIT
		[Unit]
		After=systemd-modules-load.service systemd-udev-settle.service
		Wants=systemd-udev-settle.service
		[Service]
		Type=oneshot
		ExecStart=/bin/sh -c 'sh /guest/test.sh $* >/dev/ttyS1 2>&1; echo "exit \$?" >/dev/ttyS1'
		ExecStopPost=/bin/systemctl --no-block poweroff --force --force
	UNIT
	ln -s ../cxl-accel-test.service "$dir/etc/systemd/system/multi-user.target.wants/"
}

# A disk with the system on it, as it is now, less what no boot needs.
make_disk() {
	local view=$TMP/view
	local lower=$TMP/system/root-upper:$BASE

	mkdir -p "$view" "$TMP/view-upper" "$TMP/view-work"
	mount -t overlay overlay -o "lowerdir=$lower,upperdir=$TMP/view-upper,workdir=$TMP/view-work" "$view"
	add_service "$view" "$@"
	rm -rf "$view"/var/cache/apt/* "$view"/var/lib/apt/lists/* "$view"/usr/share/{doc,locale,perl}
	rm -rf "$view"/usr/{lib,libexec}/gcc "$view"/usr/include
	echo "/dev/vda / ext4 defaults 0 1" >"$view/etc/fstab"
	rm -f "$TMP/disk"
	"$TREE/scripts/env/in-root" --bind "$view" packaging -- \
		mke2fs -q -t ext4 -O ^has_journal -d "$view" "$TMP/disk" 4G >"$TMP/mke2fs.log" 2>&1
	umount "$view"
	rm -rf --one-file-system "$view" "$TMP/view-upper" "$TMP/view-work"
}

run_qemu() {
	local qemu

	mapfile -t qemu < <(hardware)
	[ -z "$efi" ] || mapfile -t -O ${#qemu[@]} qemu < <(secure_boot)
	"$TREE/scripts/env/in-root" bookworm -- timeout --foreground --kill-after=5 "$timeout" "${qemu[@]}" \
		-kernel "$TMP/vmlinuz" -initrd "$TMP/initrd" \
		-append "root=/dev/vda rw$init console=ttyS0 ${SETTINGS//[[:space:]]/ }$append" \
		>"$TMP/qemu.log" 2>&1 </dev/null || true
}

boot_system() {
	local kernel=$1 plugin firmware init=' rdinit=/firmware-init'
	shift

	[ -z "$efi" ] || init=''
	{ read -r plugin && read -r firmware; } < <("$TREE/scripts/vm" --tools)
	make_disk "$@"
	{
		firmware_cpio
		cat "$SYSTEM/boot/initrd.img-$kernel"
	} >"$TMP/initrd"
	cp "$SYSTEM/boot/vmlinuz-$kernel" "$TMP/vmlinuz"
	: >"$TMP/tap"
	run_qemu
}

no_complaint() {
	! {
		complaints "$TMP/console"
		grep 'platform firmware failed' "$TMP/console"
	} | grep .
}
