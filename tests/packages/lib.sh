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
#		with the test. A copy of the source tree is in it, as its user has cloned it.
#	in_system CMD...
#		Run CMD in it as its root user, with apt and all.
#	user "COMMAND LINE"
#		What the system's user types, in the source tree; the output is shown as comments, and kept
#		in $TMP/output.
#	readme SECTION [FILTER...]
#		From now on the user types what the README says: the indented lines below the heading
#		SECTION, less those that match one of the FILTERs, extended regular expressions.
#	typed PATTERN
#		Take the next of these lines into $LINE; status 1 if it does not match PATTERN.
#	types WHAT PATTERN
#		A check: the next line matches, and does its job when the user types it as it is.
#	typed_all
#		A check: that was all of them.
#	boot [OPTION]... KERNEL SCRIPT [ARG]...
#		Boot it under QEMU with an accelerator (dev0, its memory committed by platform firmware) and
#		an expander, and run SCRIPT in it when systemd is up. SCRIPT prints TAP, by way of
#		/guest/tap.sh. What the boot changes in the system is lost.
#		  --append STRING   add to the kernel command line (begins with a blank)
#		  --timeout N       seconds
#		  --types LINE      what the user types in it: /guest/typed
#		  --efi VARS        with Secure Boot on, by the keys in the variables of Debian's OVMF in VARS.
#		                    Its lockdown stops our platform firmware, so nothing is committed.
#	deb [VERSION]
#		Print the path of the Debian package, as is or with another version.
#	installed MODULE[/VERSION] KERNEL
#		dkms has installed it.
#
#	TREE	top of the source tree, and the working directory
#	TMP	directory of this test's own, removed at its end

