/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * explain where a limit of PIM, or of IGMP or MLD, is in the way: it is named, once, and as long as it holds.
 */
#include "tests/unit/shell/trees.h"

#include <string.h>

static void the_limit_of_states_is_reached(void **state)
{
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.limits.states = 1});
	trees_member(r, "239.5.5.5");
	trees_member(r, "239.6.6.6");
	verdict(r, "explain 10.9.3.3 239.6.6.6",
		"no state is made for it: there are 1, as many as pim.limits.states permits");
	verdict(r, "explain 10.9.3.3 239.6.6.6",
		"state for the group was refused 0 s ago (limit_states)");
	verdict(r, "explain 10.9.3.3 239.7.7.7", "no state could be made for it: there are 1");
}

static void a_neighbor_has_all_it_may_have(void **state)
{
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.limits.per_neighbor = 1});
	trees_hello(r, "lan1", "10.1.0.9");
	trees_join(r, "lan1", "10.1.0.9", "*", "239.5.5.5");
	trees_join(r, "lan1", "10.1.0.9", "*", "239.6.6.6");
	verdict(r, "explain 10.9.3.3 239.7.7.7",
		"neighbor 10.1.0.9 has all the states that limits.per_neighbor (1) permits");
	assert_null(strstr(run_text(r, "explain 10.9.3.3 239.6.6.6"), "has all the states"));
	verdict(r, "explain 10.9.3.3 239.6.6.6",
		"; state for the group was refused 0 s ago (limit_neighbor), asked for by 10.1.0.9 on "
		"lan1: that neighbor has as many as pim.limits.per_neighbor permits");
	assert_null(strstr(run_text(r, "explain 10.9.3.3 239.7.7.7"), "was refused"));
}

/* The group has its tree, and the source none: its packets are no mistake of the routing. */
static void the_limit_of_states_lets_the_group_in_and_keeps_the_source_out(void **state)
{
	static const char *const line = "explain 10.0.0.1 239.6.6.6";
	struct router *r = *state;
	const char *text, *first;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.limits.states = 2});
	trees_member(r, "239.5.5.5");
	trees_member(r, "239.6.6.6");
	verdict(r, line, "no state could be made for source 10.0.0.1: there are 2, as many as");
	trees_data(r, "src", "10.0.0.1", "239.6.6.6");
	r->route.wrong_if = 3;
	verdict(r, line,
		"no state is made for source 10.0.0.1: there are 2, as many as pim.limits.states permits");
	text = run_text(r, line);
	first = strstr(text, "NO   no state is made");
	assert_non_null(first);
	assert_non_null(
		strstr(text, "state for source 10.0.0.1 was refused 0 s ago (limit_states)"));
	assert_null(strstr(strstr(first, "permits") + 1, "permits")); /* told once */
	r->app.conf->pim.limits.states = 0;
	assert_null(strstr(run_text(r, line), "refused"));
}

static void the_limit_of_a_source_keeps_its_tree_out(void **state)
{
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.limits.per_source = 1});
	trees_member(r, "239.5.5.5");
	trees_member(r, "239.6.6.6");
	trees_data(r, "src", "10.0.0.1", "239.5.5.5");
	trees_data(r, "src", "10.0.0.1", "239.6.6.6");
	r->route.wrong_if = 3;
	verdict(r, "explain 10.0.0.1 239.6.6.6",
		"no state is made for source 10.0.0.1: state for source 10.0.0.1 was refused 0 s ago "
		"(limit_source): the source has as many groups as");
}

/* Whoever gets it, the limit is named to who asks for those that do not; and of another source it says nothing. */
static void a_limit_is_named_beside_those_that_get_the_group(void **state)
{
	static const char *const lacks =
		"state for source 10.9.3.3 was refused 7 s ago (limit_source)";
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.limits.per_source = 1});
	trees_member(r, "239.5.5.5");
	trees_member(r, "239.6.6.6");
	trees_hello(r, "lan1", "10.1.0.9");
	trees_join(r, "lan1", "10.1.0.9", "10.9.3.3", "239.5.5.5");
	trees_join(r, "lan1", "10.1.0.9", "10.9.3.3", "239.6.6.6");
	r->w->now_us += 7000000;
	assert_non_null(strstr(run_text(r, "explain 10.9.3.3 239.6.6.6"), lacks));
	assert_null(strstr(run_text(r, "explain 10.9.3.3 239.5.5.5"), "was refused"));
	assert_null(strstr(run_text(r, "explain 10.9.3.4 239.6.6.6"), "was refused"));
}

