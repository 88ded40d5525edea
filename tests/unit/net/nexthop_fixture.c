/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Next hops in the tests of control/net: taking one, and asserting what became of it.
 */
#include "tests/unit/net/nexthop_fixture.h"

uint32_t nexthop(struct fixture *f, const char *addr, uint16_t via)
{
	struct ipaddr a = ip(addr);
	uint32_t adj = net_nexthop_get(f->net, &a, via);

	assert_int_not_equal(adj, 0);
	assert_int_equal(f->dp->adjs[adj].id, adj);
	return adj;
}

struct net_nexthop info(struct fixture *f, uint32_t adj)
{
	struct net_nexthop i;

	assert_true(net_nexthop_info(f->net, adj, &i));
	if (i.resolved)
		assert_int_not_equal(f->dp->adjs[adj].kind, DP_ADJ_UNRESOLVED);
	assert_int_equal(i.resolved, i.why[0] == '\0');
	return i;
}

void assert_ether(struct fixture *f, uint32_t adj, uint16_t ifid, uint8_t mac)
{
	const struct dp_adj *a = &f->dp->adjs[adj];

	assert_int_equal(a->kind, DP_ADJ_ETHER);
	assert_int_equal(a->ifid, ifid);
	assert_int_equal(a->mac[0], 2);
	assert_int_equal(a->mac[5], mac);
}

void assert_unresolved(struct fixture *f, uint32_t adj, const char *why)
{
	struct net_nexthop i = info(f, adj);

	assert_int_equal(f->dp->adjs[adj].kind, DP_ADJ_UNRESOLVED);
	assert_string_equal(i.why, why);
}

uint32_t resolved(struct fixture *f, uint16_t *id)
{
	uint32_t adj;

	*id = lan(f, "lan1", "10.1.0.1/24", 7);
	kroute(f, "10.5.0.0/16", "10.1.0.2", 7);
	neigh(f, *id, "10.1.0.2", NET_NEIGH_REACHABLE, 5);
	adj = nexthop(f, "10.5.0.1", 0);
	assert_ether(f, adj, *id, 5);
	forget(f);
	return adj;
}
