// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads BTF (Documentation/bpf/btf.rst), vmlinux's first and a module's on top of it, and says in
 * C what its types are.
 *
 * Nothing of a file is believed: all that the kernel checks when it reads BTF at boot is checked
 * here too, and that types which hold each other by value do so to an end. Names and numbers that
 * are damaged and sound all the same are for the rows of the tables, and for the asserts.
 */
#include "layout.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct type *types;
uint32_t last_type;

#define MOST_TYPES	(1 << 24)
#define NR_BUCKETS	(1 << 17)
#define DEEPEST		200
/* A kernel takes a hundredth of it. */
#define MOST_STEPS	(1 << 23)

static size_t room_for_types;
static uint32_t buckets[NR_BUCKETS];
static struct bytes strings[2];		/* vmlinux's, and the module's that go on from there */
static int depth;
static uint32_t steps;

void enter(void)
{
	if (++depth > DEEPEST || ++steps > MOST_STEPS)
		fail("its types are nested too deep, or without an end");
}

void leave(void)
{
	depth--;
}

void btf_forget(void)
{
	types = NULL;
	last_type = 0;
	room_for_types = 0;
	memset(buckets, 0, sizeof(buckets));
	memset(strings, 0, sizeof(strings));
	depth = 0;
	steps = 0;
}

/* ---- reading ---- */

static uint32_t word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static const char *string(uint32_t offset)
{
	int nr = offset >= strings[0].length;

	offset -= nr ? strings[0].length : 0;
	if (offset >= strings[nr].length)
		fail("a name is outside of its strings");
	return (const char *)strings[nr].at + offset;
}

static const char *checked_name(uint32_t offset, bool may_be_empty)
{
	const char *name = string(offset), *c;

	if (!*name && !may_be_empty)
		fail("a type has no name");
	for (c = name; *c; c++)
		if (!isalpha((uint8_t)*c) && *c != '_' && *c != '.' &&
		    (c == name || !isdigit((uint8_t)*c)))
			fail("a name is none in C");
	return name;
}

/* By kind: how long each entry is, of those whose number is in the type; or what comes once. */
static const uint8_t entry_size[NR_KINDS] = {
	[KIND_STRUCT] = 12, [KIND_UNION] = 12, [KIND_ENUM] = 8, [KIND_FUNC_PROTO] = 8,
	[KIND_DATASEC] = 12, [KIND_ENUM64] = 12,
};

static const uint8_t once_size[NR_KINDS] = {
	[KIND_INT] = 4, [KIND_ARRAY] = 12, [KIND_VAR] = 4, [KIND_DECL_TAG] = 4,
};

static bool has_size(int kind)
{
	switch (kind) {
	case KIND_INT:
	case KIND_STRUCT:
	case KIND_UNION:
	case KIND_ENUM:
	case KIND_DATASEC:
	case KIND_FLOAT:
	case KIND_ENUM64:
		return true;
	}
	return false;
}

static void check_size(const struct type *type)
{
	switch (type->kind) {
	case KIND_INT:
	case KIND_ENUM:
	case KIND_ENUM64:
	case KIND_FLOAT:
		if (!type->size || type->size > 16 ||
		    (type->size & (type->size - 1) && type->kind != KIND_FLOAT))
			fail("a type has %u bytes", type->size);
	}
}

static void read_name(struct type *type, uint32_t offset)
{
	switch (type->kind) {
	case KIND_STRUCT:
	case KIND_UNION:
	case KIND_ENUM:
	case KIND_ENUM64:
		type->name = checked_name(offset, true);
		break;
	case KIND_FWD:
	case KIND_TYPEDEF:
	case KIND_FUNC:
	case KIND_VAR:
		type->name = checked_name(offset, false);
		break;
	default:
		type->name = string(offset);
		if ((type->kind == KIND_INT || type->kind == KIND_FLOAT) && !*type->name)
			fail("a type has no name");
	}
}

static void hash_name(uint32_t id);

static struct type *new_type(void)
{
	size_t room = room_for_types;

	if (last_type + 1 >= MOST_TYPES)
		fail("it has too many types");
	if (last_type + 1 >= room) {
		room_for_types = room ? 2 * room : 1 << 10;
		types = grow(types, room * sizeof(*types), room_for_types * sizeof(*types));
		types[0].name = "void";
	}
	return &types[++last_type];
}

