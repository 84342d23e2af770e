# SPDX-License-Identifier: GPL-2.0-only
#
# Answers the rows of src/compat/features.tbl: does this kernel have it? The
# answer to `required` and `native` rows makes the verdict.

# Sets why[] where a row does not hold.
function holds(row,	k, arg)
{
	k = row_kind[row]
	arg = row_arg[row]
	if (k == "type")
		return has_type(row, arg)
	if (k == "member")
		return has_member(row, arg)
	if (k == "import")
		return has_import(row, arg)
	if (k == "export") {
		why[row] = "does not export " arg
		return arg in exported
	}
	if (k == "config")
		return has_config(row, arg)
	if (k == "header") {
		why[row] = "has no header <" arg ">"
		return ("header " arg) in public
	}
	complain(table ": row " row_name[row] ": unknown kind '" k "'")
}

# "CXL_PORT" or "CXL_PORT=y"
function has_config(row, arg,	part, n)
{
	why[row] = "is not built with CONFIG_" arg
	n = split(arg, part, "=")
	if (!(("CONFIG_" part[1]) in config))
		return 0
	return n == 1 || config["CONFIG_" part[1]] == part[2]
}

# "struct cxl_port"
function has_type(row, arg)
{
	why[row] = "has no " arg
	return find_type(arg) != 0
}

function find_type(text,	part)
{
	split(text, part, " ")
	return find(part[1], part[2])
}

# "struct cxl_port.commit_end int": the type of the member may be left out.
# An enumerator is a member of its enum.
function has_member(row, arg,	dot, tag, member, want, have, id)
{
	dot = index(arg, ".")
	tag = substr(arg, 1, dot - 1)
	member = substr(arg, dot + 1)
	want = ""
	if (match(member, / .*/)) {
		want = substr(member, RSTART + 1)
		member = substr(member, 1, RSTART - 1)
	}
	id = find_type(tag)
	if (!id) {
		why[row] = "has no " tag
		return 0
	}
	have = member_type(id, member)
	if (have == "") {
		why[row] = "has no member '" member "' in " tag
		return 0
	}
	why[row] = "declares " tag "." member " as '" have "', not as '" want "'"
	return want == "" || want == have
}

function member_type(id, member,	mn, mt, mb, mw, mv, n, i, found)
{
	n = load_members(id, mn, mt, mb, mw, mv)
	for (i = 1; i <= n; i++) {
		if (mn[i] == member)
			return is_enum(id) ? "enumerator" : decl(mt[i], "")
		if (mn[i] == "" && (found = member_type(mt[i], member)) != "")
			return found
	}
	return ""
}

# "int cxl_mailbox_init(struct cxl_mailbox *, struct device *)", or the name alone.
function has_import(row, arg,	fn, have)
{
	fn = function_name(arg)
	have = prototype(fn)
	if (!(fn in exported))
		why[row] = "does not export " fn "()"
	else if (have == "")
		why[row] = "exports " fn "() but its BTF does not describe it"
	else if (have == "?")
		why[row] = "has several functions " fn "() that differ"
	else if (have != arg && fn != arg)
		why[row] = "has '" have "', not '" arg "'"
	else {
		import[++nimports] = fn
		is_import[fn] = 1
		return 1
	}
	return 0
}

function function_name(arg)
{
	if (match(arg, /[A-Za-z_][A-Za-z0-9_]*\(/))
		return substr(arg, RSTART, RLENGTH - 1)
	return arg
}

function write_features(	i, yes)
{
	for (i = 1; i <= nrows; i++) {
		yes = holds(i)
		if (yes)
			is_set[row_name[i]] = 1
		if (yes)
			print "#define " row_name[i] " 1\t/* " row_kind[i] ": " row_arg[i] " */" > (work "/features")
		else
			print "/* " row_name[i] " is not set: the kernel " why[i] " */" > (work "/features")
		if (yes && row_level[i] == "native")
			native = native (native == "" ? "" : ", ") row_arg[i]
		if (!yes && row_level[i] == "required")
			lack[++nlacks] = why[i]
	}
}

# Comments must not end early.
function comment_safe(text)
{
	gsub(/[*]\//, "* /", text)
	return text
}

function verdict(	i, text)
{
	if (native != "")
		return "native this kernel carries the accelerator API itself (" native ")"
	if (!nlacks)
		return "replace this kernel's CXL modules are replaced"
	for (i = 1; i <= nlacks && i <= 3; i++)
		text = text (i > 1 ? "; it " : "") lack[i]
	if (nlacks > 3)
		text = text "; and " (nlacks - 3) " more, listed in cxl_core_features.h"
	return "unsupported it " text
}
