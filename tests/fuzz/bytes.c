/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The headers as the fuzz targets read and mend them: told a second time, without the router's functions.
 */
#include "tests/fuzz/bed.h"

bool bed_ip4_sound(const uint8_t *h, size_t len)
{
	size_t ihl = (h[0] & 0xfu) * 4;

	return len >= 20 && h[0] >> 4 == 4 && ihl >= 20 && ihl <= len &&
	       (size_t)(h[2] << 8 | h[3]) >= ihl && (size_t)(h[2] << 8 | h[3]) <= len &&
	       sum16(h, ihl) == 0xffff;
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void ip_repair(uint8_t *h, size_t len, int depth);

static void gre_repair(uint8_t *g, size_t len, int depth)
{
	size_t n = 4;

	if (len < 4)
		return;
	n += g[0] & 0x80 ? 4 : 0;
	n += g[0] & 0x20 ? 4 : 0;
	n += g[0] & 0x10 ? 4 : 0;
	if (n > len)
		return;
	ip_repair(g + n, len - n, depth + 1);
	if (g[0] & 0x80) {
		sum16_seal(g + 4, g, len);
	}
}

/* addrs: IPv6's source and destination, NULL in IPv4. */
static void register_repair(uint8_t *p, size_t len, const uint8_t *addrs, int depth)
{
	uint8_t all[48] = {0};

	if (len < 8 || p[0] != 0x21)
		return;
	ip_repair(p + 8, len - 8, depth + 1);
	put16(p + 2, 0);
	memcpy(all, p, 8);
	if (addrs) {
		memcpy(all + 8, addrs, 32);
		all[43] = 8;
		all[47] = 103;
	}
	put16(p + 2, (uint16_t)~sum16(all, sizeof(all)));
}

/* Lengths that claim too much are cut to what is there, then the checksums are made right. */
static void ip_repair(uint8_t *h, size_t len, int depth)
{
	size_t ihl, total;

	if (len >= 40 && h[0] >> 4 == 6) {
		total = 40u + (unsigned)(h[4] << 8 | h[5]);
		if (total > len)
			total = len;
		put16(h + 4, (unsigned)total - 40);
		if (h[6] == 47 && depth < 2)
			gre_repair(h + 40, total - 40, depth);
		if (h[6] == 103 && depth < 2)
			register_repair(h + 40, total - 40, h + 8, depth);
		return;
	}
	if (len < 20 || h[0] >> 4 != 4)
		return;
	ihl = (h[0] & 0xfu) * 4;
	if (ihl < 20 || ihl > len)
		return;
	total = (size_t)(h[2] << 8 | h[3]);
	if (total < ihl || total > len)
		total = len > 0xffff ? 0xffff : len;
	put16(h + 2, (unsigned)total);
	if (h[9] == 47 && depth < 2)
		gre_repair(h + ihl, total - ihl, depth);
	if (h[9] == 103 && depth < 2)
		register_repair(h + ihl, total - ihl, NULL, depth);
	sum16_seal(h + 10, h, ihl);
}

void bed_repair(uint8_t *frame, size_t len)
{
	size_t l3 = 14;

	while (l3 + 4 <= len && l3 < 22 &&
		((frame[l3 - 2] == 0x81 && frame[l3 - 1] == 0) ||
			(frame[l3 - 2] == 0x88 && frame[l3 - 1] == 0xa8)))
		l3 += 4;
	if (l3 < len)
		ip_repair(frame + l3, len - l3, 0);
}
