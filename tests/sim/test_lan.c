/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Shared LANs: one forwarder by Assert (RFC 7761 4.6), prunes that others override, Joins that others spare
 * (4.5), the DR and its death (4.3.2).
 */
#include "tests/sim/scene.h"

/* --- Assert and prune override --------------------------------------------------------------------
 *
 *            in (src)
 *           /        \
 *      rp==b          c
 *           \        /
 *            == mid ==
 *           /    |    \
 *          d     e     f
 *          |     |     |
 *         ld    le    lf      (rd, re, rf)
 */
struct lan {
	struct sim *s;
	struct sim_router *b, *c, *d, *e, *f;
	struct sim_link *in, *mid, *ld, *le, *lf;
	struct sim_host *src, *rd, *re, *rf;
	struct sim_source *flow;
	char from[IP_STRLEN];
};

static void plant(struct lan *t, struct sim *s)
{
	*t = (struct lan){.s = s};
	s->protocols = true;
	t->b = sim_router(s, "b");
	t->c = sim_router(s, "c");
	t->d = sim_router(s, "d");
	t->e = sim_router(s, "e");
	t->f = sim_router(s, "f");
	t->in = scene_lan(s, "in", t->b, t->c, NULL);
	t->mid = scene_lan(s, "mid", t->b, t->c, t->d, t->e, t->f, NULL);
	t->ld = scene_lan(s, "ld", t->d, NULL);
	t->le = scene_lan(s, "le", t->e, NULL);
	t->lf = scene_lan(s, "lf", t->f, NULL);
	t->src = sim_host(s, "src", t->in, 3);
	t->rd = sim_host(s, "rd", t->ld, 3);
	t->re = sim_host(s, "re", t->le, 3);
	t->rf = sim_host(s, "rf", t->lf, 3);
	ip_str(&t->src->port->ip, t->from, sizeof(t->from));
	sim_spt(s, PIM_SPT_NEVER);
	/* b leads to the source's LAN as seen from d, e, f; c is further */
	sim_port_of(t->c, t->in)->cost = 20;
	scene_rp(t->b);
	scene_start(s);
}

/* Whatever the others think. */
static void e_goes_by_c(const struct lan *t)
{
	scene_goes_by(t->e, &t->in->subnet, t->mid, t->c);
}

static void an_assert_leaves_one_forwarder_on_a_lan(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct lan t;

	plant(&t, s);
	e_goes_by_c(&t);
	sim_host_filter(t.rd, G1, SIM_INCLUDE, t.from);
	sim_host_filter(t.re, G1, SIM_INCLUDE, t.from);
	sim_run(s, 3);
	h = scene_listen(s, t.mid);
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 5);
	assert_true(h->asserts > 0);
	sim_assert_delivers(s, 10);
	assert_in_range(scene_data_on(s, t.mid, 10), 99, 101);
	sim_assert_delivers(s, 600); /* also after Assert_Time */
	scene_assert_fades(s);
}

static void the_shortest_path_wins_an_assert_over_the_shared_tree(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct lan t;

	plant(&t, s);
	e_goes_by_c(&t);
	sim_host_join(t.rd, G1); /* by b, which is the RP */
	sim_host_filter(t.re, G1, SIM_INCLUDE, t.from);
	sim_run(s, 3);
	h = scene_listen(s, t.mid);
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 5);
	assert_true(h->asserts > 0);
	sim_assert_delivers(s, 600);
	scene_assert_fades(s);
}

static void when_the_assert_winner_dies_the_loser_forwards_again(void **state)
{
	struct sim *s = *state;
	struct lan t;

	plant(&t, s);
	e_goes_by_c(&t);
	sim_host_filter(t.rd, G1, SIM_INCLUDE, t.from);
	sim_host_filter(t.re, G1, SIM_INCLUDE, t.from);
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 5);
	sim_crash(t.b); /* the nearer one had won; it is RP, too, but nobody needs one */
	sim_run(s, 240);
	sim_assert_delivers(s, 10);
}

static void when_the_assert_winner_leaves_in_order_the_loser_takes_over_at_once(void **state)
{
	struct sim *s = *state;
	struct lan t;

	plant(&t, s);
	e_goes_by_c(&t);
	sim_host_filter(t.rd, G1, SIM_INCLUDE, t.from);
	sim_host_filter(t.re, G1, SIM_INCLUDE, t.from);
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 10);
	sim_stop(t.b);
	sim_run(s, 5);
	sim_assert_delivers(s, 10);
}

