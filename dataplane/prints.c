/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * See prints.h. A set is a cache line of eight entries; what comes first takes the first one that is free or out of
 * date, else the oldest. Two workers that bring the same packet at the same moment meet in that entry: one of them
 * writes it, the other finds it changed and looks again.
 *
 * What all routes that move bring in the delay between the paths has to find room. Of 100,000 packets, a tenth of a
 * second of 1,000,000 packets/s or a whole one of 100,000, one in 800 is forgotten before its other copy comes, of 131,000 one in
 * 150: long before the 524,288 entries are full some sets of eight are.
 */
#include "dataplane/prints.h"
#include "dataplane/tables.h"

#include <stdatomic.h>

#define SETS 65536u
#define WAYS 8u
#define TRIES 64 /* other workers cannot keep one here for ever */

/* An entry: 40 bits of the print, 20 of time, 4 of flags; 0: free. The set is chosen by other bits of the print. */
#define FLAG_SENT 4u
#define FLAG_SAME 8u
#define TIME_SHIFT 4
#define TIME_MASK 0xfffffu
#define AHEAD 64u /* so far may clocks differ */
#define PRINT_SHIFT 24
#define PRINT_MASK (~UINT64_C(0) << PRINT_SHIFT)

struct prints_set {
	_Atomic uint64_t ways[WAYS];
} __rte_cache_aligned;

struct prints {
	struct prints_set sets[SETS];
	unsigned shift; /* time: cycles >> shift, half a millisecond to one */
	uint32_t keep;
	uint64_t ms;
};

struct prints *prints_new(uint64_t hz, unsigned keep_ms)
{
	struct prints *pr = region_new(sizeof(*pr), false);

	if (!pr)
		return NULL;
	pr->ms = hz / 1000;
	while (hz >> (pr->shift + 1) >= 1000)
		pr->shift++;
	pr->keep = (uint32_t)((hz >> pr->shift) * keep_ms / 1000);
	return pr;
}

void prints_free(struct prints *pr)
{
	region_free(pr, sizeof(*pr));
}

uint64_t prints_ms(const struct prints *pr)
{
	return pr->ms;
}

/* How old an entry is. Another worker's clock may be a little ahead. The time of one that a move long ago left may
 * have come round: it is out of date all the same, but for a moment in ten minutes or so. */
static uint32_t age_of(uint64_t entry, uint32_t now)
{
	uint32_t age = (now - (uint32_t)(entry >> TIME_SHIFT)) & TIME_MASK;

	return age > TIME_MASK - AHEAD ? 0 : age;
}

/* The entry of print, or the one it is to have; *word is what is there, *hit whether it is the print's. */
static _Atomic uint64_t *find(const struct prints *pr, struct prints_set *set, uint64_t print,
	uint32_t now, uint64_t *word, bool *hit)
{
	_Atomic uint64_t *use = NULL;
	uint32_t oldest = 0;

	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t e = atomic_load_explicit(&set->ways[i], memory_order_relaxed);
		uint32_t age = e ? age_of(e, now) : UINT32_MAX;

		*hit = age <= pr->keep && (e ^ print) < UINT64_C(1) << PRINT_SHIFT;
		if (*hit) {
			*word = e;
			return &set->ways[i];
		}
		if (age > pr->keep)
			age = UINT32_MAX;
		if (!use || age > oldest) {
			use = &set->ways[i];
			oldest = age;
			*word = e;
		}
	}
	return use;
}

static uint64_t dated(uint64_t entry, uint32_t now)
{
	return (entry & ~((uint64_t)TIME_MASK << TIME_SHIFT)) | (uint64_t)(now & TIME_MASK)
									<< TIME_SHIFT;
}

/* What becomes of the entry of a print that is known. */
static uint64_t known(uint64_t entry, unsigned path, uint32_t now, enum prints_met *met)
{
	if (entry & (FLAG_SAME | path)) {
		*met = PRINTS_SAME;
		return dated(entry | path | FLAG_SAME, now);
	}
	*met = entry & FLAG_SENT ? PRINTS_SENT : PRINTS_UNSENT;
	return entry | path | FLAG_SENT;
}

enum prints_met prints_meet(
	struct prints *pr, uint64_t print, unsigned path, bool sends, uint64_t cycles)
{
	struct prints_set *set = &pr->sets[print % SETS];
	uint32_t now = (uint32_t)(cycles >> pr->shift);
	enum prints_met met = PRINTS_FIRST;

	for (int i = 0; i < TRIES; i++) {
		uint64_t is, becomes = (print & PRINT_MASK) | path | (sends ? FLAG_SENT : 0);
		bool hit;
		_Atomic uint64_t *at = find(pr, set, print, now, &is, &hit);

		met = PRINTS_FIRST;
		becomes = hit ? known(is, path, now, &met) : dated(becomes, now);
		if (atomic_compare_exchange_strong_explicit(
			    at, &is, becomes, memory_order_relaxed, memory_order_relaxed))
			break;
	}
	return met;
}
