/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What arriving data does (RFC 7761 4.2): CheckSwitchToSpt and its policies, each term of
 * Update_SPTbit.
 */
#include "tests/unit/pim/data_world.h"

/* Another router is the DR of lan: nothing is registered, so that olists are of receivers only. */
static void not_dr(struct data_world *dw)
{
	data_hello(dw, dw->lan, "10.1.0.2", 1, 65535, 200);
	assert_false(pif(dw, dw->lan)->i_am_dr);
}

/* --- directly connected sources --------------------------------------------------------------- */

static void the_first_packet_of_our_subnet_makes_the_entry(void **state)
{
	struct data_world *dw = *state;
	struct sm_source *s;

	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	s = source(dw, S_LAN, G);
	assert_non_null(s);
	assert_int_equal(timer_left(&s->kat, dw->w->now_us), 210000000);
	assert_int_equal(dw->w->f->verdict, DP_VERDICT_RELEASE);
}

static void a_packet_of_our_subnet_on_another_interface_makes_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before = fingerprint(dw);

	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan2);
	assert_null(source(dw, S_LAN, G));
	assert_true(before == fingerprint(dw));
	assert_int_equal(dw->w->f->verdict, DP_VERDICT_DISCARD);
}

static void a_packet_from_afar_that_nobody_wants_makes_nothing(void **state)
{
	struct data_world *dw = *state;

	data_upcall(dw, DP_UPCALL_NOCACHE, S_SPT, G, dw->spt);
	data_upcall(dw, DP_UPCALL_NOCACHE, "203.0.113.1", G, dw->up); /* no route at all */
	assert_null(group(dw, G));
	assert_int_equal(dw->w->f->verdict, DP_VERDICT_DISCARD);
}

static void data_makes_nothing_where_pim_is_off(void **state)
{
	struct data_world *dw = *state;

	dw->ifs[2].mode = PIM_MODE_OFF;
	data_config(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	assert_null(group(dw, G));
}

static void data_makes_nothing_behind_a_boundary(void **state)
{
	struct data_world *dw = *state;

	assert_int_equal(prefix_parse("239.1.0.0/16", &dw->boundary), 0);
	dw->ifs[2].n_boundary = 1;
	dw->ifs[2].boundary = &dw->boundary;
	data_config(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	assert_null(group(dw, G));
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, "239.2.1.1", dw->lan);
	assert_non_null(source(dw, S_LAN, "239.2.1.1"));
}

static void addresses_that_are_none_make_nothing(void **state)
{
	struct data_world *dw = *state;
	uint64_t before = fingerprint(dw);

	data_upcall(dw, DP_UPCALL_NOCACHE, "0.0.0.0", G, dw->lan);
	data_upcall(dw, DP_UPCALL_NOCACHE, "127.0.0.1", G, dw->lan);
	data_upcall(dw, DP_UPCALL_NOCACHE, "239.0.0.1", G, dw->lan);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, "224.0.0.5", dw->lan);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, "10.0.0.1", dw->lan);
	assert_true(before == fingerprint(dw));
}

static void receivers_get_a_connected_source_without_a_further_signal(void **state)
{
	struct data_world *dw = *state;
	struct dp_route_key k = key(S_LAN, G);
	const struct dp_route *r;

	not_dr(dw);
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, G, dw->lan);
	assert_false(source(dw, S_LAN, G)->spt_bit);
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	assert_true(source(dw, S_LAN, G)->spt_bit);
	r = fake_dp_route(dw->w->f, &k);
	assert_non_null(r);
	assert_int_equal(r->n_inputs, 1);
	assert_int_equal(r->inputs[0].ifid, dw->lan);
	assert_int_equal(r->inputs[0].flags, DP_INPUT_ACCEPT);
	assert_true(fake_dp_route_has_if(dw->w->f, r, dw->lan2));
}

/* A (*,G) is there, whose packets come from up: lan's are "wrong", and nevertheless a new
 * source. */
static void a_connected_source_of_a_joined_group_is_found(void **state)
{
	struct data_world *dw = *state;

	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_LAN, G, dw->lan);
	assert_true(timer_armed(&source(dw, S_LAN, G)->kat));
	assert_true(source(dw, S_LAN, G)->spt_bit);
}

/* --- CheckSwitchToSpt ------------------------------------------------------------------------- */

