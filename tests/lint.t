#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What tools find without running anything: sparse over all kernel code, shellcheck over all shell
# code, no line over 100 columns but a text that is better not split, every source with its license.
# Needs no guest.

set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

sources() {
	find src scripts tests debian .ci Kbuild Makefile dkms.conf -type f ! -name '*.md' \
		! -path '*debian/*' -o -path '*debian/rules' | sort
}

shell_scripts() {
	sources | xargs grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell='
}

# Warnings of sparse do not fail a build, so they are looked for. Built both ways of cxl_port, and with
# what is there for kernels without symbol versions.
run_sparse() {
	local mode=$1 dir=$TMP/sparse-$1
	shift

	mkdir "$dir"
	cp -r src Kbuild "build/$KERNEL/generated" "$dir/"
	[ "$mode" = adopt ] || sed -i '/HAVE_CXL_PORT_BUILTIN/d' "$dir/generated/cxl_core_features.h"
	CXL_ACCEL_VERSION=0 CXL_ACCEL_PORT=$mode scripts/env/in-root bookworm -- \
		make -C "/lib/modules/$KERNEL/build" "M=$dir" C=2 "$@" modules >"$dir/log" 2>&1 || {
		cat "$dir/log"
		return 1
	}
	! grep -E 'warning:|error:' "$dir/log"
}

check_license() {
	# The example of a vendor's package has a debian/ directory, whose files have formats of their own.
	local without

	without=$(sources | grep -v '/debian/' | xargs grep -L 'SPDX-License-Identifier: GPL-2.0-only' || true)
	echo "$without"
	[ -z "$without" ]
}

check_width() {
	! sources | grep -E '\.[ch]$' | xargs expand | awk 'length($0) > 100 && !/^ *"/' | grep .
}

[ -d "build/$KERNEL/generated" ] || scripts/env/in-root bookworm -- scripts/build "$KERNEL" >&2
ok "sparse has nothing to say, cxl_port adopted" run_sparse adopt
ok "sparse has nothing to say, cxl_port replaced" run_sparse replace CONFIG_MODVERSIONS=
# shellcheck disable=SC2046 # no file of ours has blanks in its name
ok "shellcheck has nothing to say" scripts/env/in-root bookworm -- shellcheck -x $(shell_scripts)
ok "every source names its license" check_license
ok "no C source is wider than 100 columns" check_width
done_testing
