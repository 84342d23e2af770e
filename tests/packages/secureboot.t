#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Secure Boot with a stock kernel: modules signed by dkms are refused while the kernel does not know its
# key, and accepted when it is enrolled. The key goes into the firmware's db, signed with the KEK of
# Debian's snakeoil variables, which is public; nobody is there to answer the MOK manager. To the kernel
# both are the same keyring (.platform).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

SNAKEOIL=/usr/share/ovmf/PkKek-1-snakeoil

# db.auth: an update of db that adds the certificate of dkms
sign_update() {
	cp "$SYSTEM/var/lib/dkms/mok.pub" "$TMP/mok.der"
	# shellcheck disable=SC2016 # $1 and $2 are the inner shell's
	scripts/in-root packaging -- sh -euc 'cd "$1"
		openssl x509 -inform DER -in mok.der -out mok.pem
		openssl rsa -passin pass:snakeoil -in "$2.key" -out kek.key
		cert-to-efi-sig-list -g 11111111-2222-3333-4444-123456789abc mok.pem mok.esl
		sign-efi-sig-list -a -k kek.key -c "$2.pem" db mok.esl db.auth' sh "$TMP" "$SNAKEOIL" &&
		cp "$TMP/db.auth" "$SYSTEM/root/"
}

new_system bookworm
kernel=$(kernels)
cp "$(deb "")" "$SYSTEM/root/"
ok 'the package can be installed' user \
	"apt-get install -y --no-install-recommends e2fsprogs /root/cxl-accel-dkms_$(package_version)_all.deb"
like 'dkms has signed the module' "$(in_system modinfo -k "$kernel" -F signer cxl_mem)" 'DKMS module signing key'
ok 'an update of db can be signed' sign_update
cp "$CACHE/root/packaging/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd" "$TMP/vars"
boot --efi "$TMP/vars" "$kernel" tests/packages/guest/secure-refused.sh
boot --efi "$TMP/vars" "$kernel" tests/packages/guest/secure-accepted.sh
done_testing
