/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Trees: (*,G), Register, the switch to the shortest path, (S,G,rpt) prunes, SSM (RFC 7761 section 3).
 *
 *                 rp
 *               /    \
 *      src -- fhr -- lhr -- lan (rcv)
 *               \
 *               far -- lan2 (rcv2)
 */
#include "tests/sim/scene.h"

struct tree {
	struct sim *s;
	struct sim_router *fhr, *rp, *lhr, *far;
	struct sim_link *in, *fr, *rl, *fl, *ff, *lan, *lan2;
	struct sim_host *src, *rcv, *rcv2;
	struct sim_source *flow;
	char from[IP_STRLEN];
};

static void plant(struct tree *t, struct sim *s, enum pim_spt spt)
{
	*t = (struct tree){.s = s};
	s->protocols = true;
	t->fhr = sim_router(s, "fhr");
	t->rp = sim_router(s, "rp");
	t->lhr = sim_router(s, "lhr");
	t->far = sim_router(s, "far");
	t->in = scene_lan(s, "in", t->fhr, NULL);
	t->fr = scene_cable(s, t->fhr, t->rp);
	t->rl = scene_cable(s, t->rp, t->lhr);
	t->fl = scene_cable(s, t->fhr, t->lhr);
	t->ff = scene_cable(s, t->fhr, t->far);
	t->lan = scene_lan(s, "lan", t->lhr, NULL);
	t->lan2 = scene_lan(s, "lan2", t->far, NULL);
	t->src = sim_host(s, "src", t->in, 3);
	t->rcv = sim_host(s, "rcv", t->lan, 3);
	t->rcv2 = sim_host(s, "rcv2", t->lan2, 3);
	ip_str(&t->src->port->ip, t->from, sizeof(t->from));
	scene_rp(t->rp);
	sim_spt(s, spt);
	scene_start(s);
}

static void neighbours_find_each_other(void **state)
{
	struct sim *s = *state;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	assert_int_equal(sim_pim_neighbors(t.fhr, t.fr), 1);
	assert_int_equal(sim_pim_neighbors(t.rp, t.fr), 1);
	assert_int_equal(sim_pim_neighbors(t.lhr, t.rl), 1);
	assert_int_equal(sim_pim_neighbors(t.lhr, t.lan), 0);
}

static void a_star_g_tree_brings_packets_by_way_of_the_rp(void **state)
{
	struct sim *s = *state;
	struct tree t;

	plant(&t, s, PIM_SPT_NEVER);
	sim_host_join(t.rcv, G1);
	sim_run(s, 2);
	assert_true(scene_has_route(t.lhr, "*", G1));
	assert_true(scene_has_route(t.rp, "*", G1));
	assert_false(scene_has_route(t.fhr, "*", G1));
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 5);
	sim_assert_delivers(s, 10);
	assert_int_equal(scene_data_on(s, t.fl, 5), 0);
	assert_true(scene_data_on(s, t.rl, 5) > 0);
	scene_assert_fades(s);
}

static void the_first_packets_of_a_source_arrive_in_registers_each_once(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct tree t;

	plant(&t, s, PIM_SPT_NEVER);
	sim_host_join(t.rcv, G1);
	sim_run(s, 2);
	h = scene_listen(s, NULL);
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 10.05);
	assert_int_equal(t.rcv->received, t.flow->seq);
	assert_true(h->registers > 0);
}

static void registers_stop_when_the_rp_has_joined_towards_the_source(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct tree t;

	plant(&t, s, PIM_SPT_NEVER);
	sim_host_join(t.rcv, G1);
	sim_run(s, 2);
	h = scene_listen(s, NULL);
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 5);
	assert_in_range(h->registers, 1, 10);
	assert_true(h->register_stops > 0);
	assert_true(scene_has_route(t.rp, t.from, G1));
	h = scene_listen(s, NULL);
	sim_run(s, 180);
	assert_int_equal(h->registers, 0);
	assert_in_range(h->null_registers, 2, 6); /* each 60 s or so, less 5 */
	sim_assert_delivers(s, 5);
}

static void a_source_without_receivers_is_kept_quiet_until_one_joins(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	h = scene_listen(s, NULL);
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 30);
	assert_in_range(h->registers, 1, 10);
	assert_int_equal(scene_data_on(s, t.fr, 30), 0);
	sim_host_join(t.rcv, G1);
	assert_in_range(scene_received(s, t.rcv, 3), 27, 31);
	sim_run(s, 5);
	sim_assert_delivers(s, 5);
	scene_assert_fades(s);
}

static void the_last_hop_switches_to_the_shortest_path(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	sim_host_join(t.rcv, G1);
	sim_run(s, 2);
	h = scene_listen(s, NULL);
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 10);
	assert_true(h->rpt_prunes > 0);
	assert_true(scene_has_route(t.lhr, t.from, G1));
	assert_int_equal(scene_data_on(s, t.rl, 10), 0);
	assert_int_equal(scene_data_on(s, t.fr, 10), 0); /* the RP has nobody left for it */
	sim_assert_delivers(s, 300);
	scene_assert_fades(s);
}

