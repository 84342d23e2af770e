#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each name that a distribution gives an initramfs: dkms has it refreshed, with the tool that has made it, once,
# and not for a kernel that is going; and cxl-accel status finds the same. No guest; tests/packages has real
# ones.

set -eu
# /boot and /etc/machine-id are this test's own.
# shellcheck source-path=SCRIPTDIR source=own-system.sh
. "$(dirname "$0")/own-system.sh" /etc
id=0123456789abcdef0123456789abcdef
echo $id >/etc/machine-id
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

mount -t tmpfs efi /boot/efi 2>/dev/null || { mkdir -p /boot/efi && mount -t tmpfs efi /boot/efi; }

# Tools that say how they were called. The real ones are in sbin.
PATH=/usr/bin:/bin
mkdir "$TMP/bin" "$TMP/none"
tool() {
	mkdir -p "$TMP/$1"
	cat >"$TMP/$1/$2" <<-TOOL
		#!/bin/sh
		echo "\${0##*/} \$*" >>"$TMP/called"
	TOOL
	chmod 755 "$TMP/$1/$2"
}
tool bin depmod
tool debian update-initramfs
tool dracut dracut
tool systemd kernel-install
tool arch mkinitcpio

# refreshed TOOL [ARG]...: what was called when dkms has changed the modules
refreshed() {
	local tool=$1
	shift
	: >"$TMP/called"
	[ $# -gt 0 ] || set -- "$KERNEL"
	PATH=$TMP/bin:$TMP/$tool:$PATH scripts/dkms/refresh "$@" 2>"$TMP/messages"
	paste -sd, "$TMP/called"
}

images() {
	# shellcheck disable=SC2016 # the inner shell's
	bash -c '. scripts/initramfs.sh && initramfs_images "$1"' bash "$KERNEL"
}

# image FILE TOOL COMMAND, and so on: the image is found, and made again by the tool so
image() {
	local file=$1
	shift
	mkdir -p "$(dirname "$file")"
	: >"$file"
	is "$file: status looks into the same" "$(images)" "$file"
	while [ $# -gt 0 ]; do
		is "$file: refreshed where there is $1" "$(refreshed "$1")" "depmod $KERNEL,$2"
		shift 2
	done
	is "$file, and nothing to make it with: nothing is called" "$(refreshed none)" ''
	like "$file, and nothing to make it with: the user is told" "$(cat "$TMP/messages")" \
		"what has made ${file//+/.} is not known .* yourself\$"
	rm "$file"
}

is 'no initramfs: none is made' "$(refreshed debian)" ''
KERNEL_FILE=/boot/vmlinuz-$KERNEL
image "/boot/initrd.img-$KERNEL" debian "update-initramfs -u -k $KERNEL" \
	dracut "dracut --force /boot/initrd.img-$KERNEL $KERNEL"
image "/boot/initramfs-$KERNEL.img" dracut "dracut --force /boot/initramfs-$KERNEL.img $KERNEL"
image "/boot/initrd-$KERNEL" dracut "dracut --force /boot/initrd-$KERNEL $KERNEL"
[ ! -e "/lib/modules/$KERNEL/vmlinuz" ] || KERNEL_FILE=/lib/modules/$KERNEL/vmlinuz
for boot in /boot /boot/efi; do
	image "$boot/$id/$KERNEL/initrd" dracut "dracut --force $boot/$id/$KERNEL/initrd $KERNEL" \
		systemd "kernel-install add $KERNEL $KERNEL_FILE"
	image "$boot/EFI/Linux/$id-$KERNEL.efi" systemd "kernel-install add $KERNEL $KERNEL_FILE"
done
mkdir -p /etc/kernel
echo blue >/etc/kernel/entry-token
image "/boot/blue/$KERNEL/initrd" dracut "dracut --force /boot/blue/$KERNEL/initrd $KERNEL"

# Two images, one of them a copy of the other by a hook of initramfs-tools.
mkdir -p "/boot/blue/$KERNEL"
: >"/boot/blue/$KERNEL/initrd"
: >"/boot/initrd.img-$KERNEL"
is 'an image and its copy: refreshed once' "$(refreshed debian)" "depmod $KERNEL,update-initramfs -u -k $KERNEL"
rm "/boot/blue/$KERNEL/initrd"
mkdir /boot/same
mount --bind /boot /boot/same
is 'a directory that is mounted twice: one image' "$(images)" "/boot/initrd.img-$KERNEL"
umount /boot/same

is 'the package refreshes all' "$(refreshed debian --all)" "depmod $KERNEL,update-initramfs -u -k $KERNEL"
is 'not one by one while the package is installed by dpkg' "$(DPKG_MAINTSCRIPT_PACKAGE=cxl-accel-dkms refreshed debian)" ''
is 'nor by rpm' "$(CXL_ACCEL_NO_REFRESH=1 refreshed debian)" ''
is 'not for a kernel that dpkg installs or removes' "$(DPKG_MAINTSCRIPT_PACKAGE=linux-image-6.12-amd64 refreshed debian)" ''
is 'for its headers, which may come later' \
	"$(DPKG_MAINTSCRIPT_PACKAGE=linux-headers-6.12-amd64 refreshed debian)" \
	"depmod $KERNEL,update-initramfs -u -k $KERNEL"
# As kernel-install runs dkms for rpm.
cat >"$TMP/bin/40-dkms.install" <<-PLUGIN
	#!/bin/sh
	PATH=$TMP/bin:$TMP/dracut:$PATH scripts/dkms/refresh "\$2"
	exit
PLUGIN
chmod 755 "$TMP/bin/40-dkms.install"
for action in add remove; do
	: >"$TMP/called"
	"$TMP/bin/40-dkms.install" $action "$KERNEL"
	is "not where kernel-install is at '$action'" "$(cat "$TMP/called")" ''
done
"$TMP/bin/40-dkms.install" inspect "$KERNEL"
is 'else it is' "$(paste -sd, "$TMP/called")" "depmod $KERNEL,dracut --force /boot/initrd.img-$KERNEL $KERNEL"
rm "/boot/initrd.img-$KERNEL"

# The kernel's modules, with a name that Arch gives the kernel.
mount -t tmpfs modules /lib/modules
mkdir -p "/lib/modules/$KERNEL" /etc/mkinitcpio.d
echo linux-lts >"/lib/modules/$KERNEL/pkgbase"
: >/etc/mkinitcpio.d/linux-lts.preset
for file in /boot/initramfs-linux-lts.img /boot/efi/EFI/Linux/arch-linux-lts.efi; do
	image "$file" arch "mkinitcpio -p linux-lts"
done
done_testing
