/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Entries and the two ways to them: by key through a hash, in order of key through a tree.
 */
#include "control/tib/tib_priv.h"

#define STEPS_MAX 8 /* entries passed by one by one before the tree is asked to jump */

static uint32_t group_hash(uint16_t table, const struct prefix *grp)
{
	return prefix_hash(grp, table);
}

struct tib_group *tib_group_find(const struct tib *tib, uint16_t table, const struct prefix *grp)
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
	struct tib_group *g = slab_get(&tib->group_slab);

	if (!g)
		return NULL;
	g->table = table;
	g->grp = *grp;
	hash_add(&tib->groups, &g->node, group_hash(table, grp));
	tib->group_lens[tib_family(&grp->addr)][grp->len]++;
	return g;
}

static void group_put(struct tib *tib, struct tib_group *g)
{
	if (--g->n_entries > 0)
		return;
	hash_del(&tib->groups, &g->node);
	tib->group_lens[tib_family(&g->grp.addr)][g->grp.len]--;
	slab_put(&tib->group_slab, g);
}

struct tib_entry *tib_entry_find(const struct tib *tib, const struct dp_route_key *key)
{
	struct hash_node *node = hash_first(&tib->entries, route_key_hash(key));

	for (; node; node = hash_same(node)) {
		struct tib_entry *e = container_of(node, struct tib_entry, node);

		if (route_key_eq(&e->key, key))
			return e;
	}
	return NULL;
}

struct tib_entry *tib_entry_add(struct tib *tib, const struct dp_route_key *key)
{
	struct tib_group *g = tib_group_find(tib, key->table, &key->grp);
	struct tib_entry *e = slab_get(&tib->entry_slab);

	if (!e)
		return NULL;
	if (!g)
		g = group_add(tib, key->table, &key->grp);
	if (!g) {
		slab_put(&tib->entry_slab, e);
		return NULL;
	}
	e->key = *key;
	e->created_us = tib->now_us;
	g->n_entries++;
	hash_add(&tib->entries, &e->node, route_key_hash(key));
	order_add(&tib->order, &e->in_order, &e->key);
	tib->src_lens[tib_family(&key->src.addr)][key->src.len]++;
	return e;
}

void tib_entry_free(struct tib *tib, struct tib_entry *e)
{
	const struct prefix *src = &e->key.src;

	tib_entry_move(tib, e, TIB_Q_NONE);
	hash_del(&tib->entries, &e->node);
	order_del(&tib->order, &e->in_order);
	tib->src_lens[tib_family(&src->addr)][src->len]--;
	group_put(tib, tib_group_find(tib, e->key.table, &e->key.grp));
	tib_plan_replace(tib, &e->live, NULL);
	tib_plan_replace(tib, &e->want, NULL);
	slab_put(&tib->entry_slab, e);
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

/* --- in order ---------------------------------------------------------------------------------- */

static struct tib_entry *entry_of(const struct order_node *n)
{
	return n ? container_of(n, struct tib_entry, in_order) : NULL;
}

static struct tib_entry *seek(
	const struct tib *tib, uint16_t table, const struct prefix *grp, const struct prefix *src)
{
	struct dp_route_key key = {.table = table, .grp = *grp, .src = *src};

	return entry_of(order_seek(&tib->order, &key));
}

/* The first entry behind a group: no source stands behind that with an impossible family. */
static struct tib_entry *seek_behind(
	const struct tib *tib, uint16_t table, const struct prefix *grp)
{
	return seek(tib, table, grp, &(struct prefix){.addr.family = UINT8_MAX});
}

static bool group_within(const struct tib_entry *e, uint16_t table, const struct prefix *grp)
{
	return e->key.table == table && prefix_covers(grp, &e->key.grp);
}

struct tib_entry *tib_entry_within(
	struct tib *tib, const struct dp_route_key *key, const struct tib_entry *e)
{
	struct tib_entry *at = e ? entry_of(order_next(&e->in_order))
				 : seek(tib, key->table, &key->grp, &key->src);
	unsigned steps = 0;

	while (at && group_within(at, key->table, &key->grp)) {
		const struct dp_route_key *k = &at->key;

		tib->visited++;
		if (prefix_covers(&key->src, &k->src))
			return at;
		if (++steps < STEPS_MAX) {
			at = entry_of(order_next(&at->in_order));
			continue;
		}
		steps = 0;
		at = prefix_cmp(&k->src, &key->src) < 0 ? seek(tib, k->table, &k->grp, &key->src)
							: seek_behind(tib, k->table, &k->grp);
	}
	return NULL;
}

struct tib_entry *tib_entry_next_group(
	struct tib *tib, uint16_t table, const struct prefix *grp, const struct tib_entry *e)
{
	const struct prefix *old = e ? &e->key.grp : grp;
	struct tib_entry *at =
		e ? entry_of(order_next(&e->in_order)) : seek_behind(tib, table, grp);

	for (unsigned steps = 0; at && prefix_eq(&at->key.grp, old) && at->key.table == table;
		steps++) {
		tib->visited++;
		at = steps < STEPS_MAX ? entry_of(order_next(&at->in_order))
				       : seek_behind(tib, table, old);
	}
	return at && group_within(at, table, grp) ? at : NULL;
}

/* --- lookup ------------------------------------------------------------------------------------ */

static struct tib_entry *group_lookup(
	const struct tib *tib, const struct tib_group *g, const struct ipaddr *src)
{
	const uint32_t *lens = tib->src_lens[tib_family(src)];

	for (int len = ip_bits(src); len >= 0; len--) {
		struct dp_route_key key = {.table = g->table, .grp = g->grp};
		struct tib_entry *e;

		if (!lens[len])
			continue;
		key.src = prefix_make(*src, (uint8_t)len);
		e = tib_entry_find(tib, &key);
		if (e && e->alive)
			return e;
	}
	return NULL;
}

struct tib_entry *tib_entry_lookup(
	const struct tib *tib, uint16_t table, const struct ipaddr *src, const struct ipaddr *grp)
{
	const uint32_t *lens = tib->group_lens[tib_family(grp)];

	for (int len = ip_bits(grp); len >= 0; len--) {
		struct prefix p;
		struct tib_group *g;
		struct tib_entry *e;

		if (!lens[len])
			continue;
		p = prefix_make(*grp, (uint8_t)len);
		g = tib_group_find(tib, table, &p);
		e = g ? group_lookup(tib, g, src) : NULL;
		if (e)
			return e;
	}
	return NULL;
}
