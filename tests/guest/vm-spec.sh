# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# vm-spec.sh: the machine, windows and decoders are as the options in tests/vm.t say.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

G=$((1 << 30))
M=$((1 << 20))

is 'accelerators' "$(lspci -n | grep -c ' 1200: acce:0002')" 2
is 'expanders' "$(lspci -n | grep -c ' 0502: ')" 3
is 'host bridges' "$(lspci -n | grep -c ' 0600: 1b36:000b')" 2

# depth DEV: bridges above it
depth() {
	path=$(readlink -f "$PCI/$(pci_address "$1")")
	echo "${path#*/pci*/}" | tr -cd / | wc -c
}
is 'dev0: below a root port' "$(depth dev0)" 1
is 'dev1: below a switch' "$(depth dev1)" 3
is 'dev2: below two switches' "$(depth dev2)" 5
is 'dev3: below a root port' "$(depth dev3)" 1
is 'dev4: below a root port' "$(depth dev4)" 1

# field OFFSET SIZE: a number of the CEDT, as in the table below
field() {
	hexdump -v -e "1/$2 \"%u\"" -s "$1" -n "$2" /sys/firmware/acpi/tables/CEDT
}
cfmws() {
	window_at=$((36 + 2 * 32 + $1 * 40))
	base=$(($(field $((window_at + 8)) 4) | $(field $((window_at + 12)) 4) << 32))
	size=$(($(field $((window_at + 16)) 4) | $(field $((window_at + 20)) 4) << 32))
	allow=$(field $((window_at + 32)) 2)
}
cfmws 0
window0=$base
is 'window 0: 4 GiB' "$size" $((4 * G))
is 'window 0: all but fixed' "$allow" 15
cfmws 1
window1=$base
is 'window 1: 256 MiB' "$size" $((256 * M))
is 'window 1: Type 2, volatile' "$allow" 5
is 'the checksum of the CEDT is right' \
	"$(hexdump -v -e '1/1 "%u\n"' /sys/firmware/acpi/tables/CEDT | awk '{ s += $1 } END { print s % 256 }')" 0

hdm_at() {
	hdm_bar=$(sed -n '1s/ .*//p' "$PCI/$(pci_address "$1")/resource")
	echo $((hdm_bar + 0x1000 + $(hdm_offset "$hdm_bar")))
}
# decoder HDM N: base, size, skip, and of control: locked 100, committed 400, host-only 1000
decoder() {
	at=$(($1 + 0x10 + 0x20 * $2))
	for reg in 0 8 20; do
		printf '0x%x ' $(($(devmem $((at + reg)) 32) | $(devmem $((at + reg + 4)) 32) << 32))
	done
	printf '0x%x\n' $(($(devmem $((at + 16)) 32) & 0x1500))
}
want() {
	printf '0x%x 0x%x 0x%x 0x%x\n' "$1" "$2" "$3" "$4"
}

hdm0=$(hdm_at dev0)
is 'dev0, decoder 0: below all windows' "$(decoder "$hdm0" 0)" "$(want $((4 * G)) $((256 * M)) 0 0x400)"
is 'dev0, decoder 1: window 0, skip, locked' "$(decoder "$hdm0" 1)" \
	"$(want "$window0" $((256 * M)) $((256 * M)) 0x500)"
is 'dev0, decoder 2: of size 0' "$(decoder "$hdm0" 2)" "$(want "$window0" 0 0 0x1400)"
is 'dev0, decoder 3: larger than the device' "$(decoder "$hdm0" 3)" \
	"$(want $((window0 + 3 * G)) $((2 * G)) 0 0x400)"
is 'dev3, decoder 0: behind its window' "$(decoder "$(hdm_at dev3)" 0)" \
	"$(want $((window1 + 256 * M)) $((256 * M)) 0 0x400)"

modprobe cxl_acpi
wait_for 10 grep -q ' : port[0-9]$' /proc/iomem
# Of the two host bridges one has two ports, and decoders therefore.
component=0x$(sed -n 's/^ *\([0-9a-f]*\)-.* : port[0-9]$/\1/p' /proc/iomem)
is 'the kernel sees what the windows allow' \
	"$(cat $CXL/decoder0.0/cap_type2 $CXL/decoder0.0/cap_type3 $CXL/decoder0.1/cap_type2 \
		$CXL/decoder0.1/cap_type3 $CXL/decoder0.1/cap_pmem $CXL/decoder0.1/cap_ram | tr -d '\n')" 111001
# What cxl_port has claimed nobody else may look at.
rmmod cxl_acpi
is 'host bridge, decoder 0: not the one that is for the endpoint only' \
	"$(decoder "$component" 0 | cut -d' ' -f1-2)" "$(want "$window0" $((256 * M)) 0 0 | cut -d' ' -f1-2)"
done_testing
