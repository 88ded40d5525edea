/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The formulas of RFC 7761 4.1.5, 4.5.4 to 4.5.7 and 4.6.5, term by term: each test sets the state that a
 * formula asks for by hand, one thing at a time.
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define S "10.1.1.1"

/* (*,G) and (S,G) with lan1 in both, all of it NoInfo; nothing settles it away meanwhile. */
struct bench {
	struct sm_world *p;
	struct sm_group *g;
	struct sm_source *s;
	struct sm_oif *star, *sg;
	struct sm_rpf *rpf_s, *rpf_rp;
	struct pim_iface *pif;
	struct actions out;
	struct proto_ctx ctx;
	struct timer_heap *timers;
};

static struct bench bench_of(struct sm_world *p)
{
	struct bench b = {.p = p, .pif = sw_pif(p, p->lan1), .timers = timer_heap_new()};
	struct ipaddr g = ip(G), s = ip(S);

	b.ctx = (struct proto_ctx){.now_us = p->w->now_us,
		.self = p->number,
		.net = p->w->net,
		.timers = b.timers,
		.out = &b.out};
	b.g = sm_group_get(p->sm, &g, &b.ctx);
	b.s = sm_source_get(p->sm, b.g, &s, &b.ctx);
	b.star = sm_oif_get(p->sm, &b.g->star, b.pif, &b.ctx);
	b.sg = sm_oif_get(p->sm, &b.s->sg, b.pif, &b.ctx);
	b.rpf_s = &b.s->sg.up.target->rpf, b.rpf_rp = &b.g->star.up.target->rpf;
	return b;
}

static void done(struct bench *b)
{
	sm_source_free(b->p->sm, b->s, b->timers);
	sm_group_free(b->p->sm, b->g, b->timers);
	timer_heap_free(b->timers);
}

static struct sm_at at(const struct bench *b)
{
	return sm_at_sg(b->s, b->pif);
}

static bool is(const struct bench *b, bool (*formula)(const struct sm_at *at))
{
	struct sm_at a = at(b);

	return formula(&a);
}

static void lose(struct sm_oif *oif, uint32_t metric)
{
	oif->assert = ASSERT_LOSER;
	sw_won(oif)->winner = (struct assert_metric){.metric = metric, .address = ip("10.0.3.9")};
}

static void win(struct sm_oif *oif)
{
	oif->assert = ASSERT_WINNER;
	sw_won(oif)->winner = (struct assert_metric){.address = oif->iface->pif->addr};
}

static void none(struct sm_oif *oif)
{
	oif->assert = ASSERT_NOINFO;
	sw_won(oif)->winner = (struct assert_metric){0};
}

/* --- what the state says ----------------------------------------------------------------------------- */

static void joins_star_g_are_join_and_prune_pending(void **state)
{
	struct bench b = bench_of(*state);

	assert_false(is(&b, joins_star_g));
	b.star->ds = DS_JOIN;
	assert_true(is(&b, joins_star_g));
	b.star->ds = DS_PRUNE_PENDING;
	assert_true(is(&b, joins_star_g));
	b.g->ssm = true;
	assert_false(is(&b, joins_star_g));
	done(&b);
}

static void joins_sg_are_join_and_prune_pending(void **state)
{
	struct bench b = bench_of(*state);

	assert_false(is(&b, joins_sg));
	b.sg->ds = DS_JOIN;
	assert_true(is(&b, joins_sg));
	b.sg->ds = DS_PRUNE_PENDING;
	assert_true(is(&b, joins_sg));
	b.g->ssm = true;
	assert_true(is(&b, joins_sg));
	done(&b);
}

