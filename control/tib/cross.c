/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Crossings: (10.0.0.0/8, 239.1.0.0/16) and (*, 239.1.1.0/24) overlap in (10.0.0.0/8, 239.1.1.0/24),
 * and neither contains the other. Lookup takes the longest group, so it would miss the outputs of the
 * first there; an entry for what they have in common mends that. It lives as long as some box has its
 * source with a shorter group and some box its group with a shorter source, which is asked again whenever
 * one of them changes; so nothing has to be counted, and a crossing that did not fit is simply not there.
 */
#include "control/tib/tib_priv.h"

static bool is_box(const struct tib *tib, const struct dp_route_key *key)
{
	const struct tib_entry *e = tib_entry_find(tib, key);

	return e && tib_entry_is_box(e);
}

/* A box with this group and a source that strictly covers src. */
static bool box_above_source(const struct tib *tib, const struct dp_route_key *k)
{
	const uint32_t *lens = tib->src_lens[tib_family(&k->src.addr)];
	struct dp_route_key outer = *k;

	for (unsigned len = 0; len < k->src.len; len++) {
		if (!lens[len])
			continue;
		outer.src = prefix_make(k->src.addr, (uint8_t)len);
		if (is_box(tib, &outer))
			return true;
	}
	return false;
}

/* A box with this source and a group that strictly covers grp. */
static bool box_above_group(const struct tib *tib, const struct dp_route_key *k)
{
	const uint32_t *lens = tib->group_lens[tib_family(&k->grp.addr)];
	struct dp_route_key outer = *k;

	for (unsigned len = 0; len < k->grp.len; len++) {
		if (!lens[len])
			continue;
		outer.grp = prefix_make(k->grp.addr, (uint8_t)len);
		if (is_box(tib, &outer))
			return true;
	}
	return false;
}

bool tib_cross_needed(const struct tib *tib, const struct tib_entry *e)
{
	const struct dp_route_key *k = &e->key;

	return box_above_group(tib, k) && box_above_source(tib, k);
}

/* Two boxes cross here. */
static void cross_at(struct tib *tib, const struct dp_route_key *key)
{
	struct tib_entry *e = tib_entry_find(tib, key);

	if (e && e->alive)
		return;
	if (!e && tib->crossings.n < tib->crossings.max)
		e = tib_entry_add(tib, key);
	if (e)
		tib_entry_touch(tib, e);
	else
		tib->crossings.missing = true;
}

/* Boxes with longer groups and shorter sources. */
static void cross_below(struct tib *tib, const struct dp_route_key *key)
{
	struct tib_entry *e = NULL;

	if (key->src.len == 0)
		return;
	while ((e = tib_entry_next_group(tib, key->table, &key->grp, e))) {
		struct dp_route_key k = {.table = key->table, .src = key->src, .grp = e->key.grp};

		if (box_above_source(tib, &k))
			cross_at(tib, &k);
	}
}

/* Boxes of one shorter group with longer sources. */
static void cross_group(struct tib *tib, const struct dp_route_key *key, const struct prefix *outer)
{
	struct dp_route_key within = {.table = key->table, .src = key->src, .grp = *outer};
	struct tib_entry *e = NULL;

	/* sources of one group follow each other */
	while ((e = tib_entry_within(tib, &within, e)) && prefix_eq(&e->key.grp, outer)) {
		struct dp_route_key k = {.table = key->table, .src = e->key.src, .grp = key->grp};

		if (e->key.src.len > key->src.len && tib_entry_is_box(e))
			cross_at(tib, &k);
	}
}

void tib_cross_new(struct tib *tib, const struct dp_route_key *key)
{
	const uint32_t *lens = tib->group_lens[tib_family(&key->grp.addr)];

	if (key->grp.len < ip_bits(&key->grp.addr))
		cross_below(tib, key);
	if (key->src.len == ip_bits(&key->src.addr))
		return;
	for (unsigned len = 0; len < key->grp.len; len++) {
		struct prefix outer;

		if (!lens[len])
			continue;
		outer = prefix_make(key->grp.addr, (uint8_t)len);
		if (tib_group_find(tib, key->table, &outer))
			cross_group(tib, key, &outer);
	}
}

/* --- room -------------------------------------------------------------------------------------- */

static void say(struct tib *tib)
{
	const struct tib_crossings *c = &tib->crossings;

	if (c->missing == tib->crossings_said)
		return;
	tib->crossings_said = c->missing;
	if (c->missing)
		log_error("tib",
			"routes overlap in more than %u places: where they do and no entry is, only "
			"the outputs of the route with the longer group are used; `explain` says "
			"where; write fewer source prefixes over group prefixes",
			c->max);
	else
		log_notice("tib",
			"routes overlap in %u places, all of which have their entry again", c->n);
}

void tib_cross_retry(struct tib *tib)
{
	struct tib_crossings *c = &tib->crossings;
	struct order_node *n;

	/* not for each one that goes: looking for what is missing looks at everything */
	if (c->missing && c->n <= c->max - c->max / 8 && c->n < c->max) {
		c->missing = false;
		for (n = order_first(&tib->order); n; n = order_next(n)) {
			const struct tib_entry *e = container_of(n, struct tib_entry, in_order);

			if (tib_entry_is_box(e))
				tib_cross_new(tib, &e->key);
		}
	}
	say(tib);
}

void tib_crossings_get(const struct tib *tib, struct tib_crossings *out)
{
	*out = tib->crossings;
}

void tib_crossings_limit(struct tib *tib, uint32_t max)
{
	tib->crossings.max = max;
}
