/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout generator: what its files have of each other. See README.md.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* ---- util.c: memory, text, sets of names, and the end when something is wrong ---- */

struct bytes {
	const uint8_t *at;
	size_t length;
};

struct text {
	char *at;
	size_t length, room;
};

struct set_entry {
	struct set_entry *next;
	const char *name, *value;
};

struct set {
	struct set_entry *bucket[1 << 12];
};

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(nr, first) __attribute__((format(printf, nr, first)))

/* It cannot be told whether the kernel is supported. failed() is told why, and does not return. */
extern void (*failed)(const char *why);
extern const char *within;	/* what the reason begins with */
noreturn void fail(const char *format, ...) PRINTF_LIKE(1, 2);

/* Memory is not given back before release() gives back all of it. */
void *alloc(size_t size);
void *grow(void *old, size_t old_size, size_t size);
void release(void);
char *say(const char *format, ...) PRINTF_LIKE(1, 2);
char *copy(const char *at, size_t length);

void add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void add_bytes(struct text *text, const void *at, size_t length);

void set_add(struct set *set, const char *name, const char *value);
const char *set_get(const struct set *set, const char *name);

/* Takes the next line off *rest, without its end; status false if there is none. */
bool next_line(struct bytes *rest, struct bytes *line);

/* ---- image.c: files, compression, kernel images, ELF ---- */

struct image {
	const char *path;
	struct bytes unpacked;
	struct bytes btf;
};

bool read_file(const char *path, struct bytes *file);
bool read_file_into(struct text *buffer, const char *path, struct bytes *file);
struct bytes run_filter(const char *source, const char *const argv[], struct bytes input);
bool find_btf_in(struct image *image);
bool open_image(struct image *image, const char *path);
bool elf_section(const struct image *image, const char *name, struct bytes *section);
const char *build_id(const struct image *image);
const char *release_after(struct bytes file, const char *words);

/* ---- btf.c: types, and what they are in C ---- */

enum {
	KIND_VOID, KIND_INT, KIND_PTR, KIND_ARRAY, KIND_STRUCT, KIND_UNION, KIND_ENUM, KIND_FWD,
	KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT, KIND_FUNC, KIND_FUNC_PROTO,
	KIND_VAR, KIND_DATASEC, KIND_FLOAT, KIND_DECL_TAG, KIND_TYPE_TAG, KIND_ENUM64,
	NR_KINDS
};

struct type {
	const char *name;	/* "" if it has none */
	const uint8_t *more;	/* its members, parameters or values */
	uint32_t next;		/* of the same hash */
	uint32_t size;
	uint32_t ref;		/* the type that it points to, qualifies, is an array of, ... */
	uint32_t count;		/* elements of an array */
	uint16_t nr;		/* members, parameters or values */
	uint8_t kind;
	bool kflag;
	bool is_packed;
	uint8_t visit;
	uint64_t align;		/* 0: not computed yet */
};

struct member {
	const char *name;
	const char *value;	/* of an enumerator, as text */
	uint32_t type;
	uint32_t bits;		/* where it is */
	uint32_t width;		/* of a bit-field, else 0 */
};

extern struct type *types;
extern uint32_t last_type;

void btf_forget(void);
void btf_add(struct bytes btf);
uint32_t btf_find(const char *class, const char *name);
void btf_member(uint32_t id, unsigned int nr, struct member *member);
const char *class_of(uint32_t id);
const char *tag(uint32_t id);
bool is_record(uint32_t id);
bool is_enum(uint32_t id);
bool is_wrapper(uint32_t id);
bool is_anonymous_record(uint32_t id);
uint32_t strip(uint32_t id, bool typedefs);
const char *decl(uint32_t id, const char *declarator);
const char *body(uint32_t id, const char *indent);
const char *prototype(const char *function);
uint32_t byte_offset(uint32_t id, const struct member *member);

/* Brackets recursion: damaged BTF can nest without an end, or branch too often. */
void enter(void);
void leave(void);

/* ---- tables.c: what is asked of a kernel, and its answers ---- */

enum verdict { REPLACE, NATIVE, UNSUPPORTED };

struct kernel {
	struct set public;	/* what public headers have: "struct device", "header cxl/a.h" */
	struct set config;	/* CONFIG_ names, and their values */
	struct set exported;	/* symbols, and the modules that export them */
	struct set imported;	/* those that a row asks for, and that are as it says */
	const char **core_exports;
	unsigned int nr_core_exports;
	const char **imports;	/* in the order of the table */
	unsigned int nr_imports;
	bool has_headers;
};

extern struct kernel kernel;

void tables_forget(void);
void read_features(const char *path, struct bytes file);
void read_members(struct bytes file);
void read_config(const char *path, struct bytes file);
void read_symvers(const char *path, struct bytes file);
void read_export_strings(struct bytes strings);
void read_header(const char *dir, const char *name, struct bytes file);
const char *lacks_without_btf(void);
void answer_features(struct text *header);
enum verdict judge(struct text *reason);

/* ---- print.c: cxl_core_layout.h, between its first lines and its last ---- */

void print_layout(struct text *header);

#endif
