/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The control socket: the command table for stargctl and for programs, over a Unix stream socket.
 *
 * One JSON object a line in both directions:
 *   {"command": "show mroute", "format": "text" | "json"}      text by default
 *   {"complete": "show m"}
 * answered in order by
 *   {"status": 0 | 1, "output": text or value, "error": "...", "quit": true}
 * with error only when status is 1, and quit only when the connection ends. A command that waits for
 * something (trace) says {"progress": "..."} at least every two seconds before its answer, keeps the
 * requests behind it waiting, and ends early on
 *   {"cancel": true}
 * as the next request, which has no answer of its own, or when the client leaves.
 */
#pragma once

#include <stddef.h>

struct api;
struct app;

/* Clients at once; one more is told so and closed. */
#define API_CLIENTS_MAX 128
/* Longest request line. A command of CMD_LINE_MAX bytes fits however it is escaped. */
#define API_REQUEST_MAX (512 * 1024)
/* Longest answer; a longer one is replaced by an error that says how to ask for less. */
#define API_ANSWER_MAX (16 * 1024 * 1024)
/* Answers that wait for clients to read them, all together. */
#define API_PENDING_MAX (64 * 1024 * 1024)

/* Listens on path: directories are made as needed (0755), a socket that nobody serves any more is
 * replaced, mode 0660. 0, or -errno with a sentence in err: path, cause, mending command. */
int api_new(struct api **out, struct app *app, const char *path, char *err, size_t cap);
/* Sends what the clients take at once, closes, removes the socket. NULL: nothing. */
void api_free(struct api *api);
/* Connected clients. */
unsigned api_clients(const struct api *api);
