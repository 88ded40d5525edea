/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What comes to the Assert machines besides messages (RFC 7761 4.6.1, 4.6.2): formulas that settling finds changed,
 * routes, neighbours, Joins, timers, data. Data sets off at most one Assert a second for an entry and interface
 * (4.2).
 */
#include "control/pim/sm/assert.h"
#include "control/pim/sm/register.h"

#define DATA_ASSERT_INTERVAL_US 1000000u

static struct sm_at at_of(const struct sm_oif *oif)
{
	struct sm_entry *e = oif->entry;

	return e->kind == SM_STAR_G ? sm_at_star_g(group_of(e), oif->iface->pif)
				    : sm_at_sg(source_of(e), oif->iface->pif);
}

static void oif_event(
	struct pim_sm *sm, struct sm_oif *oif, enum assert_event ev, struct proto_ctx *ctx)
{
	const struct assert_what nothing = {0};
	struct sm_at at = at_of(oif);

	assert_step(sm, &at, ev, &nothing, ctx);
}

/* What we won under an address that is no longer ours, or where PIM has ended: nobody waits for a
 * cancel. */
static void winner_forget(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	oif->assert = ASSERT_NOINFO;
	sm_assert_info_clear(oif, ctx->timers);
	sm_touch(sm, oif->entry);
}

/* A route may make very many of them worse: about one a millisecond then leaves on an interface. One that is due as
 * soon stays, or who asks often would have it at once. */
static void say_soon(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	const struct sm_iface *i = oif->iface;
	uint64_t ms = i->pif->effective_override_interval_ms;
	uint64_t within_us = (i->n_oifs > ms ? i->n_oifs : ms) * 1000u;

	if (oif->info->at.due_us > ctx->now_us + within_us)
		sm_timer_set(sm, ctx, &oif->info->at, SM_T_ASSERT,
			ctx->now_us + pim_random_us(i->pif->pim, within_us));
}

/* Deviation: one that has become worse is said soon, and not when AT expires: a loser who is better now takes over
 * while routes change anyway, and not minutes later, which doubles a packet. */
static void winner_metric(
	struct pim_sm *sm, struct sm_oif *oif, const struct sm_at *at, struct proto_ctx *ctx)
{
	struct assert_metric m = assert_metric_said(at);

	if (assert_metric_better(&oif->info->winner, &m))
		say_soon(sm, oif, ctx);
	oif->info->winner = m;
}

static void settle_winner(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	struct sm_at at = at_of(oif);

	if (!ip_eq(&AssertWinner(oif)->address, &oif->iface->pif->addr))
		winner_forget(sm, oif, ctx);
	else if (!(at.s ? CouldAssert_sg(&at) : CouldAssert_star_g(&at)))
		oif_event(sm, oif, AE_COULD_ASSERT_FALSE, ctx);
	else
		winner_metric(sm, oif, &at, ctx);
}

static void settle_loser(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	struct sm_at at = at_of(oif);
	struct assert_metric mine = at.s ? my_assert_metric_sg(&at) : my_assert_metric_star_g(&at);

	if (!(at.s ? AssertTrackingDesired_sg(&at) : AssertTrackingDesired_star_g(&at)))
		oif_event(sm, oif, AE_TRACKING_FALSE, ctx);
	else if (!assert_metric_infinite(&mine) && assert_metric_better(&mine, AssertWinner(oif)))
		oif_event(sm, oif, AE_METRIC_BETTER, ctx);
}

void assert_settle(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct sm_oif *oif, *next;

	for (oif = LIST_FIRST(&e->oifs); oif; oif = next) {
		next = LIST_NEXT(oif, link);
		if (oif->assert == ASSERT_NOINFO)
			continue;
		if (!oif->iface->pif)
			winner_forget(sm, oif, ctx);
		else if (oif->assert == ASSERT_WINNER)
			settle_winner(sm, oif, ctx);
		else
			settle_loser(sm, oif, ctx);
		sm_oif_gc(sm, oif, ctx);
	}
}

void assert_rpf_changed(
	struct pim_sm *sm, struct sm_entry *e, uint16_t old_ifid, struct proto_ctx *ctx)
{
	struct pim_iface *pif = pim_iface_get(sm->pim, old_ifid, group_of(e)->grp.family);
	struct sm_oif *oif = pif ? sm_oif_find(e, pif) : NULL;

	if (!oif)
		return;
	oif_event(sm, oif, AE_RPF_STOPS, ctx);
	sm_oif_gc(sm, oif, ctx);
}

