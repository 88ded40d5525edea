/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packets as plain bytes, for the tests of the pure functions. Every packet that a parser sees lies in a heap
 * block of exactly its length, so that a sanitizer sees a read behind it; checksums are compared with ones
 * computed from scratch.
 */
#pragma once

#include "dataplane/hdr/gre.h"
#include "tests/sum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static inline uint32_t rnd(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

/* Sum over the pseudo header and len bytes of transport. */
static inline uint16_t slow_l4_sum(
	const uint8_t *addrs, size_t addr_bytes, uint8_t proto, const uint8_t *l4, size_t len)
{
	return sum16_on(l4, len, sum16_on(addrs, addr_bytes, (uint32_t)len + proto));
}

static inline void ip4_seal(uint8_t *h)
{
	unsigned hl = (h[0] & 0xfu) * 4;

	sum16_seal(h + IP4_CSUM, h, hl);
}

/* A sound UDP packet of total bytes with opt bytes of options (all NOP). */
static inline void ip4_make(uint8_t *h, uint16_t total, unsigned opt)
{
	unsigned hl = IP4_LEN + opt;
	uint8_t *udp = h + hl;
	uint16_t c;

	memset(h, 0, total);
	memset(h + IP4_LEN, 1, opt);
	h[0] = (uint8_t)(0x40 | hl / 4);
	put_be16(h + IP4_TOTAL, total);
	h[IP4_TTL] = 9;
	h[IP4_PROTO] = IP_PROTO_UDP;
	memcpy(h + IP4_SRC, (uint8_t[]){10, 0, 0, 1, 239, 1, 1, 1}, 8);
	ip4_seal(h);
	if (total < hl + 8u)
		return;
	put_be16(udp, 1000);
	put_be16(udp + 2, 5000);
	put_be16(udp + 4, (uint16_t)(total - hl));
	for (unsigned i = hl + 8; i < total; i++)
		h[i] = (uint8_t)(i * 7);
	c = (uint16_t)~slow_l4_sum(h + IP4_SRC, 8, IP_PROTO_UDP, udp, total - hl);
	put_be16(udp + 6, c ? c : 0xffff);
}

static inline uint8_t *exactly(const uint8_t *from, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	assert_non_null(p);
	if (n)
		memcpy(p, from, n);
	return p;
}

static inline void ip6_make(uint8_t *h, uint16_t payload, uint8_t next)
{
	memset(h, 0, IP6_LEN + payload);
	h[0] = 0x60;
	put_be16(h + IP6_PAYLOAD, payload);
	h[IP6_NEXT] = next;
	h[IP6_HOPS] = 5;
	h[IP6_SRC] = 0x20;
	h[IP6_SRC + 15] = 1;
	h[IP6_DST] = 0xff;
	h[IP6_DST + 1] = 0x3e;
	h[IP6_DST + 15] = 9;
}
