#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Secure Boot with a stock kernel: modules signed by dkms are refused while the kernel does not know its
# key, and accepted when it is enrolled. What the README tells to type is typed in the guest, and leaves
# the request to the MOK manager; but nobody is there to answer that one. So the key goes into the
# firmware's db, too, signed with the KEK of Debian's snakeoil variables, which is public. To the kernel
# both are the same keyring (.platform).

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

SNAKEOIL=/usr/share/ovmf/PkKek-1-snakeoil

# db.auth: an update of db that adds the certificate of dkms
sign_update() {
	cp "$SYSTEM/var/lib/dkms/mok.pub" "$TMP/mok.der"
	# shellcheck disable=SC2016 # $1 and $2 are the inner shell's
	scripts/env/in-root packaging -- sh -euc 'cd "$1"
		openssl x509 -inform DER -in mok.der -out mok.pem
		openssl rsa -passin pass:snakeoil -in "$2.key" -out kek.key
		cert-to-efi-sig-list -g 11111111-2222-3333-4444-123456789abc mok.pem mok.esl
		sign-efi-sig-list -a -k kek.key -c "$2.pem" db mok.esl db.auth' sh "$TMP" "$SNAKEOIL" &&
		cp "$TMP/db.auth" "$SYSTEM/root/"
}

# Somebody else's, of the same name: it is that of every machine.
other_key() {
	# shellcheck disable=SC2016 # $1 is the inner shell's
	scripts/env/in-root packaging -- sh -euc 'cd "$1"
		openssl req -new -x509 -nodes -days 36500 -newkey rsa:2048 -subj "/CN=DKMS module signing key" \
			-keyout other.key -outform DER -out other.der' sh "$TMP" && cp "$TMP/other.der" "$SYSTEM/root/"
}

new_system bookworm
kernel=$(kernels)
copy_debs "$(package_version)"
readme 'Secure Boot'
ok 'the package can be installed' user \
	"sudo apt-get install --no-install-recommends e2fsprogs keyutils mokutil ./cxl-accel-*_$(package_version)_all.deb"
like 'dkms has signed the module' "$(in_system modinfo -k "$kernel" -F signer cxl_mem)" 'DKMS module signing key'
ok 'an update of db can be signed' sign_update
cp "$CACHE/root/packaging/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd" "$TMP/vars"
ok 'another key of that name can be made' other_key
ok 'what to type when the modules are refused' typed '^sudo mokutil --import /var/lib/dkms/mok.pub'
boot --efi "$TMP/vars" --types "$LINE" --append " module.sig_enforce=1" "$kernel" tests/packages/guest/secure-refused.sh
ok 'reboot' typed '^sudo reboot'
boot --efi "$TMP/vars" --append " module.sig_enforce=1" "$kernel" tests/packages/guest/secure-accepted.sh
typed_all
done_testing
