/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: the syntax strings of all rows as one automaton over words, and its run
 * over a line. Matching, completion and "what fits there" are the same walk.
 */
#pragma once

#include "app/shell/command.h"

#include <stdint.h>

enum syn_op {
	SYN_WORD,  /* a literal */
	SYN_ARG,   /* one word of a kind */
	SYN_REST,  /* any number of words of a kind: X... */
	SYN_SPLIT, /* goes on at next and at alt without taking a word */
	SYN_END,   /* the row is complete */
};

#define SYN_NONE UINT32_MAX

struct syn_node {
	uint8_t op;       /* enum syn_op */
	uint8_t len;      /* of text */
	const char *text; /* into the row's syntax string; not terminated */
	uint32_t next, alt;
	const struct cmd *row;
	const struct cmd_kind *kind; /* SYN_ARG, SYN_REST */
};

struct syn_prog {
	struct syn_node *nodes;
	uint32_t n, cap;
	uint32_t *starts; /* first node of each row */
	uint32_t n_rows;
};

/* The automaton of all rows; made once, kept until the process ends. A malformed syntax string is
 * a broken invariant: abort. NULL: no memory. */
const struct syn_prog *syn_prog_get(void);

/* A line as words. */
struct syn_words {
	char *text; /* the words, each terminated */
	char **v;   /* into text */
	size_t *at; /* offset of each in the line */
	size_t n;
	bool open; /* the last word is still being typed: no blank behind it */
};

/* Splits at blanks; "double quotes" hold blanks. 0, or -1 with a sentence in err: control
 * characters, invalid UTF-8, too long, a quote without end (accepted when lax). */
int syn_split(const char *line, bool lax, struct syn_words *out, char *err, size_t cap);
void syn_words_fini(struct syn_words *w);

/* How a word met a node, the better the higher. */
enum syn_how { SYN_NO, SYN_AS_REST, SYN_AS_PREFIX, SYN_AS_ARG, SYN_EXACT };

/* One word taken: a chain back to the beginning of the line. */
struct syn_step {
	uint32_t prev; /* SYN_NONE: first word */
	uint32_t node;
	bool doubtful; /* another reading of the abbreviations led here too */
};

struct syn_run {
	const struct syn_prog *prog;
	struct app *app;
	struct syn_step *steps;
	uint32_t n_steps, cap_steps;
	uint32_t *live; /* steps after the last word */
	uint32_t n_live;
	/* what could come next: nodes that take a word, and the step each comes from */
	struct syn_step *next;
	uint32_t n_next;
	uint32_t *mark; /* by node: its place in next + 1, or the walk that saw a split */
	bool accepts;   /* a row is complete here */
	uint32_t accept_step;
	const struct cmd *accept_row;
};

/* 0 or -ENOMEM. */
int syn_run_init(struct syn_run *r, struct app *app);
void syn_run_fini(struct syn_run *r);
/* Takes one word: false if it fits nowhere (the run stays where it was). */
bool syn_run_word(struct syn_run *r, const char *word);
/* Whether the abbreviations so far have several readings. */
bool syn_run_ambiguous(const struct syn_run *r);
/* The words of a step's chain, written out, with single blanks: "show mroute". Into buf. */
void syn_run_path(const struct syn_run *r, uint32_t step, char *buf, size_t cap);

/* Adds what can come next and begins with prefix to an array of completions (complete.c). */
void syn_run_offer(const struct syn_run *r, const char *prefix, json_t *to);
/* Whether the last of several words is a ?, not in quotes; and the answer: {"words": completions of it, "complete":
 * whether the line may end there}, or what is wrong with the words before (question.c). */
bool cmd_is_question(const struct syn_words *w, const char *line);
void cmd_question(struct app *app, const struct syn_words *w, struct cmd_result *out);

bool syn_same_text(const struct syn_node *a, const struct syn_node *b);
/* Whether two chains of steps are the same words, written out. */
bool syn_same_reading(const struct syn_run *r, uint32_t a, uint32_t b);

/* "name of an interface" for a node's kind. */
const char *syn_node_what(const struct syn_node *node);
