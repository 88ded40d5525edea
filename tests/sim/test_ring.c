/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Trees that meet themselves: ways of Joins that lead through the very link they are about. By the letter of
 * RFC 7761 these settle late or never; each was found by sim_random, and is a deviation of PIM's now.
 */
#include "tests/sim/scene.h"

/*      in (src) --- a
 *                   |
 *          rp==b -- m -- c --- d --- ld (rd)
 *                        |
 *                       lc (rc)
 *
 * c's neighbour towards S is a, towards the RP b; b itself gets S from m and never forwards it there, so no
 * Assert tells c that it is on the SPT.
 */
static void joins_of_both_kinds_are_served_by_one_lan(void **state)
{
	struct sim *s = *state;
	struct sim_router *a = sim_router(s, "a"), *b = sim_router(s, "b"), *c = sim_router(s, "c"),
			  *d = sim_router(s, "d");
	struct sim_link *in = scene_lan(s, "in", a, NULL), *m = scene_lan(s, "m", a, b, c, NULL);
	struct sim_link *lc = scene_lan(s, "lc", c, NULL), *ld;
	struct sim_host *src = sim_host(s, "src", in, 3), *rc = sim_host(s, "rc", lc, 3), *rd;
	char from[IP_STRLEN];

	s->protocols = true;
	scene_cable(s, c, d);
	ld = scene_lan(s, "ld", d, NULL);
	rd = sim_host(s, "rd", ld, 3);
	scene_rp(b);
	sim_spt(s, PIM_SPT_NEVER);
	scene_start(s);
	sim_source_send(src, G1, 10);
	sim_run(s,
		10); /* the RP knows the source: it will forward no Registers that a would assert against */
	sim_host_join(rc, G1);
	sim_host_filter(rd, G1, SIM_INCLUDE, ip_str(&src->port->ip, from, sizeof(from)));
	sim_run(s, 10);
	sim_assert_delivers(s, 200);
	assert_in_range(scene_data_on(s, m, 10), 99, 101);
	scene_assert_fades(s);
}

/*      in (src) -- f -- x -- rp        rp's way to S is by t and m, m's ways are all by x
 *                       |    |
 *                       m -- t
 *                       |
 *                      lan (rcv)
 *
 * rp joins S through m, on behalf of m alone. When f wins the Assert on x, rp prunes.
 */
static void an_rp_that_joins_the_source_through_its_own_receivers_comes_to_rest(void **state)
{
	struct sim *s = *state;
	struct sim_router *f = sim_router(s, "f"), *m = sim_router(s, "m"),
			  *rp = sim_router(s, "rp");
	struct sim_link *in = scene_lan(s, "in", f, NULL), *x = scene_lan(s, "x", f, m, rp, NULL);
	struct sim_link *t = scene_cable(s, m, rp), *lan = scene_lan(s, "lan", m, NULL);
	struct sim_host *src = sim_host(s, "src", in, 3), *rcv = sim_host(s, "rcv", lan, 3);
	struct heard *h;

	s->protocols = true;
	sim_port_of(rp, x)->cost = 100;
	sim_port_of(m, t)->cost = 100;
	scene_rp(rp);
	sim_spt(s, PIM_SPT_NEVER);
	scene_start(s);
	sim_host_join(rcv, G1);
	sim_source_send(src, G1, 10);
	sim_run(s, 30);
	h = scene_listen(s, x);
	sim_assert_delivers(s, 60);
	assert_in_range(h->asserts, 0, 2);
	assert_int_equal(scene_data_on(s, t, 10), 0);
	scene_assert_fades(s);
}

/*      in (src) -- f ----- x ----- j       rp's way to S is by j and x, its receivers' way to it by u
 *                  |      / \      |
 *                  |     d   u     |
 *                  +-----+   |     |
 *                        |   +-- rp+
 *                       lan (rcv)
 *
 * As before, but d has a way of its own to S.
 */
