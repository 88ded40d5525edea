/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * (S,G): figure 3 downstream, figure 6 upstream (RFC 7761 4.5.2, 4.5.5).
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define S "10.1.1.1"
#define SSM "232.1.1.1"
#define J_SRC "10.0.2.2: " G " J" S
#define P_SRC "10.0.2.2: " G " P" S

static uint8_t ds(struct sm_world *p)
{
	struct sm_oif *oif = sw_oif(p, S, G, p->lan1);

	return oif ? oif->ds : DS_NOINFO;
}

static void two_neighbours(struct sm_world *p)
{
	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_neigh(p, p->lan1, "10.0.3.3");
}

static void join(struct sm_world *p)
{
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J" S);
}

static void prune(struct sm_world *p)
{
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " P" S);
}

static void to_pp(struct sm_world *p)
{
	two_neighbours(p);
	join(p);
	prune(p);
	assert_int_equal(ds(p), DS_PRUNE_PENDING);
	sw_forget(p);
}

/* --- figure 3 -------------------------------------------------------------------------------------- */

static void join_in_noinfo_goes_to_join_and_joins_upstream(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	assert_int_equal(ds(p), DS_JOIN);
	assert_string_equal(sw_sent(p, p->src), J_SRC);
	/* nothing comes by the RP tree: the first packet is forwarded, and told of for the SPTbit */
	assert_string_equal(sw_route(p, S, G), "src+ > lan1");
	assert_string_equal(sw_route(p, "*", G), "none");
}

static void prune_in_noinfo_makes_nothing(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	prune(p);
	sw_assert_empty(p);
}

