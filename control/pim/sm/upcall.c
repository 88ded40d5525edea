/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Data packets as the data plane tells of them, and what they set off (RFC 7761 4.2). The data
 * plane forwards by the wish of the (S,G) or (*,G); here is the rest of that pseudocode.
 *
 * In the SSM range data makes no state: who has not joined (S,G) has no use for it, and the
 * Keepalive Timer has none either (4.8.2). An interface without PIM makes none, nor does one whose
 * boundary keeps the group out.
 */
#include "control/pim/sm/assert.h"
#include "control/pim/sm/register.h"

/* DirectlyConnected(S) and iif == RPF_interface(S), of a source that has no state yet. */
static bool from_our_subnet(const struct ipaddr *src, const struct ipaddr *grp,
	const struct pim_iface *pif, const struct proto_ctx *ctx)
{
	struct net_rpf rpf;

	return pif && net_rpf_group(ctx->net, src, grp, &rpf) && rpf.ifid == pif->ifid &&
	       (ip_is_none(&rpf.neighbor) || pif->conf->border);
}

/* (S,G), made if this packet is what makes one: of a source on a subnet of ours (4.2), or of one
 * that CheckSwitchToSpt is to look at. NULL: there is none. */
static struct sm_source *source_for(struct pim_sm *sm, const struct ipaddr *src,
	const struct ipaddr *grp, uint16_t iif, const struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct sm_source *s = sm_source_find(sm, src, grp);
	struct sm_group *g = sm_group_find(sm, grp);

	if (s || (g && g->ssm))
		return s;
	if (g && iif == RPF_interface_RP(g) && SwitchToSpt_needs_signal(sm, g))
		return sm_source_get(sm, g, src, ctx);
	if (!from_our_subnet(src, grp, pif, ctx))
		return NULL;
	g = sm_group_get(sm, grp, ctx);
	return g && !g->ssm ? sm_source_get(sm, g, src, ctx) : NULL;
}

/* What restarts the Keepalive Timer, in the RFC's order. */
static void keepalive_by_data(
	struct pim_sm *sm, struct sm_source *s, uint16_t iif, struct proto_ctx *ctx)
{
	if (s->group->ssm || iif != RPF_interface_S(s))
		return;
	if (DirectlyConnected(s)) {
		sm_keepalive_set(sm, s, keepalive_period_us(sm), ctx);
		/* "A register state transition may happen as a result": its tunnel makes the
		 * olist that JoinDesired asks for */
		register_settle(sm, s, ctx);
	} else if (s->sg.up.state == UP_JOINED && !inherited_olist_sg_is_null(s)) {
		sm_keepalive_set(sm, s, keepalive_period_us(sm), ctx);
	}
}

/* What comes in where the tree that is in use leads; the data plane forwards it. */
static bool on_tree(const struct sm_group *g, const struct sm_source *s, uint16_t iif)
{
	if (s && SPTbit(s))
		return iif == RPF_interface_S(s);
	return iif == RPF_interface_RP(g);
}

void data_will_do(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp,
	uint16_t iif, struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_find(sm, grp);
	struct sm_source *s = g ? sm_source_find(sm, src, grp) : NULL;

	if (s && iif == RPF_interface_S(s))
		sm_move_ready(sm, &s->sg, ctx);
	if (g && iif == RPF_interface_RP(g) && !(s && SPTbit(s)))
		sm_move_ready(sm, &g->star, ctx);
}

void data_arrives(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp,
	uint16_t iif, struct proto_ctx *ctx)
{
	struct pim_iface *pif =
		iif == DP_IF_REGISTER ? NULL : pim_iface_get(sm->pim, iif, grp->family);
	struct sm_source *s;
	struct sm_group *g;

	if (iif != DP_IF_REGISTER && (!pif || pim_boundary_denies(pif, grp)))
		return;
	s = source_for(sm, src, grp, iif, pif, ctx);
	g = sm_group_find(sm, grp);
	if (!g)
		return;
	if (s) {
		keepalive_by_data(sm, s, iif, ctx);
		Update_SPTbit(sm, s, iif);
	}
	if (!on_tree(g, s, iif)) {
		if (pif)
			assert_data(sm, g, s, pif, src, ctx);
	} else if (s && !SPTbit(s)) {
		CheckSwitchToSpt(sm, s, ctx);
	}
}

/* Whether data of such addresses can make state; the data plane has checked them, too. */
static bool addresses_sound(const struct dp_upcall *up)
{
	return up->table == DP_TABLE_MAIN && up->src.family == up->grp.family &&
	       ip_is_multicast(&up->grp) && !ip_is_multicast_link_local(&up->grp) &&
	       !ip_is_multicast(&up->src) && !ip_is_any(&up->src) && !ip_is_loopback(&up->src);
}

void sm_upcall(struct pim_sm *sm, const struct dp_upcall *up, struct proto_ctx *ctx)
{
	struct register_heard r = {.src = up->src,
		.grp = up->grp,
		.outer_src = up->outer_src,
		.outer_dst = up->outer_dst};

	if (!addresses_sound(up))
		return;
	switch ((enum dp_upcall_kind)up->kind) {
	case DP_UPCALL_NOCACHE:
	case DP_UPCALL_WRONGVIF:
		data_arrives(sm, &up->src, &up->grp, up->ifid, ctx);
		break;
	case DP_UPCALL_DATA:
		data_arrives(sm, &up->src, &up->grp, up->ifid, ctx);
		data_will_do(sm, &up->src, &up->grp, up->ifid, ctx);
		break;
	case DP_UPCALL_REGISTER:
		register_arrives(sm, &r, ctx);
		break;
	case DP_UPCALL_KINDS:
		return;
	}
	sm_settle(sm, ctx);
}
