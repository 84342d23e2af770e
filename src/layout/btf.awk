# SPDX-License-Identifier: GPL-2.0-only
#
# Reads the text of `bpftool btf dump ... format raw` (base BTF first, split BTF
# after it: their ids continue) and answers questions about it in C.
#
#   kind[id] name[id] size[id] ref[id] count[id]   one BTF type
#   members[id]                                    its member, parameter or value lines
#   find(class, tag)                               id of `struct cxl_port` and the like
#   decl(id, declarator)                           C text: decl(id, "x") -> "struct device *x"
#   prototype(function)                            C text without parameter names

function attr(text, key,	n)
{
	n = index(text, " " key "=")
	if (!n)
		return ""
	text = substr(text, n + length(key) + 2)
	sub(/[ \t].*/, "", text)
	return text
}

# Fields are cut at the quotes: $1 "[12] STRUCT ", $2 the name, $3 " size=8 vlen=1".
function btf_line(	head)
{
	if ($0 ~ /^\t/) {
		if (keeps_members)
			members[type] = members[type] $0 "\n"
		return
	}
	if (split($1, head, /[][ ]+/) < 3)
		return
	last_type = type = head[2] + 0
	kind[type] = head[3]
	name[type] = $2 == "(anon)" ? "" : $2
	size[type] = attr($3, "size") + 0
	ref[type] = attr($3, head[3] == "FUNC_PROTO" ? "ret_type_id" : "type_id") + 0
	count[type] = attr($3, "nr_elems") + 0
	keeps_members = head[3] ~ /^(STRUCT|UNION|ENUM|ENUM64|FUNC_PROTO)$/
	class[type] = class_of(head[3])
	if (head[3] == "FWD")
		class[type] = attr($3, "fwd_kind") == "union" ? "union" : "struct"
	btf_index(head[3], name[type], type)
}

function btf_index(k, n, id)
{
	if (n != "" && k ~ /^(STRUCT|UNION|ENUM|ENUM64|TYPEDEF|FUNC)$/) {
		k = class_of(k) " " n
		if (k in by_name)
			also[k] = also[k] " " id
		else
			by_name[k] = id
	}
}

function class_of(k)
{
	return k == "ENUM64" ? "enum" : tolower(k)
}

# "struct cxl_port"
function tag(id)
{
	return class[id] " " name[id]
}

function find(class_name, tag_name,	key)
{
	key = class_name " " tag_name
	return key in by_name ? by_name[key] : 0
}

# Splits the members of a type into m_name[], m_type[], m_bits[] (offset),
# m_width[] (bit-field) and m_value[] (enumerator); returns how many there are.
function load_members(id, m_name, m_type, m_bits, m_width, m_value,	lines, n, i, part)
{
	n = split(members[id], lines, "\n") - 1
	for (i = 1; i <= n; i++) {
		split(lines[i], part, "'")
		m_name[i] = part[2] == "(anon)" ? "" : part[2]
		m_type[i] = attr(part[3], "type_id") + 0
		m_bits[i] = attr(part[3], "bits_offset") + 0
		m_width[i] = attr(part[3], "bitfield_size")
		m_value[i] = attr(part[3], "val")
	}
	return n < 0 ? 0 : n
}

function is_record(id)
{
	return kind[id] == "STRUCT" || kind[id] == "UNION"
}

function is_enum(id)
{
	return kind[id] == "ENUM" || kind[id] == "ENUM64"
}

function is_wrapper(id)
{
	return kind[id] ~ /^(CONST|VOLATILE|RESTRICT|TYPE_TAG)$/
}

# Follows qualifiers, and typedefs too if asked.
function strip(id, typedefs)
{
	while (is_wrapper(id) || (typedefs && kind[id] == "TYPEDEF"))
		id = ref[id] + 0
	return id
}

