# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: the modules that are installed, in place of those that are loaded, without a reboot.
# dax_hmem and dax_cxl stay: whose Soft Reserved memory is, is decided once in a boot, see cxl-accel(8).

# In the order in which they are unloaded; cxl_accel sees only what comes after it.
RELOADED="cxl_mem cxl_accel cxl_port"

# What uses a module and does not go with it, one a line: modules, then whoever has it in use otherwise.
users_of() {
	local holder users=0

	for holder in "/sys/module/$1/holders"/*; do
		[ -e "$holder" ] || continue
		: $((users++))
		holder=${holder##*/}
		case " $RELOADED " in
		*" $holder "*) ;;
		*) echo "$holder uses $1: rmmod $holder" ;;
		esac
	done
	first_line "/sys/module/$1/refcnt"
	[ "${REPLY:-0}" -le "$users" ] ||
		echo "$1 is in use: memory of an expander is System RAM, say: daxctl offline-memory"
}

# What would be lost with an expander's endpoint, one a line. When a region goes, its decoders are reset, and
# nobody assembles it again.
regions_in_the_way() {
	local dir name dax

	for dir in "$PCI"/*; do
		if ! is_cxl_device "$dir" || [ "$kind" != expander ]; then
			continue
		fi
		look_at_device "$dir"
		for name in $regions; do
			link_name "$CXL/$name/driver"
			for dax in "$CXL/$name"/dax_region*/dax*; do
				[ ! "$dax/driver" -ef /sys/bus/dax/drivers/kmem ] || REPLY="System RAM, by ${dax##*/}"
			done
			echo "$name of $memdev (${dir##*/}) would be lost until the next boot${REPLY:+; it is in use: $REPLY}"
		done
	done
}

# load NAME...: all that is there to be loaded of these
load() {
	local name failed=''

	for name; do
		is_builtin "$name" || modprobe "$name" 2>"$WORK/modprobe" || failed="$name: $(head -n 1 "$WORK/modprobe")"
	done
	[ -z "$failed" ] || die "not loaded again: ${failed#modprobe: }: see dmesg"
}

unload() {
	local name

	for name; do
		rmmod "$name" 2>"$WORK/rmmod" || {
			load "$@"
			die "$name cannot be unloaded: $(head -n 1 "$WORK/rmmod")"
		}
	done
}

reload() {
	local name blocked='' before=() after=()

	[ $# = 0 ] || usage_die "reload has no argument '$1'"
	need_superuser
	for name in $RELOADED; do
		! is_loaded "$name" || before+=("$name")
		module_info -k "$RUNNING" "$name"
		[ -z "$mod_file" ] || is_builtin "$name" || after=("$name" "${after[@]}")
	done
	[ ${#before[@]} -gt 0 ] || die "none of $RELOADED is loaded: modprobe cxl_mem loads what is installed"
	[ ${#after[@]} -gt 0 ] || die "none of $RELOADED is installed for $RUNNING"
	while read -r name; do
		say "$name"
		blocked=1
	done < <(
		for name in "${before[@]}"; do
			users_of "$name"
		done
		regions_in_the_way
	)
	[ -z "$blocked" ] || die "nothing was unloaded; or reboot"
	unload "${before[@]}"
	load "${after[@]}"
	for name in "${after[@]}"; do
		look_at_module "$name"
		! loaded_is_not_installed "$name" || die "$name is loaded, but not from $mod_file: see dmesg"
		echo "$name: $owner"
	done
	for name in dax_hmem dax_cxl; do
		look_at_module "$name"
		! loaded_is_not_installed "$name" || say "$name stays as it is until the next boot"
	done
}
