# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Topology type3, firmware dev0:hdm-h, stock modules loaded: the reference for "as with the stock
# modules". memdevs are probed asynchronously, so only their serial number says which is which.

# shellcheck source=tests/guest/tap.sh
. /guest/tap.sh
# shellcheck source=tests/guest/cxl.sh
. /guest/cxl.sh

two_endpoints() {
	set -- /sys/bus/cxl/devices/endpoint*
	[ $# = 2 ]
}
ok "two endpoints" wait_for 30 two_endpoints
ok "region0" wait_for 30 test -e /sys/bus/cxl/devices/region0/driver
ok "dax0.0" wait_for 30 test -e /sys/bus/dax/devices/dax0.0

list=$(cxl list -RT | jq -c '.[] | [.region, .size, .decode_state, (.mappings[] | .memdev)]')
is "cxl list" "$list" "[\"region0\",268435456,\"commit\",\"$(memdev dev0)\"]"
like "iomem" "$(cat /proc/iomem)" '^  [0-9a-f]+-[0-9a-f]+ : region0'
is "daxctl list" "$(daxctl list | jq -c '.[] | [.chardev, .size]')" '["dax0.0",268435456]'
is "dev1 has no region" "$(cxl list -D -m "$(memdev dev1)" -d endpoint | jq -c '[.[] | .region // empty]')" '[]'

done_testing
