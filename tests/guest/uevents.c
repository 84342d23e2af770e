// SPDX-License-Identifier: GPL-2.0-only
/*
 * uevents: print what the kernel tells udev of CXL accelerators, until killed.
 *
 * One line for each uevent that has CXL_ACCEL in it: the action, the device, and those variables.
 */
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void print_event(const char *event, size_t len)
{
	const char *s;

	for (s = event; s < event + len; s += strlen(s) + 1)
		if (!strncmp(s, "CXL_ACCEL=", 10))
			break;
	if (s >= event + len)
		return;

	/* The first string is ACTION@DEVPATH. */
	printf("%.*s %s", (int)strcspn(event, "@"), event, strrchr(event, '/') + 1);
	for (s = event; s < event + len; s += strlen(s) + 1)
		if (!strncmp(s, "CXL_ACCEL", 9))
			printf(" %s", s);
	printf("\n");
	fflush(stdout);
}

int main(void)
{
	struct sockaddr_nl from_kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	char event[8192];
	ssize_t len;

	if (fd < 0 || bind(fd, (struct sockaddr *)&from_kernel, sizeof(from_kernel))) {
		perror("uevents");
		return 1;
	}
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		len = recv(fd, event, sizeof(event) - 1, 0);
		if (len <= 0)
			continue;
		event[len] = '\0';
		print_event(event, len);
	}
}
