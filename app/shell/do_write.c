/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * write, save: the running configuration into a file. Whoever reads the file sees the old text or the
 * new one, never a half; a text that stargd itself would refuse is not written.
 */
#include "app/shell/running.h"
#include "app/shell/value.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_BYTES_MAX (4 * 1024 * 1024) /* reading more again would keep control too long */

struct target {
	const char *path;
	char temp[PATH_MAX]; /* beside it, so that rename can replace it */
	char dir[PATH_MAX];
	bool exists;
	struct stat st; /* what is there */
};

/* --- what may be written ----------------------------------------------------------------------------- */

static bool target_names(struct target *t, struct cmd_result *out)
{
	const char *slash = strrchr(t->path, '/');
	int dir_len = slash ? (int)(slash - t->path) + 1 : 0;
	const char *base = t->path + dir_len;

	if (!*base || snprintf(t->temp, sizeof(t->temp), "%.*s.%s.XXXXXX", dir_len, t->path,
			      base) >= (int)sizeof(t->temp)) {
		cmd_fail(out, "%.200s: is no name of a file: write PATH/NAME", t->path);
		return false;
	}
	snprintf(t->dir, sizeof(t->dir), "%.*s", dir_len ? dir_len : 1, dir_len ? t->path : ".");
	return true;
}

/* Only a plain file is replaced: a link may lead anywhere, a device or a FIFO does worse. */
static bool target_look(struct target *t, struct cmd_result *out)
{
	t->exists = lstat(t->path, &t->st) == 0;
	if (!t->exists && errno != ENOENT) {
		cmd_fail(out, "%s: cannot be looked at: %s", t->path, strerror(errno));
		return false;
	}
	if (!t->exists || S_ISREG(t->st.st_mode))
		return true;
	cmd_fail(out, "%s: is %s, not a regular file: name the file itself", t->path,
		S_ISLNK(t->st.st_mode)   ? "a symbolic link"
		: S_ISDIR(t->st.st_mode) ? "a directory"
					 : "a device, a FIFO or a socket");
	return false;
}

/* --- writing ------------------------------------------------------------------------------------------ */

static bool write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

/* Mode and owner are those of the file that is replaced; a new one is as any other. */
static bool keep_mode(int fd, const struct target *t)
{
	mode_t mask;

	if (t->exists)
		return fchown(fd, t->st.st_uid, t->st.st_gid) == 0 &&
		       fchmod(fd, t->st.st_mode & 07777) == 0;
	mask = umask(0);
	umask(mask);
	return fchmod(fd, 0644 & ~mask) == 0;
}

/* The name of the file is on the disk too. */
static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!fsync(fd);
	close(fd);
}

/* Whether stargd would take the file. */
static bool is_valid(const struct target *t, size_t len, struct cmd_result *out)
{
	char err[CONF_ERRLEN / 2];
	struct conf *c;

	if (len > CHECK_BYTES_MAX)
		return true;
	if (conf_read(t->temp, &c, err, sizeof(err)) == 0) {
		conf_free(c);
		return true;
	}
	cmd_fail(out, "%s: not written, because stargd would refuse it at its next start: %s",
		t->path, err);
	return false;
}

static bool fill_temp(
	int fd, const struct target *t, const char *text, size_t len, struct cmd_result *out)
{
	if (!write_all(fd, text, len) || !keep_mode(fd, t) || fsync(fd)) {
		cmd_fail(out, "%s: cannot be written: %s; the file is as it was", t->path,
			strerror(errno));
		return false;
	}
	return is_valid(t, len, out);
}

static bool replace(struct target *t, const char *text, size_t len, struct cmd_result *out)
{
	int fd = mkostemp(t->temp, O_CLOEXEC);
	bool ok;

	if (fd < 0) {
		cmd_fail(
			out, "%s: no file can be made in %s: %s", t->path, t->dir, strerror(errno));
		return false;
	}
	ok = fill_temp(fd, t, text, len, out);
	close(fd);
	if (ok && rename(t->temp, t->path)) {
		cmd_fail(out, "%s: cannot be replaced: %s", t->path, strerror(errno));
		ok = false;
	}
	if (!ok)
		unlink(t->temp);
	else
		sync_dir(t->dir);
	return ok;
}

static void write_target(struct app *app, struct target *t, struct cmd_result *out)
{
	size_t len;
	char *text = running_text(app, &len);

	if (!text) {
		cmd_fail(out, "no memory for the configuration's text");
		return;
	}
	if (replace(t, text, len, out)) {
		out->value = json_object();
		put_text(out->value, "file", t->path);
		put_number(out->value, "bytes", len);
	}
	free(text);
}

/* --- commands ------------------------------------------------------------------------------------------ */

static void write_file(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct target t = {.path = cmd_arg(args, "FILE")};

	if (!target_names(&t, out) || !target_look(&t, out))
		return;
	if (t.exists && !cmd_has(args, "replace"))
		cmd_fail(out, "%s: exists already: `write %s replace` replaces it", t.path, t.path);
	else
		write_target(app, &t, out);
}

/* Whoever edited the file since it was read loses nothing. */
static bool is_as_read(const struct app *app, const struct target *t, struct cmd_result *out)
{
	if (!t->exists || conf_stamp_same(&app->conf->stamp, &t->st))
		return true;
	cmd_fail(out,
		"%s: was changed after stargd read it: `reload` takes the change, `write %s "
		"replace` overwrites it, `write FILE` leaves it alone",
		t->path, t->path);
	return false;
}

static void save(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct target t = {.path = app->conf->path};

	if (!target_names(&t, out) || !target_look(&t, out) || !is_as_read(app, &t, out))
		return;
	write_target(app, &t, out);
	if (!out->status && lstat(t.path, &t.st) == 0)
		conf_stamp_set(&app->conf->stamp, &t.st);
}

const struct cmd do_write_cmds[] = {
	{"write FILE [replace]", "writes the running configuration (show config) into a file",
		write_file, NULL},
	{"save", "writes the running configuration into the file that stargd was started with",
		save, NULL},
	{NULL, NULL, NULL, NULL},
};
