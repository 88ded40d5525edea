/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Entries, the groups that index them, and who covers whom.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

static unsigned family_index(const struct ipaddr *a)
{
	return a->family == IP_V6;
}

static uint32_t group_hash(uint16_t table, const struct prefix *grp)
{
	return prefix_hash(grp, table);
}

static struct tib_group *group_find(const struct tib *tib, uint16_t table, const struct prefix *grp)
{
	struct hash_node *node = hash_first(&tib->groups, group_hash(table, grp));

	for (; node; node = hash_same(node)) {
		struct tib_group *g = container_of(node, struct tib_group, node);

		if (g->table == table && prefix_eq(&g->grp, grp))
			return g;
	}
	return NULL;
}

static struct tib_group *group_add(struct tib *tib, uint16_t table, const struct prefix *grp)
{
	struct tib_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->table = table;
	g->grp = *grp;
	LIST_INIT(&g->entries);
	hash_add(&tib->groups, &g->node, group_hash(table, grp));
	tib->group_lens[family_index(&grp->addr)][grp->len]++;
	return g;
}

static bool is_wide(const struct tib_entry *e)
{
	return e->merged.key.src.len < ip_bits(&e->merged.key.src.addr);
}

/* Source prefixes in front, the longest first: a lookup takes the first that matches. */
static void group_insert(struct tib_group *g, struct tib_entry *e)
{
	struct tib_entry *at, *last = NULL;

	LIST_FOREACH (at, &g->entries, in_group) {
		if (!is_wide(at) || (is_wide(e) && at->merged.key.src.len < e->merged.key.src.len))
			break;
		last = at;
	}
	if (last)
		LIST_INSERT_AFTER(last, e, in_group);
	else
		LIST_INSERT_HEAD(&g->entries, e, in_group);
}

struct tib_entry *tib_entry_find(const struct tib *tib, const struct dp_route_key *key)
{
	struct hash_node *node = hash_first(&tib->entries, route_key_hash(key));

	for (; node; node = hash_same(node)) {
		struct tib_entry *e = container_of(node, struct tib_entry, node);

		if (route_key_eq(&e->merged.key, key))
			return e;
	}
	return NULL;
}

struct tib_entry *tib_entry_add(struct tib *tib, const struct dp_route_key *key, uint64_t now_us)
{
	struct tib_group *g = group_find(tib, key->table, &key->grp);
	struct tib_entry *e = calloc(1, sizeof(*e));

	if (e && !g)
		g = group_add(tib, key->table, &key->grp);
	if (!e || !g) {
		free(e);
		return NULL;
	}
	e->merged.key = *key;
	e->created_us = now_us;
	e->group = g;
	group_insert(g, e);
	hash_add(&tib->entries, &e->node, route_key_hash(key));
	return e;
}

void tib_entry_free(struct tib *tib, struct tib_entry *e)
{
	struct tib_group *g = e->group;

	tib_entry_move(tib, e, TIB_Q_NONE);
	hash_del(&tib->entries, &e->node);
	LIST_REMOVE(e, in_group);
	if (LIST_EMPTY(&g->entries)) {
		hash_del(&tib->groups, &g->node);
		tib->group_lens[family_index(&g->grp.addr)][g->grp.len]--;
		free(g);
	}
	if (e->live != e->want)
		tib_oifs_put(tib, e->live);
	tib_oifs_put(tib, e->want);
	tib_merged_fini(&e->merged);
	free(e->owners);
	free(e);
}

void tib_entry_move(struct tib *tib, struct tib_entry *e, enum tib_queue q)
{
	if (e->queue == q)
		return;
	if (e->queue != TIB_Q_NONE)
		TAILQ_REMOVE(&tib->queues[e->queue], e, in_queue);
	e->queue = (uint8_t)q;
	if (q != TIB_Q_NONE)
		TAILQ_INSERT_TAIL(&tib->queues[q], e, in_queue);
}

static void entry_touch(struct tib *tib, struct tib_entry *e)
{
	tib_entry_move(tib, e, e->wishes ? TIB_Q_DIRTY : TIB_Q_DOOMED);
}

static void group_touch(struct tib *tib, struct tib_group *g, const struct prefix *src)
{
	struct tib_entry *e;

	LIST_FOREACH (e, &g->entries, in_group)
		if (prefix_covers(src, &e->merged.key.src))
			entry_touch(tib, e);
}

