#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each name that a distribution gives an initramfs: dkms has it refreshed, with the tool that is there,
# and cxl-accel status finds the same. No guest; tests/packages has real ones.

set -eu
# shellcheck source-path=SCRIPTDIR source=../scripts/env/lib.sh
. "$(dirname "$0")/../scripts/env/lib.sh"
if [ "$(current_root)" != bookworm ]; then
	exec "$TREE/scripts/env/in-root" bookworm -- "$0"
fi
# /boot and /etc/machine-id are this test's own.
if [ -z "${CXL_TEST_BOOT:-}" ]; then
	CXL_TEST_BOOT=1 exec unshare --mount --propagation private "$0"
fi
mount -t tmpfs boot /boot
mount -t tmpfs upper /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc
id=0123456789abcdef0123456789abcdef
echo $id >/etc/machine-id
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# Tools that say how they were called. The real ones are in sbin.
PATH=/usr/bin:/bin
mkdir -p "$TMP/bin" "$TMP/debian" "$TMP/dracut"
for tool in bin/depmod debian/update-initramfs dracut/dracut; do
	cat >"$TMP/$tool" <<-TOOL
		#!/bin/sh
		echo "\${0##*/} \$*" >>"$TMP/called"
	TOOL
	chmod 755 "$TMP/$tool"
done

# refreshed TOOL: what was called when dkms has changed the modules
refreshed() {
	: >"$TMP/called"
	PATH=$TMP/bin:$TMP/$1:$PATH scripts/dkms/refresh "$KERNEL" 2>"$TMP/messages"
	paste -sd, "$TMP/called"
}

is 'no initramfs: none is made' "$(refreshed debian)" ''
for image in "initrd.img-$KERNEL" "initramfs-$KERNEL.img" "initrd-$KERNEL" "$id/$KERNEL/initrd"; do
	mkdir -p "/boot/$(dirname "$image")"
	: >"/boot/$image"
	is "$image: refreshed by dracut" "$(refreshed dracut)" "depmod $KERNEL,dracut --force  $KERNEL"
	is "$image: refreshed by initramfs-tools" "$(refreshed debian)" \
		"depmod $KERNEL,update-initramfs -u -k $KERNEL"
	# shellcheck disable=SC2016 # the inner shell's
	is "$image: status looks into the same" \
		"$(bash -c '. scripts/initramfs.sh && initramfs_images "$1"' bash "$KERNEL")" "/boot/$image"
	rm "/boot/$image"
done

: >"/boot/initrd.img-$KERNEL"
is 'without a tool nothing is called' "$(refreshed none)" ''
like 'without a tool the user is told to refresh the initramfs' "$(cat "$TMP/messages")" 'refresh the initramfs of [^ ]* yourself'
done_testing
