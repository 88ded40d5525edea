/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Loading a file. libconfig reads files by itself, but its scanner ends the process when a read
 * fails (a directory, an I/O error), which a reload must survive: so it only gets strings.
 */
#include "app/conf/conf_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (256u << 20) /* a million routes are some 100 MB */

static int text_fail(int error, char *err, size_t cap, const char *path)
{
	const char *hint = "";

	if (error == ENOENT)
		hint = ": give the right file with -c FILE";
	else if (error == EACCES)
		hint = ": make it readable for the user of stargd (chmod, chown)";
	else if (error == EISDIR)
		hint = ": name a file in it with -c FILE";
	snprintf(err, cap, "%s: cannot be read: %s%s", path, strerror(error), hint);
	return -error;
}

/* Reads until the end. 0 or -errno; *text is the caller's in any case. */
static int text_read(int fd, char **text, size_t *len)
{
	size_t cap = 0;

	for (*len = 0;;) {
		ssize_t n;

		if (cap - *len < 2) {
			char *grown;

			cap = cap ? cap * 2 : 65536;
			grown = realloc(*text, cap);
			if (!grown)
				return -ENOMEM;
			*text = grown;
		}
		n = read(fd, *text + *len, cap - *len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		*len += (size_t)n;
		if (*len > TEXT_MAX)
			return -EFBIG;
	}
	(*text)[*len] = '\0';
	return 0;
}

void conf_stamp_set(struct conf_stamp *s, const struct stat *st)
{
	*s = (struct conf_stamp){
		.dev = st->st_dev, .ino = st->st_ino, .size = st->st_size, .mtime = st->st_mtim};
}

bool conf_stamp_same(const struct conf_stamp *s, const struct stat *st)
{
	return s->dev == st->st_dev && s->ino == st->st_ino && s->size == st->st_size &&
	       s->mtime.tv_sec == st->st_mtim.tv_sec && s->mtime.tv_nsec == st->st_mtim.tv_nsec;
}

int conf_text_load(const char *path, char **text, size_t *len, char *err, size_t err_cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int rc;

	*text = NULL;
	if (fd < 0)
		return text_fail(errno, err, err_cap, path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		rc = -EISDIR;
	else
		rc = text_read(fd, text, len);
	close(fd);
	if (rc == 0)
		return 0;
	free(*text);
	*text = NULL;
	return text_fail(-rc, err, err_cap, path);
}
