/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Which event of figures 8 and 9 a received Assert is (RFC 7761 4.6.1, 4.6.2). First (S,G), if it
 * names a source; (*,G) hears of it only if that machine stayed in NoInfo.
 *
 * An Assert Cancel that names a source is one of (S,G) (4.6.4): (*,G) does not take it for its
 * own, or a router that only left the SPT would lose the shared tree with it.
 */
#include "control/pim/sm/assert.h"
#include "control/pim/sm/sm_tree.h"

struct heard {
	struct assert_metric m;
	bool acceptable, inferior; /* 4.6.1, terminology */
};

static struct heard compare(const struct assert_metric *m, const struct assert_metric *mine)
{
	return (struct heard){.m = *m,
		.acceptable = !assert_metric_infinite(m) && assert_metric_better(m, mine),
		.inferior = !assert_metric_infinite(mine) && assert_metric_better(mine, m)};
}

/* ASSERT_EVENTS: none of the columns. */
static enum assert_event in_noinfo_sg(const struct sm_at *at, const struct heard *h)
{
	if (h->m.rpt_bit)
		return CouldAssert_sg(at) ? AE_RPT : ASSERT_EVENTS;
	if (h->inferior)
		return AE_INFERIOR;
	return h->acceptable && AssertTrackingDesired_sg(at) ? AE_ACCEPTABLE : ASSERT_EVENTS;
}

static enum assert_event in_noinfo_star_g(const struct sm_at *at, const struct heard *h)
{
	if (h->inferior && CouldAssert_star_g(at))
		return AE_INFERIOR;
	return h->acceptable && AssertTrackingDesired_star_g(at) ? AE_ACCEPTABLE : ASSERT_EVENTS;
}

static enum assert_event in_winner(const struct sm_oif *oif, const struct heard *h)
{
	if (!assert_metric_infinite(&h->m) && assert_metric_better(&h->m, AssertWinner(oif)))
		return AE_PREFERRED;
	return h->inferior ? AE_INFERIOR : ASSERT_EVENTS;
}

/* right_bit: RPTbit clear in figure 8, set in figure 9 */
static enum assert_event in_loser(const struct sm_oif *oif, const struct heard *h, bool right_bit)
{
	if (!assert_metric_infinite(&h->m) && assert_metric_better(&h->m, AssertWinner(oif)))
		return AE_PREFERRED;
	if (!ip_eq(&h->m.address, &AssertWinner(oif)->address))
		return ASSERT_EVENTS;
	if (h->inferior || assert_metric_infinite(&h->m))
		return AE_INFERIOR_OF_WINNER;
	return h->acceptable && right_bit ? AE_ACCEPTABLE_OF_WINNER : ASSERT_EVENTS;
}

static enum assert_event event_sg(const struct sm_at *at, const struct heard *h)
{
	switch (at->sg ? (enum assert_state)at->sg->assert : ASSERT_NOINFO) {
	case ASSERT_NOINFO:
		return in_noinfo_sg(at, h);
	case ASSERT_WINNER:
		return in_winner(at->sg, h);
	case ASSERT_LOSER:
		return in_loser(at->sg, h, !h->m.rpt_bit);
	}
	return ASSERT_EVENTS;
}

static enum assert_event event_star_g(const struct sm_at *at, const struct heard *h)
{
	switch (at->star ? (enum assert_state)at->star->assert : ASSERT_NOINFO) {
	case ASSERT_NOINFO:
		return in_noinfo_star_g(at, h);
	case ASSERT_WINNER:
		return in_winner(at->star, h);
	case ASSERT_LOSER:
		return in_loser(at->star, h, true);
	}
	return ASSERT_EVENTS;
}

/* True: (*,G) has no part in this message. */
static bool heard_sg(
	struct pim_sm *sm, struct sm_at *at, const struct assert_metric *m, struct proto_ctx *ctx)
{
	struct assert_metric mine = my_assert_metric_sg(at);
	struct heard h = compare(m, &mine);
	const struct assert_what what = {.heard = m};
	enum assert_event ev = event_sg(at, &h);
	bool changed = ev != ASSERT_EVENTS && assert_step(sm, at, ev, &what, ctx);

	*at = sm_at_sg(at->s, at->pif);
	return changed || (at->sg && at->sg->assert != ASSERT_NOINFO);
}

static void heard_star_g(
	struct pim_sm *sm, struct sm_at *at, const struct assert_metric *m, struct proto_ctx *ctx)
{
	struct assert_metric mine = my_assert_metric_star_g(at);
	struct heard h = compare(m, &mine);
	const struct assert_what what = {.heard = m};
	enum assert_event ev = event_star_g(at, &h);

