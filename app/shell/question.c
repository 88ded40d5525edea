/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A ? as the last word of a line: what may stand in its place, as the key ? lists it while a line is typed. For
 * lines that come in one piece, from stargctl's command line or a file.
 */
#include "app/shell/suggest.h"
#include "app/shell/syntax.h"

#include <string.h>

static void text_question(const json_t *value, FILE *to)
{
	const json_t *list = json_object_get(value, "words"), *o;
	size_t i;

	json_array_foreach (list, i, o) {
		const char *word = json_string_value(json_object_get(o, "word"));
		const char *help = json_string_value(json_object_get(o, "help"));

		if (*word)
			fprintf(to, "%-20s %s\n", word, help);
		else
			fprintf(to, "%s\n", help);
	}
	if (json_is_true(json_object_get(value, "complete")))
		fprintf(to, "%-20s %s\n", "(end of line)", "runs the command");
}

/* Of no table: it is an answer's text only. */
static const struct cmd question = {.syntax = "?", .text = text_question};

bool cmd_is_question(const struct syn_words *w, const char *line)
{
	return w->n > 1 && strcmp(w->v[w->n - 1], "?") == 0 && line[w->at[w->n - 1]] == '?';
}

void cmd_question(struct app *app, const struct syn_words *w, struct cmd_result *out)
{
	json_t *words;
	struct syn_run run;

	if (syn_run_init(&run, app)) {
		cmd_fail(out, "no memory for the command");
		return;
	}
	for (size_t i = 0; i + 1 < w->n; i++)
		if (!syn_run_word(&run, w->v[i])) {
			suggest_wrong_word(&run, w, i, out);
			syn_run_fini(&run);
			return;
		}
	out->cmd = &question;
	out->value = json_object();
	words = json_array();
	syn_run_offer(&run, "", words);
	json_object_set_new(out->value, "words", words);
	json_object_set_new(
		out->value, "complete", json_boolean(run.accepts && !syn_run_ambiguous(&run)));
	syn_run_fini(&run);
}
