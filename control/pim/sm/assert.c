/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Assert (RFC 7761 4.6): figures 8 and 9 as tables, the formulas of 4.6.1 to 4.6.3 that stand in
 * no other file, actions A1 to A6. Which event a message is stands in assert_recv.c, the other events in
 * assert_event.c.
 *
 * Deviation: an Assert(*,G) that data set off names the source, as 4.9.6 allows, so that a router
 * that forwards it on the SPT answers at once.
 */
#include "control/pim/sm/assert.h"
#include "control/pim/sm/register.h"

#define SAY_NEXT_US 1000u

/* --- formulas --------------------------------------------------------------------------------- */

bool CouldAssert_star_g(const struct sm_at *at)
{
	return (joins_star_g(at) || pim_include_star_g(at)) &&
	       RPF_interface_RP(at->g) != at->pif->ifid;
}

/* joins(*,G) (-) prunes(S,G,rpt) (+) (pim_include(*,G) (-) pim_exclude(S,G)) (-) lost_assert(*,G)
 * (+) joins(S,G): what CouldAssert(S,G,I) and AssertTrackingDesired(S,G,I) have in common */
static bool wanted_but_for_assert(const struct sm_at *at)
{
	bool in = joins_star_g(at) && !prunes_sg_rpt(at);

	in |= pim_include_star_g(at) && !pim_exclude_sg(at);
	in &= !lost_assert_star_g(at);
	return in || joins_sg(at);
}

bool CouldAssert_sg(const struct sm_at *at)
{
	return SPTbit(at->s) && RPF_interface_S(at->s) != at->pif->ifid &&
	       (wanted_but_for_assert(at) || pim_include_sg(at));
}

bool AssertTrackingDesired_star_g(const struct sm_at *at)
{
	bool me = at->star && at->star->assert == ASSERT_WINNER; /* AssertWinner(*,G,I) == me */

	return CouldAssert_star_g(at) ||
	       (local_receiver_include_star_g(at) && (at->pif->i_am_dr || me)) ||
	       (RPF_interface_RP(at->g) == at->pif->ifid && RPTJoinDesired_g(at->g));
}

bool AssertTrackingDesired_sg(const struct sm_at *at)
{
	bool me = at->sg && at->sg->assert == ASSERT_WINNER; /* AssertWinner(S,G,I) == me */

	return wanted_but_for_assert(at) ||
	       (local_receiver_include_sg(at) && (at->pif->i_am_dr || me)) ||
	       (RPF_interface_S(at->s) == at->pif->ifid && JoinDesired_sg(at->s)) ||
	       (RPF_interface_RP(at->g) == at->pif->ifid && JoinDesired_star_g(at->g) &&
		       !SPTbit(at->s));
}

/* The RFC names it in figure 9 only: that of (S,G) without the part of (S,G). */
struct assert_metric my_assert_metric_star_g(const struct sm_at *at)
{
	return CouldAssert_star_g(at) ? rpt_assert_metric(at->g, at->pif)
				      : infinite_assert_metric();
}

struct assert_metric my_assert_metric_sg(const struct sm_at *at)
{
	return CouldAssert_sg(at) ? spt_assert_metric(at->s, at->pif) : my_assert_metric_star_g(at);
}

bool assert_metric_infinite(const struct assert_metric *m)
{
	struct assert_metric inf = infinite_assert_metric();

	return m->preference == inf.preference && m->metric == inf.metric;
}

/* --- tables ----------------------------------------------------------------------------------- */

enum assert_action {
	A_NONE, /* the event has no cell: nothing happens */
	A1,
	A2,
	A3,
	A4,
	A5,
	A6,
};

struct cell {
	uint8_t next, action;
};

#define NI ASSERT_NOINFO
#define W ASSERT_WINNER
#define L ASSERT_LOSER

/* clang-format off */
static const struct cell figure8[3][ASSERT_EVENTS] = { /* (S,G) */
	[NI] = {
		[AE_INFERIOR]              = {W, A1},  /* with RPTbit clear */
		[AE_RPT]                   = {W, A1},  /* with RPTbit set, and CouldAssert */
		[AE_DATA]                  = {W, A1},  /* and CouldAssert */
		[AE_ACCEPTABLE]            = {L, A6},  /* with RPTbit clear, and AssTrDes */
	},
	[W] = {
		[AE_TIMER]                 = {W, A3},
		[AE_INFERIOR]              = {W, A3},
		[AE_PREFERRED]             = {L, A2},
		[AE_COULD_ASSERT_FALSE]    = {NI, A4},
	},
	[L] = {
		[AE_PREFERRED]             = {L, A2},
		[AE_ACCEPTABLE_OF_WINNER]  = {L, A2},  /* with RPTbit clear */
		[AE_INFERIOR_OF_WINNER]    = {NI, A5}, /* or Assert Cancel */
		[AE_TIMER]                 = {NI, A5},
		[AE_WINNER_VOID]           = {NI, A5}, /* GenID changes or NLT expires */
		[AE_TRACKING_FALSE]        = {NI, A5},
		[AE_METRIC_BETTER]         = {NI, A5},
		[AE_RPF_STOPS]             = {NI, A5},
		[AE_JOIN]                  = {NI, A5},
	},
};

