/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the API: one request line to its answer line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct app;

/* The answer to a request of len bytes: one line with its newline, to be freed; its length in
 * *answer_len. NULL: no memory. *quit: the connection ends behind it. */
char *request_answer(struct app *app, const char *line, size_t len, size_t *answer_len, bool *quit);
/* An answer that says only what is wrong. */
char *request_refusal(const char *error, size_t *answer_len);
