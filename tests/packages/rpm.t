#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The RPM as the README tells to install, update and remove it: with dnf from a local repository, with
# dkms and a real kernel. The system is Debian 12 with its 6.12 kernel: rpm is told what apt has
# installed. Not run is a Fedora or RHEL kernel.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

TOOLS="dnf rpm createrepo-c dkms bzip2 gawk gcc jq kmod libc6-dev lz4 make openssl xz-utils zstd"

in_packaging() {
	scripts/env/in-root packaging -- "$@"
}

# A package without files, that provides what the system has from elsewhere.
provide() {
	cat >"$TMP/provides.spec" <<-'SPEC'
		Name: system-provides
		Version: 1
		Release: 1
		Summary: What apt has installed
		License: GPL-2.0-only
		BuildArch: noarch
		Provides: /bin/bash /bin/sh /usr/bin/bash bzip2 gawk gcc kmod glibc-devel jq lz4 make openssl xz zstd kernel-core kernel-devel-matched
		Provides: dkms = 3.0.10
		%description
		For a test.
		%files
	SPEC
	in_packaging rpmbuild -bb --define "_topdir $TMP/rpm" "$TMP/provides.spec"
}

# build_version VERSION [LINE]: the package as another version; LINE is added to its source
build_version() {
	local dir=$TMP/cxl-accel-$1

	mkdir -p "$dir" "$TMP/rpm/SOURCES"
	tar -c --exclude=./build --exclude=./.git . | tar -x -C "$dir"
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$1\"/; s/^\(Version:\t\).*/\1$1/" \
		"$dir/dkms.conf" "$dir/rpm/cxl-accel.spec"
	echo "${2:-}" >>"$dir/src/mem/main.c"
	tar -C "$TMP" -czf "$TMP/rpm/SOURCES/cxl-accel-$1.tar.gz" "cxl-accel-$1"
	in_packaging rpmbuild -bb --define "_topdir $TMP/rpm" "$dir/rpm/cxl-accel.spec"
}

# The package when it had all that three have now, as far as files can be in the way of others.
build_single() {
	cat >"$TMP/single.spec" <<-'SPEC'
		Name: cxl-accel-dkms
		Version: 0.0.9
		Release: 1
		Summary: All in one
		License: GPL-2.0-only
		BuildArch: noarch
		%description
		For a test.
		%install
		mkdir -p %{buildroot}/usr/src/cxl-accel-0.0.9/scripts %{buildroot}/usr/sbin
		ln -s cxl-accel-0.0.9 %{buildroot}/usr/src/cxl-accel
		touch %{buildroot}/usr/src/cxl-accel-0.0.9/scripts/cxl-accel
		ln -s ../src/cxl-accel-0.0.9/scripts/cxl-accel %{buildroot}/usr/sbin/cxl-accel
		%files
		/usr/src/cxl-accel
		/usr/src/cxl-accel-0.0.9
		/usr/sbin/cxl-accel
	SPEC
	in_packaging rpmbuild -bb --define "_topdir $TMP/rpm" "$TMP/single.spec"
}

# A repository that dnf knows, and what dnf would ask answered.
make_repository() {
	mkdir -p "$SYSTEM/srv/repo" "$SYSTEM/etc/yum.repos.d"
	cat >"$SYSTEM/etc/yum.repos.d/local.repo" <<-'REPO'
		[local]
		name=local
		baseurl=file:///srv/repo
		gpgcheck=0
		metadata_expire=0
	REPO
	echo assumeyes=True >>"$SYSTEM/etc/dnf/dnf.conf"
}

publish() {
	cp "$@" "$SYSTEM/srv/repo/"
	in_system createrepo_c -q /srv/repo
}

modprobe_takes() {
	in_system modinfo -k "$kernel" -F filename cxl_mem
}

initramfs() {
	in_system lsinitramfs "/boot/initrd.img-$kernel"
}

manifest() {
	(cd "$SYSTEM" && find lib/modules var/lib/dkms usr/src usr/sbin/cxl-accel usr/share/cxl-accel usr/lib/modprobe.d \
		! -path 'var/lib/dkms/mok.*' 2>/dev/null) | sort
}

