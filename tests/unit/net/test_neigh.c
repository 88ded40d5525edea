/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Neighbours: the static ones and the kernel's.
 */
#include "tests/unit/net/nexthop_fixture.h"

static void without_twin_only_static_neighbours_count(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);
	uint32_t adj = nexthop(f, "10.1.0.9", 0);
	struct ipaddr a = ip("10.1.0.9");

	assert_unresolved(f, adj, "no static neighbour for 10.1.0.9 on lan1");
	tick(f, 1);
	assert_int_equal(f->n_asked, 0);
	neigh(f, id, "10.1.0.9", NET_NEIGH_STATIC, 9);
	assert_ether(f, adj, id, 9);
	assert_int_equal(net_neigh_del(f->net, id, &a, true), 0);
	assert_unresolved(f, adj, "no static neighbour for 10.1.0.9 on lan1");
	assert_int_equal(net_neigh_del(f->net, id, &a, true), -ENOENT);
}

static void static_neighbour_hides_the_kernels(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	struct ipaddr a = ip("10.1.0.9");

	neigh(f, id, "10.1.0.9", NET_NEIGH_STATIC, 1);
	neigh(f, id, "10.1.0.9", NET_NEIGH_REACHABLE, 2);
	assert_int_equal(net_neigh_find(f->net, id, &a)->state, NET_NEIGH_STATIC);
	assert_int_equal(net_neigh_find(f->net, id, &a)->mac[5], 1);
	assert_int_equal(heard(f, NET_NEIGH), 1);
	assert_int_equal(net_neigh_del(f->net, id, &a, true), 0);
	assert_int_equal(net_neigh_find(f->net, id, &a)->mac[5], 2);
	assert_int_equal(net_neigh_del(f->net, id, &a, false), 0);
	assert_null(net_neigh_find(f->net, id, &a));
}

static void neighbours_end_with_twin_and_interface(void **state)
{
	struct fixture *f = *state;
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 7);
	struct ipaddr k = ip("10.1.0.8"), s = ip("10.1.0.9");
	struct net_neigh n = {.ifid = id, .addr = s};

	neigh(f, id, "10.1.0.8", NET_NEIGH_REACHABLE, 1);
	neigh(f, id, "10.1.0.9", NET_NEIGH_STATIC, 2);
	net_if_twin(f->net, id, 0);
	assert_null(net_neigh_find(f->net, id, &k));
	assert_non_null(net_neigh_find(f->net, id, &s));
	net_if_del(f->net, id);
	assert_null(net_neigh_find(f->net, id, &s));
	assert_int_equal(net_neigh_set(f->net, &n), -ENODEV);
}

static bool collect(void *arg, const struct net_neigh *n)
{
	char *s = arg;

	sprintf(s + strlen(s), "%u/%s ", n->ifid, str(&n->addr));
	return true;
}

static void neighbours_are_walked_in_order(void **state)
{
	struct fixture *f = *state;
	char text[256] = "";

	lan(f, "lan1", NULL, 0);
	lan(f, "lan2", NULL, 0);
	neigh(f, 2, "10.0.0.1", NET_NEIGH_STATIC, 1);
	neigh(f, 1, "2001:db8::1", NET_NEIGH_STATIC, 1);
	neigh(f, 1, "10.0.0.9", NET_NEIGH_STATIC, 1);
	neigh(f, 1, "10.0.0.2", NET_NEIGH_STATIC, 1);
	net_neigh_walk(f->net, collect, text);
	assert_string_equal(text, "1/10.0.0.2 1/10.0.0.9 1/2001:db8::1 2/10.0.0.1 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_twin_only_static_neighbours_count),
		TEST(static_neighbour_hides_the_kernels),
		TEST(neighbours_end_with_twin_and_interface),
		TEST(neighbours_are_walked_in_order),
	};

	log_set_level(LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
