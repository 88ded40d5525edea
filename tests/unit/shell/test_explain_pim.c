/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * explain where IGMP and PIM have a say: each condition as the verdict.
 */
#include "tests/unit/shell/trees.h"

#include <string.h>

static void without_pim_it_is_a_matter_of_static_routes(void **state)
{
	verdict(*state, "explain 10.0.0.1 239.9.9.9", "add route 10.0.0.1 239.9.9.9 input IF");
}

static void no_rp_of_the_group(void **state)
{
	struct router *r = *state;

	trees_setup(r, NULL);
	verdict(r, "explain 10.0.0.1 239.5.5.5", "no RP for 239.5.5.5: add one to pim.rp");
	trees_member(r, "239.5.5.5");
	verdict(r, "explain 10.0.0.1 239.5.5.5", "no RP for 239.5.5.5");
}

static void the_rp_is_unreachable(void **state)
{
	struct router *r = *state;

	trees_setup(r, "172.16.0.254");
	verdict(r, "explain 10.0.0.1 239.5.5.5",
		"no route: RP 172.16.0.254 unreachable (no unicast route");
	trees_member(r, "239.5.5.5");
	verdict(r, "explain * 239.5.5.5",
		"no route: RP 172.16.0.254 unreachable (no unicast route");
}

static void the_rp_is_unreachable_from_the_source(void **state)
{
	static const char *const line = "explain 10.0.0.1 239.5.5.5";
	struct router *r = *state;
	const char *text;

	trees_setup(r, "172.16.0.254");
	trees_data(r, "src", "10.0.0.1", "239.5.5.5");
	verdict(r, line, "no route: RP 172.16.0.254 unreachable (no unicast route");
	trees_member(r, "239.5.5.5");
	r->route = (struct dp_route_counters){.packets = 9, .last_used_ms = 1};
	text = run_text(r, line);
	assert_non_null(strstr(text, "NO   no route: RP 172.16.0.254 unreachable"));
	assert_non_null(strstr(
		text, "forwarding: 9 packets so far, the last one 1 ms ago; but no route: RP"));
	r->route.last_used_ms = 6000;
	verdict(r, line, "no route: RP 172.16.0.254 unreachable");
}

static void nobody_wants_the_group(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	verdict(r, "explain 10.9.3.3 239.5.5.5",
		"nobody wants 239.5.5.5: no IGMP member and no PIM neighbor has asked for it; hosts "
		"on src cannot ask, for IGMP is off there");
	assert_null(strstr(/* it is where the source is: nobody there is to ask */
		text_at(run_ok(r, "explain 10.0.0.1 239.5.5.5"), "verdict"), "cannot ask"));
	trees_data(r, "src", "10.0.0.1", "239.5.5.5");
	verdict(r, "explain 10.0.0.1 239.5.5.5", "nobody wants 239.5.5.5");
}

static void nobody_has_named_the_source(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_report(r, "lan1",
		&(struct trees_report){
			.host = "10.1.0.5", .type = 5, .grp = "232.1.1.1", .source = "10.0.0.2"});
	verdict(r, "explain 10.0.0.1 232.1.1.1",
		"nobody wants 232.1.1.1 of source 10.0.0.1: the group is in an SSM range");
	verdict(r, "explain 10.0.0.2 232.1.1.1", "no packet has arrived on src");
}

static void the_next_router_does_not_speak_pim(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.7.7");
	trees_member(r, "239.5.5.5");
	verdict(r, "explain 10.9.3.3 239.5.5.5",
		"the RPF neighbor 10.1.0.9 towards the RP is no PIM neighbor on lan1");
	trees_hello(r, "lan1", "10.1.0.9");
	trees_member(r, "239.5.5.5");
	assert_null(strstr(
		text_at(run_ok(r, "explain 10.9.3.3 239.5.5.5"), "verdict"), "no PIM neighbor"));
}

static void the_rp_has_not_heard_of_the_source(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_hello(r, "lan1", "10.1.0.9");
	trees_join(r, "lan1", "10.1.0.9", "*", "239.5.5.5");
	verdict(r, "explain 10.9.3.3 239.5.5.5",
		"the source 10.9.3.3 is not directly connected and this router, the RP, has got no "
		"Register of it yet");
}

static void the_assert_is_lost(void **state)
{
	struct router *r = *state;

	trees_all(r);
	verdict(r, "explain 10.0.0.1 239.5.5.5", "the assert on lan1 is lost to 10.1.0.9");
}

static void another_router_is_the_dr(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_hello(r, "lan1", "10.1.0.9");
	trees_member(r, "239.5.5.5");
	trees_data(r, "src", "10.0.0.1", "239.5.5.5");
	verdict(r, "explain 10.0.0.1 239.5.5.5",
		"lan1 has members, but its DR is 10.1.0.9, which forwards there");
}

