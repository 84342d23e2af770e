# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the runners: run, run-long and packages/run. Source it after scripts/env/lib.sh.

# named_tests DIR NAMES: sets TESTS to the files DIR/NAME.t; NAMES are separated by commas or blanks.
named_tests() {
	local dir=$1 name

	TESTS=()
	for name in ${2//,/ }; do
		name=${name#"$dir/"}
		name=${name%.t}
		[ -x "$dir/$name.t" ] ||
			usage_die "no such test: $name; there are: $(basename -s .t "$dir"/*.t | paste -sd ' ')"
		TESTS+=("$dir/$name.t")
	done
}

# The files in TESTS, under prove, which takes the place of this shell.
run_tests() {
	exec prove --timer --failures --jobs "${CXL_ACCEL_JOBS:-$(nproc)}" "${TESTS[@]}"
}