static void what_has_not_happened_lately_is_no_hint(void **state)
{
	struct router *r = *state;

	trees_setup_with(
		r, "10.9.9.9", &(struct trees_rules){.limits.per_neighbor = 1, .per_host = 1});
	trees_join(r, "lan1", "10.1.0.9", "*", "239.6.6.6");
	trees_member(r, "239.5.5.5");
	trees_member(r, "239.7.7.7");
	r->w->now_us += 100000000;
	verdict(r, "explain 10.0.0.1 239.6.6.6", "(no_neighbor), the last 100 s ago from 10.1.0.9");
	verdict(r, "explain 10.0.0.1 239.7.7.7",
		"; IGMP refused membership 100 s ago (drop_host_limit), asked for by 10.1.0.5 on lan1");
	r->w->now_us += 100000000;
	assert_null(strstr(run_text(r, "explain 10.0.0.1 239.6.6.6"), "no_neighbor"));
	assert_null(strstr(run_text(r, "explain 10.0.0.1 239.7.7.7"), "refused"));
}

static void the_limits_of_groups_are_named(void **state)
{
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.max_groups = 1});
	trees_member(r, "239.5.5.5");
	trees_member(r, "239.6.6.6");
	verdict(r, "explain 10.0.0.1 239.7.7.7",
		"lan1 takes no new group, for it has 1 of the 1 that igmp.max_groups permits");
	verdict(r, "explain 10.0.0.1 239.6.6.6",
		"IGMP refused membership 0 s ago (drop_group_limit), asked for by 10.1.0.5 on lan1: the "
		"interface has as many groups as igmp.max_groups permits");
	assert_null(strstr(run_text(r, "explain 10.0.0.1 239.6.6.6"), "takes no new group"));
}

static void the_limit_of_a_host_is_named(void **state)
{
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.per_host = 1});
	trees_member(r, "239.5.5.5");
	trees_member(r, "239.6.6.6");
	verdict(r, "explain 10.0.0.1 239.7.7.7",
		"lan1 has refused 1 joins of hosts that are in igmp.max_groups_per_host (1) groups, "
		"the last 0 s ago of 10.1.0.5");
	verdict(r, "explain 10.0.0.1 239.6.6.6",
		"IGMP refused membership 0 s ago (drop_host_limit), asked for by 10.1.0.5 on lan1");
	assert_null(strstr(run_text(r, "explain 10.0.0.1 239.6.6.6"), "has refused"));
}

static void a_refusal_is_over_when_the_group_is_let_in(void **state)
{
	static const char *const line = "explain 10.0.0.1 239.6.6.6";
	struct gmp_if_config ifs;
	struct gmp_config gmp;
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.max_groups = 1});
	trees_member(r, "239.5.5.5");
	trees_member(r, "239.6.6.6");
	verdict(r, line, "IGMP refused membership 0 s ago (drop_group_limit)");
	gmp_config_default(&gmp);
	gmp_if_config_default(&ifs, IP_V4);
	snprintf(ifs.interface, sizeof(ifs.interface), "lan1");
	gmp.n_ifs = 1;
	gmp.ifs = &ifs;
	trees_config(r, &gmp, NULL);
	r->w->now_us += 40000000;
	trees_member(r, "239.6.6.6");
	trees_data(r, "src", "10.0.0.1", "239.6.6.6");
	r->route = (struct dp_route_counters){.packets = 9, .last_used_ms = 1};
	assert_non_null(strstr(run_text(r, line), "wanted on lan1: members"));
	assert_null(strstr(run_text(r, line), "refused"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, router_setup, router_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_limit_of_states_is_reached),
		TEST(a_neighbor_has_all_it_may_have),
		TEST(the_limit_of_states_lets_the_group_in_and_keeps_the_source_out),
		TEST(the_limit_of_a_source_keeps_its_tree_out),
		TEST(a_limit_is_named_beside_those_that_get_the_group),
		TEST(what_has_not_happened_lately_is_no_hint),
		TEST(the_limits_of_groups_are_named),
		TEST(the_limit_of_a_host_is_named),
		TEST(a_refusal_is_over_when_the_group_is_let_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