void tib_entries_touch(struct tib *tib, const struct dp_route_key *key)
{
	struct hash_node *node = NULL;
	struct tib_entry *e = tib_entry_find(tib, key);

	if (e)
		entry_touch(tib, e);
	if (key->grp.len == ip_bits(&key->grp.addr)) {
		if (e && is_wide(e))
			group_touch(tib, e->group, &key->src);
		return;
	}
	while ((node = hash_next(&tib->groups, node))) {
		struct tib_group *g = container_of(node, struct tib_group, node);

		if (g->table == key->table && prefix_covers(&key->grp, &g->grp))
			group_touch(tib, g, &key->src);
	}
}

/* --- cover ------------------------------------------------------------------------------------- */

static int cover_grow(struct tib *tib)
{
	uint32_t cap = tib->cover_cap ? tib->cover_cap * 2 : 16;
	const struct tib_wish **ptrs;
	struct tib_wish *v;

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
	tib->cover_cap = cap;
	for (uint32_t i = 0; i < cap; i++)
		tib->cover_ptrs[i] = &tib->cover[i];
	return 0;
}

static int cover_wishes(struct tib *tib, const struct tib_entry *e)
{
	for (struct tib_owned_wish *w = e->wishes; w; w = w->next) {
		struct tib_wish *to;

		if (cover_grow(tib))
			return -ENOMEM;
		to = &tib->cover[tib->n_cover++];
		to->owner = w->owner;
		to->precedence = w->precedence;
		to->n_inputs = w->n_inputs;
		to->key = e->merged.key;
		memcpy(to->inputs, wish_inputs(w), w->n_inputs * sizeof(to->inputs[0]));
		to->n_outputs = w->n_outputs;
		to->outputs = w->outputs;
	}
	return 0;
}

/* The entries of g that cover src: the exact one and those of its prefixes. */
static int cover_group(struct tib *tib, const struct tib_group *g, const struct prefix *src)
{
	struct dp_route_key key = {.table = g->table, .src = *src, .grp = g->grp};
	struct tib_entry *e = tib_entry_find(tib, &key);
	int rc = e ? cover_wishes(tib, e) : 0;

	LIST_FOREACH (e, &g->entries, in_group) {
		if (rc || !is_wide(e))
			break;
		if (e->merged.key.src.len < src->len && prefix_covers(&e->merged.key.src, src))
			rc = cover_wishes(tib, e);
	}
	return rc;
}

int tib_entry_cover(struct tib *tib, const struct tib_entry *e)
{
	const struct prefix *grp = &e->merged.key.grp;
	const uint32_t *lens = tib->group_lens[family_index(&grp->addr)];
	int rc;

	tib->n_cover = 0;
	rc = cover_group(tib, e->group, &e->merged.key.src);
	for (unsigned len = 0; len < grp->len && !rc; len++) {
		struct prefix outer;
		struct tib_group *g;

		if (!lens[len])
			continue;
		outer = prefix_make(grp->addr, (uint8_t)len);
		g = group_find(tib, e->merged.key.table, &outer);
		if (g)
			rc = cover_group(tib, g, &e->merged.key.src);
	}
	return rc;
}

/* --- lookup ------------------------------------------------------------------------------------ */

static struct tib_entry *group_lookup(
	const struct tib *tib, const struct tib_group *g, const struct ipaddr *src)
{
	struct dp_route_key key = {.table = g->table, .src = prefix_host(*src), .grp = g->grp};
	struct tib_entry *e = tib_entry_find(tib, &key);

	if (e && e->wishes)
		return e;
	LIST_FOREACH (e, &g->entries, in_group) {
		if (!is_wide(e))
			break;
		if (e->wishes && prefix_has(&e->merged.key.src, src))
			return e;
	}
	return NULL;
}

struct tib_entry *tib_entry_lookup(
	const struct tib *tib, uint16_t table, const struct ipaddr *src, const struct ipaddr *grp)
{
	const uint32_t *lens = tib->group_lens[family_index(grp)];

	for (int len = ip_bits(grp); len >= 0; len--) {
		struct prefix p;
		struct tib_group *g;
		struct tib_entry *e;

		if (!lens[len])
			continue;
		p = prefix_make(*grp, (uint8_t)len);
		g = group_find(tib, table, &p);
		e = g ? group_lookup(tib, g, src) : NULL;
		if (e)
			return e;
	}
	return NULL;
}