static void switch_at_once_with_members(void **state)
{
	struct data_world *dw = *state;

	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	assert_int_equal(timer_left(&source(dw, S_SPT, G)->kat, dw->w->now_us), 210000000);
	assert_int_equal(source(dw, S_SPT, G)->sg.up.state, UP_JOINED);
	assert_false(source(dw, S_SPT, G)->spt_bit);
}

/* pim_include(*,G) is about hosts: a transit router stays. */
static void no_switch_for_joins_of_routers(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	assert_null(source(dw, S_SPT, G));
	assert_false(SwitchToSpt_needs_signal(dw->sm, group(dw, G)));
}

/* (-) pim_exclude(S,G) */
static void no_switch_for_a_source_that_members_exclude(void **state)
{
	struct data_world *dw = *state;

	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_member(dw, dw->lan2, S_SPT, G, MEMBER_EXCLUDE);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	assert_false(timer_armed(&source(dw, S_SPT, G)->kat));
}

static void no_switch_by_policy_never(void **state)
{
	struct data_world *dw = *state;

	dw->conf.spt = PIM_SPT_NEVER;
	data_config(dw);
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	assert_false(SwitchToSpt_needs_signal(dw->sm, group(dw, G)));
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	assert_null(source(dw, S_SPT, G));
}

static void a_new_policy_counts_from_the_next_packet_on(void **state)
{
	struct data_world *dw = *state;
	struct dp_route_key k = key("*", G);
	const struct dp_route *r;

	dw->conf.spt = PIM_SPT_NEVER;
	data_config(dw);
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	r = fake_dp_route(dw->w->f, &k);
	assert_int_equal(r->inputs[0].flags & DP_INPUT_SIGNAL, 0);
	dw->conf.spt = PIM_SPT_IMMEDIATE;
	data_config(dw);
	r = fake_dp_route(dw->w->f, &k);
	assert_int_equal(r->inputs[0].flags & DP_INPUT_SIGNAL, DP_INPUT_SIGNAL);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	assert_true(timer_armed(&source(dw, S_SPT, G)->kat));
}

static void switch_by_the_list_of_groups(void **state)
{
	struct pim_rule rules[2] = {{.permit = false}, {.permit = true}};
	struct data_world *dw = *state;

	assert_int_equal(prefix_parse("239.1.0.0/16", &rules[0].prefix), 0);
	assert_int_equal(prefix_parse("239.0.0.0/8", &rules[1].prefix), 0);
	dw->conf.spt = PIM_SPT_GROUPS;
	dw->conf.n_spt_groups = 2;
	dw->conf.spt_groups = rules;
	data_config(dw);
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_member(dw, dw->lan2, "*", "239.2.2.2", MEMBER_INCLUDE);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, "239.2.2.2", dw->up);
	assert_null(source(dw, S_SPT, G));
	assert_true(timer_armed(&source(dw, S_SPT, "239.2.2.2")->kat));
}

/* --- rates ------------------------------------------------------------------------------------ */

static void measure(struct data_world *dw)
{
	dw->conf.spt = PIM_SPT_RATE;
	dw->conf.spt_rate_kbps = 100;
	data_config(dw);
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	assert_true(source(dw, S_SPT, G)->watch);
	assert_false(timer_armed(&source(dw, S_SPT, G)->kat));
}

static void a_measured_source_is_forwarded_by_the_rp_tree_without_signals(void **state)
{
	struct data_world *dw = *state;
	struct dp_route_key k = key(S_SPT, G);
	const struct dp_route *r;

	measure(dw);
	r = fake_dp_route(dw->w->f, &k);
	assert_non_null(r);
	assert_int_equal(r->n_inputs, 1);
	assert_int_equal(r->inputs[0].ifid, dw->up);
	assert_int_equal(r->inputs[0].flags, DP_INPUT_ACCEPT);
	assert_true(fake_dp_route_has_if(dw->w->f, r, dw->lan2));
}

