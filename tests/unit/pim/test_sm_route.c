/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What becomes of the trees in the data plane (RFC 7761 4.2): which interfaces a route accepts from and which it
 * feeds; the SSM range (4.8.1), boundaries, asserts that a Join ends (4.6).
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define S "10.1.1.1"
#define SSM "232.1.1.1"
#define J_SRC "10.0.2.2: " G " J" S
#define P_SRC "10.0.2.2: " G " P" S

static void two_neighbours(struct sm_world *p)
{
	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_neigh(p, p->lan1, "10.0.3.3");
}

static void join(struct sm_world *p)
{
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J" S);
}

static struct sm_up *up(struct sm_world *p)
{
	return &sw_source(p, S, G)->sg.up;
}

/* --- 4.2 -------------------------------------------------------------------------------------------- */

static void with_both_trees_the_rp_tree_is_used_until_the_spt_delivers(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_neigh(p, p->lan2, "10.0.4.2");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
	sw_jp(p, p->lan2, "10.0.4.2", "10.0.4.1", G " J" S);
	assert_string_equal(sw_route(p, S, G), "up (src) > lan1");
	sw_forget(p);
	sw_upcall(p, DP_UPCALL_DATA, p->src, S, G);
	assert_string_equal(sw_route(p, S, G), "src > lan1 lan2");
	/* now S is pruned off the RP tree, where its neighbour is another */
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " P" S "r");
}

static void a_prune_of_the_spt_brings_the_rp_tree_back(void **state)
{
	struct sm_world *p = *state;

	with_both_trees_the_rp_tree_is_used_until_the_spt_delivers(state);
	sw_jp(p, p->lan2, "10.0.4.2", "10.0.4.1", G " P" S);
	assert_string_equal(sw_route(p, S, G), "src > lan1"); /* while it sends: KeepaliveTimer */
	sw_pass(p, 200000);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
	sw_forget(p);
	sw_pass(p, 10000);
	assert_string_equal(sw_sent(p, p->src), P_SRC);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " J" S "r");
	assert_string_equal(sw_route(p, S, G), "none");
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
}

/* The (S,G) has outlived its Keepalive Timer, for it is joined. 4.2: data starts the timer again. */
static void the_first_packet_after_a_silence_is_told_of(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	sw_upcall(p, DP_UPCALL_DATA, p->src, S, G);
	sw_pass(p, 200000);
	join(p);
	assert_string_equal(sw_route(p, S, G), "src > lan1");
	sw_pass(p, 20000); /* no packet came: KeepaliveTimer has run out */
	assert_true(sw_source(p, S, G)->spt_bit);
	assert_string_equal(sw_route(p, S, G), "src+ > lan1");
	sw_upcall(p, DP_UPCALL_DATA, p->src, S, G);
	assert_int_equal(timer_left(&sw_source(p, S, G)->kat, p->w->now_us), 210000000);
	assert_string_equal(sw_route(p, S, G), "src > lan1");
}

static void the_last_hop_switches_to_the_spt(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	sw_forget(p);
	sw_upcall(p, DP_UPCALL_DATA, p->up, S, G);
	assert_string_equal(sw_sent(p, p->src), J_SRC);
	assert_string_equal(sw_route(p, S, G), "up (src) > lan1");
	sw_upcall(p, DP_UPCALL_DATA, p->src, S, G);
	assert_string_equal(sw_route(p, S, G), "src > lan1");
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " P" S "r");
	/* 4.5.6: the prune goes with each Join(*,G) */
	sw_pass(p, 61000);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " J*10.9.9.9 P" S "r");
	/* the members leave */
	sw_member(p, p->lan1, "*", G, MEMBER_NONE);
	assert_string_equal(sw_sent(p, p->src), J_SRC " | " P_SRC);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " P*10.9.9.9");
}

