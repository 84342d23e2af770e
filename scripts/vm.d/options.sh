# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of scripts/vm
#
# Part of scripts/vm: the command line, into variables, and what cannot be right in it.

topology=hb2rp firmware=none device=type2 kernel='' modules_dir='' append='' smp=2 mem=1G
icount='' timeout=120 console='' profile='' verbose='' tools='' reboot=''
hypervisor='' iommu='' arch='' back_invalidate=''
modules=() files=() load=() command=() window_specs=() cdats=() acpi_tables=()

parse_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--help | -h)
			tail -n +3 "$TREE/scripts/vm.d/manual.txt"
			exit
			;;
		--icount) icount=1 ;;
		--hypervisor) hypervisor=1 ;;
		--reboot) reboot=1 ;;
		--iommu) iommu=1 append="$append intel_iommu=on" ;;
		--verbose) verbose=1 ;;
		--tools)
			tools=1
			command=(true)
			;;
		--)
			shift
			command=("$@")
			break
			;;
		--topology | --window | --cdat | --acpi-table | --firmware | --device | --kernel | --modules-dir | \
			--module | --load | --file | --append | --smp | --mem | --timeout | --console | --profile | \
			--arch)
			[ $# -ge 2 ] || usage_die "$1 wants an argument"
			set_option "$1" "$2"
			shift
			;;
		-*) usage_die "unknown option '$1'" ;;
		*) usage_die "put -- before the command '$1'" ;;
		esac
		shift
	done
}

set_option() {
	case $1 in
	--module) modules+=("$2") ;;
	--file) files+=("$2") ;;
	--load) load+=("$2") ;;
	--cdat) cdats+=("$2") ;;
	--acpi-table) acpi_tables+=("$2") ;;
	--window) window_specs+=("$2") ;;
	--append) append="$append $2" ;;
	--modules-dir) modules_dir=$2 ;;
	*) printf -v "${1#--}" %s "$2" ;;
	esac
}

is_number() {
	[[ $1 =~ ^[1-9][0-9]{0,5}$ ]]
}

check_options() {
	local file

	[ ${#command[@]} -gt 0 ] || usage_die "what shall run in the guest? say -- CMD"
	case $device in
	type2 | type3) ;;
	*) usage_die "unknown device '$device': type2 or type3" ;;
	esac
	case $arch in
	'' | amd64 | arm64) ;;
	*) usage_die "unknown architecture '$arch': amd64 or arm64" ;;
	esac
	# What is counted is counted by one processor.
	[ -z "$profile" ] || smp=1
	is_number "$timeout" || usage_die "--timeout wants a number of seconds, not '$timeout'"
	is_number "$smp" || usage_die "--smp wants a number of processors, not '$smp'"
	[[ $mem =~ ^[1-9][0-9]*[MG]$ ]] || usage_die "--mem wants a size like 512M or 2G, not '$mem'"
	for file in "${modules[@]}"; do
		[[ $file = *.ko ]] || usage_die "--module: '$file' is not a .ko file"
		[ -f "$file" ] || usage_die "--module: no file '$file'"
	done
	for file in "${cdats[@]}"; do
		[[ $file =~ ^dev[0-9]+=.*[^,]$ && $file != *,* ]] || usage_die "--cdat: '$file' is not DEVICE=FILE"
		[ -f "${file#*=}" ] || usage_die "--cdat: no file '${file#*=}'"
	done
	for file in "${acpi_tables[@]}"; do
		[[ -f $file && $file != *[,:]* ]] || usage_die "--acpi-table: no file '$file'"
	done
	for file in "${files[@]}"; do
		[ -e "${file%%:*}" ] || usage_die "--file: no file '${file%%:*}'"
		[[ $file != *:* || $file = *:/* ]] ||
			usage_die "--file: '${file#*:}' is not an absolute path in the guest"
	done
	if [ -n "$modules_dir" ]; then
		[ -f "$modules_dir/modules.dep" ] ||
			usage_die "--modules-dir: no modules.dep in '$modules_dir'"
		[ -f "$kernel" ] || usage_die "--modules-dir wants a kernel image with --kernel"
	elif [[ $kernel = */* ]]; then
		usage_die "--kernel with the path of an image wants --modules-dir too"
	fi
}

# That of the kernel, if it has not been said.
find_arch() {
	local file image=''

	for file in "$kernel" "$CACHE"/{root,kernel}/*/{boot/vmlinuz-,lib/modules/}"$kernel"{,/vmlinuz}; do
		[ ! -f "$file" ] || image=$file
	done
	[ -n "$arch" ] || [ -z "$image" ] || arch=$(image_arch "$image")
	arch=${arch:-amd64}
	"check_$arch"
}

# What only the other machine has: a test is to skip that.
check_amd64() {
	[ -z "$back_invalidate" ] || machine_lacks "HDM-DB (db), which QEMU has from 11 on"
}

check_arm64() {
	local IFS=

	[ -z "$hypervisor" ] || machine_lacks "a processor that says that it is a virtual one (--hypervisor)"
	[ -z "$iommu" ] || machine_lacks "an IOMMU (--iommu)"
	[[ ,$firmware, != *,broken-cedt,* ]] || machine_lacks "a CEDT that firmware breaks"
	[ -z "${allow[*]}" ] || machine_lacks "windows that do not allow everything"
}

machine_lacks() {
	say "the $arch machine does not have $*"
	exit 77
}

# The directories that must be seen in the root: those of all files on the command line.
bind_options() {
	local path

	for path in "${modules[@]}" "${files[@]%%:*}" "${cdats[@]#*=}" "${acpi_tables[@]}" \
		${modules_dir:+"$modules_dir" "$kernel"} ${console:+"$console"} ${profile:+"$profile"}; do
		printf '%s\0%s\0' --bind "$(dirname "$(realpath -s "$path")")"
	done
}