static void switch_above_the_rate(void **state)
{
	struct data_world *dw = *state;

	measure(dw);
	data_flow(dw, S_SPT, G, 1000000, 0); /* whatever came before the first look */
	data_pass(dw, 2.1);
	assert_true(source(dw, S_SPT, G)->watch);
	data_flow(dw, S_SPT, G, 1000000 + 24900, 0); /* 99.6 kbit/s over two seconds */
	data_pass(dw, 2);
	assert_true(source(dw, S_SPT, G)->watch);
	data_flow(dw, S_SPT, G, 1000000 + 24900 + 25000, 0); /* 100 */
	data_pass(dw, 2);
	assert_false(source(dw, S_SPT, G)->watch);
	assert_true(timer_armed(&source(dw, S_SPT, G)->kat));
	assert_int_equal(source(dw, S_SPT, G)->sg.up.state, UP_JOINED);
}

static void a_measured_source_that_falls_silent_is_forgotten(void **state)
{
	struct data_world *dw = *state;

	measure(dw);
	data_flow(dw, S_SPT, G, 1000, 0);
	data_pass(dw, 10);
	assert_true(source(dw, S_SPT, G)->watch);
	data_flow(dw, S_SPT, G, 1000, 210000);
	data_pass(dw, 2);
	assert_null(source(dw, S_SPT, G));
	assert_false(timer_armed(&dw->sm->rate_timer));
}

static void a_measured_source_without_members_is_forgotten(void **state)
{
	struct data_world *dw = *state;

	measure(dw);
	data_join(dw, "*", G); /* forwarding goes on */
	data_member(dw, dw->lan2, "*", G, MEMBER_NONE);
	data_pass(dw, 2.1);
	assert_null(source(dw, S_SPT, G));
}

static void another_policy_ends_the_measuring(void **state)
{
	struct data_world *dw = *state;

	measure(dw);
	dw->conf.spt = PIM_SPT_NEVER;
	data_config(dw);
	assert_null(source(dw, S_SPT, G));
}

static void cleared_counters_do_not_count_as_a_rate(void **state)
{
	struct data_world *dw = *state;

	measure(dw);
	data_flow(dw, S_SPT, G, 1000000, 0);
	data_pass(dw, 2.1);
	data_flow(dw, S_SPT, G, 10, 0);
	data_pass(dw, 2);
	assert_true(source(dw, S_SPT, G)->watch);
}

/* --- Update_SPTbit: each term ----------------------------------------------------------------- */

static void spt_bit_needs_the_rpf_interface(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, S_SPT, G);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->up);
	assert_false(source(dw, S_SPT, G)->spt_bit);
	assert_false(Update_SPTbit_would(dw->sm, source(dw, S_SPT, G), dw->up));
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	assert_true(source(dw, S_SPT, G)->spt_bit);
}

static void spt_bit_needs_join_desired(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_jp(dw, dw->lan, "10.1.0.2", false, PIM_JP_SG_RPT, S_SPT, G);
	data_pass(dw, 4);
	assert_non_null(source(dw, S_SPT, G));
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->spt);
	assert_false(source(dw, S_SPT, G)->spt_bit);
	assert_false(timer_armed(&source(dw, S_SPT, G)->kat));
}

static void spt_bit_by_direct_connection(void **state)
{
	struct data_world *dw = *state;

	/* the RP is on the source's subnet, the group is wanted on the RP tree: no other term
	 * holds */
	dw->rp.address = addr("10.1.0.2");
	data_config(dw);
	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	assert_int_equal(RPF_interface_RP(group(dw, G)), dw->lan);
	data_upcall(dw, DP_UPCALL_DATA, S_LAN, G, dw->lan);
	assert_true(source(dw, S_LAN, G)->spt_bit);
}

static void spt_bit_by_different_rpf_interfaces(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_join(dw, S_SPT, G);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S_SPT, G, dw->spt);
	assert_true(source(dw, S_SPT, G)->spt_bit);
}

static void spt_bit_because_nobody_wants_it_on_the_rp_tree(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, S_V, G); /* up, but by another neighbour than the RP */
	data_upcall(dw, DP_UPCALL_DATA, S_V, G, dw->up);
	assert_true(source(dw, S_V, G)->spt_bit);
}

static void spt_bit_by_the_same_rpf_neighbor(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_join(dw, S_UP, G);
	data_upcall(dw, DP_UPCALL_DATA, S_UP, G, dw->up);
	assert_true(source(dw, S_UP, G)->spt_bit);
}

