/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * RPF: which route decides, what is said when there is no way, how equal paths are shared.
 */
#include "tests/unit/net/fixture.h"

static void connected_source_has_no_neighbour(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct net_rpf r = rpf(f, "10.1.0.7", true);

	assert_int_equal(r.ifid, id);
	assert_true(ip_is_none(&r.neighbor));
	assert_int_equal(r.origin, NET_ROUTE_CONNECTED);
	assert_int_equal(r.preference, 0);
}

static void gateway_is_the_neighbour_and_protocol_gives_preference(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	struct net_route kr = route1("10.5.0.0/16", NET_ROUTE_KERNEL, "10.1.0.2", 0, 7);
	struct net_rpf r;

	kr.protocol = 188;
	kr.metric = 20;
	assert_int_equal(net_route_set(f->net, &kr), 0);
	r = rpf(f, "10.5.1.1", true);
	assert_int_equal(r.ifid, id);
	assert_string_equal(str(&r.neighbor), "10.1.0.2");
	assert_int_equal(r.preference, 110);
	assert_int_equal(r.metric, 20);
	assert_int_equal(r.protocol, 188);
	assert_true(prefix_eq(&r.dst, &kr.dst));
}

static void preference_table_has_defaults_and_can_be_set(void **state)
{
	static const struct {
		uint8_t protocol;
		uint32_t preference;
	} want[] = {{2, 0}, {4, 1}, {196, 1}, {186, 20}, {188, 110}, {187, 115}, {189, 120},
		{192, 90}, {77, 250}};
	struct fixture *f = *state;

	lan(f, "lan1", "10.1.0.1/24", 7);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct net_route kr = route1("10.5.0.0/16", NET_ROUTE_KERNEL, NULL, 0, 7);

		kr.protocol = want[i].protocol;
		assert_int_equal(net_route_set(f->net, &kr), 0);
		assert_int_equal(rpf(f, "10.5.0.1", true).preference, want[i].preference);
	}
	forget(f);
	net_preference_set(f->net, 77, 33);
	assert_int_equal(rpf(f, "10.5.0.1", true).preference, 33);
	assert_true(heard_rib(f, "10.5.0.1"));
	forget(f);
	net_preference_set(f->net, 77, 33);
	assert_int_equal(f->n_events, 0);
}

static void static_rpf_wins_over_a_longer_unicast_route(void **state)
{
	struct fixture *f = *state;
	uint16_t a, b;
	struct net_route r;

	lan(f, "lan1", "10.1.0.1/24", 7);
	a = lan(f, "lan2", "10.2.0.1/24", 8);
	b = lan(f, "lan3", "10.3.0.1/24", 9);
	kroute(f, "10.5.5.0/24", "10.1.0.2", 7);
	r = route1("10.5.0.0/16", NET_ROUTE_RPF, "10.2.0.2", a, 0);
	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_int_equal(rpf(f, "10.5.5.1", true).ifid, a);
	assert_int_equal(rpf(f, "10.5.5.1", true).preference, 0);
	r = route1("10.5.5.0/25", NET_ROUTE_RPF, NULL, b, 0);
	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_int_equal(rpf(f, "10.5.5.1", true).ifid, b);
	assert_int_equal(rpf(f, "10.5.5.200", true).ifid, a);
}

static void unicast_lookup_ignores_static_rpf(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct net_route r = route1("10.5.0.0/16", NET_ROUTE_RPF, "10.1.0.2", id, 0);
	struct ipaddr a = ip("10.5.0.1");

	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_false(net_route_lookup(f->net, &a, &r));
}

static void lower_metric_wins_and_the_next_serves_while_it_is_down(void **state)
{
	struct fixture *f = *state;
	uint16_t a = lan(f, "lan1", "10.1.0.1/24", 7), b = lan(f, "lan2", "10.2.0.1/24", 8);
	struct net_route r1 = route1("10.5.0.0/16", NET_ROUTE_KERNEL, "10.1.0.2", 0, 7);
	struct net_route r2 = route1("10.5.0.0/16", NET_ROUTE_KERNEL, "10.2.0.2", 0, 8);

	r1.metric = 10;
	r2.metric = 20;
	assert_int_equal(net_route_set(f->net, &r2), 0);
	assert_int_equal(net_route_set(f->net, &r1), 0);
	assert_int_equal(rpf(f, "10.5.0.1", true).ifid, a);
	forget(f);
	net_port_link(f->net, "lan1", false);
	assert_int_equal(rpf(f, "10.5.0.1", true).ifid, b);
	assert_int_equal(rpf(f, "10.5.0.1", true).metric, 20);
	assert_true(heard_rib(f, "10.5.0.1"));
}

