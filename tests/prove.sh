# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the runners: run, run-long and packages/run. Source it after scripts/env/lib.sh.

# Our compilers have been tried: what they warn of is a mistake. A user's build does not end for it.
export CXL_ACCEL_WERROR=1

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

# budget NAME: the seconds that this test may take on a processor; empty if it has none.
budget() {
	awk -v name="$1" '$1 == name { print $2 }' "$TREE/tests/budgets"
}

# The longest first, so that none of them runs on alone at the end. Takes and prints names of files.
longest_first() {
	local file name

	for file; do
		name=${file#tests/}
		printf '%d %s\n' "$(budget "${name%.t}")" "$file"
	done | sort -k 1,1nr -k 2 | cut -d ' ' -f 2
}

# print_times FILE: as tests/timed has written it
print_times() {
	local name wall cpu budget mark all_cpu=0 all_budgets=0

	printf '\n%-24s %8s %8s %8s\n' "seconds" budget CPU clock
	while read -r name wall cpu; do
		budget=$(budget "$name")
		mark=''
		[ "$cpu" -le "${budget:-0}" ] || mark='  over its budget'
		printf '%-24s %8s %8d %8d%s\n' "$name" "${budget:-none}" "$cpu" "$wall" "$mark"
		all_cpu=$((all_cpu + cpu))
		all_budgets=$((all_budgets + ${budget:-0}))
	done < <(sort "$1")
	printf '%-24s %8d %8d %8d\n' "all" "$all_budgets" "$all_cpu" "$SECONDS"
}

# The files in TESTS, under prove; then what each has taken, beside its budget.
run_tests() {
	local rc=0 times

	mapfile -t TESTS < <(longest_first "${TESTS[@]}")
	times=$(mktemp)
	CXL_TEST_TIMES=$times prove --exec "$TREE/tests/timed" --timer --failures \
		--jobs "${CXL_ACCEL_JOBS:-$(nproc)}" "${TESTS[@]}" || rc=$?
	print_times "$times"
	rm -f "$times"
	return "$rc"
}
