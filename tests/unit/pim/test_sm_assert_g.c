/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Figure 9 of RFC 7761 by messages, data, timers and changes of the router.
 */
#include "tests/unit/pim/assert_help.h"

/* --- figure 9 --------------------------------------------------------------------------------- */

static void star_noinfo_inferior_assert_makes_a_winner(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	forward_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, WORSE);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_WINNER);
	check_winner(oif(dw, "*", G, dw->lan), "10.1.0.5", 110);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, "*", true, 110);
}

static void star_noinfo_data_makes_a_winner_and_names_the_source(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	forward_star(dw);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_WINNER);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_SPT, true, 110);
	assert_null(source(dw, S_SPT, G));
}

static void star_noinfo_data_of_a_source_pruned_there_is_nothing(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	forward_star(dw);
	data_jp(dw, dw->lan, "10.1.0.2", false, PIM_JP_SG_RPT, S_SPT, G);
	data_pass(dw, 4);
	data_forget(dw);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 0);
}

static void star_noinfo_acceptable_assert_makes_a_loser(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i;

	forward_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, BETTER);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
	check_winner(oif(dw, "*", G, dw->lan), "10.1.0.9", 90);
	i = at(dw, "*", G, dw->lan);
	assert_false(immediate_olist_star_g(&i));
}

static void star_noinfo_is_not_moved_by_an_assert_without_rpt_bit(void **state)
{
	struct data_world *dw = *state;

	forward_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, BEST);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

/* S is pruned on lan, so that (S,G) tracks nothing there. */
static void star_noinfo_is_not_moved_by_it_where_sg_does_not_track(void **state)
{
	struct data_world *dw = *state;

	forward_star(dw);
	data_jp(dw, dw->lan, "10.1.0.2", false, PIM_JP_SG_RPT, S_SPT, G);
	data_pass(dw, 4);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, BEST);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

static void star_noinfo_takes_a_cancel_for_no_winner(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	forward_star(dw);
	before = fingerprint(dw);
	data_assert(dw, dw->up, "10.0.1.3", "*", G, true, INFINITE); /* our metric there is none */
	assert_true(before == fingerprint(dw));
}

static void star_noinfo_hears_nothing_while_sg_is_not_in_noinfo(void **state)
{
	struct data_world *dw = *state;

	forward_star(dw);
	lose_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, true, BETTER);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
}

/* The second example of 4.6.2. */
static void star_noinfo_hears_nothing_of_what_moved_sg(void **state)
{
	struct data_world *dw = *state;

	forward_star(dw);
	lose_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, true, WORSE);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

static void star_noinfo_hears_an_assert_that_names_a_source_without_state(void **state)
{
	struct data_world *dw = *state;

	forward_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, true, BETTER);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
	assert_null(source(dw, S_SPT, G));
}

static void star_noinfo_ignores_what_it_does_not_track(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	forward_star(dw);
	before = fingerprint(dw);
	data_assert(dw, dw->spt, "10.0.2.2", "*", G, true, BETTER);
	assert_true(before == fingerprint(dw));
}

static void star_winner_says_so_again_before_losers_forget(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	win_star(dw);
	data_pass(dw, 177.1);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, "*", true, 110);
}

/* Losers compare with what they heard: they hear of it before it is due again. */
static void star_winner_says_soon_that_its_metric_is_worse(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	win_star(dw);
	data_route(dw, "10.255.0.0/16", dw->up, "10.0.1.2", 9);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 0);
	data_route(dw, "10.255.0.0/16", dw->up, "10.0.1.2", 90);
	data_pass(dw, 2.6);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	assert_int_equal(a.metric, 90);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_WINNER);
}

static void star_winner_answers_an_inferior_assert(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	win_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, WORSE);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, "*", true, 110);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_WINNER);
}

static void star_winner_loses_to_a_preferred_assert(void **state)
{
	struct data_world *dw = *state;

	win_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, BETTER);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
}

static void star_winner_cancels_when_it_stops_forwarding(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	win_star(dw);
	data_prune(dw, "*", G);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, "*", true, 0x7fffffff);
	assert_int_equal(a.metric, 0xffffffff);
}

static void star_loser_turns_to_a_preferred_assert(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	data_assert(dw, dw->lan, "10.1.0.2", "*", G, true, BEST);
	check_winner(oif(dw, "*", G, dw->lan), "10.1.0.2", 1);
}