static void a_boundary_keeps_the_group_out(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_member(r, "239.255.1.1");
	trees_data(r, "src", "10.0.0.1", "239.255.1.1");
	verdict(r, "explain 10.0.0.1 239.255.1.1", "the boundary of lan1 keeps the group out");
}

static void members_where_pim_does_not_run(void **state)
{
	struct pim_if_config ifs[1];
	struct pim_rp_config rp = {.address = addr("10.0.0.254")};
	struct router *r = *state;
	struct pim_config pim;

	trees_setup(r, NULL);
	pim_config_default(&pim);
	pim_if_config_default(&ifs[0]);
	snprintf(ifs[0].interface, sizeof(ifs[0].interface), "src");
	pim.n_ifs = 1;
	pim.ifs = ifs;
	pim.n_rps = 1;
	pim.rps = &rp;
	trees_config(r, NULL, &pim);
	trees_member(r, "239.5.5.5");
	verdict(r, "explain 10.0.0.1 239.5.5.5", "lan1 has members, but PIM does not run there");
}

static void nobody_named_the_source_of_a_group_joined_as_a_whole(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_member(r, "232.1.1.1");
	verdict(r, "explain 10.0.0.1 232.1.1.1", "(a join that names none does not count)");
}

static void an_interface_that_is_down_is_named_with_its_cause(void **state)
{
	struct router *r = *state;
	const char *text;

	trees_setup(r, "10.9.9.9");
	net_port_link(r->app.net, net_if_find(r->app.net, "lan1")->conf.port, false);
	world_run(r->w);
	verdict(r, "explain 10.0.0.1 239.5.5.5", "; lan1 is down (its port p1 has no carrier");
	text = run_text(r, "explain 10.0.0.1 239.5.5.5");
	assert_non_null(
		strstr(text, "lan1: down, nothing leaves there: its port p1 has no carrier"));
	text = run_text(r, "show pim interface lan1");
	assert_non_null(strstr(text, "its port p1 has no carrier"));
	net_if_admin(r->app.net, net_if_find(r->app.net, "lan1")->id, false);
	world_run(r->w);
	assert_string_equal(text_at(run_ok(r, "show pim interface lan1"), "interfaces[0].problem"),
		"administratively down: set interface lan1 up");
}

static void the_access_list_refuses_the_group(void **state)
{
	struct gmp_rule rule = {.grp = prefix_make(addr("239.1.0.0"), 16), .permit = true};
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.gmp = &rule});
	trees_member(r, "239.5.5.5");
	verdict(r, "explain 10.0.0.1 239.5.5.5", "the access list of lan1 refuses the group");
	verdict(r, "explain 10.0.0.1 239.1.5.5", "nobody wants 239.1.5.5");
}

static void the_rules_refuse_registers(void **state)
{
	struct pim_sg_rule rule = {
		.src = prefix_make(addr("10.9.3.0"), 24), .grp = prefix_make(addr("0.0.0.0"), 0)};
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.registers = &rule});
	trees_member(r, "239.5.5.5");
	verdict(r, "explain 10.9.3.3 239.5.5.5",
		"this router, the RP, refuses Registers of source 10.9.3.3");
}

static void packets_of_another_source_are_not_this_one_s(void **state)
{
	static const char *const line = "explain 10.0.0.1 239.5.5.5";
	struct router *r = *state;
	const char *text;

	trees_setup(r, "10.9.9.9");
	trees_member(r, "239.5.5.5");
	r->route.wrong_if = 10;
	verdict(r, line, "no packet has arrived on src: is the sender on");
	text = run_text(r, line);
	assert_non_null(strstr(text,
		"ok   10 packets of the group, of any source, came in on another interface than register"));
	assert_non_null(strstr(text,
		"ok   the unicast route to the source leads through src: what comes there makes a route of its own"));
	r->route.packets = 5;
	r->route.last_used_ms = 1;
	assert_null(strstr(text_at(run_ok(r, line), "verdict"), "another interface"));
	assert_non_null(strstr(run_text(r, line), "ok   10 packets of the group, of any source"));
	r->route.packets = 0;
	verdict(r, "explain * 239.5.5.5", "10 packets came in on another interface than register");
}

static void the_rp_gets_packets_of_a_router_without_pim(void **state)
{
	static const char *const line = "explain 10.9.3.3 239.5.5.5";
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_member(r, "239.5.5.5");
	verdict(r, line,
		"this router, the RP, has got no Register of the source 10.9.3.3, and the RPF neighbor "
		"10.1.0.9 towards the source is no PIM neighbor on lan1: is PIM on there?");
	r->route.wrong_if = 7;
	verdict(r, line,
		". 7 packets of the group came in natively, where the route does not take them");
}

