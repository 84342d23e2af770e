#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What dkms reads out of dkms.conf, and out of a driver's, in the ways it reads them: for the kernel it
# builds for, for none, and, in 'dkms autoinstall' of dkms 3.0, for another one while the kernel that
# it is about is in a variable further out. No guest; tests/packages has the real dkms.

set -eu
# shellcheck source-path=SCRIPTDIR source=../scripts/env/lib.sh
. "$(dirname "$0")/../scripts/env/lib.sh"
if [ "$(current_root)" != bookworm ]; then
	exec "$TREE/scripts/env/in-root" bookworm -- "$0"
fi
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

NONE=6.0.0-none	# a kernel that cannot be supported: it is not built with CXL
SOURCE=$TMP/installed/usr/src/cxl-accel-$(package_version)
HALF=6.0.0-half	# one of which not all is installed, so that nobody can tell
BUILTIN=$TMP/builtin	# headers of the real one with dax_hmem built in
PORT=$TMP/port		# headers of the real one with a cxl_port module that cannot be replaced
# dkms's own variables, which the files read.
# shellcheck disable=SC2034
dkms_tree=$TMP/dkms install_tree=$TMP/lib/modules
arch=x86_64

# Beside the real one, as seen by install_tree.
fake_kernel() {
	local headers=$install_tree/$NONE/build

	mkdir -p "$headers/include/config" "$headers/include/generated" "$install_tree/$HALF/build"
	cp "$KDIR/Makefile" "$KDIR/Module.symvers" "$headers/"
	# Debian's are half of them in another directory, which the Makefile names.
	[ ! -d "$KDIR/include/linux" ] || ln -s "$KDIR/include/linux" "$headers/include/linux"
	echo CONFIG_MODULES=y >"$headers/include/config/auto.conf"
	echo "#define UTS_RELEASE \"$NONE\"" >"$headers/include/generated/utsrelease.h"
	cp "$KDIR/Module.symvers" "$install_tree/$HALF/build/"
	ln -s "${KDIR%/build}" "$install_tree/$KERNEL"

	mkdir "$BUILTIN" "$BUILTIN/include"
	cp -rL "$KDIR/include/config" "$KDIR/include/generated" "$BUILTIN/include/"
	cp "$KDIR/Makefile" "$KDIR/Module.symvers" "$BUILTIN/"
	[ ! -d "$KDIR/include/linux" ] || ln -s "$KDIR/include/linux" "$BUILTIN/include/linux"
	ln -s "$KDIR/vmlinux" "$BUILTIN/vmlinux"
	cp -r "$BUILTIN" "$PORT"
	sed -i 's/^CONFIG_DEV_DAX_HMEM=m/CONFIG_DEV_DAX_HMEM=y/' "$BUILTIN/include/config/auto.conf"
	sed -i 's/^CONFIG_CXL_PORT=y/CONFIG_CXL_PORT=m/' "$PORT/include/config/auto.conf"
	sed -i '/\tdevm_cxl_setup_hdm\t/d' "$PORT/Module.symvers"
}

# Most of a module is one file for dkms; whoever uses the modules does not see that.
built_by_dkms() {
	scripts/package/install dkms "$TMP/installed" &&
		(cd "$SOURCE" && CXL_ACCEL_WERROR=1 scripts/dkms/build "$KERNEL" "$KDIR" 1)
}

exports_of() {
	cut -f1,2,4 "$1/Module.symvers" | sort
}

# What the modules say of themselves, but for what they are made of.
words_of() {
	local ko

	for ko in "$1"/{cxl,dax}_*.ko; do
		[[ $ko != *sample* ]] || continue
		modinfo "$ko" | sed "/^srcversion:/d; /^commit:/d; s,^filename:.*/,module: ,; s,^,${ko##*/}: ," | sort
	done
}

# What is left of a dkms.conf, as dkms takes it: from a function, in a subshell.
read_conf() {
	# shellcheck disable=SC2034 # read by the file
	local kernelver=$1 kernel_source_dir=$install_tree/$1/build

	# shellcheck disable=SC1090 # the file is the argument
	(
		. "$conf" >/dev/null
		echo "auto=${AUTOINSTALL:-} exclusive=${BUILD_EXCLUSIVE_KERNEL:-}" \
			"depends=${BUILD_DEPENDS[*]:-} modules=${BUILT_MODULE_NAME[*]:-}"
	) 2>>"$TMP/messages"
}

reads() {
	# shellcheck disable=SC2034 # read by the file, further in
	kernelver=("$2")
	like "$1" "$(read_conf "$3")" "$4"
}

