/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Which pairs of prefix lengths exist among the routes: counted by control, published to lookup as an
 * immutable set whenever one appears or disappears.
 */
#include "dataplane/tables.h"

#include <errno.h>
#include <stdlib.h>

static unsigned lens_bits(uint8_t family)
{
	return family == IP_V4 ? 32 : 128;
}

/* Routes with these lengths; with src one more than there are bits: with this length of group. */
static uint32_t *lens_counter(struct mfib *m, uint8_t family, unsigned grp, unsigned src)
{
	return &m->lens_count[family == IP_V6][grp * (lens_bits(family) + 2) + src];
}

static uint32_t *lens_group_counter(struct mfib *m, uint8_t family, unsigned grp)
{
	return lens_counter(m, family, grp, lens_bits(family) + 1);
}

static struct mfib_lens lens_of(uint8_t family, uint8_t grp, uint8_t src)
{
	struct mfib_lens lens = {.grp = grp, .src = src, .family = family};
	unsigned bytes = lens_bits(family) / 8;
	struct ipaddr all = {0}, s, g;

	memset(all.b, 0xff, sizeof(all.b));
	s = ip_mask(all, src);
	g = ip_mask(all, grp);
	memcpy(lens.mask, s.b, bytes);
	memcpy((char *)lens.mask + bytes, g.b, bytes);
	return lens;
}

/* The first (*,G) comes here, and the last that goes: 129 times 129 counters of IPv6 would take longer than all
 * else that a route costs. */
static unsigned lens_collect(struct mfib *m, uint8_t family, struct mfib_lens *out)
{
	int bits = (int)lens_bits(family);
	unsigned n = 0;

	for (int grp = bits; grp >= 0; grp--) {
		if (!*lens_group_counter(m, family, (unsigned)grp))
			continue;
		for (int src = bits; src >= 0; src--)
			if (*lens_counter(m, family, (unsigned)grp, (unsigned)src))
				out[n++] = lens_of(family, (uint8_t)grp, (uint8_t)src);
	}
	return n;
}

/* Publishes the pairs as they are counted now; room for n of them. */
static int lens_publish(struct mfib *m, unsigned n)
{
	struct mfib_lens_set *old = atomic_load_explicit(&m->t->lens, memory_order_relaxed);
	struct mfib_lens_set *set = malloc(sizeof(*set) + n * sizeof(set->v[0]));

	if (!set)
		return -ENOMEM;
	set->n4 = (uint16_t)lens_collect(m, IP_V4, set->v);
	set->n6 = (uint16_t)lens_collect(m, IP_V6, set->v + set->n4);
	atomic_store_explicit(&m->t->lens, set, memory_order_release);
	if (old)
		retire_add(m->retire, retire_free, old, 0);
	return 0;
}

/* Before the route is inserted: readers who know the pair too early find nothing with it, no more. */
int mfib_lens_add(struct mfib *m, const struct dp_route_key *k)
{
	const struct mfib_lens_set *set = atomic_load_explicit(&m->t->lens, memory_order_relaxed);
	uint32_t *count = lens_counter(m, k->src.addr.family, k->grp.len, k->src.len);
	uint32_t *of_group = lens_group_counter(m, k->src.addr.family, k->grp.len);
	int err;

	++*of_group;
	if ((*count)++)
		return 0;
	err = lens_publish(m, set->n4 + set->n6 + 1u);
	if (err) {
		--*count;
		--*of_group;
	}
	return err;
}

/* After the route was removed. Without memory the pair stays in the set: slower, not wrong. */
void mfib_lens_sub(struct mfib *m, const struct dp_route_key *k)
{
	const struct mfib_lens_set *set = atomic_load_explicit(&m->t->lens, memory_order_relaxed);

	--*lens_group_counter(m, k->src.addr.family, k->grp.len);
	if (--*lens_counter(m, k->src.addr.family, k->grp.len, k->src.len) == 0)
		lens_publish(m, set->n4 + set->n6 + 0u);
}

int mfib_lens_init(struct mfib *m)
{
	m->lens_count[0] = calloc(33 * 34, sizeof(uint32_t));
	m->lens_count[1] = calloc(129 * 130, sizeof(uint32_t));
	if (!m->lens_count[0] || !m->lens_count[1])
		return -ENOMEM;
	return lens_publish(m, 0);
}

void mfib_lens_fini(struct mfib *m)
{
	free(m->lens_count[0]);
	free(m->lens_count[1]);
	free(m->t->lens);
	m->t->lens = NULL;
}