static void prunes_sg_rpt_are_prune_and_prune_tmp(void **state)
{
	static const bool in[] = {[DS_RPT_NOINFO] = false,
		[DS_RPT_PRUNE] = true,
		[DS_RPT_PRUNE_PENDING] = false,
		[DS_RPT_PRUNE_TMP] = true,
		[DS_RPT_PRUNE_PENDING_TMP] = false};
	struct bench b = bench_of(*state);

	for (unsigned i = DS_RPT_NOINFO; i <= DS_RPT_PRUNE_PENDING_TMP; i++) {
		b.sg->ds_rpt = (uint8_t)i;
		assert_int_equal(is(&b, prunes_sg_rpt), in[i]);
	}
	b.sg->ds_rpt = DS_RPT_PRUNE;
	b.g->ssm = true;
	assert_false(is(&b, prunes_sg_rpt));
	b.sg->ds_rpt = DS_RPT_NOINFO;
	done(&b);
}

static void pim_include_star_g_is_of_the_dr_or_the_winner(void **state)
{
	struct bench b = bench_of(*state);

	assert_false(is(&b, pim_include_star_g)); /* local_receiver_include(*,G,I) */
	b.star->member = MEMBER_INCLUDE;
	assert_true(is(&b, pim_include_star_g));
	b.pif->i_am_dr = false; /* I_am_DR(I) */
	assert_false(is(&b, pim_include_star_g));
	win(b.star); /* AssertWinner(*,G,I) == me */
	assert_true(is(&b, pim_include_star_g));
	b.pif->i_am_dr = true;
	lose(b.star, 1); /* lost_assert(*,G,I) */
	assert_false(is(&b, pim_include_star_g));
	none(b.star);
	lose(b.sg, 1); /* that of (S,G) does not count */
	assert_true(is(&b, pim_include_star_g));
	done(&b);
}

static void pim_include_sg_is_of_the_dr_or_the_winner(void **state)
{
	struct bench b = bench_of(*state);

	assert_false(is(&b, pim_include_sg));
	b.sg->member = MEMBER_INCLUDE;
	assert_true(is(&b, pim_include_sg));
	b.pif->i_am_dr = false;
	assert_false(is(&b, pim_include_sg));
	win(b.sg);
	assert_true(is(&b, pim_include_sg));
	b.pif->i_am_dr = true;
	b.rpf_s->metric = 10;
	lose(b.sg, 1);
	assert_false(is(&b, pim_include_sg));
	none(b.sg);
	lose(b.star, 1); /* that of (*,G) does not count */
	assert_true(is(&b, pim_include_sg));
	done(&b);
}

static void pim_exclude_sg_goes_by_the_assert_of_star_g(void **state)
{
	struct bench b = bench_of(*state);

	b.sg->member = MEMBER_EXCLUDE;
	assert_false(is(&b, pim_exclude_sg)); /* only where local_receiver_include(*,G,I) is */
	b.star->member = MEMBER_INCLUDE;
	assert_true(is(&b, pim_exclude_sg));
	b.pif->i_am_dr = false;
	assert_false(is(&b, pim_exclude_sg));
	win(b.star);
	assert_true(is(&b, pim_exclude_sg));
	b.pif->i_am_dr = true;
	lose(b.star, 1);
	assert_false(is(&b, pim_exclude_sg));
	b.sg->member = MEMBER_INCLUDE;
	none(b.star);
	assert_false(is(&b, pim_exclude_sg));
	done(&b);
}

/* --- lost asserts -------------------------------------------------------------------------------------- */

static void lost_assert_star_g_is_none_upstream(void **state)
{
	struct bench b = bench_of(*state);

	assert_false(is(&b, lost_assert_star_g));
	win(b.star);
	assert_false(is(&b, lost_assert_star_g));
	lose(b.star, 1);
	assert_true(is(&b, lost_assert_star_g));
	b.rpf_rp->ifid = b.pif->ifid; /* RPF_interface(RP(G)) == I */
	assert_false(is(&b, lost_assert_star_g));
	done(&b);
}

