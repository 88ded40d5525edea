/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The snapshot by which workers find the interface of what came in: an array by VLAN for each port
 * that has interfaces, a hash of the VLAN stacks and one of the tunnels. Made anew as a whole whenever an interface comes,
 * goes or moves: seldom, and a reader never sees half of it.
 */
#include "dataplane/tables.h"

#include <stdlib.h>

#define VLANS 4096

struct sizes {
	bool port[RTE_MAX_ETHPORTS];
	unsigned ports, tunnels, stacks;
};

/* What the interface with this id will be. */
static const struct fwd_if *if_after(
	const struct fwd_tables *t, const struct fwd_if *changed, uint16_t gone, uint16_t id)
{
	if (id == gone)
		return NULL;
	if (changed && changed->c.id == id)
		return changed;
	return atomic_load_explicit(&t->ifs[id], memory_order_relaxed);
}

static void size_add(struct sizes *s, const struct fwd_if *f)
{
	if (f->c.kind == DP_IF_GRE)
		s->tunnels++;
	if (f->c.kind != DP_IF_ETHER || f->c.port >= RTE_MAX_ETHPORTS)
		return;
	if (!demux_by_vlan(&f->c))
		s->stacks++;
	if (s->port[f->c.port])
		return;
	s->port[f->c.port] = true;
	s->ports++;
}

/* One zeroed block: the struct, the arrays by VLAN, the tunnels' hash (at most half full), the local
 * addresses, the hash of the stacks. */
static struct fwd_demux *demux_alloc(const struct sizes *s)
{
	uint32_t slots = s->tunnels ? rte_align32pow2(2 * s->tunnels) : 0;
	uint32_t stacks = s->stacks ? rte_align32pow2(2 * s->stacks) : 0;
	size_t vlans = s->ports * VLANS * sizeof(uint16_t);
	struct fwd_demux *d = calloc(1, sizeof(*d) + vlans + slots * sizeof(struct fwd_gre_slot) +
						s->tunnels * sizeof(struct ipaddr) +
						stacks * sizeof(struct fwd_stack_slot));
	uint16_t *at;

	if (!d)
		return NULL;
	at = (uint16_t *)(d + 1);
	for (unsigned i = 0; i < RTE_MAX_ETHPORTS; i++) {
		if (!s->port[i])
			continue;
		d->vlans[i] = at;
		at += VLANS;
	}
	if (slots) {
		d->gre = (struct fwd_gre_slot *)(void *)at;
		d->gre_mask = slots - 1;
		d->gre_locals = (struct ipaddr *)(void *)(d->gre + slots);
		at = (uint16_t *)(void *)(d->gre_locals + s->tunnels);
	}
	if (stacks) {
		d->stacks = (struct fwd_stack_slot *)at;
		d->stack_mask = stacks - 1;
	}
	return d;
}

static void local_add(struct fwd_demux *d, const struct ipaddr *local)
{
	for (uint32_t i = 0; i < d->n_gre_locals; i++) {
		if (ip_eq(&d->gre_locals[i], local))
			return;
	}
	d->gre_locals[d->n_gre_locals++] = *local;
}

static void tunnel_add(struct fwd_demux *d, const struct dp_if *c)
{
	struct fwd_gre_slot s = {
		.key = c->gre.key,
		.family = c->gre.local.family,
		.has_key = c->gre.has_key,
		.ifid = c->id,
	};
	uint32_t at = fwd_gre_hash(c->gre.local.w_be, c->gre.remote.w_be, c->gre.key);

	memcpy(s.local, c->gre.local.b, 16);
	memcpy(s.remote, c->gre.remote.b, 16);
	while (d->gre[at & d->gre_mask].ifid)
		at++;
	d->gre[at & d->gre_mask] = s;
	local_add(d, &c->gre.local);
}

static void ether_add(struct fwd_demux *d, const struct dp_if *c)
{
	uint32_t at = fwd_stack_hash(c->port, c->vlan, c->vlan_inner);

	if (demux_by_vlan(c)) {
		d->vlans[c->port][c->vlan] = c->id;
		return;
	}
	while (d->stacks[at & d->stack_mask].ifid)
		at++;
	d->stacks[at & d->stack_mask] = (struct fwd_stack_slot){
		.port = c->port,
		.outer = c->vlan,
		.inner = c->vlan_inner,
		.tpid = c->vlan_tpid,
		.ifid = c->id,
	};
}

struct fwd_demux *demux_build(
	const struct fwd_tables *t, const struct fwd_if *changed, uint16_t gone)
{
	struct sizes s = {0};
	struct fwd_demux *d;

	for (uint16_t id = 1; id < DP_IFS_MAX; id++) {
		const struct fwd_if *f = if_after(t, changed, gone, id);

		if (f)
			size_add(&s, f);
	}
	d = demux_alloc(&s);
	for (uint16_t id = 1; d && id < DP_IFS_MAX; id++) {
		const struct fwd_if *f = if_after(t, changed, gone, id);

		if (!f)
			continue;
		d->several_tables |= f->c.table != DP_TABLE_MAIN;
		if (f->c.kind == DP_IF_ETHER && f->c.port < RTE_MAX_ETHPORTS)
			ether_add(d, &f->c);
		else if (f->c.kind == DP_IF_GRE)
			tunnel_add(d, &f->c);
	}
	return d;
}
