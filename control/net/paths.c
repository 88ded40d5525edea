/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Paths of routes, in sets that routes share: a full table of a million routes has a handful.
 *
 * An interface that comes, goes or flaps changes what many routes answer. Their path sets are found
 * at once; the routes behind them by a walk, unless they are so many that the listener is told of
 * the whole family anyway.
 */
#include "control/net/net_priv.h"

#define WALK_MAX 16384 /* routes of a family worth walking through at an interface's change */

void paths_fini(struct net *net)
{
	struct hash_node *h, *next;

	for (h = hash_next(&net->pathsets, NULL); h; h = next) {
		next = hash_next(&net->pathsets, h);
		free(container_of(h, struct pathset, by_key));
	}
}

static uint16_t path_ifid(const struct net *net, int ifindex)
{
	const struct net_if *ifp = net_if_by_index(net, ifindex);

	return ifp ? ifp->id : 0;
}

/* What makes two paths the same: of the kernel's paths the device, whatever interface it is now. */
static bool path_same(const struct net_path *a, const struct net_path *b)
{
	return ip_eq(&a->gateway, &b->gateway) && a->ifindex == b->ifindex &&
	       a->weight == b->weight && a->dead == b->dead && (a->ifindex || a->ifid == b->ifid);
}

static uint32_t paths_hash(const struct net_path *v, unsigned n)
{
	uint32_t h = n;

	for (unsigned i = 0; i < n; i++) {
		uint32_t dev = v[i].ifindex ? (uint32_t)v[i].ifindex : v[i].ifid;

		h = ip_hash(&v[i].gateway, h * 31 + dev);
		h = (h ^ v[i].weight ^ (v[i].dead ? 0x10000u : 0)) * 0x9e3779b1u;
	}
	return h;
}

static bool paths_match(const struct pathset *s, const struct net_path *v, unsigned n)
{
	if (s->n != n)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!path_same(&s->path[i], &v[i]))
			return false;
	return true;
}

/* The set of these paths, one reference added; NULL: no memory. */
struct pathset *pathset_get(struct net *net, const struct net_path *v, unsigned n)
{
	uint32_t hash = paths_hash(v, n);
	struct pathset *s;

	for (struct hash_node *h = hash_first(&net->pathsets, hash); h; h = hash_same(h)) {
		s = container_of(h, struct pathset, by_key);
		if (paths_match(s, v, n)) {
			s->refs++;
			return s;
		}
	}
	s = calloc(1, sizeof(*s) + n * sizeof(s->path[0]));
	if (!s)
		return NULL;
	s->refs = 1;
	s->n = (uint8_t)n;
	memcpy(s->path, v, n * sizeof(s->path[0]));
	hash_add(&net->pathsets, &s->by_key, hash);
	return s;
}

void pathset_put(struct net *net, struct pathset *s)
{
	if (--s->refs)
		return;
	hash_del(&net->pathsets, &s->by_key);
	free(s);
}

/* Fills in what the caller leaves to us. False: no such route can be. */
bool paths_complete(
	const struct net *net, const struct net_route *r, struct net_path out[NET_PATHS_MAX])
{
	if (r->n_paths > NET_PATHS_MAX || (r->n_paths == 0 && !r->blackhole))
		return false;
	if (r->blackhole)
		return true;
	for (unsigned i = 0; i < r->n_paths; i++) {
		out[i] = r->paths[i];
		if (out[i].ifindex)
			out[i].ifid = path_ifid(net, out[i].ifindex);
		else if (!iface_get(net, out[i].ifid))
			return false;
		if (out[i].weight == 0)
			out[i].weight = 1;
	}
	return true;
}

/* --- interfaces change ------------------------------------------------------------------------ */

/* Resolves the set's devices again. True if what it answers may differ. */
static bool pathset_update(const struct net *net, struct pathset *s, uint16_t ifid)
{
	bool changed = false;

	for (unsigned i = 0; i < s->n; i++) {
		struct net_path *p = &s->path[i];
		uint16_t now = p->ifindex ? path_ifid(net, p->ifindex) : p->ifid;

		if (now != p->ifid || (ifid && now == ifid))
			changed = true;
		p->ifid = now;
	}
	return changed;
}

/* Pends the prefixes of the routes with a flagged set. */
static void pend_flagged(struct net *net, unsigned f)
{
	const struct trie_node *n;
	struct trie_walk w;

	if (net->n_routes[f] > WALK_MAX) {
		net_pend_all(net, f);
		return;
	}
	trie_walk_begin(&w, &net->rib[f], NULL);
	while (!net->pending_all[f] && (n = trie_walk_next(&w)) != NULL)
		for (const struct route *r = n->data; r; r = r->next)
			if (r->paths->flagged) {
				struct prefix p = trie_prefix(&net->rib[f], n);

				net_pend(net, &p);
				break;
			}
}

void paths_changed(struct net *net, uint16_t ifid)
{
	struct hash_node *h, *next;
	unsigned flagged = 0;

	for (h = hash_next(&net->pathsets, NULL); h; h = next) {
		next = hash_next(&net->pathsets, h);
		struct pathset *s = container_of(h, struct pathset, by_key);

		s->flagged = pathset_update(net, s, ifid);
		flagged += s->flagged;
	}
	if (!flagged)
		return;
	pend_flagged(net, NET_V4);
	pend_flagged(net, NET_V6);
	for (h = hash_next(&net->pathsets, NULL); h; h = hash_next(&net->pathsets, h))
		container_of(h, struct pathset, by_key)->flagged = false;
}
