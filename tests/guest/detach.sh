# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# detach.sh LOSS...: both accelerators are attached; whatever takes memory from one of them releases
# its driver, once, and leaves the other alone unless that lost its memory, too. LOSS is one of the
# functions loss_* below.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

attach_both

# accounts: "LOSSES,REMOVALS LOSSES,REMOVALS" of both devices, as the log has them.
accounts() {
	dmesg | mark="test: mark $log_nr\$" dev0=$dev0 dev1=$dev1 awk '
		$0 ~ ENVIRON["mark"] { delete n }
		/CXL memory is gone, releasing the driver|: removed$/ {
			n[index($0, ENVIRON["dev0"]) ? "dev0" : "dev1", $NF]++
		}
		END {
			print n["dev0", "driver"] + 0 "," n["dev0", "removed"] + 0, \
			      n["dev1", "driver"] + 0 "," n["dev1", "removed"] + 0
		}'
}
accounts_are() {
	[ "$(accounts)" = "$1" ]
}

# lose WHAT HIT CMD...: CMD takes dev0's memory away. HIT is 'dev0', or 'both' if dev1's, too.
lose() {
	what=$1 hit=$2
	shift 2
	mem=$(memdev dev0)
	case $hit in
	dev0) want='1,1 0,0' ;;
	both) want='1,1 1,1' ;;
	esac
	log_mark
	ok "$what: done" "$@"
	ok "$what: one loss and one remove(): $hit" wait_for 30 accounts_are "$want"
	flush
	sleep 0.1
	is "$what: and no more" "$(accounts)" "$want"
	is "$what: dev0 is not bound" "$(driver_of "$PCI/$dev0")" ''
	is "$what: dev0 has no memdev any more" "$(memdev dev0)" ''
	if [ "$hit" = both ]; then
		is "$what: dev1 is not bound" "$(driver_of "$PCI/$dev1")" ''
		is "$what: no region is left" "$(grep -c region /proc/iomem)" 0
	else
		ok "$what: dev1 is complete" attached dev1
		is "$what: the region of dev1 is where it was" "$(hpa dev1)" "$hpa1"
		ok "$what: dev1's memory decodes" decodes "$hpa1"
		is "$what: one region is left" "$(grep -c region /proc/iomem)" 1
	fi
}

# back: everything returns
back() {
	log_mark
	ok "$what: dev0 can be bound again" bind_again vendor_accel dev0
	[ "$hit" = dev0 ] || ok "$what: dev1 can be bound again" bind_again vendor_accel dev1
	returned
}

# back_alone: what cxl_acpi took away comes back with it, but for what somebody has unbound
back_alone() {
	ok "$what: dev0 is attached again by itself" wait_for 30 attached dev0
	ok "$what: dev1 is attached again by itself" wait_for 30 attached dev1
	log_mark
	returned
}

returned() {
	ok "$what: dev0 is complete" attached dev0
	ok "$what: dev1 is complete" attached dev1
	is "$what: at the same places" "$(hpa dev0) $(hpa dev1)" "$hpa0 $hpa1"
	[ "$hit" = both ] || is "$what: dev0 has its memdev name" "$(memdev dev0)" "$mem"
	is "$what: the CXL bus is as it was" "$(bus_devices)" "$full"
	ok "$what: dev0's memory decodes" decodes "$hpa0"
	ok "$what: dev1's memory decodes" decodes "$hpa1"
	flush
	sleep 0.1
	is "$what: nothing of it comes late" "$(accounts)" '0,0 0,0'
	is "$what: no dax device, no System RAM" "$(taken)" ''
}

loss_memdev() {
	lose 'memdev unbound' dev0 cxl_unbind "$(memdev dev0)"
	back
}

loss_endpoint() {
	lose 'endpoint unbound' dev0 cxl_unbind "$(endpoint dev0)"
	back
}

loss_region() {
	lose 'region unbound' dev0 cxl_unbind "$(region dev0)"
	back
}

loss_delete_region() {
	lose 'region deleted' dev0 delete_region "$(region dev0)"
	back
}

uncommit() {
	echo 0 >"$CXL/$1/commit"
}
loss_uncommit() {
	lose 'region uncommitted' dev0 uncommit "$(region dev0)"
	back
}

