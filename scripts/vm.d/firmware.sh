# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of scripts/vm
#
# Part of scripts/vm: what platform firmware shall do, as arguments of tests/qemu/platform-firmware.
#
# parse_firmware SPEC fills in firmware_args. The topology is known by then.

firmware_args=()

firmware_die() {
	usage_die "--firmware: '$1': $2"
}

is_amount() {
	[[ $1 =~ ^(0x[0-9a-fA-F]{1,16}|[0-9]{1,15})[KMG]?$ ]]
}

# check_decode ITEM NAMES KIND [OPTION]...
check_decode() {
	local item=$1 names=$2 kind=$3 option
	shift 3

	case $kind in
	hdm-d | hdm-h) ;;
	mem-enable-only)
		[[ $names != *+* ]] ||
			firmware_die "$item" "what a device decodes by its DVSEC is not interleaved"
		;;
	*) usage_die "--firmware: '$item' is not DEVICE:KIND[/OPTION]... with KIND hdm-d, hdm-h or mem-enable-only" ;;
	esac
	for option; do
		case $option in
		at=outside | locked | endpoint-only) ;;
		at=+*) is_amount "${option#at=+}" || firmware_die "$item" "no offset in a window: '${option#at=}'" ;;
		at=*) is_amount "${option#at=}" || firmware_die "$item" "no address: '${option#at=}'" ;;
		size=* | skip=*)
			is_amount "${option#*=}" ||
				firmware_die "$item" "no size like 0, 256M or 1G: '${option#*=}'"
			;;
		*) firmware_die "$item" "unknown option '$option': one of at=, size=, skip=, locked, endpoint-only" ;;
		esac
	done
}

parse_firmware() {
	local item dev names decode options broken=()

	allow_windows
	[ "$1" != none ] || return 0
	for item in ${1//,/ }; do
		if [ "$item" = broken-cedt ]; then
			broken=("$item")
			continue
		fi
		names=${item%%:*} decode=${item#*:}
		IFS=/ read -ra options <<<"$decode"
		check_decode "$item" "$names" "${options[@]}"
		[ "$names" != all ] || names=${devices[*]}
		for dev in ${names//+/ }; do
			[[ " ${devices[*]} " == *" $dev "* ]] ||
				usage_die "--firmware: topology $topology has no CXL device '$dev'"
		done
		for dev in $names; do
			add_firmware "$decode" "$dev"
		done
	done
	firmware_args+=("${broken[@]}")
}

allow_windows() {
	local n

	for n in "${!allow[@]}"; do
		[ -z "${allow[n]}" ] || firmware_args+=("window=$n:${allow[n]}")
	done
}

# add_firmware KIND[/OPTION]... DEV[+DEV]...
add_firmware() {
	local dev serials=''

	for dev in ${2//+/ }; do
		serials+=$(printf '+0x%x' $((0xd0 + ${dev#dev})))
	done
	firmware_args+=("${serials#+}:$1")
}
