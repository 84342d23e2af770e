// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds what describes the target kernel, has it read, and writes the results. Called by generate,
 * whose head says how, with the directory of the tables as its first argument.
 */
#define _GNU_SOURCE
#include "layout.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { SUPPORTED_STATUS = 0, CANNOT_TELL_STATUS = 1, USAGE_STATUS = 2, UNSUPPORTED_STATUS = 77 };

static const char *kver, *kdir, *vmlinux, *core_btf, *out, *features, *members, *features_given;
static const char *sysroot;	/* the kernel that belongs to the headers is below it */
static const char *tree;	/* the half of the headers that has include/linux */
static struct image image, core;
static const char *image_id = "", *core_id = "";

static const char *const results[] = { "cxl_core_layout.h", "cxl_core_features.h", "verdict" };
enum { LAYOUT, FEATURES, VERDICT, NR_RESULTS };
static struct text texts[NR_RESULTS];

static char *result_path(int nr, const char *prefix)
{
	return say("%s/%s%s", out, prefix, results[nr]);
}

static void remove_results(void)
{
	int nr;

	for (nr = 0; nr < NR_RESULTS; nr++) {
		remove(result_path(nr, "."));
		remove(result_path(nr, ""));
	}
}

static void tell(const char *text)
{
	fprintf(stderr, "layout: %s\n", text);
}

static void cannot_tell(const char *why)
{
	static bool again;
	const char *c;

	fprintf(stderr, "layout: cannot tell whether kernel %s is supported: ", kver);
	/* One line, whatever a file has in it. */
	for (c = why; *c; c++)
		fputc((unsigned char)*c < ' ' ? ' ' : *c, stderr);
	fputc('\n', stderr);
	if (!again && out) {
		again = true;
		remove_results();
	}
	exit(CANNOT_TELL_STATUS);
}

static noreturn void usage(const char *text)
{
	fprintf(stderr, "layout: %s (see layout --help)\n", text);
	exit(USAGE_STATUS);
}

static void parse_arguments(char **argument)
{
	static const struct {
		const char *name, **value;
	} options[] = {
		{ "--kver", &kver }, { "--kdir", &kdir }, { "--vmlinux", &vmlinux },
		{ "--core-btf", &core_btf }, { "--out", &out }, { "--features", &features_given },
	};
	const size_t nr = ARRAY_SIZE(options);
	size_t i;

	for (; *argument; argument += 2) {
		for (i = 0; i < nr && strcmp(options[i].name, *argument); i++)
			;
		if (i == nr)
			usage(say("unknown argument '%s'", *argument));
		if (!argument[1] || !*argument[1])
			usage(say("%s wants a value", *argument));
		*options[i].value = argument[1];
	}
	if (!kver)
		usage("--kver is missing");
	if (!kdir && !vmlinux)
		usage("--kdir is missing");
	if (!out)
		usage("--out is missing");
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static struct bytes must_read(const char *path)
{
	struct bytes file;

	if (!read_file(path, &file))
		fail("no %s: install the headers of kernel %s, or say with KDIR= where they are",
		     path, kver);
	return file;
}

/* ---- headers ---- */

/* In a line that begins with start and goes on with end, what is between. */
static const char *between(struct bytes file, const char *start, const char *end)
{
	size_t before = strlen(start), after = strlen(end);
	struct bytes line;

	while (next_line(&file, &line)) {
		if (line.length >= before + after && !memcmp(line.at, start, before) &&
		    !memcmp(line.at + line.length - after, end, after) &&
		    !memchr(line.at + before, '$', line.length - before))
			return copy((const char *)line.at + before, line.length - before - after);
	}
	return NULL;
}

static bool has_public_headers(const char *dir)
{
	return exists(say("%s/include/linux/device.h", dir));
}

/* Where headers are split in two, the Makefile of the generated half includes that of the other. */
static void find_tree(struct bytes makefile)
{
	const char *other;

	tree = kdir;
	if (has_public_headers(tree))
		return;
	other = between(makefile, "include ", "/Makefile");
	tree = other && *other == '/' ? other : say("%s/%s", kdir, other ? other : "");
	if (!has_public_headers(tree))
		fail("no %s/include/linux/device.h: install all of the headers of kernel %s", tree,
		     kver);
}

static void read_headers_below(const char *dir, const char *path)
{
	static struct text buffer;
	char *const roots[] = { (char *)path, NULL };
	struct bytes file;
	const char *name;
	FTSENT *entry;
	FTS *fts;

	if (!exists(path))
		return;
	fts = fts_open(roots, FTS_COMFOLLOW | FTS_NOCHDIR | FTS_PHYSICAL, NULL);
	while (fts && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
		    entry->fts_info == FTS_NS)
			fail("cannot read %s: %s", entry->fts_path, strerror(entry->fts_errno));
		if (entry->fts_info != FTS_F)
			continue;
		name = say("%s%s", dir, entry->fts_path + strlen(path));
		if (read_file_into(&buffer, entry->fts_path, &file))
			read_header(dir, name, file);
	}
	if (!fts || fts_close(fts))
		fail("cannot read %s: %s", path, strerror(errno));
}

