# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# attach-errors.sh: an attach fails for every reason that a guest can bring about. The error, the line
# in the log, and cxl_accel_attach_error() say the same, and nothing is left behind. /root/attach.h is
# the header with the table of reasons.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

modprobe -a cxl_acpi cxl_mem
idle=$(bus_devices)
window=$(cat $CXL/decoder0.0/start)
: >/tmp/seen

# words NAME: what the header says for CXL_ACCEL_ATTACH_NAME.
words() {
	sed -n "s/^\tX($1, [A-Z0-9_]*, \"\([^\"]*\)\").*/\1/p" /root/attach.h |
		grep . || echo "$1 is not in the header"
}
# As a regular expression, and as a number.
pattern() {
	words "$1" | sed 's/[().]/\\&/g'
}
number() {
	case $1 in
	EINVAL) echo 22 ;;
	ENXIO) echo 6 ;;
	EBUSY) echo 16 ;;
	EPROBE_DEFER) echo 517 ;;
	esac
}

# said WHAT DEVICE ERRNO NAME COUNT: in the log.
said() {
	is "$1: $3, and why, is in the log" \
		"$(log_count "$2: error -$3: CXL attach failed: $(pattern "$4")\$")" "$5"
	is "$1: no other reason is" "$(log_count "$2.*CXL attach failed")" "$5"
	is "$1: nor one without a device" "$(log_count "cxl_mem: CXL attach failed")" 0
	echo "$4" >>/tmp/seen
}

# why WHAT DEVICE ERRNO NAME [PARAMETER]: with tests/drivers/why
why() {
	log_mark
	insmod /modules/why_accel.ko ${5:+"$5"}
	said "$1" "$2" "$3" "$4" 1
	# Its number is no ABI.
	is "$1: the driver is told the same" "$(cut -d' ' -f2- "$PCI/$2/why")" \
		"-$(number "$3") $(words "$4")"
	rmmod why_accel
	is "$1: nothing is left behind" "$(bus_devices)" "$idle"
}

# odd WHAT DEVICE ERRNO NAME PARAMETER: with tests/guest/odd, whose probe fails if the attach does
odd() {
	log_mark
	insmod /modules/odd_accel.ko "$5"
	said "$1" "$2" "$3" "$4" 1
	is "$1: the driver is told the same" \
		"$(log_count "$2: odd: -$(number "$3") $(pattern "$4")\$")" 1
	is "$1: the driver is not bound" "$(driver_of "$PCI/$2")" ''
	rmmod odd_accel
	is "$1: nothing is left behind" "$(bus_devices)" "$idle"
}

# ---- the attach that works ----

log_mark
insmod /modules/why_accel.ko
is 'attached: the driver is told' "$(cut -d' ' -f2- "$PCI/$dev0/why")" "0 $(words ATTACHED)"
is 'attached: nothing failed' "$(log_count "$dev0.*CXL attach")" 0
is 'not tried: that is its state before' "$(log_count 'status before the first attempt')" 0
rmmod why_accel
printf 'ATTACHED\nNOT_TRIED\n' >>/tmp/seen

# ---- the driver's mistakes ----

# It is enabled again in the next step.
one_processor why 'not enabled' "$dev0" ENXIO NOT_ENABLED mistake=enable
is 'not enabled: cxl_pci_setup_regs() says so, too' \
	"$(log_count "$dev0: no CXL registers: $(pattern NOT_ENABLED)\$")" 1
one_processor why 'dvsec: that of the Flex Bus port' "$dev0" EINVAL BAD_DVSEC mistake=flexbus
why 'dvsec: where there is nothing' "$dev0" EINVAL BAD_DVSEC mistake=dvsec
why 'dvsec: 0' "$dev0" EINVAL BAD_DVSEC mistake=zero
why 'registers not looked up' "$dev0" ENXIO NO_COMPONENT_REGS mistake=regs
why 'media not ready' "$dev0" ENXIO MEDIA_NOT_READY mistake=ready
why 'capacity not set' "$dev0" EINVAL NO_CAPACITY mistake=capacity
odd 'a mailbox' "$dev0" ENXIO HAS_MAILBOX mistake=mailbox
odd 'no HDM decoders' "$dev0" ENXIO NO_HDM_DECODERS mistake=hdm
odd 'a capacity of 0' "$dev0" EINVAL NO_CAPACITY capacity=0
is 'a capacity of 0: was not refused before' "$(log_count 'odd: capacity refused')" 0
odd 'less capacity than firmware committed' "$dev0" ENXIO CAPACITY_TOO_SMALL capacity=0x8000000
why 'no range' "$dev0" EINVAL BAD_ARGUMENT mistake=range
why "another device's state" "$dev0" EINVAL BAD_ARGUMENT mistake=device

