/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * GRE (RFC 2784) with key and sequence number (RFC 2890), and the outer headers of a tunnel.
 * The sequence number is skipped, never checked: a packet out of order is no worse than on any other path.
 */
#pragma once

#include "tos.h"

#include "dataplane/seam/dp.h"

#define GRE_LEN 4
#define GRE_MAX_LEN 16

#define GRE_C 0x8000
#define GRE_R 0x4000
#define GRE_K 0x2000
#define GRE_S 0x1000
/* RFC 2784 2.3: a receiver without RFC 1701 discards packets with any of bits 1-5 set; of those RFC 2890
 * has given back K and S. Bits 6-12 are ignored. */
#define GRE_REFUSED (GRE_R | 0x0800 | 0x0400)
#define GRE_VERSION 0x0007

struct gre_view {
	uint16_t proto; /* EtherType of the payload */
	uint8_t len;    /* of the GRE header */
	bool has_csum, has_key;
	uint32_t key; /* host order, 0 without key */
};

static inline enum drop_reason gre_parse(const uint8_t *p, uint32_t avail, struct gre_view *v)
{
	uint16_t flags;

	if (avail < GRE_LEN)
		return DROP_gre_truncated;
	flags = be16(p);
	if (flags & GRE_VERSION)
		return DROP_gre_version;
	if (flags & GRE_REFUSED)
		return DROP_gre_routing;
	v->has_csum = flags & GRE_C;
	v->has_key = flags & GRE_K;
	v->len = (uint8_t)(GRE_LEN +
			   4 * (!!(flags & GRE_C) + !!(flags & GRE_K) + !!(flags & GRE_S)));
	if (v->len > avail)
		return DROP_gre_truncated;
	v->proto = be16(p + 2);
	v->key = v->has_key ? ntohl(load32(p + (v->has_csum ? 8 : 4))) : 0;
	return IP_FINE;
}

static inline unsigned gre_len(bool checksum, bool has_key)
{
	return GRE_LEN + 4u * checksum + 4u * has_key;
}

/* What the outer header takes from the packet inside. */
struct gre_inner {
	uint8_t tos; /* or traffic class */
	uint8_t ttl; /* or hop limit */
	bool df;     /* IPv6: true, routers never fragment it */
};

static inline struct gre_inner gre_inner_of(const uint8_t *h)
{
	struct gre_inner in;

	in.tos = tos_get(h);
	if (h[0] >> 4 == 4) {
		in.ttl = h[IP4_TTL];
		in.df = be16(h + IP4_FRAG) & IP4_DF;
	} else {
		in.ttl = h[IP6_HOPS];
		in.df = true;
	}
	return in;
}

/* The flow label for packets like this one: the same for all from its source to its group, so that
 * routers on the way may spread tunnels' flows by it (RFC 6438 section 3). Never 0, which means none. */
static inline uint32_t gre_flow_label(const uint8_t *inner)
{
	bool v4 = inner[0] >> 4 == 4;
	const uint8_t *a = inner + (v4 ? IP4_SRC : IP6_SRC);
	uint32_t h = 0;

	for (unsigned i = 0; i < (v4 ? 8u : 32u); i += 4)
		h = (h ^ load32(a + i)) * 0x9e3779b1u;
	h ^= h >> 15;
	return (h & 0xfffff) ? h & 0xfffff : 1;
}

/* What a tunnel puts in front of packets but for what differs between them: made once, by gre_head_of.
 * Numbers of several bytes lie as they do in a packet. */
struct gre_head {
	bool v6;
	bool checksum;
	uint8_t len;      /* of the outer IP header and GRE's together */
	uint8_t gre_len;  /* of the latter */
	uint8_t ttl;      /* 0: that of the packet inside */
	uint8_t tos_keep; /* of the inner TOS these bits stay, */
	uint8_t tos_set;  /* and these are added */
	uint16_t flags;   /* of GRE */
	uint32_t key;     /* 0 without key */
	uint32_t src4, dst4;
	uint64_t sum4;     /* of IPv4's source and destination */
	uint8_t addrs[32]; /* IPv6's source and destination */
};