PROG=${0##*/}
# shellcheck source-path=SCRIPTDIR source=../../scripts/env/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/env/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/vm.d/topology.sh
. "$TREE/scripts/vm.d/topology.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/vm.d/complaints.sh
. "$TREE/scripts/vm.d/complaints.sh"
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
LINE=''
trap end_test EXIT
# shellcheck source-path=SCRIPTDIR source=../guest/tap.sh
. "$TREE/tests/guest/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../host-tap.sh
. "$TREE/tests/host-tap.sh"

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

# Upper layer, mount point: changes to the directory LOWER are kept in a directory of this test's own.
mount_copy() {
	local lower=$1 name=$2 point=$3

	mkdir -p "$TMP/system/$name-upper" "$TMP/system/$name-work" "$point"
	mount -t overlay overlay -o \
		"lowerdir=$lower,upperdir=$TMP/system/$name-upper,workdir=$TMP/system/$name-work" "$point"
}

new_system() {
	drop_system
	BASE=$(tests/packages/system "$1")
	mkdir -p "$TMP/system/root"
	SYSTEM=$TMP/system/root
	mount_copy "$BASE" root "$SYSTEM"
	mount -t proc proc "$SYSTEM/proc"
	mount -t tmpfs tmpfs "$SYSTEM/run"
	make_dev "$SYSTEM/dev"
	cp -L /etc/resolv.conf "$SYSTEM/etc/resolv.conf"
	echo "127.0.0.1 localhost $(uname -n)" >"$SYSTEM/etc/hosts"
	mkdir "$SYSTEM/home/user/cxl-accel"
	tar -c --exclude=./build --exclude=./.git . | tar -x -C "$SYSTEM/home/user/cxl-accel"
	chroot "$SYSTEM" chown -R user: /home/user/cxl-accel
	# The private root that packages are built in is there already.
	scripts/env/root packaging >/dev/null
	mount_copy "$CACHE/root/packaging" packaging "$SYSTEM/var/cache/cxl-accel/root/packaging"
}

in_system() {
	chroot "$SYSTEM" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@"
}

user() {
	local rc=0

	echo "# user@system:~/cxl-accel\$ $1"
	# shellcheck disable=SC2016 # $1 is the inner shell's
	in_system PATH=/usr/local/bin:/usr/bin:/bin HOME=/home/user /usr/sbin/runuser -u user -- \
		sh -c 'cd ~/cxl-accel && eval "$1"' sh "$1" >"$TMP/output" 2>&1 </dev/null || rc=$?
	sed 's/^/#   /' "$TMP/output" | tail -n 8
	return "$rc"
}

# ---- what the README says ----

readme() {
	local section=$1 filter
	shift

	awk -v section="$section" '
		/^##/ { inside = $0 ~ "^##+ " section "$" }
		inside && sub(/^    /, "")' README.md >"$TMP/readme"
	for filter; do
		sed -i -E "\\,$filter,d" "$TMP/readme"
	done
}

typed() {
	LINE=$(head -n 1 "$TMP/readme")
	sed -i 1d "$TMP/readme"
	[[ $LINE =~ $1 ]] || {
		echo "the README says: $LINE"
		return 1
	}
}

type_next() {
	typed "$1" && user "$LINE"
}

# Not by ok(), which keeps output to itself.
types() {
	if type_next "$2"; then
		pass "$1"
	else
		fail "$1"
		tail -n 40 "$TMP/output" | explain
	fi
}

typed_all() {
	is 'these were all the commands of the README' "$(cat "$TMP/readme")" ''
}

# ---- packages ----

installed() {
	in_system dkms status "$1" -k "$2" 2>/dev/null | grep -q ': installed'
}

# repack VERSION: the package with another version, in its own directory
deb() {
	local file version=${1:-} dir=$TMP/deb old

	file=$(ls "$TREE"/build/packages/cxl-accel-dkms_*_all.deb)
	if [ -n "$version" ]; then
		old=$(dpkg-deb -f "$file" Version)
		rm -rf "$dir"
		mkdir -p "$dir/DEBIAN"
		dpkg-deb -x "$file" "$dir"
		dpkg-deb -e "$file" "$dir/DEBIAN"
		mv "$dir/usr/src/cxl-accel-$old" "$dir/usr/src/cxl-accel-$version"
		ln -sfn "cxl-accel-$version" "$dir/usr/src/cxl-accel"
		ln -sfn "../src/cxl-accel-$version/scripts/cxl-accel" "$dir/usr/sbin/cxl-accel"
		sed -i "s/$old/$version/g" "$dir"/DEBIAN/{control,postinst,prerm} \
			"$dir/usr/src/cxl-accel-$version/dkms.conf"
		(cd "$dir" && find usr -type f -exec md5sum {} +) >"$dir/DEBIAN/md5sums"
		file=$TMP/cxl-accel-dkms_${version}_all.deb
		dpkg-deb --root-owner-group -b "$dir" "$file" >/dev/null
	fi
	echo "$file"
}

# The kernels that the system has, the newest last.
kernels() {
	(cd "$SYSTEM/boot" && printf '%s\n' vmlinuz-*) | sed 's/^vmlinuz-//' | sort -V
}

# The vendor's package, see vendor-dkms/.
vendor_deb() {
	local dir=$TMP/vendor

	mkdir -p "$dir"
	cp -r tests/packages/vendor-dkms "$dir/vendor-accel"
	cp tests/drivers/vendor/vendor_accel.c "$dir/vendor-accel/"
	# shellcheck disable=SC2016 # the inner shell's
	scripts/env/in-root --bind "$dir/vendor-accel" packaging -- \
		sh -c 'cd "$1" && dpkg-buildpackage -b -uc -us' sh "$dir/vendor-accel" >"$dir/log" 2>&1 ||
		cat "$dir/log" >&2
	ls "$dir"/*.deb
}

# ---- booting ----

# On a busy machine the TSC is calibrated wrongly, and then time runs away. apparmor would compile its
# profiles for half a minute, and nobody logs in. The second processor is started by firmware-init; under
# Secure Boot, where there is none, by nobody.
SETTINGS="$EMULATED tsc=unstable clocksource=hpet rcupdate.rcu_cpu_stall_timeout=300 apparmor=0
	systemd.show_status=0"

# The machine that scripts/vm has for its topology "mixed", and a disk.
hardware() {
	local qemu cxl device=type2 hypervisor='' reboot='' window_specs=() cdats=()

	make_topology mixed
	machine_options 1500M
	printf '%s\n' "${qemu[@]}" -smp 2 \
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
		echo 1 >/sys/devices/system/cpu/cpu1/online
		umount /dev /sys /proc
		exec /init "$@"
	INIT
	chmod 755 "$dir"/*
	(cd "$dir" && printf "%s\n" firmware-init platform-firmware |
		"$TREE/scripts/env/in-root" bookworm -- cpio --quiet -o -H newc -R 0:0)
}

# The test is a service like any other; what it prints comes out of the second serial port.
add_service() {
	local dir=$1 script=$2
	shift 2

	mkdir -p "$dir/guest" "$dir/etc/systemd/system/multi-user.target.wants"
	cp tests/guest/tap.sh "$dir/guest/"
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
	scripts/env/in-root --bind "$view" packaging -- \
		mke2fs -q -t ext4 -O ^has_journal -d "$view" "$TMP/disk" 4G >"$TMP/mke2fs.log" 2>&1
	umount "$view"
	rm -rf --one-file-system "$view" "$TMP/view-upper" "$TMP/view-work"
}

run_qemu() {
	local qemu

	mapfile -t qemu < <(hardware)
	[ -z "$efi" ] || mapfile -t -O ${#qemu[@]} qemu < <(secure_boot)
	scripts/env/in-root bookworm -- timeout --foreground --kill-after=5 "$timeout" "${qemu[@]}" \
		-kernel "$TMP/vmlinuz" -initrd "$TMP/initrd" \
		-append "root=/dev/vda rw$init console=ttyS0 ${SETTINGS//[[:space:]]/ }$append" \
		>"$TMP/qemu.log" 2>&1 </dev/null || true
}

no_complaint() {
	! {
		complaints "$TMP/console"
		grep 'platform firmware failed' "$TMP/console"
	} | grep .
}

boot() {
	local append='' timeout=1800 efi='' types='' init=' rdinit=/firmware-init' kernel line \
		guest_plan=none guest_count=0 finished='' plugin firmware

	while [[ $1 = --* ]]; do
		printf -v "${1#--}" %s "$2"
		shift 2
	done
	[ -z "$efi" ] || init=''
	kernel=$1
	shift
	{ read -r plugin && read -r firmware; } < <(scripts/vm --tools)
	make_disk "$@"
	{
		firmware_cpio
		cat "$SYSTEM/boot/initrd.img-$kernel"
	} >"$TMP/initrd"
	cp "$SYSTEM/boot/vmlinuz-$kernel" "$TMP/vmlinuz"
	: >"$TMP/tap"
	run_qemu
	while IFS= read -r line; do
		case ${line%$'\r'} in
		"exit 0") finished=1 ;;
		*) pass_on "$kernel" "$line" ;;
		esac
	done <"$TMP/tap"
	if [ "$guest_plan" = "$guest_count" ] && [ -n "$finished" ] && no_complaint; then
		pass "$kernel: the system came up, and the kernel did not complain"
	else
		fail "$kernel: the system came up, and the kernel did not complain"
		{
			echo "$guest_count checks seen, $guest_plan announced"
			tail -n 60 "$TMP/console" "$TMP/qemu.log" | tr -d '\r'
		} | explain
	fi
}
