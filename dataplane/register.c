/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * PIM Registers with data that are for this router (RFC 7761 section 4.4.2), a part of stage decap: classify
 * has found one by its first bytes, its destination is an address of ours and its interface runs PIM.
 * The packet inside goes on as one that came in on the pseudo-interface DP_IF_REGISTER, and control is
 * told of it, whether its route takes Registers or not: what the RP does is control's to decide, how
 * often it is told the gate's. Where the route does not take it, it is held until control has answered.
 *
 * - The checksum covers eight bytes, or, as some senders have it, everything (section 4.9.3).
 * - What is inside must be sound, of the same family, and data that may be routed: nothing for our protocols,
 *   no link-local group. It may be a fragment.
 * - ECN marks are carried over as out of any tunnel (RFC 6040). Deviation: the DSCP stays that of the packet
 *   inside, as section 4.4.2 allows; routers are seen that send Registers with the DSCP of control packets.
 * - Null-Registers go to the protocol, like everything else that is no Register with data.
 */
#include "path.h"

struct outer {
	const uint8_t *src, *dst, *pim;
	unsigned pim_len;
	uint8_t tos;
};

static struct outer outer_of(const struct pkt *p)
{
	const uint8_t *h = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3);
	bool v4 = p->family == IP_V4;
	unsigned hl = v4 ? (h[0] & 0xfu) * 4 : IP6_LEN;

	return (struct outer){.src = h + (v4 ? IP4_SRC : IP6_SRC),
		.dst = h + (v4 ? IP4_DST : IP6_DST),
		.pim = h + hl,
		.pim_len = p->ip_len - hl,
		.tos = tos_get(h)};
}

static bool sum_holds(const struct pkt *p, const struct outer *o)
{
	bool v4 = p->family == IP_V4;
	uint32_t sum;

	if (likely(register_sum_holds(o->pim, v4 ? 0 : register_pseudo6(o->src, REGISTER_LEN))))
		return true;
	sum = mbuf_sum(p->m, p->l3 + p->ip_len - o->pim_len);
	sum += v4 ? 0 : register_pseudo6(o->src, o->pim_len);
	return csum_fold(sum) == 0xffff;
}

static void tos_decap(struct worker *w, struct pkt *p, uint8_t outer)
{
	uint8_t inner = tos_get(rte_pktmbuf_mtod(p->m, const uint8_t *));
	uint8_t ecn = ecn_decap(inner, outer);

	if (unlikely(ecn == ECN_DROP)) {
		pkt_drop(p, DROP_register_congested);
		return;
	}
	if (likely(ecn == (inner & ECN_MASK)))
		return;
	if (pkt_make_writable(w->t, p))
		tos_put(rte_pktmbuf_mtod(p->m, uint8_t *), (uint8_t)((inner & ~ECN_MASK) | ecn));
	else
		pkt_drop(p, DROP_no_mbuf);
}

void register_decap(struct worker *w, struct pkt *p, uint64_t now)
{
	struct outer o = outer_of(p);

	if (o.pim_len < REGISTER_LEN) {
		pkt_drop(p, DROP_register_short);
		return;
	}
	if (!sum_holds(p, &o)) {
		pkt_drop(p, DROP_register_checksum);
		return;
	}
	mbuf_drop_front(p->m, p->l3 + p->ip_len - o.pim_len + REGISTER_LEN);
	p->m->ol_flags &= ~RTE_MBUF_F_RX_IP_CKSUM_MASK; /* was about the outer header */
	p->l3 = 0;
	p->decaps++;
	if (!classify_registered(p)) {
		pkt_drop(p, DROP_register_inner);
		return;
	}
	w->info.registers_received++;
	/* the outer header is in the buffer still, in front of the packet */
	p->told = upcall_register(w, p, o.src, o.dst, o.pim[4] & REGISTER_BORDER, now);
	p->came_in = p->iif;
	p->iif = DP_IF_REGISTER;
	p->next = PKT_FORWARD;
	tos_decap(w, p, o.tos);
}
