# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: accelerators and expanders, the state that each is in, and how it is connected.

CXL=/sys/bus/cxl/devices
PCI=/sys/bus/pci/devices

# Sets kind of a PCI function, accelerator or expander; status 1 if it is no CXL device: one has a PCIe DVSEC
# for CXL Devices. Whoever may not read that knows those that the kernel has made something of.
is_cxl_device() {
	local dir=$1 sign

	if read_config "$dir"; then
		capability 0x23 0 || return 1
	else
		for sign in "$dir"/mem[0-9]* "$dir/cxl_accel" -; do
			[ ! -e "$sign" ] || break
		done
		[ "$sign" != - ] || return 1
	fi
	kind=accelerator
	first_line "$dir/class"
	[[ $REPLY != 0x0502* ]] || kind=expander
}

# ---- the CXL side ----

# Sets memdev and endpoint.
find_endpoint() {
	local link

	memdev='' endpoint=''
	for link in "$1"/mem[0-9]*; do
		[ ! -e "$link" ] || memdev=${link##*/}
	done
	[ -n "$memdev" ] || return 0
	for link in "$CXL"/endpoint*; do
		[ ! "$link/uport" -ef "$CXL/$memdev" ] || endpoint=${link##*/}
	done
}

# Sets decoders, of the endpoint those that decode something, and regions, of these those that are committed:
# names, separated by blanks.
find_decoders() {
	local dir name size

	decoders='' regions=''
	[ -n "$endpoint" ] || return 0
	for dir in "$CXL/$endpoint"/decoder*; do
		first_line "$dir/size"
		[ $((${REPLY:-0})) != 0 ] || continue
		decoders+="${dir##*/} "
		first_line "$dir/region"
		name=$REPLY
		[ -n "$name" ] || continue
		first_line "$CXL/$name/size"
		size=${REPLY:-0}
		first_line "$CXL/$name/commit"
		[ "$REPLY" != 1 ] || [ $((size)) = 0 ] || regions+="$name "
	done
}

# region_range REGION: sets first and last
region_range() {
	local size

	first_line "$CXL/$1/size"
	size=${REPLY:-0}
	first_line "$CXL/$1/resource"
	range_of "$REPLY" "$size"
}

# window_of REGION: the root decoder that it is below
window_of() {
	local link

	for link in "$CXL"/decoder*; do
		REPLY=${link##*/}
		[ ! -e "$link/$1" ] || return 0
	done
	REPLY=''
}

# Sets bdf, driver, memdev, endpoint, decoders, regions, and of what the module says of the function in its
# sysfs directory status, errno and range, empty where it knows nothing of it.
look_at_device() {
	bdf=${1##*/}
	link_name "$1/driver"
	driver=$REPLY
	find_endpoint "$1"
	find_decoders
	state='' reason='' status='' errno='' range=''
	[ "$kind" = accelerator ] || return 0
	first_line "$1/cxl_accel/state"
	state=$REPLY
	first_line "$1/cxl_accel/status"
	status=$REPLY
	first_line "$1/cxl_accel/errno"
	errno=$REPLY
	first_line "$1/cxl_accel/range"
	range=$REPLY
}

accelerator_state() {
	if [ -n "$regions" ]; then
		state=attached
		return
	fi
	case $state in
	'' | untried)
		if [ -z "$driver" ]; then
			state='no driver'
			reason="no driver is bound to it"
		else
			state='not attached'
			reason="its driver $driver has not tried to attach its memory"
		fi
		;;
	*)
		first_line "$PCI/$bdf/cxl_accel/reason"
		reason=$REPLY
		;;
	esac
}

expander_state() {
	if [ -n "$endpoint" ]; then
		state=ready
	elif [ -n "$memdev" ]; then
		state='no endpoint'
		reason="$memdev is not bound to cxl_mem, or its ports are not there: see dmesg"
	else
		state='no memdev'
		reason="${driver:+$driver has made no memdev: see dmesg}"
		reason=${reason:-"not bound to cxl_pci"}
	fi
}

# ---- windows ----

# Sets window_names and, by name, window_words and window_bridges.
declare -A window_words=() window_bridges=()

report_windows() {
	local dir name size allowed target k n=0

	window_names=''
	put windows '[]'
	for dir in "$CXL"/decoder0.*; do
		[ -e "$dir/cap_ram" ] || continue
		name=${dir##*/}
		first_line "$dir/size"
		size=${REPLY:-0}
		first_line "$dir/start"
		[ -n "$REPLY" ] || unreadable "where the CXL windows are"
		range_of "$REPLY" "$size"
		put "windows/$n/name" "$name"
		put_range "windows/$n" "$first" "$last"
		put "windows/$n/size" "$size"
		put "windows/$n/restrictions" '[]'
		allowed='' k=0
		for target in type2 type3 ram pmem; do
			first_line "$dir/cap_$target"
			if [ "$REPLY" = 1 ]; then
				put "windows/$n/restrictions/$((k++))" "$target"
				allowed+="$target "
			fi
		done
		report_bridges "$dir" "$n"
		first_line "$dir/locked"
		window_names+="$name "
		window_words[$name]="${first:--}-${last:--}, allows ${allowed:-nothing }"
		window_words[$name]=${window_words[$name]% }
		[ "$REPLY" != 1 ] || window_words[$name]+=", locked"
		boolean "$REPLY"
		put "windows/$n/locked" "$REPLY"
		line window "$name ${window_words[$name]}, below: ${window_bridges[$name]% }"
		: $((n++))
	done
}

# The host bridges that a root decoder has as targets.
report_bridges() {
	local target bridge targets k=0

	window_bridges[$name]=''
	first_line "$1/target_list"
	IFS=, read -r -a targets <<<"$REPLY"
	for target in "${targets[@]}"; do
		bridge=$(readlink "${1%/*}/root0/dport$target") || continue
		put "windows/$2/host_bridges/$((k++))" "${bridge##*/}"
		window_bridges[$name]+="${bridge##*/} "
	done
}

# windows_of BRIDGE
windows_of() {
	local name

	REPLY=''
	for name in $window_names; do
		[[ " ${window_bridges[$name]}" != *" $1 "* ]] || REPLY+="$name "
	done
}

# ---- the PCI side ----

ACS="SrcValid TransBlk ReqRedir CmpltRedir UpstreamFwd EgressCtrl DirectTrans"

# put_bit WHAT OFFSET BIT
put_bit() {
	bit "$2" "$3"
	put "devices/$n/$1" "$REPLY"
}

# on_off OFFSET BIT: in words
on_off() {
	bit "$1" "$2"
	if [ "$REPLY" = true ]; then REPLY=on; else REPLY=off; fi
}

# What the function itself offers and has enabled; sets link, in words.
function_link() {
	local at

	link="not readable as this user"
	if ! read_config "$1"; then
		unreadable "configuration space of PCI functions"
		return
	fi
	capability 0x23 0 || return 0
	at=$REPLY
	link="no CXL.cache"
	put_bit cache_capable $((at + 8)) 16
	if [ "$REPLY" = true ]; then
		on_off $((at + 12)) 0
		link="CXL.cache $REPLY"
	fi
	put_bit cache_enabled $((at + 12)) 0
	put_bit mem_enabled $((at + 12)) 2
	on_off $((at + 12)) 2
	link+=", CXL.mem $REPLY"
	if capability 0x0f; then
		at=$REPLY
		put "devices/$n/ats_capable" true
		put_bit ats_enabled $((at + 4)) 31
		on_off $((at + 4)) 31
		link+=", ATS $REPLY"
	else
		put "devices/$n/ats_capable" false
		link+=", no ATS"
	fi
}

# What the port above lets through.
port_link() {
	local at i=0 k=0 name enabled=''

	port=${path%/*}
	port=${port##*/}
	[ -e "$PCI/$port" ] || return 0
	put "devices/$n/port" "$port"
	link+="; port $port: "
	if ! read_config "$PCI/$port"; then
		link+="not readable as this user"
		return
	fi
	if capability 0x0d; then
		at=$REPLY
		put "devices/$n/acs" '[]'
		for name in $ACS; do
			bit $((at + 4)) $((16 + i++))
			[ "$REPLY" = true ] || continue
			put "devices/$n/acs/$((k++))" "$name"
			enabled+=" $name"
		done
		link+="ACS${enabled:- off}"
	else
		link+="no ACS"
	fi
	# Unmask SBR, in the port's DVSEC for CXL Port Extensions.
	capability 0x23 3 || return 0
	at=$REPLY
	bit $((at + 12)) 0
	if [ "$REPLY" = true ]; then
		put "devices/$n/sbr_masked" false
		link+=", resets of the bus pass"
	else
		put "devices/$n/sbr_masked" true
		link+=", resets of the bus are masked"
	fi
}

# ---- report ----

# Sets words.
report_regions() {
	local name k=0

	words=''
	put "devices/$n/regions" '[]'
	for name in $regions; do
		region_range "$name"
		put "devices/$n/regions/$k/name" "$name"
		put_range "devices/$n/regions/$k" "$first" "$last"
		window_of "$name"
		put "devices/$n/regions/$((k++))/window" "$REPLY"
		words+=", $name $first-$last"
	done
}

report_decoders() {
	local name dir size words k=0

	for name in $decoders; do
		dir=$CXL/$name
		put "devices/$n/decoders/$k/name" "$name"
		first_line "$dir/size"
		size=$REPLY
		first_line "$dir/start"
		range_of "$REPLY" "$size"
		put_range "devices/$n/decoders/$k" "$first" "$last"
		put "devices/$n/decoders/$k/size" "$size"
		words="$name ${first:--}-${last:--}"
		first_line "$dir/target_type"
		put "devices/$n/decoders/$k/type" "$REPLY"
		words+=", ${REPLY:--}"
		first_line "$dir/region"
		put "devices/$n/decoders/$k/region" "$REPLY"
		words+=", ${REPLY:-no region}"
		first_line "$dir/locked"
		words+=", $([ "$REPLY" = 1 ] || echo 'not ')locked"
		boolean "$REPLY"
		put "devices/$n/decoders/$((k++))/locked" "$REPLY"
		line '  decoder' "$words"
	done
}

report_link() {
	local link port windows name k=0

	function_link "$1"
	port_link
	line '  link' "$link"
	windows_of "${path%%/*}"
	windows=$REPLY
	for name in $windows; do
		put "devices/$n/windows/$((k++))" "$name"
		line '  window' "$name ${window_words[$name]}"
	done
}

# The group of the status in the one table says whose matter it is.
attach_fix() {
	status_group "$status"
	case $REPLY in
	"the call itself" | "the device, "*) REPLY="a matter of the driver $driver" ;;
	"the platform") REPLY="a matter of the machine's firmware, its setup, or the slot" ;;
	"decoders and region") REPLY="a matter of the machine's firmware, or of who has the memory: see /proc/iomem" ;;
	*) REPLY="see dmesg" ;;
	esac
	REPLY+=", see cxl-accel explain${status:+ $status}, and bind the driver again"
}

