# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# next-kernel.sh kexec|reboot: dev0 is attached, and another kernel is booted. That finds what platform firmware
# has committed, or commits again, and attaches dev0 to the memory that it had.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

how=$1
dev0=$(pci_address dev0)
pattern=0x5EED000000000001

attach() {
	load_hierarchy
	modprobe -a cxl_mem "$OURS"
	ok "$how: a driver loads" insmod /modules/user_accel.ko
	ok "$how: dev0 is attached" attached dev0
	hpa0=$(hpa dev0)
}

# All that is in this initramfs is in the next one's.
next_by_kexec() {
	(cd / && find . -xdev | cpio -o -H newc) >/tmp/initrd 2>/dev/null
	kexec /boot/vmlinuz /tmp/initrd "$(cat /proc/cmdline) vm.kexec"
}
next_by_reboot() {
	reboot -f
	sleep 60
}

# The memory is all that the first kernel leaves to the second: that there was one, and how many checks.
attach
first=$((tap_count + 1))
if [ "$(peek "$hpa0")" != $pattern ]; then
	poke "$hpa0" $pattern
	poke $((hpa0 + 8)) $first
	poke $((hpa0 + 16)) "$hpa0"
	pass "$how: memory is written to"
	"next_by_$how"
	fail "$how: there is another kernel"
	done_testing
	exit
fi

tap_count=$((tap_count + $(peek $((hpa0 + 8)))))
is "$how, next kernel: the memory is where it was" "$(($(peek $((hpa0 + 16)))))" "$((hpa0))"
ok "$how, next kernel: it decodes" decodes "$hpa0"
is "$how, next kernel: the range is reserved" "$(grep -c "cxl_accel.$dev0" /proc/iomem)" 1
if [ "$how" = kexec ]; then
	like 'kexec, next kernel: it is the one that was loaded' "$(cat /proc/cmdline)" ' vm\.kexec'
else
	unlike 'reboot, next kernel: it is none of kexec' "$(cat /proc/cmdline)" ' vm\.kexec'
fi
ok 'the driver unloads' rmmod user_accel
ok "$OURS unloads" rmmod "$OURS"

done_testing
