# SPDX-License-Identifier: GPL-2.0-only
#
# The table, in Markdown, of the results of all benches: jq -s -r --arg headlines '' -f table.jq FILE.json...
# With headlines, those rows alone, and no notes.

def places($n): pow(10; $n) as $p | (. * $p | round) / $p;
# Three digits.
def short:
	if fabs >= 100 then round elif fabs >= 10 then places(1) elif fabs >= 1 then places(2) else places(3) end;
def with_unit($unit): tostring + (if $unit == "" then "" else " " + $unit end);

def spread:
	if .n > 1 and (.min | short) != (.max | short) then " (\(.min | short) to \(.max | short))" else "" end;

def value($unit): .words // (.median | short | with_unit($unit)) + spread;

def goal($unit):
	(split(" ")) as [$kind, $n]
	| if $kind == "below" then "at most \($n | with_unit($unit))"
	  elif $kind == "ratio" then "at most \($n) ×"
	  elif $kind == "gain" then "\($n) times less"
	  else "" end;

(if $headlines == "" then . else map(.rows |= map(select(.headline))) end) as $all
| "| what | measured | beside | ratio | goal |",
  "| --- | --- | --- | --- | --- |",
  ($all[] | .rows[] | . as $row
	| "| \(.what) | \(.a | value($row.unit)), \(.a.on) | "
	+ (if .b then "\(.b | value($row.unit)), \(.b.on)" else "" end) + " | "
	+ (if .ratio then (.ratio | short | tostring) else "" end) + " | "
	+ (if .met == null then "" else
		(.goal | goal($row.unit)) + (if .met then ": met" else ": **not met**" end)
	  end) + " |"),
  (if $headlines != "" then empty else
	([$all[] | .rows[] | select(.note != "" and .met != true)] | group_by(.note)
	| if . == [] then empty else
		"", (.[] | "- \(map(.what) | join("; ")): \(.[0].note).")
	  end)
  end)
