#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Without dkms, on Debian 12 with its 6.12 kernel: make modules_install, signed; and the binary packages of one
# kernel, make kmod-deb and make kmod-rpm. What they leave behind is nothing.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

modprobe_takes() {
	in_system modinfo -k "$kernel" -F filename "$1"
}
signer() {
	in_system modinfo -k "$kernel" -F signer "$1"
}

# refused WHAT SENTENCE COMMAND: it fails, and with that alone
refused() {
	nok "$1: fails" user "$3"
	is "$1: one sentence" "$(grep -v '^make: \*\*\*' "$TMP/output")" "$2"
}

# Whose cxl_mem the initramfs has, by srcversion.
initramfs_has() {
	rm -rf "$SYSTEM/tmp/initramfs"
	in_system unmkinitramfs "/boot/initrd.img-$kernel" /tmp/initramfs
	in_system find /tmp/initramfs -name 'cxl_mem.ko*' -exec modinfo -F srcversion {} +
}
srcversion() {
	in_system modinfo -k "$kernel" -F srcversion cxl_mem
}

manifest() {
	(cd "$SYSTEM" && find lib/modules usr/lib/modprobe.d usr/lib/cxl-accel-modules run/cxl-accel 2>/dev/null) | sort
}

# is_installed_by HOW
is_installed_by() {
	is "$1: modprobe takes our cxl_mem" "$(modprobe_takes cxl_mem)" "$updates/cxl_mem.ko"
	is "$1: modprobe takes our dax_hmem" "$(modprobe_takes dax_hmem)" "$updates/dax_hmem.ko"
	is "$1: cxl_mem is signed" "$(signer cxl_mem)" 'Fleet of the test'
	is "$1: the initramfs has our cxl_mem" "$(initramfs_has)" "$(srcversion)"
}

# is_gone HOW
is_gone() {
	like "$1: modprobe takes the stock module" "$(modprobe_takes cxl_mem)" '/kernel/drivers/cxl/'
	is "$1: the initramfs has the stock module" "$(initramfs_has)" "$(srcversion)"
	manifest >"$TMP/after"
	ok "$1: nothing is left" diff "$TMP/before" "$TMP/after"
}

new_system bookworm
kernel=$(kernels)
version=$(package_version)
modules=/lib/modules/$kernel
updates=$modules/updates
signed='MODULE_SIG_KEY=key.pem MODULE_SIG_CERT=cert.der'
echo cxl_mem >>"$SYSTEM/etc/initramfs-tools/modules"
ok 'what a build needs' user 'sudo apt-get install --no-install-recommends libc6-dev openssl rpm'
ok 'the initramfs has cxl_mem' user "sudo update-initramfs -u -k $kernel"
manifest >"$TMP/before"

refused 'nothing is built' "modules-install: nothing is built for kernel $kernel: make KVER=$kernel" \
	"make modules_install KVER=$kernel"
ok 'the modules are built' user "make KVER=$kernel"
ok 'a key is made' user 'openssl req -new -x509 -newkey rsa:2048 -nodes -keyout key.pem -outform DER -out cert.der \
	-subj "/CN=Fleet of the test/"'
refused 'not as root' 'modules-install: needs root rights: run it with sudo' "make modules_install KVER=$kernel"
refused 'a key without its certificate' \
	'modules-install: MODULE_SIG_KEY and MODULE_SIG_CERT belong together, and one is missing' \
	"sudo make modules_install KVER=$kernel MODULE_SIG_KEY=key.pem"
refused 'a key that is not there' 'modules-install: cannot read no.pem, to sign with' \
	"sudo make modules_install KVER=$kernel MODULE_SIG_KEY=no.pem MODULE_SIG_CERT=cert.der"
refused 'a directory that is further up' \
	"modules-install: INSTALL_MOD_DIR='../up' is no directory below $modules (see modules-install --help)" \
	"sudo make modules_install KVER=$kernel INSTALL_MOD_DIR=../up"
refused 'a file system that is not there' 'modules-install: INSTALL_MOD_PATH=/none is no directory' \
	"sudo make modules_install KVER=$kernel INSTALL_MOD_PATH=/none"
mkdir -p "$SYSTEM$updates/dkms"
touch "$SYSTEM$updates/dkms/cxl_mem.ko.xz"
refused 'where dkms has installed it' \
	"modules-install: $updates/dkms/cxl_mem.ko.xz was installed by dkms: dkms remove cxl-accel/$version -k $kernel" \
	"sudo make modules_install KVER=$kernel"
rm -r "$SYSTEM$updates"
manifest >"$TMP/after"
ok 'what was refused has left nothing' diff "$TMP/before" "$TMP/after"

ok 'into another file system, not as root' \
	user "mkdir stage && make modules_install KVER=$kernel INSTALL_MOD_PATH=stage"
is 'into another file system: there they are' \
	"$(cd "$SYSTEM/home/user/cxl-accel/stage" && find . -type f | sort)" \
	"./lib/modules/$kernel/updates/cxl_mem.ko
./lib/modules/$kernel/updates/dax_cxl.ko
./lib/modules/$kernel/updates/dax_hmem.ko
./usr/lib/modprobe.d/cxl-accel.conf"

ok 'make modules_install' user "sudo make modules_install KVER=$kernel $signed"
is_installed_by 'make modules_install'
ok 'what it has installed can be removed' \
	user "sudo rm -r $updates /usr/lib/modprobe.d/cxl-accel.conf && sudo depmod $kernel &&
		sudo update-initramfs -u -k $kernel"
is_gone 'make modules_install, removed'

ok 'make kmod-deb' user "make kmod-deb KVER=$kernel $signed"
ok 'the package can be installed' user "sudo apt-get install ./build/packages/$kernel/cxl-accel-modules-*.deb"
is_installed_by 'kmod-deb'
is 'kmod-deb: all of it is one package' "$(in_system dpkg -S "$updates/cxl_mem.ko")" \
	"cxl-accel-modules-$kernel: $updates/cxl_mem.ko"
copy_debs "$version"
nok 'kmod-deb: not beside dkms' user "sudo apt-get install --no-remove ./cxl-accel-dkms_${version}_all.deb"
like 'kmod-deb: not beside dkms, by its own word' "$(cat "$TMP/output")" 'Packages need to be removed|onflicts'
ok 'kmod-deb: beside the tools' user \
	"sudo apt-get install --no-install-recommends ./cxl-accel-tools_${version}_all.deb"
boot "$kernel" tests/packages/guest/kmod.sh
ok 'the tools can be removed' user 'sudo apt-get purge cxl-accel-tools'
ok 'the package can be removed' user "sudo apt-get purge cxl-accel-modules-$kernel"
is_gone 'kmod-deb, removed'

ok 'make kmod-rpm' user "make kmod-rpm KVER=$kernel $signed"
# rpm knows nothing of what apt has installed.
ok 'kmod-rpm: it can be installed' \
	user "sudo rpm -i --force-debian --nodeps build/packages/$kernel/cxl-accel-modules-*.rpm"
is_installed_by 'kmod-rpm'
ok 'kmod-rpm: it can be removed' user "sudo rpm -e --force-debian cxl-accel-modules-$kernel"
is_gone 'kmod-rpm, removed'
done_testing
