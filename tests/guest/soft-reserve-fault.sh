# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# soft-reserve-fault.sh POINTS OWNERS: memory allocations of dax_hmem fail, each time another one, from the
# binding of the hmem_platform device to the decision, whichever task makes them, one after the other, until
# there are no more. Either the memory at POINTS has its OWNERS all the same, or the log says what has none; and
# the next decision gives it to them. Then those of its loading.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=owners.sh
. /guest/owners.sh
# shellcheck source-path=SCRIPTDIR source=fail-nth.sh
. /guest/fail-nth.sh

points=$(echo "$1" | tr , ' ')
wanted=$2
SAID='has no owner|probe with driver hmem failed|no dax region|hmem_platform.* failed with error'

# Loaded once for all.
insmod /modules/hosts_accel.ko
forget() {
	echo 1 >/sys/module/hosts_accel/parameters/forget
}
unbind() {
	[ ! -e $HMEM/hmem_platform.0 ] || echo hmem_platform.0 >$HMEM/unbind
}

# Ends when dax_hmem has decided.
decided() {
	insmod /modules/dax_cxl.ko && wait_for 10 has_owners
}
has_owners() {
	look_for_owners
	[ "$now" = "$wanted" ]
}

modprobe dax_hmem && load_cxl && modprobe dax_cxl
steady
is 'before any failure: owners' "$(owners)" "$wanted"
# What dax_hmem asks for, whoever does the work.
start=$(cat /sys/module/dax_hmem/sections/.text)
nth_below "$start" "$(printf '0x%x' $((start + 0x10000)))"
n=1 failed=0
while [ $n -lt 1000 ]; do
	unload dax_cxl
	unbind
	forget || wrong 'cannot forget'
	look_for_owners
	case $now in
	*hmem*) wrong "before: $now" ;;
	esac
	log_mark
	any_arm $n
	echo hmem_platform.0 >$HMEM/bind 2>/dev/null
	insmod /modules/dax_cxl.ko
	steady
	any_fired || break
	if ! has_owners; then
		failed=$((failed + 1))
		log_has "$SAID" || wrong "owners: $(owners), and nothing is said"
	fi
	# The next turn decides again; now and then without a failure.
	if [ $((n % 8)) = 0 ]; then
		unload dax_cxl
		unbind
		forget || wrong 'cannot forget afterwards'
		echo hmem_platform.0 >$HMEM/bind || wrong 'no bind afterwards'
		decided || wrong "afterwards: $(owners)"
	fi
	n=$((n + 1))
done
diag "$((n - 1)) allocations, $failed times memory had no owner"
ok 'that were all of them' test $n -lt 1000
is 'the last turn, in which none failed: owners' "$(owners)" "$wanted"
is 'each failure was clean' "$(nth_wrong)" ''
ok 'memory had no owner for want of memory' test $failed -gt 3

# Loading: in the task that loads.
nth_below 0xffffffffc0000000 0xffffffffff000000
n=1 failed=0
unload dax_cxl dax_hmem
forget
while nth $n insmod /modules/dax_hmem.ko; do
	if [ "$status" != 0 ]; then
		failed=$((failed + 1))
		! loaded dax_hmem || wrong 'loaded, but insmod failed'
	else
		rmmod dax_hmem || wrong 'does not unload'
	fi
	look_for_owners
	case $now in
	*hmem*) wrong "left: $now" ;;
	esac
	n=$((n + 1))
	[ $n -lt 150 ] || break
done
diag "loading: $n allocations, $failed times it did not load"
is 'each failure of loading was clean' "$(nth_wrong)" ''
ok 'loading fails for want of memory' test $failed -gt 0
unload dax_hmem
forget
insmod /modules/dax_hmem.ko
ok 'after all failures memory has its owners' decided
unload dax_cxl dax_hmem

done_testing
