/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Reports of more sources than there are letters: number 0 and on.
 */
#pragma once

#include "tests/unit/gmp/gmp_test.h"

static inline void many_address(struct writer *w, bool v6, uint32_t v4_head, uint32_t tail)
{
	if (!v6) {
		write_u32(w, v4_head + tail);
		return;
	}
	write_u32(w, v4_head >> 24 == 239 ? 0xff0e0000 : 0x20010db8);
	write_u32(w, 0);
	write_u32(w, 0);
	write_u32(w, tail);
}

/* Group g, with n sources from the first on. */
static inline void many_record(
	struct writer *w, bool v6, uint8_t type, uint32_t g, uint32_t first, uint32_t n)
{
	write_u8(w, type);
	write_u8(w, 0);
	write_u16(w, (uint16_t)n);
	many_address(w, v6, 0xef070700, g);
	for (uint32_t i = first; i < first + n; i++)
		many_address(w, v6, 0x0b000000, 1 + i);
}

/* The head of a report of n records; many_record writes them, bed_seal ends it. */
static inline struct writer many_report(struct bed_packet *p, bool v6, const char *from, uint16_t n)
{
	struct bed_head h = {.from = from, .to = v6 ? "ff02::16" : "224.0.0.22", .ttl = 1};
	struct writer w = bed_begin(p, &h);

	write_u32(&w, v6 ? 0x8f000000 : 0x22000000);
	write_u32(&w, n);
	return w;
}

/* A report of one record comes in. */
static inline void many_one(
	struct bed *b, const char *from, uint8_t type, uint32_t g, uint32_t first, uint32_t n)
{
	static struct bed_packet p;
	bool v6 = strchr(from, ':') != NULL;
	struct writer w = many_report(&p, v6, from, 1);

	many_record(&w, v6, type, g, first, n);
	bed_seal(&p, &w);
	bed_packet_in(b, 1, &p);
}
