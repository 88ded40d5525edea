/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * PIM Registers (RFC 7761 sections 4.4, 4.9.3): the outer IP header and the eight bytes of PIM in front of a
 * multicast packet. The checksum covers those eight bytes only, in IPv6 with a pseudo header that
 * says 8 (section 4.9.3), so all of them are known before the packet is: register_head.
 *
 * DSCP and ECN are those of the packet inside, the DSCP another one where the output has its own (section
 * 4.4.1). DF is off: a router on the way may fragment.
 */
#pragma once

#include "gre.h"

#define PIM_REGISTER 0x21 /* version 2, type 1 */
#define REGISTER_LEN 8
/* Of the second word. */
#define REGISTER_BORDER 0x80
#define REGISTER_NULL 0x40

#define REGISTER_HEAD_MAX (IP6_LEN + REGISTER_LEN)

/* Bytes in front of a packet of this family. */
static inline unsigned register_head_len(uint8_t family)
{
	return (family == 4 ? IP4_LEN : IP6_LEN) + REGISTER_LEN;
}

/* The folded sum over the pseudo header of RFC 8200 section 8.1: src and dst as they follow each other in a
 * header, len bytes of PIM. */
static inline uint16_t register_pseudo6(const uint8_t *addrs, uint32_t len)
{
	uint8_t tail[8] = {len >> 24, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, 0, 0,
		0, IP_PROTO_PIM};

	return csum_fold(csum_add(csum_add(0, addrs, 32), tail, sizeof(tail)));
}

/* --- sending ------------------------------------------------------------------------------------------ */

/* The headers of all Registers of an output; lengths, TOS and identification are zero. */
struct register_head {
	uint8_t family;
	uint8_t len; /* of them all */
	uint64_t
		sum; /* IPv4: over the outer header but for its first two words, its TTL and protocol */
	uint8_t b[REGISTER_HEAD_MAX];
};

static inline void register_pim(uint8_t *p, uint16_t pseudo)
{
	memset(p, 0, REGISTER_LEN);
	p[0] = PIM_REGISTER;
	store16(p + 2, (uint16_t)~csum_fold(csum_add(pseudo, p, REGISTER_LEN)));
}

/* src, dst: family's bytes. */
static inline void register_head_make(struct register_head *r, uint8_t family, const uint8_t *src,
	const uint8_t *dst, uint8_t ttl)
{
	uint8_t *p = r->b;

	memset(r, 0, sizeof(*r));
	r->family = family;
	r->len = (uint8_t)register_head_len(family);
	if (family == 4) {
		p[0] = IP4_PLAIN;
		p[IP4_TTL] = ttl;
		p[IP4_PROTO] = IP_PROTO_PIM;
		memcpy(p + IP4_SRC, src, 4);
		memcpy(p + IP4_DST, dst, 4);
		r->sum = (uint64_t)load32(p + IP4_SRC) + load32(p + IP4_DST) + load16(p + IP4_TTL);
		register_pim(p + IP4_LEN, 0);
		return;
	}
	p[0] = 0x60;
	p[IP6_NEXT] = IP_PROTO_PIM;
	p[IP6_HOPS] = ttl;
	memcpy(p + IP6_SRC, src, 16);
	memcpy(p + IP6_DST, dst, 16);
	register_pim(p + IP6_LEN, register_pseudo6(p + IP6_SRC, REGISTER_LEN));
}

/* The headers in front of an IPv4 packet of len bytes; with id routers on the way may fragment. In whole words,
 * as gre_outer4. */
static inline void register_put4(
	uint8_t *inner, const struct register_head *r, unsigned len, uint8_t tos, uint16_t id)
{
	uint8_t *p = inner - (IP4_LEN + REGISTER_LEN);
	uint32_t w0 = csum_pair(htons((uint16_t)(IP4_PLAIN << 8 | tos)),
		htons((uint16_t)(len + IP4_LEN + REGISTER_LEN)));
	uint32_t w1 = csum_pair(htons(id), 0);
	uint16_t sum = (uint16_t)~csum_fold(r->sum + w0 + w1);

	memcpy(p + IP4_SRC, r->b + IP4_SRC, 8 + REGISTER_LEN);
	store32(p, w0);
	store32(p + IP4_ID, w1);
	store32(p + IP4_TTL, csum_pair(load16(r->b + IP4_TTL), sum));
}

/* The same for IPv6. */
static inline void register_put6(
	uint8_t *inner, const struct register_head *r, unsigned len, uint8_t tclass, uint32_t label)
{
	uint8_t *p = inner - (IP6_LEN + REGISTER_LEN);

	memcpy(p + IP6_SRC, r->b + IP6_SRC, 32 + REGISTER_LEN);
	store32(p, htonl(6u << 28 | (uint32_t)tclass << 20 | label));
	store32(p + IP6_PAYLOAD,
		csum_pair(htons((uint16_t)(len + REGISTER_LEN)), load16(r->b + IP6_NEXT)));
}

/* --- receiving ---------------------------------------------------------------------------------------- */

/* A PIM message of which avail bytes are there is a Register that carries a packet. */
static inline bool register_has_data(const uint8_t *p, uint32_t avail)
{
	return avail > 0 && p[0] == PIM_REGISTER &&
	       (avail < REGISTER_LEN || !(p[4] & REGISTER_NULL));
}

/* Whether the checksum over the first eight bytes holds; pseudo: IPv6's with length 8, else 0. */
static inline bool register_sum_holds(const uint8_t *p, uint16_t pseudo)
{
	return csum_fold(csum_add(pseudo, p, REGISTER_LEN)) == 0xffff;
}
