# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # guest_plan is for the caller
#
# Shared by tests/lib.sh and tests/packages/lib.sh, after guest/tap.sh: a failed check says why on stderr,
# as prove shows that of all tests and no comments; and
#
#	pass_on NAME LINE
#		One line of a guest's TAP: its checks become checks of this test, named "NAME: ...". Their
#		numbers are the guest's; here they go on from the last check. Counts them in guest_count
#		(0 to begin with), and adds up in guest_plan what was announced ("none" to begin with).

# Several tests may be running.
explain() {
	sed "s/^/# $PROG: /" >&2
}

fail() {
	tap_count=$((tap_count + 1))
	echo "not ok $tap_count - $1"
	echo "not ok $tap_count - $1" | explain
}

# A guest explains its last check, if that failed.
guest_failed=''

pass_on() {
	local name=$1 line=${2%$'\r'}

	case $line in
	"ok "[0-9]*)
		pass "$name: ${line#ok * - }"
		guest_count=$((guest_count + 1))
		guest_failed=''
		;;
	"not ok "[0-9]*)
		fail "$name: ${line#not ok * - }"
		guest_count=$((guest_count + 1))
		guest_failed=yes
		;;
	"1..0 # SKIP"*)
		skip "$name" "${line#*SKIP }"
		guest_plan=0
		;;
	1..[0-9]*)
		# Several scripts have run.
		[ "$guest_plan" != none ] || guest_plan=0
		guest_plan=$((guest_plan + ${line#1..}))
		;;
	*)
		line=${line#'# '}
		echo "# $line"
		[ -z "$guest_failed" ] || echo "$line" | explain
		;;
	esac
}
