/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Addresses whose next hops a protocol wants known before it sends there: a next hop that somebody holds is
 * asked for until it is known and renewed while it is (control/net/nexthop.c).
 */
#include "control/run/run_priv.h"

#include <errno.h>

void reach_free(struct reach *r, struct net *net)
{
	for (uint32_t i = 0; i < r->n; i++)
		net_nexthop_put(net, r->adjs[i]);
	free(r->adjs);
	*r = (struct reach){0};
}

int reach_set(struct reach *r, struct net *net, const struct ipaddr *v, uint32_t n)
{
	struct reach next = {0};
	int rc = 0;

	if (n) {
		next.adjs = calloc(n, sizeof(*next.adjs));
		if (!next.adjs)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t adj = net_nexthop_get(net, &v[i], 0);

		if (adj)
			next.adjs[next.n++] = adj;
		else
			rc = -ENOBUFS;
	}
	reach_free(r, net); /* behind the new ones: what stays is not let go in between */
	*r = next;
	return rc;
}
