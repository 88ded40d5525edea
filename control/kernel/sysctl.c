/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Interface settings beneath /proc/sys/net/{ipv4,ipv6}/conf. The paths are built from the device's
 * name, in which a dot is a dot: sysctl(8)'s exchange of dots and slashes does not concern us.
 */
#include "control/kernel/kernel_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int conf_open(const char *family, const char *dev, const char *name, int flags)
{
	char path[160];
	int fd;

	/* The kernel allows neither in a name; nothing shall climb out of conf/. */
	if (dev[0] == '\0' || dev[0] == '.' || strchr(dev, '/'))
		return -EINVAL;
	if (snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, dev, name) >=
		(int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_get(const char *family, const char *dev, const char *name, char *out, size_t cap)
{
	int fd = conf_open(family, dev, name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, out, cap - 1);
	if (n < 0) {
		n = -errno;
		close(fd);
		return (int)n;
	}
	close(fd);
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

int sysctl_set(const char *family, const char *dev, const char *name, const char *value, char *old,
	size_t old_cap)
{
	char now[32];
	ssize_t n;
	int fd, rc;

	if (old)
		old[0] = '\0';
	rc = sysctl_get(family, dev, name, now, sizeof(now));
	if (rc)
		return rc;
	/* A read-only /proc/sys with the right values in it is fine. */
	if (strcmp(now, value) == 0)
		return 0;
	fd = conf_open(family, dev, name, O_WRONLY);
	if (fd < 0)
		return fd;
	n = write(fd, value, strlen(value));
	rc = n < 0 ? -errno : 0;
	close(fd);
	if (rc == 0 && old)
		snprintf(old, old_cap, "%s", now);
	return rc;
}