static void join_in_join_sets_et_to_the_maximum(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	sw_pass(p, 100000);
	sw_jp_hold(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J" S, 30);
	assert_int_equal(timer_left(&sw_oif(p, S, G, p->lan1)->et, p->w->now_us), 110000000);
	join(p);
	assert_int_equal(timer_left(&sw_oif(p, S, G, p->lan1)->et, p->w->now_us), 210000000);
}

static void prune_in_join_of_the_only_neighbour_ends_at_once(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	sw_forget(p);
	prune(p);
	assert_string_equal(sw_sent(p, p->src), P_SRC);
	assert_string_equal(sw_sent(p, p->lan1), "");
	sw_assert_empty(p);
}

static void prune_in_join_is_pending_and_echoed(void **state)
{
	struct sm_world *p = *state;

	to_pp(p);
	sw_pass(p, 2999);
	assert_string_equal(sw_sent(p, p->src), "");
	sw_pass(p, 1);
	assert_string_equal(sw_sent(p, p->lan1), "10.0.3.1: " G " P" S);
	assert_string_equal(sw_sent(p, p->src), P_SRC);
	sw_assert_empty(p);
}

static void et_in_join_goes_to_noinfo(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	sw_pass(p, 210000);
	sw_assert_empty(p);
}

static void join_in_prune_pending_goes_back(void **state)
{
	struct sm_world *p = *state;

	to_pp(p);
	sw_jp(p, p->lan1, "10.0.3.3", "10.0.3.1", G " J" S);
	assert_int_equal(ds(p), DS_JOIN);
	sw_pass(p, 10000);
	assert_int_equal(ds(p), DS_JOIN);
	assert_string_equal(sw_sent(p, p->src), "");
}

static void prune_in_prune_pending_does_not_restart_ppt(void **state)
{
	struct sm_world *p = *state;

	to_pp(p);
	sw_pass(p, 2000);
	prune(p);
	assert_int_equal(timer_left(&sw_oif(p, S, G, p->lan1)->prunes->ppt, p->w->now_us), 1000000);
}

static void et_in_prune_pending_goes_to_noinfo(void **state)
{
	struct sm_world *p = *state;

	two_neighbours(p);
	sw_jp_hold(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J" S, 4);
	sw_pass(p, 2000);
	prune(p);
	sw_pass(p, 2000);
	assert_string_equal(sw_sent(p, p->lan1), "");
	sw_assert_empty(p);
}

/* --- figure 6 -------------------------------------------------------------------------------------- */

static struct sm_up *up(struct sm_world *p)
{
	return &sw_source(p, S, G)->sg.up;
}

static uint64_t jt_left(struct sm_world *p)
{
	return timer_left(&up(p)->jt, p->w->now_us);
}

static void joined(struct sm_world *p)
{
	sw_member(p, p->lan1, S, G, MEMBER_INCLUDE);
	assert_int_equal(up(p)->state, UP_JOINED);
	sw_neigh(p, p->src, "10.0.2.3");
	sw_forget(p);
}

static void a_member_of_s_and_g_joins_and_leaves(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan1, S, SSM, MEMBER_INCLUDE);
	assert_string_equal(sw_sent(p, p->src), "10.0.2.2: " SSM " J" S);
	assert_string_equal(sw_route(p, S, SSM), "src+ > lan1");
	sw_member(p, p->lan1, S, SSM, MEMBER_NONE);
	assert_string_equal(sw_sent(p, p->src), "10.0.2.2: " SSM " P" S);
	sw_assert_empty(p);
}

static void the_join_is_sent_again_every_t_periodic(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_pass(p, 61000);
	assert_string_equal(sw_sent(p, p->src), J_SRC);
}

static void a_join_of_another_is_suppressing(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_jp(p, p->src, "10.0.2.3", "10.0.2.2", G " J" S);
	assert_in_range(jt_left(p), 66000000, 84000000);
}

static void prunes_of_any_kind_are_overridden(void **state)
{
	static const char *const prunes[] = {G " P" S, G " P" S "r", G " P*"};
	struct sm_world *p = *state;

	joined(p);
	for (unsigned i = 0; i < 3; i++) {
		sw_jp(p, p->src, "10.0.2.3", "10.0.2.2", prunes[i]);
		assert_in_range(jt_left(p), 0, 2500000);
		sw_pass(p, 2500);
		assert_string_equal(sw_sent(p, p->src), J_SRC);
	}
}

static void prunes_to_another_router_are_not_ours(void **state)
{
	struct sm_world *p = *state;
	uint64_t left;

	joined(p);
	left = jt_left(p);
	sw_jp(p, p->src, "10.0.2.2", "10.0.2.3", G " P" S);
	sw_jp(p, p->src, "10.0.2.2", "10.0.2.3", G " P" S "r");
	sw_jp(p, p->src, "10.0.2.2", "10.0.2.3", G " P*");
	assert_int_equal(jt_left(p), left);
}

static void joins_of_other_kinds_and_sources_do_not_suppress(void **state)
{
	struct sm_world *p = *state;
	uint64_t left;

	sw_member(p, p->lan2, "*", G, MEMBER_INCLUDE); /* the group is known there, too */
	joined(p);
	left = jt_left(p);
	sw_jp(p, p->src, "10.0.2.3", "10.0.2.2", G " J" S "r J10.1.1.2 J*");
	assert_int_equal(jt_left(p), left);
	assert_null(sw_source(p, "10.1.1.2", G));
}

static void a_new_generation_id_brings_the_join_soon(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_hello(p, p->src, "10.0.2.2", 2, PIM_HOLDTIME_FOREVER);
	assert_in_range(jt_left(p), 0, 2500000);
}

static void a_changed_route_moves_the_tree_make_before_break(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	sw_upcall(p, DP_UPCALL_DATA, p->src, S, G);
	assert_true(sw_source(p, S, G)->spt_bit);
	assert_string_equal(sw_route(p, S, G), "src > lan1");
	world_route(p->w, "10.1.1.0/24", p->up, "10.0.1.2");
	world_run(p->w);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " J" S);
	assert_string_equal(sw_sent(p, p->src), "");
	assert_string_equal(sw_route(p, S, G), "->up+ src > lan1");
	sw_upcall(p, DP_UPCALL_WRONGVIF, p->up, S, G); /* of before, when it was none of ours */
	assert_string_equal(sw_sent(p, p->src), "");
	sw_upcall(p, DP_UPCALL_DATA, p->up, S, G); /* the new path brings what the old one does */
	assert_string_equal(sw_sent(p, p->src), P_SRC);
	assert_string_equal(sw_route(p, S, G), "->up src > lan1"); /* it may lag behind */
	sw_pass(p, 900);
	sw_upcall(p, DP_UPCALL_DATA, p->up, S, G);
	assert_string_equal(sw_route(p, S, G), "->up src > lan1");
	sw_pass(p, 101);
	assert_string_equal(sw_sent(p, p->src), "");
	assert_string_equal(sw_route(p, S, G), "up > lan1");
}

