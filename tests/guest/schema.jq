# SPDX-License-Identifier: GPL-2.0-only
#
# What of the input is not as a JSON schema says, a line each; of the schema's words those that
# scripts/cxl-accel.d/status.schema.json uses. An object has all its properties, and no others.
# jq -r --slurpfile schema FILE -f schema.jq

def types: .type | if type == "array" then . else [.] end;

def kind: type | if . == "number" then "integer" else . end;

def wrong($schema; $path):
	. as $value |
	if $schema | types | index($value | kind) == null then
		"\($path): \($value | tojson) is not \($schema.type | tojson)"
	elif $schema.enum != null and ($schema.enum | index($value) == null) then
		"\($path): \($value | tojson) is none of \($schema.enum | tojson)"
	elif type == "number" and . != floor then
		"\($path): \($value) is no integer"
	elif type == "array" then
		range(length) as $i | .[$i] | wrong($schema.items; "\($path)[\($i)]")
	elif type == "object" then
		(($schema.properties | keys) - keys | .[] | "\($path): no \(.)"),
		(keys - ($schema.properties | keys) | .[] | "\($path): unknown \(.)"),
		(keys - (keys - ($schema.properties | keys)) | .[]) as $name |
			.[$name] | wrong($schema.properties[$name]; "\($path).\($name)")
	else
		empty
	end;

wrong($schema[0]; "")
