# SPDX-License-Identifier: GPL-2.0-only
#
# Writes the layout header: private types of cxl_core, the asserts that hold the
# compiler to the kernel's layout, and the prototypes of what is imported.

function is_private(id)
{
	return name[id] != "" && !(tag(id) in public)
}

# Core-private by name. Two enums of the core lack the prefix.
function is_wanted(id)
{
	return name[id] ~ /^cxl_/ || name[id] ~ /^(poison|security)_cmd_enabled_bits$/
}

function out(text)
{
	print text > (work "/layout")
}

# Everything a definition of id must find already defined. Behind a pointer a
# forward declaration will do, except for enums and typedefs.
function require(id, by_value,	mn, mt, mb, mw, mv, n, i)
{
	id += 0
	if (!id)
		return
	if (kind[id] == "PTR") {
		require(ref[id], 0)
	} else if (is_wrapper(id) || kind[id] == "ARRAY") {
		require(ref[id], by_value)
	} else if (kind[id] == "FUNC_PROTO") {
		require(ref[id], 0)
		n = load_members(id, mn, mt, mb, mw, mv)
		for (i = 1; i <= n; i++)
			require(mt[i], 0)
	} else if (kind[id] == "FWD") {
		forward(id)
	} else if (kind[id] == "TYPEDEF") {
		if (is_private(id) && (is_wanted(id) || headers == ""))
			define(id)
		else if (by_value)
			embed(strip(id, 1))
	} else if (is_enum(id)) {
		if (is_private(id))
			define(id)
	} else if (is_record(id)) {
		if (name[id] == "")
			require_members(id)
		else if (!by_value)
			forward(id)
		else if (is_private(id))
			define(id)
		else
			embed(id)
	}
}

function require_members(id,	mn, mt, mb, mw, mv, n, i)
{
	n = load_members(id, mn, mt, mb, mw, mv)
	for (i = 1; i <= n; i++)
		require(mt[i], 1)
}

function forward(id,	key)
{
	if (name[id] == "")
		return
	key = tag(id)
	if (!(key in is_forward)) {
		is_forward[key] = 1
		forwards = forwards key ";\n"
	}
}

# A public type that a private one holds by value: its header must agree too.
function embed(id)
{
	if (is_record(id) && name[id] != "" && !(id in is_embedded)) {
		is_embedded[id] = 1
		embedded[++nembedded] = id
	}
}

function define(id,	key)
{
	if (id in is_defined)
		return
	is_defined[id] = 1
	key = tag(id)
	if (key in defined_by) {
		if (members[id] != members[defined_by[key]] || size[id] != size[defined_by[key]])
			complain("the BTF has two types " key " that differ")
		return
	}
	defined_by[key] = id
	if (kind[id] == "TYPEDEF") {
		require(ref[id], 1)
		definitions = definitions "typedef " decl(ref[id], name[id]) ";\n\n"
		return
	}
	if (is_record(id)) {
		forward(id)
		require_members(id)
	}
	definitions = definitions body(id, "") ";\n\n"
	if (is_record(id))
		defined[++ndefined] = id
}

function assert_layout(id,	type)
{
	type = tag(id)
	out("CXL_CORE_SIZE(" type ", " size[id] ");")
	assert_members(id, type, "", 0)
	out("")
}

# Bit-fields have no address, and an anonymous member has no name: what encloses
# the one, and what is inside the other, is asserted instead.
function assert_members(id, type, prefix, base,	mn, mt, mb, mw, mv, n, i, inner)
{
	n = load_members(id, mn, mt, mb, mw, mv)
	for (i = 1; i <= n; i++) {
		if (mw[i] != "")
			continue
		inner = is_record(mt[i]) && name[mt[i]] == ""
		if (mn[i] != "")
			out("CXL_CORE_OFFSET(" type ", " prefix mn[i] ", " base + mb[i] / 8 ");")
		if (inner)
			assert_members(mt[i], type, mn[i] == "" ? prefix : prefix mn[i] ".", base + mb[i] / 8)
	}
}

# For whoever adds a row to the feature table.
function write_other_exports(	i, text)
{
	out("/* Exported by cxl_core, and not imported:")
	for (i = 1; i <= ncore_exports; i++) {
		text = prototype(core_export[i])
		if (length(text) > 1 && !(core_export[i] in is_import))
			out(" *\t" text)
	}
	out(" */\n")
}

function write_layout(	i, id)
{
	for (id = 1; id <= last_type; id++)
		if (id in kind && is_wanted(id) && is_private(id) && name[id] !~ /^btf_trace_/ &&
		    (is_record(id) || is_enum(id) || kind[id] == "TYPEDEF"))
			define(id)
	for (i = 1; i <= nimports; i++)
		require(ref[find("func", import[i])], 0)
	out(forwards)
	out(definitions)
	for (i = 1; i <= nimports; i++)
		out("extern " prototype(import[i]) ";")
	out("")
	write_other_exports()
	# The public types first: where they are wrong, so is all that holds them.
	for (i = 1; i <= nembedded; i++)
		assert_layout(embedded[i])
	for (i = 1; i <= ndefined; i++)
		assert_layout(defined[i])
	for (id = 1; id <= last_type; id++)
		if (id in kind && is_record(id) && is_wanted(id) && !is_private(id) && !(id in is_embedded))
			assert_layout(id)
}
