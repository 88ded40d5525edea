/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Groups of an interface (RFC 3376 6.2): their life, their timers, the switch of the filter-mode (6.5),
 * the compatibility mode (7.3.2).
 */
#include <stdlib.h>

#include "control/gmp/gmp_priv.h"

static const char *const state_names[] = {
	[GMP_NO_MEMBERS_PRESENT] = "No Members Present",
	[GMP_MEMBERS_PRESENT] = "Members Present",
	[GMP_VERSION_1_MEMBERS_PRESENT] = "Version 1 Members Present",
	[GMP_CHECKING_MEMBERSHIP] = "Checking Membership",
};

const char *gmp_group_state_name(enum gmp_group_state s)
{
	return state_names[s];
}

struct gmp_group *gmp_group_find(const struct gmp_if *gif, const struct ipaddr *grp)
{
	struct hash_node *n = hash_first(&gif->groups, ip_hash(grp, 0));

	for (; n; n = hash_same(n)) {
		struct gmp_group *g = container_of(n, struct gmp_group, node);

		if (ip_eq(&g->grp, grp))
			return g;
	}
	return NULL;
}

/* --- limits -------------------------------------------------------------------------------------- */

static uint32_t resume_groups(const struct gmp_if_config *c)
{
	return c->resume_groups ? c->resume_groups : (uint32_t)(c->max_groups * 9ull / 10);
}

static void suppress(struct gmp_if *gif, bool on, struct proto_ctx *ctx)
{
	gif->suppressed = on;
	act_notify_rated(ctx, &gif->limit_log, on ? LOG_LVL_WARNING : LOG_LVL_NOTICE,
		"%s: %zu groups: new ones are %s", gif->conf.interface, gif->groups.n,
		on ? "refused (max_groups); raise the limit or find who joins so many"
		   : "accepted again");
}

/* Suppressed from max_groups on, until there are no more than resume_groups. */
static bool has_room(struct gmp_if *gif, struct proto_ctx *ctx)
{
	const struct gmp_if_config *c = &gif->conf;

	if (gif->suppressed && (!c->max_groups || gif->groups.n <= resume_groups(c)))
		suppress(gif, false, ctx);
	else if (!gif->suppressed && c->max_groups && gif->groups.n >= c->max_groups)
		suppress(gif, true, ctx);
	return !gif->suppressed;
}

struct gmp_group *gmp_group_get(
	struct gmp_if *gif, const struct ipaddr *grp, bool unlimited, struct proto_ctx *ctx)
{
	struct gmp_group *g = gmp_group_find(gif, grp);

	if (g)
		return g;
	if (!unlimited && !has_room(gif, ctx)) {
		gmp_refuse(gif, GMP_C_drop_group_limit, grp, 1);
		return NULL;
	}
	g = calloc(1, sizeof(*g));
	if (!g) {
		gmp_count(gif, GMP_C_no_memory, 1);
		return NULL;
	}
	g->gif = gif;
	g->grp = *grp;
	g->since_us = ctx->now_us;
	g->timer.proto = ctx->self;
	g->timer.kind = GMP_T_GROUP;
	hash_add(&gif->groups, &g->node, ip_hash(grp, 0));
	refused_forget(&gif->self->refused, grp, gif->ifid);
	return g;
}

void gmp_group_free(struct gmp_group *g, struct timer_heap *timers)
{
	timer_cancel(timers, &g->timer);
	gmp_track_clear(g);
	g->gif->n_entries -= g->n_sources;
	hash_del(&g->gif->groups, &g->node);
	free(g->sources);
	free(g->hosts); /* without hosts, if memory ran out */
	free(g);
}

/* --- settling ------------------------------------------------------------------------------------ */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When something of the group is due. */
static uint64_t next_due(const struct gmp_group *g, uint64_t now_us)
{
	uint64_t due = g->exclude ? g->filter_due_us : TIMER_NEVER;

	for (uint32_t i = 0; i < g->n_sources; i++)
		if (g->sources[i].set == GMP_SET_RUNNING ||
			(g->sources[i].set == GMP_SET_NONE && g->sources[i].wanted))
			due = earlier(due, g->sources[i].due_us);
	if (g->query_due_us)
		due = earlier(due, g->query_due_us);
	if (g->recount_due_us)
		due = earlier(due, g->recount_due_us);
	if (due == TIMER_NEVER && g->n_hosts > 0)
		due = now_us + gmp_group_membership_interval(g->gif);
	return due;
}

