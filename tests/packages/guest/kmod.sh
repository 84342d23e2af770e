# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# kmod.sh: in a system that was booted with the binary package of the modules, and the initramfs has cxl_mem.

# shellcheck source-path=SCRIPTDIR source=../../guest/tap.sh
. /guest/tap.sh

expander() {
	[ "$(cxl list -M | jq length)" = 1 ]
}

ok 'cxl list has the expander' wait_for 60 expander
is 'our cxl_mem is the one that is loaded' "$(cat /sys/module/cxl_mem/srcversion)" "$(modinfo -F srcversion cxl_mem)"
is 'it is that of the package' "$(modinfo -F filename cxl_mem)" "/lib/modules/$(uname -r)/updates/cxl_mem.ko"
cxl-accel status >/tmp/status 2>&1
like 'cxl-accel status knows them' "$(cat /tmp/status)" '^cxl_mem +loaded, cxl-accel .*/updates/cxl_mem.ko'
sed 's/^/# /' /tmp/status
done_testing
