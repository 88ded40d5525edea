/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Networks that change under traffic: restarts of each role (Generation IDs, RFC 7761 4.3.1), routes that
 * move (4.5.5, make before break), links that fail, RPs that come, go and change.
 *
 *                      rp
 *                    /    \
 *      in (src) -- a ---b--- d -- lan (rcv)
 *                    \     /
 *                      c
 */
#include "tests/sim/scene.h"

struct net4 {
	struct sim *s;
	struct sim_router *a, *b, *c, *d, *rp;
	struct sim_link *in, *lan, *ab, *bd, *ac, *cd, *ar, *rd;
	struct sim_host *src, *rcv;
	struct sim_source *flow;
};

static void plant(struct net4 *t, struct sim *s)
{
	*t = (struct net4){.s = s};
	s->protocols = true;
	t->a = sim_router(s, "a");
	t->b = sim_router(s, "b");
	t->c = sim_router(s, "c");
	t->d = sim_router(s, "d");
	t->rp = sim_router(s, "rp");
	t->in = scene_lan(s, "in", t->a, NULL);
	t->lan = scene_lan(s, "lan", t->d, NULL);
	t->ab = scene_cable(s, t->a, t->b);
	t->bd = scene_cable(s, t->b, t->d);
	t->ac = scene_cable(s, t->a, t->c);
	t->cd = scene_cable(s, t->c, t->d);
	t->ar = scene_cable(s, t->a, t->rp);
	t->rd = scene_cable(s, t->rp, t->d);
	t->src = sim_host(s, "src", t->in, 3);
	t->rcv = sim_host(s, "rcv", t->lan, 3);
	/* by b, else by c, else by rp; both ways */
	sim_cost(t->a, t->ac, 20);
	sim_cost(t->c, t->ac, 20);
	sim_cost(t->a, t->ar, 30);
	sim_cost(t->rp, t->ar, 30);
	scene_rp(t->rp);
	scene_start(s);
}

static void flow(struct net4 *t, double rate)
{
	t->flow = scene_flow(t->s, t->src, t->rcv, 2, rate);
	sim_run(t->s, 10);
	sim_assert_delivers(t->s, 2);
	assert_true(scene_data_on(t->s, t->ab, 2) > 0);
}

/* How many packets of the source the host has missed or got twice since this was asked last. */
static unsigned lost(struct net4 *t, uint32_t *seq, uint64_t *received)
{
	unsigned sent = t->flow->seq - *seq, got = (unsigned)(t->rcv->received - *received);

	*seq = t->flow->seq;
	*received = t->rcv->received;
	return sent > got ? sent - got : got - sent;
}

/* --- RPF ----------------------------------------------------------------------------------------------- */

static void a_route_that_moves_takes_its_tree_along_without_loss(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	flow(&t, 100);
	sim_cost(t.d, t.bd, 100); /* d goes by c now; the way by b still works */
	sim_assert_hosts(s, 10);
	assert_true(scene_data_on(s, t.ac, 2) > 0);
	assert_int_equal(scene_data_on(s, t.ab, 2), 0);
	sim_cost(t.d, t.bd, 10);
	sim_assert_hosts(s, 10);
	assert_true(scene_data_on(s, t.ab, 2) > 0);
	scene_assert_fades(s);
}

/* Groups 239.1.1.0 and so on: members and a source of each. */
static void many_groups(struct net4 *t, unsigned n)
{
	char g[16];

	for (unsigned i = 0; i < n; i++) {
		snprintf(g, sizeof(g), "239.1.1.%u", i);
		sim_host_join(t->rcv, g);
	}
	sim_run(t->s, 2);
	for (unsigned i = 0; i < n; i++) {
		snprintf(g, sizeof(g), "239.1.1.%u", i);
		sim_source_send(t->src, g, 5);
	}
	sim_run(t->s, 10);
}

static void equal_paths_share_the_groups_and_a_lost_one_gives_its_own_away(void **state)
{
	struct sim *s = *state;
	uint64_t by_b, by_c;
	struct net4 t;

	s->ecmp = true;
	plant(&t, s);
	sim_cost(t.a, t.ac, 10);
	sim_cost(t.c, t.ac, 10);
	many_groups(&t, 16);
	sim_assert_delivers(s, 5);
	by_b = scene_data_on(s, t.bd, 4);
	by_c = scene_data_on(s, t.cd, 4);
	assert_in_range(by_b, 60, 260); /* of 16 groups of 5 packets a second */
	assert_in_range(by_b + by_c, 315, 325);
	sim_link_up(t.bd, false);
	sim_run(s, 5);
	sim_assert_delivers(s, 5);
	assert_in_range(scene_data_on(s, t.cd, 4), 315, 325);
	sim_link_up(t.bd, true);
	sim_assert_hosts(s, 40); /* nothing is missed on the way back */
	assert_in_range(scene_data_on(s, t.bd, 4), by_b - 5, by_b + 5);
	scene_assert_fades(s);
}

