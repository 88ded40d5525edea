/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A Join/Prune message that came in (RFC 7761 4.5): addressed to us its entries are events of the downstream
 * machines, addressed to another router they are seen by the upstream ones. Its bytes are read by
 * common/wire_jp.c.
 */
#include "control/pim/sm/sm_tree.h"

/* --- addressed to us: 4.5.1 to 4.5.3 -------------------------------------------------------------------- */

/* Receive Join(*,G) in figure 4: for all (S,G,rpt) of the interface. */
static void rpt_join_star_g(
	struct pim_sm *sm, struct sm_group *g, const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_source *s;

	LIST_FOREACH (s, &g->sources, in_group)
		down_rpt_receive(sm, s, DS_RPT_EV_JOIN_STAR_G, m, ctx);
}

static void join_star_g(struct pim_sm *sm, const struct ipaddr *grp, const struct ipaddr *rp,
	const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_find(sm, grp);
	struct ipaddr mine = g ? *RP_G(g) : rp_of(sm, grp);
	struct sm_oif *oif;

	if (ip_is_none(&mine) || !ip_eq(&mine, rp)) {
		pim_drop(sm->pim, m->pif, PIM_DROP_rp_mismatch);
		return;
	}
	if (!g)
		g = sm_group_get(sm, grp, ctx);
	if (!g)
		return;
	down_receive(sm, &g->star, DS_EV_JOIN, m, ctx);
	rpt_join_star_g(sm, g, m, ctx);
	g->join_seen = true;
	oif = sm_oif_find(&g->star, m->pif);
	if (oif)
		assert_join_received(sm, oif, ctx);
}

static void prune_star_g(
	struct pim_sm *sm, const struct ipaddr *grp, const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_find(sm, grp);

	if (g)
		down_receive(sm, &g->star, DS_EV_PRUNE, m, ctx);
}

static struct sm_source *source_get(struct pim_sm *sm, const struct ipaddr *src,
	const struct ipaddr *grp, struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_get(sm, grp, ctx);

	return g ? sm_source_get(sm, g, src, ctx) : NULL;
}

static void join_sg(struct pim_sm *sm, const struct ipaddr *grp, const struct ipaddr *src,
	const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_source *s = source_get(sm, src, grp, ctx);
	struct sm_oif *oif;

	if (!s)
		return;
	down_receive(sm, &s->sg, DS_EV_JOIN, m, ctx);
	oif = sm_oif_find(&s->sg, m->pif);
	if (oif)
		assert_join_received(sm, oif, ctx);
}

static void prune_sg(struct pim_sm *sm, const struct ipaddr *grp, const struct ipaddr *src,
	const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_source *s = sm_source_find(sm, src, grp);

	if (s)
		down_receive(sm, &s->sg, DS_EV_PRUNE, m, ctx);
}

static void rpt_sg(struct pim_sm *sm, const struct ipaddr *grp, const struct pim_jp_source *e,
	const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_source *s =
		e->join ? sm_source_find(sm, &e->addr, grp) : source_get(sm, &e->addr, grp, ctx);

	if (s)
		down_rpt_receive(sm, s, e->join ? DS_RPT_EV_JOIN : DS_RPT_EV_PRUNE, m, ctx);
}

static void entry_for_us(struct pim_sm *sm, const struct ipaddr *grp, const struct pim_jp_source *e,
	const struct jp_recv *m, struct proto_ctx *ctx)
{
	if (e->flags & PIM_SRC_W) {
		if (e->join)
			join_star_g(sm, grp, &e->addr, m, ctx);
		else
			prune_star_g(sm, grp, m, ctx);
	} else if (e->flags & PIM_SRC_R) {
		rpt_sg(sm, grp, e, m, ctx);
	} else if (e->join) {
		join_sg(sm, grp, &e->addr, m, ctx);
	} else {
		prune_sg(sm, grp, &e->addr, m, ctx);
	}
}

/* End of Message in figure 4, and 4.6.5 rule 7: a Join(*,G) without Prune(S,G,rpt) ends an (S,G) assert that
 * was lost. */
