/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The static protocol follows the network: which routes an event concerns.
 */
#include "control/static/static_priv.h"

static void refresh_all(struct static_self *self, struct proto_ctx *ctx)
{
	struct hash_node *node = NULL;

	while ((node = hash_next(&self->entries, node)))
		static_refresh(self, container_of(node, struct static_entry, node), ctx);
}

static int cmp_source(const void *pa, const void *pb)
{
	const struct static_entry *a = *(struct static_entry *const *)pa;
	const struct static_entry *b = *(struct static_entry *const *)pb;

	return ip_cmp(&a->key.src.addr, &b->key.src.addr);
}

/* False without memory: then all entries have to be looked at. */
static bool rpf_rebuild(struct static_self *self)
{
	struct static_entry **v;
	struct hash_node *node = NULL;

	if (!self->rpf_stale)
		return true;
	self->n_rpf = 0;
	v = realloc(self->rpf, (self->entries.n + 1) * sizeof(struct static_entry *));
	if (!v)
		return false;
	self->rpf = v;
	while ((node = hash_next(&self->entries, node))) {
		struct static_entry *e = container_of(node, struct static_entry, node);

		if (e->rpf)
			v[self->n_rpf++] = e;
	}
	qsort(v, self->n_rpf, sizeof(struct static_entry *), cmp_source);
	self->rpf_stale = false;
	return true;
}

/* Refreshes the entries whose RPF lookup may have changed. */
static void refresh_rpf(
	struct static_self *self, const struct prefix *within, struct proto_ctx *ctx)
{
	size_t low = 0, high;

	if (!rpf_rebuild(self)) {
		refresh_all(self, ctx);
		return;
	}
	for (high = self->n_rpf; low < high;) {
		size_t mid = (low + high) / 2;

		if (ip_cmp(&self->rpf[mid]->key.src.addr, &within->addr) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < self->n_rpf && prefix_has(within, &self->rpf[low]->key.src.addr); low++)
		static_refresh(self, self->rpf[low], ctx);
}

void static_net_event(struct static_self *self, const struct net_change *c, struct proto_ctx *ctx)
{
	switch ((enum net_change_kind)c->kind) {
	case NET_IF_NEW:
	case NET_IF_GONE:
	case NET_IF_STATE:
		refresh_all(self, ctx);
		break;
	case NET_RIB:
		refresh_rpf(self, &c->prefix, ctx);
		break;
	case NET_IF_LEAVING:
	case NET_IF_ADDR: /* connected routes change as NET_RIB; HER sources are the TIB's */
	case NET_NEIGH:
		break;
	}
}
