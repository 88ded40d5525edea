/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * (*,G) upstream: figure 5 and what happens in its Joined state, RPs and routes that change (RFC 7761 4.5.4).
 */
#include "tests/unit/pim/star_up.h"

static void join(struct sm_world *p)
{
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
}

/* --- figure 5 -------------------------------------------------------------------------------------- */

static uint64_t jt_left(struct sm_world *p)
{
	return timer_left(&up(p)->jt, p->w->now_us);
}

static void members_join_and_leave(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_string_equal(sw_sent(p, p->up), J_UP);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
	sw_member(p, p->lan1, "*", G, MEMBER_NONE);
	assert_string_equal(sw_sent(p, p->up), P_UP);
	sw_assert_empty(p);
}

static void the_join_is_sent_again_every_t_periodic(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_pass(p, 56000);
	assert_string_equal(sw_sent(p, p->up), "");
	sw_pass(p, 5000);
	assert_string_equal(sw_sent(p, p->up), J_UP);
	sw_pass(p, 61000);
	assert_string_equal(sw_sent(p, p->up), J_UP);
}

static void a_join_of_another_is_suppressing(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->up, V);
	joined(p);
	sw_jp(p, p->up, V, X, G " J*");
	assert_in_range(jt_left(p), 66000000, 84000000);
}

static void suppression_lasts_no_longer_than_the_holdtime(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->up, V);
	joined(p);
	sw_pass(p, 40000);
	sw_jp_hold(p, p->up, V, X, G " J*", 30);
	assert_int_equal(jt_left(p), 30000000);
	/* and shortens nothing */
	sw_jp_hold(p, p->up, V, X, G " J*", 10);
	assert_int_equal(jt_left(p), 30000000);
}

static void a_join_for_another_rp_or_router_does_not_suppress(void **state)
{
	struct sm_world *p = *state;
	uint64_t left;

	sw_neigh(p, p->up, V);
	joined(p);
	left = jt_left(p);
	sw_jp(p, p->up, X, V, G " J*");
	sw_jp(p, p->up, V, X, G " " J8);
	assert_int_equal(jt_left(p), left);
}

static void a_prune_of_another_is_overridden(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->up, V);
	joined(p);
	sw_jp(p, p->up, V, X, G " P*");
	assert_in_range(jt_left(p), 0, 2500000);
	sw_pass(p, 2500);
	assert_string_equal(sw_sent(p, p->up), J_UP);
	assert_in_range(jt_left(p), 53000000, 60000000);
}

static void an_echo_is_overridden_too(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_jp(p, p->up, X, X, G " P*");
	sw_pass(p, 2500);
	assert_string_equal(sw_sent(p, p->up), J_UP);
}

static void a_join_of_another_ends_the_override(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->up, V);
	sw_neigh(p, p->up, W);
	joined(p);
	sw_jp(p, p->up, V, X, G " P*");
	sw_jp(p, p->up, W, X, G " J*");
	sw_pass(p, 10000);
	assert_string_equal(sw_sent(p, p->up), "");
}

static void a_new_generation_id_brings_the_join_soon(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_hello(p, p->up, X, 2, PIM_HOLDTIME_FOREVER);
	assert_in_range(jt_left(p), 0, 2500000);
	sw_pass(p, 2500);
	assert_string_equal(sw_sent(p, p->up), J_UP);
}

static void a_changed_route_joins_the_new_neighbour_then_prunes_the_old(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	route(p, p->src, "10.0.2.2");
	assert_string_equal(sw_sent(p, p->src), "10.0.2.2: " G " " J);
	assert_string_equal(sw_sent(p, p->up), "");
	assert_string_equal(sw_route(p, "*", G), "up+ ->src+ > lan1");
	sw_pass(p, 3000);
	assert_string_equal(sw_sent(p, p->up), P_UP);
	assert_string_equal(sw_route(p, "*", G), "src+ > lan1");
}

static void data_on_the_new_path_ends_the_old_one(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	route(p, p->src, "10.0.2.2");
	sw_forget(p);
	sw_upcall(p, DP_UPCALL_DATA, p->src, "10.1.1.1", G);
	assert_string_equal(sw_sent(p, p->up), P_UP);
	assert_string_equal(sw_route(p, "*", G), "up+ ->src+ > lan1");
	sw_pass(p, 1000);
	assert_string_equal(sw_sent(p, p->up), "");
	assert_string_equal(sw_route(p, "*", G), "src+ > lan1");
}

static void moves_on_the_same_link(struct sm_world *p)
{
	sw_neigh(p, p->up, V);
	joined(p);
	route(p, p->up, V);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " J);
	assert_string_equal(sw_route(p, "*", G), "->up+ > lan1");
}

