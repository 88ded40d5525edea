/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * help: the command table for a person.
 */
#include "app/shell/syntax.h"
#include "app/shell/value.h"

#include <stdlib.h>
#include <string.h>

#define SYNTAX_COLUMN 34

/* Whether the row's words begin like those asked for: "sh mr" finds show mroute. */
static bool asked_for(const struct cmd *row, const struct syn_words *asked)
{
	const char *s = row->syntax;

	for (size_t i = 0; i < asked->n; i++) {
		size_t len = strcspn(s, " ");

		if (strncmp(s, asked->v[i], strlen(asked->v[i])) != 0 || strlen(asked->v[i]) > len)
			return false;
		s += len;
		s += *s == ' ';
	}
	return true;
}

static void put_kinds(json_t *o, const char *syntax)
{
	json_t *kinds = put_object(o, "arguments");
	size_t len;

	while (*syntax) {
		len = strcspn(syntax, " []{}|.");
		for (size_t i = 0; len && i < cmd_n_kinds; i++)
			if (strlen(cmd_kinds[i].name) == len &&
				memcmp(cmd_kinds[i].name, syntax, len) == 0)
				put_text(kinds, cmd_kinds[i].name, cmd_kinds[i].what);
		syntax += len ? len : 1;
	}
}

static void help(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct syn_words asked;
	json_t *list, *o;

	if (syn_split(args->rest, true, &asked, out->error, sizeof(out->error))) {
		out->status = 1;
		return;
	}
	out->value = json_object();
	list = put_array(out->value, "commands");
	for (size_t t = 0; t < cmd_n_tables; t++)
		for (const struct cmd *row = cmd_tables[t]; row->syntax; row++) {
			if (!asked_for(row, &asked))
				continue;
			o = add_object(list);
			put_text(o, "syntax", row->syntax);
			put_text(o, "help", row->help);
			put_kinds(o, row->syntax);
		}
	if (!json_array_size(list))
		cmd_fail(out, "no command begins with \"%s\": help alone lists them all",
			args->rest);
	syn_words_fini(&asked);
}

static void text_one(const json_t *o, bool with_arguments, FILE *to)
{
	const char *syntax = json_string_value(json_object_get(o, "syntax"));
	const char *text = json_string_value(json_object_get(o, "help")), *name;
	const json_t *what;

	if (strlen(syntax) > SYNTAX_COLUMN)
		fprintf(to, "%s\n%*s  %s\n", syntax, SYNTAX_COLUMN, "", text);
	else
		fprintf(to, "%-*s  %s\n", SYNTAX_COLUMN, syntax, text);
	if (!with_arguments)
		return;
	json_object_foreach (json_object_get(o, "arguments"), name, what)
		fprintf(to, "  %-10s %s\n", name, json_string_value(what));
}

static void text_help(const json_t *value, FILE *to)
{
	const json_t *list = json_object_get(value, "commands"), *o;
	size_t n = json_array_size(list), i;

	json_array_foreach (list, i, o)
		text_one(o, n <= 3, to);
	if (n > 3)
		fputs("\n[X] may be left out, {a|b} is a choice, X... may be repeated. Words may be "
		      "shortened.\nTab completes; ? lists what fits. help COMMAND tells more.\n",
			to);
}

const struct cmd help_cmds[] = {
	{"help [COMMAND...]", "lists the commands, or those that begin with the words", help,
		text_help},
	{"? [COMMAND...]", "the same", help, text_help},
	{NULL, NULL, NULL, NULL},
};
