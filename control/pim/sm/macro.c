/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The formulas of RFC 7761 4.1.5 about interfaces, and the ...Desired of 4.5 that ask them. Pure: they look
 * at state and change none. The neighbours upstream and the metrics of asserts are in macro_rpf.c.
 */
#include "control/pim/sm/sm_macro.h"

/* --- I in G ---------------------------------------------------------------------------------------- */

struct sm_at sm_at_star_g(const struct sm_group *g, struct pim_iface *pif)
{
	return (struct sm_at){
		.g = (struct sm_group *)g, .pif = pif, .star = sm_oif_find(&g->star, pif)};
}

struct sm_at sm_at_sg(const struct sm_source *s, struct pim_iface *pif)
{
	struct sm_at at = sm_at_star_g(s->group, pif);

	at.s = (struct sm_source *)s;
	at.sg = sm_oif_find(&s->sg, pif);
	return at;
}

/* The first from oif on where PIM runs. */
static struct sm_oif *running(struct sm_oif *oif)
{
	while (oif && !oif->iface->pif)
		oif = LIST_NEXT(oif, link);
	return oif;
}

void sm_at_next(struct sm_at *at)
{
	struct sm_oif *star = running(at->star_next), *sg = running(at->sg_next);

	at->star = star && (!sg || star->iface->pif->ifid <= sg->iface->pif->ifid) ? star : NULL;
	at->sg = sg && (!star || sg->iface->pif->ifid <= star->iface->pif->ifid) ? sg : NULL;
	at->pif = at->star ? at->star->iface->pif : at->sg ? at->sg->iface->pif : NULL;
	at->star_next = at->star ? LIST_NEXT(at->star, link) : star;
	at->sg_next = at->sg ? LIST_NEXT(at->sg, link) : sg;
}

struct sm_at sm_at_first(const struct sm_group *g, const struct sm_source *s)
{
	struct sm_at at = {.g = (struct sm_group *)g,
		.s = (struct sm_source *)s,
		.star_next = LIST_FIRST(&g->star.oifs),
		.sg_next = s ? LIST_FIRST(&s->sg.oifs) : NULL};

	sm_at_next(&at);
	return at;
}

/* --- 4.1.5: what the state says -------------------------------------------------------------------- */

/* Whether I takes part in G at all: no boundary keeps G out. */
static bool takes_part(const struct sm_at *at)
{
	return !pim_boundary_denies(at->pif, &at->g->grp);
}

/* 4.8.1: in the SSM range there is neither (*,G) nor (S,G,rpt). */
static bool asm_group(const struct sm_at *at)
{
	return !at->g->ssm;
}

bool local_receiver_include_star_g(const struct sm_at *at)
{
	return at->star && at->star->member == MEMBER_INCLUDE && asm_group(at) && takes_part(at);
}

bool local_receiver_include_sg(const struct sm_at *at)
{
	return at->sg && at->sg->member == MEMBER_INCLUDE && takes_part(at);
}

/* True only if local_receiver_include(*,G,I) is. */
bool local_receiver_exclude_sg(const struct sm_at *at)
{
	return at->sg && at->sg->member == MEMBER_EXCLUDE && local_receiver_include_star_g(at);
}

bool joins_star_g(const struct sm_at *at)
{
	return at->star && (at->star->ds == DS_JOIN || at->star->ds == DS_PRUNE_PENDING) &&
	       asm_group(at) && takes_part(at);
}

bool joins_sg(const struct sm_at *at)
{
	return at->sg && (at->sg->ds == DS_JOIN || at->sg->ds == DS_PRUNE_PENDING) &&
	       takes_part(at);
}

bool prunes_sg_rpt(const struct sm_at *at)
{
	return at->sg && (at->sg->ds_rpt == DS_RPT_PRUNE || at->sg->ds_rpt == DS_RPT_PRUNE_TMP) &&
	       asm_group(at);
}

static bool assert_winner_star_g_is_me(const struct sm_at *at)
{
	return at->star && at->star->assert == ASSERT_WINNER;
}

static bool assert_winner_sg_is_me(const struct sm_at *at)
{
	return at->sg && at->sg->assert == ASSERT_WINNER;
}

bool pim_include_star_g(const struct sm_at *at)
{
	return ((at->pif->i_am_dr && !lost_assert_star_g(at)) || assert_winner_star_g_is_me(at)) &&
	       local_receiver_include_star_g(at);
}

/* Deviation: the assert winner for (S,G) serves members of (*,G), too, as long as the source sends. The RFC leaves
 * them to the DR or the winner for (*,G), which has just lost; if the winner was joined on its behalf only, by way
 * of other routers on the link, both would take turns for ever, doubling packets each time. */
static bool serves_members_of_star_g(const struct sm_at *at)
{
	return assert_winner_sg_is_me(at) && timer_armed(&at->s->kat) &&
	       local_receiver_include_star_g(at) && !local_receiver_exclude_sg(at);
}

