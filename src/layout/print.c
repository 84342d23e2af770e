// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the layout header: private types of cxl_core, the asserts that hold the compiler to the
 * kernel's layout, and the prototypes of what is imported.
 */
#include "layout.h"

#include <string.h>

static struct set forwarded;	/* tags that are declared */
static struct set defined_as;	/* tags that are defined, and the numbers of their types */
static struct text forwards, definitions;
static uint8_t *state;		/* of each type: */
enum { DEFINED = 1, EMBEDDED = 2 };
static uint32_t *defined, *embedded;
static unsigned int nr_defined, nr_embedded;

static void forget(void)
{
	memset(&forwarded, 0, sizeof(forwarded));
	memset(&defined_as, 0, sizeof(defined_as));
	forwards = definitions = (struct text){};
	state = alloc(last_type + 1);
	defined = alloc((last_type + 1) * sizeof(*defined));
	embedded = alloc((last_type + 1) * sizeof(*embedded));
	nr_defined = nr_embedded = 0;
}

static bool is_private(uint32_t id)
{
	return *types[id].name && !set_get(&kernel.public, tag(id));
}

/* Core-private by name. Two enums of the core lack the prefix; one type is the dax bus's. */
static bool is_wanted(uint32_t id)
{
	const char *name = types[id].name;

	return !strncmp(name, "cxl_", 4) || !strcmp(name, "poison_cmd_enabled_bits") ||
	       !strcmp(name, "security_cmd_enabled_bits") || !strcmp(name, "dev_dax_data");
}

static void define(uint32_t id);
static void require(uint32_t id, bool by_value);

static void forward(uint32_t id)
{
	const char *key = tag(id);

	if (!*types[id].name || set_get(&forwarded, key))
		return;
	set_add(&forwarded, key, "");
	add(&forwards, "%s;\n", key);
}

/* A public type that a private one holds by value: its header must agree too. */
static void embed(uint32_t id)
{
	if (!is_record(id) || !*types[id].name || state[id] & EMBEDDED)
		return;
	state[id] |= EMBEDDED;
	embedded[nr_embedded++] = id;
}

static void require_members(uint32_t id)
{
	struct member member;
	unsigned int i;

	for (i = 0; i < types[id].nr; i++) {
		btf_member(id, i, &member);
		require(member.type, is_record(id));
	}
}

static void require_record(uint32_t id, bool by_value)
{
	if (is_anonymous_record(id))
		require_members(id);
	else if (!by_value)
		forward(id);
	else if (is_private(id))
		define(id);
	else
		embed(id);
}

/*
 * Everything a definition of id must find already defined. Behind a pointer a forward declaration
 * will do, except for enums and typedefs.
 */
static void require(uint32_t id, bool by_value)
{
	if (!id)
		return;
	enter();
	switch (types[id].kind) {
	case KIND_PTR:
		require(types[id].ref, false);
		break;
	case KIND_CONST:
	case KIND_VOLATILE:
	case KIND_RESTRICT:
	case KIND_TYPE_TAG:
	case KIND_ARRAY:
		require(types[id].ref, by_value);
		break;
	case KIND_FUNC_PROTO:
		require(types[id].ref, false);
		require_members(id);
		break;
	case KIND_FWD:
		forward(id);
		break;
	case KIND_TYPEDEF:
		if (is_private(id) && (is_wanted(id) || !kernel.has_headers))
			define(id);
		else if (by_value)
			embed(strip(id, true));
		break;
	case KIND_ENUM:
	case KIND_ENUM64:
		if (is_private(id))
			define(id);
		break;
	case KIND_STRUCT:
	case KIND_UNION:
		require_record(id, by_value);
		break;
	}
	leave();
}

/* What they are, not their numbers: one that differs makes two of each that leads to it. */
static bool is_same_type(uint32_t one, uint32_t other)
{
	return one == other || !strcmp(decl(one, ""), decl(other, ""));
}

