/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Specific queries (RFC 3376 6.6.1 and 6.6.3; RFC 3810 7.6.1 and 7.6.3), and the decision to do without
 * them. New and pending queries of a group are merged: one schedule serves the group and its sources.
 */
#include "control/gmp/gmp_priv.h"

void gmp_query_send(struct gmp_if *gif, struct gmp_query *q, struct proto_ctx *ctx)
{
	uint8_t *buf = gif->self->packet;
	size_t len;

	q->family = gif->conf.family;
	q->version = gmp_version(gif);
	q->from = gif->address;
	q->qrv = gif->robustness;
	q->qqi_s = gif->query_interval_s;
	if (gif->silent)
		return;
	len = q->family == IP_V6 ? mld_query_build(q, buf, GMP_PACKET_MAX)
				 : igmp_query_build(q, buf, GMP_PACKET_MAX);
	if (len == 0)
		return;
	act_send_ip(ctx->out, gif->ifid, buf, len);
	gmp_count(gif,
		ip_is_none(&q->grp) ? GMP_C_tx_query_general
		: q->n              ? GMP_C_tx_query_source
				    : GMP_C_tx_query_group,
		1);
}

static void send_specific(struct gmp_group *g, bool suppress, uint32_t n, struct proto_ctx *ctx)
{
	struct gmp_query q = {.grp = g->grp,
		.resp_ms = g->gif->conf.last_member_query_interval_ms,
		.suppress = suppress,
		.n = n,
		.sources = g->gif->self->batch};

	gmp_query_send(g->gif, &q, ctx);
}

/* --- 6.6.3.1 ------------------------------------------------------------------------------------- */

/* "If the group timer is larger than LMQT, the Suppress Router-Side Processing bit is set." Version 2 has no such
 * bit, non-queriers would lower their timers: who has been answered asks no more (RFC 2236 section 7). */
static void send_group(struct gmp_group *g, struct proto_ctx *ctx)
{
	uint64_t lmqt_due = ctx->now_us + gmp_last_member_query_time(g->gif);
	bool answered = g->filter_due_us > lmqt_due;

	g->q_left--;
	if (!answered || gmp_version(g->gif) == 3)
		send_specific(g, answered, 0, ctx);
}

/* --- 6.6.3.2 ------------------------------------------------------------------------------------- */

static bool is_pending(const struct gmp_source *s, bool fresh)
{
	return s->set == GMP_SET_RUNNING && s->q_left > 0 && (!fresh || s->asked);
}

/* One of the two messages: with the S flag those whose timers are above LMQT, without it the others;
 * as many packets as the MTU asks for. silent: counted down only. */
static void send_sources(
	struct gmp_group *g, bool suppress, bool fresh, bool silent, struct proto_ctx *ctx)
{
	uint64_t lmqt_due = ctx->now_us + gmp_last_member_query_time(g->gif);
	uint32_t n = 0, max = gmp_query_sources_max(g->gif->conf.family, g->gif->mtu);

	for (uint32_t i = 0; i < g->n_sources; i++) {
		struct gmp_source *s = &g->sources[i];

		if (!is_pending(s, fresh) || (s->due_us > lmqt_due) != suppress)
			continue;
		s->q_left--;
		g->gif->self->batch[n++] = s->addr;
		if (n < max)
			continue;
		if (!silent)
			send_specific(g, suppress, n, ctx);
		n = 0;
	}
	if (n > 0 && !silent)
		send_specific(g, suppress, n, ctx);
}

/* Version 2 cannot name sources: it asks for the group, and who answers is taken to want all. Sources that were
 * confirmed are not asked for again. */
static void send_as_group(struct gmp_group *g, bool fresh, bool silent, struct proto_ctx *ctx)
{
	uint64_t lmqt_due = ctx->now_us + gmp_last_member_query_time(g->gif);
	bool any = false;

	for (uint32_t i = 0; i < g->n_sources; i++)
		if (is_pending(&g->sources[i], fresh)) {
			g->sources[i].q_left--;
			any |= g->sources[i].due_us <= lmqt_due;
		}
	if (any && !silent)
		send_specific(g, false, 0, ctx);
}

/* --- the schedule --------------------------------------------------------------------------------- */

static bool any_left(const struct gmp_group *g)
{
	if (g->q_left > 0)
		return true;
	for (uint32_t i = 0; i < g->n_sources; i++)
		if (is_pending(&g->sources[i], false))
			return true;
	return false;
}

/* fresh: only what was asked for just now. The message with the S flag is not needed beside one for the
 * whole group. */
static void transmit(struct gmp_group *g, bool group, bool fresh, struct proto_ctx *ctx)
{
	if (group)
		send_group(g, ctx);
	if (gmp_version(g->gif) < 3) {
		send_as_group(g, fresh, group, ctx);
	} else {
		send_sources(g, true, fresh, group, ctx);
		send_sources(g, false, fresh, false, ctx);
	}
	if (!any_left(g))
		g->query_due_us = 0;
	else if (g->query_due_us <= ctx->now_us)
		g->query_due_us = ctx->now_us + gmp_last_member_query_interval(g->gif);
}

void gmp_query_again(struct gmp_group *g, struct proto_ctx *ctx)
{
	g->query_due_us = 0;
	if (!g->gif->querier) {
		g->q_left = 0;
		for (uint32_t i = 0; i < g->n_sources; i++)
			g->sources[i].q_left = 0;
		return;
	}
	transmit(g, g->q_left > 0, false, ctx);
}

