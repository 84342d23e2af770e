# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# TAP for test scripts, in the guest (. /guest/tap.sh) and on the host (by tests/lib.sh).
#
#	ok WHAT CMD...		CMD succeeds; its output is shown if it does not
#	nok WHAT CMD...		CMD fails
#	exits N WHAT CMD...	CMD exits with status N
#	is WHAT GOT WANT	two strings are equal
#	like WHAT TEXT REGEX	a line of TEXT matches an extended regular expression
#	unlike WHAT TEXT REGEX	no line does
#	pass WHAT, fail WHAT	when the script has found out by itself
#	skip WHAT WHY		not tested here
#	explain			why the last check failed: what comes on stdin
#	diag TEXT...		a remark
#	skip_all WHY		nothing of this script can be tested here; ends it
#	done_testing		must be the last: tells how many there were
#
#	wait_for SECONDS CMD...	until CMD succeeds; status 1 if it never does
#
# A script that ends without done_testing is a failure, whatever it printed before.

tap_count=0
tap_output=$(mktemp /tmp/tap.XXXXXX)

pass() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

fail() {
	tap_count=$((tap_count + 1))
	echo "not ok $tap_count - $1"
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# Why the last check failed, from stdin.
explain() {
	sed 's/^/# /'
}

exits() {
	tap_want=$1 tap_what=$2 tap_status=0
	shift 2
	"$@" >"$tap_output" 2>&1 || tap_status=$?
	if [ "$tap_status" = "$tap_want" ]; then
		pass "$tap_what"
		return
	fi
	fail "$tap_what"
	{
		printf '%s\n' "status $tap_status, not $tap_want, of: $*"
		tail -n 40 "$tap_output"
	} | explain
}

ok() {
	tap_what=$1
	shift
	exits 0 "$tap_what" "$@"
}

nok() {
	tap_what=$1
	shift
	if "$@" >"$tap_output" 2>&1; then
		fail "$tap_what"
		{
			printf '%s\n' "status 0 of: $*"
			tail -n 40 "$tap_output"
		} | explain
	else
		pass "$tap_what"
	fi
}

is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		printf 'got:  %s\nwant: %s\n' "$2" "$3" | explain
	fi
}

like() {
	if printf '%s\n' "$2" | grep -q -E -e "$3"; then
		pass "$1"
	else
		fail "$1"
		{
			printf '%s\n' "no line matches: $3"
			printf '%s\n' "$2" | tail -n 40
		} | explain
	fi
}

unlike() {
	if printf '%s\n' "$2" | grep -q -E -e "$3"; then
		fail "$1"
		{
			printf '%s\n' "a line matches: $3"
			printf '%s\n' "$2" | grep -E -e "$3" | tail -n 10
		} | explain
	else
		pass "$1"
	fi
}

wait_for() {
	tap_left=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tap_left=$((tap_left - 1))
		[ $tap_left -gt 0 ] || return 1
		sleep 0.1
	done
}

skip_all() {
	rm -f "$tap_output"
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	rm -f "$tap_output"
	echo "1..$tap_count"
}
