# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Bad input to every module parameter, and to what a driver can pass on from its own.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

SAMPLE=/sys/module/cxl_accel_sample/parameters
ODD=/sys/module/odd_accel/parameters
dev0=$(pci_address dev0)

modprobe -a cxl_acpi cxl_mem
idle=$(bus_devices)
window=$(cat $CXL/decoder0.0/start)
last=$((window + SIZE - 8))

# ---- which there are: a new one needs its test here ----

is 'cxl_mem has two parameters, which defer.t and create.t try' \
	"$(modinfo -p cxl_mem | sed 's/:.*//' | sort | tr '\n' ' ')" 'create_regions host_timeout '
nok 'create_regions=maybe: refused' sh -c 'echo maybe >/sys/module/cxl_mem/parameters/create_regions'
is 'the sample has three' "$(modinfo -p cxl_accel_sample | sed 's/:.*//' | sort | tr '\n' ' ')" 'direct stay test_bytes '
rmmod cxl_mem
log_mark
ok 'cxl_mem does not mind one that it does not know' insmod /modules/cxl_mem.ko nonsense=1
is 'the kernel says that the unknown parameter is ignored' "$(log_count "cxl_mem: unknown parameter 'nonsense' ignored")" 1

# ---- test_bytes of the sample ----

# An empty string is one of them, and one that is longer than a line.
long=$(head -c 1000 /dev/zero | tr '\0' 9)
for bad in '' x -1 -8 1 4 7 12 1048577 1048584 4294967304 18446744073709551616 '8 8' 8x 0x "$long"; do
	say=$(echo "$bad" | cut -c1-24)
	log_mark
	nok "test_bytes='$say': the driver does not load" \
		insmod /modules/cxl_accel_sample.ko "test_bytes=\"$bad\""
	is "test_bytes='$say': and why is in the log" \
		"$(log_count 'test_bytes must be a multiple of 8 from 0 to 1048576$')" 1
	nok "test_bytes='$say': nothing is left of it" test -e /sys/module/cxl_accel_sample
done

poke "$window" 0x1111
poke $last 0x2222
for good in 0 8 0x10 4096 1048576; do
	ok "test_bytes=$good: the driver loads" insmod /modules/cxl_accel_sample.ko test_bytes=$good
	is "test_bytes=$good: it is read as that" "$(cat $SAMPLE/test_bytes)" $((good))
	ok "test_bytes=$good: attached" attached dev0
	case $good in
	0)
		is 'test_bytes=0: the memory is left alone' "$(peek "$window") $(peek $last)" \
			'0x0000000000001111 0x0000000000002222'
		poke $((window + 8)) 0x3333
		;;
	8)
		unlike 'test_bytes=8: the first word was written' "$(peek "$window")" 0x0000000000001111
		unlike 'test_bytes=8: the last word was written' "$(peek $last)" 0x0000000000002222
		is 'test_bytes=8: no other' "$(peek $((window + 8)))" 0x0000000000003333
		;;
	esac
	rmmod cxl_accel_sample
done

# ---- stay of the sample ----

for bad in maybe 2; do
	nok "stay=$bad: the driver does not load" insmod /modules/cxl_accel_sample.ko stay=$bad
	nok "stay=$bad: nothing is left of it" test -e /sys/module/cxl_accel_sample
done

insmod /modules/cxl_accel_sample.ko
is 'test_bytes: 0 if nothing is said' "$(cat $SAMPLE/test_bytes)" 0
for bad in '' x -1 7 1048584 4294967304 "$long"; do
	say=$(echo "$bad" | cut -c1-24)
	nok "test_bytes='$say' at run time: refused" sh -c "echo '$bad' >$SAMPLE/test_bytes"
	is "test_bytes='$say' at run time: the old one stays" "$(cat $SAMPLE/test_bytes)" 0
done
ok 'test_bytes=64 at run time' sh -c "echo 64 >$SAMPLE/test_bytes"
is 'test_bytes shows what was written to it' "$(cat $SAMPLE/test_bytes)" 64
ok 'the driver is unbound' pci_unbind cxl_accel_sample "$dev0"
ok 'with the new test_bytes the accelerator is bound' pci_bind cxl_accel_sample "$dev0"
ok 'with the new test_bytes the accelerator is attached' attached dev0
rmmod cxl_accel_sample

# ---- capacity, as any driver may have it for a parameter ----

insmod /modules/odd_accel.ko
# It attaches to what firmware committed, or is refused in words, and then nothing is left behind.
for capacity in 0 1 0x1000 0xfffffff 0x10000000 0x10000001 0x20000000 0x7fffffffffffffff \
	0x8000000000000000 0xffffffffffffffff; do
	pci_unbind odd_accel "$dev0" 2>/dev/null
	log_mark
	echo $capacity >$ODD/capacity
	if pci_bind odd_accel "$dev0" 2>/dev/null; then
		ok "capacity=$capacity: attached" attached dev0
		is "capacity=$capacity: to what is committed" \
			"$(hpa dev0) $(cat "$CXL/$(region dev0)/size")" "$window $SIZE"
		ok "capacity=$capacity: the memory decodes" decodes "$window"
	else
		is "capacity=$capacity: refused in words" \
			"$(log_count "$dev0: error -(ENXIO|EINVAL): CXL attach failed: ")" 1
		is "capacity=$capacity: nothing is left behind" "$(bus_devices)" "$idle"
	fi
	case $capacity in
	0x10000000 | 0x20000000)
		is "capacity=$capacity: enough" "$(driver_of "$PCI/$dev0")" odd_accel
		is "capacity=$capacity: user space sees it" "$(cat "$CXL/$(memdev dev0)/ram/size")" $capacity
		;;
	0 | 1 | 0x1000 | 0xfffffff)
		is "capacity=$capacity: not enough" "$(driver_of "$PCI/$dev0")" ''
		;;
	esac
done
rmmod odd_accel
is 'nothing is left behind' "$(bus_devices)" "$idle"
ok 'cxl_mem unloads' rmmod cxl_mem

done_testing
