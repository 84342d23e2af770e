// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap_traffic FILE BYTES: map FILE, and write and read all over it until it is taken away.
 *
 * Says "mapped" when each part has been written and read once; at its end "SIGBUS", which is what
 * it waits for, and then how many values were not what was written. Memory that is on its way out
 * may read as ones or zeros: those are counted by themselves.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP	(1 << 20)

static sigjmp_buf bus_error;

/* Looked at after a signal has come in between. */
static unsigned long wrong, gone, rounds;

static void count(unsigned long *what)
{
	__atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

static void on_sigbus(int nr)
{
	(void)nr;
	siglongjmp(bus_error, 1);
}

int main(int argc, char **argv)
{
	uint64_t *mem;
	size_t bytes;
	int fd;

	if (argc != 3)
		return 2;
	bytes = strtoull(argv[2], NULL, 0);
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	signal(SIGBUS, on_sigbus);
	if (sigsetjmp(bus_error, 1)) {
		printf("SIGBUS after %s, %lu wrong\n", rounds ? "traffic" : "nothing", wrong);
		if (gone)
			fprintf(stderr, "%lu read as ones or zeros\n", gone);
		return 0;
	}
	for (uint64_t seed = 1;; seed++) {
		for (size_t at = 0; at < bytes; at += STEP) {
			uint64_t *word = mem + at / sizeof(*mem), got;

			__atomic_store_n(word, seed + at, __ATOMIC_SEQ_CST);
			got = __atomic_load_n(word, __ATOMIC_SEQ_CST);
			if (!got || got == UINT64_MAX)
				count(&gone);
			else if (got != seed + at)
				count(&wrong);
		}
		count(&rounds);
		if (rounds == 1) {
			puts("mapped");
			fflush(stdout);
		}
	}
}
