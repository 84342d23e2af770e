#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Soft Reserved memory in a Debian 13 that has cxl-accel-dkms and the sample driver: udev loads all modules, from
# the root file system; then from the initramfs.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# All of it is there: kmem adds it, and a distribution may bring it online at once. Some of the machine's memory;
# that of the expander, where its window begins; and that of the accelerator.
RANGES=" memmap=128M%0x40000000+0xefffffff"
RANGES+=" memmap=256M%0x3b0000000+0xefffffff"
RANGES+=" memmap=256M%0x3d0000000+0xefffffff"
COMMITS='0xd1:hdm-h 0xd0:hdm-d/at=+0x20000000'
NEEDED="cxl_acpi cxl_pci cxl_mem cxl_port dax_hmem dax_cxl device_dax kmem cxl_accel_sample"

install_sample() {
	user "sudo /usr/src/cxl-accel/scripts/build-driver --out /root/sample $1 /usr/src/cxl-accel/src/sample" &&
		user "sudo install -D -m 644 -t /lib/modules/$1/extra /root/sample/cxl_accel_sample.ko" &&
		user "sudo depmod $1"
}

new_system trixie
kernel=$(kernels)
copy_debs "$(package_version)"
ok 'the package can be installed' user \
	"sudo apt-get install --no-install-recommends daxctl jq ./cxl-accel-*_$(package_version)_all.deb"
ok 'the sample driver can be installed' install_sample "$kernel"
boot --append "$RANGES" --commits "$COMMITS" "$kernel" tests/packages/guest/soft-reserve.sh
ok 'all modules can be put into the initramfs' user \
	"printf '%s\\n' $NEEDED | sudo tee -a /etc/initramfs-tools/modules && sudo update-initramfs -u -k $kernel"
boot --append "$RANGES" --commits "$COMMITS" "$kernel" tests/packages/guest/soft-reserve.sh initramfs
done_testing