device_problem() {
	case $kind,$state in
	accelerator,attached | accelerator,detached | accelerator,'no driver' | expander,ready) ;;
	accelerator,deferred)
		problem not-attached "$bdf" "deferred: $reason" "modprobe cxl_acpi; it is probed again by itself"
		;;
	accelerator,lost) problem not-attached "$bdf" "lost: $reason" "modprobe cxl_acpi, or bind its driver again" ;;
	accelerator,*)
		attach_fix
		problem not-attached "$bdf" "$state: $reason" "$REPLY"
		;;
	expander,*) problem expander "$bdf" "$state: $reason" "modprobe -a cxl_acpi cxl_pci cxl_mem; see dmesg" ;;
	esac
}

# report_device DIR, of which kind is known
report_device() {
	local name node words path n=$((device_count++))

	path=$(readlink -f "$1")
	path=${path#/sys/devices/}
	first_line "$1/vendor"
	name=${REPLY#0x}
	first_line "$1/device"
	name+=:${REPLY#0x}
	look_at_device "$1"
	"${kind}_state"
	first_line "$1/numa_node"
	node=${REPLY#-1}
	put "devices/$n/kind" "$kind"
	put "devices/$n/address" "$bdf"
	put "devices/$n/id" "$name"
	put "devices/$n/numa_node" "$node"
	put "devices/$n/driver" "$driver"
	put "devices/$n/state" "$state"
	put "devices/$n/reason" "$reason"
	put "devices/$n/status" "$status"
	put "devices/$n/errno" "$errno"
	put_range "devices/$n/range" "${range%-*}" "${range#*-}"
	put "devices/$n/memdev" "$memdev"
	put "devices/$n/endpoint" "$endpoint"
	report_regions
	[ -n "$words" ] || words=${range:+", $range"}
	words="$state${driver:+, driver $driver}${memdev:+, $memdev}${endpoint:+, $endpoint}$words${reason:+: $reason}"
	line "$kind" "$bdf $name: $words"
	node "$path" "$kind $name: $words"
	report_decoders
	report_link "$1"
	device_problem
}

report_devices() {
	local dir device_count=0

	report_windows
	put devices '[]'
	for dir in "$PCI"/*; do
		if is_cxl_device "$dir"; then
			report_device "$dir"
		elif [ ${#words[@]} -le 16 ]; then
			unreadable "configuration space of PCI functions"
		fi
	done
	print_tree
}
