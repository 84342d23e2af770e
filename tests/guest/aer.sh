# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# aer.sh TURNS: dev0 reports correctable errors while its driver is bound TURNS times. AER calls the
# driver without the device lock, also while it attaches: what is behind its drvdata is its own.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

turns=$1
PARAMETERS=/sys/module/odd_accel/parameters
dev0=$(pci_address dev0)

load_hierarchy
modprobe cxl_mem
insmod /modules/odd_accel.ko
ok 'dev0 is attached' attached dev0

inject() {
	while [ ! -e /tmp/stop ]; do
		host-monitor pcie_aer_inject_error -c dev0 0x1 || return
	done
}
inject >/tmp/injected 2>&1 &

n=0
while [ $n -lt "$turns" ]; do
	n=$((n + 1))
	pci_unbind odd_accel "$dev0" || echo "turn $n: was not bound"
	pci_bind odd_accel "$dev0" || echo "turn $n: did not bind"
done >/tmp/wrong 2>&1
: >/tmp/stop
wait

is "$turns turns: the driver comes and goes" "$(cat /tmp/wrong)" ''
ok 'dev0 is attached in the end' attached dev0
diag "errors: $(cat $PARAMETERS/errors), of these during an attach: $(cat $PARAMETERS/errors_in_attach)"
ok 'the driver was told of errors during attaches' test "$(cat $PARAMETERS/errors_in_attach)" -ge 10
is 'after each error the driver found its own data' "$(cat $PARAMETERS/errors_lost)" 0

rmmod odd_accel
done_testing
