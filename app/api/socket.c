/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The control socket's clients. Nothing blocks: a client that does not read gets no more commands
 * run (its input is left in its socket), and is closed after a minute. One that sends much gets
 * its turn a few lines at a time, so that the protocols of the same loop are not kept waiting.
 */
#include "app/api/socket.h"

#include "app/api/listen.h"
#include "app/api/request.h"
#include "app/app.h"
#include "app/shell/command.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINES_A_TURN 16
#define UNREAD_MAX 65536 /* unread answer bytes beyond which no further command runs */
#define WRITE_TIMEOUT_S 60
#define ACCEPTS_A_TURN 32

struct client {
	struct api *api;
	struct client *next, **prev;
	struct bufferevent *bev;
	struct event *again;   /* more lines wait for the next turn */
	struct cmd_wait *wait; /* a command that is not done: the lines behind it wait */
	bool wait_json;        /* its format */
	bool ended;            /* sends no more (end of file) */
	bool closing;          /* nothing more is read: closed when the answers are out */
};

struct api {
	struct app *app;
	struct listen_socket socket;
	struct event *acceptable;
	struct event *pause; /* accepting rests while descriptors are out */
	struct client *clients;
	unsigned n_clients;
};

static struct evbuffer *client_in(const struct client *c)
{
	return bufferevent_get_input(c->bev);
}

static struct evbuffer *client_out(const struct client *c)
{
	return bufferevent_get_output(c->bev);
}

static void client_free(struct client *c)
{
	if (c->wait)
		c->wait->forget(c->wait);
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->api->n_clients--;
	if (c->again)
		event_free(c->again);
	if (c->bev)
		bufferevent_free(c->bev);
	free(c);
}

static size_t pending_bytes(const struct api *api)
{
	size_t sum = 0;

	for (const struct client *c = api->clients; c; c = c->next)
		sum += evbuffer_get_length(client_out(c));
	return sum;
}

static void free_answer(const void *data, size_t len, void *arg)
{
	free((void *)data);
}

/* Hands an answer over; without memory the client is closed: it would wait for ever. */
static void client_send(struct client *c, char *answer, size_t len)
{
	if (answer && pending_bytes(c->api) + len > API_PENDING_MAX) {
		free(answer);
		answer = request_refusal(
			"too many clients leave their answers unread: try again", &len);
	}
	if (!answer || evbuffer_add_reference(client_out(c), answer, len, free_answer, NULL)) {
		free(answer);
		c->closing = true;
	}
}

/* --- commands that take their time ---------------------------------------------------------------- */

static void on_progress(void *arg, const char *text)
{
	struct client *c = arg;
	char *line;
	size_t len;

	if (evbuffer_get_length(client_out(c)) > UNREAD_MAX)
		return;
	line = request_progress(text, &len);
	if (line)
		client_send(c, line, len);
}

/* Called from the loop or from cancel: what follows from it (more lines, the end) is done in the next turn. */
static void on_done(void *arg, struct cmd_result *r)
{
	static const struct timeval now;
	struct client *c = arg;
	size_t len = 0;
	bool quit;
	char *answer = request_done(r, c->wait_json, &len, &quit);

	c->wait = NULL;
	client_send(c, answer, len);
	c->closing |= quit;
	event_add(c->again, &now);
}

static void client_wait(struct client *c, const struct request *rq)
{
	c->wait = rq->wait;
	c->wait_json = rq->json;
	c->wait->arg = c;
	c->wait->progress = on_progress;
	c->wait->done = on_done;
	on_progress(c, "waiting");
}

/* While a command waits only the end of it may be asked for, by the next line. */
static void client_look_for_cancel(struct client *c)
{
	struct evbuffer_ptr end = evbuffer_search_eol(client_in(c), NULL, NULL, EVBUFFER_EOL_LF);
	const unsigned char *line;
	bool cancel;

	if (end.pos < 0 || end.pos > UNREAD_MAX)
		return;
	line = evbuffer_pullup(client_in(c), end.pos + 1);
	cancel = line && request_is_cancel((const char *)line, (size_t)end.pos);
	if (!cancel)
		return;
	evbuffer_drain(client_in(c), (size_t)end.pos + 1);
	c->wait->cancel(c->wait);
}

/* --- lines ---------------------------------------------------------------------------------------- */

/* Runs a line; false: there is none. */
static bool client_line(struct client *c)
{
	struct request rq;
	size_t len, answer_len = 0;
	char *line = evbuffer_readln(client_in(c), &len, EVBUFFER_EOL_LF), *answer;

	if (!line)
		return false;
	answer = request_answer(c->api->app, line, len, &answer_len, &rq);
	free(line);
	if (rq.wait)
		client_wait(c, &rq);
	else if (!rq.cancel)
		client_send(c, answer, answer_len);
	c->closing |= rq.quit;
	return true;
}

/* Runs the lines that are there, some at a time, while the client reads its answers. */
static void client_turn(struct client *c)
{
	static const struct timeval now;

	for (unsigned i = 0; i < LINES_A_TURN && !c->closing; i++) {
		if (evbuffer_get_length(client_out(c)) > UNREAD_MAX)
			return; /* on_drained goes on */
		if (c->wait)
			client_look_for_cancel(c);
		if (c->wait || !client_line(c))
			return;
	}
	if (!c->closing)
		event_add(c->again, &now);
}

