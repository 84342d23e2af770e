#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The test bed itself: scripts/vm, its guest, its devices and its firmware step.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/vm.d/complaints.sh
. "$TREE/scripts/vm.d/complaints.sh"
# What scripts/vm does is tried with the bit and without, whichever processor the other tests have.
unset CXL_TEST_HYPERVISOR

# refused WHAT REGEX ARG...: scripts/vm exits with 2 and one sentence, and boots nothing.
refused() {
	local what=$1 regex=$2 rc=0 text
	shift 2
	text=$(scripts/vm "$@" 2>&1) || rc=$?
	is "$what: status" "$rc" 2
	like "$what: message" "$text" "^vm: .*$regex"
	is "$what: in one line" "$(wc -l <<<"$text")" 1
}

mistakes() {
	refused "no command" "say -- CMD"
	refused "no command after --" "say -- CMD" --
	refused "command without --" "put -- before" uname -r
	refused "unknown option" "unknown option '--nope'" --nope -- true
	refused "option without argument" "--topology wants an argument" --topology
	refused "unknown topology" "unknown topology 'ring': one of hb2rp" --topology ring -- true
	refused "topology: an unknown item" "'card': a port has acc, db, raw, two, both, exp, sw" --topology 'hb(card)' -- true
	refused "topology: a ( too many" "a \) is missing" --topology 'hb(sw(acc)' -- true
	refused "topology: a ) too many" "one \) too many" --topology 'hb(acc))' -- true
	refused "topology: no item" "'' is not" --topology 'hb(acc,,acc)' -- true
	refused "topology: a device without a port" "a machine has hb" --topology 'acc,hb(acc)' -- true
	refused "topology: a bridge below a bridge" "a port has acc" --topology 'hb(hb(acc))' -- true
	refused "topology: a bridge with nothing" "what is below hb" --topology 'hb,hb(acc)' -- true
	refused "topology: something below a device" "nothing is below acc" --topology 'hb(acc(exp))' -- true
	refused "topology: a port's size" "empty has no size" --topology 'hb(empty:1G)' -- true
	refused "topology: a size that no decoder has" "multiple of 256M" --topology 'hb(acc:100M)' -- true
	refused "topology: too many root ports" "at most 32 root ports, not 33" --topology 'hb(33*acc)' -- true
	refused "topology: too many buses" "buses are needed" --topology '9*hb(32*acc)' -- true
	refused "topology: a switch in a PCIe slot" "a PCIe slot has" --topology 'pcie(sw(acc))' -- true
	refused "topology: two devices in a slot" "one device" --topology 'pcie(acc,acc)' -- true
	refused "window: not one" "'4G' is not BRIDGE" --window 4G -- true
	refused "window: no such bridge" "no host bridge 'hb1'; there are: hb0" --window hb1:4G -- true
	refused "window: over three bridges" "not 3" --topology '3*hb(acc)' --window hb0+hb1+hb2:4G -- true
	refused "window: a size that no window has" "multiple of 256M" --window hb0:100M -- true
	refused "window: it allows what is unknown" "not 'type1'" --window hb0:4G:type2+type1 -- true
	refused "window: it allows nothing" "what does it allow" --window hb0:4G: -- true
	refused "window: no CXL" "there are: none" --topology no-cxl --window hb0:4G -- true
	refused "unknown kernel" "no kernel '1.2.3'" --kernel 1.2.3 -- true
	refused "image without modules" "wants --modules-dir" --kernel /boot/vmlinuz -- true
	refused "unknown device type" "type2 or type3" --device type1 -- true
	refused "firmware: no such device" "no CXL device 'dev7'" --firmware dev7:hdm-d -- true
	refused "firmware: a PCI-only device" "no CXL device 'dev0'" --topology pci-only \
		--firmware dev0:hdm-d -- true
	refused "firmware: no such kind" "'dev0:hdm' is not" --firmware dev0:hdm -- true
	refused "cdat: not a device" "'x' is not DEVICE=FILE" --cdat x -- true
	refused "acpi-table: no such file" "no file '/nope'" --acpi-table /nope -- true
	refused "cdat: no such file" "no file '/nope'" --cdat dev0=/nope -- true
	refused "cdat: no such device" "no device 'dev2'" --cdat dev2=tests/vm.t -- true
	refused "firmware: no such option" "unknown option 'at'" --firmware dev0:hdm-d/at -- true
	refused "firmware: no address" "no address: 'here'" --firmware dev0:hdm-d/at=here -- true
	refused "firmware: no offset" "no offset in a window: '.x'" --firmware dev0:hdm-d/at=+x -- true
	refused "firmware: no size" "no size like 0, 256M or 1G: '1T'" --firmware dev0:hdm-d/size=1T -- true
	refused "no such module" "no file '/nope.ko'" --module /nope.ko -- true
	refused "not a module" "is not a .ko file" --module tests/vm.t -- true
	refused "no such file" "no file '/nope'" --file /nope -- true
	refused "relative name in the guest" "not an absolute path" --file tests/vm.t:x -- true
	refused "time-out" "number of seconds, not '1h'" --timeout 1h -- true
	refused "processors" "number of processors, not '0'" --smp 0 -- true
	refused "memory" "not '12'" --mem 12 -- true
}