static void read_types(struct bytes part)
{
	struct type *type;
	uint32_t info;
	size_t length;

	while (part.length) {
		if (part.length < 12)
			fail("it ends within a type");
		info = word(part.at + 4);
		if (info & 0x60ff0000 || !(info >> 24 & 0x1f))
			fail("a type is none");
		if ((info >> 24 & 0x1f) >= NR_KINDS)
			fail("it has types of kind %u", info >> 24 & 0x1f);
		type = new_type();
		type->kind = info >> 24 & 0x1f;
		type->kflag = info >> 31;
		type->nr = info & 0xffff;
		*(has_size(type->kind) ? &type->size : &type->ref) = word(part.at + 8);
		read_name(type, word(part.at));
		check_size(type);
		part.at += 12;
		part.length -= 12;
		length = once_size[type->kind];
		if (entry_size[type->kind])
			length = entry_size[type->kind] * type->nr;
		else if (type->kind != KIND_FUNC)
			type->nr = 0;
		if (length > part.length)
			fail("it ends within a type");
		type->more = part.at;
		if (type->kind == KIND_ARRAY) {
			type->ref = word(part.at);
			type->count = word(part.at + 8);
		}
		part.at += length;
		part.length -= length;
	}
}

static void check_ref(const struct type *type)
{
	const struct type *to;

	if (type->ref > last_type)
		fail("a type refers to one that is not there");
	to = &types[type->ref];
	switch (type->kind) {
	case KIND_FUNC:
		if (to->kind != KIND_FUNC_PROTO)
			fail("a function is of a type that is none of a function");
		break;
	case KIND_DECL_TAG:
		break;
	case KIND_ARRAY:
		if (!type->ref || to->kind == KIND_FUNC_PROTO)
			fail("an array is of nothing");
		/* fall through */
	default:
		if (to->kind == KIND_FUNC || to->kind == KIND_VAR || to->kind == KIND_DATASEC ||
		    to->kind == KIND_DECL_TAG)
			fail("a type refers to what is no type");
	}
}

static void check_members(uint32_t id)
{
	const struct type *type = &types[id];
	struct member member;
	uint32_t last = 0;
	unsigned int i;

	for (i = 0; i < type->nr; i++) {
		btf_member(id, i, &member);
		if (!member.type || (type->kind == KIND_UNION && member.bits) ||
		    member.bits < last ||
		    ((uint64_t)member.bits + member.width + 7) / 8 > type->size)
			fail("a member of '%s' is outside of it", type->name);
		last = member.bits;
	}
}

static void check_values(uint32_t id)
{
	const struct type *type = &types[id];
	unsigned int i;

	for (i = 0; i < type->nr; i++)
		checked_name(word(type->more + entry_size[type->kind] * i), false);
}

static void check_parameters(uint32_t id)
{
	const struct type *type = &types[id];
	struct member parameter;
	unsigned int i;

	for (i = 0; i < type->nr; i++) {
		btf_member(id, i, &parameter);
		if (!parameter.type && (*parameter.name || i + 1 < type->nr))
			fail("a parameter has no type");
	}
}

/* By value, a type holds no other that holds it. */
static void check_ends(uint32_t id)
{
	struct type *type = &types[id];
	struct member member;
	unsigned int i;

	if (type->visit == 2 || !id)
		return;
	if (type->visit == 1)
		fail("a type holds itself");
	type->visit = 1;
	enter();
	if (is_wrapper(id) || type->kind == KIND_TYPEDEF || type->kind == KIND_ARRAY)
		check_ends(type->ref);
	if (is_record(id)) {
		for (i = 0; i < type->nr; i++) {
			btf_member(id, i, &member);
			check_ends(member.type);
		}
	}
	leave();
	type->visit = 2;
}

static struct bytes part_of(struct bytes btf, uint32_t header, const uint8_t *where)
{
	struct bytes part = { btf.at + header, word(where + 4) };
	uint32_t offset = word(where);

	if (offset > btf.length - header || part.length > btf.length - header - offset)
		fail("it ends early");
	part.at += offset;
	return part;
}

