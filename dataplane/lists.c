/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Oif lists: immutable, sorted, without duplicates, and made once: routes that want the same
 * outputs share one list, found by the hash of its members. A list lives as long as control or a
 * route refers to it, and then until workers have let go of it.
 */
#include "dataplane/tables.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS_MIN 256
#define IDS_MIN 64

int lists_init(struct lists *l, struct retire *r)
{
	*l = (struct lists){.retire = r, .next_id = 1, .mask = BUCKETS_MIN - 1};
	l->buckets = calloc(BUCKETS_MIN, sizeof(*l->buckets));
	return l->buckets ? 0 : -ENOMEM;
}

void lists_fini(struct lists *l)
{
	for (uint32_t i = 1; i < l->next_id; i++)
		free(l->by_id[i]);
	free(l->by_id);
	free(l->free_ids);
	free(l->buckets);
	*l = (struct lists){0};
}

static int u32_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts v and drops duplicates; the number left. */
static uint32_t members_normalize(uint32_t *v, uint32_t n)
{
	uint32_t out = 1;
	bool sorted = true;

	for (uint32_t i = 1; i < n && sorted; i++)
		sorted = v[i - 1] < v[i];
	if (sorted)
		return n;
	qsort(v, n, sizeof(*v), u32_cmp);
	for (uint32_t i = 1; i < n; i++) {
		if (v[i] != v[out - 1])
			v[out++] = v[i];
	}
	return out;
}

static uint32_t members_hash(const uint32_t *v, uint32_t n)
{
	uint64_t h = n;

	for (uint32_t i = 0; i < n; i++)
		h = mfib_mix(h ^ v[i], 0x9e3779b97f4a7c15u);
	return (uint32_t)(h ^ h >> 32);
}

static struct oif_list *members_find(
	const struct lists *l, const uint32_t *v, uint32_t n, uint32_t hash)
{
	struct oif_list *list = l->buckets[hash & l->mask];

	while (list &&
		(list->hash != hash || list->n != n || memcmp(list->oifs, v, n * sizeof(*v)) != 0))
		list = list->next;
	return list;
}

/* Twice the buckets when there are more lists than that. A table that cannot grow is slow, not
 * wrong. */
static void buckets_grow(struct lists *l)
{
	uint32_t mask = l->mask * 2 + 1;
	struct oif_list **to;

	if (l->n <= l->mask)
		return;
	to = calloc((size_t)mask + 1, sizeof(struct oif_list *));
	if (!to)
		return;
	for (uint32_t i = 0; i <= l->mask; i++) {
		for (struct oif_list *list = l->buckets[i], *next; list; list = next) {
			next = list->next;
			list->next = to[list->hash & mask];
			to[list->hash & mask] = list;
		}
	}
	free(l->buckets);
	l->buckets = to;
	l->mask = mask;
}

/* Room for one more id. */
static int ids_grow(struct lists *l)
{
	uint32_t cap = l->cap_ids ? l->cap_ids * 2 : IDS_MIN;
	struct oif_list **by_id;
	uint32_t *free_ids;

	if (l->n_free_ids || l->next_id < l->cap_ids)
		return 0;
	by_id = realloc(l->by_id, cap * sizeof(*by_id));
	if (!by_id)
		return -ENOMEM;
	l->by_id = by_id;
	free_ids = realloc(l->free_ids, cap * sizeof(*free_ids));
	if (!free_ids)
		return -ENOMEM;
	l->free_ids = free_ids;
	memset(&by_id[l->cap_ids], 0, (cap - l->cap_ids) * sizeof(*by_id));
	l->cap_ids = cap;
	return 0;
}

static size_t list_bytes(uint32_t n)
{
	return sizeof(struct oif_list) + (size_t)n * sizeof(uint32_t);
}

static struct oif_list *list_new(struct lists *l, const uint32_t *v, uint32_t n, uint32_t hash)
{
	struct oif_list *list;

	if (ids_grow(l))
		return NULL;
	list = malloc(list_bytes(n));
	if (!list)
		return NULL;
	*list = (struct oif_list){.n = n, .hash = hash, .serial = ++l->serial};
	memcpy(list->oifs, v, n * sizeof(*v));
	list->id = l->n_free_ids ? l->free_ids[--l->n_free_ids] : l->next_id++;
	l->by_id[list->id] = list;
	buckets_grow(l);
	list->next = l->buckets[hash & l->mask];
	l->buckets[hash & l->mask] = list;
	l->n++;
	l->members += n;
	l->bytes += list_bytes(n);
	return list;
}

int lists_get(struct lists *l, const uint32_t *oifs, uint32_t n, uint32_t max_oifs, uint32_t *id)
{
	struct oif_list *list;
	uint32_t *v, hash;

	*id = 0;
	if (!n)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!oifs[i] || oifs[i] >= max_oifs)
			return -EINVAL;
	}
	v = malloc((size_t)n * sizeof(*v));
	if (!v)
		return -ENOMEM;
	memcpy(v, oifs, (size_t)n * sizeof(*v));
	n = members_normalize(v, n);
	hash = members_hash(v, n);
	list = members_find(l, v, n, hash);
	if (!list)
		list = list_new(l, v, n, hash);
	free(v);
	if (!list)
		return -ENOMEM;
	list->refs++;
	*id = list->id;
	return 0;
}

struct oif_list *lists_find(const struct lists *l, uint32_t id)
{
	return id && id < l->next_id ? l->by_id[id] : NULL;
}

void lists_unref(struct lists *l, struct oif_list *list)
{
	struct oif_list **at;

	if (!list || --list->refs)
		return;
	at = &l->buckets[list->hash & l->mask];
	while (*at != list)
		at = &(*at)->next;
	*at = list->next;
	l->by_id[list->id] = NULL;
	l->free_ids[l->n_free_ids++] = list->id;
	l->n--;
	l->members -= list->n;
	l->bytes -= list_bytes(list->n);
	retire_add(l->retire, retire_free, list, 0);
}
