# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: what it prints, as text or as JSON, and the problems that it has found.

# line NAME TEXT
line() {
	[ "$format" != text ] || print_line "$@"
}

print_line() {
	printf '%-14s%s\n' "$1" "$2"
}

# put PATH VALUE: a member of the JSON object, devices/0/state; of which type it is says the schema. A value
# that is empty is null there, an array is begun by []. What follows a tab or a line's end is on the same line.
put() {
	local value=${2//[$'\t\n']/ }

	[ "$format" != json ] || records+=("$1"$'\t'"$value")
}

# put_range PATH FIRST LAST: start, end and size; nothing if FIRST is empty
put_range() {
	[ -n "$2" ] || return 0
	put "$1/start" "$2"
	put "$1/end" "$3"
	put "$1/size" $(($3 - $2 + 1))
}

need_jq() {
	command -v jq >/dev/null || die "--json needs jq, which is not installed: install the package jq"
}

print_json() {
	printf '%s\n' "${records[@]}" |
		jq -R -n --slurpfile schema "$PARTS/status.schema.json" -f "$PARTS/status.jq"
}

# What could not be read as this user; once each.
unreadable() {
	case $'\n'$not_read in
	*$'\n'"$1"$'\n'*) return ;;
	esac
	not_read+=$1$'\n'
}

report_unreadable() {
	local what n=0

	while read -r what; do
		put "unreadable/$((n++))" "$what"
		line unreadable "$what: not readable as this user"
	done < <(printf %s "$not_read")
}

# ---- problems ----

# Their effect on the exit status, the first that applies; the others are warnings. cxl-accel(8) has the list.
PROBLEMS="unsupported=77 not-ours=3 refused=3 not-attached=4 initramfs=5 reboot-pending=6"

problem_exit() {
	case " $PROBLEMS " in
	*" $1="*)
		REPLY=${PROBLEMS#*"$1="}
		REPLY=${REPLY%% *}
		;;
	*) REPLY=0 ;;
	esac
}

# problem ID SUBJECT TEXT FIX
problem() {
	local n=${#problems[@]} severity=error

	problem_exit "$1"
	[ "$REPLY" != 0 ] || severity=warning
	put "problems/$n/id" "$1"
	put "problems/$n/severity" "$severity"
	put "problems/$n/exit" "$REPLY"
	put "problems/$n/subject" "$2"
	put "problems/$n/text" "$3"
	put "problems/$n/fix" "$4"
	problems+=("$severity"$'\t'"$2: $3"$'\t'"$4")
	problem_ids+="$1 "
}

# Sets code, the exit status.
status_code() {
	local known

	code=0
	for known in $PROBLEMS; do
		case " $problem_ids" in
		*" ${known%=*} "*) code=${known#*=} && return ;;
		esac
	done
}

print_problems() {
	local one severity text fix

	[ "$format" != json ] || return 0
	[ ${#problems[@]} -gt 0 ] || print_line problems none
	for one in "${problems[@]}"; do
		IFS=$'\t' read -r severity text fix <<<"$one"
		print_line "$severity" "$text"
		print_line '  fix' "$fix"
	done
}
