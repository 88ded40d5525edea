/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stage rewrite: writes the bytes of each copy, innermost first: HER, tunnel, VLAN and Ethernet. Copies
 * that share a buffer are written once, by the first of them. What is sent is counted here, where it is
 * known how long it has become.
 */
#include "path.h"

#include "dataplane/hdr/her.h"

static __rte_always_inline void rewrite_her(
	struct rte_mbuf *m, unsigned l3, const struct dp_oif *o, uint8_t family)
{
	uint8_t *h = rte_pktmbuf_mtod_offset(m, uint8_t *, l3);
	/* others refer to what is behind SPLIT_BYTES of a packet whose copies share its payload */
	uint32_t own = m->data_len - l3;
	uint32_t writable =
		likely(rte_mbuf_refcnt_read(m) == 1) ? own : RTE_MIN(own, (uint32_t)SPLIT_BYTES);
	struct her her = {
		.dst = o->her_dst.b,
		.src = o->her_src.family == family ? o->her_src.b : NULL,
		.port = o->her_port,
		.ttl = o->her_ttl,
		.set_dscp = o->her_set_dscp,
		.dscp = o->her_dscp,
	};

	if (family == IP_V4)
		her_rewrite4(h, writable, &her);
	else
		her_rewrite6(h, writable, &her);
}

static __rte_always_inline void rewrite_native(const struct copy *c, uint8_t family)
{
	const uint8_t *h = rte_pktmbuf_mtod_offset(c->m, const uint8_t *, c->l3);

	if (family == IP_V4)
		eth_group_mac4(path_put_l2(c->m, c->l3, c->plan->out, ETH_TYPE_IP4), h + IP4_DST);
	else
		eth_group_mac6(path_put_l2(c->m, c->l3, c->plan->out, ETH_TYPE_IP6), h + IP6_DST);
}

/* In a Register, which may go through a tunnel. */
static __rte_noinline void rewrite_register(
	struct worker *w, struct rte_mbuf *m, unsigned l3, const struct plan *pl)
{
	uint16_t type;

	if (unlikely(!pl->wire_len))
		return; /* cut first, frag.c wraps the pieces */
	type = path_push_register(m, l3, pl->oif, w->gre_id++);
	if (pl->tun)
		type = path_push_gre(m, 0, pl->tun, w->gre_id++, false);
	memcpy(path_put_l2(m, 0, pl->out, type), pl->adj->c.mac, sizeof(pl->adj->c.mac));
}

/* Through a tunnel, to a unicast next hop, or both. */
void rewrite_adjacent(
	struct worker *w, struct rte_mbuf *m, unsigned l3, const struct plan *pl, uint8_t family)
{
	uint16_t type = family == IP_V4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6;

	if (unlikely(pl->head)) {
		rewrite_register(w, m, l3, pl);
		return;
	}
	if (pl->oif->c.her_dst.family != IP_NONE)
		rewrite_her(m, l3, &pl->oif->c, family);
	if (pl->tun) {
		if (unlikely(!pl->wire_len))
			return; /* cut first, frag.c wraps the pieces */
		type = path_push_gre(m, l3, pl->tun, w->gre_id++, false);
		l3 = 0;
	}
	memcpy(path_put_l2(m, l3, pl->out, type), pl->adj->c.mac, sizeof(pl->adj->c.mac));
}

/* --- runs --------------------------------------------------------------------------------------------- */

/* The Ethernet header of a next hop: its last bytes are the header's, and are copied in words of a fixed
 * number of bytes; what lies in front of the frame is nobody's. */
struct l2_head {
	unsigned len;
	uint8_t b[L2_HEAD];
};

static inline struct l2_head l2_head_of(const struct plan *pl, uint16_t type)
{
	struct l2_head h = {.len = pl->out->l2_len};
	uint8_t *p = h.b + L2_HEAD - h.len;

	memcpy(p, pl->adj->c.mac, 6);
	memcpy(p + 6, pl->out->l2 + 6, h.len - 8u);
	put_be16(h.b + L2_HEAD - 2, type);
	return h;
}

static __rte_always_inline void l2_put(uint8_t *ip, const struct l2_head *h)
{
	if (unlikely(h->len > 16))
		memcpy(ip - L2_HEAD, h->b, L2_HEAD - 16);
	memcpy(ip - 16, h->b + L2_HEAD - 16, 16);
}

/* Through a tunnel without checksum. */
static __rte_always_inline void wrap_run(struct worker *w, struct rte_mbuf *const *v, unsigned n,
	unsigned l3, const struct plan *pl, bool v6, uint8_t family)
{
	const struct gre_head g = pl->tun->gre;
	const struct l2_head l2 = l2_head_of(pl, v6 ? ETH_TYPE_IP6 : ETH_TYPE_IP4);
	const uint16_t id = w->gre_id, more = (uint16_t)(l2.len + g.len - l3);

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = v[i];
		uint8_t *inner = rte_pktmbuf_mtod_offset(m, uint8_t *, l3);
		struct gre_inner in = gre_inner_of(inner);
		uint16_t len = (uint16_t)(m->pkt_len - l3);

		gre_put(inner, &g, family == IP_V4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6, 0);
		if (v6)
			gre_outer6(inner, &g, len, &in, gre_flow_label(inner));
		else
			gre_outer4(inner, &g, len, &in, (uint16_t)(id + i));
		l2_put(inner - g.len, &l2);
		mbuf_push(m, more);
	}
	w->gre_id = (uint16_t)(id + n);
}

