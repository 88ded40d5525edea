/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The TIB as protocols use it: wishes come and go; the work is left for tib_commit.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

static int cmp_order(const void *key, const struct order_node *n)
{
	return route_key_cmp(key, &container_of(n, struct tib_entry, in_order)->key);
}

struct tib *tib_new(const struct dp *dp, struct net *net)
{
	struct tib *tib = calloc(1, sizeof(*tib));

	if (!tib)
		return NULL;
	tib->dp = dp;
	tib->net = net;
	idpool_init(&tib->oif_ids, 1u << 24); /* the data plane has its own limit */
	LIST_INIT(&tib->her);
	tib->crossings.max = TIB_CROSSINGS_MAX;
	order_init(&tib->order, cmp_order, (uintptr_t)tib);
	for (unsigned i = 0; i < TIB_QUEUES; i++)
		TAILQ_INIT(&tib->queues[i]);
	slab_init(&tib->entry_slab, sizeof(struct tib_entry));
	slab_init(&tib->group_slab, sizeof(struct tib_group));
	slab_init(&tib->wish_slab, sizeof(struct tib_owned_wish));
	if (hash_init(&tib->entries) || hash_init(&tib->groups) || hash_init(&tib->oifs) ||
		hash_init(&tib->terms) || hash_init(&tib->plans)) {
		tib_free(tib);
		return NULL;
	}
	return tib;
}

/* Everything is freed as memory only: the data plane keeps forwarding with what it has. */
void tib_free(struct tib *tib)
{
	struct hash_node *node;

	if (!tib)
		return;
	tib->ending = true;
	for (node = tib->entries.n ? hash_next(&tib->entries, NULL) : NULL; node;
		node = hash_next(&tib->entries, node)) {
		struct tib_entry *e = container_of(node, struct tib_entry, node);

		for (struct tib_owned_wish *w = e->wishes; w; w = w->next)
			tib_terms_put(tib, w->terms);
		tib_plan_replace(tib, &e->live, NULL);
		tib_plan_replace(tib, &e->want, NULL);
	}
	for (uint32_t id = 0; id < tib->oif_cap; id++)
		free(tib->oif_by_id[id]);
	slab_fini(&tib->entry_slab);
	slab_fini(&tib->group_slab);
	slab_fini(&tib->wish_slab);
	hash_fini(&tib->entries);
	hash_fini(&tib->groups);
	hash_fini(&tib->oifs);
	hash_fini(&tib->terms);
	hash_fini(&tib->plans);
	idpool_fini(&tib->oif_ids);
	free(tib->oif_by_id);
	free(tib->cover);
	free(tib->cover_ptrs);
	free(tib->cover_owners);
	free(tib);
}

/* The link to the owner's wish of e; *link is NULL if there is none. */
static struct tib_owned_wish **wish_link(struct tib_entry *e, uint16_t owner)
{
	struct tib_owned_wish **at = &e->wishes;

	while (*at && (*at)->owner != owner)
		at = &(*at)->next;
	return at;
}

/* The key in one form: no padding, "*" with the family of the group. */
static int key_normalise(const struct dp_route_key *key, struct dp_route_key *out)
{
	*out = (struct dp_route_key){.table = key->table, .src = key->src, .grp = key->grp};
	if (out->src.len == 0)
		out->src.addr = (struct ipaddr){.family = out->grp.addr.family};
	if (out->src.addr.family != out->grp.addr.family || ip_is_none(&out->grp.addr))
		return -EINVAL;
	out->src = prefix_make(out->src.addr, out->src.len);
	out->grp = prefix_make(out->grp.addr, out->grp.len);
	return 0;
}

/* The owner's wish of e says these terms from now on; e is marked with all that its key covers. What is more
 * specific is marked before e itself, and so is installed before it: nothing is forwarded for a moment that
 * should not be. */
