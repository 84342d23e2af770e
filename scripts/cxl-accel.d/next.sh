# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: which kernel the boot loader would take. Where it has a tool that tells, that is
# asked: bootctl for systemd-boot, grubby where GRUB has its entries in /boot/loader. Else GRUB's own
# configuration is read, as grub-mkconfig has written it.

# The releases of kernels that are installed have files with these names.
release_of() {
	REPLY=${1##*/}
	case $REPLY in
	vmlinuz-* | vmlinux-* | kernel-* | linux-*) REPLY=${REPLY#*-} ;;
	vmlinuz | linux)
		# /boot/TOKEN/RELEASE/linux, /lib/modules/RELEASE/vmlinuz
		REPLY=${1%/*}
		REPLY=${REPLY##*/}
		;;
	esac
	[ -n "$REPLY" ] && [ -e "/lib/modules/$REPLY/modules.dep" ]
}

# grub_variable FILE NAME: of GRUB's environment block
grub_variable() {
	sed -n "s/^$2=//p" "$1" 2>/dev/null | head -n 1
}

# What grub.cfg takes without being told: a number, a title or an id, of a menu within a menu after a '>'.
grub_default() {
	local dir=${1%/*} wanted

	wanted=$(grub_variable "$dir/grubenv" next_entry)
	[ -n "$wanted" ] ||
		wanted=$(sed -n 's/^[[:space:]]*set default="\(.*\)"$/\1/p' "$1" | grep -vF next_entry | head -n 1)
	case $wanted in
	*saved_entry*) wanted=$(grub_variable "$dir/grubenv" saved_entry) ;;
	esac
	printf '%s\n' "${wanted:-0}"
}

# grub_kernel GRUB.CFG WANTED: the file of the kernel that this entry boots
grub_kernel() {
	wanted=$2 awk '
		# name and id of a menu or an entry, which are in the first and the last quotes of its line
		function begin(    part, n) {
			n = split($0, part, quote)
			at[depth] = count[depth]++
			title[depth] = part[2]
			id[depth] = part[n - 1]
		}
		function is_wanted(    d, left, step) {
			left = ENVIRON["wanted"]
			for (d = 0; d <= depth; d++) {
				step = left
				sub(/>.*/, "", step)
				if (step != at[d] && step != title[d] && step != id[d])
					return 0
				left = substr(left, length(step) + 2)
			}
			return left == ""
		}
		BEGIN { depth = 0; quote = sprintf("%c", 39) }
		$1 == "submenu" { begin(); depth++; count[depth] = 0; next }
		$1 == "menuentry" { begin(); entry = 1; next }
		entry && $1 ~ /^linux(efi|16)?$/ { if (is_wanted()) { print $2; exit } }
		$1 == "}" && entry { entry = 0; next }
		$1 == "}" && depth { depth-- }' "$1"
}

cannot_tell_next() {
	die "cannot tell which kernel the boot loader would take$1"
}

bootctl_kernel() {
	bootctl list --json=short 2>/dev/null |
		jq -r '.[] | select(.isDefault == true) | .linux // .path // ""' 2>/dev/null
}

# Sets KERNEL; ends with a sentence if it cannot be told.
next_kernel() {
	local image='' config

	image=$(bootctl_kernel || true)
	[ -n "$image" ] || image=$(grubby --default-kernel 2>/dev/null || true)
	if [ -z "$image" ]; then
		for config in /boot/grub/grub.cfg /boot/grub2/grub.cfg; do
			[ ! -e "$config" ] || break
		done
		[ -e "$config" ] || cannot_tell_next ": neither systemd-boot nor GRUB is here: say --kernel KVER"
		[ -r "$config" ] || cannot_tell_next ": $config is not readable as this user"
		image=$(grub_kernel "$config" "$(grub_default "$config")")
	fi
	release_of "$image" || cannot_tell_next "${image:+, $image is none that is installed}: say --kernel KVER"
	KERNEL=$REPLY
}

is_release() {
	case $1 in
	'' | */* | *[!A-Za-z0-9.+~_-]*) usage_die "not a kernel release: '$1'" ;;
	esac
}

# May the machine be rebooted into the kernel?
report_next() {
	if [ "$code" = 0 ]; then
		line reboot "into $KERNEL: nothing is in the way"
	else
		line reboot "into $KERNEL: not yet, see the errors above"
	fi
}
