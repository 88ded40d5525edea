/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The whole: making and freeing it, and the batches that put changes in order: state first, then
 * the next hops that follow from it, then the listener.
 *
 * Changed prefixes are collected, and those that lie within another are dropped. When there are too
 * many, the whole family is "changed": a full table that arrives or goes tells one event, not a
 * million. Within a resync of the kernel's routes they are held back to its end (or the next tick,
 * should the end never come).
 */
#include "control/net/net_priv.h"

#include <assert.h>
#include <stdarg.h>

static int tables_init(struct net *net)
{
	struct hash_table *tables[] = {&net->if_names, &net->if_indexes, &net->ports, &net->locals,
		&net->pathsets, &net->neighs, &net->nh_keys, &net->nh_gateways};
	int rc = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (hash_init(tables[i]))
			rc = -1;
	idpool_init(&net->if_ids, DP_IFS_MAX - 1);
	idpool_init(&net->adj_ids, NET_ADJS_MAX - 1);
	return rc;
}

static void tables_fini(struct net *net)
{
	struct hash_table *tables[] = {&net->if_names, &net->if_indexes, &net->ports, &net->locals,
		&net->pathsets, &net->neighs, &net->nh_keys, &net->nh_gateways};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		hash_fini(tables[i]);
	idpool_fini(&net->if_ids);
	idpool_fini(&net->adj_ids);
}

struct net *net_new(const struct dp *dp, const struct net_env *env)
{
	struct net *net = calloc(1, sizeof(*net));

	if (!net)
		return NULL;
	net->dp = *dp;
	if (env)
		net->env = *env;
	if (tables_init(net)) {
		tables_fini(net);
		free(net);
		return NULL;
	}
	trie_init(&net->nh_addrs[NET_V4], IP_V4);
	trie_init(&net->nh_addrs[NET_V6], IP_V6);
	rib_init(net);
	rpf_init(net);
	return net;
}

void net_free(struct net *net)
{
	if (!net)
		return;
	/* The data plane keeps what it has: it ends by itself, or lives on for the next control. */
	nexthop_fini(net);
	neigh_fini(net);
	for (unsigned i = 1; i < DP_IFS_MAX; i++)
		if (net->ifs[i])
			iface_free(net, net->ifs[i]);
	rib_fini(net);
	paths_fini(net);
	port_free_all(net);
	tables_fini(net);
	free(net->events);
	free(net);
}

/* --- changed prefixes ------------------------------------------------------------------------- */

void net_pend_all(struct net *net, unsigned family)
{
	net->pending_all[family] = true;
	net->n_pending[family] = 0;
}

void net_pend(struct net *net, const struct prefix *prefix)
{
	unsigned f = net_family(&prefix->addr);

	if (net->pending_all[f])
		return;
	for (unsigned i = 0; i < net->n_pending[f]; i++)
		if (prefix_covers(&net->pending[f][i], prefix))
			return;
	if (prefix->len == 0 || net->n_pending[f] == NET_PENDING_MAX)
		net_pend_all(net, f);
	else
		net->pending[f][net->n_pending[f]++] = *prefix;
}

void net_pend_ip(struct net *net, const struct ipaddr *ip)
{
	struct prefix p = prefix_host(*ip);

	net_pend(net, &p);
}

/* Re-evaluates the next hops that changed prefixes hold. Doing so may add prefixes (a next hop that
 * leaves elsewhere now): the list grows while it is worked through. */
static void settle_family(struct net *net, unsigned f)
{
	static const struct prefix all[NET_FAMILIES] = {
		[NET_V4] = {.addr = {.family = IP_V4}}, [NET_V6] = {.addr = {.family = IP_V6}}};

	for (unsigned i = 0; i < net->n_pending[f]; i++) {
		struct prefix p = net->pending[f][i];

		nexthop_within(net, &p);
	}
	if (net->pending_all[f])
		nexthop_within(net, &all[f]);
	if (net->pending_all[f])
		net_event(net, NET_RIB, 0, &all[f]);
	for (unsigned i = 0; i < net->n_pending[f]; i++)
		net_event(net, NET_RIB, 0, &net->pending[f][i]);
	net->n_pending[f] = 0;
	net->pending_all[f] = false;
}

/* --- events ----------------------------------------------------------------------------------- */

void net_event(
	struct net *net, enum net_change_kind kind, uint16_t ifid, const struct prefix *prefix)
{
	struct net_change c = {.kind = (uint8_t)kind, .ifid = ifid};

	if (!net->env.changed)
		return;
	if (prefix)
		c.prefix = *prefix;
	if (net->n_events == net->events_cap) {
		size_t cap = net->events_cap ? net->events_cap * 2 : 16;
		struct net_change *v = realloc(net->events, cap * sizeof(*v));

		if (!v) { /* early is better than never */
			net->env.changed(net->env.arg, &c);
			return;
		}
		net->events = v;
		net->events_cap = cap;
	}
	net->events[net->n_events++] = c;
}

static void tell(struct net *net)
{
	net->telling = true;
	while (net->events_told < net->n_events) {
		struct net_change c = net->events[net->events_told++];

		net->env.changed(net->env.arg, &c);
	}
	net->telling = false;
	net->n_events = 0;
	net->events_told = 0;
	while (net->n_freed)
		idpool_put(&net->if_ids, net->freed_ids[--net->n_freed]);
}

void net_batch_begin(struct net *net)
{
	net->depth++;
}

void net_batch_end(struct net *net)
{
	assert(net->depth);
	if (net->depth > 1) {
		net->depth--;
		return;
	}
	if (net->retry_refused)
		iface_retry(net);
	own_publish(net);
	if (!net->hold || net->flush) {
		net->flush = false;
		settle_family(net, NET_V4);
		settle_family(net, NET_V6);
	}
	net->depth--;
	/* The listener called in: its changes are told by the loop that called it. */
	if (!net->telling)
		tell(net);
}

/* --- time ------------------------------------------------------------------------------------- */

void net_tick(struct net *net, uint64_t now_us)
{
	net->now_us = now_us;
	net_batch_begin(net);
	net->flush = true;
	net->retry_refused = net->n_refused > 0;
	nexthop_tick(net);
	net_batch_end(net);
}

/* --- words ------------------------------------------------------------------------------------ */

const char *net_prefix_str(const struct prefix *p, char buf[PREFIX_STRLEN])
{
	if (p->len)
		return prefix_str(p, buf, PREFIX_STRLEN);
	snprintf(buf, PREFIX_STRLEN, "%s", p->addr.family == IP_V6 ? "::/0" : "0.0.0.0/0");
	return buf;
}

void net_why(char why[NET_WHY_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, NET_WHY_MAX, fmt, ap);
	va_end(ap);
}

/* FNV-1a. */
uint32_t net_name_hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}
