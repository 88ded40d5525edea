/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A line to its row: matched, arguments handed over, run, answered.
 */
#include "app/shell/command.h"
#include "app/shell/suggest.h"
#include "app/shell/syntax.h"
#include "app/shell/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void cmd_fail(struct cmd_result *out, const char *fmt, ...)
{
	va_list ap;

	out->status = 1;
	va_start(ap, fmt);
	vsnprintf(out->error, sizeof(out->error), fmt, ap);
	va_end(ap);
}

const char *cmd_arg(const struct cmd_args *args, const char *name)
{
	for (size_t i = 0; i < args->n; i++)
		if (args->kinds[i] && strcmp(args->kinds[i], name) == 0)
			return args->words[i];
	return NULL;
}

bool cmd_has(const struct cmd_args *args, const char *word)
{
	for (size_t i = 0; i < args->n; i++)
		if (!args->kinds[i] && strcmp(args->words[i], word) == 0)
			return true;
	return false;
}

static void args_fini(struct cmd_args *args)
{
	for (size_t i = 0; i < args->n; i++) {
		free(args->words[i]);
		free(args->kinds[i]);
	}
	free(args->words);
	free(args->kinds);
}

/* One word of the accepted reading: the literal in full, or the argument as typed. */
static bool args_set(
	struct cmd_args *args, size_t i, const struct syn_node *node, const char *typed)
{
	if (node->op == SYN_WORD) {
		args->words[i] = strndup(node->text, node->len);
		return args->words[i] != NULL;
	}
	args->words[i] = strdup(typed);
	args->kinds[i] = strndup(node->text, node->len);
	return args->words[i] && args->kinds[i];
}

static bool args_make(struct cmd_args *args, const struct syn_run *run, const struct syn_words *w,
	const char *line)
{
	uint32_t step = run->accept_step;
	bool ok = true;

	memset(args, 0, sizeof(*args));
	args->rest = "";
	args->words = calloc(w->n, sizeof(*args->words));
	args->kinds = calloc(w->n, sizeof(*args->kinds));
	if (!args->words || !args->kinds)
		return false;
	args->n = w->n;
	for (size_t i = w->n; i > 0; step = run->steps[step].prev) {
		const struct syn_node *node = &run->prog->nodes[run->steps[step].node];

		i--;
		ok &= args_set(args, i, node, w->v[i]);
		if (node->op == SYN_REST)
			args->rest = line + w->at[i];
	}
	return ok;
}

static void run_row(struct app *app, const struct syn_run *run, const struct syn_words *w,
	const char *line, struct cmd_result *out)
{
	struct cmd_args args;

	out->cmd = run->accept_row;
	if (args_make(&args, run, w, line))
		out->cmd->run(app, &args, out);
	else
		cmd_fail(out, "no memory for the command");
	if (out->wait)
		out->wait->cmd = out->cmd;
	args_fini(&args);
}

static void run_words(
	struct app *app, const struct syn_words *w, const char *line, struct cmd_result *out)
{
	struct syn_run run;

	if (syn_run_init(&run, app)) {
		cmd_fail(out, "no memory for the command");
		return;
	}
	for (size_t i = 0; i < w->n; i++) {
		if (syn_run_word(&run, w->v[i]))
			continue;
		suggest_wrong_word(&run, w, i, out);
		syn_run_fini(&run);
		return;
	}
	if (syn_run_ambiguous(&run))
		suggest_ambiguous(&run, w, out);
	else if (!run.accepts)
		suggest_incomplete(&run, out);
	else
		run_row(app, &run, w, line, out);
	syn_run_fini(&run);
}

void cmd_run(struct app *app, const char *line, struct cmd_result *out)
{
	struct syn_words words;

	memset(out, 0, sizeof(*out));
	if (syn_split(line, false, &words, out->error, sizeof(out->error))) {
		out->status = 1;
		return;
	}
	if (cmd_is_question(&words, line))
		cmd_question(app, &words, out);
	else if (words.n)
		run_words(app, &words, line, out);
	syn_words_fini(&words);
}

void cmd_result_fini(struct cmd_result *r)
{
	if (r->wait)
		r->wait->forget(r->wait);
	r->wait = NULL;
	json_decref(r->value);
	r->value = NULL;
}

void cmd_result_print(const struct cmd_result *r, FILE *to)
{
	if (!r->value)
		return;
	if (r->cmd && r->cmd->text)
		r->cmd->text(r->value, to);
	else
		text_value(r->value, to);
}
