/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Gates: which flows have signalled and wait for control. A gate is the 64-bit hash of (table, S, G, iif), of a
 * Register with its outer addresses too, in a small set-associative table for each kind of signal. Sending
 * closes it; control opens it when it has dealt with the signal, and it opens by itself after three seconds, for
 * a signal or an opening may be lost. A full set forgets its oldest gate: then a flow may signal once more,
 * within the bucket.
 */
#include "dataplane/gate.h"
#include "dataplane/police.h"

#define GATE_HOLD_S 3
#define REGISTER_HOLD_MS 100

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
	struct gate_way *set = gate_set(g, kind, hash), *use = &set[0];

	if (gate_is_closed(g, kind, hash, now))
		return GATE_CLOSED;
	for (int i = 1; i < GATE_WAYS; i++)
		if (set[i].until < use->until)
			use = &set[i];
	if (!police_take(port, DP_POLICE_UPCALL(kind), now))
		return GATE_POLICED;
	*use = (struct gate_way){.hash = hash, .until = now + g->hold};
	return GATE_SEND;
}

void upcall_gate_open(struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t hash)
{
	struct gate_way *set = gate_set(g, kind, hash);

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

uint64_t upcall_register_hash(const uint64_t seed[4], uint8_t family, const void *src,
	const void *grp, const void *outer_src, const void *outer_dst, uint16_t table,
	uint16_t ifid)
{
	uint32_t v4[4];
	uint64_t v6[4], h;

	if (family == IP_V4) {
		memcpy(&v4[0], src, 4);
		memcpy(&v4[1], grp, 4);
		memcpy(&v4[2], outer_src, 4);
		memcpy(&v4[3], outer_dst, 4);
		return upcall_register_hash4(seed, load64(&v4[0]), load64(&v4[2]), table, ifid);
	}
	memcpy(&v6[0], outer_src, 16);
	memcpy(&v6[2], outer_dst, 16);
	h = upcall_hash(seed, family, src, grp, table, ifid);
	h = mfib_mix(h ^ seed[1], v6[0] ^ seed[2]);
	h = mfib_mix(h ^ v6[1], v6[2] ^ seed[0]);
	return mfib_mix(h ^ v6[3], seed[3]);
}

void upcall_gate_shorten(struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t hash)
{
	struct gate_way *set = gate_set(g, kind, hash);

	for (int i = 0; i < GATE_WAYS; i++) {
		if (set[i].hash == hash && set[i].until) /* 0: opened meanwhile */
			set[i].until -= g->hold - g->look_time * REGISTER_HOLD_MS;
	}
}
