# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# teardown.sh [WAY]...: a driver with users, engines and an interrupt (tests/drivers/chardev) loses its
# memory, its device, or nothing, in every way there is, or in these; while a process has the memory
# mapped. dev1, whose memory nobody has committed, runs as a PCI-only device through all of it; dev2 is
# behind a host bridge without HDM decoders. Ends with status 1 if a check has failed, for scripts/matrix.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

failed=0
fail() {
	tap_count=$((tap_count + 1))
	failed=1
	echo "not ok $tap_count - $1"
}

DRIVER=chardev_accel
PARAMETERS=/sys/module/$DRIVER/parameters
dev0=$(pci_address dev0)
dev1=$(pci_address dev1)
# shellcheck disable=SC2034 # by its name
dev2=$(pci_address dev2)
node=/dev/accel-$dev0
port=$(basename "$(dirname "$(readlink -f "$PCI/$dev0")")")

# Beside the kernel's own cxl_mem no commit is revoked.
side() {
	[ "$OURS" = cxl_accel ]
}

# ---- a user ----

user_said() {
	grep -qx "$1" /tmp/user
}
start_user() {
	# The memory is attached before the driver's probe() has come to its end.
	wait_for 20 [ -c "$node" ]
	rm -f /tmp/user
	mmap_user "$node" >/tmp/user 2>&1 &
	user=$!
	ok "$what: a user has mapped the memory" wait_for 20 user_said mapped
}
stop_user() {
	kill "$user" 2>/dev/null
	wait "$user"
	like "$what: what the user has read was right" "$(tail -n 1 /tmp/user)" '^closed [1-9][0-9]* bad 0$'
}

# ---- what becomes of the driver ----

removed() {
	log_count "$dev0: removed after [1-9]"
}
removed_once() {
	[ "$(removed)" = 1 ]
}

# What holds in each way.
sound() {
	stop_user
	is "$what: the engines have read nothing wrong" "$(log_count 'bad read')" 0
	is "$what: dev1 goes on as a PCI-only device" \
		"$(driver_of "$PCI/$dev1") $(log_count "$dev1: removed")" "$DRIVER 0"
}

# An open file outlives the binding, and is good for nothing.
released() {
	ok "$what: the driver is released" wait_for 30 removed_once
	ok "$what: the user hears of it" wait_for 20 user_said sigbus
	ok "$what: the user's file is no good any more" wait_for 20 user_said 'read: No such device'
	ok "$what: nor can the memory be mapped" wait_for 20 user_said 'mmap: No such device'
	sound
	is "$what: it was released once" "$(removed)" 1
}

kept() {
	sleep 0.3
	is "$what: the driver stays" "$(driver_of "$PCI/$dev0") $(removed)" "$DRIVER 0"
	nok "$what: the user has noticed nothing" user_said sigbus
	ok "$what: dev0 is attached" attached dev0
	sound
}

# way WHAT OUTCOME CMD...
way() {
	what=$1 outcome=$2
	shift 2
	log_mark
	start_user
	ok "$what: done" "$@"
	$outcome
}

back() {
	ok "$what: dev0 can be bound again, and attaches" bind_again $DRIVER dev0
}
back_alone() {
	ok "$what: dev0 is attached again by itself" wait_for 30 attached dev0
	ok "$what: and dev2" wait_for 30 attached dev2
	ok "$what: by its driver" wait_for 10 [ -e "$node" ]
}

# ---- the driver goes ----

way_unbind() {
	way 'unbound' released pci_unbind $DRIVER "$dev0"
	back
}

# A process that is killed leaves nothing behind.
killed_then_unbound() {
	kill -9 "$user"
	pci_unbind $DRIVER "$dev0"
}
way_killed_user() {
	what='user killed, then unbound'
	log_mark
	start_user
	ok "$what: done" killed_then_unbound
	wait "$user" 2>/dev/null
	ok "$what: the driver is released" wait_for 20 removed_once
	back
}

