/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Stage classify: which interface a frame came in on, whether its headers are sound, and who gets it.
 *
 * - Data for a group that may be routed: forwarded. Sources that cannot be (martians, groups, loopback)
 *   are refused here, before they can become an upcall.
 * - IGMP to any group, MLD, and PIM to a link-local group: to our protocols where the interface runs
 *   them, else to the kernel, else dropped (proto_disabled). 0.0.0.0 and :: are legal sources there.
 *   To a unicast address they are our protocols' business if it is one of ours (local.c), and so is AMT
 *   (RFC 7450 section 5.1: UDP port 2268); else they are in transit, and the kernel routes them. Registers
 *   with data are unwrapped by the next stage.
 * - GRE to a tunnel endpoint of ours: to decap, unless it came in a group or broadcast frame (RFC 1122
 *   section 3.3.6) or is a fragment: tunnels are not reassembled.
 * - Everything else that is well-formed is the kernel's business, with its own checks, through the twin.
 *
 * Both families run through one body with a constant family.
 */
#include "unwrap.h"

#define AMT_PORT 2268

struct ip_in {
	struct ip_view v;
	const uint8_t *h, *src, *dst;
};

static __rte_always_inline bool is_multicast(const uint8_t *a, uint8_t family)
{
	return family == IP_V4 ? ip4_is_multicast(a) : ip6_is_multicast(a);
}

static __rte_always_inline bool is_link_local_group(const uint8_t *a, uint8_t family)
{
	return family == IP_V4 ? ip4_is_link_local_group(a) : ip6_is_link_local_group(a);
}

static __rte_always_inline bool is_martian_destination(const uint8_t *a, uint8_t family)
{
	return family == IP_V4 ? ip4_is_martian_destination(a) : ip6_is_martian_destination(a);
}

static __rte_always_inline enum drop_reason source_reason(const uint8_t *a, uint8_t family)
{
	return family == IP_V4 ? ip4_source(a) : ip6_source(a);
}

/* The same of data that is to be forwarded. */
static __rte_always_inline enum drop_reason data_source_reason(const uint8_t *a, uint8_t family)
{
	if (family == IP_V6 && unlikely(ip6_stays_on_link(a)))
		return DROP_src_link_local;
	return source_reason(a, family);
}

static __rte_always_inline bool is_unspecified(const uint8_t *a, uint8_t family)
{
	return family == IP_V4 ? load32(a) == 0 : (load64(a) | load64(a + 8)) == 0;
}

static void to_twin(struct pkt *p, const struct fwd_if *ifp, enum drop_reason without)
{
	if (ifp->c.twin)
		p->next = PKT_EXCEPTION;
	else
		pkt_drop(p, without);
}

static void to_protocol(struct pkt *p, const struct fwd_if *ifp, uint8_t bit)
{
	if (!(ifp->c.proto & bit)) {
		to_twin(p, ifp, DROP_proto_disabled);
		return;
	}
	mbuf_drop_front(p->m, p->l3);
	p->l3 = 0;
	p->next = PKT_PROTO;
}

/* The bit of the protocol that a packet to a group belongs to; 0 for none of ours. */
static __rte_always_inline uint8_t protocol_bit(
	const struct pkt *p, const struct ip_in *in, bool link_local, uint8_t family)
{
	if (in->v.proto == IP_PROTO_PIM)
		return link_local ? DP_PROTO_PIM : 0;
	if (family == IP_V4)
		return in->v.proto == IP_PROTO_IGMP ? DP_PROTO_IGMP : 0;
	if (in->v.proto == IP_PROTO_HOPOPTS || in->v.proto == IP_PROTO_ICMP6) {
		uint32_t readable = RTE_MIN((uint32_t)(p->m->data_len - p->l3), in->v.len);

		return ip6_is_mld(in->h, readable) ? DP_PROTO_MLD : 0;
	}
	return 0;
}

static __rte_always_inline void classify_group(struct worker *w, struct pkt *p,
	const struct fwd_if *ifp, const struct ip_in *in, uint8_t family)
{
	bool link_local = is_link_local_group(in->dst, family);
	uint8_t bit = protocol_bit(p, in, link_local, family);
	enum drop_reason reason = link_local || bit ? source_reason(in->src, family)
						    : data_source_reason(in->src, family);

	if (unlikely(is_martian_destination(in->dst, family)))
		reason = DROP_dst_martian;
	if (likely(!link_local && !bit && reason == IP_FINE)) {
		w->if_ctr[p->iif].rx_mcast++;
		p->next = PKT_FORWARD;
		return;
	}
	if (reason == DROP_src_martian && (link_local || bit) && is_unspecified(in->src, family))
		reason = IP_FINE;
	if (reason != IP_FINE)
		pkt_drop(p, reason);
	else if (bit)
		to_protocol(p, ifp, bit);
	else
		to_twin(p, ifp, DROP_group_link_local);
}

