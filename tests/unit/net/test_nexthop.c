/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Next hops: how an adjacency follows routes, MACs and interfaces, and what is asked of the kernel.
 */
#include "tests/unit/net/nexthop_fixture.h"

/* --- coming into being ------------------------------------------------------------------------ */

static void next_hop_waits_for_route_then_for_mac(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	uint32_t adj = nexthop(f, "10.5.0.1", 0);

	assert_unresolved(f, adj, "no route to 10.5.0.1");
	assert_int_equal(f->n_asked, 0);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	assert_unresolved(f, adj, "waiting for the MAC of 10.1.0.2 on lan1");
	assert_int_equal(info(f, adj).ifid, id);
	assert_int_equal(f->n_asked, 1);
	assert_int_equal(f->asked[0].ifindex, 7);
	assert_string_equal(str(&f->asked[0].addr), "10.1.0.2");
	neigh(f, id, "10.1.0.2", NET_NEIGH_INCOMPLETE, 0);
	assert_unresolved(f, adj, "waiting for the MAC of 10.1.0.2 on lan1");
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 5);
	assert_ether(f, adj, id, 5);
	neigh(f, id, "10.1.0.2", NET_NEIGH_STALE, 5);
	assert_ether(f, adj, id, 5);
}

static void next_hop_on_link_is_its_own_gateway(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	struct net_nexthop i;
	uint32_t adj;

	kroute(f, "10.1.0.0/24", NULL, 7);
	neigh(f, id, "10.1.0.9", NET_NEIGH_REACHABLE, 9);
	adj = nexthop(f, "10.1.0.9", 0);
	assert_ether(f, adj, id, 9);
	i = info(f, adj);
	assert_string_equal(str(&i.gateway), "10.1.0.9");
}

static void same_address_and_via_share_an_adjacency(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	uint32_t a = nexthop(f, "10.5.0.1", 0), b = nexthop(f, "10.5.0.1", id);

	assert_int_not_equal(a, b);
	assert_int_equal(nexthop(f, "10.5.0.1", 0), a);
	assert_int_equal(info(f, a).refs, 2);
	net_nexthop_put(f->net, a);
	assert_int_equal(f->dp->adjs[a].id, a);
	net_nexthop_put(f->net, a);
	assert_int_equal(f->dp->adjs[a].id, 0);
	assert_int_equal(f->dp->adjs[b].id, b);
	net_nexthop_put(f->net, b);
	assert_int_equal(fake_dp_count_adjs(f->dp), 0);
	net_nexthop_put(f->net, b);
	net_nexthop_put(f->net, 0);
}

static void data_plane_without_room_gives_no_next_hop(void **state)
{
	struct fixture *f = *state;
	struct ipaddr a = ip("10.5.0.1");

	fake_dp_fail(f->dp, FAKE_ADJ_SET, -ENOSPC, 0, 1);
	assert_int_equal(net_nexthop_get(f->net, &a, 0), 0);
	assert_int_equal(nexthop(f, "10.5.0.1", 0), 1);
}

static void adjacency_the_data_plane_refused_is_tried_again(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	uint32_t adj;

	kroute(f, "10.1.0.0/24", NULL, 7);
	adj = nexthop(f, "10.1.0.9", 0);
	fake_dp_fail(f->dp, FAKE_ADJ_SET, -ENOMEM, 0, 1);
	neigh(f, id, "10.1.0.9", NET_NEIGH_REACHABLE, 9);
	assert_int_equal(f->dp->adjs[adj].kind, DP_ADJ_UNRESOLVED);
	tick(f, 1);
	assert_ether(f, adj, id, 9);
}

/* --- following changes ------------------------------------------------------------------------ */

static void mac_change_is_published_once(void **state)
{
	struct fixture *f = *state;
	uint16_t id;
	uint32_t adj = resolved(f, &id);

	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 6);
	assert_ether(f, adj, id, 6);
	assert_int_equal(f->dp->calls[FAKE_ADJ_SET], 1);
	assert_int_equal(heard(f, NET_NEIGH), 1);
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 6);
	neigh(f, id, "10.1.0.77", NET_NEIGH_REACHABLE, 7);
	assert_int_equal(f->dp->calls[FAKE_ADJ_SET], 1);
}

