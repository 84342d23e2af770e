// SPDX-License-Identifier: GPL-2.0-only
/*
 * A QEMU plugin: how often which code of the guest's kernel is executed.
 *
 *	-plugin profile.so,out=FILE
 *
 * At the end FILE has a line for each block of code, as QEMU translated it: "ADDRESS INSTRUCTIONS",
 * the address in hexadecimal, and how many of the block's instructions were executed in all. A
 * block that is left in its middle counts as a whole, which interrupts and faults alone do. With
 * -icount an instruction takes a nanosecond.
 *
 * For QEMU 7.2 and later, on one processor; see cxl-type2.c for why there are declarations here.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 2
#endif
int qemu_plugin_version = PLUGIN_VERSION;

struct qemu_plugin_tb;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int vcpu, void *data), int flags,
					  void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*cb)(uint64_t id, void *data), void *data);
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* QEMU translates a block again and again: found by its address and length. */
struct block {
	struct block *next;
	uint64_t address;
	size_t length;
	uint64_t executed;
};

#define BUCKETS		65536
/* Both halves of an address space: the kernel's has this bit set, on amd64 as on arm64. */
#define KERNEL_HALF	(1ULL << 63)

static struct block *blocks[BUCKETS];
static const char *out;

static struct block *find_block(uint64_t address, size_t length)
{
	struct block **bucket = &blocks[(address >> 2) % BUCKETS];
	struct block *block;

	for (block = *bucket; block; block = block->next)
		if (block->address == address && block->length == length)
			return block;
	block = calloc(1, sizeof(*block));
	if (!block)
		abort();
	block->next = *bucket;
	block->address = address;
	block->length = length;
	*bucket = block;
	return block;
}

static void on_exec(unsigned int vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	block->executed += block->length;
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);

	(void)id;
	if (address & KERNEL_HALF)
		qemu_plugin_register_vcpu_tb_exec_cb(
			tb, on_exec, 0, find_block(address, qemu_plugin_tb_n_insns(tb)));
}

static void on_end(uint64_t id, void *data)
{
	FILE *file = out ? fopen(out, "w") : NULL;
	const struct block *block;
	int i;

	(void)id;
	(void)data;
	if (!out)
		return;
	for (i = 0; file && i < BUCKETS; i++)
		for (block = blocks[i]; block; block = block->next)
			if (block->executed)
				fprintf(file, "%llx %llu\n", (unsigned long long)block->address,
					(unsigned long long)block->executed);
	if (!file || fclose(file))
		fprintf(stderr, "profile: %s: %s\n", out, strerror(errno));
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	/* It is loaded without an argument to see whether this QEMU takes it. */
	if (argc == 1 && !strncmp(argv[0], "out=", 4))
		out = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
