# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# run-serially.sh 'SCRIPT [ARG]...'...: run scripts one after the other in one guest, for a debug kernel
# takes long to boot. Each finds the machine as after the boot, if the one before has cleaned up, and
# the kernel's log empty. Then, on a kernel that can tell, look for memory that has been lost.

# shellcheck source-path=SCRIPTDIR source=tap.sh
. /guest/tap.sh

KMEMLEAK=/sys/kernel/debug/kmemleak

# The name of the script in front of each of its checks, and line by line: a pipe has a buffer.
name_checks() {
	awk -v name="$1" '/^(not )?ok [0-9]+ - / { sub(/ - /, " - " name ": ") } { print; fflush() }'
}

for command; do
	dmesg -c >/dev/null
	rm -rf /tmp/*
	echo "# ${command%% *}, at $(cut -d. -f1 /proc/uptime) s"
	# shellcheck disable=SC2086 # its arguments
	{ sh /guest/$command || : >/several.failed; } | name_checks "${command%%.sh*}"
done

# It does not suspect what is younger than 5 s; nor at first sight, as a pointer may be on its way.
# That it has found something is a complaint in the kernel's log, which is for scripts/vm; here is
# looked at what it is.
find_leaks() {
	sleep 6
	read -r level rest </proc/sys/kernel/printk
	echo 5 >/proc/sys/kernel/printk
	echo scan >$KMEMLEAK
	echo scan >$KMEMLEAK
	echo "$level" >/proc/sys/kernel/printk
}

# leaks ours|core|resource: what is lost by whom. 6.12.y's driver core loses the reason why a probe was put
# off, when the device was about to be added or to go ("Device not ready to probe"); its resources one of
# them, when a region finds no room in its window (get_free_mem_region()).
leaks() {
	awk -v which="$1" '
		function flush() {
			if (object != "" && whose == which)
				printf "%s", object
			object = ""
			whose = "ours"
		}
		/^unreferenced object/ { flush() }
		/ device_set_deferred_probe_reason\+/ { whose = "core" }
		/ get_free_mem_region\+/ { whose = "resource" }
		{ object = object $0 "\n" }
		END { flush() }' $KMEMLEAK
}

tap_output=$(mktemp /tmp/tap.XXXXXX)
if [ -e $KMEMLEAK ]; then
	find_leaks
	is 'no memory is lost' "$(leaks ours)" ''
	known=$(leaks core | grep -c '^unreferenced')
	[ "$known" = 0 ] ||
		skip 'no memory is lost by the driver core' "it loses the reason of a probe that was put off: $known times"
	known=$(leaks resource | grep -c '^unreferenced')
	[ "$known" = 0 ] ||
		skip 'no memory is lost where a window is full' "get_free_mem_region() loses a resource then: $known times"
	diag "looked for lost memory until $(cut -d. -f1 /proc/uptime) s"
fi
rm -f "$tap_output"
[ "$tap_count" = 0 ] || done_testing
[ ! -e /several.failed ]
