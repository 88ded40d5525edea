/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Counters. Each worker has arrays of its own that nobody else writes; reading sums them. `clear`, and
 * a new interface or oif under an old id, remember the sums of that moment as a base to be subtracted:
 * exact while workers go on counting. Only a route's counters are really zeroed, when its index is
 * about to be used again and no worker can reach it any more.
 *
 * A route's wrong_if and dropped are 32 bits wide, modulo 2^32, each worker's and the sum.
 */
#include "dataplane/police.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <stdlib.h>

static uint64_t read64(const uint64_t *v)
{
	return __atomic_load_n(v, __ATOMIC_RELAXED);
}

/* A struct of nothing but uint64_t as an array: of counters that are added up field by field. */
static void add_words(void *to, const void *from, size_t bytes)
{
	uint64_t *t = to;
	const uint64_t *f = from;

	for (size_t i = 0; i < bytes / sizeof(*t); i++)
		t[i] += read64(&f[i]);
}

static void sub_words(void *to, const void *from, size_t bytes)
{
	uint64_t *t = to;
	const uint64_t *f = from;

	for (size_t i = 0; i < bytes / sizeof(*t); i++)
		t[i] -= f[i];
}

/* --- memory ----------------------------------------------------------------------------------------- */

static size_t route_ctr_bytes(const struct fwd_tables *t)
{
	return (size_t)MFIB_INDEXES(t->max_routes) * sizeof(struct route_counters);
}

static size_t route_base_bytes(const struct fwd_tables *t)
{
	return (size_t)MFIB_INDEXES(t->max_routes) * sizeof(struct route_base);
}

static size_t oif_ctr_bytes(const struct fwd_tables *t)
{
	return (size_t)t->max_oifs * sizeof(struct oif_counters);
}

#define IF_CTR_BYTES (DP_IFS_MAX * sizeof(struct if_counters_lcore))

int stats_new(struct dataplane *d)
{
	d->base.route = region_new(route_base_bytes(&d->t), false);
	d->base.oif = region_new(oif_ctr_bytes(&d->t), false);
	d->base.ifs = region_new(IF_CTR_BYTES, false);
	d->if_ctr = region_new(IF_CTR_BYTES, false);
	return d->base.route && d->base.oif && d->base.ifs && d->if_ctr ? 0 : -ENOMEM;
}

void stats_free(struct dataplane *d)
{
	region_free(d->base.route, route_base_bytes(&d->t));
	region_free(d->base.oif, oif_ctr_bytes(&d->t));
	region_free(d->base.ifs, IF_CTR_BYTES);
	region_free(d->if_ctr, IF_CTR_BYTES);
}

int worker_counters_new(struct worker *w)
{
	w->route_ctr = region_new(route_ctr_bytes(w->t), true);
	w->oif_ctr = region_new(oif_ctr_bytes(w->t), false);
	w->if_ctr = region_new(IF_CTR_BYTES, false);
	return w->route_ctr && w->oif_ctr && w->if_ctr ? 0 : -ENOMEM;
}

void worker_counters_free(struct worker *w)
{
	region_free(w->route_ctr, route_ctr_bytes(w->t));
	region_free(w->oif_ctr, oif_ctr_bytes(w->t));
	region_free(w->if_ctr, IF_CTR_BYTES);
}

/* --- routes ------------------------------------------------------------------------------------------ */

struct route_sum {
	struct route_base n;
	uint64_t last_tsc;
};

static struct route_sum route_sum(const struct dataplane *d, uint32_t counter)
{
	struct route_sum s = {0};

	for (unsigned i = 0; i < d->n_workers; i++) {
		const struct route_counters *c = &d->workers[i]->route_ctr[counter];

		s.n.packets += read64(&c->packets);
		s.n.bytes += read64(&c->bytes);
		s.n.wrong_if += __atomic_load_n(&c->wrong_if, __ATOMIC_RELAXED);
		s.n.dropped += __atomic_load_n(&c->dropped, __ATOMIC_RELAXED);
		s.last_tsc = RTE_MAX(s.last_tsc, read64(&c->last_tsc));
	}
	return s;
}

static uint64_t age_ms(uint64_t tsc)
{
	uint64_t now = rte_rdtsc(), khz = RTE_MAX(rte_get_tsc_hz() / 1000, UINT64_C(1));

	if (!tsc)
		return UINT64_MAX;
	return now > tsc ? (now - tsc) / khz : 0;
}

