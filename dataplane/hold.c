/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The hold: what comes of a flow between its first packet, which finds no route and is signalled
 * (DP_UPCALL_NOCACHE), and control's answer, is kept and sent through afterwards instead of lost.
 *
 * Bounds: packets a flow, flows, buffers in all (a share of the pool), time. Beyond them packets are dropped
 * as hold_full, and as hold_expired what nobody has answered in time. Only flows whose signal went out are
 * held, and only while control says that some protocol answers: where unknown flows stay unknown not one
 * buffer is spent.
 *
 * Order: held packets go through lookup, replication and tx before newer ones of their flow. Three ways lead
 * to that, whichever comes first:
 * - control's verdict, down the ring of commands, after the route is in the tables: taken at the beginning
 *   of a round, before anything is received;
 * - a newer packet finds the route (hold_pass): the held ones run before its burst is replicated;
 * - a newer packet finds no route, for it was looked up a moment too early: it joins the held ones.
 * While nothing is held, all this costs a compare a round and a burst.
 */
#include "dataplane/hold.h"
#include "path.h"
#include "probe.h"

#include <rte_cycles.h>
#include <stdlib.h>

/* --- making ------------------------------------------------------------------------------------------- */

struct hold *hold_new(const struct dataplane_hold *conf, uint32_t bufs_max, uint64_t hz)
{
	bool none = !conf->packets || !conf->flows;
	uint32_t flows = none ? 1 : conf->flows, packets = none ? 1 : RTE_MIN(conf->packets, BURST);
	struct hold *h = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*h));

	if (!h)
		return NULL;
	memset(h, 0, sizeof(*h));
	h->packets = packets;
	h->flows = none ? 0 : flows;
	h->bufs_max = bufs_max;
	h->time = hz / 1000 * conf->time_ms;
	h->mask = rte_align32pow2(2 * flows) - 1;
	h->oldest = h->newest = h->unused = HOLD_NONE;
	h->flow = calloc(flows, sizeof(*h->flow));
	h->pkts = region_new((size_t)flows * packets * sizeof(*h->pkts), false);
	h->buckets = malloc((h->mask + 1) * sizeof(*h->buckets));
	if (!h->flow || !h->pkts || !h->buckets) {
		hold_free(h);
		return NULL;
	}
	memset(h->buckets, 0xff, (h->mask + 1) * sizeof(*h->buckets));
	for (uint32_t i = h->flows; i-- > 0;) {
		h->flow[i].chain = h->unused;
		h->unused = i;
	}
	return h;
}

void hold_free(struct hold *h)
{
	if (!h)
		return;
	region_free(h->pkts, (size_t)RTE_MAX(h->flows, 1u) * h->packets * sizeof(*h->pkts));
	free(h->flow);
	free(h->buckets);
	free(h);
}

/* --- flows -------------------------------------------------------------------------------------------- */

static uint32_t *bucket_of(struct hold *h, uint64_t hash)
{
	return &h->buckets[(uint32_t)(hash >> 32) & h->mask];
}

static struct hold_flow *flow_find(struct hold *h, uint64_t hash)
{
	for (uint32_t i = *bucket_of(h, hash); i != HOLD_NONE; i = h->flow[i].chain)
		if (h->flow[i].hash == hash)
			return &h->flow[i];
	return NULL;
}

static struct hold_flow *flow_add(struct worker *w, uint64_t hash, uint64_t now)
{
	struct hold *h = w->hold;
	uint32_t i = h->unused, *bucket = bucket_of(h, hash);
	struct hold_flow *f = &h->flow[i];

	h->unused = f->chain;
	*f = (struct hold_flow){.hash = hash,
		.since = now,
		.chain = *bucket,
		.older = h->newest,
		.newer = HOLD_NONE};
	*bucket = i;
	if (h->newest != HOLD_NONE)
		h->flow[h->newest].newer = i;
	else
		h->oldest = i;
	h->newest = i;
	w->held++;
	return f;
}

/* Its packets are gone or somebody else's. */
static void flow_del(struct worker *w, struct hold_flow *f)
{
	struct hold *h = w->hold;
	uint32_t i = (uint32_t)(f - h->flow), *at = bucket_of(h, f->hash);

	while (*at != i)
		at = &h->flow[*at].chain;
	*at = f->chain;
	if (f->older != HOLD_NONE)
		h->flow[f->older].newer = f->newer;
	else
		h->oldest = f->newer;
	if (f->newer != HOLD_NONE)
		h->flow[f->newer].older = f->older;
	else
		h->newest = f->older;
	f->chain = h->unused;
	h->unused = i;
	w->held--;
}

static struct pkt *flow_pkts(const struct hold *h, const struct hold_flow *f)
{
	return &h->pkts[(size_t)(f - h->flow) * h->packets];
}

