# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Each memory allocation of the init functions of cxl_port and cxl_mem fails once: the module is not
# loaded, or it works; and it can be loaded afterwards.
#
# fault-load.sh STEP: or each STEP-th allocation.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=fail-nth.sh
. /guest/fail-nth.sh

# shellcheck disable=SC2046 # two words
nth_below $(awk '/ do_one_initcall$/ { print "0x" $1; getline; print "0x" $1 }' /proc/kallsyms)

step=$1
load_hierarchy
modprobe cxl_mem
rmmod cxl_mem cxl_port
for module in cxl_port cxl_mem; do
	state_save
	n=1 failed=0
	while nth $n exec insmod "/modules/$module.ko"; do
		if [ "$status" = 0 ]; then
			rmmod "$module" || wrong "$module is loaded, but does not unload"
		else
			failed=$((failed + 1))
			case $message in
			*'Cannot allocate memory' | *'Invalid parameters') ;;	# the driver core has both
			*) wrong "$module: insmod failed with $message" ;;
			esac
			! loaded "$module" || wrong "$module is loaded, but insmod failed"
		fi
		state_same
		insmod "/modules/$module.ko" || wrong "$module does not load afterwards"
		[ -e "$CXL/port1/driver" ] || [ "$module" = cxl_mem ] || wrong "the host bridge's port does not come back"
		rmmod "$module" || wrong "$module does not unload afterwards"
		n=$((n + step))
	done
	diag "$module: $n allocations, $failed times it did not load"
	ok "$module: it does fail for want of memory" test $failed -gt 0
done
is 'each failure was clean' "$(nth_wrong)" ''
ok "the driver loads" insmod /modules/vendor_accel.ko fatal=1
ok 'modules loaded without a failure: dev0 is attached' attached dev0
rmmod vendor_accel cxl_mem cxl_port

done_testing
