/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Sentences for lines that fit no row: what was typed, what fits there, the nearest commands.
 */
#include "app/shell/suggest.h"

#include <stdarg.h>
#include <string.h>

#define WORD_MAX 31   /* longer ones are like no command word */
#define LISTED_MAX 16 /* alternatives named in a sentence */
#define DEEPER_MAX 4

/* A sentence that grows until its buffer is full. */
struct text {
	char *buf;
	size_t cap, used;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->used + 1 >= t->cap)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->used, t->cap - t->used, fmt, ap);
	va_end(ap);
	t->used += n > 0 ? (size_t)n : 0;
	if (t->used >= t->cap)
		t->used = t->cap - 1;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned suggest_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned d[3][WORD_MAX + 1];

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= b_len; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = d[i % 3], *above = d[(i + 2) % 3], *two = d[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = min3(row[j - 1] + 1, above[j] + 1,
				above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				two[j - 2] + 1 < row[j])
				row[j] = two[j - 2] + 1;
		}
	}
	return d[a_len % 3][b_len];
}

static bool near(const char *word, const struct syn_node *n)
{
	size_t len = strlen(word);
	unsigned allowed = len <= 3 ? 1 : len <= 6 ? 2 : 3;

	return n->op == SYN_WORD && suggest_distance(word, len, n->text, n->len) <= allowed;
}

static const struct syn_node *next_node(const struct syn_run *r, uint32_t i)
{
	return &r->prog->nodes[r->next[i].node];
}

/* Whether an earlier alternative has the same text. */
static bool repeated(const struct syn_run *r, uint32_t i)
{
	for (uint32_t j = 0; j < i; j++)
		if (syn_same_text(next_node(r, j), next_node(r, i)))
			return true;
	return false;
}

/* "show mroute" for alternative i: all that leads to it, and itself. */
static void say_path(struct text *t, const struct syn_run *r, uint32_t i)
{
	const struct syn_node *n = next_node(r, i);
	char path[256];

	syn_run_path(r, r->next[i].prev, path, sizeof(path));
	say(t, "\"%s%s%.*s\"", path, path[0] ? " " : "", n->len, n->text);
}

/* All that fits here: "stats, info, PORT (name of a port)". */
static void say_alternatives(struct text *t, const struct syn_run *r)
{
	unsigned said = 0;

	for (uint32_t i = 0; i < r->n_next; i++) {
		const struct syn_node *n = next_node(r, i);

		if (repeated(r, i))
			continue;
		if (said++ == LISTED_MAX) {
			say(t, ", ...");
			return;
		}
		say(t, "%s%.*s", said > 1 ? ", " : "", n->len, n->text);
		if (n->kind)
			say(t, " (%s)", syn_node_what(n));
	}
}

/* Live values of the kinds that fit here: "there is lan1, lan2". A candidate without a word only explains. */
static void say_values(struct text *t, const struct syn_run *r)
{
	json_t *values = json_array(), *value;
	size_t n = 0, i;

	for (uint32_t k = 0; k < r->n_next; k++) {
		const struct syn_node *node = next_node(r, k);

		if (node->kind && node->kind->fits && node->kind->complete && !repeated(r, k))
			node->kind->complete(r->app, "", values);
	}
	json_array_foreach (values, i, value) {
		const char *word = json_string_value(json_object_get(value, "word"));

		if (word && *word && n++ < LISTED_MAX)
			say(t, "%s%s", n > 1 ? ", " : "; there is ", word);
	}
	if (n > LISTED_MAX)
		say(t, ", and %zu more", n - LISTED_MAX);
	json_decref(values);
}

/* The row, if only one is left: its syntax helps most. */
static void say_usage(struct text *t, const struct syn_run *r)
{
	const struct cmd *row = r->accepts ? r->accept_row : NULL;

	for (uint32_t i = 0; i < r->n_next; i++) {
		if (row && next_node(r, i)->row != row)
			return;
		row = next_node(r, i)->row;
	}
	if (row)
		say(t, "; usage: %s", row->syntax);
}

