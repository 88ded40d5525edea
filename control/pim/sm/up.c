/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The upstream machines of (*,G) and (S,G): RFC 7761 4.5.4 with figure 5, 4.5.5 with figure 6, which differ
 * in what is joined and whom it is asked of. JoinDesired and RPF' are looked at when the entry is settled;
 * what became of them is the event.
 *
 * t_periodic is up to a sixteenth shorter than configured, so that entries made at once drift apart; the
 * Join of an expired JT waits a moment for others to the same neighbour (jp.c). Without a neighbour
 * upstream JT does not run.
 */
#include "control/pim/sm/register.h"
#include "control/pim/sm/sm_tree.h"

/* --- what differs between (*,G) and (S,G) -------------------------------------------------------------- */

static bool JoinDesired(const struct sm_entry *e)
{
	return e->kind == SM_STAR_G ? JoinDesired_star_g(group_of(e))
				    : JoinDesired_sg(source_of(e));
}

static struct ipaddr RPF_nbr(const struct pim_sm *sm, const struct sm_entry *e)
{
	return e->kind == SM_STAR_G ? RPF_nbr_star_g(sm, group_of(e))
				    : RPF_nbr_sg(sm, source_of(e));
}

static struct ipaddr *rp_joined(struct sm_entry *e)
{
	return &group_of(e)->rp_joined;
}

static struct pim_iface *up_pif(const struct pim_sm *sm, const struct sm_entry *e)
{
	return pim_iface_get(sm->pim, e->up.ifid, group_of(e)->grp.family);
}

/* Whether RPF' is nbr because it won an assert, and not because the route leads there. */
static bool by_assert(const struct pim_sm *sm, const struct sm_entry *e, const struct ipaddr *nbr)
{
	struct pim_iface *pif =
		pim_iface_get(sm->pim, rpf_of(&e->up)->ifid, group_of(e)->grp.family);
	const struct sm_oif *oif = pif ? sm_oif_find(e, pif) : NULL;

	return oif && oif->assert == ASSERT_LOSER &&ip_eq(&AssertWinner(oif)->address, nbr);
}

/* The route leads to it, whoever has won. */
static bool is_route_nbr(
	const struct pim_sm *sm, const struct sm_entry *e, const struct ipaddr *nbr)
{
	const struct sm_rpf *rpf = rpf_of(&e->up);
	struct ipaddr a = NBR(sm, rpf->ifid, &rpf->next_hop);

	return ip_eq(&a, nbr);
}

/* To RPF' as it was joined last; nothing where there is none. 4.8.1: no (*,G) in the SSM range. */
static void send_up(
	struct pim_sm *sm, struct sm_entry *e, bool join, bool urgent, struct proto_ctx *ctx)
{
	struct pim_iface *pif = up_pif(sm, e);
	const struct sm_group *g = group_of(e);
	bool star = e->kind == SM_STAR_G;

	if (!pif || ip_is_none(&e->up.nbr) || (star && g->ssm))
		return;
	jp_queue_add(sm, pif, &e->up.nbr, join, star ? JP_STAR_G : JP_SG,
		star ? rp_joined(e) : src_of(source_of(e)), &g->grp, urgent, ctx);
}

void up_prune_old(struct pim_sm *sm, struct sm_entry *e, uint16_t ifid, const struct ipaddr *nbr,
	const struct ipaddr *rp, struct proto_ctx *ctx)
{
	const struct sm_group *g = group_of(e);
	struct pim_iface *pif = pim_iface_get(sm->pim, ifid, g->grp.family);
	bool star = e->kind == SM_STAR_G;

	if (pif && !ip_is_none(nbr) && pim_neigh_find(pif, nbr))
		jp_queue_add(sm, pif, nbr, false, star ? JP_STAR_G : JP_SG,
			star ? rp : src_of(source_of(e)), &g->grp, true, ctx);
}

/* --- timers ------------------------------------------------------------------------------------------- */

static void jt_periodic(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct pim_iface *pif = up_pif(sm, e);
	uint64_t t;

	e->up.override = false;
	if (!pif || ip_is_none(&e->up.nbr)) {
		timer_cancel(ctx->timers, &e->up.jt);
		return;
	}
	t = pim_t_periodic_us(pif);
	t -= pim_random_us(sm->pim, t / 16);
	sm_timer_set(sm, ctx, &e->up.jt, SM_T_JOIN, ctx->now_us + t);
}

void up_decrease_jt(struct pim_sm *sm, struct sm_up *up, uint64_t due_us, struct proto_ctx *ctx)
{
	if (timer_armed(&up->jt) && up->jt.due_us <= due_us)
		return;
	up->override = true;
	sm_timer_set(sm, ctx, &up->jt, SM_T_JOIN, due_us);
}

