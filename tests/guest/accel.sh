# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# shellcheck disable=SC2034 # variables are for the scripts that source this file
#
# For the contract tests, in the guest: . /guest/accel.sh
#
# Brings TAP (tap.sh) and devices by name (cxl.sh), and what is below. DEV is devN of the topology.

# shellcheck source-path=SCRIPTDIR source=tap.sh
. /guest/tap.sh
# shellcheck source-path=SCRIPTDIR source=cxl.sh
. /guest/cxl.sh

CXL=/sys/bus/cxl/devices
CXL_DRIVERS=/sys/bus/cxl/drivers
PCI=/sys/bus/pci/devices
PCI_DRIVERS=/sys/bus/pci/drivers
HOST_DRIVER=/sys/bus/platform/drivers/cxl_acpi
STOCK=/lib/modules/$(uname -r)/kernel/drivers/cxl
SIZE=0x10000000		# of each device's memory

# Our module, and the driver of accelerators' regions: on kernels with the API of their own both are other.
OURS=cxl_mem REGION_DRIVER=cxl_accel_region
[ -e /modules/cxl_mem.ko ] || OURS=cxl_accel REGION_DRIVER=cxl_region

# ---- modules ----

# The CXL hierarchy, and all that would make a dax device of a region, and System RAM of that.
load_hierarchy() {
	modprobe -a cxl_acpi cxl_pmem device_dax dax_cxl kmem
}

loaded() {
	[ -e "/sys/module/$1/initstate" ]
}

# Where it is built in, cxl_mem works with it; where not, we have one, or make the kernel's probe synchronously.
port_is_module() {
	[ -e "$STOCK/cxl_port.ko" ]
}
port_is_replaced() {
	[ -e /modules/cxl_port.ko ]
}

# The CXL hierarchy with the kernel's own modules, of which modprobe would take ours.
load_stock() {
	if port_is_module; then
		modprobe cxl_core && insmod "$STOCK/cxl_port.ko" || return
	fi
	modprobe -a cxl_acpi cxl_pci && insmod "$STOCK/cxl_mem.ko"
}

# All of cxl_port, cxl_mem, cxl_pci and cxl_acpi that is loaded, whosever it is.
unload_cxl() {
	for accel_sh in cxl_mem cxl_pci cxl_acpi cxl_port; do
		! loaded "$accel_sh" || rmmod "$accel_sh" || return
	done
}

# ---- devices ----

# The driver that a device is bound to, empty if none.
driver_of() {
	[ ! -e "$1/driver" ] || basename "$(readlink "$1/driver")"
}

# bound DRIVER DEVICE...: all of them, names on the CXL bus, are on it.
bound() {
	accel_sh_drv=$1
	shift
	for accel_sh_dev; do
		[ "$CXL/$accel_sh_dev/driver" -ef "$CXL_DRIVERS/$accel_sh_drv" ] || return 1
	done
}

# All names on the CXL bus, in one line, but for the decoders of ports: from 6.18 on a host bridge has
# its own from when there was something below it for the first time.
bus_devices() {
	accel_sh=
	for accel_sh_dev in "$CXL"/*; do
		accel_sh_type=
		read -r accel_sh_type 2>/dev/null <"$accel_sh_dev/uevent" || continue
		[ "$accel_sh_type" = DEVTYPE=cxl_decoder_switch ] || accel_sh="$accel_sh ${accel_sh_dev##*/}"
	done
	echo "${accel_sh# }"
}

# bus_has GLOB: a device on the CXL bus has such a name.
bus_has() {
	for accel_sh in "$CXL"/$1; do
		[ ! -e "$accel_sh" ] || return 0
	done
	return 1
}

