/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * dataplane/hdr: GRE, its outer headers, and head-end replication.
 */
#include "bytes.h"

#include "dataplane/hdr/her.h"

/* --- GRE -------------------------------------------------------------------------------------------- */

static enum drop_reason parse_gre(uint16_t flags, size_t n, struct gre_view *v)
{
	uint8_t b[16] = {0};
	uint8_t *p;
	enum drop_reason r;

	for (unsigned i = 4; i < 16; i++)
		b[i] = (uint8_t)(i * 0x11);
	put_be16(b, flags);
	put_be16(b + 2, ETH_TYPE_IP4);
	p = exactly(b, n);
	r = gre_parse(p, (uint32_t)n, v);
	free(p);
	return r;
}

static void gre_header_lengths_follow_the_flags(void **state)
{
	for (unsigned f = 0; f < 8; f++) {
		uint16_t flags =
			(uint16_t)((f & 1 ? GRE_C : 0) | (f & 2 ? GRE_K : 0) | (f & 4 ? GRE_S : 0));
		size_t want = 4 + 4 * (size_t)__builtin_popcount(f);
		struct gre_view v = {0};

		for (size_t n = 0; n < want; n++)
			assert_int_equal(parse_gre(flags, n, &v), DROP_gre_truncated);
		assert_int_equal(parse_gre(flags, want, &v), IP_FINE);
		assert_int_equal(v.len, want);
		assert_int_equal(v.has_key, f & 2 ? 1 : 0);
		if (f & 2)
			assert_int_equal(v.key, f & 1 ? 0x8899aabbu : 0x44556677u);
		else
			assert_int_equal(v.key, 0);
	}
}

static void gre_version_routing_and_reserved_bits_are_refused(void **state)
{
	struct gre_view v = {0};

	for (uint16_t version = 1; version < 8; version++)
		assert_int_equal(parse_gre(version, 16, &v), DROP_gre_version);
	assert_int_equal(parse_gre(0x4000, 16, &v), DROP_gre_routing);
	assert_int_equal(parse_gre(0x0800, 16, &v), DROP_gre_routing);
	assert_int_equal(parse_gre(0x0400, 16, &v), DROP_gre_routing);
	/* bits 6-12 are ignored, RFC 2784 section 2.3 */
	assert_int_equal(parse_gre(0x03f8, 16, &v), IP_FINE);
}

/* --- GRE out ---------------------------------------------------------------------------------------- */

#define INNER 61
#define ROOM 80

/* A tunnel of each kind, by the bits of f. */
static struct dp_gre kind(unsigned f)
{
	struct dp_gre c = {.checksum = f & 1,
		.has_key = f >> 1 & 1,
		.dscp_inherit = f >> 2 & 1,
		.ttl = f & 8 ? 0 : 33,
		.dscp = 46};

	ip_parse(f & 16 ? "2001:db8::1" : "10.9.0.1", &c.local);
	ip_parse(f & 16 ? "2001:db8:ffff::2" : "10.9.255.254", &c.remote);
	if (c.has_key)
		c.key = 0xdeadbeef;
	return c;
}

/* Three packets: IPv4 that may be fragmented, IPv4 that may not, IPv6. */
static void inside(uint8_t *p, unsigned which)
{
	if (which == 2) {
		ip6_make(p, INNER - 40, 17);
		p[0] = 0x6b;
		p[1] |= 0x90;
		return;
	}
	ip4_make(p, INNER, 0);
	p[IP4_TOS] = 0xb9;
	put_be16(p + IP4_FRAG, which ? IP4_DF : 0);
	ip4_seal(p);
}

