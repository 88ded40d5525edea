/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * General queries and the election of the Querier (RFC 3376 6.6.2, RFC 3810 7.6.2, RFC 2236 section 3),
 * what a router learns from the Querier (RFC 3376 4.1.6, 4.1.7), queries of other versions (7.3.1).
 *
 * A query from 0.0.0.0 is that of a switch and elects nobody (RFC 4541 2.1.1); neither does a general
 * query that was not sent to all systems (RFC 3376 section 9.1).
 */
#include "control/gmp/gmp_priv.h"

void gmp_general_query(struct gmp_if *gif, struct proto_ctx *ctx)
{
	struct gmp_query q = {.resp_ms = gif->conf.query_response_interval_ms};

	if (gif->groups.n == 0)
		gif->asked_all_until_us =
			ctx->now_us + gif->conf.query_response_interval_ms * 1000ull;

	gmp_query_send(gif, &q, ctx);
}

/* The Querier's variables are the configured ones. */
static void own_variables(struct gmp_if *gif)
{
	gif->robustness = gif->conf.robustness;
	gif->query_interval_s = gif->conf.query_interval_s;
	gif->response_us = gif->conf.query_response_interval_ms * 1000ull;
}

static void become_querier(struct gmp_if *gif, struct proto_ctx *ctx)
{
	timer_cancel(ctx->timers, &gif->other_timer);
	own_variables(gif);
	if (!gif->querier)
		act_notify(ctx->out, LOG_LVL_INFO, "%s: %s querier: this router",
			gif->conf.interface, gif->conf.family == IP_V4 ? "IGMP" : "MLD");
	gif->querier = true;
	gif->querier_addr = gif->address;
	gif->querier_since_us = ctx->now_us;
}

/* A general query now, the next one after the interval that is its turn. */
static void query_and_arm(struct gmp_if *gif, struct proto_ctx *ctx)
{
	uint64_t interval = gif->query_interval_s * 1000000ull;

	gmp_general_query(gif, ctx);
	if (gif->startup_left > 0) {
		gif->startup_left--;
		interval = gmp_startup_query_interval(gif);
	}
	if (timer_set(ctx->timers, &gif->query_timer, ctx->now_us + interval))
		gmp_count(gif, GMP_C_no_memory, 1);
}

void gmp_querier_start(struct gmp_if *gif, struct proto_ctx *ctx)
{
	gif->query_timer.proto = gif->other_timer.proto = ctx->self;
	gif->query_timer.kind = GMP_T_QUERY;
	gif->other_timer.kind = GMP_T_OTHER_QUERIER;
	gif->querier = false;
	become_querier(gif, ctx);
	gif->startup_left = gmp_startup_query_count(gif) - 1;
	query_and_arm(gif, ctx);
}

void gmp_querier_stop(struct gmp_if *gif, struct proto_ctx *ctx)
{
	timer_cancel(ctx->timers, &gif->query_timer);
	timer_cancel(ctx->timers, &gif->other_timer);
	gif->querier = false;
	gif->querier_addr = (struct ipaddr){0};
	gif->startup_left = 0;
}

void gmp_querier_timer(struct gmp_if *gif, struct timer *t, struct proto_ctx *ctx)
{
	if (t->kind == GMP_T_OTHER_QUERIER)
		become_querier(gif, ctx);
	query_and_arm(gif, ctx);
}

void gmp_querier_changed(struct gmp_if *gif, struct proto_ctx *ctx)
{
	uint64_t due_us;

	if (!gif->querier)
		return;
	own_variables(gif);
	due_us = ctx->now_us + gif->query_interval_s * 1000000ull;
	if (timer_armed(&gif->query_timer) && gif->query_timer.due_us > due_us)
		timer_set(ctx->timers, &gif->query_timer, due_us);
}

/* --- queries of others ----------------------------------------------------------------------------- */

static bool is_general(const struct gmp_msg *m)
{
	return ip_is_any(&m->grp);
}

