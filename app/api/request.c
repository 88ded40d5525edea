/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * One request line to its answer line, over the shell's command table.
 */
#include "app/api/request.h"

#include "app/api/socket.h"
#include "app/shell/command.h"

#include <stdlib.h>
#include <string.h>

/* Text as a JSON string; bytes that are no UTF-8 (a file name in an error) become '?'. */
static json_t *text_json(const char *text, size_t len)
{
	json_t *s = json_stringn(text, len);
	char *copy;

	if (s)
		return s;
	copy = malloc(len + 1);
	if (!copy)
		return NULL;
	for (size_t i = 0; i < len; i++)
		copy[i] = (signed char)text[i] < 0 ? '?' : text[i];
	s = json_stringn(copy, len);
	free(copy);
	return s;
}

/* Takes answer; a line of text. */
static char *answer_line(json_t *answer, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);
	int rc;

	if (!f) {
		json_decref(answer);
		return NULL;
	}
	rc = json_dumpf(answer, f, JSON_COMPACT);
	fputc('\n', f);
	json_decref(answer);
	if (fclose(f) == 0 && rc == 0)
		return text;
	free(text);
	return NULL;
}

static json_t *refusal(const char *error)
{
	json_t *o = json_pack("{s:i}", "status", 1);

	json_object_set_new(o, "error", text_json(error, strlen(error)));
	return o;
}

char *request_refusal(const char *error, size_t *answer_len)
{
	return answer_line(refusal(error), answer_len);
}

static json_t *as_text(const struct cmd_result *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	json_t *s;

	if (!f)
		return NULL;
	cmd_result_print(r, f);
	fclose(f);
	s = text_json(text ? text : "", len);
	free(text);
	return s;
}

/* Takes r. */
static json_t *result_json(struct cmd_result *r, bool json, bool *quit)
{
	json_t *o;

	*quit = r->quit || r->stop;
	if (r->status) {
		o = refusal(r->error);
	} else {
		o = json_pack("{s:i}", "status", 0);
		if (!json)
			json_object_set_new(o, "output", as_text(r));
		else if (r->value)
			json_object_set(o, "output", r->value);
		else
			json_object_set_new(o, "output", json_null());
	}
	if (*quit)
		json_object_set_new(o, "quit", json_true());
	cmd_result_fini(r);
	return o;
}

/* NULL: the answer comes later. */
static json_t *run_command(struct app *app, const char *line, struct request *out)
{
	struct cmd_result r;

	cmd_run(app, line, &r);
	out->wait = r.wait;
	r.wait = NULL;
	if (!out->wait)
		return result_json(&r, out->json, &out->quit);
	cmd_result_fini(&r);
	return NULL;
}

static json_t *answer_request(struct app *app, const json_t *request, struct request *out)
{
	const json_t *command = json_object_get(request, "command");
	const json_t *complete = json_object_get(request, "complete");
	const json_t *format = json_object_get(request, "format");
	const char *name = json_string_value(format);
	json_t *o;

	if (json_is_true(json_object_get(request, "cancel"))) {
		out->cancel = true;
		return NULL;
	}
	if (json_is_string(complete)) {
		o = json_pack("{s:i}", "status", 0);
		json_object_set_new(o, "output", cmd_complete(app, json_string_value(complete)));
		return o;
	}
	if (!json_is_string(command))
		return refusal(
			"the request has neither \"command\" nor \"complete\" with a string: "
			"send {\"command\": \"help\"}");
	if (format && (!name || (strcmp(name, "json") != 0 && strcmp(name, "text") != 0)))
		return refusal("\"format\" is neither \"text\" nor \"json\"");
	out->json = name && *name == 'j';
	return run_command(app, json_string_value(command), out);
}

/* Takes answer; a line, or one that says that it would be too long. */
static char *bounded_line(json_t *answer, size_t *len)
{
	char *made = answer_line(answer, len), text[512];

	if (!made || *len <= API_ANSWER_MAX)
		return made;
	snprintf(text, sizeof(text),
		"the answer has %zu bytes, more than the %d one answer may have: ask for less, with a "
		"SRC, GRP or ADDR, or `limit N`",
		*len, API_ANSWER_MAX);
	free(made);
	return request_refusal(text, len);
}

char *request_answer(
	struct app *app, const char *line, size_t len, size_t *answer_len, struct request *out)
{
	json_error_t where;
	json_t *request = json_loadb(line, len, 0, &where);
	json_t *answer;
	char text[512];

	*out = (struct request){0};
	if (json_is_object(request)) {
		answer = answer_request(app, request, out);
	} else {
		snprintf(text, sizeof(text),
			"the request is not a JSON object on one line (%s): send {\"command\": "
			"\"help\"}",
			request ? "another kind of value" : where.text);
		answer = refusal(text);
	}
	json_decref(request);
	return out->wait || out->cancel ? NULL : bounded_line(answer, answer_len);
}

char *request_done(struct cmd_result *r, bool json, size_t *answer_len, bool *quit)
{
	return bounded_line(result_json(r, json, quit), answer_len);
}

char *request_progress(const char *text, size_t *len)
{
	json_t *o = json_object();

	json_object_set_new(o, "progress", text_json(text, strlen(text)));
	return answer_line(o, len);
}

bool request_is_cancel(const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, 0, NULL);
	bool yes = json_is_true(json_object_get(request, "cancel"));

	json_decref(request);
	return yes;
}
