/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * explain: for each condition that can fail, a router in which it is the first that does.
 */
#include "tests/unit/shell/router.h"

#include <string.h>

/* Whether a check of this name is there, with this outcome and words. */
static bool has_check(
	struct router *r, const char *line, const char *name, bool ok, const char *part)
{
	const json_t *checks = at(run_ok(r, line), "checks"), *c;
	size_t i;

	json_array_foreach (checks, i, c)
		if (strcmp(text_at(c, "check"), name) == 0 && json_is_true(at(c, "ok")) == ok &&
			strstr(text_at(c, "detail"), part))
			return true;
	return false;
}

static void link_local_group_is_never_routed(void **state)
{
	verdict(*state, "explain 10.0.0.1 224.0.0.251", "link-local");
}

static void martian_source_cannot_send(void **state)
{
	verdict(*state, "explain 127.0.0.1 239.1.1.1", "src_loopback");
	verdict(*state, "explain 240.0.0.1 239.1.1.1", "src_martian");
	verdict(*state, "explain ::1 239.1.1.1", "families");
	verdict(*state, "explain fe80::1 ff0e::1", "src_link_local");
}

static void stopped_forwarding_comes_before_the_route(void **state)
{
	struct router *r = *state;

	run_ok(r, "stop");
	verdict(r, "explain 10.0.0.1 239.1.1.1", "type start");
}

static void missing_route_names_the_command(void **state)
{
	verdict(*state, "explain 10.0.0.1 239.9.9.9", "add route 10.0.0.1 239.9.9.9 input IF");
}

static void policed_signals_are_noted_where_there_is_no_route(void **state)
{
	struct router *r = *state;

	assert_false(has_check(r, "explain 10.0.0.1 239.9.9.9", "police", true, ""));
	r->w->f->policed.policed = 7;
	assert_true(has_check(r, "explain 10.0.0.1 239.9.9.9", "police", true, "21 signals"));
	assert_false(has_check(r, "explain 10.0.0.1 239.1.1.1", "police", true, ""));
}

static void refused_route_is_not_installed(void **state)
{
	struct router *r = *state;

	r->w->f->routes_max = 2;
	run_fails(r, "add route 10.0.0.2 239.1.1.9 input src output lan1", "max_routes");
	verdict(r, "explain 10.0.0.2 239.1.1.9", "the data plane refused the route");
}

static void unreachable_source_of_an_rpf_route(void **state)
{
	struct router *r = *state;

	run_ok(r, "add route 172.16.0.1 239.1.1.9 input rpf output lan1");
	verdict(r, "explain 172.16.0.1 239.1.1.9", "no unicast route to 172.16.0.1");
}

static void input_that_is_down_says_why(void **state)
{
	struct router *r = *state;

	run_ok(r, "set interface src down");
	verdict(r, "explain 10.0.0.1 239.1.1.1", "input src is down: administratively down");
}

static void output_that_is_down_says_why(void **state)
{
	struct router *r = *state;

	verdict(r, "explain 10.5.0.1 239.2.0.1", "output lan2 is down");
	assert_true(has_check(r, "explain 10.5.0.1 239.2.0.1", "output", false, "no carrier"));
}

static void route_without_output_is_said(void **state)
{
	struct router *r = *state;

	run_ok(r, "add route 10.0.0.2 239.1.1.9 input src");
	verdict(r, "explain 10.0.0.2 239.1.1.9", "no output");
}

static void output_that_is_the_only_input_is_said(void **state)
{
	struct router *r = *state;

	run_ok(r, "add route 10.0.0.2 239.1.1.9 input src output src");
	verdict(r, "explain 10.0.0.2 239.1.1.9", "also the only input");
}

static void unresolved_next_hops_are_said(void **state)
{
	struct router *r = *state;

	run_ok(r, "add route 10.0.0.2 239.1.1.9 input src output lan1 unicast 10.1.0.66");
	verdict(r, "explain 10.0.0.2 239.1.1.9", "next hop towards 10.1.0.66 not resolved");
	run_ok(r, "add route 10.0.0.3 239.1.1.9 input src output gre0");
	verdict(r, "explain 10.0.0.3 239.1.1.9", "gre0: next hop towards the tunnel's remote");
}

static void next_hop_asked_about_is_given_back(void **state)
{
	struct router *r = *state;
	uint32_t before = fake_dp_count_adjs(r->w->f);

	for (int i = 0; i < 10; i++)
		run_ok(r, "explain 10.0.0.1 239.1.1.1");
	assert_int_equal(fake_dp_count_adjs(r->w->f), before);
}

