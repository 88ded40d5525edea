/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Route keys as values: equality, order, cover, hash, text.
 */
#pragma once

#include "dataplane/seam/dp.h"

#define ROUTE_KEY_STRLEN (2 * PREFIX_STRLEN + 8)

static inline bool route_key_eq(const struct dp_route_key *a, const struct dp_route_key *b)
{
	return a->table == b->table && prefix_eq(&a->grp, &b->grp) && prefix_eq(&a->src, &b->src);
}

/* Whether every packet that matches inner also matches outer. */
static inline bool route_key_covers(
	const struct dp_route_key *outer, const struct dp_route_key *inner)
{
	return outer->table == inner->table && prefix_covers(&outer->grp, &inner->grp) &&
	       prefix_covers(&outer->src, &inner->src);
}

static inline int prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int c = ip_cmp(&a->addr, &b->addr);

	return c ? c : (int)a->len - (int)b->len;
}

/* Order of show: table, group, source. */
static inline int route_key_cmp(const struct dp_route_key *a, const struct dp_route_key *b)
{
	int c = (int)a->table - (int)b->table;

	if (c == 0)
		c = prefix_cmp(&a->grp, &b->grp);
	return c ? c : prefix_cmp(&a->src, &b->src);
}

static inline uint32_t prefix_hash(const struct prefix *p, uint32_t seed)
{
	return ip_hash(&p->addr, seed * 31u + p->len);
}

/* The one group of the key; NULL: it is of a prefix of groups. */
static inline const struct ipaddr *route_key_group(const struct dp_route_key *k)
{
	return k->grp.len == ip_bits(&k->grp.addr) ? &k->grp.addr : NULL;
}

static inline uint32_t route_key_hash(const struct dp_route_key *k)
{
	return prefix_hash(&k->src, prefix_hash(&k->grp, k->table));
}

/* "(10.0.0.1, 239.1.1.1)" into buf (ROUTE_KEY_STRLEN suffices). Returns buf. */
static inline const char *route_key_str(const struct dp_route_key *k, char *buf, size_t cap)
{
	char s[PREFIX_STRLEN], g[PREFIX_STRLEN];

	snprintf(buf, cap, "(%s, %s)", prefix_str(&k->src, s, sizeof(s)),
		prefix_str(&k->grp, g, sizeof(g)));
	return buf;
}
