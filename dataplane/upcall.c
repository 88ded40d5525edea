/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Signals about data from workers to control, at most one outstanding per flow.
 *
 * A gate is the 64-bit hash of (table, S, G, iif), of a Register with its outer addresses too, in a small set-associative table for each kind of
 * signal. Sending closes it; control opens it when it has dealt with the signal, and it opens by
 * itself after three seconds, for a signal or an opening may be lost. Behind the gate, a token bucket
 * for each port and kind bounds the signals (police.c). A full set forgets its oldest gate: then a flow
 * may signal once more, within the bucket.
 *
 * A flood of unknown flows costs little more than dropping it: while the bucket is known to be empty nothing
 * can be sent, so gates are not asked either; and where gates hold the flood back, only LOOKS packets a
 * millisecond and port ask them. What is left of a flow asks later. The gates of a burst are fetched
 * together, for a table of them is larger than the first cache.
 *
 * Verdicts come down a ring that a worker reads when it is about to ask its gates, and each round while it
 * holds packets (hold.c): an idle worker need not. If the ring is full, the three seconds do it.
 */
#include "dataplane/hold.h"
#include "dataplane/path.h"
#include "dataplane/police.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_prefetch.h>
#include <rte_ring_elem.h>
#include <stdlib.h>

#define GATE_HOLD_S 3
#define REGISTER_HOLD_MS 100
#define GATE_SETS 2048
#define GATE_WAYS 4
#define LOOKS 1024 /* a millisecond: some percent of a core at 20 ns each */

struct gate_way {
	uint64_t hash, until; /* closed before this time stamp */
};

struct gate_table {
	struct gate_way sets[GATE_SETS][GATE_WAYS];
};

struct upcall_gate {
	uint64_t hold, look_time; /* in cycles */
	struct gate_table kinds[DP_UPCALL_KINDS];
};

/* What comes down the ring of commands: control has dealt with a signal. */
struct gate_command {
	uint64_t hash;
	uint64_t held; /* of the flow, as the hold knows it */
	uint32_t kind, verdict;
};
static_assert(sizeof(struct gate_command) == COMMAND_BYTES, "an element of the ring");

struct upcall_gate *upcall_gate_new(uint64_t hz)
{
	struct upcall_gate *g = region_new(sizeof(*g), false);

	if (g) {
		g->hold = GATE_HOLD_S * hz;
		g->look_time = hz / 1000;
	}
	return g;
}

void upcall_gate_free(struct upcall_gate *g)
{
	region_free(g, sizeof(*g));
}

enum gate_verdict upcall_gate_try(struct upcall_gate *g, struct police_port *port,
	enum dp_upcall_kind kind, uint64_t hash, uint64_t now)
{
	struct gate_way *set = g->kinds[kind].sets[hash % GATE_SETS], *use = &set[0];

	for (int i = 0; i < GATE_WAYS; i++) {
		if (set[i].hash == hash && set[i].until > now)
			return GATE_CLOSED;
		if (set[i].until < use->until)
			use = &set[i];
	}
	if (!police_take(port, DP_POLICE_UPCALL(kind), now))
		return GATE_POLICED;
	*use = (struct gate_way){.hash = hash, .until = now + g->hold};
	return GATE_SEND;
}

void upcall_gate_open(struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t hash)
{
	struct gate_way *set = g->kinds[kind].sets[hash % GATE_SETS];

	for (int i = 0; i < GATE_WAYS; i++) {
		if (set[i].hash == hash)
			set[i].until = 0;
	}
}

uint64_t upcall_hash(const uint64_t seed[4], uint8_t family, const void *src, const void *grp,
	uint16_t table, uint16_t ifid)
{
	uint64_t w[4] = {0}, h = (uint64_t)family << 32 | (uint64_t)table << 16 | ifid;
	unsigned bytes = family == IP_V4 ? 4 : 16;

	memcpy(w, src, bytes);
	memcpy(&w[2], grp, bytes);
	h = mfib_mix(h ^ seed[2], w[0] ^ seed[3]);
	h = mfib_mix(h ^ w[2], seed[0] ^ w[1]);
	return mfib_mix(h ^ w[3], seed[1]);
}