static void silence_and_wrong_interface_are_told_apart(void **state)
{
	struct router *r = *state;

	verdict(r, "explain 10.0.0.1 239.1.1.1", "no packet has arrived on src");
	r->route.wrong_if = 4;
	verdict(r, "explain 10.0.0.1 239.1.1.1", "4 packets came in on another interface than src");
}

static void flow_that_is_dropped_whole(void **state)
{
	struct router *r = *state;

	r->route = (struct dp_route_counters){.packets = 9, .dropped = 9, .last_used_ms = 1};
	verdict(r, "explain 10.0.0.1 239.1.1.1", "all 9 packets were dropped: trace shows why");
}

/* The counters of two workers are told. */
static void cause_of_drops_is_named_where_one_reason_alone_has_counted(void **state)
{
	static const char *const line = "explain 10.0.0.1 239.1.1.1";
	struct router *r = *state;

	r->route = (struct dp_route_counters){.packets = 20, .dropped = 20, .last_used_ms = 1};
	r->worker.drops[DROP_ttl_expired] = 10;
	r->worker.drops[DROP_no_route] = 3;
	verdict(r, line,
		"all 20 packets were dropped: TTL 1: not forwarded (ttl_expired); let the sender");
	r->worker.drops[DROP_oif_mtu] = 4;
	verdict(r, line, "dropped: ttl_expired 20, oif_mtu 8 on all routes: trace shows why");
	r->worker.drops[DROP_oif_mtu] = 0;
	r->worker.drops[DROP_ttl_expired] = 9;
	verdict(r, line, "dropped: ttl_expired 18 on all routes: trace shows why");
}

/* A second later, so many more have come, of which so many were dropped. */
static void second(struct router *r, unsigned packets, unsigned dropped)
{
	r->w->now_us += 1000000;
	r->route.packets += packets;
	r->route.dropped += dropped;
	r->route.last_used_ms = packets ? 1 : r->route.last_used_ms + 1000;
}

static void what_was_both_forwarded_and_dropped_is_not_called_either_at_the_first_look(void **state)
{
	struct router *r = *state;

	run_ok(r, "add route 10.0.0.65 239.8.6.5 input src output lan1");
	r->route = (struct dp_route_counters){.packets = 50, .dropped = 20, .last_used_ms = 1};
	verdict(r, "explain 10.0.0.65 239.8.6.5",
		"30 packets were forwarded and 20 dropped so far, the last one 1 ms ago: explain again");
}

static void what_is_dropped_now_is_the_verdict_though_some_were_forwarded_before(void **state)
{
	static const char *const line = "explain 10.0.0.66 239.8.6.6";
	struct router *r = *state;

	run_ok(r, "add route 10.0.0.66 239.8.6.6 input src output lan1");
	r->route = (struct dp_route_counters){.packets = 50, .last_used_ms = 1};
	verdict(r, line, "forwarding: 50 packets so far, the last one 1 ms ago");
	second(r, 100, 0);
	verdict(r, line, "forwarding: 100.0 packets/s in the last 1.0 s");
	second(r, 100, 100);
	verdict(r, line,
		"all that came in the last 1.0 s was dropped, 100.0 packets/s (150 were forwarded "
		"before): trace shows why");
	assert_true(has_check(r, line, "dropped", false, "all that came"));
	second(r, 100, 40);
	verdict(r, line, "forwarding: 60.0 packets/s in the last 1.0 s, 40.0 packets/s dropped");
	assert_true(
		has_check(r, line, "dropped", true, "140 of them were dropped, 40.0 a second now"));
}

static void drops_of_before_do_not_stand_in_the_verdict(void **state)
{
	static const char *const line = "explain 10.0.0.67 239.8.6.7";
	struct router *r = *state;

	run_ok(r, "add route 10.0.0.67 239.8.6.7 input src output lan1");
	r->route = (struct dp_route_counters){.packets = 50, .dropped = 49, .last_used_ms = 1};
	run_ok(r, line);
	second(r, 100, 0);
	assert_string_equal(text_at(run_ok(r, line), "verdict"),
		"forwarding: 100.0 packets/s in the last 1.0 s");
	assert_true(has_check(r, line, "dropped", true, "none in the last 1.0 s"));
	second(r, 0, 0);
	verdict(r, line,
		"forwarding: 101 packets so far, none in the last 1.0 s, the last one 1001 ms");
}

