# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# type3.sh SCENARIO: what user space sees of expanders, in much detail. This is no test: type3.t runs
# it with the stock cxl_mem and with ours, and compares. So nothing is printed that is different in
# each run, and all that can be is.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

scenario=$1
UUID=11111111-2222-3333-4444-555555555555
OTHER_UUID=66666666-7777-8888-9999-000000000000

title() {
	echo "==== $scenario: $*"
}

# run CMD...: what it says, and its status.
run() {
	echo "\$ $*"
	"$@" 2>&1 | sed 's/^/  /'
	"$@" >/dev/null 2>&1
}

# once CMD...: the same, for what cannot be done twice.
once() {
	once_status=0
	"$@" >/tmp/once 2>&1 || once_status=$?
	echo "\$ $* -> $once_status"
	sed 's/^/  /' /tmp/once
}

# Mode, name and value of every attribute of all devices of a bus, and where their links lead. By few
# processes: an emulated processor takes its time to start one.
attributes() {
	(
		cd "$1" || exit
		stat -c '    %a %n' -- */* */ram/* */pmem/* */security/* */power/control 2>/dev/null
		grep -s -H '' -- */* */ram/* */pmem/* */security/* */power/control |
			grep -v -a -E '^[^/]+/(dev|CDAT|uevent:(MAJOR|MINOR)|power/)' | sed 's/^/    /'
	)
}

devices() {
	for bus in cxl dax nd; do
		[ ! -d /sys/bus/$bus/devices ] || (cd /sys/bus/$bus/devices && ls -d -- * 2>/dev/null) | sed 's/^/  /'
		[ "$1" = brief ] || [ ! -d /sys/bus/$bus/devices ] || attributes /sys/bus/$bus/devices
	done
	echo "drivers:"
	find /sys/bus/cxl/drivers /sys/bus/dax/drivers /sys/bus/nd/drivers -mindepth 2 -type l \
		! -name module | sort
}

debugfs() {
	(cd /sys/kernel/debug/cxl && find . -exec stat -c '%a %n' {} + | sort)
	for file in /sys/kernel/debug/cxl/*/dpamem; do
		[ ! -e "$file" ] || cat "$file"
	done
}

# The kernel log, but for what says that there are modules of ours.
log() {
	log_new | sed 's/^\[[^]]*\] //' | grep -i -E 'cxl|dax|nd_|nvdimm|region|decoder|endpoint|port[0-9]' |
		grep -v -E 'taint|module verification|^test:'
	log_mark
}

# What takes no lock may still be on its way.
settle() {
	flush
	sleep 0.2
	flush
}

look() {
	settle
	title "$1"
	echo "devices:"
	devices "${2:-full}"
	echo "cxl list:"
	cxl list -vvvv
	grep -A 8 'CXL Window' /proc/iomem
	if [ "${2-}" != brief ]; then
		echo "cxl list -BDEMPRTu:"
		cxl list -BDEMPRTu
		# Its content cannot be shown.
		(cd "$CXL" && md5sum -- */CDAT)
		daxctl list -R -D
		echo "debugfs:"
		debugfs
	fi
	echo "log:"
	log
}

log_mark
modprobe -a cxl_acpi cxl_pmem device_dax dax_cxl
# cxl_pci asks to be probed asynchronously: memdevs would get their names by chance.
echo 0 >/sys/bus/pci/drivers_autoprobe
modprobe cxl_pci
for addr in $(pci_address dev0) $(pci_address dev1); do
	pci_bind cxl_pci "$addr"
done
echo 1 >/sys/bus/pci/drivers_autoprobe
look 'before cxl_mem'
modprobe cxl_mem
look 'cxl_mem'
title 'ioctls'
for mem in /dev/cxl/mem*; do
	run mem_ioctl "$mem" list
	run mem_ioctl "$mem" identify
