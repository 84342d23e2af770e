#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The layout generator on the kernels that Debian's archive holds: which of them are supported, and
# if not, why. What it says of each is compared with what bpftool, Module.symvers and the compiler say.
#
# Looks at a few kernels (250 MB to fetch, once); with CXL_TEST_ALL_KERNELS=1 at the newest of every
# series that there is (1 GB). No guest, nothing is installed, no version is among the expectations.

set -eu
# shellcheck source-path=SCRIPTDIR source=../scripts/env/lib-apt.sh
. "$(dirname "$0")/../scripts/env/lib-apt.sh"
choose_mirrors
grep -qsx bookworm /etc/cxl-accel-suite || exec "$(dirname "$0")/../scripts/env/in-root" bookworm -- "$0" "$@"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# One without volatile regions, one that is supported, two that have the accelerator API themselves.
SOME_SERIES="6.1 6.12 7.2 7.3"
STORE=$CACHE/layout-kernels

set_up_apt() {
	local suite

	mkdir -p "$STORE/apt"/{lists/partial,archives/partial,parts}
	: >"$STORE/apt/status"
	for suite in bookworm bookworm-backports trixie trixie-backports experimental; do
		apt_sources "$suite"
	done | sort -u >"$STORE/apt/sources.list"
	{
		cat <<-CONF
			Dir::State "$STORE/apt";
			Dir::State::Lists "$STORE/apt/lists";
			Dir::State::status "$STORE/apt/status";
			Dir::Cache "$STORE/apt";
			Acquire::GzipIndexes "true";
			Dir::Cache::archives "$STORE/apt/archives";
			Dir::Etc::SourceList "$STORE/apt/sources.list";
			Dir::Etc::SourceParts "$STORE/apt/parts";
			Dir::Etc::Parts "$STORE/apt/parts";
			Dir::Etc::Preferences "/dev/null";
			Dir::Etc::PreferencesParts "$STORE/apt/parts";
			Apt::Architecture "amd64";
			Apt::Sandbox::User "root";
		CONF
		apt_options
	} >"$STORE/apt/apt.conf"
	export APT_CONFIG=$STORE/apt/apt.conf
	if [ -z "$(find "$STORE/packages" -mtime -1 2>/dev/null)" ]; then
		apt-get -q update >&2
		list_packages >"$STORE/.packages"
		mv "$STORE/.packages" "$STORE/packages"
	fi
}

# Kernel packages, without flavours. The image is in linux-binary where there is one; linux-image is
# empty then, as is a package that only depends on the newest kernel.
list_packages() {
	apt-cache search --names-only '^linux-(image|binary|headers)-[0-9].*-amd64$' | cut -d' ' -f1 |
		grep -vE -- '-(cloud|rt)-amd64$' | xargs apt-cache show --no-all-versions |
		awk '$1 == "Package:" { name = $2 } $1 == "Size:" && $2 > 1000000 { print name }'
}

# The newest release of each series; of all series, one for each Debian release that has it.
releases() {
	sed -nE 's/^linux-(image|binary)-//p' "$STORE/packages" | sort -uV |
		sed -E 's/^([0-9]+\.[0-9]+)[^+]*(\+deb[0-9]+)?.*/\1 \2 &/' |
		awk -v some="${CXL_TEST_ALL_KERNELS:-$SOME_SERIES}" '
			some == 1 { newest[NF > 2 ? $1 $2 : $1] = $NF }
			index(" " some " ", " " $1 " ") { newest[$1] = $NF }
			END { for (series in newest) print newest[series] }' | sort -V
}

# The archive keeps the images of old releases, and not their headers.
packages_of() {
	grep -xE "linux-(image|binary)-${1//+/\\+}" "$STORE/packages"
	if grep -qxF "linux-headers-$1" "$STORE/packages"; then
		echo "linux-headers-$1" "linux-headers-${1%-amd64}-common"
	fi
}

# Only what is read later: image, headers and their Makefile, which names the other half by its path.
fetch() {
	local release=$1 dir=$STORE/.$1.new deb

	[ ! -e "$STORE/$release" ] || return 0
	rm -rf "$dir"
	mkdir -p "$dir/debs"
	# shellcheck disable=SC2046 # several packages
	(cd "$dir/debs" && apt-get -q download $(packages_of "$release")) >&2 || return 1
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$dir" --wildcards --no-anchored 'vmlinu*' 'linux-headers-*' --exclude='*.ko*' --exclude=doc 2>/dev/null || true
	done
	rm -rf "$dir/debs"
	find "$dir" -name 'vmlinuz*' -type f -exec mv {} "$dir/vmlinuz" \;
	find "$dir/usr/src" -maxdepth 2 -name Makefile -exec sed -i "s,/usr/src/,$STORE/$release/usr/src/,g" {} + 2>/dev/null || true
	[ -s "$dir/vmlinuz" ] && mv "$dir" "$STORE/$release"
}