/* lo0 has no IPv6 address at all here: of no concern to a flow, for nothing leaves a loopback. */
static void a_loopback_without_address_is_not_called_down(void **state)
{
	struct router *r = *state;

	trees_setup_with(r, "10.9.9.9", &(struct trees_rules){.ipv6 = true});
	assert_string_equal(text_at(run_ok(r, "show pim interface lo0"), "interfaces[1].problem"),
		"no IPv6 address: add one to the interface");
	trees_report(r, "lan1",
		&(struct trees_report){
			.host = "fe80::5", .type = 5, .grp = "ff3e::5", .source = "2001:db8::1"});
	assert_null(strstr(run_text(r, "explain * ff3e::5"), "lo0"));
	assert_non_null(strstr(run_text(r, "explain * ff3e::5"), "src: down"));
}

static void the_rp_is_not_told_or_has_said_stop(void **state)
{
	struct router *r = *state;
	const char *text;

	trees_setup(r, "10.9.7.7");
	trees_hello(r, "lan1", "10.1.0.9");
	trees_data(r, "src", "10.0.0.1", "239.5.5.5");
	text = run_text(r, "explain 10.0.0.1 239.5.5.5");
	assert_non_null(strstr(text, "its Register state towards RP 10.9.7.7 is join: its packets "
				     "go to the RP in Registers"));
	trees_register_stop(r, "lan1", "10.9.7.7", "10.0.0.254", "10.0.0.1", "239.5.5.5");
	verdict(r, "explain 10.0.0.1 239.5.5.5",
		"the RP 10.9.7.7 was told of the source, has answered Register-Stop");
}

static void the_source_is_pruned_where_it_was_wanted(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_hello(r, "lan1", "10.1.0.9");
	trees_join(r, "lan1", "10.1.0.9", "*", "239.5.5.5");
	trees_data(r, "src", "10.0.0.1", "239.5.5.5");
	trees_prune_rpt(r, "lan1", "10.1.0.9", "10.0.0.1", "239.5.5.5");
	verdict(r, "explain 10.0.0.1 239.5.5.5",
		"nothing is to be sent from here: the source is pruned on lan1");
	assert_non_null(strstr(
		run_text(r, "explain 10.0.0.1 239.5.5.5"), "ok   the source is pruned on lan1"));
}

static void what_flows_is_said_with_all_that_holds(void **state)
{
	struct router *r = *state;
	const char *text;

	trees_setup(r, "10.9.9.9");
	trees_member(r, "239.5.5.5");
	trees_data(r, "src", "10.0.0.1", "239.5.5.5");
	r->route = (struct dp_route_counters){.packets = 9, .last_used_ms = 1};
	text = run_text(r, "explain 10.0.0.1 239.5.5.5");
	assert_non_null(strstr(text, "forwarding: 9 packets so far"));
	assert_non_null(strstr(text, "this router is the RP 10.9.9.9"));
	assert_non_null(strstr(text, "wanted on lan1: members"));
}

static void a_boundary_lies_on_the_way_to_the_rp(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.7.7");
	trees_hello(r, "lan1", "10.1.0.9");
	trees_report(r, "lan1",
		&(struct trees_report){.host = "10.1.0.5", .type = 4, .grp = "239.255.1.1"});
	trees_join(r, "src", "10.0.0.9", "*", "239.255.1.1");
	trees_hello(r, "src", "10.0.0.9");
	trees_join(r, "src", "10.0.0.9", "*", "239.255.1.1");
	verdict(r, "explain 10.9.3.3 239.255.1.1",
		"the way to the RP leads through lan1, whose boundary keeps the group out");
	verdict(r, "explain 10.1.0.3 239.255.1.1",
		"the source is on lan1, whose boundary keeps the group out");
}

static void the_own_interface_is_passive(void **state)
{
	struct router *r = *state;

	trees_setup_with(r, "10.9.7.7", &(struct trees_rules){.passive = true});
	trees_member(r, "239.5.5.5");
	verdict(r, "explain 10.9.3.3 239.5.5.5",
		"the way to the RP leads through lan1, which is passive here");
	trees_hello(r, "lan1", "10.1.0.9");
	verdict(r, "explain 10.9.3.3 239.6.6.6",
		"lan1 has dropped 1 messages (if_passive), the last 0 s ago from 10.1.0.9");
}

static void a_source_without_route_is_the_verdict(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	verdict(r, "explain 172.16.0.1 239.5.5.5",
		"the source 172.16.0.1 is unreachable (no unicast route to 172.16.0.1)");
	trees_member(r, "239.5.5.5");
	verdict(r, "explain 172.16.0.1 239.5.5.5", "the source 172.16.0.1 is unreachable");
}

