/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * RPF_interface and MRIB.next_hop of RPs and sources (RFC 7761 4.1.5, 4.2). Targets stand in an index by
 * address, so that a change of routes costs what lies within its prefix.
 *
 * Deviation: 4.5.4 and 4.5.5 send the Prune to the old neighbour together with the Join to the new one, and
 * 4.2 accepts from the new interface at once. Where the old path still works that loses what the new
 * one has not delivered yet. So the old interface goes on being the one accepted, and its prune waits,
 * until a packet has come in on the new one, or MOVE_US have passed. Only one of the two is accepted at any
 * time. A packet is missed, or delivered twice, if its copies by the two paths come before and after the change:
 * so this is not the moment when one comes, but OVERLAP_US later, when the other copy has come, too. Unicast routing may find a neighbour before PIM does, whose Hellos
 * may take half a minute: while there is nobody to join on the new interface, the old one has ALONE_US.
 */
#include "control/pim/sm/sm_tree.h"

#define MOVE_US 3000000u
#define OVERLAP_US 10000u
#define ALONE_US 40000000u /* Hello_Period, Triggered_Hello_Delay and some */

/* --- the index --------------------------------------------------------------------------------------- */

int up_target_cmp(const void *key, const struct order_node *node)
{
	const struct up_key *k = key;
	const struct sm_up *up = container_of(node, struct sm_up, by_target);
	int c = ip_cmp(&k->target, &up->target);

	if (c)
		return c;
	return k->serial < up->serial ? -1 : k->serial > up->serial;
}

void up_target_set(
	struct pim_sm *sm, struct sm_entry *e, const struct ipaddr *target, struct proto_ctx *ctx)
{
	struct sm_up *up = &e->up;

	if (!ip_is_none(&up->target))
		order_del(&sm->targets, &up->by_target);
	up->target = *target;
	if (!ip_is_none(target)) {
		up->serial = ++sm->serial;
		order_add(&sm->targets, &up->by_target,
			&(struct up_key){.target = *target, .serial = up->serial});
	}
	up_rpf_refresh(sm, e, ctx);
}

void up_touch_targets(struct pim_sm *sm, const struct prefix *p, bool stale)
{
	struct up_key key = {.target = p->addr};
	struct order_node *node;

	for (node = order_seek(&sm->targets, &key); node; node = order_next(node)) {
		struct sm_up *up = container_of(node, struct sm_up, by_target);
		struct sm_entry *e = container_of(up, struct sm_entry, up);

		if (!prefix_has(p, &up->target))
			break;
		e->rpf_stale |= stale;
		sm_touch(sm, e);
	}
}

/* --- asking ----------------------------------------------------------------------------------------- */

/* MRIB.next_hop: NULL at the RP for RP(G), and for a source on our own subnet; an RP there is asked
 * itself. */
static struct sm_rpf ask(const struct pim_sm *sm, const struct sm_entry *e, struct proto_ctx *ctx)
{
	struct sm_rpf out = {0};
	const struct pim_iface *pif;
	struct net_rpf rpf = {0};

	if (e->kind == SM_STAR_G && group_of(e)->i_am_rp)
		return (struct sm_rpf){.ifid = DP_IF_REGISTER, .connected = true};
	if (ip_is_none(&e->up.target) ||
		!net_rpf_group(ctx->net, &e->up.target, &group_of(e)->grp, &rpf) || !rpf.ifid)
		return out;
	out.ifid = rpf.ifid;
	out.next_hop = rpf.neighbor;
	out.preference = rpf.preference;
	out.metric = rpf.metric;
	out.connected = ip_is_none(&rpf.neighbor);
	if (e->kind == SM_STAR_G) {
		if (out.connected)
			out.next_hop = e->up.target;
		return out;
	}
	pif = pim_iface_get(sm->pim, rpf.ifid, e->up.target.family);
	out.connected |= pif && pif->conf->border;
	return out;
}

static bool same_rpf(const struct sm_rpf *a, const struct sm_rpf *b)
{
	return a->ifid == b->ifid && a->connected == b->connected &&
	       a->preference == b->preference && a->metric == b->metric &&
	       ip_eq(&a->next_hop, &b->next_hop);
}