static bool is_tunnel_endpoint(const struct fwd_demux *d, const uint8_t *a, uint8_t family)
{
	for (uint32_t i = 0; i < d->n_gre_locals; i++)
		if (d->gre_locals[i].family == family &&
			memcmp(d->gre_locals[i].b, a, family == IP_V4 ? 4 : 16) == 0)
			return true;
	return false;
}

static bool is_group_frame(const struct pkt *p)
{
	return p->l3 && eth_is_group(rte_pktmbuf_mtod(p->m, const uint8_t *));
}

/* GRE for a tunnel of ours; false if it is somebody else's. */
static bool classify_gre(struct worker *w, struct pkt *p, const struct ip_in *in, uint8_t family)
{
	enum drop_reason reason;

	if (is_group_frame(p) || !is_tunnel_endpoint(fwd_demux_get(w->t), in->dst, family))
		return false;
	reason = source_reason(in->src, family);
	if (reason != IP_FINE)
		pkt_drop(p, reason);
	else if (in->v.frag)
		pkt_drop(p, DROP_gre_fragment);
	else
		p->next = PKT_DECAP;
	return true;
}

static bool is_amt(const struct pkt *p, const struct ip_in *in)
{
	uint32_t readable = RTE_MIN((uint32_t)(p->m->data_len - p->l3), in->v.len);

	return in->v.proto == IP_PROTO_UDP && !in->v.frag && readable >= in->v.hdr_len + 8u &&
	       be16(in->h + in->v.hdr_len + 2) == AMT_PORT;
}

/* PIM to an address of ours: Registers with data are for the next stage, all else is the protocol's. Pieces are
 * nobody's: nothing is reassembled here. */
static void classify_pim(struct pkt *p, const struct fwd_if *ifp, const struct ip_in *in)
{
	uint32_t readable = RTE_MIN((uint32_t)(p->m->data_len - p->l3), in->v.len);

	if (in->v.frag)
		pkt_drop(p, DROP_register_fragment);
	else if (register_has_data(in->h + in->v.hdr_len, readable - in->v.hdr_len))
		p->next = PKT_REGISTER;
	else
		to_protocol(p, ifp, DP_PROTO_PIM | DP_PROTO_PIM_UNICAST);
}

/* What one of our protocols gets of that which is sent to a unicast address; false: nothing. */
static bool classify_own(struct worker *w, struct pkt *p, const struct fwd_if *ifp,
	const struct ip_in *in, uint8_t family)
{
	uint8_t bit = protocol_bit(p, in, true, family);
	enum drop_reason reason;

	if (bit == DP_PROTO_PIM)
		bit |= DP_PROTO_PIM_UNICAST;
	else if (!bit && is_amt(p, in))
		bit = DP_PROTO_AMT;
	if (!(bit & ifp->c.proto) || is_group_frame(p) ||
		!local_has(w->t, ifp->c.table, in->dst, family))
		return false;
	reason = source_reason(in->src, family);
	if (reason != IP_FINE)
		pkt_drop(p, reason);
	else if (bit & DP_PROTO_PIM)
		classify_pim(p, ifp, in);
	else
		to_protocol(p, ifp, bit);
	return true;
}

static __rte_noinline void classify_unicast(struct worker *w, struct pkt *p,
	const struct fwd_if *ifp, const struct ip_in *in, uint8_t family)
{
	if (is_martian_destination(in->dst, family)) {
		pkt_drop(p, DROP_dst_martian);
		return;
	}
	if (in->v.proto == IP_PROTO_GRE && classify_gre(w, p, in, family))
		return;
	if (!classify_own(w, p, ifp, in, family))
		to_twin(p, ifp, DROP_no_twin);
}

