# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Expanders, whose region platform firmware has committed. As long as it is System RAM nothing
# that it is made of can be removed, and nothing happens to it by trying.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

modprobe -a cxl_acpi cxl_pci cxl_mem device_dax dax_cxl
ok 'the region of the expander has a dax device' wait_for 30 test -e /sys/bus/dax/devices/dax0.0
before=$(cat /sys/module/cxl_mem/refcnt)
# Into the zone of memory that can be moved away again, whoever brings it online.
echo online_movable >/sys/devices/system/memory/auto_online_blocks
modprobe kmem
online() {
	daxctl list -d dax0.0 | jq -e '.[0].mode == "system-ram" and .[0].online_memblocks == .[0].total_memblocks'
}
ok 'the dax device becomes System RAM' wait_for 60 online
like 'System RAM of the dax device is in the iomem tree' "$(cat /proc/iomem)" '^ +[0-9a-f-]* : System RAM \(kmem\)'
total=$(awk '/MemTotal/ { print $2 }' /proc/meminfo)
list=$(cxl list -vvvv)

refused() {
	nok "$1 is not removed" rmmod "$1"
	like "$1: it is said why" "$(rmmod "$1" 2>&1)" 'in use|builtin'
}
refused cxl_mem
refused cxl_port
refused cxl_core
ok 'the memory in use is still System RAM' online
is 'nothing has happened to the region' "$(cxl list -vvvv)" "$list"
is 'MemTotal is what it was' "$(awk '/MemTotal/ { print $2 }' /proc/meminfo)" "$total"

ok 'the memory of the dax device is taken offline' daxctl offline-memory dax0.0
is 'the module is as free as before' "$(cat /sys/module/cxl_mem/refcnt)" "$before"
ok 'the memory of the dax device is online again' daxctl online-memory dax0.0
nok 'cxl_mem is not removed again' rmmod cxl_mem
ok 'System RAM becomes a dax device again' daxctl reconfigure-device -m devdax -f dax0.0
ok 'cxl_mem is removed' rmmod cxl_mem
! port_is_module || ok 'cxl_port is removed' rmmod cxl_port

done_testing
