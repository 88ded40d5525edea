/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Sources that nobody on a link wants though the group is in EXCLUDE mode, where tracking knows all members.
 *
 * Deviation: by RFC 3376 6.4.1 and 6.4.2 a report of a host that excludes nothing takes the sources of all others out
 * of the records; when it has left, what the others exclude comes for a Group Membership Interval more ("(A-X-Y)=GMI").
 * Who knows all members excludes at once what all of them exclude, and says so in a query: a host of which a report
 * was lost, or forged, will object.
 *
 * This is done when a whole report has been taken, once for each of its groups, within an effort that the report's
 * sender cannot raise (effort.c): what is left over is excluded after the next report of a member. Else records that take the
 * same sources out of Y and bring them back would do so as often as they fit into a packet.
 */
#include "control/gmp/gmp_priv.h"

/* The host in EXCLUDE mode that names the fewest sources: what all exclude is among them. NULL: there is none. */
static const struct gmp_host *most_open(const struct gmp_group *g, uint64_t now_us)
{
	const struct gmp_host *best = NULL;

	for (uint32_t i = 0; i < g->n_hosts; i++) {
		const struct gmp_host *h = &g->hosts[i];

		if (h->exclude && h->due_us > now_us && (!best || h->n < best->n))
			best = h;
	}
	return best;
}

/* Of what h excludes, that which no member wants and which is not excluded yet: as much as there is room for, and
 * as may be changed for one report. In self's scratch. */
static struct gmp_list unwanted(
	const struct gmp_group *g, const struct gmp_host *h, uint32_t max, uint64_t now_us)
{
	struct ipaddr *v = g->gif->self->scratch;
	uint32_t n = 0, room = gmp_source_room(g);

	for (uint32_t i = 0; i < h->n && n < max; i++) {
		const struct ipaddr *src = &h->v[i].src;
		const struct gmp_source *s = gmp_source_find(g, src);

		if ((s ? s->set == GMP_SET_ZERO : room == 0) || gmp_track_wants(g, src, now_us))
			continue;
		room -= !s;
		v[n++] = *src;
	}
	return (struct gmp_list){.v = v, .n = n};
}

/* Whether any of them could be. */
static bool exclude(struct gmp_group *g, struct gmp_list list)
{
	bool any = false;

	g->asked = false;
	gmp_sources_mark(g, list, true);
	for (uint32_t i = 0; i < g->n_sources; i++) {
		struct gmp_source *s = &g->sources[i];

		s->asked = s->listed;
		if (!s->listed)
			continue;
		gmp_source_zero(g, s);
		any = true;
	}
	return any;
}

bool gmp_exclude_unwanted(struct gmp_group *g, struct gmp_effort *left, struct proto_ctx *ctx)
{
	const struct gmp_host *h;
	struct gmp_list list;
	uint64_t cost;

	if (!g->exclude || !gmp_track_complete(g, ctx->now_us))
		return false;
	h = most_open(g, ctx->now_us);
	if (!h || h->n == 0)
		return false;
	cost = (uint64_t)h->n * g->n_hosts;
	if (cost > left->comparisons || !gmp_scratch_reserve(g->gif, h->n))
		return false;
	left->comparisons -= (uint32_t)cost;
	list = unwanted(g, h, left->changes, ctx->now_us);
	left->changes -= list.n;
	if (list.n == 0 || !exclude(g, list))
		return false;
	gmp_query_ended(g, ctx);
	return true;
}
