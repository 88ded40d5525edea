/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The punt class of a packet for control. Classify has found its headers sound; what lies behind them is
 * read only where it is in the first segment, and a packet that says too little is of the larger class.
 */
#include "punt_class.h"
#include "path.h"

#define MLD_QUERY 130
#define ND_FIRST 133 /* router solicitation */
#define ND_LAST 137  /* redirect */

/* The protocol above IP and its first byte. */
struct upper {
	uint8_t proto, first;
};

/* Of the IPv6 packet at off, behind one hop-by-hop header, which MLD always carries. */
static bool upper_of(const struct pkt *p, unsigned off, struct upper *u)
{
	const uint8_t *h = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, off);
	unsigned len = p->m->data_len - off, at = IP6_LEN;

	if (p->m->data_len < off + IP6_LEN)
		return false;
	u->proto = h[IP6_NEXT];
	if (u->proto == IP_PROTO_HOPOPTS) {
		if (len < at + 8)
			return false;
		u->proto = h[at];
		at += (h[at + 1] + 1u) * 8;
	}
	if (len <= at)
		return false;
	u->first = h[at];
	return true;
}

static bool is_hello6(const struct pkt *p)
{
	struct upper u;

	if (!upper_of(p, 0, &u))
		return false;
	switch (u.proto) {
	case IP_PROTO_PIM:
		return u.first == PIM_VERSION_HELLO;
	case IP_PROTO_ICMP6:
		return u.first == MLD_QUERY;
	default:
		return false;
	}
}

static bool is_neigh(const struct pkt *p)
{
	struct upper u;

	if (p->family == 0)
		return p->m->data_len >= ETH_LEN &&
		       be16(rte_pktmbuf_mtod_offset(p->m, const uint8_t *, ETH_MACS_LEN)) ==
			       ETH_TYPE_ARP;
	return p->family == IP_V6 && upper_of(p, p->l3, &u) && u.proto == IP_PROTO_ICMP6 &&
	       u.first >= ND_FIRST && u.first <= ND_LAST;
}

enum dp_punt_class punt_class_other(const struct pkt *p)
{
	if (p->next == PKT_PROTO)
		return is_hello6(p) ? DP_PUNT_hello : DP_PUNT_proto;
	return is_neigh(p) ? DP_PUNT_neigh : DP_PUNT_exception;
}
