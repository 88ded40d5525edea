/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Figure 8 of RFC 7761 by messages, data, timers and changes of the router: which event is which,
 * and what follows from it. Each cell by itself is in test_sm_assert_table.c.
 */
#include "tests/unit/pim/assert_help.h"

/* --- figure 8, NoInfo ------------------------------------------------------------------------- */

static void sg_noinfo_inferior_assert_makes_a_winner(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	forward_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, WORSE);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_WINNER);
	check_winner(oif(dw, S_SPT, G, dw->lan), "10.1.0.5", 110);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_SPT, false, 110);
	assert_int_equal(a.metric, 20);
}

static void sg_noinfo_assert_with_rpt_bit_makes_a_winner_of_who_has_the_spt(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	forward_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, true, BEST);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_WINNER);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_SPT, false, 110);
}

static void sg_noinfo_assert_with_rpt_bit_is_nothing_without_could_assert(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	data_join(dw, S_SPT, G); /* no data yet: SPTbit is clear */
	data_forget(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, true, BEST);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 0);
}

static void sg_noinfo_data_makes_a_winner(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	forward_sg(dw);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_WINNER);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_SPT, false, 110);
}

static void sg_noinfo_data_on_an_interface_outside_the_olist_is_nothing(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	forward_sg(dw);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan2);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan2), ASSERT_NOINFO);
	assert_int_equal(data_asserts(dw, dw->lan2, &a), 0);
}

static void sg_noinfo_acceptable_assert_makes_a_loser(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;
	struct sm_at i;

	forward_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, BETTER);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	check_winner(oif(dw, S_SPT, G, dw->lan), "10.1.0.9", 90);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 0);
	i = at(dw, S_SPT, G, dw->lan);
	assert_false(inherited_olist_sg(&i));
}

static void sg_noinfo_equal_metric_goes_to_the_higher_address(void **state)
{
	struct data_world *dw = *state;

	forward_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.2", S_SPT, G, false, 110, 20);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_WINNER);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, 110, 20);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
}

/* A6: the winner upstream is on the SPT, so are we. */
static void sg_noinfo_acceptable_assert_upstream_sets_the_spt_bit(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr v = addr("10.0.1.3");

	data_join(dw, "*", G);
	data_join(dw, S_V, G); /* RPF'(S,G) is V, RPF'(*,G) is U, both on up */
	data_upcall(dw, DP_UPCALL_DATA, S_V, G, dw->up);
	assert_false(source(dw, S_V, G)->spt_bit);
	data_assert(dw, dw->up, "10.0.1.3", S_V, G, false, WORSE);
	assert_int_equal(assert_of(dw, S_V, G, dw->up), ASSERT_LOSER);
	assert_true(source(dw, S_V, G)->spt_bit);
	assert_true(ip_eq(&source(dw, S_V, G)->sg.up.nbr, &v));
}

static void sg_noinfo_acceptable_assert_is_nothing_without_tracking(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	forward_sg(dw);
	before = fingerprint(dw);
	data_assert(dw, dw->lan2, "10.2.0.9", S_SPT, G, false, BETTER);
	data_hello(dw, dw->lan2, "10.2.0.9", 1, 65535, 1);
	data_assert(dw, dw->lan2, "10.2.0.9", S_SPT, G, false, BETTER);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan2), ASSERT_NOINFO);
	assert_true(before == fingerprint(dw));
}

static void sg_noinfo_cancel_makes_a_winner_of_who_can_forward(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	forward_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, true, INFINITE);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_WINNER);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
}

/* Only (*,G) is there: an Assert(S,G) beats it for S, and (S,G) is made to remember that. */
static void sg_without_state_loses_against_the_spt(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i;

	forward_star(dw);
	assert_null(source(dw, S_SPT, G));
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, WORSE);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
	i = at(dw, S_SPT, G, dw->lan);
	assert_false(inherited_olist_sg_rpt(&i));
	data_pass(dw, 180);
	assert_null(source(dw, S_SPT, G));
}

static void sg_without_state_is_not_made_for_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before = fingerprint(dw);

	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, BETTER);
	assert_null(group(dw, G));
	forward_star(dw);
	before = fingerprint(dw);
	data_assert(dw, dw->spt, "10.0.2.2", S_SPT, G, false, BETTER);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, INFINITE);
	assert_null(source(dw, S_SPT, G));
	assert_true(before == fingerprint(dw));
}

/* --- figure 8, Winner ------------------------------------------------------------------------- */

static void sg_winner_says_so_again_before_losers_forget(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	win_sg(dw);
	data_pass(dw, 176.9);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 0);
	data_pass(dw, 0.2); /* Assert_Time - Assert_Override_Interval */
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_SPT, false, 110);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_WINNER);
	data_pass(dw, 177);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
}