/* Types that public headers define, some of them by macro, and the headers of include/cxl. */
static void read_public_headers(void)
{
	static const char *const dirs[] = { "cxl", "linux", "acpi", "uapi/linux", "asm-generic" };
	glob_t arch = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		read_headers_below(dirs[i], say("%s/include/%s", tree, dirs[i]));
	if (!glob(say("%s/arch/*/include", tree), 0, NULL, &arch))
		for (i = 0; i < arch.gl_pathc; i++)
			read_headers_below("arch",
					   copy(arch.gl_pathv[i], strlen(arch.gl_pathv[i])));
	globfree(&arch);
	if (!set_get(&kernel.public, "struct device"))
		fail("the headers in %s have no struct device: install them again", tree);
}

static void read_headers(void)
{
	const char *file = say("%s/include/generated/utsrelease.h", kdir), *release;
	struct bytes makefile = must_read(say("%s/Makefile", kdir));
	const char *symvers = say("%s/Module.symvers", kdir);
	const char *config = say("%s/include/config/auto.conf", kdir);

	read_symvers(symvers, must_read(symvers));
	read_config(config, must_read(config));
	release = between(must_read(file), "#define UTS_RELEASE \"", "\"");
	if (!release)
		fail("%s is damaged: install the headers again", file);
	if (strcmp(release, kver))
		fail("the headers in %s are of kernel %s, not of %s", kdir, release, kver);
	find_tree(makefile);
	kernel.has_headers = true;
}

static bool is_configured(const char *option, const char *value)
{
	const char *have = set_get(&kernel.config, option);

	return have && !strcmp(have, value);
}

/* ---- the kernel's own BTF ---- */

/* Headers that are unpacked somewhere, and not installed, have their kernel beside them. */
static void find_sysroot(void)
{
	static const char *const below[] = { "/usr/src/", "/lib/modules/" };
	const char *at, *last = NULL;
	int i;

	sysroot = "";
	for (i = 0; i < 2 && kdir && !last; i++) {
		for (at = kdir; (at = strstr(at, below[i])); at++)
			last = at;
		if (last)
			sysroot = copy(kdir, last - kdir);
	}
}

static void check_release(const struct image *of, const char *words)
{
	const char *release = release_after(of->unpacked, words);

	if (release && strcmp(release, kver))
		fail("%s is of kernel %s, not of %s", of->path, release, kver);
}

static bool use_image(const char *path)
{
	if (!open_image(&image, path))
		return false;
	check_release(&image, "Linux version ");
	return true;
}

static bool is_running(void)
{
	struct utsname name;

	return !uname(&name) && !strcmp(name.release, kver);
}

/* Kernels like the one of Debian 12: no other distro's release ends like that. */
static const char *advice(void)
{
	size_t length = strlen(kver);

	if (!strncmp(kver, "6.1.0-", 6) && length > 12 && !strcmp(kver + length - 6, "-amd64"))
		return ". On Debian 12 install linux-image-6.12-amd64 and "
		       "linux-headers-6.12-amd64 instead";
	return "";
}

static noreturn void unsupported(const char *reason)
{
	tell(say("kernel %s cannot be supported: %s%s", kver, reason, advice()));
	exit(UNSUPPORTED_STATUS);
}

