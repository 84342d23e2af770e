# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: Soft Reserved memory, whose it is, and why.

# meets FIRST LAST: does that overlap the range?
meets() {
	[ $(($1 <= soft_last && $2 >= soft_first)) = 1 ]
}

# The dax devices in the range, each with whose it is and its driver: dax0.0 (dax_hmem, kmem).
soft_dax() {
	local dev start size of

	for dev in /sys/bus/dax/devices/dax*; do
		first_line "$dev/resource"
		start=${REPLY:-0}
		first_line "$dev/size"
		size=${REPLY:-0}
		if [ "$size" = 0 ] || ! meets "$start" $((start + size - 1)); then
			continue
		fi
		case $(readlink -f "$dev") in
		*/dax_region*) of=dax_cxl ;;
		*/hmem.*) of=dax_hmem ;;
		*) of=other ;;
		esac
		link_name "$dev/driver"
		echo "${dev##*/} ($of, ${REPLY:-no driver})"
	done
}

# Accelerators that decode a part of the range, by the account of their own in sysfs.
soft_accelerators() {
	local file range

	for file in /sys/bus/pci/devices/*/cxl_accel/range; do
		first_line "$file"
		range=$REPLY
		if [ -z "$range" ] || ! meets "${range%-*}" "${range#*-}"; then
			continue
		fi
		file=${file%/cxl_accel/range}
		echo "accelerator ${file##*/}"
	done
}

# soft_reason OWNERS
soft_reason() {
	case $1 in
	*accelerator*) echo "an accelerator decodes it" ;;
	*dax_cxl*dax_hmem* | *dax_hmem*dax_cxl*) echo "in several hands: a part of it each" ;;
	*dax_cxl*) echo "a CXL region has it" ;;
	*dax_hmem*)
		if [ -n "$soft_in_window" ]; then
			echo "no CXL region had all of it when dax_hmem decided"
		else
			echo "it is in no CXL window"
		fi
		;;
	*)
		if [ ! -e /sys/module/dax_hmem ]; then
			echo "dax_hmem is not loaded"
		elif [ -n "$soft_in_window" ]; then
			echo "it is in a CXL window, left to CXL, and no CXL region has it"
		else
			echo "dax_hmem has made no dax device of it: see dmesg"
		fi
		;;
	esac
}

# ---- report ----

# Those that are in the resource tree; one in a CXL window is further in.
report_soft_reserved() {
	local range soft_first soft_last soft_in_window owners reason n=0

	# To others than root it shows no addresses.
	read -r range </proc/iomem
	case $range in
	"00000000-00000000 "*)
		unreadable "addresses in /proc/iomem, so Soft Reserved memory"
		return
		;;
	esac
	put soft_reserved '[]'
	while read -r range soft_in_window; do
		soft_first=0x${range%-*} soft_last=0x${range#*-}
		owners=$({ soft_accelerators; soft_dax; } | sed '$!s/$/,/' | paste -sd ' ')
		reason=$(soft_reason "$owners")
		put_range "soft_reserved/$n" "$soft_first" "$soft_last"
		put "soft_reserved/$n/owner" "$owners"
		put "soft_reserved/$((n++))/reason" "$reason"
		line soft-reserved "$soft_first-$soft_last: ${owners:-nobody}: $reason"
	done < <(awk '/^[^ ]/ { window = / : CXL Window / ? "window" : "" }
		/ : Soft Reserved$/ { print $1, window }' /proc/iomem)
}
