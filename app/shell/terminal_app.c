/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * `stargd -i`: the terminal in the control loop. Standard input is watched as a descriptor; a file,
 * which cannot be watched, is read by a timer that is always due.
 */
#include "app/app.h"
#include "app/shell/command.h"
#include "app/shell/terminal.h"

#include <stdlib.h>
#include <unistd.h>

struct terminal_app {
	struct app *app;
	struct terminal *terminal;
	struct event *input;
	struct cmd_wait *wait; /* a command that is not done */
	bool by_timer, progress_shown;
};

static void show(struct terminal_app *t, struct cmd_result *r)
{
	if (r->status)
		fprintf(stderr, "error: %s\n", r->error);
	else
		cmd_result_print(r, stdout);
	if (r->quit || r->stop)
		terminal_close(t->terminal);
	cmd_result_fini(r);
	fflush(stdout);
}

/* --- commands that take their time ---------------------------------------------------------------- */

static void on_progress(void *arg, const char *text)
{
	struct terminal_app *t = arg;

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%s", text);
	t->progress_shown = true;
}

static void on_done(void *arg, struct cmd_result *r)
{
	static const struct timeval now;
	struct terminal_app *t = arg;

	if (t->progress_shown)
		fputs("\r\033[K", stderr);
	t->progress_shown = false;
	t->wait = NULL;
	show(t, r);
	terminal_busy(t->terminal, false);
	if (t->wait)
		return;
	if (t->by_timer)
		event_add(t->input, &now);
	else
		event_add(t->input, NULL);
}

static void on_cancel(void *arg)
{
	struct terminal_app *t = arg;

	if (t->wait)
		t->wait->cancel(t->wait);
}

static void wait_for(struct terminal_app *t, struct cmd_wait *wait)
{
	t->wait = wait;
	wait->arg = t;
	wait->progress = on_progress;
	wait->done = on_done;
	terminal_busy(t->terminal, true);
	if (!terminal_is_tty(t->terminal))
		event_del(t->input);
}

/* --- lines ---------------------------------------------------------------------------------------- */

static void run_line(void *arg, const char *line)
{
	struct terminal_app *t = arg;
	struct cmd_result r;

	cmd_run(t->app, line, &r);
	if (r.wait) {
		wait_for(t, r.wait);
		r.wait = NULL;
		cmd_result_fini(&r);
		return;
	}
	show(t, &r);
}

static json_t *complete(void *arg, const char *line)
{
	struct terminal_app *t = arg;

	return cmd_complete(t->app, line);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval now;
	struct terminal_app *t = arg;

	if (!terminal_read(t->terminal))
		event_del(t->input);
	else if (t->by_timer && !t->wait)
		event_add(t->input, &now);
}

static int watch_input(struct terminal_app *t)
{
	static const struct timeval now;

	t->input = event_new(t->app->loop, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, t);
	if (t->input && event_add(t->input, NULL) == 0)
		return 0;
	if (t->input)
		event_free(t->input);
	t->by_timer = true;
	t->input = evtimer_new(t->app->loop, on_input, t);
	return t->input ? event_add(t->input, &now) : -1;
}

static void app_free(struct terminal_app *t)
{
	if (t->wait)
		t->wait->forget(t->wait);
	if (t->input)
		event_free(t->input);
	free(t);
}

struct terminal *terminal_app_new(struct app *app)
{
	struct terminal_app *t = calloc(1, sizeof(*t));
	struct terminal_env env = {
		.arg = t, .line = run_line, .complete = complete, .cancel = on_cancel};
	char prompt[CONF_NAMELEN + 4];

	if (!t)
		return NULL;
	t->app = app;
	snprintf(prompt, sizeof(prompt), "%s> ", app->conf->router.name);
	t->terminal = terminal_new(&env, prompt);
	if (!t->terminal || watch_input(t)) {
		terminal_free(t->terminal);
		app_free(t);
		return NULL;
	}
	return t->terminal;
}

void terminal_app_free(struct terminal *terminal)
{
	if (!terminal)
		return;
	app_free(terminal_arg(terminal));
	terminal_free(terminal);
}
