# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: does the initramfs have the modules that are installed?

# Of initramfs-tools, or of dracut; status 1 if neither is here.
unpack_initramfs() {
	mkdir "$WORK/initramfs"
	if command -v unmkinitramfs >/dev/null; then
		unmkinitramfs "$1" "$WORK/initramfs" 2>/dev/null
	elif command -v lsinitrd >/dev/null; then
		(cd "$WORK/initramfs" && lsinitrd --unpack "$1" >/dev/null 2>&1)
	else
		return 1
	fi
}

# Sets initramfs (none, unknown, empty, current or stale) and initramfs_words.
look_at_initramfs() {
	local image name copy

	initramfs=none initramfs_words="no initramfs of this kernel in /boot"
	image=$(initramfs_images "$RUNNING" | head -n 1)
	[ -n "$image" ] || return 0
	initramfs=unknown initramfs_words="$image: cannot look into it without unmkinitramfs, or lsinitrd and cpio"
	unpack_initramfs "$image" || return 0
	initramfs='empty' initramfs_words="$image has no cxl_mem: it is loaded from the root file system"
	while read -r copy; do
		name=${copy##*/}
		name=${name%%.*}
		if [ "$(modinfo -F srcversion "$copy")" != "$(modinfo -F srcversion "$(file_of "$RUNNING" "$name")")" ]; then
			initramfs=stale initramfs_words="$image has another $name ($(whose "$copy")): $(initramfs_command "$RUNNING")"
			break
		fi
		initramfs=current initramfs_words="$image has the modules that are installed"
	done < <(find "$WORK/initramfs" -name "cxl_mem.ko*" -o -name "cxl_port.ko*" -o -name "cxl_accel.ko*" \
		-o -name "dax_hmem.ko*" -o -name "dax_cxl.ko*")
	rm -rf "$WORK/initramfs"
}
