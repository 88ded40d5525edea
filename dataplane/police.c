/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Token buckets between a port and control: one for each punt class and kind of upcall, so that no kind
 * of packet can use up what another one needs, and no port what another port needs.
 *
 * Fairness among sources. Neighbours are regulars: in classes hello and proto a source that has been
 * heard for a while gets a small bucket of its own. Its packets are looked at first: whatever a flood does
 * to the common bucket, a Hello of an established neighbour passes. Strangers share the common bucket;
 * only what got a token there is remembered, and only a stranger gives way to a stranger in the table of
 * sources. So the memory is bounded, and a flood of invented addresses neither drives regulars out nor
 * makes regulars faster than the common bucket lets it.
 *
 * A bucket that has just been found empty says until when it will be (dry_until): a flood costs a compare
 * a packet. Who is regular is asked of a table of hashes with a secret seed, 8 KB a port, and only about
 * those of whose hash one half has the bits of some regular's (maybe).
 */
#include "dataplane/police.h"

#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>

#define SOURCE_IDLE_S 300 /* longer than the holdtime of a Hello, and than two query intervals */

/* --- buckets ---------------------------------------------------------------------------------------- */

static bool bucket_take(
	struct rte_meter_srtcm *m, const struct rte_meter_srtcm_profile *profile, uint64_t now)
{
	return rte_meter_srtcm_color_blind_check(m,
		       (struct rte_meter_srtcm_profile *)(uintptr_t)profile, now,
		       1) == RTE_COLOR_GREEN;
}

static void bucket_fill(struct rte_meter_srtcm *m, const struct rte_meter_srtcm_profile *profile)
{
	(void)rte_meter_srtcm_config(m, (struct rte_meter_srtcm_profile *)(uintptr_t)profile);
}

void police_port_renew(struct police_port *pp, const struct fwd_police *conf)
{
	for (unsigned k = 0; k < DP_POLICE_KINDS; k++) {
		pp->dry_until[k] = 0;
		if (conf->c.kind[k].rate)
			bucket_fill(&pp->bucket[k], &conf->kind[k]);
	}
	for (unsigned s = 0; pp->gen && conf->c.source.rate && s < SOURCE_SETS; s++)
		for (unsigned i = 0; i < SOURCE_WAYS; i++)
			bucket_fill(&pp->source[s][i].bucket, &conf->source);
	pp->gen = conf->gen;
}

/* A token of the common bucket, nothing counted. */
static bool common_take(struct police_port *pp, unsigned kind, uint64_t now)
{
	const struct rte_meter_srtcm_profile *profile = &pp->conf->kind[kind];

	if (!pp->conf->c.kind[kind].rate)
		return true;
	if (police_dry(pp, kind, now))
		return false;
	if (bucket_take(&pp->bucket[kind], profile, now))
		return true;
	pp->dry_until[kind] = pp->bucket[kind].time + profile->cir_period;
	return false;
}

bool police_take(struct police_port *pp, unsigned kind, uint64_t now)
{
	if (common_take(pp, kind, now))
		return true;
	pp->n[kind].policed++;
	return false;
}

/* --- sources ------------------------------------------------------------------------------------------ */

/* The hash of a packet's source on its interface, never 0. Twice for either family: neighbours' addresses
 * follow each other, and once spreads such ones badly with some seeds. */
static uint64_t source_hash(const uint64_t seed[4], uint64_t half, const struct pkt *p)
{
	const uint8_t *h = rte_pktmbuf_mtod(p->m, const uint8_t *);
	uint64_t a = p->family == IP_V4 ? 0 : load64(h + IP6_SRC + 8);

	return mfib_mix(half ^ seed[3], a ^ seed[1]) | 1;
}

static unsigned source_set(uint64_t hash)
{
	return (unsigned)(hash >> 32) % SOURCE_SETS;
}

static int source_find(const struct police_port *pp, unsigned set, uint64_t hash)
{
	for (int i = 0; i < SOURCE_WAYS; i++)
		if (pp->hash[set][i] == hash)
			return i;
	return -1;
}

static void maybe_add(struct police_port *pp, const struct source *s)
{
	pp->maybe[s->bit / 64] |= UINT64_C(1) << s->bit % 64;
}

