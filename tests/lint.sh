# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For the tests that compile and want to hear nothing: after lib.sh,
#
#	compile_silently SUITE KERNEL MODE [ARG]...
#		Compile all modules for a kernel of the private root SUITE, with cxl_port kept or
#		replaced (MODE), and ARGs for make. Warnings do not all fail a build, so they are looked
#		for; prints them.
#		Those of the kernel's own headers are the kernel's.
#	compile_driver_silently SUITE KERNEL DIR [ARG]...
#		The same for a driver, by scripts/build-driver.
#
# build/KERNEL must have been built.

compile_silently() {
	local suite=$1 kernel=$2 mode=$3 dir=$TMP/lint-$1-$3 dax=keep
	shift 3

	rm -rf "$dir"
	mkdir "$dir"
	cp -r src Kbuild "build/$kernel/generated" "$dir/"
	[ "$mode" != replace ] || sed -i '/HAVE_CXL_PORT_BUILTIN/d' "$dir/generated/cxl_core_features.h"
	[ "$mode" = side ] || dax=replace
	CXL_ACCEL_VERSION=0 CXL_ACCEL_PORT=$mode CXL_ACCEL_DAX=$dax CXL_ACCEL_WHOLE=1 scripts/env/in-root "$suite" -- \
		make -C "/lib/modules/$kernel/build" "M=$dir" "$@" modules >"$dir/log" 2>&1 || {
		cat "$dir/log"
		return 1
	}
	! grep -E "^$dir/.*(warning|error):" "$dir/log"
}

compile_driver_silently() {
	local suite=$1 kernel=$2 driver=$3 out=$TMP/lint-$1-${3##*/}
	shift 3

	scripts/env/in-root "$suite" -- scripts/build-driver --bundle "build/$kernel" --out "$out" "$kernel" "$driver" \
		-- "$@" >"$out.log" 2>&1 || {
		cat "$out.log"
		return 1
	}
	! grep -E "^($out|$TREE)/.*(warning|error):" "$out.log"
}
