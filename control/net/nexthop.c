/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Next hops: adjacencies of the data plane that follow routes, neighbours and interfaces.
 *
 * A next hop is found by what may change it: its address (routes), the gateway whose MAC it uses
 * (neighbours), the interface it leaves through or must leave through. Evaluating is idempotent: it
 * computes the target anew and acts on differences only.
 *
 * Lingering: the kernel forgets MACs that are in use (`ip neigh flush`, its garbage collection), and routes move
 * to gateways that nobody has asked for yet. While such a one is asked for, the last MAC on the interface
 * stays in use, for some seconds at most, so that no packet is lost where it is found in time.
 */
#include "control/net/net_priv.h"

#define ASK_US 1000000u     /* an unresolved neighbour is asked for this often */
#define RENEW_US 10000000u  /* a used one is kept alive this often */
#define ASK_SLACK_US 50000u /* a tick that comes a little early counts */
#define LINGER_US 3000000u  /* in which the kernel asks three times and gives up */

/* --- indexes ---------------------------------------------------------------------------------- */

static uint32_t key_hash(const struct ipaddr *addr, uint16_t via, bool tunnel)
{
	return ip_hash(addr, via * 2u + tunnel);
}

static uint32_t gateway_hash(uint16_t ifid, const struct ipaddr *gateway)
{
	return ip_hash(gateway, ifid);
}

static struct nexthop *by_key(
	const struct net *net, const struct ipaddr *addr, uint16_t via, bool tunnel)
{
	struct hash_node *h = hash_first(&net->nh_keys, key_hash(addr, via, tunnel));

	for (; h; h = hash_same(h)) {
		struct nexthop *nh = container_of(h, struct nexthop, by_key);

		if (nh->info.via == via && nh->tunnel == tunnel && ip_eq(&nh->info.addr, addr))
			return nh;
	}
	return NULL;
}

static struct nexthop *by_adj(const struct net *net, uint32_t adj)
{
	return adj && adj < net->nhs_cap ? net->nhs[adj] : NULL;
}

static void unlink_egress(struct net *net, struct nexthop *nh)
{
	if (nh->info.ifid)
		LIST_REMOVE(nh, out_link);
	if (nh->info.ifid && !ip_is_none(&nh->info.gateway))
		hash_del(&net->nh_gateways, &nh->by_gateway);
	nh->info.ifid = 0;
	memset(&nh->info.gateway, 0, sizeof(nh->info.gateway));
}

static void link_egress(
	struct net *net, struct nexthop *nh, uint16_t ifid, const struct ipaddr *gateway)
{
	nh->info.ifid = ifid;
	nh->info.gateway = *gateway;
	if (!ifid)
		return;
	LIST_INSERT_HEAD(&net->ifs[ifid]->nh_out, nh, out_link);
	if (!ip_is_none(gateway))
		hash_add(&net->nh_gateways, &nh->by_gateway, gateway_hash(ifid, gateway));
}

/* --- consequences ----------------------------------------------------------------------------- */

static int publish(struct net *net, struct nexthop *nh, const struct way *t)
{
	struct dp_adj a;
	int rc;

	memset(&a, 0, sizeof(a));
	a.id = nh->info.adj;
	a.kind = t->kind;
	if (t->kind != DP_ADJ_UNRESOLVED) {
		a.ifid = t->ifid;
		memcpy(a.mac, t->mac, 6);
	}
	if (nh->sent.id && memcmp(&a, &nh->sent, sizeof(a)) == 0) {
		nh->unsent = false;
		return 0;
	}
	rc = net->dp.ops->adj_set(net->dp.ctx, &a);
	if (rc && !nh->unsent)
		log_warning("net", "adjacency %u: the data plane does not take it: %s; tried again",
			a.id, strerror(-rc));
	nh->unsent = rc != 0;
	if (!rc)
		memcpy(&nh->sent, &a, sizeof(a));
	return rc;
}

/* Whether the kernel can be asked for the gateway's MAC; ifindex of the twin, or 0. */
static int askable(const struct net *net, const struct nexthop *nh)
{
	const struct net_if *ifp = net_if_get(net, nh->info.ifid);
	const struct net_neigh *n;

	if (!net->env.resolve || !ifp || !ifp->ifindex || ifp->conf.kind != DP_IF_ETHER)
		return 0;
	n = net_neigh_find(net, nh->info.ifid, &nh->info.gateway);
	return n && n->state == NET_NEIGH_STATIC ? 0 : ifp->ifindex;
}

