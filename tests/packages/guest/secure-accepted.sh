# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Secure Boot, and the key of dkms is enrolled.

# shellcheck source-path=SCRIPTDIR source=../../guest/tap.sh
. /guest/tap.sh

like 'the kernel is locked down' "$(cat /sys/kernel/security/lockdown)" '\[integrity\]'
like 'the kernel knows the key of dkms' "$(cat /proc/keys)" 'asymmetri DKMS module signing key'
is "the kernel takes signed modules only" "$(cat /sys/module/module/parameters/sig_enforce)" Y
ok 'cxl_mem loads' modprobe cxl_mem
is 'the cxl_mem that is loaded is ours' "$(cat /sys/module/cxl_mem/version)" "$(modinfo -F version cxl_mem)"
is 'it taints the kernel as out-of-tree alone' "$(cat /sys/module/cxl_mem/taint)" O
cxl-accel status >/tmp/status 2>&1
sed 's/^/# /' /tmp/status
nok 'cxl-accel status does not say that the module is refused' grep -q 'signed modules only' /tmp/status
like 'cxl-accel status names the signer' "$(cat /tmp/status)" '^cxl_mem +loaded, cxl-accel .*, signed by DKMS module signing key$'
done_testing
