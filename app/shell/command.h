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
 * X... the rest of the line; {X}... once or more, [X]... any number of times. Arguments have a kind
 * of their name (IF, PORT, SRC, GRP, ADDR, FILE, LEVEL, N ...), with completion and checks of its
 * own.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Longest line, bytes without the final newline. */
#define CMD_LINE_MAX 65536
#define CMD_ERRLEN 8192 /* an invalid file may have many messages */

struct app;

/* The words matched to a row's syntax, abbreviations written out. */
struct cmd_args {
	size_t n; /* words in all */
	char **words;
	char **kinds;     /* of each word: NULL for a literal, else the argument's name */
	const char *rest; /* text behind the fixed words, for X... ; "" */
};

/* Value of an argument (the first one of this name), or NULL when it was not given. */
const char *cmd_arg(const struct cmd_args *args, const char *name);
/* Whether a literal word (of a {a|b} or [word]) was given. */
bool cmd_has(const struct cmd_args *args, const char *word);

struct cmd_result;

/* A command that is not done yet when its handler returns: its answer comes later, from the control loop.
 * Whoever ran it fills in the listener's part, and takes the wait out of the result. */
struct cmd_wait {
	const struct cmd *cmd; /* the row */
	/* the listener's */
	void *arg;
	void (*progress)(
		void *arg, const char *text); /* now and then, at least every two seconds */
	void (*done)(
		void *arg, struct cmd_result *r); /* the answer, to be fini'd; the wait is gone */
	/* the command's */
	void (*cancel)(struct cmd_wait *w); /* ends it early: done is called before this returns */
	void (*forget)(struct cmd_wait *w); /* ends it: nobody wants the answer, the wait is gone */
};

struct cmd_result {
	int status;             /* 0 done, 1 failed */
	json_t *value;          /* what `show` shows; owned; NULL: nothing */
	char error[CMD_ERRLEN]; /* status 1: what, where, what to do next */
	bool quit;              /* the terminal or connection ends */
	bool stop;              /* the router shuts down */
	const struct cmd *cmd;  /* the row that ran, NULL: none */
	struct cmd_wait *wait;  /* the answer comes later; status and value are not there yet */
};

/* Fails a result with a sentence: what, where, what to do next. */
void cmd_fail(struct cmd_result *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct cmd {
	const char *syntax;
	const char *help; /* one line */
	void (*run)(struct app *app, const struct cmd_args *args, struct cmd_result *out);
	/* value -> text; NULL: generic (arrays of objects as a table, objects as "key: value") */
	void (*text)(const json_t *value, FILE *to);
};

/* All rows; assembled from the tables of the show_*.c and do_*.c files in tables.c. A row without
 * syntax ends a table. */
extern const struct cmd *const cmd_tables[];
extern const size_t cmd_n_tables;

/* The kinds of arguments (args.c). */
struct cmd_kind {
	const char *name; /* "IF" */
	const char *what; /* "name of an interface": for help and errors */
	/* Whether a word can be one; NULL: any word. app NULL: by its form alone. */
	bool (*fits)(struct app *app, const char *word);
	/* Adds live values that begin with prefix, by cmd_candidate; NULL: cannot be listed. */
	void (*complete)(struct app *app, const char *prefix, json_t *to);
};
extern const struct cmd_kind cmd_kinds[];
extern const size_t cmd_n_kinds;
/* Adds {"word", "help"} to an array of completions if word begins with prefix. */
void cmd_candidate(json_t *to, const char *prefix, const char *word, const char *help);

/* Finds the row for a line and runs it; a line that ends in the word ? asks what may stand there. Abbreviated words are accepted when only one row fits, as
 * in testpmd. The result is always filled: an unknown command names the nearest ones, a wrong
 * argument says what fits there. */
void cmd_run(struct app *app, const char *line, struct cmd_result *out);
void cmd_result_fini(struct cmd_result *r); /* forgets a wait that nobody has taken */
/* Text for a person, from the row's text function; nothing for a failed or silent command. */
void cmd_result_print(const struct cmd_result *r, FILE *to);

/* Completions of the last word of line: a JSON array of {"word": ..., "help": ...}. A word "" is a
 * hint only: an argument whose values cannot be listed. */
json_t *cmd_complete(struct app *app, const char *line);
