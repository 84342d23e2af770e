# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# In a system with cxl-accel-dkms, booted with module.sig_enforce=1: dkms has signed the modules, but
# the kernel does not know its key. They are refused, and cxl-accel says what to do.

# shellcheck source-path=SCRIPTDIR source=../../guest/tap.sh
. /guest/tap.sh

is 'the kernel takes signed modules only' "$(cat /sys/module/module/parameters/sig_enforce)" Y
nok 'cxl_mem does not load' modprobe cxl_mem
nok 'it is not loaded' test -e /sys/module/cxl_mem
like 'the kernel says why' "$(dmesg)" 'Loading of .*module.* is rejected|Loading of unsigned module'
cxl-accel status >/tmp/status 2>&1
is 'cxl-accel status ends with 3' $? 3
sed 's/^/# /' /tmp/status
like 'it says why' "$(cat /tmp/status)" '^cxl_mem .*the key of its signer is not known to this kernel'
like 'and what to do' "$(cat /tmp/status)" 'mokutil --import /var/lib/dkms/mok.pub'
done_testing
