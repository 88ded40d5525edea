/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * GRE (RFC 2784) with key and sequence number (RFC 2890), and the outer headers of a tunnel.
 * The sequence number is skipped, never checked: a packet out of order is no worse than on any other path.
 */
#pragma once

#include "tos.h"

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

/* Writes gre_len() bytes at p. payload_sum: folded sum of the payload, used with checksum only. */
static inline void gre_write(uint8_t *p, uint16_t ether_type, bool checksum, bool has_key,
	uint32_t key, uint16_t payload_sum)
{
	unsigned len = gre_len(checksum, has_key);

	put_be16(p, (uint16_t)((checksum ? GRE_C : 0) | (has_key ? GRE_K : 0)));
	put_be16(p + 2, ether_type);
	if (checksum)
		store32(p + 4, 0);
	if (has_key)
		store32(p + len - 4, htonl(key));
	if (checksum)
		store16(p + 4, (uint16_t)~csum_fold(csum_add(payload_sum, p, len)));
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

/* The outer IPv4 header, 20 bytes at p. DF is the inner packet's (RFC 2003 section 3.1 for the like of
 * it); a packet with DF is atomic and has identification 0 (RFC 6864). */
static inline void gre_outer4(uint8_t *p, uint32_t src_be, uint32_t dst_be, uint16_t total,
	uint8_t tos, uint8_t ttl, bool df, uint16_t id)
{
	p[0] = 0x45;
	p[IP4_TOS] = tos;
	put_be16(p + IP4_TOTAL, total);
	put_be16(p + IP4_ID, df ? 0 : id);
	put_be16(p + IP4_FRAG, df ? IP4_DF : 0);
	p[IP4_TTL] = ttl;
	p[IP4_PROTO] = IP_PROTO_GRE;
	store16(p + IP4_CSUM, 0);
	store32(p + IP4_SRC, src_be);
	store32(p + IP4_DST, dst_be);
	store16(p + IP4_CSUM, (uint16_t)~ip4_header_sum(p, IP4_LEN));
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

/* The outer IPv6 header, 40 bytes at p. */
static inline void gre_outer6(uint8_t *p, const uint8_t src[16], const uint8_t dst[16],
	uint16_t payload, uint8_t tclass, uint8_t hops, uint32_t label)
{
	store32(p, htonl(6u << 28 | (uint32_t)tclass << 20 | label));
	put_be16(p + IP6_PAYLOAD, payload);
	p[IP6_NEXT] = IP_PROTO_GRE;
	p[IP6_HOPS] = hops;
	memcpy(p + IP6_SRC, src, 16);
	memcpy(p + IP6_DST, dst, 16);
}