static void pass(struct fixture *f, unsigned seconds)
{
	while (seconds-- > 0)
		tick(f, 1);
}

static void lost_neighbour_is_asked_for_again(void **state)
{
	struct fixture *f = *state;
	struct ipaddr gw = ip("10.1.0.2");
	uint16_t id;
	uint32_t adj = resolved(f, &id);

	neigh(f, id, "10.1.0.2", NET_NEIGH_FAILED, 0);
	assert_int_equal(f->n_asked, 1);
	pass(f, 3);
	assert_unresolved(f, adj, "no answer from 10.1.0.2 on lan1");
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 8);
	assert_ether(f, adj, id, 8);
	assert_int_equal(net_neigh_del(f->net, id, &gw, false), 0);
	pass(f, 3);
	assert_unresolved(f, adj, "waiting for the MAC of 10.1.0.2 on lan1");
}

/* `ip neigh flush`: the entry fails and goes, is asked for, and comes again. */
static void a_mac_that_the_kernel_forgets_is_used_while_it_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct ipaddr gw = ip("10.1.0.2");
	uint16_t id;
	uint32_t adj = resolved(f, &id);

	neigh(f, id, "10.1.0.2", NET_NEIGH_FAILED, 0);
	assert_int_equal(net_neigh_del(f->net, id, &gw, false), 0);
	neigh(f, id, "10.1.0.2", NET_NEIGH_INCOMPLETE, 0);
	assert_ether(f, adj, id, 5);
	assert_true(info(f, adj).resolved);
	assert_int_equal(f->n_asked, 1);
	pass(f, 2); /* and again each second */
	assert_int_equal(f->n_asked, 3);
	assert_ether(f, adj, id, 5);
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 5);
	assert_int_equal(f->dp->calls[FAKE_ADJ_SET], 0);
	pass(f, 5);
	assert_ether(f, adj, id, 5);
	assert_int_equal(f->n_asked, 3);
}

static void a_gateway_that_nobody_has_asked_for_yet_costs_no_packet_of_the_old_one(void **state)
{
	struct fixture *f = *state;
	uint16_t id;
	uint32_t adj = resolved(f, &id);

	kroute(f, "10.5.0.0/24", "10.1.0.4", 7);
	assert_string_equal(str(&f->asked[0].addr), "10.1.0.4");
	assert_ether(f, adj, id, 5);
	neigh(f, id, "10.1.0.4", NET_NEIGH_REACHABLE, 4);
	assert_ether(f, adj, id, 4);
	kroute(f, "10.5.0.0/24", "10.1.0.6", 7);
	pass(f, 3);
	assert_unresolved(f, adj, "waiting for the MAC of 10.1.0.6 on lan1");
}

static void nothing_lingers_without_a_way_or_where_nobody_can_be_asked(void **state)
{
	struct fixture *f = *state;
	struct ipaddr gw = ip("10.2.0.2");
	uint16_t id, id2;
	uint32_t adj = resolved(f, &id);

	kroute_del(f, "10.5.0.0/16");
	assert_unresolved(f, adj, "no route to 10.5.0.1");
	id2 = lan(f, "lan2", "10.2.0.1/24", 8);
	kroute(f, "10.5.0.0/16", "10.2.0.2", 8);
	neigh(f, id2, "10.2.0.2", NET_NEIGH_REACHABLE, 22);
	assert_ether(f, adj, id2, 22);
	kroute(f, "10.5.0.0/16", "10.1.0.4", 7); /* the old MAC is that of another link */
	assert_unresolved(f, adj, "waiting for the MAC of 10.1.0.4 on lan1");
	kroute(f, "10.5.0.0/16", "10.2.0.2", 8);
	assert_ether(f, adj, id2, 22);
	net_if_twin(f->net, id2, 0); /* and the kernel's neighbours with it */
	assert_int_equal(net_neigh_del(f->net, id2, &gw, false), -ENOENT);
	assert_int_equal(f->dp->adjs[adj].kind, DP_ADJ_UNRESOLVED);
}

