/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The control lcore's one loop. It sleeps in libevent until a descriptor, a timer or a worker (through
 * the eventfd) has something to do. With one lcore for everything it polls the ports between looks at
 * libevent, and idles in short sleeps that grow; a frame ends them where the driver lets it.
 */
#include "app/loop.h"
#include "app/ports.h"
#include "app/probe/watch.h"
#include "app/router.h"
#include "app/starting.h"
#include "dataplane/dataplane.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TICK_PORTS_MS 200
#define TICK_NET_MS 1000
#define IDLE_SPINS 64      /* rounds without work before the first sleep */
#define IDLE_SPINS_WAKEN 1 /* where a frame ends a sleep at once */
#define IDLE_SLEEP_US 50   /* first sleep, then doubled */
#define IDLE_SLEEP_MAX_US 400
/* One round of what is ready. Without ONCE libevent stays as long as anything is, such as a client whose
 * next line or part is due at once, and nothing else would be done meanwhile. */
#define LOOK (EVLOOP_ONCE | EVLOOP_NONBLOCK)
#define POLLS_PER_LOOK 16 /* rounds of the worker between two looks at descriptors */

struct watch {
	struct event *ev;
	int fd;
	void (*ready)(void *arg);
	void *arg;
	struct watch *next;
};

struct loop {
	struct app *app;
	struct event_base *base;
	struct event *wake, *tick_ports, *tick_net, *term, *intr, *hup, *deadline;
	int wake_fd;
	unsigned idle;
	struct watch *watches;
};

uint64_t app_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void app_quit(struct app *app)
{
	app->stopping = true;
	event_base_loopbreak(app->loop);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_warning("loop", "eventfd: %s", strerror(errno));
}

static void on_tick_ports(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	ports_tick(l->app->ports);
}

static void on_tick_net(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	net_tick(l->app->net, app_now_us());
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	/* Nothing to do: the loop runs what is due after every wake-up. */
}

static void on_quit(evutil_socket_t sig, short what, void *arg)
{
	struct loop *l = arg;

	log_notice("stargd", "signal %d: leaving", (int)sig);
	app_quit(l->app);
}

static void on_reload(evutil_socket_t sig, short what, void *arg)
{
	struct loop *l = arg;
	char summary[1024], err[4096];

	if (app_reload(l->app, summary, sizeof(summary), err, sizeof(err)))
		log_error("reload", "refused: %s", err);
	else
		log_notice("reload", "%s", summary);
}

static struct event *timer_new(struct loop *l, event_callback_fn fn, int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct event *ev = event_new(l->base, -1, EV_PERSIST, fn, l);

	if (ev)
		event_add(ev, &tv);
	return ev;
}

static struct event *signal_new(struct loop *l, int sig, event_callback_fn fn)
{
	struct event *ev = evsignal_new(l->base, sig, fn, l);

	if (ev)
		event_add(ev, NULL);
	return ev;
}