# A pointer star ends in an identifier by a space only where there is one.
function join(base, d)
{
	return d == "" ? base : base (d ~ /^\[/ ? "" : " ") d
}

function decl(id, d,	k, q)
{
	id += 0
	if (!id)
		return join("void", d)
	k = kind[id]
	if (k == "TYPE_TAG")
		return decl(ref[id], d)
	if (k == "CONST" || k == "VOLATILE" || k == "RESTRICT") {
		q = k == "RESTRICT" ? "__restrict" : tolower(k)
		if (kind[strip(id)] == "PTR")
			return decl(ref[id], d == "" ? q : q " " d)
		d = decl(ref[id], d)
		return index(d, q " ") == 1 ? d : q " " d
	}
	if (k == "PTR")
		return decl(ref[id], "*" d)
	if (k == "ARRAY") {
		if (d ~ /^[*]/)
			d = "(" d ")"
		return decl(ref[id], d "[" count[id] "]")
	}
	if (k == "FUNC_PROTO") {
		if (d ~ /^[*]/)
			d = "(" d ")"
		return decl(ref[id], d "(" parameters(id) ")")
	}
	if (k == "STRUCT" || k == "UNION" || k == "ENUM" || k == "ENUM64") {
		if (name[id] == "")
			return join(body(id, ""), d)
		return join(tag(id), d)
	}
	if (k == "FWD")
		return join(tag(id), d)
	return join(name[id], d)
}

function parameters(id,	pn, pt, pb, pw, pv, n, i, text)
{
	n = load_members(id, pn, pt, pb, pw, pv)
	if (!n)
		return "void"
	for (i = 1; i <= n; i++)
		text = text (i > 1 ? ", " : "") (pt[i] + 0 ? decl(pt[i], "") : "...")
	return text
}

# The prototype of a function, "" if BTF has none, "?" if it has several that differ.
function prototype(fn,	key, ids, n, i, text, other)
{
	key = "func " fn
	if (!(key in by_name))
		return ""
	text = decl(ref[by_name[key]], fn)
	n = split(also[key], ids, " ")
	for (i = 1; i <= n; i++) {
		other = decl(ref[ids[i]], fn)
		if (other != text)
			return "?"
	}
	return text
}

function alignment(id,	mn, mt, mb, mw, mv, n, i, a, most)
{
	id = strip(id, 1)
	if (id in align_of)
		return align_of[id]
	if (kind[id] == "PTR")
		return 8
	if (kind[id] == "ARRAY")
		return alignment(ref[id])
	if (!is_record(id))
		return size[id] ? size[id] : 1
	most = 1
	n = load_members(id, mn, mt, mb, mw, mv)
	for (i = 1; i <= n; i++) {
		a = alignment(mt[i])
		if (a > most)
			most = a
		if (mw[i] == "" && mb[i] % (8 * a))
			is_packed[id] = 1
	}
	if (size[id] % most)
		is_packed[id] = 1
	return align_of[id] = id in is_packed ? 1 : most
}

function sizeof(id)
{
	id = strip(id, 1)
	if (kind[id] == "PTR")
		return 8
	if (kind[id] == "ARRAY")
		return count[id] * sizeof(ref[id])
	return size[id] + 0
}

# What an unnamed gap looks like, where a member does not come right after the last one: alignment that
# was asked for is not in BTF, and neither are unnamed bit-fields.
function gap(from, to, a, indent)
{
	from = round_up(from, a)
	return to > from ? sprintf("%s\tunsigned char __gap_%d[%d];\n", indent, from, to - from) : ""
}

function bit_gap(type_id, from, to, width, packed, indent,	unit)
{
	unit = 8 * sizeof(type_id)
	if (!packed && int(from / unit) != int((from + width - 1) / unit))
		from = round_up(from, unit)
	if (to == from)
		return ""
	return indent "\t" decl(type_id, ":" (to % unit ? to - from : 0)) ";\n"
}

function round_up(n, unit)
{
	return int((n + unit - 1) / unit) * unit
}

# The definition of a struct, union or enum, without the closing semicolon.
function body(id, indent,	mn, mt, mb, mw, mv, n, i, text, end, d, flexible, packed)
{
	n = load_members(id, mn, mt, mb, mw, mv)
	text = (name[id] == "" ? class[id] : tag(id)) " {\n"
	if (is_enum(id)) {
		for (i = 1; i <= n; i++)
			text = text indent "\t" mn[i] " = " mv[i] ",\n"
		return text indent "}"
	}
	alignment(id)
	packed = id in is_packed
	for (i = 1; i <= n; i++) {
		if (kind[id] == "STRUCT") {
			if (mw[i] == "")
				text = text gap(round_up(end, 8) / 8, mb[i] / 8, packed ? 1 : alignment(mt[i]), indent)
			else
				text = text bit_gap(mt[i], end, mb[i], mw[i], packed, indent)
			end = mb[i] + (mw[i] == "" ? 8 * sizeof(mt[i]) : mw[i])
		}
		d = mn[i] (mw[i] == "" ? "" : ":" mw[i])
		flexible = i > 1 && i == n && kind[id] == "STRUCT" && kind[mt[i]] == "ARRAY" &&
			   !count[mt[i]]
		if (is_record(mt[i]) && name[mt[i]] == "")
			text = text indent "\t" join(body(mt[i], indent "\t"), d) ";\n"
		else if (flexible)
			text = text indent "\t" decl(ref[mt[i]], d "[]") ";\n"
		else
			text = text indent "\t" decl(mt[i], d) ";\n"
	}
	if (kind[id] == "STRUCT")
		text = text gap(round_up(end, 8) / 8, size[id], align_of[id], indent)
	return text indent "}" (packed ? " __packed" : "")
}
