/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * (*,G) downstream: figure 2, cell by cell (RFC 7761 4.5.1).
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define J_UP "10.0.1.2: " G " J*10.9.9.9"
#define P_UP "10.0.1.2: " G " P*10.9.9.9"

static uint8_t ds(struct sm_world *p)
{
	struct sm_oif *oif = sw_oif(p, "*", G, p->lan1);

	return oif ? oif->ds : DS_NOINFO;
}

/* Two neighbours downstream: prunes are pending for 3 s. */
static void two_neighbours(struct sm_world *p)
{
	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_neigh(p, p->lan1, "10.0.3.3");
}

static void join(struct sm_world *p)
{
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
}

static void prune(struct sm_world *p)
{
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " P*");
}

static void to_pp(struct sm_world *p)
{
	two_neighbours(p);
	join(p);
	prune(p);
	assert_int_equal(ds(p), DS_PRUNE_PENDING);
	sw_forget(p);
}

/* --- figure 2 -------------------------------------------------------------------------------------- */

static void join_in_noinfo_goes_to_join_and_joins_upstream(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	assert_int_equal(ds(p), DS_JOIN);
	assert_int_equal(timer_left(&sw_oif(p, "*", G, p->lan1)->et, p->w->now_us), 210000000);
	assert_string_equal(sw_sent(p, p->up), J_UP);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
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
	sw_jp_hold(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*", 30);
	assert_int_equal(timer_left(&sw_oif(p, "*", G, p->lan1)->et, p->w->now_us), 110000000);
	join(p);
	assert_int_equal(timer_left(&sw_oif(p, "*", G, p->lan1)->et, p->w->now_us), 210000000);
}

static void prune_in_join_of_the_only_neighbour_ends_at_once_without_echo(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	sw_forget(p);
	prune(p);
	assert_string_equal(sw_sent(p, p->up), P_UP);
	assert_string_equal(sw_sent(p, p->lan1), "");
	sw_assert_empty(p);
}

static void prune_in_join_is_pending_for_the_override_interval_and_echoed(void **state)
{
	struct sm_world *p = *state;

	to_pp(p);
	sw_pass(p, 2999);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
	assert_string_equal(sw_sent(p, p->up), "");
	sw_pass(p, 1);
	assert_string_equal(sw_sent(p, p->lan1), "10.0.3.1: " G " P*10.9.9.9");
	assert_string_equal(sw_sent(p, p->up), P_UP);
	sw_assert_empty(p);
}

static void et_in_join_goes_to_noinfo(void **state)
{
	struct sm_world *p = *state;

	two_neighbours(p);
	join(p);
	sw_pass(p, 209999);
	assert_int_equal(ds(p), DS_JOIN);
	sw_forget(p);
	sw_pass(p, 1);
	assert_string_equal(sw_sent(p, p->up), P_UP);
	assert_string_equal(sw_sent(p, p->lan1), "");
	sw_assert_empty(p);
}

static void join_in_prune_pending_goes_back_and_cancels_ppt(void **state)
{
	struct sm_world *p = *state;

	to_pp(p);
	sw_pass(p, 1000);
	sw_jp(p, p->lan1, "10.0.3.3", "10.0.3.1", G " J*");
	assert_int_equal(ds(p), DS_JOIN);
	assert_false(sw_oif(p, "*", G, p->lan1)->prunes != NULL);
	sw_pass(p, 10000);
	assert_string_equal(sw_sent(p, p->up), "");
	assert_int_equal(ds(p), DS_JOIN);
}

static void prune_in_prune_pending_does_not_restart_ppt(void **state)
{
	struct sm_world *p = *state;

	to_pp(p);
	sw_pass(p, 2000);
	prune(p);
	assert_int_equal(
		timer_left(&sw_oif(p, "*", G, p->lan1)->prunes->ppt, p->w->now_us), 1000000);
}

static void et_in_prune_pending_goes_to_noinfo(void **state)
{
	struct sm_world *p = *state;

	two_neighbours(p);
	sw_jp_hold(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*", 4);
	sw_pass(p, 2000);
	prune(p);
	sw_pass(p, 2000);
	assert_int_equal(ds(p), DS_NOINFO);
	assert_string_equal(sw_sent(p, p->lan1), "");
	sw_assert_empty(p);
}

static void a_holdtime_of_0_ends_at_once(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_jp_hold(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*", 0);
	sw_pass(p, 0);
	sw_assert_empty(p);
}

static void messages_for_another_router_touch_no_downstream_state(void **state)
{
	struct sm_world *p = *state;

	two_neighbours(p);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.3", G " J* J10.1.1.1 P10.1.1.2r");
	sw_assert_empty(p);
	join(p);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.3", G " P*");
	assert_int_equal(ds(p), DS_JOIN);
}

static void a_join_for_another_rp_is_counted_and_the_rest_of_its_set_taken(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*10.9.9.8 J10.1.1.1");
	assert_int_equal(sw_drops(p, PIM_DROP_rp_mismatch), 1);
	assert_int_equal(ds(p), DS_NOINFO);
	assert_int_equal(sw_oif(p, "10.1.1.1", G, p->lan1)->ds, DS_JOIN);
}

static void a_prune_for_another_rp_is_taken(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	join(p);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " P*10.9.9.8");
	sw_assert_empty(p);
}

static void two_interfaces_are_one_tree(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_neigh(p, p->lan2, "10.0.4.2");
	join(p);
	sw_forget(p);
	sw_jp(p, p->lan2, "10.0.4.2", "10.0.4.1", G " J*");
	assert_string_equal(sw_sent(p, p->up), "");
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1 lan2");
	prune(p);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan2");
	sw_jp(p, p->lan2, "10.0.4.2", "10.0.4.1", G " P*");
	assert_string_equal(sw_sent(p, p->up), P_UP);
	sw_assert_empty(p);
}

#define T(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(join_in_noinfo_goes_to_join_and_joins_upstream),
		T(prune_in_noinfo_makes_nothing),
		T(join_in_join_sets_et_to_the_maximum),
		T(prune_in_join_of_the_only_neighbour_ends_at_once_without_echo),
		T(prune_in_join_is_pending_for_the_override_interval_and_echoed),
		T(et_in_join_goes_to_noinfo),
		T(join_in_prune_pending_goes_back_and_cancels_ppt),
		T(prune_in_prune_pending_does_not_restart_ppt),
		T(et_in_prune_pending_goes_to_noinfo),
		T(a_holdtime_of_0_ends_at_once),
		T(messages_for_another_router_touch_no_downstream_state),
		T(a_join_for_another_rp_is_counted_and_the_rest_of_its_set_taken),
		T(a_prune_for_another_rp_is_taken),
		T(two_interfaces_are_one_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
