# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# soft-reserve-status.sh: what cxl-accel status says of Soft Reserved ranges: one outside the window, that of
# dev1, an expander, and one of which dev0, an accelerator, decodes the first half.

# shellcheck source-path=SCRIPTDIR source=accel.sh
. /guest/accel.sh
# shellcheck source-path=SCRIPTDIR source=owners.sh
. /guest/owners.sh

status() {
	bash /opt/cxl-accel/scripts/cxl-accel status 2>&1 | sed -n 's/^soft-reserved *0x[0-9a-f]*-0x[0-9a-f]*: //p'
}

points='0x3d0000000 0x3f0000000 0x400000000'
json() {
	bash /opt/cxl-accel/scripts/cxl-accel status --json | jq -r ".soft_reserved[$1"
}

ranges=$(sed -n 's/^ *\([^ ]*\) : Soft Reserved$/\1/p' /proc/iomem)
is 'nothing is loaded: who has them' "$(status | sort | uniq -c | sed 's/^ *//')" \
	'3 nobody: dax_hmem is not loaded'

modprobe dax_hmem && load_cxl && modprobe -a dax_cxl cxl_accel_sample
wait_for 30 attached dev0
steady
dev0=$(pci_address dev0)
is 'decided: who has them, and why' "$(status)" "dax2.0 (dax_hmem, no driver): it is in no CXL window
dax0.0 (dax_cxl, no driver): a CXL region has it
accelerator $dev0, dax3.0 (dax_hmem, no driver): an accelerator decodes it"
is 'JSON: the ranges are those of /proc/iomem' \
	"$(json '] | .start, .end' | xargs printf '%08x-%08x\n')" "$ranges"
is 'JSON: an owner' "$(json '1].owner')" 'dax0.0 (dax_cxl, no driver)'
is 'JSON: why' "$(json '1].reason')" 'a CXL region has it'

unload dax_cxl dax_hmem
modprobe dax_hmem && modprobe dax_cxl
steady
unload cxl_pci
steady
is 'loaded again, and the region gone: who has them, and why' "$(status)" \
	"dax2.0 (dax_hmem, no driver): it is in no CXL window
nobody: it is in a CXL window, left to CXL, and no CXL region has it
accelerator $dev0: an accelerator decodes it"
done_testing