static void lost_assert_sg_needs_a_winner_better_than_our_spt(void **state)
{
	struct bench b = bench_of(*state);

	b.rpf_s->preference = 5;
	b.rpf_s->metric = 10;
	lose(b.sg, 1);
	sw_won(b.sg)->winner.preference = 5;
	assert_true(is(&b, lost_assert_sg));
	sw_won(b.sg)->winner.metric = 11; /* we shall win it when the SPTbit is set */
	assert_false(is(&b, lost_assert_sg));
	sw_won(b.sg)->winner.metric = 10; /* the higher address wins */
	assert_true(is(&b, lost_assert_sg));
	sw_won(b.sg)->winner.rpt_bit = true;
	assert_false(is(&b, lost_assert_sg));
	sw_won(b.sg)->winner.rpt_bit = false;
	b.rpf_s->ifid = b.pif->ifid; /* RPF_interface(S) == I */
	assert_false(is(&b, lost_assert_sg));
	b.rpf_s->ifid = b.p->src;
	win(b.sg);
	assert_false(is(&b, lost_assert_sg));
	done(&b);
}

static void lost_assert_sg_rpt_is_none_upstream_of_the_tree_in_use(void **state)
{
	struct bench b = bench_of(*state);

	lose(b.sg, 1);
	assert_true(is(&b, lost_assert_sg_rpt));
	b.rpf_s->ifid = b.pif->ifid; /* RPF_interface(S) == I, but SPTbit is FALSE */
	assert_true(is(&b, lost_assert_sg_rpt));
	b.s->spt_bit = true;
	assert_false(is(&b, lost_assert_sg_rpt));
	b.rpf_s->ifid = b.p->src;
	assert_true(is(&b, lost_assert_sg_rpt));
	b.rpf_rp->ifid = b.pif->ifid; /* RPF_interface(RP(G)) == I */
	assert_false(is(&b, lost_assert_sg_rpt));
	win(b.sg);
	b.rpf_rp->ifid = b.p->up;
	assert_false(is(&b, lost_assert_sg_rpt));
	done(&b);
}

/* --- lists ------------------------------------------------------------------------------------------------ */

static void immediate_olist_star_g_has_its_terms(void **state)
{
	struct bench b = bench_of(*state);

	assert_false(is(&b, immediate_olist_star_g));
	assert_true(immediate_olist_star_g_is_null(b.g));
	b.star->ds = DS_JOIN; /* joins(*,G) */
	assert_true(is(&b, immediate_olist_star_g));
	assert_false(immediate_olist_star_g_is_null(b.g));
	lose(b.star, 1); /* (-) lost_assert(*,G) */
	assert_false(is(&b, immediate_olist_star_g));
	none(b.star);
	b.star->ds = DS_NOINFO;
	b.star->member = MEMBER_INCLUDE; /* pim_include(*,G) */
	assert_true(is(&b, immediate_olist_star_g));
	b.star->member = MEMBER_NONE;
	b.sg->ds = DS_JOIN; /* nothing of (S,G) */
	b.sg->member = MEMBER_INCLUDE;
	assert_false(is(&b, immediate_olist_star_g));
	done(&b);
}

static void immediate_olist_sg_has_its_terms(void **state)
{
	struct bench b = bench_of(*state);

	assert_true(immediate_olist_sg_is_null(b.s));
	b.sg->ds = DS_JOIN; /* joins(S,G) */
	assert_true(is(&b, immediate_olist_sg));
	assert_false(immediate_olist_sg_is_null(b.s));
	b.rpf_s->metric = 10;
	lose(b.sg, 1); /* (-) lost_assert(S,G) */
	assert_false(is(&b, immediate_olist_sg));
	none(b.sg);
	b.sg->ds = DS_NOINFO;
	b.sg->member = MEMBER_INCLUDE; /* pim_include(S,G) */
	assert_true(is(&b, immediate_olist_sg));
	b.sg->member = MEMBER_NONE;
	b.star->ds = DS_JOIN; /* nothing of (*,G) */
	assert_false(is(&b, immediate_olist_sg));
	b.s->reg = REG_JOIN; /* the Register tunnel is in joins(S,G) */
	assert_false(immediate_olist_sg_is_null(b.s));
	b.s->reg = REG_PRUNE;
	assert_true(immediate_olist_sg_is_null(b.s));
	done(&b);
}

