/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Each cell of figures 8 and 9 of RFC 7761 by itself, also the empty ones: the state after it,
 * what is sent, winner and timer. And each term of CouldAssert, AssertTrackingDesired,
 * my_assert_metric and lost_assert.
 */
#include "tests/unit/pim/data_world.h"

#define OTHER "10.1.0.9"  /* the winner where we lost */
#define SENDER "10.1.0.2" /* of the message that is the event */

enum effect {
	NOTHING, /* an empty cell */
	SENDS,   /* A1, A3: Assert, we are the winner, timer 177 s */
	STORES,  /* A2, A6: the sender is the winner, timer 180 s */
	CANCELS, /* A4: infinite Assert, nothing kept */
	DELETES, /* A5 */
};

struct expected {
	enum assert_state from;
	enum assert_event ev;
	enum assert_state to;
	enum effect effect;
};

#define NI ASSERT_NOINFO
#define W ASSERT_WINNER
#define L ASSERT_LOSER

/* Both figures; what is not in here is an empty cell. */
static const struct expected cells[] = {
	{NI, AE_INFERIOR, W, SENDS},
	{NI, AE_DATA, W, SENDS},
	{NI, AE_ACCEPTABLE, L, STORES},
	{W, AE_TIMER, W, SENDS},
	{W, AE_INFERIOR, W, SENDS},
	{W, AE_PREFERRED, L, STORES},
	{W, AE_COULD_ASSERT_FALSE, NI, CANCELS},
	{L, AE_PREFERRED, L, STORES},
	{L, AE_ACCEPTABLE_OF_WINNER, L, STORES},
	{L, AE_INFERIOR_OF_WINNER, NI, DELETES},
	{L, AE_TIMER, NI, DELETES},
	{L, AE_WINNER_VOID, NI, DELETES},
	{L, AE_TRACKING_FALSE, NI, DELETES},
	{L, AE_METRIC_BETTER, NI, DELETES},
	{L, AE_RPF_STOPS, NI, DELETES},
	{L, AE_JOIN, NI, DELETES},
};
static const struct expected only_figure8 = {NI, AE_RPT, W, SENDS};

