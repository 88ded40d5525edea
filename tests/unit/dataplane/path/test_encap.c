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

static void gre_written_is_gre_read(void **state)
{
	for (unsigned f = 0; f < 4; f++) {
		uint8_t b[12 + 7];
		unsigned n = gre_len(f & 1, f & 2);
		struct gre_view v = {0};

		memset(b, 0xa5, sizeof(b));
		for (unsigned i = 0; i < 7; i++)
			b[n + i] = (uint8_t)(0xf0 + i);
		gre_write(b, ETH_TYPE_IP6, f & 1, f & 2, 0xdeadbeef,
			csum_fold(csum_add(0, b + n, 7)));
		assert_int_equal(gre_parse(b, sizeof(b), &v), IP_FINE);
		assert_int_equal(v.len, n);
		assert_int_equal(v.proto, ETH_TYPE_IP6);
		assert_int_equal(v.key, f & 2 ? 0xdeadbeefu : 0);
		if (f & 1)
			assert_int_equal(slow_sum(b, n + 7), 0xffff);
	}
}

static void outer_header_takes_df_and_tos_from_the_inner(void **state)
{
	uint8_t inner[40], outer[20];
	struct gre_inner in;
	struct ip_view v = {0};

	ip4_make(inner, 40, 0);
	inner[IP4_TOS] = 0xb8;
	put_be16(inner + IP4_FRAG, IP4_DF);
	in = gre_inner_of(inner);
	assert_int_equal(in.tos, 0xb8);
	assert_true(in.df);
	gre_outer4(outer, htonl(0x0a000001), htonl(0x0a000002), 20, in.tos, 33, in.df, 777);
	assert_int_equal(ip4_parse(outer, 20, false, &v), IP_FINE);
	assert_int_equal(be16(outer + IP4_ID), 0);
	assert_int_equal(be16(outer + IP4_FRAG), IP4_DF);
	gre_outer4(outer, htonl(0x0a000001), htonl(0x0a000002), 20, 0, 33, false, 777);
	assert_int_equal(be16(outer + IP4_ID), 777);
	assert_int_equal(be16(outer + IP4_FRAG), 0);
	ip6_make(inner, 0, 17);
	inner[0] = 0x6b;
	inner[1] = 0x80;
	in = gre_inner_of(inner);
	assert_int_equal(in.tos, 0xb8);
	assert_true(in.df);
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
		assert_int_equal(slow_sum(b, 20), 0xffff);
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
	uint8_t a[60], b[60], outer[40];
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
	gre_outer6(outer, a + IP6_SRC, a + IP6_DST, 9, 0xb9, 7, 0x12345);
	assert_memory_equal(outer, ((uint8_t[]){0x6b, 0x91, 0x23, 0x45, 0, 9, 47, 7}), 8);
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
	assert_int_equal(slow_sum(b, 24), 0xffff);
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
	assert_int_equal(slow_sum(b, 20), 0xffff);
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
	assert_int_equal(slow_sum(b, 20), 0xffff);
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
	assert_int_equal(slow_sum(b, 20), 0xffff);
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
		assert_int_equal(slow_sum(p, 20), 0xffff);
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
		cmocka_unit_test(outer_header_takes_df_and_tos_from_the_inner),
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
