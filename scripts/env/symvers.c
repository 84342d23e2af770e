// SPDX-License-Identifier: GPL-2.0-only
/*
 * symvers VMLINUX: print a Module.symvers of what a kernel image exports.
 *
 * For images that were published without headers. Out of the image's own tables, which are what
 * its module loader goes by: __ksymtab and __ksymtab_gpl (offsets of value, name and namespace,
 * relative to where each of them stands), __kcrctab and __kcrctab_gpl, if it has versions, and from
 * 7.1 on __kflagstab, which says in one table what is for GPL modules only.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t *image;
static size_t size;
static const Elf64_Shdr *sections;
static unsigned int nr_sections;
static const char *section_names;

static void die(const char *why)
{
	fprintf(stderr, "symvers: %s\n", why);
	exit(1);
}

static void check(uint64_t at, uint64_t length)
{
	if (at > size || length > size - at)
		die("the image is truncated");
}

static void read_image(const char *path)
{
	const Elf64_Ehdr *head;
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		die("cannot read the image");
	size = st.st_size;
	image = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (image == MAP_FAILED)
		die("cannot map the image");
	check(0, sizeof(*head));
	head = (const void *)image;
	if (memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_ident[EI_CLASS] != ELFCLASS64)
		die("not a 64-bit ELF image");
	check(head->e_shoff, (uint64_t)head->e_shnum * sizeof(*sections));
	sections = (const void *)(image + head->e_shoff);
	nr_sections = head->e_shnum;
	if (head->e_shstrndx >= nr_sections)
		die("no names of sections");
	for (unsigned int i = 0; i < nr_sections; i++)
		if (sections[i].sh_type != SHT_NOBITS)
			check(sections[i].sh_offset, sections[i].sh_size);
	section_names = (const char *)image + sections[head->e_shstrndx].sh_offset;
}

static const Elf64_Shdr *find_section(const char *name)
{
	for (unsigned int i = 0; i < nr_sections; i++)
		if (!strcmp(section_names + sections[i].sh_name, name))
			return &sections[i];
	return NULL;
}

/* The string at an address of the running kernel. */
static const char *string_at(uint64_t address)
{
	for (unsigned int i = 0; i < nr_sections; i++) {
		const Elf64_Shdr *s = &sections[i];

		if (s->sh_addr && s->sh_type != SHT_NOBITS && address >= s->sh_addr &&
		    address - s->sh_addr < s->sh_size)
			return (const char *)image + s->sh_offset + (address - s->sh_addr);
	}
	die("a name is in no section");
	return NULL;
}

struct symbol {
	const char *name, *ns;
	uint32_t crc;
	int gpl;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static unsigned int read_table(struct symbol *symbols, const char *table, const char *versions,
			       const Elf64_Shdr *flags, int gpl)
{
	const Elf64_Shdr *s = find_section(table), *crcs = find_section(versions);
	unsigned int nr = s ? s->sh_size / 12 : 0;
	const int32_t *entry;

	if ((crcs && crcs->sh_size < 4ULL * nr) || (flags && flags->sh_size < nr))
		die("tables of exports differ in length");
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t at = s->sh_addr + 12ULL * i;

		entry = (const int32_t *)(image + s->sh_offset) + 3 * i;
		symbols[i].name = string_at(at + 4 + entry[1]);
		symbols[i].ns = entry[2] ? string_at(at + 8 + entry[2]) : "";
		symbols[i].crc = crcs ? ((const uint32_t *)(image + crcs->sh_offset))[i] : 0;
		symbols[i].gpl = flags ? image[flags->sh_offset + i] & 1 : gpl;
	}
	return nr;
}

int main(int argc, char **argv)
{
	struct symbol *symbols;
	unsigned int nr;

	if (argc != 2)
		die("one argument: the image, an ELF file");
	read_image(argv[1]);
	symbols = calloc(size / 12, sizeof(*symbols));
	if (!symbols)
		die("out of memory");
	nr = read_table(symbols, "__ksymtab", "__kcrctab", find_section("__kflagstab"), 0);
	nr += read_table(symbols + nr, "__ksymtab_gpl", "__kcrctab_gpl", NULL, 1);
	if (!nr)
		die("the image exports nothing");
	qsort(symbols, nr, sizeof(*symbols), by_name);
	for (unsigned int i = 0; i < nr; i++)
		printf("0x%08x\t%s\tvmlinux\tEXPORT_SYMBOL%s\t%s\n", symbols[i].crc,
		       symbols[i].name, symbols[i].gpl ? "_GPL" : "", symbols[i].ns);
	return 0;
}