static void the_switch_loses_and_doubles_nothing(void **state)
{
	struct sim *s = *state;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	t.flow = scene_flow(s, t.src, t.rcv, 2, 100);
	sim_run(s, 10);
	assert_true(t.rcv->received + 1 >= t.flow->seq);
	assert_true(t.rcv->received <= t.flow->seq);
}

static void a_source_is_switched_when_it_sends_fast_enough(void **state)
{
	struct sim *s = *state;
	struct sim_source *fast;
	struct tree t;

	plant(&t, s, PIM_SPT_NEVER);
	t.lhr->pim.spt = PIM_SPT_RATE;
	t.lhr->pim.spt_rate_kbps = 100;
	sim_configure(t.lhr);
	sim_host_join(t.rcv, G1);
	sim_run(s, 2);
	t.flow = sim_source_send(t.src, G1, 2); /* 16 kbit/s */
	sim_run(s, 30);
	sim_assert_delivers(s, 10);
	assert_int_equal(scene_data_on(s, t.fl, 10), 0);
	sim_source_stop(t.flow);
	fast = sim_source_send(t.src, G1, 50); /* 400 */
	sim_run(s, 30);
	sim_assert_delivers(s, 10);
	assert_int_equal(scene_data_on(s, t.rl, 10), 0);
	sim_source_stop(fast);
	scene_assert_fades(s);
}

static void one_receiver_on_the_shared_tree_and_one_on_the_shortest_path(void **state)
{
	struct sim *s = *state;
	struct tree t;

	plant(&t, s, PIM_SPT_NEVER);
	t.lhr->pim.spt = PIM_SPT_IMMEDIATE;
	sim_configure(t.lhr);
	sim_host_join(t.rcv, G1);
	t.flow = scene_flow(s, t.src, t.rcv2, 2, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 10);
	assert_int_equal(scene_data_on(s, t.rl, 10), 0);
	/* fhr has it from the source itself for far's (*,G), and prunes it off the shared tree, too */
	assert_true(scene_data_on(s, t.ff, 10) > 0);
	assert_int_equal(scene_data_on(s, t.fr, 10), 0);
	sim_assert_delivers(s, 300);
	scene_assert_fades(s);
}

static void two_sources_of_a_group_reach_all_members(void **state)
{
	struct sim *s = *state;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	sim_host_join(t.rcv, G1);
	sim_host_join(t.rcv2, G1);
	sim_run(s, 2);
	sim_source_send(t.src, G1, 10);
	sim_source_send(t.rcv2, G1, 10);
	sim_run(s, 10);
	sim_assert_delivers(s, 300);
	scene_assert_fades(s);
}

static void ssm_needs_no_rp(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	sim_rp_clear(s);
	sim_host_filter(t.rcv, SSM1, SIM_INCLUDE, t.from);
	sim_run(s, 2);
	h = scene_listen(s, NULL);
	t.flow = sim_source_send(t.src, SSM1, 10);
	sim_run(s, 2);
	sim_assert_delivers(s, 300);
	assert_int_equal(h->registers, 0);
	assert_int_equal(scene_data_on(s, t.rl, 10), 0);
	scene_assert_fades(s);
}

static void ssm_groups_of_other_sources_stay_away(void **state)
{
	struct sim *s = *state;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	sim_host_filter(t.rcv, SSM1, SIM_INCLUDE, t.from);
	sim_source_send(t.src, SSM1, 10);
	sim_source_send(t.rcv2, SSM1, 10);
	sim_run(s, 5);
	sim_assert_delivers(s, 10);
	assert_int_equal(scene_data_on(s, t.ff, 10), 0);
}

static void a_receiver_beside_its_source_needs_no_tree(void **state)
{
	struct sim *s = *state;
	struct sim_host *near;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	near = sim_host(s, "near", t.in, 3);
	t.flow = scene_flow(s, t.src, near, 0, 10);
	sim_run(s, 30);
	sim_assert_delivers(s, 60);
	scene_assert_fades(s);
}

static void the_rp_may_be_the_first_hop(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	sim_rp_clear(s);
	ip_str(&sim_port_of(t.fhr, t.ff)->ip, t.from, sizeof(t.from));
	sim_rp(s, t.from, ALL_GROUPS);
	h = scene_listen(s, NULL);
	sim_host_join(t.rcv, G1);
	sim_host_join(t.rcv2, G1);
	sim_source_send(t.src, G1, 10);
	sim_run(s, 5);
	sim_assert_delivers(s, 100);
	assert_int_equal(h->registers, 0);
	scene_assert_fades(s);
}

static void the_rp_may_be_the_last_hop(void **state)
{
	struct sim *s = *state;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	sim_rp_clear(s);
	ip_str(&sim_port_of(t.lhr, t.lan)->ip, t.from, sizeof(t.from));
	sim_rp(s, t.from, ALL_GROUPS);
	sim_host_join(t.rcv, G1);
	sim_run(s, 2);
	sim_source_send(t.src, G1, 10);
	sim_run(s, 5);
	sim_assert_delivers(s, 300);
	scene_assert_fades(s);
}