void btf_add(struct bytes btf)
{
	uint32_t header, id, first = last_type + 1;
	struct bytes *names = &strings[!!strings[0].length];
	struct bytes part;

	if (btf.length < 24 || word(btf.at) != 0x1eb9f)
		fail("it does not begin as BTF does");
	header = word(btf.at + 4);
	if (header < 24 || header > btf.length)
		fail("it ends early");
	part = part_of(btf, header, btf.at + 8);
	*names = part_of(btf, header, btf.at + 16);
	if (!names->length || names->at[names->length - 1] || (first == 1 && names->at[0]))
		fail("its strings have no end");
	read_types(part);
	for (id = first; id <= last_type; id++)
		check_ref(&types[id]);
	for (id = first; id <= last_type; id++) {
		if (is_record(id))
			check_members(id);
		else if (is_enum(id))
			check_values(id);
		else if (types[id].kind == KIND_FUNC_PROTO)
			check_parameters(id);
	}
	for (id = first; id <= last_type; id++)
		check_ends(id);
	for (id = first; id <= last_type; id++)
		hash_name(id);
}

/* ---- asking ---- */

bool is_record(uint32_t id)
{
	return types[id].kind == KIND_STRUCT || types[id].kind == KIND_UNION;
}

bool is_enum(uint32_t id)
{
	return types[id].kind == KIND_ENUM || types[id].kind == KIND_ENUM64;
}

bool is_wrapper(uint32_t id)
{
	switch (types[id].kind) {
	case KIND_CONST:
	case KIND_VOLATILE:
	case KIND_RESTRICT:
	case KIND_TYPE_TAG:
		return true;
	}
	return false;
}

bool is_anonymous_record(uint32_t id)
{
	return is_record(id) && !*types[id].name;
}

const char *class_of(uint32_t id)
{
	switch (types[id].kind) {
	case KIND_STRUCT:
		return "struct";
	case KIND_UNION:
		return "union";
	case KIND_ENUM:
	case KIND_ENUM64:
		return "enum";
	case KIND_FWD:
		return types[id].kflag ? "union" : "struct";
	case KIND_TYPEDEF:
		return "typedef";
	case KIND_FUNC:
		return "func";
	}
	return "";
}

/* "struct cxl_port" */
const char *tag(uint32_t id)
{
	return say("%s %s", class_of(id), types[id].name);
}

static uint32_t *bucket_of(const char *class, const char *name)
{
	uint32_t hash = 2166136261u ^ (uint8_t)class[0];

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 16777619u;
	return &buckets[hash % NR_BUCKETS];
}

/* Of several types with the same name the first is found, and the others after it. */
static uint32_t find_from(uint32_t id, const char *class, const char *name)
{
	while (id && (strcmp(types[id].name, name) || strcmp(class_of(id), class)))
		id = types[id].next;
	return id;
}

uint32_t btf_find(const char *class, const char *name)
{
	return find_from(*bucket_of(class, name), class, name);
}

static void hash_name(uint32_t id)
{
	uint32_t *link;

	if (!*types[id].name || !*class_of(id) || types[id].kind == KIND_FWD)
		return;
	link = bucket_of(class_of(id), types[id].name);
	while (*link)
		link = &types[*link].next;
	*link = id;
}

void btf_member(uint32_t id, unsigned int nr, struct member *member)
{
	const struct type *type = &types[id];
	const uint8_t *at = type->more + entry_size[type->kind] * nr;
	uint32_t low = word(at + 4);
	uint64_t wide;

	*member = (struct member){ .name = checked_name(word(at), true) };
	switch (type->kind) {
	case KIND_STRUCT:
	case KIND_UNION:
		member->bits = word(at + 8);
		if (type->kflag) {
			member->width = member->bits >> 24;
			member->bits &= 0xffffff;
		}
		/* fall through */
	case KIND_FUNC_PROTO:
		member->type = low;
		if (low > last_type || types[low].kind == KIND_FUNC ||
		    types[low].kind == KIND_VAR || types[low].kind == KIND_DATASEC ||
		    types[low].kind == KIND_DECL_TAG || types[low].kind == KIND_FUNC_PROTO)
			fail("a member or parameter is of what is no type");
		break;
	case KIND_ENUM:
		member->value = type->kflag ? say("%d", (int32_t)low) : say("%u", low);
		break;
	case KIND_ENUM64:
		wide = (uint64_t)word(at + 8) << 32 | low;
		member->value = type->kflag ? say("%lldLL", (long long)wide)
					    : say("%lluULL", (unsigned long long)wide);
		break;
	}
}

