/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Asserts and the DR, asserts in the SSM range, what winners say again, and what is refused of them.
 */
#include "tests/sum.h"
#include "tests/unit/pim/assert_help.h"

/* --- DR and winner ---------------------------------------------------------------------------- */

static void a_dr_that_lost_no_longer_serves_its_hosts(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i;

	data_hello(dw, dw->lan, "10.1.0.2", 1, 65535, 0); /* we are the DR: 1 against 0 */
	assert_true(pif(dw, dw->lan)->i_am_dr);
	data_member(dw, dw->lan, "*", G, MEMBER_INCLUDE);
	i = at(dw, "*", G, dw->lan);
	assert_true(pim_include_star_g(&i));
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, BETTER);
	i = at(dw, "*", G, dw->lan);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
	assert_false(pim_include_star_g(&i));
	/* tracking holds although the olist is empty: the DR remembers that it lost */
	data_pass(dw, 100);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
	data_pass(dw, 100);
	i = at(dw, "*", G, dw->lan);
	assert_true(pim_include_star_g(&i));
}

static void a_winner_serves_hosts_without_being_the_dr(void **state)
{
	struct data_world *dw = *state;
	struct sm_at i;

	data_hello(dw, dw->lan, "10.1.0.2", 1, 65535, 100);
	assert_false(pif(dw, dw->lan)->i_am_dr);
	data_member(dw, dw->lan, "*", G, MEMBER_INCLUDE);
	forward_star(dw);
	i = at(dw, "*", G, dw->lan);
	assert_false(pim_include_star_g(&i));
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->lan);
	i = at(dw, "*", G, dw->lan);
	assert_true(pim_include_star_g(&i));
	data_prune(dw, "*", G); /* the join goes, the hosts stay */
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_WINNER);
	data_member(dw, dw->lan, "*", G, MEMBER_NONE);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_NOINFO);
}

/* --- SSM -------------------------------------------------------------------------------------- */

static void ssm_asserts_without_waiting_for_data_on_the_spt(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	data_join(dw, S_SPT, "232.1.1.1");
	data_forget(dw);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, "232.1.1.1", dw->lan);
	assert_int_equal(assert_of(dw, S_SPT, "232.1.1.1", dw->lan), ASSERT_WINNER);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	check_assert(&a, S_SPT, false, 110);
}

static void ssm_knows_no_assert_of_the_group(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	data_join(dw, S_SPT, "232.1.1.1");
	before = fingerprint(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", "232.1.1.1", true, BETTER);
	assert_true(before == fingerprint(dw));
}

/* --- very many -------------------------------------------------------------------------------- */

static void of_very_many_that_become_worse_about_1000_a_second_are_said(void **state)
{
	struct data_world *dw = *state;
	const unsigned n = 5000;
	struct pim_assert a;
	char grp[IP_STRLEN];
	unsigned said;

	for (unsigned i = 0; i < n; i++) {
		snprintf(grp, sizeof(grp), "239.2.%u.%u", i / 250, i % 250);
		data_join(dw, "*", grp);
		data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, grp, dw->lan);
	}
	assert_int_equal(assert_of(dw, "*", grp, dw->lan), ASSERT_WINNER);
	data_forget(dw);
	data_route(dw, "10.255.0.0/16", dw->up, "10.0.1.2", 90);
	data_pass(dw, 1);
	said = data_asserts(dw, dw->lan, &a);
	assert_in_range(said, 900, 1100);
	data_pass(dw, 4);
	assert_int_equal(said + data_asserts(dw, dw->lan, &a), n);
}

/* --- Joins to another, who may have lost (4.6.5 rules 6 and 7) ---------------------------------- */

/* It is due within this time of the Join. */
static unsigned said_soon(struct data_world *dw)
{
	struct pim_assert a;

	data_pass(dw, 2.51);
	return data_asserts(dw, dw->lan, &a);
}

static void a_winner_speaks_again_when_another_is_joined(void **state)
{
	struct data_world *dw = *state;

	win_sg(dw);
	data_join_to_another(dw, S_SPT, G, NULL);
	assert_int_equal(said_soon(dw), 1);
	data_join_to_another(dw, "*", G, NULL);
	data_join_to_another(dw, "*", G, NULL);
	assert_int_equal(said_soon(dw), 1);
	assert_int_equal(said_soon(dw), 0);
	data_join_to_another(dw, S_UP, G, NULL); /* another source */
	assert_int_equal(said_soon(dw), 0);
}

