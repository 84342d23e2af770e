# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# hostile-cdat.sh N: dev0 to devN-1 have a CDAT each, of which dev0's alone is true. It is about how fast
# memory is, so nothing that it says keeps memory from being attached.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

modprobe -a cxl_acpi cxl_mem
idle=$(bus_devices)
insmod /modules/why_accel.ko
n=0
while [ $n -lt "$1" ]; do
	ok "dev$n: attached" attached dev$n
	n=$((n + 1))
done
# Else all that has been tried is QEMU's own table.
# table DEV: what cxl_core has of it, in hexadecimal
table() {
	find_parts "$1"
	hexdump -v -e '1/1 "%02x"' "$CXL/$found_ep/CDAT"
}
like 'a true CDAT is read' "$(table dev0)" '^.{32}000018000000000000000000000000000000001000000000'
like 'a CDAT that lies is read as it is' "$(table dev3)" '^.{64}ffffffffffffffff'
is 'a CDAT with a wrong checksum is not read' "$(table dev1)" ''
log_mark
rmmod why_accel
is 'nothing is left behind' "$(bus_devices)" "$idle"
is 'nothing is said at the end' "$(log_count 'acce|mem[0-9]')" 0
done_testing