/* What the headers in front of a packet have to be, field by field; how many bytes. */
static unsigned slow_headers(
	uint8_t *o, const struct dp_gre *c, const uint8_t *inner, bool df, uint8_t ttl, uint16_t id)
{
	unsigned ip = c->local.family == IP_V6 ? 40 : 20;
	unsigned n = 4 + (c->checksum ? 4 : 0) + (c->has_key ? 4 : 0);
	bool v6 = inner[0] >> 4 == 6;
	uint8_t tos = c->dscp_inherit ? 0xb9 : 46 << 2 | 1, all[16 + INNER], *g = o + ip;
	uint32_t label = gre_flow_label(inner);

	memset(o, 0, ip + n);
	put_be16(g, (uint16_t)((c->checksum ? 0x8000 : 0) | (c->has_key ? 0x2000 : 0)));
	put_be16(g + 2, v6 ? 0x86dd : 0x0800);
	if (c->has_key)
		memcpy(g + n - 4, (uint8_t[]){0xde, 0xad, 0xbe, 0xef}, 4);
	memcpy(all, g, n);
	memcpy(all + n, inner, INNER);
	if (c->checksum)
		put_be16(g + 4, (uint16_t)~sum16(all, n + INNER));
	if (ip == 40) {
		memcpy(o, (uint8_t[]){0x60 | tos >> 4, (uint8_t)(tos << 4 | label >> 16)}, 2);
		put_be16(o + 2, (uint16_t)label);
		put_be16(o + 4, (uint16_t)(n + INNER));
		o[6] = 47;
		o[7] = c->ttl ? 33 : ttl;
		memcpy(o + 8, c->local.b, 16);
		memcpy(o + 24, c->remote.b, 16);
		return ip + n;
	}
	memcpy(o, (uint8_t[]){0x45, tos}, 2);
	put_be16(o + 2, (uint16_t)(20 + n + INNER));
	put_be16(o + 4, df ? 0 : id);
	put_be16(o + 6, df ? 0x4000 : 0);
	memcpy(o + 8, (uint8_t[]){c->ttl ? 33 : ttl, 47}, 2);
	memcpy(o + 12, c->local.b, 4);
	memcpy(o + 16, c->remote.b, 4);
	ip4_seal(o);
	return ip + n;
}

static void headers_of_every_kind_of_tunnel_are_right_to_the_byte(void **state)
{
	uint8_t buf[ROOM + INNER], want[ROOM], *inner = buf + ROOM;

	for (unsigned f = 0; f < 32 * 3; f++) {
		struct dp_gre c = kind(f % 32);
		struct gre_head g = gre_head_of(&c);
		struct gre_inner in;
		uint16_t id = (uint16_t)(f * 701);
		unsigned n;

		memset(buf, 0xa5, sizeof(buf));
		inside(inner, f / 32);
		in = gre_inner_of(inner);
		n = slow_headers(want, &c, inner, f / 32 > 0, f / 32 == 2 ? inner[7] : 9, id);
		assert_int_equal(g.len, n);
		gre_put(inner, &g, f / 32 == 2 ? ETH_TYPE_IP6 : ETH_TYPE_IP4,
			csum_fold(csum_add(0, inner, INNER)));
		if (g.v6)
			gre_outer6(inner, &g, INNER, &in, gre_flow_label(inner));
		else
			gre_outer4(inner, &g, INNER, &in, id);
		assert_memory_equal(inner - n, want, n);
		assert_int_equal(inner[-1 - (int)n], 0xa5);
	}
}

static void gre_written_is_gre_read(void **state)
{
	uint8_t buf[16 + INNER], *inner = buf + 16;

	inside(inner, 0);
	for (unsigned f = 0; f < 4; f++) {
		struct dp_gre c = kind(f);
		struct gre_head g = gre_head_of(&c);
		struct gre_view v = {0};

		gre_put(inner, &g, ETH_TYPE_IP6, csum_fold(csum_add(0, inner, INNER)));
		assert_int_equal(gre_parse(inner - g.gre_len, g.gre_len, &v), IP_FINE);
		assert_int_equal(v.len, g.gre_len);
		assert_int_equal(v.proto, ETH_TYPE_IP6);
		assert_int_equal(v.key, f & 2 ? 0xdeadbeefu : 0);
		if (f & 1)
			assert_int_equal(sum16(inner - g.gre_len, g.gre_len + INNER), 0xffff);
	}
}