static const struct cell figure9[3][ASSERT_EVENTS] = { /* (*,G) */
	[NI] = {
		[AE_INFERIOR]              = {W, A1},  /* with RPTbit set, and CouldAssert */
		[AE_DATA]                  = {W, A1},  /* and CouldAssert */
		[AE_ACCEPTABLE]            = {L, A2},  /* with RPTbit set, and AssTrDes */
	},
	[W] = {
		[AE_TIMER]                 = {W, A3},
		[AE_INFERIOR]              = {W, A3},
		[AE_PREFERRED]             = {L, A2},
		[AE_COULD_ASSERT_FALSE]    = {NI, A4},
	},
	[L] = {
		[AE_PREFERRED]             = {L, A2},  /* with RPTbit set */
		[AE_ACCEPTABLE_OF_WINNER]  = {L, A2},  /* with RPTbit set */
		[AE_INFERIOR_OF_WINNER]    = {NI, A5}, /* or Assert Cancel */
		[AE_TIMER]                 = {NI, A5},
		[AE_WINNER_VOID]           = {NI, A5},
		[AE_TRACKING_FALSE]        = {NI, A5},
		[AE_METRIC_BETTER]         = {NI, A5},
		[AE_RPF_STOPS]             = {NI, A5},
		[AE_JOIN]                  = {NI, A5},
	},
};
/* clang-format on */

/* --- actions ---------------------------------------------------------------------------------- */

static const char *const state_name[] = {"NoInfo", "Winner", "Loser"};

static void trace(const struct sm_at *at, enum assert_state from, enum assert_state to,
	const struct sm_oif *oif, struct proto_ctx *ctx)
{
	char s[IP_STRLEN] = "*", g[IP_STRLEN], w[IP_STRLEN];

	if (from == to || log_get_level() < LOG_LVL_DEBUG)
		return;
	if (at->s)
		ip_str(src_of(at->s), s, sizeof(s));
	act_notify(ctx->out, LOG_LVL_DEBUG, "assert (%s, %s) on %s: %s -> %s, winner %s", s,
		ip_str(&at->g->grp, g, sizeof(g)), at->pif->name, state_name[from], state_name[to],
		to == NI ? "none" : ip_str(&AssertWinner(oif)->address, w, sizeof(w)));
}

void assert_send(const struct sm_at *at, const struct assert_metric *m, const struct ipaddr *src,
	struct proto_ctx *ctx)
{
	uint8_t buf[128];
	struct pim_assert a = {.grp = at->g->grp,
		.src = *src,
		.rpt = m->rpt_bit,
		.preference = m->preference,
		.metric = m->metric};
	size_t len = pim_assert_write(buf, sizeof(buf), &at->pif->addr, &a);

	if (len)
		pim_send_link(at->pif, buf, len, ctx);
}

static struct ipaddr source_named(const struct sm_at *at)
{
	return at->s ? *src_of(at->s) : (struct ipaddr){0};
}

struct assert_metric assert_metric_said(const struct sm_at *at)
{
	return at->s ? spt_assert_metric(at->s, at->pif) : rpt_assert_metric(at->g, at->pif);
}

static void send_and_stay_winner(struct pim_sm *sm, struct sm_oif *oif, const struct sm_at *at,
	const struct ipaddr *data_src, struct proto_ctx *ctx)
{
	const struct pim_config *c = sm->pim->config;
	struct ipaddr src = data_src ? *data_src : source_named(at);

	oif->info->winner = assert_metric_said(at);
	assert_send(at, &oif->info->winner, &src, ctx);
	sm_timer_set(sm, ctx, &oif->info->at, SM_T_ASSERT,
		ctx->now_us + (uint64_t)(c->assert_s - c->assert_override_s) * 1000000);
}

static void store_winner(struct pim_sm *sm, struct sm_oif *oif, const struct assert_metric *heard,
	struct proto_ctx *ctx)
{
	uint64_t us = (uint64_t)sm->pim->config->assert_s * 1000000;

	oif->info->winner = *heard;
	sm_timer_set(sm, ctx, &oif->info->at, SM_T_ASSERT, ctx->now_us + us);
}

static void cancel_send(const struct sm_at *at, struct proto_ctx *ctx)
{
	struct assert_metric inf = infinite_assert_metric();
	struct ipaddr src = source_named(at);

	assert_send(at, &inf, &src, ctx);
}

