// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gets at what is in kernel images and modules, whatever they are packed in: bzImage (x86), Image
 * and EFI zboot (arm64), ELF, compressed or not; and in raw BTF.
 */
#define _GNU_SOURCE
#include "layout.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- files ---- */

static void make_room(struct text *buffer, size_t room)
{
	if (room <= buffer->room)
		return;
	buffer->at = grow(buffer->at, buffer->length, room);
	buffer->room = room;
}

static struct bytes read_all(int fd, const char *path, struct text *buffer)
{
	ssize_t got;

	buffer->length = 0;
	for (;;) {
		make_room(buffer, buffer->length + 1);
		got = read(fd, buffer->at + buffer->length, buffer->room - buffer->length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			fail("cannot read %s: %s", path, strerror(errno));
		if (!got)
			return (struct bytes){ (uint8_t *)buffer->at, buffer->length };
		buffer->length += got;
		if (buffer->length == buffer->room)
			make_room(buffer, 2 * buffer->room + 4096);
	}
}

/* Status false if there is no such file; any other trouble is the end. */
bool read_file_into(struct text *buffer, const char *path, struct bytes *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return false;
	if (fd < 0 || fstat(fd, &st))
		fail("cannot read %s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode))
		make_room(buffer, st.st_size + 1);
	*file = read_all(fd, path, buffer);
	close(fd);
	return true;
}

bool read_file(const char *path, struct bytes *file)
{
	struct text buffer = {};

	return read_file_into(&buffer, path, file);
}

static int scratch(struct bytes content)
{
	int fd = memfd_create("layout", MFD_CLOEXEC);
	size_t done = 0;
	ssize_t put;

	while (fd >= 0 && done < content.length) {
		put = write(fd, content.at + done, content.length - done);
		if (put < 0 && errno != EINTR)
			break;
		done += put > 0 ? put : 0;
	}
	if (fd < 0 || done < content.length || lseek(fd, 0, SEEK_SET))
		fail("no memory for %zu bytes: %s", content.length, strerror(errno));
	return fd;
}

/* What a command makes of the input. It fails with the first line that the command says. */
struct bytes run_filter(const char *source, const char *const argv[], struct bytes input)
{
	int in = scratch(input), err = scratch((struct bytes){}), out[2], status;
	struct bytes output, said, line = {};
	struct text out_buffer = {}, err_buffer = {};
	pid_t child;

	make_room(&out_buffer, 4 * input.length + 4096);
	if (pipe2(out, O_CLOEXEC))
		fail("cannot run %s: %s", argv[0], strerror(errno));
	child = fork();
	if (child < 0)
		fail("cannot run %s: %s", argv[0], strerror(errno));
	if (!child) {
		if (dup2(in, 0) == 0 && dup2(out[1], 1) == 1 && dup2(err, 2) == 2)
			execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(out[1]);
	output = read_all(out[0], argv[0], &out_buffer);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail("cannot run %s: %s", argv[0], strerror(errno));
	lseek(err, 0, SEEK_SET);
	said = read_all(err, argv[0], &err_buffer);
	close(in);
	close(err);
	close(out[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		fail("cannot read %s: %s is not installed", source, argv[0]);
	if (status) {
		next_line(&said, &line);
		fail("%s is truncated or damaged: %.*s", source, (int)line.length,
		     (const char *)line.at);
	}
	return output;
}

/* ---- compression ---- */

static const struct {
	const char *magic;
	size_t length;
	const char *argv[5];
} packers[] = {
	{ "\x1f\x8b", 2, { "gzip", "-dc" } },
	{ "\xfd\x37zXZ\0", 6, { "xz", "-dc" } },
	{ "\x28\xb5\x2f\xfd", 4, { "zstd", "-dcq" } },
	{ "\x02\x21\x4c\x18", 4, { "lz4", "-dcq" } },
	{ "\x04\x22\x4d\x18", 4, { "lz4", "-dcq" } },
	{ "\x5d\0\0", 3, { "xz", "-dc", "--format=lzma" } },
	{ "BZh", 3, { "bzip2", "-dc" } },
};

static bool is_at(struct bytes file, size_t offset, const void *magic, size_t length)
{
	return offset <= file.length && length <= file.length - offset &&
	       !memcmp(file.at + offset, magic, length);
}

static uint32_t number_at(struct bytes file, size_t offset)
{
	uint32_t number = 0;

	if (offset + 4 <= file.length)
		memcpy(&number, file.at + offset, sizeof(number));
	return number;
}

static struct bytes part_of(struct bytes file, uint64_t offset, uint64_t length)
{
	if (offset > file.length)
		offset = file.length;
	if (length > file.length - offset)
		length = file.length - offset;
	return (struct bytes){ file.at + offset, length };
}

static bool decompress(const char *path, struct bytes *file)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(packers); i++) {
		if (is_at(*file, 0, packers[i].magic, packers[i].length)) {
			*file = run_filter(path, packers[i].argv, *file);
			return true;
		}
	}
	return false;
}

/* Where it is not gzip, the unpacked size is appended to the stream. */
static struct bytes without_size(struct bytes stream)
{
	if (stream.length >= 4 && !is_at(stream, 0, "\x1f\x8b", 2))
		stream.length -= 4;
	return stream;
}

/*
 * The x86 boot protocol: setup_sects at 0x1f1, payload_offset at 0x248, payload_length at 0x24c.
 * The EFI zboot header: offset of the payload at 8, its length at 12.
 */
static bool find_payload(struct bytes *file)
{
	uint32_t sects;

	if (is_at(*file, 0x202, "HdrS", 4)) {
		sects = number_at(*file, 0x1f1) & 0xff;
		*file = without_size(part_of(*file, number_at(*file, 0x248) +
					     ((sects ? sects : 4) + 1) * 512ULL,
					     number_at(*file, 0x24c)));
		return true;
	}
	if (is_at(*file, 0, "MZ", 2) && is_at(*file, 4, "zimg", 4)) {
		*file = without_size(part_of(*file, number_at(*file, 8), number_at(*file, 12)));
		return true;
	}
	return false;
}

/* ---- ELF ---- */

static const Elf64_Ehdr *elf_header(struct bytes file, Elf64_Ehdr *header)
{
	if (file.length < sizeof(*header))
		fail("its header is cut off");
	memcpy(header, file.at, sizeof(*header));
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
		fail("it is not of a 64-bit little-endian machine");
	return header;
}

static void section_header(struct bytes file, const Elf64_Ehdr *header, uint64_t nr,
			   Elf64_Shdr *section)
{
	uint64_t size = sizeof(*section);

	if (header->e_shentsize != size || header->e_shoff > file.length ||
	    nr >= (file.length - header->e_shoff) / size)
		fail("its section headers are cut off");
	memcpy(section, file.at + header->e_shoff + nr * size, size);
}

static struct bytes contents(struct bytes file, const Elf64_Shdr *section)
{
	if (section->sh_offset > file.length || section->sh_size > file.length - section->sh_offset)
		fail("a section is cut off");
	return (struct bytes){ file.at + section->sh_offset, section->sh_size };
}

/* Many sections: their number, and that of the names', stand in the first section's header. */
static uint64_t count_sections(struct bytes file, const Elf64_Ehdr *header, uint64_t *names)
{
	Elf64_Shdr first;

	*names = header->e_shstrndx;
	if (!header->e_shoff)
		return 0;
	section_header(file, header, 0, &first);
	if (header->e_shstrndx == SHN_XINDEX)
		*names = first.sh_link;
	return header->e_shnum ? header->e_shnum : first.sh_size;
}

/* The first section with that name, or, without a name, the GNU build id of a note section. */
static bool find_section(struct bytes file, const char *name, struct bytes *found);

bool elf_section(const struct image *image, const char *name, struct bytes *section)
{
	return is_at(image->unpacked, 0, ELFMAG, SELFMAG) &&
	       find_section(image->unpacked, name, section);
}

/* A note: lengths of name and descriptor, type; name and descriptor, each padded to four bytes. */
static bool find_build_id(struct bytes notes, struct bytes *id)
{
	uint64_t name, length;

	while (notes.length >= 12) {
		name = (number_at(notes, 0) + 3ULL) & ~3ULL;
		length = number_at(notes, 4);
		*id = part_of(notes, 12 + name, length);
		if (id->length < length)
			return false;
		if (number_at(notes, 8) == NT_GNU_BUILD_ID && is_at(notes, 0, "\4\0\0\0", 4) &&
		    is_at(notes, 12, "GNU", 4))
			return length;
		notes = part_of(notes, 12 + name + ((length + 3) & ~3ULL), notes.length);
	}
	return false;
}

static bool find_section(struct bytes file, const char *name, struct bytes *found)
{
	struct bytes names;
	Elf64_Ehdr header;
	Elf64_Shdr section;
	uint64_t nr, sections, nr_names;

	sections = count_sections(file, elf_header(file, &header), &nr_names);
	if (!sections)
		return false;
	section_header(file, &header, nr_names, &section);
	names = contents(file, &section);
	if (!names.length || names.at[names.length - 1])
		fail("its section names have no end");
	for (nr = 0; nr < sections; nr++) {
		section_header(file, &header, nr, &section);
		if (section.sh_type == SHT_NULL || section.sh_type == SHT_NOBITS)
			continue;
		if (section.sh_name >= names.length)
			fail("a section has no name");
		if (name ? !strcmp((const char *)names.at + section.sh_name, name)
			 : section.sh_type == SHT_NOTE) {
			*found = contents(file, &section);
			if (name || find_build_id(*found, found))
				return true;
		}
	}
	return false;
}

/* The GNU build id in hexadecimal, "" if there is none. */
const char *build_id(const struct image *image)
{
	struct text text = {};
	struct bytes id;
	size_t i;

	if (!elf_section(image, NULL, &id))
		return "";
	for (i = 0; i < id.length; i++)
		add(&text, "%02x", id.at[i]);
	return text.at;
}

/* ---- kernel images ---- */

#define ARM64_IMAGE_MAGIC	56

/* In an Image all lies as it will in memory. BTF is found by its header: two parts, in a row. */
static bool find_raw_btf(struct bytes file, struct bytes *btf)
{
	static const uint8_t head[] = { 0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0 };
	struct bytes rest = file;
	uint64_t types, strings;
	const uint8_t *at;

	for (; (at = memmem(rest.at, rest.length, head, sizeof(head)));
	     rest = part_of(rest, at + 1 - rest.at, rest.length)) {
		*btf = part_of(rest, at - rest.at, rest.length);
		types = number_at(*btf, 12);
		strings = number_at(*btf, 20);
		if (types && number_at(*btf, 16) == types && strings &&
		    24 + types + strings <= btf->length && !btf->at[24 + types] &&
		    !btf->at[24 + types + strings - 1]) {
			btf->length = 24 + types + strings;
			return true;
		}
	}
	return false;
}

/* Status false if it is sound and has no BTF. */
bool find_btf_in(struct image *image)
{
	struct bytes file = image->unpacked;

	if (is_at(file, 0, "\x9f\xeb\x01", 3)) {
		image->btf = file;
		return true;
	}
	if (is_at(file, 0, ELFMAG, SELFMAG))
		return elf_section(image, ".BTF", &image->btf);
	if (is_at(file, ARM64_IMAGE_MAGIC, "ARM\x64", 4))
		return find_raw_btf(file, &image->btf);
	within = "";
	fail("%s is neither a kernel image nor an ELF file nor BTF", image->path);
}

/* Status false as of find_btf_in(), or if there is no such file. */
bool open_image(struct image *image, const char *path)
{
	bool found;

	image->path = path;
	if (!read_file(path, &image->unpacked))
		return false;
	if (find_payload(&image->unpacked)) {
		if (!decompress(path, &image->unpacked))
			fail("%s is truncated or damaged: no compressed kernel is in it", path);
	} else {
		decompress(path, &image->unpacked);
	}
	within = say("%s is truncated or damaged: ", path);
	found = find_btf_in(image);
	within = "";
	return found;
}

/* What begins with a digit after the words, where they first do; NULL if they do nowhere. */
const char *release_after(struct bytes file, const char *words)
{
	size_t length = strlen(words), end;
	const uint8_t *at;

	while ((at = memmem(file.at, file.length, words, length))) {
		file = part_of(file, at + length - file.at, file.length);
		for (end = 0; end < file.length && file.at[end] > ' '; end++)
			;
		if (end && file.at[0] >= '0' && file.at[0] <= '9')
			return copy((const char *)file.at, end);
	}
	return NULL;
}