/* No BTF anywhere: is that the kernel's doing, or would it not be supported anyway? */
static noreturn void no_btf(const char *hidden)
{
	const char *lacks = kernel.has_headers ? lacks_without_btf() : NULL;

	if (lacks)
		unsupported(say("it %s", lacks));
	if (kernel.has_headers && !is_configured("CONFIG_DEBUG_INFO_BTF", "y"))
		unsupported("it is not built with CONFIG_DEBUG_INFO_BTF (what its types are)");
	fail("no BTF of kernel %s in %s/vmlinux, %s/boot/vmlinuz-%s or %s/lib/modules/%s/vmlinuz: "
	     "say with VMLINUX= where its vmlinux or vmlinuz is%s",
	     kver, kdir, sysroot, kver, sysroot, kver, hidden);
}

/* The running kernel comes last, and under its own name: during an upgrade it is another one. */
static void find_btf(void)
{
	const char *const files[] = {
		say("%s/vmlinux", kdir), say("%s/boot/vmlinuz-%s", sysroot, kver),
		say("%s/lib/modules/%s/vmlinuz", sysroot, kver), "/sys/kernel/btf/vmlinux",
	};
	const char *hidden = "";
	size_t i;

	if (vmlinux) {
		if (!exists(vmlinux))
			fail("cannot read %s: %s", vmlinux, strerror(errno));
		if (!use_image(vmlinux))
			fail("%s has no BTF: it was built without CONFIG_DEBUG_INFO_BTF", vmlinux);
		return;
	}
	for (i = 0; i < 4; i++) {
		if (!exists(files[i]) || (i == 3 && !is_running()))
			continue;
		if (access(files[i], R_OK))
			hidden = "; root could read it";
		else if (use_image(files[i]))
			return;
	}
	no_btf(hidden);
}

/* ---- build ids ---- */

/*
 * With MODVERSIONS the kernel itself refuses a module that was built for other types. Without, the
 * modules compare build ids; the headers package's vmlinux has none, the image has.
 */
static bool has_modversions(void)
{
	return !kernel.has_headers || is_configured("CONFIG_MODVERSIONS", "y");
}

static void find_build_id(void)
{
	const char *const files[] = {
		say("%s/boot/vmlinuz-%s", sysroot, kver),
		say("%s/lib/modules/%s/vmlinuz", sysroot, kver),
	};
	struct image other;
	int i;

	image_id = build_id(&image);
	for (i = 0; i < 2 && !*image_id && !vmlinux && !has_modversions(); i++) {
		if (access(files[i], R_OK) || !open_image(&other, files[i]))
			continue;
		if (other.btf.length != image.btf.length ||
		    memcmp(other.btf.at, image.btf.at, image.btf.length))
			fail("%s and %s are of two builds of kernel %s", image.path, files[i],
			     kver);
		image_id = build_id(&other);
		return;
	}
}

static void check_build_ids(void)
{
	if (has_modversions())
		return;
	if (!*image_id)
		fail("no build id of kernel %s, which has no MODVERSIONS either: "
		     "say with VMLINUX= where its vmlinuz or linked vmlinux is", kver);
	if (core.path && !*core_id)
		fail("no build id of cxl_core.ko of kernel %s, which has no MODVERSIONS either",
		     kver);
}

/* ---- cxl_core's BTF, which continues the kernel's where that is a module ---- */

static const char *core_path(void)
{
	static const char *const packed[] = { "", ".xz", ".zst", ".gz" };
	const char *path;
	int i;

	if (core_btf)
		return core_btf;
	for (i = 0; i < 4; i++) {
		path = say("%s/lib/modules/%s/kernel/drivers/cxl/core/cxl_core.ko%s", sysroot, kver,
			   packed[i]);
		if (exists(path))
			return path;
	}
	fail("no cxl_core.ko in %s/lib/modules/%s: install the modules of that kernel, "
	     "or say with --core-btf where it is", sysroot, kver);
}

static void find_core_btf(void)
{
	const char *path;

	if (!core_btf && !is_configured("CONFIG_CXL_BUS", "m"))
		return;
	path = core_path();
	if (!exists(path))
		fail("cannot read %s: %s", path, strerror(errno));
	if (!open_image(&core, path))
		fail("%s has no BTF: it was built without CONFIG_DEBUG_INFO_BTF_MODULES", path);
	check_release(&core, "vermagic=");
	core_id = build_id(&core);
}

