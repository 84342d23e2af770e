#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The RPM, installed with dnf from a local repository, with dkms and a real kernel.
# The system is Debian 12 with its 6.12 kernel: rpm is told what apt has installed. Not run is
# a Fedora or RHEL kernel.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

DNF="dnf -y --repofrompath=local,/root/repo --repo=local --nogpgcheck --setopt=local.metadata_expire=0"

in_packaging() {
	scripts/in-root packaging -- "$@"
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
		Provides: /bin/bash /bin/sh /usr/bin/bash binutils bpftool bzip2 dkms gawk gcc kmod lz4 make openssl xz zstd
		%description
		For a test.
		%files
	SPEC
	in_packaging rpmbuild -bb --define "_topdir $TMP/rpm" "$TMP/provides.spec"
}

publish() {
	cp "$@" "$SYSTEM/root/repo/"
	in_system createrepo_c -q /root/repo
}

installed() {
	in_system dkms status "$1" -k "$2" 2>/dev/null | grep -q ': installed'
}

version=$(package_version)
new_system bookworm
kernel=$(kernels)
mkdir -p "$SYSTEM/root/repo"
ok 'dkms, dnf and what else the RPM requires' user \
	'apt-get install -y --no-install-recommends dnf rpm createrepo-c dkms bpftool binutils bzip2 gawk gcc kmod lz4 make openssl xz-utils zstd'
ok 'rpm is told' provide
publish "$TMP"/rpm/RPMS/noarch/system-provides-*.rpm build/packages/cxl-accel-dkms-"$version"-*.rpm
ok 'dnf install' user "$DNF install cxl-accel-dkms"
ok "dkms has installed it for $kernel" installed cxl-accel "$kernel"
like 'modprobe takes ours' "$(in_system modinfo -k "$kernel" -F filename cxl_mem)" '/updates/dkms/cxl_mem.ko'
is 'it was built for that kernel' "$(in_system modinfo -k "$kernel" -F vermagic cxl_mem | cut -d' ' -f1)" "$kernel"
ok 'rpm finds all its files unchanged' user 'rpm -V --nodeps cxl-accel-dkms'
ok 'the status tool works' user "cxl-accel check $kernel"

done_testing