static inline struct gre_head gre_head_of(const struct dp_gre *c)
{
	struct gre_head g = {.v6 = c->remote.family == IP_V6, .checksum = c->checksum};

	g.gre_len = (uint8_t)gre_len(c->checksum, c->has_key);
	g.len = (uint8_t)(g.gre_len + (g.v6 ? IP6_LEN : IP4_LEN));
	g.ttl = c->ttl;
	g.tos_keep = c->dscp_inherit ? 0xff : ECN_MASK; /* RFC 2983, RFC 6040 section 4.1 */
	g.tos_set = c->dscp_inherit ? 0 : (uint8_t)(c->dscp << 2);
	g.flags = htons((uint16_t)((c->checksum ? GRE_C : 0) | (c->has_key ? GRE_K : 0)));
	g.key = c->has_key ? htonl(c->key) : 0;
	g.src4 = c->local.w_be[0];
	g.dst4 = c->remote.w_be[0];
	g.sum4 = (uint64_t)g.src4 + g.dst4;
	memcpy(g.addrs, c->local.b, 16);
	memcpy(g.addrs + 16, c->remote.b, 16);
	return g;
}

/* GRE's header in front of the packet inside, of an EtherType. payload_sum: the packet's folded sum, used
 * with checksum only. */
static inline void gre_put(
	uint8_t *inner, const struct gre_head *g, uint16_t type, uint16_t payload_sum)
{
	uint8_t *p = inner - g->gre_len;
	uint32_t first = csum_pair(g->flags, htons(type));

	store32(inner - 4, g->key); /* without a key something else is there afterwards */
	if (__builtin_expect(g->checksum, 0))
		store32(p + 4,
			csum_pair((uint16_t)~csum_fold((uint64_t)payload_sum + first + g->key), 0));
	store32(p, first);
}

/* The outer IPv4 header, in front of GRE's of a packet of len bytes. DF is the inner packet's (RFC 2003
 * section 3.1 for the like of it); a packet with DF is atomic and has identification 0 (RFC 6864). The
 * header is made of whole words: bytes that are read again as words right after they were written have to
 * be waited for. */
static inline void gre_outer4(uint8_t *inner, const struct gre_head *g, uint16_t len,
	const struct gre_inner *in, uint16_t id)
{
	uint8_t *p = inner - g->len;
	uint8_t tos = (uint8_t)((in->tos & g->tos_keep) | g->tos_set);
	uint8_t ttl = g->ttl ? g->ttl : in->ttl;
	uint32_t w0 = csum_pair(htons((uint16_t)(0x4500 | tos)), htons((uint16_t)(len + g->len)));
	uint32_t w1 = in->df ? csum_pair(0, htons(IP4_DF)) : csum_pair(htons(id), 0);
	uint16_t w2 = htons((uint16_t)(ttl << 8 | IP_PROTO_GRE));
	uint16_t sum = (uint16_t)~csum_fold(g->sum4 + w0 + w1 + w2);

	store32(p, w0);
	store32(p + IP4_ID, w1);
	store32(p + IP4_TTL, csum_pair(w2, sum));
	store32(p + IP4_SRC, g->src4);
	store32(p + IP4_DST, g->dst4);
}

/* The outer IPv6 header, likewise. */
static inline void gre_outer6(uint8_t *inner, const struct gre_head *g, uint16_t len,
	const struct gre_inner *in, uint32_t label)
{
	uint8_t *p = inner - g->len;
	uint8_t tclass = (uint8_t)((in->tos & g->tos_keep) | g->tos_set);
	uint8_t hops = g->ttl ? g->ttl : in->ttl;

	store32(p, htonl(6u << 28 | (uint32_t)tclass << 20 | label));
	store32(p + IP6_PAYLOAD, csum_pair(htons((uint16_t)(len + g->gre_len)),
					 htons((uint16_t)(IP_PROTO_GRE << 8 | hops))));
	memcpy(p + IP6_SRC, g->addrs, 32);
}