/* --- no way ----------------------------------------------------------------------------------- */

static void no_route_is_said(void **state)
{
	assert_string_equal(rpf(*state, "10.0.0.1", false).why, "no unicast route to 10.0.0.1");
	assert_string_equal(
		rpf(*state, "2001:db8::1", false).why, "no unicast route to 2001:db8::1");
}

static void foreign_device_is_said(void **state)
{
	struct fixture *f = *state;

	kroute(f, "10.0.0.0/24", "192.0.2.1", 99);
	assert_string_equal(rpf(f, "10.0.0.1", false).why,
		"route to 10.0.0.0/24 leaves by a device that is not starg's");
	kroute(f, "0.0.0.0/0", "192.0.2.1", 99);
	assert_string_equal(rpf(f, "11.0.0.1", false).why,
		"route to 0.0.0.0/0 leaves by a device that is not starg's");
}

static void interface_down_is_said(void **state)
{
	struct fixture *f = *state;

	lan(f, "lan1", "10.1.0.1/24", 7);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	net_port_link(f->net, "lan1", false);
	assert_string_equal(rpf(f, "10.5.0.1", false).why, "interface lan1 is down");
}

static void dead_path_is_said(void **state)
{
	struct fixture *f = *state;
	struct net_route r = route1("10.5.0.0/16", NET_ROUTE_KERNEL, "10.1.0.2", 0, 7);

	lan(f, "lan1", "10.1.0.1/24", 7);
	r.paths[0].dead = true;
	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_string_equal(rpf(f, "10.5.0.1", false).why, "route to 10.5.0.0/16 by lan1 is dead");
}

static void own_address_is_said(void **state)
{
	struct fixture *f = *state;

	lan(f, "lan1", "10.1.0.1/24", 0);
	assert_string_equal(rpf(f, "10.1.0.1", false).why, "the address is the router's own");
}

static void blackhole_is_said(void **state)
{
	struct fixture *f = *state;
	struct net_route r = {.dst = pfx("10.0.0.0/8"), .blackhole = 1};

	lan(f, "lan1", "192.0.2.1/24", 7);
	kroute(f, "0.0.0.0/0", "192.0.2.2", 7);
	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_string_equal(rpf(f, "10.0.0.1", false).why, "blackhole route 10.0.0.0/8");
	rpf(f, "11.0.0.1", true);
}

static void loopback_is_said(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf l = loop_conf("lo0", "10.0.0.1/24");

	add(f, &l);
	assert_string_equal(
		rpf(f, "10.0.0.2", false).why, "route to 10.0.0.0/24 leads to loopback lo0");
}

/* --- equal paths ------------------------------------------------------------------------------ */

#define PATHS 4
#define ADDRS 4000

static void ecmp_route(struct fixture *f, unsigned n, const uint16_t weights[PATHS])
{
	struct net_route r = {.dst = pfx("10.0.0.0/8"), .n_paths = (uint8_t)n};

	for (unsigned i = 0; i < n; i++)
		r.paths[i] = (struct net_path){.gateway = ip4(0xc0000201 + (i << 8)),
			.ifindex = 10 + (int)i,
			.weight = weights[i]};
	assert_int_equal(net_route_set(f->net, &r), 0);
}

static void ecmp_ifs(struct fixture *f)
{
	char name[DP_IF_NAMELEN];

	for (int i = 0; i < PATHS; i++) {
		snprintf(name, sizeof(name), "lan%d", i);
		lan(f, name, NULL, 10 + i);
	}
}

/* The path of each address, by the gateway's third byte. */
static void ecmp_spread(struct fixture *f, uint8_t way[ADDRS], unsigned count[PATHS])
{
	memset(count, 0, PATHS * sizeof(count[0]));
	for (unsigned i = 0; i < ADDRS; i++) {
		struct ipaddr a = ip4(0x0a000000 + i * 7);
		struct net_rpf r;

		assert_true(net_rpf(f->net, &a, &r));
		way[i] = r.neighbor.b[2] - 2;
		count[way[i]]++;
	}
}

