# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# soft-reserve.sh [initramfs]: in a system that was booted with cxl-accel-dkms and the sample driver installed:
# Soft Reserved memory has its owners, by what udev has loaded and nobody else; as the distribution has it,
# kmem takes it. "initramfs" has all the modules. There are three ranges: in no window; that of an expander's
# region; and that of an accelerator.

# shellcheck source-path=SCRIPTDIR source=../../guest/tap.sh
. /guest/tap.sh

where=${1:-root}
MEMORY=/sys/devices/system/memory
RAM=/tmp/ram

status() {
	cxl-accel status 2>&1 | sed -n 's/^soft-reserved *0x[0-9a-f]*-0x[0-9a-f]*: //p' | sed 's/dax[0-9]*\.[0-9]*/dax/'
}
settled() {
	[ "$(status)" = "$wanted" ]
}
# states START SIZE: of the memory blocks there, once each
states() {
	block=$((0x$(cat $MEMORY/block_size_bytes)))
	seq $(($1 / block)) $((($1 + $2 - 1) / block)) | while read -r n; do
		cat "$MEMORY/memory$n/state"
	done | sort -u | paste -sd ' '
}
states_of() {
	states "$(cat "/sys/bus/dax/devices/$1/resource")" "$(cat "/sys/bus/dax/devices/$1/size")"
}
# When the module was loaded, in seconds of the kernel's; it says so at the first thing it does.
first_line() {
	dmesg | grep -n "$1" | head -n 1 | cut -d: -f1
}

dev0=$(basename "$(dirname "$(grep -l 0xacce /sys/bus/pci/devices/*/vendor)")")
wanted="dax (dax_hmem, kmem): it is in no CXL window
dax (dax_cxl, kmem): a CXL region has it
accelerator $dev0: an accelerator decodes it"
wait_for 60 settled
is 'each range has its owner, and why' "$(status)" "$wanted"
cxl-accel status | sed 's/^/# /'
for module in dax_hmem dax_cxl; do
	like "modprobe takes our $module" "$(modinfo -F filename $module)" '/updates/dkms/'
	is "our $module is the one that is loaded" "$(cat /sys/module/$module/srcversion)" "$(modinfo -F srcversion $module)"
done

policy=$(cat $MEMORY/auto_online_blocks)
diag "the distribution's policy: $policy"
# However it is online, its state is that.
policy=${policy%_*}
for dax in /sys/bus/dax/devices/*; do
	dax=${dax##*/}
	is "$dax: its memory is as the policy has it" "$(states_of "$dax")" "$policy"
	is "$dax: so daxctl says" "$(daxctl list -d "$dax" | jq -r '.[0].mode')" system-ram
done

dax=$(for dax in /sys/bus/dax/devices/*; do
	case $(readlink -f "$dax") in
	*/dax_region*) basename "$dax" ;;
	esac
done)
[ "$policy" = online ] || daxctl online-memory "$dax" >/dev/null 2>&1
is "the expander's memory is online, or can be brought there" "$(states_of "$dax")" online
mkdir $RAM
mount -t tmpfs -o "mpol=bind:$(cat "/sys/bus/dax/devices/$dax/target_node")" tmpfs $RAM
dd if=/dev/urandom of=$RAM/file bs=1M count=32 2>/dev/null
sum=$(md5sum <$RAM/file)
echo 3 >/proc/sys/vm/drop_caches
is "the expander's memory holds what was written" "$(md5sum <$RAM/file)" "$sum"
nok 'dax_cxl cannot be removed meanwhile' modprobe -r dax_cxl
is 'nobody has lost anything' "$(status)" "$wanted"

ours=$(first_line 'loading out-of-tree module taints\|module verification failed')
root=$(first_line 'EXT4-fs (vda): mounted')
if [ "$where" = initramfs ]; then
	ok 'the modules were loaded from the initramfs' test "${ours:-999999}" -lt "${root:-0}"
else
	ok 'the modules were loaded from the root file system' test "${ours:-0}" -gt "${root:-999999}"
fi
done_testing
