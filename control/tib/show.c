/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Looking at the TIB: one entry, all in order, the one a packet meets.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

static bool describe(const struct tib_entry *e, struct tib_entry_info *out)
{
	if (!e || !e->wishes || !e->has_merged)
		return false;
	*out = (struct tib_entry_info){.merged = &e->merged,
		.oifs = e->want ? e->want->ids : NULL,
		.created_us = e->created_us,
		.n_wishes = e->n_owners,
		.owners = e->owners,
		.error = e->error};
	return true;
}

bool tib_entry_get(
	const struct tib *tib, const struct dp_route_key *key, struct tib_entry_info *out)
{
	return describe(tib_entry_find(tib, key), out);
}

bool tib_lookup(const struct tib *tib, uint16_t table, const struct ipaddr *src,
	const struct ipaddr *grp, struct tib_entry_info *out)
{
	if (src->family != grp->family || ip_is_none(grp))
		return false;
	return describe(tib_entry_lookup(tib, table, src, grp), out);
}

size_t tib_count(const struct tib *tib)
{
	return tib->n_entries;
}

static bool matches(const struct prefix *p, const struct ipaddr *filter)
{
	if (!filter)
		return true;
	if (ip_is_none(filter))
		return p->len == 0;
	return p->len > 0 && prefix_has(p, filter);
}

static int cmp_entries(const void *a, const void *b)
{
	const struct tib_entry_info *x = a, *y = b;

	return route_key_cmp(&x->merged->key, &y->merged->key);
}

void tib_walk(const struct tib *tib, const struct ipaddr *src, const struct ipaddr *grp,
	bool (*cb)(void *arg, const struct tib_entry_info *e), void *arg)
{
	struct hash_node *node = NULL;
	struct tib_entry_info *v;
	size_t n = 0;

	if (tib->n_entries == 0)
		return;
	v = malloc(tib->n_entries * sizeof(*v));
	if (!v) {
		log_error("tib", "no memory to list %zu routes", tib->n_entries);
		return;
	}
	while ((node = hash_next(&tib->entries, node))) {
		const struct tib_entry *e = container_of(node, struct tib_entry, node);

		if (matches(&e->merged.key.src, src) && matches(&e->merged.key.grp, grp))
			n += describe(e, &v[n]);
	}
	qsort(v, n, sizeof(*v), cmp_entries);
	for (size_t i = 0; i < n; i++)
		if (!cb(arg, &v[i]))
			break;
	free(v);
}
