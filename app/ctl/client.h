/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * stargctl's end of the control socket: one request, one answer, with a time limit.
 */
#pragma once

#include <jansson.h>
#include <signal.h>
#include <stddef.h>

struct client {
	int fd;
	int timeout_ms; /* -1: waits for ever */
	char *buf;      /* what has come behind the last answer */
	size_t len, cap;
	const char *path;
	/* how far a command is that takes its time; may be NULL */
	void (*progress)(const char *text);
	/* set (by a signal): the command that is waited for shall end; taken back. May be NULL. */
	volatile sig_atomic_t *interrupted;
};

/* 0, or -errno with a sentence in err: cause and what to do. path is borrowed. */
int client_open(struct client *c, const char *path, int timeout_ms, char *err, size_t cap);
void client_close(struct client *c);
/* Sends request (taken) and gives the answer, to be decref'd; NULL with a sentence in err. The
 * connection is of no more use then. */
json_t *client_ask(struct client *c, json_t *request, char *err, size_t cap);
