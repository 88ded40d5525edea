/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * GRE: a packet of any kind for a group goes into a tunnel, out of it at the other end, and comes out as the
 * same bytes but for two hops; what lies on the wire between is what RFC 2784 and RFC 2890 say; control's own
 * encapsulation makes the same frame. And gre_parse on any bytes, against a second reading of the RFCs.
 *
 * The input: tunnel (0 to 2) and bit 7 for chained output, segment size of each of the two receptions, TOS,
 * flags and fragment offset (two bytes), TTL, protocol, words of options, length (two bytes), payload.
 */
#include "tests/fuzz/bed.h"

#include "dataplane/hdr/gre.h"

#include <stdio.h>
#include <stdlib.h>

#define IN_LEN 11
#define LEN_MAX 8900
#define GROUP4 "239.5.0.0/16"
#define GROUP6 "ff5e::/16"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t end4[2][4] = {{10, 1, 0, 1}, {10, 1, 0, 9}};
static const uint8_t end6[2][16] = {
	{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1}, {0x20, 1, 0xd, 0xb8, 0, 1, [15] = 9}};

struct packet {
	bool v6;
	size_t len;
	uint8_t bytes[BED_FRAME_MAX];
};

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void seal(struct packet *p)
{
	uint8_t *h = p->bytes;

	if (p->v6)
		return;
	sum16_seal(h + 10, h, (h[0] & 0xfu) * 4);
}

static void packet_make(const uint8_t *in, size_t size, struct packet *p)
{
	uint8_t *h = p->bytes;
	size_t hdr, have = size - IN_LEN;

	memset(h, 0, 64);
	p->v6 = in[0] & 0x40;
	hdr = p->v6 ? 40 : 20 + 4u * (in[8] % 11);
	p->len = RTE_MAX(hdr, (size_t)(in[9] << 8 | in[10]) % (LEN_MAX + 1));
	if (p->v6) {
		h[0] = 0x60 | in[3] >> 4;
		h[1] = (uint8_t)(in[3] << 4);
		put16(h + 4, p->len - 40);
		h[6] = in[7] == 0 || in[7] == 58 ? 17 : in[7]; /* no MLD */
		h[7] = RTE_MAX(in[6], 3);
		memcpy(h + 8, (uint8_t[]){0x20, 1, 0xd, 0xb8, [15] = 7}, 16);
		memcpy(h + 24, (uint8_t[]){0xff, 0x5e, [15] = 1}, 16);
	} else {
		h[0] = (uint8_t)(0x40 | hdr / 4);
		h[1] = in[3];
		put16(h + 2, p->len);
		memcpy(h + 6, in + 4, 2);
		h[8] = RTE_MAX(in[6], 3);
		h[9] = in[7] == 2 ? 17 : in[7]; /* no IGMP */
		memcpy(h + 12, (uint8_t[]){10, 0, 0, 7, 239, 5, 0, 1}, 8);
		memset(h + 20, 1, hdr - 20); /* no-operation options */
	}
	for (size_t i = hdr; i < p->len; i++)
		h[i] = i - hdr < have ? in[IN_LEN + i - hdr] : (uint8_t)(i * 11);
	seal(p);
}

static void hop(struct packet *p)
{
	p->bytes[p->v6 ? 7 : 8]--;
	seal(p);
}

/* --- the wire -------------------------------------------------------------------------------------------- */

struct tunnel_end {
	unsigned n; /* 0 to 2 */
	bool v6;
	int key;
	bool checksum;
	int dscp; /* -1: the inner one's */
};

static const struct tunnel_end ends[3] = {
	{0, false, -1, false, -1}, {1, false, 7, true, 46}, {2, true, 9, true, -1}};

