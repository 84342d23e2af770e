// SPDX-License-Identifier: GPL-2.0-only
/*
 * coldplug: load the module of each device that comes, side by side, as udev does; until killed.
 *
 * Returns when it listens, and goes on in the background.
 */
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Strings, the first of which is ACTION@DEVPATH. */
static const char *modalias(const char *event, size_t len)
{
	const char *s;

	if (strncmp(event, "add@", 4))
		return NULL;
	for (s = event; s < event + len; s += strlen(s) + 1)
		if (!strncmp(s, "MODALIAS=", 9))
			return s + 9;
	return NULL;
}

int main(void)
{
	struct sockaddr_nl from_kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	char event[8192];
	const char *alias;
	ssize_t len;

	if (fd < 0 || bind(fd, (struct sockaddr *)&from_kernel, sizeof(from_kernel)) ||
	    daemon(0, 0)) {
		perror("coldplug");
		return 1;
	}
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		len = recv(fd, event, sizeof(event) - 1, 0);
		if (len <= 0)
			continue;
		event[len] = '\0';
		alias = modalias(event, len);
		if (alias && !fork()) {
			execlp("modprobe", "modprobe", "-bq", alias, NULL);
			_exit(1);
		}
	}
}
