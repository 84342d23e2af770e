#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Headers that are not there yet, that come later, that are another kernel's; a kernel that is installed
# again, as it was or as another build of the same name; an image that is made where nothing runs.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# When the modules were built, and against what.
built() {
	stat -c '%n %Y' "$SYSTEM/lib/modules/$kernel/updates/dkms"/*.ko*
	cat "$SYSTEM"/var/lib/dkms/cxl-accel/*/"$kernel"/*/module/kernel.sha256
}

# As with another build of the kernel, which may have one symbol less.
other_build() {
	sed -i '/\tvmlinux\tEXPORT_SYMBOL\t/{x;s/^/x/;/^x$/{x;d};x}' "$SYSTEM/usr/src/linux-headers-$kernel/Module.symvers"
}

# Without /sys and /run, as some image builders have it; bash and dkms need /proc and /dev.
in_bare_system() {
	# shellcheck disable=SC2016 # the inner shell's
	unshare --mount sh -c 'for dir in sys run; do umount -R "$1/$dir" 2>/dev/null || true; done
		exec chroot "$@"' sh "$SYSTEM" "$@"
}

version=$(package_version)
package="./cxl-accel-*_${version}_all.deb"
new_system bookworm
kernel=$(kernels)
cp "$(vendor_deb)" "$SYSTEM/home/user/cxl-accel/"
copy_debs "$version"
cp "$(single_deb 0.0.9)" "$SYSTEM/home/user/cxl-accel/"
ok 'headers can be purged' user "sudo apt-get purge linux-headers-$kernel"

ok 'when all was in one package, it could be installed' user \
	"sudo apt-get install --no-install-recommends ./cxl-accel-dkms_0.0.9_all.deb"
ok 'without headers: the packages can be installed, over that one, too' user "sudo apt-get install --no-install-recommends $package"
like 'without headers: apt shows what to install' "$(cat "$TMP/output")" \
	"cxl-accel: not built for kernel ${kernel//+/.}: its headers are not installed .*linux-headers-${kernel//+/.}"
is 'the one package: nothing of it is left' "$(cd "$SYSTEM" && echo usr/src/cxl-accel-*)" \
	"usr/src/cxl-accel-$version usr/src/cxl-accel-dev"
is 'the one package: each file is where it is now' "$(in_system realpath /usr/src/cxl-accel /usr/sbin/cxl-accel | paste -sd ' ')" \
	'/usr/src/cxl-accel-dev /usr/share/cxl-accel/scripts/cxl-accel'
nok 'without headers: nothing is built' installed cxl-accel "$kernel"
like 'without headers: cxl-accel status shows what to install' "$(in_system cxl-accel status 2>&1)" \
	"^kernel +${kernel//+/.}: cannot be told: .*linux-headers-${kernel//+/.}"

ok 'headers can be installed later' user "sudo apt-get install linux-headers-$kernel"
ok 'headers installed later: dkms has installed the modules' installed cxl-accel "$kernel"
ok "a driver's package can be installed" user "sudo apt-get install ./vendor-accel-dkms_1.0_all.deb"
ok "the driver's module is installed" installed vendor-accel "$kernel"

built >"$TMP/built"
ok 'kernel and headers can be installed again' user "sudo apt-get install --reinstall linux-image-$kernel linux-headers-$kernel"
is 'installed again: the modules are those that were there' "$(built)" "$(cat "$TMP/built")"

other_build
sleep 1
ok 'another build of the kernel can be configured' user "sudo dpkg-reconfigure linux-headers-$kernel"
like 'another build: it is said' "$(cat "$TMP/output")" \
	"kernel ${kernel//+/.} is another than cxl-accel $version was built for"
ok 'another build: dkms has installed the modules' installed cxl-accel "$kernel"
ok "another build: dkms has installed the driver's module" installed vendor-accel "$kernel"
is 'another build: every module was built anew' "$(built | grep -cxFf "$TMP/built")" 0

exits 1 'headers of another kernel: it cannot be told' in_system cxl-accel check 6.12.1-other "/lib/modules/$kernel/build"
like 'headers of another kernel: which they are' "$(in_system cxl-accel check 6.12.1-other "/lib/modules/$kernel/build" 2>&1)" \
	"the headers in .* are of kernel ${kernel//+/.}, not of 6.12.1-other"

ok 'where nothing runs: dkms unbuilds' in_system dkms unbuild -m cxl-accel -v "$version" --all
ok 'where nothing runs: dkms autoinstall' in_bare_system dkms autoinstall -k "$kernel"
ok 'where nothing runs: the modules are installed' installed cxl-accel "$kernel"
done_testing
