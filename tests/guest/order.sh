# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Which modules can come and go when. An accelerator with committed memory (dev0) and an expander
# (dev1) at one host bridge.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)

expander_works() {
	find_parts dev1
	[ -n "$found_ep" ] && bound cxl_mem "$found_mem" && bound cxl_port "$found_ep"
}

# ---- without our cxl_mem ----

log_mark
nok 'no cxl_mem: the driver does not load' insmod /modules/cxl_accel_sample.ko
is 'no cxl_mem: the kernel says why' \
	"$(log_count 'cxl_accel_sample: Unknown symbol devm_cxl_probe_mem \(err -2\)')" 1
nok "no cxl_mem: a stranger's driver does not load either" insmod /modules/vendor_accel.ko
is 'no cxl_mem: the kernel says why' \
	"$(log_count 'vendor_accel: Unknown symbol devm_cxl_probe_mem \(err -2\)')" 1

ok 'the stock modules load' load_stock
ok 'the expander works with it' wait_for 30 expander_works
cxl list -vvv >/tmp/list.stock
log_mark
nok 'stock cxl_mem: the driver does not load' insmod /modules/cxl_accel_sample.ko
is 'stock cxl_mem: the kernel says why' \
	"$(log_count 'cxl_accel_sample: Unknown symbol devm_cxl_probe_mem \(err -2\)')" 1
nok 'stock cxl_mem: ours does not load beside it' insmod /modules/cxl_mem.ko
! port_is_replaced || nok 'stock cxl_port: ours does not load beside it' insmod /modules/cxl_port.ko
ok 'the stock modules unload' unload_cxl

# ---- the kernel's own cxl_port is there already when ours would be loaded (a stale initramfs), or stays ----

stock_port_is_used() {
	log_has 'cxl_mem: the stock cxl_port was loaded first, and is used: update the initramfs'
}
if port_is_module; then
	modprobe cxl_core
	insmod "$STOCK/cxl_port.ko"
	modprobe -a cxl_acpi cxl_pci
	log_mark
	ok 'stock cxl_port: modprobe loads our cxl_mem' modprobe cxl_mem
	like 'the cxl_mem that is loaded is ours' "$(cat /sys/module/cxl_mem/taint)" O
	unlike 'the cxl_port that is loaded is the stock one' "$(cat /sys/module/cxl_port/taint)" O
	if port_is_replaced; then
		ok 'stock cxl_port: a warning says so, and what to do' stock_port_is_used
	else
		nok 'stock cxl_port: no warning, as it is the one to be used' stock_port_is_used
	fi
	ok 'stock cxl_port: the expander works' wait_for 30 expander_works
	cxl list -vvv >/tmp/list.stale
	ok 'stock cxl_port: cxl list is the same as with the stock cxl_mem' \
		diff /tmp/list.stock /tmp/list.stale
	nok 'stock cxl_port: it cannot be removed under our cxl_mem' rmmod cxl_port
	ok 'stock cxl_port: an accelerator is attached' insmod /modules/vendor_accel.ko fatal=1
	ok 'stock cxl_port: all of it is there' attached dev0
	nok 'stock cxl_port: it cannot be removed under the driver' rmmod cxl_port
	ok 'stock cxl_port: the driver unloads' rmmod vendor_accel
	ok 'stock cxl_port: our cxl_mem unloads' rmmod cxl_mem
	is 'stock cxl_port: nothing holds it any more' "$(cat /sys/module/cxl_port/refcnt)" 0
	ok 'stock cxl_port: the stock cxl_mem loads after that' insmod "$STOCK/cxl_mem.ko"
	ok 'stock cxl_port: the expander works again' wait_for 30 expander_works
	ok 'all CXL modules unload' unload_cxl
fi

# ---- each module without the one that it needs ----

