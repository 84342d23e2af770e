# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash disable=SC2154 # variables of /root/kmm
#
# In a system that has the stock modules alone, and in /srv/opt what is in the image: the commands that Kernel
# Module Management runs, which are in /root/kmm.

# shellcheck source-path=SCRIPTDIR source=../../guest/tap.sh
. /guest/tap.sh
# shellcheck source=/dev/null
. /root/kmm

module=/srv/opt/lib/modules/$(uname -r)/updates/cxl_mem.ko

# memdevs N: so many have a driver
memdevs() {
	[ "$(find /sys/bus/cxl/drivers/cxl_mem/ -name 'mem[0-9]*' 2>/dev/null | wc -l)" = "$1" ]
}
stock_is_loaded() {
	[ -d /sys/module/cxl_mem ] && [ ! -e /sys/module/cxl_mem/version ]
}
attached() {
	grep -qx cxl /sys/bus/pci/drivers/cxl_accel_sample/0*/cxl_state/state
}

ok 'the node has the expander, by its stock cxl_mem' wait_for 60 memdevs 1
ok 'it is the stock one' stock_is_loaded
cp -R /srv/opt /tmp/opt
printf %s "$softdeps" >/etc/modprobe.d/softdep.conf

ok "$remove" sh -c "$remove"
nok 'the stock cxl_mem is gone' test -e /sys/module/cxl_mem
ok "$load" sh -c "$load"
is 'cxl_mem is that of the image' "$(cat /sys/module/cxl_mem/srcversion)" "$(modinfo -F srcversion "$module")"
ok "the accelerator is attached" wait_for 60 attached
ok 'the expander is there again, beside it' wait_for 60 memdevs 2
nok 'dax_hmem of the image is not loaded' test -e /sys/module/dax_hmem/version

ok "$unload" sh -c "$unload"
nok 'the driver is gone' test -e /sys/module/cxl_accel_sample
nok 'cxl_mem of the image is gone' test -e /sys/module/cxl_mem
sleep 5
nok 'the stock one does not come back by itself' test -e /sys/module/cxl_mem
ok 'modprobe cxl_mem' modprobe cxl_mem
ok 'it is the stock one again' stock_is_loaded
ok 'the expander is there again' wait_for 60 memdevs 1
done_testing
