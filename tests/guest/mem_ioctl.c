// SPDX-License-Identifier: GPL-2.0-only
/*
 * mem_ioctl DEVICE WHAT: the memdev's uABI, by valid and by malformed calls.
 *
 *	list		the commands of the query, one line each
 *	identify	the first bytes of what the device says of itself
 *	query		the query in all its forms; nothing may be enabled
 *	unknown		every other ioctl number
 *	send		every command there is and is not, with all sorts of sizes and pointers
 *	fuzz N		N commands of random bits, the same ones each time
 *	hold		open; read a line from stdin; the memdev is gone by then
 *	hammer SECONDS	open, query and send, whether or not the memdev is there
 *
 * 'query' to 'hammer' are for a memdev without a mailbox: everything that is sent must be refused,
 * by an errno that says so. Prints what is wrong. Exit status: 0 if nothing is, 1, or 2 for misuse.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/cxl_mem.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_COMMANDS	64

static const char *path;
static int wrong;

/* The header's own of this has a flexible array at its end. */
struct query {
	__u32 n_commands;
	__u32 rsvd;
	struct cxl_command_info commands[MAX_COMMANDS];
};

#define complain(...) do { printf(__VA_ARGS__); putchar('\n'); wrong = 1; } while (0)

static int open_mem(void)
{
	int fd = open(path, O_RDWR);

	if (fd < 0) {
		perror(path);
		exit(2);
	}
	return fd;
}

/* 0, or the errno */
static int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? errno : 0;
}

static bool refused(int error)
{
	static const int good[] = { ENOTTY, EINVAL, ENXIO, EPERM, EFAULT, EBUSY, ENOMEM };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (error == good[i])
			return true;
	return false;
}

static void list(int fd)
{
	struct query query = { .n_commands = 0 };
	unsigned int n;
	int error;

	error = call(fd, CXL_MEM_QUERY_COMMANDS, &query);
	n = query.n_commands;
	query.n_commands = MAX_COMMANDS;
	error = error ?: call(fd, CXL_MEM_QUERY_COMMANDS, &query);
	if (error) {
		complain("query: %s", strerror(error));
		return;
	}
	for (unsigned int i = 0; i < n && i < MAX_COMMANDS; i++)
		printf("%u %#x %#x %#x\n", query.commands[i].id, query.commands[i].flags,
		       query.commands[i].size_in, query.commands[i].size_out);
}

static void identify(int fd)
{
	unsigned char out[0x43] = { 0 };
	struct cxl_send_command cmd = {
		.id = CXL_MEM_COMMAND_ID_IDENTIFY,
		.out = { .size = sizeof(out), .payload = (unsigned long)out },
	};
	int error = call(fd, CXL_MEM_SEND_COMMAND, &cmd);

	printf("%s, %u, %u bytes:", error ? strerror(error) : "ok", cmd.retval, cmd.out.size);
	for (size_t i = 0; i < sizeof(out); i++)
		printf(" %02x", out[i]);
	putchar('\n');
}

static void query(int fd)
{
	struct query all = { .n_commands = 0 }, one;
	unsigned int total;
	int error;

	error = call(fd, CXL_MEM_QUERY_COMMANDS, &all);
	total = all.n_commands;
	if (error || !total || total > MAX_COMMANDS)
		complain("how many commands: %s, %u", strerror(error), total);

	all.n_commands = MAX_COMMANDS;
	error = call(fd, CXL_MEM_QUERY_COMMANDS, &all);
	if (error)
		complain("all commands: %s", strerror(error));
	for (unsigned int i = 0; i < total && i < MAX_COMMANDS; i++)
		if (all.commands[i].flags & 1)
			complain("command %u is enabled", all.commands[i].id);

	memset(&one, 0xa5, sizeof(one));
	one.n_commands = 1;
	error = call(fd, CXL_MEM_QUERY_COMMANDS, &one);
	if (error || one.commands[0].id != all.commands[0].id)
		complain("one command: %s", strerror(error));
	if (one.commands[1].id != 0xa5a5a5a5)
		complain("one command: more was written than there was room for");

	error = call(fd, CXL_MEM_QUERY_COMMANDS, NULL);
	if (error != EFAULT)
		complain("no buffer: %s", strerror(error));
	error = call(fd, CXL_MEM_QUERY_COMMANDS, (void *)0xffffffff81000000);
	if (error != EFAULT)
		complain("the kernel's own memory: %s", strerror(error));
}

static void unknown(int fd)
{
	struct query buffer = { .n_commands = 1 };

	for (unsigned int type = 0; type < 256; type += type == 0xce ? 1 : 5)
		for (unsigned int nr = 0; nr < 256; nr++)
			for (unsigned int dir = 0; dir < 4; dir++) {
				unsigned long cmd = _IOC(dir, type, nr, 8);
				int error;

				/* FIOCLEX and the like are not the driver's. */
				if (type == 'T' || type == 0 || type == 2 || type == 'f' ||
				    type == 'X')
					continue;
				error = call(fd, cmd, &buffer);
				if (cmd != CXL_MEM_QUERY_COMMANDS && error != ENOTTY)
					complain("ioctl %#lx: %s", cmd, strerror(error));
			}
}

