/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Plans of the direct lane: how packets of one list and input leave by each output, and for which packets
 * that holds. They are forgotten when any interface, adjacency, oif or port changes.
 */
#include "dataplane/tables.h"
#include "direct_priv.h"
#include "flat.h"

struct direct *direct_new(void)
{
	struct direct *d = region_new(sizeof(*d), false);

	if (d)
		d->frames_copy = flat_ways()->copy;
	return d;
}

void direct_free(struct direct *d)
{
	if (!d)
		return;
	region_free(d, sizeof(*d));
}

static void plans_forget(struct direct *d)
{
	for (unsigned i = 0; i < PLANS; i++)
		d->plans[i].serial = 0;
	d->used = 0;
}

void direct_round(struct worker *w)
{
	uint64_t gen = atomic_load_explicit(&w->t->gen, memory_order_acquire);

	if (likely(w->direct->gen == gen))
		return;
	plans_forget(w->direct);
	w->direct->gen = gen;
}

static bool same_bytes(const struct plan *a, const struct plan *b)
{
	return a->shareable && b->shareable && a->out->l2_id == b->out->l2_id;
}

/* Resolves one output; false: the general lane's case. Judged for a packet that passes every limit, which
 * is then a limit of the plan. */
static bool out_make(struct worker *w, const struct pkt *p, uint32_t id, struct direct_plan *dp,
	struct direct_out *o)
{
	const struct fwd_oif *oif = fwd_oif_get(w->t, id);
	struct pkt probe = {.iif = p->iif, .family = p->family, .ip_len = 1, .ttl = 255};
	const struct dataplane_port *port;
	unsigned mtu;

	if (!oif || plan_resolve(w, &probe, oif, &o->plan) != IP_FINE)
		return false;
	port = &fwd_ports_get(w->t)->by_id[o->plan.port];
	if (w->index >= port->tx_queues)
		return false;
	o->small = w->t->small && !port->own_pool;
	o->overhead = (uint16_t)(o->plan.wire_len - 1);
	o->share = 0;
	memcpy(o->tail, o->plan.out->l2 + 6, sizeof(o->tail));
	put_be16(o->tail + 6, p->family == IP_V4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6);
	mtu = o->plan.out->c.mtu - RTE_MIN(o->plan.out->c.mtu, o->overhead);
	if (o->plan.tun) {
		unsigned tun = o->plan.tun->c.mtu, head = o->plan.head;

		mtu = RTE_MIN(mtu, tun - RTE_MIN(tun, head));
	}
	dp->len_max = (uint16_t)RTE_MIN(dp->len_max, mtu);
	dp->ttl = RTE_MAX(dp->ttl, oif->c.ttl_threshold);
	return true;
}

static bool out_is_flat(const struct direct_out *o)
{
	return !o->plan.adj && o->plan.out->l2_len == ETH_LEN;
}

/* Fills outs[first..]; false: not in this lane. */
static bool outs_make(
	struct worker *w, const struct pkt *p, const struct oif_list *list, struct direct_plan *dp)
{
	struct direct_out *lead = NULL, *o = &w->direct->outs[dp->first];
	unsigned groups = 0;

	for (uint32_t i = 0; i < list->n; i++, o++) {
		if (!out_make(w, p, list->oifs[i], dp, o))
			return false;
		if (lead && same_bytes(&lead->plan, &o->plan)) {
			lead->share++;
		} else {
			lead = o;
			groups++;
		}
	}
	/* a worker that is told to share copies nothing that can be shared */
	dp->flat = w->copy_more >= 0 || groups == list->n;
	for (uint32_t i = 0; i < list->n; i++)
		dp->flat &= out_is_flat(&w->direct->outs[dp->first + i]);
	if (groups > 1)
		dp->len_max = (uint16_t)RTE_MIN(dp->len_max, COPY_WHOLE + RTE_MIN(w->copy_more, 0));
	return true;
}

void direct_plan_make(
	struct worker *w, const struct pkt *p, const struct oif_list *list, struct direct_plan *dp)
{
	struct direct *d = w->direct;

	if (d->used + list->n > OUTS)
		plans_forget(d);
	*dp = (struct direct_plan){.serial = list->serial, .iif = p->iif, .family = p->family};
	dp->first = d->used;
	if (list->n > OUTS)
		return;
	dp->len_max = UINT16_MAX;
	dp->n = list->n;
	if (outs_make(w, p, list, dp))
		d->used += dp->n;
	else
		dp->len_max = 0;
}
