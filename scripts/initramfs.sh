# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Initramfs images: where distributions have them, and what makes them again. For cxl-accel, which tells
# that one is stale, and dkms/refresh, which sees to it that none is: source it.

# initramfs_images RELEASE: those there are of this kernel, one a line. Debian; Fedora, RHEL; SUSE; and
# where kernel-install lays out boot entries, under the machine's id.
initramfs_images() {
	local image id

	id=$(cat /etc/machine-id 2>/dev/null || true)
	for image in "/boot/initrd.img-$1" "/boot/initramfs-$1.img" "/boot/initrd-$1" ${id:+"/boot/$id/$1/initrd"}; do
		[ ! -e "$image" ] || echo "$image"
	done
}

# initramfs_command RELEASE: what the user types to have it made again; nothing where no known tool is
# installed.
initramfs_command() {
	if command -v update-initramfs >/dev/null; then
		echo "update-initramfs -u -k $1"
	elif command -v dracut >/dev/null; then
		echo "dracut --force '' $1"
	fi
}
