// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the tables of features and members, and answers their rows: does this kernel have it? What
 * the required and native rows answer makes the verdict.
 */
#include "layout.h"

#include <ctype.h>
#include <string.h>

struct kernel kernel;

struct row {
	const char *name, *level, *kind, *arg, *note;
	const char *where;	/* of a required one: the row, or !row, that has to hold for that */
	const char *why;	/* the answer is no, and this is the reason */
};

static struct row *rows;
static unsigned int nr_rows, room_for_rows;
static const char *table;

void tables_forget(void)
{
	memset(&kernel, 0, sizeof(kernel));
	rows = NULL;
	nr_rows = room_for_rows = 0;
}

/* ---- reading ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes the next word off the text, and the blanks before it; "" at its end. */
static char *next_word(char **text)
{
	char *word;

	while (is_blank(**text))
		++*text;
	word = *text;
	while (**text && !is_blank(**text))
		++*text;
	if (**text)
		*(*text)++ = '\0';
	return word;
}

/* The rest, with single blanks between its words. */
static const char *all_words(char *text)
{
	struct text words = {};
	const char *word;

	while (*(word = next_word(&text)))
		add(&words, "%s%s", words.length ? " " : "", word);
	return words.at ? words.at : "";
}

/* Cuts the line at its #; the note is what comes after that. */
static char *cut_note(struct bytes line, const char **note)
{
	char *text = copy((const char *)line.at, line.length);
	char *mark = strchr(text, '#');

	*note = "";
	if (mark) {
		*mark++ = '\0';
		while (is_blank(*mark))
			mark++;
		*note = mark;
	}
	return text;
}

static struct row *new_row(void)
{
	if (nr_rows == room_for_rows) {
		room_for_rows = 2 * nr_rows + 64;
		rows = grow(rows, nr_rows * sizeof(*rows), room_for_rows * sizeof(*rows));
	}
	return &rows[nr_rows++];
}

/* Cuts "required:MACRO" in two. */
static const char *cut_where(char *level)
{
	char *colon = strchr(level, ':');

	if (!colon || strncmp(level, "required:", 9) || !colon[1])
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static bool is_level(const char *word)
{
	return !strcmp(word, "required") || !strcmp(word, "optional") || !strcmp(word, "native") ||
	       !strcmp(word, "sanity");
}

static struct row *find_row(const char *name)
{
	struct row *row;

	for (row = rows; row < rows + nr_rows; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

void read_features(const char *path, struct bytes file)
{
	unsigned int nr = 0;
	struct bytes line;
	const char *note;
	struct row *row;
	char *text;

	table = path;
	while (next_line(&file, &line)) {
		nr++;
		text = cut_note(line, &note);
		if (!text[strspn(text, " \t")])
			continue;
		row = new_row();
		row->name = next_word(&text);
		row->level = next_word(&text);
		row->where = cut_where((char *)row->level);
		row->kind = next_word(&text);
		row->arg = all_words(text);
		row->note = note;
		if (!is_level(row->level) || !*row->arg)
			fail("%s: line %u: expected "
			     "'NAME required[:[!]NAME]|optional|native|sanity KIND ARGUMENT'",
			     path, nr);
		if (row->where && !find_row(row->where + (*row->where == '!')))
			fail("%s: line %u: no row before it is named '%s'", path, nr,
			     row->where + (*row->where == '!'));
	}
	if (!nr_rows)
		fail("%s: no row", path);
}

/* Takes "MACRO:" off the text, if it begins so. */
static const char *take_where(char **text)
{
	char *word;
	size_t length;

	while (is_blank(**text))
		++*text;
	length = strcspn(*text, " \t");
	if (!length || (*text)[length - 1] != ':')
		return NULL;
	word = next_word(text);
	word[length - 1] = '\0';
	if (!find_row(word))
		fail("no row of the features is named '%s', which a member has before it", word);
	return word;
}

/* What the code uses of private types, each a required row without a macro of its own. */
void read_members(struct bytes file)
{
	const char *arg, *note, *where;
	struct bytes line;
	char *text;

	while (next_line(&file, &line)) {
		text = cut_note(line, &note);
		where = take_where(&text);
		arg = all_words(text);
		if (*arg)
			*new_row() = (struct row){ .name = "-", .level = "required",
						   .kind = "member", .arg = arg, .note = "",
						   .where = where };
	}
}

/* A file that was written by halves: what it lacks is not what the kernel lacks. */
static void check_end(const char *path, struct bytes file)
{
	if (!file.length || file.at[file.length - 1] != '\n')
		fail("%s is truncated: install the headers again", path);
}

void read_config(const char *path, struct bytes file)
{
	struct bytes line;
	char *name, *value;

	check_end(path, file);
	while (next_line(&file, &line)) {
		if (line.length < 7 || memcmp(line.at, "CONFIG_", 7))
			continue;
		name = copy((const char *)line.at, line.length);
		value = strchr(name, '=');
		if (value)
			*value++ = '\0';
		set_add(&kernel.config, name, value ? value : "");
	}
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), most = strlen(end);

	return length >= most && !strcmp(text + length - most, end);
}

/* checksum, symbol, module, kind of export, namespace */
void read_symvers(const char *path, struct bytes file)
{
	const char *symbol, *module, *namespace;
	unsigned int room = 0;
	struct bytes line;
	char *text;

	check_end(path, file);
	while (next_line(&file, &line)) {
		text = copy((const char *)line.at, line.length);
		next_word(&text);
		symbol = next_word(&text);
		module = next_word(&text);
		if (!*next_word(&text))
			fail("%s is damaged: install the headers again", path);
		namespace = next_word(&text);
		set_add(&kernel.exported, symbol, module);
		if (strcmp(namespace, "CXL") && !ends_in(module, "cxl_core"))
			continue;
		if (kernel.nr_core_exports == room) {
			kernel.core_exports = grow(kernel.core_exports, room * sizeof(char *),
						   (2 * room + 64) * sizeof(char *));
			room = 2 * room + 64;
		}
		kernel.core_exports[kernel.nr_core_exports++] = symbol;
	}
}

/* Without headers, the image's own table must do: names, each with a NUL at its end. */
void read_export_strings(struct bytes strings)
{
	const uint8_t *end;

	while (strings.length && (end = memchr(strings.at, '\0', strings.length))) {
		set_add(&kernel.exported, copy((const char *)strings.at, end - strings.at),
			"vmlinux");
		strings.length -= end + 1 - strings.at;
		strings.at = end + 1;
	}
}

/* ---- public headers ---- */

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || isdigit((uint8_t)c) || c == '_';
}

static size_t word_length(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && (isalnum((uint8_t)*at) || *at == '_'))
		at++;
	return at - start;
}

