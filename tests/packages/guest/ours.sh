# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# ours.sh DRIVER [initramfs]: in a system that was booted with cxl-accel-dkms and the accelerator's
# driver installed: nobody has loaded a module by hand. "initramfs" has all of them.

# shellcheck source-path=SCRIPTDIR source=../../guest/tap.sh
. /guest/tap.sh

want=$1
where=${2:-root}
kernel=$(uname -r)
ours=$(echo "/lib/modules/$kernel/updates/dkms"/cxl_mem.ko*)
dev0=$(basename "$(dirname "$(grep -l 0xacce /sys/bus/pci/devices/*/vendor)")")

driver() {
	[ "$(basename "$(readlink "/sys/bus/pci/devices/$dev0/driver")")" = "$want" ]
}
loaded_before() {
	# The newest comes first.
	awk -v first="$1" -v second="$2" '
		$1 == second { seen = 1 }
		$1 == first && seen { good = 1 }
		END { exit !good }' /proc/modules
}
expander() {
	[ "$(cxl list -M | jq length)" = 2 ]
}
loaded() {
	is "our $1 is the one that is loaded" "$(cat "/sys/module/$1/srcversion")" "$(modinfo -F srcversion "$2")"
}

ok "udev has loaded $want by its modalias, and it is bound" wait_for 60 driver
is 'modprobe takes our cxl_mem' "$(modinfo -F filename cxl_mem)" "$ours"
loaded cxl_mem "$ours"
is 'it is out-of-tree, and signed by a key that the kernel does not know' "$(cat /sys/module/cxl_mem/taint)" OE
like 'dkms says that it is installed' "$(dkms status 2>/dev/null)" \
	"^cxl-accel/[0-9.]*, $(uname -r | tr + .), x86_64: installed"
ok 'cxl_acpi came before cxl_mem' loaded_before cxl_acpi cxl_mem
ok 'cxl_mem came before cxl_pci' loaded_before cxl_mem cxl_pci
ok "cxl_mem came before $want" loaded_before cxl_mem "$want"
is 'nobody had to wait for CXL' "$(dmesg | grep -c 'CXL attach')" 0
ok 'cxl list has the accelerator and the expander' wait_for 60 expander
is 'cxl list has the region of the accelerator' "$(cxl list -R | jq -r '.[].decode_state' | tr -d '\n')" commit

# What the README says comes next.
runuser -u user -- sh -c "$(cat /guest/typed)" >/tmp/status 2>&1
is "$(cat /guest/typed): content" $? 0
sed 's/^/# /' /tmp/status
like "cxl-accel status names the accelerator's range" "$(cat /tmp/status)" \
	"^accelerator +$dev0 acce:0002: attached, driver $want, mem[0-9], endpoint[0-9]*, region[0-9] 0x[0-9a-f]*-0x[0-9a-f]*"
like "cxl-accel status says whose cxl_mem is loaded" "$(grep ^cxl_mem /tmp/status)" "^cxl_mem +loaded, cxl-accel .*/updates/dkms/cxl_mem.ko.*, signed by"
like 'cxl-accel status knows the expander' "$(cat /tmp/status)" '^expander +.*: ready, driver cxl_pci, mem'
is 'cxl-accel status --json has the accelerator attached' "$(cxl-accel status --json |
	jq -r '"\(.status) \(.devices[] | select(.kind == "accelerator").state)"')" '0 attached'

mem=$(dmesg | grep -n 'cxl_mem: loading out-of-tree\|cxl_mem: module verification failed' | head -n1 | cut -d: -f1)
root=$(dmesg | grep -n 'EXT4-fs (vda): mounted' | head -n1 | cut -d: -f1)
if [ "$where" = initramfs ]; then
	like 'the initramfs was made after the modules were installed' "$(cat /tmp/status)" '^initramfs .* was made after'
	like 'the initramfs holds our cxl_mem' "$(cxl-accel status --initramfs 2>&1)" \
		'^initramfs .* has the modules that are installed'
	like 'the initramfs holds our cxl_mem: that is kept' "$(cxl-accel status 2>&1)" \
		'^initramfs .* has the modules that are installed'
	ok 'cxl_mem was loaded from the initramfs' test "${mem:-999999}" -lt "${root:-0}"
else
	ok 'cxl_mem was loaded from the root file system' test "${mem:-0}" -gt "${root:-999999}"
fi
done_testing
