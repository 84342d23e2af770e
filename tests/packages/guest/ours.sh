# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# In a system that was booted with cxl-accel-dkms and the vendor's driver installed: nobody has loaded
# a module by hand.

# shellcheck source-path=SCRIPTDIR source=../../guest/tap.sh
. /guest/tap.sh

kernel=$(uname -r)
ours=$(echo "/lib/modules/$kernel/updates/dkms"/cxl_mem.ko*)
dev0=$(basename "$(dirname "$(grep -l 0xacce /sys/bus/pci/devices/*/vendor)")")

driver() {
	[ "$(basename "$(readlink "/sys/bus/pci/devices/$dev0/driver")")" = vendor_accel ]
}
loaded_before() {
	# The newest comes first.
	awk -v first="$1" -v second="$2" '
		$1 == second { seen = 1 }
		$1 == first && seen { good = 1 }
		END { exit !good }' /proc/modules
}

ok 'udev has loaded the driver by its modalias, and it is bound' wait_for 60 driver
is 'modprobe takes our cxl_mem' "$(modinfo -F filename cxl_mem)" "$ours"
is 'our cxl_mem is the one that is loaded' "$(cat /sys/module/cxl_mem/srcversion)" \
	"$(modinfo -F srcversion "$ours")"
like 'dkms says that it is installed' "$(dkms status)" "^cxl-accel/.*$(uname -r | tr + .), x86_64: installed"
ok 'cxl_acpi came before cxl_mem' loaded_before cxl_acpi cxl_mem
ok 'cxl_mem came before cxl_pci' loaded_before cxl_mem cxl_pci
ok 'cxl_mem came before the driver' loaded_before cxl_mem vendor_accel
is 'nobody had to wait for CXL' "$(dmesg | grep -c 'CXL attach')" 0
is 'cxl list has the accelerator and the expander' "$(cxl list -M | jq length)" 2
is 'cxl list has the region of the accelerator' "$(cxl list -R | jq -r '.[].decode_state' | tr -d '\n')" commit

cxl-accel status >/tmp/status 2>&1
is 'cxl-accel status is content' $? 0
sed 's/^/# /' /tmp/status
like 'it names the range' "$(cat /tmp/status)" \
	"^accelerator +$dev0 acce:0002: attached, driver vendor_accel, mem[0-9], endpoint[0-9]*, region[0-9] 0x[0-9a-f]*-0x[0-9a-f]*"
like "it says whose cxl_mem is loaded" "$(grep ^cxl_mem /tmp/status)" "^cxl_mem +loaded, cxl-accel .*/updates/dkms/cxl_mem.ko.*, signed by"
like 'it knows the expander' "$(cat /tmp/status)" '^expander +.*: ready, driver cxl_pci, mem'
is 'its JSON says the same' "$(cxl-accel status --json |
	jq -r '"\(.status) \(.devices[] | select(.kind == "accelerator").state)"')" '0 attached'

# The initramfs is asked only if it has to load CXL: then ours was there first.
if [ -e /etc/initramfs-tools/conf.d/cxl-accel-test ]; then
	like 'the initramfs holds our cxl_mem' "$(cat /tmp/status)" '^initramfs .* has the modules that are installed'
	before=$(dmesg | grep -n 'cxl_mem.*verification failed\|vendor_accel.*verification failed\|cxl_mem: loading out-of-tree' | head -n1 | cut -d: -f1)
	root=$(dmesg | grep -n 'EXT4-fs (vda): mounted' | head -n1 | cut -d: -f1)
	ok 'it was loaded before the root file system was there' test "${before:-999999}" -lt "${root:-0}"
fi
done_testing
