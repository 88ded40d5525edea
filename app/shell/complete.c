/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Completion: the words before the last one are walked through the automaton; what could come next
 * and begins like the last word is offered, live names included.
 */
#include "app/shell/syntax.h"

#include <string.h>

void cmd_candidate(json_t *to, const char *prefix, const char *word, const char *help)
{
	json_t *have, *one;
	size_t i;

	if (strncmp(word, prefix, strlen(prefix)) != 0)
		return;
	json_array_foreach (to, i, have) {
		const char *w = json_string_value(json_object_get(have, "word"));
		const char *h = json_string_value(json_object_get(have, "help"));

		if (strcmp(w, word) == 0 && (*word || strcmp(h, help) == 0))
			return;
	}
	one = json_pack("{s:s, s:s}", "word", word, "help", help);
	if (one)
		json_array_append_new(to, one);
}

/* The word of a candidate node with what follows it: help of its row when the row is complete
 * behind it or is the only one, else the words that can follow. */
static void literal_help(
	const struct syn_run *r, const struct syn_node *node, char *buf, size_t cap)
{
	const struct syn_node *last = NULL;
	unsigned rows = 0;
	size_t used = 0;

	for (uint32_t i = 0; i < r->n_next; i++)
		rows += syn_same_text(&r->prog->nodes[r->next[i].node], node);
	if (rows == 1 || r->prog->nodes[node->next].op != SYN_WORD) {
		snprintf(buf, cap, "%s", node->row->help);
		return;
	}
	buf[0] = '\0';
	for (uint32_t i = 0; i < r->n_next && used < cap; i++) {
		const struct syn_node *n = &r->prog->nodes[r->next[i].node], *after;

		if (!syn_same_text(n, node))
			continue;
		after = &r->prog->nodes[n->next];
		if (after->op != SYN_WORD || (last && syn_same_text(last, after)))
			continue;
		last = after;
		used += (size_t)snprintf(buf + used, cap - used, "%s%.*s", used ? ", " : "",
			after->len, after->text);
	}
}

static void offer_node(
	const struct syn_run *r, const struct syn_node *node, const char *prefix, json_t *to)
{
	char word[64], help[256];

	if (node->op == SYN_WORD) {
		snprintf(word, sizeof(word), "%.*s", node->len, node->text);
		if (strncmp(word, prefix, strlen(prefix)) != 0)
			return;
		literal_help(r, node, help, sizeof(help));
		cmd_candidate(to, prefix, word, help);
		return;
	}
	if (node->kind->complete)
		node->kind->complete(r->app, prefix, to);
	else if (!*prefix) {
		snprintf(help, sizeof(help), "%s: %s", node->kind->name, node->kind->what);
		cmd_candidate(to, "", "", help);
	}
}

void syn_run_offer(const struct syn_run *r, const char *prefix, json_t *to)
{
	for (uint32_t i = 0; i < r->n_next; i++)
		offer_node(r, &r->prog->nodes[r->next[i].node], prefix, to);
}

static void complete_words(struct app *app, const struct syn_words *w, json_t *to)
{
	size_t before = w->open ? w->n - 1 : w->n;
	const char *prefix = w->open ? w->v[w->n - 1] : "";
	struct syn_run run;

	if (syn_run_init(&run, app))
		return;
	for (size_t i = 0; i < before; i++)
		if (!syn_run_word(&run, w->v[i])) {
			syn_run_fini(&run);
			return;
		}
	syn_run_offer(&run, prefix, to);
	syn_run_fini(&run);
}

json_t *cmd_complete(struct app *app, const char *line)
{
	json_t *to = json_array();
	struct syn_words words;
	char err[128];

	if (!to || syn_split(line, true, &words, err, sizeof(err)))
		return to;
	complete_words(app, &words, to);
	syn_words_fini(&words);
	return to;
}
