/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * RPF_interface and MRIB.next_hop of RPs and sources (RFC 7761 4.1.5, 4.2). Targets stand in an index by
 * address, so that a change of routes costs what lies within its prefix; the routes are asked for an address
 * once, however many entries lead there. Only where groups may choose among equal paths (rpf_ecmp) each is asked
 * for by itself, and keeps the answer if it is not the one of the address.
 */
#include "control/pim/sm/sm_tree.h"

/* --- the index --------------------------------------------------------------------------------------- */

static struct sm_target *target_of(struct order_node *n)
{
	return n ? container_of(n, struct sm_target, node) : NULL;
}

int target_cmp(const void *key, const struct order_node *node)
{
	const struct target_key *k = key;
	const struct sm_target *t = container_of(node, struct sm_target, node);
	int c = ip_cmp(&k->addr, &t->addr);

	return c ? c : (int)k->kind - (int)t->kind;
}

struct sm_target *target_find(
	const struct pim_sm *sm, const struct ipaddr *addr, enum sm_target_kind kind)
{
	const struct target_key key = {.addr = *addr, .kind = (uint8_t)kind};
	struct sm_target *t = target_of(order_seek(&sm->targets, &key));

	return t && target_cmp(&key, &t->node) == 0 ? t : NULL;
}

static struct sm_target *target_add(
	struct pim_sm *sm, const struct ipaddr *addr, enum sm_target_kind kind)
{
	const struct target_key key = {.addr = *addr, .kind = (uint8_t)kind};
	struct sm_target *t = slab_get(&sm->target_slab);

	if (!t) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		return NULL;
	}
	t->addr = *addr;
	t->kind = (uint8_t)kind;
	t->stale = true;
	LIST_INIT(&t->ups);
	order_add(&sm->targets, &t->node, &key);
	return t;
}

void target_leave(struct pim_sm *sm, struct sm_up *up)
{
	struct sm_target *t = up->target;

	free(up->own);
	up->own = NULL;
	if (!t)
		return;
	LIST_REMOVE(up, in_target);
	up->target = NULL;
	if (--t->n_ups)
		return;
	order_del(&sm->targets, &t->node);
	slab_put(&sm->target_slab, t);
}

static void touch_ups(struct pim_sm *sm, const struct sm_target *t)
{
	struct sm_up *up;

	LIST_FOREACH (up, &t->ups, in_target)
		sm_touch(sm, container_of(up, struct sm_entry, up));
}

void target_touch(struct pim_sm *sm, const struct prefix *p)
{
	struct target_key key = {.addr = p->addr};
	struct sm_target *t = target_of(order_seek(&sm->targets, &key));

	for (; t && prefix_has(p, &t->addr); t = target_of(order_next(&t->node))) {
		t->stale = true;
		touch_ups(sm, t);
	}
}

void target_stale_all(struct pim_sm *sm)
{
	for (struct order_node *n = order_first(&sm->targets); n; n = order_next(n))
		target_of(n)->stale = true;
}

/* --- asking ----------------------------------------------------------------------------------------- */

/* MRIB.next_hop: NULL at the RP for RP(G), and for a source on our own subnet; an RP there is asked
 * itself. grp: NULL for the path of no group in particular. */
static struct sm_rpf ask(const struct pim_sm *sm, const struct sm_target *t,
	const struct ipaddr *grp, bool *by_group, const struct proto_ctx *ctx)
{
	struct sm_rpf out = {0};
	const struct pim_iface *pif;
	struct net_rpf rpf = {0};

	*by_group = false;
	if (t->kind == TARGET_SELF)
		return (struct sm_rpf){.ifid = DP_IF_REGISTER, .connected = true};
	if (!net_rpf_group(ctx->net, &t->addr, grp, &rpf) || !rpf.ifid)
		return out;
	*by_group = rpf.by_group;
	out.ifid = rpf.ifid;
	out.next_hop = rpf.neighbor;
	out.preference = rpf.preference;
	out.metric = rpf.metric;
	out.connected = ip_is_none(&rpf.neighbor);
	if (t->kind == TARGET_RP) {
		if (out.connected)
			out.next_hop = t->addr;
		return out;
	}
	pif = pim_iface_get(sm->pim, rpf.ifid, t->addr.family);
	out.connected |= pif && pif->conf->border;
	return out;
}

static bool same_rpf(const struct sm_rpf *a, const struct sm_rpf *b)
{
	return a->ifid == b->ifid && a->connected == b->connected &&
	       a->preference == b->preference && a->metric == b->metric &&
	       ip_eq(&a->next_hop, &b->next_hop);
}

/* What the routes say of where e leads was old. */
static void rpf_changed(
	struct pim_sm *sm, struct sm_up *up, const struct sm_rpf *old, struct proto_ctx *ctx)
{
	struct sm_entry *e = container_of(up, struct sm_entry, up);

	if (same_rpf(old, rpf_of(up)))
		return;
	if (old->ifid && old->ifid != rpf_of(up)->ifid)
		assert_rpf_changed(sm, e, old->ifid, ctx);
	sm_touch(sm, e);
}

/* The path of up's group, if it is not the target's. Without memory it is taken for that. */
static void own_refresh(struct pim_sm *sm, struct sm_up *up, const struct proto_ctx *ctx)
{
	const struct sm_entry *e = container_of(up, struct sm_entry, up);
	struct sm_target *t = up->target;
	struct sm_rpf own;
	bool by_group;

	if (t && t->by_group)
		own = ask(sm, t, &group_of(e)->grp, &by_group, ctx);
	if (!t || !t->by_group || same_rpf(&own, &t->rpf)) {
		free(up->own);
		up->own = NULL;
		return;
	}
	if (!up->own)
		up->own = malloc(sizeof(*up->own));
	if (up->own)
		*up->own = own;
	else
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
}

static void refresh(struct pim_sm *sm, struct sm_target *t, struct proto_ctx *ctx)
{
	struct sm_rpf shared = t->rpf, old;
	bool by_group = t->by_group;
	struct sm_up *up;

	t->stale = false;
	t->rpf = ask(sm, t, NULL, &t->by_group, ctx);
	if (!by_group && !t->by_group && same_rpf(&shared, &t->rpf))
		return;
	LIST_FOREACH (up, &t->ups, in_target) {
		old = up->own ? *up->own : shared;
		own_refresh(sm, up, ctx);
		rpf_changed(sm, up, &old, ctx);
	}
}

void target_refresh(struct pim_sm *sm, struct sm_up *up, struct proto_ctx *ctx)
{
	if (up->target && up->target->stale)
		refresh(sm, up->target, ctx);
}

bool target_set(struct pim_sm *sm, struct sm_entry *e, const struct ipaddr *addr,
	enum sm_target_kind kind, struct proto_ctx *ctx)
{
	struct sm_rpf old = *rpf_of(&e->up);
	struct sm_target *t = NULL;

	if (!ip_is_none(addr)) {
		t = target_find(sm, addr, kind);
		if (!t)
			t = target_add(sm, addr, kind);
	}
	if (t) {
		t->n_ups++; /* before the old one goes: they may be the same */
		if (t->stale)
			refresh(sm, t, ctx);
	}
	target_leave(sm, &e->up);
	e->up.target = t;
	if (t)
		LIST_INSERT_HEAD(&t->ups, &e->up, in_target);
	own_refresh(sm, &e->up, ctx);
	rpf_changed(sm, &e->up, &old, ctx);
	return t || ip_is_none(addr);
}
