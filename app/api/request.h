/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the API: one request line to its answer line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct app;
struct cmd_result;
struct cmd_wait;

/* What a request is besides its answer. */
struct request {
	bool quit;             /* the connection ends behind the answer */
	bool json;             /* the command's format */
	bool cancel;           /* wants the command before it to end; has no answer */
	struct cmd_wait *wait; /* the answer comes later, by request_done; taken over */
};

/* The answer to a request of len bytes: one line with its newline, to be freed; its length in
 * *answer_len. NULL: no memory, or the answer comes later, or there is none (see out). */
char *request_answer(
	struct app *app, const char *line, size_t len, size_t *answer_len, struct request *out);
/* The answer of a command that is done now; r is fini'd. */
char *request_done(struct cmd_result *r, bool json, size_t *answer_len, bool *quit);
/* A line that says how far a command is: no answer yet. */
char *request_progress(const char *text, size_t *len);
/* Whether a request asks for the end of the command before it. */
bool request_is_cancel(const char *line, size_t len);
/* An answer that says only what is wrong. */
char *request_refusal(const char *error, size_t *answer_len);
