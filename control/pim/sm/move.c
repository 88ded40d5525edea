/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * An entry whose RPF interface changes.
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
	/* Unless it has moved back to whom it left. */
	if (e->up.state == UP_NOT_JOINED || e->up.ifid != m.ifid || !ip_eq(&e->up.nbr, &m.nbr))
		up_prune_old(sm, e, m.ifid, &m.nbr, &m.rp, ctx);
	sm_touch(sm, e);
}
