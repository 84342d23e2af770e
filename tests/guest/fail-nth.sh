# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# shellcheck disable=SC2034 # variables are for the scripts that source this file
#
# Memory allocations that fail when they are told to: . /guest/fail-nth.sh, after accel.sh, on a kernel
# with fault injection.
#
#	nth N CMD...	run CMD, whose N-th allocation fails; status 1 if it has not got so many. Sets
#			status, CMD's own, and message, the last line it has written to stderr
#	any_arm N	from now on, whichever task makes them: the N-th allocation fails
#	any_fired	that was all: status 1 if there were not so many
#	state_save	remember what there is now,
#	state_same	which is what there is again, or it is noted; but for lines of /proc/iomem that
#			match nth_skip, a pattern
#	wrong TEXT	noted, with the N of the moment, and the test goes on
#	nth_wrong	prints what was noted

# Dash says 'I/O error' whatever it is.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"

FAILSLAB=/sys/kernel/debug/failslab

# nth_below START END: those count that are made below a function that lies there; but not those of
# kmemleak, which accompany each other one.
nth_below() {
	# A slab that cannot be large is small: nobody sees that fail.
	echo 20 >/sys/kernel/debug/fail_page_alloc/min-order
	echo N >$FAILSLAB/ignore-gfp-wait
	for nth_sh in /sys/kernel/slab/*/failslab; do
		echo 1 >"$nth_sh"
	done
	echo 0 >/sys/kernel/slab/kmemleak_object/failslab
	echo Y >$FAILSLAB/cache-filter
	echo 0 >$FAILSLAB/verbose
	echo 32 >$FAILSLAB/stacktrace-depth
	echo "$1" >$FAILSLAB/require-start
	echo "$2" >$FAILSLAB/require-end
}
# Modules are in the last 1 GiB of addresses: what they ask for, not what the shell does.
nth_below 0xffffffffc0000000 0xffffffffff000000
: >/tmp/nth.wrong

# The kernel counts the failures down in a file of its own.
nth() {
	nth=$1
	shift
	echo 1000 >$FAILSLAB/times
	status=0
	(
		echo "$nth" >/proc/self/fail-nth
		"$@"
	) 2>/tmp/nth.message || status=$?
	message=
	while read -r nth_sh; do
		message=$nth_sh
	done </tmp/nth.message
	read -r nth_sh <$FAILSLAB/times
	[ "$nth_sh" != 1000 ]
}

# The kernel counts on from the last one that failed, and has that one fail whose number is the interval's.
# An interval of 1 is none, and is not counted.
nth_count=0

any_arm() {
	nth=$1
	echo 100 >$FAILSLAB/probability
	echo N >$FAILSLAB/task-filter
	echo $((nth_count + nth)) >$FAILSLAB/interval
	echo 1 >$FAILSLAB/times
}

any_fired() {
	read -r nth_sh <$FAILSLAB/times
	echo 0 >$FAILSLAB/times
	echo 0 >$FAILSLAB/probability
	[ "$nth_sh" = 0 ] || return 1
	[ "$nth" = 1 ] || nth_count=$((nth_count + nth))
}

wrong() {
	echo "allocation $nth: $*" >>/tmp/nth.wrong
}

nth_wrong() {
	head -n 30 /tmp/nth.wrong
}

# Sets nth_state. Starts no process.
nth_look() {
	nth_state=
	for nth_sh in "$CXL"/* /dev/cxl/* /sys/bus/nd/devices/*; do
		nth_state="$nth_state ${nth_sh##*/}"
	done
	while read -r nth_sh; do
		# shellcheck disable=SC2254 # a pattern
		case $nth_sh in
		${nth_skip:-}) ;;
		*region* | *cxl_accel* | *CXL* | *dax*) nth_state="$nth_state, $nth_sh" ;;
		esac
	done </proc/iomem
}

state_save() {
	nth_look
	nth_saved=$nth_state
}

state_same() {
	nth_look
	[ "$nth_state" = "$nth_saved" ] || wrong "left:$nth_state"
}