static void where_both_trees_come_from_one_neighbour_the_spt_is_taken_at_once(void **state)
{
	struct sm_world *p = *state;

	world_route(p->w, "10.1.1.0/24", p->up, "10.0.1.2");
	world_run(p->w);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	sw_upcall(p, DP_UPCALL_DATA, p->up, S, G);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " J*10.9.9.9 | 10.0.1.2: " G " J" S);
	assert_string_equal(sw_route(p, S, G), "up+ > lan1");
	sw_upcall(p, DP_UPCALL_DATA, p->up, S, G);
	assert_string_equal(sw_route(p, S, G), "up > lan1");
	sw_pass(p, 61000); /* S is not pruned off the shared tree */
	assert_string_equal(
		sw_sent(p, p->up), "10.0.1.2: " G " J" S " | 10.0.1.2: " G " J*10.9.9.9");
}

static void the_first_packet_of_our_subnet_is_registered(void **state)
{
	struct sm_world *p = *state;

	sw_upcall(p, DP_UPCALL_NOCACHE, p->lan1, "10.0.3.7", G);
	assert_string_equal(sw_route(p, "10.0.3.7", G), "lan1 > reg");
	assert_int_equal(sw_source(p, "10.0.3.7", G)->reg, REG_JOIN);
	/* 210 s without a packet */
	sw_pass(p, 220000);
	sw_assert_empty(p);
}

static void a_source_of_our_subnet_reaches_receivers_and_the_rp(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan2, "*", G, MEMBER_INCLUDE);
	sw_upcall(p, DP_UPCALL_WRONGVIF, p->lan1, "10.0.3.7", G);
	assert_string_equal(sw_route(p, "10.0.3.7", G), "lan1 > lan2 reg");
	assert_true(sw_source(p, "10.0.3.7", G)->spt_bit);
}

static void a_source_of_our_subnet_is_forwarded_from_its_first_packet_and_told_of(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan2, "10.0.3.7", G, MEMBER_INCLUDE);
	assert_string_equal(sw_route(p, "10.0.3.7", G), "lan1+ > lan2");
	sw_upcall(p, DP_UPCALL_DATA, p->lan1, "10.0.3.7", G);
	assert_string_equal(sw_route(p, "10.0.3.7", G), "lan1 > lan2 reg");
}

static void who_is_not_dr_keeps_a_source_of_its_subnet_without_outputs(void **state)
{
	struct sm_world *p = *state;

	sw_conf(p, "lan1")->dr_priority = 0;
	sw_config(p);
	sw_neigh(p, p->lan1, "10.0.3.8");
	assert_false(sw_pif(p, p->lan1)->i_am_dr);
	sw_upcall(p, DP_UPCALL_NOCACHE, p->lan1, "10.0.3.7", G);
	assert_int_equal(sw_source(p, "10.0.3.7", G)->reg, REG_NOINFO);
	assert_string_equal(sw_route(p, "10.0.3.7", G), "lan1 >");
}

static struct tib_output register_output(struct sm_world *p)
{
	struct dp_route_key k = key("10.0.3.7", G);
	struct tib_entry_info e;

	assert_true(tib_entry_get(p->w->tib, &k, &e));
	assert_int_equal(e.merged->n_outputs, 1);
	assert_int_equal(e.merged->outputs[0].encap, DP_ENCAP_REGISTER);
	return e.merged->outputs[0];
}

static void the_tunnel_follows_the_rp_and_the_settings(void **state)
{
	struct sm_world *p = *state;
	struct ipaddr rp = ip(SM_RP), other = ip("10.9.9.8"), from = ip("10.0.4.1");
	struct tib_output o;

	sw_upcall(p, DP_UPCALL_NOCACHE, p->lan1, "10.0.3.7", G);
	o = register_output(p);
	assert_true(ip_eq(&o.her_dst, &rp));
	assert_true(ip_is_none(&o.her_src)); /* that of the interface towards the RP */
	assert_int_equal(o.her_ttl, 64);
	p->conf.register_source[0] = from;
	sw_config(p);
	o = register_output(p);
	assert_true(ip_eq(&o.her_src, &from));
	sw_rp(p, "10.9.9.8", "239.0.0.0/8");
	sw_config(p);
	o = register_output(p);
	assert_true(ip_eq(&o.her_dst, &other));
}