static void a_prune_is_overridden_by_whoever_still_wants_the_group(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct lan t;

	plant(&t, s);
	sim_host_join(t.rd, G1);
	t.flow = scene_flow(s, t.src, t.re, 0, 10);
	sim_run(s, 20);
	h = scene_listen(s, t.mid);
	sim_host_leave(t.rd, G1);
	sim_assert_delivers(s, 20); /* re misses nothing */
	assert_true(h->prunes > 0);
	assert_true(h->joins > 0);
}

static void a_prune_that_nobody_overrides_ends_the_flow(void **state)
{
	struct sim *s = *state;
	struct lan t;

	plant(&t, s);
	t.flow = scene_flow(s, t.src, t.rd, 0, 10);
	sim_run(s, 20);
	assert_true(scene_data_on(s, t.mid, 5) > 40);
	sim_host_leave(t.rd, G1);
	sim_run(s, 10); /* last member queries 2 s, override interval 3 s */
	assert_int_equal(scene_data_on(s, t.mid, 10), 0);
	scene_assert_fades(s);
}

static void joins_of_others_are_as_good_as_ones_own(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct lan t;

	plant(&t, s);
	sim_host_join(t.rd, G1);
	sim_host_join(t.re, G1);
	sim_host_join(t.rf, G1);
	sim_run(s, 100);
	h = scene_listen(s, t.mid);
	sim_run(s, 600);
	/* three routers would send thirty; suppression leaves little more than ten */
	assert_in_range(h->joins, 8, 22);
}

static void without_suppression_all_send_their_joins(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct lan t;

	plant(&t, s);
	for (unsigned i = 0; i < s->n_routers; i++) {
		sim_port_of(s->routers[i], t.mid)->pim.disable_join_suppression = true;
		sim_configure(s->routers[i]);
	}
	sim_run(s, 40);
	sim_host_join(t.rd, G1);
	sim_host_join(t.re, G1);
	sim_host_join(t.rf, G1);
	sim_run(s, 100);
	h = scene_listen(s, t.mid);
	sim_run(s, 600);
	assert_in_range(h->joins, 27, 33);
}

/*      in (src) -- v --+-- e --- le (re)       e has joined v, rp has joined w, who has won
 *              |       |
 *              +-- w - mid - rp -- lr (rr)
 *                  |   |
 *                  +-- n ----- ln (rn)
 *
 * rp gets the source from mid and does not forward it there. When n joins rp, this one forgets who has won.
 */
struct newcomer {
	struct sim_link *wn;
	struct sim_host *rn;
	char from[IP_STRLEN];
};

/* The source has sent for half a minute, and nothing comes by the cable. */
static void plant_newcomer(struct newcomer *t, struct sim *s)
{
	struct sim_router *v = sim_router(s, "v"), *w = sim_router(s, "w"),
			  *rp = sim_router(s, "rp");
	struct sim_router *e = sim_router(s, "e"), *n = sim_router(s, "n");
	struct sim_link *in = scene_lan(s, "in", v, w, NULL), *wn = scene_cable(s, w, n);
	struct sim_link *mid = scene_lan(s, "mid", v, w, rp, e, n, NULL);
	struct sim_host *src = sim_host(s, "src", in, 3);
	struct sim_host *rr = sim_host(s, "rr", scene_lan(s, "lr", rp, NULL), 3),
			*re = sim_host(s, "re", scene_lan(s, "le", e, NULL), 3);

	*t = (struct newcomer){.wn = wn, .rn = sim_host(s, "rn", scene_lan(s, "ln", n, NULL), 3)};
	s->protocols = true;
	sim_port_of(v, in)->cost = 20;
	sim_port_of(n, wn)->cost = 5;
	scene_rp(rp);
	sim_spt(s, PIM_SPT_NEVER);
	scene_start(s);
	scene_goes_by(e, &in->subnet, mid, v);
	ip_str(&src->port->ip, t->from, sizeof(t->from));
	sim_host_filter(re, G1, SIM_INCLUDE, t->from);
	sim_host_filter(rr, G1, SIM_INCLUDE, t->from);
	sim_run(s, 3);
	sim_source_send(src, G1, 10);
	sim_run(s, 30);
	assert_int_equal(scene_data_on(s, wn, 2), 0);
}