static void ask(struct net *net, struct nexthop *nh)
{
	int ifindex = askable(net, nh);

	nh->ask_us = net->now_us + (nh->info.resolved && !nh->linger_us ? RENEW_US : ASK_US);
	if (ifindex)
		net->env.resolve(net->env.arg, ifindex, &nh->info.gateway);
}

/* t, whose MAC is not known, is what the data plane has on that interface, if the kernel can be asked and the
 * time for it is not over. */
static void linger(const struct net *net, struct nexthop *nh, struct way *t)
{
	const struct dp_adj *last = &nh->sent;

	if (!t->ifid || t->kind != DP_ADJ_UNRESOLVED || last->kind != DP_ADJ_ETHER ||
		last->ifid != t->ifid || !askable(net, nh)) {
		nh->linger_us = 0;
		return;
	}
	if (!nh->linger_us)
		nh->linger_us = net->now_us + LINGER_US;
	if (nh->linger_us <= net->now_us)
		return;
	t->kind = DP_ADJ_ETHER;
	memcpy(t->mac, last->mac, sizeof(t->mac));
	t->why[0] = '\0';
}

/* Evaluates and acts on what differs. The data plane's answer: only the first one matters to who
 * asks for a new next hop. */
static int update(struct net *net, struct nexthop *nh)
{
	bool was_known = nh->info.resolved && !nh->linger_us, known, moved;
	struct way t;
	int rc;

	way_find(net, nh, &t);
	moved = t.ifid != nh->info.ifid || !ip_eq(&t.gateway, &nh->info.gateway);
	if (moved) {
		unlink_egress(net, nh);
		link_egress(net, nh, t.ifid, &t.gateway);
	}
	linger(net, nh, &t);
	nh->info.resolved = t.kind != DP_ADJ_UNRESOLVED && !t.why[0];
	known = nh->info.resolved && !nh->linger_us;
	memcpy(nh->info.mac, t.mac, 6);
	memcpy(nh->info.why, t.why, sizeof(nh->info.why));
	rc = publish(net, nh, &t);
	/* Who publishes with the egress interface's address must hear that it is another one. */
	if (moved && nh->sent.id && nh->info.refs)
		net_pend_ip(net, &nh->info.addr);
	if (t.ifid && !known && (moved || was_known))
		ask(net, nh);
	else if (known && !was_known)
		nh->ask_us = net->now_us + RENEW_US;
	return rc;
}

void nexthop_within(struct net *net, const struct prefix *prefix)
{
	const struct trie_node *n;
	struct trie_walk w;

	trie_walk_begin(&w, &net->nh_addrs[net_family(&prefix->addr)], prefix);
	while ((n = trie_walk_next(&w)) != NULL)
		for (struct nexthop *nh = n->data; nh; nh = nh->next_addr)
			update(net, nh);
}

void nexthop_neigh_changed(struct net *net, uint16_t ifid, const struct ipaddr *addr)
{
	struct hash_node *h = hash_first(&net->nh_gateways, gateway_hash(ifid, addr)), *next;

	for (; h; h = next) {
		struct nexthop *nh = container_of(h, struct nexthop, by_gateway);

		next = hash_same(h);
		if (nh->info.ifid == ifid && ip_eq(&nh->info.gateway, addr))
			update(net, nh);
	}
}

/* Updating moves a next hop between lists, also to the head of this one: then it is behind us. */
void nexthop_if_changed(struct net *net, struct iface *ifc)
{
	struct nexthop *nh, *next;

	for (nh = LIST_FIRST(&ifc->nh_via); nh; nh = LIST_NEXT(nh, via_link))
		update(net, nh);
	for (nh = LIST_FIRST(&ifc->nh_out); nh; nh = next) {
		next = LIST_NEXT(nh, out_link);
		update(net, nh);
	}
}

void nexthop_if_gone(struct net *net, struct iface *ifc)
{
	struct nexthop *nh;

	while ((nh = LIST_FIRST(&ifc->nh_via)) != NULL) {
		LIST_REMOVE(nh, via_link);
		hash_del(&net->nh_keys, &nh->by_key);
		nh->orphan = true;
		update(net, nh);
	}
	nexthop_if_changed(net, ifc);
}

/* --- references ------------------------------------------------------------------------------- */

static int slot_get(struct net *net, uint32_t adj)
{
	struct nexthop **v;
	uint32_t cap = net->nhs_cap ? net->nhs_cap : 64;

	while (cap <= adj)
		cap *= 2;
	if (cap == net->nhs_cap)
		return 0;
	v = realloc(net->nhs, cap * sizeof(struct nexthop *));
	if (!v)
		return -1;
	memset(v + net->nhs_cap, 0, (cap - net->nhs_cap) * sizeof(struct nexthop *));
	net->nhs = v;
	net->nhs_cap = cap;
	return 0;
}