/* --- what a row asked for ------------------------------------------------------------------------- */

/* 6.6.3.1: the timer is lowered. While the group is being checked already, another leave asks nothing
 * new (RFC 2236 section 7). */
static bool ask_group(struct gmp_group *g, uint64_t lmqt_due)
{
	if (!g->asked || !g->exclude || (g->checking && g->filter_due_us <= lmqt_due))
		return false;
	if (g->filter_due_us > lmqt_due)
		g->filter_due_us = lmqt_due;
	g->checking = true;
	g->q_left = (uint8_t)gmp_last_member_query_count(g->gif);
	return true;
}

/* 6.6.3.2: those with a timer above LMQT.
 *
 * Deviation: and those with a short one that nobody is being asked about. A source that an EXCLUDE host names gets what
 * is left of the Group Timer (6.4.2, "(A-X-Y)=Group Timer"), which a query may just have lowered; who heard that
 * query later than the report would forward the source for a Group Membership Interval. */
static bool ask_sources(struct gmp_group *g, uint64_t lmqt_due)
{
	bool any = false;

	for (uint32_t i = 0; i < g->n_sources; i++) {
		struct gmp_source *s = &g->sources[i];

		s->asked = s->asked && s->set == GMP_SET_RUNNING &&
			   (s->due_us > lmqt_due || s->q_left == 0);
		if (!s->asked)
			continue;
		if (s->due_us > lmqt_due)
			s->due_us = lmqt_due;
		s->q_left = (uint8_t)gmp_last_member_query_count(g->gif);
		any = true;
	}
	return any;
}

static void ask(struct gmp_group *g, struct proto_ctx *ctx)
{
	uint64_t lmqt_due = ctx->now_us + gmp_last_member_query_time(g->gif);
	bool sources = ask_sources(g, lmqt_due), group = ask_group(g, lmqt_due);

	if (sources || group)
		transmit(g, group, true, ctx);
}

/* Once: what the other routers lose with it is bandwidth. */
void gmp_query_ended(struct gmp_group *g, struct proto_ctx *ctx)
{
	uint32_t in = 0, max = gmp_query_sources_max(g->gif->conf.family, g->gif->mtu);

	if (!g->gif->querier)
		return;
	for (uint32_t i = 0; i < g->n_sources; i++) {
		if (!g->sources[i].asked)
			continue;
		g->gif->self->batch[in++] = g->sources[i].addr;
		if (in == max) {
			send_specific(g, false, in, ctx);
			in = 0;
		}
	}
	if (in > 0)
		send_specific(g, false, in, ctx);
	if (g->asked)
		send_specific(g, false, 0, ctx);
}

/* Nobody's answer is waited for: what no known host wants ends now. */
static void decide(struct gmp_group *g, bool by_tracking, struct proto_ctx *ctx)
{
	g->asked =
		g->asked && g->exclude && !(by_tracking && gmp_track_wants(g, NULL, ctx->now_us));
	for (uint32_t i = 0; i < g->n_sources; i++) {
		struct gmp_source *s = &g->sources[i];

		s->asked = s->asked && !(by_tracking && gmp_track_wants(g, &s->addr, ctx->now_us));
		if (!s->asked || s->set == GMP_SET_ZERO)
			continue;
		gmp_source_expire(g, s);
		gmp_count(g->gif, GMP_C_fast_leaves, 1);
	}
	if (g->asked) {
		gmp_group_to_include(g, ctx->now_us);
		gmp_count(g->gif, GMP_C_fast_leaves, 1);
	}
	if (by_tracking)
		gmp_query_ended(g, ctx);
}

/* To compare n sources with all hosts. */
static bool has_effort(struct gmp_group *g, uint64_t n, uint64_t now_us)
{
	if (gmp_effort_take(g->gif, n * g->n_hosts, false, now_us))
		return true;
	gmp_count(g->gif, GMP_C_busy, 1);
	return false;
}

void gmp_query_asked(struct gmp_group *g, struct proto_ctx *ctx)
{
	uint64_t n = g->asked;

	for (uint32_t i = 0; i < g->n_sources; i++)
		n += g->sources[i].asked;
	if (n == 0)
		return;
	if (g->gif->conf.leave == GMP_LEAVE_IMMEDIATE)
		decide(g, false, ctx);
	else if (gmp_track_complete(g, ctx->now_us) && has_effort(g, n, ctx->now_us))
		decide(g, true, ctx);
	else if (g->gif->querier)
		ask(g, ctx);
}

/* 6.6.1. LMQT is that of the Querier: its Max Resp Time and our count (RFC 2236 section 3). */
void gmp_query_heard(struct gmp_group *g, struct gmp_list list, uint64_t resp_us, uint64_t now_us)
{
	uint64_t due = now_us + (resp_us ? resp_us * gmp_last_member_query_count(g->gif)
					 : gmp_last_member_query_time(g->gif));

	if (list.n == 0 && g->exclude && g->filter_due_us > due) {
		g->filter_due_us = due;
		g->checking = true;
	}
	for (uint32_t i = 0; i < list.n; i++) {
		struct gmp_source *s = gmp_source_find(g, &list.v[i]);

		if (s && s->set == GMP_SET_RUNNING && s->due_us > due)
			s->due_us = due;
	}
}
