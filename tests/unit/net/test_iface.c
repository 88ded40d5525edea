/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Interfaces: what the data plane is told and when, addresses in force, ids and names.
 */
#include "tests/unit/net/fixture.h"

static void ethernet_without_port_is_not_in_the_data_plane(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf c = ether_conf("lan1", "p0", 0, "10.1.0.1/24");
	uint16_t id = add(f, &c);
	const struct net_if *ifp = net_if_get(f->net, id);

	assert_false(ifp->up);
	assert_int_equal(ifp->port, NET_PORT_NONE);
	assert_int_equal(f->dp->calls[FAKE_IF_SET], 0);
	port_up(f, "p0", 3);
	assert_true(ifp->up);
	assert_int_equal(f->dp->ifs[id].port, 3);
	assert_int_equal(f->dp->ifs[id].up, 1);
	net_port_set(f->net, "p0", NET_PORT_NONE, NULL, 0);
	assert_false(ifp->up);
	assert_int_equal(f->dp->ifs[id].id, 0);
	/* a port that comes back has no link until it says so */
	net_port_set(f->net, "p0", 3, ifp->mac, 1500);
	assert_false(ifp->up);
	assert_int_equal(f->dp->ifs[id].up, 0);
}

static void interface_added_after_its_port_finds_it(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf c = ether_conf("lan1", "p0", 7, NULL);
	uint16_t id;

	port_up(f, "p0", 3);
	id = add(f, &c);
	assert_true(net_if_get(f->net, id)->up);
	assert_int_equal(f->dp->ifs[id].vlan, 7);
	assert_int_equal(f->dp->ifs[id].mac[5], 3);
}

static void up_needs_port_link_and_admin(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", NULL, 0);
	const struct net_if *ifp = net_if_get(f->net, id);

	assert_true(ifp->up);
	forget(f);
	net_port_link(f->net, "lan1", false);
	assert_false(ifp->up);
	assert_int_equal(f->dp->ifs[id].up, 0);
	assert_int_equal(heard(f, NET_IF_STATE), 1);
	net_port_link(f->net, "lan1", true);
	net_if_admin(f->net, id, false);
	assert_false(ifp->up);
	assert_true(ifp->link);
	assert_false(ifp->admin);
	assert_int_equal(f->dp->ifs[id].up, 0);
	net_if_admin(f->net, id, true);
	assert_true(ifp->up);
	assert_int_equal(f->dp->ifs[id].up, 1);
}

static void admin_change_of_a_dead_interface_is_told_but_not_published(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf c = ether_conf("lan1", "p0", 0, NULL);
	uint16_t id = add(f, &c);

	forget(f);
	net_if_admin(f->net, id, false);
	assert_int_equal(heard(f, NET_IF_STATE), 1);
	assert_int_equal(f->dp->calls[FAKE_IF_SET], 0);
}

static void change_that_changes_nothing_calls_nobody(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct net_if_conf c = net_if_get(f->net, id)->conf;
	struct net_if_conf g = gre_conf("gre0", "10.1.0.1", "198.51.100.2");
	uint16_t gre = add(f, &g);

	forget(f);
	port_up(f, "lan1", id);
	net_if_admin(f->net, id, true);
	net_if_proto(f->net, id, 0);
	net_if_twin(f->net, id, 0);
	assert_int_equal(net_if_change(f->net, id, &c), 0);
	assert_int_equal(net_if_change(f->net, gre, &g), 0);
	assert_int_equal(f->n_events, 0);
	for (int op = 0; op < FAKE_OPS; op++)
		assert_int_equal(f->dp->calls[op], 0);
}

static void protocol_bits_and_twin_are_published(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);

	assert_int_equal(f->dp->ifs[id].twin, 1);
	net_if_proto(f->net, id, DP_PROTO_PIM | DP_PROTO_IGMP);
	assert_int_equal(f->dp->ifs[id].proto, DP_PROTO_PIM | DP_PROTO_IGMP);
	net_if_twin(f->net, id, 0);
	assert_int_equal(f->dp->ifs[id].twin, 0);
}

static void mtu_is_the_smaller_of_port_and_configuration(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf c = ether_conf("lan1", "p0", 0, NULL);
	uint16_t id = add(f, &c);
	const struct net_if *ifp = net_if_get(f->net, id);
	const uint8_t mac[6] = {2};

	net_port_set(f->net, "p0", 1, mac, 9000);
	assert_int_equal(ifp->mtu, 9000);
	c.mtu = 1400;
	assert_int_equal(net_if_change(f->net, id, &c), 0);
	assert_int_equal(ifp->mtu, 1400);
	assert_int_equal(f->dp->ifs[id].mtu, 1400);
	net_port_set(f->net, "p0", 1, mac, 1300);
	assert_int_equal(ifp->mtu, 1300);
}

