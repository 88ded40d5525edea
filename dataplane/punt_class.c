/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The punt class of a packet for control. Classify has found its headers sound; what lies behind them is
 * read only where it is in the first segment, and a packet that says too little is of the larger class.
 */
#include "dataplane/police.h"
#include "path.h"

#define IGMP_QUERY 0x11
#define PIM_VERSION_HELLO 0x20 /* version 2, type 0 (RFC 7761 section 4.9) */
#define MLD_QUERY 130
#define ND_FIRST 133 /* router solicitation */
#define ND_LAST 137  /* redirect */
#define IP4_FRAGMENT_OFFSET 0x1fff

/* The protocol above IP and its first byte. */
struct upper {
	uint8_t proto, first;
};

static bool upper4(const uint8_t *h, unsigned len, struct upper *u)
{
	unsigned at = (h[0] & 0xfu) * 4;

	if (len <= at || (be16(h + 6) & IP4_FRAGMENT_OFFSET))
		return false;
	*u = (struct upper){.proto = h[IP4_PROTO], .first = h[at]};
	return true;
}

/* Behind one hop-by-hop header, which MLD always carries. */
static bool upper6(const uint8_t *h, unsigned len, struct upper *u)
{
	unsigned at = IP6_LEN;

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

static bool upper_of(const struct pkt *p, unsigned off, struct upper *u)
{
	const uint8_t *h = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, off);
	unsigned len = p->m->data_len - off;

	if (p->m->data_len < off + (p->family == IP_V4 ? IP4_LEN : IP6_LEN))
		return false;
	return p->family == IP_V4 ? upper4(h, len, u) : upper6(h, len, u);
}

static bool is_hello(const struct pkt *p)
{
	struct upper u;

	if (!upper_of(p, 0, &u))
		return false;
	switch (u.proto) {
	case IP_PROTO_PIM:
		return u.first == PIM_VERSION_HELLO;
	case IP_PROTO_IGMP:
		return u.first == IGMP_QUERY;
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

enum dp_punt_class punt_class(const struct pkt *p)
{
	if (p->next == PKT_PROTO)
		return is_hello(p) ? DP_PUNT_hello : DP_PUNT_proto;
	return is_neigh(p) ? DP_PUNT_neigh : DP_PUNT_exception;
}
