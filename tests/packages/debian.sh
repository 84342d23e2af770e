# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# debian_test SUITE OTHER: what the README tells a user of Debian SUITE (as in "Debian 12") to install,
# typed word for word. OTHER is the other one, whose commands are left out. Between the lines: the
# vendor's package, installed before ours and after ours; an upgrade and a downgrade of the package; the
# sample driver in the initramfs. Source it after lib.sh.
#
# "sudo reboot" is the end of what is typed before a boot; what follows it is typed in the booted
# system. All else is typed in the system while it is a directory: a guest would take ten times as long.

VENDOR=vendor-accel-dkms_1.0_all.deb

vermagic_is() {
	[ "$(in_system modinfo -k "$1" -F vermagic "$2" | cut -d' ' -f1)" = "$1" ]
}

# The file of a module is the one that modprobe would take, it is for that kernel, and the initramfs of
# that kernel, if it has the module, has the same.
ready() {
	local module=$1 kernel=$2

	like "$kernel: modprobe would take our $module" "$(in_system modinfo -k "$kernel" -F filename "$module")" \
		"^/lib/modules/.*/updates/dkms/$module.ko"
	ok "$kernel: $module was built for that kernel" vermagic_is "$kernel" "$module"
}

version_is() {
	is "$1: cxl_mem is version $2" "$(in_system modinfo -k "$1" -F version cxl_mem)" "$2"
	ok "$1: so dkms says" installed "cxl-accel/$2" "$1"
}

# Names of all files, and sums of those in /etc: what is there before cxl-accel is, and after it. Links of
# alternatives come with packages that stay, and what is to be in the initramfs is the user's.
manifest() {
	(
		cd "$SYSTEM" || exit
		find lib/modules/ var/lib/dkms/ etc usr/src ! -path "etc/alternatives/*" 2>/dev/null || true
		find etc -type f ! -name ld.so.cache ! -path etc/initramfs-tools/modules -exec sha256sum {} +
	) | sort
}

# Directories and files of the packages that the system has; the newer kernel came meanwhile. What
# depmod writes is compared by itself, and the key that dkms made is the machine's.
owned() {
	cat "$SYSTEM"/var/lib/dpkg/info/*.list | sed 's,^/usr/lib/modules,/lib/modules,; s,^/,,'
	(cd "$SYSTEM" && printf '%s\n' lib/modules/*/modules.* lib/modules/*/build lib/modules/*/source)
	printf '%s\n' var/lib/dkms/ var/lib/dkms/mok.key var/lib/dkms/mok.pub
}

# Of /etc, where modules and their packages have files. What else the packages leave that dkms depends on
# and recommends, is theirs.
PLACES="^(lib|usr|var)/|^etc/(default|depmod.d|dkms|initramfs-tools|kernel|mod[^/]*|systemd/system|udev)(/|$)|^etc/.*(cxl|accel|dkms)"

left_over() {
	manifest | comm -13 "$TMP/before" - | grep -E "$PLACES" | grep -vxF -f <(owned) || true
}

gone() {
	manifest | comm -23 "$TMP/before" - || true
}

# What depmod would write now.
depmod_is_current() {
	in_system depmod -n "$1" | grep -E "^[^ ]+\.ko[^ ]*:" | diff "$SYSTEM/lib/modules/$1/modules.dep" -
}