bool pim_include_sg(const struct sm_at *at)
{
	return (((at->pif->i_am_dr && !lost_assert_sg(at)) || assert_winner_sg_is_me(at)) &&
		       local_receiver_include_sg(at)) ||
	       serves_members_of_star_g(at);
}

bool pim_exclude_sg(const struct sm_at *at)
{
	return ((at->pif->i_am_dr && !lost_assert_star_g(at)) || assert_winner_star_g_is_me(at)) &&
	       local_receiver_exclude_sg(at);
}

bool register_tunnel(const struct sm_source *s)
{
	return s->reg == REG_JOIN;
}

/* --- 4.1.5: lists of outgoing interfaces ------------------------------------------------------------ */

bool immediate_olist_star_g(const struct sm_at *at)
{
	return (joins_star_g(at) || pim_include_star_g(at)) && !lost_assert_star_g(at);
}

bool immediate_olist_sg(const struct sm_at *at)
{
	return (joins_sg(at) || pim_include_sg(at)) && !lost_assert_sg(at);
}

bool inherited_olist_sg_rpt(const struct sm_at *at)
{
	return ((joins_star_g(at) && !prunes_sg_rpt(at)) ||
		       (pim_include_star_g(at) && !pim_exclude_sg(at))) &&
	       !(lost_assert_star_g(at) || lost_assert_sg_rpt(at));
}

bool inherited_olist_sg(const struct sm_at *at)
{
	return (inherited_olist_sg_rpt(at) || joins_sg(at) || pim_include_sg(at)) &&
	       !lost_assert_sg(at);
}

/* Whether no interface is in the set. */
static bool is_null(
	const struct sm_group *g, const struct sm_source *s, bool (*in_set)(const struct sm_at *at))
{
	for (struct sm_at at = sm_at_first(g, s); at.pif; sm_at_next(&at))
		if (in_set(&at))
			return false;
	return true;
}

bool immediate_olist_star_g_is_null(const struct sm_group *g)
{
	return is_null(g, NULL, immediate_olist_star_g);
}

bool immediate_olist_sg_is_null(const struct sm_source *s)
{
	return !register_tunnel(s) && is_null(s->group, s, immediate_olist_sg);
}

bool inherited_olist_sg_rpt_is_null(const struct sm_source *s)
{
	return is_null(s->group, s, inherited_olist_sg_rpt);
}

bool inherited_olist_sg_is_null(const struct sm_source *s)
{
	return !register_tunnel(s) && is_null(s->group, s, inherited_olist_sg);
}

bool pim_include_star_g_is_null(const struct sm_group *g)
{
	return is_null(g, NULL, pim_include_star_g);
}

static bool pim_include_any(const struct sm_at *at)
{
	return (pim_include_star_g(at) && !pim_exclude_sg(at)) || pim_include_sg(at);
}

bool pim_include_any_is_null(const struct sm_source *s)
{
	return is_null(s->group, s, pim_include_any);
}

/* --- 4.5.4, 4.5.5, 4.5.7 --------------------------------------------------------------------------- */

bool JoinDesired_star_g(const struct sm_group *g)
{
	return !immediate_olist_star_g_is_null(g);
}

bool JoinDesired_sg(const struct sm_source *s)
{
	return !immediate_olist_sg_is_null(s) ||
	       (timer_armed(&s->kat) && !inherited_olist_sg_is_null(s));
}

bool RPTJoinDesired_g(const struct sm_group *g)
{
	return JoinDesired_star_g(g);
}

/* RPF'(*,G) and RPF'(S,G) are one neighbour. Two on two links may have the same link-local address. */
static bool same_nbr_sg(const struct pim_sm *sm, const struct sm_source *s)
{
	struct ipaddr star = RPF_nbr_star_g(sm, s->group), sg = RPF_nbr_sg(sm, s);

	return ip_eq(&star, &sg) &&
	       (ip_is_none(&sg) || RPF_interface_RP(s->group) == RPF_interface_S(s));
}

/* The same of RPF'(S,G,rpt), which is on the link of RPF'(*,G). */
static bool same_nbr_sg_rpt(const struct pim_sm *sm, const struct sm_source *s)
{
	struct ipaddr star = RPF_nbr_star_g(sm, s->group), rpt = RPF_nbr_sg_rpt(sm, s);

	return ip_eq(&star, &rpt);
}

bool PruneDesired_sg_rpt(const struct pim_sm *sm, const struct sm_source *s)
{
	return RPTJoinDesired_g(s->group) &&
	       (inherited_olist_sg_rpt_is_null(s) || (s->spt_bit && !same_nbr_sg(sm, s)));
}

bool prune_sg_rpt_in_join(const struct pim_sm *sm, const struct sm_source *s)
{
	/* Received on the SPT: only pruned off the shared tree if the RPF neighbours differ. */
	if (s->spt_bit)
		return !same_nbr_sg(sm, s);
	/* All interfaces of (*,G) received prunes of (S,G,rpt). */
	if (inherited_olist_sg_rpt_is_null(s))
		return true;
	/* There was an (S,G) assert on the shared tree's interface. */
	return !same_nbr_sg_rpt(sm, s);
}
