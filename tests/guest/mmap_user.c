// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap_user DEVICE: a process that has a device's memory mapped, and must be able to live with its
 * end. It writes and reads until a SIGBUS, and then tries what an open file is still good for.
 *
 * Prints a line for each thing that happens, and goes on until SIGTERM:
 *
 *	mapped			the memory is there, and holds what was written
 *	sigbus			it is gone
 *	read: ERROR		of the file, after that
 *	mmap: ERROR		likewise; "mapped again" if there was none
 *	open: ERROR		of the device, likewise; "opened" if there was none
 *	closed N bad B		at the end: so many turns, so many wrong values (all ones are none)
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE	(1 << 20)
#define AT	4096

static sigjmp_buf gone;
static volatile sig_atomic_t end;

static void on_sigbus(int sig)
{
	siglongjmp(gone, sig);
}

static void on_sigterm(int sig)
{
	end = sig;
}

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

static void say_error(const char *what, const char *none)
{
	char text[100];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	say(none ? none : text);
}

static unsigned long turns, bad;

static void use(volatile uint64_t *mem)
{
	uint64_t is;

	for (; !end; turns++) {
		*mem = turns;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		is = *mem;
		if (is != turns && is != UINT64_MAX)
			bad++;
		if (!turns)
			say("mapped");
		usleep(1000);
	}
}

static void try_all(const char *name, int fd)
{
	char text[100];
	int again;

	say_error("read", pread(fd, text, sizeof(text), 0) < 0 ? NULL : "read");
	say_error("mmap", mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ?
		  NULL : "mapped again");
	again = open(name, O_RDWR);
	say_error("open", again < 0 ? NULL : "opened");
	if (again >= 0)
		close(again);
}

int main(int argc, char **argv)
{
	char *mem;
	int fd;

	if (argc != 2)
		return 2;
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		say_error("open", NULL);
		return 1;
	}
	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED) {
		say_error("mmap", NULL);
		return 1;
	}
	signal(SIGBUS, on_sigbus);
	signal(SIGTERM, on_sigterm);
	if (!sigsetjmp(gone, 1)) {
		use((volatile uint64_t *)(mem + AT));
	} else {
		say("sigbus");
		try_all(argv[1], fd);
	}
	while (!end)
		usleep(20000);
	munmap(mem, SIZE);
	close(fd);
	printf("closed %lu bad %lu\n", turns, bad);
	return 0;
}
