# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: what it prints, as text or as JSON.

string() {
	local text=$1

	text=${text//\\/\\\\}
	text=${text//\"/\\\"}
	text=${text//$'\t'/ }
	printf '"%s"' "${text//$'\n'/ }"
}

# object NAME VALUE...: values that are empty become null, those that start with [ or { stay.
object() {
	local comma=''

	printf '{'
	while [ $# -gt 1 ]; do
		printf '%s"%s":' "$comma" "$1"
		case $2 in
		'') printf null ;;
		"["* | "{"*) printf '%s' "$2" ;;
		true | false) printf '%s' "$2" ;;
		*) string "$2" ;;
		esac
		comma=,
		shift 2
	done
	printf '}'
}

list() {
	local IFS=,

	printf '[%s]' "$*"
}

line() {
	[ -n "$json" ] || printf '%-14s%s\n' "$1" "$2"
}