static __rte_always_inline void classify_packet(
	struct worker *w, struct pkt *p, const struct fwd_if *ifp, uint8_t family)
{
	struct if_counters_lcore *ctr = &w->if_ctr[p->iif];
	struct rte_mbuf *m = p->m;
	struct ip_in in;
	uint32_t avail = m->pkt_len - p->l3;
	bool known = (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	enum drop_reason reason;

	ctr->rx_packets++;
	p->family = family;
	in.h = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	reason = family == IP_V4 ? ip4_parse(in.h, avail, known, &in.v)
				 : ip6_parse(in.h, avail, &in.v);
	if (unlikely(reason != IP_FINE)) {
		pkt_drop(p, reason);
		return;
	}
	ctr->rx_bytes += in.v.len;
	p->ip_len = (uint16_t)in.v.len;
	p->ttl = in.v.ttl;
	if (avail > in.v.len)
		mbuf_cut(m, p->l3 + in.v.len);
	in.src = in.h + (family == IP_V4 ? IP4_SRC : IP6_SRC);
	in.dst = in.h + (family == IP_V4 ? IP4_DST : IP6_DST);
	if (likely(is_multicast(in.dst, family)))
		classify_group(w, p, ifp, &in, family);
	else
		classify_unicast(w, p, ifp, &in, family);
}

/* Out of line: IPv4's registers are its own. */
static __rte_noinline void classify_ip6(struct worker *w, struct pkt *p, const struct fwd_if *ifp)
{
	classify_packet(w, p, ifp, IP_V6);
}

void classify_ip(struct worker *w, struct pkt *p)
{
	const struct fwd_if *ifp = fwd_if_get(w->t, p->iif);

	if (!ifp || !ifp->c.up)
		pkt_drop(p, DROP_if_down);
	else if (p->family == IP_V4)
		classify_packet(w, p, ifp, IP_V4);
	else
		classify_ip6(w, p, ifp);
}

static __rte_always_inline bool registered(struct pkt *p, uint8_t family)
{
	struct ip_in in = {.h = rte_pktmbuf_mtod(p->m, const uint8_t *)};
	const uint32_t avail = p->m->pkt_len;

	if ((family == IP_V4 ? ip4_parse(in.h, avail, false, &in.v)
			     : ip6_parse(in.h, avail, &in.v)) != IP_FINE)
		return false;
	in.src = in.h + (family == IP_V4 ? IP4_SRC : IP6_SRC);
	in.dst = in.h + (family == IP_V4 ? IP4_DST : IP6_DST);
	if (!is_multicast(in.dst, family) || is_link_local_group(in.dst, family) ||
		is_martian_destination(in.dst, family) ||
		data_source_reason(in.src, family) != IP_FINE ||
		protocol_bit(p, &in, false, family))
		return false;
	p->ip_len = (uint16_t)in.v.len;
	p->ttl = in.v.ttl;
	mbuf_cut(p->m, in.v.len);
	return true;
}

bool classify_registered(struct pkt *p)
{
	return p->family == IP_V4 ? registered(p, IP_V4) : registered(p, IP_V6);
}

/* A frame for the kernel carries no tag: its twin is the tagged interface. */
static void strip_tags(struct worker *w, struct pkt *p)
{
	unsigned tags = p->l3 - ETH_LEN;

	if (!pkt_make_writable(w->t, p)) {
		pkt_drop(p, DROP_no_mbuf);
		return;
	}
	eth_untag(rte_pktmbuf_mtod(p->m, uint8_t *), tags);
	mbuf_drop_front(p->m, tags);
	p->l3 = ETH_LEN;
}

/* The interface a frame belongs to, NULL after a drop. Port and VLAN name it; its MAC or a group's must
 * be the destination. */
static __rte_always_inline const struct fwd_if *demux(
	struct worker *w, struct pkt *p, const uint16_t *vlans, struct eth_view *e)
{
	const uint8_t *frame = rte_pktmbuf_mtod(p->m, const uint8_t *);
	const struct fwd_if *ifp;
	uint16_t ifid;

