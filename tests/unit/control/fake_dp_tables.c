/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The recording data plane: lists and routes. Both are hashed, so that tests of 100,000 routes are
 * quick.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/unit/control/fake_dp_priv.h"

/* --- lists --- */

static int cmp_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t sort_unique(uint32_t *v, uint32_t n)
{
	uint32_t out = 0;

	qsort(v, n, sizeof(*v), cmp_u32);
	for (uint32_t i = 0; i < n; i++)
		if (out == 0 || v[out - 1] != v[i])
			v[out++] = v[i];
	return out;
}

static struct fake_list *list_slot(struct fake_dp *f)
{
	for (uint32_t i = 1; i < f->lists_cap; i++)
		if (!f->lists[i].id) {
			f->lists[i].id = i;
			return &f->lists[i];
		}
	f->lists = realloc(f->lists, f->lists_cap * 2 * sizeof(*f->lists));
	assert_non_null(f->lists);
	memset(f->lists + f->lists_cap, 0, f->lists_cap * sizeof(*f->lists));
	f->lists_cap *= 2;
	f->lists[f->lists_cap / 2].id = f->lists_cap / 2;
	return &f->lists[f->lists_cap / 2];
}

int fake_list_get(void *dp, const uint32_t *oifs, uint32_t n, uint32_t *list)
{
	struct fake_dp *f = dp;
	int rc = fake_enter(f, FAKE_LIST_GET, true);
	struct fake_list *l;
	uint32_t hash = 2166136261u, *v;

	if (rc)
		return rc;
	if (n == 0)
		fail_msg("list_get: empty list");
	v = malloc(n * sizeof(*v));
	assert_non_null(v);
	memcpy(v, oifs, n * sizeof(*v));
	n = sort_unique(v, n);
	for (uint32_t i = 0; i < n; i++) {
		if (v[i] == 0 || v[i] >= FAKE_OIFS_MAX || !f->oifs[v[i]].id)
			fail_msg("list_get: unknown oif %u", v[i]);
		hash = (hash ^ v[i]) * 16777619u;
	}
	for (uint32_t i = f->list_buckets[hash % FAKE_BUCKETS]; i; i = f->lists[i].next) {
		l = &f->lists[i];
		if (l->hash == hash && l->n == n && !memcmp(l->oifs, v, n * sizeof(*v))) {
			free(v);
			l->held++;
			*list = i;
			return 0;
		}
	}
	l = list_slot(f);
	l->n = n;
	l->oifs = v;
	l->hash = hash;
	l->held = 1;
	l->routes = 0;
	l->next = f->list_buckets[hash % FAKE_BUCKETS];
	f->list_buckets[hash % FAKE_BUCKETS] = l->id;
	for (uint32_t i = 0; i < n; i++)
		f->oif_in_lists[v[i]]++;
	f->n_lists++;
	*list = l->id;
	return 0;
}

static void list_check(struct fake_dp *f, uint32_t list)
{
	uint32_t *at;
	struct fake_list *l = &f->lists[list];

	if (l->held || l->routes)
		return;
	for (at = &f->list_buckets[l->hash % FAKE_BUCKETS]; *at != list; at = &f->lists[*at].next)
		;
	*at = l->next;
	for (uint32_t i = 0; i < l->n; i++)
		f->oif_in_lists[l->oifs[i]]--;
	free(l->oifs);
	memset(l, 0, sizeof(*l));
	f->n_lists--;
}

void fake_list_put(void *dp, uint32_t list)
{
	struct fake_dp *f = dp;

	fake_enter(f, FAKE_LIST_PUT, true);
	if (list == 0 || list >= f->lists_cap || !f->lists[list].id)
		fail_msg("list_put: no list %u", list);
	if (f->lists[list].held == 0)
		fail_msg("list_put %u: put more often than got", list);
	f->lists[list].held--;
	list_check(f, list);
}

/* --- routes --- */

static uint32_t key_hash(const struct dp_route_key *k)
{
	uint32_t h = ip_hash(&k->grp.addr, k->table * 7u + k->grp.len);

	return ip_hash(&k->src.addr, h + k->src.len);
}

static bool key_eq(const struct dp_route_key *a, const struct dp_route_key *b)
{
	return a->table == b->table && prefix_eq(&a->src, &b->src) && prefix_eq(&a->grp, &b->grp);
}