# missing MODULE NEEDED SYMBOL
missing() {
	log_mark
	nok "no $2: $1 does not load" insmod "/modules/$1.ko"
	ok "no $2: the kernel says why" log_has "^[^a-z]*$1: Unknown symbol $3 \(err -2\)"
}
if port_is_module; then
	ok 'cxl_core unloads when nothing needs it' rmmod cxl_core
	! port_is_replaced || missing cxl_port cxl_core __cxl_driver_register
	modprobe cxl_core
	log_mark
	nok 'no cxl_port: cxl_mem does not load' insmod /modules/cxl_mem.ko
	is 'no cxl_port: one line says why' \
		"$(log_count 'cxl_mem: no cxl_port is loaded, which must be there first')" 1
	nok 'no cxl_port: nothing is left of it' loaded cxl_mem
	missing cxl_accel_sample cxl_mem devm_cxl_probe_mem
	rmmod cxl_core
fi

# ---- in the order of their dependencies, which is that of what they need ----

# What modprobe -v loads or unloads, in order.
modprobe_order() {
	modprobe -v "$@" | awk '{ sub(/.*\//, "", $2); sub(/\.ko$/, "", $2); printf "%s ", $2 }'
}
ours='cxl_mem cxl_accel_sample '
owned='cxl_accel_sample cxl_mem '
also='' softdep=''
if port_is_module; then
	port_is_replaced || softdep='softdep cxl_mem pre: cxl_port'
	ours="cxl_core cxl_port $ours"
	owned="${owned}cxl_port cxl_core "
	also=cxl_port
fi
is 'modprobe of the driver loads what it needs, in order' "$(modprobe_order cxl_accel_sample)" "$ours"
! port_is_replaced ||
	is 'cxl_port is held by cxl_mem' "$(ls /sys/module/cxl_port/holders)" cxl_mem
is 'nobody asks for that but symbols, and cxl_mem for a cxl_port that it has none of' \
	"$(grep -E '^softdep (cxl_accel_sample|cxl_mem|cxl_port) ' "/lib/modules/$(uname -r)/modules.softdep")" "$softdep"
for module in ${owned#* }; do
	nok "$module cannot be removed under it" rmmod "$module"
	case $module in
	cxl_core) ;;
	cxl_port)
		is "$module is the kernel's, unless it is replaced" "$(tr -dc O <"/sys/module/$module/taint")" \
			"$(port_is_replaced && echo O)"
		;;
	*) like "$module is ours" "$(cat "/sys/module/$module/taint")" O ;;
	esac
done
# What a dependency depends on is not asked for by modprobe -r.
is 'modprobe -r of the driver unloads that, in order' \
	"$(modprobe_order -r cxl_accel_sample ${also:+"$also"})" "$owned"

# ---- with it ----

modprobe -a cxl_acpi cxl_pci
ok 'modprobe of the driver brings our cxl_mem' modprobe cxl_accel_sample
ok 'dev0 is attached' attached dev0
rmmod cxl_accel_sample
ok 'the expander works with ours' wait_for 30 expander_works
# Once more from the start: where dports come on demand, dev0's is one that the stock module never saw.
ok 'our modules unload' unload_cxl
modprobe -a cxl_acpi cxl_pci cxl_mem
ok 'the expander works with ours alone' wait_for 30 expander_works
cxl list -vvv >/tmp/list.ours
ok 'cxl list is the same as with the stock module' diff /tmp/list.stock /tmp/list.ours

# refused MODULE...: they stay, and so does the driver
refused() {
	for module; do
		nok "$module cannot be removed under the driver" rmmod "$module"
		ok "$module is still there" test -e "/sys/module/$module"
		if loaded "$module"; then
			like "$module is in use" "$(cat "/sys/module/$module/refcnt")" '^[1-9]'
		else
			nok "$module is built into this kernel" test -e "/sys/module/$module/refcnt"
		fi
	done
	ok 'the driver is still attached' attached dev0
}

log_mark
ok "a stranger's driver loads" insmod /modules/vendor_accel.ko fatal=1
is 'dev0 is attached once' "$(log_count "$dev0: attached")" 1
like 'cxl_mem is held by the driver' "$(ls /sys/module/cxl_mem/holders)" '^vendor_accel$'
refused cxl_mem cxl_port cxl_core
log_mark
ok 'cxl_acpi can be removed' rmmod cxl_acpi
# Now, not later:
removed=$(log_count "$dev0: removed")
now=$(driver_of "$PCI/$dev0")
is "when rmmod returns, the driver's remove() has run" "$removed" 1
is "dev0's driver is unbound" "$now" ''
is 'nothing is left on the CXL bus but the memdev of the expander' "$(bus_devices)" \
	"$(memdev dev1)"
