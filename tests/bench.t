#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Benches: the smallest run of one, and what becomes of values: medians, goals, table, JSON, plots.

set -eu
# shellcheck source-path=SCRIPTDIR source=../scripts/env/lib.sh
. "$(dirname "$0")/../scripts/env/lib.sh"
if [ "$(current_root)" != bookworm ]; then
	exec "$TREE/scripts/env/in-root" bookworm -- "$0"
fi
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

RESULTS=$TMP/results
JSON=$RESULTS/scale.json

query() {
	jq -r "$1" "$JSON"
}

run_bench() {
	CXL_TEST_KERNEL=$KERNEL CXL_BENCH_RESULTS=$RESULTS CXL_BENCH_SIDES=bundle CXL_BENCH_DEVICES=8 \
		tests/bench/run scale
}

# Elements that are closed go, the innermost first; nothing is left of XML that is well-formed.
leftover() {
	perl -0777 -ne 's/<!--.*?-->//gs; s/<[^<>]*\/>//g;
		1 while s/<(\w+)(\s[^<>]*)?>[^<>]*<\/\1>//g; s/\s+//g; print' "$1"
}

ok 'a bench runs' run_bench
like 'the table has its rows' "$(cat "$RESULTS/table.md")" \
	'^\| time of each, the last half of 8 beside the first of all \| [0-9.]+ ms.*, cxl-accel on 6.12 \|'
like 'the results say which kernel it was' "$(query .kernels.stock)" "^${KERNEL//+/.}\$"
is 'a curve has a point for each number of devices' "$(query '[.curves[0].lines[0].points[].x] | join(" ")')" '1 2 4 8'
# An attach sleeps 20 ms, and waits for the next tick of 4 ms; a memdev, an endpoint and a region are some KiB.
is 'each attach takes from 20 to 60 ms of guest time' \
	"$(query '[.curves[0].lines[0].points[] | .min >= 20 and .max <= 60] | all')" true
is 'each device takes from 1 to 1000 KiB, by two or more of them' \
	"$(query '[.curves[1].lines[0].points[2:][] | .median >= 1 and .median <= 1000] | all')" true
for plot in attach-time attach-memory; do
	is "$plot.svg is well-formed" "$(leftover "$RESULTS/$plot.svg")" ''
	is "$plot.svg has its points" "$(grep -c '<circle' "$RESULTS/$plot.svg")" 4
done

# figures ROWS: the table of rows, tab-separated, of values that are given
figures() {
	printf 'bundle/a\t%s\n' 3 1 8 2 >"$TMP/samples"
	printf 'native/a\t%s\n' 5 >>"$TMP/samples"
	printf 'native/b\t%s\n' 'never: gone' >>"$TMP/samples"
	printf '%b\n' "$1" >"$TMP/rows"
	jq -n -f tests/bench/results.jq --arg bench figures --arg tree none \
		--arg labels $'bundle\tours\nnative\ttheirs' --arg stock 6.12 --arg native '' \
		--rawfile samples "$TMP/samples" --rawfile rows "$TMP/rows" --rawfile curves /dev/null |
		jq -s -r --arg headlines "${2:-}" -f tests/bench/table.jq
}

is 'a row: median, spread, ratio' "$(figures '\twhat\tms\tbundle/a\tnative/a\t\t\t' | tail -n 1)" \
	'| what | 2.5 ms (1 to 8), ours | 5 ms, theirs | 0.5 |  |'
like 'a goal that is met' "$(figures '\twhat\tms\tbundle/a\tnative/a\tgain 2\t\t')" '\| 2 times less: met \|$'
like 'a goal that is not, and why' "$(figures '\twhat\tms\tbundle/a\tnative/a\tratio 0.4\tfor want of it\t')" \
	'\| at most 0.4 ×: \*\*not met\*\* \|$'
like 'what is noted beside it' \
	"$(figures '\twhat\tms\tbundle/a\t\tbelow 2\tfor want of it\t')" '^- what: for want of it\.$'
is 'what has no value says why' "$(figures '\twhat\tms\tbundle/a\tnative/b\tratio 2\t\t' | tail -n 1)" \
	'| what | 2.5 ms (1 to 8), ours | never: gone, theirs |  | at most 2 ×: met |'
like 'and misses any goal' "$(figures '\twhat\tms\tnative/b\tbundle/a\tratio 2\t\t')" \
	'^\| what \| never: gone, theirs \| 2.5 ms .*: \*\*not met\*\* \|$'
is 'headlines alone' \
	"$(figures '\twhat\tms\tbundle/a\t\t\t\t\nheadline\tthat\tms\tbundle/a\t\t\t\t' yes | tail -n +3)" \
	'| that | 2.5 ms (1 to 8), ours |  |  |  |'
nok 'a row without a value is a failure' jq -n -f tests/bench/results.jq --arg bench none \
	--arg tree none --arg labels '' --arg stock '' --arg native '' --rawfile samples /dev/null \
	--rawfile rows "$TMP/rows" --rawfile curves /dev/null
exits 2 'a bench that there is not: a mistake on the command line' tests/bench/run none

done_testing
