#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel that cannot be supported must never fail apt: Debian 12's own 6.1, whose dkms takes a skipped
# kernel for a failure. In the order in which it can happen: the kernel first, cxl-accel first.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

installed() {
	in_system dkms status "$1" -k "$2" 2>/dev/null | grep -q ': installed'
}

old_kernel() {
	kernels | grep '^6\.1\.0' | tail -n 1
}

version=$(package_version)
package=cxl-accel-dkms_${version}_all.deb
install_old='apt-get install -y --no-install-recommends linux-image-amd64 linux-headers-amd64'

new_system bookworm
new=$(kernels)
cp "$(deb "")" "$(vendor_deb)" "$SYSTEM/root/"

ok 'cxl-accel first' user "apt-get install -y --no-install-recommends /root/$package"
ok "it is installed for $new" installed cxl-accel "$new"
ok 'a driver on top of it' user 'apt-get install -y /root/vendor-accel-dkms_1.0_all.deb'
ok 'then a kernel that cannot be supported' user "$install_old"
old=$(old_kernel)
cp "$TMP/output" "$TMP/kernel.log"
nok 'it was skipped' installed cxl-accel "$old"
nok 'the driver, too' installed vendor-accel "$old"
like 'the reason was given' "$(cat "$TMP/kernel.log")" "kernel 6.1.0.* cannot be supported: "
exits 77 'cxl-accel check says so' user "cxl-accel check $old"
like 'with the reason' "$(cat "$TMP/output")" 'skipped: .*: '
ok "dkms autoinstall is no failure" user "dkms autoinstall -k $old"
ok 'dpkg has nothing left to do' user 'dpkg --audit | grep . && exit 1 || true'
ok "it is still installed for $new" installed cxl-accel "$new"

ok 'the package can be removed' user 'apt-get purge -y vendor-accel-dkms cxl-accel-dkms'
ok 'and installed again, beside that kernel' user \
	"apt-get install -y /root/$package /root/vendor-accel-dkms_1.0_all.deb"
like 'the reason was given' "$(cat "$TMP/output")" "kernel 6.1.0.* cannot be supported: "
ok "it is installed for $new" installed cxl-accel "$new"
ok 'so is the driver' installed vendor-accel "$new"
nok "not for $old" installed cxl-accel "$old"
done_testing
