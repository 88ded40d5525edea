/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * PIM Registers and GRE packets of the kind that comes by the million: untagged IPv4 in one buffer without
 * options or fragments, and in it the like of what goes plain (plain.h). They lose their outer headers while they
 * are classified, so that a burst of nothing else goes on as a plain one of the pseudo-interface or the
 * tunnel. Where an Ethernet header would be lies the end of the outer headers then, which is where that of the way
 * out is going to be.
 *
 * What is asked of a packet is what decap.c and register.c ask, and only a yes counts: all that is wrong or
 * rare (tags, IPv6, checksums of GRE, Registers summed up whole, marks of congestion to carry over, a
 * tunnel that is uniform, one in another table, a probe that looks on) is theirs.
 */
#include "unwrap.h"

/* Outer header, and the longest of GRE or of a Register that is read. */
#define WRAP_READ (IP4_LEN + 8)
static_assert(BURST <= 64, "a burst is a word of bits");

void unwrap_begin(const struct worker *w, struct unwrap *u, const struct fwd_if *ifp,
	uint64_t rearm, uint16_t data_off)
{
	memset(u, 0, sizeof(*u));
	u->ifp = w->probes ? NULL : ifp;
	u->rearm = rearm;
	u->data_off = data_off;
}

/* --- which it is: the bytes in front of the packet inside, 0 if this is not for here -------------------- */

/* A Register with data and no flags, whose checksum is that of its eight bytes (RFC 7761 section 4.9.3), for
 * an address of ours on an interface that hears PIM. */
static __rte_always_inline unsigned register_here(
	const struct worker *w, struct unwrap *u, const uint8_t *h)
{
	static const uint8_t pim[REGISTER_LEN] = {PIM_REGISTER, 0, 0xde, 0xff};
	const uint32_t dst = load32(h + IP4_DST);

	if (unlikely(load64(h + IP4_LEN) != load64(pim) ||
		     !(u->ifp->c.proto & (DP_PROTO_PIM | DP_PROTO_PIM_UNICAST))))
		return 0;
	if (unlikely(dst != u->own)) {
		if (!local_has(w->t, DP_TABLE_MAIN, &dst, IP_V4))
			return 0;
		u->own = dst;
	}
	return IP4_LEN + REGISTER_LEN;
}

/* Remembers the tunnel of a packet with len bytes; false: none, or one that is not for here. */
static __rte_noinline bool tunnel_learn(
	const struct worker *w, struct unwrap_tunnel *t, const uint8_t *h, uint32_t len)
{
	struct pkt like = {.family = IP_V4, .decaps = 1, .l3 = ETH_LEN};
	const struct fwd_if *tun;
	struct gre_view g;

	if (gre_parse(h + IP4_LEN, len - IP4_LEN, &g) != IP_FINE || g.has_csum ||
		g.proto != ETH_TYPE_IP4)
		return false;
	like.iif = tunnel_find(fwd_demux_get(w->t), IP_V4, h + IP4_DST, h + IP4_SRC, &g);
	tun = like.iif ? fwd_if_get(w->t, like.iif) : NULL;
	if (!tun || !tun->c.up || tun->c.gre.decap_dscp_copy || tun->c.table != DP_TABLE_MAIN)
		return false;
	t->addrs = load64(h + IP4_SRC);
	t->start = load32(h + IP4_LEN);
	t->key = load32(h + IP4_LEN + GRE_LEN);
	t->head = IP4_LEN + g.len;
	t->like = load64(&like.iif);
	return true;
}

/* For a tunnel; what follows flags and type is its key where it has one. */
static __rte_always_inline unsigned gre_here(
	const struct worker *w, struct unwrap_tunnel *t, const uint8_t *h, uint32_t len)
{
	const bool keyed = h[IP4_LEN] & (GRE_K >> 8);

	if (likely(load32(h + IP4_LEN) == t->start && load64(h + IP4_SRC) == t->addrs &&
		    (!keyed || load32(h + IP4_LEN + GRE_LEN) == t->key)))
		return t->head;
	return tunnel_learn(w, t, h, len) ? t->head : 0;
}

/* --- unwrapping --------------------------------------------------------------------------------------- */

/* The length of the outer packet in m that is whole, for this router's MAC, and carries something; 0: none. */
static __rte_always_inline uint32_t outer_here(
	const struct rte_mbuf *m, const uint8_t *frame, uint64_t rearm, const uint8_t *mac)
{
	const uint8_t *h = frame + ETH_LEN;
	const uint16_t fragment = htons(IP4_MF | IP4_FRAG_MASK);
	uint32_t len;

	if (unlikely(!plain_buffer(m, rearm) || m->data_len < ETH_LEN + WRAP_READ + IP4_LEN))
		return 0;
	if (unlikely(!plain_frame(frame) || !eth_mac_eq(frame, mac)))
		return 0;
	len = be16(h + IP4_TOTAL);
	if (unlikely(len < WRAP_READ || len + ETH_LEN > m->data_len || h[IP4_TTL] == 0 ||
		     (load16(h + IP4_FRAG) & fragment) || ip4_source(h + IP4_SRC) != IP_FINE))
		return 0;
	return plain_sum_known(m) || likely(plain_sum_holds(h)) ? len : 0;
}