static void equal_paths_share_the_addresses(void **state)
{
	static const uint16_t equal[PATHS] = {1, 1, 1, 1}, uneven[PATHS] = {3, 1, 0, 0};
	struct fixture *f = *state;
	uint8_t way[ADDRS];
	unsigned count[PATHS];

	ecmp_ifs(f);
	ecmp_route(f, PATHS, equal);
	ecmp_spread(f, way, count);
	for (unsigned i = 0; i < PATHS; i++)
		assert_in_range(count[i], ADDRS / PATHS * 8 / 10, ADDRS / PATHS * 12 / 10);
	ecmp_route(f, 2, uneven);
	ecmp_spread(f, way, count);
	assert_in_range(count[0], ADDRS * 70 / 100, ADDRS * 80 / 100);
}

static void lost_path_moves_only_its_own_addresses(void **state)
{
	static const uint16_t equal[PATHS] = {1, 1, 1, 1};
	struct fixture *f = *state;
	uint8_t before[ADDRS], after[ADDRS];
	unsigned count[PATHS];

	ecmp_ifs(f);
	ecmp_route(f, PATHS, equal);
	ecmp_spread(f, before, count);
	net_port_link(f->net, "lan2", false);
	ecmp_spread(f, after, count);
	assert_int_equal(count[2], 0);
	for (unsigned i = 0; i < ADDRS; i++)
		if (before[i] != 2)
			assert_int_equal(before[i], after[i]);
	net_port_link(f->net, "lan2", true);
	ecmp_spread(f, after, count);
	assert_memory_equal(before, after, sizeof(before));
}

static void large_weights_keep_their_ratio(void **state)
{
	static const uint16_t weights[PATHS] = {256, 64, 1, 1};
	struct fixture *f = *state;
	uint8_t way[ADDRS];
	unsigned count[PATHS];

	ecmp_ifs(f);
	ecmp_route(f, 2, weights);
	ecmp_spread(f, way, count);
	assert_in_range(count[0], ADDRS * 75 / 100, ADDRS * 85 / 100);
}

/* The path of the tree of one source and group G + i, by the gateway's third byte. */
static uint8_t way_of_group(struct fixture *f, const char *src, unsigned i)
{
	struct ipaddr s = ip(src), g = ip4(0xef010100 + i);
	struct net_rpf r;

	assert_true(net_rpf_group(f->net, &s, &g, &r));
	return r.neighbor.b[2] - 2;
}

#define GROUPS 64

static void groups_of_one_source_are_spread_over_equal_paths(void **state)
{
	static const uint16_t equal[PATHS] = {1, 1, 1, 1};
	struct fixture *f = *state;
	unsigned count[PATHS] = {0}, moved = 0;
	uint8_t before[GROUPS];

	ecmp_ifs(f);
	ecmp_route(f, PATHS, equal);
	for (unsigned i = 0; i < GROUPS; i++)
		count[before[i] = way_of_group(f, "10.0.0.1", i)]++;
	for (unsigned i = 0; i < PATHS; i++)
		assert_in_range(count[i], GROUPS / PATHS / 2, GROUPS / PATHS * 2);
	net_port_link(f->net, "lan1", false);
	for (unsigned i = 0; i < GROUPS; i++) {
		if (before[i] == 1)
			assert_int_not_equal(way_of_group(f, "10.0.0.1", i), 1);
		else
			assert_int_equal(way_of_group(f, "10.0.0.1", i), before[i]);
	}
	net_port_link(f->net, "lan1", true);
	for (unsigned i = 0; i < GROUPS; i++)
		moved += way_of_group(f, "10.0.0.1", i) != before[i];
	assert_int_equal(moved, 0);
}

static void the_setting_says_what_equal_paths_are_chosen_by(void **state)
{
	static const uint16_t equal[PATHS] = {1, 1, 1, 1};
	struct fixture *f = *state;
	struct ipaddr none = {.family = IP_NONE}, s = ip("10.0.0.1");
	struct net_rpf r;
	uint8_t way;

	ecmp_ifs(f);
	ecmp_route(f, PATHS, equal);
	forget(f);
	net_ecmp_set(f->net, NET_ECMP_SOURCE);
	assert_true(heard_rib(f, "10.0.0.1"));
	way = way_of_group(f, "10.0.0.1", 0);
	for (unsigned i = 1; i < GROUPS; i++)
		assert_int_equal(way_of_group(f, "10.0.0.1", i), way);
	assert_true(net_rpf_group(f->net, &s, &none, &r));
	assert_int_equal(r.neighbor.b[2] - 2, way);
	net_ecmp_set(f->net, NET_ECMP_NONE);
	for (unsigned i = 0; i < GROUPS; i++) {
		char src[IP_STRLEN];

		snprintf(src, sizeof(src), "10.0.0.%u", i + 1);
		assert_int_equal(way_of_group(f, src, i), PATHS - 1);
	}
	forget(f);
	net_ecmp_set(f->net, NET_ECMP_NONE);
	assert_int_equal(f->n_events, 0);
}

