/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The unicast routes: a trie per family; in each of its nodes the routes of one prefix, those of
 * kernel and addresses first, by metric, then the static RPF ones. A route is 24 bytes and points
 * to a set of paths that it shares with all routes that have the same (paths.c).
 */
#include "control/net/net_priv.h"

#include <errno.h>

void rib_init(struct net *net)
{
	trie_init(&net->rib[NET_V4], IP_V4);
	trie_init(&net->rib[NET_V6], IP_V6);
	slab_init(&net->routes, sizeof(struct route));
}

void rib_fini(struct net *net)
{
	slab_fini(&net->routes);
	trie_fini(&net->rib[NET_V4]);
	trie_fini(&net->rib[NET_V6]);
}

static bool is_rpf(const struct route *r)
{
	return r->origin == NET_ROUTE_RPF;
}

/* --- finding ---------------------------------------------------------------------------------- */

const struct route *rib_first(const struct trie_node *n, bool rpf)
{
	const struct route *r = n->data;

	while (r && is_rpf(r) != rpf)
		r = r->next;
	return r;
}

const struct route *rib_next(const struct route *r)
{
	return r->next && is_rpf(r->next) == is_rpf(r) ? r->next : NULL;
}

const struct route *rib_match(
	const struct net *net, const struct ipaddr *addr, bool rpf, struct prefix *dst)
{
	const struct trie *t = &net->rib[net_family(addr)];
	struct trie_node *nodes[TRIE_DEPTH_MAX];
	unsigned n = ip_is_none(addr) ? 0 : trie_path(t, addr, nodes);

	while (n-- > 0) {
		const struct route *r = rib_first(nodes[n], rpf);

		if (r) {
			*dst = trie_prefix(t, nodes[n]);
			return r;
		}
	}
	return NULL;
}

static bool is_key(const struct route *r, uint8_t origin, uint32_t metric)
{
	return r->origin == origin && r->metric == metric;
}

const struct route *rib_find(const struct net *net, const struct prefix *dst,
	enum net_route_origin origin, uint32_t metric)
{
	const struct trie_node *n = trie_find(&net->rib[net_family(&dst->addr)], dst);
	const struct route *r = n ? n->data : NULL;

	while (r && !is_key(r, (uint8_t)origin, metric))
		r = r->next;
	return r;
}

/* --- setting and deleting --------------------------------------------------------------------- */

static bool route_before(const struct route *a, const struct route *b)
{
	if (is_rpf(a) != is_rpf(b))
		return is_rpf(b);
	if (a->metric != b->metric)
		return a->metric < b->metric;
	return a->origin < b->origin;
}

/* Where the route of this key is, or belongs. */
static struct route **route_slot(struct route **head, uint8_t origin, uint32_t metric)
{
	const struct route key = {.origin = origin, .metric = metric};

	while (*head && route_before(*head, &key))
		head = &(*head)->next;
	return head;
}

static struct route *route_insert(struct net *net, struct trie *t, struct trie_node *n,
	const struct prefix *dst, const struct net_route *r)
{
	struct route *nr = slab_get(&net->routes);
	struct route *head = n->data, **at;

	if (!nr) {
		trie_trim(t, dst);
		return NULL;
	}
	nr->origin = r->origin;
	nr->metric = r->metric;
	at = route_slot(&head, r->origin, r->metric);
	nr->next = *at;
	*at = nr;
	n->data = head;
	net->n_routes[net_family(&dst->addr)]++;
	return nr;
}

/* Puts r with these paths in. Takes the reference of paths over unless it fails. */
static int route_put(struct net *net, const struct net_route *r, struct pathset *paths)
{
	struct prefix dst = prefix_make(r->dst.addr, r->dst.len);
	struct trie *t = &net->rib[net_family(&dst.addr)];
	struct trie_node *n = trie_get(t, &dst);
	struct route *head, *at;

	if (!n)
		return -ENOMEM;
	head = n->data;
	at = *route_slot(&head, r->origin, r->metric);
	if (!at || !is_key(at, r->origin, r->metric)) {
		at = route_insert(net, t, n, &dst, r);
		if (!at)
			return -ENOMEM;
	} else {
		bool same = at->paths == paths && at->protocol == r->protocol &&
			    at->blackhole == !!r->blackhole;

		at->gen = net->gen[r->origin];
		pathset_put(net, at->paths);
		at->paths = paths;
		if (same)
			return 0;
	}
	at->paths = paths;
	at->protocol = r->protocol;
	at->blackhole = !!r->blackhole;
	at->gen = net->gen[r->origin];
	net_pend(net, &dst);
	return 0;
}

