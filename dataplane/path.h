/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the stages have in common and nobody else needs: reading the tables, buffers, and the bytes in
 * front of an IP packet (tunnel, Ethernet), which control's own packets get as well.
 */
#pragma once

#include "dataplane/dp_priv.h"
#include "dataplane/hdr/gre.h"

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include <stdatomic.h>

/* The first segment of a received packet holds this many bytes (or the packet): the deepest header that
 * is read. 22 Ethernet, 60 IPv4, 16 GRE, 60 IPv4, 8 Register, 60 IPv4, 18 of TCP. */
#define PULL_BYTES 264
/* Room in front of the IP packet for the longest encapsulation: 22 Ethernet, 40 IPv6, 12 GRE, 48 Register. */
#define PUSH_BYTES 124
/* A copy that shares its payload has this much of the packet for itself: all that HER may write. */
#define SPLIT_BYTES 96
#define L4_CSUM_END 18 /* of a transport header: TCP's is the furthest */
static_assert(PULL_BYTES >= L2_MAX + 60 + 16 + 60 + REGISTER_LEN + SPLIT_BYTES,
	"a split never leaves the first segment");
static_assert(PUSH_BYTES >= L2_HEAD + IP6_LEN + 12 + REGISTER_HEAD_MAX,
	"all headers, and the rest of a template");
static_assert(RTE_PKTMBUF_HEADROOM >= PUSH_BYTES, "a fresh buffer has room for every header");

#define TTL_USUAL 64 /* RFC 1700 */

#define LAP_ROUNDS 64u /* rounds for one whose stages are timed: a power of two */

/* Charges the time since the last lap to a stage, and the packets it has handled. */
static inline void lap(struct worker *w, enum dp_stage stage, unsigned packets)
{
	w->info.packets[stage] += packets;
	if (unlikely(w->timed)) {
		uint64_t now = rte_rdtsc();

		w->info.cycles[stage] += (now - w->lap_tsc) * LAP_ROUNDS;
		w->lap_tsc = now;
	}
}

/* replicate.c: how p leaves by o: IP_FINE and *pl, or why not. */
enum drop_reason plan_resolve(
	struct worker *w, const struct pkt *p, const struct fwd_oif *o, struct plan *pl);
/* rewrite.c: the bytes in front of the IP packet at l3 of m, and in it, for a plan with a next hop. */
void rewrite_adjacent(
	struct worker *w, struct rte_mbuf *m, unsigned l3, const struct plan *pl, uint8_t family);
/* The same for n packets in one segment each, with PUSH_BYTES of room in front of their IP packets, that are
 * not too long for the way. */
void rewrite_adjacent_run(struct worker *w, struct rte_mbuf *const *v, unsigned n, unsigned l3,
	const struct plan *pl, uint8_t family);

/* --- tables: NULL for ids that name nothing ---------------------------------------------------------- */

static inline const struct fwd_if *fwd_if_get(const struct fwd_tables *t, uint32_t id)
{
	if (unlikely(id >= DP_IFS_MAX))
		return NULL;
	return atomic_load_explicit(&t->ifs[id], memory_order_acquire);
}

static inline const struct fwd_oif *fwd_oif_get(const struct fwd_tables *t, uint32_t id)
{
	if (unlikely(id >= t->max_oifs))
		return NULL;
	return atomic_load_explicit(&t->oifs[id], memory_order_acquire);
}

static inline const struct fwd_adj *fwd_adj_get(const struct fwd_tables *t, uint32_t id)
{
	if (unlikely(id >= t->max_oifs))
		return NULL;
	return atomic_load_explicit(&t->adjs[id], memory_order_acquire);
}

static inline const struct fwd_ports *fwd_ports_get(const struct fwd_tables *t)
{
	return atomic_load_explicit(&t->ports, memory_order_acquire);
}

static inline const struct fwd_demux *fwd_demux_get(const struct fwd_tables *t)
{
	return atomic_load_explicit(&t->demux, memory_order_acquire);
}

/* The table in which a packet is looked up. */
static inline uint16_t fwd_table_of(const struct fwd_tables *t, const struct pkt *p)
{
	const struct fwd_if *ifp;

	if (likely(!fwd_demux_get(t)->several_tables))
		return DP_TABLE_MAIN;
	ifp = fwd_if_get(t, pkt_interface(p));
	return ifp ? ifp->c.table : DP_TABLE_MAIN;
}

/* --- where a copy goes ------------------------------------------------------------------------------- */

