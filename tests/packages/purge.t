#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Nothing is left of cxl-accel-dkms when it is purged, and the stock modules are back. dkms and the other
# packages that it depends on were there before, and stay.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# Names of all files, sums of those that others write into. The key that dkms has made for this machine
# is not ours to remove.
manifest() {
	(
		cd "$SYSTEM" || exit
		find lib/modules/ var/lib/dkms/ etc usr/src ! -path 'var/lib/dkms/mok.*'
		find lib/modules/ -name 'modules.*' -type f -exec sha256sum {} +
		find etc -type f -exec sha256sum {} +
		in_system lsinitramfs "/boot/initrd.img-$kernel" | sed 's/^/initramfs: /'
	) | sort
}

new_system bookworm
kernel=$(kernels)
cp "$(deb "")" "$(vendor_deb)" "$SYSTEM/root/"
echo cxl_pci >>"$SYSTEM/etc/initramfs-tools/modules"
ok 'what it depends on' user \
	'apt-get install -y --no-install-recommends dkms binutils bpftool bzip2 gcc kmod lz4 make openssl xz-utils zstd'
ok 'an initramfs with CXL in it' user "update-initramfs -u -k $kernel"
manifest >"$TMP/before"

ok 'the packages can be installed' user \
	"apt-get install -y /root/cxl-accel-dkms_$(package_version)_all.deb /root/vendor-accel-dkms_1.0_all.deb"
manifest >"$TMP/installed"
like 'the initramfs has our cxl_mem' "$(cat "$TMP/installed")" '^initramfs: .*/updates/dkms/cxl_mem.ko'
ok 'they can be purged' user 'apt-get purge -y vendor-accel-dkms cxl-accel-dkms'
manifest >"$TMP/after"
ok 'nothing is left' diff "$TMP/before" "$TMP/after"
boot "$kernel" tests/packages/guest/stock.sh
done_testing
