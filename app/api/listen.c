/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The listening Unix socket and its file: made, guarded against a second stargd, removed.
 */
#include "app/api/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 128

/* Makes the directories of path. */
static int make_directories(const char *path, char *err, size_t cap)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *s = strchr(dir + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdir(dir, 0755) && errno != EEXIST) {
			int rc = -errno;

			snprintf(err, cap,
				"%s: cannot make the directory %s: %s; run as root, or make it "
				"yourself: sudo install -d -o $USER %s",
				path, dir, strerror(-rc), dir);
			return rc;
		}
		*s = '/';
	}
	return 0;
}

/* Whether a socket file has nobody behind it. -EADDRINUSE: it has. */
static int check_stale(const struct sockaddr_un *addr, char *err, size_t cap)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;
	close(fd);
	if (rc == -ECONNREFUSED || rc == -ENOENT)
		return 0;
	if (rc == 0 || rc == -EAGAIN) {
		snprintf(err, cap,
			"%s: already in use by a running stargd: stop it (stargctl -s %s shutdown), "
			"or name another file in control: { socket = \"...\"; }",
			addr->sun_path, addr->sun_path);
		return -EADDRINUSE;
	}
	snprintf(err, cap,
		"%s: a socket of another user, perhaps of a running stargd: %s; name another file in "
		"control: { socket = \"...\"; }",
		addr->sun_path, strerror(-rc));
	return rc;
}

/* Removes what an earlier stargd left behind. */
static int remove_stale(const struct sockaddr_un *addr, char *err, size_t cap)
{
	struct stat st;
	int rc;

	if (lstat(addr->sun_path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(err, cap,
			"%s: exists and is no socket: remove it, or name another file in control: "
			"{ socket = \"...\"; }",
			addr->sun_path);
		return -EEXIST;
	}
	rc = check_stale(addr, err, cap);
	if (rc)
		return rc;
	if (unlink(addr->sun_path) && errno != ENOENT) {
		rc = -errno;
		snprintf(err, cap, "%s: cannot remove the socket of an earlier run: %s; sudo rm %s",
			addr->sun_path, strerror(-rc), addr->sun_path);
	}
	return rc;
}

/* bind with mode 0660 from the first moment on. */
static int bind_private(int fd, const struct sockaddr_un *addr)
{
	mode_t before = umask(0117);
	int rc = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;

	umask(before);
	return rc;
}

static int bind_and_listen(
	struct listen_socket *s, const struct sockaddr_un *addr, char *err, size_t cap)
{
	struct stat st;
	int rc = bind_private(s->fd, addr);

	if (rc) {
		snprintf(err, cap,
			"%s: cannot make the control socket: %s; run as root, or name a file in a "
			"directory of yours in control: { socket = \"...\"; }",
			s->path, strerror(-rc));
		return rc;
	}
	if (lstat(s->path, &st) == 0) {
		s->dev = st.st_dev;
		s->ino = st.st_ino;
	}
	if (listen(s->fd, BACKLOG) == 0)
		return 0;
	rc = -errno;
	snprintf(err, cap, "%s: cannot listen: %s", s->path, strerror(-rc));
	return rc;
}

int listen_open(struct listen_socket *s, const char *path, char *err, size_t cap)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int rc;

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	if (!*path || strlen(path) >= sizeof(addr.sun_path)) {
		snprintf(err, cap,
			"%s: a control socket's path has 1 to %zu bytes: name a shorter one in "
			"control: { socket = \"...\"; }",
			path, sizeof(addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(addr.sun_path, path, strlen(path));
	memcpy(s->path, path, strlen(path));
	rc = make_directories(path, err, cap);
	if (!rc)
		rc = remove_stale(&addr, err, cap);
	if (rc)
		return rc;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0) {
		rc = -errno;
		snprintf(err, cap, "no socket: %s; see ulimit -n", strerror(-rc));
		return rc;
	}
	rc = bind_and_listen(s, &addr, err, cap);
	if (rc)
		listen_close(s);
	return rc;
}

void listen_close(struct listen_socket *s)
{
	struct stat st;

	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	if (s->ino && lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		unlink(s->path);
}