static void add_public(const char *class, const char *at, size_t length)
{
	if (length)
		set_add(&kernel.public, say("%s %.*s", class, (int)length, at), "");
}

/* "struct device {", at the beginning of a line */
static void read_definition(const char *at, const char *end)
{
	static const char *const classes[] = { "struct", "union", "enum" };
	const char *name, *after;
	unsigned int i;
	size_t length;

	for (i = 0; i < 3; i++) {
		length = strlen(classes[i]);
		if ((size_t)(end - at) <= length || memcmp(at, classes[i], length) ||
		    at[length] != ' ')
			continue;
		name = at + length + 1;
		length = word_length(name, end);
		for (after = name + length; after < end && *after == ' '; after++)
			;
		if (after < end && *after == '{')
			add_public(classes[i], name, length);
	}
}

/* "context_lock_struct(mutex) {": a struct by way of a macro */
static void read_macro(const char *at, const char *end)
{
	const char *name = at;
	size_t length;

	while (name < end && ((*name >= 'a' && *name <= 'z') || *name == '_'))
		name++;
	if (name - at <= 7 || memcmp(name - 7, "_struct", 7) || name == end || *name++ != '(')
		return;
	for (length = 0; name + length < end && is_lower(name[length]); length++)
		;
	if (end - name - length >= 3 && !memcmp(name + length, ") {", 3))
		add_public("struct", name, length);
}

/* "struct_group_tagged(cxl_regs, ...", anywhere in a line */
static void read_groups(const char *line)
{
	static const char macro[] = "struct_group_tagged(";
	size_t length;

	while ((line = strstr(line, macro))) {
		line += sizeof(macro) - 1;
		for (length = 0; is_lower(line[length]); length++)
			;
		add_public("struct", line, length);
	}
}

/* "typedef int (*cxl_fn)": the last name of the line that has cxl_ in it */
static void read_typedef(const char *line)
{
	const char *at = line, *last = NULL, *end;

	if (strncmp(line, "typedef ", 8))
		return;
	for (at = line + 8; (at = strstr(at, "cxl_")); at++)
		if (is_lower(at[4]))
			last = at;
	if (!last)
		return;
	for (end = last; is_lower(*end); end++)
		;
	while (is_lower(last[-1]))
		last--;
	add_public("typedef", last, end - last);
}

