# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# parallel.sh N: N accelerators attach and are unbound, one after the other and side by side.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh

count=$1

all_attached() {
	[ "$(attached_regions)" = "$count" ] && [ "$(log_count 'probe of 0000:.* returned 0 after')" -ge "$count" ]
}

# attach SERIES [OPTION]: from when the driver is registered to when the last device has been probed
attach() {
	log_mark
	# shellcheck disable=SC2086 # an option, or none
	must insmod /modules/cxl_accel_sample.ko $2
	must wait_for 60 all_attached
	sample "$1" "$(between 'calling .*sample_.*init' 'probe of 0000:.* returned 0 after')"
}

# Sets waited: how often this shell has given the processor away, for want of something.
count_waits() {
	while read -r name value; do
		[ "$name" != voluntary_ctxt_switches: ] || waited=$value
	done </proc/$$/status
}

unbind() {
	echo "$1" >"$PCI_DRIVERS/cxl_accel_sample/unbind"
}

unbind_serially() {
	for address in $bound; do
		unbind "$address"
	done
	count_waits
}

# Each by a process of its own, which is there before, and waits until nobody holds the pipe's other end.
prepare() {
	mkfifo /tmp/go
	exec 8<>/tmp/go
	for address in $bound; do
		{
			exec 9</tmp/go
			echo >>/tmp/ready
			read -r _ <&9 || true
			unbind "$address"
		} 8>&- &
	done
	must wait_for 60 all_ready
}

all_ready() {
	[ "$(wc -l </tmp/ready)" = "$count" ]
}

unbind_side_by_side() {
	exec 8>&-
	wait
}

load_cxl
attach serial
bound=$(cd "$PCI_DRIVERS/cxl_accel_sample" && echo 0000:*)
count_waits
before=$waited
timed unbind-serial unbind_serially
sample unbind-waits "$(awk -v waits=$((waited - before)) -v n="$count" 'BEGIN { printf "%.2f\n", waits / n }')"
must [ "$(attached_regions)" = 0 ]
flush
must rmmod cxl_accel_sample
attach async async_probe
prepare
timed unbind-async unbind_side_by_side
must [ "$(attached_regions)" = 0 ]
