/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Interfaces, adjacencies and oifs: arrays of pointers by id to immutable records. Changing one writes a
 * new record, swaps the pointer and retires the old record; nothing else moves, so a new MAC of a
 * next hop touches no oif and no list. A worker reads each pointer once a packet and finds NULL
 * where nothing is.
 */
#include "dataplane/tables.h"

#include <errno.h>
#include <stdlib.h>

#define RECLAIM_BATCH 64

/* A record of its own cache lines, or NULL. */
static void *record_new(size_t bytes)
{
	size_t size = RTE_ALIGN_CEIL(bytes, RTE_CACHE_LINE_SIZE);
	void *p = aligned_alloc(RTE_CACHE_LINE_SIZE, size);

	return p ? memset(p, 0, size) : NULL;
}

/* --- layer 2 templates -------------------------------------------------------------------------------- */

/* The number of (source MAC, tags), shared by interfaces whose frames look the same; 0: none left. */
static uint32_t l2_intern(struct dataplane *d, const struct dp_if *c)
{
	uint32_t unused = 0;

	for (uint32_t i = 1; i < DP_IFS_MAX; i++) {
		struct l2_kind *k = &d->l2[i];

		if (!k->refs) {
			unused = unused ? unused : i;
			continue;
		}
		if (k->vlan == c->vlan && k->inner == c->vlan_inner && k->tpid == c->vlan_tpid &&
			memcmp(k->mac, c->mac, 6) == 0) {
			k->refs++;
			return i;
		}
	}
	if (unused) {
		d->l2[unused] = (struct l2_kind){
			.vlan = c->vlan, .inner = c->vlan_inner, .tpid = c->vlan_tpid, .refs = 1};
		memcpy(d->l2[unused].mac, c->mac, 6);
	}
	return unused;
}

static uint8_t *be16_put(uint8_t *p, uint16_t v)
{
	*p++ = (uint8_t)(v >> 8);
	*p++ = (uint8_t)v;
	return p;
}

/* Tags have priority 0. */
static void l2_fill(struct fwd_if *f)
{
	uint8_t *p = f->l2 + 12;

	memcpy(f->l2 + 6, f->c.mac, 6);
	if (f->c.vlan)
		p = be16_put(be16_put(p, f->c.vlan_tpid), f->c.vlan);
	if (f->c.vlan_inner)
		p = be16_put(be16_put(p, 0x8100), f->c.vlan_inner);
	p = be16_put(p, 0x0800);
	f->l2_len = (uint8_t)(p - f->l2);
}

/* --- interfaces ------------------------------------------------------------------------------------------ */

static struct fwd_if *if_at(const struct dataplane *d, uint16_t id)
{
	return atomic_load_explicit(&d->t.ifs[id], memory_order_relaxed);
}

/* Frees the record and what it holds, after the grace period: the number of a template must not get
 * a new meaning while a worker compares it. */
static void if_free(void *owner, void *ptr, uint64_t arg)
{
	struct dataplane *d = owner;
	struct fwd_if *f = ptr;

	if (f->l2_id)
		d->l2[f->l2_id].refs--;
	free(f);
}

static bool gre_valid(const struct dp_gre *g)
{
	return ip_bits(&g->local) && g->local.family == g->remote.family && g->dscp <= 63;
}

static bool vlan_valid(const struct dp_if *c)
{
	if (c->vlan > 4094 || c->vlan_inner > 4094 || (c->vlan_inner && !c->vlan))
		return false;
	return !c->vlan || c->vlan_tpid == 0x8100 || c->vlan_tpid == 0x88a8 ||
	       c->vlan_tpid == 0x9100;
}

/* What was left out is filled in, what has no meaning is zero. */
static void if_complete(struct dp_if *c)
{
	if (!c->vlan)
		c->vlan_tpid = 0;
	else if (!c->vlan_tpid)
		c->vlan_tpid = c->vlan_inner ? 0x88a8 : 0x8100;
	if (!c->gre.has_key)
		c->gre.key = 0;
}

static int if_check(const struct dp_if *c)
{
	if (!c->id || c->id >= DP_IFS_MAX)
		return -ENOSPC;
	switch ((enum dp_if_kind)c->kind) {
	case DP_IF_ETHER:
		if (c->port >= RTE_MAX_ETHPORTS && c->port != UINT16_MAX)
			return -EINVAL; /* UINT16_MAX: its port is absent for now */
		return vlan_valid(c) ? 0 : -EINVAL;
	case DP_IF_GRE:
		return gre_valid(&c->gre) ? 0 : -EINVAL;
	case DP_IF_LOOPBACK:
		return 0;
	}
	return -EINVAL;
}

static bool gre_same_ends(const struct dp_gre *a, const struct dp_gre *b)
{
	return ip_eq(&a->local, &b->local) && ip_eq(&a->remote, &b->remote) && a->key == b->key &&
	       !a->has_key == !b->has_key;
}

