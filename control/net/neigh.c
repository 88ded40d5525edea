/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The neighbour table: an address on an interface and its MAC. The configuration's entry and the
 * kernel's are kept side by side; the former is in force as long as it is there.
 */
#include "control/net/net_priv.h"

#include <errno.h>

static uint32_t key_hash(uint16_t ifid, const struct ipaddr *addr)
{
	return ip_hash(addr, ifid * 0x85ebca6bu);
}

static struct neigh *neigh_find(const struct net *net, uint16_t ifid, const struct ipaddr *addr)
{
	struct hash_node *h = hash_first(&net->neighs, key_hash(ifid, addr));

	for (; h; h = hash_same(h)) {
		struct neigh *n = container_of(h, struct neigh, by_key);

		if (n->eff.ifid == ifid && ip_eq(&n->eff.addr, addr))
			return n;
	}
	return NULL;
}

static struct neigh *neigh_new(struct net *net, uint16_t ifid, const struct ipaddr *addr)
{
	struct neigh *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->eff.ifid = ifid;
	n->eff.addr = *addr;
	hash_add(&net->neighs, &n->by_key, key_hash(ifid, addr));
	return n;
}

void neigh_fini(struct net *net)
{
	struct hash_node *h, *next;

	for (h = hash_next(&net->neighs, NULL); h; h = next) {
		next = hash_next(&net->neighs, h);
		free(container_of(h, struct neigh, by_key));
	}
}

static void neigh_tell(struct net *net, uint16_t ifid, const struct ipaddr *addr)
{
	struct prefix p = prefix_host(*addr);

	nexthop_neigh_changed(net, ifid, addr);
	net_event(net, NET_NEIGH, ifid, &p);
}

/* Puts the entry in force in line with its two sources, frees it when it has none, and tells what
 * differs. */
static void neigh_settle(struct net *net, struct neigh *n, bool is_new)
{
	struct net_neigh old = n->eff;

	if (!n->has_static && !n->has_kern) {
		hash_del(&net->neighs, &n->by_key);
		free(n);
		neigh_tell(net, old.ifid, &old.addr);
		return;
	}
	n->eff.state = n->has_static ? (uint8_t)NET_NEIGH_STATIC : n->kern.state;
	memcpy(n->eff.mac, n->has_static ? n->static_mac : n->kern.mac, 6);
	if (is_new || n->eff.state != old.state || memcmp(n->eff.mac, old.mac, 6) != 0)
		neigh_tell(net, old.ifid, &old.addr);
}

int net_neigh_set(struct net *net, const struct net_neigh *set)
{
	struct neigh *n;
	bool is_new;

	if (ip_is_none(&set->addr) || set->state > NET_NEIGH_STATIC)
		return -EINVAL;
	if (!iface_get(net, set->ifid))
		return -ENODEV;
	n = neigh_find(net, set->ifid, &set->addr);
	is_new = !n;
	if (!n)
		n = neigh_new(net, set->ifid, &set->addr);
	if (!n)
		return -ENOMEM;
	if (set->state == NET_NEIGH_STATIC) {
		n->has_static = true;
		memcpy(n->static_mac, set->mac, 6);
	} else {
		n->has_kern = true;
		n->kern = *set;
		n->gen = net->gen[NET_ROUTE_KERNEL];
	}
	net_batch_begin(net);
	neigh_settle(net, n, is_new);
	net_batch_end(net);
	return 0;
}

int net_neigh_del(struct net *net, uint16_t ifid, const struct ipaddr *addr, bool is_static)
{
	struct neigh *n = neigh_find(net, ifid, addr);

	if (!n || !(is_static ? n->has_static : n->has_kern))
		return -ENOENT;
	if (is_static)
		n->has_static = false;
	else
		n->has_kern = false;
	net_batch_begin(net);
	neigh_settle(net, n, false);
	net_batch_end(net);
	return 0;
}

void neigh_purge(struct net *net, uint16_t ifid, bool all)
{
	struct hash_node *h, *next;

	for (h = hash_next(&net->neighs, NULL); h; h = next) {
		next = hash_next(&net->neighs, h);
		struct neigh *n = container_of(h, struct neigh, by_key);

		if (n->eff.ifid != ifid || (!all && !n->has_kern))
			continue;
		n->has_kern = false;
		if (all)
			n->has_static = false;
		neigh_settle(net, n, false);
	}
}

void neigh_sweep(struct net *net)
{
	struct hash_node *h, *next;

	for (h = hash_next(&net->neighs, NULL); h; h = next) {
		next = hash_next(&net->neighs, h);
		struct neigh *n = container_of(h, struct neigh, by_key);

		if (!n->has_kern || n->gen == net->gen[NET_ROUTE_KERNEL])
			continue;
		n->has_kern = false;
		neigh_settle(net, n, false);
	}
}

const struct net_neigh *net_neigh_find(
	const struct net *net, uint16_t ifid, const struct ipaddr *addr)
{
	const struct neigh *n = neigh_find(net, ifid, addr);

	return n ? &n->eff : NULL;
}

static int by_if_addr(const void *a, const void *b)
{
	const struct net_neigh *x = *(const struct net_neigh *const *)a;
	const struct net_neigh *y = *(const struct net_neigh *const *)b;

	if (x->ifid != y->ifid)
		return x->ifid < y->ifid ? -1 : 1;
	return ip_cmp(&x->addr, &y->addr);
}

void net_neigh_walk(
	const struct net *net, bool (*cb)(void *arg, const struct net_neigh *n), void *arg)
{
	const struct net_neigh **v = calloc(net->neighs.n + 1u, sizeof(*v));
	struct hash_node *h;
	size_t n = 0;

	if (!v)
		return;
	for (h = hash_next(&net->neighs, NULL); h; h = hash_next(&net->neighs, h))
		v[n++] = &container_of(h, struct neigh, by_key)->eff;
	qsort(v, n, sizeof(*v), by_if_addr);
	for (size_t i = 0; i < n && cb(arg, v[i]); i++)
		;
	free(v);
}
