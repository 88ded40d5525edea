/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Who has our Join although it is not RPF' any more: whom an assert's winner has replaced, and the old path of an entry
 * that moves. Each is kept as long as it may be needed, and pruned then (RFC 7761 4.5.4).
 */
#include "tests/unit/pim/star_up.h"

static int setup(void **state)
{
	struct sm_world *p;

	if (sm_world_setup(state))
		return -1;
	p = *state;
	sw_neigh(p, p->up, V);
	sw_neigh(p, p->up, W);
	joined(p);
	return 0;
}

/* --- whom a winner has replaced ---------------------------------------------------------------------- */

static void the_routes_neighbour_that_won_first_is_a_reserve_of_the_next_winner(void **state)
{
	struct sm_world *p = *state;

	wins(p, X);
	sw_forget(p);
	wins(p, W);
	assert_string_equal(sw_sent(p, p->up), W ": " G " " J);
	leave(p);
	assert_string_equal(sw_sent(p, p->up), W ": " G " " P " | " X ": " G " " P);
}

static void a_winner_that_is_the_routes_now_takes_the_place_of_the_former_reserve(void **state)
{
	struct sm_world *p = *state;

	wins(p, V);
	route(p, p->up, V);
	sw_forget(p);
	wins(p, W);
	assert_string_equal(sw_sent(p, p->up), X ": " G " " P " | " W ": " G " " J);
	leave(p);
	assert_string_equal(sw_sent(p, p->up), W ": " G " " P " | " V ": " G " " P);
}

static void a_reserve_that_wins_and_loses_is_the_reserve_again(void **state)
{
	struct sm_world *p = *state;

	sw_assert(p, p->up, V, NULL, G, true, 1, 0);
	sw_pass(p, 2500);
	sw_forget(p);
	wins(p, X);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " P " | " X ": " G " " J);
	wins(p, W);
	assert_string_equal(sw_sent(p, p->up), W ": " G " " J);
	leave(p);
	assert_string_equal(sw_sent(p, p->up), W ": " G " " P " | " X ": " G " " P);
}

static void a_winner_that_let_go_is_the_reserve_of_whom_the_route_leads_to(void **state)
{
	struct sm_world *p = *state;

	wins(p, V);
	sw_forget(p);
	sw_assert(p, p->up, V, NULL, G, true, 0x7fffffff, 0xffffffff);
	sw_pass(p, 2500);
	assert_string_equal(sw_sent(p, p->up), J_UP);
	leave(p);
	assert_string_equal(sw_sent(p, p->up), P_UP " | " V ": " G " " P);
}

static void a_winner_that_let_go_and_wins_again_is_no_reserve_of_its_own(void **state)
{
	struct sm_world *p = *state;

	wins(p, V);
	sw_assert(p, p->up, V, NULL, G, true, 0x7fffffff, 0xffffffff);
	sw_forget(p);
	wins(p, V);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " J);
	leave(p);
	assert_string_equal(sw_sent(p, p->up), V ": " G " " P " | " P_UP);
}

static void pim_that_is_turned_off_prunes_the_reserve_too(void **state)
{
	struct sm_world *p = *state;

	wins(p, W);
	sw_forget(p);
	sw_conf(p, "up")->mode = PIM_MODE_OFF;
	sw_config(p);
	assert_string_equal(sw_sent(p, p->up), W ": " G " " P " | " X ": " G " " P);
}

/* --- the old path of one that moves ------------------------------------------------------------------- */

static void a_move_keeps_its_old_neighbour_that_has_won_meanwhile(void **state)
{
	struct sm_world *p = *state;

	route(p, p->up, V);
	assert_non_null(up(p)->move);
	sw_assert(p, p->up, X, NULL, G, true, 0, 0);
	assert_true(up(p)->by_assert);
	sw_forget(p);
	route(p, p->src, "10.0.2.2");
	assert_string_equal(sw_sent(p, p->up), V ": " G " " P);
	assert_non_null(up(p)->move);
	sw_pass(p, 3000);
	assert_string_equal(sw_sent(p, p->up), X ": " G " " P);
}

static void a_move_that_goes_on_to_another_rp_of_the_old_link_keeps_nothing(void **state)
{
	struct sm_world *p = *state;

	route(p, p->up, V);
	assert_non_null(up(p)->move);
	world_route(p->w, RP8 "/32", p->up, W);
	sw_forget(p);
	another_rp(p);
	assert_string_equal(
		sw_sent(p, p->up), W ": " G " " J8 " | " V ": " G " " P " | " X ": " G " " P);
	assert_null(up(p)->move);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_routes_neighbour_that_won_first_is_a_reserve_of_the_next_winner),
		T(a_winner_that_is_the_routes_now_takes_the_place_of_the_former_reserve),
		T(a_reserve_that_wins_and_loses_is_the_reserve_again),
		T(a_winner_that_let_go_is_the_reserve_of_whom_the_route_leads_to),
		T(a_winner_that_let_go_and_wins_again_is_no_reserve_of_its_own),
		T(pim_that_is_turned_off_prunes_the_reserve_too),
		T(a_move_keeps_its_old_neighbour_that_has_won_meanwhile),
		T(a_move_that_goes_on_to_another_rp_of_the_old_link_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
