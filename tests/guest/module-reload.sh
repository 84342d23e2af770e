# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# An accelerator (dev0), whose memory platform firmware has committed, and an expander
# (dev1). cxl_mem, and cxl_port where it is a module, are replaced while cxl_acpi and cxl_pci stay.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

expander_works() {
	find_parts dev1
	[ -n "$found_ep" ] && bound cxl_mem "$found_mem" && bound cxl_port "$found_ep"
}

# Devices and their drivers, decoders, regions, and who has which range.
state() {
	flush
	for dev in "$CXL"/*; do
		echo "${dev##*/} $(driver_of "$dev")"
	done
	cxl list -vvvv
	# What was committed to dev0 stays reserved, once cxl_mem has been there (reserve.t).
	grep -v ' : cxl_accel\.' /proc/iomem | grep -A 9 'CXL Window'
}

drivers_removed() {
	rmmod cxl_mem && { ! port_is_module || rmmod cxl_port; }
}
stock_loaded() {
	{ ! port_is_module || insmod "$STOCK/cxl_port.ko"; } && insmod "$STOCK/cxl_mem.ko"
}

modprobe -a device_dax dax_cxl
ok 'the stock modules are loaded' load_stock
ok 'the expander works' wait_for 30 expander_works
# Where dports come on demand, dev0's is there once it was attached, and stays as long as its port.
if [ ! -e "$CXL/port1/dport0" ] || [ ! -e "$CXL/port1/dport1" ]; then
	drivers_removed && modprobe cxl_mem && insmod /modules/vendor_accel.ko
	ok 'dports on demand: dev0 is attached' attached dev0
	rmmod vendor_accel
	ok 'dports on demand: the stock modules are back' eval 'drivers_removed && stock_loaded'
	ok 'dports on demand: the expander works' wait_for 30 expander_works
fi
stock=$(state)
bare=

for turn in 1 2; do
	ok "$turn: the stock modules are removed" drivers_removed
	bare=${bare:-$(state)}
	ok "$turn: ours are loaded" modprobe cxl_mem
	like "$turn: ours indeed" "$(cat /sys/module/cxl_mem/taint)" O
	! port_is_replaced || like "$turn: cxl_port, too" "$(cat /sys/module/cxl_port/taint)" O
	ok "$turn: the expander works" wait_for 30 expander_works
	is "$turn: all is as with the stock modules" "$(state)" "$stock"
	ok "$turn: an accelerator's driver loads" insmod /modules/vendor_accel.ko
	ok "$turn: it is attached" attached dev0
	nok "$turn: ours are not removed under it" rmmod cxl_mem
	ok "$turn: its driver unloads" rmmod vendor_accel
	ok "$turn: ours are removed" drivers_removed
	is "$turn: nothing is left of them" "$(state)" "$bare"
	ok "$turn: the stock modules are loaded" stock_loaded
	ok "$turn: the expander works with them" wait_for 30 expander_works
	is "$turn: all is as it was" "$(state)" "$stock"
done

done_testing