static void tunnel_mtu_leaves_room_for_its_headers(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf c = gre_conf("gre0", "10.0.0.1", "10.0.0.2");
	struct net_if_conf c6 = gre_conf("gre6", "2001:db8::1", "2001:db8::2");

	assert_int_equal(net_if_get(f->net, add(f, &c))->mtu, 1476);
	strcpy(c.name, "gre1");
	c.gre.has_key = 1;
	assert_int_equal(net_if_get(f->net, add(f, &c))->mtu, 1472);
	strcpy(c.name, "gre2");
	c.gre.checksum = 1;
	assert_int_equal(net_if_get(f->net, add(f, &c))->mtu, 1468);
	strcpy(c.name, "gre3");
	c.mtu = 1280;
	assert_int_equal(net_if_get(f->net, add(f, &c))->mtu, 1280);
	assert_int_equal(net_if_get(f->net, add(f, &c6))->mtu, 1456);
}

static void tunnel_and_loopback_are_up_at_once(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf g = gre_conf("gre0", "10.0.0.1", "10.0.0.2");
	struct net_if_conf l = loop_conf("lo0", "10.0.0.0/32");
	uint16_t gre = add(f, &g), lo = add(f, &l);

	assert_true(net_if_get(f->net, gre)->up);
	assert_true(net_if_get(f->net, lo)->up);
	assert_int_equal(f->dp->ifs[gre].kind, DP_IF_GRE);
	assert_int_not_equal(f->dp->ifs[gre].gre.adj, 0);
	assert_int_equal(f->dp->ifs[gre].gre.adj, net_if_get(f->net, gre)->gre_adj);
	assert_int_equal(f->dp->ifs[lo].kind, DP_IF_LOOPBACK);
}

static void tunnel_that_changes_its_remote_lets_go_of_the_old_adjacency(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf g = gre_conf("gre0", "10.0.0.1", "10.0.0.2");
	uint16_t gre = add(f, &g);

	g.gre.remote = ip("10.0.0.3");
	assert_int_equal(net_if_change(f->net, gre, &g), 0);
	assert_int_equal(fake_dp_count_adjs(f->dp), 1);
	assert_int_equal(f->dp->ifs[gre].gre.adj, net_if_get(f->net, gre)->gre_adj);
	assert_string_equal(str(&f->dp->ifs[gre].gre.remote), "10.0.0.3");
	assert_int_equal(net_if_del(f->net, gre), 0);
	assert_int_equal(fake_dp_count_adjs(f->dp), 0);
}

static void names_and_ids_are_checked(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf c = ether_conf("lan1", "p0", 0, NULL);
	uint16_t id = add(f, &c), other;

	assert_int_equal(net_if_add(f->net, &c, &other), -EEXIST);
	strcpy(c.name, "lan2");
	assert_int_equal(net_if_change(f->net, id, &c), -EINVAL);
	assert_int_equal(net_if_change(f->net, 99, &c), -ENOENT);
	assert_int_equal(net_if_del(f->net, 99), -ENOENT);
	assert_null(net_if_get(f->net, 99));
	assert_null(net_if_get(f->net, DP_IFS_MAX));
	assert_null(net_if_find(f->net, "lan2"));
	assert_int_equal(net_if_find(f->net, "lan1")->id, id);
}

static void interface_the_data_plane_refuses_is_not_added(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf g = gre_conf("gre0", "10.0.0.1", "10.0.0.2");
	uint16_t id;

	fake_dp_fail(f->dp, FAKE_IF_SET, -EEXIST, 0, 1);
	assert_int_equal(net_if_add(f->net, &g, &id), -EEXIST);
	assert_null(net_if_find(f->net, "gre0"));
	assert_int_equal(heard(f, NET_IF_NEW), 0);
	assert_int_equal(fake_dp_count_adjs(f->dp), 0);
	assert_int_equal(add(f, &g), 1);
}

/* The data plane of this test owns VLANs as the real one does. */
static struct fixture *swapping;
static int (*plain_if_set)(void *dp, const struct dp_if *ifp);

