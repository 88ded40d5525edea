/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stage decap: GRE packets for tunnels of ours lose their outer headers and are classified again, as if
 * they had come in on the tunnel. One level only: a tunnel in a tunnel is dropped. Congestion that the
 * outer header tells of is told on, or the packet dropped (RFC 6040 section 4.2); its DSCP is lost unless
 * the tunnel is uniform (RFC 2983). What is inside a tunnel may be a Register, which is register.c's.
 */
#include "path.h"

struct outer {
	const uint8_t *h, *local, *remote;
	unsigned hdr_len;
	uint8_t tos;
};

static struct outer outer_of(const struct pkt *p)
{
	const uint8_t *h = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3);
	struct outer o = {.h = h, .tos = tos_get(h)};

	if (p->family == IP_V4) {
		o.local = h + IP4_DST;
		o.remote = h + IP4_SRC;
		o.hdr_len = (h[0] & 0xfu) * 4;
	} else {
		o.local = h + IP6_DST;
		o.remote = h + IP6_SRC;
		o.hdr_len = IP6_LEN;
	}
	return o;
}

uint16_t tunnel_find(const struct fwd_demux *d, uint8_t family, const uint8_t *local_be,
	const uint8_t *remote_be, const struct gre_view *g)
{
	const unsigned bytes = family == IP_V4 ? 4 : 16;
	uint32_t local[4] = {0}, remote[4] = {0};
	uint32_t at;

	memcpy(local, local_be, bytes);
	memcpy(remote, remote_be, bytes);
	at = fwd_gre_hash(local, remote, g->key);
	for (uint32_t n = 0; n <= d->gre_mask; n++, at++) {
		const struct fwd_gre_slot *s = &d->gre[at & d->gre_mask];

		if (s->ifid == 0)
			return 0;
		if (s->family == family && s->has_key == g->has_key && s->key == g->key &&
			memcmp(s->local, local, 16) == 0 && memcmp(s->remote, remote, 16) == 0)
			return s->ifid;
	}
	return 0;
}

/* Header faults of a packet inside a tunnel are the tunnel's. */
static bool is_header_fault(uint8_t reason)
{
	switch ((enum drop_reason)reason) {
	case DROP_ip_truncated:
	case DROP_ip_version:
	case DROP_ip_ihl:
	case DROP_ip_length:
	case DROP_ip_checksum:
	case DROP_ip_option:
		return true;
	default:
		return false;
	}
}

/* DSCP and ECN of a packet out of a tunnel; its header has been checked. */
static void tos_decap(struct worker *w, struct pkt *p, uint8_t outer)
{
	const struct fwd_if *tun = fwd_if_get(w->t, p->iif);
	uint8_t inner = tos_get(rte_pktmbuf_mtod(p->m, const uint8_t *));
	uint8_t ecn = ecn_decap(inner, outer), tos;

	if (ecn == ECN_DROP) {
		pkt_drop(p, DROP_gre_congested);
		return;
	}
	tos = (uint8_t)(((tun && tun->c.gre.decap_dscp_copy ? outer : inner) & ~ECN_MASK) | ecn);
	if (likely(tos == inner))
		return;
	if (pkt_make_writable(w->t, p))
		tos_put(rte_pktmbuf_mtod(p->m, uint8_t *), tos);
	else
		pkt_drop(p, DROP_no_mbuf);
}

static void classify_inner(struct worker *w, struct pkt *p, uint8_t outer_tos)
{
	classify_ip(w, p);
	if (p->next == PKT_DECAP)
		pkt_drop(p, DROP_gre_recursion);
	else if (p->next == PKT_DROP && is_header_fault(p->reason))
		p->reason = DROP_gre_inner;
	else if (p->next != PKT_DROP)
		tos_decap(w, p, outer_tos);
}

static void decap(struct worker *w, struct pkt *p)
{
	struct outer o = outer_of(p);
	unsigned gre_off = p->l3 + o.hdr_len;
	struct gre_view g = {0};
	enum drop_reason reason;
	uint16_t ifid;

	reason = gre_parse(o.h + o.hdr_len, p->ip_len - o.hdr_len, &g);
	if (reason == IP_FINE && g.has_csum && mbuf_sum(p->m, gre_off) != 0xffff)
		reason = DROP_gre_checksum;
	if (reason != IP_FINE) {
		pkt_drop(p, reason);
		return;
	}
	ifid = tunnel_find(fwd_demux_get(w->t), p->family, o.local, o.remote, &g);
	if (!ifid) {
		pkt_drop(p, DROP_gre_unknown);
		return;
	}
	p->iif = ifid;
	if (g.proto != ETH_TYPE_IP4 && g.proto != ETH_TYPE_IP6) {
		pkt_drop(p, DROP_gre_protocol);
		return;
	}
	p->family = g.proto == ETH_TYPE_IP4 ? IP_V4 : IP_V6;
	p->decaps++;
	p->l3 = 0;
	mbuf_drop_front(p->m, gre_off + g.len);
	p->m->ol_flags &= ~RTE_MBUF_F_RX_IP_CKSUM_MASK; /* was about the outer header */
	classify_inner(w, p, o.tos);
}

void stage_decap(struct worker *w, struct burst *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkts[i];

		if (likely(p->next != PKT_DECAP && p->next != PKT_REGISTER))
			continue;
		if (p->next == PKT_DECAP)
			decap(w, p);
		if (p->next == PKT_REGISTER)
			register_decap(w, p, b->now);
		w->info.packets[DP_STAGE_DECAP]++;
	}
}