	if (ev != ASSERT_EVENTS)
		assert_step(sm, at, ev, &what, ctx);
	*at = sm_at_star_g(at->g, at->pif);
	if (at->star)
		sm_oif_gc(sm, at->star, ctx);
}

/* The (S,G) that an Assert concerns. Without state, figure 8 can only leave NoInfo as a loser:
 * then it is made, within what the neighbour may ask for, and goes again with the event if it stays
 * empty. */
static struct sm_source *source_for(struct pim_sm *sm, struct sm_group *g, struct pim_iface *pif,
	const struct ipaddr *src, const struct assert_metric *m, struct proto_ctx *ctx)
{
	const struct jp_recv from = {.pif = pif, .src = m->address};
	struct sm_source *s = sm_source_find(sm, src, &g->grp);
	struct sm_peer *by;

	if (s || m->rpt_bit || assert_metric_infinite(m))
		return s;
	by = down_peer(sm, src, &g->grp, &from, ctx);
	if (!by)
		return NULL;
	s = sm_source_get(sm, g, src, ctx);
	sm_peer_gc(sm, by);
	return s;
}

/* What was lost counts for the winner, unless it is somebody's already. */
static void loser_counts(struct pim_sm *sm, struct sm_oif *oif, const struct ipaddr *winner)
{
	struct sm_peer *by;

	if (oif->assert != ASSERT_LOSER || oif->by)
		return;
	by = sm_peer_get(sm, oif->iface->pif->ifid, winner);
	if (by)
		sm_oif_own(sm, oif, by);
}

/* Our next hop to the target claims not to be nearer to it than we are. */
static bool is_odd(const struct pim_sm *sm, const struct pim_iface *pif, const struct sm_rpf *rpf,
	const struct assert_metric *m)
{
	struct ipaddr nbr;

	if (rpf->ifid != pif->ifid || ip_is_none(&rpf->next_hop) || assert_metric_infinite(m) ||
		m->preference != rpf->preference || m->metric < rpf->metric)
		return false;
	nbr = NBR(sm, pif->ifid, &rpf->next_hop);
	return ip_eq(&nbr, &m->address);
}

static void metrics_odd(struct pim_sm *sm, struct sm_iface *i, struct proto_ctx *ctx)
{
	bool new = !timer_armed(&i->odd_metrics);

	sm_timer_set(sm, ctx, &i->odd_metrics, SM_T_ODD_METRICS,
		ctx->now_us + (uint64_t)sm->pim->config->assert_s * 1000000);
	if (new)
		sm_iface_touch(sm, i);
}

static void compare_with_routes(struct pim_sm *sm, struct pim_iface *pif, const struct sm_group *g,
	const struct sm_source *s, const struct assert_metric *m, struct proto_ctx *ctx)
{
	struct sm_iface *i = sm_iface_find(sm, pif->ifid, pif->family);

	if (i && (m->rpt_bit ? is_odd(sm, pif, rpf_of(&g->star.up), m)
			     : s && is_odd(sm, pif, rpf_of(&s->sg.up), m)))
		metrics_odd(sm, i, ctx);
}

static void hear(struct pim_sm *sm, struct pim_iface *pif, const struct pim_assert *a,
	const struct assert_metric *m, struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_find(sm, &a->grp);
	bool named = !ip_is_none(&a->src);
	struct sm_source *s;
	struct sm_at at;
	bool done;

	if (!g) /* nothing known of the group: no formula holds */
		return;
	s = named ? source_for(sm, g, pif, &a->src, m, ctx) : NULL;
	compare_with_routes(sm, pif, g, s, m, ctx);
	if (s) {
		at = sm_at_sg(s, pif);
		done = heard_sg(sm, &at, m, ctx);
		if (at.sg && !sm_oif_gc(sm, at.sg, ctx))
			loser_counts(sm, at.sg, &m->address);
		if (done)
			return;
	}
	if (!m->rpt_bit || g->ssm || (named && assert_metric_infinite(m)))
		return;
	at = sm_at_star_g(g, pif);
	heard_star_g(sm, &at, m, ctx);
}

void sm_assert_received(struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *src,
	const uint8_t *data, size_t len, struct proto_ctx *ctx)
{
	struct pim_packet p = {.src = *src, .type = PIM_ASSERT, .msg = data, .len = len};
	struct pim_assert a;
	struct assert_metric m;
	enum pim_drop why = pim_assert_open(&p, &a);

	if (!why && pim_boundary_denies(pif, &a.grp))
		why = PIM_DROP_boundary;
	if (why) {
		pim_drop(sm->pim, pif, why);
		return;
	}
	m = (struct assert_metric){
		.rpt_bit = a.rpt, .preference = a.preference, .metric = a.metric, .address = *src};
	hear(sm, pif, &a, &m, ctx);
	sm_settle(sm, ctx);
}
