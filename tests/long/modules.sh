# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the tests whose modules are built if need be: . "$(dirname "$0")/modules.sh", in place of
# ../lib.sh and ../contract.sh; after CXL_TEST_KERNEL=RELEASE, if it is not the stock kernel's.
#
#	on_kernels CMD
#		CMD on the stock kernel, and on the modular one, with modules for each
#
#   CXL_TEST_KERNELS="NAME..."   only these, names of scripts/env/kernel, or "stock"

export CXL_TEST_KERNEL
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# Unless it was done by another test at the same time.
build_modules() {
	[ ! -f "build/$KERNEL/Module.symvers" ] ||
		[ -n "$(find src Kbuild scripts/build "$KDIR/Module.symvers" -newer "build/$KERNEL/Module.symvers")" ] ||
		return 0
	scripts/env/in-root "$(kernel_root "$KERNEL")" -- scripts/build "$KERNEL" "$KDIR"
}

# contract.sh looks at which modules there are.
use_modules() {
	if ! with_lock "build-$KERNEL" build_modules >"$TMP/build.log" 2>&1; then
		explain <"$TMP/build.log"
		echo "Bail out! the modules do not build for $KERNEL"
		exit 1
	fi
	# shellcheck source-path=SCRIPTDIR source=../contract.sh
	. tests/contract.sh
}

on_kernels() {
	local name stock=$KERNEL

	for name in ${CXL_TEST_KERNELS:-stock modular}; do
		KERNEL=$stock guest_prefix=''
		if [ "$name" != stock ]; then
			KERNEL=$(scripts/env/kernel "$name")
			guest_prefix="$name: "
		fi
		KDIR=$(kernel_headers "$KERNEL")
		use_modules
		"$@"
	done
}

use_modules
