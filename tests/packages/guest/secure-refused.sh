# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Secure Boot, and the key of dkms is not enrolled: its modules are refused, and cxl-accel says what to do.
# Then the owner of the machine does it, and enrols the key in the firmware's db.

# shellcheck source-path=SCRIPTDIR source=../../guest/tap.sh
. /guest/tap.sh

db=/sys/firmware/efi/efivars/db-d719b2cb-3d3a-4596-a3bc-dad00e67656f

# Attributes: non-volatile, boot and runtime access, authenticated by time, append. In one write.
enroll() {
	[ -e "$db" ] && chattr -i "$db" &&
		{ printf '\147\0\0\0'; cat /root/db.auth; } >/tmp/db && dd if=/tmp/db of="$db" bs=64k
}
ask_for_the_key() {
	printf 'secret12\nsecret12\n' | runuser -u user -- sh -c "$(cat /guest/typed)"
}

like 'the kernel is locked down' "$(cat /sys/kernel/security/lockdown)" '\[integrity\]'
is 'the kernel takes signed modules only' "$(cat /sys/module/module/parameters/sig_enforce)" Y
nok 'cxl_mem does not load' modprobe cxl_mem
nok 'cxl_mem is not loaded after it was refused' test -e /sys/module/cxl_mem
like 'the kernel says why cxl_mem is rejected' "$(dmesg)" 'Loading of .* is rejected'
cxl-accel status >/tmp/status 2>&1
is 'cxl-accel status ends with 3' $? 3
sed 's/^/# /' /tmp/status
like 'cxl-accel status says why cxl_mem is refused' "$(cat /tmp/status)" '^cxl_mem .*the key of its signer is not known to this kernel'
# The name of the key is the same on every machine.
ok 'another key of that name is there' keyctl padd asymmetric '' @u </root/other.der
like 'the kernel shows it' "$(cat /proc/keys)" 'asymmetri DKMS module signing key'
cxl-accel status >/tmp/status 2>&1
like 'another key of that name is there: cxl_mem is refused nevertheless' "$(cat /tmp/status)" \
	'^cxl_mem .*the key of its signer is not known to this kernel'
like 'cxl-accel status says how to enrol the key' "$(cat /tmp/status)" 'mokutil --import /var/lib/dkms/mok.pub'
ok "$(cat /guest/typed)" ask_for_the_key
like 'the MOK manager will be asked for the key of dkms' "$(mokutil --list-new)" 'DKMS module signing key'
ok 'the key can be enrolled' enroll
done_testing