# Seconds between the first and the last line of stdin.
spread() {
	local first='' last=0

	while read -r _; do
		last=$SECONDS
		first=${first:-$SECONDS}
	done
	echo $((last - first))
}

status_and_streams() {
	local rc=0

	in_guest -- sh -c 'echo "it'\''s out"; echo err >&2; sleep 5; echo later; exit 7' \
		2>"$TMP/err" > >(tee "$TMP/out" | spread >"$TMP/spread") || rc=$?
	wait_for 5 test -s "$TMP/spread"
	is "exit 7: scripts/vm exits with the command's status" "$rc" 7
	is "the command's stdout" "$(cat "$TMP/out")" $'it\'s out\nlater'
	is "the command's stderr" "$(cat "$TMP/err")" "err"
	ok "output comes while the command runs" test "$(cat "$TMP/spread")" -ge 3
}

# ends STATUS WHAT REGEX [OPTION]... -- CMD...: what scripts/vm exits with and says.
ends() {
	local want=$1 what=$2 regex=$3 rc=0 text
	shift 3
	text=$(in_guest "$@" 2>&1) || rc=$?
	is "$what: status" "$rc" "$want"
	like "$what: message" "$text" "$regex"
}

build_complain() {
	cp -r tests/qemu/complain "$TMP/"
	ok "build a module that makes the kernel complain" scripts/env/in-root bookworm -- \
		make -C "$KDIR" M="$TMP/complain" modules
}

trouble() {
	local complain=(--module "$TMP/complain/complain.ko")

	ends 124 "time-out" "^vm: not finished after 12 seconds" --timeout 12 -- sleep 100
	ends 125 "WARNING" "^vm: the kernel complained: .*WARNING:" --console "$TMP/console" "${complain[@]}" -- \
		sh -c 'modprobe complain && rmmod complain && modprobe complain what=list'
	like "list corruption is among the complaints" "$(complaints "$TMP/console")" 'list_del corruption'
	ends 125 "oops" "^vm: the kernel complained: .*(BUG|Oops)" "${complain[@]}" -- \
		modprobe complain what=oops
	ends 126 "--load of what is not there" "nope not found" --load nope -- true
}

# In place of a guest: what the script prints is what matters.
without_guest() {
	# shellcheck disable=SC2317 # guest_test calls it
	in_guest() {
		sed 's,/guest/,tests/guest/,' "tests${*: -1:1}" | sh
	}
}

# What guest_test makes of a script that does not come to its end: bad_guest NAME [CMD that runs before]
bad_guest() {
	local text

	text=$(
		tap_count=0
		${2:-:}
		guest_test "$1" -- "$1.sh" 2>"$TMP/why"
	)
	like "$1: its check counts" "$text" "^ok 1 - $1: one"
	like "$1: is a failure all the same" "$text" "^not ok 2 - $1: came to its end"
	like "$1: says so where prove shows it" "$(cat "$TMP/why")" "^# $PROG: not ok 2 - $1: came to its end"
	like "$1: says why where prove shows it" "$(cat "$TMP/why")" "^# $PROG: status [0-9]+, [0-9]+ checks seen, [0-9a-z]+ announced"
}

