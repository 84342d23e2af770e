# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# rebind-stress-detach.sh TURNS: until it has attached TURNS times, unbind and bind two accelerators
# while another task takes the hierarchy apart under them in all ways there are, and a third reads all
# that is in sysfs.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

turns=$1
attach_both

# Everything here may come too late, and fail.
disturb() {
	for name in "$CXL"/$1; do
		name=${name##*/}
		case $2 in
		unbind) cxl_unbind "$name" ;;
		delete) echo "$name" >"$CXL/decoder0.0/delete_region" ;;
		uncommit) echo 0 >"$CXL/$name/commit" ;;
		*) cxl_bind "$2" "$name" ;;
		esac
	done
}

disturber() {
	n=0
	while [ ! -e /tmp/stop ]; do
		n=$((n + 1))
		case $((n % 20)) in
		1 | 11) disturb 'endpoint*' unbind ;;
		3 | 13) disturb 'mem*' unbind ;;
		5 | 15) disturb 'region*' unbind ;;
		7) disturb 'region*' delete ;;
		17) disturb 'region*' uncommit ;;
		6 | 16) disturb 'region*' cxl_region ;;
		2 | 12) disturb 'endpoint*' cxl_port ;;
		4 | 14) disturb 'mem*' cxl_mem ;;
		9)
			cxl_unbind port1
			cxl_bind cxl_port port1
			echo port >>/tmp/disturbed
			;;
		19)
			rmmod cxl_acpi
			modprobe cxl_acpi
			echo acpi >>/tmp/disturbed
			;;
		*) usleep 50000 ;;
		esac
	done
}

reader() {
	while [ ! -e /tmp/stop ]; do
		cat "$CXL"/*/* "$CXL"/*/*/* /sys/kernel/debug/cxl/*/dpamem /proc/iomem
		flush
	done
}

disturber >/dev/null 2>&1 &
disturber=$!
reader >/dev/null 2>&1 &
reader=$!

start=$(cut -d. -f1 /proc/uptime)
n=0 tries=0
while [ $n -lt "$turns" ] && [ $tries -lt $((turns * 100)) ]; do
	tries=$((tries + 1))
	pci_unbind vendor_accel "$dev0"
	! pci_bind vendor_accel "$dev0" || n=$((n + 1))
	[ $((tries % 3)) != 0 ] || pci_bind vendor_accel "$dev1"
	[ $((tries % 10)) != 0 ] || pci_unbind vendor_accel "$dev1"
done 2>/dev/null
end=$(cut -d. -f1 /proc/uptime)
: >/tmp/stop
wait $disturber $reader

diag "$tries tries in $((end - start)) s; cxl_acpi was removed $(grep -c acpi /tmp/disturbed) times, the port unbound $(grep -c port /tmp/disturbed) times"
diag "attached $(log_count ': attached') times, lost $(log_count 'CXL memory is gone') times"
is 'the driver attached so many times' "$n" "$turns"
least=10
[ "$turns" -ge 20 ] || least=$((turns / 2))
# What was torn down under it may be tried again.
diag "put off $(log_count 'CXL attach deferred: the CXL hierarchy was torn down') times in the middle of an attach"
is 'no attach failed for good for having been interrupted' "$(log_count 'CXL attach failed: the CXL hierarchy was torn down')" 0
ok 'the disturber was not idle' test "$(log_count 'CXL memory is gone')" -ge $least

# ---- everything is put back ----

flush
modprobe cxl_acpi
[ -e "$CXL/port1/driver" ] || cxl_bind cxl_port port1
# What is bound has its memory, or it would have been released.
for dev in dev0 dev1; do
	addr=$(pci_address $dev)
	if [ -e "$PCI/$addr/driver" ]; then
		ok "$dev: is bound, and complete" attached $dev
	else
		ok "$dev: is not bound, and binds" bind_again vendor_accel $dev
	fi
done
flush
sleep 1
flush
ok 'dev0 is complete in the end' attached dev0
ok 'dev1 is complete in the end' attached dev1
is 'dev0 and dev1 are where they were' "$(hpa dev0) $(hpa dev1)" "$hpa0 $hpa1"
is 'as many devices are on the CXL bus as before' "$(bus_devices | wc -w)" "$(echo "$full" | wc -w)"
for dev in dev0 dev1; do
	ok "$dev: its memory decodes" decodes "$(hpa $dev)"
done
ok 'the driver unloads' rmmod vendor_accel
for addr in "$dev0" "$dev1"; do
	is "$addr: was removed as often as it attached" "$(log_count "$addr: removed")" \
		"$(log_count "$addr: attached")"
done
is 'nobody took its driver data, the pattern was there always' "$(log_count 'drvdata|pattern')" 0
is 'no dax device there ever was' "$(ever_taken)" ''
ok 'cxl_mem unloads' rmmod cxl_mem
ok 'cxl_acpi unloads' rmmod cxl_acpi
is 'nothing is left' "$(bus_devices)" ''
flush

# ---- and once more from the start ----

load_hierarchy
modprobe cxl_mem
ok "a stranger's driver loads again" insmod /modules/vendor_accel.ko fatal=1
is 'the CXL bus is as it was' "$(bus_devices)" "$full"
is 'the memory is where it was' "$(hpa dev0) $(hpa dev1)" "$hpa0 $hpa1"

done_testing
