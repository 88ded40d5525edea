/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Sources that nobody on a link wants though the group is in EXCLUDE mode, where tracking knows all members.
 *
 * Deviation: by RFC 3376 6.4.1 and 6.4.2 a report of a host that excludes nothing takes the sources of all others out
 * of the records; when it has left, what the others exclude comes for a Group Membership Interval more ("(A-X-Y)=GMI").
 * Who knows all members excludes at once what all of them exclude.
 */
#include "control/gmp/gmp_priv.h"

#define COMPARE_MAX 100000u /* sources times hosts that are looked at for one report */

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

/* Its record, made if there is room. NULL: it is excluded already, or there is none. */
static struct gmp_source *record_for(struct gmp_group *g, const struct ipaddr *src)
{
	const struct gmp_if_config *c = &g->gif->conf;
	struct gmp_source *s = gmp_source_find(g, src);

	if (s)
		return s->set == GMP_SET_ZERO ? NULL : s;
	if ((c->max_sources && g->n_sources >= c->max_sources) ||
		(c->max_entries && g->gif->n_entries >= c->max_entries))
		return NULL;
	return gmp_source_get(g, src);
}

void gmp_exclude_unwanted(struct gmp_group *g, uint64_t now_us)
{
	const struct gmp_host *h;

	if (!g->exclude || !gmp_track_complete(g, now_us))
		return;
	h = most_open(g, now_us);
	if (!h || (uint64_t)h->n * g->n_hosts > COMPARE_MAX)
		return;
	for (uint32_t i = 0; i < h->n; i++) {
		const struct ipaddr *src = &h->v[i].src;
		struct gmp_source *s = gmp_track_wants(g, src, now_us) ? NULL : record_for(g, src);

		if (s)
			gmp_source_zero(g, s);
	}
}
