/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The SPTbit (RFC 7761 4.2.2), the last-hop router's switch to the source tree (4.2.1) and its
 * policies: with the first packet, never, at once for some groups, from a rate on.
 *
 * For the rate, a source that comes in on the RP tree gets an (S,G) with a wish of its own, whose
 * bytes are looked at every other second. Once above the rate, it stays on the source tree until
 * it falls silent.
 */
#include "control/pim/sm/register.h"

#define RATE_INTERVAL_US 2000000u
#define JOIN_SURE_S 5u /* Joins reach the source, Asserts end, Prunes are overridden */

/* --- 4.2.2 ------------------------------------------------------------------------------------ */

static bool same_neighbor(const struct pim_sm *sm, const struct sm_source *s)
{
	struct ipaddr spt = RPF_nbr_sg(sm, s), rpt = RPF_nbr_star_g(sm, s->group);

	return ip_eq(&spt, &rpt) && !ip_is_none(&spt);
}

static bool loser_on(const struct pim_sm *sm, const struct sm_source *s, uint16_t ifid)
{
	struct pim_iface *pif = pim_iface_get(sm->pim, ifid, s->group->grp.family);
	struct sm_at at;

	if (!pif)
		return false;
	at = sm_at_sg(s, pif);
	return I_Am_Assert_Loser_sg(&at);
}

bool Update_SPTbit_would(const struct pim_sm *sm, const struct sm_source *s, uint16_t ifid)
{
	return ifid != 0 && ifid == RPF_interface_S(s) && JoinDesired_sg(s) &&
	       (DirectlyConnected(s) || RPF_interface_S(s) != RPF_interface_RP(s->group) ||
		       inherited_olist_sg_rpt_is_null(s) || same_neighbor(sm, s) ||
		       loser_on(sm, s, ifid));
}

void Update_SPTbit(struct pim_sm *sm, struct sm_source *s, uint16_t ifid)
{
	if (!s->spt_bit && Update_SPTbit_would(sm, s, ifid))
		sm_spt_bit_set(sm, s, true);
}

/* A source on our subnet whose data comes is on the SPT as soon as somebody wants it: no further
 * packet is needed to see that. */
void spt_settle(struct pim_sm *sm, struct sm_source *s)
{
	if (DirectlyConnected(s) && timer_armed(&s->kat))
		Update_SPTbit(sm, s, RPF_interface_S(s));
}

bool spt_one_interface(const struct sm_source *s)
{
	return RPF_interface_S(s) != 0 && RPF_interface_S(s) == RPF_interface_RP(s->group) &&
	       JoinDesired_sg(s);
}

/* Deviation: where both trees come in by one interface from two neighbours, an Assert between
 * these is to tell that the SPT works (4.2.2). There is none if the RP tree's neighbour gets the
 * source from that interface itself: the SPTbit would never be set, whoever joined (S,G) here
 * would get nothing, and this router could not assert against others. So it is set when (S,G) has
 * been joined for a while: with the first periodic Join, or as soon as it is needed for an Assert. */
static void spt_by_time(struct pim_sm *sm, struct sm_source *s, const struct proto_ctx *ctx)
{
	uint64_t fresh_ms = keepalive_period_us(sm) / 1000;
	struct dp_route_key key = sm_source_key(s);
	struct dp_route_counters c;

	if (s->spt_bit || s->group->ssm || !spt_one_interface(s))
		return;
	if (proto_flow(ctx, &key, &c) == 0 && c.last_used_ms < fresh_ms)
		sm_spt_bit_set(sm, s, true);
}

void spt_join_timer(struct pim_sm *sm, struct sm_source *s, const struct proto_ctx *ctx)
{
	spt_by_time(sm, s, ctx);
}

void spt_rival(struct pim_sm *sm, struct sm_source *s, const struct proto_ctx *ctx)
{
	uint32_t now_s = (uint32_t)(ctx->now_us / 1000000);

	if (s->sg.up.state == UP_JOINED && now_s - s->sg.up.joined_s > JOIN_SURE_S)
		spt_by_time(sm, s, ctx);
}

/* --- 4.2.1: policy ---------------------------------------------------------------------------- */

static bool rate_reached(
	const struct pim_sm *sm, const struct sm_group *g, const struct ipaddr *src)
{
	const struct sm_source *s = sm_source_find(sm, src, &g->grp);

	return s && s->rate_reached;
}

