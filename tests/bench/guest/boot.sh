# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# boot.sh MEMDEVS ACCELERATORS: in a Debian that has just booted: seconds that the processor was busy, from the
# kernel's start until there was a prompt to log in at, when /proc/stat was left in /run/prompt. And all is there:
# so many memdevs are bound, so many accelerators have their memory.

memdevs=$1
accelerators=$2

# In hundredths of a second, as USER_HZ is: user, nice, system; not idle, iowait; irq, softirq
busy() {
	awk '$1 == "cpu" { printf "%.2f\n", ($2 + $3 + $4 + $7 + $8) / 100 }' /run/prompt
}

usable() {
	dmesg | grep -c 'cxl_accel_sample .*: CXL memory at HPA'
}

bound() {
	set -- /sys/bus/cxl/devices/mem*/driver
	[ -e "$1" ] && echo $#
}

all_there() {
	[ -s /run/prompt ] && [ "$(usable)" = "$accelerators" ] && [ "$(bound)" = "$memdevs" ]
}

turn=0
while ! all_there; do
	turn=$((turn + 1))
	[ $turn -lt 60 ] || { cat /run/prompt && echo "memdevs: $(bound), accelerators: $(usable)" && exit 1; }
	sleep 1
done
echo "sample login $(busy)"