void up_rpf_refresh(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct sm_rpf old = e->up.rpf;

	e->rpf_stale = false;
	e->up.rpf = ask(sm, e, ctx);
	if (same_rpf(&old, &e->up.rpf))
		return;
	if (old.ifid && old.ifid != e->up.rpf.ifid)
		assert_rpf_changed(sm, e, old.ifid, ctx);
	sm_touch(sm, e);
}

/* --- from the old path to the new one ----------------------------------------------------------------- */

static void prune_old(struct pim_sm *sm, struct sm_entry *e, uint16_t ifid,
	const struct ipaddr *nbr, const struct ipaddr *rp, struct proto_ctx *ctx)
{
	const struct sm_group *g = group_of(e);
	struct pim_iface *pif = pim_iface_get(sm->pim, ifid, g->grp.family);
	bool star = e->kind == SM_STAR_G;

	if (pif && !ip_is_none(nbr) && pim_neigh_find(pif, nbr))
		jp_queue_add(sm, pif, nbr, false, star ? JP_STAR_G : JP_SG,
			star ? rp : &source_of(e)->src, &g->grp, true, ctx);
}

/* Whether packets may still come in by it. */
static bool works(const struct pim_sm *sm, uint16_t ifid, const struct ipaddr *nbr)
{
	struct pim_iface *pif = pim_iface_get(sm->pim, ifid, nbr->family);

	return pif && pim_neigh_find(pif, nbr);
}

/* MOVE_US run once there is somebody to join; where PIM does not run nobody is waited for. */
static void move_wait(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	bool alone = ip_is_none(&e->up.nbr) && !e->up.rpf.connected &&
		     pim_iface_get(sm->pim, e->up.rpf.ifid, group_of(e)->grp.family);
	struct timer *t = &e->up.move->t;
	uint64_t due = ctx->now_us + (alone ? ALONE_US : MOVE_US);

	if (!timer_armed(t) || due < t->due_us)
		sm_timer_set(sm, ctx, t, SM_T_MOVE, due);
}

void sm_move_overlap(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	uint64_t due = ctx->now_us + OVERLAP_US;

	if (e->up.move && due < e->up.move->t.due_us)
		sm_timer_set(sm, ctx, &e->up.move->t, SM_T_MOVE, due);
}

void move_begin(struct pim_sm *sm, struct sm_entry *e, uint16_t old_ifid,
	const struct ipaddr *old_nbr, const struct ipaddr *old_rp, struct proto_ctx *ctx)
{
	struct sm_move *m = e->up.move;

	if (m && ip_is_none(old_nbr) && m->ifid != e->up.ifid) {
		move_wait(sm, e, ctx); /* nobody has been joined since it left m */
		return;
	}
	sm_move_done(sm, e, ctx); /* an earlier one: only the last path is kept */
	if (old_ifid == e->up.ifid || !works(sm, old_ifid, old_nbr)) {
		prune_old(sm, e, old_ifid, old_nbr, old_rp, ctx);
		return;
	}
	m = calloc(1, sizeof(*m));
	if (!m) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		prune_old(sm, e, old_ifid, old_nbr, old_rp, ctx);
		return;
	}
	*m = (struct sm_move){.up = &e->up, .ifid = old_ifid, .nbr = *old_nbr, .rp = *old_rp};
	e->up.move = m;
	move_wait(sm, e, ctx);
}

void move_forget(struct sm_up *up, struct timer_heap *timers)
{
	if (!up->move)
		return;
	timer_cancel(timers, &up->move->t);
	free(up->move);
	up->move = NULL;
}

void sm_move_done(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct sm_move m;

	if (!e->up.move)
		return;
	m = *e->up.move;
	move_forget(&e->up, ctx->timers);
	/* Unless it has moved back to whom it left. */
	if (e->up.state == UP_NOT_JOINED || e->up.ifid != m.ifid || !ip_eq(&e->up.nbr, &m.nbr))
		prune_old(sm, e, m.ifid, &m.nbr, &m.rp, ctx);
	sm_touch(sm, e);
}
