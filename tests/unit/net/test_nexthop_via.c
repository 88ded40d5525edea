/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Which way a next hop goes: through an interface that was named, a tunnel, or none at all.
 */
#include "tests/unit/net/nexthop_fixture.h"

/* --- via -------------------------------------------------------------------------------------- */

static void via_takes_the_routes_path_through_that_interface(void **state)
{
	struct fixture *f = *state;
	uint16_t a = lan(f, "lan1", "10.1.0.1/24", 7), b = lan(f, "lan2", "10.2.0.1/24", 8);
	struct net_route r = route1("10.5.0.0/16", NET_ROUTE_KERNEL, "10.1.0.2", 0, 7);
	uint32_t via_a = nexthop(f, "10.5.0.1", a), via_b = nexthop(f, "10.5.0.1", b);

	r.n_paths = 2;
	r.paths[1] = (struct net_path){.gateway = ip("10.2.0.2"), .ifindex = 8, .weight = 1};
	assert_unresolved(f, via_b, "no route to 10.5.0.1 through lan2");
	assert_int_equal(net_route_set(f->net, &r), 0);
	neigh(f, a, "10.1.0.2", NET_NEIGH_REACHABLE, 1);
	neigh(f, b, "10.2.0.2", NET_NEIGH_REACHABLE, 2);
	assert_ether(f, via_a, a, 1);
	assert_ether(f, via_b, b, 2);
	net_port_link(f->net, "lan2", false);
	assert_unresolved(f, via_b, "interface lan2 is down");
	assert_ether(f, via_a, a, 1);
}

static void via_falls_back_to_a_shorter_route_through_it(void **state)
{
	struct fixture *f = *state;
	uint16_t a, b;
	uint32_t adj;

	a = lan(f, "lan1", "10.1.0.1/24", 7);
	b = lan(f, "lan2", "10.2.0.1/24", 8);
	assert_int_not_equal(a, b);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	kroute(f, "0.0.0.0/0", "10.2.0.2", 8);
	neigh(f, b, "10.2.0.2", NET_NEIGH_REACHABLE, 2);
	adj = nexthop(f, "10.5.0.1", b);
	assert_ether(f, adj, b, 2);
}

static void via_needs_no_route_on_its_own_subnet(void **state)
{
	struct fixture *f = *state;
	uint16_t a = lan(f, "lan1", "10.1.0.1/16", 7), b = lan(f, "lan2", "10.2.0.1/24", 8);
	struct ipaddr more = ip("10.9.0.1");
	uint32_t adj;

	kroute(f, "10.1.5.0/24", "10.2.0.2", 8);
	neigh(f, a, "10.1.5.9", NET_NEIGH_REACHABLE, 9);
	neigh(f, b, "10.2.0.2", NET_NEIGH_REACHABLE, 2);
	adj = nexthop(f, "10.1.5.9", a);
	assert_ether(f, adj, a, 9);
	assert_ether(f, nexthop(f, "10.1.5.9", b), b, 2);
	/* an address that makes a subnet on link */
	adj = nexthop(f, "10.9.0.9", a);
	assert_unresolved(f, adj, "no route to 10.9.0.9 through lan1");
	neigh(f, a, "10.9.0.9", NET_NEIGH_REACHABLE, 99);
	forget(f);
	net_addr_add(f->net, a, &more, 24);
	assert_ether(f, adj, a, 99);
	assert_true(heard_rib(f, "10.9.0.9")); /* it leaves elsewhere now */
}

static void route_by_gateway_beats_a_shorter_own_subnet(void **state)
{
	struct fixture *f = *state;
	uint16_t a = lan(f, "lan1", "10.1.0.1/16", 7);
	uint32_t adj;

	kroute(f, "10.1.5.0/24", "10.1.0.2", 7);
	neigh(f, a, "10.1.0.2", NET_NEIGH_REACHABLE, 2);
	adj = nexthop(f, "10.1.5.9", a);
	assert_ether(f, adj, a, 2);
}

static void link_local_next_hop_is_on_link_of_its_via(void **state)
{
	struct fixture *f = *state;
	uint16_t a = lan(f, "lan1", "fe80::1/64", 7), b = lan(f, "lan2", "fe80::1/64", 8);

	kroute(f, "fe80::/64", NULL, 8);
	kroute(f, "::/0", "fe80::9", 7);
	neigh(f, a, "fe80::5", NET_NEIGH_REACHABLE, 5);
	neigh(f, b, "fe80::5", NET_NEIGH_REACHABLE, 6);
	assert_ether(f, nexthop(f, "fe80::5", a), a, 5);
	assert_ether(f, nexthop(f, "fe80::5", b), b, 6);
}

static void link_local_next_hop_may_have_our_address_of_another_link(void **state)
{
	struct fixture *f = *state;
	uint16_t a = lan(f, "lan1", "fe80::1/64", 7), b = lan(f, "lan2", "fe80::2/64", 8);

	neigh(f, b, "fe80::1", NET_NEIGH_REACHABLE, 9);
	assert_ether(f, nexthop(f, "fe80::1", b), b, 9);
	assert_unresolved(f, nexthop(f, "fe80::1", a), "the address is the router's own");
}

