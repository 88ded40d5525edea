/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The file of a capture. stargd may run as root, the path comes from whoever may use its shell: a file that
 * is there is only written over when that was said, and never through a link or into a device.
 */
#include "app/probe/pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER (256 * 1024)

static void say_why(const char *path, int error, char *err, size_t cap)
{
	switch (error) {
	case EEXIST:
		snprintf(err, cap, "%s: is there already: add `replace` to write over it", path);
		return;
	case ELOOP:
		snprintf(err, cap, "%s: is a symbolic link: name the file itself", path);
		return;
	case ENOENT:
		snprintf(err, cap, "%s: its directory is not there: make it first", path);
		return;
	case EACCES:
	case EPERM:
	case EROFS:
		snprintf(err, cap, "%s: stargd may not write there (%s): name another directory",
			path, strerror(error));
		return;
	default:
		snprintf(err, cap, "%s: cannot be opened: %s", path, strerror(error));
	}
}

/* Whether it is a file as any other; then it is empty now. */
static bool make_empty(int fd, const char *path, char *err, size_t cap)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && !ftruncate(fd, 0))
		return true;
	snprintf(err, cap, "%s: is not a regular file with one name: name another file", path);
	return false;
}

FILE *pcap_open(const char *path, bool replace, char *err, size_t cap)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path, replace ? flags : flags | O_EXCL, 0600);
	FILE *f;

	if (fd < 0) {
		say_why(path, errno, err, cap);
		return NULL;
	}
	if (!make_empty(fd, path, err, cap)) {
		close(fd);
		return NULL;
	}
	f = fdopen(fd, "w");
	if (!f) {
		snprintf(err, cap, "no memory");
		close(fd);
		return NULL;
	}
	setvbuf(f, NULL, _IOFBF, BUFFER);
	return f;
}