static bool is_same(uint32_t one, uint32_t other)
{
	const struct type *a = &types[one], *b = &types[other];
	struct member m, n;
	unsigned int i;

	if (a->kind == KIND_TYPEDEF)
		return true;
	if (a->size != b->size || a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++) {
		btf_member(one, i, &m);
		btf_member(other, i, &n);
		if (strcmp(m.name, n.name) || m.bits != n.bits || m.width != n.width ||
		    !is_same_type(m.type, n.type) || (m.value && strcmp(m.value, n.value)))
			return false;
	}
	return true;
}

static void define(uint32_t id)
{
	const char *key = tag(id), *before;
	uint32_t other;

	if (state[id] & DEFINED)
		return;
	state[id] |= DEFINED;
	before = set_get(&defined_as, key);
	if (before) {
		memcpy(&other, before, sizeof(other));
		if (!is_same(id, other))
			fail("the BTF has two types %s that differ", key);
		return;
	}
	set_add(&defined_as, key, copy((const char *)&id, sizeof(id)));
	if (types[id].kind == KIND_TYPEDEF) {
		require(types[id].ref, true);
		add(&definitions, "typedef %s;\n\n", decl(types[id].ref, types[id].name));
		return;
	}
	if (is_record(id)) {
		forward(id);
		require_members(id);
	}
	add(&definitions, "%s;\n\n", body(id, ""));
	if (is_record(id))
		defined[nr_defined++] = id;
}

/*
 * Bit-fields have no address, and an anonymous member has no name: what encloses the one, and what
 * is inside the other, is asserted instead.
 */
static void assert_members(struct text *header, uint32_t id, const char *type, const char *prefix,
			   uint64_t base)
{
	struct member member;
	uint64_t offset;
	unsigned int i;

	enter();
	for (i = 0; i < types[id].nr; i++) {
		btf_member(id, i, &member);
		if (member.width)
			continue;
		offset = base + byte_offset(id, &member);
		if (*member.name)
			add(header, "CXL_CORE_OFFSET(%s, %s%s, %llu);\n", type, prefix, member.name,
			    (unsigned long long)offset);
		if (is_anonymous_record(member.type))
			assert_members(header, member.type, type,
				       *member.name ? say("%s%s.", prefix, member.name) : prefix,
				       offset);
	}
	leave();
}

static void assert_layout(struct text *header, uint32_t id)
{
	const char *type = tag(id);

	add(header, "CXL_CORE_SIZE(%s, %u);\n", type, types[id].size);
	assert_members(header, id, type, "", 0);
	add(header, "\n");
}

/* For whoever adds a row to the feature table. */
static void add_other_exports(struct text *header)
{
	const char *name, *text;
	unsigned int i;

	add(header, "/* Exported by cxl_core, and not imported:\n");
	for (i = 0; i < kernel.nr_core_exports; i++) {
		name = kernel.core_exports[i];
		text = prototype(name);
		if (text && text[1] && !set_get(&kernel.imported, name))
			add(header, " *\t%s\n", text);
	}
	add(header, " */\n\n");
}

/* The public types first: where they are wrong, so is all that holds them. */
static void add_asserts(struct text *header)
{
	unsigned int i;
	uint32_t id;

	for (i = 0; i < nr_embedded; i++)
		assert_layout(header, embedded[i]);
	for (i = 0; i < nr_defined; i++)
		assert_layout(header, defined[i]);
	for (id = 1; id <= last_type; id++)
		if (is_record(id) && is_wanted(id) && !is_private(id) && !(state[id] & EMBEDDED))
			assert_layout(header, id);
}

/* After answer_features(), which says what is imported. */
void print_layout(struct text *header)
{
	const char *name;
	unsigned int i;
	uint32_t id;

	forget();
	for (id = 1; id <= last_type; id++)
		if ((is_record(id) || is_enum(id) || types[id].kind == KIND_TYPEDEF) &&
		    is_wanted(id) && is_private(id))
			define(id);
	for (i = 0; i < kernel.nr_imports; i++)
		require(types[btf_find("func", kernel.imports[i])].ref, false);
	add(header, "%s\n%s\n", forwards.at ? forwards.at : "",
	    definitions.at ? definitions.at : "");
	for (i = 0; i < kernel.nr_imports; i++) {
		name = kernel.imports[i];
		add(header, "extern %s;\n", prototype(name));
	}
	add(header, "\n");
	add_other_exports(header);
	add_asserts(header);
}
