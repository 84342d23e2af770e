# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# debian_test SUITE: cxl-accel-dkms in a user's Debian: installation, a boot, the vendor's package,
# a kernel upgrade, a boot from the new kernel's initramfs, an upgrade and a downgrade of
# the package. Source it after lib.sh.

installed() {
	in_system dkms status "$1" -k "$2" 2>/dev/null | grep -q ': installed'
}

vermagic_is() {
	[ "$(in_system modinfo -k "$1" -F vermagic "$2" | cut -d' ' -f1)" = "$1" ]
}

debian_test() {
	local suite=$1 old new version

	new_system "$suite"
	old=$(kernels)
	version=$(package_version)
	cp "$(deb "")" "$(vendor_deb)" "$SYSTEM/root/"

	ok 'the package can be installed' user "apt-get install -y /root/cxl-accel-dkms_${version}_all.deb"
	ok "dkms has installed it for $old" installed cxl-accel "$old"
	like 'modprobe would take ours' "$(in_system modinfo -k "$old" -F filename cxl_mem)" \
		"^/lib/modules/.*/updates/dkms/cxl_mem.ko"
	ok 'it was built for that kernel' vermagic_is "$old" cxl_mem
	ok "cxl-accel check says so" user "cxl-accel check $old"
	ok "the vendor's package can be installed" user "apt-get install -y /root/vendor-accel-dkms_1.0_all.deb"
	ok "its module was built" installed vendor-accel "$old"
	boot "$old" tests/packages/guest/ours.sh

	boot --append " module.sig_enforce=1" "$old" tests/packages/guest/refused.sh

	ok 'the kernel can be upgraded' user \
		"apt-get install -y linux-image-6.12-amd64 linux-headers-6.12-amd64 || apt-get install -y linux-image-amd64 linux-headers-amd64"
	new=$(kernels | tail -n 1)
	nok 'it is another kernel' test "$old" = "$new"
	ok "dkms has installed it for $new" installed cxl-accel "$new"
	ok "the vendor's module, too" installed vendor-accel "$new"
	ok 'it was built for that kernel' vermagic_is "$new" cxl_mem
	echo vendor_accel >>"$SYSTEM/etc/initramfs-tools/modules"
	: >"$SYSTEM/etc/initramfs-tools/conf.d/cxl-accel-test"
	ok 'an initramfs with the driver in it can be made' user "update-initramfs -u -k $new"
	boot "$new" tests/packages/guest/ours.sh

	cp "$(deb "$version.1")" "$SYSTEM/root/"
	SHOW=30 ok 'the package can be upgraded' user "apt-get install -y /root/cxl-accel-dkms_$version.1_all.deb"
	ok "dkms has the new version" installed "cxl-accel/$version.1" "$new"
	like "the vendor's module was built again" "$(cat "$TMP/output")" 'vendor-accel/1.0 was built against an earlier version'
	ok "and is installed" installed vendor-accel "$new"
	ok 'the initramfs has the new cxl_mem' initramfs_has_ours "$new"
	ok 'the package can be downgraded' user \
		"apt-get install -y --allow-downgrades /root/cxl-accel-dkms_${version}_all.deb"
	ok "dkms has the old version" installed "cxl-accel/$version" "$new"
	nok "and only that" installed "cxl-accel/$version.1" "$new"

}

initramfs_has_ours() {
	rm -rf "$SYSTEM/tmp/initramfs"
	in_system unmkinitramfs "/boot/initrd.img-$1" /tmp/initramfs
	[ "$(modinfo_of "$(find "$SYSTEM/tmp/initramfs" -name 'cxl_mem.ko*')")" = \
		"$(modinfo_of "$(ls "$SYSTEM/lib/modules/$1/updates/dkms"/cxl_mem.ko*)")" ]
}

modinfo_of() {
	in_system modinfo -F srcversion "${1#"$SYSTEM"}"
}