way_rmmod() {
	what='driver unloaded while its memory is mapped'
	log_mark
	start_user
	nok "$what: refused" rmmod $DRIVER
	kept
	what='driver unloaded'
	log_mark
	ok "$what: done" rmmod $DRIVER
	is "$what: dev0 was released once" "$(removed)" 1
	is "$what: so was dev1" "$(log_count "$dev1: removed after [1-9]")" 1
	log_mark
	ok "$what: and loaded" modprobe $DRIVER
	ok "$what: dev0 is attached" attached dev0
	is "$what: dev1 is not, and goes on" "$(log_count "$dev1: no CXL memory \(-6\), PCI-only")" 1
}

# Files are opened and closed as fast as can be while the driver comes and goes.
opener() {
	while [ ! -e /tmp/stop ]; do
		cat "$node" >/dev/null 2>&1
		timeout -s TERM 0.05 mmap_user "$node" >/dev/null 2>&1
	done
}
way_opened() {
	what='opened in the middle of it'
	log_mark
	rm -f /tmp/stop
	opener &
	turn=0
	while [ $turn -lt 15 ]; do
		turn=$((turn + 1))
		pci_unbind $DRIVER "$dev0" || echo "turn $turn: not bound"
		pci_bind $DRIVER "$dev0" || echo "turn $turn: does not bind"
	done >/tmp/wrong 2>&1
	: >/tmp/stop
	wait
	is "$what: 15 turns" "$(cat /tmp/wrong)" ''
	is "$what: nothing wrong was read" "$(log_count 'bad read')" 0
	ok "$what: dev0 is attached" attached dev0
}

# ---- the hierarchy goes, or the region ----

way_memdev() {
	way 'memdev unbound' released cxl_unbind "$(memdev dev0)"
	back
}
way_endpoint() {
	way 'endpoint unbound' released cxl_unbind "$(endpoint dev0)"
	back
}
way_region() {
	way 'region unbound' released cxl_unbind "$(region dev0)"
	back
}
way_delete_region() {
	way 'region deleted' released delete_region "$(region dev0)"
	back
}

refused() {
	! "$@"
}
uncommit() {
	echo 0 >"$CXL/$1/commit"
} 2>/dev/null
way_uncommit() {
	if side; then
		way 'region uncommitted: refused' kept refused uncommit "$(region dev0)"
	else
		way 'region uncommitted' released uncommit "$(region dev0)"
		back
	fi
}
take_target() {
	echo >"$CXL/$1/target0"
}
way_target() {
	way 'decoder taken out of the region' released take_target "$(region dev0)"
	back
}
way_disable_memdev() {
	# Where memdevs have no attributes it finds none.
	! side || return 0
	way 'cxl disable-memdev' released cxl disable-memdev -f "$(memdev dev0)"
	back
}
gone() {
	! bus_has "$1"
}
destroy_region() {
	cxl destroy-region -f "$1" || wait_for 10 gone "$1"
}
way_destroy_region() {
	! side || return 0
	way 'cxl destroy-region' released destroy_region "$(region dev0)"
	back
}
way_port() {
	above=$(basename "$(dirname "$(readlink -f "$CXL/$(endpoint dev0)")")")
	way 'port above unbound' released cxl_unbind "$above"
	cxl_bind cxl_port "$above"
	back
}
way_host() {
	way 'cxl_acpi unbound' released host unbind
	host bind
	back_alone
}
way_host_module() {
	way 'cxl_acpi removed' released rmmod cxl_acpi
	modprobe cxl_acpi
	back_alone
}

# Between the loss and remove() the engines and the user go on.
way_slow_remove() {
	echo 1 >$PARAMETERS/remove_waits
	what='remove() takes its time'
	log_mark
	start_user
	ok "$what: region deleted" delete_region "$(region dev0)"
	ok "$what: the loss is in the log" wait_for 10 log_has "$dev0: unexpected detach"
	sleep 1
	nok "$what: the user goes on" user_said sigbus
	is "$what: so do the engines" "$(removed)" 0
	echo 0 >$PARAMETERS/remove_waits
	released
	back
}

