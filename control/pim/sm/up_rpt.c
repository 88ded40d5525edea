/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The upstream machine of (S,G,rpt) for triggered messages: RFC 7761 4.5.7, figure 7. As in up.c, events that
 * are changes of formulas are found when the source is settled. The Prunes(S,G,rpt) within Joins(*,G)
 * (4.5.6) are put there by jp.c.
 */
#include "control/pim/sm/sm_tree.h"

/* A triggered Join or Prune(S,G,rpt) to RPF'(S,G,rpt), and to whom a winner has replaced as RPF'(*,G): the Join(*,G) that it
 * has yet is to bring no more than the winner's (up.c). */
static void send_rpt(struct pim_sm *sm, struct sm_source *s, bool join, struct proto_ctx *ctx)
{
	const struct sm_group *g = s->group;
	struct pim_iface *pif = pim_iface_get(sm->pim, RPF_interface_RP(g), g->grp.family);
	const struct ipaddr *left = g->star.up.left;
	struct ipaddr nbr = RPF_nbr_sg_rpt(sm, s);

	if (!pif || g->ssm)
		return;
	if (!ip_is_none(&nbr))
		jp_queue_add(sm, pif, &nbr, join, JP_SG_RPT, src_of(s), &g->grp, true, ctx);
	if (left && !ip_eq(left, &nbr) && pim_neigh_find(pif, left))
		jp_queue_add(sm, pif, left, join, JP_SG_RPT, src_of(s), &g->grp, true, ctx);
}

static bool nbr_differs(const struct pim_sm *sm, const struct sm_source *s)
{
	struct ipaddr a = RPF_nbr_sg_rpt(sm, s), b = RPF_nbr_star_g(sm, s->group);

	return !ip_eq(&a, &b);
}

/* OT = min(OT, t_override); one at rest is infinite. */
static void override(
	struct pim_sm *sm, struct sm_source *s, struct pim_iface *pif, struct proto_ctx *ctx)
{
	uint64_t due = ctx->now_us + pim_t_override_us(pif);

	if (!timer_armed(&s->ot) || s->ot.due_us > due)
		sm_timer_set(sm, ctx, &s->ot, SM_T_OVERRIDE, due);
}

/* RPF'(S,G,rpt) -> RPF'(*,G), in NotPruned. */
static void nbr_settle(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	struct pim_iface *pif =
		pim_iface_get(sm->pim, RPF_interface_RP(s->group), s->group->grp.family);
	bool differs = nbr_differs(sm, s);

	if (s->rpt_nbr_differs && !differs && pif)
		override(sm, s, pif, ctx);
	s->rpt_nbr_differs = differs;
}

/* Whether RPF'(*,G) is the one to be told, and each Join(*,G) tells it again (4.5.6). */
static bool prune_lasts(const struct pim_sm *sm, const struct sm_source *s)
{
	return prune_sg_rpt_in_join(sm, s) && !nbr_differs(sm, s);
}

/* Pruned, for as long as it lasts.
 *
 * Deviation: RPF'(*,G) is told as soon as the source is one that Joins(*,G) prune (4.5.6). Figure 7 leaves that to
 * the next of these, up to a minute later, where the Prune was sent to an assert's winner who has let go, and where both
 * trees came by one neighbour (such Joins(*,G) prune nothing, and take back what was), and now (S,G) ends or comes by
 * another. Meanwhile the shared tree brings what nobody wants here, or, where it leads through ourselves, has us join
 * what we then carry in a ring. */
static void pruned_settle(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	bool due = prune_lasts(sm, s);

	if (due && !s->rpt_told)
		send_rpt(sm, s, false, ctx);
	s->rpt_told = due;
}

/* What begins it says so: a Join(*,G), or a Prune to RPF'(S,G,rpt). */
static void pruned_begin(struct pim_sm *sm, struct sm_source *s)
{
	s->up_rpt = UP_RPT_PRUNED;
	s->rpt_told = prune_lasts(sm, s);
}

void up_rpt_settle(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	bool rpt = RPTJoinDesired_g(s->group), prune = rpt && PruneDesired_sg_rpt(sm, s);

	switch ((enum up_rpt_state)s->up_rpt) {
	case UP_RPT_NOT_JOINED:
		if (prune)
			pruned_begin(sm, s);
		else if (rpt && !inherited_olist_sg_rpt_is_null(s))
			s->up_rpt = UP_RPT_NOT_PRUNED;
		s->rpt_nbr_differs = nbr_differs(sm, s);
		break;
	case UP_RPT_PRUNED:
		if (!rpt) {
			s->up_rpt = UP_RPT_NOT_JOINED;
		} else if (!prune) {
			s->up_rpt = UP_RPT_NOT_PRUNED;
			s->rpt_nbr_differs = nbr_differs(sm, s);
			send_rpt(sm, s, true, ctx);
		} else {
			pruned_settle(sm, s, ctx);
		}
		break;
	case UP_RPT_NOT_PRUNED:
		if (!rpt) {
			s->up_rpt = UP_RPT_NOT_JOINED;
			timer_cancel(ctx->timers, &s->ot);
		} else if (prune) {
			timer_cancel(ctx->timers, &s->ot);
			send_rpt(sm, s, false, ctx);
			pruned_begin(sm, s);
		} else {
			nbr_settle(sm, s, ctx);
		}
		break;
	}
}

/* Only where RPF'(S,G,rpt) is RPF'(*,G): another router might have no (*,G). */
void up_rpt_override_timer(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	if (s->up_rpt == UP_RPT_NOT_PRUNED && !nbr_differs(sm, s))
		send_rpt(sm, s, true, ctx);
	sm_touch(sm, &s->sg);
}

void up_rpt_see_join(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	if (s->up_rpt != UP_RPT_NOT_PRUNED || !timer_armed(&s->ot))
		return;
	timer_cancel(ctx->timers, &s->ot);
	sm_touch(sm, &s->sg);
}

/* A source that nothing was known of is NotPruned if (*,G) is joined: the override makes it known for the
 * time of OT. */
void up_rpt_see_prune(
	struct pim_sm *sm, struct sm_source *s, struct pim_iface *pif, struct proto_ctx *ctx)
{
	if (s->up_rpt == UP_RPT_NOT_JOINED)
		up_rpt_settle(sm, s, ctx);
	if (s->up_rpt == UP_RPT_NOT_PRUNED)
		override(sm, s, pif, ctx);
}
