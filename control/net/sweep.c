/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Routes taken out by the many: those a resync did not see, those that leave by an interface that
 * is being deleted.
 */
#include "control/net/net_priv.h"

/* Keys of routes to be changed: a trie must not change while it is walked. */
struct keys {
	struct route_key {
		struct prefix dst;
		uint32_t metric;
		uint8_t origin;
	} * v;
	size_t n, cap;
};

static bool keys_add(struct keys *k, const struct prefix *dst, const struct route *r)
{
	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap * 2 : 64;
		struct route_key *v = realloc(k->v, cap * sizeof(*v));

		if (!v)
			return false;
		k->v = v;
		k->cap = cap;
	}
	k->v[k->n++] = (struct route_key){.dst = *dst, .metric = r->metric, .origin = r->origin};
	return true;
}

/* Static paths only: those of the kernel follow their device. */
static bool leaves_by(const struct pathset *s, uint16_t ifid)
{
	for (unsigned i = 0; i < s->n; i++)
		if (!s->path[i].ifindex && s->path[i].ifid == ifid)
			return true;
	return false;
}

struct pick {
	enum { PICK_STALE, PICK_IF } what;
	uint8_t origin; /* PICK_STALE */
	uint16_t ifid;  /* PICK_IF */
};

static bool picked(const struct net *net, const struct pick *p, const struct route *r)
{
	switch (p->what) {
	case PICK_STALE:
		return r->origin == p->origin && r->gen != net->gen[p->origin];
	case PICK_IF:
		return leaves_by(r->paths, p->ifid);
	}
	return false;
}

/* All routes that are picked; false: memory ran out, and there are more. */
static bool keys_collect(const struct net *net, unsigned f, const struct pick *p, struct keys *k)
{
	const struct trie_node *n;
	struct trie_walk w;

	trie_walk_begin(&w, &net->rib[f], NULL);
	while ((n = trie_walk_next(&w)) != NULL) {
		struct prefix dst = trie_prefix(&net->rib[f], n);

		for (const struct route *r = n->data; r; r = r->next)
			if (picked(net, p, r) && !keys_add(k, &dst, r))
				return false;
	}
	return true;
}

/* Takes the paths through the interface out of a route, or all of it. */
static void route_without_if(struct net *net, const struct route_key *k, uint16_t ifid)
{
	const struct route *r = rib_find(net, &k->dst, (enum net_route_origin)k->origin, k->metric);
	const struct trie *t = &net->rib[net_family(&k->dst.addr)];
	struct net_route nr;
	unsigned n = 0;

	rib_expand(t, trie_find(t, &k->dst), r, &nr);
	for (unsigned i = 0; i < nr.n_paths; i++)
		if (nr.paths[i].ifindex || nr.paths[i].ifid != ifid)
			nr.paths[n++] = nr.paths[i];
	nr.n_paths = (uint8_t)n;
	/* Without memory for the remaining paths the route goes: a path must not name an id that
	 * will be another interface's. */
	if (n == 0 || net_route_set(net, &nr))
		net_route_del(net, &k->dst, (enum net_route_origin)k->origin, k->metric);
}

/* Deletes the stale, or strips the interface from those that leave by it. What memory does not
 * suffice for at once is done in several rounds; each makes the next one smaller. */
static void rib_strip(struct net *net, const struct pick *p)
{
	for (unsigned f = 0; f < NET_FAMILIES; f++) {
		bool all;

		do {
			struct keys k = {0};

			all = keys_collect(net, f, p, &k);
			for (size_t i = 0; i < k.n; i++)
				if (p->what == PICK_IF)
					route_without_if(net, &k.v[i], p->ifid);
				else
					net_route_del(net, &k.v[i].dst,
						(enum net_route_origin)k.v[i].origin,
						k.v[i].metric);
			if (!k.n)
				all = true;
			free(k.v);
		} while (!all);
	}
}

void rib_purge_if(struct net *net, uint16_t ifid)
{
	const struct pick p = {.what = PICK_IF, .ifid = ifid};
	struct hash_node *h;

	for (h = hash_next(&net->pathsets, NULL); h; h = hash_next(&net->pathsets, h))
		if (leaves_by(container_of(h, struct pathset, by_key), ifid)) {
			rib_strip(net, &p);
			return;
		}
}

void net_resync_begin(struct net *net, enum net_route_origin origin)
{
	net->gen[origin]++;
	if (origin == NET_ROUTE_KERNEL)
		net->hold = true;
}

void net_resync_end(struct net *net, enum net_route_origin origin)
{
	const struct pick p = {.what = PICK_STALE, .origin = (uint8_t)origin};

	net_batch_begin(net);
	rib_strip(net, &p);
	if (origin == NET_ROUTE_KERNEL) {
		neigh_sweep(net);
		net->hold = false;
	}
	net_batch_end(net);
}
