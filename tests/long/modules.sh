# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the tests whose modules are built if need be: . "$(dirname "$0")/modules.sh", in place of
# ../lib.sh and ../contract.sh; after CXL_TEST_KERNEL=RELEASE, if it is not the stock kernel's.

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

if ! with_lock "build-$KERNEL" build_modules >"$TMP/build.log" 2>&1; then
	explain <"$TMP/build.log"
	echo "Bail out! the modules do not build"
	exit 1
fi

# Only now: it looks at which modules there are.
# shellcheck source-path=SCRIPTDIR source=../contract.sh
. tests/contract.sh