static struct expected expect(bool star, enum assert_state from, enum assert_event ev)
{
	for (unsigned i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		if (cells[i].from == from && cells[i].ev == ev)
			return cells[i];
	if (!star && from == only_figure8.from && ev == only_figure8.ev)
		return only_figure8;
	return (struct expected){from, ev, from, NOTHING};
}

/* The entry's lan in that state, by hand. */
static void put(struct data_world *dw, struct sm_at *i, enum assert_state s, struct proto_ctx *ctx)
{
	struct sm_oif *o = i->s ? i->sg : i->star;

	assert_non_null(o);
	o->assert = (uint8_t)s;
	sm_assert_info_get(dw->sm, o)->winner = (struct assert_metric){0};
	timer_cancel(ctx->timers, &o->info->at);
	if (s == NI)
		return;
	sm_assert_info_get(dw->sm, o)->winner = (struct assert_metric){
		.rpt_bit = !i->s, .preference = 50, .metric = 7, .address = addr(OTHER)};
	if (s == W)
		sm_assert_info_get(dw->sm, o)->winner =
			i->s ? spt_assert_metric(i->s, i->pif) : rpt_assert_metric(i->g, i->pif);
	sm_timer_set(dw->sm, ctx, &o->info->at, SM_T_ASSERT, ctx->now_us + 5000000);
}

static unsigned asserts_in(const struct actions *a, struct pim_assert *last)
{
	unsigned n = 0;

	for (size_t k = 0; k < a->n; k++) {
		struct pim_packet p;

		if (a->v[k].kind != ACT_SEND_IP ||
			pim_packet_open(a->v[k].send.data, a->v[k].send.len, &p) ||
			p.type != PIM_ASSERT)
			continue;
		assert_int_equal(pim_assert_open(&p, last), PIM_OK);
		n++;
	}
	return n;
}

static void check_effect(struct data_world *dw, const struct expected *e, const struct sm_at *i,
	const struct actions *out, bool star)
{
	const struct sm_oif *o = star ? i->star : i->sg;
	struct ipaddr us = pif(dw, dw->lan)->addr, sender = addr(SENDER);
	uint64_t left = timer_left(&o->info->at, dw->w->now_us);
	struct pim_assert a;
	unsigned n = asserts_in(out, &a);

	assert_int_equal(n, e->effect == SENDS || e->effect == CANCELS);
	switch (e->effect) {
	case NOTHING:
		assert_true(e->from == NI || left == 5000000);
		break;
	case SENDS:
		assert_true(ip_eq(&AssertWinner(o)->address, &us));
		assert_int_equal(AssertWinner(o)->preference, 110);
		assert_int_equal(AssertWinner(o)->rpt_bit, star);
		assert_int_equal(a.rpt, star);
		assert_int_equal(a.preference, 110);
		assert_int_equal(a.metric, 20);
		assert_int_equal(left, 177000000);
		break;
	case STORES:
		assert_true(ip_eq(&AssertWinner(o)->address, &sender));
		assert_int_equal(AssertWinner(o)->metric, 3);
		assert_int_equal(left, 180000000);
		break;
	case CANCELS:
		assert_true(a.rpt && a.preference == 0x7fffffff && a.metric == 0xffffffff);
		assert_int_equal(ip_is_none(&a.src), star);
		/* fall through */
	case DELETES:
		assert_true(ip_is_none(&AssertWinner(o)->address));
		assert_true(left == TIMER_NEVER);
		break;
	}
}

static void cell(struct data_world *dw, bool star, enum assert_state from, enum assert_event ev,
	struct timer_heap *timers)
{
	struct expected e = expect(star, from, ev);
	struct actions out = {0};
	struct proto_ctx ctx = {.now_us = dw->w->now_us,
		.self = dw->number,
		.net = dw->w->net,
		.timers = timers,
		.out = &out,
		.dp = &dw->w->f->dp};
	struct assert_metric heard = {
		.rpt_bit = star, .preference = 40, .metric = 3, .address = addr(SENDER)};
	struct assert_what what = {.heard = &heard};
	struct sm_at i = at(dw, star ? "*" : S_SPT, G, dw->lan);
	bool changed;

	put(dw, &i, from, &ctx);
	changed = assert_step(dw->sm, &i, ev, &what, &ctx);
	if ((star ? i.star : i.sg)->assert != e.to)
		fail_msg("figure %d, state %d, event %d: state %d, not %d", star ? 9 : 8, from, ev,
			(star ? i.star : i.sg)->assert, e.to);
	assert_int_equal(changed, e.from != e.to);
	check_effect(dw, &e, &i, &out, star);
	put(dw, &i, NI, &ctx);
	actions_fini(&out);
}

static void figure(struct data_world *dw, bool star)
{
	struct timer_heap *timers = timer_heap_new();

	assert_non_null(timers);
	for (unsigned from = NI; from <= L; from++)
		for (unsigned ev = 0; ev < ASSERT_EVENTS; ev++)
			cell(dw, star, (enum assert_state)from, (enum assert_event)ev, timers);
	timer_heap_free(timers);
}

static void figure_8_cell_by_cell(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, S_SPT, G);
	figure(dw, false);
}

static void figure_9_cell_by_cell(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	figure(dw, true);
}

