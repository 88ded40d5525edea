/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * One command table for the local terminal, for `load FILE` and for stargctl: syntax, help,
 * completion and handler in one row.
 *
 * A handler builds a JSON value; its row's `text` function (or the generic table writer) turns that
 * value into what a person reads. So every `show` has JSON, and both say the same.
 *
 * Syntax strings: words that must be typed; UPPERCASE for an argument; [X] optional; {a|b} one of;
 * X... the rest of the line. Arguments named IF, PORT, SRC, GRP, ADDR, FILE, LEVEL, N have
 * completion and checks of their own.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CMD_ARGS_MAX 64

struct app;

/* The words matched to a row's syntax. */
struct cmd_args {
	size_t n; /* words in all */
	const char *words[CMD_ARGS_MAX];
	/* values of UPPERCASE arguments by name */
	size_t n_named;
	struct {
		const char *name, *value;
	} named[CMD_ARGS_MAX];
	const char *rest; /* text behind the fixed words, for X... ; "" */
};

/* Value of an argument, or NULL when it was not given. */
const char *cmd_arg(const struct cmd_args *args, const char *name);
/* Whether a literal word (of a {a|b} or [word]) was given. */
bool cmd_has(const struct cmd_args *args, const char *word);

struct cmd_result {
	int status;	 /* 0 done, 1 failed */
	json_t *value;	 /* what `show` shows; owned; NULL: nothing */
	char error[512]; /* status 1: what, where, what to do next */
	bool quit;	 /* the terminal or connection ends */
	bool stop;	 /* the router shuts down */
};

struct cmd {
	const char *syntax;
	const char *help; /* one line */
	void (*run)(struct app *app, const struct cmd_args *args, struct cmd_result *out);
	/* value -> text; NULL: generic (arrays of objects as a table, objects as "key: value") */
	void (*text)(const json_t *value, FILE *to);
};

/* All rows; assembled from the tables of the show_*.c files. */
extern const struct cmd *const cmd_tables[];
extern const size_t cmd_table_sizes[];
extern const size_t cmd_n_tables;

/* Finds the row for a line and runs it. Abbreviated words are accepted when only one row fits, as
 * in testpmd. The result is always filled: an unknown command names the nearest ones, a wrong
 * argument says what fits there. */
void cmd_run(struct app *app, const char *line, struct cmd_result *out);
void cmd_result_fini(struct cmd_result *r);
/* Text for a person, from the row's text function. */
void cmd_result_print(const char *line, const struct cmd_result *r, FILE *to);

/* Completions of the last word of line: a JSON array of {"word": ..., "help": ...}. */
json_t *cmd_complete(struct app *app, const char *line);