static int wish_set(struct tib *tib, struct tib_entry *e, uint16_t owner, struct tib_terms *terms)
{
	struct dp_route_key key = e->key;
	struct tib_owned_wish **link = wish_link(e, owner);
	struct tib_owned_wish *w = *link ? *link : slab_get(&tib->wish_slab);
	struct tib_terms *old;
	bool was_box;

	if (!w)
		return -ENOMEM;
	if (tib_excepts_add(tib, &key, terms)) {
		if (!*link)
			slab_put(&tib->wish_slab, w);
		return -ENOMEM;
	}
	was_box = tib_entry_is_box(e);
	old = w->terms;
	w->terms = terms;
	w->owner = owner;
	w->stale = false;
	*link = w;
	if (!was_box)
		tib_cross_new(tib, &key);
	tib_entries_touch(tib, &key);
	if (old) {
		tib_excepts_del(tib, &key, old);
		tib_terms_put(tib, old);
	}
	return 0;
}

int tib_wish_set(struct tib *tib, const struct tib_wish *w, uint64_t now_us)
{
	struct tib_owned_wish *have;
	struct tib_wish normal = *w;
	struct tib_terms *terms;
	struct tib_entry *e;
	int rc;

	if (w->n_inputs > DP_INPUTS_MAX || key_normalise(&w->key, &normal.key))
		return -EINVAL;
	tib->now_us = now_us;
	terms = tib_terms_get(tib, &normal, &rc);
	if (!terms)
		return rc;
	e = tib_entry_find(tib, &normal.key);
	have = e ? *wish_link(e, w->owner) : NULL;
	if (have && have->terms == terms) {
		have->stale = false;
		tib_terms_put(tib, terms);
		return 0;
	}
	if (!e)
		e = tib_entry_add(tib, &normal.key);
	rc = e ? wish_set(tib, e, w->owner, terms) : -ENOMEM;
	if (rc) {
		tib_terms_put(tib, terms);
		if (e && !e->alive)
			tib_entry_touch(tib, e);
	}
	return rc;
}

static void wish_remove(struct tib *tib, struct tib_entry *e, struct tib_owned_wish **link)
{
	struct dp_route_key key = e->key;
	struct tib_owned_wish *w = *link;

	*link = w->next;
	tib_entries_touch(tib, &key);
	tib_excepts_del(tib, &key, w->terms);
	tib_terms_put(tib, w->terms);
	slab_put(&tib->wish_slab, w);
}

int tib_wish_del(struct tib *tib, uint16_t owner, const struct dp_route_key *wanted)
{
	struct tib_owned_wish **link;
	struct dp_route_key key;
	struct tib_entry *e;

	if (key_normalise(wanted, &key))
		return -ENOENT;
	e = tib_entry_find(tib, &key);
	link = e ? wish_link(e, owner) : NULL;
	if (!link || !*link)
		return -ENOENT;
	wish_remove(tib, e, link);
	return 0;
}

void tib_resync_begin(struct tib *tib, uint16_t owner)
{
	struct hash_node *node = NULL;

	while ((node = hash_next(&tib->entries, node))) {
		struct tib_entry *e = container_of(node, struct tib_entry, node);
		struct tib_owned_wish *w = *wish_link(e, owner);

		if (w)
			w->stale = true;
	}
}

void tib_resync_end(struct tib *tib, uint16_t owner)
{
	struct hash_node *node = NULL;

	while ((node = hash_next(&tib->entries, node))) {
		struct tib_entry *e = container_of(node, struct tib_entry, node);
		struct tib_owned_wish **link = wish_link(e, owner);

		if (*link && (*link)->stale)
			wish_remove(tib, e, link);
	}
}

void tib_net_changed(struct tib *tib, const struct net_change *c)
{
	switch ((enum net_change_kind)c->kind) {
	case NET_IF_NEW:
	case NET_IF_GONE:
	case NET_IF_STATE:
	case NET_IF_ADDR:
		tib->her_stale_all = true;
		break;
	case NET_RIB:
		tib->her_stale_following = true;
		break;
	case NET_IF_LEAVING:
	case NET_NEIGH: /* the adjacency follows by itself */
		break;
	}
}
