# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: accelerators and expanders, and the state that each is in.

SYS=/sys/bus/cxl/devices

# Functions with a PCIe DVSEC for CXL Devices (CXL 3.1, 8.1.3): extended capability 0x23, vendor
# 0x1e98, DVSEC 0.
has_cxl_dvsec() {
	od -An -v -t u4 "$1/config" | awk '
		{ for (i = 1; i <= NF; i++) word[n++] = $i }
		END {
			for (at = 256; at && at / 4 < n && hops++ < 100; at = int(word[at / 4] / 1048576)) {
				if (word[at / 4] % 65536 == 35 && word[at / 4 + 1] % 65536 == 7832 &&
				    word[at / 4 + 2] % 65536 == 0)
					exit 0
			}
			exit 1
		}'
}

driver_of() {
	[ ! -e "$1/driver" ] || basename "$(readlink -f "$1/driver")"
}

memdev_of() {
	local link

	for link in "$SYS"/mem*; do
		[ "$(basename "$(dirname "$(readlink -f "$link")")")" != "$1" ] || basename "$link"
	done | head -n 1
}

endpoint_of() {
	local link

	for link in "$SYS"/endpoint*; do
		[ "$(basename "$(readlink -f "$link/uport")")" != "$1" ] || basename "$link"
	done | head -n 1
}

# The regions of an endpoint's decoders, one a line: name, first and last address.
regions_of() {
	local decoder name start size

	for decoder in "$SYS/$1"/decoder*; do
		name=$(cat "$decoder/region" 2>/dev/null || true)
		[ -n "$name" ] || continue
		start=$(cat "$SYS/$name/resource" 2>/dev/null || echo 0)
		size=$(cat "$SYS/$name/size" 2>/dev/null || echo 0)
		if [ "$(cat "$SYS/$name/commit" 2>/dev/null)" != 1 ] || [ $((size)) = 0 ]; then
			continue
		fi
		printf '%s 0x%x 0x%x\n' "$name" $((start)) $((start + size - 1))
	done
}

# Sets bdf, driver, memdev, endpoint, regions, state and reason of one device.
look_at_device() {
	bdf=${1##*/}
	driver=$(driver_of "$1")
	memdev=$(memdev_of "$bdf")
	endpoint='' regions='' reason='' status='' errno='' range=''
	[ -z "$memdev" ] || endpoint=$(endpoint_of "$memdev")
	[ -z "$endpoint" ] || regions=$(regions_of "$endpoint")
}

# What the module says of the function, in its sysfs directory: README, "When the attach fails".
record() {
	cat "/sys/bus/pci/devices/$bdf/cxl_accel/$1" 2>/dev/null || true
}

# Also sets status, errno and range, empty where the module knows nothing of the device.
accelerator_state() {
	state=$(record state) status=$(record status) errno=$(record errno) range=$(record range)
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
	*) reason=$(record reason) ;;
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

# ---- report ----

report_device() {
	local kind=$1 name words=''

	name="$(cut -c3- "$2/vendor"):$(cut -c3- "$2/device")"
	look_at_device "$2"
	"${kind}_state"
	local ranges=() r first last
	while read -r r first last; do
		[ -z "$r" ] || {
			ranges+=("$(object name "$r" start "$first" end "$last")")
			words="$words, $r $first-$last"
		}
	done <<<"$regions"
	devices+=("$(object kind "$kind" address "$bdf" id "$name" driver "$driver" state "$state" reason "$reason" \
		status "$status" errno "$errno" range "$range" \
		memdev "$memdev" endpoint "$endpoint" regions "$(list "${ranges[@]}")")")
	[ -n "$words" ] || words=${range:+", $range"}
	line "$kind" "$bdf $name: $state${driver:+, driver $driver}${memdev:+, $memdev}${endpoint:+, $endpoint}$words${reason:+: $reason}"
	[ "$kind" != accelerator ] || case $state in
	attached | detached | 'no driver') ;;
	*) unattached=1 ;;
	esac
}

report_devices() {
	local dir

	for dir in /sys/bus/pci/devices/*; do
		has_cxl_dvsec "$dir" || continue
		case $(cat "$dir/class") in
		0x0502*) report_device expander "$dir" ;;
		*) report_device accelerator "$dir" ;;
		esac
	done
}