# What the kernel has as modules is replaced.
modules=cxl_mem
grep -q "^kernel/drivers/cxl/cxl_port\.ko" "${KDIR%/build}/modules.dep" && modules="cxl_mem cxl_port"
modules="$modules dax_hmem dax_cxl"

fake_kernel
conf=dkms.conf
reads 'build for a supported kernel' "$KERNEL" "$KERNEL" "^auto=yes exclusive= .* modules=$modules\$"
reads 'build for another: skipped' "$NONE" "$NONE" '^auto= exclusive=\^not-this-kernel\$ '
reads 'autoinstall, nothing built yet' "$KERNEL" '' '^auto=yes exclusive= .* modules=cxl_mem$'
reads 'autoinstall for the other, nothing built yet' "$NONE" '' '^auto= '
reads 'autoinstall for the other, built for this' "$NONE" "$KERNEL" '^auto= exclusive= '
reads 'autoinstall for this, the other is there' "$KERNEL" "$NONE" '^auto=yes exclusive=\^not'
reads 'build for one that cannot be told: not skipped, so that the build fails' "$HALF" "$HALF" '^auto=yes exclusive= '
reads 'autoinstall for one that cannot be told: likewise' "$HALF" '' '^auto=yes exclusive= '
reads 'no kernel at all' '' '' '^auto=yes exclusive= .* modules=cxl_mem$'
is 'each reason is given once' "$(sort "$TMP/messages" | uniq | wc -l)" "$(wc -l <"$TMP/messages")"

# What was built is what is installed, whatever the verdict would be.
version=$(package_version)
mkdir -p "$dkms_tree/cxl-accel/$version/$NONE/$arch/module"
touch "$dkms_tree/cxl-accel/$version/$NONE/$arch/module/"{cxl_mem,cxl_port}.ko.xz
reads 'a kernel that got cxl_port, too' "$NONE" "$NONE" ' modules=cxl_mem cxl_port$'
touch "$dkms_tree/cxl-accel/$version/$NONE/$arch/module/dax_"{cxl,hmem}.ko.xz
reads 'a kernel that got all' "$NONE" "$NONE" ' modules=cxl_mem cxl_port dax_hmem dax_cxl$'

mkdir "$TMP/driver"
sed "s,/usr/src/cxl-accel/,$TREE/," tests/packages/vendor-dkms/dkms.conf >"$TMP/driver/dkms.conf"
conf=$TMP/driver/dkms.conf
reads 'a driver, supported kernel, cxl-accel not built yet: skipped' "$KERNEL" "$KERNEL" \
	'^auto=yes exclusive=\^not-this-kernel\$ depends=cxl-accel '
missing="^vendor-accel: cxl-accel is not built for kernel ${KERNEL//+/.}: \
'dkms install cxl-accel/$version -k ${KERNEL//+/.}' builds it"
like 'a driver, cxl-accel not built yet: it says what to type' "$(cat "$TMP/messages")" "$missing"
read_conf "$KERNEL" >/dev/null
is 'a driver, cxl-accel not built yet: once' "$(grep -c "$missing" "$TMP/messages")" 1
: >"$TMP/messages"
rm -f /run/cxl-accel/told
action=autoinstall reads 'a driver, autoinstall, cxl-accel not built yet: skipped' "$KERNEL" "$KERNEL" \
	'^auto=yes exclusive=\^not-this-kernel\$ depends=cxl-accel '
is 'a driver, autoinstall, cxl-accel not built yet: not a word, it comes first' "$(cat "$TMP/messages")" ''
reads 'a driver, autoinstall, nothing built yet: cxl-accel first' "$KERNEL" '' '^auto=yes exclusive= depends=cxl-accel '
mkdir -p "$dkms_tree/cxl-accel/$version/$KERNEL/$arch/module"
touch "$dkms_tree/cxl-accel/$version/$KERNEL/$arch/module/Module.symvers"
reads 'a driver, cxl-accel is there' "$KERNEL" "$KERNEL" \
	'^auto=yes exclusive= depends=cxl-accel modules=vendor_accel$'
reads 'a driver, another kernel: skipped' "$NONE" "$NONE" '^auto= exclusive=\^not'
reads 'a driver, autoinstall for the other' "$NONE" "$KERNEL" '^auto= exclusive= '
reads 'a driver, a kernel that cannot be told: not skipped, cxl-accel first' "$HALF" "$HALF" \
	'^auto=yes exclusive= depends=cxl-accel '

# What they ask.
verdict() {
	scripts/dkms/verdict "$1" "$install_tree/$1/build"
}

is 'the verdict of a kernel without CXL' "$(verdict "$NONE" 2>"$TMP/said")" unsupported
like 'the verdict of a kernel without CXL names what it lacks' "$(cat "$TMP/said")" \
	"^layout: kernel $NONE cannot be supported: it is not built with CONFIG_CXL_BUS"
