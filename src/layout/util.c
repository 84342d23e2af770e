// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory, text, sets of names, and the end when something is wrong.
 */
#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void (*failed)(const char *why);
const char *within = "";

struct block {
	struct block *next;
	max_align_t data[];
};

static struct block *blocks;

/* What is read is smaller than this, and what is written is much smaller. */
#define MOST_MEMORY	(3ULL << 30)

static uint64_t allocated;

noreturn void fail(const char *format, ...)
{
	static char why[4096];
	va_list args;
	int length;

	length = snprintf(why, sizeof(why) / 2, "%s", within);
	if (length < 0 || (size_t)length > sizeof(why) / 2)
		length = 0;
	va_start(args, format);
	vsnprintf(why + length, sizeof(why) - length, format, args);
	va_end(args);
	failed(why);
	abort();
}

void *alloc(size_t size)
{
	struct block *block = NULL;

	allocated += size;
	if (size < MOST_MEMORY && allocated < MOST_MEMORY)
		block = calloc(1, sizeof(*block) + size);
	if (!block)
		fail("no memory for %zu bytes", size);
	block->next = blocks;
	blocks = block;
	return block->data;
}

void *grow(void *old, size_t old_size, size_t size)
{
	void *new = alloc(size);

	if (old_size)
		memcpy(new, old, old_size);
	return new;
}

void release(void)
{
	struct block *next;

	for (; blocks; blocks = next) {
		next = blocks->next;
		free(blocks);
	}
	allocated = 0;
}

char *copy(const char *at, size_t length)
{
	char *new = alloc(length + 1);

	memcpy(new, at, length);
	return new;
}

static char *say_args(const char *format, va_list args)
{
	va_list again;
	char *new;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		fail("cannot print '%s'", format);
	new = alloc(length + 1);
	vsnprintf(new, length + 1, format, args);
	return new;
}

char *say(const char *format, ...)
{
	va_list args;
	char *new;

	va_start(args, format);
	new = say_args(format, args);
	va_end(args);
	return new;
}

void add_bytes(struct text *text, const void *at, size_t length)
{
	if (text->length + length + 1 > text->room) {
		text->room = 2 * (text->length + length + 64);
		text->at = grow(text->at, text->length, text->room);
	}
	if (length)
		memcpy(text->at + text->length, at, length);
	text->length += length;
	text->at[text->length] = '\0';
}

void add(struct text *text, const char *format, ...)
{
	va_list args;
	const char *new;

	va_start(args, format);
	new = say_args(format, args);
	va_end(args);
	add_bytes(text, new, strlen(new));
}

static struct set_entry **bucket_of(const struct set *set, const char *name)
{
	uint32_t hash = 2166136261u;

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 16777619u;
	return (struct set_entry **)&set->bucket[hash % (1 << 12)];
}

static struct set_entry *set_find(const struct set *set, const char *name)
{
	struct set_entry *entry = *bucket_of(set, name);

	while (entry && strcmp(entry->name, name))
		entry = entry->next;
	return entry;
}

/* A later value takes the place of an earlier one. */
void set_add(struct set *set, const char *name, const char *value)
{
	struct set_entry *entry = set_find(set, name), **bucket;

	if (!entry) {
		bucket = bucket_of(set, name);
		entry = alloc(sizeof(*entry));
		entry->name = name;
		entry->next = *bucket;
		*bucket = entry;
	}
	entry->value = value;
}

const char *set_get(const struct set *set, const char *name)
{
	struct set_entry *entry = set_find(set, name);

	return entry ? entry->value : NULL;
}

bool next_line(struct bytes *rest, struct bytes *line)
{
	const uint8_t *end;

	if (!rest->length)
		return false;
	end = memchr(rest->at, '\n', rest->length);
	line->at = rest->at;
	line->length = end ? (size_t)(end - rest->at) : rest->length;
	rest->at += line->length + !!end;
	rest->length -= line->length + !!end;
	return true;
}