/* A6 is A2 and, upstream of a joined entry, the SPTbit; A2 is not. */
static void only_a6_sets_the_spt_bit(void **state)
{
	struct data_world *dw = *state;
	struct timer_heap *timers = timer_heap_new();
	struct actions out = {0};
	struct proto_ctx ctx = {.now_us = dw->w->now_us,
		.self = dw->number,
		.net = dw->w->net,
		.timers = timers,
		.out = &out};
	struct assert_metric heard = {.preference = 1, .metric = 1, .address = addr("10.0.2.2")};
	struct assert_what what = {.heard = &heard};
	struct sm_source *s;
	struct sm_at i;

	data_join(dw, S_SPT, G);
	s = source(dw, S_SPT, G);
	i = at(dw, S_SPT, G, dw->spt);
	assert_true(assert_step(dw->sm, &i, AE_ACCEPTABLE, &what, &ctx));
	assert_true(s->spt_bit);
	i = at(dw, S_SPT, G, dw->spt);
	sm_spt_bit_set(dw->sm, s, false);
	assert_false(assert_step(dw->sm, &i, AE_PREFERRED, &what, &ctx));
	assert_false(s->spt_bit);
	i.sg->assert = NI;
	s->sg.up.state = UP_NOT_JOINED;
	assert_true(assert_step(dw->sm, &i, AE_ACCEPTABLE, &what, &ctx));
	assert_false(s->spt_bit);
	s->sg.up.state = UP_JOINED;
	i.sg->assert = NI;
	timer_cancel(timers, &i.sg->info->at);
	i = at(dw, S_SPT, G, dw->lan); /* not upstream */
	assert_true(assert_step(dw->sm, &i, AE_ACCEPTABLE, &what, &ctx));
	assert_false(s->spt_bit);
	i.sg->assert = NI;
	timer_cancel(timers, &i.sg->info->at);
	actions_fini(&out);
	timer_heap_free(timers);
}

/* --- CouldAssert ------------------------------------------------------------------------------ */

/* Entries (*,G) and (S,G) that know lan, and nothing that holds of it; what a test sets by hand
 * counts. */
static struct sm_at bare(struct data_world *dw)
{
	struct sm_at i;

	data_join(dw, "*", G);
	data_join(dw, S_SPT, G);
	i = at(dw, S_SPT, G, dw->lan);
	i.star->ds = i.sg->ds = DS_NOINFO;
	i.s->spt_bit = true;
	i.pif->i_am_dr = false;
	assert_false(CouldAssert_sg(&i));
	assert_false(CouldAssert_star_g(&i));
	assert_false(AssertTrackingDesired_sg(&i));
	assert_false(AssertTrackingDesired_star_g(&i));
	return i;
}

static void rpt_prune(struct sm_at *i, bool on)
{
	i->sg->ds_rpt = on ? DS_RPT_PRUNE : DS_RPT_NOINFO;
}

static void could_assert_star_g_term_by_term(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i = bare(dw);
	uint16_t rpf = i.g->star.up.target->rpf.ifid;

	i.star->ds = DS_JOIN;
	assert_true(CouldAssert_star_g(&i));
	i.star->ds = DS_PRUNE_PENDING;
	assert_true(CouldAssert_star_g(&i));
	i.g->star.up.target->rpf.ifid = dw->lan; /* RPF_interface(RP(G)) */
	assert_false(CouldAssert_star_g(&i));
	i.g->star.up.target->rpf.ifid = rpf;
	i.star->ds = DS_NOINFO;
	i.star->member = MEMBER_INCLUDE;
	assert_false(CouldAssert_star_g(&i));
	i.pif->i_am_dr = true; /* pim_include(*,G) */
	assert_true(CouldAssert_star_g(&i));
	i.star->assert = ASSERT_LOSER;
	assert_false(CouldAssert_star_g(&i));
	i.star->ds = DS_JOIN; /* lost_assert is no term of this one */
	assert_true(CouldAssert_star_g(&i));
	i.star->assert = ASSERT_NOINFO;
	i.star->ds = DS_JOIN;
}