static void a_look_of_long_ago_says_nothing_about_now(void **state)
{
	static const char *const line = "explain 10.0.0.68 239.8.6.8";
	struct router *r = *state;

	run_ok(r, "add route 10.0.0.68 239.8.6.8 input src output lan1");
	r->route = (struct dp_route_counters){.packets = 50, .last_used_ms = 1};
	run_ok(r, line);
	r->w->now_us += 60000000ull;
	second(r, 100, 100);
	verdict(r, line, "50 packets were forwarded and 100 dropped so far");
	assert_true(has_check(r, line, "rate", true, "explain again"));
}

static void flow_that_is_forwarded_has_counts_and_then_a_rate(void **state)
{
	struct router *r = *state;

	r->route = (struct dp_route_counters){.packets = 9, .last_used_ms = 1};
	run_ok(r, "add route 10.0.0.88 239.8.8.8 input src output lan1");
	verdict(r, "explain 10.0.0.88 239.8.8.8", "forwarding: 9 packets so far");
	assert_true(has_check(r, "explain 10.0.0.88 239.8.8.8", "rate", true, "again"));
	r->w->now_us += 1000000;
	r->route.packets = 109;
	assert_true(has_check(r, "explain 10.0.0.88 239.8.8.8", "rate", true, "100.0 packets/s"));
	assert_non_null(strstr(run_text(r, "explain 10.0.0.88 239.8.8.8"), "  ok   "));
}

/* 9 packets, the last of them 38 s ago. */
static void stopped(struct router *r, const char *route)
{
	char line[128];

	snprintf(line, sizeof(line), "add route %s", route);
	run_ok(r, line);
	r->route = (struct dp_route_counters){.packets = 9, .last_used_ms = 38649};
}

static void flow_that_has_stopped_is_not_forwarding(void **state)
{
	struct router *r = *state;

	stopped(r, "10.0.0.61 239.8.6.1 input src output lan1");
	verdict(r, "explain 10.0.0.61 239.8.6.1",
		"has forwarded, but nothing has come for 38 s (9 packets before): does 10.0.0.61 on "
		"src still send?");
	assert_true(has_check(r, "explain 10.0.0.61 239.8.6.1", "packets", false, "38 s"));
	r->route.last_used_ms = 4000;
	verdict(r, "explain 10.0.0.61 239.8.6.1", "forwarding: 9 packets so far");
}

static void flow_that_has_stopped_names_the_router_upstream(void **state)
{
	struct router *r = *state;

	stopped(r, "10.9.3.62 239.8.6.2 input lan1 output src");
	verdict(r, "explain 10.9.3.62 239.8.6.2",
		"does the RPF neighbor 10.1.0.9 on lan1 forward it");
	stopped(r, "172.16.0.1 239.8.6.2 input lan1 output src");
	verdict(r, "explain 172.16.0.1 239.8.6.2", "unreachable from here (no unicast route");
}

static void packets_on_the_wrong_interface_are_amiss_while_they_come(void **state)
{
	static const char *const line = "explain 10.0.0.63 239.8.6.3";
	struct router *r = *state;

	stopped(r, "10.0.0.63 239.8.6.3 input src output lan1");
	r->route.wrong_if = 3974;
	assert_true(has_check(r, line, "wrong_if", false, "explain again"));
	r->w->now_us += 1000000;
	r->route.wrong_if += 10;
	assert_true(has_check(r, line, "wrong_if", false, "10.0 a second since the last look"));
	verdict(r, line, "has forwarded, but nothing has come for 38 s");
	r->w->now_us += 1000000;
	assert_true(has_check(r, line, "wrong_if", true, "none since the last look"));
	second(r, 1, 0);
	r->route.wrong_if += 10;
	verdict(r, line,
		"forwarding: 1.0 packets/s in the last 1.0 s; but 3994 packets came in on another");
}

static void one_of_two_outputs_is_down(void **state)
{
	struct router *r = *state;

	run_ok(r, "add route 10.0.0.64 239.8.6.4 input src output lan2 output lan1");
	r->route = (struct dp_route_counters){.packets = 9, .last_used_ms = 1};
	verdict(r, "explain 10.0.0.64 239.8.6.4",
		"forwarding: 9 packets so far, the last one 1 ms ago; but output lan2 is down");
}

static void less_specific_route_is_named(void **state)
{
	struct router *r = *state;

	r->route.packets = 1;
	assert_true(has_check(r, "explain 10.0.0.5 239.2.0.1", "route", true, "(*, 239.2.0.1)"));
	net_port_link(r->app.net, "p2", true);
	r->route.last_used_ms = 1;
	verdict(r, "explain 10.0.0.5 239.2.0.1",
		"forwarding: 1 packets so far, the last one 1 ms ago (of all sources of the route)");
	assert_null(strstr(text_at(run_ok(r, "explain * 239.2.0.1"), "verdict"), "of all sources"));
	assert_true(has_check(r, "explain * 239.2.0.1", "route", true, "(*, 239.2.0.1)"));
}

