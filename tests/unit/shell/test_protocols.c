/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show igmp, show mld, show pim, their clear, and PIM's letters in show mroute.
 */
#include "tests/unit/shell/trees.h"

#include <string.h>

static void igmp_tells_groups_sources_and_hosts(void **state)
{
	struct router *r = *state;
	const json_t *v;

	trees_all(r);
	v = run_ok(r, "show igmp group lan1 239.5.5.5");
	assert_int_equal(number_at(v, "total"), 1);
	assert_string_equal(text_at(v, "groups[0].mode"), "exclude");
	assert_int_equal(number_at(v, "groups[0].version"), 3);
	assert_int_equal(number_at(v, "groups[0].hosts"), 1);
	assert_string_equal(text_at(v, "groups[0].last_reporter"), "10.1.0.5");
	assert_true(json_real_value(at(v, "groups[0].expires_s")) > 250);
	v = run_ok(r, "show igmp source");
	assert_string_equal(text_at(v, "sources[0].group"), "232.2.2.2");
	assert_string_equal(text_at(v, "sources[0].source"), "10.0.0.1");
	assert_true(json_is_true(at(v, "sources[0].forward")));
	v = run_ok(r, "show igmp host");
	assert_int_equal(number_at(v, "total"), 2);
	assert_string_equal(text_at(v, "hosts[0].host"), "10.1.0.5");
	assert_int_equal(number_at(run_ok(r, "show igmp group limit 1"), "shown"), 1);
	assert_non_null(strstr(run_text(r, "show igmp group limit 1"), "1 more are not shown"));
	assert_non_null(strstr(run_text(r, "show igmp interface"), "10.1.0.1"));
	v = run_ok(r, "show mld group");
	assert_string_equal(text_at(v, "groups[0].group"), "ff3e::5");
	assert_string_equal(text_at(v, "groups[0].last_reporter"), "fe80::5");
}

static void igmp_counts_with_words(void **state)
{
	struct router *r = *state;
	const char *text;

	trees_all(r);
	assert_int_equal(number_at(run_ok(r, "show igmp statistics lan1"),
				 "interfaces[0].counters.rx_report_v3"),
		2);
	text = run_text(r, "show igmp statistics");
	assert_non_null(strstr(text, "rx_report_v3"));
	assert_non_null(strstr(text, "reports of IGMPv3 or MLDv2 received"));
	run_ok(r, "clear igmp statistics lan1");
	assert_int_equal(
		number_at(run_ok(r, "show igmp statistics"), "interfaces[0].counters.rx_report_v3"),
		0);
	run_fails(r, "clear igmp statistics src", "no group membership on src");
}

static void a_cleared_group_is_gone(void **state)
{
	struct router *r = *state;

	trees_all(r);
	run_fails(r, "clear igmp group lan1 239.5.5.6", "there is no group 239.5.5.6");
	run_ok(r, "clear igmp group lan1 239.5.5.5");
	assert_int_equal(number_at(run_ok(r, "show igmp group 239.5.5.5"), "total"), 0);
	assert_int_equal(number_at(run_ok(r, "show igmp group"), "total"), 1);
	run_ok(r, "clear mld group");
	assert_int_equal(number_at(run_ok(r, "show mld group"), "total"), 0);
}

static void pim_tells_interfaces_and_neighbors(void **state)
{
	struct router *r = *state;
	const json_t *v;

	trees_all(r);
	v = run_ok(r, "show pim interface lan1");
	assert_int_equal(json_array_size(at(v, "interfaces")), 1);
	assert_string_equal(text_at(v, "interfaces[0].state"), "up");
	assert_string_equal(text_at(v, "interfaces[0].dr"), "10.1.0.9");
	assert_true(json_is_false(at(v, "interfaces[0].i_am_dr")));
	assert_string_equal(text_at(v, "interfaces[0].boundary[0]"), "239.255.0.0/16");
	v = run_ok(r, "show pim neighbor");
	assert_string_equal(text_at(v, "neighbors[0].address"), "10.1.0.9");
	assert_int_equal(number_at(v, "neighbors[0].genid"), 77);
	assert_string_equal(text_at(v, "neighbors[0].secondary[0]"), "10.1.0.99");
	assert_int_equal(number_at(v, "neighbors[0].states"), 2);
	assert_non_null(strstr(run_text(r, "show pim neighbor"), "10.1.0.9"));
	run_ok(r, "clear pim neighbor lan1 10.1.0.9");
	assert_int_equal(json_array_size(at(run_ok(r, "show pim neighbor"), "neighbors")), 0);
	run_fails(r, "clear pim neighbor lan1 10.1.0.9", "10.1.0.9 is no neighbour");
}

static bool offers(struct router *r, const char *line, const char *word, const char *help)
{
	json_t *list = cmd_complete(&r->app, line), *o;
	bool offered = false;
	size_t i;

	json_array_foreach (list, i, o)
		offered |= strcmp(json_string_value(json_object_get(o, "word")), word) == 0 &&
			   strcmp(json_string_value(json_object_get(o, "help")), help) == 0;
	json_decref(list);
	return offered;
}

static void pim_neighbors_are_completed(void **state)
{
	trees_all(*state);
	assert_true(offers(*state, "clear pim neighbor lan1 10.1.0.9", "10.1.0.9", "PIM neighbor"));
}

static void groups_with_members_are_completed(void **state)
{
	struct router *r = *state;
	struct pim_config off;

	trees_setup(r, NULL);
	pim_config_default(&off);
	trees_config(r, NULL, &off); /* nobody makes a route of it */
	trees_report(r, "lan1",
		&(struct trees_report){.host = "10.1.0.5", .type = 4, .grp = "239.7.7.7"});
	assert_true(offers(r, "show igmp group ", "239.7.7.7", "group with members"));
	assert_true(offers(r, "show igmp group lan1 239.7", "239.7.7.7", "group with members"));
	assert_false(offers(r, "show igmp group 239.8", "239.7.7.7", "group with members"));
}