static void star_loser_takes_the_winners_new_metric_while_acceptable(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	data_pass(dw, 100);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, 100, 1);
	check_winner(oif(dw, "*", G, dw->lan), "10.1.0.9", 100);
	assert_true(oif(dw, "*", G, dw->lan)->info->at.due_us == dw->w->now_us + 180000000);
}

static void star_loser_forgets_when_the_winner_becomes_inferior(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, WORSE);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

static void star_loser_forgets_at_the_winners_cancel(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, INFINITE);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

/* AssertCancel(S,G) has a source: it is not one of (*,G). */
static void star_loser_keeps_its_winner_when_that_leaves_the_spt(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, true, INFINITE);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
}

static void star_loser_forgets_after_assert_time(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	data_pass(dw, 179.9);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
	data_pass(dw, 0.2);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

static void star_loser_forgets_when_the_winner_restarts(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	data_hello(dw, dw->lan, "10.1.0.9", 77, 65535, 0);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

static void star_loser_forgets_when_nobody_wants_it(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	data_prune(dw, "*", G);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

static void star_loser_forgets_when_its_metric_becomes_better(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	forward_star(dw); /* voids it: lose again by a narrow margin */
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, 110, 10);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
	data_route(dw, "10.255.0.0/16", dw->up, "10.0.1.2", 9);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

static void star_loser_forgets_when_the_rpf_interface_moves(void **state)
{
	struct data_world *dw = *state;

	forward_star(dw);
	data_assert(dw, dw->up, "10.0.1.3", "*", G, true, BETTER);
	assert_int_equal(assert_of(dw, "*", G, dw->up), ASSERT_LOSER);
	data_route(dw, "10.255.0.0/16", dw->spt, "10.0.2.2", 20);
	assert_int_equal(assert_of(dw, "*", G, dw->up), ASSERT_NOINFO);
}

static void star_loser_forgets_when_somebody_joins_it(void **state)
{
	struct data_world *dw = *state;

	lose_star(dw);
	data_join(dw, "*", G);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

/* 4.6.5, rule 7: the Join(*,G) does not prune S. */
static void a_join_of_the_group_voids_lost_asserts_of_its_sources(void **state)
{
	struct data_world *dw = *state;

	forward_star(dw);
	lose_sg(dw);
	data_join(dw, "*", G);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(star_noinfo_inferior_assert_makes_a_winner),
		T(star_noinfo_data_makes_a_winner_and_names_the_source),
		T(star_noinfo_data_of_a_source_pruned_there_is_nothing),
		T(star_noinfo_acceptable_assert_makes_a_loser),
		T(star_noinfo_is_not_moved_by_an_assert_without_rpt_bit),
		T(star_noinfo_is_not_moved_by_it_where_sg_does_not_track),
		T(star_noinfo_takes_a_cancel_for_no_winner),
		T(star_noinfo_hears_nothing_while_sg_is_not_in_noinfo),
		T(star_noinfo_hears_nothing_of_what_moved_sg),
		T(star_noinfo_hears_an_assert_that_names_a_source_without_state),
		T(star_noinfo_ignores_what_it_does_not_track),
		T(star_winner_says_so_again_before_losers_forget),
		T(star_winner_says_soon_that_its_metric_is_worse),
		T(star_winner_answers_an_inferior_assert),
		T(star_winner_loses_to_a_preferred_assert),
		T(star_winner_cancels_when_it_stops_forwarding),
		T(star_loser_turns_to_a_preferred_assert),
		T(star_loser_takes_the_winners_new_metric_while_acceptable),
		T(star_loser_forgets_when_the_winner_becomes_inferior),
		T(star_loser_forgets_at_the_winners_cancel),
		T(star_loser_keeps_its_winner_when_that_leaves_the_spt),
		T(star_loser_forgets_after_assert_time),
		T(star_loser_forgets_when_the_winner_restarts),
		T(star_loser_forgets_when_nobody_wants_it),
		T(star_loser_forgets_when_its_metric_becomes_better),
		T(star_loser_forgets_when_the_rpf_interface_moves),
		T(star_loser_forgets_when_somebody_joins_it),
		T(a_join_of_the_group_voids_lost_asserts_of_its_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
