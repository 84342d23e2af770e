# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# The port above an accelerator (dev0) and an expander (dev1) goes, and the accelerator's remove() does
# not end. The expander comes back with the port all the same.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

REMOVE_WAITS=/sys/module/odd_accel/parameters/remove_waits
dev0=$(pci_address dev0)

load_hierarchy
modprobe cxl_pci
modprobe cxl_mem
wait_for 30 bound cxl_mem "$(memdev dev1)"
# The last one that was added goes first: its notice is ahead of the expander's.
insmod /modules/odd_accel.ko
ok 'dev0 is attached' attached dev0
expander=$(memdev dev1)
ok 'dev1 is bound' bound cxl_mem "$expander"

echo 1 >$REMOVE_WAITS
log_mark
cxl_unbind port1
ok 'the accelerator is being released' wait_for 30 log_has 'CXL memory is gone'
is 'the stuck remove() has not ended' "$(log_count "$dev0: removed")" 0
cxl_bind cxl_port port1
back() {
	bound cxl_mem "$expander" || cxl_bind cxl_mem "$expander"
}
ok 'the expander is back meanwhile' wait_for 15 back
is 'the stuck remove() has still not ended' "$(log_count "$dev0: removed")" 0
ok 'a flush does not wait for the stuck remove() for ever' flush
echo 0 >$REMOVE_WAITS
ok 'the accelerator is released' wait_for 30 log_has "$dev0: removed"
flush
ok 'after the stuck remove() has ended, dev0 can be bound again' bind_again odd_accel dev0

rmmod odd_accel
done_testing
