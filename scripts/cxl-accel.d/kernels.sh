# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: installed kernels, whether they are supported, and whose cxl_mem they have.

# Sets verdict (what scripts/dkms/verdict says) and reason.
judge() {
	local kdir=${2:-/lib/modules/$1/build}

	verdict=cannot-tell reason=''
	if [ ! -e "$kdir/Module.symvers" ]; then
		reason="its headers are not installed: install the headers package (Debian: linux-headers-$1)"
		return
	fi
	verdict=$("$TREE/scripts/dkms/verdict" "$1" "$kdir" 2>"$WORK/reason") ||
		verdict=cannot-tell
	reason=$(sed -E 's/^[a-z-]*: (kernel [^ ]* cannot be supported: |cannot tell whether .* is supported: )?//' \
		"$WORK/reason" | paste -sd ';' | sed 's/;/; /g')
}

verdict_words() {
	local dax='' port='' why=${reason:+; $reason}

	[[ $verdict != *dax_hmem* ]] || dax=", so are dax_hmem and dax_cxl"
	[[ $reason = *'cxl_port stays'* ]] || port="; cxl_port is built in and stays"
	case $verdict in
	replace*cxl_port*) echo "supported: cxl_mem and cxl_port are replaced$dax$why" ;;
	replace*) echo "supported: cxl_mem is replaced$dax$port$why" ;;
	beside*) echo "supported: it has the interface itself, cxl_accel is added" ;;
	native) echo "nothing to do: it has the interface itself, as it is not known here" ;;
	unsupported) echo "skipped: $reason" ;;
	*) echo "cannot be told: $reason" ;;
	esac
}

# ---- report ----

# Sets kernel_verdict and kernel_modules, of the kernel that this is about.
report_kernels() {
	local release owner missing mark n=0

	for release in $(modules_of); do
		judge "$release"
		case $verdict in
		beside*) module_info -k "$release" cxl_accel ;;
		*) module_info -k "$release" cxl_mem ;;
		esac
		owner=none missing=''
		if [ -n "$mod_file" ]; then
			whose "$mod_version"
			owner=$REPLY
		fi
		case $verdict,$owner in
		replace*,cxl-accel* | beside*,cxl-accel*) ;;
		replace* | beside*) missing="not built: dkms install cxl-accel/$VERSION -k $release" ;;
		esac
		put "kernels/$n/release" "$release"
		mark=''
		put "kernels/$n/running" false
		if [ "$release" = "$RUNNING" ]; then
			mark=' (running)'
			put "kernels/$n/running" true
		fi
		put "kernels/$n/verdict" "${verdict%% *}"
		put "kernels/$n/reason" "${missing:-$reason}"
		put "kernels/$n/installed" "$owner"
		line kernel "$release$mark: $(verdict_words); installed: $owner${missing:+; $missing}"
		kernel_problems "$release"
		[ "$release" != "$KERNEL" ] || kernel_verdict=${verdict%% *} kernel_modules=${verdict#* }
		: $((n++))
	done
}

# What is missing for the kernel that this is about shows in its modules.
kernel_problems() {
	case $verdict in
	cannot-tell) problem cannot-tell "$1" "cannot be told whether it is supported" "$reason" ;;
	unsupported)
		[ "$1" != "$KERNEL" ] ||
			problem unsupported "$1" "$reason" "boot a kernel of which cxl-accel check says that it is supported"
		;;
	esac
	[ "$1" = "$KERNEL" ] || [ -z "$missing" ] || problem not-built "$1" "${missing%%: *}" "${missing#*: }"
}