# prove shows stderr: what belongs to the check that failed is there, and nothing else.
why_it_failed() {
	local text

	text=$(
		tap_count=0
		without_guest
		guest_test guest -- vm-fails.sh 2>&1 >/dev/null
	)
	is "a check that fails in the guest says why" "$text" "# $PROG: not ok 1 - guest: one
# $PROG: got:  this
# $PROG: want: that
# $PROG: a remark"
}

# Nanoseconds that the same work took in two runs.
guest_time() {
	local ns=()
	# shellcheck disable=SC2016 # the guest expands it

	for _ in 1 2; do
		ns+=("$(in_guest --icount -- sh -c 'set -- $(cat /proc/uptime); echo ${1%.*}${1#*.}0000000')")
	done
	diag "uptime at the command, --icount: ${ns[*]} ns"
	awk -v a="${ns[0]}" -v b="${ns[1]}" 'BEGIN { d = a > b ? a - b : b - a; exit !(a && d <= a / 20) }'
}

# Nobody else writes to /dev/full, so its code is executed a thousand times.
profile() {
	local at

	# shellcheck disable=SC2016 # the guest expands it
	at=$(in_guest --profile "$TMP/profile" -- sh -c 'for i in $(seq 1000); do echo >/dev/full; done 2>/dev/null
		sed -n "s/ t write_full$//p" /proc/kallsyms' | tr -d '\r')
	grep -xE "$at ([2-9]|[1-9][0-9]+)000" "$TMP/profile"
}

mistakes
ok "help" grep -q -- '--topology SPEC' <(scripts/vm --help)
unlike "help shows no code" "$(scripts/vm --help)" 'set -eu|SPDX'
like "help says what memory does not hold" "$(scripts/vm --help)" 'QEMU does not decode by DVSEC ranges'
like "help says how the accelerator raises an interrupt" "$(scripts/vm --help)" 'setpci -s 0d:00.0 ffe.b=1'

echo "a file" >"$TMP/given"
guest_test guest --firmware dev0:hdm-d,dev1:hdm-h --module "$(stock_module cxl_mem)" \
	--file "$TMP/given" --file "$TMP/given:/etc/renamed" -- vm.sh
guest_test stock --topology type3 --firmware dev0:hdm-h \
	--load "cxl_acpi cxl_pci cxl_mem cxl_pmem dax_cxl" -- vm-type3.sh
# Two levels of switches, a slot that is not CXL, several decoders per device, windows of two kinds.
SPECIFIED='dev0:hdm-d/at=outside/size=256M/endpoint-only'
SPECIFIED+=',dev0:hdm-d/size=256M/skip=256M/locked'
SPECIFIED+=',dev0:hdm-h/at=+0/size=0/endpoint-only'
SPECIFIED+=',dev0:hdm-d/at=+3G/size=2G'
SPECIFIED+=',dev3:hdm-d/at=+0x10000000'
guest_test specification --topology 'hb( acc:1G, sw(exp, sw(exp)) ), hb(acc), pcie(exp)' \
	--window hb0:4G --window hb1:256M:type2+volatile --firmware "$SPECIFIED" -- vm-spec.sh
guest_test 'no firmware' --firmware none --window hb0:1G:type2+volatile -- \
	run-serially.sh 'vm-many.sh 2' vm-firmware.sh
guest_test 'hypervisor and 4 accelerators' --hypervisor --topology '2*hb(2*acc)' --firmware all:hdm-d \
	-- vm-many.sh 4
ends 126 "firmware: no room in the window" "has room for 0x10000000 bytes of hdm-d" --window hb0:256M \
	--firmware all:hdm-d -- true
status_and_streams
if scripts/env/in-root bookworm -- test -d "$KDIR"; then
	build_complain
	trouble
else
	skip "kernel complaints" "no headers of $KERNEL to build a module with"
fi
bad_guest vm-dies
bad_guest vm-short without_guest
why_it_failed
ok "--icount repeats guest time within 5 %" guest_time
ok "--profile counts what is executed" profile
done_testing
