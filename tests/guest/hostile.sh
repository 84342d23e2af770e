# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# shellcheck disable=SC2016,SC2034,SC2154 # variables set and used by eval
#
# hostile.sh: dev0 is an accelerator whose registers can all be written, dev1 another one that is as it
# should be. dev0's registers are made to say what they should not, its driver is bound, the status looked
# at; then they are repaired, and both have to attach as if nothing had been.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=statuses.sh
. /guest/statuses.sh

dev0=$(pci_address dev0)
dev1=$(pci_address dev1)
port=$(basename "$(dirname "$(readlink -f "$PCI/$dev0")")")

modprobe -a cxl_acpi cxl_mem
echo 0 >/sys/bus/pci/drivers_autoprobe
insmod /modules/why_accel.ko capacity=$((512 << 20))
PARAMETERS=/sys/module/why_accel/parameters

# ---- registers ----

bar=$(sed -n '1s/ .*//p' "$PCI/$dev0/resource")
cm=$((bar + 0x1000))
undo=

# cm OFFSET VALUE: a register of the CXL.mem part; cfg OFFSET VALUE: of configuration space. Both are
# undone by repair(). They are words of 32 bits.
cm() {
	undo="devmem $((cm + $1)) 32 $(devmem $((cm + $1)) 32)
$undo"
	devmem $((cm + $1)) 32 "$2"
}
cfg() {
	cfg_at=$(printf %x.l "$1")
	undo="setpci -s $dev0 $cfg_at=$(setpci -s "$dev0" "$cfg_at")
$undo"
	setpci -s "$dev0" "$cfg_at=$(printf %08x "$2")"
}
cfg_get() {
	echo $((0x$(setpci -s "$dev0" "$(printf %x.l "$1")")))
}
# cfg_bits OFFSET MASK VALUE
cfg_bits() {
	cfg "$1" $(($(cfg_get "$1") & ~$2 | $3))
}
repair() {
	eval "$undo"
	undo=
}

# CXL DVSECs by their ids.
at=$((0x100))
while [ $at != 0 ]; do
	header=$(cfg_get $at)
	if [ $((header & 0xffff)) = $((0x23)) ]; then
		eval "dvsec_$(($(cfg_get $((at + 8))) & 0xffff))=$at"
	fi
	at=$((header >> 20 & 0xfff))
done
device=$dvsec_0 flex=$dvsec_7 locator=$dvsec_8

# The HDM decoder capability goes to where QEMU has nothing but memory: no value is refused there, and none
# does anything. The device decodes by what firmware has left in the place before.
HDM=$((0x800))
old=$(hdm_offset "$bar")
array=0
while [ $(($(devmem $((cm + array)) 32) & 0xffff)) != 5 ]; do
	array=$((array + 4))
done
i=0
while [ $i -lt $((0x90)) ]; do
	devmem $((cm + HDM + i)) 32 "$(devmem $((cm + old + i)) 32)"
	i=$((i + 4))
done
devmem $((cm + array)) 32 $((HDM << 20 | 0x10005))

# In the first and second decoder.
BASE=$((HDM + 0x10)) BASE_HI=$((HDM + 0x14)) LENGTH=$((HDM + 0x18)) LENGTH_HI=$((HDM + 0x1c))
CTRL=$((HDM + 0x20)) SKIP=$((HDM + 0x24)) SKIP_HI=$((HDM + 0x28))
SECOND=$((0x20))
ONES=0xffffffff
base=$(($(devmem $((cm + BASE)) 32) | $(devmem $((cm + BASE_HI)) 32) << 32))
size=$(($(devmem $((cm + LENGTH)) 32)))
ctrl=$(($(devmem $((cm + CTRL)) 32)))
cap=$(($(devmem $((cm + HDM)) 32)))

