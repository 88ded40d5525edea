/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Control's side of probes: arming, taking records, disarming.
 */
#include "dataplane/probe.h"

#include "dataplane/tables.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_ring_elem.h>
#include <stdlib.h>
#include <time.h>

/* Records a lane holds: as many as make about this many bytes, within limits. */
#define RING_BYTES (16u << 20)
#define RING_MIN 256u
#define RING_MAX 8192u

static unsigned ring_count(uint32_t esize)
{
	unsigned count = RING_MAX;

	while (count > RING_MIN && (uint64_t)count * esize > RING_BYTES)
		count /= 2;
	return count;
}

static void probe_free(void *owner, void *ptr, uint64_t arg)
{
	struct probe *p = ptr;

	for (unsigned i = 0; p && i < p->n_lanes; i++) {
		free(p->lanes[i].ring);
		free(p->lanes[i].rec);
		free(p->lanes[i].bytes);
	}
	free(p);
}

static bool lane_init(struct probe_lane *l, const struct probe *p)
{
	l->ring = ring_new(ring_count(p->esize), p->esize, RING_F_SP_ENQ | RING_F_SC_DEQ);
	l->rec = calloc(1, p->esize);
	l->bytes = malloc((size_t)BURST * p->c.snaplen);
	return l->ring && l->rec && l->bytes;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static struct probe *probe_new(const struct dataplane *d, const struct dp_probe *c)
{
	size_t bytes = sizeof(struct probe) + d->n_workers * sizeof(struct probe_lane);
	struct probe *p =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(bytes, RTE_CACHE_LINE_SIZE));

	if (!p)
		return NULL;
	memset(p, 0, bytes);
	p->c = *c;
	p->esize = (uint32_t)dp_probe_record_size(c->snaplen);
	p->n_lanes = d->n_workers;
	p->time_ns = now_ns();
	p->tsc = rte_rdtsc();
	for (unsigned i = 0; i < p->n_lanes; i++) {
		if (lane_init(&p->lanes[i], p))
			continue;
		probe_free(NULL, p, 0);
		return NULL;
	}
	return p;
}

/* Publishes what d->probes has now. set: room for it, NULL if nothing is armed any more. */
static void publish(struct dataplane *d, struct probe_set *set)
{
	struct probe_set *old = atomic_load_explicit(&d->t.probes, memory_order_relaxed);

	for (unsigned i = 0; set && i < DP_PROBES; i++)
		if (d->probes[i])
			set->v[set->n++] = d->probes[i];
	atomic_store_explicit(&d->t.probes, set, memory_order_release);
	if (old)
		retire_add(&d->retire, retire_free, old, 0);
}

static bool is_sound(const struct dp_probe *c)
{
	uint8_t src = c->src.addr.family, grp = c->grp.addr.family;

	if (c->snaplen < DP_PROBE_SNAP_MIN || c->snaplen > DP_PROBE_SNAP_MAX)
		return false;
	return c->ifid < DP_IFS_MAX && (src == IP_NONE || grp == IP_NONE || src == grp);
}

int probe_set(struct dataplane *d, const struct dp_probe *c, uint32_t *id)
{
	struct probe_set *set;
	unsigned at = 0;

	if (!is_sound(c))
		return -EINVAL;
	while (at < DP_PROBES && d->probes[at])
		at++;
	if (at == DP_PROBES)
		return -ENOSPC;
	set = retire_room(&d->retire) ? NULL : calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	d->probes[at] = probe_new(d, c);
	if (!d->probes[at]) {
		free(set);
		return -ENOMEM;
	}
	*id = d->probes[at]->id = ++d->probe_id;
	publish(d, set);
	return 0;
}

static struct probe **probe_find(struct dataplane *d, uint32_t id)
{
	for (unsigned i = 0; i < DP_PROBES; i++)
		if (d->probes[i] && d->probes[i]->id == id)
			return &d->probes[i];
	return NULL;
}

static bool any_left(const struct dataplane *d)
{
	for (unsigned i = 0; i < DP_PROBES; i++)
		if (d->probes[i])
			return true;
	return false;
}

int probe_clear(struct dataplane *d, uint32_t id)
{
	struct probe **at = probe_find(d, id), *gone;
	struct probe_set *set;

	if (!at)
		return -ENOENT;
	set = retire_room(&d->retire) ? NULL : calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	gone = *at;
	*at = NULL;
	if (!any_left(d)) {
		free(set);
		set = NULL;
	}
	publish(d, set);
	retire_add(&d->retire, probe_free, gone, 0);
	return 0;
}

int probe_recv(struct dataplane *d, uint32_t id, struct dp_probe_record *rec)
{
	struct probe **at = probe_find(d, id), *p;
	uint64_t since;

	if (!at)
		return 0;
	p = *at;
	for (unsigned i = 0; i < p->n_lanes; i++) {
		struct probe_lane *l = &p->lanes[(p->next + i) % p->n_lanes];

		if (rte_ring_dequeue_elem(l->ring, rec, p->esize))
			continue;
		p->next += i;
		since = rec->time_ns - p->tsc; /* the worker's time stamp */
		rec->time_ns =
			p->time_ns + (uint64_t)((double)since * 1e9 / (double)rte_get_tsc_hz());
		return 1;
	}
	p->next++;
	return 0;
}

int probe_info(struct dataplane *d, uint32_t id, struct dp_probe_info *info)
{
	struct probe **at = probe_find(d, id);

	if (!at)
		return -ENOENT;
	*info = (struct dp_probe_info){0};
	for (unsigned i = 0; i < (*at)->n_lanes; i++) {
		const struct probe_lane *l = &(*at)->lanes[i];

		info->packets += __atomic_load_n(&l->packets, __ATOMIC_RELAXED);
		info->lost += __atomic_load_n(&l->lost, __ATOMIC_RELAXED);
	}
	return 0;
}

bool probe_waiting(const struct dataplane *d)
{
	for (unsigned i = 0; i < DP_PROBES; i++)
		for (unsigned l = 0; d->probes[i] && l < d->probes[i]->n_lanes; l++)
			if (!rte_ring_empty(d->probes[i]->lanes[l].ring))
				return true;
	return false;
}

void probe_fini(struct dataplane *d)
{
	for (unsigned i = 0; i < DP_PROBES; i++) {
		probe_free(NULL, d->probes[i], 0);
		d->probes[i] = NULL;
	}
	free(atomic_load_explicit(&d->t.probes, memory_order_relaxed));
	atomic_store_explicit(&d->t.probes, NULL, memory_order_relaxed);
}