static void gateway_change_moves_the_adjacency_and_is_told(void **state)
{
	struct fixture *f = *state;
	uint16_t id, id2;
	uint32_t adj = resolved(f, &id);

	id2 = lan(f, "lan2", "10.2.0.1/24", 8);
	neigh(f, id2, "10.2.0.2", NET_NEIGH_REACHABLE, 22);
	forget(f);
	kroute(f, "10.5.0.0/16", "10.2.0.2", 8);
	assert_ether(f, adj, id2, 22);
	assert_true(heard_rib(f, "10.5.0.1"));
	forget(f);
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 66);
	assert_int_equal(f->dp->calls[FAKE_ADJ_SET], 0);
	neigh(f, id2, "10.2.0.2", NET_NEIGH_REACHABLE, 23);
	assert_ether(f, adj, id2, 23);
}

static void longer_route_takes_over_and_gives_back(void **state)
{
	struct fixture *f = *state;
	uint16_t id;
	uint32_t adj = resolved(f, &id);

	neigh(f, id, "10.1.0.3", NET_NEIGH_REACHABLE, 3);
	kroute(f, "10.5.0.0/24", "10.1.0.3", 7);
	assert_ether(f, adj, id, 3);
	kroute(f, "10.5.9.0/24", "10.1.0.4", 7);
	assert_ether(f, adj, id, 3);
	kroute_del(f, "10.5.0.0/24");
	assert_ether(f, adj, id, 5);
	kroute_del(f, "10.5.0.0/16");
	assert_unresolved(f, adj, "no route to 10.5.0.1");
}

static void interface_flap_unresolves_and_resolves(void **state)
{
	struct fixture *f = *state;
	uint16_t id;
	uint32_t adj = resolved(f, &id);

	net_port_link(f->net, "lan1", false);
	assert_unresolved(f, adj, "interface lan1 is down");
	assert_true(heard_rib(f, "10.5.0.1"));
	forget(f);
	net_port_link(f->net, "lan1", true);
	assert_ether(f, adj, id, 5);
	assert_true(heard_rib(f, "10.5.0.1"));
}

static void no_adjacency_left(void *arg, enum fake_op op)
{
	struct fixture *f = arg;

	if (op == FAKE_IF_DEL)
		assert_int_equal(f->dp->adjs[1].kind, DP_ADJ_UNRESOLVED);
}

static void port_that_goes_takes_adjacency_before_interface(void **state)
{
	struct fixture *f = *state;
	uint16_t id;
	uint32_t adj = resolved(f, &id);

	assert_int_equal(adj, 1);
	f->dp->spy = no_adjacency_left;
	f->dp->spy_arg = f;
	net_port_set(f->net, "lan1", NET_PORT_NONE, NULL, 0);
	assert_unresolved(f, adj, "interface lan1 is down");
	assert_int_equal(f->dp->ifs[id].id, 0);
	port_up(f, "lan1", 1);
	assert_ether(f, adj, id, 5);
	assert_int_equal(net_if_del(f->net, id), 0);
	assert_int_equal(f->dp->calls[FAKE_IF_DEL], 2);
}

static void own_address_is_no_next_hop(void **state)
{
	struct fixture *f = *state;
	struct ipaddr own = ip("10.5.0.1");
	uint16_t id;
	uint32_t adj = resolved(f, &id);

	net_addr_add(f->net, id, &own, 32);
	assert_unresolved(f, adj, "the address is the router's own");
	net_addr_del(f->net, id, &own, 32);
	assert_ether(f, adj, id, 5);
}

static void static_rpf_serves_only_where_no_unicast_route_does(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct net_route r = route1("10.9.0.0/16", NET_ROUTE_RPF, "10.1.0.9", id, 0);
	uint32_t adj = nexthop(f, "10.9.0.1", 0);

	neigh(f, id, "10.1.0.9", NET_NEIGH_STATIC, 9);
	neigh(f, id, "10.1.0.8", NET_NEIGH_STATIC, 8);
	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_ether(f, adj, id, 9);
	r = route1("10.0.0.0/8", NET_ROUTE_CONNECTED, "10.1.0.8", id, 0);
	assert_int_equal(net_route_set(f->net, &r), 0);
	assert_ether(f, adj, id, 8);
}

