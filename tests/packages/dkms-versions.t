#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dkms is a script, and each version has ways of its own: those of Debian's archive, and those that
# CXL_TEST_DKMS names (files, separated by blanks), on Debian and on a distribution that is not. What they
# do to the kernel's own modules, to a kernel that clang has built, to several versions of cxl-accel, to a
# driver; where there are no headers yet; and where nothing runs, as in an image builder. In overlays of the
# bookworm root, with a stub in place of scripts/build: the modules are there already.

set -eu
# shellcheck source-path=SCRIPTDIR source=../../scripts/env/lib.sh
. "$(dirname "$0")/../../scripts/env/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/env/lib-apt.sh
. "$TREE/scripts/env/lib-apt.sh"

# fetch SUITE: the dkms of it, into the cache
fetch() {
	local file=$CACHE/dkms/$1

	[ ! -e "$file" ] || return 0
	mkdir -p "$CACHE/dkms"
	choose_mirrors
	set_up_apt "$1"
	rm -rf "$state/download"
	mkdir "$state/download"
	(cd "$state/download" && private_apt apt-get -q download dkms >&2) || die "cannot fetch dkms of $1"
	dpkg-deb --fsys-tarfile "$state"/download/dkms_*.deb | tar -xO ./usr/sbin/dkms >"$file.new"
	mv "$file.new" "$file"
}

if [ "$(current_root)" != bookworm ]; then
	for suite in bookworm trixie; do
		with_lock "dkms-$suite" fetch "$suite"
	done
	exec "$TREE/scripts/env/in-root" bookworm -- "$0"
fi
# All that is mounted from here on is this test's own.
if [ -z "${CXL_TEST_MOUNTS:-}" ]; then
	CXL_TEST_MOUNTS=1 exec unshare --mount --propagation private "$0"
fi
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$TREE/tests/lib.sh"

BUILT=$TREE/build/$KERNEL
MODULES=/lib/modules/$KERNEL
VERSION=$(package_version)
NEXT=$VERSION.1
NAMES="cxl_mem cxl_port dax_hmem dax_cxl"
[ -f "$BUILT/Module.symvers" ] || scripts/build "$KERNEL" >&2
mkdir "$TMP/state"
mount -t tmpfs mnt /mnt

# ---- a system ----

# add_version VERSION: what the package installs, and a build that copies
add_version() {
	local src=/usr/src/cxl-accel-$1

	cp -r "$TMP/package/usr/src/cxl-accel-$VERSION" "$src"
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$1\"/" "$src/dkms.conf"
	cat >"$src/scripts/build" <<-STUB
		#!/bin/sh -eu
		shift # --once
		echo "\$*" >>"$TMP/state/built"
		mkdir -p "build/\$1"
		cp "$BUILT"/cxl_*.ko "$BUILT"/dax_*.ko "$BUILT/Module.symvers" "build/\$1/"
	STUB
}

# A driver's package, which leaves it to dkms, too, to notice that cxl-accel has changed.
add_vendor() {
	cp -r tests/packages/vendor-dkms /usr/src/vendor-accel-1.0
	{
		sed "s,^MAKE.*,MAKE[0]='cp $BUILT/cxl_accel_sample.ko vendor_accel.ko \\&\\& echo >>$TMP/state/vendor'," \
			tests/packages/vendor-dkms/dkms.conf
		echo 'BUILD_DEPENDS_REBUILD="yes"'
	} >/usr/src/vendor-accel-1.0/dkms.conf
	dkms add vendor-accel/1.0
}

# The kernel's own, as its package has them, and no more than that: depmod is soon done.
copy_kernel() {
	local name

	mkdir -p "$TMP/modules/kernel"
	cp -r "$MODULES/kernel/drivers" "$TMP/all"
	for name in $NAMES; do
		(cd "$TMP/all" && find . -name "$name.ko*" -exec cp --parents {} "$TMP/modules/kernel/" \;)
	done
	mkdir -p "$TMP/modules/kernel/drivers"
	mv "$TMP/modules/kernel"/{cxl,dax} "$TMP/modules/kernel/drivers/"
	rm -r "$TMP/all"
	cp "$MODULES"/modules.{order,builtin,builtin.modinfo} "$TMP/modules/"
}