refused_alone() {
	nok 'cxl_mem cannot be removed even then' rmmod cxl_mem
}
refused_alone
ok 'a bind meanwhile is deferred' sh -c \
	"! echo $dev0 >$PCI_DRIVERS/vendor_accel/bind && ! test -e $PCI/$dev0/driver"
log_mark
ok 'cxl_acpi comes back' modprobe cxl_acpi
wait_for 2 attached dev0
[ "$(driver_of "$PCI/$dev0")" = vendor_accel ] ||
	ok 'the driver can be bound by hand' bind_again vendor_accel dev0
ok 'dev0 is attached again' attached dev0
flush
sleep 0.5
ok 'dev0 stays attached' attached dev0
is 'dev0 is attached once' "$(log_count "$dev0: attached")" 1
is 'dev0 is never removed after cxl_acpi came back' "$(log_count "$dev0: removed")" 0
ok 'the expander works again' wait_for 30 expander_works
ok 'the driver unloads' rmmod vendor_accel
is 'the driver of dev0 was told once that it is removed' "$(log_count "$dev0: removed")" 1
unload_cxl

# ---- all legal orders ----

nothing_left() {
	[ "$(bus_devices)" = '' ] && ! bus_has_driver cxl_mem && ! bus_has_driver cxl_accel_region &&
		! loaded cxl_mem && [ "$(driver_of "$PCI/$dev0")" = '' ]
}
bus_has_driver() {
	[ -e "$CXL_DRIVERS/$1" ]
}
module() {
	case $1 in
	A) echo cxl_acpi ;;
	C) echo cxl_core ;;
	O) echo cxl_port ;;
	P) echo cxl_pci ;;
	M) echo cxl_mem ;;
	D) echo vendor_accel ;;
	esac
}
logged_once() {
	[ "$(log_count "$dev0: $1")" = 1 ]
}
# cycle "LOAD ORDER" "UNLOAD ORDER"
cycle() {
	log_mark
	failed=
	for letter in $1; do
		"${load:-modprobe}" "$(module "$letter")" || failed="$failed load-$letter"
	done
	wait_for 30 attached dev0 || failed="$failed attach"
	wait_for 30 expander_works || failed="$failed expander"
	wait_for 30 logged_once attached || failed="$failed not-attached-once"
	for letter in $2; do
		rmmod "$(module "$letter")" || failed="$failed unload-$letter"
	done
	logged_once removed || failed="$failed not-removed-once"
	nothing_left || failed="$failed left-behind"
	is "loaded $1, unloaded $2" "$failed" ''
	[ -z "$failed" ] || log_new | explain
}
cycle 'A P M D' 'D M P A'
cycle 'A M P D' 'D M A P'
cycle 'A M D P' 'D P M A'
cycle 'P A M D' 'D P A M'
cycle 'P M A D' 'D A M P'
cycle 'P M D A' 'D A P M'
cycle 'M A P D' 'P D M A'
cycle 'M P A D' 'P D A M'
cycle 'M P D A' 'P A D M'
cycle 'M A D P' 'A D M P'
cycle 'M D A P' 'A D P M'
cycle 'M D P A' 'A P D M'

# cxl_acpi asks for cxl_port, by a softdep. It does without, and its ports wait.
insmod_alone() {
	insmod "$(modinfo -n "$1")"
}
if port_is_module; then
	unload_cxl
	rmmod cxl_core
	load=insmod_alone
	cycle 'C A P O M D' 'D M O P A C'
	cycle 'C A O M P D' 'D P M A O C'
	cycle 'C O A P M D' 'D M P O A C'
	cycle 'C P A O M D' 'A D M O P C'
	cycle 'C P O M D A' 'D M O A P C'
	cycle 'C O M D P A' 'P D M O A C'
	load=
fi

# ---- the stock module again ----

ok 'the stock modules load after all that' load_stock
ok 'the expander works with it' wait_for 30 expander_works
cxl list -vvv >/tmp/list.again
ok 'cxl list is what it was' diff /tmp/list.stock /tmp/list.again
ok 'the stock modules unload' unload_cxl

done_testing
