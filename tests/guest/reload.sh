# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# reload.sh: cxl-accel reload with an accelerator (dev0), whose memory platform firmware has committed, and an
# expander (dev1): what it does, and what it refuses.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev1=$(pci_address dev1)

reload() {
	/opt/cxl-accel/scripts/cxl-accel reload >/tmp/reload 2>&1
}
# refused WHAT PATTERN: and nothing has happened
refused() {
	refused_before=$(cat /proc/modules)
	exits 1 "$1: refused" reload
	like "$1: it says why" "$(cat /tmp/reload)" "$2"
	is "$1: nothing has changed" "$(cat /proc/modules)" "$refused_before"
}
expander_works() {
	find_parts dev1
	[ -n "$found_ep" ] && bound cxl_mem "$found_mem"
}

refused 'nothing is loaded' '^cxl-accel: none of .* is loaded: modprobe cxl_mem loads what is installed$'
modprobe device_dax
load_stock
ok 'the expander works with the stock modules' wait_for 30 expander_works
echo nobody:x:65534:65534::/tmp:/bin/sh >/etc/passwd
is 'not root: refused' "$(su -s /bin/sh nobody -c '/opt/cxl-accel/scripts/cxl-accel reload' 2>&1)" \
	'cxl-accel: needs root rights: run it with sudo'
ok 'the stock modules are replaced' reload
like 'it says by what' "$(cat /tmp/reload)" '^cxl_mem: cxl-accel [0-9.]+$'
is 'they are those that are installed' "$(cat /sys/module/cxl_mem/srcversion)" "$(modinfo -F srcversion cxl_mem)"
! port_is_replaced ||
	is 'cxl_port, too' "$(cat /sys/module/cxl_port/srcversion)" "$(modinfo -F srcversion cxl_port)"
ok 'the expander works' wait_for 30 expander_works

modprobe cxl_accel_sample
ok 'the accelerator is attached' wait_for 30 attached dev0
refused 'a driver is attached' '^cxl-accel: cxl_accel_sample uses cxl_mem: rmmod cxl_accel_sample$'
ok 'the accelerator is still attached' attached dev0
rmmod cxl_accel_sample
ok 'the driver is gone: reload' reload
ok 'the expander works again' wait_for 30 expander_works
modprobe cxl_accel_sample
ok 'the accelerator is attached again' wait_for 30 attached dev0
rmmod cxl_accel_sample

region=$(ram_region decoder0.0 "$(memdev dev1)")
ok 'the expander has a region' bound cxl_region "$region"
refused 'a region of an expander' \
	"^cxl-accel: $region of mem[01] \\($dev1\\) would be lost until the next boot; it is in use: cxl_region\$"
modprobe -a dax_cxl kmem
has_ram() {
	bus=/sys/bus/dax/drivers/kmem
	[ -e "$bus/dax0.0" ] || [ -e "$bus/dax1.0" ]
}
ok 'kmem has it' wait_for 30 has_ram
refused 'it is System RAM' "^cxl-accel: $region of .*; it is in use: System RAM, by dax[0-9.]+\$"
done_testing
