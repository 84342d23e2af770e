# SPDX-License-Identifier: GPL-2.0-only
#
# What a bench has measured, as JSON: its rows with medians, curves, and all values. tests/bench/lib.sh runs it.

def table: split("\n") | map(select(. != "") | split("\t"));

def median: sort | if length % 2 == 1 then .[(length - 1) / 2] else (.[length / 2 - 1] + .[length / 2]) / 2 end;

def summary:
	map(strings) as $words
	| if $words != [] then { words: $words[0], n: length }
	  else { median: median, min: min, max: max, n: length } end;

# What is no number says why there is none.
def number: tonumber? // .;

def met($goal; $a; $b):
	($goal | split(" ")) as [$kind, $n]
	| if $a == null then false
	  elif $kind == "below" then $a <= ($n | tonumber)
	  elif $b == null then true
	  elif $kind == "ratio" then ($a / $b * 100 | round) <= ($n | tonumber * 100)
	  elif $kind == "gain" then ($b / $a * 100 | round) >= ($n | tonumber * 100)
	  else error("no such goal: " + $goal) end;

($samples | table) as $samples
| ($labels | table | map({ key: .[0], value: .[1] }) | from_entries) as $labels
| def values($id): [$samples[] | select(.[0] == $id) | .[1] | number]
	| if length == 0 then error("no value of " + $id) else . end;
  def of_side($id): { id: $id, on: $labels[$id | split("/")[0]] } + (values($id) | summary);
  {
	bench: $bench,
	tree: $tree,
	kernels: { stock: $stock, native: (if $native == "" then null else $native end) },
	rows: [$rows | table[] | . as [$headline, $what, $unit, $id, $other, $goal, $note]
		| {
			what: $what, unit: $unit, headline: ($headline != ""), a: of_side($id),
			b: (if $other == "" then null else of_side($other) end), goal: $goal, note: $note
		}
		| .ratio = (if .a.median == null or (.b.median // 0) == 0 then null else .a.median / .b.median end)
		| .met = (if $goal == "" then null else met($goal; .a.median; .b.median) end)],
	curves: [$curves | table[] | {
		name: .[0], title: .[1], x: .[2], y: .[3],
		lines: [.[4:][] | split("=") as [$id, $called] | {
			label: $called,
			points: [$samples[] | .[0] | select(startswith($id + "@"))] | unique
				| map(. as $point | { x: ($point | split("@")[1] | tonumber) } + (values($point) | summary))
				| sort_by(.x)
		} | if .points == [] then error("no point of " + $id) else . end]
	}],
	samples: $samples | map({ id: .[0], value: (.[1] | number) })
  }