uint64_t upcall_register_hash(
	const uint64_t seed[4], uint64_t flow, uint8_t family, const void *src, const void *dst)
{
	uint64_t w[4] = {0};
	unsigned bytes = family == IP_V4 ? 4 : 16;

	memcpy(w, src, bytes);
	memcpy(&w[2], dst, bytes);
	flow = mfib_mix(flow ^ seed[1], w[0] ^ seed[2]);
	flow = mfib_mix(flow ^ w[1], w[2] ^ seed[0]);
	return mfib_mix(flow ^ w[3], seed[3]);
}

/* Source and group, as they follow each other in the packet's header. */
static const uint8_t *addresses_of(const struct pkt *p)
{
	unsigned at = p->l3 + (p->family == IP_V4 ? 12 : 8);

	return rte_pktmbuf_mtod_offset(p->m, const uint8_t *, at);
}

uint64_t upcall_flow_hash(const struct worker *w, const struct pkt *p)
{
	const uint8_t *src = addresses_of(p);

	return upcall_hash(w->t->seed, p->family, src, src + (p->family == IP_V4 ? 4 : 16),
		fwd_table_of(w->t, p), p->iif);
}

/* A Register says what the one before said, but what the RP makes of it may be another thing soon: data on the
 * SPT has come, so the DR must stop. */
static void gate_shorten(struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t hash)
{
	struct gate_way *set = g->kinds[kind].sets[hash % GATE_SETS];

	for (int i = 0; i < GATE_WAYS; i++) {
		if (set[i].hash == hash)
			set[i].until -= g->hold - g->look_time * REGISTER_HOLD_MS;
	}
}

/* A flow nobody wants keeps its gate closed until it opens by itself. */
static void command_do(struct worker *w, const struct gate_command *c)
{
	enum dp_upcall_kind kind = (enum dp_upcall_kind)c->kind;

	if (c->verdict == DP_VERDICT_RELEASE && kind == DP_UPCALL_REGISTER)
		gate_shorten(w->gate, kind, c->hash);
	else if (c->verdict == DP_VERDICT_RELEASE)
		upcall_gate_open(w->gate, kind, c->hash);
	if (!w->held || kind == DP_UPCALL_DATA)
		return;
	/* what is still on the wrong interface, or refused, says so when it comes again */
	if (c->verdict == DP_VERDICT_RELEASE || kind != DP_UPCALL_NOCACHE)
		hold_release(w, c->held);
	else
		hold_discard(w, c->held);
}

void upcall_commands(struct worker *w)
{
	struct gate_command o[32];
	unsigned n;

	while (!w->verdicts_wait && !rte_ring_empty(w->commands)) {
		n = rte_ring_dequeue_burst_elem(w->commands, o, sizeof(o[0]), RTE_DIM(o), NULL);
		for (unsigned i = 0; i < n; i++)
			command_do(w, &o[i]);
	}
}

/* What a signal says, but for its kind. */
static struct dp_upcall upcall_of(const struct worker *w, const struct pkt *p)
{
	const uint8_t *src = addresses_of(p);
	struct dp_upcall up = {
		.table = fwd_table_of(w->t, p),
		.ifid = p->iif,
		.len = p->ip_len,
		.src.family = p->family,
		.grp.family = p->family,
	};
	unsigned bytes = ip_bytes(&up.src);

	memcpy(up.src.b, src, bytes);
	memcpy(up.grp.b, src + bytes, bytes);
	return up;
}

struct register_outer {
	const uint8_t *src, *dst;
	bool border;
};

static void outer_fill(struct dp_upcall *up, const struct register_outer *o)
{
	up->outer_src.family = up->outer_dst.family = up->src.family;
	memcpy(up->outer_src.b, o->src, ip_bytes(&up->src));
	memcpy(up->outer_dst.b, o->dst, ip_bytes(&up->src));
	up->border = o->border;
}

/* False: the ring is full. outer: of DP_UPCALL_REGISTER, else NULL. */
static bool upcall_send(struct worker *w, struct police_port *port, enum dp_upcall_kind kind,
	const struct pkt *p, const struct register_outer *outer, uint64_t hash)
{
	struct dp_police_counters *n = &port->n[DP_POLICE_UPCALL(kind)];
	struct dp_upcall up = upcall_of(w, p);

	up.kind = (uint8_t)kind;
	if (outer)
		outer_fill(&up, outer);
	if (rte_ring_enqueue_elem(w->upcalls[kind], &up, sizeof(up))) {
		n->lost++;
		w->info.upcalls_lost[kind]++;
		upcall_gate_open(w->gate, kind, hash);
		return false;
	}
	n->passed++;
	w->info.upcalls[kind]++;
	w->told = true;
	return true;
}