# refused WHY: nothing takes the decoder away
refused() {
	name=$(region dev0)
	nok "$1: region uncommitted: refused" uncommit "$name"
	nok "$1: decoder taken out of the region: refused" take_target "$name"
	ok "$1: dev0 is complete" attached dev0
	ok "$1: its memory decodes" decodes "$hpa0"
}

# Where caches cannot be flushed cxl_core cannot decommit, and would warn: nobody gets that far.
loss_refused() {
	refused 'caches cannot be flushed'
}

# Linux 7.3 refuses the same with -EPERM, and has a region deleted all the same.
loss_locked() {
	is 'locked: sysfs says so' "$(cat "$CXL/decoder$(endpoint dev0 | tr -dc 0-9).0/locked")" 1
	refused locked
}

# As on 7.3: where no region is made by hand, none is deleted either. But the device may go.
loss_type2_window() {
	is 'Type-2 window: it allows nothing else' "$(cat $CXL/decoder0.0/cap_type2 $CXL/decoder0.0/cap_type3)" \
		"$(printf '1\n0')"
	nok 'Type-2 window: region deleted: refused' delete_region "$(region dev0)"
	refused 'Type-2 window'
	lose 'Type-2 window: memdev unbound' dev0 cxl_unbind "$(memdev dev0)"
	back
}

take_target() {
	echo >"$CXL/$1/target0"
}
loss_target() {
	lose 'decoder taken out of the region' dev0 take_target "$(region dev0)"
	back
}

loss_disable_memdev() {
	lose 'cxl disable-memdev' dev0 cxl disable-memdev -f "$(memdev dev0)"
	back
}

# The tool unbinds the region, and may then find that nothing is left for it to do.
gone() {
	! bus_has "$1"
}
destroy_region() {
	cxl destroy-region -f "$1" || wait_for 10 gone "$1"
}
loss_destroy_region() {
	lose 'cxl destroy-region' dev0 destroy_region "$(region dev0)"
	back
}

# lose_port WHAT HIT PORT
lose_port() {
	lose "$1" "$2" cxl_unbind "$3"
	# One that serves nobody is gone, a host bridge stays.
	! bus_has "$3" || ok "$1: and bound" cxl_bind cxl_port "$3"
	back
}
port_above() {
	basename "$(dirname "$(readlink -f "$CXL/$(endpoint dev0)")")"
}
loss_shared_port() {
	lose_port 'port above unbound' both "$(port_above)"
}
loss_own_port() {
	lose_port 'port above unbound' dev0 "$(port_above)"
}
loss_top_port() {
	lose_port 'top port unbound' both "$(basename "$(dirname "$(readlink -f "$CXL/$(port_above)")")")"
}

loss_host() {
	lose 'cxl_acpi unbound' both host unbind
	is "$what: nothing is left on the CXL bus" "$(bus_devices)" ''
	ok "$what: and bound" host bind
	back_alone
}

loss_host_module() {
	lose 'cxl_acpi removed' both rmmod cxl_acpi
	is "$what: nothing is left on the CXL bus" "$(bus_devices)" ''
	ok "$what: and loaded" modprobe cxl_acpi
	back_alone
}

# The driver goes: that is no loss.
loss_pci_device() {
	what='PCI device removed'
	log_mark
	echo 1 >"$PCI/$dev0/remove"
	is "$what: no loss, one remove()" "$(accounts)" '0,1 0,0'
	is "$what: its memdev went with it" "$(memdev dev0)" ''
	ok "$what: dev1 is complete" attached dev1
	flush
	log_mark
	echo 1 >/sys/bus/pci/rescan
	is "$what: back after a rescan, attached" "$(log_count "$dev0: attached")" 1
	ok "$what: dev0 is complete" attached dev0
	is "$what: the CXL bus is as it was" "$(bus_devices)" "$full"
}

for loss; do
	"$loss"
done

log_mark
ok 'the driver unloads' rmmod vendor_accel
is 'no loss, one remove() each' "$(accounts)" '0,1 0,1'
is 'driver unloaded: all is gone from the CXL bus' "$(bus_devices)" "$idle"
ok "$OURS unloads" rmmod "$OURS"
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
