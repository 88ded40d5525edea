/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Packets by hand; the sum is written a second time, without the router's functions.
 */
#include "tests/unit/pim/bytes.h"

#include "tests/sum.h"

static unsigned nibble(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct bytes hex(const char *text)
{
	struct bytes p = {0};

	for (; text[0]; text += 2)
		put8(&p, nibble(text[0]) << 4 | nibble(text[1]));
	return p;
}

void put8(struct bytes *p, unsigned v)
{
	assert_true(p->len < sizeof(p->b));
	p->b[p->len++] = (uint8_t)v;
}

void put16(struct bytes *p, unsigned v)
{
	put8(p, v >> 8);
	put8(p, v);
}

void put32(struct bytes *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p, v & 0xffff);
}

void put_addr(struct bytes *p, const char *text)
{
	struct ipaddr a = ip(text);

	for (unsigned i = 0; i < ip_bytes(&a); i++)
		put8(p, a.b[i]);
}

static void head(struct bytes *p, const char *text)
{
	put8(p, strchr(text, ':') ? 2 : 1);
	put8(p, 0);
}

void put_unicast(struct bytes *p, const char *text)
{
	head(p, text);
	put_addr(p, text);
}

void put_group(struct bytes *p, const char *text)
{
	put_source(p, text, 0);
}

void put_source(struct bytes *p, const char *text, unsigned flags)
{
	head(p, text);
	put8(p, flags);
	put8(p, strchr(text, ':') ? 128 : 32);
	put_addr(p, text);
}

void mend4(struct bytes *p, size_t covered)
{
	p->b[2] = (uint8_t)(p->len >> 8);
	p->b[3] = (uint8_t)p->len;
	sum16_seal(p->b + 10, p->b, 20);
	sum16_seal(p->b + 22, p->b + 20, covered ? covered : p->len - 20);
}

struct bytes packet4_to(
	const char *src, const char *dst, unsigned ttl, unsigned type, const struct bytes *body)
{
	struct bytes p = {0};

	put32(&p, 0x45c00000);
	put32(&p, 0);
	put8(&p, ttl);
	put8(&p, 103);
	put16(&p, 0);
	put_addr(&p, src);
	put_addr(&p, dst);
	put8(&p, 0x20 | type);
	put8(&p, 0);
	put16(&p, 0);
	assert_true(p.len + body->len <= sizeof(p.b));
	memcpy(p.b + p.len, body->b, body->len);
	p.len += body->len;
	mend4(&p, type == PIM_REGISTER ? 8 : 0);
	return p;
}

struct bytes packet4(const char *src, unsigned type, const struct bytes *body)
{
	return packet4_to(src, "224.0.0.13", 1, type, body);
}
