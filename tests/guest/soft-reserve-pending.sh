# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# soft-reserve-pending.sh POINT: a probe that goes on, of dev0, keeps dax_hmem from deciding about POINT. What
# can be done meanwhile, and what becomes of the decision? POINT is of dev1, an expander.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=owners.sh
. /guest/owners.sh

points=$1
WAITS=/sys/module/odd_accel/parameters/probe_waits

bind() {
	echo hmem_platform.0 >$HMEM/bind
}

unbind() {
	echo hmem_platform.0 >$HMEM/unbind
}

# Until go, a probe is under way. One by way of sysfs is not waited for.
busy() {
	insmod /modules/odd_accel.ko probe_waits=1 &
	wait_for 10 test -e $WAITS
	sleep 0.5
}
go() {
	echo 0 >$WAITS
	wait
	[ "$(driver_of "$PCI/$dev0")" = odd_accel ]
}

dev0=$(pci_address dev0)
load_cxl

busy
modprobe dax_hmem
modprobe dax_cxl &
loading=$!
sleep 2
is 'a probe is under way: nothing has been decided' "$(owners)" none
ok 'a probe is under way: dax_cxl waits for the decision' kill -0 $loading
ok 'and the host can be unbound' unbind
log_mark
nok 'it is not bound again meanwhile' bind
is 'which is said: it is busy' "$(log_count 'hmem_platform.0: .*error -16')" 1
ok 'the probe comes to its end' go
ok 'dax_cxl is loaded' loaded dax_cxl
steady
is 'CXL has its own, whoever is bound' "$(owners)" cxl
ok 'the host can be bound again' bind
steady
is 'the decision is as it should be' "$(owners)" cxl
unload dax_cxl dax_hmem

rmmod odd_accel
forget
busy
modprobe dax_hmem
rmmod dax_hmem &
unloading=$!
sleep 2
ok 'a probe is under way: dax_hmem waits for it when it is removed' kill -0 $unloading
ok 'the probe comes to its end, again' go
nok 'dax_hmem is gone' loaded dax_hmem
is 'and has decided nothing' "$(owners)" none
modprobe dax_hmem && modprobe dax_cxl
steady
is 'loaded again it decides' "$(owners)" cxl

done_testing