# range DECODER BASE SIZE [CONTROL]
range() {
	cm $((BASE + SECOND * $1)) $(($2 & 0xffffffff))
	cm $((BASE_HI + SECOND * $1)) $(($2 >> 32 & 0xffffffff))
	cm $((LENGTH + SECOND * $1)) $(($3 & 0xffffffff))
	cm $((LENGTH_HI + SECOND * $1)) $(($3 >> 32 & 0xffffffff))
	[ -z "${4-}" ] || cm $((CTRL + SECOND * $1)) "$4"
}
# control MASK VALUE: of the first decoder
control() {
	cm $CTRL $((ctrl & ~$1 | $2))
}

# ---- what is tried ----

# state DEVICE: binds the driver; sets told, to errno and words. Empty if probe failed.
state() {
	told=''
	echo "$1" 2>/dev/null >$PCI_DRIVERS/why_accel/bind && read -r _ told <"$PCI/$1/why"
}
unbind() {
	[ ! -e "$PCI/$1/driver" ] || echo "$1" >"$PCI/$1/driver/unbind"
}

# good DEVICE WHAT: it attaches, and nothing is left when it is gone again.
good() {
	state "$1"
	is "$2" "$told" "$status_ATTACHED"
	unbind "$1"
}

# tried WHAT STATUS [STATUS2]: of dev0 as it is now; STATUS2 where a newer core reads it otherwise
tried() {
	eval "want=\$status_$2"
	state "$dev0"
	may_be "${3-$2}"
	is "$1" "$told" "$want"
	unbind "$dev0"
	is "$1: nothing is left behind" "$(bus_devices)" "$idle"
	repair
	good "$dev0" "$1: once repaired"
	[ $((tries % 5)) != 0 ] || good "$dev1" "$1: the other one"
	tries=$((tries + 1))
}
tries=0

idle=$(bus_devices)
good "$dev0" "a decoder capability elsewhere does no harm"
good "$dev1" "the other one"

# ---- Register Locator ----

tried_locator() {
	tried "Register Locator: $1" NO_COMPONENT_REGS
}
# entry LOW HIGH: of its only entry
entry() {
	cfg $((locator + 0xc)) "$1"
	cfg $((locator + 0x10)) "$2"
}
# length BYTES
length() {
	cfg_bits $((locator + 4)) 0xfff00000 $(($1 << 20))
}

cfg_bits $((locator + 8)) 0xffff 0xff
tried_locator 'there is none'
cfg_bits $((locator + 4)) 0xffff 0x8086
tried_locator "another vendor's"
length 0
tried_locator 'length 0'
length 8
tried_locator 'shorter than its header'
length 12
tried_locator 'no entry'
length $((0xfff))
cfg $((locator + 0xc)) $((0xff00))
tried_locator 'longer than configuration space'
entry 0x000 0
tried_locator 'an empty entry'
entry 0x300 0
tried_locator 'no component registers'
for bir in 1 3 5 6 7; do
	entry $((0x100 | bir)) 0
	tried_locator "BIR $bir, which is no BAR"
done
for bir in 2 4; do
	entry $((0x100 | bir)) 0
	tried_locator "BIR $bir, which is too small"
done
entry $((0x10100)) 0
tried_locator 'at the end of the BAR'
entry $((0x100100)) 0
tried_locator 'outside of the BAR'
entry $((0x100)) $ONES
tried_locator 'outside of all addresses'
entry $((0xffff0100)) $ONES
tried_locator 'an address that wraps'
entry $ONES $ONES
tried_locator 'all ones'
length $((0x1c))
cfg $((locator + 0x14)) $((0x100))
cfg $((locator + 0xc)) $((0x100100))
tried 'Register Locator: a bad entry before a good one' ATTACHED

# ---- other DVSECs ----

cfg_bits $((device + 8)) 0xffff 0xff
tried 'no CXL DVSEC' BAD_DVSEC

