#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# cxl-accel status, check, explain and reload: what they say, and their exit status, when all is well and when not.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=contract.sh
. tests/contract.sh

# As it is installed, but for the place.
scripts/package/install tools "$TMP/installed"
tool=$TMP/installed/usr/share/cxl-accel

guest_program uevents

guest_test attached --topology mixed --firmware dev0:hdm-d "${BUNDLE[@]}" "${UEVENTS[@]}" \
	--file "$tool:/opt/cxl-accel" -- status.sh attached
guest_test failed --topology mixed "${BUNDLE[@]}" "${UEVENTS[@]}" --file "$tool:/opt/cxl-accel" -- status.sh failed
guest_test reload --topology mixed --firmware dev0:hdm-d "${BUNDLE[@]}" --file "$tool:/opt/cxl-accel" -- reload.sh

check() {
	scripts/env/in-root "$(kernel_root "$KERNEL")" -- scripts/cxl-accel check "$@"
}

exits 0 'cxl-accel check of a supported kernel exits 0' check "$KERNEL" "$KDIR"
like 'cxl-accel check of a supported kernel says what is replaced' "$(check "$KERNEL" "$KDIR")" ': supported: cxl_mem (is|and cxl_port are) replaced'
exits 1 'cxl-accel check of a kernel without headers exits 1' check 6.99.0-none
like 'cxl-accel check of a kernel without headers says what to install' "$(check 6.99.0-none 2>&1)" 'headers are not installed'
exits 2 'cxl-accel check of what is no release exits 2' check ../etc
exits 2 'cxl-accel with an unknown command exits 2' scripts/cxl-accel reboot

# complete WORD...: what bash offers for the last one
complete() {
	# shellcheck disable=SC2016 # the inner shell's
	bash -c '. "$0" && COMP_WORDS=(cxl-accel "$@") COMP_CWORD=$# && _cxl_accel && echo "${COMPREPLY[*]}"' \
		"$TMP/installed/usr/share/bash-completion/completions/cxl-accel" "$@"
}
is 'completion of a command' "$(PATH=scripts:$PATH complete re)" reload
is 'completion of an option' "$(PATH=scripts:$PATH complete status --json --k)" --kernel
is 'completion of a status' "$(PATH=scripts:$PATH complete explain LINK)" LINK_NOT_CXL
exits 2 'cxl-accel explain of what is no status exits 2' scripts/cxl-accel explain NONE
is 'cxl-accel explain lists all that the header has' "$(scripts/cxl-accel explain | cut -d ' ' -f 1)" \
	"$(sed -n 's/^\tX(\([A-Z_]*\),.*/\1/p' src/include/cxl-accel/attach.h)"
done_testing
