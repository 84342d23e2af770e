# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# async.sh TURNS: the kernel was booted with driver_async_probe=. When a driver's insmod returns its
# accelerator (dev0) is attached or never will be, in each of many turns of loading everything. An
# expander (dev1) is there, too, for the stock modules to show what they make of it.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

turns=$1

# The driver core says there when it puts a probe off.
echo 'file dd.c +p' >/sys/kernel/debug/dynamic_debug/control

expander_works() {
	find_parts dev1
	[ -n "$found_ep" ] && bound cxl_mem "$found_mem" && bound cxl_port "$found_ep"
}

put_off() {
	log_count '(port|endpoint|mem)[0-9]+: scheduling asynchronous probe'
}

stock() {
	log_mark
	ok "$1: the stock modules load" load_stock
	wait_for 2 expander_works
	diag "expander with the stock modules: $(expander_works && echo works || echo fails)" \
		"($(log_new | grep -E 'failed probe|not enabled' | sed 's/^[^]]*] //'))"
	like "$1: the stock modules do put probes off" "$(put_off)" '^[1-9]'
	unload_cxl
}

stock 'before'

# load WHAT MODULE...
load() {
	what=$1
	shift
	log_mark
	for module; do
		case $module in
		host) { host unbind && host bind; } || echo "$what: cxl_acpi did not bind" ;;
		*) modprobe "$module" || echo "$what: $module did not load" ;;
		esac
	done
	attached dev0 || echo "$what: not attached: $(log_new | grep -E 'attach|cxl_core|failed')"
	wait_for 30 expander_works || echo "$what: the expander does not work"
}
unload() {
	for module; do
		rmmod "$module" || echo "$what: $module did not unload"
	done
}

n=0
: >/tmp/wrong
# Where it goes wrong it does so often, and slowly.
# shellcheck disable=SC2094 # read between the turns
while [ $n -lt "$turns" ] && [ "$(wc -l </tmp/wrong)" -lt 8 ]; do
	n=$((n + 1))
	load "turn $n, in order" cxl_acpi cxl_pci cxl_mem vendor_accel
	unload vendor_accel cxl_mem cxl_pci cxl_acpi
	load "turn $n, cxl_mem first" cxl_mem cxl_pci cxl_acpi vendor_accel
	[ "$(put_off)" = 0 ] || echo "turn $n: probes were put off"
	unload vendor_accel cxl_acpi cxl_pci cxl_mem
	load "turn $n, host is bound by hand" cxl_pci cxl_acpi host cxl_mem vendor_accel
	unload vendor_accel cxl_mem cxl_pci cxl_acpi
done >>/tmp/wrong 2>&1
is "$((3 * turns)) times: attached when insmod returns" "$(cat /tmp/wrong)" ''

unload_cxl
stock 'after'
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
