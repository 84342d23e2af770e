#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A release: the tarball is what is committed, and nothing else; what is built out of it names the commit, and is
# the same each time.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

version=$(package_version)
clone=$TMP/clone
tarball=$clone/build/packages/cxl-accel-$version.tar.gz

in_packaging() {
	scripts/env/in-root --bind "$TMP" packaging -- "$@"
}

# unpack DIR: the tarball, as somebody who has nothing else
unpack() {
	mkdir -p "$TMP/$1" && tar -C "$TMP/$1" -xzf "$tarball"
}

# sums DIR: of the packages that were built out of the tarball there
sums() {
	(cd "$TMP/$1/cxl-accel-$version/build/packages" && sha256sum -- *.deb *.rpm *.spdx)
}

packages() {
	(cd "$TMP/$1/cxl-accel-$version" && scripts/package/build deb && scripts/package/build rpm &&
		scripts/package/build sbom)
}

sbom() {
	make -C "$TMP/one/cxl-accel-$version" sbom >"$TMP/sbom" 2>&1
}

# What the list of licenses has, FILE LICENSE each.
licenses() {
	awk '$1 == "FileName:" { name = substr($2, 3) } $1 == "LicenseInfoInFile:" { print name, $2 }' \
		"$TMP/one/cxl-accel-$version/build/packages/cxl-accel-$version.spdx" | sort
}

# What is in a package, of a file.
in_deb() {
	dpkg-deb --fsys-tarfile "$TMP/one/cxl-accel-$version"/build/packages/cxl-accel-dkms_*.deb | tar -xO "./usr/src/cxl-accel-$version/$1"
}

# Another way, of Fedora 42 and later.
rpmbuild_ta() {
	in_packaging rpmbuild -ta --define "_topdir $TMP/rpm" --define "_sbindir /usr/bin" "$tarball"
}

if [ ! -e .git ]; then
	skip 'a release' 'this is no git repository'
	done_testing
	exit
fi
ok 'the tree can be cloned' source_git clone -q "$TREE" "$clone"
commit=$(git -C "$clone" rev-parse --short HEAD)
ok 'make dist packs it' make -C "$clone" dist
cp "$tarball" "$TMP/first.tar.gz"
touch "$clone/README.md"
ok 'make dist packs it again' make -C "$clone" dist
ok 'the second tarball is the first' cmp "$tarball" "$TMP/first.tar.gz"
is 'the tarball has what is committed, and nothing else' "$(tar -tzf "$tarball" | sed "s,^cxl-accel-$version/,,; /\/$/d; /^$/d" | sort)" \
	"$(git -C "$clone" ls-files | sort)"
echo more >>"$clone/README.md"
nok 'a tree with changes is refused' make -C "$clone" dist
like 'a tree with changes is refused: why' "$(make -C "$clone" dist 2>&1)" '^dist: there are changes that are not committed'
like 'a tree with changes is refused: which they are' "$(make -C "$clone" dist 2>&1)" '^ M README\.md$'

ok 'the tarball can be unpacked' unpack one
ok 'the tarball can be unpacked elsewhere' unpack another
nok 'what was unpacked is no repository to pack' make -C "$TMP/one/cxl-accel-$version" dist
ok 'packages can be built out of it' packages one
ok 'packages can be built out of it elsewhere' packages another
is 'the packages are the same' "$(sums another)" "$(sums one)"
is 'the package says which commit it is' "$(in_deb scripts/commit)" "$commit"

is 'each file has its license, but for the text of the license itself' "$(licenses)" \
	"$(git -C "$clone" ls-files | grep -vE '^(COPYING|LICENSES/.*|REUSE\.toml)$' | sed 's/$/ GPL-2.0-only/' | sort)"
ok 'make sbom' sbom
unlike 'make sbom: no line looks like a license and is none' "$(cat "$TMP/sbom")" ERROR
printf '// SPDX-%s: MIT\n' License-Identifier >"$TMP/one/cxl-accel-$version/src/mem/other.c"
nok 'a file of another license is refused' sbom
like 'a file of another license is refused: which it is' "$(cat "$TMP/sbom")" 'src/mem/other\.c'

ok 'rpmbuild -ta, where commands of an administrator are in /usr/bin' rpmbuild_ta
like 'rpmbuild -ta: the command is there' "$(in_packaging rpm -qlp "$TMP"/rpm/RPMS/noarch/*.rpm)" '^/usr/bin/cxl-accel$'
done_testing
