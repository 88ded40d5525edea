/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a route message means. net holds one route per (destination, metric); the kernel may hold
 * several, and says so differently by family:
 *
 * IPv6: all of them are used. Multipath comes as one message with all hops, or as several with one
 * hop each; a deletion names the hops that go. So we add and subtract paths.
 *
 * IPv4: one message is one route with all its hops. A second one with the same key (`ip route
 * append`, `prepend`) stands behind or before the first, and only the first is used. Such keys are
 * remembered as ambiguous; a deletion under an ambiguous key makes us read everything again.
 */
#include "control/kernel/kernel_priv.h"

#define AMBIGUOUS_DELAY_US 20000

static bool path_same(const struct net_path *a, const struct net_path *b)
{
	return a->ifindex == b->ifindex && ip_eq(&a->gateway, &b->gateway);
}

static int path_index(const struct net_route *r, const struct net_path *path)
{
	for (int i = 0; i < r->n_paths; i++) {
		if (path_same(&r->paths[i], path))
			return i;
	}
	return -1;
}

static bool paths_equal(const struct net_route *a, const struct net_route *b)
{
	if (a->n_paths != b->n_paths || a->blackhole != b->blackhole)
		return false;
	for (int i = 0; i < a->n_paths; i++) {
		if (path_index(b, &a->paths[i]) < 0)
			return false;
	}
	return true;
}

static bool find(const struct kernel *k, const struct net_route *key, struct net_route *out)
{
	if (!net_route_find(k->net, &key->dst, NET_ROUTE_KERNEL, key->metric, out))
		return false;
	/* Which interface an ifindex is may have changed: net finds out when it is set again. */
	for (int i = 0; i < out->n_paths; i++)
		out->paths[i].ifid = 0;
	return true;
}

static void del(struct kernel *k, const struct net_route *key)
{
	net_route_del(k->net, &key->dst, NET_ROUTE_KERNEL, key->metric);
}

/* --- ambiguous keys -------------------------------------------------------------------------- */

static bool ambiguous_has(const struct ambiguous *a, const struct net_route *r)
{
	for (unsigned i = 0; i < a->n; i++) {
		if (a->keys[i].metric == r->metric && prefix_eq(&a->keys[i].dst, &r->dst))
			return true;
	}
	return a->overflow;
}

static void ambiguous_add(struct ambiguous *a, const struct net_route *r)
{
	if (ambiguous_has(a, r))
		return;
	if (a->n == AMBIGUOUS_MAX) {
		a->overflow = true;
		return;
	}
	a->keys[a->n].dst = r->dst;
	a->keys[a->n].metric = r->metric;
	a->n++;
}

void routes_forget(struct kernel *k)
{
	k->ambiguous.n = 0;
	k->ambiguous.overflow = false;
}

/* --- IPv6 --------------------------------------------------------------------------------------- */

/* The paths of b into a; those known already get b's weight and state. */
static void paths_add(struct net_route *a, const struct net_route *b)
{
	for (int i = 0; i < b->n_paths; i++) {
		int at = path_index(a, &b->paths[i]);

		if (at < 0 && a->n_paths == NET_PATHS_MAX)
			continue;
		a->paths[at < 0 ? a->n_paths++ : at] = b->paths[i];
	}
}

/* How many of b's paths were in a. */
static int paths_remove(struct net_route *a, const struct net_route *b)
{
	int removed = 0;

	for (int i = 0; i < b->n_paths; i++) {
		int at = path_index(a, &b->paths[i]);

		if (at < 0)
			continue;
		a->n_paths--;
		memmove(&a->paths[at], &a->paths[at + 1],
			(size_t)(a->n_paths - at) * sizeof(a->paths[0]));
		removed++;
	}
	return removed;
}

static void new_v6(struct kernel *k, const struct net_route *r, bool alone)
{
	struct net_route cur;

	if (alone || r->blackhole || !find(k, r, &cur) || cur.blackhole) {
		net_route_set(k->net, r);
		return;
	}
	paths_add(&cur, r);
	cur.protocol = r->protocol;
	net_route_set(k->net, &cur);
}

static void gone_v6(struct kernel *k, const struct net_route *r)
{
	struct net_route cur;

	if (!find(k, r, &cur))
		return;
	/* What does not fit together is read again. */
	if (paths_remove(&cur, r) == 0 && !(r->blackhole && cur.blackhole))
		resync_request(k, AMBIGUOUS_DELAY_US);
	else if (cur.n_paths > 0)
		net_route_set(k->net, &cur);
	else
		del(k, r);
}

/* --- IPv4 --------------------------------------------------------------------------------------- */

static void new_v4(struct kernel *k, const struct net_route *r, uint16_t nlmsg_flags)
{
	struct net_route cur;
	bool second = !(nlmsg_flags & NLM_F_REPLACE) && find(k, r, &cur) && !paths_equal(&cur, r);

	if (second)
		ambiguous_add(&k->ambiguous, r);
	if (!second || !(nlmsg_flags & NLM_F_APPEND))
		net_route_set(k->net, r);
}

static void gone_v4(struct kernel *k, const struct net_route *r)
{
	struct net_route cur;

	if (!find(k, r, &cur))
		return;
	if (!ambiguous_has(&k->ambiguous, r)) {
		del(k, r);
		return;
	}
	if (paths_equal(&cur, r))
		del(k, r);
	resync_request(k, AMBIGUOUS_DELAY_US);
}

/* --- both ---------------------------------------------------------------------------------------- */

void routes_dump_begin(struct kernel *k)
{
	k->dumped = false;
}

/* Routes with one key follow each other in a dump, in the kernel's order of preference. */
static void dumped_new(struct kernel *k, const struct net_route *r)
{
	bool again =
		k->dumped && k->dumped_metric == r->metric && prefix_eq(&k->dumped_dst, &r->dst);

	k->dumped = true;
	k->dumped_dst = r->dst;
	k->dumped_metric = r->metric;
	if (r->dst.addr.family == IP_V6)
		new_v6(k, r, !again);
	else if (again)
		ambiguous_add(&k->ambiguous, r);
	else
		net_route_set(k->net, r);
}

void routes_new(
	struct kernel *k, const struct net_route *r, enum route_source source, uint16_t nlmsg_flags)
{
	if (source == ROUTE_DUMPED)
		dumped_new(k, r);
	else if (r->dst.addr.family == IP_V6)
		new_v6(k, r, nlmsg_flags & NLM_F_REPLACE);
	else
		new_v4(k, r, nlmsg_flags);
}

void routes_gone(struct kernel *k, const struct net_route *r)
{
	if (r->dst.addr.family == IP_V6)
		gone_v6(k, r);
	else
		gone_v4(k, r);
}