/* Whether workers would tell input for a and b apart in the same way. */
static bool if_same_demux(const struct dp_if *a, const struct dp_if *b)
{
	if (a->kind != b->kind || a->table != b->table)
		return false;
	if (a->kind == DP_IF_ETHER)
		return a->port == b->port && a->vlan == b->vlan && a->vlan_inner == b->vlan_inner &&
		       a->vlan_tpid == b->vlan_tpid;
	return a->kind == DP_IF_LOOPBACK || gre_same_ends(&a->gre, &b->gre);
}

static uint16_t stack_owner(const struct fwd_demux *dm, const struct dp_if *c)
{
	uint32_t at = fwd_stack_hash(c->port, c->vlan, c->vlan_inner);

	for (; dm->stacks && dm->stacks[at & dm->stack_mask].ifid; at++) {
		const struct fwd_stack_slot *s = &dm->stacks[at & dm->stack_mask];

		if (s->port == c->port && s->outer == c->vlan && s->inner == c->vlan_inner)
			return s->ifid;
	}
	return 0;
}

/* By port and VLAN ids: a TPID alone does not tell interfaces apart, for a port may strip it. */
static uint16_t ether_owner(const struct fwd_demux *dm, const struct dp_if *c)
{
	const uint16_t *vlans = dm->vlans[c->port];

	if (!vlans)
		return 0;
	if (!c->vlan_inner && vlans[c->vlan])
		return vlans[c->vlan];
	return stack_owner(dm, c);
}

/* The interface that receives what c would receive, or 0. */
static uint16_t if_owner(const struct dataplane *d, const struct dp_if *c)
{
	const struct fwd_demux *dm = atomic_load_explicit(&d->t.demux, memory_order_relaxed);
	uint32_t at;

	if (c->kind == DP_IF_ETHER && c->port < RTE_MAX_ETHPORTS)
		return ether_owner(dm, c);
	if (c->kind != DP_IF_GRE || !dm->gre)
		return 0;
	at = fwd_gre_hash(c->gre.local.w_be, c->gre.remote.w_be, c->gre.key);
	for (; dm->gre[at & dm->gre_mask].ifid; at++) {
		uint16_t id = dm->gre[at & dm->gre_mask].ifid;

		if (gre_same_ends(&if_at(d, id)->c.gre, &c->gre))
			return id;
	}
	return 0;
}

static struct fwd_if *if_make(struct dataplane *d, const struct dp_if *c)
{
	struct fwd_if *f = record_new(sizeof(*f));

	if (!f)
		return NULL;
	f->c = *c;
	if (c->kind == DP_IF_ETHER) {
		l2_fill(f);
		f->l2_id = l2_intern(d, c);
	}
	if (c->kind == DP_IF_GRE)
		f->gre = gre_head_of(&c->gre);
	return f;
}

static void demux_publish(struct dataplane *d, struct fwd_demux *dm)
{
	struct fwd_demux *old = atomic_load_explicit(&d->t.demux, memory_order_relaxed);

	atomic_store_explicit(&d->t.demux, dm, memory_order_release);
	retire_add(&d->retire, retire_free, old, 0);
}

/* The record first, then the snapshot that leads to it. */
static void if_publish(struct dataplane *d, struct fwd_if *f, struct fwd_demux *dm)
{
	struct fwd_if *old = if_at(d, f->c.id);

	if (!old) {
		d->n.ifs++;
		stats_if_rebase(d, f->c.id);
	}
	atomic_store_explicit(&d->t.ifs[f->c.id], f, memory_order_release);
	if (dm)
		demux_publish(d, dm);
	tables_changed(d);
	if (old)
		retire_add(&d->retire, if_free, old, 0);
}

int if_set(struct dataplane *d, const struct dp_if *ifp)
{
	struct dp_if c = *ifp;
	struct fwd_demux *dm = NULL;
	const struct fwd_if *old;
	struct fwd_if *f;
	uint16_t owner;
	int err;

	if_complete(&c);
	err = if_check(&c);
	if (err)
		return err;
	owner = if_owner(d, &c);
	if (owner && owner != c.id)
		return -EEXIST;
	retire_reclaim(&d->retire, RECLAIM_BATCH);
	if (retire_room(&d->retire))
		return -ENOMEM;
	f = if_make(d, &c);
	if (!f)
		return -ENOMEM;
	old = if_at(d, c.id);
	if (!old || !if_same_demux(&old->c, &c)) {
		dm = demux_build(&d->t, f, 0);
		if (!dm) {
			if_free(d, f, 0);
			return -ENOMEM;
		}
	}
	if_publish(d, f, dm);
	return 0;
}

int if_del(struct dataplane *d, uint16_t ifid)
{
	struct fwd_if *old = ifid < DP_IFS_MAX ? if_at(d, ifid) : NULL;
	struct fwd_demux *dm;

	if (!old)
		return -ENOENT;
	retire_reclaim(&d->retire, RECLAIM_BATCH);
	if (retire_room(&d->retire))
		return -ENOMEM;
	dm = demux_build(&d->t, NULL, ifid);
	if (!dm)
		return -ENOMEM;
	demux_publish(d, dm);
	atomic_store_explicit(&d->t.ifs[ifid], NULL, memory_order_release);
	tables_changed(d);
	retire_add(&d->retire, if_free, old, 0);
	d->n.ifs--;
	return 0;
}