log_mark
insmod /modules/why_accel.ko capacity=0x40000000
ok 'more capacity than there is: attached' attached dev0
is 'more capacity than there is: a warning' \
	"$(log_count "$dev0: CXL capacity: the driver says 1024 MiB, the device's DVSEC 256 MiB\$")" 1
rmmod why_accel
log_mark
insmod /modules/why_accel.ko
is 'as much capacity as there is: none' "$(log_count 'CXL capacity')" 0
rmmod why_accel

log_mark
insmod /modules/why_accel.ko mistake=twice
said 'attached twice' "$dev0" EBUSY BUSY 1
is 'attached twice: the first one stays' "$(cut -d' ' -f2- "$PCI/$dev0/why")" "-16 $(words ATTACHED)"
ok 'attached twice: complete' attached dev0
rmmod why_accel
is 'attached twice: nothing is left behind' "$(bus_devices)" "$idle"

log_mark
insmod /modules/odd_accel.ko mistake=twin
said 'two device states' "$dev0" EBUSY OTHER_STATE 1
rmmod odd_accel
is 'two device states: nothing is left behind' "$(bus_devices)" "$idle"

odd 'from a work item that probe() waits for' "$dev0" EINVAL NOT_IN_PROBE mistake=work
log_mark
insmod /modules/odd_accel.ko mistake=late
told() {
	log_has "$dev0: odd: -22 $(pattern NOT_IN_PROBE)"
}
ok 'after probe(): the driver is told' wait_for 10 told
is 'after probe(): and it is in the log' "$(log_count "$dev0: error -EINVAL: CXL attach failed")" 1
is 'after probe(): the driver goes on' "$(driver_of "$PCI/$dev0")" odd_accel
rmmod odd_accel
is 'after probe(): nothing is left behind' "$(bus_devices)" "$idle"

# The PCI core has such a device's driver probed by a worker, and holds the lock itself.
for node in 0 1; do
	[ -e /sys/devices/system/node/node$node ] || continue
	echo $node >"$PCI/$dev0/numa_node"
	log_mark
	insmod /modules/odd_accel.ko
	ok "a device of node $node: attached" attached dev0
	rmmod odd_accel
done

log_mark
insmod /modules/odd_accel.ko mistake=type
is 'an unknown type: no device state' "$(log_count "$dev0: odd: no device state")" 1
rmmod odd_accel

log_mark
insmod /modules/odd_accel.ko mistake=again
said 'a second try' "$dev1" ENXIO NOT_COMMITTED 2
is 'a second try: the first device needed none' "$(log_count "$dev0: odd: 0 attached")" 1
rmmod odd_accel
is 'a second try: nothing is left behind' "$(bus_devices)" "$idle"

# The memdev that such a probe() binds is what the driver core takes for a reason to call it again.
log_mark
insmod /modules/why_accel.ko defer=1
many() {
	[ "$(cat /sys/module/why_accel/parameters/deferred)" -gt 10 ]
}
ok "deferred by the driver itself after the attach: again and again" wait_for 30 many
undone() {
	grep -qx "the driver's probe() failed after the attach" "$PCI/$dev0/cxl_accel/reason"
}
ok 'deferred by the driver itself after the attach: sysfs says so' wait_for 10 undone
echo 0 >/sys/module/why_accel/parameters/defer
ok 'deferred no more: attached' wait_for 10 attached dev0
is 'deferred by the driver itself after the attach: one warning' \
	"$(log_count "$dev0: probe\(\) failed after the CXL attach 3 times in a row")" 1
pci_unbind why_accel "$dev0"
is 'an orderly unbind is none of these' "$(cat "$PCI/$dev0/cxl_accel/reason")" 'the driver has been unbound'
rmmod why_accel
is 'deferred: nothing is left behind' "$(bus_devices)" "$idle"

# ---- the hierarchy ----

why 'nothing committed' "$dev1" ENXIO NOT_COMMITTED

cxl_unbind port1
idle=$(bus_devices)
why 'port not bound' "$dev0" ENXIO PORT_NOT_BOUND
cxl_bind cxl_port port1
idle=$(bus_devices)

echo 0 >/sys/bus/cxl/drivers_autoprobe
why 'memdev not bound' "$dev0" ENXIO MEMDEV_NOT_BOUND
echo 1 >/sys/bus/cxl/drivers_autoprobe

rmmod cxl_acpi
log_mark
insmod /modules/odd_accel.ko
is 'no cxl_acpi: the driver is told' \
	"$(log_count "$dev0: odd: -517 $(pattern HOST_NOT_READY)\$")" 1
like 'no cxl_acpi: devices_deferred says why' "$(cat /sys/kernel/debug/devices_deferred)" \
	"^$dev0.*$(pattern HOST_NOT_READY)"
is 'no cxl_acpi: nothing failed for good' "$(log_count 'attach failed')" 0
rmmod odd_accel
echo HOST_NOT_READY >>/tmp/seen

# ---- what firmware did, done otherwise ----

