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

# is_builtin NAME: of the kernel that this is about
is_builtin() {
	[ -n "${builtin+read}" ] || read -r -d '' builtin 2>/dev/null <"/lib/modules/$KERNEL/modules.builtin" || true
	[[ ${builtin:-} = *"/$1.ko"$'\n'* ]]
}

# Of files that were asked for: file, version, srcversion, signer, a line each, by what was asked.
declare -A info_of=()

# module_info FILE, or module_info -k RELEASE NAME for the file that modprobe takes: sets mod_file (empty if
# there is none), mod_version, mod_srcversion, mod_signer.
module_info() {
	local key value text

	text=${info_of[$*]:-}
	if [ -z "$text" ]; then
		mod_file='' mod_version='' mod_srcversion='' mod_signer=''
		while IFS=': ' read -r key value; do
			case $key,$value in
			filename,/*) mod_file=$value ;;
			version,*) mod_version=$value ;;
			srcversion,*) mod_srcversion=$value ;;
			signer,*) mod_signer=$value ;;
			esac
		done < <(modinfo "$@" 2>/dev/null)
		text=$mod_file$'\n'$mod_version$'\n'$mod_srcversion$'\n'$mod_signer
		info_of[$*]=$text
	fi
	{ read -r mod_file; read -r mod_version; read -r mod_srcversion; read -r mod_signer; } <<<"$text"
}

# whose VERSION: 'cxl-accel VERSION' or stock. The kernel's own cxl_mem and cxl_port have no version.
whose() {
	REPLY=${1:+cxl-accel }${1:-stock}
}

# Which of the files on the disk the loaded module is of: has module_info look at that; status 1 if none is.
# Those that come with the kernel may have no srcversion at all.
loaded_info() {
	local srcversion file

	first_line "/sys/module/$1/srcversion"
	srcversion=$REPLY
	module_info -k "$RUNNING" "$1"
	[ -z "$mod_file" ] || [ "$mod_srcversion" != "$srcversion" ] || return 0
	while read -r file; do
		module_info "$file"
		[ "$mod_srcversion" != "$srcversion" ] || return 0
	done < <(find "/lib/modules/$RUNNING/" -name "$1.ko*" 2>/dev/null)
	return 1
}

is_loaded() {
	[ -e "/sys/module/$1/initstate" ]
}

# Sets state, owner, file, srcversion, signer, and installed: whose the file is that modprobe takes.
look_at_module() {
	state='' owner='' file='' srcversion='' signer='' installed=''
	if is_builtin "$1"; then
		state=built-in owner=kernel
		return
	fi
	module_info -k "$KERNEL" "$1"
	if [ -n "$mod_file" ]; then
		whose "$mod_version"
		installed=$REPLY
	fi
	if [ -n "$live" ] && is_loaded "$1"; then
		state=loaded
		first_line "/sys/module/$1/version"
		whose "$REPLY"
		owner=$REPLY
		if loaded_info "$1"; then
			file=$mod_file signer=$mod_signer
		fi
		first_line "/sys/module/$1/srcversion"
		srcversion=$REPLY
	elif [ -n "$mod_file" ]; then
		state='not loaded'
		[ -n "$live" ] || state=installed
		file=$mod_file owner=$installed srcversion=$mod_srcversion signer=$mod_signer
	else
		state=absent
	fi
}

# Another module is loaded than is installed: modprobe would load that after a reboot.
loaded_is_not_installed() {
	[ "$state" = loaded ] && [ -n "$installed" ] || return
	module_info -k "$KERNEL" "$1"
	[ "$mod_srcversion" != "$srcversion" ]
}

# ---- Secure Boot ----

signatures_enforced() {
	local REPLY

	first_line /sys/module/module/parameters/sig_enforce
	[ "$REPLY" != Y ] || return 0
	first_line /sys/kernel/security/lockdown
	case $REPLY in
	*'[integrity]'* | *'[confidentiality]'*) ;;
	*) return 1 ;;
	esac
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

	REPLY=''
	if [ -z "$file" ] || ! signatures_enforced; then
		return 0
	fi
	if [ -z "$signer" ]; then
		REPLY="not signed, and this kernel takes signed modules only: have dkms sign (see cxl-accel(8)), then $(mok_steps)"
	elif ! grep -qs asymmetri /proc/keys; then
		# Other users than root are shown none.
		unreadable /proc/keys
	elif ! key_known "$file" "$signer"; then
		REPLY="the key of its signer is not known to this kernel, which takes signed modules only: $(mok_steps)"
	fi
}

# ---- report ----

# Our cxl_mem works with a stock cxl_port that was loaded first, but that is not how it is meant.
stock_port_used() {
	REPLY=''
	case $1,$state,$owner in
	cxl_port,loaded,stock) ;;
	*) return 0 ;;
	esac
	[ ! -e /sys/module/cxl_mem/version ] || ! to_be_ours cxl_port ||
		REPLY="loaded before that of cxl-accel, and used in its place: update the initramfs and reboot"
}

# The kernel keeps its cxl_mem, and has cxl_accel beside it: so it is said, or so it is.
is_beside() {
	[ "$kernel_verdict" = beside ] || { [ -n "$live" ] &&
		[ -e /sys/module/cxl_accel/version ] && [ ! -e /sys/module/cxl_mem/version ]; }
}

# Is the module to be one of ours?
to_be_ours() {
	case $1 in
	cxl_accel) ;;
	cxl_mem) ! is_beside ;;
	# Where it cannot be replaced none of ours is installed.
	cxl_port) ! is_beside && [[ $kernel_modules,$installed = *cxl_port*,* || $installed = cxl-accel* ]] ;;
	# Where they stay they are as they should be.
	dax_*) [ "$owner" = stock ] && [[ $kernel_modules = *dax_hmem* ]] ;;
	esac
}

# What is wrong with the module, and what to do.
module_problems() {
	local name=$1 refused=$2 note=$3 done_by="reboot, or: cxl-accel reload"

	case $name in dax_*) done_by=reboot ;; esac
	if [ -n "$refused" ]; then
		problem refused "$name" "${refused%%: *}" "${refused#*: }"
	fi
	case $kernel_verdict in
	native | unsupported) return ;;
	esac
	if [[ $owner != cxl-accel* ]] && to_be_ours "$name"; then
		if [[ $installed != cxl-accel* ]]; then
			not_installed+=" $name"
			return
		fi
		pending+=("$name")
		if [ -n "$note" ]; then
			problem not-ours "$name" "${note%%: *}" "${note#*: }"
		else
			problem not-ours "$name" "the stock one is loaded, $installed is installed" "$done_by"
		fi
	elif loaded_is_not_installed "$name"; then
		[ "$owner" != "$installed" ] || installed="another build of it"
		pending+=("$name")
		problem reboot-pending "$name" "$owner is loaded, $installed is installed" "$done_by"
	fi
}

report_module() {
	local words refused note n=$((module_count++))

	look_at_module "$1"
	refusal "$file" "$signer"
	refused=$REPLY
	stock_port_used "$1"
	note=$REPLY
	words="$state${owner:+, $owner}${file:+, $file}"
	[ -z "$file" ] || words="$words, ${signer:+signed by }${signer:-not signed}"
	words="$words${refused:+; $refused}${note:+; $note}"
	put "modules/$n/name" "$1"
	put "modules/$n/state" "$state"
	put "modules/$n/owner" "$owner"
	put "modules/$n/file" "$file"
	put "modules/$n/srcversion" "$srcversion"
	put "modules/$n/signer" "$signer"
	put "modules/$n/refused" "$refused"
	put "modules/$n/note" "$note"
	if loaded_is_not_installed "$1"; then
		put "modules/$n/installed" "$installed"
		[ -n "$note" ] || words="$words; installed: $installed, reboot pending"
	fi
	line "$1" "$words"
	module_problems "$1" "$refused" "$note"
}

report_modules() {
	local module_count=0 not_installed=''

	report_module cxl_mem
	report_module cxl_port
	! is_beside || report_module cxl_accel
	report_module dax_hmem
	report_module dax_cxl
	[ -z "$not_installed" ] ||
		problem not-ours "${not_installed# }" "for $KERNEL there is none of cxl-accel" \
			"dkms install cxl-accel/$VERSION -k $KERNEL"
}

report_reboot() {
	[ -n "$live" ] || return 0
	put reboot/pending false
	if [ ${#pending[@]} -gt 0 ]; then
		put reboot/pending true
		put reboot/reason "other modules are loaded than are installed: ${pending[*]}"
		line reboot "pending: other modules are loaded than are installed: ${pending[*]}"
	fi
}