void up_join_timer(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	bool periodic = !e->up.override;

	send_up(sm, e, true, e->up.override, ctx);
	if (periodic && e->kind == SM_S_G)
		spt_join_timer(sm, source_of(e), ctx);
	jt_periodic(sm, e, ctx);
}

/* --- RPF' ---------------------------------------------------------------------------------------------- */

static void peer_leave(struct pim_sm *sm, struct sm_up *up)
{
	struct sm_peer *p = up->peer;

	if (!p)
		return;
	LIST_REMOVE(up, in_peer);
	up->peer = NULL;
	p->n_ups--;
	sm_peer_gc(sm, p);
}

/* Where the entry hears of its neighbour upstream: RPF', or who would be it if it were a neighbour. */
static void peer_follow(struct pim_sm *sm, struct sm_up *up)
{
	const struct ipaddr *addr = ip_is_none(&up->nbr) ? &rpf_of(up)->next_hop : &up->nbr;
	struct sm_peer *p = NULL;

	if (up->ifid && !ip_is_none(addr))
		p = sm_peer_get(sm, up->ifid, addr);
	if (p == up->peer)
		return;
	if (p) {
		p->n_ups++; /* before the old one goes: it keeps p */
		peer_leave(sm, up);
		LIST_INSERT_HEAD(&p->ups, up, in_peer);
		up->peer = p;
		return;
	}
	peer_leave(sm, up);
}

/* Takes over RPF' as it is now. */
static void follow(struct pim_sm *sm, struct sm_entry *e)
{
	e->up.nbr = RPF_nbr(sm, e);
	e->up.ifid = rpf_of(&e->up)->ifid;
	e->up.by_assert = by_assert(sm, e, &e->up.nbr);
	if (e->kind == SM_STAR_G)
		*rp_joined(e) = *RP_G(group_of(e));
	peer_follow(sm, &e->up);
}

/* --- figures 5 and 6 ------------------------------------------------------------------------------------ */

/* JoinDesired -> True in NotJoined. */
static void joined(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	e->up.state = UP_JOINED;
	e->up.joined_s = (uint32_t)(ctx->now_us / 1000000);
	follow(sm, e);
	send_up(sm, e, true, true, ctx);
	jt_periodic(sm, e, ctx);
}

/* Deviation: who was joined before an assert's winner took its place has our Join for up to a holdtime, as a reserve
 * for when the winner lets go; so has a winner that is followed no more. The RFC leaves it to run out. If we leave while it
 * lasts and who was joined last lets go for that, it would forward again, for nobody. */
static void prune_left(struct pim_sm *sm, struct sm_entry *e, uint16_t ifid,
	const struct ipaddr *rp, struct proto_ctx *ctx)
{
	struct ipaddr *left = e->up.left;

	e->up.left = NULL;
	if (left &&
		(e->up.state == UP_NOT_JOINED || e->up.ifid != ifid || !ip_eq(left, &e->up.nbr)))
		up_prune_old(sm, e, ifid, left, rp, ctx);
	free(left);
}

/* The route's neighbour has lost to the one that is joined now, or a winner is followed no more and may not have let go
 * for good: it is the reserve, in place of any former one. */
static void leave_loser(
	struct pim_sm *sm, struct sm_entry *e, const struct ipaddr *nbr, struct proto_ctx *ctx)
{
	if (ip_is_none(nbr) || (e->up.left && ip_eq(e->up.left, nbr)))
		return;
	prune_left(sm, e, e->up.ifid, rp_joined(e), ctx);
	e->up.left = malloc(sizeof(*nbr));
	if (e->up.left)
		*e->up.left = *nbr;
	else
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
}

/* JoinDesired -> False in Joined. */
static void not_joined(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	e->up.state = UP_NOT_JOINED;
	send_up(sm, e, false, true, ctx);
	prune_left(sm, e, e->up.ifid, rp_joined(e), ctx);
	timer_cancel(ctx->timers, &e->up.jt);
	if (e->kind == SM_S_G)
		sm_spt_bit_set(sm, source_of(e), false);
	sm_move_done(sm, e, ctx);
	peer_leave(sm, &e->up);
	e->up.nbr = (struct ipaddr){0};
	e->up.ifid = 0;
	e->up.by_assert = false;
}