static void on_the_same_link_the_old_neighbour_is_pruned_when_the_new_one_delivers(void **state)
{
	struct sm_world *p = *state;

	moves_on_the_same_link(p);
	sw_upcall(p, DP_UPCALL_DATA, p->up, "10.1.1.1", G);
	assert_string_equal(sw_sent(p, p->up), P_UP);
	sw_pass(p, 3900); /* until the Prune is heeded, and its last packets have come */
	assert_string_equal(sw_sent(p, p->up), "");
	assert_string_equal(sw_route(p, "*", G), "->up+ > lan1");
	sw_pass(p, 100);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
}

static void on_the_same_link_the_old_neighbour_is_pruned_in_the_end_and_not_if_it_is_joined_again(
	void **state)
{
	struct sm_world *p = *state;

	moves_on_the_same_link(p);
	sw_pass(p, 3000);
	assert_string_equal(sw_sent(p, p->up), P_UP);
	assert_string_equal(sw_route(p, "*", G), "->up+ > lan1");
	sw_pass(p, 4000);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
	sw_forget(p);
	route(p, p->up, X);
	assert_string_equal(sw_sent(p, p->up), J_UP);
	route(p, p->up, V);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " J " | " P_UP);
	assert_null(up(p)->move);
}

static void a_move_that_goes_on_before_data_came_keeps_the_path_that_works(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	route(p, p->src, "10.0.2.2");
	sw_neigh(p, p->lan2, "10.0.4.2");
	sw_forget(p);
	route(p, p->lan2, "10.0.4.2");
	assert_string_equal(sw_sent(p, p->lan2), "10.0.4.2: " G " " J);
	assert_string_equal(sw_sent(p, p->src), "10.0.2.2: " G " " P);
	assert_string_equal(sw_sent(p, p->up), "");
	assert_string_equal(sw_route(p, "*", G), "up+ ->lan2+ > lan1");
}

static void an_assert_upstream_brings_a_join_for_its_winner_soon_and_no_prune(void **state)
{
	struct sm_world *p = *state;
	const char *sent;

	sw_neigh(p, p->up, V);
	joined(p);
	sw_assert(p, p->up, V, NULL, G, true, 0, 0);
	assert_true(up(p)->by_assert);
	assert_in_range(jt_left(p), 0, 2500000);
	assert_string_equal(sw_sent(p, p->up), "");
	sw_pass(p, 2500);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " J);
	/* joins and prunes seen are those for the winner */
	sw_jp(p, p->up, X, V, G " P*");
	assert_in_range(jt_left(p), 0, 2500000);
	sw_pass(p, 2500);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " J);
	/* it times out: the neighbour of the route is joined soon, and the winner not pruned */
	sw_pass(p, 174999);
	assert_true(up(p)->by_assert);
	sw_forget(p);
	sw_pass(p, 1);
	assert_false(up(p)->by_assert);
	sw_pass(p, 2500);
	sent = sw_sent(p, p->up);
	assert_non_null(strstr(sent, J_UP));
	assert_null(strstr(sent, " P*"));
}

static void while_an_assert_is_active_a_route_on_the_same_link_changes_nothing(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->up, V);
	sw_neigh(p, p->up, W);
	joined(p);
	wins(p, V);
	sw_forget(p);
	route(p, p->up, W);
	assert_string_equal(sw_sent(p, p->up), "");
	/* another link ends it */
	route(p, p->src, "10.0.2.2");
	assert_false(up(p)->by_assert);
	assert_string_equal(sw_sent(p, p->src), "10.0.2.2: " G " " J);
	/* also to whom the winner had replaced, who has our Join yet */
	assert_string_equal(sw_sent(p, p->up), P_UP);
	sw_forget(p);
	sw_pass(p, 3000);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " P);
}

static void who_leaves_a_winner_leaves_whom_it_had_replaced_too(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->up, V);
	sw_neigh(p, p->up, W);
	joined(p);
	wins(p, V);
	sw_forget(p);
	/* one with a higher address replaces the winner, who is no reserve for it */
	sw_assert(p, p->up, W, NULL, G, true, 0, 0);
	sw_pass(p, 0);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " P);
	sw_pass(p, 2500);
	leave(p);
	assert_string_equal(sw_sent(p, p->up), W ": " G " " P " | " P_UP);
}

