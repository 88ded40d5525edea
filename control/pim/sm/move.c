/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * An entry whose RPF interface or neighbour changes.
 *
 * Deviation: 4.5.4 and 4.5.5 send the Prune to the old neighbour together with the Join to the new one, and
 * 4.2 accepts from the new interface at once. Where the old path still works that loses what the new
 * one has not delivered yet. So the old neighbour is not pruned before the data plane says that the new path brings
 * what the old one does (DP_UPCALL_DATA), or MOVE_US have passed. Until then, and for DP_MOVE_MS after, the
 * data plane takes what comes by either path, once (DP_ROLE_NEXT): a slower new path goes on bringing what has come
 * by the old one. On one link a neighbour may go on for J/P_Override_Interval after its Prune (4.5.1), so as long are
 * both copies seen there. Unicast routing may find a neighbour before PIM does, whose Hellos may take half a minute: while
 * there is nobody to join on the new interface, the old one has ALONE_US.
 *
 * An entry that moves again before the way in between has brought anything keeps its old path.
 */
#include "control/pim/sm/sm_tree.h"

#define MOVE_US 3000000u
#define ALONE_US 40000000u /* Hello_Period, Triggered_Hello_Delay and some */

/* On one link the tree of another RP is none that may be kept: the old neighbour's may lead through us. */
static bool other_tree(const struct sm_entry *e, uint16_t old_ifid, const struct ipaddr *old_rp)
{
	return old_ifid == e->up.ifid && e->kind == SM_STAR_G &&
	       !ip_eq(old_rp, &group_of(e)->rp_joined);
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
	bool alone = ip_is_none(&e->up.nbr) && !rpf_of(&e->up)->connected &&
		     pim_iface_get(sm->pim, rpf_of(&e->up)->ifid, group_of(e)->grp.family);
	struct timer *t = &e->up.move->t;
	uint64_t due = ctx->now_us + (alone ? ALONE_US : MOVE_US);

	if (!timer_armed(t) || due < t->due_us)
		sm_timer_set(sm, ctx, t, SM_T_MOVE, due);
}

/* Unless it has moved back to whom it left, which an Assert may have done as well. */
static void prune_left(
	struct pim_sm *sm, struct sm_entry *e, const struct sm_move *m, struct proto_ctx *ctx)
{
	if (e->up.state == UP_NOT_JOINED || e->up.ifid != m->ifid || !ip_eq(&e->up.nbr, &m->nbr))
		up_prune_old(sm, e, m->ifid, &m->nbr, &m->rp, ctx);
}

/* How long after its Prune the old path may bring what the new one does, where it is not told by the interface. */
static uint64_t heeded_us(
	const struct pim_sm *sm, const struct sm_entry *e, const struct sm_move *m)
{
	struct pim_iface *pif = pim_iface_get(sm->pim, m->ifid, m->nbr.family);

	return pif && m->ifid == e->up.ifid ? pim_jp_override_interval_us(pif) : 0;
}

void sm_move_ready(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct sm_move *m = e->up.move;

	if (!m || m->left)
		return;
	m->left = true;
	prune_left(sm, e, m, ctx);
	sm_timer_set(
		sm, ctx, &m->t, SM_T_MOVE, ctx->now_us + DP_MOVE_MS * 1000u + heeded_us(sm, e, m));
	sm_touch(sm, e);
}

void sm_move_timer(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	if (!e->up.move->left && e->up.move->ifid == e->up.ifid)
		sm_move_ready(sm, e, ctx);
	else
		sm_move_done(sm, e, ctx);
}

/* It moves on, or back, before its move away from m has come to anything: true, and m is what is left. */
static bool moves_on(struct pim_sm *sm, struct sm_entry *e, uint16_t old_ifid,
	const struct ipaddr *old_nbr, const struct ipaddr *old_rp, struct proto_ctx *ctx)
{
	struct sm_move *m = e->up.move;

	if (!m || m->left)
		return false;
	/* an Assert may have brought back whom it left */
	if (old_ifid != m->ifid || !ip_eq(old_nbr, &m->nbr))
		up_prune_old(sm, e, old_ifid, old_nbr, old_rp, ctx);
	if ((m->ifid == e->up.ifid && ip_eq(&m->nbr, &e->up.nbr)) || other_tree(e, m->ifid, &m->rp))
		sm_move_done(sm, e, ctx);
	else
		move_wait(sm, e, ctx);
	sm_touch(sm, e);
	return true;
}

void move_begin(struct pim_sm *sm, struct sm_entry *e, uint16_t old_ifid,
	const struct ipaddr *old_nbr, const struct ipaddr *old_rp, struct proto_ctx *ctx)
{
	struct sm_move *m;

	if (moves_on(sm, e, old_ifid, old_nbr, old_rp, ctx))
		return;
	sm_move_done(sm, e, ctx);
	if (!works(sm, old_ifid, old_nbr) || other_tree(e, old_ifid, old_rp)) {
		up_prune_old(sm, e, old_ifid, old_nbr, old_rp, ctx);
		return;
	}
	m = calloc(1, sizeof(*m));
	if (!m) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		up_prune_old(sm, e, old_ifid, old_nbr, old_rp, ctx);
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
	if (!m.left)
		prune_left(sm, e, &m, ctx);
	sm_touch(sm, e);
}
