/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Signals about data from workers to control, at most one outstanding per flow.
 *
 * A gate is the 64-bit hash of (table, S, G, iif) in a small set-associative table for each kind of
 * signal. Sending closes it; control opens it when it has dealt with the signal, and it opens by
 * itself after three seconds, for a signal or an opening may be lost. Behind the gate, a token bucket
 * bounds NOCACHE and WRONGVIF, so that a flood of unknown flows costs a hash and a compare a packet. A
 * full set forgets its oldest gate: then a flow may signal once more, within the bucket.
 *
 * Openings come down a ring that a worker reads when it is about to ask its gates: an idle worker need
 * not. If the ring is full, the three seconds do it.
 */
#include "dataplane/tables.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_meter.h>
#include <rte_ring_elem.h>
#include <stdlib.h>

#define GATE_HOLD_S 3
#define GATE_SETS 2048
#define GATE_WAYS 4

struct gate_way {
	uint64_t hash, until; /* closed before this time stamp */
};

struct gate_table {
	struct gate_way sets[GATE_SETS][GATE_WAYS];
};

struct upcall_gate {
	uint64_t hold; /* in cycles */
	struct rte_meter_srtcm_profile profile;
	struct rte_meter_srtcm bucket[DP_UPCALL_KINDS];
	struct gate_table kinds[DP_UPCALL_KINDS];
};

/* What comes down the ring of commands. */
struct gate_opening {
	uint64_t hash;
	uint64_t kind;
};

struct upcall_gate *upcall_gate_new(uint32_t rate, uint64_t hz)
{
	struct upcall_gate *g = region_new(sizeof(*g), false);
	struct rte_meter_srtcm_params params = {.cir = RTE_MAX(rate, 1u)};

	if (!g)
		return NULL;
	params.cbs = params.cir;
	g->hold = GATE_HOLD_S * hz;
	if (rte_meter_srtcm_profile_config(&g->profile, &params)) {
		upcall_gate_free(g);
		return NULL;
	}
	for (int i = 0; i < DP_UPCALL_KINDS; i++)
		rte_meter_srtcm_config(&g->bucket[i], &g->profile);
	return g;
}

void upcall_gate_free(struct upcall_gate *g)
{
	region_free(g, sizeof(*g));
}

static bool token_take(struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t now)
{
	if (kind == DP_UPCALL_DATA)
		return true; /* control has asked for each of these */
	return rte_meter_srtcm_color_blind_check(&g->bucket[kind], &g->profile, now, 1) ==
	       RTE_COLOR_GREEN;
}

enum gate_verdict upcall_gate_try(
	struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t hash, uint64_t now)
{
	struct gate_way *set = g->kinds[kind].sets[hash % GATE_SETS], *use = &set[0];

	for (int i = 0; i < GATE_WAYS; i++) {
		if (set[i].hash == hash && set[i].until > now)
			return GATE_CLOSED;
		if (set[i].until < use->until)
			use = &set[i];
	}
	if (!token_take(g, kind, now))
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

static void openings_take(struct worker *w)
{
	struct gate_opening o[32];
	unsigned n;

	while (!rte_ring_empty(w->commands)) {
		n = rte_ring_dequeue_burst_elem(w->commands, o, sizeof(o[0]), RTE_DIM(o), NULL);
		for (unsigned i = 0; i < n; i++)
			upcall_gate_open(w->gate, (enum dp_upcall_kind)o[i].kind, o[i].hash);
	}
}

static void upcall_send(struct worker *w, enum dp_upcall_kind kind, const struct pkt *p,
	const uint8_t *src, uint64_t hash)
{
	struct dp_upcall up = {
		.kind = (uint8_t)kind,
		.table = DP_TABLE_MAIN,
		.ifid = p->iif,
		.len = p->ip_len,
		.src.family = p->family,
		.grp.family = p->family,
	};
	unsigned bytes = ip_bytes(&up.src);

	memcpy(up.src.b, src, bytes);
	memcpy(up.grp.b, src + bytes, bytes);
	if (rte_ring_enqueue_elem(w->upcalls[kind], &up, sizeof(up))) {
		w->info.upcalls_lost[kind]++;
		upcall_gate_open(w->gate, kind, hash);
		return;
	}
	w->info.upcalls[kind]++;
	w->told = true;
}

void upcall_signal(struct worker *w, enum dp_upcall_kind kind, const struct pkt *p)
{
	unsigned at = p->l3 + (p->family == IP_V4 ? 12 : 8), bytes = p->family == IP_V4 ? 4 : 16;
	const uint8_t *src = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, at);
	uint64_t hash = upcall_hash(w->t->seed, p->family, src, src + bytes, DP_TABLE_MAIN, p->iif);

	openings_take(w);
	switch (upcall_gate_try(w->gate, kind, hash, rte_rdtsc())) {
	case GATE_SEND:
		upcall_send(w, kind, p, src, hash);
		break;
	case GATE_CLOSED:
		w->info.upcalls_gated[kind]++;
		break;
	case GATE_POLICED:
		w->info.upcalls_policed[kind]++;
		break;
	}
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

void upcall_done(struct dataplane *d, const struct dp_upcall *up)
{
	struct gate_opening o = {.kind = up->kind};

	if (up->kind >= DP_UPCALL_KINDS)
		return;
	o.hash = upcall_hash(d->t.seed, up->src.family, up->src.b, up->grp.b, up->table, up->ifid);
	for (unsigned i = 0; i < d->n_workers; i++)
		rte_ring_enqueue_elem(d->workers[i]->commands, &o, sizeof(o));
}
