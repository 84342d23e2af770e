# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Expanders of which platform firmware has set Mem_Enable and a DVSEC range (dev0), and no HDM decoder:
# cxl_core makes a decoder of that, and a region. Whatever takes the endpoint away, the kernel goes on,
# and the expander comes back. With the stock cxl_mem the first of these is an oops.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh

dev0=$(pci_address dev0)
modprobe -a cxl_acpi cxl_mem cxl_pci

works() {
	find_parts dev0
	[ -n "$found_ep" ] && bound cxl_mem "$found_mem" && bound cxl_port "$found_ep"
}
gone() {
	[ -z "$(endpoint dev0)" ]
}
ok 'the expander works' wait_for 30 works
region0=$(region dev0)
is 'the region of the expander is committed' "$(cat "$CXL/$region0/commit")" 1

# lose WHAT LOSE-CMD... -- BACK-CMD...
lose() {
	what=$1 cmd=
	shift
	while [ "$1" != -- ]; do
		cmd="$cmd $1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # a command
	ok "$what" $cmd
	ok "$what: its endpoint is gone" wait_for 30 gone
	flush
	ok "$what: bound again" "$@"
	ok "$what: the expander works again" wait_for 30 works
}
ok 'the region of the expander is deleted' delete_region "$region0"
ok 'the expander works without' works
lose 'memdev unbound' cxl_unbind "$(memdev dev0)" -- cxl_bind cxl_mem "$(memdev dev0)"
lose 'device unbound' pci_unbind cxl_pci "$dev0" -- pci_bind cxl_pci "$dev0"
lose 'cxl_mem removed' rmmod cxl_mem -- modprobe cxl_mem
lose 'cxl_acpi unbound' host unbind -- host bind
ok 'all CXL modules unload' unload_cxl

done_testing