done
title 'poison'
for mem in "$CXL"/mem*; do
	mem=${mem##*/}
	once sh -c "echo 0x1000 >/sys/kernel/debug/cxl/$mem/inject_poison"
	once sh -c "echo 1 >$CXL/$mem/trigger_poison_list"
	once sh -c "echo 0x1000 >/sys/kernel/debug/cxl/$mem/clear_poison"
	once sh -c "echo 0 >$CXL/$mem/trigger_poison_list"
	once sh -c "echo x >$CXL/$mem/trigger_poison_list"
	once sh -c "echo 0xffffffffffff >/sys/kernel/debug/cxl/$mem/inject_poison"
done
log

# goings MEMDEV: it goes and comes back, in every way there is.
goings() {
	mem=$1
	once cxl_unbind "$(endpoint dev0)"
	look "$mem: endpoint unbound" brief
	once cxl_bind cxl_mem "$mem"
	look "$mem: bound again" brief
	once cxl disable-memdev -f "$mem"
	once cxl enable-memdev "$mem"
	look "$mem: disabled and enabled" brief
	once cxl_unbind port1
	look 'port1 unbound' brief
	once cxl_bind cxl_port port1
	for again in "$CXL"/mem*; do
		[ -e "$again/driver" ] || once cxl_bind cxl_mem "${again##*/}"
	done
	look 'memdevs bound' brief
	once rmmod cxl_acpi
	look 'cxl_acpi removed' brief
	once modprobe cxl_acpi
	sleep 0.5
	look 'cxl_acpi back' brief
	once rmmod cxl_mem
	look 'cxl_mem removed' brief
	# Says so where it is built in.
	once rmmod cxl_port
	look 'cxl_port removed' brief
	once modprobe cxl_port
	once modprobe cxl_mem
	look 'cxl_mem back' brief
	addr=$(basename "$(dirname "$(readlink -f "$CXL/$mem")")")
	once pci_unbind cxl_pci "$addr"
	look 'PCI device unbound' brief
	once pci_bind cxl_pci "$addr"
	look 'PCI device bound' brief
}

# made WINDOW MEMDEV...: a region by hand, with what the tool does to it
made() {
	once ram_region "$@"
	region=$(sed -n 1p /tmp/once)
	look "region of $*"
	once cxl disable-region "$region"
	once cxl enable-region "$region"
	look "$region disabled and enabled" brief
	once ram_region_gone "$region"
	look 'region taken apart' brief
}

memdevs() {
	(cd "$CXL" && echo mem*)
}

# system_ram REGION: its memory becomes System RAM, and is given back
system_ram() {
	dax=$(cd "$CXL/$1" && echo dax_region*/dax[0-9]*)
	dax=${dax##*/}
	once modprobe kmem
	wait_for 60 grep -q 'System RAM (kmem)' /proc/iomem
	look "$1 is System RAM"
	(cd "/sys/bus/dax/devices/$dax" && grep . target_node size align resource)
	once daxctl list -u -d "$dax"
	once daxctl offline-memory "$dax"
	look "$1 is offline" brief
	once daxctl reconfigure-device --mode=devdax "$dax"
	once rmmod kmem
	look "$1 is a dax device again" brief
}

# taken_apart REGION: firmware's
taken_apart() {
	once cxl disable-region "$1"
	once cxl destroy-region -f "$1"
	look "$1 destroyed"
}

case $scenario in
firmware)
	goings mem0
	;;
interleaved | switch | bridges)
	region=$(cd "$CXL" && echo region[0-9]*)
	system_ram "$region"
	taken_apart "$region"
	# shellcheck disable=SC2046 # a list
	[ "$scenario" = bridges ] || made decoder0.0 $(memdevs)
	;;
by-hand)
	made decoder0.0 mem0
	# shellcheck disable=SC2046 # a list
	made decoder0.0 $(memdevs)
	;;
two-bridges)
	# shellcheck disable=SC2046 # a list
	made decoder0.2 $(memdevs)
	host-monitor object_add memory-backend-ram,id=pmem2,size=256M
	host-monitor object_add memory-backend-ram,id=lsa2,size=1M
	host-monitor device_add cxl-type3,bus=rp1,persistent-memdev=pmem2,lsa=lsa2,id=dev2,sn=0xd2
	wait_for 60 test -e "$CXL/mem2/driver"
	look 'persistent memory added'
	once cxl read-labels mem2
	once cxl create-region -m -t pmem -d decoder0.0 -U $UUID mem2
	look 'region of persistent memory'
	once ndctl list -v -R -D
	once cxl destroy-region -f region0
	host-monitor object_add memory-backend-ram,id=pmem3,size=256M
	host-monitor object_add memory-backend-ram,id=lsa3,size=1M
	host-monitor device_add cxl-type3,bus=rp3,persistent-memdev=pmem3,lsa=lsa3,id=dev3,sn=0xd3
	wait_for 60 test -e "$CXL/mem3/driver"
	once cxl create-region -m -t pmem -w 2 -d decoder0.2 -U $OTHER_UUID mem2 mem3
	look 'interleaved region of persistent memory'
	once ndctl list -v -R -D
	once cxl destroy-region -f region2
	once cxl_unbind mem2
	look 'mem2 unbound' brief
	;;
esac

look 'the end'
for module in cxl_mem cxl_pci cxl_pmem cxl_acpi cxl_port; do
	once rmmod $module
done
look 'all removed'
