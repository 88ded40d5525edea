/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packets as bytes, for the tests of PIM: from text, and by hand with checksums of their own.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/pim/common/wire.h"

struct bytes {
	uint8_t b[8192];
	size_t len;
};

struct bytes hex(const char *text);
void put8(struct bytes *p, unsigned v);
void put16(struct bytes *p, unsigned v);
void put32(struct bytes *p, uint32_t v);
void put_addr(struct bytes *p, const char *text); /* the address alone */
/* Encoded addresses of IPv4, sound. */
void put_unicast(struct bytes *p, const char *text);
void put_group(struct bytes *p, const char *text);
void put_source(struct bytes *p, const char *text, unsigned flags);
/* An IPv4 packet of this PIM type around a body, with right checksums, TTL 1 to 224.0.0.13. */
struct bytes packet4(const char *src, unsigned type, const struct bytes *body);
struct bytes packet4_to(
	const char *src, const char *dst, unsigned ttl, unsigned type, const struct bytes *body);
/* Makes the checksums of an IPv4 packet right again; covered: bytes of PIM, 0 all. */
void mend4(struct bytes *p, size_t covered);

static inline struct ipaddr ip(const char *text)
{
	struct ipaddr a;

	assert_int_equal(ip_parse(text, &a), 0);
	return a;
}
