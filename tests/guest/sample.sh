# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# The sample driver: it writes nothing to the memory unless it is told to, and waits for memory that
# is not active yet as long as the device says, and no longer.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

SAMPLE=/sys/module/cxl_accel_sample/parameters
dev0=$(pci_address dev0)

load_hierarchy
modprobe cxl_mem
window=$(cat $CXL/decoder0.0/start)

# ---- what is in the memory ----

# First and last words of the memory and of its first and last 4 KiB.
words="0 8 0xff8 0x1000 0x8000000 0xfffeff8 0xffff000 0xffffff0 0xffffff8"
for word in $words; do
	poke $((window + word)) $((0x5eed0000 + word))
done
ok 'the driver loads' insmod /modules/cxl_accel_sample.ko
ok 'dev0 is attached' attached dev0
is 'test_bytes is 0 if nothing is said' "$(cat $SAMPLE/test_bytes)" 0
rmmod cxl_accel_sample
changed=
for word in $words; do
	[ $(($(peek $((window + word))))) = $((0x5eed0000 + word)) ] || changed="$changed $word"
done
is 'nothing was written to the memory' "$changed" ''

# ---- memory that is not active yet ----

# The low half of Range 1's size: CXL 3.1 section 8.1.3.8. ECAP0023 finds the first DVSEC only.
find_dvsec() {
	at=0x100
	while [ $((at)) -ge 256 ]; do
		header=$(setpci -s "$dev0" "$(printf %x.l $((at)))")
		[ $((0x$header & 0xffff)) != $((0x23)) ] ||
			[ "$(setpci -s "$dev0" "$(printf %x.w $((at + 4)))")" != 1e98 ] ||
			[ "$(setpci -s "$dev0" "$(printf %x.w $((at + 8)))")" != 0000 ] || break
		at=$((0x$header >> 20))
	done
	echo $((at))
}
size_low=$(($(find_dvsec) + 0x1c))
VALID=1
ACTIVE=2
BOTH=3
like 'the register says that there is memory, and that it is active' \
	"$(setpci -s "$dev0" "$(printf %x.l $size_low)")" '[37bf]$'

now() {
	cut -d. -f1,2 /proc/uptime | { read -r up _ && echo "${up%.*}${up#*.}0"; }
}

# try WHAT STATE FROM TO LOG [PARAMETER]...: with a register as PARAMETERs of config_accel say, the driver
# has the memory or not (cxl, pci-only), in FROM to TO ms, and says LOG.
try() {
	what=$1 state=$2 from=$3 to=$4 log=$5
	shift 5
	insmod /modules/config_accel.ko "device=$dev0" "offset=$size_low" "$@"
	log_mark
	start=$(now)
	insmod /modules/cxl_accel_sample.ko
	took=$(($(now) - start))
	is "$what: $state" "$(cat "$PCI/$dev0/cxl_state/state")" "$state"
	ok "$what: it takes $from to $to ms: $took" test $took -ge "$from" -a $took -le "$to"
	ok "$what: the log says so" log_has "$dev0: $log"
	[ "$from" = 0 ] || like "$what: the register is not read all the time" \
		"$(cat /sys/module/config_accel/parameters/reads)" '^[0-9]{1,3}$'
	rmmod cxl_accel_sample
	rmmod config_accel
}

has='CXL memory at HPA'
try 'active at once' cxl 0 9000 "$has"
try 'active after 500 ms' cxl 500 9000 "$has" clear=$ACTIVE ms=500 set_later=$ACTIVE
try 'known after 500 ms' cxl 500 9000 "$has" clear=$BOTH ms=500 set_later=$BOTH
try 'active after 2 s of 4' cxl 2000 12000 "$has" clear=$ACTIVE set=0x2000 ms=2000 set_later=$ACTIVE
try 'never active, 1 s' pci-only 1000 9000 'the memory is not active after 1 s' clear=$ACTIVE
try 'never active, 4 s' pci-only 4000 14000 'the memory is not active after 4 s' clear=$ACTIVE set=0x2000
try 'never known' pci-only 1000 9000 'the CXL DVSEC does not say how much memory there is' clear=$VALID
try 'no answer' pci-only 0 9000 'the CXL DVSEC does not say how much memory there is' set=0xffffffff
try 'no memory' pci-only 0 9000 'no CXL memory \(-19\)' clear=0xf0000000

# ---- memory that is lost ----

has_state() {
	[ "$(cat "$PCI/$dev0/cxl_state/state")" = "$1" ]
}

ok 'stay: the driver loads' insmod /modules/cxl_accel_sample.ko stay=1
hpa=$(cat "$PCI/$dev0/cxl_state/hpa")
log_mark
rmmod cxl_acpi
ok 'stay: its memory is lost: it goes on by PCI' wait_for 30 has_state pci-only
ok 'stay: the log says so' log_has "$dev0: CXL memory is lost, PCI-only operation"
is 'stay: sysfs shows no range' "$(cat "$PCI/$dev0/cxl_state/hpa" 2>/dev/null)" ''
modprobe cxl_acpi
ok 'stay: CXL is back, and it has its memory again' wait_for 30 has_state cxl
is 'stay: where it was' "$(cat "$PCI/$dev0/cxl_state/hpa")" "$hpa"
cxl_unbind "$(memdev dev0)"
ok 'stay: lost again' wait_for 30 has_state pci-only
ok 'stay: without its memory the driver unloads' rmmod cxl_accel_sample

done_testing
