# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# deleters.sh TURNS: user space and an unbind delete the same region at the same time. A core that lets
# both of them find it deletes it twice, and warns. (Of two writers to delete_region it does so, too, where
# it has no lock against that, whosever region it is: not ours to mend.)

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

turns=$1
attach_both

# Each of them comes first in some turns.
delete_late() {
	usleep $((n * 37 % 1000 * 10))
	echo "$1" >"$CXL/decoder0.0/delete_region"
} 2>/dev/null

n=0
while [ $n -lt "$turns" ]; do
	n=$((n + 1))
	name=$(region dev0)
	delete_late "$name" &
	usleep $((n * 53 % 1000 * 10))
	pci_unbind vendor_accel "$dev0" 2>/dev/null
	wait
	flush
	[ "$(region dev0)" = '' ] || echo "turn $n: $name is there still"
	bind_again vendor_accel dev0 2>/dev/null || echo "turn $n: not bound again"
done >/tmp/wrong

is "$turns turns of a deleter and an unbind: the region goes, the driver attaches again" \
	"$(head -n 5 /tmp/wrong)" ''
diag "the region went first $(log_count 'CXL memory is gone') times"
ok 'the deleter came first in some turns' test "$(log_count 'CXL memory is gone')" -gt 0
ok 'the unbind came first in some turns' test "$(log_count 'CXL memory is gone')" -lt "$turns"
ok 'dev1 was left alone' attached dev1
is 'dev0 and dev1 are where they were' "$(hpa dev0) $(hpa dev1)" "$hpa0 $hpa1"
is 'delete_region is there' "$(ls "$CXL/decoder0.0/delete_region")" "$CXL/decoder0.0/delete_region"

ok 'the driver unloads' rmmod vendor_accel
ok 'cxl_mem unloads' rmmod cxl_mem
done_testing
