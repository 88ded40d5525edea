/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Routes at the seam: what a caller may ask for, in bulk. The table itself is mfib.c.
 */
#include "dataplane/tables.h"

#include <errno.h>

#define RECLAIM_EVERY 256 /* routes: keeps the number of retired entries small in a large update */
#define RECLAIM_BATCH 2048

static bool prefix_valid(const struct prefix *p)
{
	unsigned bits = ip_bits(&p->addr);
	struct ipaddr masked;

	if (!bits || p->len > bits)
		return false;
	masked = ip_mask(p->addr, p->len);
	return ip_eq(&masked, &p->addr);
}

/* Addresses of one family, clean prefixes, and a group that is multicast as far as its length says. */
static bool key_valid(const struct dp_route_key *k)
{
	static const uint8_t mcast_bits[] = {[IP_V4] = 4, [IP_V6] = 8};

	if (!prefix_valid(&k->src) || !prefix_valid(&k->grp) ||
		k->src.addr.family != k->grp.addr.family)
		return false;
	return k->grp.len < mcast_bits[k->grp.addr.family] || ip_is_multicast(&k->grp.addr);
}

static bool inputs_valid(const struct dp_route *r)
{
	unsigned next = 0;

	if (r->n_inputs > DP_INPUTS_MAX)
		return false;
	for (unsigned i = 0; i < r->n_inputs; i++) {
		uint16_t ifid = r->inputs[i].ifid;

		if (!ifid || (ifid >= DP_IFS_MAX && ifid != DP_IF_ANY && ifid != DP_IF_REGISTER))
			return false;
		for (unsigned j = 0; j < i; j++) {
			if (r->inputs[j].ifid == ifid)
				return false;
		}
		next += r->inputs[i].role == DP_ROLE_NEXT;
	}
	return next <= 1;
}

static int route_set_one(struct dataplane *d, const struct dp_route *r)
{
	struct oif_list *list = lists_find(&d->lists, r->list);

	if (!key_valid(&r->key) || !inputs_valid(r) || (r->list && !list))
		return -EINVAL;
	return mfib_set(&d->mfib, r, list);
}

int route_set(struct dataplane *d, const struct dp_route *routes, uint32_t n, uint32_t *done)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < n; i++) {
		err = route_set_one(d, &routes[i]);
		if (err)
			break;
		if (i % RECLAIM_EVERY == 0)
			retire_reclaim(&d->retire, RECLAIM_BATCH);
	}
	if (done)
		*done = i;
	return err;
}

int route_del(struct dataplane *d, const struct dp_route_key *keys, uint32_t n)
{
	int err = 0;

	for (uint32_t i = 0; i < n; i++) {
		int e = key_valid(&keys[i]) ? mfib_del(&d->mfib, &keys[i]) : -ENOENT;

		if (e)
			err = e;
		if (i % RECLAIM_EVERY == 0)
			retire_reclaim(&d->retire, RECLAIM_BATCH);
	}
	return err;
}
