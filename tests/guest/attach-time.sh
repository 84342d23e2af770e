# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# How long an attach takes, in guest time that is a count of instructions (scripts/vm --icount), as
# told by initcall_debug. Upstream 7.3 takes 46 to 49 ms for the first device of a bridge and 20 to
# 29 for each further one, most of which is cxl_core waiting for decoders that are not committed. A
# fifth more is let pass here.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

# took DEVICE: microseconds of its last probe
took() {
	log_new | sed -n "s/.*probe of $1 returned 0 after \([0-9]*\) usecs.*/\1/p" | tail -n 1
}

# within DEVICE WHAT MILLISECONDS
within() {
	us=$(took "$1")
	diag "$2: $us us"
	ok "$2: within $3 ms" test "${us:-999999}" -le "${3}000"
}

modprobe -a cxl_acpi cxl_mem
log_mark
# The pattern is the driver's time, not ours.
insmod /modules/cxl_accel_sample.ko test_bytes=0
within "$dev0" 'first device' 58
within "$dev1" 'second device' 32
for turn in 1 2 3 4; do
	pci_unbind cxl_accel_sample "$dev0"
	log_mark
	pci_bind cxl_accel_sample "$dev0"
	within "$dev0" "turn $turn" 32
done
ok 'dev0 is attached' attached dev0

done_testing
