// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds damaged kernels to the layout generator, which must say that it cannot tell, or whatever
 * follows from what is left; and must not crash, hang, or read what is not there.
 *
 * An input is the length of vmlinux, four bytes, then vmlinux, and the rest is cxl_core.ko, if
 * there is a rest: each an ELF file, an arm64 Image or raw BTF. Tables come from LAYOUT_TABLES, a
 * directory; of the symbols in them all are exported.
 *
 * With clang's -fsanitize=fuzzer this is a target for libFuzzer. Without, and with -DREPLAY:
 *
 *	fuzz FILE...		what is said of each: "NAME: VERDICT: REASON"
 *	fuzz --cut FILE		of each beginning of the input: says how many there were, and names
 *				those that are not an error
 *	fuzz --damage FILE	with each of its words replaced by others, one at a time
 */
#define _GNU_SOURCE
#include "layout.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf back;
static char reason_said[4096];
static struct bytes table, member_table, symvers;

static void go_back(const char *why)
{
	snprintf(reason_said, sizeof(reason_said), "%s", why);
	longjmp(back, 1);
}

/* Apart from each other and from the input, so that reading beyond the end is noticed. */
static struct bytes apart(const uint8_t *at, size_t length)
{
	uint8_t *copied = malloc(length ? length : 1);

	memcpy(copied, at, length);
	return (struct bytes){ copied, length };
}

static struct bytes load(const char *dir, const char *name)
{
	char path[4096];
	struct bytes file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!read_file(path, &file)) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	return apart(file.at, file.length);
}

/* Every name in the table, and other words besides. */
static struct bytes export_all(struct bytes from)
{
	size_t room = 16 * from.length + 1024, length = 0, end;
	char *text = malloc(room);

	while (from.length) {
		for (end = 0; end < from.length && (isalnum(from.at[end]) || from.at[end] == '_');
		     end++)
			;
		if (end > 6)
			length += snprintf(text + length, room - length,
					   "0x0\t%.*s\tvmlinux\tGPL\tCXL\n", (int)end,
					   (const char *)from.at);
		from.at += end + 1;
		from.length -= end + 1 < from.length ? end + 1 : from.length;
	}
	text = realloc(text, length);
	return (struct bytes){ (uint8_t *)text, length };
}

static void set_up(void)
{
	const char *dir = getenv("LAYOUT_TABLES"), *native;
	char *text;

	if (table.length)
		return;
	table = load(dir ? dir : "src/compat", "features.tbl");
	member_table = load(dir ? dir : "src/compat", "members.tbl");
	symvers = export_all(table);
	/* All but one: a kernel that has the API itself is not looked at so closely. */
	text = (char *)symvers.at;
	native = memmem(text, symvers.length, "devm_cxl_probe_mem", 18);
	if (native)
		text[native - text] = 'D';
}

static const char *look(struct bytes vmlinux, struct bytes module)
{
	static const char config[] = "CONFIG_CXL_MEM=m\nCONFIG_CXL_BUS=m\n";
	static const char *const words[] = { "replace", "native", "unsupported" };
	struct image image = { "vmlinux", vmlinux, {} }, core = { "cxl_core.ko", module, {} };
	struct text header = {}, reason = {};
	enum verdict verdict;

	within = "";
	failed = go_back;
	if (setjmp(back))
		return "error";
	read_features("features.tbl", table);
	read_members(member_table);
	read_symvers("Module.symvers", symvers);
	kernel.has_headers = true;
	build_id(&image);
	release_after(image.unpacked, "Linux version ");
	if (!find_btf_in(&image))
		fail("no BTF");
	btf_add(image.btf);
	if (module.length) {
		if (!find_btf_in(&core))
			fail("no BTF");
		build_id(&core);
		btf_add(core.btf);
	}
	/* Else a sanity row ends it here. */
	read_config("auto.conf", (struct bytes){ (const uint8_t *)config,
		    btf_find("struct", "cxl_memdev") ? sizeof(config) - 1 : 17 });
	answer_features(&header);
	print_layout(&header);
	verdict = judge(&reason);
	snprintf(reason_said, sizeof(reason_said), "%s", reason.at);
	return words[verdict];
}

static const char *verdict_of(const uint8_t *data, size_t size)
{
	struct bytes vmlinux, module;
	const char *verdict;
	uint32_t length;

	set_up();
	if (size < 4)
		return "error";
	memcpy(&length, data, sizeof(length));
	data += 4;
	size -= 4;
	if (length > size)
		length = size;
	vmlinux = apart(data, length);
	module = apart(data + length, size - length);
	verdict = look(vmlinux, module);
	release();
	btf_forget();
	tables_forget();
	free((void *)vmlinux.at);
	free((void *)module.at);
	return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	verdict_of(data, size);
	return 0;
}

#ifdef REPLAY
/* vmlinux, or cxl_core.ko if there is one, is shorter by some bytes. */
static int cut_each(struct bytes input)
{
	uint32_t length, cut_length;
	unsigned int tried = 0, wrong = 0;
	const char *verdict;
	uint8_t *data;

	memcpy(&length, input.at, sizeof(length));
	for (cut_length = 0; cut_length < input.length - 4; cut_length++) {
		/* What is cut where the module begins is a kernel without one. */
		if (cut_length == length)
			continue;
		data = (uint8_t *)apart(input.at, 4 + cut_length).at;
		verdict = verdict_of(data, 4 + cut_length);
		free(data);
		tried++;
		if (strcmp(verdict, "error")) {
			wrong++;
			printf("cut to %u: %s: %s\n", cut_length, verdict, reason_said);
		}
	}
	printf("%u tried, %u wrong\n", tried, wrong);
	return !!wrong;
}

static void damage_each(struct bytes input)
{
	static const uint32_t values[] = { 0, 0xff, 0xffffffff };
	unsigned int tried = 0, errors = 0, i;
	uint32_t word, value;
	uint8_t *data;
	size_t at;

	for (at = 4; at + 4 <= input.length; at += 4) {
		memcpy(&word, input.at + at, 4);
		for (i = 0; i < 2 * ARRAY_SIZE(values); i++) {
			value = i % 2 ? word + values[i / 2] : values[i / 2];
			data = (uint8_t *)apart(input.at, input.length).at;
			memcpy(data + at, &value, 4);
			errors += !strcmp(verdict_of(data, input.length), "error");
			free(data);
			tried++;
		}
	}
	printf("%u tried, %u errors\n", tried, errors);
}

int main(int argc, char **argv)
{
	const char *option = argc > 2 && argv[1][0] == '-' ? argv[1] : "";
	struct bytes input;
	int i, rc = 0;

	for (i = *option ? 2 : 1; i < argc; i++) {
		if (!read_file(argv[i], &input)) {
			fprintf(stderr, "cannot read %s\n", argv[i]);
			return 2;
		}
		input = apart(input.at, input.length);
		reason_said[0] = '\0';
		if (!strcmp(option, "--cut"))
			rc |= cut_each(input);
		else if (!strcmp(option, "--damage"))
			damage_each(input);
		else
			printf("%s: %s: %s\n", argv[i], verdict_of(input.at, input.length),
			       reason_said);
		free((void *)input.at);
	}
	free((void *)table.at);
	free((void *)member_table.at);
	free((void *)symvers.at);
	return rc;
}
#endif