static int exclusive_if_set(void *dp, const struct dp_if *ifp)
{
	for (unsigned i = 1; i < DP_IFS_MAX; i++) {
		const struct dp_if *o = &swapping->dp->ifs[i];

		if (o->id && o->id != ifp->id && o->port == ifp->port && o->vlan == ifp->vlan)
			return -EEXIST;
	}
	return plain_if_set(dp, ifp);
}

static void two_interfaces_swap_their_vlans(void **state)
{
	struct fixture *f = *state;
	struct dp_ops ops = *f->dp->dp.ops;
	struct dp dp = {.ops = &ops, .ctx = f->dp->dp.ctx};
	struct net_if_conf a = ether_conf("a", "p0", 10, NULL), b = ether_conf("b", "p0", 20, NULL);
	uint16_t ia, ib;

	swapping = f;
	plain_if_set = ops.if_set;
	ops.if_set = exclusive_if_set;
	net_free(f->net);
	f->net = net_new(&dp, NULL);
	ia = add(f, &a);
	ib = add(f, &b);
	port_up(f, "p0", 0);
	a.vlan = 20;
	b.vlan = 10;
	assert_int_equal(net_if_change(f->net, ia, &a), 0);
	assert_false(net_if_get(f->net, ia)->up);
	assert_int_equal(net_if_change(f->net, ib, &b), 0);
	assert_true(net_if_get(f->net, ia)->up);
	assert_true(net_if_get(f->net, ib)->up);
	assert_int_equal(f->dp->ifs[ia].vlan, 20);
	assert_int_equal(f->dp->ifs[ib].vlan, 10);
	net_free(f->net);
	f->net = NULL;
}

static void interface_moves_to_another_port(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf c = ether_conf("lan1", "p0", 0, NULL);
	uint16_t id = add(f, &c);

	port_up(f, "p0", 3);
	port_up(f, "p1", 4);
	strcpy(c.port, "p1");
	assert_int_equal(net_if_change(f->net, id, &c), 0);
	assert_int_equal(f->dp->ifs[id].port, 4);
	forget(f);
	net_port_link(f->net, "p0", false);
	assert_int_equal(f->n_events, 0);
	strcpy(c.port, "p9");
	assert_int_equal(net_if_change(f->net, id, &c), 0);
	assert_false(net_if_get(f->net, id)->up);
	assert_int_equal(f->dp->ifs[id].id, 0);
}

static uint16_t added_meanwhile;

static void add_another(struct fixture *f, const struct net_change *c)
{
	struct net_if_conf l = loop_conf("lo9", NULL);

	if (c->kind != NET_IF_GONE)
		return;
	assert_null(net_if_get(f->net, c->ifid));
	f->on_event = NULL;
	added_meanwhile = add(f, &l);
}

static void id_is_free_again_only_after_the_listener_heard(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf l = loop_conf("lo0", NULL);
	uint16_t id = add(f, &l);

	f->on_event = add_another;
	assert_int_equal(net_if_del(f->net, id), 0);
	assert_int_equal(heard(f, NET_IF_GONE), 1);
	assert_int_not_equal(added_meanwhile, id);
	strcpy(l.name, "lo1");
	assert_int_equal(add(f, &l), id);
	assert_int_equal(heard(f, NET_IF_NEW), 3);
}

static void add_one_more(struct fixture *f, const struct net_change *c)
{
	struct net_if_conf l = loop_conf("lo9", NULL);

	if (c->kind != NET_IF_NEW)
		return;
	f->on_event = NULL;
	added_meanwhile = add(f, &l);
}

static void what_the_listener_changes_is_told_after_what_it_hears(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf l = loop_conf("lo0", "10.0.0.1/32");
	uint16_t id;

	f->on_event = add_one_more;
	id = add(f, &l);
	assert_int_equal(f->n_events, 3);
	assert_int_equal(f->events[0].kind, NET_IF_NEW);
	assert_int_equal(f->events[0].ifid, id);
	assert_int_equal(f->events[1].kind, NET_RIB);
	assert_int_equal(f->events[2].kind, NET_IF_NEW);
	assert_int_equal(f->events[2].ifid, added_meanwhile);
}

