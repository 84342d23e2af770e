# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: does the initramfs have the modules that are installed? To look into it takes
# seconds and its size on the disk, so that is done when asked for. What was found is kept, for the image and
# the modules as they are; without it there are only their times.

OURS="cxl_mem cxl_port cxl_accel dax_hmem dax_cxl"

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

# The files that modprobe takes, of those of our modules that there are.
installed_files() {
	local name

	for name in $OURS; do
		module_info -k "$KERNEL" "$name"
		[ -z "$mod_file" ] || echo "$mod_file"
	done
}

# initramfs_kept IMAGE: the file in which what was found in it is kept
initramfs_kept() {
	installed_files | { cat; echo "$1"; } | xargs -d '\n' stat -L -c '%n %d:%i %Y %s' | sha256sum | cut -c1-16
}

# initramfs_is STATE REASON
initramfs_is() {
	initramfs=$1 initramfs_reason=$2
}

look_into() {
	local copy name installed

	initramfs_is unknown "$1: cannot look into it without unmkinitramfs, or lsinitrd and cpio"
	unpack_initramfs "$1" || return 1
	initramfs_is empty "$1 has no cxl_mem: it is loaded from the root file system"
	while read -r copy; do
		name=${copy##*/}
		name=${name%%.*}
		module_info -k "$KERNEL" "$name"
		installed=$mod_srcversion
		module_info "$copy"
		if [ "$mod_srcversion" != "$installed" ]; then
			whose "$mod_version"
			initramfs_is stale "$1 has another $name ($REPLY)"
			break
		fi
		initramfs_is current "$1 has the modules that are installed"
	done < <(find "$WORK/initramfs" -name "cxl_mem.ko*" -o -name "cxl_port.ko*" -o -name "cxl_accel.ko*" \
		-o -name "dax_hmem.ko*" -o -name "dax_cxl.ko*")
	rm -rf "$WORK/initramfs"
}

# Only ours come after the kernel, each time with a new initramfs. By mtimes, which dkms makes, and which stay
# what they are in a copy of the system.
compare_times() {
	local made file came

	made=$(stat -L -c %Y "$1")
	initramfs_is newer "$1 was made after the modules were installed; --initramfs looks into it"
	while read -r file; do
		module_info "$file"
		came=$(stat -L -c %Y "$file")
		if [ -n "$mod_version" ] && [ "$came" -gt "$made" ]; then
			initramfs_is older "$1 is older than $file; --initramfs looks into it"
		fi
	done < <(installed_files)
}

# Sets initramfs (a state), initramfs_image and initramfs_reason.
look_at_initramfs() {
	local kept

	initramfs_is none "no initramfs of $KERNEL in /boot"
	initramfs_image=$(initramfs_images "$KERNEL" | head -n 1)
	[ -n "$initramfs_image" ] || return 0
	kept=/run/cxl-accel/initramfs-$(initramfs_kept "$initramfs_image")
	if [ -z "$look_inside" ] && [ -r "$kept" ]; then
		{ read -r initramfs; read -r initramfs_reason; } <"$kept"
	elif [ -z "$look_inside" ]; then
		compare_times "$initramfs_image"
	elif [ ! -r "$initramfs_image" ]; then
		unreadable "$initramfs_image"
		initramfs_is unknown "$initramfs_image: not readable as this user"
	elif look_into "$initramfs_image"; then
		{ mkdir -p "${kept%/*}" && printf '%s\n' "$initramfs" "$initramfs_reason" >"$kept"; } 2>/dev/null || true
	fi
}

report_initramfs() {
	local command

	look_at_initramfs
	put initramfs/state "$initramfs"
	put initramfs/image "$initramfs_image"
	put initramfs/reason "$initramfs_reason"
	line initramfs "$initramfs_reason"
	case $initramfs in
	stale | older)
		command=$(initramfs_command "$KERNEL" "$initramfs_image")
		problem initramfs "$initramfs_image" "${initramfs_reason#"$initramfs_image "}" \
			"${command:-make it again, by what has made it}"
		;;
	esac
}
