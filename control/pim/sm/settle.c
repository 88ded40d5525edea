/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The end of an event: what was marked is evaluated, in the order in which it was marked, (*,G) before its
 * sources. What this changes may mark more, the entry itself included; each comes to rest after a round or
 * two. An event that marks very many, as a route to thousands of sources, is worked off in parts, so that
 * the first Joins leave at once.
 */
#include "control/pim/sm/register.h"
#include "control/pim/sm/sm_tree.h"

#define SETTLE_AT_ONCE 500u
#define ROUNDS_MAX 16u

/* Whether the entry may be evaluated once more: one that never comes to rest must not hold the router. */
static bool round_ok(struct pim_sm *sm, struct sm_entry *e)
{
	if (e->pass != sm->pass) {
		e->pass = sm->pass;
		e->rounds = 0;
	}
	if (e->rounds < ROUNDS_MAX) {
		e->rounds++;
		return true;
	}
	sm->stats.settle_circle++;
	return false;
}

/* The old path is no way in if we send out there: the neighbour upstream has become one downstream. */
static bool old_path_is_output(const struct pim_sm *sm, const struct sm_entry *e)
{
	const struct sm_group *g = group_of(e);
	struct pim_iface *pif = pim_iface_get(sm->pim, e->up.move->ifid, g->grp.family);
	struct sm_at at;

	if (!pif)
		return true;
	if (e->kind == SM_STAR_G) {
		at = sm_at_star_g(g, pif);
		return joins_star_g(&at);
	}
	at = sm_at_sg(source_of(e), pif);
	return joins_sg(&at) || (joins_star_g(&at) && !prunes_sg_rpt(&at));
}

static void source_settle(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	struct sm_group *g = s->group;

	register_settle(sm, s, ctx);
	up_settle(sm, &s->sg, ctx);
	spt_settle(sm, s);
	up_rpt_settle(sm, s, ctx);
	if (s->sg.up.move && old_path_is_output(sm, &s->sg))
		sm_move_done(sm, &s->sg, ctx);
	mfib_settle(sm, &s->sg, ctx);
	if (s->sg.touched || !sm_source_is_idle(s))
		return;
	mfib_forget(sm, &s->sg, ctx);
	sm_source_free(sm, s, ctx->timers);
	if (LIST_EMPTY(&g->sources))
		sm_touch(sm, &g->star);
}

static void group_settle(struct pim_sm *sm, struct sm_group *g, struct proto_ctx *ctx)
{
	up_settle(sm, &g->star, ctx);
	if (g->star.up.move && old_path_is_output(sm, &g->star))
		sm_move_done(sm, &g->star, ctx);
	mfib_settle(sm, &g->star, ctx);
	if (!g->star.touched && sm_group_is_idle(g))
		sm_group_free(sm, g, ctx->timers);
}

/* What a machine made nothing of, or left empty. */
static void oifs_gc(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct sm_oif *oif, *next;

	for (oif = LIST_FIRST(&e->oifs); oif; oif = next) {
		next = LIST_NEXT(oif, link);
		sm_oif_gc(sm, oif, ctx);
	}
}

static void entry_settle(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	target_refresh(sm, &e->up, ctx); /* still marked: it marks but the others */
	oifs_gc(sm, e, ctx);
	TAILQ_REMOVE(&sm->touched, e, in_touched);
	e->touched = false;
	if (!round_ok(sm, e))
		return;
	assert_settle(sm, e, ctx);
	if (e->kind == SM_STAR_G)
		group_settle(sm, group_of(e), ctx);
	else
		source_settle(sm, source_of(e), ctx);
}

void sm_settle(struct pim_sm *sm, struct proto_ctx *ctx)
{
	unsigned n = 0;

	sm->pass++;
	while (!TAILQ_EMPTY(&sm->touched)) {
		if (n++ == SETTLE_AT_ONCE) {
			sm_timer_set(sm, ctx, &sm->settle, SM_T_SETTLE, ctx->now_us);
			return;
		}
		entry_settle(sm, TAILQ_FIRST(&sm->touched), ctx);
	}
}
