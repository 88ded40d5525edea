/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The downstream machines of an interface for (*,G) and (S,G): RFC 7761 4.5.1 with figure 2 and 4.5.2 with
 * figure 3, which are the same but for the names. A Join is counted to the neighbour that made the state
 * first, for limits.per_neighbor.
 */
#include "control/pim/sm/sm_tree.h"

enum ds_action {
	DS_ACT_ET = 1 << 0,         /* (re)start Expiry Timer: max of its value and the HoldTime */
	DS_ACT_PPT = 1 << 1,        /* start Prune-Pending Timer */
	DS_ACT_CANCEL_PPT = 1 << 2, /* without an expiry event */
	DS_ACT_ECHO = 1 << 3,       /* Send PruneEcho */
	DS_ACT_STOP = 1 << 4,       /* no timer runs in NoInfo */
};

struct ds_cell {
	uint8_t next; /* enum ds_state */
	uint8_t actions;
};

/* clang-format off */
static const struct ds_cell figure_2_3[][DS_EVENTS] = {
	/*                      Receive Join                      Receive Prune                  Prune-Pending Timer Expires             Expiry Timer Expires */
	[DS_NOINFO] =        {{DS_JOIN, DS_ACT_ET},               {DS_NOINFO, 0},                {DS_NOINFO, 0},                         {DS_NOINFO, 0}},
	[DS_JOIN] =          {{DS_JOIN, DS_ACT_ET},               {DS_PRUNE_PENDING, DS_ACT_PPT}, {DS_JOIN, 0},                          {DS_NOINFO, DS_ACT_STOP}},
	[DS_PRUNE_PENDING] = {{DS_JOIN, DS_ACT_ET | DS_ACT_CANCEL_PPT}, {DS_PRUNE_PENDING, 0},   {DS_NOINFO, DS_ACT_ECHO | DS_ACT_STOP}, {DS_NOINFO, DS_ACT_STOP}},
};
/* clang-format on */

/* A Prune with our own address as upstream neighbour, for whoever should have overridden but lost the
 * Prune; not needed where there is one neighbour only. */
static void prune_echo(struct pim_sm *sm, const struct sm_oif *oif, struct proto_ctx *ctx)
{
	const struct sm_group *g = group_of(oif->entry);
	bool star = oif->entry->kind == SM_STAR_G;

	if (star && ip_is_none(RP_G(g))) /* the RP went meanwhile: there is no (*,G) to speak of */
		return;
	if (oif->iface->pif->n_neighbors > 1)
		jp_queue_add(sm, oif->iface->pif, &oif->iface->pif->addr, false,
			star ? JP_STAR_G : JP_SG, star ? RP_G(g) : src_of(source_of(oif->entry)),
			&g->grp, true, ctx);
}

static void step(struct pim_sm *sm, struct sm_oif *oif, enum ds_event ev, const struct jp_recv *m,
	struct proto_ctx *ctx);

/* Whether others may override a Prune. */
static bool waits(const struct sm_oif *oif)
{
	return oif->iface->pif->n_neighbors > 1;
}

/* J/P_Override_Interval(I), or nothing with one neighbour: then it expires at once. */
static void start_ppt(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	if (waits(oif))
		sm_timer_set(sm, ctx, &oif->prunes->ppt, SM_T_DOWN_PPT,
			ctx->now_us + pim_jp_override_interval_us(oif->iface->pif));
	else
		step(sm, oif, DS_EV_PPT, NULL, ctx);
}

static void restart_et(
	struct pim_sm *sm, struct sm_oif *oif, uint16_t holdtime_s, struct proto_ctx *ctx)
{
	uint64_t due = ctx->now_us + (uint64_t)holdtime_s * 1000000u;

	if (!timer_armed(&oif->et) || oif->et.due_us < due)
		sm_timer_set(sm, ctx, &oif->et, SM_T_DOWN_ET, due);
}

static bool in_joins(uint8_t ds)
{
	return ds == DS_JOIN || ds == DS_PRUNE_PENDING;
}

static void step(struct pim_sm *sm, struct sm_oif *oif, enum ds_event ev, const struct jp_recv *m,
	struct proto_ctx *ctx)
{
	const struct ds_cell *c = &figure_2_3[oif->ds][ev];
	uint8_t old = oif->ds;

	/* without memory a Prune is as good as lost */
	if ((c->actions & DS_ACT_PPT) && waits(oif) && !sm_prunes_get(sm, oif))
		return;
	oif->ds = c->next;
	if (in_joins(old) != in_joins(oif->ds)) {
		oif->since_us = ctx->now_us;
		sm_touch(sm, oif->entry);
	}
	if (c->actions & DS_ACT_ET)
		restart_et(sm, oif, m->holdtime_s, ctx);
	if ((c->actions & (DS_ACT_CANCEL_PPT | DS_ACT_STOP)) && oif->prunes)
		timer_cancel(ctx->timers, &oif->prunes->ppt);
	if (c->actions & DS_ACT_STOP)
		timer_cancel(ctx->timers, &oif->et);
	if (c->actions & DS_ACT_ECHO)
		prune_echo(sm, oif, ctx);
	if (c->actions & DS_ACT_PPT)
		start_ppt(sm, oif, ctx);
	sm_prunes_gc(oif, ctx->timers);
}

struct sm_peer *down_peer(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp,
	const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_peer *p = sm_peer_get(sm, m->pif->ifid, &m->src);
	uint32_t max = sm->pim->config->limits.per_neighbor;
	char a[IP_STRLEN];

	if (!p || !max || p->n_states < max)
		return p;
	pim_refuse(sm->pim, m->pif, PIM_DROP_limit_neighbor, src, grp);
	act_notify_rated(ctx, &m->pif->log[PIM_LOG_LIMIT], LOG_LVL_WARNING,
		"pim: neighbor %s on %s asks for more than %u states "
		"(limits.per_neighbor): the rest is left out",
		ip_str(&m->src, a, sizeof(a)), m->pif->name, max);
	sm_peer_gc(sm, p);
	return NULL;
}

void down_receive(struct pim_sm *sm, struct sm_entry *e, enum ds_event ev, const struct jp_recv *m,
	struct proto_ctx *ctx)
{
	struct sm_oif *oif = sm_oif_find(e, m->pif);
	struct sm_peer *by;

	if (figure_2_3[oif ? oif->ds : DS_NOINFO][ev].next != DS_NOINFO &&
		(!oif || oif->ds == DS_NOINFO)) {
		by = down_peer(sm, e->kind == SM_STAR_G ? NULL : src_of(source_of(e)),
			&group_of(e)->grp, m, ctx);
		if (by && !oif)
			oif = sm_oif_get(sm, e, m->pif, ctx);
		if (!by || !oif) {
			if (by)
				sm_peer_gc(sm, by);
			return;
		}
		if (!oif->by)
			sm_oif_own(sm, oif, by);
		sm_peer_gc(sm, by); /* if another one owns it */
	}
	if (!oif)
		return;
	step(sm, oif, ev, m, ctx);
	sm_oif_gc(sm, oif, ctx);
}

void down_timer(struct pim_sm *sm, struct sm_oif *oif, enum ds_event ev, struct proto_ctx *ctx)
{
	step(sm, oif, ev, NULL, ctx);
	sm_oif_gc(sm, oif, ctx);
}

void down_forget(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	if (oif->ds != DS_NOINFO)
		step(sm, oif, DS_EV_ET, NULL, ctx);
}
