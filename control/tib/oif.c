/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Outputs as the data plane knows them: one oif per distinct value, counted references, small ids.
 *
 * A HER oif follows the network: its egress when the wish names none, its source address when the
 * wish names none, and its TTL threshold likewise. All are republished under the same id, so that no list changes. While one of
 * them is unknown the oif has no adjacency, so that its copies are dropped as oif_unresolved and
 * never leave with the sender's address.
 *
 * A freed id is used again late: workers may for a moment still read a list that names it.
 */
#include "control/tib/tib_priv.h"

#include <assert.h>
#include <errno.h>

#define OIF_IDS_MAX (1u << 24) /* the data plane has its own limit */

uint32_t tib_output_hash(const struct tib_output *o)
{
	uint32_t h = o->ifid | (uint32_t)o->ttl_threshold << 16 | (uint32_t)o->her_ttl << 24;

	h = ip_hash(&o->her_dst, h * 31u + o->her_port);
	return ip_hash(&o->her_src, h + o->preserve_source + 2u * o->allow_input +
					    4u * o->threshold_if + 8u * o->her_set_dscp +
					    16u * o->her_dscp);
}

static struct tib_oif *oif_find(const struct tib *tib, const struct tib_output *o, uint32_t hash)
{
	struct hash_node *node = hash_first(&tib->oifs, hash);

	for (; node; node = hash_same(node)) {
		struct tib_oif *oif = container_of(node, struct tib_oif, node);

		if (tib_output_cmp(&oif->out, o) == 0)
			return oif;
	}
	return NULL;
}

/* What the data plane is to be told now. */
static void oif_describe(const struct tib *tib, const struct tib_oif *oif, struct dp_oif *d)
{
	const struct tib_output *o = &oif->out;
	const struct net_if *ifp;
	const struct net_addr *addr = NULL;
	struct net_nexthop hop;

	*d = (struct dp_oif){.id = oif->pub.id,
		.ifid = o->ifid,
		.ttl_threshold = o->ttl_threshold,
		.allow_input = o->allow_input,
		.her_dst = o->her_dst,
		.her_src = o->her_src,
		.her_port = o->her_port,
		.her_ttl = o->her_ttl,
		.her_set_dscp = o->her_set_dscp,
		.her_dscp = o->her_dscp,
		.encap = o->encap};
	if (ip_is_none(&o->her_dst))
		return;
	if (d->ifid == 0 && net_nexthop_info(tib->net, oif->adj, &hop))
		d->ifid = hop.ifid;
	ifp = net_if_get(tib->net, d->ifid);
	if (o->threshold_if && ifp)
		d->ttl_threshold = ifp->conf.ttl_threshold;
	if (!o->preserve_source && ip_is_none(&d->her_src)) {
		if (ifp)
			addr = net_if_addr_routable(ifp, (enum ip_family)o->her_dst.family);
		if (!addr)
			return;
		d->her_src = addr->ip;
	}
	if (d->ifid)
		d->adj = oif->adj;
}

static bool dp_oif_same(const struct dp_oif *a, const struct dp_oif *b)
{
	return a->ifid == b->ifid && a->adj == b->adj && a->ttl_threshold == b->ttl_threshold &&
	       ip_eq(&a->her_src, &b->her_src);
}

static uint32_t freed_take(struct tib *tib)
{
	uint32_t id;

	if (tib->freed_n == 0)
		return 0;
	id = tib->freed_ids[tib->freed_at];
	tib->freed_at = (tib->freed_at + 1) % TIB_OIF_QUARANTINE;
	tib->freed_n--;
	return id;
}

static void id_put(struct tib *tib, uint32_t id)
{
	if (tib->freed_n == TIB_OIF_QUARANTINE)
		idpool_put(&tib->oif_ids, freed_take(tib));
	tib->freed_ids[(tib->freed_at + tib->freed_n) % TIB_OIF_QUARANTINE] = id;
	tib->freed_n++;
}