static void read_btf(const struct image *of)
{
	within = say("cannot read the BTF of %s (damaged, or too new): ", of->path);
	btf_add(of->btf);
	within = "";
}

/* ---- results ---- */

static int by_name(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* A header of include/cxl that is about a type of CXL's. */
static bool is_about_cxl(struct bytes file)
{
	static const char *const words[] = { "struct", "union", "enum", "struct_group_tagged" };
	const uint8_t *at = file.at, *end = file.at + file.length;
	size_t i, length;

	while ((at = memmem(at, end - at, "cxl_", 4))) {
		for (i = 0; i < 4; i++) {
			length = strlen(words[i]);
			if (at - file.at > (ptrdiff_t)length && (at[-1] == ' ' || at[-1] == '(') &&
			    !memcmp(at - 1 - length, words[i], length))
				return true;
		}
		at++;
	}
	return false;
}

static void include_cxl(struct text *header)
{
	glob_t found = {};
	struct bytes file;
	size_t i;

	if (!glob(say("%s/include/cxl/*.h", tree), 0, NULL, &found)) {
		qsort(found.gl_pathv, found.gl_pathc, sizeof(char *), by_name);
		for (i = 0; i < found.gl_pathc; i++)
			if (read_file(found.gl_pathv[i], &file) && is_about_cxl(file))
				add(header, "#include <cxl/%s>\n", basename(found.gl_pathv[i]));
	}
	globfree(&found);
}

/* The public headers that define what private types hold by value. Not all kernels have all. */
static void include_headers(struct text *header)
{
	static const char *const names[] = {
		"build_bug", "cdev", "cxl_mem", "device", "idr", "kernfs", "libnvdimm", "mutex",
		"node", "notifier", "pci", "range", "rcuwait", "rwsem", "stddef", "types", "uuid",
		"workqueue", "xarray",
	};
	size_t i;

	if (!kernel.has_headers) {
		add(header, "#include <stddef.h>\n#define __packed __attribute__((packed))\n");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (exists(say("%s/include/linux/%s.h", tree, names[i])) ||
		    exists(say("%s/include/uapi/linux/%s.h", tree, names[i])))
			add(header, "#include <linux/%s.h>\n", names[i]);
	include_cxl(header);
}

static void trim(struct text *text)
{
	while (text->length && text->at[text->length - 1] == '\n')
		text->at[--text->length] = '\0';
}

static const char *checksum(struct bytes btf)
{
	const char *const argv[] = { "sha256sum", NULL };
	struct bytes sum = run_filter("the BTF", argv, btf);

	if (sum.length < 64)
		fail("sha256sum says nothing");
	return copy((const char *)sum.at, 64);
}

static void make_layout_header(struct text *header)
{
	add(header, "/* Generated from the BTF of kernel %s (%s). Do not edit. */\n", kver,
	    image.path);
	add(header, "#ifndef CXL_CORE_LAYOUT_H\n#define CXL_CORE_LAYOUT_H\n\n");
	include_headers(header);
	add(header, "\n#define CXL_CORE_RELEASE\t\"%s\"\n", kver);
	add(header, "#define CXL_CORE_BTF_SHA256\t\"%s\"\n", checksum(image.btf));
	add(header, "#define CXL_CORE_BUILD_ID\t\"%s\"\n", image_id);
	add(header, "#define CXL_CORE_MODULE_BUILD_ID\t\"%s\"\n", core_id);
	add(header,
	    "\n/* sparse does not know every attribute that decides on a layout. */\n"
	    "#ifdef __CHECKER__\n"
	    "#define CXL_CORE_ASSERT(cond, what)	_Static_assert(1, what)\n"
	    "#else\n"
	    "#define CXL_CORE_ASSERT(cond, what) \\\n"
	    "	_Static_assert(cond, \"headers and BTF are of different kernels: \" what)\n"
	    "#endif\n"
	    "#define CXL_CORE_SIZE(type, bytes) \\\n"
	    "	CXL_CORE_ASSERT(sizeof(type) == (bytes), \"the size of \" #type)\n"
	    "#define CXL_CORE_OFFSET(type, member, bytes) \\\n"
	    "	CXL_CORE_ASSERT(offsetof(type, member) == (bytes), #type \".\" #member)\n\n");
	within = say("cannot use the BTF of %s (damaged, or too new): ", image.path);
	print_layout(header);
	within = "";
	trim(header);
	add(header, "\n\n#endif /* CXL_CORE_LAYOUT_H */\n");
}

static void make_features_header(struct text *header)
{
	add(header,
	    "/* Generated from the BTF, Module.symvers and headers of kernel %s. Do not edit. */\n",
	    kver);
	add(header, "#ifndef CXL_CORE_FEATURES_H\n#define CXL_CORE_FEATURES_H\n\n");
	answer_features(header);
	trim(header);
	add(header, "\n\n#endif /* CXL_CORE_FEATURES_H */\n");
}

static void make_directory(const char *path)
{
	char *copied = copy(path, strlen(path)), *slash;

	for (slash = strchr(copied + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copied, 0777);
		*slash = '/';
	}
	if (mkdir(copied, 0777) && errno != EEXIST)
		fail("cannot make the directory %s: %s", path, strerror(errno));
}

static void write_result(int nr)
{
	const char *path = result_path(nr, ".");
	FILE *file = fopen(path, "w");
	bool bad = !file;

	if (file) {
		bad = fwrite(texts[nr].at, 1, texts[nr].length, file) != texts[nr].length;
		bad |= !!fclose(file);
	}
	if (bad)
		fail("cannot write %s: %s", path, strerror(errno));
}

static bool is_there_already(int nr)
{
	const char *path = result_path(nr, "");
	struct bytes file;

	return read_file(path, &file) && file.length == texts[nr].length &&
	       !memcmp(file.at, texts[nr].at, file.length);
}

/* All of them, or none. What has not changed stays, so that nothing is compiled again for it. */
static void write_results(void)
{
	int nr;

	for (nr = 0; nr < NR_RESULTS; nr++)
		write_result(nr);
	for (nr = 0; nr < NR_RESULTS; nr++)
		if (is_there_already(nr) ? unlink(result_path(nr, ".")) :
					   rename(result_path(nr, "."), result_path(nr, "")))
			fail("cannot write %s: %s", result_path(nr, ""), strerror(errno));
}

static void read_tables(const char *dir)
{
	struct bytes file;

	features = features_given ? features_given : say("%s/features.tbl", dir);
	members = say("%s/members.tbl", dir);
	if (access(features, R_OK) || !read_file(features, &file))
		fail("cannot read the feature table %s", features);
	read_features(features, file);
	if (features_given)
		return;
	if (!read_file(members, &file))
		fail("cannot read the table of members %s", members);
	read_members(file);
}

static void read_kernel(void)
{
	struct bytes strings;

	find_btf();
	find_build_id();
	find_core_btf();
	read_btf(&image);
	if (core.path)
		read_btf(&core);
	if (kernel.has_headers)
		read_public_headers();
	else if (elf_section(&image, "__ksymtab_strings", &strings))
		read_export_strings(strings);
}

int main(int argc, char **argv)
{
	static const char *const words[] = {
		[REPLACE] = "replace", [NATIVE] = "native", [UNSUPPORTED] = "unsupported"
	};
	struct text reason = {};
	enum verdict verdict;

	/* That it can be run is all that somebody wants to know. */
	if (argc < 2)
		return SUPPORTED_STATUS;
	failed = cannot_tell;
	parse_arguments(argv + 2);
	make_directory(out);
	read_tables(argv[1]);
	if (kdir)
		read_headers();
	find_sysroot();
	read_kernel();
	make_features_header(&texts[FEATURES]);
	make_layout_header(&texts[LAYOUT]);
	verdict = judge(&reason);
	if (verdict == REPLACE)
		check_build_ids();
	add(&texts[VERDICT], "%s %s\n", words[verdict], reason.at);
	write_results();
	if (verdict == UNSUPPORTED)
		unsupported(reason.at);
	tell(say("kernel %s: %s: %s", kver, words[verdict], reason.at));
	release();
	return SUPPORTED_STATUS;
}
