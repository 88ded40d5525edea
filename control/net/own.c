/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router's own addresses as the data plane has them: all of them at once, at the end of a batch in
 * which one came or went. What the data plane does not take is tried again with the next tick.
 */
#include "control/net/net_priv.h"

#include <errno.h>

static unsigned count(const struct net *net)
{
	unsigned n = 0;

	for (unsigned id = 1; id < DP_IFS_MAX; id++)
		if (net->ifs[id])
			n += net->ifs[id]->pub.n_addrs;
	return n;
}

static void collect(const struct net *net, struct dp_local *v)
{
	for (unsigned id = 1; id < DP_IFS_MAX; id++) {
		const struct net_if *p = net->ifs[id] ? &net->ifs[id]->pub : NULL;

		for (unsigned i = 0; p && i < p->n_addrs; i++) {
			v->addr = p->addrs[i].ip;
			v->table = p->conf.table;
			v++;
		}
	}
}

static int publish(struct net *net)
{
	unsigned n = count(net);
	struct dp_local *v = calloc(n + 1, sizeof(*v));
	int rc = -ENOMEM;

	if (v) {
		collect(net, v);
		rc = net->dp.ops->local_set(net->dp.ctx, v, n);
	}
	free(v);
	return rc;
}

void own_publish(struct net *net)
{
	int rc;

	if (!net->own_changed || (net->own_refused && !net->flush))
		return;
	rc = publish(net);
	if (rc && !net->own_refused)
		log_warning("net",
			"the data plane does not take the router's addresses: %s; tried again",
			strerror(-rc));
	net->own_refused = rc != 0;
	net->own_changed = rc != 0;
}
