# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Initramfs images: where distributions have them, and what makes each again. The one list of both: for
# cxl-accel, which tells that one is stale, and dkms/refresh, which sees to it that none is. Source it.
#
#	image				of				made again by
#	/boot/initrd.img-RELEASE	Debian, Ubuntu			update-initramfs, or dracut
#	/boot/initramfs-RELEASE.img	Fedora, RHEL and the like	dracut
#	/boot/initrd-RELEASE		SUSE				dracut
#	BOOT/TOKEN/RELEASE/initrd	kernel-install's boot entries	dracut, or kernel-install
#	BOOT/EFI/Linux/TOKEN-RELEASE.efi	unified images		kernel-install
#	/boot/initramfs-NAME.img	Arch, NAME as in pkgbase	mkinitcpio
#	BOOT/EFI/Linux/arch-NAME.efi	unified images of Arch		mkinitcpio
#
# BOOT is /boot, /efi or /boot/efi.

# What kernel-install calls this installation by, in its order.
initramfs_tokens() {
	{
		cat /etc/kernel/entry-token /etc/machine-id
		sed -n 's/^\(IMAGE_\)\{0,1\}ID="\{0,1\}\([^"]*\)"\{0,1\}$/\2/p' /etc/os-release
		echo Default
	} 2>/dev/null | awk 'NF && !seen[$1]++ { print $1 }'
}

# The name of an Arch kernel's package, as in its other files.
initramfs_pkgbase() {
	cat "/usr/lib/modules/$1/pkgbase" 2>/dev/null || true
}

# initramfs_images RELEASE: those there are of this kernel, one a line.
initramfs_images() {
	local image boot token name tokens

	name=$(initramfs_pkgbase "$1")
	tokens=$(initramfs_tokens)
	{
		printf '%s\n' "/boot/initrd.img-$1" "/boot/initramfs-$1.img" "/boot/initrd-$1"
		[ -z "$name" ] || printf '%s\n' "/boot/initramfs-$name.img" "/boot/initramfs-$name-fallback.img"
		for boot in /boot /efi /boot/efi; do
			while read -r token; do
				printf '%s\n' "$boot/$token/$1/initrd" "$boot/EFI/Linux/$token-$1.efi"
			done <<<"$tokens"
			[ -z "$name" ] || echo "$boot/EFI/Linux/arch-$name.efi"
		done
	} | while read -r image; do
		[ ! -e "$image" ] || stat -L -c '%d:%i %n' "$image"
	# The same directory may be two of these.
	done | awk '!seen[$1]++' | cut -d ' ' -f 2-
}

initramfs_has() {
	command -v "$1" >/dev/null
}

# initramfs_command RELEASE IMAGE: what the user types to have it made again; nothing where what has made
# it is not known, or not installed.
initramfs_command() {
	local name

	name=$(initramfs_pkgbase "$1")
	case $2 in
	*.efi | "/boot/initramfs-$name.img" | "/boot/initramfs-$name-fallback.img")
		if [ -n "$name" ] && [ -e "/etc/mkinitcpio.d/$name.preset" ] && initramfs_has mkinitcpio; then
			echo "mkinitcpio -p $name"
		elif [[ $2 = *.efi ]] && initramfs_has kernel-install; then
			echo "kernel-install add $1 $(initramfs_kernel "$1")"
		fi
		;;
	"/boot/initrd.img-$1")
		if initramfs_has update-initramfs; then
			echo "update-initramfs -u -k $1"
		elif initramfs_has dracut; then
			echo "dracut --force $2 $1"
		fi
		;;
	*/initrd)
		# Where initramfs-tools has made it, a hook of theirs puts it there.
		if [ -e "/boot/initrd.img-$1" ] && initramfs_has update-initramfs; then
			echo "update-initramfs -u -k $1"
		elif initramfs_has dracut; then
			echo "dracut --force $2 $1"
		elif initramfs_has kernel-install; then
			echo "kernel-install add $1 $(initramfs_kernel "$1")"
		fi
		;;
	*) ! initramfs_has dracut || echo "dracut --force $2 $1" ;;
	esac
}

# The image of the kernel itself, for kernel-install.
initramfs_kernel() {
	if [ -e "/lib/modules/$1/vmlinuz" ]; then
		echo "/lib/modules/$1/vmlinuz"
	else
		echo "/boot/vmlinuz-$1"
	fi
}