headers_of() {
	[ ! -e "$STORE/$1/usr/src/linux-headers-$1/Makefile" ] || echo "$STORE/$1/usr/src/linux-headers-$1"
}

# The rows of both tables, as "NAME LEVEL KIND ARGUMENT" with single blanks.
rows() {
	sed -E 's/[ \t]*#.*//; /^$/d; s/[ \t]+/ /g' src/compat/features.tbl
	sed -E 's/[ \t]*#.*//; /^$/d; s/[ \t]+/ /g; s/^([A-Z0-9_]+): /- required:\1 member /; t; s/^/- required member /' src/compat/members.tbl
}

# holds KIND ARGUMENT: the row's answer is yes
holds() {
	grep -qxF "/* $1: $2 */" "$TMP/out/cxl_core_features.h"
}

in_struct() {
	awk -v head="$1 {" -v member="$2" '
		index($0, head) == 1 { inside = 1 }
		inside && $0 ~ "[^a-zA-Z0-9_]" member "[^a-zA-Z0-9_]" { found = 1 }
		/^}/ { inside = 0 }
		END { exit !found }' "$TMP/btf.h"
}

exports() {
	grep -q "	$1	" "$TMP/symvers"
}

# as_said KIND ARGUMENT CMD...: CMD finds it if the answer is yes, and does not if it is no.
as_said() {
	local kind=$1 arg=$2 found=0
	shift 2
	! "$@" || found=1
	if holds "$kind" "$arg"; then [ "$found" = 1 ]; else [ "$found" = 0 ]; fi
}

defines() {
	grep -q "^$1 {" "$TMP/btf.h"
}

has_function() {
	grep -q " FUNC '$1' " "$TMP/btf"
}

# row_agrees KIND ARGUMENT: is the answer right, by another look at the same kernel? A no for
# the sake of a member's type, or of a prototype, is not looked into.
row_agrees() {
	local kind=$1 arg=$2 owner member function

	case $kind in
	type) as_said "$kind" "$arg" defines "$arg" ;;
	function) as_said "$kind" "$arg" has_function "$arg" ;;
	export) as_said "$kind" "$arg" exports "$arg" ;;
	member)
		owner=${arg%%.*}
		member=${arg#*.}
		if [[ $member = *" "* ]] && ! holds "$kind" "$arg"; then return; fi
		as_said "$kind" "$arg" in_struct "$owner" "${member%% *}"
		;;
	import)
		holds "$kind" "$arg" || return 0
		function=$(grep -oE '[a-z0-9_]+\(' <<<"$arg" | head -n 1)
		exports "${function%(}" && has_function "${function%(}"
		;;
	esac
}

rows_agree() {
	local kind arg wrong=0 count=0

	while read -r _ _ kind arg; do
		count=$((count + 1))
		row_agrees "$kind" "$arg" || {
			echo "wrong answer: $kind $arg"
			wrong=1
		}
	done < <(rows)
	echo "$count rows"
	[ "$wrong" = 0 ] && [ "$count" -gt 10 ]
}

# is_wanted [!]MACRO: is what is required there? Without headers nobody can tell whether by a config.
is_wanted() {
	local kind arg no=0

	[ "$1" = "${1#!}" ] || no=1
	read -r _ _ kind arg < <(rows | grep "^${1#!} ")
	[ -n "$headers" ] || [[ ! $kind =~ ^(config|header)$ ]] || return 1
	if holds "$kind" "$arg"; then [ $no = 0 ]; else [ $no = 1 ]; fi
}

# The verdict that follows from the answers. Without headers nobody can tell what is configured.
expected_verdict() {
	local level kind arg verdict=replace

	while read -r _ level kind arg; do
		case $level in
		required:*)
			! is_wanted "${level#required:}" ||
				{ [ -z "$headers" ] && [[ $kind =~ ^(config|header)$ ]]; } ||
				holds "$kind" "$arg" || verdict=unsupported
			;;
		native) ! holds "$kind" "$arg" || { echo native; return; } ;;
		required)
			[ -z "$headers" ] && [[ $kind =~ ^(config|header)$ ]] || holds "$kind" "$arg" || verdict=unsupported
			;;
		esac
	done < <(rows)
	echo "$verdict"
}

expected_status() {
	if [ "$1" = unsupported ]; then echo 77; else echo 0; fi
}