struct path_hop {
	const struct fwd_if *tun;  /* tunnel, or NULL */
	const struct fwd_if *out;  /* Ethernet interface */
	const struct fwd_adj *adj; /* next hop's MAC; NULL: the group's */
	uint8_t head;              /* bytes of a Register's headers, 0 none */
};

/* Bytes a tunnel puts in front of a packet. */
static inline unsigned path_gre_overhead(const struct fwd_if *tun)
{
	return tun->gre.len;
}

/* The last step by adjacency: a neighbour on Ethernet. */
static inline enum drop_reason path_neighbour(
	const struct fwd_tables *t, const struct fwd_adj *a, struct path_hop *hop)
{
	if (!a || a->c.kind == DP_ADJ_UNRESOLVED)
		return DROP_oif_unresolved;
	if (a->c.kind == DP_ADJ_KERNEL)
		return DROP_oif_kernel;
	hop->out = fwd_if_get(t, a->c.ifid);
	hop->adj = a;
	if (!hop->out || !hop->out->c.up)
		return DROP_oif_down;
	if (hop->out->c.kind == DP_IF_GRE)
		return DROP_oif_recursion;
	if (hop->out->c.kind != DP_IF_ETHER)
		return DROP_oif_kernel;
	return a->c.kind == DP_ADJ_ETHER ? IP_FINE : DROP_oif_unresolved;
}

static inline enum drop_reason path_tunnel(
	const struct fwd_tables *t, const struct fwd_if *tun, struct path_hop *hop)
{
	hop->tun = tun;
	return path_neighbour(t, fwd_adj_get(t, tun->c.gre.adj), hop);
}

/* Out of an interface itself: to the group on Ethernet, through a tunnel. ifp is up. */
static inline enum drop_reason path_interface(
	const struct fwd_tables *t, const struct fwd_if *ifp, struct path_hop *hop)
{
	hop->tun = NULL;
	hop->adj = NULL;
	hop->out = ifp;
	hop->head = 0;
	if (likely(ifp->c.kind == DP_IF_ETHER))
		return IP_FINE;
	return ifp->c.kind == DP_IF_GRE ? path_tunnel(t, ifp, hop) : DROP_oif_kernel;
}

/* To a unicast next hop: a neighbour, or whoever is at the other end of a tunnel. */
static inline enum drop_reason path_unicast(
	const struct fwd_tables *t, uint32_t adj, struct path_hop *hop)
{
	const struct fwd_adj *a = fwd_adj_get(t, adj);
	const struct fwd_if *ifp;

	hop->tun = NULL;
	hop->head = 0;
	if (!a || a->c.kind != DP_ADJ_IF)
		return path_neighbour(t, a, hop);
	ifp = fwd_if_get(t, a->c.ifid);
	if (!ifp || !ifp->c.up)
		return DROP_oif_down;
	return ifp->c.kind == DP_IF_GRE ? path_tunnel(t, ifp, hop) : DROP_oif_unresolved;
}

/* Whether ip_len fits the MTUs on the way; then *wire_len is the outermost packet's. */
static inline bool path_fits(const struct path_hop *hop, unsigned ip_len, uint16_t *wire_len)
{
	unsigned wire = ip_len + hop->head;

	if (hop->tun) {
		if (wire > hop->tun->c.mtu)
			return false;
		wire += path_gre_overhead(hop->tun);
	}
	*wire_len = (uint16_t)wire;
	return wire <= hop->out->c.mtu;
}

/* frag.c: whether p, too long for the way, may leave in pieces; then pl->wire_len is 0. */
bool frag_plan(struct worker *w, const struct pkt *p, const struct path_hop *hop, struct plan *pl);

/* replicate.c: counts that one output does not take p. */
void output_drop(struct worker *w, const struct pkt *p, uint32_t oif, uint16_t ifid,
	enum drop_reason reason);

/* --- buffers ----------------------------------------------------------------------------------------- */

/* Nobody else looks at the bytes. */
static inline bool mbuf_is_ours(const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m);
}

static inline uint8_t *mbuf_push(struct rte_mbuf *m, unsigned n)
{
	m->data_off = (uint16_t)(m->data_off - n);
	m->data_len = (uint16_t)(m->data_len + n);
	m->pkt_len += n;
	return rte_pktmbuf_mtod(m, uint8_t *);
}

/* n bytes of the first segment. */
static inline void mbuf_drop_front(struct rte_mbuf *m, unsigned n)
{
	m->data_off = (uint16_t)(m->data_off + n);
	m->data_len = (uint16_t)(m->data_len - n);
	m->pkt_len -= n;
}

