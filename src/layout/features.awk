# SPDX-License-Identifier: GPL-2.0-only
#
# Answers the rows of the feature table: does this kernel have it? What the
# `required` and `native` rows answer makes the verdict.
#
# A holds_*() that says no leaves in why[row] what a reader wants to know.

function holds(row,	k, arg)
{
	k = row_kind[row]
	arg = row_arg[row]
	if (k == "type")
		return has_type(row, arg)
	if (k == "member")
		return has_member(row, arg)
	if (k == "function")
		return has_function(row, arg)
	if (k == "import")
		return has_import(row, arg)
	if (k == "export")
		return has_export(row, arg)
	if (k == "config")
		return has_config(row, arg)
	if (k == "header")
		return has_header(row, arg)
	complain(table ": row " row_name[row] ": unknown kind '" k "'")
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

# "struct cxl_port.commit_end int" or, of any type, "struct cxl_port.commit_end"
function has_member(row, arg,	dot, owner, member, blank, want, have)
{
	dot = index(arg, ".")
	owner = substr(arg, 1, dot - 1)
	member = substr(arg, dot + 1)
	blank = index(member, " ")
	if (blank) {
		want = substr(member, blank + 1)
		member = substr(member, 1, blank - 1)
	}
	if (!has_type(row, owner))
		return 0
	have = member_type(find_type(owner), member)
	if (have == "")
		why[row] = "has no " member " in " owner
	else
		why[row] = "has " member " in " owner " as '" have "', not as '" want "'"
	return have != "" && (want == "" || want == have)
}

# The type of a member, which may be inside an anonymous one; "" if there is none.
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

function has_function(row, arg)
{
	why[row] = "has no function " arg "()"
	return find("func", arg) != 0
}

# "int cxl_mailbox_init(struct cxl_mailbox *, struct device *)"
function has_import(row, arg,	fn, have)
{
	if (!match(arg, /[A-Za-z_][A-Za-z0-9_]*\(/))
		complain(table ": row " row_name[row] ": '" arg "' is no prototype")
	fn = substr(arg, RSTART, RLENGTH - 1)
	have = prototype(fn)
	if (!(fn in exported))
		why[row] = "does not export " fn "()"
	else if (have == "")
		why[row] = "exports " fn "(), which its BTF does not describe"
	else if (have == "?")
		why[row] = "has more than one function " fn "()"
	else if (have != arg)
		why[row] = "has '" have "', not '" arg "'"
	else {
		import[++nimports] = fn
		is_import[fn] = 1
		return 1
	}
	return 0
}

function has_export(row, arg)
{
	why[row] = "does not export " arg
	return arg in exported
}

# "CXL_PORT" (y or m) or "CXL_PORT=y"
function has_config(row, arg,	part, n)
{
	why[row] = "is not built with CONFIG_" arg
	n = split(arg, part, "=")
	if (!(("CONFIG_" part[1]) in config))
		return 0
	return n == 1 || config["CONFIG_" part[1]] == part[2]
}

# "cxl/mailbox.h"
function has_header(row, arg)
{
	why[row] = "has no <" arg ">"
	return ("header " arg) in public
}

# Without headers there is no config and no header to ask.
function is_askable(row)
{
	return headers != "" || row_kind[row] !~ /^(config|header)$/
}

# A row named "-" is not for the code to ask.
function macro_text(row, yes)
{
	if (!yes)
		return "/* " (row_name[row] == "-" ? "" : row_name[row] " is not set: ") "the kernel " why[row] " */"
	if (row_name[row] == "-")
		return "/* " row_kind[row] ": " row_arg[row] " */"
	return "/* " row_kind[row] ": " row_arg[row] " */\n#define " row_name[row] " 1"
}

function write_features(	i, yes)
{
	if (!nrows)
		complain(table ": no row")
	for (i = 1; i <= nrows; i++) {
		yes = holds(i)
		print macro_text(i, yes) > (work "/features")
		if (yes && row_level[i] == "native")
			native = native (native == "" ? "" : ", ") row_arg[i]
		if (!yes && row_level[i] == "required" && is_askable(i))
			lack[++nlacks] = why[i] (row_note[i] == "" ? "" : " (" row_note[i] ")")
	}
}

function verdict(	i, text)
{
	if (native != "")
		return "native it has the accelerator API itself (" native ")"
	if (!nlacks)
		return "replace it has all that the replacement modules need"
	for (i = 1; i <= nlacks && i <= 2; i++)
		text = text (i > 1 ? ", it " : "") lack[i]
	if (nlacks > 2)
		text = text ", and " (nlacks - 2) " more (see cxl_core_features.h)"
	return "unsupported it " text
}
