/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The source records of a group (RFC 3376 6.2.3): an array in order of address, so that a record is
 * applied in one pass over both, and a group with one source costs one small block.
 */
#include <stdlib.h>

#include "control/gmp/gmp_priv.h"

/* Where src stands or would stand. */
static uint32_t seek(const struct gmp_group *g, const struct ipaddr *src)
{
	uint32_t lo = 0, hi = g->n_sources;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (ip_cmp(&g->sources[mid].addr, src) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct gmp_source *gmp_source_find(const struct gmp_group *g, const struct ipaddr *src)
{
	uint32_t i = seek(g, src);

	return i < g->n_sources && ip_eq(&g->sources[i].addr, src) ? &g->sources[i] : NULL;
}

/* Room for n more. */
static bool reserve(struct gmp_group *g, uint32_t n)
{
	uint32_t cap = g->cap_sources + g->cap_sources / 2;
	struct gmp_source *v;

	if (g->n_sources + n <= g->cap_sources)
		return true;
	if (cap < g->n_sources + n)
		cap = g->n_sources + n;
	v = realloc(g->sources, cap * sizeof(*v));
	if (!v) {
		gmp_count(g->gif, GMP_C_no_memory, 1);
		return false;
	}
	g->sources = v;
	g->cap_sources = cap;
	return true;
}

/* What a limit leaves; 0 is no limit. */
static uint32_t below(uint32_t max, uint32_t n)
{
	return !max ? UINT32_MAX : n < max ? max - n : 0;
}

uint32_t gmp_source_room(const struct gmp_group *g)
{
	const struct gmp_if_config *c = &g->gif->conf;
	uint32_t sources = below(c->max_sources, g->n_sources);
	uint32_t entries = below(c->max_entries, g->gif->n_entries);

	return sources < entries ? sources : entries;
}

/* How many of n new sources the limits allow; the others are counted. */
static uint32_t allowed(struct gmp_group *g, uint32_t n)
{
	uint32_t room = gmp_source_room(g);

	if (room > n)
		room = n;
	gmp_refuse(g->gif, GMP_C_drop_source_limit, &g->grp, n - room);
	return room;
}

/* Marks those that are there; how many are not. */
static uint32_t mark_present(struct gmp_group *g, struct gmp_list list)
{
	uint32_t i = 0, j = 0, missing = 0;

	while (j < list.n) {
		int cmp = i < g->n_sources ? ip_cmp(&g->sources[i].addr, &list.v[j]) : 1;

		if (cmp == 0)
			g->sources[i].listed = true;
		if (cmp > 0)
			missing++;
		if (cmp >= 0)
			j++;
		if (cmp <= 0)
			i++;
	}
	return missing;
}

/* Of the missing ones the first n join: both arrays are merged from behind, into the room that was
 * made. skip: missing ones that do not join, the last of the list. */
static void merge(struct gmp_group *g, struct gmp_list list, uint32_t n, uint32_t skip)
{
	struct gmp_source *out = g->sources + g->n_sources + n;
	uint32_t i = g->n_sources, j = list.n;

	while (n > 0) {
		int cmp = i > 0 ? ip_cmp(&g->sources[i - 1].addr, &list.v[j - 1]) : -1;

		if (cmp > 0) {
			*--out = g->sources[--i];
			continue;
		}
		j--;
		if (cmp == 0) {
			*--out = g->sources[--i];
		} else if (skip > 0) {
			skip--;
		} else {
			*--out = (struct gmp_source){.addr = list.v[j], .listed = true};
			n--;
		}
	}
}

void gmp_sources_mark(struct gmp_group *g, struct gmp_list list, bool add)
{
	uint32_t missing, n;

	for (uint32_t i = 0; i < g->n_sources; i++)
		g->sources[i].listed = false;
	missing = mark_present(g, list);
	if (!add || missing == 0)
		return;
	n = allowed(g, missing);
	if (n > 0 && !reserve(g, n))
		n = 0;
	g->lacking |= n < missing;
	if (n == 0)
		return;
	merge(g, list, n, missing - n);
	g->n_sources += n;
	g->gif->n_entries += n;
}

struct gmp_source *gmp_source_get(struct gmp_group *g, const struct ipaddr *src)
{
	uint32_t i = seek(g, src);

	if (i < g->n_sources && ip_eq(&g->sources[i].addr, src))
		return &g->sources[i];
	if (!reserve(g, 1))
		return NULL;
	memmove(&g->sources[i + 1], &g->sources[i], (g->n_sources - i) * sizeof(*g->sources));
	g->sources[i] = (struct gmp_source){.addr = *src};
	g->n_sources++;
	g->gif->n_entries++;
	return &g->sources[i];
}

void gmp_source_run(struct gmp_group *g, struct gmp_source *s, uint64_t due_us)
{
	g->dirty |= s->set != GMP_SET_RUNNING;
	s->set = GMP_SET_RUNNING;
	s->due_us = due_us;
}

void gmp_source_zero(struct gmp_group *g, struct gmp_source *s)
{
	g->dirty |= s->set != GMP_SET_ZERO;
	s->set = GMP_SET_ZERO;
	s->q_left = 0;
}

void gmp_source_delete(struct gmp_group *g, struct gmp_source *s)
{
	g->dirty = true;
	s->set = GMP_SET_NONE;
	s->q_left = 0;
}

/* RFC 3376 6.3: in EXCLUDE mode the record stays, to say what is not to be forwarded. */
void gmp_source_expire(struct gmp_group *g, struct gmp_source *s)
{
	if (g->exclude)
		gmp_source_zero(g, s);
	else
		gmp_source_delete(g, s);
}

/* One that others were told of must have been told away first. */
void gmp_sources_sweep(struct gmp_group *g, uint64_t now_us)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n_sources; i++)
		if (g->sources[i].set != GMP_SET_NONE || g->sources[i].is_static ||
			g->sources[i].wanted)
			g->sources[n++] = g->sources[i];
		else
			g->lacking |= g->sources[i].named_due_s * 1000000ull > now_us;
	g->gif->n_entries -= g->n_sources - n;
	g->n_sources = n;
	if (n == 0) {
		free(g->sources);
		g->sources = NULL;
		g->cap_sources = 0;
	}
}