int stats_route(struct dataplane *d, const struct dp_route_key *key, struct dp_route_counters *c)
{
	const struct mfib_route *r = mfib_find(&d->mfib, key);
	const struct route_base *base;
	struct route_sum s;

	if (!r)
		return -ENOENT;
	s = route_sum(d, r->counter);
	base = &d->base.route[r->counter];
	*c = (struct dp_route_counters){
		.packets = s.n.packets - base->packets,
		.bytes = s.n.bytes - base->bytes,
		.wrong_if = (uint32_t)(s.n.wrong_if - base->wrong_if),
		.dropped = (uint32_t)(s.n.dropped - base->dropped),
		.last_used_ms = age_ms(s.last_tsc),
	};
	return 0;
}

void stats_counter_reset(void *dataplane, uint32_t counter)
{
	static const struct route_counters zero;
	static const struct route_base zero_base;
	struct dataplane *d = dataplane;

	/* what is zero is not written: pages that were never touched stay away */
	for (unsigned i = 0; i < d->n_workers; i++) {
		struct route_counters *c = &d->workers[i]->route_ctr[counter];

		if (memcmp(c, &zero, sizeof(zero)) != 0)
			*c = zero;
	}
	if (memcmp(&d->base.route[counter], &zero_base, sizeof(zero_base)) != 0)
		d->base.route[counter] = zero_base;
}

uint64_t stats_counter_used(void *dataplane, uint32_t counter)
{
	return route_sum(dataplane, counter).last_tsc;
}

static void routes_clear(struct dataplane *d)
{
	for (uint32_t c = d->mfib.counters.first; c < d->mfib.counters.next; c++) {
		struct route_sum s;

		if (!d->mfib.ctl[c].index)
			continue;
		s = route_sum(d, c);
		if (s.last_tsc || s.n.wrong_if)
			d->base.route[c] = s.n;
	}
}

/* --- oifs and interfaces -------------------------------------------------------------------------------- */

static struct oif_counters oif_sum(const struct dataplane *d, uint32_t oif)
{
	struct oif_counters s = {0};

	for (unsigned i = 0; i < d->n_workers; i++)
		add_words(&s, &d->workers[i]->oif_ctr[oif], sizeof(s));
	return s;
}

int stats_oif(struct dataplane *d, uint32_t oif, struct dp_oif_counters *c)
{
	struct oif_counters s;

	if (oif >= d->t.max_oifs || !d->t.oifs[oif])
		return -ENOENT;
	s = oif_sum(d, oif);
	sub_words(&s, &d->base.oif[oif], sizeof(s));
	*c = (struct dp_oif_counters){.packets = s.packets, .bytes = s.bytes, .dropped = s.dropped};
	return 0;
}

void stats_oif_rebase(struct dataplane *d, uint32_t oif)
{
	struct oif_counters s = oif_sum(d, oif);

	if (s.packets || s.dropped)
		d->base.oif[oif] = s;
}

static struct if_counters_lcore if_sum(const struct dataplane *d, uint16_t ifid)
{
	struct if_counters_lcore s = d->if_ctr[ifid];

	for (unsigned i = 0; i < d->n_workers; i++)
		add_words(&s, &d->workers[i]->if_ctr[ifid], sizeof(s));
	return s;
}

int stats_if(struct dataplane *d, uint16_t ifid, struct dp_if_counters *c)
{
	struct if_counters_lcore s;

	if (ifid >= DP_IFS_MAX || !d->t.ifs[ifid])
		return -ENOENT;
	s = if_sum(d, ifid);
	sub_words(&s, &d->base.ifs[ifid], sizeof(s));
	*c = (struct dp_if_counters){
		.rx_packets = s.rx_packets,
		.rx_bytes = s.rx_bytes,
		.rx_mcast = s.rx_mcast,
		.rx_dropped = s.rx_dropped,
		.tx_packets = s.tx_packets,
		.tx_bytes = s.tx_bytes,
		.tx_dropped = s.tx_dropped,
		.tx_fragmented = s.tx_fragmented,
		.punted = s.punted,
		.injected = s.injected,
	};
	return 0;
}

void stats_if_rebase(struct dataplane *d, uint16_t ifid)
{
	d->base.ifs[ifid] = if_sum(d, ifid);
}

/* --- workers --------------------------------------------------------------------------------------------- */

/* From here on a worker's info is an array of counters. */
#define INFO_COUNTERS offsetof(struct dp_worker_info, rounds)
#define INFO_BYTES (sizeof(struct dp_worker_info) - INFO_COUNTERS)
static_assert(INFO_BYTES % sizeof(uint64_t) == 0 && INFO_COUNTERS % sizeof(uint64_t) == 0,
	"counters only");