version=$(package_version)
new_system bookworm
kernel=$(kernels)
readme Install 'make deb' apt-get reboot 'cxl-accel status'
ok 'dkms, dnf and what else the RPM requires' user "sudo apt-get install --no-install-recommends $TOOLS"
make_repository
ok 'rpm is told' provide
manifest >"$TMP/before"

types 'the package can be built' '^sudo make rpm'
publish "$TMP"/rpm/RPMS/noarch/system-provides-*.rpm \
	"$SYSTEM"/home/user/cxl-accel/build/packages/cxl-accel-*-"$version"-*.noarch.rpm
types 'the package can be installed' '^sudo dnf install cxl-accel-dkms$'
ok "dkms has installed it for $kernel" installed "cxl-accel/$version" "$kernel"
like 'modprobe takes our cxl_mem' "$(modprobe_takes)" '/updates/dkms/cxl_mem.ko'
is 'cxl_mem was built for the kernel that is installed' "$(in_system modinfo -k "$kernel" -F vermagic cxl_mem | cut -d' ' -f1)" "$kernel"
ok 'rpm finds all its files unchanged' user 'sudo rpm -V --nodeps cxl-accel-dkms cxl-accel-devel cxl-accel-tools'
ok 'the status tool works' user "sudo cxl-accel check $kernel"

ok 'a newer version can be built' build_version "$version.1"
publish "$TMP"/rpm/RPMS/noarch/cxl-accel-*-"$version.1"-*.rpm
types 'the package can be upgraded' '^sudo dnf upgrade cxl-accel-dkms$'
ok 'dkms has the new version' installed "cxl-accel/$version.1" "$kernel"
nok 'dkms has the old version no more' installed "cxl-accel/$version" "$kernel"
is 'the others have the new version, too' "$(in_system rpm -q --qf '%{version}\n' cxl-accel-devel cxl-accel-tools | uniq)" \
	"$version.1"
is 'modprobe takes the new version' "$(in_system modinfo -k "$kernel" -F version cxl_mem)" "$version.1"

ok 'a package that does not compile can be built' build_version "$version.2" '#error "no"'
publish "$TMP"/rpm/RPMS/noarch/cxl-accel-*-"$version.2"-*.rpm
user 'sudo dnf upgrade cxl-accel-dkms' || true
like 'a package that does not compile: the failure is shown' "$(cat "$TMP/output")" 'Bad return status for module build'
like 'a package that does not compile: dnf calls it a failure of the scriptlet' "$(cat "$TMP/output")" 'scriptlet failed'
nok 'a package that does not compile: dkms has not installed it' installed cxl-accel "$kernel"

like 'the initramfs has the load order' "$(initramfs)" 'modprobe.d/cxl-accel.conf'
types 'the package can be removed' '^sudo dnf remove cxl-accel-dkms$'
typed_all
like 'modprobe takes the stock module' "$(modprobe_takes)" '/kernel/drivers/cxl/'
is 'dkms has nothing of it' "$(in_system dkms status cxl-accel)" ''
manifest >"$TMP/after"
ok 'package removed: nothing is left in the file system' diff "$TMP/before" "$TMP/after"
unlike 'package removed: nothing is left in the initramfs' "$(initramfs)" cxl

# Without headers nothing is built.
rm "$SYSTEM/lib/modules/$kernel/build"
ok 'the package when all was in one can be built' build_single
cp "$TMP"/rpm/RPMS/noarch/cxl-accel-dkms-0.0.9-*.rpm "$SYSTEM/home/user/cxl-accel/"
ok 'when all was in one package it could be installed' user 'sudo rpm -i --nodeps cxl-accel-dkms-0.0.9-*.rpm'
ok 'over that one the packages can be installed' user "sudo dnf install 'cxl-accel-*-$version-*'"
ok 'rpm finds all their files unchanged' user 'sudo rpm -V --nodeps cxl-accel-dkms cxl-accel-devel cxl-accel-tools'
is 'the one package: nothing of it is left' "$(cd "$SYSTEM" && echo usr/src/cxl-accel-*)" \
	"usr/src/cxl-accel-$version usr/src/cxl-accel-dev"
done_testing