/* Follows qualifiers, and typedefs too if asked. */
uint32_t strip(uint32_t id, bool typedefs)
{
	while (is_wrapper(id) || (typedefs && types[id].kind == KIND_TYPEDEF))
		id = types[id].ref;
	return id;
}

static uint64_t alignment(uint32_t id)
{
	struct type *type;
	struct member member;
	uint64_t most = 1, one;
	unsigned int i;

	id = strip(id, true);
	type = &types[id];
	if (type->align)
		return type->align;
	if (type->kind == KIND_PTR)
		return 8;
	enter();
	if (type->kind == KIND_ARRAY) {
		most = alignment(type->ref);
	} else if (is_record(id)) {
		for (i = 0; i < type->nr; i++) {
			btf_member(id, i, &member);
			one = alignment(member.type);
			if (one > most)
				most = one;
			if (!member.width && member.bits % (8 * one))
				type->is_packed = true;
		}
		if (type->size % most)
			type->is_packed = true;
		if (type->is_packed)
			most = 1;
		type->align = most;
	} else if (type->size) {
		most = type->size;
	}
	leave();
	return most;
}

static uint64_t size_of(uint32_t id)
{
	uint64_t size;

	id = strip(id, true);
	if (types[id].kind == KIND_PTR)
		return 8;
	if (types[id].kind != KIND_ARRAY)
		return types[id].size;
	enter();
	size = size_of(types[id].ref);
	leave();
	if (__builtin_mul_overflow(size, types[id].count, &size) || size > UINT32_MAX)
		fail("an array has no end");
	return size;
}

uint32_t byte_offset(uint32_t id, const struct member *member)
{
	if (member->bits % 8)
		fail("a member of '%s' is not on a byte", types[id].name);
	return member->bits / 8;
}

/* ---- saying it in C ---- */

/* A pointer's star ends in an identifier by a space only where there is one. */
static const char *join(const char *base, const char *d)
{
	if (!*d)
		return base;
	return say("%s%s%s", base, *d == '[' ? "" : " ", d);
}

static const char *parameters(uint32_t id)
{
	struct member parameter;
	struct text text = {};
	unsigned int i;

	if (!types[id].nr)
		return "void";
	for (i = 0; i < types[id].nr; i++) {
		btf_member(id, i, &parameter);
		add(&text, "%s%s", i ? ", " : "",
		    parameter.type ? decl(parameter.type, "") : "...");
	}
	return text.at;
}

static const char *qualified(uint32_t id, const char *d)
{
	const char *qualifier = types[id].kind == KIND_CONST ? "const" :
				types[id].kind == KIND_VOLATILE ? "volatile" : "__restrict";
	size_t length = strlen(qualifier);

	if (types[strip(id, false)].kind == KIND_PTR)
		return decl(types[id].ref, *d ? say("%s %s", qualifier, d) : qualifier);
	d = decl(types[id].ref, d);
	if (!strncmp(d, qualifier, length) && d[length] == ' ')
		return d;
	return say("%s %s", qualifier, d);
}

/* decl(id, "x"): "struct device *x" */
const char *decl(uint32_t id, const char *d)
{
	const struct type *type = &types[id];
	const char *text;

	enter();
	switch (id ? type->kind : KIND_VOID) {
	case KIND_TYPE_TAG:
		text = decl(type->ref, d);
		break;
	case KIND_CONST:
	case KIND_VOLATILE:
	case KIND_RESTRICT:
		text = qualified(id, d);
		break;
	case KIND_PTR:
		text = decl(type->ref, say("*%s", d));
		break;
	case KIND_ARRAY:
		text = decl(type->ref, say(*d == '*' ? "(%s)[%u]" : "%s[%u]", d, type->count));
		break;
	case KIND_FUNC_PROTO:
		text = decl(type->ref, say(*d == '*' ? "(%s)(%s)" : "%s(%s)", d, parameters(id)));
		break;
	case KIND_STRUCT:
	case KIND_UNION:
	case KIND_ENUM:
	case KIND_ENUM64:
	case KIND_FWD:
		text = join(*type->name ? tag(id) : body(id, ""), d);
		break;
	default:
		text = join(type->name, d);
	}
	if (strlen(text) > 1 << 20)
		fail("its types are nested without an end");
	steps += strlen(text) / 8;
	leave();
	return text;
}

