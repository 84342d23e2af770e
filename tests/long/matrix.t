#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/matrix: the sample driver and its test on every kernel of the list, from one source; what the
# table says when something is wrong. Fetches Debian's kernels (500 MB) and builds those of
# scripts/env/kernel, if they are not there yet.

set -eu
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# matrix STATUS [OPTION]...: it ends so
matrix() {
	local status=$1 rc=0
	shift
	scripts/matrix --output "$TMP/matrix" "$@" >"$TMP/out" 2>"$TMP/err" || rc=$?
	cat "$TMP/out" "$TMP/err"
	echo "status $rc, not $status?"
	[ "$rc" = "$status" ]
}

outcome_of() {
	sed -nE "s/^$1 +[^ ]+ +[^ ]+ +//p" "$TMP/matrix/table"
}

sample() {
	local name

	ok 'no kernel fails' matrix 0 --topology 'hb(acc),hb(2*acc)' --firmware dev0:hdm-d,dev1:hdm-d \
		--file src/sample/test.sh --file tests/guest:/guest -- sh -c './test.sh && sh /guest/fallback.sh'
	for name in "${names[@]}"; do
		is "$name: the sample attaches, twice, behind any bridge, and goes on where it cannot" \
			"$(outcome_of "$name")" passed
		[ "$(outcome_of "$name")" = passed ] || tail -n 40 "$TMP/matrix/$name.log" | explain
	done
	is 'the table is on stdout too' "$(cat "$TMP/out")" "$(cat "$TMP/matrix/table")"
}

# The drivers of tests/drivers that know nothing but 7.3's names.
shapes() {
	local name

	ok 'drivers of other shapes: no kernel fails' matrix 0 --driver tests/drivers/vendor --driver tests/drivers/chardev \
		--firmware dev0:hdm-d --file tests/guest:/guest -- sh /guest/shapes.sh vendor_accel chardev_accel
	for name in "${names[@]}"; do
		is "$name: drivers of other shapes attach, and go on where they cannot" "$(outcome_of "$name")" passed
		[ "$(outcome_of "$name")" = passed ] || tail -n 40 "$TMP/matrix/$name.log" | explain
	done
}

failures() {
	ok 'a test that fails fails the matrix' matrix 1 --kernels debian-12 -- sh -c 'exit 3'
	like 'a test that fails fails the matrix: with its status' "$(outcome_of debian-12)" '^failed: status 3, see .*/debian-12\.log$'
	ok 'a kernel that complains does' matrix 1 --kernels debian-12 -- sh -c 'echo c >/proc/sysrq-trigger'
	like 'a kernel that complains does: whatever the test says' "$(outcome_of debian-12)" '^failed: the kernel complained, see '
	mkdir "$TMP/broken"
	echo 'obj-m := broken.o' >"$TMP/broken/Kbuild"
	echo 'int x = y;' >"$TMP/broken/broken.c"
	ok 'a driver that does not compile does' matrix 1 --kernels debian-12 --driver "$TMP/broken" -- true
	like 'a driver that does not compile does: before anything is booted' "$(outcome_of debian-12)" '^failed: the driver does not build, see '
}

# Packages of a distribution, unpacked: here those of a kernel that is at hand.
trees() {
	local release dir=$TMP/tree

	release=$(scripts/env/kernel modular)
	mkdir "$dir" "$dir/lib" "$dir/lib/modules"
	cp -r "$CACHE/kernel/$release/boot" "$dir/"
	cp -r "$CACHE/kernel/$release/lib/modules/$release" "$dir/lib/modules/"
	ln -sfn "$CACHE/kernel/$release/usr/src/linux-headers-$release" "$dir/lib/modules/$release/build"
	echo "mine tree $dir bookworm" >"$TMP/list"
	ok 'unpacked packages are a kernel' matrix 0 --list "$TMP/list" --firmware dev0:hdm-d \
		--file src/sample/test.sh -- ./test.sh
	is 'unpacked packages are a kernel: on which the sample attaches' "$(outcome_of mine)" passed

	rm "$dir/lib/modules/$release/build"
	cp -rL "$CACHE/kernel/$release/usr/src/linux-headers-$release" "$dir/lib/modules/$release/build"
	sed -i '/^CONFIG_CXL_BUS=/d' "$dir/lib/modules/$release/build/include/config/auto.conf"
	ok 'where every kernel is skipped, nothing has passed' matrix 1 --list "$TMP/list" -- true
	like 'a kernel without CXL is skipped, with the reason' "$(outcome_of mine)" \
		'^skipped: it is not built with CONFIG_CXL_BUS'
	like 'a kernel without CXL is skipped, with the reason: counted' "$(cat "$TMP/err")" '^matrix: 1 kernels: 0 passed, 0 failed, 1 skipped$'
}

# bad REGEX [LINE]...: a list of these lines is a mistake
bad() {
	local regex=$1
	shift
	printf '%s\n' "$@" >"$TMP/bad"
	matrix 2 --list "$TMP/bad" -- true && grep -qE "$regex" "$TMP/err"
}

bad_input() {
	ok 'a list of nothing' bad 'no kernel in ' '# nothing'
	ok 'an unknown kind' bad "line 2: 'copy' is none of root, built, tree" '' 'a copy trixie'
	ok 'an unknown suite' bad "line 1: no suite 'potato': one of" 'a root potato'
	ok 'a tree that is not there' bad "line 1: no directory '/nowhere/lib/modules'" 'a tree /nowhere bookworm'
	ok 'a name twice' bad 'line 2: a is there twice' 'a root trixie' 'a root sid'
	ok 'a name that is a path' bad "line 1: '../a' is no name" '../a root trixie'
	ok 'a word too much' bad "line 1: 'now' is too much" 'a root trixie bookworm now'
	ok 'no list' matrix 2 --list "$TMP/nowhere" -- true
	ok 'an unknown kernel' matrix 2 --kernels nowhere -- true
	ok 'no command' matrix 2 --kernels debian-12
	ok 'no driver' matrix 2 --driver "$TMP/nowhere" -- true
	ok 'an unknown option' matrix 2 --nonsense x -- true
}

mapfile -t names < <(sed -nE 's/^([a-z][^ \t]*).*/\1/p' scripts/matrix.list)
bad_input
failures
trees
sample
shapes
done_testing