static void flow_drop(struct worker *w, struct hold_flow *f, enum drop_reason reason)
{
	struct pkt *v = flow_pkts(w->hold, f);

	for (unsigned i = 0; i < f->n; i++) {
		w->hold->bufs -= v[i].m->nb_segs;
		w->info.drops[reason]++;
		w->if_ctr[pkt_interface(&v[i])].rx_dropped++;
		rte_pktmbuf_free(v[i].m);
	}
	flow_del(w, f);
}

/* --- keeping ------------------------------------------------------------------------------------------ */

static bool has_room(const struct hold *h, const struct pkt *p)
{
	return h->bufs + p->m->nb_segs <= h->bufs_max;
}

/* Takes the buffer; the burst goes on without it. */
static void flow_keep(struct worker *w, struct hold_flow *f, struct pkt *p)
{
	w->hold->bufs += p->m->nb_segs;
	flow_pkts(w->hold, f)[f->n++] = *p;
	p->m = NULL;
	w->info.hold_kept++;
}

bool hold_join(struct worker *w, uint64_t hash, struct pkt *p)
{
	struct hold *h = w->hold;
	struct hold_flow *f = flow_find(h, hash);

	if (!f)
		return false;
	if (f->n < h->packets && has_room(h, p))
		flow_keep(w, f, p);
	else
		pkt_drop(p, DROP_hold_full);
	return true;
}

void hold_begin(struct worker *w, uint64_t hash, struct pkt *p, uint64_t now)
{
	struct hold *h = w->hold;

	if (!h->flows || h->running || !atomic_load_explicit(&h->on, memory_order_relaxed))
		return;
	if (h->unused == HOLD_NONE || !has_room(h, p))
		pkt_drop(p, DROP_hold_full);
	else
		flow_keep(w, flow_add(w, hash, now), p);
}

/* --- letting go --------------------------------------------------------------------------------------- */

static void flow_due(struct hold *h, struct hold_flow *f)
{
	f->due = true;
	h->due = true;
}

void hold_release(struct worker *w, uint64_t hash)
{
	struct hold_flow *f = flow_find(w->hold, hash);

	if (f)
		flow_due(w->hold, f);
}

void hold_discard(struct worker *w, uint64_t hash)
{
	struct hold_flow *f = flow_find(w->hold, hash);

	if (f)
		flow_drop(w, f, DROP_no_route);
}

/* Due flows' packets into the burst, as many flows as fit, oldest first. */
static void run_collect(struct worker *w)
{
	struct hold *h = w->hold;
	uint32_t i = h->oldest;

	h->b.n = 0;
	while (i != HOLD_NONE) {
		struct hold_flow *f = &h->flow[i];
		const struct pkt *v = flow_pkts(h, f);

		i = f->newer;
		if (!f->due)
			continue;
		if (h->b.n + f->n > BURST)
			return;
		for (unsigned k = 0; k < f->n; k++) {
			h->bufs -= v[k].m->nb_segs;
			h->b.pkts[h->b.n] = v[k];
			h->b.pkts[h->b.n++].next = PKT_FORWARD;
		}
		flow_del(w, f);
	}
	h->due = false;
}

/* The rest of the straight line for flows that are due. */
static unsigned run_due(struct worker *w)
{
	struct hold *h = w->hold;
	struct burst *b = &h->b;
	unsigned n = 0;

	h->running = true;
	while (h->due) {
		run_collect(w);
		b->now = rte_rdtsc();
		w->info.hold_released += b->n;
		stage_lookup(w, b);
		if (unlikely(w->probes))
			probe_released(w, b);
		stage_punt(w, b);
		w->at_pkt = 0;
		w->at_oif = 0;
		w->at_sent = 0;
		for (stage_direct(w, b); stage_replicate(w, b); stage_direct(w, b)) {
			stage_rewrite(w, b);
			if (unlikely(w->probes))
				probe_copies(w, b);
			stage_tx(w, b);
		}
		n += b->n;
	}
	h->running = false;
	return n;
}

void hold_pass(struct worker *w, struct burst *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkts[i];

		if (p->next == PKT_FORWARD && p->m && p->route)
			hold_release(w, upcall_flow_hash(w, p));
	}
	if (w->hold->due)
		run_due(w);
}

unsigned hold_round(struct worker *w)
{
	struct hold *h = w->hold;
	uint64_t now = rte_rdtsc();

	w->timed = false; /* stages are timed from a burst's reception on */
	upcall_commands(w);
	while (h->oldest != HOLD_NONE && !h->flow[h->oldest].due &&
		now - h->flow[h->oldest].since > h->time)
		flow_drop(w, &h->flow[h->oldest], DROP_hold_expired);
	return h->due ? run_due(w) : 0;
}

void hold_drop_all(struct worker *w)
{
	while (w->hold->oldest != HOLD_NONE)
		flow_drop(w, &w->hold->flow[w->hold->oldest], DROP_hold_expired);
	w->hold->due = false;
}