/* One's complement has two zeros: sums that come to 0xffff are written as 0. */
static void outer_checksum_holds_for_every_identification(void **state)
{
	uint8_t buf[ROOM + INNER], *inner = buf + ROOM;
	struct dp_gre c = kind(0);
	struct gre_head g = gre_head_of(&c);
	struct gre_inner in;

	inside(inner, 0);
	in = gre_inner_of(inner);
	for (uint32_t id = 0; id < 65536; id++) {
		gre_outer4(inner, &g, INNER, &in, (uint16_t)id);
		assert_int_equal(sum16(inner - 24, 20), 0xffff);
	}
}

/* RFC 6040 figure 4; rows: inner Not-ECT, ECT(1), ECT(0), CE, columns the outer ones. */
static void ecn_leaves_a_tunnel_as_rfc_6040_has_it(void **state)
{
	static const uint8_t want[4][4] = {
		{0, 0, 0, ECN_DROP}, {1, 1, 1, 3}, {2, 1, 2, 3}, {3, 3, 3, 3}};

	for (unsigned inner = 0; inner < 4; inner++)
		for (unsigned outer = 0; outer < 4; outer++)
			assert_int_equal(
				ecn_decap((uint8_t)(inner | 0xb8), (uint8_t)(outer | 0x28)),
				want[inner][outer]);
}

static void tos_is_written_and_the_checksum_follows(void **state)
{
	uint8_t b[60], before[60];

	ip4_make(b, sizeof(b), 0);
	for (unsigned tos = 0; tos < 256; tos++) {
		tos_put(b, (uint8_t)tos);
		assert_int_equal(tos_get(b), tos);
		assert_int_equal(sum16(b, 20), 0xffff);
	}
	ip6_make(b, 0, 17);
	b[1] |= 0x0a;
	memcpy(before, b, sizeof(b));
	tos_put(b, 0x5c);
	assert_int_equal(tos_get(b), 0x5c);
	assert_int_equal(b[0], 0x65);
	assert_int_equal(b[1], 0xca);
	tos_put(b, tos_get(before));
	assert_memory_equal(b, before, sizeof(b));
	assert_int_equal(tos_with_dscp(0x5e, 46), 0xba);
}

static void flow_label_is_that_of_the_flow_and_never_zero(void **state)
{
	uint8_t a[60], b[60];
	unsigned equal = 0;

	ip4_make(a, sizeof(a), 0);
	memcpy(b, a, sizeof(b));
	b[IP4_TTL]--;
	b[IP4_ID]++;
	assert_int_equal(gre_flow_label(a), gre_flow_label(b));
	for (unsigned i = 0; i < 256; i++) {
		b[IP4_DST + 3] = (uint8_t)i;
		equal += gre_flow_label(a) == gre_flow_label(b);
		assert_in_range(gre_flow_label(b), 1, 0xfffff);
	}
	assert_int_equal(equal, 1);
	ip6_make(a, 0, 17);
	memcpy(b, a, sizeof(b));
	b[IP6_HOPS]--;
	assert_int_equal(gre_flow_label(a), gre_flow_label(b));
	b[IP6_SRC + 15]++;
	assert_int_not_equal(gre_flow_label(a), gre_flow_label(b));
	memset(a + IP6_SRC, 0, 32);
	assert_int_equal(gre_flow_label(a), 1);
}

/* --- head-end replication ---------------------------------------------------------------------------- */

static const uint8_t her_dst[4] = {192, 0, 2, 77}, her_src[4] = {198, 51, 100, 3};

static void her_changes_addresses_port_and_ttl_and_both_checksums(void **state)
{
	uint8_t b[61];
	struct her her = {.dst = her_dst, .src = her_src, .port = 6000, .ttl = 64};

	ip4_make(b, sizeof(b), 4);
	her_rewrite4(b, sizeof(b), &her);
	assert_memory_equal(b + IP4_DST, her_dst, 4);
	assert_memory_equal(b + IP4_SRC, her_src, 4);
	assert_int_equal(b[IP4_TTL], 64);
	assert_int_equal(be16(b + 24 + 2), 6000);
	assert_int_equal(sum16(b, 24), 0xffff);
	assert_int_equal(slow_l4_sum(b + IP4_SRC, 8, IP_PROTO_UDP, b + 24, 61 - 24), 0xffff);
}