static void pim_tells_its_trees(void **state)
{
	struct router *r = *state;
	const json_t *v;

	trees_all(r);
	v = run_ok(r, "show pim state * 239.5.5.5");
	assert_int_equal(number_at(v, "total"), 1);
	assert_string_equal(text_at(v, "trees[0].source"), "*");
	assert_string_equal(text_at(v, "trees[0].rp"), "10.9.9.9");
	assert_string_equal(text_at(v, "trees[0].input"), "register");
	assert_string_equal(text_at(v, "trees[0].outputs[0]"), "lan1");
	v = run_ok(r, "show pim state 10.0.0.1 239.5.5.5");
	assert_true(json_is_true(at(v, "trees[0].connected")));
	assert_string_equal(text_at(v, "trees[0].input"), "src");
	v = run_ok(r, "show pim upstream 10.0.0.1");
	assert_int_equal(number_at(v, "total"), 2);
	assert_string_equal(text_at(v, "upstreams[0].target"), "10.0.0.1");
	v = run_ok(r, "show pim join * 239.5.5.5");
	assert_string_equal(text_at(v, "joins[0].interface"), "lan1");
	assert_string_equal(text_at(v, "joins[0].join_state"), "join");
	assert_string_equal(text_at(v, "joins[0].neighbor"), "10.1.0.9");
	assert_string_equal(text_at(v, "joins[0].member"), "include");
	v = run_ok(r, "show pim assert");
	assert_string_equal(text_at(v, "asserts[0].assert_state"), "loser");
	assert_string_equal(text_at(v, "asserts[0].winner"), "10.1.0.9");
	assert_int_equal(number_at(run_ok(r, "show pim state limit 1"), "shown"), 1);
	assert_non_null(strstr(run_text(r, "show pim state"), "239.5.5.5"));
	assert_non_null(strstr(run_text(r, "show pim join"), "lan1"));
	assert_non_null(strstr(run_text(r, "show pim upstream"), "10.9.9.9"));
	assert_non_null(strstr(run_text(r, "show pim register"), "10.0.0.1"));
}

static void pim_tells_the_rp_of_a_group(void **state)
{
	struct router *r = *state;
	const json_t *v;

	trees_all(r);
	v = run_ok(r, "show pim rp 239.5.5.5");
	assert_string_equal(text_at(v, "rps[0].address"), "10.9.9.9");
	assert_true(json_is_true(at(v, "rps[0].i_am_rp")));
	assert_true(json_is_true(at(v, "rps[0].reachable")));
	run_fails(r, "show pim rp 232.1.1.1", "232.1.1.1 is in an SSM range");
	trees_setup(r, NULL);
	run_fails(r, "show pim rp 239.5.5.5", "239.5.5.5 has no RP: add one to pim.rp");
}

static void mroute_has_the_letters_of_pim(void **state)
{
	struct router *r = *state;
	const json_t *v;

	trees_setup(r, "10.9.9.9");
	trees_report(r, "lan1",
		&(struct trees_report){.host = "10.1.0.5", .type = 4, .grp = "239.5.5.5"});
	trees_data(r, "src", "10.0.0.1", "239.5.5.5");
	v = run_ok(r, "show mroute 10.0.0.1 239.5.5.5");
	assert_string_equal(text_at(v, "routes[0].protocols[0]"), "pim");
	assert_non_null(strstr(run_text(r, "show mroute 10.0.0.1 239.5.5.5"), " STN "));
	assert_non_null(strstr(run_text(r, "show mroute * 239.5.5.5"), " SC "));
	assert_non_null(strstr(run_text(r, "show mroute * 239.5.5.5"), "register"));
}

static void pim_counts_with_words(void **state)
{
	struct router *r = *state;
	const char *text;

	trees_all(r);
	r->worker.registers_received = 7;
	r->worker.registers_sent = 3;
	assert_int_equal(
		number_at(run_ok(r, "show pim statistics lan1"), "interfaces[0].received.hello"),
		1);
	assert_string_equal(text_at(run_ok(r, "show pim statistics lan1"),
				    "interfaces[0].last_from[0].counter"),
		"no_neighbor");
	assert_string_equal(
		text_at(run_ok(r, "show pim statistics"), "router.last_from[0].address"),
		"10.1.0.77");
	assert_true(number_at(run_ok(r, "show pim statistics"), "star_g") >= 1);
	text = run_text(r, "show pim statistics");
	assert_non_null(strstr(text, "join_prune messages received"));
	assert_non_null(strstr(text, "received.hello"));
	assert_non_null(
		strstr(text, "14 Registers with data received, 6 sent")); /* of both workers */
	assert_non_null(strstr(text, "received.join_prune"));
	assert_non_null(strstr(text, "bytes of messages received"));
	assert_non_null(strstr(text, "10.1.0.77  from a router that has not sent a Hello"));
	run_ok(r, "clear pim statistics");
	assert_int_equal(number_at(run_ok(r, "show pim statistics"), "router.received.hello"), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, router_setup, router_teardown)
	const struct CMUnitTest tests[] = {
		TEST(igmp_tells_groups_sources_and_hosts),
		TEST(igmp_counts_with_words),
		TEST(a_cleared_group_is_gone),
		TEST(pim_tells_interfaces_and_neighbors),
		TEST(pim_neighbors_are_completed),
		TEST(groups_with_members_are_completed),
		TEST(pim_tells_its_trees),
		TEST(pim_tells_the_rp_of_a_group),
		TEST(mroute_has_the_letters_of_pim),
		TEST(pim_counts_with_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