/* The GRE header and what is behind it, after the outer header has been judged. */
static const uint8_t *outer_check(
	const struct tunnel_end *t, const struct packet *in, const uint8_t *o, size_t *n)
{
	int inner_tos = in->v6 ? (in->bytes[0] << 4 | in->bytes[1] >> 4) & 0xff : in->bytes[1];
	int tos = t->dscp < 0 ? inner_tos : t->dscp << 2 | (inner_tos & 3);

	if (t->v6) {
		FUZZ_CHECK(*n >= 40 && o[0] >> 4 == 6 && (o[4] << 8 | o[5]) + 40u == *n);
		FUZZ_CHECK(((o[0] << 4 | o[1] >> 4) & 0xff) == tos);
		FUZZ_CHECK(o[6] == 47 && o[7] == 33);
		FUZZ_CHECK(!memcmp(o + 8, end6[0], 16) && !memcmp(o + 24, end6[1], 16));
		*n -= 40;
		return o + 40;
	}
	FUZZ_CHECK(bed_ip4_sound(o, *n) && o[0] == 0x45 && (size_t)(o[2] << 8 | o[3]) == *n);
	FUZZ_CHECK(o[1] == tos && o[8] == 33 && o[9] == 47);
	FUZZ_CHECK((o[6] & 0xbf) == 0 && o[7] == 0);
	FUZZ_CHECK((o[6] & 0x40) == (in->v6 ? 0x40 : in->bytes[6] & 0x40));
	FUZZ_CHECK(!memcmp(o + 12, end4[0], 4) && !memcmp(o + 16, end4[1], 4));
	*n -= 20;
	return o + 20;
}

static void wire_check(
	const struct tunnel_end *t, const struct packet *in, const uint8_t *f, size_t n)
{
	const uint8_t *g;
	size_t head = 4u + 4u * t->checksum + 4u * (t->key >= 0);

	FUZZ_CHECK(n > 14 && f[12] << 8 == (t->v6 ? 0x8600 : 0x0800));
	n -= 14;
	g = outer_check(t, in, f + 14, &n);
	FUZZ_CHECK(n == head + in->len);
	FUZZ_CHECK(g[0] == (t->checksum ? 0x80 : 0) + (t->key >= 0 ? 0x20 : 0) && g[1] == 0);
	FUZZ_CHECK(g[2] == (in->v6 ? 0x86 : 0x08) && g[3] == (in->v6 ? 0xdd : 0));
	if (t->checksum)
		FUZZ_CHECK(sum16(g, n) == 0xffff);
	if (t->key >= 0)
		FUZZ_CHECK((g[head - 4] | g[head - 3] | g[head - 2]) == 0 && g[head - 1] == t->key);
	FUZZ_CHECK(memcmp(g + head, in->bytes, in->len) == 0);
}

/* --- there and back ---------------------------------------------------------------------------------------- */

/* The one frame that was sent, by port 1. */
static size_t sent_one(struct bed *b, uint8_t *f)
{
	size_t n;

	FUZZ_CHECK(b->port[1].tx_n == 1);
	n = fuzz_bytes(b->port[1].tx[0], f, BED_FRAME_MAX);
	bed_sent_free(b);
	return n;
}

static void receive(struct bed *b, unsigned port, const uint8_t *f, size_t n, size_t seg)
{
	bed_rx(b, port, bed_chain(b, f, n, seg));
	bed_run(b);
	bed_control(b);
}

/* What control sends into the tunnel is the same frame, but for the identification. */
static void control_check(struct bed *b, const struct tunnel_end *t, const struct packet *in,
	const uint8_t *f, size_t n)
{
	static uint8_t own[BED_FRAME_MAX];
	struct rte_mbuf *m = fuzz_chain(b->rx_pool, in->bytes, in->len, 0);
	uint16_t port;

	FUZZ_CHECK(path_encap(&b->d.t, (uint16_t)(6 + t->n), DP_SEND_IP, m, &port) == 0);
	FUZZ_CHECK(port == 1 && fuzz_bytes(m, own, sizeof(own)) == n);
	rte_pktmbuf_free(m);
	if (!t->v6) {
		memcpy(own + 14 + 4, f + 14 + 4, 2);
		memcpy(own + 14 + 10, f + 14 + 10, 2);
	}
	FUZZ_CHECK(memcmp(own, f, n) == 0);
}

