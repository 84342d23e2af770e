# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2054,SC2154 # variables of who sources this; QEMU's commas
#
# The machine, as QEMU's options. Part of scripts/vm; tests/packages/lib.sh boots the same.
#
# make_topology NAME-OR-SPECIFICATION, of accelerators of type $device and with the windows in
# $window_specs and CDATs in $cdats, if any, fills in
#
#   hardware   QEMU's options
#   cxl        on or off, and
#   windows    further ones of -M
#   allow      what each window allows, as CFMWS restriction bits; empty where that is everything
#   devices    names of the devices that are below a CXL host bridge
#   bridges    names of the host bridges
#
# machine_options MEMORY, after that, sets qemu to a command that lacks processors, kernel and serial
# ports; $plugin is QEMU's plugin, $hypervisor, $iommu and $reboot what the options of these names say.

declare -A QEMU=([amd64]=qemu-system-x86_64 [arm64]=qemu-system-aarch64)
declare -A QEMU_PACKAGE=([amd64]=x86 [arm64]=arm)

hardware=()
windows=''
allow=()
devices=()
bridges=()

# The named ones, each in terms of a specification.
TOPOLOGIES="hb2rp passthrough mixed type3 two-hb switch pci-only no-cxl"
declare -A TOPOLOGY=(
	[hb2rp]='hb(acc,acc)'
	[passthrough]='hb(acc)'
	[mixed]='hb(acc,exp)'
	[type3]='hb(exp,exp)'
	[two-hb]='hb(acc,empty),hb(acc,empty)'
	[switch]='hb(sw(acc,acc),empty)'
	[pci-only]='pcie(acc),hb(empty)'
	[no-cxl]='pcie(acc)'
)
TWO_HB_WINDOWS=(hb0:4G hb1:4G hb0+hb1:4G)

FIRST_BUS=12
LAST_BUS=255
SLOTS=32

topology_die() {
	usage_die "--topology: $*"
}

# Text without blanks, at the commas that are in no parentheses: sets ITEMS.
split_items() {
	local text=$1 depth=0 item='' i

	ITEMS=()
	for ((i = 0; i < ${#text}; i++)); do
		case ${text:i:1} in
		'(') depth=$((depth + 1)) ;;
		')') depth=$((depth - 1)) ;;
		,) if [ $depth = 0 ]; then
			ITEMS+=("$item")
			item=''
			continue
		fi ;;
		esac
		[ $depth -ge 0 ] || topology_die "'$text': one ) too many"
		item+=${text:i:1}
	done
	[ $depth = 0 ] || topology_die "'$text': a ) is missing"
	ITEMS+=("$item")
}

# place_items WHERE BUS TEXT: WHERE is what they are below: machine, hb, sw or pcie
place_items() {
	local where=$1 bus=$2 item n items
	local pattern='^(([1-9][0-9]{0,2})\*)?([a-z]+)(:([^()]*))?(\((.*)\))?$'

	split_items "$3"
	items=("${ITEMS[@]}")
	for item in "${items[@]}"; do
		[[ $item =~ $pattern ]] || topology_die "'$item' is not [N*]NAME[:SIZE][(ITEM,...)]"
		set -- "${BASH_REMATCH[2]:-1}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[4]}" \
			"${BASH_REMATCH[5]}" "${BASH_REMATCH[6]}" "${BASH_REMATCH[7]}"
		check_item "$where" "$item" "$2" "$3" "$4" "$5"
		for ((n = 0; n < $1; n++)); do
			place "$where" "$bus" "$2" "${4:-256M}" "$6"
		done
	done
}

