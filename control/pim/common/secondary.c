/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Secondary addresses of neighbours (RFC 7761 4.3.4) and NBR(I, A), which finds a neighbour by any of
 * its addresses (4.1.6). Each Hello replaces the list. If two neighbours claim an address, the one that
 * claimed it last has it.
 */
#include "control/pim/common/common.h"

static uint32_t key_hash(const struct pim_iface *pif, const struct ipaddr *addr)
{
	return ip_hash(addr, pif->ifid);
}

static struct pim_secondary *mapping(const struct pim_iface *pif, const struct ipaddr *addr)
{
	struct hash_node *node = hash_first(&pif->pim->secondaries, key_hash(pif, addr));

	for (; node; node = hash_same(node)) {
		struct pim_secondary *s = container_of(node, struct pim_secondary, node);

		if (s->neigh->pif == pif && ip_eq(&s->addr, addr))
			return s;
	}
	return NULL;
}

struct pim_neigh *pim_neigh_nbr(const struct pim_iface *pif, const struct ipaddr *addr)
{
	struct pim_neigh *n = pim_neigh_find(pif, addr);
	struct pim_secondary *s = n ? NULL : mapping(pif, addr);

	return s ? s->neigh : n;
}

static void unmap(struct pim_secondary *s)
{
	if (!s->mapped)
		return;
	hash_del(&s->neigh->pif->pim->secondaries, &s->node);
	s->mapped = false;
}

void pim_secondary_drop(struct pim_neigh *n)
{
	for (uint32_t i = 0; i < n->n_secondary; i++)
		unmap(&n->secondary[i]);
	free(n->secondary);
	n->secondary = NULL;
	n->n_secondary = 0;
}

/* The next address to keep: the primary one is not among them (4.3.4). */
static bool next_addr(const struct pim_neigh *n, const struct pim_hello *h,
	struct pim_hello_addrs *it, struct ipaddr *out)
{
	while (pim_hello_addr_next(h, it, out))
		if (!ip_eq(out, &n->addr) && pim_is_unicast(out))
			return true;
	return false;
}

/* Whether the Hello lists exactly what is there, in this order, and nobody else took one; *count gets how many
 * it lists, no more than are kept. */
static bool unchanged(const struct pim_neigh *n, const struct pim_hello *h, uint32_t *count)
{
	struct pim_hello_addrs it = {0};
	struct ipaddr a;
	bool same = true;
	uint32_t i = 0;

	while (next_addr(n, h, &it, &a) && i < PIM_SECONDARY_MAX) {
		same = same && i < n->n_secondary && n->secondary[i].mapped &&
		       ip_eq(&n->secondary[i].addr, &a);
		i++;
	}
	*count = i;
	return same && i == n->n_secondary;
}

static void conflict(
	const struct pim_secondary *s, const struct pim_neigh *now, struct proto_ctx *ctx)
{
	char a[IP_STRLEN], was[IP_STRLEN], is[IP_STRLEN];

	act_notify_rated(ctx, &now->pif->log[PIM_LOG_SECONDARY], LOG_LVL_WARNING,
		"%s: address %s is claimed by neighbours %s and %s: the latter has it now",
		now->pif->name, ip_str(&s->addr, a, sizeof(a)),
		ip_str(&s->neigh->addr, was, sizeof(was)), ip_str(&now->addr, is, sizeof(is)));
}

static void take(struct pim_neigh *n, const struct ipaddr *addr, struct proto_ctx *ctx)
{
	struct pim_secondary *s = mapping(n->pif, addr);

	if (s && s->neigh == n) /* listed twice */
		return;
	if (s) {
		conflict(s, n, ctx);
		unmap(s);
	}
	s = &n->secondary[n->n_secondary++];
	*s = (struct pim_secondary){.addr = *addr, .neigh = n, .mapped = true};
	hash_add(&n->pif->pim->secondaries, &s->node, key_hash(n->pif, addr));
}

bool pim_secondary_update(struct pim_neigh *n, const struct pim_hello *h, struct proto_ctx *ctx)
{
	struct pim_hello_addrs it = {0};
	struct ipaddr a;
	uint32_t count, seen = 0;

	pim_drop_n(n->pif->pim, n->pif, PIM_DROP_entry_family, h->foreign);
	if (unchanged(n, h, &count))
		return false;
	pim_secondary_drop(n);
	if (count > 0)
		n->secondary = calloc(count, sizeof(*n->secondary));
	if (count > 0 && !n->secondary) {
		pim_drop(n->pif->pim, n->pif, PIM_DROP_no_memory);
		return true;
	}
	while (next_addr(n, h, &it, &a)) {
		if (seen++ == PIM_SECONDARY_MAX) {
			pim_drop(n->pif->pim, n->pif, PIM_DROP_secondary_limit);
			break;
		}
		take(n, &a, ctx);
	}
	return true;
}