/* Whether a signal went out. */
static bool signal_flow(struct worker *w, struct police_port *port, enum dp_upcall_kind kind,
	const struct pkt *p, const struct register_outer *outer, uint64_t hash, uint64_t now)
{
	switch (upcall_gate_try(w->gate, port, kind, hash, now)) {
	case GATE_SEND:
		return upcall_send(w, port, kind, p, outer, hash);
	case GATE_CLOSED:
		w->info.upcalls_gated[kind]++;
		return false;
	case GATE_POLICED:
		w->info.upcalls_policed[kind]++;
		return false;
	}
	return false;
}

/* Nothing can be sent: counted, and no more is done about it. */
static void signals_policed(
	struct worker *w, struct police_port *port, enum dp_upcall_kind kind, unsigned n)
{
	w->info.upcalls_policed[kind] += n;
	port->n[DP_POLICE_UPCALL(kind)].policed += n;
}

/* Whether a signal went out. */
static inline bool signal_packet(struct worker *w, enum dp_upcall_kind kind, const struct pkt *p,
	const struct register_outer *outer, uint64_t now)
{
	struct police_port *port = police_port(w, w->b.port);
	uint64_t hash;

	if (police_dry(port, DP_POLICE_UPCALL(kind), now)) {
		signals_policed(w, port, kind, 1);
		return false;
	}
	upcall_commands(w);
	hash = upcall_flow_hash(w, p);
	if (outer)
		hash = upcall_register_hash(w->t->seed, hash, p->family, outer->src, outer->dst);
	return signal_flow(w, port, kind, p, outer, hash, now);
}

void upcall_signal(struct worker *w, enum dp_upcall_kind kind, const struct pkt *p)
{
	signal_packet(w, kind, p, NULL, rte_rdtsc());
}

/* The source has no route of its own: with the first packet that PIM hears of, it may get one. */
static bool may_get_route(const struct worker *w, const struct pkt *p)
{
	return p->route->src_len < (p->family == IP_V4 ? 32 : 128) &&
	       atomic_load_explicit(&w->hold->on, memory_order_relaxed);
}

void upcall_wrong(struct worker *w, struct pkt *p)
{
	struct police_port *port = police_port(w, w->b.port);
	uint64_t now, hash;

	if (w->hold->running)
		return; /* held, and control has decided: it stays wrong */
	if (!may_get_route(w, p)) {
		upcall_signal(w, DP_UPCALL_WRONGVIF, p);
		return;
	}
	now = rte_rdtsc();
	if (!w->held && police_dry(port, DP_POLICE_UPCALL(DP_UPCALL_WRONGVIF), now)) {
		signals_policed(w, port, DP_UPCALL_WRONGVIF, 1);
		return;
	}
	upcall_commands(w);
	hash = upcall_flow_hash(w, p);
	if (unlikely(w->held) && hold_join(w, hash, p))
		w->info.upcalls_gated[DP_UPCALL_WRONGVIF]++;
	else if (signal_flow(w, port, DP_UPCALL_WRONGVIF, p, NULL, hash, now))
		hold_begin(w, hash, p, now);
}

/* Its packet is held, if at all, when it has been looked up: a verdict that is read before finds nothing, and one
 * that comes after it has set its route, so that what was looked up too early is held in time. */
bool upcall_register(struct worker *w, const struct pkt *p, const uint8_t *src, const uint8_t *dst,
	bool border, uint64_t now)
{
	const struct register_outer outer = {.src = src, .dst = dst, .border = border};
	bool told = signal_packet(w, DP_UPCALL_REGISTER, p, &outer, now);

	w->verdicts_wait |= told;
	return told;
}

void upcall_refused(struct worker *w, struct pkt *p)
{
	uint64_t hash;

	if (w->hold->running || (p->route && !may_get_route(w, p)) || (!w->held && !p->told))
		return;
	hash = upcall_flow_hash(w, p);
	if (!(w->held && hold_join(w, hash, p)) && p->told)
		hold_begin(w, hash, p, w->b.now);
}

/* How many of n packets may ask their gates; none while no signal can be sent. */
static unsigned looks_take(struct worker *w, struct police_port *port, unsigned n, uint64_t now)
{
	unsigned take;

	if (police_dry(port, DP_POLICE_UPCALL(DP_UPCALL_NOCACHE), now))
		return 0;
	if (now >= port->look_end) {
		port->look_end = now + w->gate->look_time;
		port->looks = LOOKS;
	}
	take = RTE_MIN(n, port->looks);
	port->looks -= take;
	return take;
}

