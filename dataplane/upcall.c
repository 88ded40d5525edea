/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Signals about data from workers to control, at most one outstanding per flow.
 *
 * Each flow has a gate (gate.c): sending closes it, control opens it when it has dealt with the signal. Behind
 * the gate, a token bucket for each port and kind bounds the signals (police.c).
 *
 * A flood of unknown flows costs little more than dropping it: while the bucket is known to be empty nothing
 * can be sent, so gates are not asked either; and where gates hold the flood back, only LOOKS packets a
 * millisecond and port ask them. What is left of a flow asks later. The gates of a burst are fetched
 * together, for a table of them is larger than the first cache.
 *
 * Verdicts come down a ring that a worker reads when it is about to ask its gates, and each round while it
 * holds packets (hold.c): an idle worker need not. If the ring is full, the three seconds do it.
 */
#include "dataplane/gate.h"
#include "dataplane/hold.h"
#include "dataplane/path.h"
#include "dataplane/police.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_prefetch.h>
#include <rte_ring_elem.h>
#include <stdlib.h>

#define LOOKS 1024 /* a millisecond: some percent of a core at 20 ns each */

/* What comes down the ring of commands: control has dealt with a signal. */
struct gate_command {
	uint64_t hash;
	uint64_t held; /* of the flow, as the hold knows it */
	uint32_t kind, verdict;
};
static_assert(sizeof(struct gate_command) == COMMAND_BYTES, "an element of the ring");

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

/* A flow nobody wants keeps its gate closed until it opens by itself. */
static void command_do(struct worker *w, const struct gate_command *c)
{
	enum dp_upcall_kind kind = (enum dp_upcall_kind)c->kind;

	if (c->verdict == DP_VERDICT_RELEASE && kind == DP_UPCALL_REGISTER)
		upcall_gate_shorten(w->gate, kind, c->hash);
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

/* Whether a signal may be sent at all at time now; else packets that would are counted. What control has decided
 * in the meantime has been done then. */
static inline bool signals_begin(struct worker *w, struct police_port *port,
	enum dp_upcall_kind kind, unsigned n, uint64_t now)
{
	if (unlikely(police_dry(port, DP_POLICE_UPCALL(kind), now))) {
		signals_policed(w, port, kind, n);
		return false;
	}
	upcall_commands(w);
	return true;
}

void upcall_signal(struct worker *w, enum dp_upcall_kind kind, const struct pkt *p)
{
	struct police_port *port = police_port(w, w->b.port);
	uint64_t now = rte_rdtsc();

	if (signals_begin(w, port, kind, 1, now))
		signal_flow(w, port, kind, p, NULL, upcall_flow_hash(w, p), now);
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
	struct police_port *port = police_port(w, w->b.port);
	const uint8_t *inner = addresses_of(p);
	uint64_t hash;
	bool told;

	if (!signals_begin(w, port, DP_UPCALL_REGISTER, 1, now))
		return false;
	hash = upcall_register_hash(w->t->seed, p->family, inner,
		inner + (p->family == IP_V4 ? 4 : 16), src, dst, fwd_table_of(w->t, p), p->iif);
	told = signal_flow(w, port, DP_UPCALL_REGISTER, p, &outer, hash, now);
	w->verdicts_wait |= told;
	return told;
}

/* The outer IPv4 header of a packet that was in a Register. */
static inline const uint8_t *outer_of(const struct pkt *p)
{
	return rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3) - register_head_len(IP_V4);
}

/* One whose gate is open. */
static __rte_noinline void registered(
	struct worker *w, struct police_port *port, struct pkt *p, uint64_t hash, uint64_t now)
{
	const uint8_t *h = outer_of(p);
	const struct register_outer outer = {
		.src = h + IP4_SRC, .dst = h + IP4_DST, .border = h[IP4_LEN + 4] & REGISTER_BORDER};
	struct pkt arrived = *p;

	arrived.iif = p->came_in;
	p->told = signal_flow(w, port, DP_UPCALL_REGISTER, &arrived, &outer, hash, now);
	w->verdicts_wait |= p->told;
}

void upcall_registers(struct worker *w, struct burst *b, uint64_t which)
{
	struct police_port *port = police_port(w, b->port);
	unsigned n = (unsigned)__builtin_popcountll(which), gated = 0;
	uint64_t hash[BURST];

	if (!signals_begin(w, port, DP_UPCALL_REGISTER, n, b->now))
		return;
	for (uint64_t left = which; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);
		const struct pkt *p = &b->pkts[i];

		hash[i] = upcall_register_hash4(w->t->seed, load64(addresses_of(p)),
			load64(outer_of(p) + IP4_SRC), fwd_table_of(w->t, p), p->came_in);
		rte_prefetch0(gate_set(w->gate, DP_UPCALL_REGISTER, hash[i]));
	}
	for (uint64_t left = which; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);

		if (likely(gate_is_closed(w->gate, DP_UPCALL_REGISTER, hash[i], b->now)))
			gated++;
		else
			registered(w, port, &b->pkts[i], hash[i], b->now);
	}
	w->info.upcalls_gated[DP_UPCALL_REGISTER] += gated;
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
			rte_prefetch0(gate_set(w->gate, DP_UPCALL_NOCACHE, hash[i]));
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
	if (up->kind == DP_UPCALL_REGISTER) {
		c.hash = upcall_register_hash(d->t.seed, up->src.family, up->src.b, up->grp.b,
			up->outer_src.b, up->outer_dst.b, up->table, up->ifid);
		c.held = upcall_hash(
			d->t.seed, up->src.family, up->src.b, up->grp.b, up->table, DP_IF_REGISTER);
	} else {
		c.hash = upcall_hash(
			d->t.seed, up->src.family, up->src.b, up->grp.b, up->table, up->ifid);
		c.held = c.hash;
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