static void deleted_interface_orphans_its_next_hops(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct net_if_conf other = loop_conf("lo7", NULL);
	uint32_t via, any;

	neigh(f, id, "10.1.0.9", NET_NEIGH_STATIC, 9);
	via = nexthop(f, "10.1.0.9", id);
	any = nexthop(f, "10.1.0.9", 0);
	assert_ether(f, via, id, 9);
	assert_ether(f, any, id, 9);
	assert_int_equal(net_if_del(f->net, id), 0);
	assert_unresolved(f, via, "its interface was deleted");
	assert_unresolved(f, any, "no route to 10.1.0.9");
	/* the id belongs to somebody else now */
	assert_int_equal(add(f, &other), id);
	assert_unresolved(f, via, "its interface was deleted");
	assert_int_not_equal(nexthop(f, "10.1.0.9", id), via);
	net_nexthop_put(f->net, via);
	assert_int_equal(f->dp->adjs[via].id, 0);
}

/* --- tunnels and loopbacks -------------------------------------------------------------------- */

static void next_hop_behind_a_tunnel_is_the_tunnel(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf g = gre_conf("gre0", "10.1.0.1", "10.1.0.2");
	uint16_t id, gre;
	uint32_t adj;

	id = lan(f, "lan1", "10.1.0.1/24", 0);
	gre = add(f, &g);
	neigh(f, id, "10.1.0.2", NET_NEIGH_STATIC, 2);
	assert_ether(f, net_if_get(f->net, gre)->gre_adj, id, 2);
	adj = nexthop(f, "10.7.0.1", gre);
	assert_unresolved(f, adj, "no route to 10.7.0.1 through gre0");
	net_if_twin(f->net, gre, 30);
	kroute(f, "10.7.0.0/24", NULL, 30);
	assert_int_equal(f->dp->adjs[adj].kind, DP_ADJ_IF);
	assert_int_equal(f->dp->adjs[adj].ifid, gre);
	assert_true(info(f, adj).resolved);
	assert_int_equal(f->n_asked, 0);
}

static void tunnel_remote_behind_a_tunnel_is_recursion(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf g = gre_conf("gre0", "10.1.0.1", "10.1.0.2");
	uint16_t id, gre;
	uint32_t adj, her;

	id = lan(f, "lan1", "10.1.0.1/24", 0);
	neigh(f, id, "10.1.0.2", NET_NEIGH_STATIC, 2);
	gre = add(f, &g);
	adj = net_if_get(f->net, gre)->gre_adj;
	net_if_twin(f->net, gre, 30);
	kroute(f, "10.1.0.2/32", NULL, 30);
	assert_false(info(f, adj).resolved);
	assert_string_equal(info(f, adj).why, "tunnel remote reached through a tunnel (gre0)");
	/* the data plane sees a tunnel that leads into a tunnel, and counts it as that */
	assert_int_equal(f->dp->adjs[adj].kind, DP_ADJ_IF);
	assert_int_equal(f->dp->adjs[adj].ifid, gre);
	/* the same address for others than tunnels is another matter */
	her = nexthop(f, "10.1.0.2", 0);
	assert_int_not_equal(her, adj);
	assert_int_equal(f->dp->adjs[her].kind, DP_ADJ_IF);
	kroute_del(f, "10.1.0.2/32");
	assert_ether(f, adj, id, 2);
	assert_ether(f, her, id, 2);
}

static void loopback_is_no_way(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf l = loop_conf("lo0", "10.0.0.1/24");
	uint16_t lo = add(f, &l);

	assert_unresolved(
		f, nexthop(f, "10.0.0.9", 0), "route to 10.0.0.0/24 leads to loopback lo0");
	assert_unresolved(f, nexthop(f, "10.0.0.9", lo), "interface lo0 is a loopback");
}

static void blackhole_is_no_way(void **state)
{
	struct fixture *f = *state;
	uint16_t id;
	uint32_t adj = resolved(f, &id), via = nexthop(f, "10.5.0.1", id);
	struct net_route r = {.dst = pfx("10.5.0.0/24"), .blackhole = 1};

	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_unresolved(f, adj, "blackhole route 10.5.0.0/24");
	assert_unresolved(f, via, "blackhole route 10.5.0.0/24");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(via_takes_the_routes_path_through_that_interface),
		TEST(via_falls_back_to_a_shorter_route_through_it),
		TEST(via_needs_no_route_on_its_own_subnet),
		TEST(route_by_gateway_beats_a_shorter_own_subnet),
		TEST(link_local_next_hop_is_on_link_of_its_via),
		TEST(link_local_next_hop_may_have_our_address_of_another_link),
		TEST(deleted_interface_orphans_its_next_hops),
		TEST(next_hop_behind_a_tunnel_is_the_tunnel),
		TEST(tunnel_remote_behind_a_tunnel_is_recursion),
		TEST(loopback_is_no_way),
		TEST(blackhole_is_no_way),
	};

	log_set_level(LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