/* dir: what is below include/, or "arch" */
void read_header(const char *dir, const char *name, struct bytes file)
{
	bool is_cxl = !strcmp(dir, "cxl"), is_linux = !strcmp(dir, "linux");
	const char *at, *end, *text;
	struct bytes line;

	if (is_cxl && ends_in(name, ".h"))
		set_add(&kernel.public, say("header %s", name), "");
	while (next_line(&file, &line)) {
		at = (const char *)line.at;
		end = at + line.length;
		if (line.length > 6 && (*at == 's' || *at == 'u' || *at == 'e'))
			read_definition(at, end);
		if (is_linux && line.length && memchr(at, '(', line.length))
			read_macro(at, end);
		if (is_cxl) {
			text = copy(at, line.length);
			read_groups(text);
			read_typedef(text);
		}
	}
}

/* ---- answers ---- */

static bool is_there(struct row *row, uint32_t id)
{
	if (!id)
		row->why = say("has no %s", row->arg);
	return id;
}

/* "struct cxl_port" */
static uint32_t find_type(const char *class_and_name)
{
	char *text = copy(class_and_name, strlen(class_and_name));
	const char *class = next_word(&text);

	return btf_find(class, next_word(&text));
}

/* The type of a member, which may be inside an anonymous one; NULL if there is none. */
static const char *member_type(uint32_t id, const char *name)
{
	struct member member;
	const char *found;
	unsigned int i;

	if (!is_record(id) && !is_enum(id))
		return NULL;
	for (i = 0; i < types[id].nr; i++) {
		btf_member(id, i, &member);
		if (!strcmp(member.name, name))
			return is_enum(id) ? "enumerator" : decl(member.type, "");
		if (*member.name)
			continue;
		enter();
		found = member_type(member.type, name);
		leave();
		if (found)
			return found;
	}
	return NULL;
}

/* "struct cxl_port.commit_end int" or, of any type, "struct cxl_port.commit_end" */
static bool has_member(struct row *row)
{
	char *owner = copy(row->arg, strlen(row->arg));
	char *member = strchr(owner, '.'), *want;
	const char *have;
	uint32_t id;

	if (!member)
		fail("%s: row %s: '%s' is no member", table, row->name, row->arg);
	*member++ = '\0';
	want = strchr(member, ' ');
	if (want)
		*want++ = '\0';
	id = find_type(owner);
	have = id ? member_type(id, member) : NULL;
	if (have && (!want || !strcmp(want, have)))
		return true;
	if (!id)
		row->why = say("has no %s", owner);
	else if (!have)
		row->why = say("has no %s in %s", member, owner);
	else
		row->why = say("has %s in %s as '%s', not as '%s'", member, owner, have, want);
	return false;
}

/* "int cxl_mailbox_init(struct cxl_mailbox *, struct device *)" */
static const char *function_of(const struct row *row)
{
	const char *end = row->arg, *at;

	while ((end = strchr(end, '('))) {
		at = end;
		while (at > row->arg && (isalnum((uint8_t)at[-1]) || at[-1] == '_'))
			at--;
		while (isdigit((uint8_t)*at))
			at++;
		if (at < end)
			return copy(at, end - at);
		end++;
	}
	fail("%s: row %s: '%s' is no prototype", table, row->name, row->arg);
}

static bool has_import(struct row *row)
{
	const char *function = function_of(row), *have = prototype(function);

	if (!set_get(&kernel.exported, function))
		row->why = say("does not export %s()", function);
	else if (!have)
		row->why = say("exports %s(), which its BTF does not describe", function);
	else if (!strcmp(have, "?"))
		row->why = say("has more than one function %s()", function);
	else if (strcmp(have, row->arg))
		row->why = say("has '%s', not '%s'", have, row->arg);
	if (row->why)
		return false;
	set_add(&kernel.imported, function, "");
	kernel.imports[kernel.nr_imports++] = function;
	return true;
}

/* "CXL_PORT" (y or m) or "CXL_PORT=y" */
static bool has_config(struct row *row)
{
	char *name = say("CONFIG_%s", row->arg), *want = strchr(name, '=');
	const char *have;

	if (want)
		*want++ = '\0';
	have = set_get(&kernel.config, name);
	if (!have || (want && strcmp(want, have)))
		row->why = say("is not built with CONFIG_%s", row->arg);
	return !row->why;
}

