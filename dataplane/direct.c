/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The direct lane: replicate, rewrite and tx in one for runs of packets that go the same way. A run is
 * what follows each other in a burst with the same output list, input interface and place of the IP header,
 * in one segment that is ours alone, below every MTU and above every TTL threshold of the list. For these,
 * what replicate finds out packet by packet is known beforehand: a plan for each (list, input), kept by
 * the worker until any interface, adjacency, oif or port changes (fwd_tables.gen).
 *
 * Output by output, not packet by packet: buffers for the whole run are taken in one go, written in one
 * loop, and given to the port as one burst, so that hardly more than a run's buffers are in use at a time
 * and those are in the nearest cache. Order on each port is that of arrival. Outputs whose frames are the
 * same bytes share the buffers by reference count. The last output takes the packets' own.
 *
 * Everything else (an output that is down or unresolved, the input among the outputs, fragmentation, long
 * packets to several outputs, another worker's queue, a burst that a probe follows) takes the general
 * lane, replicate.c: there is the complete rule, here its most frequent case. Both count alike.
 */
#include "direct_priv.h"
#include "flat.h"

#include <rte_memcpy.h>

#define OFF_MAX 512 /* how far behind PUSH_BYTES a packet may begin */
/* A run is no longer than a burst; in ordinary buffers, where its copies take much of the nearest cache, it is
 * shorter. */
#define RUN_MAX BURST
#define RUN_LARGE 16
static_assert(
	DATAPLANE_SMALL_BYTES >= RTE_PKTMBUF_HEADROOM + COPY_SMALL - 1 + L2_MAX &&
		DATAPLANE_SMALL_BYTES >=
			RTE_PKTMBUF_HEADROOM + RTE_ALIGN_CEIL(ETH_LEN + COPY_SMALL - 1, FLAT_BLOCK),
	"a small buffer takes a copy, a flat one in whole blocks");

static inline const struct direct_plan *plan_get(struct worker *w, const struct pkt *p)
{
	const struct oif_list *list = p->route->list;
	struct direct_plan *dp =
		&w->direct->plans[(list->serial + p->iif * 31u + p->family) % PLANS];

	if (unlikely(dp->serial != list->serial || dp->iif != p->iif || dp->family != p->family))
		direct_plan_make(w, p, list, dp);
	return dp;
}

/* --- the run ------------------------------------------------------------------------------------------ */

struct run {
	const struct direct_plan *dp;
	bool small; /* all packets are shorter than COPY_SMALL */
	unsigned n, l3;
	bool finished;  /* own frames are as the last output of a flat plan sends them */
	uint64_t bytes; /* of IP, all packets together */
	uint32_t lens;  /* all lengths ored */
	struct rte_mbuf *own[RUN_MAX];
	uint16_t len[RUN_MAX];
};

/* Reference count and number of segments are 1, the bytes are its own. */
static inline bool mbuf_is_plain(const struct rte_mbuf *m)
{
	/* the fields that drivers rearm at once: data_off, refcnt, nb_segs, port */
	const uint16_t mask[4] = {0, 0xffff, 0xffff, 0}, want[4] = {0, 1, 1, 0};

	return (load64(m->rearm_data) & load64(mask)) == load64(want) && RTE_MBUF_DIRECT(m);
}

static inline bool pkt_passes(const struct pkt *p, const struct direct_plan *dp)
{
	return p->ip_len <= dp->len_max && p->ttl > dp->ttl;
}

/* An IP header at l3 of what begins at data_off has room in front, and not more than plans are for. */
static inline bool off_is_fine(unsigned data_off, unsigned l3)
{
	return data_off + l3 - PUSH_BYTES <= OFF_MAX;
}

/* Whether the bytes may be written, and more in front of them. */
static inline bool pkt_is_ours(const struct pkt *p)
{
	return mbuf_is_plain(p->m) && off_is_fine(p->m->data_off, p->l3);
}

static inline bool pkt_fits(const struct pkt *p, const struct direct_plan *dp)
{
	return pkt_passes(p, dp) && pkt_is_ours(p);
}

/* Whether q can be in a run with p. */
static inline bool pkt_alike(const struct pkt *p, const struct pkt *q)
{
	static const struct pkt mask = {.iif = 0xffff, .family = 0xff, .l3 = 0xff};

	return p->route->list == q->route->list &&
	       ((load64(&p->iif) ^ load64(&q->iif)) & load64(&mask.iif)) == 0;
}

/* One hop less. */
static inline void pkt_open(const struct pkt *p)
{
	uint8_t *h = rte_pktmbuf_mtod_offset(p->m, uint8_t *, p->l3);

	if (likely(p->family == IP_V4))
		ip4_ttl_decrement(h);
	else
		h[IP6_HOPS]--;
	p->m->ol_flags = 0;
}

/* The same, and the frame's Ethernet header for a native, untagged IPv4 output with this tail. */
static inline void pkt_finish4(struct rte_mbuf *m, uint8_t *frame, uint64_t tail)
{
	const uint64_t mac = eth_group_word4(frame + ETH_LEN + IP4_DST);

	ip4_ttl_decrement(frame + ETH_LEN);
	memcpy(frame, &mac, sizeof(mac));
	memcpy(frame + 6, &tail, sizeof(tail));
	m->ol_flags = 0;
}

/* How many packets like p may be in a run. */
static inline unsigned run_limit(
	const struct worker *w, const struct pkt *p, const struct direct_plan *dp)
{
	return dp->n == 1 || (w->t->small && p->ip_len < COPY_SMALL) ? RUN_MAX : RUN_LARGE;
}

/* The run that begins at at_pkt; 0 packets: it is the general lane's turn, or there are none. plain: all of
 * the burst is, and the bytes are ours. */
static __rte_always_inline void run_take(
	struct worker *w, struct burst *b, struct run *r, const bool plain)
{
	const struct pkt *head = NULL;
	uint64_t bytes = 0, tail = 0;
	uint32_t lens = 0;
	unsigned n = 0, max = RUN_MAX, at = w->at_pkt;

	r->finished = false;
	for (; at < b->n && n < max; at++) {
		const struct pkt *p = &b->pkts[at];

		if (!plain && unlikely(p->next != PKT_FORWARD))
			continue;
		if (unlikely(!head)) {
			head = p;
			r->dp = plan_get(w, p);
			r->l3 = p->l3;
			max = run_limit(w, p, r->dp);
			r->finished = r->dp->flat && p->l3 == ETH_LEN && p->family == IP_V4;
			tail = load64(w->direct->outs[r->dp->first + r->dp->n - 1].tail);
		} else if (unlikely(plain ? p->route->list != head->route->list
					  : !pkt_alike(head, p))) {
			break;
		}
		if (unlikely(!pkt_passes(p, r->dp) || (!plain && !pkt_is_ours(p))))
			break;
		if (likely(r->finished))
			pkt_finish4(p->m,
				plain ? (uint8_t *)p->m->buf_addr + b->data_off
				      : rte_pktmbuf_mtod(p->m, uint8_t *),
				tail);
		else
			pkt_open(p);
		r->own[n] = p->m;
		r->len[n++] = p->ip_len;
		bytes += p->ip_len;
		lens |= p->ip_len;
	}
	w->at_pkt = (uint16_t)at;
	r->n = n;
	r->lens = lens;
	r->small = lens < COPY_SMALL;
	r->bytes = bytes;
}

static inline void run_next(struct worker *w, struct burst *b, struct run *r)
{
	if (likely(b->plain && off_is_fine(b->data_off, ETH_LEN)))
		run_take(w, b, r, true);
	else
		run_take(w, b, r, false);
}

/* --- buffers and bytes -------------------------------------------------------------------------------- */

/* n fresh buffers for copies of the run to o; false: there are not so many. */
static inline bool fresh_bulk(struct worker *w, const struct direct_out *o, const struct run *r,
	struct rte_mbuf **v, unsigned n)
{
	if (likely(r->small && o->small) &&
		likely(rte_mempool_get_bulk(w->t->small, (void **)v, n) == 0))
		return true;
	return rte_mempool_get_bulk(w->t->pool, (void **)v, n) == 0;
}

/* The same, or as many as there are; their number. */
static unsigned fresh_take(struct worker *w, const struct direct_out *o, const struct run *r,
	struct rte_mbuf **v, unsigned n)
{
	unsigned got = 0;

	if (likely(fresh_bulk(w, o, r, v, n)))
		return n;
	while (got < n && rte_mempool_get(w->t->pool, (void **)&v[got]) == 0)
		got++;
	return got;
}

/* len bytes, some more where that is quicker: either buffer has room for 48. */
static __rte_always_inline void bytes_copy(uint8_t *to, const uint8_t *from, unsigned len)
{
	if (likely(len <= 48)) {
		rte_mov16(to, from);
		rte_mov16(to + 16, from + 16);
		rte_mov16(to + 32, from + 32);
	} else {
		rte_memcpy(to, from, len);
	}
}

/* The run's packets in fresh buffers, IP at offset l3. Returns how many. */
static inline unsigned run_copy(struct worker *w, const struct direct_out *o, const struct run *r,
	struct rte_mbuf **v, unsigned l3)
{
	unsigned n = fresh_take(w, o, r, v, r->n);

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = v[i];

		m->data_off = RTE_PKTMBUF_HEADROOM;
		m->ol_flags = 0;
		m->port = RTE_MBUF_PORT_INVALID;
		m->data_len = (uint16_t)(r->len[i] + l3);
		m->pkt_len = r->len[i] + l3;
		bytes_copy(rte_pktmbuf_mtod_offset(m, uint8_t *, l3),
			rte_pktmbuf_mtod_offset(r->own[i], const uint8_t *, r->l3), r->len[i]);
	}
	return n;
}

