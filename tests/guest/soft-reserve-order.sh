# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# soft-reserve-order.sh TURNS SEED POINTS OWNERS: modules come and go in any order, two things at a time,
# dev0 and the binding of the hmem_platform device, too. At no time has a byte two owners; when all is over
# nothing is left behind, and after a decision that is made anew the memory at POINTS has its OWNERS.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=owners.sh
. /guest/owners.sh

# Dash has no random numbers.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"

turns=$1
# shellcheck disable=SC3028 # bash
RANDOM=$2
points=$(echo "$3" | tr , ' ')
wanted=$4
dev0=$(pci_address dev0)
iomem=$(cat /proc/iomem)
MODULES='dax_hmem dax_cxl cxl_acpi cxl_pci cxl_mem'

# As after a boot, if nothing is loaded that would mind: decoders are committed, nothing is decided.
begin_again() {
	unload_all && unload hosts_accel || return
	# shellcheck disable=SC2046 # words
	platform-firmware $(cat /vm/firmware)
	forget
}

# act NUMBER MODULE: whatever the number stands for. Most of it is refused, by what is there or not there.
act() {
	case $1 in
	[0-7]) modprobe "$2" ;;
	8) insmod "$(modinfo -n "$2")" ;;
	9 | 1[0-2]) rmmod "$2" ;;
	13) echo hmem_platform.0 >$HMEM/unbind ;;
	14) echo hmem_platform.0 >$HMEM/bind ;;
	15) echo 1 >"$PCI/$dev0/remove" ;;
	1[67]) echo 1 >/sys/bus/pci/rescan ;;
	18) insmod /modules/hosts_accel.ko second=1 ;;
	19) rmmod hosts_accel ;;
	2[0-3]) begin_again ;;
	esac
}

# shellcheck disable=SC3028,SC2086 # bash; words
any_act() {
	set -- $MODULES
	shift $((RANDOM % 5))
	number=$((RANDOM % 24))
	echo "$number $1" >>/tmp/acts
	act $number "$1" 2>/dev/null && echo "$number" >>/tmp/done &
}

: >/tmp/acts
: >/tmp/done
: >/tmp/outcomes
for _ in $(seq "$turns"); do
	any_act
	any_act
	wait
	owners >>/tmp/outcomes
done
diag "$(wc -l </tmp/acts) acts, $(wc -l </tmp/done) of which were not refused"
diag "owners: $(outcomes)"
unlike 'no byte had two owners at any time' "$(cat /tmp/outcomes)" '\+'
ok 'memory had different owners' test "$(sort -u /tmp/outcomes | wc -l)" -gt 1

! loaded hosts_accel || rmmod hosts_accel
ok 'all modules can be removed' unload_all
is 'no dax device is left' "$(ls /sys/bus/dax/devices)" ''
is 'nothing is left on the CXL bus' "$(bus_devices)" ''
is 'the resource tree is as at first' "$(cat /proc/iomem)" "$iomem"
[ -e "$PCI/$dev0" ] || echo 1 >/sys/bus/pci/rescan
# shellcheck disable=SC2046 # words
one_processor platform-firmware $(cat /vm/firmware) 2>/dev/null
ok 'what was decided is forgotten' insmod /modules/hosts_accel.ko forget=1
modprobe dax_hmem && load_cxl && modprobe dax_cxl
steady
is 'decided anew: owners' "$(owners)" "$wanted"

done_testing