static void a_link_that_fails_costs_no_more_than_unicast_takes(void **state)
{
	struct sim *s = *state;
	uint64_t received;
	uint32_t seq;
	struct net4 t;

	plant(&t, s);
	flow(&t, 100);
	lost(&t, &seq, &received);
	seq = t.flow->seq;
	received = t.rcv->received;
	sim_link_up(t.bd, false);
	sim_run(s, 5);
	assert_true(lost(&t, &seq, &received) <= 30); /* 200 ms to converge */
	sim_assert_delivers(s, 5);
	sim_link_up(t.bd, true); /* routes are there before Hellos */
	seq = t.flow->seq;
	received = t.rcv->received;
	sim_run(s, 40);
	assert_true(lost(&t, &seq, &received) <= 1); /* one may be on its way */
	assert_true(scene_data_on(s, t.bd, 2) > 0);
	sim_assert_delivers(s, 5);
	scene_assert_fades(s);
}

static void a_link_that_fails_further_up_is_gone_round(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	flow(&t, 10);
	sim_link_up(t.ab, false);
	sim_run(s, 2);
	sim_assert_delivers(s, 5);
	sim_link_up(t.ac, false);
	sim_run(s, 2);
	sim_assert_delivers(s, 5);
	assert_true(scene_data_on(s, t.ar, 2) > 0);
	sim_link_up(t.ab, true);
	sim_link_up(t.ac, true);
	sim_run(s, 40);
	sim_assert_delivers(s, 5);
	scene_assert_fades(s);
}

static void a_lan_cut_in_two_heals(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	flow(&t, 10);
	sim_partition(sim_port_of(t.d, t.bd), 1);
	sim_run(s, 5);
	sim_assert_hosts(s, 5); /* b will go on until the neighbour is forgotten */
	sim_run(s, 120);        /* neighbours forget each other */
	sim_partition(sim_port_of(t.d, t.bd), 0);
	sim_run(s, 40);
	sim_assert_delivers(s, 5);
	scene_assert_fades(s);
}

/* --- restarts ---------------------------------------------------------------------------------------- */

static void restart(struct sim *s, struct net4 *t, struct sim_router *r, double seconds)
{
	sim_crash(r);
	sim_run(s, 1);
	sim_boot(r);
	sim_run(s, seconds);
	sim_assert_delivers(s, 200);
	scene_assert_fades(s);
}

static void a_transit_router_that_restarts_is_joined_at_once(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	flow(&t, 10);
	/* Triggered_Hello_Delay 5 s, override 2.5 s, and no periodic Join before 60 s */
	restart(s, &t, t.b, 9);
}

static void a_first_hop_router_that_restarts_learns_its_source_again(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	flow(&t, 10);
	restart(s, &t, t.a, 9);
}

static void a_last_hop_router_that_restarts_hears_of_its_members(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	flow(&t, 10);
	/* the answer to the startup query may take 10 s; Hellos, Joins */
	restart(s, &t, t.d, 20);
}

static void an_rp_that_restarts_is_told_of_members_and_sources(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	sim_spt(s, PIM_SPT_NEVER);
	t.flow = scene_flow(s, t.src, t.rcv, 2, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 2);
	/* (*,G) after the new Generation ID; the source with the next Null-Register */
	restart(s, &t, t.rp, 70);
}

static void an_rp_that_shuts_down_and_comes_back_serves_again(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	sim_spt(s, PIM_SPT_NEVER);
	t.flow = scene_flow(s, t.src, t.rcv, 2, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 2);
	sim_stop(t.rp);
	sim_run(s, 100);
	sim_boot(t.rp);
	sim_run(s, 70);
	sim_assert_delivers(s, 200);
	scene_assert_fades(s);
}

static void every_router_at_once_restarts(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	flow(&t, 10);
	for (unsigned i = 0; i < s->n_routers; i++)
		sim_crash(s->routers[i]);
	sim_run(s, 3);
	sim_start(s);
	sim_run(s, 60);
	sim_assert_delivers(s, 200);
	scene_assert_fades(s);
}

/* --- RPs ------------------------------------------------------------------------------------------------ */