static void could_assert_sg_term_by_term(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i = bare(dw);
	uint16_t rpf = i.s->sg.up.target->rpf.ifid;

	/* joins(S,G) */
	i.sg->ds = DS_JOIN;
	assert_true(CouldAssert_sg(&i));
	i.s->spt_bit = false;
	assert_false(CouldAssert_sg(&i));
	i.s->spt_bit = true;
	i.s->sg.up.target->rpf.ifid = dw->lan; /* RPF_interface(S) */
	assert_false(CouldAssert_sg(&i));
	i.s->sg.up.target->rpf.ifid = rpf;
	i.star->assert = ASSERT_LOSER; /* lost_assert(*,G) takes nothing from joins(S,G) */
	assert_true(CouldAssert_sg(&i));
	i.star->assert = ASSERT_NOINFO;
	i.sg->ds = DS_NOINFO;
	/* joins(*,G) (-) prunes(S,G,rpt) (-) lost_assert(*,G) */
	i.star->ds = DS_JOIN;
	assert_true(CouldAssert_sg(&i));
	rpt_prune(&i, true);
	assert_false(CouldAssert_sg(&i));
	rpt_prune(&i, false);
	i.star->assert = ASSERT_LOSER;
	assert_false(CouldAssert_sg(&i));
	i.star->assert = ASSERT_NOINFO;
	i.star->ds = DS_NOINFO;
	/* pim_include(*,G) (-) pim_exclude(S,G) (-) lost_assert(*,G) */
	i.star->member = MEMBER_INCLUDE;
	assert_false(CouldAssert_sg(&i));
	i.pif->i_am_dr = true;
	assert_true(CouldAssert_sg(&i));
	i.sg->member = MEMBER_EXCLUDE;
	assert_false(CouldAssert_sg(&i));
	i.sg->member = MEMBER_NONE;
	i.star->assert = ASSERT_LOSER;
	assert_false(CouldAssert_sg(&i));
	i.star->assert = ASSERT_NOINFO;
	i.star->member = MEMBER_NONE;
	/* pim_include(S,G) */
	i.sg->member = MEMBER_INCLUDE;
	assert_true(CouldAssert_sg(&i));
	i.pif->i_am_dr = false;
	assert_false(CouldAssert_sg(&i));
	i.sg->assert = ASSERT_WINNER;
	assert_true(CouldAssert_sg(&i));
	i.sg->assert = ASSERT_NOINFO;
	i.sg->member = MEMBER_NONE;
	i.star->ds = i.sg->ds = DS_JOIN;
}

/* --- AssertTrackingDesired -------------------------------------------------------------------- */

static void assert_tracking_desired_star_g_term_by_term(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i = bare(dw), up;
	uint16_t rp;

	/* CouldAssert(*,G,I) */
	i.star->ds = DS_JOIN;
	assert_true(AssertTrackingDesired_star_g(&i));
	/* RPF_interface(RP(G)) == I AND RPTJoinDesired(G) */
	up = at(dw, S_SPT, G, dw->up);
	assert_true(AssertTrackingDesired_star_g(&up));
	i.star->ds = DS_NOINFO;
	assert_false(AssertTrackingDesired_star_g(&up));
	/* local_receiver_include(*,G,I) AND (I_am_DR(I) OR AssertWinner(*,G,I) == me) */
	i.star->member = MEMBER_INCLUDE;
	assert_false(AssertTrackingDesired_star_g(&i));
	i.pif->i_am_dr = true;
	i.star->assert = ASSERT_LOSER; /* pim_include(*,G) does not hold: the term's reason */
	assert_false(CouldAssert_star_g(&i));
	assert_true(AssertTrackingDesired_star_g(&i));
	i.pif->i_am_dr = false;
	assert_false(AssertTrackingDesired_star_g(&i));
	rp = i.g->star.up.target->rpf.ifid;
	i.g->star.up.target->rpf.ifid =
		0; /* CouldAssert(*,G,I) holds, too: by I as the RPF interface it does not */
	i.star->assert = ASSERT_WINNER;
	assert_true(AssertTrackingDesired_star_g(&i));
	i.g->star.up.target->rpf.ifid = dw->lan;
	assert_false(CouldAssert_star_g(&i));
	assert_true(AssertTrackingDesired_star_g(&i));
	i.g->star.up.target->rpf.ifid = rp;
	i.star->assert = ASSERT_NOINFO;
	i.star->member = MEMBER_NONE;
	i.star->ds = DS_JOIN;
}