static void receivers_of_an_rp_that_joins_through_their_link_come_to_rest(void **state)
{
	struct sim *s = *state;
	struct sim_router *f = sim_router(s, "f"), *j = sim_router(s, "j"), *u = sim_router(s, "u"),
			  *d = sim_router(s, "d"), *rp = sim_router(s, "rp");
	struct sim_link *in = scene_lan(s, "in", f, NULL);
	struct sim_link *x = scene_lan(s, "x", f, j, u, d, NULL), *fd = scene_cable(s, f, d);
	struct sim_link *ru = scene_cable(s, rp, u), *rj = scene_cable(s, rp, j);
	struct sim_link *lan = scene_lan(s, "lan", d, NULL);
	struct sim_host *src = sim_host(s, "src", in, 3), *rcv = sim_host(s, "rcv", lan, 3);
	struct heard *h;

	s->protocols = true;
	sim_port_of(rp, ru)->cost = 50;
	sim_port_of(j, rj)->cost = 50;
	sim_port_of(d, fd)->cost = 5;
	sim_port_of(f, fd)->cost = 50;
	scene_rp(rp);
	sim_spt(s, PIM_SPT_NEVER);
	scene_start(s);
	sim_host_join(rcv, G1);
	sim_source_send(src, G1, 10);
	sim_run(s, 60);
	h = scene_listen(s, x);
	sim_assert_delivers(s, 60);
	assert_in_range(h->asserts, 0, 2);
	scene_assert_fades(s);
}

/*      in (src) -- f ---- y
 *       |          |      |          e's way to S is f, d's is y; rp's asserts beat f's
 *       rp ------- x ---- d -- ld (rd)
 *                  |
 *                  e -- le (re)
 *
 * d loses on its way to the RP, and to whom it has joined.
 */
static void whom_the_winner_serves_by_the_shared_tree_does_not_join_the_source(void **state)
{
	struct sim *s = *state;
	struct sim_router *f = sim_router(s, "f"), *rp = sim_router(s, "rp"),
			  *d = sim_router(s, "d"), *e = sim_router(s, "e");
	struct sim_link *in = scene_lan(s, "in", f, rp, NULL),
			*x = scene_lan(s, "x", f, rp, d, e, NULL);
	struct sim_link *y = scene_cable(s, f, d), *ld = scene_lan(s, "ld", d, NULL),
			*le = scene_lan(s, "le", e, NULL);
	struct sim_host *src = sim_host(s, "src", in, 3), *rd = sim_host(s, "rd", ld, 3),
			*re = sim_host(s, "re", le, 3);
	struct heard *h;
	char from[IP_STRLEN];

	s->protocols = true;
	sim_port_of(d, y)->cost = 5;
	scene_rp(rp);
	sim_spt(s, PIM_SPT_NEVER);
	scene_start(s);
	scene_goes_by(e, &in->subnet, x, f);
	sim_host_join(rd, G1);
	sim_host_filter(re, G1, SIM_INCLUDE, ip_str(&src->port->ip, from, sizeof(from)));
	sim_run(s, 3);
	h = scene_listen(s, x);
	sim_source_send(src, G1, 10);
	sim_run(s, 10);
	assert_true(h->asserts > 0);
	h = scene_listen(s, y);
	sim_assert_delivers(s, 200);
	assert_int_equal(h->joins, 0);
	scene_assert_fades(s);
}

/*      in (src) -- w -- h (rcv) -- d       d is h's DR; its way to S is by t, j and h itself,
 *                  |    |          |       its way to the RP by u
 *                  |    j ---- t --+
 *                  |               |
 *                  +-- v -- rp - u +
 */
static void a_dr_whose_way_to_the_source_leads_through_its_own_lan_comes_to_rest(void **state)
{
	struct sim *s = *state;
	struct sim_router *w = sim_router(s, "w"), *j = sim_router(s, "j"), *d = sim_router(s, "d"),
			  *rp = sim_router(s, "rp");
	struct sim_link *in = scene_lan(s, "in", w, NULL), *lan = scene_lan(s, "h", w, j, d, NULL);
	struct sim_link *u;
	struct sim_host *src = sim_host(s, "src", in, 3), *rcv = sim_host(s, "rcv", lan, 3);
	struct heard *h;

	s->protocols = true;
	scene_cable(s, d, j);
	scene_cable(s, w, rp);
	u = scene_cable(s, rp, d);
	sim_port_of(d, lan)->cost = 100;
	sim_port_of(d, u)->cost = 15;
	sim_port_of(d, lan)->pim.dr_priority = 9;
	scene_rp(rp);
	scene_start(s);
	sim_host_join(rcv, G1);
	sim_source_send(src, G1, 10);
	sim_run(s, 30);
	h = scene_listen(s, lan);
	sim_assert_delivers(s, 60);
	assert_in_range(h->asserts, 0, 2);
	scene_assert_fades(s);
}

