/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Who covers whom: entries that a change concerns, wishes that an entry is made of.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

/* --- changes ----------------------------------------------------------------------------------- */

/* Whether e is a crossing: needed, and there is room for it. */
static bool crosses(struct tib *tib, const struct tib_entry *e)
{
	if (tib_entry_is_box(e) || !tib_cross_needed(tib, e))
		return false;
	if (e->crossing || tib->crossings.n < tib->crossings.max)
		return true;
	tib->crossings.missing = true;
	return false;
}

void tib_entry_touch(struct tib *tib, struct tib_entry *e)
{
	bool crossing = crosses(tib, e), alive = crossing || tib_entry_is_box(e);

	if (alive && !e->alive)
		e->created_us = tib->now_us;
	tib->crossings.n += (uint32_t)crossing - (uint32_t)e->crossing;
	tib->n_entries += (size_t)alive - (size_t)e->alive;
	e->crossing = crossing;
	e->alive = alive;
	tib->touched++;
	tib_entry_move(tib, e, alive ? TIB_Q_DIRTY : TIB_Q_DOOMED);
}

void tib_entries_touch(struct tib *tib, const struct dp_route_key *key)
{
	struct tib_entry *self = tib_entry_find(tib, key), *e = NULL;

	if (self)
		tib_entry_touch(tib, self);
	if (key->grp.len == ip_bits(&key->grp.addr) && key->src.len == ip_bits(&key->src.addr))
		return;
	while ((e = tib_entry_within(tib, key, e)))
		if (e != self)
			tib_entry_touch(tib, e);
}

/* --- cover ------------------------------------------------------------------------------------- */

const struct prefix *tib_except_find(const struct prefix *v, uint32_t n, const struct prefix *src)
{
	uint32_t low = 0, high = n;

	/* the last one that does not stand behind src: none lies within another */
	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (prefix_cmp(&v[mid], src) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && prefix_covers(&v[low - 1], src) ? &v[low - 1] : NULL;
}

static int cover_grow(struct tib *tib)
{
	uint32_t cap = tib->cover_cap ? tib->cover_cap * 2 : 16;
	const struct tib_wish **ptrs;
	struct tib_wish *v;
	uint16_t *owners;

	if (tib->n_cover < tib->cover_cap)
		return 0;
	v = realloc(tib->cover, cap * sizeof(*v));
	if (!v)
		return -ENOMEM;
	tib->cover = v;
	ptrs = realloc(tib->cover_ptrs, cap * sizeof(*ptrs));
	if (!ptrs)
		return -ENOMEM;
	tib->cover_ptrs = ptrs;
	owners = realloc(tib->cover_owners, cap * sizeof(*owners));
	if (!owners)
		return -ENOMEM;
	tib->cover_owners = owners;
	tib->cover_cap = cap;
	for (uint32_t i = 0; i < cap; i++)
		tib->cover_ptrs[i] = &tib->cover[i];
	return 0;
}

static int cover_wishes(struct tib *tib, const struct tib_entry *e)
{
	for (struct tib_owned_wish *w = e->wishes; w; w = w->next) {
		struct tib_terms *t = w->terms;
		struct tib_wish *to;

		if (cover_grow(tib))
			return -ENOMEM;
		to = &tib->cover[tib->n_cover++];
		to->owner = w->owner;
		to->precedence = t->precedence;
		to->complete = t->complete;
		to->n_inputs = t->n_inputs;
		to->key = e->key;
		memcpy(to->inputs, terms_inputs(t), t->n_inputs * sizeof(to->inputs[0]));
		to->n_outputs = t->n_outputs;
		to->outputs = t->outputs;
		to->n_excepts = t->n_excepts;
		to->excepts = terms_excepts(t);
	}
	return 0;
}

/* The entries of g that cover src. */
static int cover_group(struct tib *tib, const struct tib_group *g, const struct prefix *src)
{
	const uint32_t *lens = tib->src_lens[tib_family(&src->addr)];
	int rc = 0;

	for (unsigned len = 0; len <= src->len && !rc; len++) {
		struct dp_route_key key = {.table = g->table, .grp = g->grp};
		const struct tib_entry *e;

		if (!lens[len])
			continue;
		key.src = prefix_make(src->addr, (uint8_t)len);
		e = tib_entry_find(tib, &key);
		if (e)
			rc = cover_wishes(tib, e);
	}
	return rc;
}

int tib_entry_cover(struct tib *tib, const struct tib_entry *e)
{
	const struct prefix *grp = &e->key.grp;
	const uint32_t *lens = tib->group_lens[tib_family(&grp->addr)];
	int rc = cover_grow(tib);

	tib->n_cover = 0;
	for (unsigned len = 0; len <= grp->len && !rc; len++) {
		struct prefix outer;
		const struct tib_group *g;

		if (!lens[len])
			continue;
		outer = prefix_make(grp->addr, (uint8_t)len);
		g = tib_group_find(tib, e->key.table, &outer);
		if (g)
			rc = cover_group(tib, g, &e->key.src);
	}
	return rc;
}