static bool holds(struct row *row)
{
	row->why = NULL;
	if (!strcmp(row->kind, "type"))
		return is_there(row, find_type(row->arg));
	if (!strcmp(row->kind, "member"))
		return has_member(row);
	if (!strcmp(row->kind, "import"))
		return has_import(row);
	if (!strcmp(row->kind, "config"))
		return has_config(row);
	if (!strcmp(row->kind, "function")) {
		if (!btf_find("func", row->arg))
			row->why = say("has no function %s()", row->arg);
	} else if (!strcmp(row->kind, "export")) {
		if (!set_get(&kernel.exported, row->arg))
			row->why = say("does not export %s", row->arg);
	} else if (!strcmp(row->kind, "header")) {
		if (!set_get(&kernel.public, say("header %s", row->arg)))
			row->why = say("has no <%s>", row->arg);
	} else {
		fail("%s: row %s: unknown kind '%s'", table, row->name, row->kind);
	}
	return !row->why;
}

/* Without headers there is no config and no header to ask. */
static bool is_askable(const struct row *row)
{
	return kernel.has_headers || (strcmp(row->kind, "config") && strcmp(row->kind, "header"));
}

/* Does the kernel have to have it? Not if nobody can tell whether it does. */
static bool is_required(const struct row *row, bool (*tells)(const struct row *row))
{
	const struct row *where;
	bool wanted;

	if (strcmp(row->level, "required") || !tells(row))
		return false;
	if (!row->where)
		return true;
	wanted = *row->where != '!';
	where = find_row(row->where + !wanted);
	return tells(where) && !where->why == wanted;
}

/*
 * What every kernel with CXL has: if that is not found, then it was not looked for in the right
 * place, or with something that is broken, and no other answer is to be believed.
 */
static void check_sanity(const struct row *row)
{
	if (row->why && !strcmp(row->level, "sanity") && set_get(&kernel.config, "CONFIG_CXL_BUS"))
		fail("it is built with CONFIG_CXL_BUS and yet, to all appearance, %s: headers, "
		     "BTF or cxl_core.ko are incomplete or of another kernel, install them again",
		     row->why);
}

/* Its BTF is of no account for the answer no. */
static bool is_without_btf(const struct row *row)
{
	return !strcmp(row->kind, "config") || !strcmp(row->kind, "export") ||
	       (!strcmp(row->kind, "import") && !set_get(&kernel.exported, function_of(row)));
}

/* For a kernel whose BTF is not to be had: why it would not be supported anyway; or NULL. */
const char *lacks_without_btf(void)
{
	const char *lacks = NULL;
	struct row *row;

	for (row = rows; row < rows + nr_rows; row++) {
		if (!is_without_btf(row))
			continue;
		if (holds(row) && !strcmp(row->level, "native"))
			return NULL;
		check_sanity(row);
		if (row->why && is_required(row, is_without_btf) && !lacks)
			lacks = say("%s%s%s%s", row->why, *row->note ? " (" : "", row->note,
				    *row->note ? ")" : "");
	}
	return lacks;
}

/* A row named "-" is not for the code to ask. */
static void add_answer(struct text *header, const struct row *row)
{
	bool has_macro = strcmp(row->name, "-");

	if (row->why)
		add(header, "/* %s%sthe kernel %s */\n", has_macro ? row->name : "",
		    has_macro ? " is not set: " : "", row->why);
	else
		add(header, "/* %s: %s */\n", row->kind, row->arg);
	if (!row->why && has_macro)
		add(header, "#define %s 1\n", row->name);
}

void answer_features(struct text *header)
{
	unsigned int i;

	kernel.imports = alloc((nr_rows + 1) * sizeof(char *));
	kernel.nr_imports = 0;
	for (i = 0; i < nr_rows; i++) {
		holds(&rows[i]);
		check_sanity(&rows[i]);
		add_answer(header, &rows[i]);
	}
}

/* After answer_features(). Two reasons against it are given. */
enum verdict judge(struct text *reason)
{
	struct text native = {}, lacks = {};
	unsigned int i, nr_lacks = 0;
	const struct row *row;

	for (i = 0; i < nr_rows; i++) {
		row = &rows[i];
		if (!row->why && !strcmp(row->level, "native"))
			add(&native, "%s%s", native.length ? ", " : "", row->arg);
		if (!row->why || !is_required(row, is_askable))
			continue;
		if (++nr_lacks > 2)
			continue;
		add(&lacks, "%sit %s", nr_lacks > 1 ? ", " : "", row->why);
		if (*row->note)
			add(&lacks, " (%s)", row->note);
	}
	if (native.length) {
		add(reason, "it has the accelerator API itself (%s)", native.at);
		return NATIVE;
	}
	if (!nr_lacks) {
		add(reason, "it has all that the replacement modules need");
		return REPLACE;
	}
	add(reason, "%s", lacks.at);
	if (nr_lacks > 2)
		add(reason, ", and %u more (see cxl_core_features.h)", nr_lacks - 2);
	return UNSUPPORTED;
}