static void her_keeps_source_and_port_when_told(void **state)
{
	uint8_t b[50];
	struct her her = {.dst = her_dst, .ttl = 3};

	ip4_make(b, sizeof(b), 0);
	her_rewrite4(b, sizeof(b), &her);
	assert_memory_equal(b + IP4_SRC, ((uint8_t[]){10, 0, 0, 1}), 4);
	assert_int_equal(be16(b + 22), 5000);
	assert_int_equal(sum16(b, 20), 0xffff);
	assert_int_equal(slow_l4_sum(b + IP4_SRC, 8, IP_PROTO_UDP, b + 20, 30), 0xffff);
}

static void her_sets_the_dscp_and_leaves_ecn(void **state)
{
	uint8_t b[60];
	struct her her = {.dst = her_dst, .ttl = 3, .set_dscp = true, .dscp = 46};

	ip4_make(b, sizeof(b), 0);
	tos_put(b, 0x29);
	her_rewrite4(b, sizeof(b), &her);
	assert_int_equal(b[IP4_TOS], 46 << 2 | 1);
	assert_int_equal(sum16(b, 20), 0xffff);
	her.set_dscp = false;
	her_rewrite4(b, sizeof(b), &her);
	assert_int_equal(b[IP4_TOS], 46 << 2 | 1);
	ip6_make(b, 0, 59);
	tos_put(b, 0x2b);
	her = (struct her){.dst = b + IP6_SRC, .ttl = 3, .set_dscp = true, .dscp = 0};
	her_rewrite6(b, 40, &her);
	assert_int_equal(tos_get(b), 3);
}

static void her_leaves_a_zero_udp_checksum_alone(void **state)
{
	uint8_t b[50];
	struct her her = {.dst = her_dst, .port = 1, .ttl = 64};

	ip4_make(b, sizeof(b), 0);
	put_be16(b + 26, 0);
	her_rewrite4(b, sizeof(b), &her);
	assert_int_equal(be16(b + 26), 0);
	assert_int_equal(be16(b + 22), 1);
}

/* Searches the port for which the true checksum is zero: 0xffff must be written then. */
static void her_writes_ffff_for_a_computed_zero(void **state)
{
	bool seen = false;

	for (unsigned port = 1; port < 65536; port++) {
		uint8_t b[40];
		struct her her = {.dst = her_dst, .port = (uint16_t)port, .ttl = 64};

		ip4_make(b, sizeof(b), 0);
		her_rewrite4(b, sizeof(b), &her);
		assert_int_not_equal(be16(b + 26), 0);
		assert_int_equal(slow_l4_sum(b + IP4_SRC, 8, IP_PROTO_UDP, b + 20, 20), 0xffff);
		seen |= be16(b + 26) == 0xffff;
	}
	assert_true(seen);
}

static void her_touches_transport_in_the_first_fragment_only(void **state)
{
	uint8_t b[60], was[60];
	struct her her = {.dst = her_dst, .port = 9, .ttl = 64};

	ip4_make(b, sizeof(b), 0);
	put_be16(b + IP4_FRAG, 100);
	ip4_seal(b);
	memcpy(was, b, sizeof(b));
	her_rewrite4(b, sizeof(b), &her);
	assert_memory_equal(b + 20, was + 20, 40);
	assert_int_equal(sum16(b, 20), 0xffff);
	/* first fragment: as a whole packet, its checksum covering more than is here */
	ip4_make(b, sizeof(b), 0);
	put_be16(b + IP4_FRAG, IP4_MF);
	ip4_seal(b);
	her_rewrite4(b, sizeof(b), &her);
	assert_int_equal(be16(b + 22), 9);
	assert_int_equal(slow_l4_sum(b + IP4_SRC, 8, IP_PROTO_UDP, b + 20, 40), 0xffff);
}