/* --- adjacencies -------------------------------------------------------------------------------------------- */

static struct fwd_adj *adj_at(const struct dataplane *d, uint32_t id)
{
	return atomic_load_explicit(&d->t.adjs[id], memory_order_relaxed);
}

static void adj_publish(struct dataplane *d, uint32_t id, struct fwd_adj *a)
{
	struct fwd_adj *old = adj_at(d, id);

	atomic_store_explicit(&d->t.adjs[id], a, memory_order_release);
	tables_changed(d);
	if (old)
		retire_add(&d->retire, retire_free, old, 0);
	d->n.adjs += (a != NULL) - (old != NULL);
}

int adj_set(struct dataplane *d, const struct dp_adj *adj)
{
	struct fwd_adj *a;

	if (!adj->id || adj->id >= d->t.max_oifs)
		return -ENOSPC;
	if (adj->kind > DP_ADJ_KERNEL || adj->ifid >= DP_IFS_MAX)
		return -EINVAL;
	retire_reclaim(&d->retire, RECLAIM_BATCH);
	if (retire_room(&d->retire))
		return -ENOMEM;
	a = record_new(sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->c = *adj;
	adj_publish(d, adj->id, a);
	return 0;
}

int adj_del(struct dataplane *d, uint32_t id)
{
	if (id >= d->t.max_oifs || !adj_at(d, id))
		return -ENOENT;
	if (retire_room(&d->retire))
		return -ENOMEM;
	adj_publish(d, id, NULL);
	return 0;
}

/* --- oifs ----------------------------------------------------------------------------------------------------- */

static struct fwd_oif *oif_at(const struct dataplane *d, uint32_t id)
{
	return atomic_load_explicit(&d->t.oifs[id], memory_order_relaxed);
}

static void oif_publish(struct dataplane *d, uint32_t id, struct fwd_oif *o)
{
	struct fwd_oif *old = oif_at(d, id);

	if (!old && o)
		stats_oif_rebase(d, id);
	atomic_store_explicit(&d->t.oifs[id], o, memory_order_release);
	tables_changed(d);
	if (old)
		retire_add(&d->retire, retire_free, old, 0);
	d->n.oifs += (o != NULL) - (old != NULL);
	d->n.oif_end = RTE_MAX(d->n.oif_end, id + 1);
}

static bool oif_valid(const struct dp_oif *o)
{
	bool her = !ip_is_none(&o->her_dst);

	/* A unicast output may not know yet where it leaves. */
	if ((!o->ifid && !her) || o->ifid >= DP_IFS_MAX)
		return false;
	if (!her)
		return o->encap == DP_ENCAP_HER;
	if (o->encap > DP_ENCAP_REGISTER)
		return false;
	if (!ip_bits(&o->her_dst) || !o->her_ttl || o->her_dscp > 63)
		return false;
	return ip_is_none(&o->her_src) || o->her_src.family == o->her_dst.family;
}

/* The record of an oif, with what all its Registers have in front of them. */
static struct fwd_oif *oif_make(const struct dp_oif *c)
{
	bool reg = c->encap == DP_ENCAP_REGISTER && c->her_src.family == c->her_dst.family;
	struct fwd_oif *o = record_new(sizeof(*o) + (reg ? sizeof(o->head[0]) : 0));

	if (!o)
		return NULL;
	o->c = *c;
	if (reg)
		register_head_make(
			o->head, c->her_dst.family, c->her_src.b, c->her_dst.b, c->her_ttl);
	return o;
}

int oif_set(struct dataplane *d, const struct dp_oif *oif)
{
	struct fwd_oif *o;

	if (!oif->id || oif->id >= d->t.max_oifs)
		return -ENOSPC;
	if (!oif_valid(oif) || oif->adj >= d->t.max_oifs)
		return -EINVAL;
	retire_reclaim(&d->retire, RECLAIM_BATCH);
	if (retire_room(&d->retire))
		return -ENOMEM;
	o = oif_make(oif);
	if (!o)
		return -ENOMEM;
	oif_publish(d, oif->id, o);
	return 0;
}

int oif_del(struct dataplane *d, uint32_t id)
{
	if (id >= d->t.max_oifs || !oif_at(d, id))
		return -ENOENT;
	if (retire_room(&d->retire))
		return -ENOMEM;
	oif_publish(d, id, NULL);
	return 0;
}

/* --- the end -------------------------------------------------------------------------------------------------- */

void adj_fini(struct dataplane *d)
{
	for (uint16_t id = 1; d->t.ifs && id < DP_IFS_MAX; id++)
		free(if_at(d, id));
	for (uint32_t id = 1; d->t.adjs && d->n.adjs && id < d->t.max_oifs; id++)
		free(adj_at(d, id));
	for (uint32_t id = 1; d->t.oifs && id < d->n.oif_end; id++)
		free(oif_at(d, id));
	free(d->t.demux);
}