static void *info_counters(struct dp_worker_info *info)
{
	return (char *)info + INFO_COUNTERS;
}

int stats_worker(struct dataplane *d, uint32_t index, struct dp_worker_info *info)
{
	struct worker *w;

	if (index >= d->n_workers)
		return -ENOENT;
	w = d->workers[index];
	*info = (struct dp_worker_info){
		.lcore = w->lcore,
		.cpu = __atomic_load_n(&w->info.cpu, __ATOMIC_RELAXED),
		.shared = w->shared,
		.running = w->shared ? d->started : atomic_load(&w->running),
	};
	add_words(info_counters(info), info_counters(&w->info), INFO_BYTES);
	sub_words(info_counters(info), info_counters(&d->base.worker[index]), INFO_BYTES);
	for (int i = 0; index == 0 && i < DROP_COUNT; i++)
		info->drops[i] += d->drops[i];
	return 0;
}

/* --- all of it -------------------------------------------------------------------------------------------- */

void stats_clear(struct dataplane *d)
{
	routes_clear(d);
	for (uint32_t oif = 1; oif < d->n.oif_end; oif++)
		stats_oif_rebase(d, oif);
	for (uint16_t ifid = 0; ifid < DP_IFS_MAX; ifid++)
		stats_if_rebase(d, ifid);
	for (unsigned i = 0; i < d->n_workers; i++) {
		struct dp_worker_info *base = &d->base.worker[i];

		memset(base, 0, sizeof(*base));
		add_words(info_counters(base), info_counters(&d->workers[i]->info), INFO_BYTES);
	}
	police_clear(d);
	memset(d->drops, 0, sizeof(d->drops));
}

/* Bytes of the route table that are in memory: slots, entries, control's records, counters. */
static uint64_t route_bytes(const struct dataplane *d)
{
	const struct mfib *m = &d->mfib;
	const struct mfib_table *tab = atomic_load_explicit(&d->t.mfib, memory_order_relaxed);
	uint64_t sum = region_resident(tab, tab->bytes);

	sum += region_resident(d->t.routes, m->entries.next * sizeof(struct mfib_route));
	sum += region_resident(m->ctl, m->counters.next * sizeof(struct mfib_ctl));
	sum += region_resident(d->base.route, m->counters.next * sizeof(struct route_base));
	sum += region_resident(m->entries.free, m->entries.next * sizeof(uint32_t));
	sum += region_resident(m->counters.free, m->counters.next * sizeof(uint32_t));
	for (unsigned i = 0; i < d->n_workers; i++)
		sum += region_resident(
			d->workers[i]->route_ctr, m->counters.next * sizeof(struct route_counters));
	return sum;
}

static int smallest_page(const struct rte_memseg_list *list, void *arg)
{
	uint64_t *bytes = arg;

	if (!list->external && (!*bytes || list->page_sz < *bytes))
		*bytes = list->page_sz;
	return 0;
}

static void heap_memory(struct dp_memory_info *info)
{
	struct rte_malloc_socket_stats s;

	info->hugepages = rte_eal_has_hugepages();
	rte_memseg_list_walk(smallest_page, &info->page_bytes);
	for (unsigned i = 0; i < rte_socket_count(); i++) {
		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &s))
			continue;
		info->heap_bytes += s.heap_totalsz_bytes;
		info->heap_used_bytes += s.heap_allocsz_bytes;
	}
}

static uint64_t object_bytes(const struct rte_mempool *pool)
{
	return pool->header_size + pool->elt_size + pool->trailer_size;
}

void stats_memory(struct dataplane *d, struct dp_memory_info *info)
{
	const struct rte_mempool *pool = d->t.pool;

	*info = (struct dp_memory_info){
		.mbufs_total = pool->size,
		.mbufs_in_use = rte_mempool_in_use_count(pool),
		.mbuf_bytes = object_bytes(pool),
		.routes = d->mfib.live,
		.routes_max = d->t.max_routes,
		.route_bytes = route_bytes(d),
		.lists = d->lists.n,
		.list_members = d->lists.members,
		.list_bytes = d->lists.bytes,
		.oifs = d->n.oifs,
		.adjs = d->n.adjs,
		.ifs = d->n.ifs,
		.retired = d->retire.waiting,
	};
	if (d->t.small) {
		info->small_total = d->t.small->size;
		info->small_in_use = rte_mempool_in_use_count(d->t.small);
		info->small_bytes = object_bytes(d->t.small);
	}
	heap_memory(info);
}