static struct event_base *base_new(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base;

	if (!cfg)
		return NULL;
	event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

int loop_new(struct loop **out, struct app *app, int wake_fd)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->app = app;
	l->wake_fd = wake_fd;
	l->base = base_new();
	if (!l->base) {
		free(l);
		return -ENOMEM;
	}
	app->loop = l->base;
	app->loop_self = l;
	signal(SIGPIPE, SIG_IGN);
	l->wake = event_new(l->base, wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	l->tick_ports = timer_new(l, on_tick_ports, TICK_PORTS_MS);
	l->tick_net = timer_new(l, on_tick_net, TICK_NET_MS);
	l->term = signal_new(l, SIGTERM, on_quit);
	l->intr = signal_new(l, SIGINT, on_quit);
	l->hup = signal_new(l, SIGHUP, on_reload);
	l->deadline = event_new(l->base, -1, 0, on_deadline, l);
	*out = l;
	if (!l->wake || !l->tick_ports || !l->tick_net || !l->term || !l->intr || !l->hup ||
		!l->deadline || event_add(l->wake, NULL)) {
		loop_free(l);
		return -ENOMEM;
	}
	return 0;
}

void loop_free(struct loop *l)
{
	struct event *evs[] = {
		l->wake, l->tick_ports, l->tick_net, l->term, l->intr, l->hup, l->deadline};

	while (l->watches)
		loop_unwatch(l->app, l->watches->fd);
	for (size_t i = 0; i < sizeof(evs) / sizeof(evs[0]); i++)
		if (evs[i])
			event_free(evs[i]);
	event_base_free(l->base);
	l->app->loop = NULL;
	free(l);
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	w->ready(w->arg);
}

int loop_watch(void *arg, int fd, void (*ready)(void *arg), void *ready_arg)
{
	struct app *app = arg;
	struct loop *l = app->loop_self;
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	*w = (struct watch){.fd = fd, .ready = ready, .arg = ready_arg, .next = l->watches};
	w->ev = event_new(l->base, fd, EV_READ | EV_PERSIST, on_watch, w);
	if (!w->ev || event_add(w->ev, NULL)) {
		if (w->ev)
			event_free(w->ev);
		free(w);
		return -ENOMEM;
	}
	l->watches = w;
	return 0;
}

void loop_unwatch(void *arg, int fd)
{
	struct app *app = arg;
	struct loop *l = app->loop_self;
	struct watch **at = &l->watches, *w;

	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	if (!*at)
		return;
	w = *at;
	*at = w->next;
	event_free(w->ev);
	free(w);
}

/* Arms the wake-up for the next protocol timer. */
static void arm_deadline(struct loop *l)
{
	uint64_t due = runner_next(l->app->runner), now = app_now_us();
	uint64_t left = due > now ? due - now : 0;
	struct timeval tv = {
		.tv_sec = (time_t)(left / 1000000), .tv_usec = (suseconds_t)(left % 1000000)};

	if (due == TIMER_NEVER)
		event_del(l->deadline);
	else
		event_add(l->deadline, &tv);
}

/* Workers have lcores of their own: sleep until somebody has something to say. */
static void turn_control(struct loop *l)
{
	struct dataplane *d = l->app->dataplane;
	bool more = router_step(l->app);

	more |= watches_step(l->app);
	arm_deadline(l);
	if (more || !dataplane_control_sleeps(d, true))
		event_base_loop(l->base, LOOK);
	else
		event_base_loop(l->base, EVLOOP_ONCE);
	dataplane_control_sleeps(d, false);
}

/* After a round without work. */
static void idle_sleep(struct loop *l)
{
	struct dataplane *d = l->app->dataplane;
	unsigned spins = dataplane_wakes(d) ? IDLE_SPINS_WAKEN : IDLE_SPINS;
	unsigned shift, us;

	if (++l->idle <= spins)
		return;
	shift = (l->idle - spins) / 64;
	us = shift > 3 ? IDLE_SLEEP_MAX_US : IDLE_SLEEP_US << shift;
	if (l->app->workers_run)
		dataplane_wait(d, us);
	else
		usleep(us); /* nobody takes the frames that would end it */
}

/* Everything on this lcore. */
static void turn_shared(struct loop *l)
{
	struct app *app = l->app;
	bool worked = false;

	for (int i = 0; i < POLLS_PER_LOOK; i++) {
		if (!app->workers_run || !dataplane_poll(app->dataplane))
			break;
		worked = true;
	}
	worked |= router_step(app);
	worked |= watches_step(app);
	event_base_loop(l->base, LOOK);
	if (worked || app->busy)
		l->idle = 0;
	else
		idle_sleep(l);
}

void loop_run(struct loop *l)
{
	starting_take_signals();
	while (!l->app->stopping) {
		if (l->app->shared)
			turn_shared(l);
		else
			turn_control(l);
	}
	starting_hold_end();
}