/*      in (src) -- a -- w -- h (rcv) -- d      d is h's DR; its ways to S and the RP are by j, j's by h
 *                       |    |          |
 *             lw (rw) --+    j ---------+      rw has w joined to S all the while
 *
 * w's Keepalive Timer runs out while nothing is sent, and w stays on the SPT. When j joins w through h, on behalf of
 * d alone, w wins the Assert on h: it serves the members there as long as S sends, which it hears of anew.
 */
static void a_winner_whose_source_had_been_silent_serves_the_members_of_its_lan(void **state)
{
	struct sim *s = *state;
	struct sim_router *a = sim_router(s, "a"), *w = sim_router(s, "w"), *j = sim_router(s, "j"),
			  *d = sim_router(s, "d");
	struct sim_link *in = scene_lan(s, "in", a, NULL), *lan = scene_lan(s, "h", w, j, d, NULL),
			*lw = scene_lan(s, "lw", w, NULL);
	struct sim_host *src = sim_host(s, "src", in, 3), *rcv = sim_host(s, "rcv", lan, 3),
			*rw = sim_host(s, "rw", lw, 3);
	struct sim_source *flow;
	char from[IP_STRLEN];
	struct heard *h;

	s->protocols = true;
	scene_cable(s, a, w);
	scene_cable(s, d, j);
	sim_port_of(d, lan)->cost = 100;
	sim_port_of(d, lan)->pim.dr_priority = 9;
	scene_rp(j);
	scene_start(s);
	sim_host_filter(rw, G1, SIM_INCLUDE, ip_str(&src->port->ip, from, sizeof(from)));
	sim_run(s, 3);
	flow = sim_source_send(src, G1, 10);
	sim_run(s, 10);
	sim_source_stop(flow);
	sim_run(s, 500);
	sim_host_join(rcv, G1);
	sim_run(s, 10);
	sim_source_resume(flow);
	sim_run(s, 30);
	h = scene_listen(s, lan);
	sim_assert_delivers(s, 60);
	assert_in_range(h->asserts, 0, 2);
	scene_assert_fades(s);
}

/*      in (src) -- rp -- t -- e -- le (rcv)      e believes that its way to the RP is z
 *                        |
 *                        +-- a -- b -- z --+ t
 *
 * z's own way to the RP is by b and a. a, who sees z's asserts for the shared tree on t, and rp's for the source's
 * only, follows z: a joins z, z joins b, b joins a.
 */
static void a_ring_of_joins_does_not_outlive_its_members(void **state)
{
	struct sim *s = *state;
	struct sim_router *rp = sim_router(s, "rp"), *a = sim_router(s, "a"),
			  *b = sim_router(s, "b"), *z = sim_router(s, "z"), *e = sim_router(s, "e");
	struct sim_link *in = scene_lan(s, "in", rp, NULL);
	struct sim_link *t = scene_lan(s, "t", rp, a, z, e, NULL),
			*le = scene_lan(s, "le", e, NULL);
	struct sim_host *src = sim_host(s, "src", in, 3), *rcv = sim_host(s, "rcv", le, 3);
	struct prefix to_rp;

	s->protocols = true;
	scene_cable(s, a, b);
	scene_cable(s, b, z);
	sim_port_of(z, t)->cost = 100;
	scene_rp(rp);
	sim_spt(s, PIM_SPT_NEVER);
	scene_start(s);
	to_rp = prefix_host(rp->loopbacks[0]);
	scene_goes_by(e, &to_rp, t, z);
	sim_host_join(rcv, G1);
	/* a's Join at rp ages: it will be gone when z says again that it has won */
	sim_run(s, 50);
	sim_source_send(src, G1, 10);
	sim_run(s, 30);
	sim_assert_delivers(s, 60);
	scene_assert_fades(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(joins_of_both_kinds_are_served_by_one_lan),
		SIM_TEST(an_rp_that_joins_the_source_through_its_own_receivers_comes_to_rest),
		SIM_TEST(receivers_of_an_rp_that_joins_through_their_link_come_to_rest),
		SIM_TEST(whom_the_winner_serves_by_the_shared_tree_does_not_join_the_source),
		SIM_TEST(a_dr_whose_way_to_the_source_leads_through_its_own_lan_comes_to_rest),
		SIM_TEST(a_winner_whose_source_had_been_silent_serves_the_members_of_its_lan),
		SIM_TEST(a_ring_of_joins_does_not_outlive_its_members),
	};

	return sim_run_both("sim_ring", tests);
}