/* A line that is too long, or that ends in nothing. */
static void client_check_rest(struct client *c)
{
	struct evbuffer_ptr end = evbuffer_search_eol(client_in(c), NULL, NULL, EVBUFFER_EOL_LF);
	size_t len = evbuffer_get_length(client_in(c));
	char *answer;

	if (c->closing || c->wait || end.pos >= 0)
		return;
	if (c->ended) {
		c->closing = true;
	} else if (len > API_REQUEST_MAX) {
		answer = request_refusal(
			"the request is longer than 524288 bytes: send one command a line", &len);
		client_send(c, answer, len);
		c->closing = true;
	}
}

/* Everything that follows from an event. May free the client. */
static void client_step(struct client *c)
{
	client_turn(c);
	client_check_rest(c);
	if (!c->closing)
		return;
	bufferevent_disable(c->bev, EV_READ);
	bufferevent_setwatermark(c->bev, EV_WRITE, 0, 0);
	evbuffer_drain(client_in(c), evbuffer_get_length(client_in(c)));
	if (!evbuffer_get_length(client_out(c)))
		client_free(c);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	client_step(arg);
}

static void on_drained(struct bufferevent *bev, void *arg)
{
	client_step(arg);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	client_step(arg);
}

/* At the end of its file: whether nobody reads any more either. */
static bool has_left(struct bufferevent *bev)
{
	struct pollfd p = {.fd = bufferevent_getfd(bev)};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;

	if (!(what & BEV_EVENT_EOF) || (c->wait && has_left(bev))) {
		client_free(c);
		return;
	}
	c->ended = true;
	client_step(c);
}

static bool client_new(struct api *api, int fd)
{
	static const struct timeval write_timeout = {.tv_sec = WRITE_TIMEOUT_S};
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return false;
	c->api = api;
	c->bev = bufferevent_socket_new(api->app->loop, fd, BEV_OPT_CLOSE_ON_FREE);
	c->next = api->clients;
	c->prev = &api->clients;
	if (c->next)
		c->next->prev = &c->next;
	api->clients = c;
	api->n_clients++;
	c->again = evtimer_new(api->app->loop, on_again, c);
	if (!c->bev || !c->again) {
		bool taken = c->bev != NULL;

		client_free(c);
		return taken;
	}
	bufferevent_setcb(c->bev, on_read, on_drained, on_event, c);
	/* a byte more than the longest line shows that it is too long */
	bufferevent_setwatermark(c->bev, EV_READ, 0, API_REQUEST_MAX + 1);
	bufferevent_setwatermark(c->bev, EV_WRITE, UNREAD_MAX / 2, 0);
	bufferevent_set_timeouts(c->bev, NULL, &write_timeout);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	return true;
}

static void turn_away(int fd)
{
	char text[128], *answer;
	size_t len;

	snprintf(
		text, sizeof(text), "%d clients are connected already: close one", API_CLIENTS_MAX);
	answer = request_refusal(text, &len);
	if (answer)
		(void)!send(fd, answer, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(answer);
	close(fd);
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
	static const struct timeval out_of_files = {.tv_sec = 1};
	struct api *api = arg;

	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
			/* the connection stays there to be accepted: look again later */
			event_del(api->acceptable);
			event_add(api->pause, &out_of_files);
		}
		if (fd < 0)
			return;
		if (api->n_clients >= API_CLIENTS_MAX)
			turn_away(fd);
		else if (!client_new(api, fd))
			close(fd);
	}
}

static void on_pause_end(evutil_socket_t fd, short what, void *arg)
{
	struct api *api = arg;

	event_add(api->acceptable, NULL);
}

int api_new(struct api **out, struct app *app, const char *path, char *err, size_t cap)
{
	struct api *api = calloc(1, sizeof(*api));
	int rc;

	if (!api) {
		snprintf(err, cap, "no memory for the control socket");
		return -ENOMEM;
	}
	api->app = app;
	rc = listen_open(&api->socket, path, err, cap);
	if (rc) {
		free(api);
		return rc;
	}
	signal(SIGPIPE, SIG_IGN); /* a client that left is an error of write, not our end */
	api->acceptable =
		event_new(app->loop, api->socket.fd, EV_READ | EV_PERSIST, on_accept, api);
	api->pause = evtimer_new(app->loop, on_pause_end, api);
	if (!api->acceptable || !api->pause || event_add(api->acceptable, NULL)) {
		snprintf(err, cap, "no memory for the control socket");
		api_free(api);
		return -ENOMEM;
	}
	*out = api;
	return 0;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	while (api->clients) {
		/* the answer to `shutdown` itself; the bufferevent keeps its own hand on the buffer */
		evbuffer_unfreeze(client_out(api->clients), 1);
		evbuffer_write(client_out(api->clients), bufferevent_getfd(api->clients->bev));
		client_free(api->clients);
	}
	if (api->acceptable)
		event_free(api->acceptable);
	if (api->pause)
		event_free(api->pause);
	listen_close(&api->socket);
	free(api);
}

unsigned api_clients(const struct api *api)
{
	return api->n_clients;
}