int net_route_set(struct net *net, const struct net_route *r)
{
	struct net_path v[NET_PATHS_MAX];
	struct pathset *paths;
	int rc;

	if (r->origin >= NET_ORIGINS || ip_is_none(&r->dst.addr) ||
		r->dst.len > ip_bits(&r->dst.addr) || !paths_complete(net, r, v))
		return -EINVAL;
	paths = pathset_get(net, v, r->blackhole ? 0 : r->n_paths);
	if (!paths)
		return -ENOMEM;
	net_batch_begin(net);
	rc = route_put(net, r, paths);
	if (rc)
		pathset_put(net, paths);
	net_batch_end(net);
	return rc;
}

int net_route_del(
	struct net *net, const struct prefix *dst, enum net_route_origin origin, uint32_t metric)
{
	struct prefix p = prefix_make(dst->addr, dst->len);
	struct trie *t = &net->rib[net_family(&p.addr)];
	struct trie_node *n = ip_is_none(&p.addr) ? NULL : trie_find(t, &p);
	struct route *head, **at, *r;

	if (!n)
		return -ENOENT;
	head = n->data;
	at = route_slot(&head, (uint8_t)origin, metric);
	r = *at;
	if (!r || !is_key(r, (uint8_t)origin, metric))
		return -ENOENT;
	net_batch_begin(net);
	*at = r->next;
	n->data = head;
	trie_trim(t, &p);
	net->n_routes[net_family(&p.addr)]--;
	pathset_put(net, r->paths);
	slab_put(&net->routes, r);
	net_pend(net, &p);
	net_batch_end(net);
	return 0;
}

/* --- for show --------------------------------------------------------------------------------- */

void rib_expand(const struct trie *t, const struct trie_node *n, const struct route *r,
	struct net_route *out)
{
	memset(out, 0, sizeof(*out));
	out->dst = trie_prefix(t, n);
	out->origin = r->origin;
	out->protocol = r->protocol;
	out->metric = r->metric;
	out->blackhole = r->blackhole;
	out->n_paths = r->paths->n;
	memcpy(out->paths, r->paths->path, r->paths->n * sizeof(out->paths[0]));
}

void net_route_walk(const struct net *net, enum ip_family family,
	bool (*cb)(void *arg, const struct net_route *r), void *arg)
{
	const struct trie *t = &net->rib[family == IP_V6 ? NET_V6 : NET_V4];
	const struct trie_node *n;
	struct net_route out;
	struct trie_walk w;

	trie_walk_begin(&w, t, NULL);
	while ((n = trie_walk_next(&w)) != NULL)
		for (const struct route *r = n->data; r; r = r->next) {
			rib_expand(t, n, r, &out);
			if (!cb(arg, &out))
				return;
		}
}

bool net_route_lookup(const struct net *net, const struct ipaddr *addr, struct net_route *out)
{
	const struct trie *t = &net->rib[net_family(addr)];
	struct prefix dst;
	const struct route *r = rib_match(net, addr, false, &dst);

	if (!r)
		return false;
	rib_expand(t, trie_find(t, &dst), r, out);
	return true;
}

bool net_route_find(const struct net *net, const struct prefix *dst, enum net_route_origin origin,
	uint32_t metric, struct net_route *out)
{
	struct prefix p = prefix_make(dst->addr, dst->len);
	const struct trie *t = &net->rib[net_family(&p.addr)];
	const struct route *r = rib_find(net, &p, origin, metric);

	if (!r)
		return false;
	rib_expand(t, trie_find(t, &p), r, out);
	return true;
}
