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
	reason=$(sed -E 's/^[a-z-]*: (kernel [^ ]* cannot be supported: |cannot tell whether .* is supported: )?//' "$WORK/reason" | tr '\n' ' ' | sed 's/ $//')
}

verdict_words() {
	local dax=", so are dax_hmem and dax_cxl"

	case $verdict in
	*dax_hmem*) ;;
	*) dax="; $reason" ;;
	esac
	case $verdict in
	replace*cxl_port*) echo "supported: cxl_mem and cxl_port are replaced$dax" ;;
	replace*) echo "supported: cxl_mem is replaced, cxl_port is built in and stays${dax/, so/; replaced}" ;;
	beside*) echo "supported: it has the interface itself, cxl_accel is added" ;;
	native) echo "nothing to do: it has the interface itself, as it is not known here" ;;
	unsupported) echo "skipped: $reason" ;;
	*) echo "cannot be told: $reason" ;;
	esac
}

# ---- report ----

report_kernels() {
	local release file owner missing

	for release in $(modules_of); do
		judge "$release"
		case $verdict in
		beside*) file=$(file_of "$release" cxl_accel) ;;
		*) file=$(file_of "$release" cxl_mem) ;;
		esac
		owner=none
		[ -z "$file" ] || owner=$(whose "$file")
		missing=''
		case $verdict,$owner in
		replace*,cxl-accel* | beside*,cxl-accel*) ;;
		replace* | beside*) missing="not built: dkms install cxl-accel/$(package_version) -k $release" ;;
		esac
		kernels+=("$(object release "$release" running "$([ "$release" = "$RUNNING" ] && echo true || echo false)" \
			verdict "${verdict%% *}" reason "${missing:-$reason}" installed "$owner")")
		line "kernel" "$release$([ "$release" != "$RUNNING" ] || echo ' (running)'): $(verdict_words); installed: $owner${missing:+; $missing}"
		[ "$release" != "$RUNNING" ] || running_verdict=${verdict%% *} running_modules=${verdict#* }
	done
}