static void joins_that_were_dropped_are_named(void **state)
{
	static const char *const line = "explain 10.0.0.1 239.5.5.5";
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_join(r, "lan1", "10.1.0.9", "*", "239.5.5.5");
	verdict(r, line,
		"lan1 has dropped 1 messages (no_neighbor), the last 0 s ago from 10.1.0.9");
	trees_hello(r, "lan1", "10.1.0.9");
	assert_null(strstr(text_at(run_ok(r, line), "verdict"), "no_neighbor"));
	trees_join_rp(r, "lan1", "10.1.0.9", "10.9.8.8", "239.5.5.5");
	verdict(r, line,
		"lan1 has dropped 1 messages (rp_mismatch), the last 0 s ago from 10.1.0.9, whose Joins name "
		"another RP");
}

static void registers_of_a_group_of_another_rp_are_named(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.7.7");
	trees_hello(r, "lan1", "10.1.0.9");
	trees_null_register(r, "lan1", "10.1.0.9", "10.0.0.254", "10.9.3.3", "239.5.5.5");
	verdict(r, "explain 10.9.3.3 239.5.5.5",
		"1 Registers were refused, the last 0 s ago from 10.1.0.9, for this router is not the RP of "
		"their group (register_not_rp)");
}

static void links_between_routers_are_not_named_for_their_hosts(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_hello(r, "src", "10.0.0.9");
	assert_null(
		strstr(text_at(run_ok(r, "explain 10.0.0.1 239.5.5.5"), "verdict"), "cannot ask"));
}

static void who_joined_source_and_group_is_told_once(void **state)
{
	struct router *r = *state;
	const char *text, *first;

	trees_setup(r, "10.9.9.9");
	trees_hello(r, "lan1", "10.1.0.9");
	trees_join(r, "lan1", "10.1.0.9", "*", "239.5.5.5");
	trees_join(r, "lan1", "10.1.0.9", "10.0.0.1", "239.5.5.5");
	text = run_text(r, "explain 10.0.0.1 239.5.5.5");
	first = strstr(text, "wanted on lan1: joined by neighbor 10.1.0.9");
	assert_non_null(first);
	assert_null(strstr(first + 1, "wanted on lan1"));
}

static void members_beside_the_source_get_nothing_from_here(void **state)
{
	struct router *r = *state;

	trees_setup(r, "10.9.9.9");
	trees_member(r, "239.5.5.5");
	trees_data(r, "lan1", "10.1.0.3", "239.5.5.5");
	verdict(r, "explain 10.1.0.3 239.5.5.5",
		"nothing is to be sent from here: the only output is where the packets come from");
	assert_non_null(strstr(run_text(r, "explain 10.1.0.3 239.5.5.5"),
		"ok   lan1 is where the packets come from: nothing is sent back there"));
	assert_non_null(strstr(run_text(r, "show pim state 10.1.0.3"),
		"(10.1.0.3, 239.5.5.5): nothing is sent back to lan1, where its packets come from"));
	assert_non_null(strstr(run_text(r, "show mroute 10.1.0.3"),
		"(10.1.0.3, 239.5.5.5): nothing is sent back to lan1, where its packets come from"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, router_setup, router_teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_pim_it_is_a_matter_of_static_routes),
		TEST(no_rp_of_the_group),
		TEST(the_rp_is_unreachable),
		TEST(the_rp_is_unreachable_from_the_source),
		TEST(nobody_wants_the_group),
		TEST(nobody_has_named_the_source),
		TEST(the_next_router_does_not_speak_pim),
		TEST(the_rp_has_not_heard_of_the_source),
		TEST(the_assert_is_lost),
		TEST(another_router_is_the_dr),
		TEST(a_boundary_keeps_the_group_out),
		TEST(members_where_pim_does_not_run),
		TEST(nobody_named_the_source_of_a_group_joined_as_a_whole),
		TEST(an_interface_that_is_down_is_named_with_its_cause),
		TEST(the_access_list_refuses_the_group),
		TEST(the_rules_refuse_registers),
		TEST(packets_of_another_source_are_not_this_one_s),
		TEST(the_rp_gets_packets_of_a_router_without_pim),
		TEST(a_loopback_without_address_is_not_called_down),
		TEST(the_rp_is_not_told_or_has_said_stop),
		TEST(the_source_is_pruned_where_it_was_wanted),
		TEST(a_boundary_lies_on_the_way_to_the_rp),
		TEST(the_own_interface_is_passive),
		TEST(a_source_without_route_is_the_verdict),
		TEST(joins_that_were_dropped_are_named),
		TEST(registers_of_a_group_of_another_rp_are_named),
		TEST(links_between_routers_are_not_named_for_their_hosts),
		TEST(who_joined_source_and_group_is_told_once),
		TEST(members_beside_the_source_get_nothing_from_here),
		TEST(what_flows_is_said_with_all_that_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
