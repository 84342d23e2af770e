# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# attach-parallel.sh N [RATIO]: N accelerators attach one after the other, and again side by side, by a driver whose
# probes are asynchronous, which takes less than a RATIO-th of the time. Guest time as in attach-time.sh.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

count=$1
ratio=${2:-}

all_attached() {
	[ "$(log_count 'probe of .* returned 0 after')" -ge "$count" ] && [ "$(attached_regions)" = "$count" ]
}

# Milliseconds from when the driver is registered to when the last device has been probed.
took() {
	log_new | awk -F '[][ ]+' '
		/calling .*sample_.*init/ && !start { start = $2 }
		/probe of [0-9a-f:.]+ returned 0 after/ { end = $2 }
		END { printf "%d\n", (end - start) * 1000 }'
}

# attach WHAT [OPTION]: sets ms
attach() {
	log_mark
	# shellcheck disable=SC2086 # an option, or none
	insmod /modules/cxl_accel_sample.ko test_bytes=0 $2
	ok "$1: all are attached" wait_for 30 all_attached
	ms=$(took)
	diag "$count devices, $1: $ms ms"
}

modprobe -a cxl_acpi cxl_mem
attach 'one after the other'
serial=$ms
rmmod cxl_accel_sample
attach 'side by side' async_probe
[ -z "$ratio" ] || ok "side by side in less than 1/$ratio of the time" test $((ms * ratio)) -lt "$serial"
log_mark
rmmod cxl_accel_sample
nok 'all are gone' all_attached

done_testing
