# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# scale.sh N: N accelerators, a power of two, attach one after the other. At 1, 2, 4, ... of them: what each of the
# last half of them took, and how much memory the kernel has taken for them that it cannot reclaim.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh

unreclaimable() {
	awk '/^(SUnreclaim|KernelStack|PageTables|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# mean N TOTAL
mean() {
	awk -v n="$1" -v total="$2" 'BEGIN { printf "%.3f\n", total / n }'
}

load_cxl
echo 0 >/sys/bus/pci/drivers_autoprobe
must insmod /modules/cxl_accel_sample.ko
count=0 last=0 step=1 total=0
shrink_slabs '*'
before=$(unreclaimable)
for address in $(addresses); do
	[ $count != "$1" ] || break
	log_mark
	must pci_bind cxl_accel_sample "$address"
	count=$((count + 1))
	total=$(echo "$total $(took "$address")" | awk '{ print $1 + $2 }')
	[ $count = $step ] || continue
	flush
	shrink_slabs '*'
	now=$(unreclaimable)
	sample time "$(mean $((count - last)) "$total")" $count
	sample memory "$(mean $((count - last)) $((now - before)))" $count
	before=$now last=$count step=$((step * 2)) total=0
done
must test "$(attached_regions)" = "$1"
