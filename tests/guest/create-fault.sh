# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# create-fault.sh FIRST STEP: memory allocations fail while a region is created, each time another one,
# whichever task makes it: the FIRST, the FIRST+STEP-th and so on, until there are not so many. Either the
# driver is told, and nothing is left half built; or it has its region all the same. Afterwards it attaches.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=create-lib.sh
. /guest/create-lib.sh
# shellcheck source-path=SCRIPTDIR source=fail-nth.sh
. /guest/fail-nth.sh

n=$1
step=$2

# Ends when what an unbind leaves to others is done.
back_to_nothing() {
	pci_unbind why_accel "$dev0" || wrong "$1: no unbind"
	flush
	state_same
}

begin
want 1
attaches 'before any failure' dev0
release dev0
state_save
failed=0 tolerated=0 unbound=0
while [ "$n" -lt 5000 ]; do
	any_arm "$n"
	bound=yes
	pci_bind why_accel "$dev0" 2>/tmp/nth.message || bound=no
	flush
	any_fired || break
	# It had no memory for itself.
	if [ $bound = no ]; then
		unbound=$((unbound + 1))
		state_same
	elif attached dev0; then
		tolerated=$((tolerated + 1))
		back_to_nothing 'created'
	else
		failed=$((failed + 1))
		cat "$PCI/$dev0/cxl_accel/status" >>/tmp/statuses
		back_to_nothing 'not created'
		pci_bind why_accel "$dev0"
		attached dev0 || wrong "not created afterwards: $(cat "$PCI/$dev0/cxl_accel/status")"
		back_to_nothing 'created afterwards'
	fi
	n=$((n + step))
done
diag "$n allocations or less; $failed times it failed, $tolerated times the kernel did without"
diag "$unbound times the driver did not bind"
diag "as status: $(sort /tmp/statuses | uniq -c | tr '\n' ' ')"
ok 'that were all of them' test "$n" -lt 5000
# As in fault.sh. Where its wish could not be noted the driver says so, and goes on with what there is; it attaches
# without registers, too.
EXPECTED='NO_MEMORY|CREATE_FAILED|(ENDPOINT|PORT|MEMDEV|REGION)_NOT_BOUND|REGION_NOT_COMMITTED'
EXPECTED="$EXPECTED|NOT_COMMITTED|NO_COMPONENT_REGS"
is 'a failure for want of memory is called one, or what came of it' \
	"$(sort -u /tmp/statuses | grep -vxE "$EXPECTED")" ''
is 'each failure was clean' "$(nth_wrong)" ''
ok 'more than 10 times no region could be created' test $failed -gt 10
pci_unbind why_accel "$dev0"
attaches 'after all failures' dev0

done_testing
