# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# In a system that was booted after cxl-accel-dkms was purged: the stock modules are back and work.

# shellcheck source-path=SCRIPTDIR source=../../guest/tap.sh
. /guest/tap.sh

expander() {
	[ "$(cxl list -M | jq length)" = 1 ] && [ -e /sys/bus/cxl/devices/mem0/driver ]
}

ok 'the expander is there' wait_for 60 expander
like 'modprobe takes the stock cxl_mem' "$(modinfo -F filename cxl_mem)" "/kernel/drivers/cxl/cxl_mem.ko"
nok 'the cxl_mem that is loaded is the stock one: it has no version' test -e /sys/module/cxl_mem/version
is "the expander's memdev is bound to cxl_mem" "$(basename "$(readlink /sys/bus/cxl/devices/mem0/driver)")" cxl_mem
nok 'cxl-accel is gone' command -v cxl-accel
done_testing
