#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/packaged: a vendor's own dkms tree, and its Debian package, in a booted system; the command's status.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# packaged STATUS [OPTION]...: it ends so
packaged() {
	local status=$1 rc=0
	shift
	env -u CXL_ACCEL_UNSHARED scripts/packaged "$@" >"$TMP/out" 2>"$TMP/err" || rc=$?
	tail -n 30 "$TMP/err"
	cat "$TMP/out"
	[ "$rc" = "$status" ]
}

ok 'no command' packaged 2 --suite trixie
ok 'a suite that is none' packaged 2 --suite sid -- true
ok 'a tree without dkms.conf' packaged 2 --dkms tests -- true
ok 'a package that is none' packaged 2 --deb README.md -- true
ok 'a word before the command' packaged 2 true

cp -r tests/packages/vendor-dkms "$TMP/vendor-accel"
cp tests/drivers/vendor/vendor_accel.c "$TMP/vendor-accel/"
cat >"$TMP/test.sh" <<-'SCRIPT'
	for i in $(seq 60); do
		! dmesg | grep -q 'vendor_accel .*: attached' || break
		sleep 1
	done
	dmesg | grep 'vendor_accel .*: attached' || exit
	[ "$1" = 'a b' ] && cxl-accel status && exit 3
SCRIPT
ok "a vendor's dkms tree is installed, booted and tried" packaged 3 --dkms "$TMP/vendor-accel" \
	--file "$TMP/test.sh" -- sh test.sh 'a b'
like "a vendor's dkms tree: udev has loaded it, and it is attached" "$(cat "$TMP/out")" 'vendor_accel .*: attached'
like "a vendor's dkms tree: cxl-accel status names it" "$(cat "$TMP/out")" \
	'^accelerator .*attached, driver vendor_accel'

vendor=$(vendor_deb)
echo '#error "no"' >>"$TMP/vendor-accel/vendor_accel.c"
ok 'a tree that does not compile is a failure' packaged 1 --dkms "$TMP/vendor-accel" -- true
like 'a tree that does not compile: the compiler says why' "$(cat "$TMP/err")" '#error "no"'
ok "a vendor's package is installed, booted and tried, on Debian 13" packaged 3 --suite trixie --deb "$vendor" \
	--file "$TMP/test.sh:/opt/test.sh" -- sh /opt/test.sh 'a b'
done_testing
