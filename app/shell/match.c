/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Lines to words, and words through the automaton of the syntax strings. All rows are walked at
 * once; a word keeps only its best readings: typed in full, then a valid argument, then an
 * abbreviation. Abbreviations with several readings left at the end of the line are ambiguous.
 */
#include "app/shell/syntax.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Length of the UTF-8 sequence at s, 0 if it is not one. */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static int check_bytes(const char *line, char *err, size_t cap)
{
	const unsigned char *s = (const unsigned char *)line;
	size_t n;

	while (*s) {
		n = *s == '\t' || (*s >= 0x20 && *s < 0x7f) ? 1 : *s < 0x80 ? 0 : utf8_len(s);
		if (!n) {
			snprintf(err, cap,
				"byte 0x%02x in column %zu is no text: a command is a line of "
				"words, see help",
				*s, (size_t)(s - (const unsigned char *)line) + 1);
			return -1;
		}
		s += n;
	}
	return 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Copies the words of line into w->text; the number of them in w->n. */
static bool cut(const char *line, struct syn_words *w)
{
	char *to = w->text;
	const char *s = line;
	bool quoted = false;

	for (;;) {
		while (blank(*s))
			s++;
		if (!*s)
			break;
		w->at[w->n] = (size_t)(s - line);
		w->v[w->n++] = to;
		for (; *s && (quoted || !blank(*s)); s++) {
			if (*s == '"')
				quoted = !quoted;
			else
				*to++ = *s;
		}
		*to++ = '\0';
	}
	w->open = w->n > 0 && (quoted || !blank(s[-1]));
	return !quoted;
}

int syn_split(const char *line, bool lax, struct syn_words *out, char *err, size_t cap)
{
	size_t len = strlen(line);

	memset(out, 0, sizeof(*out));
	if (len > CMD_LINE_MAX) {
		snprintf(err, cap,
			"the line has %zu bytes, %d at most are taken: use several lines", len,
			CMD_LINE_MAX);
		return -1;
	}
	if (check_bytes(line, err, cap))
		return -1;
	out->text = malloc(len * 2 + 2);
	out->v = calloc(len / 2 + 2, sizeof(*out->v));
	out->at = calloc(len / 2 + 2, sizeof(*out->at));
	if (!out->text || !out->v || !out->at) {
		snprintf(err, cap, "no memory for the line");
		syn_words_fini(out);
		return -1;
	}
	if (!cut(line, out) && !lax) {
		snprintf(err, cap, "a double quote is not closed");
		syn_words_fini(out);
		return -1;
	}
	return 0;
}

void syn_words_fini(struct syn_words *w)
{
	free(w->text);
	free(w->v);
	free(w->at);
	memset(w, 0, sizeof(*w));
}

/* --- the run --------------------------------------------------------------------------------- */

static const struct syn_node *step_node(const struct syn_run *r, uint32_t step)
{
	return &r->prog->nodes[r->steps[step].node];
}

bool syn_same_text(const struct syn_node *a, const struct syn_node *b)
{
	return a->op == b->op && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

bool syn_same_reading(const struct syn_run *r, uint32_t a, uint32_t b)
{
	while (a != b) {
		if (a == SYN_NONE || b == SYN_NONE ||
			!syn_same_text(step_node(r, a), step_node(r, b)))
			return false;
		a = r->steps[a].prev;
		b = r->steps[b].prev;
	}
	return true;
}

static void accept(struct syn_run *r, uint32_t from, const struct cmd *row)
{
	if (r->accepts)
		return;
	r->accepts = true;
	r->accept_step = from;
	r->accept_row = row;
}

/* A node that takes a word can come next. */
static void offer(struct syn_run *r, uint32_t from, uint32_t node)
{
	struct syn_step *there;

	if (r->mark[node]) {
		there = &r->next[r->mark[node] - 1];
		if (!syn_same_reading(r, there->prev, from))
			there->doubtful = true;
		return;
	}
	r->next[r->n_next] = (struct syn_step){.prev = from, .node = node};
	r->next[r->n_next].doubtful = from != SYN_NONE && r->steps[from].doubtful;
	r->mark[node] = ++r->n_next;
}

/* Follows what takes no word. A split marks itself with the walk it was seen in. */
static void expand(struct syn_run *r, uint32_t walk, uint32_t from, uint32_t node)
{
	const struct syn_node *n = &r->prog->nodes[node];

	switch ((enum syn_op)n->op) {
	case SYN_SPLIT:
		if (r->mark[node] == walk)
			return;
		r->mark[node] = walk;
		expand(r, walk, from, n->next);
		expand(r, walk, from, n->alt);
		return;
	case SYN_END:
		accept(r, from, n->row);
		return;
	case SYN_WORD:
	case SYN_ARG:
	case SYN_REST:
		offer(r, from, node);
		return;
	}
}

/* What can follow the live steps. */
static void look_ahead(struct syn_run *r)
{
	memset(r->mark, 0, r->prog->n * sizeof(*r->mark));
	r->n_next = 0;
	r->accepts = false;
	if (!r->n_steps)
		for (uint32_t i = 0; i < r->prog->n_rows; i++)
			expand(r, 1, SYN_NONE, r->prog->starts[i]);
	for (uint32_t i = 0; i < r->n_live; i++) {
		const struct syn_node *n = step_node(r, r->live[i]);

		if (n->op == SYN_REST)
			offer(r, r->live[i], r->steps[r->live[i]].node);
		expand(r, i + 2, r->live[i], n->next);
	}
}

int syn_run_init(struct syn_run *r, struct app *app)
{
	memset(r, 0, sizeof(*r));
	r->prog = syn_prog_get();
	r->app = app;
	if (!r->prog)
		return -ENOMEM;
	r->next = calloc(r->prog->n, sizeof(*r->next));
	r->mark = calloc(r->prog->n, sizeof(*r->mark));
	r->live = calloc(r->prog->n, sizeof(*r->live));
	if (!r->next || !r->mark || !r->live) {
		syn_run_fini(r);
		return -ENOMEM;
	}
	look_ahead(r);
	return 0;
}

void syn_run_fini(struct syn_run *r)
{
	free(r->steps);
	free(r->next);
	free(r->mark);
	free(r->live);
	memset(r, 0, sizeof(*r));
}

static enum syn_how meets(const struct syn_run *r, const struct syn_node *n, const char *word)
{
	size_t len = strlen(word);

	switch (n->op) {
	case SYN_WORD:
		if (len == 0 || len > n->len || memcmp(word, n->text, len) != 0)
			return SYN_NO;
		return len == n->len ? SYN_EXACT : SYN_AS_PREFIX;
	case SYN_ARG:
		return !n->kind->fits || n->kind->fits(r->app, word) ? SYN_AS_ARG : SYN_NO;
	case SYN_REST:
		return SYN_AS_REST;
	}
	return SYN_NO;
}

static bool push_step(struct syn_run *r, const struct syn_step *step)
{
	struct syn_step *grown;

	if (r->n_steps == r->cap_steps) {
		r->cap_steps = r->cap_steps ? r->cap_steps * 2 : 64;
		grown = realloc(r->steps, r->cap_steps * sizeof(*grown));
		if (!grown)
			return false;
		r->steps = grown;
	}
	r->live[r->n_live++] = r->n_steps;
	r->steps[r->n_steps++] = *step;
	return true;
}

bool syn_run_word(struct syn_run *r, const char *word)
{
	enum syn_how best = SYN_NO, how;

	for (uint32_t i = 0; i < r->n_next; i++) {
		how = meets(r, &r->prog->nodes[r->next[i].node], word);
		if (how > best)
			best = how;
	}
	if (best == SYN_NO)
		return false;
	r->n_live = 0;
	for (uint32_t i = 0; i < r->n_next; i++)
		if (meets(r, &r->prog->nodes[r->next[i].node], word) == best &&
			!push_step(r, &r->next[i]))
			return false;
	look_ahead(r);
	return true;
}

bool syn_run_ambiguous(const struct syn_run *r)
{
	for (uint32_t i = 0; i < r->n_live; i++) {
		if (r->steps[r->live[i]].doubtful)
			return true;
		if (!syn_same_reading(r, r->live[0], r->live[i]))
			return true;
	}
	return false;
}

void syn_run_path(const struct syn_run *r, uint32_t step, char *buf, size_t cap)
{
	uint32_t chain[16];
	size_t n = 0, used = 0;

	buf[0] = '\0';
	for (; step != SYN_NONE && n < 16; step = r->steps[step].prev)
		chain[n++] = step;
	while (n > 0 && used < cap) {
		const struct syn_node *node = step_node(r, chain[--n]);

		used += (size_t)snprintf(
			buf + used, cap - used, "%s%.*s", used ? " " : "", node->len, node->text);
	}
}