static void members_that_exclude_a_source_do_not_ask_for_its_spt(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan2, "10.0.4.2");
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	sw_member(p, p->lan1, S, G, MEMBER_EXCLUDE);
	sw_jp(p, p->lan2, "10.0.4.2", "10.0.4.1", G " J*");
	assert_string_equal(sw_route(p, S, G), "up > lan2");
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1 lan2");
	sw_member(p, p->lan1, S, G, MEMBER_NONE);
	sw_member(p, p->lan2, S, G, MEMBER_EXCLUDE); /* without a member of the group there */
	assert_string_equal(sw_route(p, S, G), "up+ > lan1 lan2");
}

static void ttl_thresholds_are_those_of_the_interfaces(void **state)
{
	struct sm_world *p = *state;
	struct net_if_conf c = net_if_get(p->w->net, p->lan1)->conf;
	struct dp_route_key k = key("*", G);
	struct tib_entry_info e;

	c.ttl_threshold = 9;
	assert_int_equal(net_if_change(p->w->net, p->lan1, &c), 0);
	world_run(p->w);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_true(tib_entry_get(p->w->tib, &k, &e));
	assert_int_equal(e.merged->outputs[0].ttl_threshold, 9);
	c.ttl_threshold = 5;
	assert_int_equal(net_if_change(p->w->net, p->lan1, &c), 0);
	world_run(p->w);
	assert_true(tib_entry_get(p->w->tib, &k, &e));
	assert_int_equal(e.merged->outputs[0].ttl_threshold, 5);
}

/* --- 4.6: a Join for us ends a lost assert ------------------------------------------------------------ */

static uint8_t assert_state(struct sm_world *p, const char *src)
{
	struct sm_oif *oif = sw_oif(p, src, G, p->lan1);

	return oif ? oif->assert : ASSERT_NOINFO;
}

static void a_join_ends_the_assert_of_its_own_tree(void **state)
{
	struct sm_world *p = *state;

	two_neighbours(p);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
	sw_assert(p, p->lan1, "10.0.3.3", NULL, G, true, 0, 0);
	assert_int_equal(assert_state(p, "*"), ASSERT_LOSER);
	assert_string_equal(sw_route(p, "*", G), "none");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.3", G " J*"); /* not for us */
	assert_int_equal(assert_state(p, "*"), ASSERT_LOSER);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
	assert_int_equal(assert_state(p, "*"), ASSERT_NOINFO);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");

	join(p);
	sw_upcall(p, DP_UPCALL_DATA, p->src, S, G);
	sw_assert(p, p->lan1, "10.0.3.3", S, G, false, 0, 0);
	assert_int_equal(assert_state(p, S), ASSERT_LOSER);
	assert_string_equal(sw_route(p, S, G), "up >");
	join(p);
	assert_int_equal(assert_state(p, S), ASSERT_NOINFO);
	assert_string_equal(sw_route(p, S, G), "up (src) > lan1");
}

static void a_join_star_g_ends_asserts_of_sources_it_does_not_prune(void **state)
{
	struct sm_world *p = *state;

	two_neighbours(p);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
	for (unsigned i = 0; i < 2; i++) {
		sw_assert(p, p->lan1, "10.0.3.3", S, G, false, 0, 0);
		assert_int_equal(assert_state(p, S), ASSERT_LOSER);
		/* messages without a Join(*,G) for us, and one with the prune */
		sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J10.1.1.2");
		sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.3", G " J*");
		sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J* P" S "r");
		assert_int_equal(assert_state(p, S), ASSERT_LOSER);
		sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
		assert_int_equal(assert_state(p, S), ASSERT_NOINFO);
	}
}

/* --- SSM, boundaries ---------------------------------------------------------------------------------- */

static void in_the_ssm_range_only_s_g_exists(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", SSM " J* P" S "r J10.1.1.2");
	assert_int_equal(sw_drops(p, PIM_DROP_ssm_entry), 2);
	assert_non_null(sw_source(p, "10.1.1.2", SSM));
	assert_null(sw_source(p, S, SSM));
	sw_member(p, p->lan1, "*", SSM, MEMBER_INCLUDE);
	assert_string_equal(sw_sent(p, p->up), "");
	assert_string_equal(sw_route(p, "*", SSM), "none");
}