/* A winner that is farther than we are is not joined, so it does not stand for RPF' when routes change. */
static void a_winner_that_is_not_followed_does_not_keep_the_prune_from_the_old_neighbour(
	void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->up, V);
	sw_neigh(p, p->up, W);
	joined(p);
	sw_assert(p, p->up, V, NULL, G, true, rpf_of(up(p))->preference, rpf_of(up(p))->metric + 1);
	assert_int_equal(sw_oif(p, "*", G, p->up)->assert, ASSERT_LOSER);
	assert_false(up(p)->by_assert);
	sw_pass(p, 2500);
	assert_string_equal(sw_sent(p, p->up), "");
	route(p, p->up, W);
	assert_string_equal(sw_sent(p, p->up), W ": " G " " J);
	sw_pass(p, 3000);
	assert_string_equal(sw_sent(p, p->up), P_UP);
}

/* Of the routes on a link the next hop's may be the last to follow a change; once it has lost it does not say that
 * it is nearer again. The winner may be joined through us. */
static void a_farther_winner_is_followed_for_assert_time_after_the_next_hop_said_it_is_farther_too(
	void **state)
{
	struct sm_world *p = *state;
	uint32_t pref, metric;

	sw_neigh(p, p->up, V);
	joined(p);
	pref = rpf_of(up(p))->preference;
	metric = rpf_of(up(p))->metric;
	sw_assert(p, p->up, X, NULL, G, true, pref, metric + 9);
	sw_assert(p, p->up, V, NULL, G, true, pref, metric + 1);
	assert_true(up(p)->by_assert);
	sw_pass(p, 177000);
	sw_assert(p, p->up, V, NULL, G, true, pref, metric + 1); /* before AT expires */
	sw_pass(p, 2999);
	assert_true(up(p)->by_assert);
	sw_forget(p);
	sw_pass(p, 1 + 2500); /* t_override */
	assert_int_equal(sw_oif(p, "*", G, p->up)->assert, ASSERT_LOSER);
	assert_false(up(p)->by_assert);
	assert_string_equal(sw_sent(p, p->up), J_UP);
}

static void a_winner_that_restarts_or_vanishes_has_won_nothing(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->up, V);
	joined(p);
	for (unsigned i = 0; i < 2; i++) {
		wins(p, V);
		sw_forget(p);
		sw_hello(p, p->up, V, 2, i ? 0 : PIM_HOLDTIME_FOREVER);
		assert_false(up(p)->by_assert);
		sw_pass(p, 2500);
		assert_string_equal(sw_sent(p, p->up), J_UP);
	}
}

static void a_lost_neighbour_is_joined_when_it_is_back(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_hello(p, p->up, X, 1, 0);
	assert_true(ip_is_none(&up(p)->nbr));
	assert_false(timer_armed(&up(p)->jt));
	assert_string_equal(sw_sent(p, p->up), "");
	sw_neigh(p, p->up, X);
	assert_string_equal(sw_sent(p, p->up), J_UP);
}

static void without_route_the_join_waits_for_one(void **state)
{
	struct sm_world *p = *state;

	world_unroute(p->w, SM_RP "/32");
	world_run(p->w);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_string_equal(sw_route(p, "*", G), "> lan1");
	route(p, p->up, X);
	assert_string_equal(sw_sent(p, p->up), J_UP);
}

static void another_rp_by_the_same_neighbour_is_joined_at_once(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	world_route(p->w, RP8 "/32", p->up, X);
	another_rp(p);
	assert_string_equal(sw_sent(p, p->up), X ": " G " " J8);
}

/* What an assert compared were ways to the old RP: its winner may be the one whose way to the new one is ours. */
static void with_the_rp_the_asserts_about_ways_to_it_end(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->up, V);
	world_route(p->w, RP8 "/32", p->up, X);
	joined(p);
	wins(p, V);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " J);
	another_rp(p);
	assert_string_equal(sw_sent(p, p->up), X ": " G " " J8 " | " V ": " G " " P);
	assert_null(sw_oif(p, "*", G, p->up));
}

static void another_rp_elsewhere_moves_the_tree(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	world_route(p->w, RP8 "/32", p->src, "10.0.2.2");
	another_rp(p);
	assert_string_equal(sw_sent(p, p->src), "10.0.2.2: " G " " J8);
	sw_pass(p, 3000);
	assert_string_equal(sw_sent(p, p->up), P_UP);
}

static void without_rp_the_tree_is_pruned_and_comes_back(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	p->conf.n_rps = 0;
	sw_config(p);
	sw_pass(p, 3000);
	assert_string_equal(sw_sent(p, p->up), P_UP);
	p->conf.n_rps = 1;
	sw_config(p);
	assert_string_equal(sw_sent(p, p->up), J_UP);
}

