# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# soft-reserve-turns.sh TURNS SEED POINTS OWNERS [wrong]: in each turn platform firmware commits the decoders,
# as after a boot, nothing has been decided, and the modules are loaded all at once, each after a time of
# its own, by chance; so are those that the kernel asks for. Whose is the memory at POINTS each time?
# OWNERS, as in soft-reserve.sh; or, with 'wrong', not in all turns.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=owners.sh
. /guest/owners.sh

# Dash has no random numbers.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"

turns=$1
# shellcheck disable=SC3028 # bash
RANDOM=$2
points=$(echo "$3" | tr , ' ')
wanted=$4
wrong=${5:-}
MODULES='dax_hmem cxl_acpi cxl_pci cxl_mem cxl_port dax_cxl'

# What the kernel itself asks for comes late, too.
cat >/tmp/modprobe <<-'END'
	#!/bin/bash
	sleep 0.$((RANDOM % 5))
	exec modprobe "$@"
END
chmod +x /tmp/modprobe
echo /tmp/modprobe >/proc/sys/kernel/modprobe

# Decoders that nobody has taken apart are still as firmware has left them.
firmware() {
	# shellcheck disable=SC2046 # words
	one_processor platform-firmware $(cat /vm/firmware) 2>/tmp/firmware ||
		grep -q -E 'no memory is left|are committed' /tmp/firmware
}

later() {
	sleep "$(($1 / 10)).$(($1 % 10))"
	modprobe "$2" 2>/dev/null
}

load_all() {
	for module in $MODULES; do
		# shellcheck disable=SC3028 # bash
		later $((RANDOM % 12)) "$module" &
	done
	wait
}

failed=''
: >/tmp/outcomes
for turn in $(seq "$turns"); do
	[ "$turn" = 1 ] || { one_processor unload_all && firmware && forget; } || failed="$failed $turn"
	load_all
	steady
	owners >>/tmp/outcomes
done
diag "owners in $turns turns: $(outcomes)"
is 'turns that could not be begun' "$failed" ''
right=$(grep -c -x -F "$wanted" /tmp/outcomes)
if [ "$wrong" = wrong ]; then
	ok "some of $turns turns are decided wrongly" test "$right" -lt "$turns"
else
	is "of $turns turns so many are decided as they should" "$right" "$turns"
fi
unlike 'no byte has two owners' "$(cat /tmp/outcomes)" '\+'

done_testing
