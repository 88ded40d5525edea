/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A shell on standard input: line editing, history and completion through librte_cmdline's rdline
 * on a terminal, plain lines otherwise. For `stargd -i` and for stargctl; what a line does is the
 * caller's.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct app;
struct terminal;

struct terminal_env {
	void *arg;
	/* A line was entered; the answer goes to stdout and stderr. May call terminal_close. */
	void (*line)(void *arg, const char *line);
	/* Completions as of cmd_complete; owned by the terminal. NULL: none. */
	json_t *(*complete)(void *arg, const char *line);
	/* ^C while the terminal is busy (terminal_busy). NULL: nothing happens. */
	void (*cancel)(void *arg);
	/* The tty is as it was before while line() runs: ^C interrupts it. */
	bool interruptible;
};

/* One terminal at a time. prompt: copied. NULL: no memory. On a tty the mode is changed until
 * terminal_free, and put back too when a signal kills the process. */
struct terminal *terminal_new(const struct terminal_env *env, const char *prompt);
void terminal_free(struct terminal *t);
/* Takes what standard input has, with one read (blocks if it has nothing). False: it has ended, or
 * terminal_close was called. */
bool terminal_read(struct terminal *t);
void *terminal_arg(const struct terminal *t); /* env.arg */
/* No more lines are taken. */
void terminal_close(struct terminal *t);
/* Between the beginning and the end of a command that takes its time no line is run: what a tty sends is
 * thrown away but for ^C, other input is kept. terminal_read does not read then, unless from a tty. */
void terminal_busy(struct terminal *t, bool busy);
/* Standard input is a tty. */
bool terminal_is_tty(const struct terminal *t);

/* The shell of stargd itself (`-i`), in the loop of app. `quit` and end of file end the shell, not
 * the router. NULL: no memory. */
struct terminal *terminal_app_new(struct app *app);
void terminal_app_free(struct terminal *t);