/* buf.c: cuts the packet behind len bytes (padding), segments that are not needed are freed. */
void mbuf_cut(struct rte_mbuf *m, uint32_t len);
/* buf.c: the packet with its first min(need, all) bytes in the first segment; NULL if there is no buffer,
 * then m is as it was. */
struct rte_mbuf *mbuf_pull(struct rte_mempool *pool, struct rte_mbuf *m, uint32_t need);
/* buf.c: the folded sum over the packet from off on (DPDK 22.11's rte_raw_cksum_mbuf loses carries behind a
 * segment of odd length). */
uint16_t mbuf_sum(const struct rte_mbuf *m, uint32_t off);
/* buf.c: a copy in place of p->m; false: no memory, then p->m is as it was. */
bool pkt_copy(const struct fwd_tables *t, struct pkt *p);

/* Makes p->m a buffer that may be written; false: no memory. */
static inline bool pkt_make_writable(const struct fwd_tables *t, struct pkt *p)
{
	return likely(mbuf_is_ours(p->m)) || pkt_copy(t, p);
}

/* --- bytes in front of the IP packet ----------------------------------------------------------------- */

/* Ethernet header of the interface in front of the IP packet at offset l3, what was there before is
 * overwritten; destination MAC left to the caller, who gets its address. */
static inline uint8_t *path_put_l2(
	struct rte_mbuf *m, unsigned l3, const struct fwd_if *out, uint16_t type)
{
	uint8_t *p;

	if (likely(l3 == out->l2_len))
		p = rte_pktmbuf_mtod(m, uint8_t *);
	else
		p = mbuf_push(m, out->l2_len - l3);
	if (likely(out->l2_len == ETH_LEN))
		memcpy(p, out->l2, ETH_LEN);
	else if (likely(out->l2_len == ETH_LEN + ETH_TAG_LEN))
		memcpy(p, out->l2, ETH_LEN + ETH_TAG_LEN);
	else
		memcpy(p, out->l2, L2_MAX);
	put_be16(p + out->l2_len - 2, type);
	return p;
}

/* GRE and outer IP in front of the IP packet at offset l3 of m, what was there before is overwritten; the
 * outer EtherType is returned. id: for an IPv4 header without DF. own: this router's packet, which may be
 * meant for the next router only: its TTL says nothing about the way through the tunnel. */
static inline uint16_t path_push_gre(
	struct rte_mbuf *m, unsigned l3, const struct fwd_if *tun, uint16_t id, bool own)
{
	const struct gre_head *g = &tun->gre;
	uint8_t *inner = rte_pktmbuf_mtod_offset(m, uint8_t *, l3);
	struct gre_inner in = gre_inner_of(inner);
	uint16_t type = inner[0] >> 4 == 4 ? ETH_TYPE_IP4 : ETH_TYPE_IP6;
	uint16_t len = (uint16_t)(m->pkt_len - l3);
	uint32_t label = g->v6 ? gre_flow_label(inner) : 0;

	if (own)
		in.ttl = TTL_USUAL;
	gre_put(inner, g, type, unlikely(g->checksum) ? mbuf_sum(m, l3) : 0);
	mbuf_push(m, g->len - l3);
	if (unlikely(g->v6)) {
		gre_outer6(inner, g, len, &in, label);
		return ETH_TYPE_IP6;
	}
	gre_outer4(inner, g, len, &in, id);
	return ETH_TYPE_IP4;
}

/* The outer TOS of a Register. */
static inline uint8_t path_register_tos(const struct dp_oif *o, const uint8_t *inner)
{
	uint8_t tos = tos_get(inner);

	return likely(!o->her_set_dscp) ? tos : tos_with_dscp(tos, o->her_dscp);
}

/* A Register's own headers in front of the IP packet at offset l3 of m, what was there before is overwritten;
 * the outer EtherType is returned. id: identification of an outer IPv4 header. */
static inline uint16_t path_push_register(
	struct rte_mbuf *m, unsigned l3, const struct fwd_oif *o, uint16_t id)
{
	const struct register_head *r = o->head;
	uint8_t *inner = rte_pktmbuf_mtod_offset(m, uint8_t *, l3);
	uint8_t tos = path_register_tos(&o->c, inner);
	unsigned len = m->pkt_len - l3;

	mbuf_push(m, r->len - l3);
	if (unlikely(r->family == IP_V6)) {
		register_put6(inner, r, len, tos, gre_flow_label(inner));
		return ETH_TYPE_IP6;
	}
	register_put4(inner, r, len, tos, id);
	return ETH_TYPE_IP4;
}
