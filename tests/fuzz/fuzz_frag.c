/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The fragmenter: a packet leaves once by a way that takes it whole and once by the same way with a smaller
 * MTU, natively, by unicast or through a tunnel. What is put together again from its pieces, by a reassembler
 * of this file's own, is the same packet; every piece is sound, fits, and carries the options it must (RFC
 * 791); a packet is cut whole or not at all, also when buffers run out; every buffer comes back.
 *
 * The input: way, flags, MTU (two bytes), segment size of the reception, TOS, flags and offset (two bytes),
 * TTL, protocol, options, length (two bytes), payload.
 */
#include "tests/fuzz/bed.h"

#include <stdio.h>
#include <stdlib.h>

#define IN_LEN 13
#define LEN_MAX 8900
#define GROUP "239.6.0.0/16"
#define PIECE_MIN 68
#define PIECES_MAX 256 /* a packet that needs more is dropped as oif_mtu */

#define FLAG_SEGS 1u
#define FLAG_SCARCE 2u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A way out: the oif, the interface whose MTU is changed, bytes in front of the packet that is cut. */
struct way {
	uint32_t oif;
	uint16_t ifid;
	unsigned port, front;
	bool unicast;
};

static const struct way ways[] = {
	{5, 5, 3, 14, false},
	{25, 5, 3, 14, true},
	{3, 3, 1, 18, false},
	{6, 6, 1, 14 + 20 + 4, true},
	{7, 7, 1, 14 + 20 + 12, true},
	{8, 8, 1, 14 + 40 + 12, true},
	{23, 6, 1, 14 + 20 + 4, true},
};

static const struct {
	uint8_t len, bytes[12];
	uint8_t copied_len, copied[8]; /* what each further piece has of them */
} options[] = {
	{0, {0}, 0, {0}},
	{4, {0x94, 4, 0, 0}, 4, {0x94, 4, 0, 0}},
	{8, {7, 7, 4, 0, 0, 0, 0, 0}, 0, {0}},
	{8, {1, 1, 1, 1, 0x94, 4, 0, 0}, 4, {0x94, 4, 0, 0}},
	{12, {0x44, 8, 5, 0, 0, 0, 0, 0, 0x94, 4, 0, 0}, 4, {0x94, 4, 0, 0}},
	{12, {0x88, 4, 0, 1, 7, 3, 4, 0x94, 4, 0, 0, 0}, 8, {0x88, 4, 0, 1, 0x94, 4, 0, 0}},
};

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static unsigned option_of(uint8_t in)
{
	return in % RTE_DIM(options);
}

static size_t packet_make(const uint8_t *in, size_t size, uint8_t *h)
{
	unsigned o = option_of(in[10]);
	size_t hdr = 20u + options[o].len, len = get16(in + 11) % (LEN_MAX + 1);

	len = RTE_MAX(len, hdr);
	memset(h, 0, 20);
	h[0] = (uint8_t)(0x40 | hdr / 4);
	h[1] = in[5];
	put16(h + 2, len);
	put16(h + 4, 0x1234);
	put16(h + 6, get16(in + 6) & 0x7fff);
	if ((get16(in + 6) & 0x1fffu) * 8 + len > 0xffff)
		put16(h + 6, get16(in + 6) & 0x6000);
	if (get16(h + 6) & 0x2000) /* only the last fragment ends where it likes */
		len = hdr + (len - hdr) / 8 * 8;
	put16(h + 2, len);
	h[8] = RTE_MAX(in[8], 2);
	h[9] = in[9] == 2 ? 17 : in[9];
	memcpy(h + 12, (uint8_t[]){10, 0, 0, 7, 239, 6, 0, 1}, 8);
	memcpy(h + 20, options[o].bytes, options[o].len);
	for (size_t i = hdr; i < len; i++)
		h[i] = IN_LEN + i - hdr < size ? in[IN_LEN + i - hdr] : (uint8_t)(i * 13 >> 3);
	sum16_seal(h + 10, h, hdr);
	return len;
}

/* --- by the way ------------------------------------------------------------------------------------------ */

static void pass(struct bed *b, const struct way *y, const uint8_t *h, size_t len, unsigned seg,
	unsigned left)
{
	uint8_t f[BED_FRAME_MAX] = {1, 0, 0x5e, 6, 0, 1, 4, [12] = 8};

	memcpy(f + 14, h, len);
	bed_rx(b, 0, bed_chain(b, f, len + 14, seg));
	fuzz_pool_limit(b->d.t.pool, left);
	bed_run(b);
	fuzz_pool_limit(b->d.t.pool, UINT32_MAX);
	bed_control(b);
	for (unsigned i = 0; i < BED_PORTS; i++)
		FUZZ_CHECK(i == y->port || b->port[i].tx_n == 0);
}

