/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The Internet checksum (RFC 1071) by its definition, for all who make or judge packets without the router's own
 * functions.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 16-bit big-endian words on top of sum, an odd byte at the end being the high one; carries folded. A pseudo header's
 * words may be in sum already. */
static inline uint16_t sum16_on(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* 0xffff if the checksum is among the bytes and right. */
static inline uint16_t sum16(const uint8_t *p, size_t n)
{
	return sum16_on(p, n, 0);
}

/* Writes the checksum of the n bytes at p to its place, which may be among them. */
static inline void sum16_seal_on(uint8_t *place, const uint8_t *p, size_t n, uint32_t sum)
{
	uint16_t c;

	place[0] = place[1] = 0;
	c = (uint16_t)~sum16_on(p, n, sum);
	place[0] = (uint8_t)(c >> 8);
	place[1] = (uint8_t)c;
}

static inline void sum16_seal(uint8_t *place, const uint8_t *p, size_t n)
{
	sum16_seal_on(place, p, n, 0);
}
