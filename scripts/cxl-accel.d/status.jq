# SPDX-License-Identifier: GPL-2.0-only
#
# Part of scripts/cxl-accel: the JSON object, out of what it has put: lines of a path, a tab and a value. What
# is a number, and what there is at all, says the schema.

def schema_at($path):
	reduce $path[] as $step ($schema[0]; if $step | type == "number" then .items else .properties[$step] end);

def is_a($wanted): .type | if type == "array" then index($wanted) != null else . == $wanted end;

def integer:
	if startswith("0x") then
		reduce (.[2:] | ascii_downcase | explode[]) as $digit (0;
			. * 16 + $digit - (if $digit >= 97 then 87 else 48 end))
	else
		tonumber
	end;

def value($at):
	if $at == null then error("not in the schema")
	elif $at | is_a("array") then []
	elif . == "" then null
	elif $at | is_a("integer") then integer
	elif $at | is_a("boolean") then . == "true"
	else . end;

# Of what was not put, null, or an empty list; in the order of the schema.
def complete($at):
	if . == null and ($at | is_a("null")) then null
	elif $at | is_a("object") then
		. as $all | reduce ($at.properties | keys_unsorted[]) as $name ({};
			.[$name] = ($all[$name] | complete($at.properties[$name])))
	elif $at | is_a("array") then (. // []) | map(complete($at.items))
	else . end;

reduce (inputs | select(. != "") | split("\t")) as [$text, $value] ({};
	($text | split("/") | map(if test("^[0-9]+$") then tonumber else . end)) as $path |
	setpath($path; $value | value(schema_at($path))))
| complete($schema[0])