static void round_trip(struct bed *b, const uint8_t *in, size_t size)
{
	static const uint8_t group_mac[2][6] = {{1, 0, 0x5e, 5, 0, 1}, {0x33, 0x33, 0, 0, 0, 1}};
	static struct packet p;
	static uint8_t f[BED_FRAME_MAX];
	const struct tunnel_end *t = &ends[(in[0] & 0x3f) % 3];
	const char *group;
	size_t n;

	packet_make(in, size, &p);
	group = p.v6 ? GROUP6 : GROUP4;
	bed_multi_segs(b, in[0] & 0x80);
	memcpy(f, group_mac[p.v6], 6);
	memset(f + 6, 4, 6);
	put16(f + 12, p.v6 ? 0x86dd : 0x0800);
	memcpy(f + 14, p.bytes, p.len);
	bed_route(b, "*", group, 1, (uint32_t[]){6 + t->n, 0});
	receive(b, 0, f, 14 + p.len, in[1]);
	hop(&p);
	if (!(in[0] & 0x80) && b->port[1].tx_n == 0)
		return; /* too long for one buffer, and the port takes no chain */
	n = sent_one(b, f);
	wire_check(t, &p, f, n);
	control_check(b, t, &p, f, n);
	memcpy(f, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	bed_route(b, "*", group, (uint16_t)(9 + t->n), (uint32_t[]){2, 0});
	receive(b, 1, f, n, in[2]);
	hop(&p);
	if (!(in[0] & 0x80) && b->port[1].tx_n == 0)
		return;
	n = sent_one(b, f);
	FUZZ_CHECK(n == 14 + p.len && memcmp(f, group_mac[p.v6], 6) == 0);
	FUZZ_CHECK(memcmp(f + 14, p.bytes, p.len) == 0);
}

/* --- the parser ---------------------------------------------------------------------------------------------- */

static void parse_check(const uint8_t *in, size_t size)
{
	uint8_t *p = malloc(size); /* its end is the sanitizer's */
	struct gre_view v = {0};
	enum drop_reason got, want = IP_FINE;
	size_t at = 4;

	FUZZ_CHECK(p);
	memcpy(p, in, size);
	got = gre_parse(p, (uint32_t)size, &v);
	if (size < 4)
		want = DROP_gre_truncated;
	else if (p[1] & 7)
		want = DROP_gre_version;
	else if (p[0] & 0x4c)
		want = DROP_gre_routing;
	else if (size < 4u + (p[0] >> 7) * 4u + (p[0] >> 5 & 1) * 4u + (p[0] >> 4 & 1) * 4u)
		want = DROP_gre_truncated;
	FUZZ_CHECK(got == want);
	if (got == IP_FINE) {
		at += p[0] & 0x80 ? 4 : 0;
		FUZZ_CHECK(v.has_csum == !!(p[0] & 0x80) && v.has_key == !!(p[0] & 0x20));
		FUZZ_CHECK(v.proto == (p[2] << 8 | p[3]));
		FUZZ_CHECK(v.key == (v.has_key ? (uint32_t)p[at] << 24 | (uint32_t)p[at + 1] << 16 |
							    (uint32_t)p[at + 2] << 8 | p[at + 3]
					       : 0));
		at += (v.has_key ? 4 : 0) + (p[0] & 0x10 ? 4 : 0);
		FUZZ_CHECK(v.len == at);
	}
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bed *b = bed_get();

	if (size)
		parse_check(data, size);
	if (size <= IN_LEN)
		return 0;
	round_trip(b, data, size);
	bed_sent_free(b);
	FUZZ_CHECK(fuzz_pool_used() == 0);
	return 0;
}