static __rte_always_inline void put_group_mac(uint8_t *mac, const uint8_t *ip, uint8_t family)
{
	if (family == IP_V4)
		eth_group_mac4(mac, ip + IP4_DST);
	else
		eth_group_mac6(mac, ip + IP6_DST);
}

/* The Ethernet header of native frames, IP at l3. */
static __rte_always_inline void write_native(
	const struct direct_out *o, struct rte_mbuf **v, unsigned n, unsigned l3, uint8_t family)
{
	const struct fwd_if *out = o->plan.out;

	if (likely(l3 == ETH_LEN && out->l2_len == ETH_LEN)) {
		const uint64_t tail = load64(o->tail);

		for (unsigned i = 0; i < n; i++) {
			uint8_t *p = rte_pktmbuf_mtod(v[i], uint8_t *);

			if (family == IP_V4) {
				const uint64_t mac = eth_group_word4(p + ETH_LEN + IP4_DST);

				memcpy(p, &mac, sizeof(mac));
			} else {
				eth_group_mac6(p, p + ETH_LEN + IP6_DST);
			}
			memcpy(p + 6, &tail, sizeof(tail));
		}
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		uint8_t *p =
			path_put_l2(v[i], l3, out, family == IP_V4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6);

		put_group_mac(p, p + out->l2_len, family);
	}
}