/* A timer that was put off stays armed for its old time: then it is looked at again. */
static int arm(struct gmp_group *g, struct proto_ctx *ctx)
{
	uint64_t due = next_due(g, ctx->now_us);

	if (due == TIMER_NEVER) {
		timer_cancel(ctx->timers, &g->timer);
		return 0;
	}
	if (timer_armed(&g->timer) && g->timer.due_us <= due)
		return 0;
	return timer_set(ctx->timers, &g->timer, due);
}

/* What hosts said is gone; joins of the configuration stay. */
static void forget(struct gmp_group *g)
{
	for (uint32_t i = 0; i < g->n_sources; i++)
		gmp_source_delete(g, &g->sources[i]);
	g->exclude = g->checking = false;
	g->dirty = true;
	g->q_left = 0;
	g->query_due_us = g->v1_due_us = g->v2_due_us = 0;
	gmp_track_clear(g);
}

static void tell_if_dirty(struct gmp_group *g, struct proto_ctx *ctx)
{
	if (!g->dirty)
		return;
	g->dirty = false;
	gmp_tell(g, ctx);
}

void gmp_group_settle(struct gmp_group *g, struct proto_ctx *ctx)
{
	gmp_named_mark(g, ctx->now_us);
	if (arm(g, ctx)) { /* it could never end */
		gmp_count(g->gif, GMP_C_no_memory, 1);
		forget(g);
		gmp_named_mark(g, ctx->now_us);
	}
	tell_if_dirty(g, ctx);
	gmp_sources_sweep(g, ctx->now_us);
	if (!g->exclude && !g->static_any && g->n_sources == 0)
		gmp_group_free(g, ctx->timers);
}

void gmp_group_clear(struct gmp_group *g, struct proto_ctx *ctx)
{
	forget(g);
	gmp_group_settle(g, ctx);
}

/* --- timers -------------------------------------------------------------------------------------- */

void gmp_group_timer(struct gmp_group *g, uint64_t due_us)
{
	g->filter_due_us = due_us;
	g->checking = false;
}

/* A source that a tracked host wants and that an EXCLUDE host's report took out of X is still wanted. */
void gmp_group_to_include(struct gmp_group *g, uint64_t now_us)
{
	gmp_named_mark(g, now_us);
	g->exclude = g->checking = false;
	g->dirty = true;
	g->q_left = 0;
	for (uint32_t i = 0; i < g->n_sources; i++)
		if (g->sources[i].set == GMP_SET_ZERO)
			gmp_source_delete(g, &g->sources[i]);
		else if (g->sources[i].set == GMP_SET_NONE && g->sources[i].wanted)
			gmp_source_run(g, &g->sources[i], g->sources[i].due_us);
}

void gmp_group_due(struct gmp_group *g, struct proto_ctx *ctx)
{
	if (g->exclude && g->filter_due_us <= ctx->now_us)
		gmp_group_to_include(g, ctx->now_us);
	for (uint32_t i = 0; i < g->n_sources; i++)
		if (g->sources[i].set == GMP_SET_RUNNING && g->sources[i].due_us <= ctx->now_us)
			gmp_source_expire(g, &g->sources[i]);
	if (g->query_due_us && g->query_due_us <= ctx->now_us)
		gmp_query_again(g, ctx);
	gmp_track_expire(g, ctx->now_us);
	gmp_group_settle(g, ctx);
}

/* --- what it is ---------------------------------------------------------------------------------- */

uint8_t gmp_group_version(const struct gmp_group *g, uint64_t now_us)
{
	uint8_t v = g->v1_due_us > now_us ? 1 : g->v2_due_us > now_us ? 2 : 3;

	return v < gmp_version(g->gif) ? v : gmp_version(g->gif);
}

enum gmp_group_state gmp_group_state(const struct gmp_group *g, uint64_t now_us)
{
	bool running = g->exclude;

	for (uint32_t i = 0; i < g->n_sources && !running; i++)
		running = g->sources[i].set == GMP_SET_RUNNING;
	if (!running)
		return GMP_NO_MEMBERS_PRESENT;
	if (g->exclude && gmp_group_version(g, now_us) == 1)
		return GMP_VERSION_1_MEMBERS_PRESENT;
	return g->checking ? GMP_CHECKING_MEMBERSHIP : GMP_MEMBERS_PRESENT;
}