static void assert_tracking_desired_sg_term_by_term(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i = bare(dw), up, spt;

	up = at(dw, S_SPT, G, dw->up);
	spt = at(dw, S_SPT, G, dw->spt);
	assert_false(AssertTrackingDesired_sg(&up));
	assert_false(AssertTrackingDesired_sg(&spt));
	i.s->spt_bit = false;
	assert_false(AssertTrackingDesired_sg(&up));
	i.s->spt_bit = true;
	/* joins(S,G); upstream: RPF_interface(S) == I AND JoinDesired(S,G) */
	i.sg->ds = DS_JOIN;
	assert_true(AssertTrackingDesired_sg(&i));
	assert_true(AssertTrackingDesired_sg(&spt));
	assert_false(AssertTrackingDesired_sg(&up));
	i.sg->ds = DS_NOINFO;
	/* joins(*,G) (-) prunes(S,G,rpt); upstream: RPF_interface(RP(G)) == I AND JoinDesired(*,G)
	 * AND SPTbit == FALSE */
	i.star->ds = DS_JOIN;
	assert_true(AssertTrackingDesired_sg(&i));
	assert_false(AssertTrackingDesired_sg(&up));
	i.s->spt_bit = false;
	assert_true(AssertTrackingDesired_sg(&up));
	assert_false(AssertTrackingDesired_sg(&spt));
	rpt_prune(&i, true);
	assert_false(AssertTrackingDesired_sg(&i));
	rpt_prune(&i, false);
	i.star->assert = ASSERT_LOSER;
	assert_false(AssertTrackingDesired_sg(&i));
	i.star->assert = ASSERT_NOINFO;
	i.star->ds = DS_NOINFO;
	/* pim_include(*,G) (-) pim_exclude(S,G) */
	i.star->member = MEMBER_INCLUDE;
	i.pif->i_am_dr = true;
	assert_true(AssertTrackingDesired_sg(&i));
	i.sg->member = MEMBER_EXCLUDE;
	assert_false(AssertTrackingDesired_sg(&i));
	i.star->member = MEMBER_NONE;
	/* local_receiver_include(S,G,I) AND (I_am_DR(I) OR AssertWinner(S,G,I) == me) */
	i.sg->member = MEMBER_INCLUDE;
	i.sg->assert = ASSERT_LOSER;
	sm_assert_info_get(dw->sm, i.sg)->winner = (struct assert_metric){.address = addr(OTHER)};
	assert_true(AssertTrackingDesired_sg(&i));
	i.pif->i_am_dr = false;
	assert_false(AssertTrackingDesired_sg(&i));
	i.sg->assert = ASSERT_WINNER;
	assert_true(AssertTrackingDesired_sg(&i));
	i.sg->assert = ASSERT_NOINFO;
	sm_assert_info_get(dw->sm, i.sg)->winner = (struct assert_metric){0};
	i.sg->member = MEMBER_NONE;
	i.star->ds = i.sg->ds = DS_JOIN;
}

/* --- 4.6.3, 4.6.5 ----------------------------------------------------------------------------- */

static void my_assert_metric_is_that_of_the_most_specific_tree(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i = bare(dw);
	struct assert_metric m = my_assert_metric_sg(&i);

	assert_true(assert_metric_infinite(&m) && m.rpt_bit);
	i.star->ds = DS_JOIN;
	i.s->spt_bit = false;
	i.g->star.up.target->rpf.metric = 77;
	m = my_assert_metric_sg(&i);
	assert_true(m.rpt_bit && m.preference == 110 && m.metric == 77);
	i.s->spt_bit = true;
	m = my_assert_metric_sg(&i);
	assert_true(!m.rpt_bit && m.preference == 110 && m.metric == 20);
	assert_true(ip_eq(&m.address, &i.pif->addr));
	m = my_assert_metric_star_g(&i);
	assert_true(m.rpt_bit && m.metric == 77);
	i.sg->ds = DS_JOIN;
}

static void metrics_compare_bit_preference_metric_and_highest_address(void **state)
{
	struct assert_metric a = {.preference = 10, .metric = 10, .address = addr("10.0.0.1")},
			     b = a;

	assert_false(assert_metric_better(&a, &b));
	b.address = addr("10.0.0.2");
	assert_true(assert_metric_better(&b, &a) && !assert_metric_better(&a, &b));
	a.metric = 9;
	assert_true(assert_metric_better(&a, &b) && !assert_metric_better(&b, &a));
	b.preference = 9;
	assert_true(assert_metric_better(&b, &a) && !assert_metric_better(&a, &b));
	b.rpt_bit = true;
	assert_true(assert_metric_better(&a, &b) && !assert_metric_better(&b, &a));
}