overlay() {
	local dir=/mnt/$systems$1

	mkdir -p "$dir/upper" "$dir/work"
	mount -t overlay -o "lowerdir=$1,upperdir=$dir/upper,workdir=$dir/work" overlay "$1"
}

systems=0

# new_system DKMS DISTRIBUTION
new_system() {
	systems=$((systems + 1))
	overlay /usr
	overlay /etc
	overlay /var/lib
	mount -t tmpfs run /run
	mount -t tmpfs modules /lib/modules
	mkdir -p "$MODULES" /var/lib/dkms /etc/dkms
	cp -r "$TMP/modules/." "$MODULES/"
	ln -s "/usr/src/linux-headers-$KERNEL" "$MODULES/build"
	depmod "$KERNEL"
	install -m 755 "$1" /usr/sbin/dkms
	[ "$2" = debian ] || printf 'ID=%s\nVERSION_ID=42\n' "$2" >"$TMP/os-release"
	[ "$2" = debian ] || cp --remove-destination "$TMP/os-release" /etc/os-release
	: >/etc/dkms/framework.conf
	rm -f "$TMP/state"/*
	add_version "$VERSION"
	manifest >"$TMP/stock"
}

drop_system() {
	# dkms leaves a sleep behind.
	umount --lazy /lib/modules /run /var/lib /etc /usr
}

manifest() {
	(cd "$MODULES" && find . -type f -name '*.ko*' -exec sha256sum {} + | sort -k 2)
}

kernels_own() {
	manifest | grep -E '/kernel/'
}

is_stock() {
	is "$1: the kernel's own modules are where its package has them" "$(kernels_own)" "$(cat "$TMP/stock")"
}

takes_ours() {
	like "$1: modprobe takes ours" "$(modinfo -k "$KERNEL" -F filename cxl_mem)" '/(updates|extra)/.*cxl_mem\.ko'
}

has_symvers_of() {
	# shellcheck disable=SC2016 # the inner shell's
	is "$1: a driver is built against the version that is installed" \
		"$(CXL_ACCEL_SYMVERS='' /usr/src/cxl-accel/scripts/driver-flags symvers "$KERNEL" "$MODULES/build" |
			xargs -r readlink -f)" "/var/lib/dkms/cxl-accel/$2/$KERNEL/x86_64/module/Module.symvers"
}

run_dkms() {
	dkms "$@" </dev/null
}

times() {
	wc -l 2>/dev/null <"$TMP/state/$1" || echo 0
}

# ---- what is tried ----

install_and_remove() {
	ok "$1: it installs" run_dkms install "cxl-accel/$VERSION" -k "$KERNEL"
	is_stock "$1, installed"
	takes_ours "$1, installed"
	is "$1: nothing of the kernel's is stored away" "$(find /var/lib/dkms -path '*original_module*' -type f)" ''
	has_symvers_of "$1" "$VERSION"

	add_version "$NEXT"
	ok "$1: another version installs over it" run_dkms install "cxl-accel/$NEXT" -k "$KERNEL" --force
	is_stock "$1, another version"
	has_symvers_of "$1, another version" "$NEXT"
	ok "$1: and the first again" run_dkms install "cxl-accel/$VERSION" -k "$KERNEL" --force
	has_symvers_of "$1, the first again" "$VERSION"

	add_vendor >/dev/null
	ok "$1: a driver installs" run_dkms install vendor-accel/1.0 -k "$KERNEL"
	ok "$1: cxl-accel is built again" sh -c "dkms unbuild cxl-accel/$VERSION -k $KERNEL &&
		dkms install cxl-accel/$VERSION -k $KERNEL"
	is "$1: the driver was built once more, and no more than that" "$(times vendor)" 2
	like "$1: the driver is installed" "$(dkms status vendor-accel)" ': installed'

	ok "$1: the driver is removed" run_dkms remove vendor-accel/1.0 --all
	ok "$1: a version is removed" run_dkms remove "cxl-accel/$NEXT" --all
	ok "$1: the other is removed" run_dkms remove "cxl-accel/$VERSION" --all
	is "$1, removed: there is what the kernel's package has, and no more" "$(manifest)" "$(cat "$TMP/stock")"
	is "$1, removed: dkms has nothing" "$(find /var/lib/dkms -path '*cxl-accel*' -type f)" ''
}

# As dkms 3.1.0 to 3.1.6 have left it when an earlier cxl-accel was removed.
heal() {
	local stock ours

	stock=$(cd "$MODULES" && find kernel -name 'cxl_mem.ko*')
	mkdir -p "$MODULES/updates/dkms"
	mv "$MODULES/$stock" "$MODULES/updates/dkms/"
	depmod "$KERNEL"
	ok "$1, a stock cxl_mem in the place of ours: it installs" run_dkms install "cxl-accel/$VERSION" -k "$KERNEL"
	is_stock "$1, a stock cxl_mem was in the place of ours"
	takes_ours "$1, a stock cxl_mem was in the place of ours"
	ours=$(modinfo -k "$KERNEL" -F version cxl_mem)
	like "$1, a stock cxl_mem was in the place of ours: which has a version" "$ours" '^[0-9]'
	ok "$1, a stock cxl_mem was in the place of ours: removed" run_dkms remove "cxl-accel/$VERSION" --all
	is "$1, removed after that: there is what the kernel's package has, and no more" "$(manifest)" "$(cat "$TMP/stock")"
}

# dkms looks for clang in vmlinux, or in the configuration, by its version.
clang() {
	local headers=/usr/src/linux-headers-$KERNEL

	echo 'Debian clang version 14.0.6 Debian LLD' >"$TMP/comment"
	objcopy --remove-section .comment --add-section ".comment=$TMP/comment" "$headers/vmlinux" "$TMP/vmlinux"
	cp "$TMP/vmlinux" "$headers/vmlinux"
	: >"$TMP/state/built"
	ok "$1, a kernel built by clang: it builds" run_dkms build "cxl-accel/$VERSION" -k "$KERNEL"
	like "$1, a kernel built by clang: dkms has said so" \
		"$(dkms build "cxl-accel/$VERSION" -k "$KERNEL" --force --verbose 2>&1)" '(LLVM=1|CC=clang)'
	like "$1, a kernel built by clang: what is built is this kernel" "$(cat "$TMP/state/built")" "^${KERNEL//+/.} "
	ok "$1, a kernel built by clang: removed" run_dkms remove "cxl-accel/$VERSION" --all
}

# An image builder: another kernel runs, or none; and the headers come after the package.
late_headers() {
	rm "$MODULES/build"
	ok "$1, no headers: it can be added" run_dkms add "cxl-accel/$VERSION"
	run_dkms install "cxl-accel/$VERSION" -k "$KERNEL" >"$TMP/output" 2>&1 || true
	like "$1, no headers: dkms says so" "$(cat "$TMP/output")" 'headers for kernel .* (cannot|can not|do not) be? ?found|headers'
	is_stock "$1, no headers"
	ln -s "/usr/src/linux-headers-$KERNEL" "$MODULES/build"
	mount -t tmpfs sys /sys
	ok "$1, headers that come later, where nothing runs: dkms autoinstall" run_dkms autoinstall -k "$KERNEL"
	umount /sys
	takes_ours "$1, headers that came later"
	is_stock "$1, headers that came later"
	ok "$1, headers that came later: removed" run_dkms remove "cxl-accel/$VERSION" --all
}

# try FILE DISTRIBUTION
try() {
	local name

	new_system "$1" "$2"
	name="dkms $(dkms --version | sed 's/^dkms[- ]*//'), $2"
	install_and_remove "$name"
	heal "$name"
	late_headers "$name"
	clang "$name"
	drop_system
}

copy_kernel
scripts/package/install dkms "$TMP/package"
scripts/package/install dev "$TMP/package"
cp -r "$TMP"/package/usr/src/cxl-accel{,-dev} /usr/src/
for file in "$CACHE/dkms/bookworm" "$CACHE/dkms/trixie" ${CXL_TEST_DKMS:-}; do
	for distribution in debian fedora; do
		try "$file" "$distribution"
	done
done
[ -n "${CXL_TEST_DKMS:-}" ] ||
	skip 'other versions of dkms, as 3.1.0 to 3.1.6' "Debian's archive has them no more; CXL_TEST_DKMS= names such"
done_testing
