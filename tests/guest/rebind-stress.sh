# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# rebind-stress.sh TURNS [WARM-UP]: unbind and bind an accelerator; then two of them at the same time,
# WARM-UP turns each. A detach that belongs to an earlier binding must never hit a later one.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

turns=$1
warm_up=${2:-100}
attach_both

# turn DEV ADDRESS: one of them; says what was wrong, and goes on with the device bound.
turn() {
	pci_unbind vendor_accel "$2" || echo "$1, turn $n: was not bound any more"
	pci_bind vendor_accel "$2" || echo "$1, turn $n: did not bind"
	attached "$1" || echo "$1, turn $n: is not complete: $(bus_devices)"
	[ $((n % 10)) != 0 ] || {
		flush
		attached "$1" || echo "$1, turn $n: is not complete after a flush: $(bus_devices)"
	}
}

# run TURNS DEV ADDRESS
run() {
	n=0
	while [ $n -lt "$1" ]; do
		n=$((n + 1))
		turn "$2" "$3"
	done 2>&1
}

# objects FILE: how many of each kind are in use, three times: a slab that a processor keeps for itself makes it more,
# never less. What kfree_rcu() was given waits for more of its kind, up to 5 s, unless memory is asked for; each file
# of sysfs that was open is among it.
objects() {
	flush
	shrink_slabs '*'
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	for time in 1 2 3; do
		shrink_slabs 'kmalloc-[0-9]*'
		while read -r kind in_use rest; do
			echo "$time $kind $in_use"
		done </proc/slabinfo
	done >"$1"
}

# least FILE: of what objects() left
least() {
	awk '!($2 in n) || $3 < n[$2] { n[$2] = $3 }
		END { for (kind in n) print kind, n[kind] }' "$1"
}

is "$warm_up turns" "$(run $warm_up dev0 "$dev0")" ''
objects /tmp/slab.before
mappings=$(wc -l </proc/vmallocinfo)
start=$(cut -d. -f1 /proc/uptime)
wrong=$(run "$turns" dev0 "$dev0")
end=$(cut -d. -f1 /proc/uptime)
objects /tmp/slab.after
mappings=$(($(wc -l </proc/vmallocinfo) - mappings))

is "$turns turns: none undone" "$(echo "$wrong" | head -n 20)" ''
diag "$(((end - start) * 1000 / turns)) ms a turn"
ok 'after all turns dev0 is bound and complete' attached dev0
# A new memdev takes the lowest free number. In a hurry the old one's is not free yet, and at the end of
# the turns it is one or the other.
no_memdev() {
	[ -z "$(memdev dev0)" ]
}
pci_unbind vendor_accel "$dev0"
flush
ok 'dev0 unbound: its memdev goes' wait_for 30 no_memdev
ok 'dev0 is bound once more' pci_bind vendor_accel "$dev0"
is 'dev0 bound once more: the same names are on the CXL bus' "$(bus_devices)" "$full"
is 'dev0 bound once more: it has its old address' "$(hpa dev0)" "$hpa0"
ok 'dev0 bound once more: its memory decodes' decodes "$hpa0"

# One object in three turns is a leak, but a slab more is not, and one of the smallest kind has 256. A debug
# kernel keeps what is freed for a while, and looks for what is not by itself.
if [ ! -e /sys/kernel/debug/kmemleak ]; then
	least /tmp/slab.before >/tmp/least.before
	least /tmp/slab.after >/tmp/least.after
	is 'no kind of object has become more by the turn' \
		"$(awk -v most=$((turns > 3 * 256 ? turns / 3 : 256)) 'NR == FNR { n[$1] = $2; next }
			$1 in n && $2 - n[$1] > most { print $1, n[$1], $2 }' /tmp/least.before /tmp/least.after)" ''
	ok "mapped memory has not become more by the turn ($mappings)" test $mappings -lt $((turns / 3))
fi
is 'each bind attached once' "$(log_count "$dev0: attached")" $((turns + warm_up + 2))
is 'each unbind was one remove()' "$(log_count "$dev0: removed")" $((turns + warm_up + 1))
is 'the other device was not concerned' "$(log_count "vendor_accel $dev1: ")" 1

# ---- two at a time ----

log_mark
run $warm_up dev1 "$dev1" >/tmp/wrong &
wrong=$(run $warm_up dev0 "$dev0")
wait
is "$warm_up turns of each: none undone" "$(echo "$wrong" | cat - /tmp/wrong | grep .)" ''
flush
sleep 1
flush
ok 'two at a time: dev0 is bound at the end, and complete' attached dev0
ok 'two at a time: dev1 is bound at the end, and complete' attached dev1
is 'two at a time: each bind attached once' "$(log_count ': attached')" $((2 * warm_up))
is 'two at a time: each unbind was one remove()' "$(log_count ': removed')" $((2 * warm_up))
is 'two at a time: as many devices are on the CXL bus as before' "$(bus_devices | wc -w)" "$(echo "$full" | wc -w)"
is 'two at a time: dev0 and dev1 are where they were' "$(hpa dev0) $(hpa dev1)" "$hpa0 $hpa1"

is 'none was a loss, nobody took the driver data, the pattern was there always' \
	"$(dmesg | grep -E 'CXL memory is gone|drvdata|pattern')" ''
is "$OURS has as many users as at first" "$(cat "/sys/module/$OURS/refcnt")" "$users"
ok 'the driver unloads' rmmod vendor_accel
ok "$OURS unloads" rmmod "$OURS"
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
