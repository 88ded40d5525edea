/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The Keepalive Timer by the counters of the data plane (RFC 7761 4.2, 4.11), and data on a path
 * that is new.
 */
#include "tests/unit/pim/data_world.h"

/* Another router is the DR of lan: nothing is registered, so that olists are of receivers only. */
static void not_dr(struct data_world *dw)
{
	data_hello(dw, dw->lan, "10.1.0.2", 1, 65535, 200);
	assert_false(pif(dw, dw->lan)->i_am_dr);
}

/* --- the Keepalive Timer ---------------------------------------------------------------------- */

static void on_spt(struct data_world *dw)
{
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	assert_true(source(dw, S_SPT, G)->spt_bit);
}

static void keepalive_runs_on_from_the_last_packet(void **state)
{
	struct data_world *dw = *state;
	struct sm_source *s;

	on_spt(dw);
	data_flow(dw, S_SPT, G, 1000, 60000);
	s = source(dw, S_SPT, G);
	data_pass(dw, 210);
	assert_true(s == source(dw, S_SPT, G));
	assert_int_equal(timer_left(&s->kat, dw->w->now_us), 150000000);
	assert_true(s->spt_bit);
}

static void keepalive_ends_without_packets(void **state)
{
	struct data_world *dw = *state;

	on_spt(dw);
	data_flow(dw, S_SPT, G, 1000, 210000);
	data_pass(dw, 209.9);
	assert_non_null(source(dw, S_SPT, G));
	data_pass(dw, 0.2);
	assert_null(source(dw, S_SPT, G));
	assert_non_null(group(dw, G));
}

static void keepalive_is_not_needed_by_who_is_joined(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, S_SPT, G);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	assert_true(timer_armed(&source(dw, S_SPT, G)->kat));
	data_pass(dw, 400);
	assert_int_equal(source(dw, S_SPT, G)->sg.up.state, UP_JOINED);
	assert_true(source(dw, S_SPT, G)->spt_bit);
	assert_false(timer_armed(&source(dw, S_SPT, G)->kat));
}

static void keepalive_of_a_connected_source_needs_no_receivers(void **state)
{
	struct data_world *dw = *state;

	not_dr(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	data_flow(dw, S_LAN, G, 1000, 10);
	data_pass(dw, 1000);
	assert_true(timer_armed(&source(dw, S_LAN, G)->kat));
	data_flow(dw, S_LAN, G, 1000, 300000);
	data_pass(dw, 211);
	assert_null(source(dw, S_LAN, G));
	assert_null(group(dw, G));
}

/* Data of the RP tree keeps no source that would not be switched. */
static void keepalive_ends_when_the_policy_is_another_one(void **state)
{
	struct data_world *dw = *state;

	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up); /* never arrives on spt */
	dw->conf.spt = PIM_SPT_NEVER;
	data_config(dw);
	data_flow(dw, S_SPT, G, 1000, 0);
	data_pass(dw, 211);
	assert_null(source(dw, S_SPT, G));
}

static void keepalive_ends_without_members(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	data_member(dw, dw->lan2, "*", G, MEMBER_NONE);
	data_flow(dw, S_SPT, G, 1000, 0); /* on the RP tree, for the router on lan */
	data_pass(dw, 211);
	assert_null(source(dw, S_SPT, G));
}

static void keepalive_is_not_restarted_by_what_comes_in_elsewhere(void **state)
{
	struct data_world *dw = *state;
	uint64_t due;

	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	due = source(dw, S_LAN, G)->kat.due_us;
	data_pass(dw, 10);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_LAN, G, dw->lan2);
	assert_true(source(dw, S_LAN, G)->kat.due_us == due);
	data_upcall(dw, DP_UPCALL_DATA, S_LAN, G, dw->lan);
	assert_true(source(dw, S_LAN, G)->kat.due_us == due + 10000000);
}

/* --- when the RPF interface moves ------------------------------------------------------------- */

static void data_on_the_new_path_ends_the_old_one_of_a_source(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, S_SPT, G);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	data_route(dw, "10.9.0.0/16", dw->up, "10.0.1.2", 20);
	assert_non_null(source(dw, S_SPT, G)->sg.up.move);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	assert_true(source(dw, S_SPT, G)->sg.up.move->left);
	data_pass(dw, 1); /* its copies may lag behind */
	assert_null(source(dw, S_SPT, G)->sg.up.move);
}

static void data_on_the_new_path_ends_the_old_one_of_a_group(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_route(dw, "10.255.0.0/16", dw->spt, "10.0.2.2", 20);
	assert_non_null(group(dw, G)->star.up.move);
	data_upcall(dw, DP_UPCALL_DATA, "10.8.0.8", G, dw->spt);
	assert_true(group(dw, G)->star.up.move->left);
	data_pass(dw, 1); /* its copies may lag behind */
	assert_null(group(dw, G)->star.up.move);
}

/* Nor is any packet told for its sake. */
static void ssm_has_no_keepalive_timer(void **state)
{
	struct dp_route_key k = key(S_SPT, "232.1.1.1");
	struct data_world *dw = *state;

	data_join(dw, S_SPT, "232.1.1.1");
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, "232.1.1.1", dw->spt);
	assert_false(timer_armed(&source(dw, S_SPT, "232.1.1.1")->kat));
	assert_true(SPTbit(source(dw, S_SPT, "232.1.1.1")));
	assert_int_equal(fake_dp_route(dw->w->f, &k)->inputs[0].flags, DP_INPUT_ACCEPT);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, "232.2.2.2", dw->lan);
	assert_null(group(dw, "232.2.2.2"));
}

static void a_flood_of_sources_stays_below_the_limit(void **state)
{
	struct data_world *dw = *state;
	char grp[IP_STRLEN];

	dw->conf.limits.states = 40;
	data_config(dw);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(grp, sizeof(grp), "239.3.%u.%u", i / 200, i % 200);
		data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, grp, dw->lan);
	}
	assert_true(dw->sm->n_sg + dw->sm->n_star <= 40);
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(keepalive_runs_on_from_the_last_packet),
		T(keepalive_ends_without_packets),
		T(keepalive_is_not_needed_by_who_is_joined),
		T(keepalive_of_a_connected_source_needs_no_receivers),
		T(keepalive_ends_when_the_policy_is_another_one),
		T(keepalive_ends_without_members),
		T(keepalive_is_not_restarted_by_what_comes_in_elsewhere),
		T(data_on_the_new_path_ends_the_old_one_of_a_source),
		T(data_on_the_new_path_ends_the_old_one_of_a_group),
		T(ssm_has_no_keepalive_timer),
		T(a_flood_of_sources_stays_below_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
