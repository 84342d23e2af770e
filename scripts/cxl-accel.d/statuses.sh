# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of scripts/cxl-accel
#
# Part of scripts/cxl-accel: what can become of an attach, out of the one table of statuses, which is in the
# header that drivers are built with.

STATUSES=$TREE/src/include/cxl-accel/attach.h

# The rows of the table: name, error, group and reason, separated by tabs.
statuses() {
	sed -nE -e 's,^\t/\* (.*) \*/[[:space:]]*\\$,group \1,p' \
		-e 's/^\tX\(([A-Z_]+), ([A-Z0-9_]+), "(.*)"\).*/\1\t\2\t\3/p' \
		"$STATUSES" | awk -F '\t' -v OFS='\t' '
			/^group / { group = substr($0, 7); next }
			{ print $1, $2, group, $3 }'
}

# status_group STATUS
status_group() {
	REPLY=$(statuses | awk -F '\t' -v status="$1" '$1 == status { print $3 }')
}

explain() {
	local wanted=${1:-} found

	[ $# -le 1 ] || usage_die "explain takes one status"
	wanted=${wanted^^}
	wanted=${wanted#CXL_ACCEL_ATTACH_}
	found=$(statuses | awk -F '\t' -v wanted="$wanted" '
		wanted == "" || $1 == wanted {
			printf "%-22s%-14s%s%s\n", $1, $2 == 0 ? "-" : "-" $2, $4, wanted != "" && $3 ? " (" $3 ")" : ""
		}')
	[ -n "$found" ] || usage_die "no status of an attach: '$1'; cxl-accel explain lists all"
	echo "$found"
}
