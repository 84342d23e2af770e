# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: host bridges, switches, accelerators and expanders, drawn as they hang together.

# node PATH TEXT: of a device, below /sys/devices
node() {
	[ "$format" != tree ] || nodes+="$1"$'\t'"$2"$'\n'
}

# port_at DIR: the CXL port that a host bridge or a switch is; nothing if it is none
port_at() {
	local link

	for link in "$CXL"/port*; do
		REPLY=${link##*/}
		[ ! "$link/uport" -ef "$1" ] || return 0
	done
	REPLY=''
}

# describe PATH: a node above devices
describe() {
	local dir=/sys/devices/$1 what name

	port_at "$dir"
	case $1 in
	*/*/*/*) what="switch port" ;;
	*/*/*) what="${REPLY:+switch}" what=${what:-bridge} ;;
	*/*) what="root port" ;;
	*) what="host bridge" ;;
	esac
	what+=${REPLY:+, $REPLY}
	if [ "${1%/*}" = "$1" ]; then
		windows_of "$1"
		for name in $REPLY; do
			what+="; window $name ${window_words[$name]}"
		done
	fi
	REPLY=$what
}

# The nodes above those that there are.
add_parents() {
	local path text seen=' '

	while IFS=$'\t' read -r path text; do
		while [ "${path%/*}" != "$path" ]; do
			path=${path%/*}
			[[ $seen != *" $path "* ]] || break
			seen+="$path "
			describe "$path"
			node "$path" "$REPLY"
		done
	done <<<"${nodes%$'\n'}"
}

print_tree() {
	[ "$format" = tree ] || return 0
	[ -n "$nodes" ] || { echo "no CXL devices"; return; }
	add_parents
	printf %s "$nodes" | LC_ALL=C sort | awk -F '\t' '
		function parent(path) { return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : "" }
		function name(path) { sub(/.*\//, "", path); return path }
		# What is drawn in front of the children of a node.
		function stem(path) {
			if (path == "" || parent(path) == "")
				return ""
			return stem(parent(path)) (last[parent(path)] == path ? "    " : "|   ")
		}
		{ path[NR] = $1; text[$1] = $2; last[parent($1)] = $1 }
		END {
			for (i = 1; i <= NR; i++) {
				above = parent(path[i])
				mark = above == "" ? "" : last[above] == path[i] ? "`-- " : "|-- "
				printf "%-32s%s\n", (above == "" ? "" : stem(above)) mark name(path[i]), text[path[i]]
			}
		}'
}
