#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Warnings of other compilers than tests/lint.t has: gcc-14, which Debian 13 builds its 6.12 with, and
# clang.

set -eu
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=../lint.sh
. tests/lint.sh

CLANG=(CC="$TREE/tests/clang-as-gcc" W=1 objtool-enabled= KBUILD_MODPOST_WARN=1)

release=$(scripts/env/in-root trixie -- ls /lib/modules | grep '^6\.12\.' | sort -V | tail -n 1)
ok "Debian 13's $release: the modules can be built" scripts/env/in-root trixie -- scripts/build "$release"
like "it is gcc-14 that builds them" "$(scripts/env/in-root trixie -- gcc-14 --version)" '^gcc-14 .* 14\.'
for mode in builtin replace; do
	ok "gcc-14 (W=1) has nothing to say, cxl_port: $mode" compile_silently trixie "$release" $mode W=1
	ok "clang (W=1) has nothing to say, cxl_port: $mode" compile_silently trixie "$release" $mode "${CLANG[@]}"
done
for driver in src/sample tests/drivers/* tests/guest/odd tests/guest/user; do
	[ -f "$driver/Kbuild" ] || continue
	ok "gcc-14 (W=1) has nothing to say about $driver" compile_driver_silently trixie "$release" "$driver" W=1
	ok "clang (W=1) has nothing to say about $driver" \
		compile_driver_silently trixie "$release" "$driver" "${CLANG[@]}"
done

# What compiles silently because nobody listens would pass as well.
mkdir -p "$TMP/noisy"
echo 'obj-m := noisy.o' >"$TMP/noisy/Kbuild"
cat >"$TMP/noisy/noisy.c" <<-'EOC'
	#include <linux/module.h>
	int noisy(int a)
	{
		int unused;

		return a;
	}
	MODULE_DESCRIPTION("noisy");
	MODULE_LICENSE("GPL");
EOC
like "gcc-14 is heard" "$(compile_driver_silently trixie "$release" "$TMP/noisy" W=1)" \
	"noisy.c:.* warning: (unused variable|no previous prototype)"
like "clang is heard" "$(compile_driver_silently trixie "$release" "$TMP/noisy" "${CLANG[@]}")" \
	"noisy.c:.* warning: (unused variable|no previous prototype)"
done_testing