uint32_t fake_route_find(const struct fake_dp *f, const struct dp_route_key *k)
{
	uint32_t h = key_hash(k);

	for (uint32_t i = f->route_buckets[h % FAKE_BUCKETS]; i; i = f->routes[i - 1].next)
		if (f->routes[i - 1].hash == h && key_eq(&f->routes[i - 1].r.key, k))
			return i;
	return 0;
}

/* The link that leads to slot i. */
static uint32_t *route_link(struct fake_dp *f, uint32_t i)
{
	uint32_t *at = &f->route_buckets[f->routes[i - 1].hash % FAKE_BUCKETS];

	while (*at != i)
		at = &f->routes[*at - 1].next;
	return at;
}

static void route_remove(struct fake_dp *f, uint32_t i)
{
	uint32_t list = f->routes[i - 1].r.list, last = f->n_routes;

	*route_link(f, i) = f->routes[i - 1].next;
	if (i != last) {
		*route_link(f, last) = i;
		f->routes[i - 1] = f->routes[last - 1];
	}
	f->n_routes--;
	if (list) {
		f->lists[list].routes--;
		list_check(f, list);
	}
}

static void route_check(const struct fake_dp *f, const struct dp_route *r)
{
	if (r->key.pad || r->key.src.addr.family != r->key.grp.addr.family)
		fail_msg("route_set: key with padding or mixed families");
	if (r->n_inputs > DP_INPUTS_MAX)
		fail_msg("route_set: %u inputs", r->n_inputs);
	for (unsigned i = 0; i < r->n_inputs; i++)
		if (r->inputs[i].ifid == 0)
			fail_msg("route_set: input without interface");
	if (r->list && (r->list >= f->lists_cap || !f->lists[r->list].id))
		fail_msg("route_set: unknown list %u", r->list);
	if (r->list && !f->lists[r->list].held)
		fail_msg("route_set: list %u is not held by control", r->list);
}

static int route_put(struct fake_dp *f, const struct dp_route *r)
{
	uint32_t i = fake_route_find(f, &r->key), old;
	struct fake_route *fr;

	if (r->list)
		f->lists[r->list].routes++;
	if (i) {
		fr = &f->routes[i - 1];
		old = fr->r.list;
		fr->r = *r;
		fr->swept = false;
		if (old) {
			f->lists[old].routes--;
			list_check(f, old);
		}
		return 0;
	}
	if (f->n_routes >= f->routes_max) {
		if (r->list)
			f->lists[r->list].routes--;
		return -ENOSPC;
	}
	f->routes = fake_grown(f->routes, f->n_routes, sizeof(*f->routes));
	fr = &f->routes[f->n_routes++];
	*fr = (struct fake_route){.r = *r, .hash = key_hash(&r->key)};
	fr->next = f->route_buckets[fr->hash % FAKE_BUCKETS];
	f->route_buckets[fr->hash % FAKE_BUCKETS] = f->n_routes;
	return 0;
}

int fake_route_set(void *dp, const struct dp_route *routes, uint32_t n, uint32_t *done)
{
	struct fake_dp *f = dp;
	uint32_t i;
	int rc = 0;

	for (i = 0; i < n; i++) {
		rc = fake_enter(f, FAKE_ROUTE_SET, i == 0);
		if (rc)
			break;
		route_check(f, &routes[i]);
		rc = route_put(f, &routes[i]);
		if (rc)
			break;
		f->routes_written++;
	}
	if (done)
		*done = i;
	return rc;
}

int fake_route_del(void *dp, const struct dp_route_key *keys, uint32_t n)
{
	struct fake_dp *f = dp;
	int rc = 0;

	for (uint32_t i = 0; i < n; i++) {
		int e = fake_enter(f, FAKE_ROUTE_DEL, i == 0);
		uint32_t at = fake_route_find(f, &keys[i]);

		if (e)
			return e;
		if (at)
			route_remove(f, at);
		else
			rc = -ENOENT;
	}
	return rc;
}

int fake_resync_begin(void *dp)
{
	struct fake_dp *f = dp;

	for (uint32_t i = 0; i < f->n_routes; i++)
		f->routes[i].swept = true;
	return 0;
}

int fake_resync_end(void *dp)
{
	struct fake_dp *f = dp;

	for (uint32_t i = f->n_routes; i > 0; i--)
		if (f->routes[i - 1].swept)
			route_remove(f, i);
	return 0;
}