static void inherited_olist_sg_rpt_has_its_terms(void **state)
{
	struct bench b = bench_of(*state);

	b.star->ds = DS_JOIN; /* joins(*,G) */
	assert_true(is(&b, inherited_olist_sg_rpt));
	assert_false(inherited_olist_sg_rpt_is_null(b.s));
	b.sg->ds_rpt = DS_RPT_PRUNE; /* (-) prunes(S,G,rpt) */
	assert_false(is(&b, inherited_olist_sg_rpt));
	assert_true(inherited_olist_sg_rpt_is_null(b.s));
	b.star->member = MEMBER_INCLUDE; /* (+) pim_include(*,G): prunes do not concern members */
	assert_true(is(&b, inherited_olist_sg_rpt));
	b.sg->member = MEMBER_EXCLUDE; /* (-) pim_exclude(S,G) */
	assert_false(is(&b, inherited_olist_sg_rpt));
	b.sg->ds_rpt = DS_RPT_NOINFO; /* members do not concern joins */
	assert_true(is(&b, inherited_olist_sg_rpt));
	lose(b.star, 1); /* (-) lost_assert(*,G) */
	assert_false(is(&b, inherited_olist_sg_rpt));
	none(b.star);
	lose(b.sg, 1); /* (-) lost_assert(S,G,rpt) */
	assert_false(is(&b, inherited_olist_sg_rpt));
	none(b.sg);
	b.star->ds = DS_NOINFO;
	b.star->member = MEMBER_NONE;
	b.sg->ds = DS_JOIN; /* nothing of (S,G) */
	assert_false(is(&b, inherited_olist_sg_rpt));
	done(&b);
}

static void inherited_olist_sg_has_its_terms(void **state)
{
	struct bench b = bench_of(*state);

	assert_true(inherited_olist_sg_is_null(b.s));
	b.star->ds = DS_JOIN; /* inherited_olist(S,G,rpt) */
	assert_true(is(&b, inherited_olist_sg));
	assert_false(inherited_olist_sg_is_null(b.s));
	b.sg->ds_rpt = DS_RPT_PRUNE;
	assert_false(is(&b, inherited_olist_sg));
	b.sg->ds = DS_JOIN; /* (+) joins(S,G) */
	assert_true(is(&b, inherited_olist_sg));
	b.sg->ds = DS_NOINFO;
	b.sg->member = MEMBER_INCLUDE; /* (+) pim_include(S,G) */
	assert_true(is(&b, inherited_olist_sg));
	b.rpf_s->metric = 10;
	lose(b.sg, 1); /* (-) lost_assert(S,G), of all of it */
	assert_false(is(&b, inherited_olist_sg));
	b.sg->member = MEMBER_NONE;
	none(b.sg);
	b.s->reg = REG_JOIN;
	assert_false(inherited_olist_sg_is_null(b.s));
	b.sg->ds_rpt = DS_RPT_NOINFO;
	done(&b);
}

static void a_walk_meets_each_interface_once_in_order(void **state)
{
	struct bench b = bench_of(*state);
	struct sm_world *p = *state;
	uint16_t want[] = {p->up, p->src, p->lan1, p->lan2};
	unsigned n = 0;

	sm_oif_get(p->sm, &b.s->sg, sw_pif(p, p->up), &b.ctx);
	sm_oif_get(p->sm, &b.g->star, sw_pif(p, p->lan2), &b.ctx);
	sm_oif_get(p->sm, &b.g->star, sw_pif(p, p->src), &b.ctx);
	for (struct sm_at a = sm_at_first(b.g, b.s); a.pif; sm_at_next(&a)) {
		assert_int_equal(a.pif->ifid, want[n]);
		assert_int_equal(!!a.star, n != 0);
		assert_int_equal(!!a.sg, n == 0 || n == 2);
		n++;
	}
	assert_int_equal(n, 4);
	done(&b);
}

