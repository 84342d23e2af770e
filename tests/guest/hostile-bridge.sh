# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# shellcheck disable=SC2016,SC2034,SC2154 # variables set and used by eval
#
# hostile-bridge.sh: the host bridge's decoders say what they should not. cxl_core reads them when cxl_acpi
# is loaded. dev0 is attached by the bridge's first decoder, dev1 by the second.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=statuses.sh
. /guest/statuses.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)

modprobe -a cxl_acpi cxl_mem
echo 0 >/sys/bus/pci/drivers_autoprobe
insmod /modules/why_accel.ko
# Newer cores look at a bridge's decoders when the first device below it is attached.
echo "$dev0" >$PCI_DRIVERS/why_accel/bind
echo "$dev0" >$PCI_DRIVERS/why_accel/unbind
bridge=$((0x$(sed -n 's/^ *\([0-9a-f]*\)-.* : port1$/\1/p' /proc/iomem)))
base=$(($(cat $CXL/decoder0.0/start)))
rmmod cxl_acpi

undo=
# bridge OFFSET VALUE: undone by repair()
bridge() {
	undo="devmem $((bridge + $1)) 32 $(devmem $((bridge + $1)) 32)
$undo"
	devmem $((bridge + $1)) 32 "$2"
}
repair() {
	eval "$undo"
	undo=
}
CTRL=$((0x20)) TARGETS=$((0x24)) SECOND=$((0x20))
ctrl=$(($(devmem $((bridge + CTRL)) 32)))
# decoder BASE SIZE: of the first one, which is committed anew
decoder() {
	bridge $CTRL $ctrl
	bridge $((0x10)) $(($1 & 0xffffffff))
	bridge $((0x14)) $(($1 >> 32 & 0xffffffff))
	bridge $((0x18)) $(($2 & 0xffffffff))
	bridge $((0x1c)) $(($2 >> 32 & 0xffffffff))
	bridge $CTRL $ctrl
}

state() {
	told=''
	echo "$1" 2>/dev/null >$PCI_DRIVERS/why_accel/bind && read -r _ told <"$PCI/$1/why"
	echo "$1" >$PCI_DRIVERS/why_accel/unbind
}
good() {
	modprobe cxl_acpi
	idle=$(bus_devices)
	state "$dev0"
	is "$1: dev0" "$told" "$status_ATTACHED"
	state "$dev1"
	is "$1: dev1" "$told" "$status_ATTACHED"
	is "$1: nothing is left behind" "$(bus_devices)" "$idle"
	rmmod cxl_acpi
}
# tried WHAT STATUS0 STATUS1 [NEWER0 NEWER1]: what dev0 and dev1 are told. NEWER, where dports come on demand:
# the bridge's port is bound before its decoders are looked at. A core that does not get them maps the
# registers once more, which it calls -ENOMEM.
tried() {
	modprobe cxl_acpi
	idle=$(bus_devices)
	state "$dev0"
	eval "want=\$status_$2"
	may_be "${4-$2}"
	is "$1: dev0" "$told" "$want"
	state "$dev1"
	eval "want=\$status_$3"
	may_be "${5-$3}"
	is "$1: dev1" "$told" "$want"
	is "$1: nothing is left behind" "$(bus_devices)" "$idle"
	rmmod cxl_acpi
	repair
}

good 'as firmware has left it'
bridge $TARGETS 0x77
tried 'a target that is not there' PORT_NOT_BOUND PORT_NOT_BOUND REGION_NOT_COMMITTED ATTACHED
bridge $TARGETS 1
tried 'the target of another device' REGION_NOT_COMMITTED ATTACHED
good 'repaired'
decoder "$base" 0
tried 'of size 0' PORT_NOT_BOUND PORT_NOT_BOUND NO_MEMORY NO_MEMORY
decoder $((-SIZE)) $((2 * SIZE))
tried 'a range that wraps' REGION_NOT_COMMITTED ATTACHED
decoder $((4 << 30)) $SIZE
tried 'in no window' REGION_NOT_COMMITTED ATTACHED
decoder "$base" $((4 * SIZE))
tried "a range with the other device's" REGION_NOT_COMMITTED ATTACHED
good 'repaired again'
bridge $CTRL 0
tried 'the second committed, the first not' PORT_NOT_BOUND PORT_NOT_BOUND \
	REGION_NOT_COMMITTED REGION_NOT_COMMITTED
bridge $CTRL $((ctrl | 0x50))
tried 'an interleave code that is none' PORT_NOT_BOUND PORT_NOT_BOUND NO_MEMORY NO_MEMORY
bridge $CTRL $((ctrl | 0xf))
tried 'a granularity code that is none' PORT_NOT_BOUND PORT_NOT_BOUND NO_MEMORY NO_MEMORY
# Not 16 ways: cxl_core then reads 16 targets of the 8 that a decoder has.
bridge $CTRL $((ctrl | 0x30))
tried 'interleave of 8, all by the same port' REGION_NOT_COMMITTED ATTACHED
bridge $CTRL $((ctrl | 0x1000))
tried 'another type of memory than below' ATTACHED ATTACHED
bridge 4 0
tried 'decoders that are not enabled' ATTACHED ATTACHED
good 'repaired at last'
done_testing