static void sg_winner_answers_an_inferior_assert(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;
	uint64_t due;

	win_sg(dw);
	data_pass(dw, 50);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, WORSE);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_SPT, false, 110);
	due = oif(dw, S_SPT, G, dw->lan)->info->at.due_us;
	assert_true(due == dw->w->now_us + 177000000);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, true, BEST); /* mentions S */
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_WINNER);
}

static void sg_winner_loses_to_a_preferred_assert(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	win_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.2", S_SPT, G, false, BETTER);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	check_winner(oif(dw, S_SPT, G, dw->lan), "10.1.0.2", 90);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 0);
	assert_true(oif(dw, S_SPT, G, dw->lan)->info->at.due_us == dw->w->now_us + 180000000);
}

static void sg_winner_cancels_when_it_stops_forwarding(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	win_sg(dw);
	data_prune(dw, S_SPT, G);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_SPT, true, 0x7fffffff);
	assert_int_equal(a.metric, 0xffffffff);
}

static void sg_winner_repeats_itself_to_data_once_a_second(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	win_sg(dw);
	for (unsigned i = 0; i < 20; i++) {
		data_pass(dw, 0.0499);
		data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	}
	assert_int_equal(data_asserts(dw, dw->lan, &a), 0);
	data_pass(dw, 0.01);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
}

static void sg_winner_follows_its_own_metric(void **state)
{
	struct data_world *dw = *state;

	win_sg(dw);
	data_route(dw, "10.9.0.0/16", dw->spt, "10.0.2.2", 70);
	assert_int_equal(AssertWinner(oif(dw, S_SPT, G, dw->lan))->metric, 70);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, 110, 50);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
}

static void sg_winner_under_an_old_address_is_void(void **state)
{
	struct data_world *dw = *state;

	win_sg(dw);
	world_readdress(dw->w, dw->lan, "10.1.0.77/24");
	world_run(dw->w);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
}

/* --- figure 8, Loser -------------------------------------------------------------------------- */

static void sg_loser_turns_to_a_preferred_assert(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_pass(dw, 10);
	data_assert(dw, dw->lan, "10.1.0.2", S_SPT, G, false, BEST);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	check_winner(oif(dw, S_SPT, G, dw->lan), "10.1.0.2", 1);
	assert_true(oif(dw, S_SPT, G, dw->lan)->info->at.due_us == dw->w->now_us + 180000000);
}

static void sg_loser_ignores_asserts_between_the_winner_and_itself(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.2", S_SPT, G, false, 95, 1);
	check_winner(oif(dw, S_SPT, G, dw->lan), "10.1.0.9", 90);
	data_assert(dw, dw->lan, "10.1.0.2", S_SPT, G, false, WORSE);
	check_winner(oif(dw, S_SPT, G, dw->lan), "10.1.0.9", 90);
}

static void sg_loser_takes_the_winners_new_metric_while_acceptable(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_pass(dw, 100);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, 100, 1);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	check_winner(oif(dw, S_SPT, G, dw->lan), "10.1.0.9", 100);
	assert_true(oif(dw, S_SPT, G, dw->lan)->info->at.due_us == dw->w->now_us + 180000000);
}

static void sg_loser_forgets_when_the_winner_becomes_inferior(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i;

	forward_elsewhere(dw);
	lose_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, WORSE);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
	i = at(dw, S_SPT, G, dw->lan);
	assert_true(inherited_olist_sg(&i));
}

static void sg_loser_forgets_at_the_winners_cancel(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.2", S_SPT, G, true, INFINITE); /* not the winner's */
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, true, INFINITE);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

static void sg_loser_forgets_after_assert_time(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_pass(dw, 179.9);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	data_pass(dw, 0.2);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
}

static void sg_loser_forgets_when_the_winner_restarts(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_hello(dw, dw->lan, "10.1.0.2", 77, 65535, 1); /* another router */
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	data_hello(dw, dw->lan, "10.1.0.9", 77, 65535, 0);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
}

static void sg_loser_forgets_when_the_winner_is_gone(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_hello(dw, dw->lan, "10.1.0.9", 1, 0, 0);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
}

static void sg_loser_forgets_when_nobody_wants_it(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_prune(dw, S_SPT, G);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
}

static void sg_loser_forgets_when_its_metric_becomes_better(void **state)
{
	struct data_world *dw = *state;

	forward_elsewhere(dw);
	forward_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", S_SPT, G, false, 110, 10);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	data_route(dw, "10.9.0.0/16", dw->spt, "10.0.2.2", 11);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	data_route(dw, "10.9.0.0/16", dw->spt, "10.0.2.2", 9);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
}