static void a_boundary_takes_the_interface_out_of_every_set(void **state)
{
	struct bench b = bench_of(*state);
	struct pim_if_config conf = *b.pif->conf, *c = &conf;
	const struct pim_if_config *old = b.pif->conf;
	struct prefix bound;

	assert_int_equal(prefix_parse("239.1.0.0/16", &bound), 0);
	c->boundary = &bound;
	c->n_boundary = 1;
	b.pif->conf = c;
	b.star->ds = b.sg->ds = DS_JOIN;
	b.star->member = b.sg->member = MEMBER_INCLUDE;
	assert_false(is(&b, joins_star_g));
	assert_false(is(&b, joins_sg));
	assert_false(is(&b, local_receiver_include_star_g));
	assert_false(is(&b, local_receiver_include_sg));
	assert_false(is(&b, inherited_olist_sg));
	b.pif->conf = old;
	assert_true(is(&b, inherited_olist_sg));
	done(&b);
}

/* --- upstream ---------------------------------------------------------------------------------------------- */

static void assert_nbr(struct ipaddr a, const char *want)
{
	struct ipaddr w = {0};

	if (want)
		w = ip(want);
	assert_true(ip_eq(&a, &w));
}

static void rpf_neighbours_are_those_of_the_routes_or_assert_winners(void **state)
{
	struct bench b = bench_of(*state);
	struct sm_world *p = *state;
	struct sm_oif *star, *rpt, *spt;

	assert_int_equal(RPF_interface_RP(b.g), p->up);
	assert_int_equal(RPF_interface_S(b.s), p->src);
	assert_nbr(RPF_nbr_star_g(p->sm, b.g), "10.0.1.2");
	assert_nbr(RPF_nbr_sg_rpt(p->sm, b.s), "10.0.1.2");
	assert_nbr(RPF_nbr_sg(p->sm, b.s), "10.0.2.2");
	star = sm_oif_get(p->sm, &b.g->star, sw_pif(p, p->up), &b.ctx);
	lose(star, 1); /* I_Am_Assert_Loser(*, G, RPF_interface(RP(G))) */
	assert_nbr(RPF_nbr_star_g(p->sm, b.g), "10.0.3.9");
	assert_nbr(RPF_nbr_sg_rpt(p->sm, b.s), "10.0.3.9");
	rpt = sm_oif_get(p->sm, &b.s->sg, sw_pif(p, p->up), &b.ctx);
	lose(rpt, 1); /* I_Am_Assert_Loser(S, G, RPF_interface(RP(G))) */
	sw_won(rpt)->winner.address = ip("10.0.1.8");
	assert_nbr(RPF_nbr_sg_rpt(p->sm, b.s), "10.0.1.8");
	assert_nbr(RPF_nbr_star_g(p->sm, b.g), "10.0.3.9");
	assert_nbr(RPF_nbr_sg(p->sm, b.s), "10.0.2.2");
	spt = sm_oif_get(p->sm, &b.s->sg, sw_pif(p, p->src), &b.ctx);
	lose(spt, 0); /* I_Am_Assert_Loser(S, G, RPF_interface(S)) */
	assert_nbr(RPF_nbr_sg(p->sm, b.s), "10.0.3.9");
	done(&b);
}

