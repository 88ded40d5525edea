/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Questions of telemetry's threads in control's loop.
 *
 * Lifetimes: a question belongs to both sides, the last one frees it. A thread that waits touches only
 * its question and the gate, which is static; so telemetry_free has nobody to wait for, and a
 * question after it is refused at the gate.
 */
#include "app/api/telemetry.h"

#include "app/api/telemetry_priv.h"
#include "app/app.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_telemetry.h>

#define ANSWERS_A_TURN 4

struct question {
	struct question *next;
	const struct telemetry_endpoint *endpoint;
	char *params; /* NULL: none */
	json_t *answer;
	bool done;      /* control is through with it */
	bool abandoned; /* nobody waits any more: control frees it */
};

struct telemetry {
	struct app *app;
	int fd; /* readable while there are questions */
	struct event *asked;
	struct question *first, **last;
};

/* Where the threads meet control. DPDK cannot unregister an endpoint, hence static. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t answered; /* CLOCK_MONOTONIC */
	bool ready;              /* endpoints are registered */
	struct telemetry *t;     /* NULL: no router (any more) */
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void question_free(struct question *q)
{
	json_decref(q->answer);
	free(q->params);
	free(q);
}

/* --- on a thread of DPDK's -------------------------------------------------------------------------- */

static struct question *question_new(const char *name, const char *params)
{
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	for (size_t i = 0; i < telemetry_n_endpoints; i++)
		if (strcmp(telemetry_endpoints[i].name, name) == 0)
			q->endpoint = &telemetry_endpoints[i];
	q->params = params ? strdup(params) : NULL;
	if (q->endpoint && (q->params || !params))
		return q;
	question_free(q);
	return NULL;
}

static struct timespec deadline(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += TELEMETRY_WAIT_MS / 1000;
	t.tv_nsec += TELEMETRY_WAIT_MS % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

/* Hands q to control and waits. The answer, owned; takes q. */
static json_t *ask(struct question *q)
{
	struct timespec until = deadline();
	const uint64_t one = 1;
	json_t *answer = NULL;
	int rc = 0;

	pthread_mutex_lock(&gate.lock);
	if (!gate.t) {
		pthread_mutex_unlock(&gate.lock);
		question_free(q);
		return NULL;
	}
	*gate.t->last = q;
	gate.t->last = &q->next;
	(void)!write(gate.t->fd, &one, sizeof(one));
	while (!q->done && rc == 0)
		rc = pthread_cond_timedwait(&gate.answered, &gate.lock, &until);
	q->abandoned = !q->done;
	if (q->done) {
		answer = q->answer;
		q->answer = NULL;
		question_free(q);
	}
	pthread_mutex_unlock(&gate.lock);
	return answer ? answer : rc ? telemetry_error("the router is busy: ask again") : NULL;
}

static int on_question(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct question *q = question_new(cmd, params);
	json_t *answer = q ? ask(q) : NULL;
	int rc;

	if (!answer)
		return -1;
	rc = telemetry_fill(d, answer);
	json_decref(answer);
	return rc;
}

/* --- on control's lcore ------------------------------------------------------------------------------ */

static struct question *take_question(struct telemetry *t)
{
	struct question *q;

	pthread_mutex_lock(&gate.lock);
	q = t->first;
	if (q)
		t->first = q->next;
	if (!t->first)
		t->last = &t->first;
	pthread_mutex_unlock(&gate.lock);
	return q;
}

/* An answer for q, NULL: none. */
static void give_answer(struct question *q, json_t *answer)
{
	pthread_mutex_lock(&gate.lock);
	q->answer = answer;
	q->done = true;
	if (q->abandoned)
		question_free(q);
	else
		pthread_cond_broadcast(&gate.answered);
	pthread_mutex_unlock(&gate.lock);
}

static bool is_abandoned(const struct question *q)
{
	bool abandoned;

	pthread_mutex_lock(&gate.lock);
	abandoned = q->abandoned;
	pthread_mutex_unlock(&gate.lock);
	return abandoned;
}

static void on_asked(evutil_socket_t fd, short what, void *arg)
{
	const uint64_t one = 1;
	struct telemetry *t = arg;
	struct question *q;
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
	for (unsigned i = 0; i < ANSWERS_A_TURN; i++) {
		q = take_question(t);
		if (!q)
			return;
		give_answer(q, is_abandoned(q)
				       ? NULL
				       : telemetry_answer(t->app, q->endpoint->name, q->params));
	}
	(void)!write(fd, &one, sizeof(one)); /* perhaps more: after the others' turn */
}

static int register_endpoints(void)
{
	pthread_condattr_t attr;

	if (gate.ready)
		return 0;
	if (pthread_condattr_init(&attr))
		return -ENOMEM;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&gate.answered, &attr);
	pthread_condattr_destroy(&attr);
	gate.ready = true;
	for (size_t i = 0; i < telemetry_n_endpoints; i++) {
		const struct telemetry_endpoint *e = &telemetry_endpoints[i];
		char help[64];
		int rc;

		snprintf(help, sizeof(help), "%s%s%s", e->params, *e->params ? ": " : "", e->help);
		rc = rte_telemetry_register_cmd(e->name, on_question, help);
		if (rc)
			return rc;
	}
	return 0;
}

int telemetry_new(struct telemetry **out, struct app *app)
{
	struct telemetry *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->app = app;
	t->last = &t->first;
	t->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	t->asked =
		t->fd < 0 ? NULL : event_new(app->loop, t->fd, EV_READ | EV_PERSIST, on_asked, t);
	if (!t->asked || event_add(t->asked, NULL) || register_endpoints()) {
		telemetry_free(t);
		return -ENOMEM;
	}
	pthread_mutex_lock(&gate.lock);
	gate.t = t;
	pthread_mutex_unlock(&gate.lock);
	*out = t;
	return 0;
}

void telemetry_free(struct telemetry *t)
{
	struct question *q;

	if (!t)
		return;
	pthread_mutex_lock(&gate.lock);
	gate.t = NULL;
	pthread_mutex_unlock(&gate.lock);
	while ((q = take_question(t)))
		give_answer(q, NULL);
	if (t->asked)
		event_free(t->asked);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}
