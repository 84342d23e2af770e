# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: files of modules, what is loaded, and whether the kernel would take it.

modules_of() {
	local dir

	for dir in /lib/modules/*/; do
		dir=${dir%/}
		[ ! -e "$dir/modules.dep" ] || echo "${dir##*/}"
	done | sort -V
}

is_builtin() {
	grep -qs "/$2\.ko$" "/lib/modules/$1/modules.builtin"
}

# The file that modprobe takes.
file_of() {
	modinfo -k "$1" -F filename "$2" 2>/dev/null | grep '^/' || true
}

# whose FILE: 'cxl-accel VERSION' or stock. The kernel's own cxl_mem and cxl_port have no version.
whose() {
	local version

	version=$(modinfo -F version "$1" 2>/dev/null || true)
	echo "${version:+cxl-accel }${version:-stock}"
}

# Which of the files on the disk the loaded module is of; nothing if none. Those that come with the kernel
# may have no srcversion at all.
loaded_file() {
	local srcversion file

	srcversion=$(cat "/sys/module/$1/srcversion" 2>/dev/null || true)
	while read -r file; do
		if [ "$(modinfo -F srcversion "$file")" = "$srcversion" ]; then
			echo "$file"
			return
		fi
	done < <(file_of "$RUNNING" "$1"; find "/lib/modules/$RUNNING/" -name "$1.ko*" 2>/dev/null)
}

loaded_whose() {
	local version

	version=$(cat "/sys/module/$1/version" 2>/dev/null || true)
	echo "${version:+cxl-accel }${version:-stock}"
}

# Sets state, owner, file, signer.
look_at_module() {
	state='' owner='' file='' signer=''
	if is_builtin "$RUNNING" "$1"; then
		state=built-in owner=kernel
		return
	fi
	if [ -e "/sys/module/$1/initstate" ]; then
		state=loaded
		owner=$(loaded_whose "$1")
		file=$(loaded_file "$1")
	else
		state='not loaded'
		file=$(file_of "$RUNNING" "$1")
		[ -n "$file" ] || { state=absent && return; }
		owner=$(whose "$file")
	fi
	[ -z "$file" ] || signer=$(modinfo -F signer "$file" 2>/dev/null || true)
}

# ---- Secure Boot ----

signatures_enforced() {
	[ "$(cat /sys/module/module/parameters/sig_enforce 2>/dev/null)" = Y ] ||
		grep -qsE '\[(integrity|confidentiality)\]' /sys/kernel/security/lockdown
}

# The certificate that dkms signs with, as its configuration has it. Ubuntu's is that of shim-signed.
dkms_certificate() {
	local file mok_certificate=''

	for file in /etc/dkms/framework.conf /etc/dkms/framework.conf.d/*.conf; do
		# shellcheck source=/dev/null
		[ ! -r "$file" ] || . "$file" >/dev/null 2>&1 || true
	done
	echo "${mok_certificate:-/var/lib/dkms/mok.pub}"
}

mok_steps() {
	echo "enroll the key that dkms signs with: mokutil --import $(dkms_certificate), reboot, and confirm in the MOK manager"
}

# key_id FILE: how /proc/keys tells the key that a module is signed with from others of the same name; nothing if
# the module is signed with another than that of dkms, or openssl is not here. The signature has the certificate's
# serial number; the kernel shows the end of its subject key identifier.
key_id() {
	local certificate

	certificate=$(openssl x509 -inform DER -in "$(dkms_certificate)" -noout -serial -ext subjectKeyIdentifier \
		2>/dev/null) || return 0
	awk -v serial="$(modinfo -F sig_key "$1" 2>/dev/null)" '
		function plain(hex) { gsub(/[: ]/, "", hex); sub(/^0+/, "", hex); return tolower(hex) }
		sub(/^serial=/, "") { ours = serial && plain($0) == plain(serial) }
		/^ +[0-9A-F]+(:|$)/ && ours { gsub(/[: ]/, ""); print tolower(substr($0, length($0) - 7)) }' <<<"$certificate"
}

# key_known FILE SIGNER
key_known() {
	local id

	id=$(key_id "$1")
	grep -qsE "asymmetri .*: X509[^ ]* ${id:-.*}" < <(grep -sF "$2" /proc/keys)
}

# Why the kernel would refuse a file, in words; nothing if it would not.
refusal() {
	local file=$1 signer=$2

	if [ -z "$file" ] || ! signatures_enforced; then
		return
	fi
	if [ -z "$signer" ]; then
		echo "not signed, and this kernel takes signed modules only: have dkms sign (see cxl-accel(8)), then $(mok_steps)"
	elif ! key_known "$file" "$signer"; then
		echo "the key of its signer is not known to this kernel, which takes signed modules only: $(mok_steps)"
	fi
}

# ---- report ----

# Our cxl_mem works with a stock cxl_port that was loaded first, but that is not how it is meant.
stock_port_used() {
	case $1,$state,$owner in
	cxl_port,loaded,stock) ;;
	*) return 0 ;;
	esac
	[ ! -e /sys/module/cxl_mem/version ] ||
		echo "loaded before that of cxl-accel, and used in its place: update the initramfs and reboot"
}

# The running kernel keeps its cxl_mem, and has cxl_accel beside it: so it is said, or so it is.
is_beside() {
	[ "$running_verdict" = beside ] ||
		{ [ -e /sys/module/cxl_accel/version ] && [ ! -e /sys/module/cxl_mem/version ]; }
}

report_module() {
	local words refused note

	look_at_module "$1"
	refused=$(refusal "$file" "$signer")
	note=$(stock_port_used "$1")
	words="$state${owner:+, $owner}${file:+, $file}"
	[ -z "$file" ] || words="$words, ${signer:+signed by }${signer:-not signed}"
	words="$words${refused:+; $refused}${note:+; $note}"
	modules+=("$(object name "$1" state "$state" owner "$owner" file "$file" signer "$signer" \
		refused "$refused" note "$note")")
	line "$1" "$words"
	case $1,$owner in
	cxl_mem,cxl-accel* | cxl_accel,cxl-accel*) ;;
	cxl_accel,*) not_ours=1 ;;
	cxl_mem,* | cxl_port,*) ! is_beside || return 0 ;;&
	# Who has replaced cxl_mem has replaced cxl_port, too, where that is a module.
	cxl_mem,* | cxl_port,stock) not_ours=1 ;;
	# Where they stay they are as they should be.
	dax_*,stock) case $running_modules in *dax_hmem*) not_ours=1 ;; esac ;;
	esac
	[ -z "$refused" ] || not_ours=1
}