static void regular_lost(struct police_port *pp, struct source *lost)
{
	lost->regular = false;
	pp->regulars[lost->cls]--;
	memset(pp->maybe, 0, sizeof(pp->maybe));
	for (unsigned s = 0; s < SOURCE_SETS; s++)
		for (unsigned i = 0; i < SOURCE_WAYS; i++)
			if (pp->source[s][i].regular)
				maybe_add(pp, &pp->source[s][i]);
}

/* A token of a regular's own bucket. One that has been silent for long is a stranger again. */
static bool regular_take(struct police_port *pp, struct source *s, uint64_t now)
{
	if (now - s->last > pp->conf->idle) {
		regular_lost(pp, s);
		s->first = now;
		return false;
	}
	return bucket_take(&s->bucket, &pp->conf->source, now);
}

/* Whose place a new source takes: an unused one, a regular that has gone, else the stranger heard longest
 * ago; -1: regulars only. */
static int source_place(const struct police_port *pp, unsigned set, uint64_t now)
{
	int use = -1;

	for (int i = 0; i < SOURCE_WAYS; i++) {
		const struct source *s = &pp->source[set][i];

		if (!pp->hash[set][i])
			return i;
		if (s->regular && now - s->last <= pp->conf->idle)
			continue;
		if (use < 0 || s->last < pp->source[set][use].last)
			use = i;
	}
	return use;
}

static void source_new(
	struct police_port *pp, enum dp_punt_class cls, unsigned bit, uint64_t hash, uint64_t now)
{
	unsigned set = source_set(hash);
	int i = source_place(pp, set, now);

	if (i < 0)
		return;
	if (pp->hash[set][i] && pp->source[set][i].regular)
		regular_lost(pp, &pp->source[set][i]);
	pp->hash[set][i] = hash;
	pp->source[set][i] = (struct source){
		.first = now, .last = now, .cls = (uint8_t)cls, .bit = (uint16_t)bit};
}

/* A packet of this source has passed: after a while of such packets it is a regular. */
static void source_heard(struct police_port *pp, struct source *s, uint64_t now)
{
	if (now - s->last > pp->conf->idle)
		s->first = now;
	s->last = now;
	if (s->regular || now - s->first < pp->conf->regular)
		return;
	s->regular = true;
	pp->regulars[s->cls]++;
	maybe_add(pp, s);
	bucket_fill(&s->bucket, &pp->conf->source);
	s->bucket.time = now;
}

static bool by_source(const struct police_port *pp, enum dp_punt_class cls, const struct pkt *p)
{
	return (cls == DP_PUNT_hello || cls == DP_PUNT_proto) && pp->conf->c.source.rate &&
	       pp->conf->c.kind[cls].rate && police_has_source(p);
}

bool police_packet(struct police_port *pp, const uint64_t seed[4], enum dp_punt_class cls,
	const struct pkt *p, uint64_t now)
{
	uint64_t half, hash;
	unsigned set;
	int way;

	if (police_closed(pp, cls, now) || !by_source(pp, cls, p))
		return police_take(pp, cls, now);
	half = police_half_hash(seed, cls, p);
	if (police_dry(pp, cls, now) && !police_maybe(pp, police_bit(half)))
		return police_take(pp, cls, now);
	hash = source_hash(seed, half, p);
	set = source_set(hash);
	way = source_find(pp, set, hash);
	if (way >= 0 && pp->source[set][way].regular &&
		regular_take(pp, &pp->source[set][way], now)) {
		pp->source[set][way].last = now;
		pp->n[cls].by_source++;
		return true;
	}
	if (!police_take(pp, cls, now))
		return false;
	if (way >= 0)
		source_heard(pp, &pp->source[set][way], now);
	else
		source_new(pp, cls, police_bit(half), hash, now);
	return true;
}

/* --- control's side ------------------------------------------------------------------------------------- */

static int profile_make(struct rte_meter_srtcm_profile *profile, const struct dp_rate *rate)
{
	struct rte_meter_srtcm_params params = {
		.cir = rate->rate, .cbs = rate->burst ? rate->burst : rate->rate};

	return rate->rate ? rte_meter_srtcm_profile_config(profile, &params) : 0;
}