static void a_winner_farther_than_we_are_is_not_joined(void **state)
{
	struct bench b = bench_of(*state);
	struct sm_world *p = *state;
	struct sm_oif *star = sm_oif_get(p->sm, &b.g->star, sw_pif(p, p->up), &b.ctx);
	struct sm_oif *spt = sm_oif_get(p->sm, &b.s->sg, sw_pif(p, p->src), &b.ctx);

	b.rpf_rp->metric = b.rpf_s->metric = 20;
	lose(star, 20);
	sw_won(star)->winner.rpt_bit = true;
	assert_nbr(RPF_nbr_star_g(p->sm, b.g), "10.0.3.9");
	sw_won(star)->winner.metric = 21;
	assert_nbr(RPF_nbr_star_g(p->sm, b.g), "10.0.1.2");
	sm_timer_set(p->sm, &b.ctx, &star->iface->odd_metrics, SM_T_ODD_METRICS, UINT64_MAX);
	assert_nbr(RPF_nbr_star_g(p->sm, b.g), "10.0.3.9");
	timer_cancel(b.timers, &star->iface->odd_metrics);
	lose(spt, 21);
	assert_nbr(RPF_nbr_sg(p->sm, b.s), "10.0.2.2");
	sw_won(spt)->winner.preference = 1; /* of another routing protocol: not to be compared */
	assert_nbr(RPF_nbr_sg(p->sm, b.s), "10.0.3.9");
	done(&b);
}

static void no_neighbour_upstream_is_null(void **state)
{
	struct bench b = bench_of(*state);
	struct sm_world *p = *state;

	b.rpf_s->next_hop = ip("10.0.2.77"); /* it said no Hello */
	assert_nbr(RPF_nbr_sg(p->sm, b.s), NULL);
	b.rpf_s->next_hop = (struct ipaddr){0}; /* directly connected */
	assert_nbr(RPF_nbr_sg(p->sm, b.s), NULL);
	b.rpf_rp->ifid = DP_IF_REGISTER; /* at the RP */
	assert_nbr(RPF_nbr_star_g(p->sm, b.g), NULL);
	done(&b);
}

/* --- ...Desired ------------------------------------------------------------------------------------------- */

static void join_desired_sg_has_its_terms(void **state)
{
	struct bench b = bench_of(*state);

	assert_false(JoinDesired_sg(b.s));
	b.sg->ds = DS_JOIN; /* immediate_olist(S,G) != NULL */
	assert_true(JoinDesired_sg(b.s));
	b.sg->ds = DS_NOINFO;
	b.star->ds = DS_JOIN; /* inherited_olist(S,G) != NULL alone does not do */
	assert_false(JoinDesired_sg(b.s));
	timer_set(b.timers, &b.s->kat, 1); /* KeepaliveTimer(S,G) is running */
	assert_true(JoinDesired_sg(b.s));
	b.star->ds = DS_NOINFO;
	assert_false(JoinDesired_sg(b.s));
	done(&b);
}

static void join_desired_star_g_is_immediate_olist(void **state)
{
	struct bench b = bench_of(*state);

	assert_false(JoinDesired_star_g(b.g));
	assert_false(RPTJoinDesired_g(b.g));
	b.star->ds = DS_JOIN;
	assert_true(JoinDesired_star_g(b.g));
	assert_true(RPTJoinDesired_g(b.g));
	done(&b);
}

static void prune_desired_sg_rpt_has_its_terms(void **state)
{
	struct bench b = bench_of(*state);
	struct pim_sm *sm = b.p->sm;

	assert_false(PruneDesired_sg_rpt(sm, b.s)); /* RPTJoinDesired(G) is FALSE */
	b.star->ds = DS_JOIN;
	assert_false(PruneDesired_sg_rpt(sm, b.s));
	b.sg->ds_rpt = DS_RPT_PRUNE; /* inherited_olist(S,G,rpt) == NULL */
	assert_true(PruneDesired_sg_rpt(sm, b.s));
	b.sg->ds_rpt = DS_RPT_NOINFO;
	b.s->spt_bit = true; /* SPTbit(S,G) == TRUE AND RPF'(*,G) != RPF'(S,G) */
	assert_true(PruneDesired_sg_rpt(sm, b.s));
	*b.rpf_s = *b.rpf_rp;
	assert_false(PruneDesired_sg_rpt(sm, b.s));
	done(&b);
}

