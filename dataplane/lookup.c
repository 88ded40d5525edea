/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stage lookup: the route of each packet, whether the interface it came in on is one of the route's
 * inputs (RPF), what control has to hear about it, and whether its TTL lets it be forwarded at all.
 */
#include "moving.h"
#include "path.h"

/* The flags of Registers as an input, which DP_IF_ANY does not stand for: anybody can send one. */
static __rte_noinline uint8_t register_flags(const struct mfib_route *r)
{
	for (uint32_t i = 0; r->inputs && i < r->inputs->n; i++)
		if (r->inputs->v[i].ifid == DP_IF_REGISTER)
			return r->inputs->v[i].flags;
	return 0;
}

/* The flags of the input a packet arrived on; 0: none of the route's. */
static inline uint8_t input_flags(const struct mfib_route *r, uint16_t iif)
{
	if (likely(r->iif == iif))
		return r->flags;
	if (unlikely(iif == DP_IF_REGISTER))
		return register_flags(r);
	if (r->iif == DP_IF_ANY)
		return r->flags;
	if (!r->inputs)
		return 0;
	for (uint32_t i = 0; i < r->inputs->n; i++) {
		const struct dp_input *in = &r->inputs->v[i];

		if (in->ifid == iif || in->ifid == DP_IF_ANY)
			return in->flags;
	}
	return 0;
}

static void wrong_if(struct worker *w, struct pkt *p, struct route_counters *ctr, uint8_t flags)
{
	if (flags & DP_INPUT_DROP) {
		pkt_drop(p, DROP_route_drop);
	} else if (unlikely(p->iif == DP_IF_REGISTER)) {
		pkt_drop(p, DROP_register_refused);
		upcall_refused(w, p);
	} else {
		pkt_drop(p, DROP_wrong_if);
		upcall_wrong(w, p);
	}
	if (p->m)
		ctr->wrong_if++; /* else it is held, and counted when it comes again */
}

static void register_missed(struct worker *w, struct pkt *p)
{
	pkt_drop(p, DROP_register_refused);
	upcall_refused(w, p);
}

/* What the flags ask for besides; false: dropped, the other path of a route that moves brings it. */
static __rte_noinline bool tell_and_take(
	struct worker *w, struct pkt *p, uint8_t flags, uint64_t now)
{
	bool tell = flags & DP_INPUT_SIGNAL, take = true;

	if (flags & INPUT_MOVING)
		take = moving_takes(w, p, now, &tell);
	if (tell)
		upcall_signal(w, DP_UPCALL_DATA, p);
	if (take)
		return true;
	pkt_drop(p, DROP_duplicate);
	return false;
}

static inline void check_input(struct worker *w, struct pkt *p, uint64_t now)
{
	const struct mfib_route *r = p->route;
	struct route_counters *ctr = &w->route_ctr[r->counter];
	uint8_t flags = input_flags(r, p->iif);

	if (unlikely(flags & (DP_INPUT_SIGNAL | INPUT_MOVING)) && !tell_and_take(w, p, flags, now))
		return;
	if (unlikely(!(flags & DP_INPUT_ACCEPT))) {
		wrong_if(w, p, ctr, flags);
		return;
	}
	ctr->packets++;
	ctr->bytes += p->ip_len;
	ctr->last_tsc = now;
	if (unlikely(p->ttl <= 1)) {
		ctr->dropped++;
		pkt_drop(p, DROP_ttl_expired);
	} else if (unlikely(!r->list || r->list->n == 0)) {
		ctr->dropped++;
		pkt_drop(p, DROP_no_output);
	}
}

/* What check_input comes to when mfib_lookup_plain has found the route. */
static inline void plain_count(struct worker *w, const struct pkt *p, uint64_t now)
{
	struct route_counters *ctr = &w->route_ctr[p->route->counter];

	ctr->packets++;
	ctr->bytes += p->ip_len;
	ctr->last_tsc = now;
}

static void lookup_family(
	struct worker *w, struct pkt **v, unsigned n, uint8_t family, uint64_t now)
{
	struct pkt *misses[BURST];
	unsigned n_misses = 0;

	if (unlikely(fwd_ports_get(w->t)->by_id[w->b.port].marks))
		marks_lookup_bulk(w, v, n, family);
	else
		mfib_lookup_bulk(w->t, v, n, family);
	for (unsigned i = 0; i < n; i++) {
		if (unlikely(!v[i]->route))
			continue;
		rte_prefetch0(&w->route_ctr[v[i]->route->counter]);
		rte_prefetch0(v[i]->route->list);
	}
	for (unsigned i = 0; i < n; i++) {
		if (likely(v[i]->route))
			check_input(w, v[i], now);
		else if (unlikely(v[i]->iif == DP_IF_REGISTER))
			register_missed(w, v[i]);
		else
			misses[n_misses++] = v[i];
	}
	if (unlikely(n_misses))
		upcall_misses(w, misses, n_misses);
}

static void lookup_plain(struct worker *w, struct burst *b)
{
	struct pkt *left[BURST];
	unsigned n = mfib_lookup_plain(w, b, left);

	if (likely(n == 0)) {
		for (unsigned i = 0; i < b->n; i++)
			plain_count(w, &b->pkts[i], b->now);
		return;
	}
	for (unsigned i = 0; i < b->n; i++)
		if (b->pkts[i].route)
			plain_count(w, &b->pkts[i], b->now);
	lookup_family(w, left, n, IP_V4, b->now);
	b->plain = false;
}

void stage_lookup(struct worker *w, struct burst *b)
{
	struct pkt *v4[BURST], *v6[BURST];
	unsigned n4 = 0, n6 = 0;

	if (likely(b->plain && !fwd_ports_get(w->t)->by_id[b->port].marks)) {
		lookup_plain(w, b);
		w->verdicts_wait = false;
		return;
	}
	b->plain = false;

	for (unsigned i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkts[i];

		if (unlikely(p->next != PKT_FORWARD))
			continue;
		if (likely(p->family == IP_V4))
			v4[n4++] = p;
		else
			v6[n6++] = p;
	}
	if (n4)
		lookup_family(w, v4, n4, IP_V4, b->now);
	if (n6)
		lookup_family(w, v6, n6, IP_V6, b->now);
	w->verdicts_wait = false;
}
