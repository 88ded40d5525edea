/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624). Sums are taken over words as
 * they lie in memory: the result is in network order again, on any machine.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t load64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store16(void *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void store32(void *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* The word of 32 bits that two of 16 make which follow each other in memory. */
static inline uint32_t csum_pair(uint16_t first, uint16_t second)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint32_t)second << 16 | first;
#else
	return (uint32_t)first << 16 | second;
#endif
}

/* The 16-bit one's complement sum of a sum of fewer than 65536 words of 16 or 32 bits. */
static inline uint16_t csum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

/* Adds len bytes to a sum; an odd last byte counts as if a zero followed. */
static inline uint64_t csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len >= 4; len -= 4, p += 4)
		sum += load32(p);
	if (len >= 2) {
		sum += load16(p);
		p += 2;
		len -= 2;
	}
	if (len) {
		uint8_t last[2] = {*p, 0};

		sum += load16(last);
	}
	return sum;
}

/* The checksum field for these bytes, the field itself taken as zero or skipped. */
static inline uint16_t csum(const void *data, size_t len)
{
	return (uint16_t)~csum_fold(csum_add(0, data, len));
}

/* RFC 1624 equation 3: the checksum c after words that sum to before have become words that sum to
 * after. HC' = ~(~HC + ~m + m'): a field that becomes zero is zero, never its negative. */
static inline uint16_t csum_replace(uint16_t c, uint64_t before, uint64_t after)
{
	uint32_t sum = (uint16_t)~c;

	sum += (uint16_t)~csum_fold(before);
	sum += csum_fold(after);
	return (uint16_t)~csum_fold(sum);
}