static void end_of_message(
	struct pim_sm *sm, const struct ipaddr *grp, const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_find(sm, grp);
	struct sm_source *s;
	struct sm_oif *oif;

	if (!g || !g->join_seen)
		return;
	g->join_seen = false;
	LIST_FOREACH (s, &g->sources, in_group) {
		down_rpt_receive(sm, s, DS_RPT_EV_END, m, ctx);
		oif = sm_oif_find(&s->sg, m->pif);
		if (oif && oif->ds_rpt == DS_RPT_NOINFO) {
			assert_join_received(sm, oif, ctx);
			sm_oif_gc(sm, oif, ctx);
		}
	}
}

/* --- addressed to another: 4.5.4, 4.5.5, 4.5.7 ------------------------------------------------------------ */

/* Whether e is joined towards the router the message is for. */
static bool towards(
	const struct sm_entry *e, const struct jp_recv *m, const struct ipaddr *upstream)
{
	return e->up.state == UP_JOINED && e->up.ifid == m->pif->ifid &&
	       ip_eq(&e->up.nbr, upstream);
}

/* Likewise of (S,G,rpt). */
static bool rpt_towards(const struct pim_sm *sm, const struct sm_source *s, const struct jp_recv *m,
	const struct ipaddr *upstream)
{
	struct ipaddr nbr;

	if (RPF_interface_RP(s->group) != m->pif->ifid)
		return false;
	nbr = RPF_nbr_sg_rpt(sm, s);
	return ip_eq(&nbr, upstream);
}

static void see_star_g(struct pim_sm *sm, struct sm_group *g, const struct pim_jp_source *e,
	const struct jp_recv *m, const struct ipaddr *upstream, struct proto_ctx *ctx)
{
	struct sm_source *s;

	if (e->join) {
		/* One for another RP does not keep our tree alive. */
		if (towards(&g->star, m, upstream) && ip_eq(&e->addr, &g->rp_joined))
			up_see_join(sm, &g->star, m, ctx);
		g->join_seen |= ip_eq(&e->addr, RP_G(g));
		return;
	}
	if (towards(&g->star, m, upstream))
		up_see_prune(sm, &g->star, m, ctx);
	LIST_FOREACH (s, &g->sources, in_group) {
		if (towards(&s->sg, m, upstream))
			up_see_prune(sm, &s->sg, m, ctx);
	}
}

/* See Prune(S,G,rpt), or Prune(S,G), to RPF'(S,G,rpt). Of a source that nothing is known of RPF'(S,G,rpt) is
 * RPF'(*,G). */
static void see_rpt_prune(struct pim_sm *sm, struct sm_group *g, const struct ipaddr *src,
	const struct jp_recv *m, const struct ipaddr *upstream, struct proto_ctx *ctx)
{
	struct sm_source *s = sm_source_find(sm, src, &g->grp);

	if (!s && !g->ssm && towards(&g->star, m, upstream))
		s = sm_source_get(sm, g, src, ctx);
	if (s && rpt_towards(sm, s, m, upstream))
		up_rpt_see_prune(sm, s, m->pif, ctx);
}

static void see_sg(struct pim_sm *sm, struct sm_group *g, const struct pim_jp_source *e,
	const struct jp_recv *m, const struct ipaddr *upstream, struct proto_ctx *ctx)
{
	struct sm_source *s = sm_source_find(sm, &e->addr, &g->grp);
	bool rpt = e->flags & PIM_SRC_R;

	if (e->join) {
		if (s && rpt && rpt_towards(sm, s, m, upstream))
			up_rpt_see_join(sm, s, ctx);
		else if (s && !rpt && towards(&s->sg, m, upstream))
			up_see_join(sm, &s->sg, m, ctx);
		if (s)
			assert_join_seen(sm, &s->sg, m->pif, ctx);
		return;
	}
	if (s && rpt)
		assert_rpt_prune_seen(sm, s, m->pif);
	if (s && towards(&s->sg, m, upstream))
		up_see_prune(sm, &s->sg, m, ctx);
	see_rpt_prune(sm, g, &e->addr, m, upstream, ctx);
}