static void a_join_star_g_carries_the_prune_in_three_cases(void **state)
{
	struct bench b = bench_of(*state);
	struct pim_sm *sm = b.p->sm;
	struct sm_rpf spt = *b.rpf_s;
	struct sm_oif *rpt;

	b.star->ds = DS_JOIN;
	assert_false(prune_sg_rpt_in_join(sm, b.s));
	b.s->spt_bit = true;
	assert_true(prune_sg_rpt_in_join(sm, b.s));
	*b.rpf_s = *b.rpf_rp; /* on the SPT, and the neighbours are the same */
	b.sg->ds_rpt = DS_RPT_PRUNE;
	assert_false(prune_sg_rpt_in_join(sm, b.s));
	b.s->spt_bit = false;
	assert_true(prune_sg_rpt_in_join(sm, b.s)); /* inherited_olist(S,G,rpt) == NULL */
	b.sg->ds_rpt = DS_RPT_NOINFO;
	*b.rpf_s = spt;
	assert_false(prune_sg_rpt_in_join(sm, b.s));
	rpt = sm_oif_get(sm, &b.s->sg, sw_pif(b.p, b.p->up), &b.ctx);
	lose(rpt, 1); /* RPF'(*,G) != RPF'(S,G,rpt) */
	assert_true(prune_sg_rpt_in_join(sm, b.s));
	done(&b);
}

static void metrics_compare_in_order(void **state)
{
	struct assert_metric a = {
		.rpt_bit = false, .preference = 9, .metric = 9, .address = ip("10.0.0.1")};
	struct assert_metric b = {
		.rpt_bit = true, .preference = 1, .metric = 1, .address = ip("10.0.0.9")};
	struct assert_metric inf = infinite_assert_metric();

	assert_true(assert_metric_better(&a, &b));
	assert_false(assert_metric_better(&b, &a));
	b.rpt_bit = false;
	assert_true(assert_metric_better(&b, &a));
	b.preference = 9;
	assert_true(assert_metric_better(&b, &a));
	b.metric = 9;
	assert_true(assert_metric_better(&b, &a)); /* the higher address */
	assert_false(assert_metric_better(&a, &b));
	assert_true(assert_metric_better(&a, &inf));
	assert_false(assert_metric_better(&inf, &a));
}

#define T(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(joins_star_g_are_join_and_prune_pending),
		T(joins_sg_are_join_and_prune_pending),
		T(prunes_sg_rpt_are_prune_and_prune_tmp),
		T(pim_include_star_g_is_of_the_dr_or_the_winner),
		T(pim_include_sg_is_of_the_dr_or_the_winner),
		T(pim_exclude_sg_goes_by_the_assert_of_star_g),
		T(lost_assert_star_g_is_none_upstream),
		T(lost_assert_sg_needs_a_winner_better_than_our_spt),
		T(lost_assert_sg_rpt_is_none_upstream_of_the_tree_in_use),
		T(immediate_olist_star_g_has_its_terms),
		T(immediate_olist_sg_has_its_terms),
		T(inherited_olist_sg_rpt_has_its_terms),
		T(inherited_olist_sg_has_its_terms),
		T(a_walk_meets_each_interface_once_in_order),
		T(a_boundary_takes_the_interface_out_of_every_set),
		T(rpf_neighbours_are_those_of_the_routes_or_assert_winners),
		T(a_winner_farther_than_we_are_is_not_joined),
		T(no_neighbour_upstream_is_null),
		T(join_desired_sg_has_its_terms),
		T(join_desired_star_g_is_immediate_olist),
		T(prune_desired_sg_rpt_has_its_terms),
		T(a_join_star_g_carries_the_prune_in_three_cases),
		T(metrics_compare_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