static void check_send(int fd, struct cxl_send_command *cmd, const char *what)
{
	struct cxl_send_command before = *cmd;
	int error = call(fd, CXL_MEM_SEND_COMMAND, cmd);

	if (!refused(error))
		complain("%s: command %u opcode %#x in %#x out %#x: %s", what, before.id,
			 before.raw.opcode, before.in.size, before.out.size, strerror(error));
}

static void send_all(int fd)
{
	static const __u32 sizes[] = { 0, 1, 8, 0x43, 4096, 0x100000, 0x7fffffff, 0xffffffff };
	static char buffer[4096];
	const __u64 places[] = { 0, 8, (unsigned long)buffer, 0xffffffff81000000, -1ULL };
	struct cxl_send_command cmd;

	for (__u32 id = 0; id < CXL_MEM_COMMAND_ID_MAX + 8; id++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(places); i++) {
			__u32 size = sizes[i % ARRAY_SIZE(sizes)];
			__u64 place = places[i / ARRAY_SIZE(sizes)];

			cmd = (struct cxl_send_command){ .id = id };
			cmd.in.size = size;
			cmd.in.payload = place;
			check_send(fd, &cmd, "input");
			cmd = (struct cxl_send_command){ .id = id };
			cmd.out.size = size;
			cmd.out.payload = place;
			check_send(fd, &cmd, "output");
		}
		cmd = (struct cxl_send_command){ .id = id, .flags = ~0U };
		check_send(fd, &cmd, "flags");
		cmd = (struct cxl_send_command){ .id = id, .rsvd = ~0U };
		check_send(fd, &cmd, "reserved");
	}
	for (__u32 opcode = 0; opcode < 0x10000; opcode += 0x21) {
		cmd = (struct cxl_send_command){ .id = CXL_MEM_COMMAND_ID_RAW };
		cmd.raw.opcode = opcode;
		check_send(fd, &cmd, "raw");
	}
	if (call(fd, CXL_MEM_SEND_COMMAND, NULL) != EFAULT)
		complain("no command: not EFAULT");
}

/* xorshift: the same bits in each run */
static __u64 random_bits(void)
{
	static __u64 x = 0x2545f4914f6cdd1d;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void fuzz(int fd, long n)
{
	struct cxl_send_command cmd;
	__u64 bits[sizeof(cmd) / sizeof(__u64)];

	while (n--) {
		for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
			bits[i] = random_bits();
		memcpy(&cmd, bits, sizeof(cmd));
		/* Most of what is random would be refused at the first look. */
		if (bits[0] & 1)
			cmd.id = bits[1] % (CXL_MEM_COMMAND_ID_MAX + 1);
		if (bits[0] & 2)
			cmd.flags = 0;
		if (bits[0] & 4)
			cmd.rsvd = 0;
		if (bits[0] & 8)
			cmd.in.rsvd = cmd.out.rsvd = 0;
		if (bits[0] & 16)
			cmd.in.size %= 4096;
		if (bits[0] & 32)
			cmd.out.size %= 4096;
		check_send(fd, &cmd, "fuzz");
	}
}

static void hold(int fd)
{
	struct cxl_send_command cmd = { .id = CXL_MEM_COMMAND_ID_IDENTIFY };
	struct query buffer = { .n_commands = MAX_COMMANDS };
	int error;

	error = call(fd, CXL_MEM_QUERY_COMMANDS, &buffer);
	if (error)
		complain("before: %s", strerror(error));
	puts("open");
	fflush(stdout);
	getchar();
	error = call(fd, CXL_MEM_QUERY_COMMANDS, &buffer);
	if (error != ENXIO)
		complain("query of what is gone: %s", strerror(error));
	error = call(fd, CXL_MEM_SEND_COMMAND, &cmd);
	if (error != ENXIO)
		complain("command to what is gone: %s", strerror(error));
}

static void hammer(long seconds)
{
	time_t end = time(NULL) + seconds;
	unsigned long there = 0, gone = 0;

	while (time(NULL) < end) {
		struct cxl_send_command cmd = { .id = CXL_MEM_COMMAND_ID_IDENTIFY };
		struct query buffer;
		int error = 0, fd = open(path, O_RDWR);

		for (int i = 0; fd >= 0 && i < 100; i++) {
			buffer.n_commands = MAX_COMMANDS;
			error = call(fd, CXL_MEM_QUERY_COMMANDS, &buffer);
			if (error && error != ENXIO)
				complain("query: %s", strerror(error));
			check_send(fd, &cmd, "hammer");
		}
		if (fd < 0 || error)
			gone++;
		else
			there++;
		close(fd);
	}
	printf("# %lu times there, %lu times gone\n", there, gone);
	if (!there || !gone)
		complain("it never came or went");
}

int main(int argc, char **argv)
{
	long n = argc > 3 ? atol(argv[3]) : 0;
	const char *what;

	if (argc < 3)
		return 2;
	path = argv[1];
	what = argv[2];
	if (!strcmp(what, "list"))
		list(open_mem());
	else if (!strcmp(what, "identify"))
		identify(open_mem());
	else if (!strcmp(what, "query"))
		query(open_mem());
	else if (!strcmp(what, "unknown"))
		unknown(open_mem());
	else if (!strcmp(what, "send"))
		send_all(open_mem());
	else if (!strcmp(what, "fuzz"))
		fuzz(open_mem(), n);
	else if (!strcmp(what, "hold"))
		hold(open_mem());
	else if (!strcmp(what, "hammer"))
		hammer(n);
	else
		return 2;
	return wrong;
}