static void lost_assert_term_by_term(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i = bare(dw);
	uint16_t rp = i.g->star.up.target->rpf.ifid, s = i.s->sg.up.target->rpf.ifid;

	i.star->assert = i.sg->assert = ASSERT_LOSER;
	sm_assert_info_get(dw->sm, i.sg)->winner =
		(struct assert_metric){.preference = 110, .metric = 19, .address = addr(OTHER)};
	assert_true(lost_assert_star_g(&i) && lost_assert_sg(&i) && lost_assert_sg_rpt(&i));
	sm_assert_info_get(dw->sm, i.sg)->winner.metric = 21; /* we win once the SPTbit is set */
	assert_false(lost_assert_sg(&i));
	assert_true(lost_assert_sg_rpt(&i));
	sm_assert_info_get(dw->sm, i.sg)->winner.metric = 19;
	i.g->star.up.target->rpf.ifid = dw->lan;
	assert_true(!lost_assert_star_g(&i) && lost_assert_sg(&i) && !lost_assert_sg_rpt(&i));
	i.g->star.up.target->rpf.ifid = rp;
	i.s->sg.up.target->rpf.ifid = dw->lan;
	assert_true(lost_assert_star_g(&i) && !lost_assert_sg(&i) && !lost_assert_sg_rpt(&i));
	i.s->spt_bit = false;
	assert_true(lost_assert_sg_rpt(&i));
	i.s->sg.up.target->rpf.ifid = s;
	i.star->assert = i.sg->assert = ASSERT_WINNER;
	assert_true(!lost_assert_star_g(&i) && !lost_assert_sg(&i) && !lost_assert_sg_rpt(&i));
	i.star->assert = i.sg->assert = ASSERT_NOINFO;
	sm_assert_info_get(dw->sm, i.sg)->winner = (struct assert_metric){0};
	i.star->ds = i.sg->ds = DS_JOIN;
}

/* --- show ------------------------------------------------------------------------------------- */

static bool show(void *arg, const struct pim_assert_info *i)
{
	char s[IP_STRLEN], w[IP_STRLEN], *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, 512 - n, "%u %s %s %s %u/%u%s;", i->ifid, ip_str(&i->src, s, sizeof(s)),
		i->state, ip_str(&i->winner, w, sizeof(w)), i->preference, i->metric,
		i->rpt ? " rpt" : "");
	return true;
}

static void asserts_are_shown_in_order(void **state)
{
	struct data_world *dw = *state;
	char text[512] = "", want[512];

	data_join(dw, "*", G);
	data_assert(dw, dw->lan, OTHER, "*", G, true, 200, 1);
	data_assert(dw, dw->lan, SENDER, S_SPT, G, false, 90, 5);
	data_assert(dw, dw->up, "10.0.1.3", "*", G, true, 300, 9);
	pim_assert_walk(dw->pim, show, text);
	snprintf(want, sizeof(want),
		"%u * loser 10.0.1.3 300/9 rpt;%u * winner 10.1.0.5 110/20 rpt;"
		"%u 10.9.0.9 loser 10.1.0.2 90/5;",
		dw->up, dw->lan, dw->lan);
	assert_string_equal(text, want);
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(figure_8_cell_by_cell),
		T(figure_9_cell_by_cell),
		T(only_a6_sets_the_spt_bit),
		T(could_assert_star_g_term_by_term),
		T(could_assert_sg_term_by_term),
		T(assert_tracking_desired_star_g_term_by_term),
		T(assert_tracking_desired_sg_term_by_term),
		T(my_assert_metric_is_that_of_the_most_specific_tree),
		cmocka_unit_test(metrics_compare_bit_preference_metric_and_highest_address),
		T(lost_assert_term_by_term),
		T(asserts_are_shown_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
