/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Two deviations for trees that meet themselves, each alone (whole networks: tests/sim/test_ring.c). Where both trees come
 * in by one interface from two neighbours, the SPTbit is set by time; who lost an Assert(S,G) upstream on the RP tree
 * joins the source (RFC 7761 4.2.2, 4.6.1 A6).
 */
#include "tests/unit/pim/assert_help.h"

#define KEEPALIVE_MS 210000

/* --- the SPTbit by time ----------------------------------------------------------------------- */

/* lan has joined the group, which comes by U, and S_V, which comes by V; all of it on up. */
static void both_trees_by_one_interface(struct data_world *dw)
{
	data_join(dw, "*", G);
	data_join(dw, S_V, G);
	data_upcall(dw, DP_UPCALL_DATA, S_V, G, dw->up);
	data_flow(dw, S_V, G, 1000, 0);
	assert_false(source(dw, S_V, G)->spt_bit);
	data_forget(dw);
}

static void the_first_periodic_join_sets_the_spt_bit(void **state)
{
	struct data_world *dw = *state;

	both_trees_by_one_interface(dw);
	data_pass(dw, 56); /* t_periodic is up to a sixteenth shorter than 60 s */
	assert_false(source(dw, S_V, G)->spt_bit);
	data_pass(dw, 5);
	assert_true(source(dw, S_V, G)->spt_bit);
}

static void a_periodic_join_for_a_silent_source_does_not(void **state)
{
	struct data_world *dw = *state;

	both_trees_by_one_interface(dw);
	data_flow(dw, S_V, G, 1000, KEEPALIVE_MS);
	data_pass(dw, 61);
	assert_false(source(dw, S_V, G)->spt_bit);
}

static void a_periodic_join_by_another_interface_than_the_rp_tree_does_not(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_join(dw, S_SPT, G);
	data_flow(dw, S_SPT, G, 1000, 0);
	data_pass(dw, 61);
	assert_false(source(dw, S_SPT, G)->spt_bit);
}

static void data_of_a_rival_sets_it_when_the_join_is_older_than_five_seconds(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	both_trees_by_one_interface(dw);
	data_pass(dw, 5);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_V, G, dw->lan);
	assert_false(source(dw, S_V, G)->spt_bit);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_V, true, 110);
	data_pass(dw, 1);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_V, G, dw->lan);
	assert_true(source(dw, S_V, G)->spt_bit);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_V, false, 110);
}

static void data_where_we_do_not_forward_is_no_rival(void **state)
{
	struct data_world *dw = *state;

	both_trees_by_one_interface(dw);
	data_pass(dw, 30);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_V, G, dw->lan2);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_V, G, dw->spt);
	assert_false(source(dw, S_V, G)->spt_bit);
}

static void data_of_a_rival_of_a_silent_source_does_not_set_it(void **state)
{
	struct data_world *dw = *state;

	both_trees_by_one_interface(dw);
	data_flow(dw, S_V, G, 1000, KEEPALIVE_MS);
	data_pass(dw, 30);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_V, G, dw->lan);
	assert_false(source(dw, S_V, G)->spt_bit);
}

/* --- a loser joins the source ------------------------------------------------------------------ */

/* Only routers downstream want the group: no policy of the switchover asks for the SPT. */
static void downstream_of_the_rp(struct data_world *dw)
{
	dw->conf.spt = PIM_SPT_NEVER;
	data_config(dw);
	forward_star(dw);
}

static bool joins_source(struct data_world *dw)
{
	const struct sm_source *s = source(dw, S_SPT, G);

	return s && s->sg.up.state == UP_JOINED;
}

static void who_lost_upstream_on_the_rp_tree_joins_the_source(void **state)
{
	struct data_world *dw = *state;
	struct pim_packet p;

	downstream_of_the_rp(dw);
	data_assert(dw, dw->up, "10.0.1.3", S_SPT, G, false, BETTER);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->up), ASSERT_LOSER);
	assert_true(joins_source(dw));
	assert_int_equal(data_sent(dw, dw->spt, PIM_JOIN_PRUNE, &p), 1);
	assert_false(source(dw, S_SPT, G)->spt_bit); /* its data sets it */
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	assert_true(source(dw, S_SPT, G)->spt_bit);
}

static void who_lost_upstream_to_whom_it_joined_stays_on_the_rp_tree(void **state)
{
	struct data_world *dw = *state;

	downstream_of_the_rp(dw);
	data_assert(dw, dw->up, "10.0.1.2", S_SPT, G, false, BETTER);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->up), ASSERT_LOSER);
	assert_false(joins_source(dw));
	assert_false(timer_armed(&source(dw, S_SPT, G)->kat));
}

static void a_winner_who_replaces_whom_it_joined_has_the_loser_join_the_source(void **state)
{
	struct data_world *dw = *state;

	downstream_of_the_rp(dw);
	data_assert(dw, dw->up, "10.0.1.2", S_SPT, G, false, BETTER);
	data_assert(dw, dw->up, "10.0.1.3", S_SPT, G, false, BEST);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->up), ASSERT_LOSER);
	assert_true(joins_source(dw));
}

static void the_loser_leaves_a_source_that_does_not_come(void **state)
{
	struct data_world *dw = *state;

	who_lost_upstream_on_the_rp_tree_joins_the_source(state);
	data_pass(dw, 205);
	assert_true(joins_source(dw));
	data_pass(dw, 10);
	assert_false(joins_source(dw));
}

static void a_loser_whose_receivers_pruned_the_source_does_not_join_it(void **state)
{
	struct data_world *dw = *state;

	downstream_of_the_rp(dw);
	data_jp(dw, dw->lan, "10.1.0.2", false, PIM_JP_SG_RPT, S_SPT, G);
	data_pass(dw, 4);
	data_assert(dw, dw->up, "10.0.1.3", S_SPT, G, false, BETTER);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->up), ASSERT_LOSER);
	assert_false(joins_source(dw));
	assert_false(timer_armed(&source(dw, S_SPT, G)->kat));
}

static void a_loser_downstream_does_not_join_the_source(void **state)
{
	struct data_world *dw = *state;

	downstream_of_the_rp(dw);
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE); /* an olist is left */
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, BETTER);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	assert_false(joins_source(dw));
}

static void who_lost_the_group_upstream_joins_no_source(void **state)
{
	struct data_world *dw = *state;

	downstream_of_the_rp(dw);
	data_assert(dw, dw->up, "10.0.1.3", S_SPT, G, true, BETTER);
	assert_int_equal(assert_of(dw, "*", G, dw->up), ASSERT_LOSER);
	assert_false(joins_source(dw));
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_periodic_join_sets_the_spt_bit),
		T(a_periodic_join_for_a_silent_source_does_not),
		T(a_periodic_join_by_another_interface_than_the_rp_tree_does_not),
		T(data_of_a_rival_sets_it_when_the_join_is_older_than_five_seconds),
		T(data_where_we_do_not_forward_is_no_rival),
		T(data_of_a_rival_of_a_silent_source_does_not_set_it),
		T(who_lost_upstream_on_the_rp_tree_joins_the_source),
		T(who_lost_upstream_to_whom_it_joined_stays_on_the_rp_tree),
		T(a_winner_who_replaces_whom_it_joined_has_the_loser_join_the_source),
		T(the_loser_leaves_a_source_that_does_not_come),
		T(a_loser_whose_receivers_pruned_the_source_does_not_join_it),
		T(a_loser_downstream_does_not_join_the_source),
		T(who_lost_the_group_upstream_joins_no_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