static void members_and_sources_wait_for_an_rp_that_is_configured_later(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	sim_rp_clear(s);
	sim_host_join(t.rcv, G1);
	t.flow = sim_source_send(t.src, G1, 10);
	assert_int_equal(scene_received(s, t.rcv, 30), 0);
	sim_rp(s, "10.255.0.1", ALL_GROUPS);
	sim_run(s, 5);
	sim_assert_delivers(s, 100);
	scene_assert_fades(s);
}

static void trees_move_to_another_rp(void **state)
{
	struct sim *s = *state;
	char other[IP_STRLEN];
	struct net4 t;

	plant(&t, s);
	sim_spt(s, PIM_SPT_NEVER);
	t.flow = scene_flow(s, t.src, t.rcv, 2, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 2);
	ip_str(&sim_port_of(t.c, t.cd)->ip, other, sizeof(other));
	for (unsigned i = 0; i < s->n_routers; i++) {
		s->routers[i]->n_rps = 0;
		sim_router_rp(s->routers[i], other, ALL_GROUPS);
	}
	sim_run(s, 70);
	sim_assert_delivers(s, 200);
	assert_int_equal(scene_data_on(s, t.rd, 5), 0);
	scene_assert_fades(s);
}

static void an_rp_for_some_groups_takes_these_alone(void **state)
{
	struct sim *s = *state;
	char other[IP_STRLEN];
	struct net4 t;

	plant(&t, s);
	sim_spt(s, PIM_SPT_NEVER);
	sim_host_join(t.rcv, G1);
	sim_host_join(t.rcv, G2);
	sim_source_send(t.src, G1, 10);
	sim_source_send(t.src, G2, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 2);
	ip_str(&sim_port_of(t.c, t.cd)->ip, other, sizeof(other));
	sim_rp(s, other, "239.2.0.0/16"); /* the longer prefix counts */
	sim_run(s, 70);
	sim_assert_delivers(s, 100);
	assert_true(scene_data_on(s, t.cd, 10) > 90);
	assert_true(scene_data_on(s, t.rd, 10) > 90);
	scene_assert_fades(s);
}

static void without_its_rp_a_shared_tree_dies_and_nothing_is_left(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	sim_spt(s, PIM_SPT_NEVER);
	t.flow = scene_flow(s, t.src, t.rcv, 2, 10);
	sim_run(s, 10);
	sim_rp_clear(s);
	sim_run(s, 10);
	assert_int_equal(scene_received(s, t.rcv, 30), 0);
	scene_assert_fades(s);
}

static void an_rp_that_unicast_cannot_reach_is_joined_when_it_can(void **state)
{
	struct sim *s = *state;
	struct net4 t;

	plant(&t, s);
	sim_spt(s, PIM_SPT_NEVER);
	sim_link_up(t.ar, false);
	sim_link_up(t.rd, false);
	sim_run(s, 5);
	sim_host_join(t.rcv, G1);
	t.flow = sim_source_send(t.src, G1, 10);
	assert_int_equal(scene_received(s, t.rcv, 60), 0);
	sim_link_up(t.ar, true);
	sim_link_up(t.rd, true);
	sim_run(s, 70);
	sim_assert_delivers(s, 100);
	scene_assert_fades(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(a_route_that_moves_takes_its_tree_along_without_loss),
		SIM_TEST(equal_paths_share_the_groups_and_a_lost_one_gives_its_own_away),
		SIM_TEST(a_link_that_fails_costs_no_more_than_unicast_takes),
		SIM_TEST(a_link_that_fails_further_up_is_gone_round),
		SIM_TEST(a_lan_cut_in_two_heals),
		SIM_TEST(a_transit_router_that_restarts_is_joined_at_once),
		SIM_TEST(a_first_hop_router_that_restarts_learns_its_source_again),
		SIM_TEST(a_last_hop_router_that_restarts_hears_of_its_members),
		SIM_TEST(an_rp_that_restarts_is_told_of_members_and_sources),
		SIM_TEST(an_rp_that_shuts_down_and_comes_back_serves_again),
		SIM_TEST(every_router_at_once_restarts),
		SIM_TEST(members_and_sources_wait_for_an_rp_that_is_configured_later),
		SIM_TEST(trees_move_to_another_rp),
		SIM_TEST(an_rp_for_some_groups_takes_these_alone),
		SIM_TEST(without_its_rp_a_shared_tree_dies_and_nothing_is_left),
		SIM_TEST(an_rp_that_unicast_cannot_reach_is_joined_when_it_can),
	};

	return sim_run_both("sim_change", tests);
}
