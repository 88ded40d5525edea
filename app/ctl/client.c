/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * stargctl's end of the control socket.
 */
#include "app/ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say_refused(const char *path, int error, char *err, size_t cap)
{
	if (error == ENOENT || error == ECONNREFUSED)
		snprintf(err, cap,
			"stargd is not running or uses another socket: %s: %s; start it (stargd -c "
			"FILE), or give control.socket of its file with -s SOCKET",
			path, strerror(error));
	else if (error == EACCES || error == EPERM)
		snprintf(err, cap, "%s: %s: run stargctl as the user of stargd (sudo stargctl ...)",
			path, strerror(error));
	else if (error == EAGAIN)
		snprintf(err, cap, "%s: stargd does not accept connections: it is busy; try again",
			path);
	else
		snprintf(err, cap, "%s: cannot connect: %s", path, strerror(error));
}

int client_open(struct client *c, const char *path, int timeout_ms, char *err, size_t cap)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int rc;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	c->path = path;
	c->timeout_ms = timeout_ms;
	if (strlen(path) >= sizeof(addr.sun_path)) {
		snprintf(err, cap, "%s: longer than the path of a socket can be (%zu bytes)", path,
			sizeof(addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&addr, sizeof(addr))) {
		rc = -errno;
		say_refused(path, -rc, err, cap);
		client_close(c);
		return rc;
	}
	return 0;
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	free(c->buf);
	c->buf = NULL;
	c->len = c->cap = 0;
}

/* Waits for events until the time limit. False: err says why. */
static bool wait_for(struct client *c, short events, int64_t until, char *err, size_t cap)
{
	struct pollfd p = {.fd = c->fd, .events = events};
	int64_t left = until - now_ms();
	int n;

	n = poll(&p, 1, c->timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0);
	if (n > 0 || (n < 0 && errno == EINTR))
		return true;
	snprintf(err, cap, "%s: no answer within %d s: stargd is busy; give it longer with -t",
		c->path, c->timeout_ms / 1000);
	return false;
}

/* False: the other end is gone (what it said before may still be read), or time is up (err). */
static bool send_all(
	struct client *c, const char *data, size_t len, int64_t until, char *err, size_t cap)
{
	while (len > 0) {
		ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN && errno != EINTR) {
			return true; /* its refusal waits to be read */
		} else if (!wait_for(c, POLLOUT, until, err, cap)) {
			return false;
		}
	}
	return true;
}

static bool receive_some(struct client *c, int64_t until, char *err, size_t cap)
{
	ssize_t n;

	if (c->len + 65536 > c->cap) {
		char *grown = realloc(c->buf, c->cap * 2 + 65536);

		if (!grown) {
			snprintf(err, cap, "no memory for the answer");
			return false;
		}
		c->buf = grown;
		c->cap = c->cap * 2 + 65536;
	}
	n = recv(c->fd, c->buf + c->len, c->cap - c->len, 0);
	if (n > 0) {
		c->len += (size_t)n;
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return wait_for(c, POLLIN, until, err, cap);
	snprintf(err, cap, "%s: stargd closed the connection%s%s", c->path, n < 0 ? ": " : "",
		n < 0 ? strerror(errno) : "");
	return false;
}

/* Asks for the end of the command that is waited for: its answer comes as ever. */
static void ask_cancel(struct client *c)
{
	static const char line[] = "{\"cancel\": true}\n";

	*c->interrupted = 0;
	(void)!send(c->fd, line, sizeof(line) - 1, MSG_NOSIGNAL);
}

/* Takes one line out of buf. */
static json_t *take_answer(struct client *c, size_t line_len, char *err, size_t cap)
{
	json_error_t where;
	json_t *answer = json_loadb(c->buf, line_len, 0, &where);

	memmove(c->buf, c->buf + line_len + 1, c->len - line_len - 1);
	c->len -= line_len + 1;
	if (json_is_object(answer))
		return answer;
	json_decref(answer);
	snprintf(err, cap, "%s: what answers there is no stargd: %s", c->path, where.text);
	return NULL;
}

/* Whether this is no answer yet, but how far it is; taken then. */
static bool take_progress(struct client *c, json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "progress"));

	if (!text)
		return false;
	if (c->progress)
		c->progress(text);
	json_decref(answer);
	return true;
}

json_t *client_ask(struct client *c, json_t *request, char *err, size_t cap)
{
	int64_t until = now_ms() + c->timeout_ms;
	char *text = json_dumps(request, JSON_COMPACT), *end;
	size_t searched = 0;
	bool sent;

	json_decref(request);
	if (!text) {
		snprintf(err, cap, "the command is no text (UTF-8)");
		return NULL;
	}
	sent = send_all(c, text, strlen(text), until, err, cap) &&
	       send_all(c, "\n", 1, until, err, cap);
	free(text);
	if (!sent)
		return NULL;
	for (;;) {
		end = c->len > searched ? memchr(c->buf + searched, '\n', c->len - searched) : NULL;
		if (end) {
			json_t *answer = take_answer(c, (size_t)(end - c->buf), err, cap);

			if (!take_progress(c, answer))
				return answer;
			until = now_ms() + c->timeout_ms;
			searched = 0;
			continue;
		}
		searched = c->len;
		if (c->interrupted && *c->interrupted)
			ask_cancel(c);
		if (!receive_some(c, until, err, cap))
			return NULL;
	}
}
