/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Marks as workers see them: a small table from the number that a port puts on a packet to the route it
 * says the packet has. The port is not trusted: the route's key is compared with the packet's addresses,
 * and whatever does not agree (a number out of range, a route that has gone, another flow under a number
 * used again) is looked up like any other packet. Only routes of one source and one group are marked,
 * which no longer match can beat.
 *
 * The table follows the routes: mfib.c tells when an entry is replaced or removed, before the old one is
 * retired, so that an index read in a round stays good for the round.
 */
#include "dataplane/hdr/ip4.h"
#include "dataplane/hdr/ip6.h"
#include "dataplane/path.h"
#include "flow_priv.h"

#define MARKS (FLOW_MARKS_MAX + 1)

int marks_init(struct mfib *m)
{
	m->t->marks = region_new(MARKS * sizeof(*m->t->marks), false);
	m->mark_of = region_new(MFIB_INDEXES(m->t->max_routes) * sizeof(*m->mark_of), false);
	return m->t->marks && m->mark_of ? 0 : -1;
}

void marks_fini(struct mfib *m)
{
	region_free(m->t->marks, MARKS * sizeof(*m->t->marks));
	region_free(m->mark_of, MFIB_INDEXES(m->t->max_routes) * sizeof(*m->mark_of));
	m->t->marks = NULL;
	m->mark_of = NULL;
}

void marks_moved(struct mfib *m, uint32_t counter, uint32_t index)
{
	uint16_t id = m->mark_of[counter];

	if (!id)
		return;
	atomic_store_explicit(&m->t->marks[id], index, memory_order_release);
	if (index)
		return;
	m->mark_of[counter] = 0;
	m->n_marked--;
}

void marks_bind(struct dataplane *d, uint16_t id, uint32_t counter)
{
	struct mfib *m = &d->mfib;

	m->mark_of[counter] = id;
	m->n_marked++;
	atomic_store_explicit(&d->t.marks[id], m->ctl[counter].index, memory_order_release);
}

void marks_unbind(struct dataplane *d, uint16_t id, uint32_t counter)
{
	if (d->mfib.mark_of[counter] == id)
		marks_moved(&d->mfib, counter, 0);
}

/* --- workers -------------------------------------------------------------------------------------------- */

/* The index of the route that the port names, 0: none. */
static inline uint32_t mark_index(const struct fwd_tables *t, const struct rte_mbuf *m)
{
	if (!(m->ol_flags & RTE_MBUF_F_RX_FDIR_ID) || m->hash.fdir.hi > FLOW_MARKS_MAX)
		return 0;
	return atomic_load_explicit(&t->marks[m->hash.fdir.hi], memory_order_acquire);
}

static inline bool is_route_of(
	const struct fwd_tables *t, const struct mfib_route *r, const struct pkt *p, uint8_t family)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3);
	uint8_t bits = family == IP_V4 ? 32 : 128;

	if (r->family != family || r->src_len != bits || r->grp_len != bits ||
		r->table != fwd_table_of(t, p))
		return false;
	if (family == IP_V4)
		return memcmp(r->src, ip + IP4_SRC, 4) == 0 && memcmp(r->grp, ip + IP4_DST, 4) == 0;
	return memcmp(r->src, ip + IP6_SRC, 16) == 0 && memcmp(r->grp, ip + IP6_DST, 16) == 0;
}

static void marked_lookup(struct worker *w, struct pkt **pkts, unsigned n, uint8_t family)
{
	const struct fwd_tables *t = w->t;
	struct pkt *left[BURST];
	uint32_t index[BURST];
	unsigned n_left = 0;

	for (unsigned i = 0; i < n; i++) {
		index[i] = mark_index(t, pkts[i]->m);
		rte_prefetch0(&t->routes[index[i]]);
	}
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		if (index[i] && is_route_of(t, &t->routes[index[i]], p, family)) {
			p->route = &t->routes[index[i]];
			w->marks_used++;
			continue;
		}
		w->marks_refused += (p->m->ol_flags & RTE_MBUF_F_RX_FDIR_ID) != 0;
		left[n_left++] = p;
	}
	if (n_left)
		mfib_lookup_bulk(t, left, n_left, family);
}

void marks_lookup_bulk(struct worker *w, struct pkt **pkts, unsigned n, uint8_t family)
{
	for (unsigned at = 0; at < n; at += BURST)
		marked_lookup(w, pkts + at, RTE_MIN(n - at, (unsigned)BURST), family);
}