/* --- time ------------------------------------------------------------------------------------- */

static void unresolved_is_asked_for_every_second(void **state)
{
	struct fixture *f = *state;

	lan(f, "lan1", "10.1.0.1/24", 7);
	kroute(f, "10.1.0.0/24", NULL, 7);
	tick(f, 100);
	nexthop(f, "10.1.0.9", 0);
	assert_int_equal(f->n_asked, 1);
	tick(f, 0);
	assert_int_equal(f->n_asked, 1);
	tick(f, 1);
	assert_int_equal(f->n_asked, 2);
	tick(f, 1);
	assert_int_equal(f->n_asked, 3);
}

static void resolved_is_renewed_every_ten_seconds_while_in_use(void **state)
{
	struct fixture *f = *state;
	uint16_t id;
	uint32_t adj = resolved(f, &id);

	for (unsigned s = 0; s < 9; s++)
		tick(f, 1);
	assert_int_equal(f->n_asked, 0);
	tick(f, 1);
	assert_int_equal(f->n_asked, 1);
	for (unsigned s = 0; s < 10; s++)
		tick(f, 1);
	assert_int_equal(f->n_asked, 2);
	net_nexthop_put(f->net, adj);
	tick(f, 20);
	assert_int_equal(f->n_asked, 2);
}

static void static_neighbour_is_never_asked_for(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);

	kroute(f, "10.1.0.0/24", NULL, 7);
	neigh(f, id, "10.1.0.9", NET_NEIGH_STATIC, 9);
	nexthop(f, "10.1.0.9", 0);
	tick(f, 100);
	assert_int_equal(f->n_asked, 0);
}

/* --- scale ------------------------------------------------------------------------------------ */

static void change_touches_only_the_next_hops_it_concerns(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	char text[32];

	kroute(f, "10.0.0.0/8", "10.1.0.2", 7);
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 2);
	neigh(f, id, "10.1.0.3", NET_NEIGH_REACHABLE, 3);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.1", 5 + i / 250, i % 250);
		nexthop(f, text, 0);
	}
	forget(f);
	kroute(f, "10.5.0.0/16", "10.1.0.3", 7);
	assert_int_equal(f->dp->calls[FAKE_ADJ_SET], 250);
	assert_int_equal(heard(f, NET_RIB), 1);
	forget(f);
	neigh(f, id, "10.1.0.3", NET_NEIGH_REACHABLE, 33);
	assert_int_equal(f->dp->calls[FAKE_ADJ_SET], 250);
	forget(f);
	neigh(f, id, "10.1.0.2", NET_NEIGH_REACHABLE, 22);
	assert_int_equal(f->dp->calls[FAKE_ADJ_SET], 750);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(next_hop_waits_for_route_then_for_mac),
		TEST(next_hop_on_link_is_its_own_gateway),
		TEST(same_address_and_via_share_an_adjacency),
		TEST(data_plane_without_room_gives_no_next_hop),
		TEST(adjacency_the_data_plane_refused_is_tried_again),
		TEST(mac_change_is_published_once),
		TEST(lost_neighbour_is_asked_for_again),
		TEST(a_mac_that_the_kernel_forgets_is_used_while_it_is_asked_for),
		TEST(a_gateway_that_nobody_has_asked_for_yet_costs_no_packet_of_the_old_one),
		TEST(nothing_lingers_without_a_way_or_where_nobody_can_be_asked),
		TEST(gateway_change_moves_the_adjacency_and_is_told),
		TEST(longer_route_takes_over_and_gives_back),
		TEST(interface_flap_unresolves_and_resolves),
		TEST(port_that_goes_takes_adjacency_before_interface),
		TEST(own_address_is_no_next_hop),
		TEST(static_rpf_serves_only_where_no_unicast_route_does),
		TEST(unresolved_is_asked_for_every_second),
		TEST(resolved_is_renewed_every_ten_seconds_while_in_use),
		TEST(static_neighbour_is_never_asked_for),
		TEST(change_touches_only_the_next_hops_it_concerns),
	};

	log_set_level(LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