/* A packet without route: it joins those of its flow that are held, or its flow is signalled and perhaps
 * held from now on. */
static void miss(struct worker *w, struct police_port *port, struct pkt *p, uint64_t hash,
	uint64_t now, bool look)
{
	if (unlikely(w->held) && hold_join(w, hash, p))
		w->info.upcalls_gated[DP_UPCALL_NOCACHE]++;
	else if (!look)
		signals_policed(w, port, DP_UPCALL_NOCACHE, 1);
	else if (signal_flow(w, port, DP_UPCALL_NOCACHE, p, NULL, hash, now))
		hold_begin(w, hash, p, now);
}

void upcall_misses(struct worker *w, struct pkt **v, unsigned n)
{
	struct police_port *port = police_port(w, w->b.port);
	uint64_t now = rte_rdtsc(), hash[BURST];
	unsigned looks;

	for (unsigned i = 0; i < n; i++)
		pkt_drop(v[i], DROP_no_route);
	if (w->hold->running)
		return; /* held, released, and the route has gone again */
	looks = looks_take(w, port, n, now);
	if (!looks && !w->held) {
		signals_policed(w, port, DP_UPCALL_NOCACHE, n);
		return;
	}
	upcall_commands(w);
	for (unsigned i = 0; i < n; i++) {
		hash[i] = upcall_flow_hash(w, v[i]);
		if (i < looks)
			rte_prefetch0(w->gate->kinds[DP_UPCALL_NOCACHE].sets[hash[i] % GATE_SETS]);
	}
	for (unsigned i = 0; i < n; i++)
		miss(w, port, v[i], hash[i], now, i < looks);
}

/* --- control's side ------------------------------------------------------------------------------ */

uint32_t upcall_recv(struct dataplane *d, struct dp_upcall *out, uint32_t n)
{
	uint32_t got = 0;

	/* the next call goes on with another worker: none can keep the others waiting */
	for (unsigned i = 0; i < d->n_workers && got < n; i++) {
		struct worker *w = d->workers[(d->upcall_at + i) % d->n_workers];

		for (int kind = DP_UPCALL_KINDS - 1; kind >= 0 && got < n; kind--)
			got += rte_ring_dequeue_burst_elem(
				w->upcalls[kind], &out[got], sizeof(*out), n - got, NULL);
	}
	d->upcall_at = (d->upcall_at + 1) % d->n_workers;
	return got;
}

void upcall_done(struct dataplane *d, const struct dp_upcall *up, enum dp_verdict verdict)
{
	struct gate_command c = {.kind = up->kind, .verdict = verdict};

	if (up->kind >= DP_UPCALL_KINDS)
		return;
	c.hash = upcall_hash(d->t.seed, up->src.family, up->src.b, up->grp.b, up->table, up->ifid);
	c.held = c.hash;
	if (up->kind == DP_UPCALL_REGISTER) {
		c.hash = upcall_register_hash(
			d->t.seed, c.hash, up->src.family, up->outer_src.b, up->outer_dst.b);
		c.held = upcall_hash(
			d->t.seed, up->src.family, up->src.b, up->grp.b, up->table, DP_IF_REGISTER);
	}
	for (unsigned i = 0; i < d->n_workers; i++)
		rte_ring_enqueue_elem(d->workers[i]->commands, &c, sizeof(c));
}

void hold_enable(struct dataplane *d, bool on)
{
	for (unsigned i = 0; i < d->n_workers; i++)
		atomic_store_explicit(&d->workers[i]->hold->on, on, memory_order_relaxed);
}

void hold_info(struct dataplane *d, struct dp_hold_info *info)
{
	const struct hold *h = d->workers[0]->hold;

	*info = (struct dp_hold_info){.packets = h->flows ? h->packets : 0,
		.flows = h->flows,
		.time_ms = d->conf.hold.time_ms,
		.buffers = h->bufs_max,
		.on = h->on};
	for (unsigned i = 0; i < d->n_workers; i++) {
		const struct worker *w = d->workers[i];

		info->flows_held += __atomic_load_n(&w->held, __ATOMIC_RELAXED);
		info->buffers_held += __atomic_load_n(&w->hold->bufs, __ATOMIC_RELAXED);
	}
}