static void entry_for_another(struct pim_sm *sm, const struct ipaddr *grp,
	const struct pim_jp_source *e, const struct jp_recv *m, const struct ipaddr *upstream,
	struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_find(sm, grp);

	if (!g)
		return;
	if (e->flags & PIM_SRC_W)
		see_star_g(sm, g, e, m, upstream, ctx);
	else
		see_sg(sm, g, e, m, upstream, ctx);
}

/* What a Join(*,G) for another says of the sources that it does not prune. */
static void end_of_message_seen(
	struct pim_sm *sm, const struct ipaddr *grp, const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_find(sm, grp);
	struct sm_source *s;

	if (!g || !g->join_seen)
		return;
	g->join_seen = false;
	assert_join_seen(sm, &g->star, m->pif, ctx);
	LIST_FOREACH (s, &g->sources, in_group)
		assert_join_seen(sm, &s->sg, m->pif, ctx);
}

/* --- the message ----------------------------------------------------------------------------------------- */

/* 4.5.1: our primary address, or all zeros on a point-to-point link. */
static bool for_us(
	const struct pim_iface *pif, const struct ipaddr *upstream, const struct proto_ctx *ctx)
{
	const struct net_if *ifp;

	if (ip_eq(upstream, &pif->addr))
		return true;
	if (!ip_is_any(upstream))
		return false;
	ifp = net_if_get(ctx->net, pif->ifid);
	return ifp && ifp->conf.kind != DP_IF_ETHER;
}

/* Whether the entry means anything here: 4.8.1. */
static bool entry_holds(
	struct pim_sm *sm, const struct pim_jp_source *e, const struct jp_recv *m, bool ssm)
{
	if (!ssm || !(e->flags & PIM_SRC_R))
		return true;
	pim_drop(sm->pim, m->pif, PIM_DROP_ssm_entry);
	return false;
}

static void group_set(struct pim_sm *sm, struct pim_jp_group *set, const struct jp_recv *m,
	const struct ipaddr *upstream, bool us, struct proto_ctx *ctx)
{
	bool ssm = rp_is_ssm(sm, &set->grp);
	struct pim_jp_source e;

	while (pim_jp_source_next(set, &e)) {
		if (e.join)
			sm->stats.joins_received++;
		else
			sm->stats.prunes_received++;
		if (!entry_holds(sm, &e, m, ssm))
			continue;
		if (us)
			entry_for_us(sm, &set->grp, &e, m, ctx);
		else
			entry_for_another(sm, &set->grp, &e, m, upstream, ctx);
	}
}

static void message(
	struct pim_sm *sm, const struct pim_jp *jp, const struct jp_recv *m, struct proto_ctx *ctx)
{
	bool us = for_us(m->pif, &jp->upstream, ctx);
	struct pim_jp walk = *jp;
	struct pim_jp_group set;

	while (pim_jp_group_next(&walk, &set)) {
		if (pim_boundary_denies(m->pif, &set.grp))
			pim_drop(sm->pim, m->pif, PIM_DROP_boundary);
		else
			group_set(sm, &set, m, &jp->upstream, us, ctx);
	}
	walk = *jp;
	while (pim_jp_group_next(&walk, &set)) {
		if (us)
			end_of_message(sm, &set.grp, m, ctx);
		else
			end_of_message_seen(sm, &set.grp, m, ctx);
	}
}

void sm_joinprune_received(struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *src,
	const uint8_t *data, size_t len, struct proto_ctx *ctx)
{
	struct pim_packet p = {.src = *src, .type = PIM_JOIN_PRUNE, .msg = data, .len = len};
	struct pim_jp jp;
	struct jp_recv m;
	enum pim_drop why = pim_jp_open(&p, &jp);

	if (why) {
		pim_drop(sm->pim, pif, why);
		return;
	}
	pim_drop_n(sm->pim, pif, jp.skipped_why, jp.skipped);
	m = (struct jp_recv){.pif = pif, .src = *src, .holdtime_s = jp.holdtime_s};
	message(sm, &jp, &m, ctx);
	sm_settle(sm, ctx);
}
