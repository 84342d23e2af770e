#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A driver with users, engines and an interrupt is torn down in every way there is, on every kernel of the
# matrix, and on those of series in between: what runs on until remove() reads nothing wrong, users are told,
# open files outlive the binding (C3, C4, C10), and a PCI-only device of the same driver goes on (C1).
#
#   CXL_TEST_KERNELS="NAME..."   only these

set -eu
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

cp scripts/matrix.list "$TMP/list"
printf '%s\n' 'debian-6.17 built 6.17' 'debian-6.18 built 6.18' >>"$TMP/list"
mapfile -t names < <(sed -nE 's/^([a-z][^ \t]*).*/\1/p' "$TMP/list" | grep -v nomodversions)
[ -z "${CXL_TEST_KERNELS:-}" ] || read -ra names <<<"$CXL_TEST_KERNELS"
kernels=()
for name in "${names[@]}"; do
	kernels+=(--kernels "$name")
done

mkdir "$TMP/program"
ok 'the user compiles' scripts/env/in-root --bind "$TMP/program" bookworm -- \
	gcc -Wall -Wextra -Werror -O2 -static -o "$TMP/program/mmap_user" tests/guest/mmap_user.c

# What a guest has printed is in the log of its kernel.
scripts/matrix --list "$TMP/list" "${kernels[@]}" --output "$TMP/matrix" --driver tests/drivers/chardev \
	--topology 'hb(acc,acc),hb(acc)' --firmware dev0:hdm-d,dev2:hdm-d --file tests/guest:/guest \
	--file "$TMP/program/mmap_user:/bin/mmap_user" --timeout 1500 -- \
	sh /guest/teardown.sh >"$TMP/out" 2>&1 || true
for name in "${names[@]}"; do
	guest_plan=none guest_count=0
	while IFS= read -r line; do
		pass_on "$name" "$line"
	done < <(grep -aE '^(not )?ok [0-9]|^1\.\.|^# ' "$TMP/matrix/$name.log" || true)
	is "$name: came to its end, and the kernel did not complain" \
		"$(sed -nE "s/^$name +[^ ]+ +[^ ]+ +//p" "$TMP/matrix/table") $guest_count" "passed $guest_plan"
	[ "$guest_count" = "$guest_plan" ] || tail -n 40 "$TMP/matrix/$name.log" | explain
done
done_testing