static inline void out_write(struct worker *w, const struct direct_out *o, struct rte_mbuf **v,
	unsigned n, unsigned l3, uint8_t family)
{
	if (unlikely(o->plan.adj))
		rewrite_adjacent_run(w, v, n, l3, &o->plan, family);
	else if (likely(family == IP_V4))
		write_native(o, v, n, l3, IP_V4);
	else
		write_native(o, v, n, l3, IP_V6);
}

/* --- outputs ------------------------------------------------------------------------------------------ */

static inline void out_count(
	struct worker *w, const struct direct_out *o, unsigned n, uint64_t bytes)
{
	struct oif_counters *oif = &w->oif_ctr[o->plan.oif->c.id];
	struct if_counters_lcore *out = &w->if_ctr[o->plan.out->c.id];
	uint64_t wire = bytes + (uint64_t)n * o->overhead;

	oif->packets += n;
	oif->bytes += wire;
	w->info.registers_sent += o->plan.head ? n : 0;
	out->tx_packets += n;
	out->tx_bytes += wire;
	if (unlikely(o->plan.tun)) {
		w->if_ctr[o->plan.tun->c.id].tx_packets += n;
		w->if_ctr[o->plan.tun->c.id].tx_bytes += bytes + (uint64_t)n * o->plan.head;
	}
}

/* Copies for which there was no buffer, for o and those that share its bytes. */
static __rte_noinline void out_short(
	struct worker *w, const struct direct_out *o, unsigned ports, unsigned lost)
{
	for (unsigned i = 0; i < ports; i++) {
		w->info.drops[DROP_no_mbuf] += lost;
		w->oif_ctr[o[i].plan.oif->c.id].dropped += lost;
		w->if_ctr[o[i].plan.oif->c.ifid].tx_dropped += lost;
	}
}

/* Complete frames v to the ports of o and those that share its bytes. */
static inline void outs_send(struct worker *w, const struct direct_out *o, unsigned ports,
	struct rte_mbuf **v, unsigned n, uint64_t bytes)
{
	if (ports > 1)
		for (unsigned i = 0; i < n; i++)
			rte_mbuf_refcnt_set(v[i], (uint16_t)ports);
	for (unsigned i = 0; i < ports; i++) {
		out_count(w, &o[i], n, bytes);
		tx_run(w, o[i].plan.port, v, n);
	}
}