static void a_group_that_becomes_ssm_loses_its_shared_tree(void **state)
{
	struct sm_world *p = *state;
	struct prefix all;

	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_int_equal(prefix_parse("239.0.0.0/8", &all), 0);
	p->conf.ssm = &all;
	p->conf.n_ssm = 1;
	sw_config(p);
	assert_string_equal(sw_route(p, "*", G), "none");
	p->conf.n_ssm = 0;
	sw_config(p);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
}

static void a_boundary_keeps_a_group_off_the_interface(void **state)
{
	struct sm_world *p = *state;
	struct prefix b;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	sw_member(p, p->lan2, S, G, MEMBER_INCLUDE);
	assert_string_equal(sw_route(p, S, G), "src+ > lan1 lan2");
	assert_int_equal(prefix_parse("239.1.0.0/16", &b), 0);
	sw_conf(p, "lan1")->boundary = &b;
	sw_conf(p, "lan1")->n_boundary = 1;
	sw_config(p);
	assert_string_equal(sw_route(p, S, G), "src+ > lan2");
	join(p);
	assert_int_equal(sw_drops(p, PIM_DROP_boundary), 1);
	sw_conf(p, "src")->boundary = &b;
	sw_conf(p, "src")->n_boundary = 1;
	sw_config(p);
	assert_string_equal(sw_route(p, S, G), "> lan2");
	assert_true(ip_is_none(&up(p)->nbr));
}

/* The old wish has no input and two outputs, the new one is the first of these as input. */
static void a_lost_tree_that_comes_back_by_one_of_its_outputs_is_forwarded_again(void **state)
{
	struct sm_world *p = *state;
	struct prefix b;

	two_neighbours(p);
	sw_member(p, p->lan1, S, G, MEMBER_INCLUDE);
	sw_member(p, p->lan2, S, G, MEMBER_INCLUDE);
	sw_upcall(p, DP_UPCALL_DATA, p->src, S, G);
	sw_assert(p, p->lan1, "10.0.3.3", S, G, false, 200, 0);
	assert_int_equal(assert_state(p, S), ASSERT_WINNER);
	assert_int_equal(prefix_parse("239.1.0.0/16", &b), 0);
	sw_conf(p, "src")->boundary = &b;
	sw_conf(p, "src")->n_boundary = 1;
	sw_conf(p, "lan1")->dr_priority = 0; /* lan1 is ours as the winner only */
	sw_config(p);
	assert_string_equal(sw_route(p, S, G), "> lan1 lan2");
	world_route(p->w, "10.1.0.0/16", p->lan1, "10.0.3.3");
	world_run(p->w);
	assert_string_equal(sw_route(p, S, G), "lan1 > lan2");
}

static void zeros_as_upstream_neighbour_are_for_us_on_a_tunnel_only(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_jp(p, p->lan1, "10.0.3.2", "0.0.0.0", G " J" S);
	sw_assert_empty(p);
}

#define T(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(with_both_trees_the_rp_tree_is_used_until_the_spt_delivers),
		T(a_prune_of_the_spt_brings_the_rp_tree_back),
		T(the_first_packet_after_a_silence_is_told_of),
		T(the_last_hop_switches_to_the_spt),
		T(where_both_trees_come_from_one_neighbour_the_spt_is_taken_at_once),
		T(the_first_packet_of_our_subnet_is_registered),
		T(a_source_of_our_subnet_reaches_receivers_and_the_rp),
		T(a_source_of_our_subnet_is_forwarded_from_its_first_packet_and_told_of),
		T(who_is_not_dr_keeps_a_source_of_its_subnet_without_outputs),
		T(the_tunnel_follows_the_rp_and_the_settings),
		T(members_that_exclude_a_source_do_not_ask_for_its_spt),
		T(ttl_thresholds_are_those_of_the_interfaces),
		T(a_join_ends_the_assert_of_its_own_tree),
		T(a_join_star_g_ends_asserts_of_sources_it_does_not_prune),
		T(in_the_ssm_range_only_s_g_exists),
		T(a_group_that_becomes_ssm_loses_its_shared_tree),
		T(a_boundary_keeps_a_group_off_the_interface),
		T(a_lost_tree_that_comes_back_by_one_of_its_outputs_is_forwarded_again),
		T(zeros_as_upstream_neighbour_are_for_us_on_a_tunnel_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