/* What RFC 6040 section 4.2 makes of the ECN inside is what it is: there is no mark outside, or the same. */
static __rte_always_inline bool ecn_stays(uint8_t inner, uint8_t outer)
{
	return (outer & ECN_MASK) == ECN_NONE || ((inner ^ outer) & ECN_MASK) == 0;
}

/* The length of the data of room bytes in an outer packet; 0: something else, or it would change on its way. */
static __rte_always_inline uint32_t inner_here(
	const uint8_t *outer, const uint8_t *inner, uint32_t room)
{
	if (unlikely(inner[0] != IP4_PLAIN || !ecn_stays(inner[IP4_TOS], outer[IP4_TOS])))
		return 0;
	return plain_data(inner, room, false);
}

static __rte_always_inline void tunnel_count(struct worker *w, uint64_t like, uint32_t len)
{
	struct if_counters_lcore *ctr;
	struct pkt p;

	memcpy(&p.iif, &like, sizeof(like));
	ctr = &w->if_ctr[p.iif];
	ctr->rx_packets++;
	ctr->rx_bytes += len;
	ctr->rx_mcast++;
}

/* The buffer begins ETH_LEN in front of the packet inside. */
static __rte_always_inline void outer_drop(struct rte_mbuf *m, uint16_t data_off, uint32_t len)
{
	m->data_off = data_off;
	m->data_len = (uint16_t)(ETH_LEN + len);
	m->pkt_len = ETH_LEN + len;
	m->ol_flags &= ~RTE_MBUF_F_RX_IP_CKSUM_MASK; /* was about the outer header */
}

static __rte_always_inline void seen(
	struct unwrapped *d, uint64_t like, unsigned head, uint32_t outer_len)
{
	if (unlikely(d->n == 0)) {
		d->like = like;
		d->head = head;
	}
	d->mixed |= ((like ^ d->like) | (head ^ d->head)) != 0;
	d->n++;
	d->bytes += outer_len;
}

/* One packet, of a burst's the i-th; false: not for here, and not changed. */
static __rte_always_inline bool unwrap(
	struct worker *w, struct burst *b, unsigned i, struct unwrap *u, struct unwrapped *done)
{
	const struct pkt registered = {
		.iif = DP_IF_REGISTER, .family = IP_V4, .decaps = 1, .l3 = ETH_LEN};
	struct pkt *p = &b->pkts[i];
	const uint8_t *frame = (const uint8_t *)p->m->buf_addr + u->data_off, *h = frame + ETH_LEN;
	const uint32_t outer_len = outer_here(p->m, frame, u->rearm, u->ifp->c.mac);
	bool is_register;
	unsigned head = 0;
	uint64_t like;
	uint32_t len;

	if (unlikely(!outer_len))
		return false;
	is_register = h[IP4_PROTO] == IP_PROTO_PIM;
	if (is_register)
		head = register_here(w, u, h);
	else if (likely(h[IP4_PROTO] == IP_PROTO_GRE))
		head = gre_here(w, &u->tunnel, h, outer_len);
	if (unlikely(!head || outer_len < head + IP4_LEN))
		return false;
	len = inner_here(h, h + head, outer_len - head);
	if (unlikely(!len))
		return false;
	like = is_register ? load64(&registered.iif) : u->tunnel.like;
	if (is_register)
		done->registers |= UINT64_C(1) << i;
	else
		tunnel_count(w, like, len);
	seen(done, like, head, outer_len);
	plain_word_put(p, like, len, h[head + IP4_TTL]);
	outer_drop(p->m, (uint16_t)(u->data_off + head), len);
	p->came_in = u->ifp->c.id;
	p->told = 0;
	p->next = PKT_FORWARD;
	return true;
}

unsigned unwrap_run(struct worker *w, struct burst *b, unsigned at, struct unwrap *u)
{
	struct unwrapped done = u->done;
	unsigned i = at;

	if (!u->ifp)
		return 0;
	while (i < b->n && likely(unwrap(w, b, i, u, &done)))
		i++;
	u->done = done;
	return i - at;
}

void unwrap_end(struct worker *w, struct burst *b, const struct unwrap *u)
{
	struct if_counters_lcore *ctr = &w->if_ctr[u->ifp->c.id];
	const struct unwrapped *done = &u->done;

	ctr->rx_packets += done->n;
	ctr->rx_bytes += done->bytes;
	w->info.packets[DP_STAGE_DECAP] += done->n;
	w->info.registers_received += (unsigned)__builtin_popcountll(done->registers);
	if (done->registers)
		upcall_registers(w, b, done->registers);
}