/* The prototype of a function, NULL if BTF has none, "?" if it has several that differ. */
const char *prototype(const char *function)
{
	uint32_t id = btf_find("func", function);
	const char *text = NULL, *other;

	for (; id; id = find_from(types[id].next, "func", function)) {
		other = decl(types[id].ref, function);
		if (text && strcmp(text, other))
			return "?";
		text = other;
	}
	return text;
}

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

/*
 * What an unnamed gap looks like, where a member does not come right after the last one: alignment
 * that was asked for is not in BTF, and neither are unnamed bit-fields.
 */
static void add_gap(struct text *text, uint64_t from, uint64_t to, uint64_t align,
		    const char *indent)
{
	from = round_up(from, align);
	if (to > from)
		add(text, "%s\tunsigned char __gap_%llu[%llu];\n", indent, (unsigned long long)from,
		    (unsigned long long)(to - from));
}

static void add_bit_gap(struct text *text, const struct member *member, uint64_t from, bool packed,
			const char *indent)
{
	uint64_t unit = 8 * size_of(member->type), to = member->bits;

	if (!unit)
		fail("a bit-field is of nothing");
	if (!packed && from / unit != (from + member->width - 1) / unit)
		from = round_up(from, unit);
	if (to == from)
		return;
	if (to < from)
		fail("a bit-field is within another");
	add(text, "%s\t%s;\n", indent,
	    decl(member->type, say(":%llu", to % unit ? (unsigned long long)(to - from) : 0ULL)));
}

static const char *member_text(uint32_t id, const struct member *member, bool is_last,
			       const char *indent)
{
	const struct type *type = &types[member->type];
	const char *d = member->name;

	if (member->width)
		d = say("%s:%u", d, member->width);
	if (is_anonymous_record(member->type))
		return join(body(member->type, say("%s\t", indent)), d);
	if (is_last && types[id].kind == KIND_STRUCT && type->kind == KIND_ARRAY && !type->count)
		return decl(type->ref, say("%s[]", d));
	return decl(member->type, d);
}

static void add_members(struct text *text, uint32_t id, const char *indent)
{
	const struct type *type = &types[id];
	bool packed = type->is_packed;
	struct member member;
	uint64_t end = 0;
	unsigned int i;

	for (i = 0; i < type->nr; i++) {
		btf_member(id, i, &member);
		if (type->kind == KIND_STRUCT) {
			if (member.width)
				add_bit_gap(text, &member, end, packed, indent);
			else
				add_gap(text, round_up(end, 8) / 8, byte_offset(id, &member),
					packed ? 1 : alignment(member.type), indent);
			end = member.bits +
			      (member.width ? member.width : 8 * size_of(member.type));
		}
		add(text, "%s\t%s;\n", indent,
		    member_text(id, &member, i && i + 1 == type->nr, indent));
	}
	if (type->kind == KIND_STRUCT)
		add_gap(text, round_up(end, 8) / 8, type->size, type->align, indent);
}

/* The definition of a struct, union or enum, without the closing semicolon. */
const char *body(uint32_t id, const char *indent)
{
	const struct type *type = &types[id];
	struct text text = {};
	struct member member;
	unsigned int i;

	enter();
	add(&text, "%s {\n", *type->name ? tag(id) : class_of(id));
	if (is_enum(id)) {
		for (i = 0; i < type->nr; i++) {
			btf_member(id, i, &member);
			add(&text, "%s\t%s = %s,\n", indent, member.name, member.value);
		}
	} else {
		alignment(id);
		add_members(&text, id, indent);
	}
	add(&text, "%s}%s", indent, type->is_packed ? " __packed" : "");
	leave();
	return text.at;
}