static void nexthop_unlink(struct net *net, struct nexthop *nh)
{
	struct prefix host = prefix_host(nh->info.addr);
	struct trie *t = &net->nh_addrs[net_family(&nh->info.addr)];
	struct trie_node *n = trie_find(t, &host);
	struct nexthop *head = n->data, **at = &head;

	while (*at != nh)
		at = &(*at)->next_addr;
	*at = nh->next_addr;
	n->data = head;
	trie_trim(t, &host);
	unlink_egress(net, nh);
	if (!nh->orphan) {
		hash_del(&net->nh_keys, &nh->by_key);
		if (nh->info.via)
			LIST_REMOVE(nh, via_link);
	}
	net->nhs[nh->info.adj] = NULL;
}

/* In all indexes, with no reference, unknown to the data plane. */
static struct nexthop *nexthop_new(
	struct net *net, const struct ipaddr *addr, uint16_t via, bool tunnel)
{
	struct prefix host = prefix_host(*addr);
	uint32_t adj = idpool_get(&net->adj_ids);
	struct nexthop *nh = NULL;
	struct trie_node *n;

	if (!adj)
		return NULL;
	if (slot_get(net, adj) == 0)
		nh = calloc(1, sizeof(*nh));
	n = nh ? trie_get(&net->nh_addrs[net_family(addr)], &host) : NULL;
	if (!n) {
		free(nh);
		idpool_put(&net->adj_ids, adj);
		return NULL;
	}
	nh->info.adj = adj;
	nh->info.addr = *addr;
	nh->info.via = via;
	nh->tunnel = tunnel;
	nh->next_addr = n->data;
	n->data = nh;
	net->nhs[adj] = nh;
	hash_add(&net->nh_keys, &nh->by_key, key_hash(addr, via, tunnel));
	if (via)
		LIST_INSERT_HEAD(&net->ifs[via]->nh_via, nh, via_link);
	return nh;
}

static void nexthop_free(struct net *net, struct nexthop *nh)
{
	nexthop_unlink(net, nh);
	idpool_put(&net->adj_ids, nh->info.adj);
	free(nh);
}

struct nexthop *nexthop_get(struct net *net, const struct ipaddr *addr, uint16_t via, bool tunnel)
{
	struct nexthop *nh;
	int rc;

	if (ip_is_none(addr) || (via && !iface_get(net, via)))
		return NULL;
	nh = by_key(net, addr, via, tunnel);
	if (nh) {
		nh->info.refs++;
		return nh;
	}
	nh = nexthop_new(net, addr, via, tunnel);
	if (!nh)
		return NULL;
	net_batch_begin(net);
	rc = update(net, nh);
	if (rc) {
		nexthop_free(net, nh);
		nh = NULL;
	} else {
		nh->info.refs = 1;
	}
	net_batch_end(net);
	return nh;
}

uint32_t net_nexthop_get(struct net *net, const struct ipaddr *addr, uint16_t via)
{
	struct nexthop *nh = nexthop_get(net, addr, via, false);

	return nh ? nh->info.adj : 0;
}

void net_nexthop_put(struct net *net, uint32_t adj)
{
	struct nexthop *nh = by_adj(net, adj);

	if (!nh || --nh->info.refs)
		return;
	net->dp.ops->adj_del(net->dp.ctx, adj);
	nexthop_free(net, nh);
}

bool net_nexthop_info(const struct net *net, uint32_t adj, struct net_nexthop *out)
{
	const struct nexthop *nh = by_adj(net, adj);

	if (!nh)
		return false;
	*out = nh->info;
	return true;
}

void nexthop_fini(struct net *net)
{
	for (uint32_t i = 0; i < net->nhs_cap; i++)
		free(net->nhs[i]);
	free(net->nhs);
	net->nhs = NULL;
	net->nhs_cap = 0;
	trie_fini(&net->nh_addrs[NET_V4]);
	trie_fini(&net->nh_addrs[NET_V6]);
}

/* --- time ------------------------------------------------------------------------------------- */

void nexthop_tick(struct net *net)
{
	for (uint32_t i = 1; i < net->nhs_cap; i++) {
		struct nexthop *nh = net->nhs[i];

		if (!nh)
			continue;
		if (nh->unsent || (nh->linger_us && nh->linger_us <= net->now_us))
			update(net, nh);
		if (nh->info.ifid && nh->ask_us <= net->now_us + ASK_SLACK_US)
			ask(net, nh);
	}
}