static unsigned say_near(struct text *t, const struct syn_run *r, const char *word)
{
	unsigned said = 0;

	for (uint32_t i = 0; i < r->n_next; i++) {
		if (!near(word, next_node(r, i)) || repeated(r, i))
			continue;
		say(t, said++ ? " or " : "did you mean ");
		say_path(t, r, i);
	}
	if (said)
		say(t, "?");
	return said;
}

/* A word that would fit behind one of the words that fit here: "mroute" -> "show mroute". */
static unsigned say_deeper(struct text *t, const struct syn_run *r, const char *word)
{
	const struct syn_node *told[DEEPER_MAX];
	unsigned said = 0;

	for (uint32_t i = 0; i < r->n_next && said < DEEPER_MAX; i++) {
		const struct syn_node *n = next_node(r, i);
		const struct syn_node *after = &r->prog->nodes[n->next];
		bool again = n->op != SYN_WORD || !near(word, after);

		for (unsigned j = 0; j < said && !again; j++)
			again = syn_same_text(told[j], after);
		if (again)
			continue;
		say(t, "%s\"%.*s %.*s\"", said ? " or " : "did you mean ", n->len, n->text,
			after->len, after->text);
		told[said++] = after;
	}
	if (said)
		say(t, "?");
	return said;
}

static void say_typed(struct text *t, const struct syn_words *w, size_t at)
{
	say(t, "\"");
	for (size_t i = at > 9 ? at - 9 : 0; i <= at && i < w->n; i++)
		say(t, "%s%.40s", i && t->used > 1 ? " " : "", w->v[i]);
	say(t, "\": ");
}

void suggest_wrong_word(
	const struct syn_run *r, const struct syn_words *w, size_t at, struct cmd_result *out)
{
	struct text t = {out->error, sizeof(out->error), 0};
	bool kinds = false;

	out->status = 1;
	say_typed(&t, w, at);
	for (uint32_t i = 0; i < r->n_next; i++)
		kinds |= next_node(r, i)->kind != NULL;
	if (!r->n_next) {
		say(&t, "nothing more fits behind the command, \"%.40s\" is too much", w->v[at]);
		say_usage(&t, r);
		return;
	}
	if (!kinds) {
		say(&t, "no such command; ");
		if (!say_near(&t, r, w->v[at]) && !say_deeper(&t, r, w->v[at])) {
			say(&t, "here fits: ");
			say_alternatives(&t, r);
		}
		return;
	}
	say(&t, "\"%.40s\" does not fit; ", w->v[at]);
	if (!say_near(&t, r, w->v[at])) {
		say(&t, "here fits: ");
		say_alternatives(&t, r);
	}
	say_values(&t, r);
	say_usage(&t, r);
}

void suggest_incomplete(const struct syn_run *r, struct cmd_result *out)
{
	struct text t = {out->error, sizeof(out->error), 0};
	char path[256];

	out->status = 1;
	syn_run_path(r, r->n_live ? r->live[0] : SYN_NONE, path, sizeof(path));
	say(&t, "\"%s\" is not complete; behind it fits: ", path);
	say_alternatives(&t, r);
	say_usage(&t, r);
}

void suggest_ambiguous(const struct syn_run *r, const struct syn_words *w, struct cmd_result *out)
{
	struct text t = {out->error, sizeof(out->error), 0};
	char path[256];
	unsigned said = 0;

	out->status = 1;
	say_typed(&t, w, w->n - 1);
	say(&t, "the abbreviation may be ");
	for (uint32_t i = 0; i < r->n_live && said < LISTED_MAX; i++) {
		bool again = false;

		for (uint32_t j = 0; j < i && !again; j++)
			again = syn_same_reading(r, r->live[i], r->live[j]);
		if (again)
			continue;
		syn_run_path(r, r->live[i], path, sizeof(path));
		say(&t, "%s\"%s\"", said++ ? " or " : "", path);
	}
	if (said < 2)
		say(&t, " or another command");
	say(&t, ": type more letters");
}