# find_parts DEV: sets found_mem, found_ep and found_region to the names of devN's memdev, endpoint port,
# and of the region that its first decoder belongs to; empty if there is none. Starts no process,
# as these are slow in the guest.
find_parts() {
	found_mem='' found_ep='' found_region=''
	for accel_sh in "$CXL"/mem*; do
		if [ -e "$accel_sh/serial" ]; then
			read -r accel_sh_serial 2>/dev/null <"$accel_sh/serial" || continue
			[ $((accel_sh_serial)) != $((0xd0 + ${1#dev})) ] || found_mem=${accel_sh##*/}
		else
			# Where it has no attributes, as from 7.1 on, the address is in a variable named as DEV.
			eval "accel_sh_addr=\${$1:-}"
			[ -z "$accel_sh_addr" ] || [ ! "$PCI/$accel_sh_addr/${accel_sh##*/}" -ef "$accel_sh" ] ||
				found_mem=${accel_sh##*/}
		fi
	done
	[ -n "$found_mem" ] || return 1
	for accel_sh in "$CXL"/endpoint*; do
		[ ! "$accel_sh/uport" -ef "$CXL/$found_mem" ] || found_ep=${accel_sh##*/}
	done
	[ -n "$found_ep" ] || return 1
	read -r found_region 2>/dev/null <"$CXL/decoder${found_ep#endpoint}.0/region"
	[ -n "$found_region" ]
}

# memdev DEV: the memN of devN; in place of the one in cxl.sh, which is slower.
memdev() {
	find_parts "$1"
	echo "$found_mem"
}

# endpoint DEV: the endpointN of devN.
endpoint() {
	find_parts "$1"
	echo "$found_ep"
}

# region DEV: the region that the first decoder of devN belongs to.
region() {
	find_parts "$1"
	echo "$found_region"
}

# hpa DEV: where that region is in the host's address map.
hpa() {
	find_parts "$1" && cat "$CXL/$found_region/resource"
}

# attached DEV: all that belongs to an attached accelerator is there and bound.
attached() {
	find_parts "$1" &&
		bound cxl_mem "$found_mem" &&
		bound cxl_port "$found_ep" &&
		bound "$REGION_DRIVER" "$found_region" &&
		read -r accel_sh <"$CXL/$found_region/commit" && [ "$accel_sh" = 1 ]
}

# attached_regions: so many regions of accelerators there are, and are taken for their drivers.
attached_regions() {
	accel_sh=0
	for accel_sh_dev in "$CXL"/region*; do
		[ ! "$accel_sh_dev/driver" -ef "$CXL_DRIVERS/$REGION_DRIVER" ] || accel_sh=$((accel_sh + 1))
	done
	echo $accel_sh
}

# Accelerator memory that somebody took for his own: dax regions, dax devices, System RAM.
taken() {
	for accel_sh in "$CXL"/*dax* /sys/bus/dax/devices/*; do
		[ ! -e "$accel_sh" ] || echo "${accel_sh##*/}"
	done
	awk '/CXL Window/ { inside = 1; next }
	     /^[^ ]/ { inside = 0 }
	     inside && /System RAM|dax|kmem/' /proc/iomem
}

# The same in the past, as far as the kernel speaks of it; that a module of that name taints it is no sign of it.
ever_taken() {
	dmesg | grep -i -E 'dax|kmem' | grep -v -E ': (loading out-of-tree module taints|module verification failed)'
}

# one_processor CMD...: run CMD while the second one is off. QEMU ends with a failed assertion if that looks at
# some register while the first one changes what a device decodes.
one_processor() {
	accel_sh_rc=0
	echo 0 >/sys/devices/system/cpu/cpu1/online
	"$@" || accel_sh_rc=$?
	echo 1 >/sys/devices/system/cpu/cpu1/online
	return $accel_sh_rc
}

# ---- memory ----

peek() {
	devmem "$1" 64
}

poke() {
	devmem "$1" 64 "$2"
}

# decodes ADDRESS: what is written there can be read back.
decodes() {
	accel_sh=$(printf '0x%016X' $(($1 ^ 0x5aa5c33c0ff01234)))
	poke "$1" "$accel_sh" && [ "$(peek "$1")" = "$accel_sh" ]
}

# ---- kernel log ----

log_nr=0

# What log_new, log_count and log_has look at starts here.
log_mark() {
	log_nr=$((log_nr + 1))
	echo "<6>test: mark $log_nr" >/dev/kmsg
}

# But for what says of the machine that it is busy.
log_new() {
	dmesg | sed "1,/test: mark $log_nr\$/d; /hrtimer: interrupt took/d"
}

log_count() {
	dmesg | mark="test: mark $log_nr\$" wanted=$1 awk '
		$0 ~ ENVIRON["mark"] { n = 0; next }
		$0 ~ ENVIRON["wanted"] { n++ }
		END { print n + 0 }'
}

log_has() {
	[ "$(log_count "$1")" -gt 0 ]
}

# ---- what a test does ----

# attach_both: cxl_mem and the vendor's driver, as fatal as they come, are loaded; dev0 and dev1 are
# attached. Sets dev0 and dev1 to their PCI addresses, hpa0 and hpa1 to where their memory is, idle
# and full to all names on the CXL bus before and after, users to how many our module has.
attach_both() {
	dev0=$(pci_address dev0)
	dev1=$(pci_address dev1)
	load_hierarchy
	# The stock kernel, for comparison, has no cxl_accel.
	modprobe -a cxl_mem "$OURS" 2>/dev/null
	idle=$(bus_devices)
	ok "a stranger's driver loads" insmod /modules/vendor_accel.ko fatal=1
	ok 'dev0 is attached' attached dev0
	ok 'dev1 is attached' attached dev1
	full=$(bus_devices)
	users=$(cat "/sys/module/$OURS/refcnt")
	hpa0=$(hpa dev0)
	hpa1=$(hpa dev1)
}

# The core has released what it was going to. Until then a memdev that is gone may keep its name from
# the next one.
flush() {
	echo 1 >/sys/bus/cxl/flush
}

# shrink_slabs NAME: of caches of that name. Each processor keeps slabs for itself, of which every object counts as
# one in use until they are given back. A process would have it take some more.
shrink_slabs() {
	for accel_sh in /sys/kernel/slab/$1/shrink; do
		echo 1 >"$accel_sh"
	done
}

# pci_bind DRIVER ADDRESS, pci_unbind DRIVER ADDRESS
pci_bind() {
	echo "$2" >"$PCI_DRIVERS/$1/bind"
}

pci_unbind() {
	echo "$2" >"$PCI_DRIVERS/$1/unbind"
}

# bind_again DRIVER DEV: after a loss. While the binding before is still on its way out, a new one is put
# off, and follows by itself. The address is in a variable named as DEV.
bind_again() {
	eval "accel_sh_addr=\$$2"
	# shellcheck disable=SC2154 # set by eval
	pci_bind "$1" "$accel_sh_addr" || true
	wait_for 30 attached "$2"
}

# cxl_bind DRIVER DEVICE, cxl_unbind DEVICE
cxl_bind() {
	echo "$2" >"$CXL_DRIVERS/$1/bind"
}

cxl_unbind() {
	echo "$1" >"$CXL/$1/driver/unbind"
}

# host bind, host unbind: cxl_acpi at the CXL host
host() {
	echo ACPI0017:00 >"$HOST_DRIVER/$1"
}

# delete_region REGION
delete_region() {
	echo "$1" >"$CXL/$1/../delete_region"
}

# pull_out PORT: what is in that slot, by surprise. QEMU lets go of a device whose slot is switched off, and does not
# ask by whom: here it is not by the slot's driver, which hears of it when it is switched on again, and empty. By one
# command, which looks at all devices before: at one that is being reset it waits.
pull_out() {
	setpci -s "$1" CAP_EXP+18.w=0700:0738 CAP_EXP+18.w=0038:0438
}

# dvsec ADDRESS ID: where in configuration space that CXL DVSEC is; ID of four digits.
dvsec() {
	lspci -s "$1" -vvv | sed -n "s/.*Capabilities: \[\([0-9a-f]*\).*Vendor=1e98 ID=$2 .*/0x\1/p"
}

# unmask_reset ADDRESS: a reset of the bus does nothing unless the CXL port above lets it through.
unmask_reset() {
	accel_sh=$(basename "$(dirname "$(readlink -f "$PCI/$1")")")
	setpci -s "$accel_sh" "$(printf %x.w $(($(dvsec "$accel_sh" 0003) + 0xc)))=0001"
}

# capability_offset BASE ID: where in the cache/mem part of the component registers at BASE that capability
# is: CXL 3.1 section 8.2.4.
capability_offset() {
	accel_sh=$(($1 + 0x1000))
	accel_sh_left=$((($(devmem $accel_sh 32) >> 24) & 0xff))
	while [ $accel_sh_left -gt 0 ]; do
		accel_sh=$((accel_sh + 4))
		accel_sh_cap=$(($(devmem $accel_sh 32)))
		[ $((accel_sh_cap & 0xffff)) != "$2" ] || echo $((accel_sh_cap >> 20))
		accel_sh_left=$((accel_sh_left - 1))
	done
}

# hdm_offset BASE: likewise, of the HDM decoder capability.
hdm_offset() {
	capability_offset "$1" 5
}

# ---- regions of expanders, by hand: the cxl tool of Debian 12 makes none of volatile memory ----

# free_decoder MEMDEV: the first decoder of its endpoint that has no memory yet.
free_decoder() {
	for accel_sh in "$CXL"/endpoint*; do
		[ "$accel_sh/uport" -ef "$CXL/$1" ] || continue
		for accel_sh_dev in "$accel_sh"/decoder*; do
			read -r accel_sh_size <"$accel_sh_dev/dpa_size"
			[ $((accel_sh_size)) != 0 ] || break
		done
		echo "${accel_sh_dev##*/}"
	done
}

# new_ram_region ROOT-DECODER: creates one and prints its name. What is bound at the same time may take the
# name that was offered.
new_ram_region() {
	for accel_sh_turn in 1 2 3 4 5 6 7 8; do
		accel_sh_region=$(cat "$CXL/$1/create_ram_region")
		if echo "$accel_sh_region" >"$CXL/$1/create_ram_region"; then
			echo "$accel_sh_region"
			return
		fi
	done 2>/dev/null
	return 1
}

# ram_region ROOT-DECODER MEMDEV...: one of all memory of these, interleaved if there are several.
# Prints its name; or its name and the step that failed.
ram_region() {
	accel_sh_root=$1
	shift
	accel_sh_region=$(new_ram_region "$accel_sh_root") || { echo "no region in $accel_sh_root"; return 1; }
	echo "$accel_sh_region"
	(
		step() {
			echo "$1" >"$2" && return
			echo "cannot write $1 to ${2#"$CXL/"}"
			exit 1
		}
		region=$CXL/$accel_sh_region
		position=0
		step 256 "$region/interleave_granularity"
		step $# "$region/interleave_ways"
		for mem; do
			decoder=$(free_decoder "$mem")
			step ram "$CXL/$decoder/mode"
			step $SIZE "$CXL/$decoder/dpa_size"
			echo "$decoder" >>/tmp/targets
		done
		step $(($# * SIZE)) "$region/size"
		while read -r decoder; do
			step "$decoder" "$region/target$position"
			position=$((position + 1))
		done </tmp/targets
		step 1 "$region/commit"
		step "$accel_sh_region" "$CXL_DRIVERS/cxl_region/bind"
	) 2>/dev/null
	accel_sh_status=$?
	rm -f /tmp/targets
	return $accel_sh_status
}

# ram_region_gone REGION: take it apart again.
ram_region_gone() {
	accel_sh_region=$CXL/$1
	accel_sh_targets=$(cat "$accel_sh_region"/target[0-9]*)
	cxl_unbind "$1"
	echo 0 >"$accel_sh_region/commit" || return
	echo "$1" >"$accel_sh_region/../delete_region" || return
	for accel_sh_dev in $accel_sh_targets; do
		echo 0 >"$CXL/$accel_sh_dev/dpa_size"
	done
}