/* The packet of the i-th frame sent, without what is in front of it. */
static size_t sent(struct bed *b, const struct way *y, unsigned i, uint8_t *p)
{
	static uint8_t f[BED_FRAME_MAX];
	size_t n = fuzz_bytes(b->port[y->port].tx[i], f, sizeof(f));
	size_t l3 = y->ifid == 3 ? 18 : 14;

	FUZZ_CHECK(n >= y->front + 20);
	if (y->front > 18) { /* a tunnel: the outer packet is whole */
		if (f[l3] >> 4 == 4)
			FUZZ_CHECK(bed_ip4_sound(f + l3, n - l3) && get16(f + l3 + 2) == n - l3 &&
				   (get16(f + l3 + 6) & 0x3fff) == 0);
		else
			FUZZ_CHECK(get16(f + l3 + 4) + 40 == n - l3);
		if (f[y->front - 12] & 0x80)
			FUZZ_CHECK(sum16(f + y->front - 12, n - y->front + 12) == 0xffff);
	}
	FUZZ_CHECK(bed_ip4_sound(f + y->front, n - y->front));
	FUZZ_CHECK(get16(f + y->front + 2) == n - y->front);
	memcpy(p, f + y->front, n - y->front);
	return n - y->front;
}

/* --- together again ------------------------------------------------------------------------------------------ */

struct whole {
	size_t len;
	uint8_t bytes[BED_FRAME_MAX];
};

static void piece_options(const uint8_t *p, const struct whole *w, unsigned o, bool first)
{
	size_t len = (p[0] & 0xfu) * 4u - 20, all = options[o].len;
	bool same = len == all && memcmp(p + 20, w->bytes + 20, all) == 0;

	if (first || (get16(w->bytes + 6) & 0x1fff))
		FUZZ_CHECK(same);
	else
		FUZZ_CHECK(len == options[o].copied_len &&
			   memcmp(p + 20, options[o].copied, len) == 0);
}

/* Pieces come in order. Returns the length of the packet. */
static size_t together(struct bed *b, const struct way *y, const struct whole *w, unsigned o,
	unsigned mtu, uint8_t *out)
{
	static uint8_t p[BED_FRAME_MAX];
	size_t hdr = (w->bytes[0] & 0xfu) * 4u, at = hdr;
	unsigned n = b->port[y->port].tx_n;
	unsigned frag = get16(w->bytes + 6);

	memcpy(out, w->bytes, hdr);
	for (unsigned i = 0; i < n; i++) {
		size_t len = sent(b, y, i, p), own = (p[0] & 0xfu) * 4u;
		bool more = i + 1 < n || (frag & 0x2000);

		FUZZ_CHECK(len <= mtu && (n == 1 || len > own));
		FUZZ_CHECK(!memcmp(p + 4, w->bytes + 4, 2) && p[1] == w->bytes[1]);
		FUZZ_CHECK(!memcmp(p + 8, w->bytes + 8, 2) && !memcmp(p + 12, w->bytes + 12, 8));
		FUZZ_CHECK((get16(p + 6) & 0x1fff) * 8u == (frag & 0x1fff) * 8u + at - hdr);
		FUZZ_CHECK((get16(p + 6) & 0xe000) == (more ? 0x2000u : 0u) + (frag & 0xc000));
		FUZZ_CHECK(!more || (len - own) % 8 == 0);
		piece_options(p, w, o, i == 0);
		memcpy(out + at, p + own, len - own);
		at += len - own;
	}
	return at;
}

static void cut(struct bed *b, const struct way *y, const uint8_t *in, const uint8_t *h,
	const struct whole *w)
{
	static uint8_t out[BED_FRAME_MAX];
	unsigned mtu = get16(in + 2) % 2000, left = in[1] & FLAG_SCARCE ? in[1] >> 2 : UINT32_MAX;
	bool fits = w->len <= mtu, df = get16(w->bytes + 6) & 0x4000;
	size_t hdr = (w->bytes[0] & 0xfu) * 4u, room = mtu > hdr ? (mtu - hdr) / 8 * 8 : 0;
	bool few = room && (w->len - hdr + room - 1) / room <= PIECES_MAX;
	unsigned n;

	bed_mtu(b, y->ifid, mtu);
	bed_multi_segs(b, in[1] & FLAG_SEGS);
	pass(b, y, h, w->len, in[4], left);
	n = b->port[y->port].tx_n;
	if (!fits && (df || mtu < PIECE_MIN))
		FUZZ_CHECK(n == 0);
	else if (left == UINT32_MAX && mtu >= PIECE_MIN && few && !(fits && w->len > 1500))
		FUZZ_CHECK(n > 0);
	if (n)
		FUZZ_CHECK(together(b, y, w, option_of(in[10]), mtu, out) == w->len &&
			   memcmp(out, w->bytes, w->len) == 0);
	bed_sent_free(b);
	bed_mtu(b, y->ifid, 9000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct whole w;
	static uint8_t h[BED_FRAME_MAX];
	struct bed *b = bed_get();
	const struct way *y;
	size_t len;

	if (size < IN_LEN)
		return 0;
	y = &ways[data[0] % RTE_DIM(ways)];
	len = packet_make(data, size, h);
	bed_route(b, "*", GROUP, 1, (uint32_t[]){y->oif, 0});
	bed_mtu(b, y->ifid, 9000);
	bed_multi_segs(b, true);
	pass(b, y, h, len, data[4], UINT32_MAX);
	FUZZ_CHECK(b->port[y->port].tx_n == 1);
	w.len = sent(b, y, 0, w.bytes);
	FUZZ_CHECK(w.len == len);
	bed_sent_free(b);
	cut(b, y, data, h, &w);
	FUZZ_CHECK(fuzz_pool_used() == 0);
	return 0;
}