# The HDM decoder capability of the bridge is where port1 was; that of a device in its first BAR.
modprobe cxl_acpi
bytes=$(cat "$CXL/decoder0.0/size")
insmod /modules/odd_accel.ko	# dports on demand: the first attach has the bridge's registers mapped
rmmod odd_accel
bridge=0x$(sed -n 's/^ *\([0-9a-f]*\)-.* : port1$/\1/p' /proc/iomem)
rmmod cxl_acpi
hdm_of() {
	hdm_bar=$(sed -n '1s/ .*//p' "$PCI/$1/resource")
	setpci -s "$1" COMMAND=0x6:0x6
	echo $((hdm_bar + 0x1000 + $(hdm_offset "$hdm_bar")))
}

# commit DECODERS SIZE CONTROL [TARGETS]: the first of them
commit() {
	devmem $(($1 + 0x20)) 32 0
	devmem $(($1 + 0x10)) 32 $((window & 0xffffffff))
	devmem $(($1 + 0x14)) 32 $((window >> 32))
	devmem $(($1 + 0x18)) 32 "$(($2))"
	devmem $(($1 + 0x1c)) 32 0
	[ -z "${4-}" ] || devmem $(($1 + 0x24)) 32 "$4"
	devmem $(($1 + 0x04)) 32 2
	devmem $(($1 + 0x20)) 32 "$(($3 | 0x200))"
}
again() {
	modprobe cxl_acpi
	idle=$(bus_devices)
}

# Outside of every window.
inside=$window
window=$((window + bytes))
commit "$(hdm_of "$dev0")" $SIZE 0
again
why 'outside of all windows' "$dev0" ENXIO NO_WINDOW
rmmod cxl_acpi
window=$inside
commit "$(hdm_of "$dev0")" $SIZE 0

devmem $((bridge + 0x20)) 32 0
again
why 'the bridge does not decode' "$dev0" ENXIO REGION_NOT_COMMITTED
rmmod cxl_acpi

# The bridge's decoder is twice as large as the device's.
commit "$bridge" $((2 * SIZE)) 0 0
again
why 'bridge and device disagree' "$dev0" ENXIO REGION_NOT_COMMITTED
rmmod cxl_acpi

# Two ways, over both devices.
commit "$bridge" $((2 * SIZE)) 0x10 0x100
commit "$(hdm_of "$dev0")" $((2 * SIZE)) 0x10
commit "$(hdm_of "$dev1")" $((2 * SIZE)) 0x10
again
why 'interleaved' "$dev0" ENXIO REGION_INTERLEAVED
why 'interleaved' "$dev1" ENXIO REGION_INTERLEAVED
rmmod cxl_acpi

# And back.
commit "$bridge" $SIZE 0 0
commit "$(hdm_of "$dev0")" $SIZE 0
devmem $(($(hdm_of "$dev1") + 0x20)) 32 0
again
log_mark
insmod /modules/odd_accel.ko
ok 'as at first: attached' attached dev0
is 'as at first: at the same place' "$(hpa dev0)" "$window"
rmmod odd_accel

# ---- what has not been seen ----

# Elsewhere: HOST_FAILED, HOST_NOT_LOADED, NO_HOST and PCI_ONLY (defer.t), RANGE_IN_USE (soft-reserved.t),
# RANGE_CONFLICT (decoders.t), ENDPOINT_NOT_BOUND (hostile.t), LINK_NOT_CXL (long/plug.t), SUSPENDING
# (long/power.t); what is said of a region that is not created (create.t, long/create.t);
# VIRTUAL_FUNCTION (functions.t). BEING_RELEASED and INTERRUPTED are a matter of luck (rebind-stress.t,
# detach.t). The others cannot be brought about in this guest: no memory, a failing cxl_core (NO_REGION, too),
# an RCD, a topology without ports, an unbound region.
sed -n 's/^\tX(\([A-Z_]*\),.*/\1/p' /root/attach.h | sort >/tmp/all
is 'the rest of the table is what this guest cannot bring about' \
	"$(grep -v -x -F -f /tmp/seen /tmp/all | tr '\n' ' ')" \
	'BEING_RELEASED CAPACITY_NOT_ALIGNED CREATE_FAILED DECODER_GAP DECODER_LOCKED ENDPOINT_NOT_BOUND HOST_FAILED HOST_NOT_LOADED INTERRUPTED LINK_NOT_CXL NO_CACHE_FLUSH NO_FREE_DECODER NO_HOST NO_MEMDEV NO_MEMORY NO_PORT NO_REGION NO_WINDOW_OF_TYPE PCI_ONLY RANGE_CONFLICT RANGE_IN_USE REGION_NOT_BOUND REGION_PENDING RESTRICTED SUSPENDING VIRTUAL_FUNCTION WINDOW_FULL '
is 'the drivers found nothing odd' \
	"$(dmesg | grep -E 'odd: (somebody|a range|the device)|why_accel.*(status says|a status)')" ''

done_testing
