/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * set, clear, start, stop, reload, load, quit, shutdown.
 */
#include "app/ports.h"
#include "app/shell/do.h"
#include "app/shell/value.h"

#include <sys/stat.h>
#include <fcntl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOAD_DEPTH_MAX 8
#define LOAD_BYTES_MAX (256 * 1024 * 1024)

static void say_done(struct cmd_result *out, const char *text)
{
	out->value = json_object();
	put_text(out->value, "done", text);
}

static void text_done(const json_t *value, FILE *to)
{
	const char *text = json_string_value(json_object_get(value, "done"));

	if (text && *text)
		fprintf(to, "%s\n", text);
}

static void set_log(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	enum log_level level;

	if (log_level_parse(cmd_arg(args, "LEVEL"), &level) == 0)
		log_set_level(level);
}

static void set_interface(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const struct net_if *ifp = net_if_find(app->net, cmd_arg(args, "IF"));

	if (!ifp) {
		cmd_fail(out, "interface %s has gone", cmd_arg(args, "IF"));
		return;
	}
	net_if_admin(app->net, ifp->id, cmd_has(args, "up"));
	if (!do_loading())
		do_commit(app, out);
}

static void clear_counters(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	app->dp.ops->clear_counters(app->dp.ctx);
	if (app->ports)
		ports_stats_clear(app->ports);
}

static void start(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	int rc = app->workers_run ? 0 : app_start(app);

	if (app->workers_run && !rc)
		say_done(out, "forwarding");
	if (rc)
		cmd_fail(out, "the workers did not start: %s", strerror(-rc));
}

static void stop(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	int rc = app->workers_run ? app_stop(app) : 0;

	if (rc)
		cmd_fail(out, "the workers did not stop: %s", strerror(-rc));
	else
		say_done(out, "forwarding is stopped; `start` resumes it");
}

static void reload(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	char summary[2048] = "";

	if (app_reload(app, summary, sizeof(summary), out->error, sizeof(out->error)))
		out->status = 1;
	else
		say_done(out, summary);
}

static void quit(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	out->quit = true;
}

static void shut_down(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	out->stop = true;
	out->quit = true;
	log_notice("stargd", "shutdown by command: leaving");
	app_quit(app);
}

/* --- load -------------------------------------------------------------------------------------------- */

static unsigned load_depth;

bool do_loading(void)
{
	return load_depth > 0;
}

/* Cuts the newline and a comment that takes the whole line. */
static const char *load_line(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, " \t");
	return *line == '#' ? "" : line;
}

/* Runs one line; false: the file ends here, with an error in out or because of quit. */
static bool load_run(struct app *app, const char *file, unsigned number, const char *line,
	struct cmd_result *out)
{
	struct cmd_result r;

	cmd_run(app, line, &r);
	if (r.status) {
		/* the file of an inner `load` has said where */
		bool inner = r.cmd && strncmp(r.cmd->syntax, "load ", 5) == 0;

		if (inner)
			cmd_fail(out, "%s", r.error);
		else
			cmd_fail(out, "%s:%u: %.7000s", file, number, r.error);
	}
	out->stop |= r.stop;
	if (r.stop)
		out->quit = true;
	cmd_result_fini(&r);
	return !r.status && !r.quit && !r.stop;
}

static size_t load_lines(struct app *app, const char *file, FILE *f, struct cmd_result *out)
{
	unsigned number = 0;
	size_t cap = 0, done = 0;
	char *line = NULL;
	ssize_t len;

	while ((len = getline(&line, &cap, f)) >= 0) {
		number++;
		if (memchr(line, 0, (size_t)len)) {
			cmd_fail(out,
				"%s:%u: the line holds a NUL byte: this is no file of commands",
				file, number);
			break;
		}
		const char *command = load_line(line);

		if (!*command)
			continue;
		if (!load_run(app, file, number, command, out))
			break;
		done++;
	}
	if (ferror(f) && !out->status)
		cmd_fail(out, "%s: cannot be read: %s", file, strerror(errno));
	free(line);
	return done;
}

static void load_missing(const char *file, int error, struct cmd_result *out)
{
	char dir[1024];

	if (*file != '/' && getcwd(dir, sizeof(dir)))
		cmd_fail(out, "%s: cannot be read: %s (the router looked in %s)", file,
			strerror(error), dir);
	else
		cmd_fail(out, "%s: cannot be read: %s", file, strerror(error));
}

/* A regular file of a sane size: a FIFO would stop the router until somebody writes, a device may never
 * end. */
static FILE *load_open(const char *file, struct cmd_result *out)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	FILE *f;

	if (fd < 0 || fstat(fd, &st)) {
		load_missing(file, errno, out);
	} else if (!S_ISREG(st.st_mode)) {
		cmd_fail(out, "%s: is no regular file: `load` reads files of commands only", file);
	} else if (st.st_size > LOAD_BYTES_MAX) {
		cmd_fail(out, "%s: has %lld bytes, at most %d are loaded at once: split it", file,
			(long long)st.st_size, LOAD_BYTES_MAX);
	} else {
		f = fdopen(fd, "r");
		if (f)
			return f;
		load_missing(file, errno, out);
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void load(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const char *file = cmd_arg(args, "FILE");
	struct cmd_result committed = {0};
	size_t done;
	FILE *f;

	if (load_depth >= LOAD_DEPTH_MAX) {
		cmd_fail(out, "%s: files that load files are nested more than %d deep", file,
			LOAD_DEPTH_MAX);
		return;
	}
	f = load_open(file, out);
	if (!f)
		return;
	load_depth++;
	done = load_lines(app, file, f, out);
	fclose(f);
	load_depth--;
	if (!load_depth)
		do_commit(app, out->status ? &committed : out);
	if (out->status)
		return;
	out->value = json_object();
	put_text(out->value, "file", file);
	put_number(out->value, "commands", done);
}

const struct cmd do_router_cmds[] = {
	{"set log LEVEL", "what is logged from now on: error, warning, notice, info, debug",
		set_log, NULL},
	{"set interface IF {up|down}", "forwarding on an interface on or off", set_interface, NULL},
	{"clear counters", "sets all counters to zero", clear_counters, NULL},
	{"start", "resumes forwarding", start, text_done},
	{"stop", "stops forwarding; ports, protocols and twins stay", stop, text_done},
	{"reload", "reads the configuration file again and applies what differs", reload,
		text_done},
	{"load FILE", "runs the lines of a file as commands, up to the first that fails", load,
		NULL},
	{"quit", "ends this shell; the router goes on", quit, NULL},
	{"shutdown", "stops the router in order, at once", shut_down, NULL},
	{NULL, NULL, NULL, NULL},
};