static void what_the_rp_refuses_reaches_no_receiver_until_a_reload_permits_it(void **state)
{
	struct pim_sg_rule rules[] = {{.permit = false}, {.permit = true}};
	struct sim *s = *state;
	struct heard *h;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	rules[0].grp = sim_prefix(sim_family(s), G1);
	t.rp->pim.n_register_rules = 2;
	t.rp->pim.register_rules = rules;
	sim_configure(t.rp);
	sim_host_join(t.rcv, G1);
	sim_run(s, 2);
	h = scene_listen(s, NULL);
	t.flow = sim_source_send(t.src, G1, 10);
	sim_run(s, 30);
	assert_true(h->register_stops > 0);
	assert_int_equal(t.rcv->received, 0);
	assert_false(scene_has_route(t.rp, t.from, G1));
	assert_false(scene_has_route(t.lhr, t.from, G1));
	t.rp->pim.n_register_rules = 0;
	sim_configure(t.rp);
	sim_run(s, 65); /* until the next Null-Register */
	sim_assert_delivers(s, 30);
}

/* --- of IPv6 alone, and of both families at once --------------------------------------------------------- */

static void next_hops_by_global_addresses_are_those_that_hellos_list(void **state)
{
	struct sim *s = *state;
	struct heard *h;
	struct tree t;

	plant(&t, s, PIM_SPT_IMMEDIATE);
	t.lhr->global_next_hops = t.far->global_next_hops = true;
	sim_unicast_now(s);
	for (unsigned i = 0; i < t.lhr->n_paths; i++)
		assert_false(ip6_is_link_local(&t.lhr->paths[i].paths[0].gateway));
	sim_host_join(t.rcv2, G1);
	t.flow = scene_flow(s, t.src, t.rcv, 2, 10);
	sim_run(s, 10);
	assert_int_equal(scene_data_on(s, t.rl, 10), 0);
	h = scene_listen(s, t.fl);
	sim_assert_delivers(s, 300);
	assert_true(h->joins > 0);
	scene_assert_fades(s);
}

static void trees_of_both_families_grow_and_fade_beside_each_other(void **state)
{
	struct sim *s = *state;
	struct sim_host *src6, *rcv6;
	struct tree t;

	s->ipv6 = true;
	plant(&t, s, PIM_SPT_IMMEDIATE);
	src6 = sim_host(s, "src6", t.in, 3);
	rcv6 = sim_host(s, "rcv6", t.lan2, 3);
	src6->family = rcv6->family = IP_V6;
	sim_host_join(t.rcv, G1);
	sim_host_join(rcv6, G1);
	sim_run(s, 2);
	sim_source_send(t.src, G1, 10);
	sim_source_send(src6, G1, 10);
	sim_run(s, 10);
	assert_true(scene_data_on(s, t.fl, 10) > 90); /* of IPv4 alone */
	assert_in_range(scene_data_on(s, t.ff, 10), 90, 110);
	sim_assert_delivers(s, 300);
	sim_host_leave(t.rcv, G1);
	sim_run(s, 5);
	assert_int_equal(scene_data_on(s, t.fl, 10), 0);
	sim_assert_delivers(s, 100);
	scene_assert_fades(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(neighbours_find_each_other),
		SIM_TEST(a_star_g_tree_brings_packets_by_way_of_the_rp),
		SIM_TEST(the_first_packets_of_a_source_arrive_in_registers_each_once),
		SIM_TEST(registers_stop_when_the_rp_has_joined_towards_the_source),
		SIM_TEST(a_source_without_receivers_is_kept_quiet_until_one_joins),
		SIM_TEST(the_last_hop_switches_to_the_shortest_path),
		SIM_TEST(the_switch_loses_and_doubles_nothing),
		SIM_TEST(a_source_is_switched_when_it_sends_fast_enough),
		SIM_TEST(one_receiver_on_the_shared_tree_and_one_on_the_shortest_path),
		SIM_TEST(two_sources_of_a_group_reach_all_members),
		SIM_TEST(ssm_needs_no_rp),
		SIM_TEST(ssm_groups_of_other_sources_stay_away),
		SIM_TEST(a_receiver_beside_its_source_needs_no_tree),
		SIM_TEST(the_rp_may_be_the_first_hop),
		SIM_TEST(the_rp_may_be_the_last_hop),
		SIM_TEST(what_the_rp_refuses_reaches_no_receiver_until_a_reload_permits_it),
	};

	const struct CMUnitTest of_ipv6[] = {
		SIM_TEST(next_hops_by_global_addresses_are_those_that_hellos_list),
	};
	const struct CMUnitTest at_once[] = {
		SIM_TEST(trees_of_both_families_grow_and_fade_beside_each_other),
	};

	return sim_run_both("sim_tree", tests) +
	       cmocka_run_group_tests_name("sim_tree of IPv6", of_ipv6, sim_group6, NULL) +
	       cmocka_run_group_tests_name("sim_tree of both", at_once, NULL, NULL);
}