# The exports: what Module.symvers says, or without headers the image's own strings.
dump_kernel() {
	local vmlinux=$1

	bpftool btf dump file "$vmlinux" format c >"$TMP/btf.h"
	bpftool btf dump file "$vmlinux" format raw >"$TMP/btf"
	if [ -n "$headers" ]; then
		cp "$headers/Module.symvers" "$TMP/symvers"
	else
		readelf -p __ksymtab_strings "$vmlinux" | sed -E 's/^ *\[ *[0-9a-f]+\]  /\t/; s/$/\t/' >"$TMP/symvers"
	fi
}

# What a module would be compiled with, as far as it decides on layouts: the kernel's own build tools
# are of another Debian release than this root.
compiles_with_headers() {
	local common=$STORE/$1/usr/src/linux-headers-${1%-amd64}-common

	printf '#include "cxl_core_layout.h"\n#include "cxl_core_features.h"\n' >"$TMP/layout.c"
	gcc -nostdinc -I"$common/arch/x86/include" -I"$headers/arch/x86/include/generated" -I"$common/include" \
		-I"$headers/include" -I"$common/arch/x86/include/uapi" -I"$headers/arch/x86/include/generated/uapi" \
		-I"$common/include/uapi" -I"$headers/include/generated/uapi" -include "$common/include/linux/compiler-version.h" \
		-include "$common/include/linux/kconfig.h" -include "$common/include/linux/compiler_types.h" \
		-D__KERNEL__ -DMODULE -DKBUILD_MODNAME='"x"' -DKBUILD_BASENAME='"x"' -DKBUILD_MODFILE='"x"' \
		-DCC_USING_FENTRY -std=gnu11 -fms-extensions -fshort-wchar -funsigned-char -fno-strict-aliasing -fno-pie \
		-mcmodel=kernel -mno-sse -mno-mmx -O2 -Wno-attributes -I"$TMP/out" -fsyntax-only "$TMP/layout.c"
}

compiles_alone() {
	gcc -Wall -fsyntax-only -x c "$TMP/out/cxl_core_layout.h"
}

test_kernel() {
	local release=$1 headers verdict rc=0

	headers=$(headers_of "$release")
	src/layout/generate --kver "$release" ${headers:+--kdir "$headers"} --vmlinux "$STORE/$release/vmlinuz" \
		--out "$TMP/out" >"$TMP/said" 2>&1 || rc=$?
	[ -s "$TMP/out/verdict" ] || {
		fail "$release: $(cat "$TMP/said")"
		return
	}
	verdict=$(cut -d' ' -f1 "$TMP/out/verdict")
	pass "$(sed 's/^layout: kernel //; 1q' "$TMP/said")"
	unpack_vmlinux "$STORE/$release/vmlinuz"
	dump_kernel "$TMP/vmlinux"
	ok "$release: bpftool and the table of exports agree with every answer" rows_agree
	is "$release: the verdict is what the answers say" "$verdict" "$(expected_verdict)"
	is "$release: so is the exit status" "$rc" "$(expected_status "$verdict")"
	if [ -e "$headers/vmlinux" ]; then
		objcopy -O binary -j .BTF "$headers/vmlinux" "$TMP/headers.btf"
		ok "$release: image and headers have the same BTF" \
			grep -q "$(sha256sum <"$TMP/headers.btf" | cut -c1-64)" "$TMP/out/cxl_core_layout.h"
	fi
	if [ -n "$headers" ]; then
		ok "$release: the layout header agrees with the kernel's headers" compiles_with_headers "$release"
	else
		ok "$release: the layout header agrees with the compiler" compiles_alone
	fi
}

# Not as the generator does it, but by trying whatever looks like the beginning of a compressed stream.
unpack_vmlinux() {
	local offset

	rm -f "$TMP/vmlinux"
	while read -r offset; do
		tail -c "+$((offset + 1))" "$1" >"$TMP/stream"
		xz -dcq "$TMP/stream" >"$TMP/vmlinux" 2>/dev/null || zstd -dcq "$TMP/stream" >"$TMP/vmlinux" 2>/dev/null || true
		[ "$(head -c 4 "$TMP/vmlinux" | tail -c 3)" != ELF ] || return 0
	done < <(LC_ALL=C grep -obUaP '\xfd7zXZ\x00|\x28\xb5\x2f\xfd' "$1" | LC_ALL=C cut -d: -f1)
}

main() {
	local release seen=0

	with_lock layout-kernels set_up_apt
	APT_CONFIG=$STORE/apt/apt.conf
	export APT_CONFIG
	[ -n "${CXL_TEST_ALL_KERNELS:-}" ] || diag "a subset, $SOME_SERIES; for all: CXL_TEST_ALL_KERNELS=1"
	for release in $(releases); do
		with_lock layout-kernels fetch "$release" || {
			fail "$release: fetched"
			continue
		}
		seen=$((seen + 1))
		test_kernel "$release"
	done
	ok "at least three kernels were looked at" test "$seen" -ge 3
	done_testing
}

main
