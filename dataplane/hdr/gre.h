/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * GRE (RFC 2784) with key and sequence number (RFC 2890), and the outer headers of a tunnel.
 * The sequence number is skipped, never checked: a packet out of order is no worse than on any other path.
 */
#pragma once

#include "ip4.h"
#include "ip6.h"

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
	bool df;     /* IPv6: true, routers never fragment it */
};

static inline struct gre_inner gre_inner_of(const uint8_t *h)
{
	struct gre_inner in;

	if (h[0] >> 4 == 4) {
		in.tos = h[IP4_TOS];
		in.df = be16(h + IP4_FRAG) & IP4_DF;
	} else {
		in.tos = (uint8_t)(be16(h) >> 4);
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

/* The outer IPv6 header, 40 bytes at p; flow label 0. */
static inline void gre_outer6(uint8_t *p, const uint8_t src[16], const uint8_t dst[16],
	uint16_t payload, uint8_t tclass, uint8_t hops)
{
	p[0] = (uint8_t)(0x60 | tclass >> 4);
	p[1] = (uint8_t)(tclass << 4);
	p[2] = p[3] = 0;
	put_be16(p + IP6_PAYLOAD, payload);
	p[IP6_NEXT] = IP_PROTO_GRE;
	p[IP6_HOPS] = hops;
	memcpy(p + IP6_SRC, src, 16);
	memcpy(p + IP6_DST, dst, 16);
}
