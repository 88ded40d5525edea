/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Gates of upcall.c as their reader sees them.
 */
#pragma once

#include "dataplane/tables.h"

#define GATE_SETS 2048
#define GATE_WAYS 4

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

static inline struct gate_way *gate_set(
	struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t hash)
{
	return g->kinds[kind].sets[hash % GATE_SETS];
}

/* The gate of this hash is closed at time now. */
static inline bool gate_is_closed(
	struct upcall_gate *g, enum dp_upcall_kind kind, uint64_t hash, uint64_t now)
{
	const struct gate_way *set = gate_set(g, kind, hash);

	for (int i = 0; i < GATE_WAYS; i++)
		if (set[i].hash == hash && set[i].until > now)
			return true;
	return false;
}

/* upcall_register_hash of IPv4: source and group, and the outer source and destination, as they follow each other
 * in the headers. */
static inline uint64_t upcall_register_hash4(
	const uint64_t seed[4], uint64_t inner_be, uint64_t outer_be, uint16_t table, uint16_t ifid)
{
	uint64_t h = mfib_mix(inner_be ^ seed[1], outer_be ^ seed[2]);

	return mfib_mix(h ^ seed[0], ((uint64_t)table << 16 | ifid) ^ seed[3]);
}
