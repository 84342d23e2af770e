#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel that cannot be supported must never fail apt: Debian 12's own 6.1, whose dkms takes a skipped
# kernel for a failure. In the order in which it can happen: the kernel first, cxl-accel first. But what
# cannot be compiled, or told, is a failure, and is shown as one.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

old_kernel() {
	kernels | grep '^6\.1\.0' | tail -n 1
}

version=$(package_version)
package="./cxl-accel-*_${version}_all.deb"
vendor=./vendor-accel-dkms_1.0_all.deb
install_old='sudo apt-get install --no-install-recommends linux-image-amd64 linux-headers-amd64'

new_system bookworm
new=$(kernels)
cp "$(vendor_deb)" "$SYSTEM/home/user/cxl-accel/"
copy_debs "$version"

ok 'cxl-accel can be installed first' user "sudo apt-get install --no-install-recommends $package"
ok "cxl-accel is installed for $new" installed cxl-accel "$new"
ok 'a driver can be installed on top of cxl-accel' user "sudo apt-get install $vendor"
ok 'a kernel that cannot be supported can be installed after that' user "$install_old"
old=$(old_kernel)
cp "$TMP/output" "$TMP/kernel.log"
nok 'that kernel was skipped by cxl-accel' installed cxl-accel "$old"
nok 'that kernel was skipped by the driver' installed vendor-accel "$old"
like 'the installation of that kernel gives the reason' "$(cat "$TMP/kernel.log")" "kernel 6.1.0.* cannot be supported: "
exits 77 'cxl-accel check of that kernel exits 77' user "sudo cxl-accel check $old"
like 'cxl-accel check of that kernel gives the reason' "$(cat "$TMP/output")" 'skipped: .* install linux-image-6.12-amd64'
ok "dkms autoinstall is no failure" user "sudo dkms autoinstall -k $old"
is 'dpkg has nothing left to do' "$(in_system dpkg --audit)" ''
ok "beside that kernel cxl-accel is still installed for $new" installed cxl-accel "$new"

ok 'the package can be removed' user 'sudo apt-get purge vendor-accel-dkms cxl-accel-dkms'
ok 'the package can be installed again, beside that kernel' user "sudo apt-get install $package $vendor"
like 'the package installed again gives the reason' "$(cat "$TMP/output")" "kernel 6.1.0.* cannot be supported: "
ok "the package installed again: cxl-accel is there for $new" installed cxl-accel "$new"
ok 'the package installed again: the driver is there for its kernel' installed vendor-accel "$new"
nok "the package installed again: cxl-accel is not there for $old" installed cxl-accel "$old"

# The compiler is broken, say.
echo '#error "no"' >>"$SYSTEM/usr/src/cxl-accel-$version/src/mem/main.c"
ok 'dkms unbuilds cxl-accel for all kernels' user 'sudo dkms unbuild -m cxl-accel -v '"$version"' --all'
like 'cxl-accel status tells what to do' "$(in_system cxl-accel status 2>&1)" \
	"^kernel +${new//+/.}: supported: .*; not built: dkms install cxl-accel/$version -k "
nok 'a package that does not compile cannot be configured' user 'sudo dpkg-reconfigure cxl-accel-dkms'
like 'a package that does not compile: the failure names the log' "$(cat "$TMP/output")" '/var/lib/dkms/cxl-accel/.*make.log'
ok 'a package that does not compile: the log has the error' grep -q '#error "no"' "$SYSTEM/var/lib/dkms/cxl-accel/$version/build/make.log"

# Nor is a kernel skipped of which nobody can tell whether it is supported.
headers=$SYSTEM/usr/src/linux-headers-$new
head -c 3000000 "$headers/vmlinux" >"$TMP/vmlinux"
cp "$TMP/vmlinux" "$headers/vmlinux"
exits 1 'cxl-accel check of truncated headers: it cannot be told' in_system cxl-accel check "$new"
nok 'truncated headers: the package cannot be configured' user 'sudo dpkg-reconfigure cxl-accel-dkms'
like 'truncated headers: the failure says what is wrong' "$(cat "$TMP/output")" \
	"cannot tell whether kernel ${new//+/.} is supported: .*/vmlinux is truncated or damaged"
done_testing