static void at_the_rp_nobody_is_joined_and_registers_are_accepted(void **state)
{
	struct sm_world *p = *state;

	p->conf.n_rps = 0;
	sw_rp(p, "10.0.1.1", NULL);
	sw_config(p);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_true(I_am_RP(sw_group(p, G)));
	assert_string_equal(sw_sent(p, p->up), "");
	assert_string_equal(sw_route(p, "*", G), "reg+ > lan1");
}

static void an_rp_on_our_own_subnet_is_asked_itself(void **state)
{
	struct sm_world *p = *state;

	p->conf.n_rps = 0;
	sw_rp(p, X, NULL);
	sw_config(p);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_string_equal(sw_sent(p, p->up), X ": " G " J*" X);
}

static void an_interface_that_fails_takes_its_joins_but_not_its_members(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	sw_member(p, p->lan2, "*", G, MEMBER_INCLUDE);
	net_if_admin(p->w->net, p->lan1, false);
	net_if_admin(p->w->net, p->lan2, false);
	world_run(p->w);
	assert_string_equal(sw_route(p, "*", G), "none");
	net_if_admin(p->w->net, p->lan1, true);
	net_if_admin(p->w->net, p->lan2, true);
	world_run(p->w);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan2");
	sw_member(p, p->lan2, "*", G, MEMBER_NONE);
	sw_pass(p, 10);
	sw_assert_empty(p);
}

static void a_member_is_known_before_pim_runs_on_its_interface(void **state)
{
	struct sm_world *p = *state;

	sw_conf(p, "lan1")->mode = PIM_MODE_OFF;
	sw_config(p);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_string_equal(sw_route(p, "*", G), "none");
	sw_conf(p, "lan1")->mode = PIM_MODE_SPARSE;
	sw_config(p);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
}

static void who_is_not_dr_serves_no_members_until_it_is(void **state)
{
	struct sm_world *p = *state;

	sw_conf(p, "lan1")->dr_priority = 0;
	sw_config(p);
	sw_neigh(p, p->lan1, "10.0.3.2"); /* the higher address */
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_string_equal(sw_route(p, "*", G), "none");
	sw_hello(p, p->lan1, "10.0.3.2", 1, 0);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
}

static void when_the_router_leaves_all_is_pruned(void **state)
{
	struct sm_world *p = *state;
	struct event ev = {.kind = EV_STOP};

	joined(p);
	runner_event(p->w->r, p->number, &ev, p->w->now_us);
	assert_string_equal(sw_sent(p, p->up), P_UP);
	world_run(p->w);
	sw_assert_empty(p);
}

#define T(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(members_join_and_leave),
		T(the_join_is_sent_again_every_t_periodic),
		T(a_join_of_another_is_suppressing),
		T(suppression_lasts_no_longer_than_the_holdtime),
		T(a_join_for_another_rp_or_router_does_not_suppress),
		T(a_prune_of_another_is_overridden),
		T(an_echo_is_overridden_too),
		T(a_join_of_another_ends_the_override),
		T(a_new_generation_id_brings_the_join_soon),
		T(a_changed_route_joins_the_new_neighbour_then_prunes_the_old),
		T(data_on_the_new_path_ends_the_old_one),
		T(on_the_same_link_the_old_neighbour_is_pruned_when_the_new_one_delivers),
		T(on_the_same_link_the_old_neighbour_is_pruned_in_the_end_and_not_if_it_is_joined_again),
		T(a_move_that_goes_on_before_data_came_keeps_the_path_that_works),
		T(an_assert_upstream_brings_a_join_for_its_winner_soon_and_no_prune),
		T(while_an_assert_is_active_a_route_on_the_same_link_changes_nothing),
		T(who_leaves_a_winner_leaves_whom_it_had_replaced_too),
		T(a_winner_that_is_not_followed_does_not_keep_the_prune_from_the_old_neighbour),
		T(a_farther_winner_is_followed_for_assert_time_after_the_next_hop_said_it_is_farther_too),
		T(a_winner_that_restarts_or_vanishes_has_won_nothing),
		T(a_lost_neighbour_is_joined_when_it_is_back),
		T(without_route_the_join_waits_for_one),
		T(another_rp_by_the_same_neighbour_is_joined_at_once),
		T(with_the_rp_the_asserts_about_ways_to_it_end),
		T(another_rp_elsewhere_moves_the_tree),
		T(without_rp_the_tree_is_pruned_and_comes_back),
		T(at_the_rp_nobody_is_joined_and_registers_are_accepted),
		T(an_rp_on_our_own_subnet_is_asked_itself),
		T(an_interface_that_fails_takes_its_joins_but_not_its_members),
		T(a_member_is_known_before_pim_runs_on_its_interface),
		T(who_is_not_dr_serves_no_members_until_it_is),
		T(when_the_router_leaves_all_is_pruned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