# ---- resets ----

# reset_by METHOD: one of the bus does nothing unless the CXL port above lets it through.
reset_by() {
	unmask_reset "$dev0" || return
	echo "$1" >"$PCI/$dev0/reset_method" && one_processor sysfs_reset
}
sysfs_reset() {
	echo 1 >"$PCI/$dev0/reset"
}

way_reset_bus() {
	way 'reset of the bus' kept reset_by bus
}
way_reset_cxl_bus() {
	way 'reset by way of the CXL port' kept reset_by cxl_bus
}
recovered() {
	log_has "$port: AER: device recovery successful"
}
inject_error() {
	host-monitor pcie_aer_inject_error dev0 DLP && wait_for 20 recovered
}
fatal_error() {
	one_processor inject_error
}
way_fatal_error() {
	way 'fatal error' kept fatal_error
}
way_reset_unbound() {
	what='reset while unbound'
	pci_unbind $DRIVER "$dev0"
	ok "$what: done" reset_by cxl_bus
	log_mark
	pci_bind $DRIVER "$dev0"
	ok "$what: it attaches" attached dev0
}

# ---- the device goes ----

sysfs_remove() {
	echo 1 >"$PCI/$1/remove"
}
way_pci_remove() {
	way 'PCI device removed' released sysfs_remove "$dev0"
	echo 1 >/sys/bus/pci/rescan
	back_alone
}
pci_gone() {
	[ ! -e "$PCI/$dev0" ]
}
pull() {
	host-monitor device_del dev0 && wait_for 30 pci_gone
}
# The last one: what is plugged in later nobody has committed.
way_pulled() {
	way 'pulled out of its slot' released pull
}

# ---- an interrupt, which the emulated device raises on demand ----

irqs_are() {
	grep -q " irqs $1\$" "$node"
}
way_interrupt() {
	what=interrupt
	irqs=$(sed 's/.* irqs //' "$node")
	setpci -s "$dev0" ffe.b=1
	ok "$what: one comes" wait_for 10 irqs_are $((irqs + 1))
	setpci -s "$dev0" ffe.b=1
	ok "$what: and another" wait_for 10 irqs_are $((irqs + 2))
}

[ $# -gt 0 ] || set -- interrupt unbind killed_user opened memdev endpoint region delete_region uncommit target \
	disable_memdev destroy_region port host host_module slow_remove reset_bus reset_cxl_bus fatal_error \
	reset_unbound pci_remove rmmod pulled

load_hierarchy
log_mark
ok 'the driver loads' modprobe $DRIVER
ok 'dev0 is attached' attached dev0
ok 'dev2, behind a host bridge without HDM decoders, is attached' attached dev2
is 'dev0: its memory is that of the region' \
	"$(dmesg | grep -c "$dev0: CXL memory .*0x0*$(hpa dev0 | cut -c3-)-")" 1
is 'dev1 is not, and goes on as a PCI-only device' "$(log_count "$dev1: no CXL memory \(-6\), PCI-only")" 1
like 'dev1: users see that' "$(cat "/dev/accel-$dev1")" '^pci-only ticks [0-9]* beats [0-9]* ones 0 bad 0 '
is 'dev1: there is nothing to map' "$(mmap_user "/dev/accel-$dev1")" 'mmap: No such device'
for way; do
	"way_$way"
done
log_mark
ok 'the driver unloads in the end' rmmod $DRIVER
is 'all that was read was right' "$(dmesg | grep -c 'bad read\| [1-9][0-9]* bad$')" 0
is 'no dax device there ever was' "$(ever_taken)" ''

done_testing
[ $failed = 0 ]