/* n has lost to w and taken S from the cable, to stay there after Assert_Time. */
static void assert_changes_over(struct sim *s, const struct newcomer *t)
{
	sim_run(s, 10);
	assert_true(scene_data_on(s, t->wn, 2) > 0);
	sim_assert_delivers(s, 200);
	scene_assert_fades(s);
}

static void a_newcomer_on_the_shared_tree_soon_hears_who_has_won_the_source(void **state)
{
	struct sim *s = *state;
	struct newcomer t;

	plant_newcomer(&t, s);
	sim_host_join(t.rn, G1);
	assert_changes_over(s, &t);
}

/* The Prune(S,G,rpt) beside n's Join(*,G) leaves rp the loser; a Join(S,G,rpt) takes it back. */
static void a_newcomer_that_first_did_without_the_source_soon_hears_who_has_won_it(void **state)
{
	struct sim *s = *state;
	struct newcomer t;

	plant_newcomer(&t, s);
	sim_host_filter(t.rn, G1, SIM_EXCLUDE, t.from);
	sim_run(s, 10);
	assert_int_equal(scene_data_on(s, t.wn, 2), 0);
	sim_host_join(t.rn, G1);
	assert_changes_over(s, &t);
}

/*      in (src) -- a -- b -- mid -- e --- le (re)
 *                  |         |
 *                  +--- c ---+            e joins b, then c; b wins over c
 */
static void a_winner_that_let_go_does_not_keep_the_flow_of_who_has_left(void **state)
{
	struct sim *s = *state;
	struct sim_router *a = sim_router(s, "a"), *b = sim_router(s, "b"), *c = sim_router(s, "c"),
			  *e = sim_router(s, "e");
	struct sim_link *in = scene_lan(s, "in", a, NULL), *ab = scene_cable(s, a, b),
			*ac = scene_cable(s, a, c);
	struct sim_link *mid = scene_lan(s, "mid", b, c, e, NULL);
	struct sim_host *src = sim_host(s, "src", in, 3),
			*re = sim_host(s, "re", scene_lan(s, "le", e, NULL), 3);
	char from[IP_STRLEN];

	s->protocols = true;
	sim_port_of(c, ac)->cost = 20;
	scene_start(s);
	ip_str(&src->port->ip, from, sizeof(from));
	sim_host_filter(re, SSM1, SIM_INCLUDE, from);
	sim_run(s, 3);
	sim_source_send(src, SSM1, 10);
	sim_run(s, 10);
	scene_goes_by(e, &in->subnet, mid, c);
	sim_run(s, 10);
	assert_true(scene_data_on(s, ab, 2) > 0);
	sim_link_up(ab, false); /* b's way leads through mid now: it cancels, and joins c for e */
	sim_run(s, 10);
	sim_assert_delivers(s, 5);
	sim_host_leave(re, SSM1);
	sim_run(s, 10);
	assert_int_equal(scene_data_on(s, mid, 10), 0);
	scene_assert_fades(s);
}

/* --- DR ---------------------------------------------------------------------------------------------
 *
 *      in (src) --- a, b --- mid --- c, d --- lan (rcv)
 */
struct pair {
	struct sim *s;
	struct sim_router *a, *b, *c, *d, *rp;
	struct sim_link *in, *mid, *lan;
	struct sim_host *src, *rcv;
	struct sim_source *flow;
};

static void plant_pair(struct pair *t, struct sim *s)
{
	*t = (struct pair){.s = s};
	s->protocols = true;
	t->a = sim_router(s, "a");
	t->b = sim_router(s, "b");
	t->c = sim_router(s, "c");
	t->d = sim_router(s, "d");
	t->rp = sim_router(s, "rp");
	t->in = scene_lan(s, "in", t->a, t->b, NULL);
	t->mid = scene_lan(s, "mid", t->a, t->b, t->c, t->d, t->rp, NULL);
	t->lan = scene_lan(s, "lan", t->c, t->d, NULL);
	t->src = sim_host(s, "src", t->in, 3);
	t->rcv = sim_host(s, "rcv", t->lan, 2);
	scene_rp(t->rp);
	scene_start(s);
}

static void assert_dr(
	const struct sim_router *of, const struct sim_link *l, const struct sim_router *dr)
{
	struct ipaddr ip = sim_pim_dr(of, l);
	struct ipaddr want = sim_link_ip(sim_family(of->s), &sim_port_of(dr, l)->ip);

	assert_true(ip_eq(&ip, &want));
}

