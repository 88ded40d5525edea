/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Syntax strings to an automaton. Each construct is compiled knowing what follows it, so a
 * sequence is compiled from its last item to its first.
 */
#include "app/shell/syntax.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 32

/* A piece of a syntax string. */
struct range {
	const char *from, *to;
};

static uint32_t add_node(struct syn_prog *p, const struct syn_node *node)
{
	struct syn_node *grown;

	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 256;
		grown = realloc(p->nodes, p->cap * sizeof(*grown));
		if (!grown)
			abort(); /* at the first command only: a few kilobytes */
		p->nodes = grown;
	}
	p->nodes[p->n] = *node;
	return p->n++;
}

/* Behind the bracket that closes the one at s. */
static const char *skip_group(const char *s, const char *end)
{
	int depth = 0;

	for (; s < end; s++) {
		if (*s == '[' || *s == '{')
			depth++;
		if ((*s == ']' || *s == '}') && --depth == 0)
			return s + 1;
	}
	assert(!"bracket not closed in a syntax string");
	return end;
}

static bool dots_at(const char *s, const char *end)
{
	return end - s >= 3 && memcmp(s, "...", 3) == 0;
}

static bool ends_in_dots(struct range r)
{
	return r.to - r.from > 3 && dots_at(r.to - 3, r.to);
}

/* The item at s (a word or group with its dots). */
static struct range item_at(const char *s, const char *end)
{
	struct range item = {s, s};

	if (*s == '[' || *s == '{') {
		item.to = skip_group(s, end);
	} else {
		while (item.to < end && *item.to != ' ' && !strchr("[]{}|", *item.to) &&
			!dots_at(item.to, end))
			item.to++;
		assert(item.to > s);
	}
	if (dots_at(item.to, end))
		item.to += 3;
	return item;
}

static const struct cmd_kind *find_kind(const char *text, size_t len)
{
	for (size_t i = 0; i < cmd_n_kinds; i++)
		if (strlen(cmd_kinds[i].name) == len && memcmp(cmd_kinds[i].name, text, len) == 0)
			return &cmd_kinds[i];
	return NULL;
}

static uint32_t compile_alternatives(
	struct syn_prog *p, const struct cmd *row, struct range r, uint32_t next);

static uint32_t compile_token(
	struct syn_prog *p, const struct cmd *row, struct range r, uint32_t next)
{
	bool dots = ends_in_dots(r);
	struct syn_node node = {.text = r.from, .next = next, .row = row};

	node.len = (uint8_t)(r.to - r.from - (dots ? 3 : 0));
	if (!isupper((unsigned char)*r.from)) {
		assert(!dots);
		node.op = SYN_WORD;
		return add_node(p, &node);
	}
	node.kind = find_kind(node.text, node.len);
	assert(node.kind && "argument without a kind");
	node.op = dots ? SYN_REST : SYN_ARG;
	return add_node(p, &node);
}

static uint32_t compile_group(
	struct syn_prog *p, const struct cmd *row, struct range r, uint32_t next)
{
	struct syn_node split = {.op = SYN_SPLIT, .next = SYN_NONE, .alt = next, .row = row};
	bool dots = ends_in_dots(r), optional = *r.from == '[';
	struct range inner = {r.from + 1, r.to - (dots ? 4 : 1)};
	uint32_t at, start;

	if (!dots && !optional)
		return compile_alternatives(p, row, inner, next);
	at = add_node(p, &split);
	start = compile_alternatives(p, row, inner, dots ? at : next);
	p->nodes[at].next = start;
	return optional ? at : start;
}

static uint32_t compile_sequence(
	struct syn_prog *p, const struct cmd *row, struct range r, uint32_t next)
{
	struct range items[ITEMS_MAX];
	size_t n = 0;

	while (r.from < r.to) {
		if (*r.from == ' ') {
			r.from++;
			continue;
		}
		assert(n < ITEMS_MAX);
		items[n] = item_at(r.from, r.to);
		r.from = items[n++].to;
	}
	while (n > 0) {
		struct range item = items[--n];

		if (*item.from == '[' || *item.from == '{')
			next = compile_group(p, row, item, next);
		else
			next = compile_token(p, row, item, next);
	}
	return next;
}

static uint32_t compile_alternatives(
	struct syn_prog *p, const struct cmd *row, struct range r, uint32_t next)
{
	struct syn_node split = {.op = SYN_SPLIT, .row = row};
	struct range first = r;
	uint32_t one, other;
	const char *s = r.from;

	while (s < r.to && *s != '|')
		s = *s == '[' || *s == '{' ? skip_group(s, r.to) : s + 1;
	first.to = s;
	one = compile_sequence(p, row, first, next);
	if (s == r.to)
		return one;
	other = compile_alternatives(p, row, (struct range){s + 1, r.to}, next);
	split.next = one;
	split.alt = other;
	return add_node(p, &split);
}

static void compile_row(struct syn_prog *p, const struct cmd *row)
{
	struct syn_node end = {.op = SYN_END, .row = row};
	struct range all = {row->syntax, row->syntax + strlen(row->syntax)};

	p->starts[p->n_rows++] = compile_sequence(p, row, all, add_node(p, &end));
}

const struct syn_prog *syn_prog_get(void)
{
	static struct syn_prog prog;
	size_t rows = 0;

	if (prog.starts)
		return &prog;
	for (size_t t = 0; t < cmd_n_tables; t++)
		for (const struct cmd *row = cmd_tables[t]; row->syntax; row++)
			rows++;
	prog.starts = calloc(rows ? rows : 1, sizeof(*prog.starts));
	if (!prog.starts)
		return NULL;
	for (size_t t = 0; t < cmd_n_tables; t++)
		for (const struct cmd *row = cmd_tables[t]; row->syntax; row++)
			compile_row(&prog, row);
	return &prog;
}

const char *syn_node_what(const struct syn_node *node)
{
	return node->kind ? node->kind->what : "";
}