static void smaller_mtu_and_threshold_are_noted(void **state)
{
	struct router *r = *state;

	run_ok(r,
		"add route 10.0.0.2 239.1.1.9 input src output lan2 ttl-threshold 31 output lan1");
	net_port_link(r->app.net, "p2", true);
	assert_true(has_check(r, "explain 10.0.0.2 239.1.1.9", "mtu", true,
		"MTU 1400 is smaller than the input's 1500: larger packets are fragmented, with DF "
		"dropped (oif_mtu)"));
	assert_true(has_check(r, "explain 10.0.0.2 239.1.1.9", "ttl_threshold", true, "above 31"));
}

static void a_marked_route_says_which_ports_mark_it(void **state)
{
	struct router *r = *state;

	r->route.packets = 5;
	assert_false(has_check(r, "explain 10.0.0.1 239.1.1.1", "mark", true, ""));
	r->mark = 7;
	assert_true(has_check(r, "explain 10.0.0.1 239.1.1.1", "mark", true, "mark 7 on p0, p1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, router_setup, router_teardown)

static void excepted_source_names_the_route_that_excepts_it(void **state)
{
	struct router *r = *state;

	run_ok(r, "add route * 239.7.0.0/16 input src except 10.0.0.0/8 output lan1");
	verdict(r, "explain 10.0.0.5 239.7.1.1",
		"excepted by static route (*, 239.7.0.0/16): its except has 10.0.0.0/8");
	run_ok(r, "add route 10.0.0.5 239.7.1.1 input src output lan1");
	assert_true(has_check(r, "explain 10.0.0.5 239.7.1.1", "except", true,
		"static route (*, 239.7.0.0/16) takes no part"));
}

static void overlap_of_routes_is_said(void **state)
{
	struct router *r = *state;

	run_ok(r, "add route * 239.7.1.0/24 input src output lan1");
	run_ok(r, "add route 10.0.0.0/8 239.7.0.0/16 input src output lan2");
	assert_true(has_check(r, "explain 10.0.0.5 239.7.1.1", "route", true,
		"(10.0.0.0/8, 239.7.1.0/24) by static, 1 input(s), 2 output(s), where routes overlap"));
	tib_crossings_limit(r->app.tib, 1);
	run_ok(r, "add route * 239.7.2.0/24 input src output lan1");
	assert_true(
		has_check(r, "explain 10.0.0.5 239.7.2.1", "overlap", true, "too many overlaps"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(link_local_group_is_never_routed),
		TEST(martian_source_cannot_send),
		TEST(stopped_forwarding_comes_before_the_route),
		TEST(missing_route_names_the_command),
		TEST(policed_signals_are_noted_where_there_is_no_route),
		TEST(refused_route_is_not_installed),
		TEST(unreachable_source_of_an_rpf_route),
		TEST(input_that_is_down_says_why),
		TEST(output_that_is_down_says_why),
		TEST(route_without_output_is_said),
		TEST(output_that_is_the_only_input_is_said),
		TEST(unresolved_next_hops_are_said),
		TEST(next_hop_asked_about_is_given_back),
		TEST(silence_and_wrong_interface_are_told_apart),
		TEST(flow_that_is_dropped_whole),
		TEST(cause_of_drops_is_named_where_one_reason_alone_has_counted),
		TEST(what_was_both_forwarded_and_dropped_is_not_called_either_at_the_first_look),
		TEST(what_is_dropped_now_is_the_verdict_though_some_were_forwarded_before),
		TEST(drops_of_before_do_not_stand_in_the_verdict),
		TEST(a_look_of_long_ago_says_nothing_about_now),
		TEST(flow_that_is_forwarded_has_counts_and_then_a_rate),
		TEST(flow_that_has_stopped_is_not_forwarding),
		TEST(flow_that_has_stopped_names_the_router_upstream),
		TEST(packets_on_the_wrong_interface_are_amiss_while_they_come),
		TEST(one_of_two_outputs_is_down),
		TEST(less_specific_route_is_named),
		TEST(smaller_mtu_and_threshold_are_noted),
		TEST(a_marked_route_says_which_ports_mark_it),
		TEST(excepted_source_names_the_route_that_excepts_it),
		TEST(overlap_of_routes_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