static int by_id_grow(struct tib *tib, uint32_t id)
{
	uint32_t cap = tib->oif_cap ? tib->oif_cap : 64;
	struct tib_oif **v;

	if (id < tib->oif_cap)
		return 0;
	while (cap <= id)
		cap *= 2;
	v = realloc(tib->oif_by_id, cap * sizeof(struct tib_oif *));
	if (!v)
		return -ENOMEM;
	memset(v + tib->oif_cap, 0, (cap - tib->oif_cap) * sizeof(struct tib_oif *));
	tib->oif_by_id = v;
	tib->oif_cap = cap;
	return 0;
}

/* Gives the oif a fresh id and publishes it. The data plane may take only small ids: then one of
 * those freed lately has to do. */
static int oif_publish(struct tib *tib, struct tib_oif *oif)
{
	uint32_t id = idpool_get(&tib->oif_ids);
	struct dp_oif d;
	int rc = -ENOSPC;

	oif_describe(tib, oif, &d);
	if (id) {
		d.id = id;
		rc = by_id_grow(tib, id);
		if (!rc)
			rc = tib->dp->ops->oif_set(tib->dp->ctx, &d);
		if (rc)
			idpool_put(&tib->oif_ids, id);
	}
	if (rc == -ENOSPC && tib->freed_n > 0) {
		d.id = id = freed_take(tib);
		rc = tib->dp->ops->oif_set(tib->dp->ctx, &d);
		if (rc)
			id_put(tib, id);
	}
	if (rc)
		return rc;
	oif->pub = d;
	tib->oif_by_id[id] = oif;
	return 0;
}

static int oif_new(struct tib *tib, const struct tib_output *o, uint32_t hash, struct tib_oif **out)
{
	struct tib_oif *oif = calloc(1, sizeof(*oif));
	bool her = !ip_is_none(&o->her_dst);
	int rc;

	if (!oif)
		return -ENOMEM;
	oif->out = *o;
	if (her) {
		oif->adj = net_nexthop_get(tib->net, &o->her_dst, o->ifid);
		if (!oif->adj) {
			free(oif);
			return -ENOSPC;
		}
	}
	rc = oif_publish(tib, oif);
	if (rc) {
		if (her)
			net_nexthop_put(tib->net, oif->adj);
		free(oif);
		return rc;
	}
	hash_add(&tib->oifs, &oif->node, hash);
	if (her)
		LIST_INSERT_HEAD(&tib->her, oif, her);
	*out = oif;
	return 0;
}

int tib_oif_get(struct tib *tib, const struct tib_output *out, uint32_t *id)
{
	uint32_t hash = tib_output_hash(out);
	struct tib_oif *oif = oif_find(tib, out, hash);
	int rc;

	if (!oif) {
		rc = oif_new(tib, out, hash, &oif);
		if (rc)
			return rc;
	}
	oif->refs++;
	*id = oif->pub.id;
	return 0;
}

void tib_oif_put(struct tib *tib, uint32_t id)
{
	struct tib_oif *oif = tib->oif_by_id[id];

	assert(oif && oif->refs > 0);
	if (--oif->refs > 0)
		return;
	tib->dp->ops->oif_del(tib->dp->ctx, id);
	if (!ip_is_none(&oif->out.her_dst)) {
		LIST_REMOVE(oif, her);
		net_nexthop_put(tib->net, oif->adj);
	}
	hash_del(&tib->oifs, &oif->node);
	tib->oif_by_id[id] = NULL;
	id_put(tib, id);
	free(oif);
}

uint8_t tib_oif_threshold(const struct tib *tib, uint32_t oif)
{
	return oif < tib->oif_cap && tib->oif_by_id[oif] ? tib->oif_by_id[oif]->pub.ttl_threshold
							 : 0;
}

int tib_oifs_refresh(struct tib *tib)
{
	bool all = tib->her_stale_all;
	struct tib_oif *oif;
	struct dp_oif d;
	int rc, result = 0;

	if (!all && !tib->her_stale_following)
		return 0;
	LIST_FOREACH (oif, &tib->her, her) {
		if (!all && oif->out.ifid)
			continue;
		oif_describe(tib, oif, &d);
		if (dp_oif_same(&d, &oif->pub))
			continue;
		rc = tib->dp->ops->oif_set(tib->dp->ctx, &d);
		if (rc)
			result = rc;
		else
			oif->pub = d;
	}
	if (!result)
		tib->her_stale_all = tib->her_stale_following = false;
	return result;
}