is 'the verdict of a kernel without CXL, asked again, is the one that was kept' "$(verdict "$NONE" 2>"$TMP/said.again")" unsupported
is 'the verdict that was kept has the same words' "$(cat "$TMP/said.again")" "$(cat "$TMP/said")"
exits 1 'a kernel with half its headers: the verdict is an error' verdict "$HALF"
is 'a kernel with half its headers: the verdict is cannot-tell' "$(verdict "$HALF" 2>"$TMP/said")" cannot-tell
like 'a kernel with half its headers: the verdict says what to do' "$(cat "$TMP/said")" \
	"cannot tell whether kernel $HALF is supported: no .*/Makefile: install the headers of kernel $HALF"
is 'a kernel with half its headers: the verdict is not kept' "$(find /run/cxl-accel -name "$HALF*")" ''
rm -rf /run/cxl-accel
mkdir "$TMP/full"
mount -t tmpfs -o size=16k tmpfs "$TMP/full"
is 'a supported kernel, and no space for the answer: it cannot be told' \
	"$(TMPDIR=$TMP/full verdict "$KERNEL" 2>"$TMP/said")" cannot-tell
like 'no space for the answer: the verdict names the file system' "$(cat "$TMP/said")" "cannot write $TMP/full/.*: No space left"
umount "$TMP/full"
like 'no space for the answer at first, then some: supported' "$(verdict "$KERNEL")" "^replace $modules\$"
is 'dax_hmem is built in: the verdict leaves it and dax_cxl' \
	"$(scripts/dkms/verdict "$KERNEL" "$BUILTIN" 2>"$TMP/said")" "replace ${modules% dax_hmem dax_cxl}"
BUILTIN_SAID='dax_hmem and dax_cxl stay, and with them how Soft Reserved memory is shared out: .*DEV_DAX_HMEM=m'
like 'dax_hmem is built in: the verdict says what is not done' "$(cat "$TMP/said")" "^verdict: $BUILTIN_SAID"
exits 0 'dax_hmem is built in: the kernel is supported' scripts/cxl-accel check "$KERNEL" "$BUILTIN"
like 'dax_hmem is built in: cxl-accel check says what is not done' \
	"$(scripts/cxl-accel check "$KERNEL" "$BUILTIN")" ": supported: cxl_mem .*; .*$BUILTIN_SAID"
is 'cxl_port is a module that cannot be replaced: the verdict leaves it' \
	"$(scripts/dkms/verdict "$KERNEL" "$PORT" 2>"$TMP/said")" "replace ${modules/ cxl_port/}"
PORT_SAID='cxl_port stays, and is made to probe synchronously: .*devm_cxl_setup_hdm'
like 'cxl_port is a module that cannot be replaced: the verdict says so' "$(cat "$TMP/said")" \
	"^verdict: $PORT_SAID"
like 'cxl_port is a module that cannot be replaced: cxl-accel check does, too' \
	"$(scripts/cxl-accel check "$KERNEL" "$PORT")" \
	": supported: cxl_mem is replaced, so are dax_hmem and dax_cxl; $PORT_SAID"
exits 1 'cxl-accel check: it cannot be told' scripts/cxl-accel check "$HALF" "$install_tree/$HALF/build"
like 'cxl-accel check, where it cannot be told, says what to do' "$(scripts/cxl-accel check "$HALF" "$install_tree/$HALF/build" 2>&1)" \
	"^kernel $HALF: cannot be told: no .*/Makefile: install the headers"
exits 77 'cxl-accel check: unsupported' scripts/cxl-accel check "$NONE" "$install_tree/$NONE/build"
head -c 3000000 "$KDIR/vmlinux" >"$TMP/vmlinux"
exits 1 'a build with a truncated vmlinux fails' scripts/build --out "$TMP/built" "$KERNEL" "$KDIR" "$TMP/vmlinux"
like 'a build with a truncated vmlinux says what it cannot tell' "$(scripts/build --out "$TMP/built" "$KERNEL" "$KDIR" "$TMP/vmlinux" 2>&1)" \
	"^layout: cannot tell whether kernel .* is supported: $TMP/vmlinux is truncated"

ok 'dkms builds, without a warning' built_by_dkms
by_dkms=$SOURCE/build/$KERNEL
is 'built by dkms: no file of its own for what exports nothing' "$(find "$by_dkms" -name 'attach.o')" ''
is 'built by dkms: the same symbols, of the same versions' \
	"$(exports_of "$by_dkms")" "$(exports_of "build/$KERNEL")"
is 'built by dkms: the modules say the same of themselves' \
	"$(words_of "$by_dkms")" "$(words_of "build/$KERNEL")"
done_testing
