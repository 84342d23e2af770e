#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# cxl-accel status of a kernel that is not running: may the machine be rebooted into it, which one would the boot
# loader take, and does its initramfs have what is installed? No guest; tests/packages has real systems.

set -eu
# What is installed of the kernel, /boot and /run are this test's own.
# shellcheck source-path=SCRIPTDIR source=own-system.sh
. "$(dirname "$0")/own-system.sh" /lib/modules
mount -t tmpfs run /run
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# status [OPTION]...: what it says is in $said, its exit status in $rc
status() {
	rc=0
	said=$(scripts/cxl-accel status "$@" 2>&1) || rc=$?
}
of_kernel() {
	status --kernel "$KERNEL" "$@"
}
says() {
	like "$1" "$said" "$2"
}
# ends WHAT STATUS [SENTENCE]: so it has ended, and with nothing but that to say
ends() {
	is "$1: exit status $2" "$rc" "$2"
	[ $# = 2 ] || like "$1: one sentence" "$(echo "$said" | wc -l) $said" "^1 cxl-accel: $3\$"
}
next_is() {
	status --next --json
	is "$1" "$(jq -r .kernel <<<"$said" 2>&1)" "$KERNEL"
}
# initramfs_is WHAT STATE [OPTION]: that is what the JSON has
initramfs_is() {
	of_kernel --json "${@:3}"
	is "$1" "$(jq -r '.initramfs.state' <<<"$said" 2>&1)" "$2"
}
# Of its JSON nothing but what the schema has.
valid() {
	is "$1: its JSON is as the schema says" "$(jq -r --slurpfile schema \
		scripts/cxl-accel.d/status.schema.json -f tests/guest/schema.jq <<<"$said" 2>&1)" ''
}

# install_ours: as dkms does it
install_ours() {
	mkdir -p "/lib/modules/$KERNEL/updates/dkms"
	cp "build/$KERNEL/"{cxl,dax}_*.ko "/lib/modules/$KERNEL/updates/dkms/"
	rm "/lib/modules/$KERNEL/updates/dkms/cxl_accel_sample.ko"
	depmod "$KERNEL"
}

# make_initramfs FILE...: of these modules
make_initramfs() {
	rm -rf "$TMP/image"
	mkdir -p "$TMP/image/lib/modules/$KERNEL"
	[ $# = 0 ] || cp "$@" "$TMP/image/lib/modules/$KERNEL/"
	(cd "$TMP/image" && find . | cpio -o -H newc --quiet | gzip -1) >"/boot/initrd.img-$KERNEL"
}

# ---- may the machine be rebooted into it ----

of_kernel
ends 'a kernel without our modules' 3
says 'a kernel without our modules: what to type' "^  fix +dkms install cxl-accel/[0-9.]+ -k ${KERNEL//+/.}\$"
says 'a kernel without our modules: better not' "^reboot +into ${KERNEL//+/.}: not yet, see the errors above\$"
stock=$(modinfo -k "$KERNEL" -F filename cxl_mem)
install_ours
ours=/lib/modules/$KERNEL/updates/dkms/cxl_mem.ko
of_kernel
ends 'a kernel with our modules' 0
says 'a kernel with our modules: nothing is in the way' "^reboot +into ${KERNEL//+/.}: nothing is in the way\$"
of_kernel --json
valid 'a kernel that is not running'
is 'a kernel that is not running: devices are not its' "$(jq .devices <<<"$said" 2>&1)" null
status --kernel 6.99.0-none
ends 'a kernel that is not installed' 1 \
	'kernel 6.99.0-none is not installed: no /lib/modules/6.99.0-none/modules.dep'
status --kernel
ends '--kernel without a release' 2 '--kernel wants the release of a kernel .*'
status --kernel ../etc
ends '--kernel of what is no release' 2 "not a kernel release: '../etc' .*"
mkdir "$TMP/no-jq"
for tool in bash dirname mktemp readlink rm sed uname; do
	ln -s "$(command -v $tool)" "$TMP/no-jq/"
done
rc=0
said=$(PATH=$TMP/no-jq scripts/cxl-accel status --json 2>&1) || rc=$?
ends '--json without jq' 1 '--json needs jq, which is not installed: install the package jq'

# ---- which one would the boot loader take ----

entry() {
	cat <<-ENTRY
		menuentry '$1' --class gnu-linux \$menuentry_id_option '$2' {
			if [ x\$grub_platform = xxen ]; then insmod xzio; fi
			linux	/vmlinuz-$3 root=UUID=1 ro quiet
			initrd	/initrd.img-$3
		}
	ENTRY
}
# grub DEFAULT: as grub-mkconfig writes it
grub() {
	mkdir -p /boot/grub
	{
		cat <<-HEAD
			if [ -s \$prefix/grubenv ]; then
			  load_env
			fi
			if [ "\${next_entry}" ] ; then
			   set default="\${next_entry}"
			   set next_entry=
			else
			   set default="$1"
			fi
			function load_video {
			  insmod all_video
			}
		HEAD
		entry "It's new" simple-1 6.99.0-none | sed "s/It's/It'\\\\\\\\''s/"
		echo "submenu 'Advanced options' \$menuentry_id_option 'advanced-1' {"
		entry 'with Linux 6.99' 6.99-advanced-1 6.99.0-none | sed 's/^/	/'
		entry "with Linux $KERNEL" "$KERNEL-advanced-1" "$KERNEL" | sed 's/^/	/'
		echo '}'
		entry 'Another one' other-1 "$KERNEL"
	} >/boot/grub/grub.cfg
}
# grubenv LINE...
grubenv() {
	printf '%s\n' '# GRUB Environment Block' "$@" >/boot/grub/grubenv
}

cannot='cannot tell which kernel the boot loader would take'
status --next
ends 'no boot loader that is known' 1 "$cannot: neither .*: say --kernel KVER"
grub 0
status --next
ends 'GRUB takes a kernel that is not installed' 1 \
	"$cannot, /vmlinuz-6.99.0-none is none that is installed: say --kernel KVER"
for default in 2 other-1 'Another one' '1>1' "advanced-1>$KERNEL-advanced-1" \
	"Advanced options>with Linux $KERNEL"; do
	grub "$default"
	next_is "GRUB's default is '${default//$KERNEL/KVER}'"
done
grub '1>0'
status --next
ends "GRUB's default is '1>0', which is not installed" 1
# shellcheck disable=SC2016 # GRUB's
grub '${saved_entry}'
grubenv 'saved_entry=other-1'
next_is "GRUB's default is the saved one"
grubenv 'saved_entry=0' 'next_entry=1>1'
next_is 'GRUB has been told what to take once'
ends 'status --next, as status --kernel' 0

# What tells takes precedence.
mkdir "$TMP/bin"
PATH=$TMP/bin:$PATH
grub 0
rm /boot/grub/grubenv
printf '#!/bin/sh\necho /boot/vmlinuz-%s\n' "$KERNEL" >"$TMP/bin/grubby"
chmod 755 "$TMP/bin/grubby"
next_is 'grubby is asked'
rm "$TMP/bin/grubby"
cat >"$TMP/bin/bootctl" <<-BOOTCTL
	#!/bin/sh
	echo '[{"id": "a", "isDefault": false, "linux": "/a/6.99.0-none/linux"},
		{"id": "b", "isDefault": true, "linux": "/token/$KERNEL/linux"}]'
BOOTCTL
chmod 755 "$TMP/bin/bootctl"
next_is 'bootctl is asked'
rm "$TMP/bin/bootctl"

# ---- its initramfs ----

initramfs_is 'no initramfs' none
make_initramfs "$stock"
touch -d 2026-01-01 "/boot/initrd.img-$KERNEL"
initramfs_is 'an initramfs older than the modules, not looked into' older
ends 'an initramfs older than the modules' 5
is 'an initramfs older than the modules: what to type' "$(jq -r '.problems[].fix' <<<"$said")" \
	"update-initramfs -u -k $KERNEL"
touch -d 2099-01-01 "/boot/initrd.img-$KERNEL"
initramfs_is 'an initramfs newer than the modules, not looked into' newer
ends 'an initramfs newer than the modules' 0
initramfs_is 'the stock module in the initramfs, looked into' stale --initramfs
initramfs_is 'what was found is kept' stale
valid 'a stale initramfs'
of_kernel
ends 'a stale initramfs' 5
says 'a stale initramfs: what is in it' \
	"^error +/boot/initrd.img-${KERNEL//+/.}: has another cxl_mem \(stock\)\$"
make_initramfs "$ours"
touch -d 2099-01-01 "/boot/initrd.img-$KERNEL"
initramfs_is 'made again: what was kept is of another image' newer
initramfs_is 'our module in the initramfs' current --initramfs
touch "$ours"
initramfs_is 'installed again: what was kept is of other modules' newer
make_initramfs
initramfs_is 'no module in the initramfs' empty --initramfs
done_testing