static void a_winner_of_the_group_speaks_again_when_another_is_joined(void **state)
{
	struct data_world *dw = *state;

	win_star(dw);
	data_join_to_another(dw, "*", G, S_SPT);
	assert_int_equal(said_soon(dw), 1);
	data_join_to_another(dw, S_SPT, G, NULL);
	assert_int_equal(said_soon(dw), 0);
}

static void a_join_to_another_without_the_source_has_its_winner_say_nothing(void **state)
{
	struct data_world *dw = *state;

	win_sg(dw);
	data_join_to_another(dw, "*", G, S_SPT);
	assert_int_equal(said_soon(dw), 0);
	data_join_to_another(dw, "*", G, S_UP); /* the next one has no Prune of it */
	assert_int_equal(said_soon(dw), 1);
	dw->rp.address = addr("10.255.0.9"); /* a Join for another RP than ours */
	data_join_to_another(dw, "*", G, NULL);
	assert_int_equal(said_soon(dw), 0);
}

/* Who began without the source, by a Prune beside its Join(*,G), has not heard of us. */
static void a_winner_speaks_again_when_another_is_asked_for_the_source_on_the_rp_tree(void **state)
{
	struct data_world *dw = *state;

	win_sg(dw);
	data_join_to_another(dw, "*", G, S_SPT);
	data_rpt_join_to_another(dw, S_UP, G); /* another source */
	assert_int_equal(said_soon(dw), 0);
	data_rpt_join_to_another(dw, S_SPT, G);
	data_rpt_join_to_another(dw, S_SPT, G);
	assert_int_equal(said_soon(dw), 1);
	assert_int_equal(said_soon(dw), 0);
}

static void a_loser_says_nothing_when_another_is_joined(void **state)
{
	struct data_world *dw = *state;

	lose_sg(dw);
	data_join_to_another(dw, "*", G, NULL);
	data_join_to_another(dw, S_SPT, G, NULL);
	data_rpt_join_to_another(dw, S_SPT, G);
	assert_int_equal(said_soon(dw), 0);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_LOSER);
}

/* The winner may not have wanted the source on the link when we won that. */
static void who_loses_the_group_says_at_once_which_sources_it_has_won(void **state)
{
	struct data_world *dw = *state;
	struct pim_assert a;

	win_star(dw);
	win_sg(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, BETTER);
	assert_int_equal(assert_of(dw, "*", G, dw->lan), ASSERT_LOSER);
	assert_int_equal(assert_of(dw, S_SPT, G, dw->lan), ASSERT_WINNER);
	data_pass(dw, 0.01);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	assert_false(a.rpt);
	assert_true(ip_eq(&a.src, src_of(source(dw, S_SPT, G))));
	data_pass(dw, 170); /* and then with AT, as ever */
	assert_int_equal(data_asserts(dw, dw->lan, &a), 0);
}

/* --- what is refused -------------------------------------------------------------------------- */

static void an_assert_that_is_broken_changes_nothing(void **state)
{
	static const uint8_t group_mask[4] = {33, 0, 31, 255};
	struct data_world *dw = *state;
	struct pim_assert a = {.rpt = true, .preference = 1, .metric = 1};
	struct ipaddr from = addr("10.1.0.9");
	uint8_t buf[64];
	uint64_t before;
	size_t len;

	a.grp = addr(G);
	forward_star(dw);
	before = fingerprint(dw);
	for (unsigned i = 0; i < 4; i++) { /* mask lengths of the group */
		len = pim_assert_write(buf, sizeof(buf), &from, &a);
		buf[20 + 4 + 3] = group_mask[i];
		sum16_seal(buf + 22, buf + 20, len - 20);
		data_packet(dw, dw->lan, buf, len);
	}
	assert_int_equal(drops(dw, PIM_DROP_mask_len), 4);
	assert_true(before == fingerprint(dw));
}

static void an_assert_of_no_neighbor_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	forward_star(dw);
	before = fingerprint(dw);
	data_assert(dw, dw->lan, "10.1.0.200", "*", G, true, BETTER);
	assert_int_equal(drops(dw, PIM_DROP_no_neighbor), 1);
	assert_true(before == fingerprint(dw));
}

static void an_assert_about_a_group_behind_a_boundary_changes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before;

	forward_star(dw);
	assert_int_equal(prefix_parse("239.1.0.0/16", &dw->boundary), 0);
	dw->ifs[2].n_boundary = 1;
	dw->ifs[2].boundary = &dw->boundary;
	data_config(dw);
	before = fingerprint(dw);
	data_assert(dw, dw->lan, "10.1.0.9", "*", G, true, BETTER);
	assert_int_equal(drops(dw, PIM_DROP_boundary), 1);
	assert_true(before == fingerprint(dw));
}

