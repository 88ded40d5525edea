/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The list of watches in the control loop. A watch that ends while the list is walked is only marked, and
 * freed behind the walk.
 */
#include "app/probe/story.h"
#include "app/app.h"

#include <errno.h>
#include <stdlib.h>

#define RECORDS_A_TURN 256 /* of one watch: the protocols of the same loop want their turn, too */
#define TICK_US 1000000

struct watch {
	struct app *app;
	struct watch *next;
	const struct watch_user *user;
	void *arg;
	uint32_t id; /* of the probe; 0: disarmed, to be freed */
	uint64_t from_us, until_us, lost;
	struct event *tick;
	struct stories *stories;
	struct dp_probe_record *rec;
};

static void watch_free(struct watch *w)
{
	if (w->tick)
		event_free(w->tick);
	stories_free(w->stories);
	free(w->rec);
	free(w);
}

static void arm_tick(struct watch *w)
{
	uint64_t now = app_now_us(), us = TICK_US;
	struct timeval tv;

	if (w->until_us < now + us)
		us = w->until_us > now ? w->until_us - now : 0;
	tv = (struct timeval){
		.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
	event_add(w->tick, &tv);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	bool up = app_now_us() >= w->until_us;

	w->user->tick(w->arg, up);
	if (w->id)
		arm_tick(w);
}

static void say_why(int rc, char *err, size_t cap)
{
	if (rc == -ENOSPC)
		snprintf(err, cap,
			"%d traces and captures run already: wait for one to end, or end a capture "
			"with stop pcap",
			DP_PROBES);
	else
		snprintf(err, cap, "the data plane takes no probe: %s", strerror(-rc));
}

int watch_new(struct watch **out, struct app *app, const struct dp_probe *probe, uint32_t timeout_s,
	const struct watch_user *user, void *arg, char *err, size_t cap)
{
	struct watch *w = calloc(1, sizeof(*w));
	int rc = -ENOMEM;

	if (w) {
		w->app = app;
		w->user = user;
		w->arg = arg;
		w->from_us = app_now_us();
		w->until_us = w->from_us + timeout_s * UINT64_C(1000000);
		w->stories = stories_new();
		w->rec = malloc(dp_probe_record_size(probe->snaplen));
		w->tick = evtimer_new(app->loop, on_tick, w);
	}
	if (w && w->stories && w->rec && w->tick)
		rc = app->dp.ops->probe_set(app->dp.ctx, probe, &w->id);
	if (rc) {
		say_why(rc, err, cap);
		if (w)
			watch_free(w);
		return rc;
	}
	arm_tick(w);
	w->next = app->watches;
	app->watches = w;
	*out = w;
	return 0;
}

uint64_t watch_lost(const struct watch *w)
{
	struct dp_probe_info info;

	if (!w->id || w->app->dp.ops->probe_info(w->app->dp.ctx, w->id, &info))
		return w->lost;
	return info.lost;
}

uint64_t watch_elapsed_ms(const struct watch *w)
{
	return (app_now_us() - w->from_us) / 1000;
}

void watch_end(struct watch *w)
{
	if (!w->id)
		return;
	w->lost = watch_lost(w);
	w->app->dp.ops->probe_clear(w->app->dp.ctx, w->id);
	w->id = 0;
	event_del(w->tick);
	w->user = NULL;
}

/* Frees those that have ended. */
static void sweep(struct app *app)
{
	struct watch **at = &app->watches, *w;

	while ((w = *at)) {
		if (w->id) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		watch_free(w);
	}
}

static bool step(struct watch *w)
{
	const struct dp *dp = &w->app->dp;
	struct story *s;

	for (unsigned i = 0; w->id && i < RECORDS_A_TURN; i++) {
		if (!dp->ops->probe_recv(dp->ctx, w->id, w->rec))
			return false;
		s = stories_add(w->stories, w->rec);
		if (s)
			w->user->story(w->arg, s);
		story_free(s);
	}
	return w->id != 0;
}

bool watches_step(struct app *app)
{
	bool more = false;

	for (struct watch *w = app->watches; w; w = w->next)
		more |= step(w);
	sweep(app);
	return more;
}

void watches_leave(struct app *app)
{
	for (struct watch *w = app->watches; w; w = w->next)
		if (w->id)
			w->user->leave(w->arg);
	sweep(app);
}