static void the_highest_address_is_dr_and_alone_forwards(void **state)
{
	struct sim *s = *state;
	struct pair t;

	plant_pair(&t, s);
	assert_dr(t.c, t.lan, t.d);
	assert_dr(t.d, t.lan, t.d);
	t.flow = scene_flow(s, t.src, t.rcv, 0, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 60);
	scene_assert_fades(s);
}

static void a_higher_priority_takes_the_dr_over(void **state)
{
	struct sim *s = *state;
	struct pair t;

	plant_pair(&t, s);
	t.flow = scene_flow(s, t.src, t.rcv, 0, 10);
	sim_run(s, 10);
	sim_port_of(t.c, t.lan)->pim.dr_priority = 7;
	sim_configure(t.c);
	sim_run(s, 10);
	assert_dr(t.d, t.lan, t.c);
	assert_dr(t.c, t.lan, t.c);
	sim_assert_delivers(s, 60);
	scene_assert_fades(s);
}

static void when_the_dr_dies_the_other_serves_the_hosts(void **state)
{
	struct sim *s = *state;
	struct pair t;

	plant_pair(&t, s);
	t.flow = scene_flow(s, t.src, t.rcv, 0, 10);
	sim_run(s, 10);
	sim_crash(t.d);
	sim_run(s, 110); /* its Hellos' holdtime is 105 s */
	assert_dr(t.c, t.lan, t.c);
	sim_run(s, 5);
	sim_assert_delivers(s, 60);
}

static void when_the_dr_says_goodbye_the_other_serves_the_hosts_at_once(void **state)
{
	struct sim *s = *state;
	struct pair t;

	plant_pair(&t, s);
	t.flow = scene_flow(s, t.src, t.rcv, 0, 10);
	sim_run(s, 10);
	sim_stop(t.d);
	sim_run(s, 4);
	assert_dr(t.c, t.lan, t.c);
	sim_assert_delivers(s, 60);
}

static void when_the_dr_of_the_sources_lan_dies_the_other_registers(void **state)
{
	struct sim *s = *state;
	struct pair t;

	plant_pair(&t, s);
	sim_spt(s, PIM_SPT_NEVER);
	t.flow = scene_flow(s, t.src, t.rcv, 0, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 5);
	sim_crash(t.b);
	sim_run(s, 115);
	sim_assert_delivers(s, 10);
}

static void a_dr_that_comes_back_is_dr_again(void **state)
{
	struct sim *s = *state;
	struct pair t;

	plant_pair(&t, s);
	t.flow = scene_flow(s, t.src, t.rcv, 0, 10);
	sim_run(s, 10);
	sim_crash(t.d);
	sim_run(s, 150);
	sim_boot(t.d);
	sim_run(s, 150);
	assert_dr(t.c, t.lan, t.d);
	sim_assert_delivers(s, 300);
	scene_assert_fades(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(an_assert_leaves_one_forwarder_on_a_lan),
		SIM_TEST(the_shortest_path_wins_an_assert_over_the_shared_tree),
		SIM_TEST(a_newcomer_on_the_shared_tree_soon_hears_who_has_won_the_source),
		SIM_TEST(a_newcomer_that_first_did_without_the_source_soon_hears_who_has_won_it),
		SIM_TEST(when_the_assert_winner_dies_the_loser_forwards_again),
		SIM_TEST(when_the_assert_winner_leaves_in_order_the_loser_takes_over_at_once),
		SIM_TEST(a_winner_that_let_go_does_not_keep_the_flow_of_who_has_left),
		SIM_TEST(a_prune_is_overridden_by_whoever_still_wants_the_group),
		SIM_TEST(a_prune_that_nobody_overrides_ends_the_flow),
		SIM_TEST(joins_of_others_are_as_good_as_ones_own),
		SIM_TEST(without_suppression_all_send_their_joins),
		SIM_TEST(the_highest_address_is_dr_and_alone_forwards),
		SIM_TEST(a_higher_priority_takes_the_dr_over),
		SIM_TEST(when_the_dr_dies_the_other_serves_the_hosts),
		SIM_TEST(when_the_dr_says_goodbye_the_other_serves_the_hosts_at_once),
		SIM_TEST(when_the_dr_of_the_sources_lan_dies_the_other_registers),
		SIM_TEST(a_dr_that_comes_back_is_dr_again),
	};

	return sim_run_both("sim_lan", tests);
}
