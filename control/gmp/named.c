/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Which sources tracked hosts in INCLUDE mode have named. A report of an EXCLUDE host takes such sources out of X
 * ("Delete (X-A)", RFC 3376 6.4), which changes nothing for those hosts.
 *
 * Each source has the time at which the last word for it is too old. Who names it again puts that off, so the usual
 * report costs its own sources and nothing else. Who takes the last word back has the other hosts looked at: once, for
 * all that a report took back; where that is more than the interface may do in this second, a second later, and
 * until then the source counts as wanted.
 */
#include "control/gmp/gmp_priv.h"

#define WAIT_US 1000000u

static uint64_t due_us(const struct gmp_source *s)
{
	return s->named_due_s * 1000000ull;
}

static void flag(struct gmp_group *g, struct gmp_source *s, uint64_t now_us)
{
	s->recount = true;
	if (!g->recount_due_us)
		g->recount_due_us = now_us + WAIT_US;
}

void gmp_named_add(
	struct gmp_group *g, const struct ipaddr *host, enum gmp_record_type type, uint64_t now_us)
{
	const struct gmp_host *h = gmp_track_find(g, host);
	bool names =
		h && !h->exclude && (type == GMP_IS_IN || type == GMP_ALLOW || type == GMP_TO_IN);
	uint32_t due_s = names ? gmp_track_due_s(h->due_us) : 0;

	for (uint32_t i = 0; i < g->n_sources && (names || g->lacking); i++) {
		struct gmp_source *s = &g->sources[i];

		if (!s->listed)
			continue;
		if (g->lacking && !s->named_due_s)
			flag(g, s, now_us);
		if (s->named_due_s < due_s)
			s->named_due_s = due_s;
	}
}

void gmp_named_drop(struct gmp_group *g, const struct gmp_heard *name, uint64_t now_us)
{
	struct gmp_source *s = gmp_source_find(g, &name->src);

	if (s && s->named_due_s <= name->due_s)
		flag(g, s, now_us);
}

void gmp_named_clear(struct gmp_group *g)
{
	for (uint32_t i = 0; i < g->n_sources; i++) {
		g->sources[i].named_due_s = 0;
		g->sources[i].recount = false;
	}
	g->recount_due_us = 0;
	g->lacking = false;
}

/* --- counting anew -------------------------------------------------------------------------------- */

static void latest(struct gmp_source *s, const struct gmp_heard *name)
{
	if (s->named_due_s < name->due_s)
		s->named_due_s = name->due_s;
}

static void count_by_names(struct gmp_group *g)
{
	for (uint32_t i = 0; i < g->n_hosts; i++) {
		const struct gmp_host *h = &g->hosts[i];

		for (uint32_t k = 0; k < h->n && !h->exclude; k++) {
			struct gmp_source *s = gmp_source_find(g, &h->v[k].src);

			if (s && s->recount)
				latest(s, &h->v[k]);
		}
	}
}

static void count_by_hosts(struct gmp_group *g, struct gmp_source *s)
{
	for (uint32_t i = 0; i < g->n_hosts; i++) {
		const struct gmp_host *h = &g->hosts[i];
		const struct gmp_heard *name = h->exclude ? NULL : gmp_track_heard(h, &s->addr);

		if (name)
			latest(s, name);
	}
}

static uint64_t names(const struct gmp_group *g)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < g->n_hosts; i++)
		n += g->hosts[i].exclude ? 0 : g->hosts[i].n;
	return n;
}

static uint32_t flagged(const struct gmp_group *g)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n_sources; i++)
		n += g->sources[i].recount;
	return n;
}

/* The flagged ones, in the cheaper of two ways, if there is the effort for it or it has waited long enough. */
static void recount(struct gmp_group *g, uint64_t now_us)
{
	uint64_t by_hosts = (uint64_t)flagged(g) * g->n_hosts, by_names = names(g);
	uint64_t cost = by_hosts < by_names ? by_hosts : by_names;

	if (!gmp_effort_take(g->gif, cost, now_us >= g->recount_due_us, now_us))
		return;
	g->gif->compared += cost;
	for (uint32_t i = 0; i < g->n_sources; i++)
		if (g->sources[i].recount)
			g->sources[i].named_due_s = 0;
	if (by_names < by_hosts)
		count_by_names(g);
	for (uint32_t i = 0; i < g->n_sources; i++) {
		if (g->sources[i].recount && by_names >= by_hosts)
			count_by_hosts(g, &g->sources[i]);
		g->sources[i].recount = false;
	}
	g->recount_due_us = 0;
}

void gmp_named_mark(struct gmp_group *g, uint64_t now_us)
{
	if (g->recount_due_us)
		recount(g, now_us);
	for (uint32_t i = 0; i < g->n_sources; i++) {
		struct gmp_source *s = &g->sources[i];
		bool wanted = g->exclude && due_us(s) > now_us;

		g->dirty |= wanted != s->wanted;
		s->wanted = wanted;
		if (wanted && s->set == GMP_SET_NONE)
			s->due_us = due_us(s);
	}
}