/* A6, last part. */
static void spt_by_assert(struct pim_sm *sm, const struct sm_at *at)
{
	if (RPF_interface_S(at->s) == at->pif->ifid && at->s->sg.up.state == UP_JOINED)
		sm_spt_bit_set(sm, at->s, true);
}

/* Deviation: a loser on the RP tree switches to the SPT, as a last-hop router would. By the RFC it leaves the
 * winner to those who joined (S,G). If these did so on its behalf only, as an RP does whose way to the source leads
 * through its own receivers, they stop once they are told of its Prune, the winner cancels, and all begins anew.
 * Unless packets come it ends with the Assert: only as long does it count for the neighbour (limits.per_neighbor).
 * A winner that is RPF'(*,G) serves us by our Join(*,G), as before, and is told of no Prune. */
static void join_for_winner(struct pim_sm *sm, const struct sm_at *at,
	const struct assert_metric *winner, struct proto_ctx *ctx)
{
	struct ipaddr rpt = RPF_nbr_star_g(sm, at->g);
	bool alone = at->s->kat_by_assert || !timer_armed(&at->s->kat);

	if (RPF_interface_RP(at->g) != at->pif->ifid || ip_eq(&rpt, &winner->address) ||
		inherited_olist_sg_rpt_is_null(at->s))
		return;
	sm_keepalive_set(sm, at->s, keepalive_period_us(sm), ctx);
	at->s->kat_by_assert = alone;
}

/* Deviation: who loses (*,G) says which sources it has won, at once, a thousand a second, and not when their AT
 * expires. The winner serves the members of G from now on, and joins sources for them; as long as it did not want these
 * on the link, it kept nothing of our Asserts about them (AssertTrackingDesired), and would double a packet of each. */
static void say_sources_won(struct pim_sm *sm, const struct sm_at *at, struct proto_ctx *ctx)
{
	uint64_t due = ctx->now_us;
	struct sm_source *s;
	struct sm_oif *oif;

	LIST_FOREACH (s, &at->g->sources, in_group) {
		oif = sm_oif_find(&s->sg, at->pif);
		if (!oif || oif->assert != W || oif->info->at.due_us <= due)
			continue;
		sm_timer_set(sm, ctx, &oif->info->at, SM_T_ASSERT, due);
		due += SAY_NEXT_US;
	}
}

static void act(struct pim_sm *sm, enum assert_action action, struct sm_oif *oif,
	const struct sm_at *at, const struct assert_what *what, struct proto_ctx *ctx)
{
	switch (action) {
	case A_NONE:
		break;
	case A1:
	case A3:
		send_and_stay_winner(sm, oif, at, what->data_src, ctx);
		break;
	case A2:
		store_winner(sm, oif, what->heard, ctx);
		break;
	case A4:
		cancel_send(at, ctx);
		sm_assert_info_clear(oif, ctx->timers);
		break;
	case A5:
		sm_assert_info_clear(oif, ctx->timers);
		if (at->s)
			keepalive_assert_ended(sm, at->s, ctx);
		break;
	case A6:
		store_winner(sm, oif, what->heard, ctx);
		spt_by_assert(sm, at);
		break;
	}
}

static bool same_metric(const struct assert_metric *a, const struct assert_metric *b)
{
	return a->rpt_bit == b->rpt_bit && a->preference == b->preference &&
	       a->metric == b->metric && ip_eq(&a->address, &b->address);
}

bool assert_step(struct pim_sm *sm, const struct sm_at *at, enum assert_event ev,
	const struct assert_what *what, struct proto_ctx *ctx)
{
	struct sm_entry *e = at->s ? &at->s->sg : &at->g->star;
	struct sm_oif *oif = at->s ? at->sg : at->star;
	enum assert_state from = oif ? oif->assert : NI;
	const struct cell *cell = at->s ? &figure8[from][ev] : &figure9[from][ev];
	struct assert_metric winner;

	if (cell->action == A_NONE)
		return false;
	if (!oif)
		oif = sm_oif_get(sm, e, at->pif, ctx);
	if (!oif || !sm_assert_info_get(sm, oif)) {
		sm_touch(sm, e); /* an oif that is empty goes again */
		return false;
	}
	winner = oif->info->winner;
	oif->assert = cell->next;
	act(sm, cell->action, oif, at, what, ctx);
	if (at->s && cell->next == L && from != W &&
		!ip_eq(&winner.address, &AssertWinner(oif)->address))
		join_for_winner(sm, at, AssertWinner(oif), ctx);
	if (!at->s && from == W && cell->next == L)
		say_sources_won(sm, at, ctx);
	trace(at, from, cell->next, oif, ctx);
	if (from != cell->next || !same_metric(&winner, AssertWinner(oif)))
		sm_touch(sm, e);
	return from != cell->next;
}