void assert_rp_changed(struct pim_sm *sm, struct sm_group *g, struct proto_ctx *ctx)
{
	struct sm_oif *oif, *next;

	for (oif = LIST_FIRST(&g->star.oifs); oif; oif = next) {
		next = LIST_NEXT(oif, link);
		if (oif->assert != ASSERT_LOSER || !oif->iface->pif)
			continue;
		oif_event(sm, oif, AE_RPF_STOPS, ctx);
		sm_oif_gc(sm, oif, ctx);
	}
}

void assert_join_received(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	oif_event(sm, oif, AE_JOIN, ctx);
}

/* Deviation: what he has forgotten by it (4.6.5 rules 6 and 7) is said again soon. Where he gets the packets from
 * this link himself he does not forward them, nothing sets off an Assert, and whoever has joined him would not hear of
 * the winner before AT expires, and change over then. The same goes for who began without S, by a Prune(S,G,rpt), to which
 * nothing is said, and takes that back by a Join(S,G,rpt) to him: had it heard of us, its RPF'(S,G,rpt) would be this
 * router. */
void assert_join_seen(
	struct pim_sm *sm, struct sm_entry *e, struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct sm_oif *oif = sm_oif_find(e, pif);

	if (oif && oif->assert == ASSERT_WINNER && oif->info->pruned_in != sm->pass)
		say_soon(sm, oif, ctx);
}

void assert_rpt_prune_seen(struct pim_sm *sm, struct sm_source *s, struct pim_iface *pif)
{
	struct sm_oif *oif = sm_oif_find(&s->sg, pif);

	if (oif && oif->info)
		oif->info->pruned_in = sm->pass;
}

void assert_neigh_void(
	struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *addr, struct proto_ctx *ctx)
{
	struct sm_iface *iface = sm_iface_find(sm, pif->ifid, pif->family);
	struct sm_oif *oif, *next;

	for (oif = iface ? LIST_FIRST(&iface->oifs) : NULL; oif; oif = next) {
		next = LIST_NEXT(oif, in_iface);
		if (oif->assert != ASSERT_LOSER || oif->iface->pif != pif ||
			!ip_eq(&AssertWinner(oif)->address, addr))
			continue;
		oif_event(sm, oif, AE_WINNER_VOID, ctx);
		sm_oif_gc(sm, oif, ctx);
	}
}

void assert_cancel_all(struct pim_sm *sm, struct sm_iface *iface, struct proto_ctx *ctx)
{
	struct sm_oif *oif;

	LIST_FOREACH (oif, &iface->oifs, in_iface) {
		if (oif->assert == ASSERT_WINNER && oif->iface->pif)
			oif_event(sm, oif, AE_COULD_ASSERT_FALSE, ctx);
	}
}

void assert_timer(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	oif_event(sm, oif, AE_TIMER, ctx);
	sm_oif_gc(sm, oif, ctx);
}

/* --- data ------------------------------------------------------------------------------------- */

/* Data on an interface of the olist (4.2): NoInfo becomes Winner, a winner says so again. */
static void data_on(
	struct pim_sm *sm, const struct sm_at *at, const struct ipaddr *src, struct proto_ctx *ctx)
{
	struct sm_oif *oif = at->s ? at->sg : at->star;
	const struct assert_what what = {.data_src = src};

	if (oif && oif->info && oif->info->sent_us &&
		ctx->now_us - oif->info->sent_us < DATA_ASSERT_INTERVAL_US)
		return;
	if (oif && oif->assert == ASSERT_WINNER)
		assert_send(at, AssertWinner(oif), src, ctx);
	else if (at->s ? CouldAssert_sg(at) : CouldAssert_star_g(at))
		assert_step(sm, at, AE_DATA, &what, ctx);
	oif = sm_oif_find(at->s ? &at->s->sg : &at->g->star, at->pif);
	if (oif && oif->assert == ASSERT_WINNER)
		oif->info->sent_us = ctx->now_us;
}

void assert_data(struct pim_sm *sm, struct sm_group *g, struct sm_source *s, struct pim_iface *pif,
	const struct ipaddr *src, struct proto_ctx *ctx)
{
	struct sm_at star = sm_at_star_g(g, pif), sg = s ? sm_at_sg(s, pif) : star;

	if (s && inherited_olist_sg(&sg))
		spt_rival(sm, s, ctx);
	if (s && SPTbit(s)) {
		if (inherited_olist_sg(&sg))
			data_on(sm, &sg, src, ctx);
		return;
	}
	/* figure 9 moves only while figure 8 is in NoInfo */
	if (s && sg.sg && sg.sg->assert != ASSERT_NOINFO)
		return;
	if (s ? inherited_olist_sg_rpt(&sg) : immediate_olist_star_g(&star))
		data_on(sm, &star, src, ctx);
}