cfg_bits $((locator)) 0xfff00000 $((locator << 20))
tried 'a capability that is its own next' LINK_NOT_CXL
cfg_bits $((locator)) 0xfff00000 0xffc00000
tried 'a capability that is followed by none' LINK_NOT_CXL
cfg_bits $((device + 8)) 0x40000 0
tried 'DVSEC: no Mem_Capable' LINK_NOT_CXL
cfg_bits $((device + 8)) 0xffff0000 0xffff0000
tried 'DVSEC: capability all ones' LINK_NOT_CXL
cfg_bits $((flex + 8)) 0xffff 0xff
tried 'no Flex Bus DVSEC' LINK_NOT_CXL
cfg_bits $((flex + 0xc)) 0x40000 0
tried 'Flex Bus: CXL.mem is not trained' LINK_NOT_CXL
cfg_bits $((flex + 0xc)) 0xffff0000 0xffff0000
tried 'Flex Bus: status all ones' LINK_NOT_CXL
cfg_bits $((device + 8)) 0x300000 0
tried 'DVSEC: HDM_Count 0' ENDPOINT_NOT_BOUND
cfg_bits $((device + 8)) 0x300000 0x300000
tried 'DVSEC: HDM_Count 3' ENDPOINT_NOT_BOUND
cfg_bits $((device + 0x1c)) 1 0
tried 'DVSEC: the range is never valid' ENDPOINT_NOT_BOUND

# Decoders are enabled, so ranges do not count.
cfg_bits $((device + 0x1c)) 0xf0000000 0
tried 'DVSEC: range of size 0 beside the decoders' ATTACHED
cfg $((device + 0x18)) $ONES
tried 'DVSEC: range larger than everything beside the decoders' ATTACHED
cfg $((device + 0x20)) 0
tried 'DVSEC: range elsewhere beside the decoders' ATTACHED
cfg_bits $((device + 0xc)) 4 0
tried 'DVSEC: Mem_Enable is off' ATTACHED

# They are not, so ranges count.
emulate() {
	cm $((HDM + 4)) 0
}
emulate
tried 'DVSEC range alone: the bridge has another granularity' REGION_NOT_COMMITTED NOT_COMMITTED
emulate
cfg_bits $((device + 0x1c)) 0xf0000000 0
tried 'DVSEC range alone: of size 0' ENDPOINT_NOT_BOUND
emulate
cfg $((device + 0x18)) 0x10
tried 'DVSEC range alone: larger than the device' CAPACITY_TOO_SMALL
emulate
cfg $((device + 0x20)) 0
tried 'DVSEC range alone: in no window' ENDPOINT_NOT_BOUND
emulate
cfg $((device + 0x20)) $ONES
cfg $((device + 0x24)) 0xf0000000
tried 'DVSEC range alone: it wraps' NO_WINDOW NOT_COMMITTED

# ---- component registers ----

cm 0 $ONES
tried 'capability array: all ones' NO_HDM_DECODERS
cm 0 0
tried 'capability array: 0' NO_HDM_DECODERS
cm 0 $((0x03110002))
tried 'capability array: another id' NO_HDM_DECODERS
cm 0 $((0x00110001))
tried 'capability array: empty' NO_HDM_DECODERS
cm 0 $((0x01110001))
tried 'capability array: ends before the decoders' NO_HDM_DECODERS
cm 0 $((0xff110001))
tried 'capability array: of 255' ATTACHED
cm $array 0x00010005
tried 'decoder capability: it is the array' NO_HDM_DECODERS
cm $array $(((HDM + 2) << 20 | 0x10005))
tried 'decoder capability: not aligned' NO_HDM_DECODERS
cm $array $((0xffc10005))
tried 'decoder capability: behind the registers' NO_HDM_DECODERS
cm $array $((0xa0010005))
tried 'decoder capability: nothing is there, so the DVSEC range counts' REGION_NOT_COMMITTED
cm 0 $((0x04110001))
cm 16 $((0xa0010005))
tried 'decoder capability: a second one, with nothing there' REGION_NOT_COMMITTED

# ---- decoders ----