static void without_a_neighbour_on_the_new_path_the_old_one_stays(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	world_route(p->w, "10.1.1.0/24", p->up, "10.0.1.9");
	world_run(p->w);
	sw_pass(p, 30000);
	assert_string_equal(sw_route(p, S, G), "->up+ src+ > lan1");
	sw_forget(p);
	sw_hello(p, p->up, "10.0.1.9", 1, PIM_HOLDTIME_FOREVER);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.9: " G " J" S);
	assert_string_equal(sw_route(p, S, G), "->up+ src+ > lan1");
	sw_pass(p, 2900);
	assert_string_equal(sw_sent(p, p->src), "");
	sw_pass(p, 200);
	assert_string_equal(sw_sent(p, p->src), P_SRC);
	assert_string_equal(sw_route(p, S, G), "up+ > lan1");
}

static void the_old_path_is_not_kept_for_a_neighbour_that_never_comes(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	world_route(p->w, "10.1.1.0/24", p->up, "10.0.1.9");
	world_run(p->w);
	sw_forget(p);
	sw_pass(p, 41000);
	assert_string_equal(sw_sent(p, p->src), P_SRC);
	assert_string_equal(sw_route(p, S, G), "up+ > lan1");
}

static void while_nobody_is_joined_another_path_takes_over_from_the_first(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	world_route(p->w, "10.1.1.0/24", p->up, "10.0.1.9");
	world_run(p->w);
	sw_pass(p, 5000);
	sw_forget(p);
	world_route(p->w, "10.1.1.0/24", p->lan2, "10.0.4.2");
	world_run(p->w);
	assert_string_equal(sw_sent(p, p->src), "");
	assert_int_equal(up(p)->move->ifid, p->src);
	world_unroute(p->w, "10.1.1.0/24");
	world_run(p->w);
	assert_null(up(p)->move);
	assert_string_equal(sw_sent(p, p->src), J_SRC);
}

static void back_on_the_old_path_it_is_not_pruned(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	world_route(p->w, "10.1.1.0/24", p->up, "10.0.1.2");
	world_run(p->w);
	sw_forget(p);
	world_unroute(p->w, "10.1.1.0/24");
	world_run(p->w);
	assert_string_equal(sw_sent(p, p->src), J_SRC);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " P" S);
	assert_string_equal(sw_route(p, S, G), "src+ > lan1");
	sw_pass(p, 5000);
	assert_string_equal(sw_sent(p, p->up), "");
	assert_string_equal(sw_sent(p, p->src), "");
}

static void an_old_path_that_failed_is_not_kept(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	world_route(p->w, "10.1.1.0/24", p->up, "10.0.1.2");
	net_if_admin(p->w->net, p->src, false);
	world_run(p->w);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " J" S);
	assert_string_equal(sw_route(p, S, G), "up+ > lan1");
}

static void a_neighbour_upstream_that_becomes_downstream_is_no_input_any_more(void **state)
{
	struct sm_world *p = *state;

	joined(p);
	world_route(p->w, "10.1.1.0/24", p->up, "10.0.1.2");
	world_run(p->w);
	assert_non_null(up(p)->move);
	sw_jp(p, p->src, "10.0.2.2", "10.0.2.1", G " J" S);
	assert_null(up(p)->move);
	assert_string_equal(sw_route(p, S, G), "up+ > src lan1");
}

#define T(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(join_in_noinfo_goes_to_join_and_joins_upstream),
		T(prune_in_noinfo_makes_nothing),
		T(join_in_join_sets_et_to_the_maximum),
		T(prune_in_join_of_the_only_neighbour_ends_at_once),
		T(prune_in_join_is_pending_and_echoed),
		T(et_in_join_goes_to_noinfo),
		T(join_in_prune_pending_goes_back),
		T(prune_in_prune_pending_does_not_restart_ppt),
		T(et_in_prune_pending_goes_to_noinfo),
		T(a_member_of_s_and_g_joins_and_leaves),
		T(the_join_is_sent_again_every_t_periodic),
		T(a_join_of_another_is_suppressing),
		T(prunes_of_any_kind_are_overridden),
		T(prunes_to_another_router_are_not_ours),
		T(joins_of_other_kinds_and_sources_do_not_suppress),
		T(a_new_generation_id_brings_the_join_soon),
		T(a_changed_route_moves_the_tree_make_before_break),
		T(without_a_neighbour_on_the_new_path_the_old_one_stays),
		T(the_old_path_is_not_kept_for_a_neighbour_that_never_comes),
		T(while_nobody_is_joined_another_path_takes_over_from_the_first),
		T(back_on_the_old_path_it_is_not_pruned),
		T(an_old_path_that_failed_is_not_kept),
		T(a_neighbour_upstream_that_becomes_downstream_is_no_input_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