/* Into Registers. */
static __rte_always_inline void register_run(struct worker *w, struct rte_mbuf *const *v,
	unsigned n, unsigned l3, const struct plan *pl, uint8_t family)
{
	const struct register_head r = *pl->oif->head;
	const struct l2_head l2 = l2_head_of(pl, family == IP_V4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6);
	const uint16_t id = w->gre_id, more = (uint16_t)(l2.len + r.len - l3);

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = v[i];
		uint8_t *inner = rte_pktmbuf_mtod_offset(m, uint8_t *, l3);
		uint8_t tos = path_register_tos(&pl->oif->c, inner);
		unsigned len = m->pkt_len - l3;

		if (family == IP_V4)
			register_put4(inner, &r, len, tos, (uint16_t)(id + i));
		else
			register_put6(inner, &r, len, tos, gre_flow_label(inner));
		l2_put(inner - r.len, &l2);
		mbuf_push(m, more);
	}
	w->gre_id = (uint16_t)(id + n);
}

/* One packet after the other: what is rare. */
static void adjacent_run(struct worker *w, struct rte_mbuf *const *v, unsigned n, unsigned l3,
	const struct plan *pl, uint8_t family)
{
	for (unsigned i = 0; i < n; i++)
		rewrite_adjacent(w, v[i], l3, pl, family);
}

/* Head-end replication without a tunnel. */
static __rte_noinline void unicast_run(
	struct rte_mbuf *const *v, unsigned n, unsigned l3, const struct plan *pl, uint8_t family)
{
	const struct l2_head l2 = l2_head_of(pl, family == IP_V4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6);

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = v[i];

		if (likely(family == IP_V4))
			rewrite_her(m, l3, &pl->oif->c, IP_V4);
		else
			rewrite_her(m, l3, &pl->oif->c, IP_V6);
		l2_put(rte_pktmbuf_mtod_offset(m, uint8_t *, l3), &l2);
		if (unlikely(l3 != l2.len))
			mbuf_push(m, l2.len - l3);
	}
}

void rewrite_adjacent_run(struct worker *w, struct rte_mbuf *const *v, unsigned n, unsigned l3,
	const struct plan *pl, uint8_t family)
{
	bool her = pl->oif->c.her_dst.family != IP_NONE;

	if (pl->head && !pl->tun && family == IP_V4)
		register_run(w, v, n, l3, pl, IP_V4);
	else if (pl->head && !pl->tun)
		register_run(w, v, n, l3, pl, IP_V6);
	else if (!pl->tun)
		unicast_run(v, n, l3, pl, family);
	else if (her || pl->tun->gre.checksum)
		adjacent_run(w, v, n, l3, pl, family);
	else if (pl->tun->gre.v6)
		wrap_run(w, v, n, l3, pl, true, family);
	else
		wrap_run(w, v, n, l3, pl, false, family);
}

/* --- the stage ---------------------------------------------------------------------------------------- */

static __rte_always_inline void rewrite_copy(struct worker *w, const struct copy *c, uint8_t family)
{
	if (likely(!c->plan->adj))
		rewrite_native(c, family);
	else
		rewrite_adjacent(w, c->m, c->l3, c->plan, family);
}

/* What has been sent by a plan. */
static inline void count_plan(struct worker *w, const struct plan *pl)
{
	struct oif_counters *oif = &w->oif_ctr[pl->oif->c.id];
	struct if_counters_lcore *out = &w->if_ctr[pl->out->c.id];
	uint64_t bytes = (uint64_t)pl->sent * pl->wire_len;

	if (unlikely(!pl->wire_len))
		return; /* frag.c counts the pieces */
	oif->packets += pl->sent;
	oif->bytes += bytes;
	w->info.registers_sent += pl->head ? pl->sent : 0;
	out->tx_packets += pl->sent;
	out->tx_bytes += bytes;
	if (unlikely(pl->tun)) {
		w->if_ctr[pl->tun->c.id].tx_packets += pl->sent;
		w->if_ctr[pl->tun->c.id].tx_bytes += (uint64_t)pl->sent * (pl->ip_len + pl->head);
	}
}

void stage_rewrite(struct worker *w, struct burst *b)
{
	for (unsigned i = 0; i < w->n_copies;) {
		const struct copy *c = &w->copies[i];
		unsigned end = i + c->share + 1u;

		if (unlikely(!c->m)) {
			i = end;
			continue;
		}
		if (likely(c->pkt->family == IP_V4))
			rewrite_copy(w, c, IP_V4);
		else
			rewrite_copy(w, c, IP_V6);
		for (; i < end; i++)
			w->copies[i].plan->sent++;
	}
	for (unsigned i = 0; i < w->n_plans; i++)
		count_plan(w, &w->plans[i]);
}