for count in 0 8 15; do
	cm $HDM $((cap & ~0xf | count))
	tried "decoder count $count, where there are 4" ATTACHED
done
cm $HDM 0
tried 'decoder capability 0' ATTACHED
cm $HDM $ONES
tried 'decoder capability all ones' ATTACHED
for reg in $HDM $((HDM + 4)) $BASE $BASE_HI $LENGTH $LENGTH_HI $CTRL $SKIP $SKIP_HI; do
	cm "$reg" $ONES
done
tried 'decoders all ones' ENDPOINT_NOT_BOUND
control 0x600 0x200
tried 'decoder: Commit, never Committed' NOT_COMMITTED REGION_NOT_COMMITTED
control 0xe00 0xa00
tried 'decoder: Commit, and an error' NOT_COMMITTED REGION_NOT_COMMITTED
control 0x600 0x400
tried 'decoder: Committed, without Commit' ATTACHED
control 0 0x100
tried 'decoder: locked' ATTACHED
range 0 "$base" 0
tried 'decoder: of size 0' ENDPOINT_NOT_BOUND
range 0 -1 "$size"
tried 'decoder: base all ones' ENDPOINT_NOT_BOUND
range 0 "$base" -1
tried 'decoder: size all ones' CAPACITY_TOO_SMALL
range 0 $((base + 4096)) "$size"
tried 'decoder: base not aligned' REGION_NOT_COMMITTED
range 0 "$base" $((size - 4096))
tried 'decoder: size not aligned' REGION_NOT_COMMITTED
range 0 "$base" 1
tried 'decoder: of 1 byte' REGION_NOT_COMMITTED
range 0 "$base" $((4 << 30))
tried 'decoder: larger than the device' CAPACITY_TOO_SMALL
range 0 $((base + (4 << 30) - size / 2)) "$size"
tried 'decoder: half in the window' NO_WINDOW
range 0 $((4 << 30)) "$size"
tried 'decoder: in no window' NO_WINDOW
range 0 0 "$size"
tried 'decoder: at address 0' NO_WINDOW
range 0 $((bar)) "$size"
tried "decoder: over the device's own registers" NO_WINDOW
range 0 $((-size)) "$size"
tried 'decoder: to the last address' NO_WINDOW
range 0 $((-size)) $((2 * size))
tried 'decoder: it wraps' NO_WINDOW
range 0 $((base + size)) "$size"
tried "decoder: the other device's range" REGION_NOT_COMMITTED
for ways in 1 2 3 4; do
	control 0xf0 $((ways << 4))
	tried "decoder: interleave of $((1 << ways)), where nothing is interleaved" REGION_INTERLEAVED
done
for ways in 8 9 10; do
	control 0xf0 $((ways << 4))
	tried "decoder: interleave of $((3 << (ways - 8))), of what cannot be divided" ENDPOINT_NOT_BOUND
done
for ways in 5 7 11 15; do
	control 0xf0 $((ways << 4))
	tried "decoder: interleave code $ways, which is none" ENDPOINT_NOT_BOUND
done
for granularity in 7 15; do
	control 0xf $granularity
	tried "decoder: granularity code $granularity, which is none" ENDPOINT_NOT_BOUND
done
control 0xf 6
tried "decoder: another granularity than the bridge's" REGION_NOT_COMMITTED ATTACHED
control 0x1000 0x1000
tried 'decoder: another type of memory than above' ATTACHED
cm $SKIP 0x10000000
tried 'decoder: skips some memory' ATTACHED
cm $SKIP 0x20000000
tried 'decoder: skips all of its memory' CAPACITY_TOO_SMALL
cm $SKIP_HI $ONES
tried 'decoder: skips more than there is' CAPACITY_TOO_SMALL
cm $SKIP 0xf0000000
cm $SKIP_HI $ONES
tried 'decoder: skips until it wraps' CAPACITY_TOO_SMALL