static void kernel_addresses_are_in_force_once_the_twin_is_there(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf c = ether_conf("lan1", "p0", 0, "10.1.0.1/24");
	struct ipaddr conf = ip("10.1.0.1"), kern = ip("10.9.0.1");
	uint16_t id, owner;
	const struct net_if *ifp;

	c.exception = true;
	id = add(f, &c);
	ifp = net_if_get(f->net, id);
	assert_int_equal(ifp->n_addrs, 1);
	assert_true(net_is_local(f->net, &conf, NULL));
	net_if_twin(f->net, id, 7);
	assert_int_equal(ifp->n_addrs, 0);
	assert_false(net_is_local(f->net, &conf, NULL));
	forget(f);
	net_addr_add(f->net, id, &kern, 16);
	assert_int_equal(heard(f, NET_IF_ADDR), 1);
	assert_true(net_is_local(f->net, &kern, &owner));
	assert_int_equal(owner, id);
	assert_int_equal(net_if_addr(ifp, IP_V4)->len, 16);
	assert_null(net_if_addr(ifp, IP_V6));
	net_addr_add(f->net, id, &kern, 16);
	assert_int_equal(heard(f, NET_IF_ADDR), 1);
	net_addr_del(f->net, id, &kern, 16);
	assert_false(net_is_local(f->net, &kern, NULL));
	net_if_twin(f->net, id, 0);
	assert_true(net_is_local(f->net, &conf, NULL));
}

static void configured_addresses_stay_in_force_without_exception(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct ipaddr kern = ip("10.9.0.1");

	net_if_twin(f->net, id, 9);
	net_addr_add(f->net, id, &kern, 16);
	assert_int_equal(net_if_get(f->net, id)->n_addrs, 1);
	assert_false(net_is_local(f->net, &kern, NULL));
}

static void address_of_two_interfaces_stays_local_when_one_goes(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf a = loop_conf("lo0", "10.0.0.1/32"), b = loop_conf("lo1", "10.0.0.1/32");
	uint16_t ia = add(f, &a), ib = add(f, &b), owner;
	struct ipaddr addr = ip("10.0.0.1");

	assert_true(net_is_local(f->net, &addr, &owner));
	assert_int_equal(owner, ia);
	net_if_del(f->net, ia);
	assert_true(net_is_local(f->net, &addr, &owner));
	assert_int_equal(owner, ib);
	assert_int_equal(add(f, &a), ia);
	assert_true(net_is_local(f->net, &addr, &owner));
	assert_int_equal(owner, ia);
	net_if_del(f->net, ia);
	net_if_del(f->net, ib);
	assert_false(net_is_local(f->net, &addr, NULL));
}

static void a_link_local_address_is_ours_on_its_own_link_only(void **state)
{
	struct fixture *f = *state;
	uint16_t a = lan(f, "lan1", "fe80::1/64", 0), b = lan(f, "lan2", "fe80::2/64", 0);
	struct ipaddr one = ip("fe80::1"), two = ip("fe80::2"), global = ip("2001:db8::1");
	struct net_if_conf lo = loop_conf("lo0", "2001:db8::1/128");

	add(f, &lo);
	assert_true(net_is_own(f->net, &one, a));
	assert_false(net_is_own(f->net, &one, b));
	assert_false(net_is_own(f->net, &two, a));
	assert_true(net_is_own(f->net, &two, b));
	assert_true(net_is_own(f->net, &global, a));
	assert_false(net_is_own(f->net, &one, 4000));
}

static void connected_routes_need_an_up_interface_without_twin(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct ipaddr a = ip("10.1.0.9");
	struct net_route r;

	lan(f, "lan2", "10.2.0.1/24", 8);
	assert_true(net_route_lookup(f->net, &a, &r));
	assert_int_equal(r.origin, NET_ROUTE_CONNECTED);
	assert_int_equal(r.paths[0].ifid, id);
	assert_true(ip_is_none(&r.paths[0].gateway));
	a = ip("10.2.0.9");
	assert_false(net_route_lookup(f->net, &a, &r));
	a = ip("10.1.0.9");
	forget(f);
	net_port_link(f->net, "lan1", false);
	assert_false(net_route_lookup(f->net, &a, &r));
	assert_true(heard_rib(f, "10.1.0.9"));
	net_port_link(f->net, "lan1", true);
	assert_true(net_route_lookup(f->net, &a, &r));
}

static void one_subnet_on_two_interfaces_is_one_route_with_two_paths(void **state)
{
	struct fixture *f = *state;
	uint16_t a = lan(f, "lan1", "10.1.0.1/24", 0), b = lan(f, "lan2", "10.1.0.2/24", 0);
	struct ipaddr addr = ip("10.1.0.9");
	struct net_route r;

	assert_true(net_route_lookup(f->net, &addr, &r));
	assert_int_equal(r.n_paths, 2);
	assert_int_equal(net_if_del(f->net, a), 0);
	assert_true(net_route_lookup(f->net, &addr, &r));
	assert_int_equal(r.n_paths, 1);
	assert_int_equal(r.paths[0].ifid, b);
}