	if (unlikely(!eth_parse(frame, p->m->data_len, e))) {
		pkt_drop(p, DROP_eth_truncated);
		return NULL;
	}
	if (unlikely(e->stacked || (p->m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))) {
		ifid = vlan_interface(w, p, e);
		if (!ifid)
			return NULL;
	} else {
		ifid = likely(vlans) ? vlans[e->vlan] : 0;
	}
	ifp = fwd_if_get(w->t, ifid);
	if (unlikely(!ifp)) {
		pkt_drop(p, DROP_vlan_unknown);
		return NULL;
	}
	p->iif = ifp->c.id;
	if (unlikely(!ifp->c.up)) {
		pkt_drop(p, DROP_if_down);
		return NULL;
	}
	if (unlikely(!eth_is_group(frame)) && !eth_mac_eq(frame, ifp->c.mac)) {
		pkt_drop(p, DROP_eth_not_ours);
		return NULL;
	}
	return ifp;
}

static __rte_noinline void classify_frame(struct worker *w, struct pkt *p, const uint16_t *vlans)
{
	const struct fwd_if *ifp;
	struct eth_view e;

	p->iif = 0;
	p->family = 0;
	p->decaps = 0;
	if (unlikely(p->m->nb_segs > 1)) {
		struct rte_mbuf *m = mbuf_pull(w->t->pool, p->m, PULL_BYTES);

		if (!m) {
			pkt_drop(p, DROP_no_mbuf);
			return;
		}
		p->m = m;
	}
	ifp = demux(w, p, vlans, &e);
	if (unlikely(!ifp))
		return;
	p->l3 = e.len;
	if (likely(e.type == ETH_TYPE_IP4))
		classify_packet(w, p, ifp, IP_V4);
	else if (e.type == ETH_TYPE_IP6)
		classify_ip6(w, p, ifp);
	else
		to_twin(p, ifp, DROP_eth_type);
	if (unlikely(p->next == PKT_EXCEPTION && e.tagged))
		strip_tags(w, p);
}

/* What most frames are: untagged IPv4 without options to a group that may be routed, from a source that may
 * send there, with a hop to spend, for an interface, which is up, of which `like` is, in one buffer that begins
 * as the burst's first one does (rearm): its length. 0: something else or unsound; classify_frame, which asks
 * the same questions one by one, finds out. */
static __rte_always_inline uint32_t classify_plain(
	struct pkt *p, uint64_t like, uint64_t rearm, uint16_t data_off)
{
	struct rte_mbuf *m = p->m;
	const uint8_t *frame = (const uint8_t *)m->buf_addr + data_off, *h = frame + ETH_LEN;
	const uint32_t avail = m->pkt_len - ETH_LEN;
	uint32_t len;

	if (unlikely(!plain_buffer(m, rearm) || m->data_len < ETH_LEN + IP4_LEN))
		return 0;
	if (unlikely(!plain_frame(frame) || !eth_is_group(frame)))
		return 0;
	len = plain_data(h, avail, plain_sum_known(m));
	if (unlikely(!len))
		return 0;
	if (unlikely(avail > len))
		mbuf_cut(m, ETH_LEN + len);
	plain_word_put(p, like, len, h[IP4_TTL]);
	p->next = PKT_FORWARD;
	return len;
}

/* Packets from p on that are not plain: out of Registers and tunnels as many as follow each other, or whatever p
 * is. The number of packets. */
static __rte_noinline unsigned classify_others(
	struct worker *w, struct burst *b, struct pkt *p, const uint16_t *vlans, struct unwrap *u)
{
	unsigned n = unwrap_run(w, b, (unsigned)(p - b->pkts), u);

	if (n)
		return n;
	classify_frame(w, p, vlans);
	return 1;
}

/* Of a burst not all of which is plain frames, whatever was unwrapped is counted; where that is everything, and
 * for one interface, it is as good as plain. */
static __rte_noinline void classify_unwrapped(
	struct worker *w, struct burst *b, const struct unwrap *u)
{
	if (!u->done.n)
		return;
	unwrap_end(w, b, u);
	b->plain = u->done.n == b->n && !u->done.mixed;
	b->data_off = (uint16_t)(u->data_off + u->done.head);
}

void stage_classify(struct worker *w, struct burst *b)
{
	const uint16_t *vlans = fwd_demux_get(w->t)->vlans[b->port];
	const struct fwd_if *ifp = vlans && vlans[0] ? fwd_if_get(w->t, vlans[0]) : NULL;
	const uint16_t iif = ifp && ifp->c.up ? ifp->c.id : 0;
	const bool main_table = ifp && ifp->c.table == DP_TABLE_MAIN;
	struct if_counters_lcore *ctr = &w->if_ctr[iif];
	const struct rte_mbuf *first = b->pkts[0].m;
	const uint64_t rearm = load64(first->rearm_data);
	const uint16_t data_off = first->data_off;
	const bool usual = iif && rte_mbuf_refcnt_read(first) == 1 && first->nb_segs == 1;
	const struct pkt like = {.iif = iif, .family = IP_V4, .l3 = ETH_LEN};
	const struct pkt *end = b->pkts + b->n;
	uint64_t bytes = 0;
	unsigned others = 0, n;
	struct unwrap u;

	unwrap_begin(w, &u, usual && main_table ? ifp : NULL, rearm, data_off);
	for (struct pkt *p = b->pkts; p < end;) {
		uint32_t len = 0;

		if (likely(usual))
			len = classify_plain(p, load64(&like.iif), rearm, data_off);
		bytes += len;
		if (likely(len)) {
			p++;
			continue;
		}
		n = classify_others(w, b, p, vlans, &u);
		others += n;
		p += n;
	}
	n = b->n - others;
	ctr->rx_packets += n;
	ctr->rx_bytes += bytes;
	ctr->rx_mcast += n;
	b->plain = others == 0 && likely(main_table);
	b->data_off = data_off;
	if (unlikely(others))
		classify_unwrapped(w, b, &u);
}