bool SwitchToSptDesired(const struct pim_sm *sm, const struct sm_group *g, const struct ipaddr *src)
{
	const struct pim_config *c = sm->pim->config;

	switch ((enum pim_spt)c->spt) {
	case PIM_SPT_IMMEDIATE:
		return true;
	case PIM_SPT_NEVER:
		return false;
	case PIM_SPT_GROUPS:
		return pim_rules_permit(c->spt_groups, c->n_spt_groups, &g->grp);
	case PIM_SPT_RATE:
		return rate_reached(sm, g, src);
	}
	return false;
}

bool SwitchToSpt_needs_signal(const struct pim_sm *sm, const struct sm_group *g)
{
	const struct pim_config *c = sm->pim->config;

	if (g->ssm || pim_include_star_g_is_null(g))
		return false;
	return c->spt == PIM_SPT_RATE || SwitchToSptDesired(sm, g, &(struct ipaddr){0});
}

void CheckSwitchToSpt(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	if (s->group->ssm || pim_include_any_is_null(s))
		return;
	if (SwitchToSptDesired(sm, s->group, src_of(s)))
		sm_keepalive_set(sm, s, keepalive_period_us(sm), ctx);
	else if (sm->pim->config->spt == PIM_SPT_RATE && !timer_armed(&s->kat))
		spt_watch(sm, s, ctx);
}

/* --- rates ------------------------------------------------------------------------------------ */

void spt_watch(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	if (s->watch)
		return;
	s->watch = calloc(1, sizeof(*s->watch));
	if (!s->watch) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		return;
	}
	s->watch->source = s;
	s->rate_reached = false;
	LIST_INSERT_HEAD(&sm->watched, s->watch, link);
	sm_touch(sm, &s->sg);
	if (!timer_armed(&sm->rate_timer))
		sm_timer_set(
			sm, ctx, &sm->rate_timer, SM_T_SPT_RATE, ctx->now_us + RATE_INTERVAL_US);
}

void spt_unwatch(struct sm_source *s)
{
	if (!s->watch)
		return;
	LIST_REMOVE(s->watch, link);
	free(s->watch);
	s->watch = NULL;
}

static void unwatch(struct pim_sm *sm, struct sm_source *s)
{
	spt_unwatch(s);
	sm_touch(sm, &s->sg);
}

/* Bytes since the last look against the time since; the first look only takes the count. */
static bool above(const struct pim_sm *sm, struct sm_watch *w, uint64_t bytes, uint64_t now_us)
{
	uint64_t was = w->bytes, us = now_us - w->us;
	bool first = w->us == 0 || bytes < was || us == 0;

	w->bytes = bytes;
	w->us = now_us;
	/* kbit/s: bits per millisecond */
	return !first && (bytes - was) * 8 * 1000 / us >= sm->pim->config->spt_rate_kbps;
}

/* A source that fell silent is forgotten: its next packet makes it known again. */
static void look(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	struct dp_route_key key = sm_source_key(s);
	struct dp_route_counters c = {.last_used_ms = UINT64_MAX};
	bool first = s->watch->us == 0;
	bool idle = proto_flow(ctx, &key, &c) || c.last_used_ms >= keepalive_period_us(sm) / 1000;

	if ((idle && !first) || pim_include_any_is_null(s)) {
		unwatch(sm, s);
	} else if (above(sm, s->watch, c.bytes, ctx->now_us)) {
		s->rate_reached = true;
		unwatch(sm, s);
		CheckSwitchToSpt(sm, s, ctx);
	}
}

void spt_rate_timer(struct pim_sm *sm, struct proto_ctx *ctx)
{
	struct sm_watch *w, *next;

	for (w = LIST_FIRST(&sm->watched); w; w = next) {
		next = LIST_NEXT(w, link);
		look(sm, w->source, ctx);
	}
	if (!LIST_EMPTY(&sm->watched))
		sm_timer_set(
			sm, ctx, &sm->rate_timer, SM_T_SPT_RATE, ctx->now_us + RATE_INTERVAL_US);
}

void spt_config(struct pim_sm *sm, struct proto_ctx *ctx)
{
	while (sm->pim->config->spt != PIM_SPT_RATE && !LIST_EMPTY(&sm->watched))
		unwatch(sm, LIST_FIRST(&sm->watched)->source);
}