static inline uint64_t bytes_sum(const uint16_t *len, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += len[i];
	return bytes;
}

/* The outputs led by o, with buffers of their own. */
static void outs_copy(struct worker *w, const struct direct_out *o, const struct run *r)
{
	unsigned l3 = o->plan.tun ? 0 : o->plan.out->l2_len, ports = o->share + 1u;
	struct rte_mbuf *v[RUN_MAX];
	unsigned n = run_copy(w, o, r, v, l3);

	if (unlikely(n < r->n))
		out_short(w, o, ports, r->n - n);
	lap(w, DP_STAGE_REPLICATE, n * ports);
	out_write(w, o, v, n, l3, r->dp->family);
	lap(w, DP_STAGE_REWRITE, n * ports);
	outs_send(w, o, ports, v, n, likely(n == r->n) ? r->bytes : bytes_sum(r->len, n));
	lap(w, DP_STAGE_TX, n * ports);
}

/* The last outputs, with the packets' buffers. */
static void outs_own(struct worker *w, const struct direct_out *o, struct run *r)
{
	unsigned ports = o->share + 1u;

	lap(w, DP_STAGE_REPLICATE, r->n * ports);
	if (!r->finished)
		out_write(w, o, r->own, r->n, r->l3, r->dp->family);
	lap(w, DP_STAGE_REWRITE, r->n * ports);
	outs_send(w, o, ports, r->own, r->n, r->bytes);
	lap(w, DP_STAGE_TX, r->n * ports);
}

/* Finished frames own[0..n) to the outputs o .. last: copies to all but the last, which takes them. */
static inline void flat_send(struct worker *w, const struct direct_out *o,
	const struct direct_out *last, struct run *r, unsigned blocks)
{
	struct rte_mbuf *v[RUN_MAX];
	unsigned n = r->n;

	for (; o < last; o++) {
		if (unlikely(!fresh_bulk(w, o, r, v, n))) {
			out_short(w, o, 1, n);
			continue;
		}
		w->direct->frames_copy(v, r->own, n, load64(o->tail), blocks);
		lap(w, DP_STAGE_REPLICATE, n);
		outs_send(w, o, 1, v, n, r->bytes);
		lap(w, DP_STAGE_TX, n);
	}
	outs_send(w, last, 1, r->own, n, r->bytes);
	lap(w, DP_STAGE_TX, n);
}

/* Small frames that differ in their source MAC at most: all are finished first, then spread, some at a
 * time, so that they and their copies stay in the nearest cache until the ports have taken them. */
static void run_send_flat(struct worker *w, const struct direct_out *o, struct run *r)
{
	const struct direct_out *last = o + r->dp->n - 1;
	unsigned blocks = (r->lens + ETH_LEN + FLAT_BLOCK - 1) / FLAT_BLOCK;

	lap(w, DP_STAGE_REPLICATE, r->n);
	if (!r->finished)
		out_write(w, last, r->own, r->n, ETH_LEN, r->dp->family);
	lap(w, DP_STAGE_REWRITE, r->n);
	if (likely(o == last)) {
		outs_send(w, o, 1, r->own, r->n, r->bytes);
		lap(w, DP_STAGE_TX, r->n);
		return;
	}
	flat_send(w, o, last, r, blocks);
}

static void run_send(struct worker *w, const struct direct_out *o, struct run *r)
{
	const struct direct_out *end = o + r->dp->n;

	for (; o + o->share + 1 < end; o += o->share + 1)
		outs_copy(w, o, r);
	outs_own(w, o, r);
}

void stage_direct(struct worker *w, struct burst *b)
{
	struct run r;

	if (w->at_oif || unlikely(w->watched)) /* a packet is half through the general lane */
		return;
	for (run_next(w, b, &r); r.n; run_next(w, b, &r)) {
		const struct direct_out *o = &w->direct->outs[r.dp->first];

		if (r.dp->flat && r.l3 == ETH_LEN && r.small)
			run_send_flat(w, o, &r);
		else
			run_send(w, o, &r);
	}
}

bool direct_takes(struct worker *w, const struct pkt *p)
{
	return !w->watched && pkt_fits(p, plan_get(w, p));
}