range 1 "$base" "$size" $ctrl
cm $CTRL 0
tried 'second decoder: committed before the first' ENDPOINT_NOT_BOUND
range 1 "$base" "$size" $ctrl
tried 'second decoder: has the same range' ATTACHED
range 1 $((base + size / 2)) "$size" $ctrl
tried 'second decoder: overlaps the first' ATTACHED
range 1 $((base + size)) "$size" $ctrl
tried "second decoder: has the other device's range" ATTACHED
range 1 $((4 << 30)) "$size" $ctrl
tried 'second decoder: in no window' ATTACHED
range 1 $((base + 8 * size)) "$size" $ctrl
tried 'second decoder: nothing above leads to it' ATTACHED
range 1 $((base + 8 * size)) 0 $ctrl
tried 'second decoder: of size 0' ENDPOINT_NOT_BOUND
range 1 $((base + 8 * size)) $((4 * size)) $ctrl
tried 'second decoder: larger than the device' CAPACITY_TOO_SMALL

# ---- it changes its mind ----

# becomes WHAT OFFSET VALUE STATUS [STATUS2]: after the registers have been found
becomes() {
	cm "$2" "$(devmem $((cm + $2)) 32)"
	echo $((0x1000 + $2)) >$PARAMETERS/poke_offset
	echo $(($3)) >$PARAMETERS/poke_value
	eval "want=\$status_$4"
	state "$dev0"
	may_be "${5-$4}"
	is "afterwards: $1" "$told" "$want"
	unbind "$dev0"
	is "afterwards: $1: nothing is left behind" "$(bus_devices)" "$idle"
	echo 0 >$PARAMETERS/poke_offset
	repair
	good "$dev0" "afterwards: $1: once repaired"
}
becomes 'the capability array is all ones' 0 $ONES ATTACHED
becomes 'the decoder capability is elsewhere' $array 0xa0010005 ATTACHED
becomes 'there are 30 decoders' $HDM $((cap | 0xf)) ATTACHED
becomes 'the decoder is not committed' $CTRL 0x200 NOT_COMMITTED REGION_NOT_COMMITTED
becomes 'the decoder is all ones' $CTRL $ONES ENDPOINT_NOT_BOUND
becomes 'the decoder is of size 0' $LENGTH 0 ENDPOINT_NOT_BOUND
becomes 'the decoders are off' $((HDM + 4)) 0 REGION_NOT_COMMITTED NOT_COMMITTED

# all_back: the registers that vanishing has changed
all_back() {
	setpci -s "$port" "SECONDARY_BUS=$secondary"
	repair
}
gone() {
	i=0
	while [ $i -lt $((0x90)) ]; do
		cm $((HDM + i)) "$(devmem $((cm + HDM + i)) 32)"
		i=$((i + 4))
	done
	secondary=$(setpci -s "$port" SECONDARY_BUS)
}
gone
echo vanish >$PARAMETERS/mistake
state "$dev0"
echo none >$PARAMETERS/mistake
is 'it vanishes in the middle' "$told" "$status_LINK_NOT_CXL"
unbind "$dev0"
is 'it vanishes in the middle: nothing is left behind' "$(bus_devices)" "$idle"
all_back
good "$dev0" 'it vanishes in the middle: once it is back'

gone
state "$dev0"
is 'it vanishes when attached: it was' "$told" "$status_ATTACHED"
i=0
while [ $i -lt $((0x90)) ]; do
	devmem $((cm + HDM + i)) 32 $ONES
	i=$((i + 4))
done
setpci -s "$port" SECONDARY_BUS=0
unbind "$dev0"
is 'it vanishes when attached: nothing is left behind' "$(bus_devices)" "$idle"
all_back
good "$dev0" 'it vanishes when attached: once it is back'
good "$dev1" 'it vanishes when attached: the other one'

rmmod why_accel
is 'nobody holds cxl_mem' "$(cat /sys/module/cxl_mem/refcnt)" 0
diag "registers: $tries cases and more"
done_testing