static struct fwd_police *police_make(struct dataplane *d, const struct dp_police *c)
{
	struct fwd_police *p = calloc(1, sizeof(*p));
	uint64_t hz = rte_get_tsc_hz();
	int err = 0;

	if (!p)
		return NULL;
	p->gen = ++d->police_gen;
	p->c = *c;
	p->regular = hz / 1000 * c->regular_ms;
	p->idle = hz * SOURCE_IDLE_S;
	for (unsigned k = 0; k < DP_POLICE_KINDS; k++)
		err |= profile_make(&p->kind[k], &c->kind[k]);
	err |= profile_make(&p->source, &c->source);
	if (err) {
		free(p);
		return NULL;
	}
	return p;
}

static int police_publish(struct dataplane *d, uint16_t port, const struct dp_police *c)
{
	struct fwd_police *old, *p = retire_room(&d->retire) ? NULL : police_make(d, c);

	if (!p)
		return -ENOMEM;
	old = atomic_load_explicit(&d->t.police[port], memory_order_relaxed);
	atomic_store_explicit(&d->t.police[port], p, memory_order_release);
	if (old)
		retire_add(&d->retire, retire_free, old, 0);
	return 0;
}

int police_set(struct dataplane *d, uint16_t port, const struct dp_police *police)
{
	int err = 0;

	if (port < RTE_MAX_ETHPORTS)
		return police_publish(d, port, police);
	if (port != DP_PORT_ANY)
		return -EINVAL;
	for (port = 0; !err && port < RTE_MAX_ETHPORTS; port++)
		err = police_publish(d, port, police);
	return err;
}

int police_init(struct dataplane *d)
{
	struct dp_police c = {.regular_ms = 0};

	c.kind[DP_POLICE_UPCALL(DP_UPCALL_NOCACHE)].rate = d->conf.upcall_rate;
	c.kind[DP_POLICE_UPCALL(DP_UPCALL_WRONGVIF)].rate = d->conf.upcall_rate;
	c.kind[DP_POLICE_UPCALL(DP_UPCALL_REGISTER)].rate = d->conf.upcall_rate;
	return police_set(d, DP_PORT_ANY, &c);
}

void police_fini(struct dataplane *d)
{
	for (unsigned i = 0; i < RTE_MAX_ETHPORTS; i++)
		free(d->t.police[i]);
}

/* --- counters ------------------------------------------------------------------------------------------- */

static struct dp_police_counters kind_sum(const struct dataplane *d, unsigned port, unsigned kind)
{
	struct dp_police_counters s = {0};

	for (unsigned i = 0; i < d->n_workers; i++) {
		const struct dp_police_counters *n = &d->workers[i]->police->ports[port].n[kind];

		s.passed += __atomic_load_n(&n->passed, __ATOMIC_RELAXED);
		s.by_source += __atomic_load_n(&n->by_source, __ATOMIC_RELAXED);
		s.policed += __atomic_load_n(&n->policed, __ATOMIC_RELAXED);
		s.lost += __atomic_load_n(&n->lost, __ATOMIC_RELAXED);
	}
	return s;
}

int police_info(struct dataplane *d, uint16_t port, struct dp_police_info *info)
{
	if (port >= RTE_MAX_ETHPORTS)
		return -EINVAL;
	*info = (struct dp_police_info){.police = d->t.police[port]->c};
	for (unsigned k = 0; k < DP_POLICE_KINDS; k++) {
		struct dp_police_counters s = kind_sum(d, port, k);
		const struct dp_police_counters *base = &d->base.police[port][k];

		info->kind[k].passed = s.passed - base->passed;
		info->kind[k].by_source = s.by_source - base->by_source;
		info->kind[k].policed = s.policed - base->policed;
		info->kind[k].lost = s.lost - base->lost;
	}
	for (unsigned i = 0; i < d->n_workers; i++)
		for (unsigned c = 0; c < DP_PUNT_CLASSES; c++)
			info->regulars += __atomic_load_n(
				&d->workers[i]->police->ports[port].regulars[c], __ATOMIC_RELAXED);
	return 0;
}

void police_clear(struct dataplane *d)
{
	for (unsigned port = 0; port < RTE_MAX_ETHPORTS; port++)
		for (unsigned k = 0; k < DP_POLICE_KINDS; k++)
			d->base.police[port][k] = kind_sum(d, port, k);
}
