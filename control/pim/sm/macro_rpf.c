/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The formulas of RFC 7761 about neighbours upstream (4.1.5), metrics of asserts (4.6.3) and lost asserts
 * (4.6.5). Pure, as macro.c.
 */
#include "control/pim/sm/sm_macro.h"

#define METRIC_INFINITY UINT32_MAX
#define PREFERENCE_INFINITY 0x7fffffffu /* 31 bits (4.9.6) */

/* --- 4.1.5 ------------------------------------------------------------------------------------------ */

uint16_t RPF_interface_RP(const struct sm_group *g)
{
	return rpf_of(&g->star.up)->ifid;
}

uint16_t RPF_interface_S(const struct sm_source *s)
{
	return rpf_of(&s->sg.up)->ifid;
}

bool DirectlyConnected(const struct sm_source *s)
{
	return rpf_of(&s->sg.up)->connected;
}

struct ipaddr NBR(const struct pim_sm *sm, uint16_t ifid, const struct ipaddr *a) {
	struct pim_iface *pif = pim_iface_get(sm->pim, ifid, a->family);
	struct pim_neigh *n = pif ? pim_neigh_nbr(pif, a) : NULL;

	return n ? n->addr : (struct ipaddr){0};
}

/* The interface upstream, unless a boundary keeps the group off it. */
static struct pim_iface *
rpf_pif(const struct pim_sm *sm, const struct sm_up *up, const struct ipaddr *grp)
{
	struct pim_iface *pif = pim_iface_get(sm->pim, rpf_of(up)->ifid, grp->family);

	return pif && !pim_boundary_denies(pif, grp) ? pif : NULL;
}

/* Deviation: an assert's winner who is farther from the RP or the source than we are is not joined; section 4.6 has
 * it joined as long as it says that it has won. Its own way may lead through us: such a ring of Joins brings no
 * data, and keeps itself alive. (RPF'(S,G,rpt) is asked for no Joins, but for who forwards.) Our next hop, who is nearer, will win as soon as it forwards. Where its asserts
 * show that metrics on the link are not made alike, the RFC's word is followed, for Assert_Time. */
static bool is_farther(const struct pim_sm *sm, const struct sm_at *at,
	const struct assert_metric *w, const struct sm_rpf *rpf, bool rpt)
{
	const struct sm_iface *i = sm_iface_find(sm, at->pif->ifid, at->pif->family);

	return w->rpt_bit == rpt && w->preference == rpf->preference && w->metric > rpf->metric &&
	       !(i && timer_armed(&i->odd_metrics));
}

/* The winner's word counts: we are loser, and it is to be followed. */
static bool follows_star_g(const struct pim_sm *sm, const struct sm_at *at)
{
	return I_Am_Assert_Loser_star_g(at) &&
	       !is_farther(sm, at, AssertWinner(at->star), rpf_of(&at->g->star.up), true);
}

static bool follows_sg(const struct pim_sm *sm, const struct sm_at *at)
{
	return I_Am_Assert_Loser_sg(at) &&
	       !is_farther(sm, at, AssertWinner(at->sg), rpf_of(&at->s->sg.up), false);
}

struct ipaddr RPF_nbr_star_g(const struct pim_sm *sm, const struct sm_group *g)
{
	struct pim_iface *pif = rpf_pif(sm, &g->star.up, &g->grp);
	struct sm_at at;

	if (!pif)
		return (struct ipaddr){0};
	at = sm_at_star_g(g, pif);
	if (follows_star_g(sm, &at))
		return AssertWinner(at.star)->address;
	return NBR(sm, pif->ifid, &rpf_of(&g->star.up)->next_hop);
}

struct ipaddr RPF_nbr_sg_rpt(const struct pim_sm *sm, const struct sm_source *s)
{
	struct pim_iface *pif = rpf_pif(sm, &s->group->star.up, &s->group->grp);
	struct sm_at at;

	if (!pif)
		return (struct ipaddr){0};
	at = sm_at_sg(s, pif);
	if (I_Am_Assert_Loser_sg(&at))
		return AssertWinner(at.sg)->address;
	return RPF_nbr_star_g(sm, s->group);
}

struct ipaddr RPF_nbr_sg(const struct pim_sm *sm, const struct sm_source *s)
{
	struct pim_iface *pif = rpf_pif(sm, &s->sg.up, &s->group->grp);
	struct sm_at at;

	if (!pif)
		return (struct ipaddr){0};
	at = sm_at_sg(s, pif);
	if (follows_sg(sm, &at))
		return AssertWinner(at.sg)->address;
	return NBR(sm, pif->ifid, &rpf_of(&s->sg.up)->next_hop);
}

/* --- 4.6.5 ------------------------------------------------------------------------------------------ */

bool I_Am_Assert_Loser_star_g(const struct sm_at *at)
{
	return at->star && at->star->assert == ASSERT_LOSER;
}

bool I_Am_Assert_Loser_sg(const struct sm_at *at)
{
	return at->sg && at->sg->assert == ASSERT_LOSER;
}

/* AssertWinner(S,G,I) != NULL AND AssertWinner(S,G,I) != me is what the state Loser says. */
bool lost_assert_sg_rpt(const struct sm_at *at)
{
	if (RPF_interface_RP(at->g) == at->pif->ifid ||
		(RPF_interface_S(at->s) == at->pif->ifid && at->s->spt_bit))
		return false;
	return I_Am_Assert_Loser_sg(at);
}

bool lost_assert_sg(const struct sm_at *at)
{
	struct assert_metric mine;

	if (RPF_interface_S(at->s) == at->pif->ifid || !I_Am_Assert_Loser_sg(at))
		return false;
	mine = spt_assert_metric(at->s, at->pif);
	return assert_metric_better(AssertWinner(at->sg), &mine);
}

bool lost_assert_star_g(const struct sm_at *at)
{
	if (RPF_interface_RP(at->g) == at->pif->ifid)
		return false;
	return I_Am_Assert_Loser_star_g(at);
}

/* --- 4.6.3 ------------------------------------------------------------------------------------------ */

static struct assert_metric metric_of(
	bool rpt_bit, const struct sm_rpf *rpf, const struct pim_iface *pif)
{
	if (!rpf->ifid) {
		/* No route: nobody is worse, but it is not the metric that cancels. */
		return (struct assert_metric){.rpt_bit = rpt_bit,
			.preference = PREFERENCE_INFINITY,
			.metric = METRIC_INFINITY,
			.address = pif->addr};
	}
	return (struct assert_metric){.rpt_bit = rpt_bit,
		.preference = rpf->preference,
		.metric = rpf->metric,
		.address = pif->addr};
}

struct assert_metric spt_assert_metric(const struct sm_source *s, const struct pim_iface *pif)
{
	return metric_of(false, rpf_of(&s->sg.up), pif);
}

struct assert_metric rpt_assert_metric(const struct sm_group *g, const struct pim_iface *pif)
{
	return metric_of(true, rpf_of(&g->star.up), pif);
}

struct assert_metric infinite_assert_metric(void)
{
	return (struct assert_metric){
		.rpt_bit = true, .preference = PREFERENCE_INFINITY, .metric = METRIC_INFINITY};
}

bool assert_metric_better(const struct assert_metric *a, const struct assert_metric *b)
{
	if (a->rpt_bit != b->rpt_bit)
		return !a->rpt_bit;
	if (a->preference != b->preference)
		return a->preference < b->preference;
	if (a->metric != b->metric)
		return a->metric < b->metric;
	return ip_cmp(&a->address, &b->address) > 0;
}