static void a_flood_of_asserts_stays_below_the_limit_of_its_sender(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr flooder = addr("10.1.0.9");
	char src[IP_STRLEN];

	dw->conf.limits.per_neighbor = 5;
	data_config(dw);
	forward_star(dw);
	for (unsigned i = 1; i <= 200; i++) {
		snprintf(src, sizeof(src), "10.9.0.%u", i);
		data_assert(dw, dw->lan, "10.1.0.9", src, G, false, BETTER);
	}
	assert_int_equal(dw->sm->n_sg, 5);
	assert_int_equal(drops(dw, PIM_DROP_limit_neighbor), 195);
	assert_int_equal(pim_neigh_find(pif(dw, dw->lan), &flooder)->n_states, 5);
	data_assert(dw, dw->lan, "10.1.0.2", "10.9.1.1", G, false, BETTER); /* another sender */
	assert_int_equal(dw->sm->n_sg, 6);
	data_pass(dw, 181);
	assert_int_equal(dw->sm->n_sg, 0);
	assert_int_equal(pim_neigh_find(pif(dw, dw->lan), &flooder)->n_states, 0);
}

/* Upstream on the RP tree a lost Assert has the source joined; taken back it leaves nothing of that, or its sender would
 * make as many as it likes. */
static void asserts_upstream_that_are_taken_back_leave_no_source_joined(void **state)
{
	struct data_world *dw = *state;
	char src[IP_STRLEN];

	forward_star(dw);
	for (unsigned i = 1; i <= 20; i++) {
		snprintf(src, sizeof(src), "10.9.0.%u", i);
		data_assert(dw, dw->up, "10.0.1.3", src, G, false, BEST);
		assert_int_equal(source(dw, src, G)->sg.up.state, UP_JOINED);
		data_assert(dw, dw->up, "10.0.1.3", src, G, false, INFINITE);
		assert_int_equal(source(dw, src, G)->sg.up.state, UP_NOT_JOINED);
	}
	data_pass(dw, 2.5); /* Override Timers of (S,G,rpt) */
	assert_int_equal(dw->sm->n_sg, 0);
}

static void a_source_that_sends_stays_when_the_assert_that_joined_it_ends(void **state)
{
	struct data_world *dw = *state;

	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_assert(dw, dw->up, "10.0.1.3", S_SPT, G, false, BEST);
	data_flow(dw, S_SPT, G, 1000, 60000);
	data_assert(dw, dw->up, "10.0.1.3", S_SPT, G, false, INFINITE);
	assert_non_null(source(dw, S_SPT, G));
	assert_int_equal(timer_left(&source(dw, S_SPT, G)->kat, dw->w->now_us), 150 * 1000000ull);
}

static void what_data_keeps_is_none_of_the_asserts_to_end(void **state)
{
	struct data_world *dw = *state;

	forward_star(dw);
	data_assert(dw, dw->up, "10.0.1.3", S_SPT, G, false, BEST);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	data_assert(dw, dw->up, "10.0.1.3", S_SPT, G, false, INFINITE);
	assert_non_null(source(dw, S_SPT, G));
	assert_true(timer_armed(&source(dw, S_SPT, G)->kat));
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_dr_that_lost_no_longer_serves_its_hosts),
		T(a_winner_serves_hosts_without_being_the_dr),
		T(ssm_asserts_without_waiting_for_data_on_the_spt),
		T(ssm_knows_no_assert_of_the_group),
		T(of_very_many_that_become_worse_about_1000_a_second_are_said),
		T(a_winner_speaks_again_when_another_is_joined),
		T(a_winner_of_the_group_speaks_again_when_another_is_joined),
		T(a_join_to_another_without_the_source_has_its_winner_say_nothing),
		T(a_winner_speaks_again_when_another_is_asked_for_the_source_on_the_rp_tree),
		T(a_loser_says_nothing_when_another_is_joined),
		T(who_loses_the_group_says_at_once_which_sources_it_has_won),
		T(a_flood_of_asserts_stays_below_the_limit_of_its_sender),
		T(asserts_upstream_that_are_taken_back_leave_no_source_joined),
		T(a_source_that_sends_stays_when_the_assert_that_joined_it_ends),
		T(what_data_keeps_is_none_of_the_asserts_to_end),
		T(an_assert_that_is_broken_changes_nothing),
		T(an_assert_of_no_neighbor_changes_nothing),
		T(an_assert_about_a_group_behind_a_boundary_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
