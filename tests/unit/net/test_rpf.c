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
	};

	log_set_level(LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