static void next_hops_do_not_follow_the_setting(void **state)
{
	static const uint16_t equal[PATHS] = {1, 1, 1, 1};
	struct fixture *f = *state;
	struct net_nexthop before[16], after;
	uint32_t adj[16];

	ecmp_ifs(f);
	ecmp_route(f, PATHS, equal);
	for (unsigned i = 0; i < 16; i++) {
		struct ipaddr a = ip4(0x0a000001 + i);

		adj[i] = net_nexthop_get(f->net, &a, 0);
		assert_true(net_nexthop_info(f->net, adj[i], &before[i]));
	}
	net_ecmp_set(f->net, NET_ECMP_NONE);
	for (unsigned i = 0; i < 16; i++) {
		assert_true(net_nexthop_info(f->net, adj[i], &after));
		assert_true(ip_eq(&after.gateway, &before[i].gateway));
		net_nexthop_put(f->net, adj[i]);
	}
}

static void all_equal_paths_are_told_and_which_is_chosen(void **state)
{
	static const uint16_t weights[PATHS] = {1, 2, 1, 1};
	struct ipaddr s = ip("10.0.0.1"), g = ip("239.1.1.1"), other = ip("11.0.0.1");
	struct net_rpf_path paths[NET_PATHS_MAX];
	struct fixture *f = *state;
	unsigned chosen = 0;
	struct net_rpf r;

	ecmp_ifs(f);
	ecmp_route(f, PATHS, weights);
	net_port_link(f->net, "lan3", false);
	assert_true(net_rpf_group(f->net, &s, &g, &r));
	assert_int_equal(net_rpf_paths(f->net, &s, &g, paths), PATHS);
	for (unsigned i = 0; i < PATHS; i++) {
		assert_int_equal(paths[i].weight, weights[i]);
		assert_int_equal(paths[i].usable, i != 3);
		assert_int_equal(paths[i].chosen, ip_eq(&paths[i].neighbor, &r.neighbor));
		chosen += paths[i].chosen;
	}
	assert_int_equal(chosen, 1);
	assert_int_equal(net_rpf_paths(f->net, &other, &g, paths), 0);
}

static void equal_paths_have_the_preference_of_their_protocol(void **state)
{
	struct fixture *f = *state;
	struct net_route r = {
		.dst = pfx("10.0.0.0/8"), .n_paths = 2, .protocol = 188, .metric = 20};

	ecmp_ifs(f);
	for (unsigned i = 0; i < 2; i++)
		r.paths[i] = (struct net_path){
			.gateway = ip4(0xc0000201 + (i << 8)), .ifindex = 10 + (int)i};
	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_int_equal(rpf(f, "10.0.0.1", true).preference, 110);
	net_port_link(f->net, "lan0", false);
	assert_int_equal(rpf(f, "10.0.0.1", true).preference, 110);
	net_port_link(f->net, "lan1", false);
	rpf(f, "10.0.0.1", false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(connected_source_has_no_neighbour),
		TEST(gateway_is_the_neighbour_and_protocol_gives_preference),
		TEST(preference_table_has_defaults_and_can_be_set),
		TEST(static_rpf_wins_over_a_longer_unicast_route),
		TEST(unicast_lookup_ignores_static_rpf),
		TEST(lower_metric_wins_and_the_next_serves_while_it_is_down),
		TEST(no_route_is_said),
		TEST(foreign_device_is_said),
		TEST(interface_down_is_said),
		TEST(dead_path_is_said),
		TEST(own_address_is_said),
		TEST(blackhole_is_said),
		TEST(loopback_is_said),
		TEST(equal_paths_share_the_addresses),
		TEST(lost_path_moves_only_its_own_addresses),
		TEST(large_weights_keep_their_ratio),
		TEST(groups_of_one_source_are_spread_over_equal_paths),
		TEST(the_setting_says_what_equal_paths_are_chosen_by),
		TEST(next_hops_do_not_follow_the_setting),
		TEST(all_equal_paths_are_told_and_which_is_chosen),
		TEST(equal_paths_have_the_preference_of_their_protocol),
	};

	log_set_level(LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