/* 4.1.12: general ones to all systems, specific ones to their group. */
static bool destination_ok(const struct gmp_msg *m)
{
	static const struct ipaddr all[2] = {{.family = IP_V4, .b = {224, 0, 0, 1}},
		{.family = IP_V6, .b = {0xff, 2, [15] = 1}}};

	return ip_eq(&m->to, is_general(m) ? &all[m->from.family == IP_V6] : &m->grp);
}

/* 7.3.1: the versions on a network must be made the same by its administrator. */
static void other_version(struct gmp_if *gif, const struct gmp_msg *m, struct proto_ctx *ctx)
{
	unsigned heard = m->version - (gif->conf.family == IP_V6);
	char from[IP_STRLEN];

	if (m->version == gmp_version(gif))
		return;
	gmp_count(gif, GMP_C_wrong_version, 1);
	act_notify_rated(ctx, &gif->version_log, LOG_LVL_WARNING,
		"%s: %s sends queries of version %u, configured is %u: set the lowest "
		"version of the network on all its routers",
		gif->conf.interface, ip_str(&m->from, from, sizeof(from)), heard,
		gif->conf.version);
}

/* 4.1.6, 4.1.7: zero, or a version that cannot say it, means the configured value. */
static void adopt(struct gmp_if *gif, const struct gmp_msg *m)
{
	gif->robustness = m->qrv ? m->qrv : gif->conf.robustness;
	gif->query_interval_s = m->qqi_s ? m->qqi_s : gif->conf.query_interval_s;
	if (is_general(m) && m->resp_us)
		gif->response_us = m->resp_us;
}

/* 6.6.2: a lower address wins. */
static void elect(struct gmp_if *gif, const struct gmp_msg *m, struct proto_ctx *ctx)
{
	char from[IP_STRLEN];
	uint64_t due_us;

	if (ip_cmp(&m->from, &gif->address) >= 0)
		return;
	adopt(gif, m);
	due_us = ctx->now_us + gmp_other_querier_present_interval(gif);
	if (timer_set(ctx->timers, &gif->other_timer, due_us)) {
		gmp_count(gif, GMP_C_no_memory, 1);
		own_variables(gif);
		return; /* rather two queriers than none */
	}
	timer_cancel(ctx->timers, &gif->query_timer);
	gif->startup_left = 0;
	gif->querier = false;
	if (ip_eq(&gif->querier_addr, &m->from))
		return;
	gif->querier_addr = m->from;
	gif->querier_since_us = ctx->now_us;
	act_notify_rated(ctx, &gif->querier_log, LOG_LVL_INFO, "%s: %s querier: %s",
		gif->conf.interface, gif->conf.family == IP_V4 ? "IGMP" : "MLD",
		ip_str(&m->from, from, sizeof(from)));
}

/* 6.6.1. */
static void timers(struct gmp_if *gif, const struct gmp_msg *m, struct proto_ctx *ctx)
{
	struct gmp_group *g = gmp_group_find(gif, &m->grp);
	struct gmp_list list;

	if (!g || m->suppress)
		return;
	list = gmp_sources_of(gif, m->raw, m->n);
	if (m->n == 0 || list.n > 0)
		gmp_query_heard(g, list, m->resp_us, ctx->now_us);
	gmp_group_settle(g, ctx);
}

void gmp_query_receive(struct gmp_if *gif, const struct gmp_msg *m, struct proto_ctx *ctx)
{
	gmp_count(gif,
		m->version == 1   ? GMP_C_rx_query_v1
		: m->version == 2 ? GMP_C_rx_query_v2
				  : GMP_C_rx_query_v3,
		1);
	if (ip_is_any(&m->from)) {
		gmp_count(gif, GMP_C_drop_query_zero, 1);
		return;
	}
	if (is_general(m) ? m->n > 0 : !ip_is_multicast(&m->grp)) {
		gmp_count(gif, GMP_C_drop_group, 1);
		return;
	}
	if (!destination_ok(m)) {
		gmp_count(gif, GMP_C_drop_query_unicast, 1);
		return;
	}
	other_version(gif, m, ctx);
	elect(gif, m, ctx);
	if (!is_general(m))
		timers(gif, m, ctx);
}
