/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What entries are made of: interfaces, the state of an interface in an entry, and the routers at the
 * other end. Each is there only while something is known of it.
 */
#include "control/pim/sm/sm_tree.h"

/* --- interfaces ------------------------------------------------------------------------------------ */

static uint32_t iface_hash(uint16_t ifid, uint8_t family)
{
	return ((uint32_t)ifid << 8 | family) * 2654435761u;
}

struct sm_iface *sm_iface_find(const struct pim_sm *sm, uint16_t ifid, uint8_t family)
{
	struct hash_node *n = hash_first(&sm->ifaces, iface_hash(ifid, family));

	for (; n; n = hash_same(n)) {
		struct sm_iface *i = container_of(n, struct sm_iface, node);

		if (i->ifid == ifid && i->family == family)
			return i;
	}
	return NULL;
}

struct sm_iface *sm_iface_get(struct pim_sm *sm, uint16_t ifid, uint8_t family)
{
	struct sm_iface *i = sm_iface_find(sm, ifid, family);

	if (i)
		return i;
	i = calloc(1, sizeof(*i));
	if (!i) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		return NULL;
	}
	i->ifid = ifid;
	i->family = family;
	i->pif = pim_iface_get(sm->pim, ifid, family);
	LIST_INIT(&i->oifs);
	hash_add(&sm->ifaces, &i->node, iface_hash(ifid, family));
	return i;
}

void sm_iface_gc(struct pim_sm *sm, struct sm_iface *i)
{
	if (i->pif || i->n_oifs)
		return;
	hash_del(&sm->ifaces, &i->node);
	free(i);
}

void sm_iface_touch(struct pim_sm *sm, struct sm_iface *i)
{
	struct sm_oif *oif;

	LIST_FOREACH (oif, &i->oifs, in_iface)
		sm_touch(sm, oif->entry);
}

/* --- an interface in an entry ------------------------------------------------------------------------- */

struct sm_oif *sm_oif_find(const struct sm_entry *e, const struct pim_iface *pif)
{
	struct sm_oif *oif;

	LIST_FOREACH (oif, &e->oifs, link) {
		if (oif->iface->pif == pif)
			return oif;
	}
	return NULL;
}

/* Puts it behind those of lower ids. */
static void oif_link(struct sm_entry *e, struct sm_oif *oif)
{
	struct sm_oif *at, *before = NULL;

	LIST_FOREACH (at, &e->oifs, link) {
		if (at->iface->ifid > oif->iface->ifid)
			break;
		before = at;
	}
	if (before)
		LIST_INSERT_AFTER(before, oif, link);
	else
		LIST_INSERT_HEAD(&e->oifs, oif, link);
}

struct sm_oif *sm_oif_get_at(
	struct pim_sm *sm, struct sm_entry *e, struct sm_iface *iface, struct proto_ctx *ctx)
{
	struct sm_oif *oif;

	LIST_FOREACH (oif, &e->oifs, link) {
		if (oif->iface == iface)
			return oif;
	}
	oif = slab_get(&sm->oif_slab);
	if (!oif) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		return NULL;
	}
	oif->entry = e;
	oif->iface = iface;
	oif->since_us = ctx->now_us;
	oif_link(e, oif);
	LIST_INSERT_HEAD(&iface->oifs, oif, in_iface);
	iface->n_oifs++;
	return oif;
}

struct sm_oif *sm_oif_get(
	struct pim_sm *sm, struct sm_entry *e, struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct sm_iface *iface = sm_iface_get(sm, pif->ifid, pif->family);

	return iface ? sm_oif_get_at(sm, e, iface, ctx) : NULL;
}

struct sm_prunes *sm_prunes_get(struct pim_sm *sm, struct sm_oif *oif)
{
	if (oif->prunes)
		return oif->prunes;
	oif->prunes = calloc(1, sizeof(*oif->prunes));
	if (oif->prunes)
		oif->prunes->oif = oif;
	else
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
	return oif->prunes;
}

static void prunes_free(struct sm_oif *oif, struct timer_heap *timers)
{
	if (!oif->prunes)
		return;
	timer_cancel(timers, &oif->prunes->ppt);
	timer_cancel(timers, &oif->prunes->rpt_et);
	timer_cancel(timers, &oif->prunes->rpt_ppt);
	free(oif->prunes);
	oif->prunes = NULL;
}

