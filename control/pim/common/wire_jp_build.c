/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Writing Join/Prune: many groups in a message, divided where the MTU, the 8-bit count of groups or the
 * 16-bit counts of sources end. A group set with a (*,G) join carries all its (S,G,rpt) prunes in the same
 * message, or as many as an empty one has room for, the smallest addresses first (RFC 7761 4.9.5.2).
 */
#include "control/pim/common/wire_priv.h"

#define GROUPS_MAX 255u
#define SOURCES_MAX 65535u

/* --- the set ---------------------------------------------------------------------------------------- */

void pim_jp_set_begin(struct pim_jp_set *set, const struct ipaddr *grp)
{
	set->grp = *grp;
	set->n = 0;
	set->lost = false;
}

void pim_jp_set_add(struct pim_jp_set *set, bool join, const struct ipaddr *addr, uint8_t flags)
{
	size_t cap = set->cap ? set->cap * 2 : 16;
	struct pim_jp_source *v;

	if (set->n == set->cap) {
		v = realloc(set->v, cap * sizeof(*v));
		if (!v) {
			set->lost = true;
			return;
		}
		set->v = v;
		set->cap = cap;
	}
	set->v[set->n++] = (struct pim_jp_source){.addr = *addr, .flags = flags, .join = join};
}

void pim_jp_set_fini(struct pim_jp_set *set)
{
	free(set->v);
	*set = (struct pim_jp_set){0};
}

/* --- the message -------------------------------------------------------------------------------------- */

static size_t source_len(const struct pim_jp_builder *b)
{
	return 4u + ip_bytes(&b->src);
}

static size_t head_len(const struct pim_jp_builder *b)
{
	return 4u + ip_bytes(&b->src) + 4u;
}

static void message_begin(struct pim_jp_builder *b)
{
	struct ipaddr all = pim_all_routers(b->src.family);

	pim_msg_begin(&b->m, b->buf, b->cap, PIM_JOIN_PRUNE, &b->src, &all);
	pim_write_unicast(&b->m.w, &b->upstream);
	write_u8(&b->m.w, 0);
	b->n_groups_at = b->m.w.len;
	write_u8(&b->m.w, 0);
	write_u16(&b->m.w, b->holdtime_s);
}

void pim_jp_flush(struct pim_jp_builder *b)
{
	size_t len;

	if (b->n_groups == 0)
		return;
	b->m.w.p[b->n_groups_at] = b->n_groups;
	b->n_groups = 0;
	len = pim_msg_end(&b->m);
	if (len == 0)
		return;
	b->messages++;
	b->send(b->arg, b->m.w.p, len);
}

/* How many entries of one more group set the message has room for. */
static size_t room(struct pim_jp_builder *b)
{
	size_t left, n;

	if (b->n_groups == 0)
		message_begin(b);
	left = b->m.w.cap - b->m.w.len;
	if (b->m.w.full || b->n_groups == GROUPS_MAX || left < head_len(b))
		return 0;
	n = (left - head_len(b)) / source_len(b);
	return n < SOURCES_MAX ? n : SOURCES_MAX;
}

/* Room for at least one, and for want if an empty message has that much: what there is, 0 if even an empty
 * message holds none. */
static size_t room_for(struct pim_jp_builder *b, size_t want)
{
	size_t n = room(b);

	if (n >= want || b->n_groups == 0)
		return n;
	pim_jp_flush(b);
	return room(b);
}

/* --- a group set ---------------------------------------------------------------------------------------- */

struct slice {
	const struct pim_jp_source *v;
	size_t n;
};

static uint16_t count(const struct slice *s, bool join)
{
	uint16_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].join == join;
	return n;
}

static void write_sources(struct pim_jp_builder *b, const struct slice *s, bool join)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].join == join)
			pim_write_source(&b->m.w, &s->v[i].addr, s->v[i].flags);
}

/* One group set of two slices that fit: joins of both, then prunes of both. */
static void write_set(struct pim_jp_builder *b, const struct ipaddr *grp, const struct slice *first,
	const struct slice *second)
{
	pim_write_group(&b->m.w, grp);
	write_u16(&b->m.w, (uint16_t)(count(first, true) + count(second, true)));
	write_u16(&b->m.w, (uint16_t)(count(first, false) + count(second, false)));
	write_sources(b, first, true);
	write_sources(b, second, true);
	write_sources(b, first, false);
	write_sources(b, second, false);
	b->n_groups++;
	b->groups++;
	b->entries += (uint32_t)(first->n + second->n);
}

static bool is_star_join(const struct pim_jp_source *s)
{
	return s->join && (s->flags & PIM_SRC_W);
}

/* (*,G) joins, then (S,G,rpt) prunes, then all else. */
static int rank(const struct pim_jp_source *s)
{
	if (is_star_join(s))
		return 0;
	return !s->join && (s->flags & (PIM_SRC_W | PIM_SRC_R)) == PIM_SRC_R ? 1 : 2;
}

static int cmp_source(const void *a, const void *b)
{
	const struct pim_jp_source *x = a, *y = b;

	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	if (x->join != y->join)
		return x->join ? -1 : 1;
	/* a Prune of (*,G) in front of those of (S,G): FRR's pimd forgets an (S,G) Prune that came before */
	if ((x->flags ^ y->flags) & PIM_SRC_W)
		return x->flags & PIM_SRC_W ? -1 : 1;
	return ip_cmp(&x->addr, &y->addr);
}

/* How many of the sorted set must not be divided: 0 without a (*,G) join. */
static size_t bound_entries(const struct pim_jp_set *set)
{
	size_t n = 0;

	if (set->n == 0 || !is_star_join(&set->v[0]))
		return 0;
	while (n < set->n && rank(&set->v[n]) < 2)
		n++;
	return n;
}

void pim_jp_build(struct pim_jp_builder *b, struct pim_jp_set *set)
{
	struct slice bound = {.v = set->v}, none = {0}, rest;
	size_t n, fit;

	if (set->n == 0)
		return;
	if (set->n > 1)
		qsort(set->v, set->n, sizeof(*set->v), cmp_source);
	n = bound.n = bound_entries(set);
	rest = (struct slice){.v = set->v + n};
	if (n > 0) {
		fit = room_for(b, n);
		if (fit < n) {
			bound.n = fit;
			b->cut += (uint32_t)(n - fit);
		}
		if (fit > bound.n)
			rest.n = fit - bound.n < set->n - n ? fit - bound.n : set->n - n;
		if (bound.n > 0)
			write_set(b, &set->grp, &bound, &rest);
		n += rest.n;
	}
	for (; n < set->n; n += rest.n) {
		fit = room_for(b, 1);
		if (fit == 0)
			return; /* an MTU that holds no entry at all */
		rest.v = set->v + n;
		rest.n = fit < set->n - n ? fit : set->n - n;
		write_set(b, &set->grp, &rest, &none);
	}
}
