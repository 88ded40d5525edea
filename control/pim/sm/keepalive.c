/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The Keepalive Timer of (S,G) (RFC 7761 4.1.3, 4.2, 4.11). Control sees the first packets only;
 * when the timer runs out, the data plane's counters say whether others followed, and it runs on
 * from the last of them.
 */
#include "control/pim/sm/register.h"

uint64_t keepalive_period_us(const struct pim_sm *sm)
{
	return (uint64_t)sm->pim->config->keepalive_s * 1000000;
}

/* 4.11: max(Keepalive_Period, RP_Keepalive_Period) */
uint64_t rp_keepalive_period_us(const struct pim_sm *sm)
{
	const struct pim_config *c = sm->pim->config;
	uint64_t rp = ((uint64_t)c->register_suppression_s * 3 + c->register_probe_s) * 1000000;

	return rp > keepalive_period_us(sm) ? rp : keepalive_period_us(sm);
}

struct dp_route_key sm_source_key(const struct sm_source *s)
{
	return (struct dp_route_key){.table = DP_TABLE_MAIN,
		.src = prefix_host(*src_of(s)),
		.grp = prefix_host(s->group->grp)};
}

/* Whether a packet that the route of (S,G) took would have restarted the timer (4.2, 4.2.1,
 * 4.4.2). */
static bool data_restarts(const struct pim_sm *sm, const struct sm_source *s)
{
	if (s->group->ssm)
		return false;
	if (DirectlyConnected(s))
		return true;
	if (s->spt_bit)
		return s->sg.up.state == UP_JOINED && !inherited_olist_sg_is_null(s);
	if (I_am_RP(s->group) && s->registered)
		return true;
	return !pim_include_any_is_null(s) && SwitchToSptDesired(sm, s->group, src_of(s));
}

/* Microseconds that the timer would have left, had it been set with the last packet; 0: no packet
 * came in time. */
static uint64_t left_since_last(
	const struct pim_sm *sm, const struct sm_source *s, const struct proto_ctx *ctx)
{
	uint64_t period_ms = keepalive_period_us(sm) / 1000;
	struct dp_route_key key = sm_source_key(s);
	struct dp_route_counters c;

	if (proto_flow(ctx, &key, &c) || c.last_used_ms >= period_ms)
		return 0;
	return (period_ms - c.last_used_ms) * 1000;
}

void keepalive_timer(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	uint64_t left = left_since_last(sm, s, ctx);

	if (left) {
		/* asked while it runs: formulas look at it */
		sm_keepalive_set(sm, s, left, ctx);
		if (data_restarts(sm, s))
			return;
		timer_cancel(ctx->timers, &s->kat);
	}
	s->rate_reached = false;
	sm_touch(sm, &s->sg);
}

void keepalive_assert_ended(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	if (!s->kat_by_assert)
		return;
	s->kat_by_assert = false;
	timer_cancel(ctx->timers, &s->kat);
	keepalive_timer(sm, s, ctx);
}