nothing_is_left() {
	local kernel module

	is 'nothing is left in /lib/modules, /var/lib/dkms, /etc, /usr/src' "$(left_over)" ''
	is 'no file of the system is missing or has changed' "$(gone)" ''
	for kernel in $(kernels); do
		ok "$kernel: modules.dep is that of the kernel" depmod_is_current "$kernel"
		for module in cxl/cxl_mem dax/hmem/dax_hmem dax/dax_cxl; do
			like "$kernel: modprobe takes the stock ${module##*/}" \
				"$(in_system modinfo -k "$kernel" -F filename "${module##*/}")" \
				"/kernel/drivers/$module.ko"
		done
		unlike "$kernel: the initramfs has nothing of it" "$(in_system lsinitramfs "/boot/initrd.img-$kernel")" \
			'updates/|extra/|cxl-accel|vendor_accel|cxl_accel'
	done
	like 'the initramfs has the stock module' "$(in_system lsinitramfs "/boot/initrd.img-$kernel")" \
		'/kernel/drivers/cxl/cxl_mem.ko'
}

# As the README tells to build a driver by hand; it is in the initramfs, and with it all of CXL.
install_sample() {
	local extra=/lib/modules/$1/extra

	user "sudo /usr/src/cxl-accel/scripts/build-driver --out /root/sample $1 /usr/src/cxl-accel/src/sample" &&
		user "sudo install -D -m 644 -t $extra /root/sample/cxl_accel_sample.ko" &&
		user "sudo depmod $1" &&
		user 'printf "%s\n" cxl_pci cxl_mem cxl_accel_sample | sudo tee -a /etc/initramfs-tools/modules' &&
		user "sudo update-initramfs -u -k $1"
}

remove_sample() {
	user "sudo rm -r /lib/modules/$1/extra /root/sample" &&
		user "sudo depmod $1" &&
		user "sudo sed -i /cxl_accel_sample/d /etc/initramfs-tools/modules" &&
		user "sudo update-initramfs -u -k $1"
}

initramfs_has_ours() {
	rm -rf "$SYSTEM/tmp/initramfs"
	in_system unmkinitramfs "/boot/initrd.img-$1" /tmp/initramfs
	[ "$(srcversion "$(find "$SYSTEM/tmp/initramfs" -name 'cxl_mem.ko*')")" = \
		"$(srcversion "$(ls "$SYSTEM/lib/modules/$1/updates/dkms"/cxl_mem.ko*)")" ]
}

srcversion() {
	in_system modinfo -F srcversion "${1#"$SYSTEM"}"
}

# What cxl-accel(8) has in place of a downgrade, and in an emergency.
stock_and_back() {
	local kernel=$1 version=$2

	ok "$kernel: dkms uninstall" user "sudo dkms uninstall cxl-accel/$version -k $kernel"
	like "$kernel: dkms uninstall: modprobe takes the stock cxl_mem" "$(in_system modinfo -k "$kernel" -F filename cxl_mem)" \
		'/kernel/drivers/cxl/cxl_mem.ko'
	unlike "$kernel: dkms uninstall: the initramfs has nothing of it" \
		"$(in_system lsinitramfs "/boot/initrd.img-$kernel")" 'updates/.*/cxl_mem'
	ok "$kernel: dkms install" user "sudo dkms install cxl-accel/$version -k $kernel"
	ready cxl_mem "$kernel"
	ok "$kernel: dkms install: our cxl_mem is in the initramfs" initramfs_has_ours "$kernel"
}

vendor_is_installed() {
	ok "$1: the vendor's module is installed" installed vendor-accel "$1"
	ok "$1: it was built for that kernel" vermagic_is "$1" vendor_accel
}

debian_test() {
	local suite=$1 other=$2 old new version

	version=$(package_version)
	new_system "$suite"
	old=$(kernels)
	cp "$(vendor_deb)" "$SYSTEM/home/user/cxl-accel/"
	copy_debs "$version.1"
	manifest >"$TMP/before"
	readme Install "# $other" 'rpm|dnf'

	ok "the vendor's package can be installed without cxl-accel" user "sudo apt-get install --no-install-recommends ./$VENDOR"
	like "the vendor's package without cxl-accel is skipped by dkms" "$(cat "$TMP/output")" "dkms-driver.conf: No such file or directory|AUTOINSTALL"
	nok "the vendor's module was not built without cxl-accel" installed vendor-accel "$old"
	types 'the package can be built' '^sudo make deb'
	types 'the package can be installed' '^sudo apt-get install ./build/packages/'
	version_is "$old" "$version"
	ready cxl_mem "$old"
	ready dax_hmem "$old"
	ready dax_cxl "$old"
	ok "cxl-accel check says so" user "sudo cxl-accel check $old"
	vendor_is_installed "$old"
	ok 'reboot' typed '^sudo reboot$'
	ok 'what to type then' typed '^sudo cxl-accel status$'
	boot --types "$LINE" "$old" tests/packages/guest/ours.sh vendor_accel

	ok "the vendor's package can be removed" user 'sudo apt-get purge vendor-accel-dkms'
	nok "the vendor's package removed: its module is gone" installed vendor-accel "$old"
	ok "the vendor's package can be installed with cxl-accel there" user "sudo apt-get install ./$VENDOR"
	vendor_is_installed "$old"

	types 'the kernel can be upgraded' '^sudo apt-get install linux-image-.* linux-headers-'
	new=$(kernels | tail -n 1)
	nok 'the upgrade has brought another kernel' test "$old" = "$new"
	version_is "$new" "$version"
	ready cxl_mem "$new"
	ready dax_hmem "$new"
	ready dax_cxl "$new"
	vendor_is_installed "$new"
	version_is "$old" "$version"

	ok 'the package can be upgraded' user "sudo apt-get install ./cxl-accel-*_$version.1_all.deb"
	for kernel in "$old" "$new"; do
		like "$kernel: the vendor's module was built again" "$(cat "$TMP/output")" \
			"vendor-accel/1.0 was built against an earlier version: building it again for ${kernel//+/.}"
		version_is "$kernel" "$version.1"
		vendor_is_installed "$kernel"
	done
	ok 'the package can be downgraded' user \
		"sudo apt-get install --allow-downgrades ./build/packages/cxl-accel-*_${version}_all.deb"
	for kernel in "$old" "$new"; do
		version_is "$kernel" "$version"
		nok "$kernel: and only that" installed "cxl-accel/$version.1" "$kernel"
		vendor_is_installed "$kernel"
	done

	ok "the vendor's package can be removed" user 'sudo apt-get purge vendor-accel-dkms'
	ok 'the sample driver can be installed, and put into the initramfs' install_sample "$new"
	ok 'our cxl_mem is in there' initramfs_has_ours "$new"
	stock_and_back "$new" "$version"
	boot --types "sudo cxl-accel status" "$new" tests/packages/guest/ours.sh cxl_accel_sample initramfs

	ok 'the sample driver can be removed' remove_sample "$new"
	types 'cxl-accel can be purged' '^sudo apt-get purge --autoremove cxl-accel-dkms cxl-accel-dev cxl-accel-tools$'
	nothing_is_left
	boot "$new" tests/packages/guest/stock.sh
	typed_all
}
