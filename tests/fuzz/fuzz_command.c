/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Lines of the shell and requests of the control socket, on a small table of the target's own whose handlers
 * only look at what they are given. First byte: a line to run, a line to complete, or a request.
 *
 * What must hold: a line ends in a row or in a sentence; the words a handler sees are those of its row; an
 * answer is one line of JSON with a status; a completion goes on from what was typed.
 */
#include "app/api/request.h"
#include "app/api/socket.h"
#include "app/shell/command.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(cond)                                                                          \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                             \
		}                                                                            \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned ran;

static void words_check(const struct cmd_args *args)
{
	CHECK(args->n && args->words && args->kinds && args->rest);
	for (size_t i = 0; i < args->n; i++)
		CHECK(args->words[i] && strlen(args->words[i]) <= CMD_LINE_MAX);
	ran++;
}

static void run_any(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	words_check(args);
}

static void run_value(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	words_check(args);
	out->value = json_pack(
		"{s:s?, s:[{s:i}, {s:i}]}", "text", cmd_arg(args, "TEXT"), "rows", "a", 1, "a", 2);
}

static void run_fails(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	words_check(args);
	cmd_fail(out, "not %s: try another", args->rest);
}

static void run_quit(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	words_check(args);
	out->quit = true;
}

static const struct cmd rows[] = {
	{"show port [stats|info] [PORT|all]", "ports", run_any, NULL},
	{"show mroute [NUMBER] [LETTER]", "routes", run_any, NULL},
	{"show mroute count", "counters", run_any, NULL},
	{"show memory", "memory", run_value, NULL},
	{"set port PORT {up|down}", "sets", run_any, NULL},
	{"add NUMBER {in {any|PORT} | out PORT [ttl NUMBER | quiet]...}...", "adds", run_any, NULL},
	{"say [TEXT...]", "says", run_value, NULL},
	{"refuse TEXT...", "refuses", run_fails, NULL},
	{"quit", "ends", run_quit, NULL},
	{NULL, NULL, NULL, NULL},
};
const struct cmd *const cmd_tables[] = {rows};
const size_t cmd_n_tables = 1;

static bool is_number(struct app *app, const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

static bool is_letter(struct app *app, const char *word)
{
	return strlen(word) == 1 && *word >= 'a' && *word <= 'z';
}

static bool is_port(struct app *app, const char *word)
{
	return strcmp(word, "p0") == 0 || strcmp(word, "p1") == 0 || strcmp(word, "stat") == 0;
}

static void complete_port(struct app *app, const char *prefix, json_t *to)
{
	cmd_candidate(to, prefix, "p0", "first");
	cmd_candidate(to, prefix, "p1", "second");
}

const struct cmd_kind cmd_kinds[] = {
	{"PORT", "name of a port", is_port, complete_port},
	{"NUMBER", "a number", is_number, NULL},
	{"LETTER", "a letter", is_letter, NULL},
	{"TEXT", "text", NULL, NULL},
};
const size_t cmd_n_kinds = 4;

static void line_run(const char *line)
{
	struct cmd_result r;
	char *text = NULL;
	size_t len;
	FILE *f;

	ran = 0;
	cmd_run(NULL, line, &r);
	CHECK(ran <= 1 && (r.status == 0 || r.status == 1));
	CHECK(strlen(r.error) < sizeof(r.error) && !*r.error == !r.status);
	f = open_memstream(&text, &len);
	CHECK(f);
	cmd_result_print(&r, f);
	fclose(f);
	free(text);
	cmd_result_fini(&r);
}

static void line_complete(const char *line)
{
	json_t *words = cmd_complete(NULL, line), *w;
	size_t i;

	CHECK(json_is_array(words));
	json_array_foreach (words, i, w)
		CHECK(json_string_value(json_object_get(w, "word")) &&
			json_string_value(json_object_get(w, "help")));
	json_decref(words);
}

static void request(const char *line, size_t len)
{
	size_t answer_len = 0;
	struct request out;
	char *answer = request_answer(NULL, line, len, &answer_len, &out);
	json_t *o;

	CHECK(!out.wait); /* no row's handler waits */
	CHECK(out.cancel == !answer);
	if (out.cancel)
		return;
	CHECK(answer_len >= 2 && answer_len <= API_ANSWER_MAX + 1);
	CHECK(memchr(answer, '\n', answer_len) == answer + answer_len - 1);
	o = json_loadb(answer, answer_len, 0, NULL);
	CHECK(json_is_object(o) && json_is_integer(json_object_get(o, "status")));
	CHECK(!json_object_get(o, "error") ==
		(json_integer_value(json_object_get(o, "status")) == 0));
	json_decref(o);
	free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line;

	if (size < 1)
		return 0;
	line = malloc(size);
	CHECK(line);
	memcpy(line, data + 1, size - 1);
	line[size - 1] = '\0';
	if (data[0] % 3 == 0)
		line_run(line);
	else if (data[0] % 3 == 1)
		line_complete(line);
	else
		request(line, size - 1);
	free(line);
	return 0;
}