# check_item WHERE ITEM NAME COLON-SIZE SIZE TREE
check_item() {
	case $1/$3 in
	machine/hb | machine/pcie | [hs]?/acc | [hs]?/db | [hs]?/raw | [hs]?/two | [hs]?/both | [hs]?/exp | \
		[hs]?/sw | [hs]?/empty | pcie/acc | pcie/exp | pcie/igb) ;;
	machine/*) topology_die "'$2': a machine has hb(...) and pcie(...)" ;;
	pcie/*) topology_die "'$2': a PCIe slot has acc, exp or igb" ;;
	*) topology_die "'$2': a port has acc, db, raw, two, both, exp, sw(...) or empty" ;;
	esac
	case $3 in
	hb | sw | pcie) [ -n "$6" ] || topology_die "'$2': what is below $3? say $3(...)" ;;
	*) [ -z "$6" ] || topology_die "'$2': nothing is below $3" ;;
	esac
	[ -n "$4" ] || return 0
	[[ $3 = acc || $3 = db || $3 = raw || $3 = two || $3 = both || $3 = exp ]] || topology_die "'$2': $3 has no size"
	decodable "$5" ||
		topology_die "'$2': a size is a multiple of 256M, like 512M or 4G"
}

mebibytes() {
	case $1 in
	*G) echo $((${1%G} * 1024)) ;;
	*) echo "${1%M}" ;;
	esac
}

# A size that HDM decoders and windows can have.
decodable() {
	[[ $1 =~ ^[1-9][0-9]{0,6}[MG]$ ]] && [ $(($(mebibytes "$1") % 256)) = 0 ]
}

# place WHERE BUS NAME SIZE TREE: what is below a host bridge or a switch gets a port of its own.
place() {
	local port=$2

	case $1 in
	hb) add_root_port "$2" ;;
	sw) add_downstream_port "$2" ;;
	esac
	case $3 in
	hb) add_host_bridge "$5" ;;
	pcie) add_slot "$5" ;;
	sw) add_switch "$port" "$5" ;;
	acc) add_memory_device "$device" "$port" "$4" ;;
	db) add_back_invalidate "$port" "$4" ;;
	raw) add_memory_device type2-raw "$port" "$4" ;;
	two) add_two_functions "$port" "$4" type2-raw type2-raw ;;
	both) add_two_functions "$port" "$4" type2 type3 ;;
	igb) hardware+=(-device "igb,bus=$port,id=igb") ;;
	exp) add_memory_device type3 "$port" "$4" ;;
	esac
}

# Windows are sized and buses numbered when all is known that is below.
bridge_at=()
bridge_buses=()
bridge_memory=()

add_host_bridge() {
	local id=hb${#bridges[@]} n=${#bridges[@]}

	bridges+=("$id")
	bridge_at+=("${#hardware[@]}")
	bridge_buses+=(1)
	bridge_memory+=(0)
	hardware+=(-device '')
	ports_on=0
	place_items hb "$id" "$1"
	[ "$ports_on" -le $SLOTS ] ||
		topology_die "a host bridge has at most $SLOTS root ports, not $ports_on"
}

root_ports=0
downstream_ports=0
switches=0
slots=0
memories=0
ports_on=0	# the host bridge
ports_of=0	# the switch
plain=''	# below a PCIe root port

# Chassis and slot number have to be unique in the machine.
add_root_port() {
	port=rp$root_ports
	hardware+=(-device "cxl-rp,port=$ports_on,bus=$1,id=$port,chassis=0,slot=$((root_ports + 2))")
	root_ports=$((root_ports + 1))
	ports_on=$((ports_on + 1))
	bridge_buses[-1]=$((bridge_buses[-1] + 1))
}

add_downstream_port() {
	port=dsp$downstream_ports
	ports_of=$((ports_of + 1))
	hardware+=(-device "cxl-downstream,port=$((ports_of - 1)),bus=$1,id=$port,chassis=2,slot=$((downstream_ports + 1))")
	downstream_ports=$((downstream_ports + 1))
	bridge_buses[-1]=$((bridge_buses[-1] + 1))
}

add_switch() {
	local id=usp$switches above=$ports_of

	switches=$((switches + 1))
	hardware+=(-device "cxl-upstream,bus=$1,id=$id")
	bridge_buses[-1]=$((bridge_buses[-1] + 1))
	ports_of=0
	place_items sw "$id" "$2"
	[ "$ports_of" -le $SLOTS ] || topology_die "a switch has at most $SLOTS downstream ports, not $ports_of"
	ports_of=$above
}

add_slot() {
	local port=pp$slots

	[[ $1 != *,* && $1 != *\** ]] || topology_die "'pcie($1)': a PCIe slot has one device"
	hardware+=(-device "pcie-root-port,bus=pcie.0,id=$port,chassis=1,slot=$((slots + 1))")
	slots=$((slots + 1))
	plain=1
	place_items pcie "$port" "$1"
	plain=''
}

add_memory_device() {
	local n=$memories cdat

	memories=$((memories + 1))
	hardware+=(-object "memory-backend-ram,id=vmem$n,size=$3"
		-device "cxl-$1,bus=$2,volatile-memdev=vmem$n,id=dev$n,sn=$((0xd0 + n))")
	for cdat in "${cdats[@]}"; do
		[ "${cdat%%=*}" != "dev$n" ] || hardware[-1]+=",cdat=$(realpath "${cdat#*=}")"
	done
	[ -z "$plain" ] || return 0
	devices+=("dev$n")
	bridge_memory[-1]=$((bridge_memory[-1] + $(mebibytes "$3")))
}

# add_back_invalidate BUS SIZE
add_back_invalidate() {
	back_invalidate=1
	add_memory_device type2 "$1" "$2"
	hardware[-1]+=,hdm-db=on,x-256b-flit=on
}

# add_two_functions BUS SIZE TYPE TYPE
add_two_functions() {
	add_memory_device "$3" "$1" "$2"
	hardware[-1]+=,multifunction=on
	add_memory_device "$4" "$1" "$2"
	hardware[-1]+=,addr=0.1
}

# Firmware numbers buses from each host bridge's own on; there is room to spare for hot plug.
number_buses() {
	local n bus=$FIRST_BUS need=0 spare

	[ ${#bridges[@]} -gt 0 ] || return 0
	for n in "${bridge_buses[@]}"; do
		need=$((need + n))
	done
	spare=$(((LAST_BUS + 1 - FIRST_BUS - need) / ${#bridges[@]}))
	[ $spare -ge 0 ] ||
		topology_die "$need buses are needed, a machine has $((LAST_BUS + 1 - FIRST_BUS)) for CXL"
	for n in "${!bridges[@]}"; do
		hardware[bridge_at[n] + 1]="pxb-cxl,bus_nr=$bus,bus=pcie.0,id=hb$n"
		bus=$((bus + bridge_buses[n] + spare))
	done
}

# ---- windows ----

# ACPI CFMWS restrictions.
declare -A ALLOW=([type2]=1 [type3]=2 [volatile]=4 [pmem]=8 [fixed]=16)

window_die() {
	usage_die "--window: $*"
}

# add_window BRIDGE[+BRIDGE]...:SIZE[:ALLOW[+ALLOW]...]
add_window() {
	local n=${#allow[@]} i=0 hb what bits=0
	local pattern='^([a-z0-9+]+):([^:]*)(:([a-z0-9+]*))?$'

	[[ $1 =~ $pattern ]] || window_die "'$1' is not BRIDGE[+BRIDGE]...:SIZE[:ALLOW[+ALLOW]...]"
	set -- "$1" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[4]}"
	decodable "$3" ||
		window_die "'$1': a size is a multiple of 256M, like 256M or 4G"
	for hb in ${2//+/ }; do
		[[ " ${bridges[*]} " == *" $hb "* ]] ||
			window_die "'$1': no host bridge '$hb'; there are: ${bridges[*]:-none}"
		windows+=",cxl-fmw.$n.targets.$i=$hb"
		i=$((i + 1))
	done
	case $i in
	1 | 2 | 4 | 8 | 16) ;;
	*) window_die "'$1': a window is over 1, 2, 4, 8 or 16 host bridges, not $i" ;;
	esac
	windows+=",cxl-fmw.$n.size=$3"
	for what in ${5//+/ }; do
		[ -n "${ALLOW[$what]:-}" ] || window_die "'$1': allow type2, type3, volatile, pmem or fixed, not '$what'"
		bits=$((bits | ALLOW[$what]))
	done
	[[ -z $4 || $bits != 0 ]] || window_die "'$1': what does it allow?"
	[ $bits = 0 ] && allow+=('') || allow+=("$bits")
}

# One for each host bridge: 4 GiB, or more where there is more memory.
default_windows() {
	local n gib

	for n in "${!bridges[@]}"; do
		gib=$(((bridge_memory[n] + 1023) / 1024))
		add_window "hb$n:$((gib > 4 ? gib : 4))G"
	done
}

make_topology() {
	local spec=$1 window cdat

	if [ -n "${TOPOLOGY[$spec]:-}" ]; then
		[ "$spec" != two-hb ] || [ ${#window_specs[@]} -gt 0 ] || window_specs=("${TWO_HB_WINDOWS[@]}")
		spec=${TOPOLOGY[$spec]}
	elif [[ $spec != *\(* ]]; then
		usage_die "unknown topology '$spec': one of $TOPOLOGIES, or a specification like 'hb(acc,exp)'"
	fi
	place_items machine '' "${spec//[[:space:]]/}"
	number_buses
	cxl=on
	[ ${#bridges[@]} -gt 0 ] || cxl=off
	[ ${#window_specs[@]} -gt 0 ] || default_windows
	for window in "${window_specs[@]}"; do
		add_window "$window"
	done
	for cdat in "${cdats[@]%%=*}"; do
		[ "${cdat#dev}" -lt $memories ] || usage_die "--cdat: there is no device '$cdat'"
	done
}

# $hypervisor: stock kernels flush no caches on a processor that says that it is a virtual one.
machine_options() {
	local table

	qemu=("${QEMU[${arch:-amd64}]}")
	if [ "${arch:-amd64}" = amd64 ]; then
		qemu+=(-M "q35,accel=tcg,cxl=$cxl$windows" -cpu "max$([ -n "$hypervisor" ] || echo ,-hypervisor)"
			${iommu:+-device intel-iommu,intremap=off})
	else
		qemu+=(-M "virt,accel=tcg,gic-version=3,cxl=$cxl$windows" -cpu cortex-a57
			-bios /usr/share/qemu-efi-aarch64/QEMU_EFI.fd)
	fi
	qemu+=(-m "$1,maxmem=8G,slots=4" -nodefaults -no-user-config -display none -plugin "$plugin" "${hardware[@]}")
	[ -n "$reboot" ] || qemu+=(-no-reboot)
	for table in "${acpi_tables[@]}"; do
		qemu+=(-acpitable "file=$(realpath "$table")")
	done
}