static void changed_address_moves_the_connected_route(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	struct net_if_conf c = ether_conf("lan1", "lan1", 0, "10.3.0.1/24");
	struct ipaddr was = ip("10.1.0.9"), is = ip("10.3.0.9");
	struct net_route r;

	forget(f);
	assert_int_equal(net_if_change(f->net, id, &c), 0);
	assert_false(net_route_lookup(f->net, &was, &r));
	assert_true(net_route_lookup(f->net, &is, &r));
	assert_int_equal(heard(f, NET_IF_ADDR), 1);
	assert_true(heard_rib(f, "10.1.0.9"));
	assert_true(heard_rib(f, "10.3.0.9"));
}

static void ifindex_used_again_belongs_to_the_new_interface(void **state)
{
	struct fixture *f = *state;
	uint16_t a = lan(f, "lan1", NULL, 7), b = lan(f, "lan2", NULL, 8);

	assert_int_equal(net_if_by_index(f->net, 7)->id, a);
	net_if_twin(f->net, b, 7);
	assert_int_equal(net_if_by_index(f->net, 7)->id, b);
	assert_int_equal(net_if_get(f->net, a)->ifindex, 0);
	assert_null(net_if_by_index(f->net, 8));
	assert_null(net_if_by_index(f->net, 0));
}

static void all_ids_can_be_used_and_are_walked_in_order(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf l = loop_conf("x", NULL);
	const struct net_if *ifp;
	uint16_t id;
	unsigned n = 0;

	f->on_event = NULL;
	for (unsigned i = 1; i < DP_IFS_MAX; i++) {
		snprintf(l.name, sizeof(l.name), "lo%u", i);
		assert_int_equal(add(f, &l), i);
		f->n_events = 0;
	}
	strcpy(l.name, "more");
	assert_int_equal(net_if_add(f->net, &l, &id), -ENOSPC);
	for (ifp = net_if_next(f->net, 0); ifp; ifp = net_if_next(f->net, ifp->id))
		assert_int_equal(ifp->id, ++n);
	assert_int_equal(n, DP_IFS_MAX - 1);
	assert_int_equal(net_if_find(f->net, "lo4000")->id, 4000);
}

static void kind_of_an_interface_may_change(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "x", NULL, 0);
	struct net_if_conf g = gre_conf("x", "10.0.0.1", "10.0.0.2");

	assert_int_equal(net_if_change(f->net, id, &g), 0);
	assert_int_equal(f->dp->ifs[id].kind, DP_IF_GRE);
	assert_true(net_if_get(f->net, id)->up);
	forget(f);
	net_port_link(f->net, "x", false);
	assert_int_equal(f->n_events, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ethernet_without_port_is_not_in_the_data_plane),
		TEST(interface_added_after_its_port_finds_it),
		TEST(up_needs_port_link_and_admin),
		TEST(admin_change_of_a_dead_interface_is_told_but_not_published),
		TEST(change_that_changes_nothing_calls_nobody),
		TEST(protocol_bits_and_twin_are_published),
		TEST(mtu_is_the_smaller_of_port_and_configuration),
		TEST(tunnel_mtu_leaves_room_for_its_headers),
		TEST(tunnel_and_loopback_are_up_at_once),
		TEST(tunnel_that_changes_its_remote_lets_go_of_the_old_adjacency),
		TEST(names_and_ids_are_checked),
		TEST(interface_the_data_plane_refuses_is_not_added),
		TEST(two_interfaces_swap_their_vlans),
		TEST(interface_moves_to_another_port),
		TEST(id_is_free_again_only_after_the_listener_heard),
		TEST(what_the_listener_changes_is_told_after_what_it_hears),
		TEST(kernel_addresses_are_in_force_once_the_twin_is_there),
		TEST(configured_addresses_stay_in_force_without_exception),
		TEST(address_of_two_interfaces_stays_local_when_one_goes),
		TEST(a_link_local_address_is_ours_on_its_own_link_only),
		TEST(connected_routes_need_an_up_interface_without_twin),
		TEST(one_subnet_on_two_interfaces_is_one_route_with_two_paths),
		TEST(changed_address_moves_the_connected_route),
		TEST(ifindex_used_again_belongs_to_the_new_interface),
		TEST(all_ids_can_be_used_and_are_walked_in_order),
		TEST(kind_of_an_interface_may_change),
	};

	log_set_level(LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