void sm_prunes_gc(struct sm_oif *oif, struct timer_heap *timers)
{
	if (oif->ds != DS_PRUNE_PENDING && oif->ds_rpt == DS_RPT_NOINFO)
		prunes_free(oif, timers);
}

struct assert_info *sm_assert_info_get(struct pim_sm *sm, struct sm_oif *oif)
{
	if (oif->info)
		return oif->info;
	oif->info = calloc(1, sizeof(*oif->info));
	if (oif->info)
		oif->info->oif = oif;
	else
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
	return oif->info;
}

void sm_assert_info_clear(struct sm_oif *oif, struct timer_heap *timers)
{
	if (!oif->info)
		return;
	oif->info->winner = (struct assert_metric){0};
	timer_cancel(timers, &oif->info->at);
}

void sm_oif_free(struct pim_sm *sm, struct sm_oif *oif, struct timer_heap *timers)
{
	struct sm_iface *iface = oif->iface;

	timer_cancel(timers, &oif->et);
	prunes_free(oif, timers);
	sm_assert_info_clear(oif, timers);
	free(oif->info);
	sm_oif_own(sm, oif, NULL);
	LIST_REMOVE(oif, link);
	LIST_REMOVE(oif, in_iface);
	iface->n_oifs--;
	sm_iface_gc(sm, iface);
	slab_put(&sm->oif_slab, oif);
}

bool sm_oif_gc(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	if (oif->ds == DS_NOINFO && oif->ds_rpt == DS_RPT_NOINFO && oif->assert != ASSERT_LOSER)
		sm_oif_own(sm, oif, NULL);
	if (oif->ds != DS_NOINFO || oif->ds_rpt != DS_RPT_NOINFO || oif->assert != ASSERT_NOINFO ||
		oif->member != MEMBER_NONE)
		return false;
	sm_touch(sm, oif->entry);
	sm_oif_free(sm, oif, ctx->timers);
	return true;
}

/* --- routers at the other end -------------------------------------------------------------------------- */

static uint32_t peer_hash(uint16_t ifid, const struct ipaddr *addr)
{
	return ip_hash(addr, ifid);
}

struct sm_peer *sm_peer_find(const struct pim_sm *sm, uint16_t ifid, const struct ipaddr *addr)
{
	struct hash_node *n = hash_first(&sm->peers, peer_hash(ifid, addr));

	for (; n; n = hash_same(n)) {
		struct sm_peer *p = container_of(n, struct sm_peer, node);

		if (p->ifid == ifid && ip_eq(&p->addr, addr))
			return p;
	}
	return NULL;
}

struct sm_peer *sm_peer_get(struct pim_sm *sm, uint16_t ifid, const struct ipaddr *addr)
{
	struct sm_peer *p = sm_peer_find(sm, ifid, addr);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		return NULL;
	}
	p->ifid = ifid;
	p->addr = *addr;
	LIST_INIT(&p->ups);
	hash_add(&sm->peers, &p->node, peer_hash(ifid, addr));
	return p;
}

void sm_peer_gc(struct pim_sm *sm, struct sm_peer *p)
{
	if (p->n_ups || p->n_states || p->jp)
		return;
	hash_del(&sm->peers, &p->node);
	free(p);
}

/* The common part shows it. */
static void peer_tell(struct pim_sm *sm, const struct sm_peer *p)
{
	struct pim_iface *pif = pim_iface_get(sm->pim, p->ifid, p->addr.family);
	struct pim_neigh *n = pif ? pim_neigh_find(pif, &p->addr) : NULL;

	if (n)
		n->n_states = p->n_states;
}

void sm_oif_own(struct pim_sm *sm, struct sm_oif *oif, struct sm_peer *by)
{
	struct sm_peer *old = oif->by;

	if (old == by)
		return;
	oif->by = by;
	if (by) {
		by->n_states++;
		peer_tell(sm, by);
	}
	if (old) {
		old->n_states--;
		peer_tell(sm, old);
		sm_peer_gc(sm, old);
	}
}
