/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The downstream machine of an interface for (S,G,rpt): RFC 7761 4.5.3, figure 4. The states with Tmp exist
 * while a message is being read only.
 *
 * Deviation: in Prune-Pending, figure 4 has nothing for the Expiry Timer, which then ran out before the
 * Prune-Pending Timer, for the HoldTime was shorter than the override interval. The Prune it leads to
 * would never end; the state ends here.
 */
#include "control/pim/sm/sm_tree.h"

enum rpt_action {
	RPT_ACT_ET = 1 << 0,  /* (re)start Expiry Timer: max of its value and the HoldTime */
	RPT_ACT_PPT = 1 << 1, /* start Prune-Pending Timer */
};

struct rpt_cell {
	uint8_t next; /* enum ds_rpt_state */
	uint8_t actions;
};

#define NI DS_RPT_NOINFO
#define P DS_RPT_PRUNE
#define PP DS_RPT_PRUNE_PENDING
#define P_TMP DS_RPT_PRUNE_TMP
#define PP_TMP DS_RPT_PRUNE_PENDING_TMP
#define ET RPT_ACT_ET
#define PPT RPT_ACT_PPT

/* clang-format off */
static const struct rpt_cell figure_4[][DS_RPT_EVENTS] = {
	/*           Receive        Receive         Receive          End of         Prune-Pending  Expiry Timer
	 *           Join(*,G)      Join(S,G,rpt)   Prune(S,G,rpt)   Message        Timer Expires  Expires */
	[NI] =     {{NI, 0},       {NI, 0},        {PP, PPT | ET},  {NI, 0},       {NI, 0},       {NI, 0}},
	[P] =      {{P_TMP, 0},    {NI, 0},        {P, ET},         {P, 0},        {P, 0},        {NI, 0}},
	[PP] =     {{PP_TMP, 0},   {NI, 0},        {PP, 0},         {PP, 0},       {P, 0},        {NI, 0}},
	[P_TMP] =  {{P_TMP, 0},    {P_TMP, 0},     {P, ET},         {NI, 0},       {P_TMP, 0},    {P_TMP, 0}},
	[PP_TMP] = {{PP_TMP, 0},   {PP_TMP, 0},    {PP, ET},        {NI, 0},       {PP_TMP, 0},   {PP_TMP, 0}},
};
/* clang-format on */

static bool in_prunes(uint8_t ds_rpt)
{
	return ds_rpt == P || ds_rpt == P_TMP;
}

static void restart_et(
	struct pim_sm *sm, struct sm_oif *oif, uint16_t holdtime_s, struct proto_ctx *ctx)
{
	uint64_t due = ctx->now_us + (uint64_t)holdtime_s * 1000000u;

	if (!timer_armed(&oif->prunes->rpt_et) || oif->prunes->rpt_et.due_us < due)
		sm_timer_set(sm, ctx, &oif->prunes->rpt_et, SM_T_RPT_ET, due);
}

static void step(struct pim_sm *sm, struct sm_oif *oif, enum ds_rpt_event ev,
	const struct jp_recv *m, struct proto_ctx *ctx);

static void start_ppt(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	if (oif->iface->pif->n_neighbors > 1)
		sm_timer_set(sm, ctx, &oif->prunes->rpt_ppt, SM_T_RPT_PPT,
			ctx->now_us + pim_jp_override_interval_us(oif->iface->pif));
	else
		step(sm, oif, DS_RPT_EV_PPT, NULL, ctx);
}

/* The timers exist outside NoInfo only. */
static void drop_timers(struct sm_oif *oif, struct proto_ctx *ctx)
{
	if (!oif->prunes)
		return;
	timer_cancel(ctx->timers, &oif->prunes->rpt_et);
	timer_cancel(ctx->timers, &oif->prunes->rpt_ppt);
	sm_prunes_gc(oif, ctx->timers);
}

/* The caller has seen to oif->prunes if the event leads out of NoInfo. */
static void step(struct pim_sm *sm, struct sm_oif *oif, enum ds_rpt_event ev,
	const struct jp_recv *m, struct proto_ctx *ctx)
{
	const struct rpt_cell *c = &figure_4[oif->ds_rpt][ev];
	uint8_t old = oif->ds_rpt;

	oif->ds_rpt = c->next;
	if (in_prunes(old) != in_prunes(oif->ds_rpt))
		sm_touch(sm, oif->entry);
	if (oif->ds_rpt == NI) {
		drop_timers(oif, ctx);
		return;
	}
	if (c->actions & ET)
		restart_et(sm, oif, m->holdtime_s, ctx);
	if (c->actions & PPT)
		start_ppt(sm, oif, ctx);
}

/* State for the first Prune(S,G,rpt) on the interface; NULL: no memory, or a limit. */
static struct sm_oif *begin(
	struct pim_sm *sm, struct sm_source *s, const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_peer *by = down_peer(sm, src_of(s), &s->group->grp, m, ctx);
	struct sm_oif *oif = by ? sm_oif_get(sm, &s->sg, m->pif, ctx) : NULL;

	if (!by)
		return NULL;
	if (!oif || !sm_prunes_get(sm, oif)) {
		if (oif)
			sm_oif_gc(sm, oif, ctx);
		sm_peer_gc(sm, by);
		return NULL;
	}
	if (!oif->by)
		sm_oif_own(sm, oif, by);
	sm_peer_gc(sm, by); /* if another one owns it */
	return oif;
}

void down_rpt_receive(struct pim_sm *sm, struct sm_source *s, enum ds_rpt_event ev,
	const struct jp_recv *m, struct proto_ctx *ctx)
{
	struct sm_oif *oif = sm_oif_find(&s->sg, m->pif);

	if (!oif || oif->ds_rpt == NI)
		oif = figure_4[NI][ev].next != NI ? begin(sm, s, m, ctx) : NULL;
	if (!oif)
		return;
	step(sm, oif, ev, m, ctx);
	sm_oif_gc(sm, oif, ctx);
}

void down_rpt_timer(
	struct pim_sm *sm, struct sm_oif *oif, enum ds_rpt_event ev, struct proto_ctx *ctx)
{
	step(sm, oif, ev, NULL, ctx);
	sm_touch(sm, oif->entry);
	sm_oif_gc(sm, oif, ctx);
}

void down_rpt_forget(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	if (oif->ds_rpt == NI)
		return;
	if (in_prunes(oif->ds_rpt))
		sm_touch(sm, oif->entry);
	oif->ds_rpt = NI;
	drop_timers(oif, ctx);
}
