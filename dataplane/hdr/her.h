/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Head-end replication: a multicast packet becomes a unicast one. Destination, source, UDP destination
 * port, TTL and, where wanted, DSCP change; the checksums that cover them follow incrementally. A UDP checksum of zero means
 * "none" and stays (RFC 768). Fragments: the transport header is in the first one only, and its checksum
 * covers the whole datagram, so the same update is right there and nothing is done in the others.
 */
#pragma once

#include "tos.h"

struct her {
	const uint8_t *dst; /* 4 or 16 bytes */
	const uint8_t *src; /* the same, NULL: keep */
	uint16_t port;      /* UDP destination port, host order, 0: keep */
	uint8_t ttl;
	bool set_dscp; /* dscp is the new one, ECN stays */
	uint8_t dscp;
};

/* Offset of the checksum that covers the pseudo header, 0 for none. */
static inline unsigned her_l4_csum_offset(uint8_t proto, bool v6)
{
	switch (proto) {
	case IP_PROTO_UDP:
	case IP_PROTO_UDPLITE:
		return 6;
	case IP_PROTO_TCP:
		return 16;
	case IP_PROTO_ICMP6:
		return v6 ? 2 : 0;
	default:
		return 0;
	}
}

/* The transport header at l4, avail bytes readable: port and checksum. before, after: sums over the
 * addresses. Too short a header is passed on as it is. */
static inline void her_l4(uint8_t *l4, uint32_t avail, uint8_t proto, bool v6, uint16_t port,
	uint64_t before, uint64_t after)
{
	unsigned at = her_l4_csum_offset(proto, v6);
	uint16_t c;

	if (at == 0 || avail < at + 2)
		return;
	if (proto == IP_PROTO_UDP && port) {
		before += load16(l4 + 2);
		store16(l4 + 2, htons(port));
		after += htons(port);
	}
	c = load16(l4 + at);
	if (proto == IP_PROTO_UDP && c == 0)
		return;
	c = csum_replace(c, before, after);
	if (c == 0 && (proto == IP_PROTO_UDP || proto == IP_PROTO_UDPLITE))
		c = 0xffff;
	store16(l4 + at, c);
}

/* h: a valid header of which avail bytes, transport header included, may be written. */
static inline void her_rewrite4(uint8_t *h, uint32_t avail, const struct her *her)
{
	unsigned hl = (h[0] & 0xfu) * 4;
	uint32_t src = load32(her->src ? her->src : h + IP4_SRC), dst = load32(her->dst);
	uint64_t before = (uint64_t)load32(h + IP4_DST) + load32(h + IP4_SRC);
	uint64_t after = (uint64_t)dst + src;
	uint16_t ttl_before = load16(h + IP4_TTL);
	uint16_t ttl_after = htons((uint16_t)(her->ttl << 8 | h[IP4_PROTO]));

	if (her->set_dscp)
		tos_put(h, tos_with_dscp(tos_get(h), her->dscp));
	store32(h + IP4_SRC, src);
	store32(h + IP4_DST, dst);
	store32(h + IP4_TTL, csum_pair(ttl_after, csum_replace(load16(h + IP4_CSUM),
							  before + ttl_before, after + ttl_after)));
	if ((be16(h + IP4_FRAG) & IP4_FRAG_MASK) == 0 && avail > hl)
		her_l4(h + hl, avail - hl, h[IP4_PROTO], false, her->port, before, after);
}

static inline uint64_t her_sum6(const uint8_t *h)
{
	return csum_add(0, h + IP6_SRC, 32);
}

static inline void her_rewrite6(uint8_t *h, uint32_t avail, const struct her *her)
{
	uint64_t before = her_sum6(h), after;
	struct ip6_l4 l4;

	if (her->set_dscp)
		tos_put(h, tos_with_dscp(tos_get(h), her->dscp));
	memcpy(h + IP6_DST, her->dst, 16);
	if (her->src)
		memcpy(h + IP6_SRC, her->src, 16);
	h[IP6_HOPS] = her->ttl;
	after = her_sum6(h);
	if (ip6_find_l4(h, avail, &l4) && l4.first)
		her_l4(h + l4.off, avail - l4.off, l4.proto, true, her->port, before, after);
}