static void her_updates_tcp_and_leaves_its_port(void **state)
{
	uint8_t b[60];
	struct her her = {.dst = her_dst, .port = 9, .ttl = 64};

	ip4_make(b, sizeof(b), 0);
	b[IP4_PROTO] = IP_PROTO_TCP;
	ip4_seal(b);
	put_be16(b + 36, 0);
	put_be16(b + 36, (uint16_t)~slow_l4_sum(b + IP4_SRC, 8, IP_PROTO_TCP, b + 20, 40));
	her_rewrite4(b, sizeof(b), &her);
	assert_int_equal(be16(b + 22), 5000);
	assert_int_equal(slow_l4_sum(b + IP4_SRC, 8, IP_PROTO_TCP, b + 20, 40), 0xffff);
}

static void her_writes_nothing_behind_a_cut_transport_header(void **state)
{
	struct her her = {.dst = her_dst, .port = 9, .ttl = 64};
	uint8_t full[60];

	for (size_t n = 20; n < 48; n++) {
		uint8_t *p;

		ip4_make(full, (uint16_t)n, 0);
		full[IP4_PROTO] = n % 2 ? IP_PROTO_UDP : IP_PROTO_TCP;
		ip4_seal(full);
		p = exactly(full, n);
		her_rewrite4(p, (uint32_t)n, &her);
		assert_int_equal(sum16(p, 20), 0xffff);
		free(p);
	}
}

static void her_rewrites_ip6_behind_extension_headers(void **state)
{
	uint8_t dst[16] = {0x20, 1, [15] = 5}, src[16] = {0x20, 2, [15] = 6}, b[80];
	struct her her = {.dst = dst, .src = src, .port = 7777, .ttl = 64};
	uint16_t c;

	ip6_make(b, 40, IP_PROTO_DSTOPTS);
	b[40] = IP_PROTO_UDP;
	put_be16(b + 50, 5000);
	put_be16(b + 52, 32);
	memset(b + 56, 0x5a, 24);
	c = (uint16_t)~slow_l4_sum(b + IP6_SRC, 32, IP_PROTO_UDP, b + 48, 32);
	put_be16(b + 54, c);
	her_rewrite6(b, sizeof(b), &her);
	assert_memory_equal(b + IP6_DST, dst, 16);
	assert_int_equal(b[IP6_HOPS], 64);
	assert_int_equal(be16(b + 50), 7777);
	assert_int_equal(slow_l4_sum(b + IP6_SRC, 32, IP_PROTO_UDP, b + 48, 32), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gre_header_lengths_follow_the_flags),
		cmocka_unit_test(gre_version_routing_and_reserved_bits_are_refused),
		cmocka_unit_test(gre_written_is_gre_read),
		cmocka_unit_test(headers_of_every_kind_of_tunnel_are_right_to_the_byte),
		cmocka_unit_test(outer_checksum_holds_for_every_identification),
		cmocka_unit_test(her_changes_addresses_port_and_ttl_and_both_checksums),
		cmocka_unit_test(ecn_leaves_a_tunnel_as_rfc_6040_has_it),
		cmocka_unit_test(tos_is_written_and_the_checksum_follows),
		cmocka_unit_test(flow_label_is_that_of_the_flow_and_never_zero),
		cmocka_unit_test(her_sets_the_dscp_and_leaves_ecn),
		cmocka_unit_test(her_keeps_source_and_port_when_told),
		cmocka_unit_test(her_leaves_a_zero_udp_checksum_alone),
		cmocka_unit_test(her_writes_ffff_for_a_computed_zero),
		cmocka_unit_test(her_touches_transport_in_the_first_fragment_only),
		cmocka_unit_test(her_updates_tcp_and_leaves_its_port),
		cmocka_unit_test(her_writes_nothing_behind_a_cut_transport_header),
		cmocka_unit_test(her_rewrites_ip6_behind_extension_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