/* RPF' changes due to an Assert, which may also have ended. */
static void nbr_by_assert(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct ipaddr old = e->up.nbr;
	bool old_won = e->up.by_assert;
	struct pim_iface *pif;

	follow(sm, e);
	if (old_won && e->up.by_assert && !is_route_nbr(sm, e, &old))
		up_prune_old(sm, e, e->up.ifid, &old, rp_joined(e), ctx);
	else
		leave_loser(sm, e, &old, ctx);
	pif = up_pif(sm, e);
	if (pif && !ip_is_none(&e->up.nbr))
		up_decrease_jt(sm, &e->up, ctx->now_us + pim_t_override_us(pif), ctx);
}

/* RPF' changes not due to an Assert: Join the new one, then Prune the old one. */
static void nbr_by_route(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct ipaddr old_nbr = e->up.nbr, old_rp = *rp_joined(e);
	uint16_t old_ifid = e->up.ifid;

	follow(sm, e);
	prune_left(sm, e, old_ifid, &old_rp, ctx);
	send_up(sm, e, true, true, ctx);
	jt_periodic(sm, e, ctx);
	if (old_ifid != e->up.ifid || !ip_eq(&old_nbr, &e->up.nbr))
		move_begin(sm, e, old_ifid, &old_nbr, &old_rp, ctx);
}

/* In Joined. */
static void nbr_settle(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct ipaddr nbr = RPF_nbr(sm, e);
	bool same_rp = e->kind != SM_STAR_G || ip_eq(rp_joined(e), RP_G(group_of(e)));
	bool same_if = e->up.ifid == rpf_of(&e->up)->ifid, asserted = by_assert(sm, e, &nbr);

	if (same_if && same_rp && ip_eq(&nbr, &e->up.nbr)) {
		/* a winner that the route leads to now needs no reserve */
		if (e->up.by_assert && !asserted)
			prune_left(sm, e, e->up.ifid, rp_joined(e), ctx);
		e->up.by_assert = asserted;
		peer_follow(sm, &e->up);
		return;
	}
	if (same_if && same_rp && (asserted || e->up.by_assert))
		nbr_by_assert(sm, e, ctx);
	else
		nbr_by_route(sm, e, ctx);
}

void up_settle(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	bool desired = JoinDesired(e);

	switch ((enum up_state)e->up.state) {
	case UP_NOT_JOINED:
		if (desired)
			joined(sm, e, ctx);
		break;
	case UP_JOINED:
		if (!desired)
			not_joined(sm, e, ctx);
		else
			nbr_settle(sm, e, ctx);
		break;
	}
}

void up_leave(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	if (e->up.state == UP_JOINED)
		not_joined(sm, e, ctx);
}

void up_prune_on(
	struct pim_sm *sm, struct sm_entry *e, struct pim_iface *pif, struct proto_ctx *ctx)
{
	if (e->up.move && e->up.move->ifid == pif->ifid)
		sm_move_done(sm, e, ctx);
	if (e->up.state != UP_JOINED || e->up.ifid != pif->ifid)
		return;
	send_up(sm, e, false, true, ctx);
	prune_left(sm, e, e->up.ifid, rp_joined(e), ctx);
}

/* --- what is seen on the interface upstream --------------------------------------------------------------- */

void up_see_join(
	struct pim_sm *sm, struct sm_entry *e, const struct jp_recv *m, struct proto_ctx *ctx)
{
	uint64_t holdtime = (uint64_t)m->holdtime_s * 1000000u;
	uint64_t t = pim_t_suppressed_us(m->pif);

	if (e->up.state != UP_JOINED || !timer_armed(&e->up.jt))
		return;
	if (t > holdtime)
		t = holdtime; /* t_joinsuppress */
	if (!t || e->up.jt.due_us >= ctx->now_us + t)
		return;
	e->up.override = false;
	sm_timer_set(sm, ctx, &e->up.jt, SM_T_JOIN, ctx->now_us + t);
}

void up_see_prune(
	struct pim_sm *sm, struct sm_entry *e, const struct jp_recv *m, struct proto_ctx *ctx)
{
	if (e->up.state == UP_JOINED)
		up_decrease_jt(sm, &e->up, ctx->now_us + pim_t_override_us(m->pif), ctx);
}

/* One delay for all: their Joins go out packed. */
void up_genid(
	struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *addr, struct proto_ctx *ctx)
{
	struct sm_peer *p = sm_peer_find(sm, pif->ifid, addr);
	uint64_t due = ctx->now_us + pim_t_override_us(pif);
	struct sm_up *up;

	if (!p)
		return;
	LIST_FOREACH (up, &p->ups, in_peer) {
		if (ip_eq(&up->nbr, addr))
			up_decrease_jt(sm, up, due, ctx);
	}
}