/* RPF'(S,G) == RPF'(*,G) == NULL is no reason. */
static void spt_bit_not_by_the_same_absence_of_neighbors(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_join(dw, S_UP, G);
	data_hello(dw, dw->up, "10.0.1.2", 1, 0, 1); /* goodbye */
	data_upcall(dw, DP_UPCALL_DATA, S_UP, G, dw->up);
	assert_false(source(dw, S_UP, G)->spt_bit);
}

static void spt_bit_waits_while_neighbors_differ(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_join(dw, S_V, G);
	data_upcall(dw, DP_UPCALL_DATA, S_V, G, dw->up);
	assert_false(source(dw, S_V, G)->spt_bit);
}

static void spt_bit_by_a_lost_assert(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, "*", G);
	data_join(dw, S_V, G);
	data_assert(dw, dw->up, "10.0.1.3", S_V, G, false, 200, 1);
	sm_spt_bit_set(dw->sm, source(dw, S_V, G), false); /* what A6 did */
	assert_true(Update_SPTbit_would(dw->sm, source(dw, S_V, G), dw->up));
	data_upcall(dw, DP_UPCALL_DATA, S_V, G, dw->up);
	assert_true(source(dw, S_V, G)->spt_bit);
}

static void spt_bit_goes_when_nobody_joins_any_more(void **state)
{
	struct data_world *dw = *state;

	data_join(dw, S_SPT, G);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	data_member(dw, dw->lan2, S_SPT, G, MEMBER_EXCLUDE); /* keeps the entry */
	data_prune(dw, S_SPT, G);
	assert_false(source(dw, S_SPT, G)->spt_bit);
}

static void the_switch_takes_place(void **state)
{
	struct data_world *dw = *state;
	struct dp_route_key k = key(S_SPT, G);
	const struct dp_route *r;

	data_member(dw, dw->lan2, "*", G, MEMBER_INCLUDE);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->up);
	r = fake_dp_route(dw->w->f, &k);
	for (unsigned i = 0; i < r->n_inputs; i++) /* the RP tree until then, and only it */
		assert_int_equal(
			!!(r->inputs[i].flags & DP_INPUT_ACCEPT), r->inputs[i].ifid == dw->up);
	data_upcall(dw, DP_UPCALL_DATA, S_SPT, G, dw->spt);
	assert_true(source(dw, S_SPT, G)->spt_bit);
	r = fake_dp_route(dw->w->f, &k);
	assert_int_equal(r->n_inputs, 1);
	assert_int_equal(r->inputs[0].ifid, dw->spt);
	assert_int_equal(source(dw, S_SPT, G)->up_rpt, UP_RPT_PRUNED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, data_setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_packet_of_our_subnet_makes_the_entry),
		T(a_packet_of_our_subnet_on_another_interface_makes_nothing),
		T(a_packet_from_afar_that_nobody_wants_makes_nothing),
		T(data_makes_nothing_where_pim_is_off),
		T(data_makes_nothing_behind_a_boundary),
		T(addresses_that_are_none_make_nothing),
		T(receivers_get_a_connected_source_without_a_further_signal),
		T(a_connected_source_of_a_joined_group_is_found),
		T(switch_at_once_with_members),
		T(no_switch_for_joins_of_routers),
		T(no_switch_for_a_source_that_members_exclude),
		T(no_switch_by_policy_never),
		T(a_new_policy_counts_from_the_next_packet_on),
		T(switch_by_the_list_of_groups),
		T(a_measured_source_is_forwarded_by_the_rp_tree_without_signals),
		T(switch_above_the_rate),
		T(a_measured_source_that_falls_silent_is_forgotten),
		T(a_measured_source_without_members_is_forgotten),
		T(another_policy_ends_the_measuring),
		T(cleared_counters_do_not_count_as_a_rate),
		T(spt_bit_needs_the_rpf_interface),
		T(spt_bit_needs_join_desired),
		T(spt_bit_by_direct_connection),
		T(spt_bit_by_different_rpf_interfaces),
		T(spt_bit_because_nobody_wants_it_on_the_rp_tree),
		T(spt_bit_by_the_same_rpf_neighbor),
		T(spt_bit_not_by_the_same_absence_of_neighbors),
		T(spt_bit_waits_while_neighbors_differ),
		T(spt_bit_by_a_lost_assert),
		T(spt_bit_goes_when_nobody_joins_any_more),
		T(the_switch_takes_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
