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
	uint16_t type = pl->oif->head->family == IP_V4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6;

	if (unlikely(!pl->wire_len))
		return; /* cut first, frag.c wraps the pieces */
	mbuf_drop_front(m, l3);
	path_push_register(m, pl->oif, w->gre_id++);
	if (pl->tun)
		type = path_push_gre(m, pl->tun, w->gre_id++, false);
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
		mbuf_drop_front(m, l3);
		type = path_push_gre(m, pl->tun, w->gre_id++, false);
		l3 = 0;
	}
	memcpy(path_put_l2(m, l3, pl->out, type), pl->adj->c.mac, sizeof(pl->adj->c.mac));
}

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