static void sg_loser_forgets_when_the_rpf_interface_moves(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, S_V, G);
	data_assert(dw, dw->up, "10.0.1.2", S_V, G, false, BETTER);
	assert_int_equal(assert_of(dw, S_V, G, dw->up), ASSERT_LOSER);
	data_route(dw, "10.7.0.0/16", dw->spt, "10.0.2.2", 20);
	assert_int_equal(assert_of(dw, S_V, G, dw->up), ASSERT_NOINFO);
}

static void sg_loser_forgets_when_somebody_joins_it(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_join(dw, S_SPT, G);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_NOINFO);
}

static void sg_loser_sends_nothing_for_data(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	lose_sg(dw);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 0);
}

/* RPF'(S,G) is the winner: joins go to it. */
static void sg_loser_upstream_joins_the_winner(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr u = addr("10.0.1.2"), v = addr("10.0.1.3");

	data_join(dw, S_V, G);
	assert_true(ip_eq(&source(dw, S_V, G)->sg.up.nbr, &v));
	data_assert(dw, dw->up, "10.0.1.2", S_V, G, false, BETTER);
	assert_true(ip_eq(&source(dw, S_V, G)->sg.up.nbr, &u));
	data_assert(dw, dw->up, "10.0.1.2", S_V, G, true, INFINITE);
	assert_true(ip_eq(&source(dw, S_V, G)->sg.up.nbr, &v));
}

static void sg_loser_upstream_follows_the_next_winner(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr v = addr("10.0.1.3");

	data_join(dw, S_UP, G);
	data_assert(dw, dw->up, "10.0.1.2", S_UP, G, false, BETTER);
	data_assert(dw, dw->up, "10.0.1.3", S_UP, G, false, BEST);
	assert_true(ip_eq(&source(dw, S_UP, G)->sg.up.nbr, &v));
}

/* Only an Assert without RPTbit renews what the winner of (S,G) said. */
static void sg_loser_upstream_is_not_renewed_by_the_rpt(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, S_V, G);
	data_assert(dw, dw->up, "10.0.1.2", S_V, G, false, BETTER);
	data_pass(dw, 50);
	data_assert(dw, dw->up, "10.0.1.2", S_V, G, true, BETTER);
	assert_int_equal(assert_of(dw, S_V, G, dw->up), ASSERT_LOSER);
	assert_int_equal(
		timer_left(&oif(dw, S_V, G, dw->up)->info->at, dw->w->now_us), 130 * 1000000ull);
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sg_noinfo_inferior_assert_makes_a_winner),
		T(sg_noinfo_assert_with_rpt_bit_makes_a_winner_of_who_has_the_spt),
		T(sg_noinfo_assert_with_rpt_bit_is_nothing_without_could_assert),
		T(sg_noinfo_data_makes_a_winner),
		T(sg_noinfo_data_on_an_interface_outside_the_olist_is_nothing),
		T(sg_noinfo_acceptable_assert_makes_a_loser),
		T(sg_noinfo_equal_metric_goes_to_the_higher_address),
		T(sg_noinfo_acceptable_assert_upstream_sets_the_spt_bit),
		T(sg_noinfo_acceptable_assert_is_nothing_without_tracking),
		T(sg_noinfo_cancel_makes_a_winner_of_who_can_forward),
		T(sg_without_state_loses_against_the_spt),
		T(sg_without_state_is_not_made_for_nothing),
		T(sg_winner_says_so_again_before_losers_forget),
		T(sg_winner_answers_an_inferior_assert),
		T(sg_winner_loses_to_a_preferred_assert),
		T(sg_winner_cancels_when_it_stops_forwarding),
		T(sg_winner_repeats_itself_to_data_once_a_second),
		T(sg_winner_follows_its_own_metric),
		T(sg_winner_under_an_old_address_is_void),
		T(sg_loser_turns_to_a_preferred_assert),
		T(sg_loser_ignores_asserts_between_the_winner_and_itself),
		T(sg_loser_takes_the_winners_new_metric_while_acceptable),
		T(sg_loser_forgets_when_the_winner_becomes_inferior),
		T(sg_loser_forgets_at_the_winners_cancel),
		T(sg_loser_forgets_after_assert_time),
		T(sg_loser_forgets_when_the_winner_restarts),
		T(sg_loser_forgets_when_the_winner_is_gone),
		T(sg_loser_forgets_when_nobody_wants_it),
		T(sg_loser_forgets_when_its_metric_becomes_better),
		T(sg_loser_forgets_when_the_rpf_interface_moves),
		T(sg_loser_forgets_when_somebody_joins_it),
		T(sg_loser_sends_nothing_for_data),
		T(sg_loser_upstream_joins_the_winner),
		T(sg_loser_upstream_follows_the_next_winner),
		T(sg_loser_upstream_is_not_renewed_by_the_rpt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
