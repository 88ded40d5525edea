/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Looking at the TIB: one entry, all in order, the one a packet meets.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

static bool describe(const struct tib_entry *e, struct tib_entry_info *out)
{
	if (!e || !e->alive || !e->want)
		return false;
	*out = (struct tib_entry_info){.key = e->key,
		.merged = &e->want->merged,
		.oifs = e->want->oifs,
		.created_us = e->created_us,
		.n_wishes = e->want->n_owners,
		.owners = e->want->owners,
		.crossing = e->crossing,
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

void tib_walk(const struct tib *tib, const struct ipaddr *src, const struct ipaddr *grp,
	bool (*cb)(void *arg, const struct tib_entry_info *e), void *arg)
{
	for (struct order_node *n = order_first(&tib->order); n; n = order_next(n)) {
		const struct tib_entry *e = container_of(n, struct tib_entry, in_order);
		struct tib_entry_info info;

		if (matches(&e->key.src, src) && matches(&e->key.grp, grp) && describe(e, &info) &&
			!cb(arg, &info))
			return;
	}
}

void tib_walk_from(const struct tib *tib, const struct dp_route_key *key,
	bool (*cb)(void *arg, const struct tib_entry_info *e), void *arg)
{
	struct order_node *n = key ? order_seek(&tib->order, key) : order_first(&tib->order);
	struct tib_entry_info info;

	for (; n; n = order_next(n))
		if (describe(container_of(n, struct tib_entry, in_order), &info) && !cb(arg, &info))
			return;
}

struct first {
	struct tib_entry_info *out;
	bool found;
};

static bool take_first(void *arg, const struct tib_entry_info *e)
{
	struct first *f = arg;

	*f->out = *e;
	f->found = true;
	return false;
}

bool tib_first_from(
	const struct tib *tib, const struct dp_route_key *key, struct tib_entry_info *out)
{
	struct first f = {.out = out};

	tib_walk_from(tib, key, take_first, &f);
	return f.found;
}

bool tib_group_behind(
	const struct tib *tib, const struct dp_route_key *key, struct tib_entry_info *out)
{
	/* no source stands behind one of an impossible family */
	struct dp_route_key end = {
		.table = key->table, .grp = key->grp, .src.addr.family = UINT8_MAX};

	return tib_first_from(tib, &end, out);
}

/* --- about one packet -------------------------------------------------------------------------- */

/* Calls cb for every entry that matches, the most specific first, until it says false. */
static void match_walk(const struct tib *tib, uint16_t table, const struct ipaddr *src,
	const struct ipaddr *grp, bool (*cb)(void *arg, const struct tib_entry *e), void *arg)
{
	const uint32_t *glens = tib->group_lens[tib_family(grp)];
	const uint32_t *slens = tib->src_lens[tib_family(src)];

	for (int gl = ip_bits(grp); gl >= 0; gl--) {
		struct dp_route_key key = {.table = table, .grp = prefix_make(*grp, (uint8_t)gl)};

		if (!glens[gl] || !tib_group_find(tib, table, &key.grp))
			continue;
		for (int sl = ip_bits(src); sl >= 0; sl--) {
			const struct tib_entry *e;

			key.src = prefix_make(*src, (uint8_t)sl);
			e = slens[sl] ? tib_entry_find(tib, &key) : NULL;
			if (e && !cb(arg, e))
				return;
		}
	}
}

struct except_search {
	struct prefix src;
	struct tib_except *out;
	bool found;
};

static bool except_in(void *arg, const struct tib_entry *e)
{
	struct except_search *s = arg;

	for (struct tib_owned_wish *w = e->wishes; w && !s->found; w = w->next) {
		const struct prefix *p =
			tib_except_find(terms_excepts(w->terms), w->terms->n_excepts, &s->src);

		if (!p)
			continue;
		s->found = true;
		*s->out = (struct tib_except){.key = e->key, .except = *p, .owner = w->owner};
	}
	return !s->found;
}

bool tib_excepted(const struct tib *tib, uint16_t table, const struct ipaddr *src,
	const struct ipaddr *grp, struct tib_except *out)
{
	struct except_search s = {.src = prefix_host(*src), .out = out};

	match_walk(tib, table, src, grp, except_in, &s);
	return s.found;
}

struct common {
	uint8_t src_len, grp_len;
	bool any;
};

static bool common_of(void *arg, const struct tib_entry *e)
{
	struct common *c = arg;
	const struct dp_route_key *k = &e->key;

	if (!tib_entry_is_box(e))
		return true;
	c->any = true;
	if (k->src.len > c->src_len)
		c->src_len = k->src.len;
	if (k->grp.len > c->grp_len)
		c->grp_len = k->grp.len;
	return true;
}

bool tib_crossing_missing(
	const struct tib *tib, uint16_t table, const struct ipaddr *src, const struct ipaddr *grp)
{
	struct common c = {0};
	struct dp_route_key key = {.table = table};
	const struct tib_entry *e;

	match_walk(tib, table, src, grp, common_of, &c);
	if (!c.any)
		return false;
	key.src = prefix_make(*src, c.src_len);
	key.grp = prefix_make(*grp, c.grp_len);
	e = tib_entry_find(tib, &key);
	return !e || !e->alive;
}

struct scan {
	void (*cb)(void *arg, const struct tib_entry_info *e);
	void *arg;
};

static void scan_node(void *arg, struct hash_node *node)
{
	const struct scan *s = arg;
	struct tib_entry_info info;

	if (describe(container_of(node, struct tib_entry, node), &info))
		s->cb(s->arg, &info);
}

uint32_t tib_scan(const struct tib *tib, uint32_t cursor,
	void (*cb)(void *arg, const struct tib_entry_info *e), void *arg)
{
	struct scan s = {.cb = cb, .arg = arg};

	return hash_scan(&tib->entries, cursor, scan_node, &s);
}
