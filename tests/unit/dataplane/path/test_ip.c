/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * dataplane/hdr: checksums, Ethernet, IPv4 and IPv6 headers, and noise.
 */
#include "bytes.h"

static enum drop_reason parse4(const uint8_t *packet, size_t n)
{
	uint8_t *p = exactly(packet, n);
	struct ip_view v = {0};
	enum drop_reason r = ip4_parse(p, (uint32_t)n, false, &v);

	free(p);
	return r;
}

/* --- checksum ------------------------------------------------------------------------------------- */

static void checksum_is_the_rfc_1071_sum_for_every_length(void **state)
{
	uint8_t b[67];
	uint32_t s = 1;

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)rnd(&s);
	for (size_t n = 0; n <= sizeof(b); n++)
		assert_int_equal(ntohs(csum_fold(csum_add(0, b, n))), sum16(b, n));
}

static void incremental_update_equals_recomputation(void **state)
{
	uint8_t h[20];
	uint32_t s = 7;

	for (int round = 0; round < 20000; round++) {
		unsigned at = (rnd(&s) % 10) * 2;
		uint16_t before;

		for (unsigned i = 0; i < 20; i++)
			h[i] = rnd(&s) % 3 ? (uint8_t)rnd(&s) : (uint8_t)(rnd(&s) % 2 ? 0 : 0xff);
		h[0] = 0x45;
		if (at == 0 || at == IP4_CSUM)
			at = IP4_DST;
		ip4_seal(h);
		before = load16(h + at);
		put_be16(h + at, (uint16_t)rnd(&s));
		store16(h + IP4_CSUM, csum_replace(load16(h + IP4_CSUM), before, load16(h + at)));
		before = load16(h + IP4_CSUM);
		ip4_seal(h);
		assert_int_equal(load16(h + IP4_CSUM), before);
	}
}

static void update_that_meets_zero_gives_zero_not_ffff(void **state)
{
	/* the example of RFC 1624 section 4: C = 0xdd2f, m = 0x5555, m' = 0x3285 */
	assert_int_equal(csum_replace(0xdd2f, 0x5555, 0x3285), 0x0000);
}

static void ttl_decrement_keeps_the_checksum_right(void **state)
{
	uint8_t h[20], fresh[20];

	for (unsigned ttl = 1; ttl < 256; ttl++) {
		for (unsigned id = 0; id < 65536; id += ttl % 64 ? 251 : 1) {
			ip4_make(h, 20, 0);
			h[IP4_TTL] = (uint8_t)ttl;
			put_be16(h + IP4_ID, (uint16_t)id);
			ip4_seal(h);
			ip4_ttl_decrement(h);
			assert_int_equal(h[IP4_TTL], ttl - 1);
			memcpy(fresh, h, sizeof(fresh));
			ip4_seal(fresh);
			assert_memory_equal(h, fresh, sizeof(fresh));
		}
	}
}

/* --- Ethernet -------------------------------------------------------------------------------------- */

static void tag_and_type_are_read(void **state)
{
	uint8_t f[18] = {[12] = 0x81, 0x00, 0xa0, 0x64, 0x08, 0x00};
	struct eth_view v = {0};

	assert_true(eth_parse(f, sizeof(f), &v));
	assert_true(v.tagged);
	assert_int_equal(v.vlan, 100);
	assert_int_equal(v.type, ETH_TYPE_IP4);
	assert_int_equal(v.len, 18);
}

static void second_tag_and_service_tag_are_seen(void **state)
{
	uint8_t two[18] = {[12] = 0x81, 0x00, 0x00, 0x64, 0x81, 0x00};
	uint8_t service[18] = {[12] = 0x88, 0xa8, 0x00, 0x64, 0x08, 0x00};
	struct eth_view v = {0};

	assert_true(eth_parse(two, sizeof(two), &v));
	assert_true(v.stacked);
	assert_true(eth_parse(service, sizeof(service), &v));
	assert_true(v.stacked);
	two[16] = service[12] = 0x91; /* 0x9100, from before 802.1ad */
	two[17] = service[13] = 0;
	assert_true(eth_parse(two, sizeof(two), &v));
	assert_true(v.stacked);
	assert_true(eth_parse(service, sizeof(service), &v));
	assert_true(v.stacked);
}

static void frame_that_ends_in_its_header_is_refused(void **state)
{
	uint8_t f[18] = {[12] = 0x81, 0x00};
	struct eth_view v = {0};

	for (size_t n = 0; n < 18; n++) {
		uint8_t *p = exactly(f, n);

		assert_false(eth_parse(p, (uint32_t)n, &v));
		free(p);
	}
}

static void untagging_keeps_macs_and_type(void **state)
{
	uint8_t f[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x81, 0, 0, 9, 8, 0, 0x45, 0x46};
	const uint8_t want[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0, 0x45, 0x46};

	assert_ptr_equal(eth_untag(f, 4), f + 4);
	assert_memory_equal(f + 4, want, sizeof(want));
}

static void group_macs_follow_rfc_1112_and_rfc_2464(void **state)
{
	const uint8_t g4[4] = {239, 0xff, 1, 2};
	const uint8_t g6[16] = {0xff, 0x3e, [12] = 1, 2, 3, 4};
	uint8_t mac[6];

	eth_group_mac4(mac, g4);
	assert_memory_equal(mac, ((uint8_t[]){1, 0, 0x5e, 0x7f, 1, 2}), 6);
	eth_group_mac6(mac, g6);
	assert_memory_equal(mac, ((uint8_t[]){0x33, 0x33, 1, 2, 3, 4}), 6);
}

static void macs_differ_in_any_byte(void **state)
{
	const uint8_t a[6] = {2, 0, 0, 0, 0, 1};

	assert_true(eth_mac_eq(a, a));
	for (int i = 0; i < 6; i++) {
		uint8_t b[6];

		memcpy(b, a, 6);
		b[i] ^= 0x10;
		assert_false(eth_mac_eq(a, b));
	}
}

/* --- IPv4 ------------------------------------------------------------------------------------------- */

static void sound_packet_is_accepted_with_its_padding(void **state)
{
	uint8_t b[60] = {0};
	struct ip_view v = {0};

	ip4_make(b, 33, 0);
	assert_int_equal(ip4_parse(b, sizeof(b), false, &v), IP_FINE);
	assert_int_equal(v.len, 33);
	assert_int_equal(v.hdr_len, 20);
	assert_int_equal(v.ttl, 9);
	assert_int_equal(v.proto, IP_PROTO_UDP);
	assert_false(v.frag);
}

static void every_truncation_is_refused(void **state)
{
	uint8_t b[80];

	ip4_make(b, sizeof(b), 24);
	assert_int_equal(parse4(b, sizeof(b)), IP_FINE);
	for (size_t n = 0; n < 20; n++)
		assert_int_equal(parse4(b, n), DROP_ip_truncated);
	for (size_t n = 20; n < 44; n++)
		assert_int_equal(parse4(b, n), DROP_ip_ihl);
	for (size_t n = 44; n < 80; n++)
		assert_int_equal(parse4(b, n), DROP_ip_length);
}

static void ihl_6_with_21_bytes_in_all_is_refused(void **state)
{
	uint8_t b[21] = {0x46, 0, 0, 21};

	assert_int_equal(parse4(b, sizeof(b)), DROP_ip_ihl);
}

static void ihl_below_5_is_refused_before_the_checksum(void **state)
{
	uint8_t b[40];

	for (unsigned ihl = 0; ihl < 5; ihl++) {
		ip4_make(b, sizeof(b), 0);
		b[0] = (uint8_t)(0x40 | ihl);
		assert_int_equal(parse4(b, sizeof(b)), DROP_ip_ihl);
	}
}

static void total_length_below_the_header_is_refused(void **state)
{
	uint8_t b[40];

	ip4_make(b, sizeof(b), 0);
	put_be16(b + IP4_TOTAL, 19);
	ip4_seal(b);
	assert_int_equal(parse4(b, sizeof(b)), DROP_ip_length);
}

static void any_flipped_bit_of_the_header_is_refused(void **state)
{
	uint8_t b[48];

	for (unsigned bit = 0; bit < 28 * 8; bit++) {
		ip4_make(b, sizeof(b), 8);
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(parse4(b, sizeof(b)), IP_FINE);
	}
}

static void verified_checksum_is_not_verified_again(void **state)
{
	uint8_t b[40];
	struct ip_view v = {0};

	ip4_make(b, sizeof(b), 0);
	b[IP4_CSUM] ^= 1;
	assert_int_equal(ip4_parse(b, sizeof(b), true, &v), IP_FINE);
	assert_int_equal(ip4_parse(b, sizeof(b), false, &v), DROP_ip_checksum);
}

static void version_and_ttl_zero_have_their_reasons(void **state)
{
	uint8_t b[40];

	ip4_make(b, sizeof(b), 0);
	b[0] = 0x65;
	assert_int_equal(parse4(b, sizeof(b)), DROP_ip_version);
	ip4_make(b, sizeof(b), 0);
	b[IP4_TTL] = 0;
	ip4_seal(b);
	assert_int_equal(parse4(b, sizeof(b)), DROP_ip_ttl_zero);
}

static enum drop_reason parse_option(const uint8_t *opt, size_t n)
{
	uint8_t b[60];

	ip4_make(b, sizeof(b), 8);
	memcpy(b + 20, opt, n);
	ip4_seal(b);
	return parse4(b, sizeof(b));
}

static void options_are_walked_and_source_routes_refused(void **state)
{
	assert_int_equal(parse_option((uint8_t[]){148, 4, 0, 0}, 4), IP_FINE);
	assert_int_equal(
		parse_option((uint8_t[]){1, 131, 7, 4, 10, 0, 0, 1}, 8), DROP_option_source_route);
	assert_int_equal(
		parse_option((uint8_t[]){137, 7, 4, 10, 0, 0, 1, 0}, 8), DROP_option_source_route);
	/* behind the end of the list nothing is an option */
	assert_int_equal(parse_option((uint8_t[]){0, 131, 7, 4}, 4), IP_FINE);
}

static void malformed_options_are_refused(void **state)
{
	assert_int_equal(parse_option((uint8_t[]){7, 0}, 2), DROP_ip_option);
	assert_int_equal(parse_option((uint8_t[]){7, 1}, 2), DROP_ip_option);
	assert_int_equal(parse_option((uint8_t[]){7, 9}, 2), DROP_ip_option);
	assert_int_equal(parse_option((uint8_t[]){1, 1, 1, 1, 1, 1, 1, 7}, 8), DROP_ip_option);
}

static void fragments_are_accepted_as_fragments(void **state)
{
	const uint16_t frags[] = {0x2000, 0x0001, 0x3fff};
	uint8_t b[40];
	struct ip_view v = {0};

	for (int i = 0; i < 3; i++) {
		ip4_make(b, sizeof(b), 0);
		put_be16(b + IP4_FRAG, frags[i]);
		ip4_seal(b);
		assert_int_equal(ip4_parse(b, sizeof(b), false, &v), IP_FINE);
		assert_true(v.frag);
	}
	put_be16(b + IP4_FRAG, IP4_DF);
	ip4_seal(b);
	assert_int_equal(ip4_parse(b, sizeof(b), false, &v), IP_FINE);
	assert_false(v.frag);
}

static void sources_are_judged_by_their_first_octet(void **state)
{
	for (unsigned o = 0; o < 256; o++) {
		const uint8_t a[4] = {(uint8_t)o, 1, 2, 3};
		enum drop_reason want = IP_FINE;

		if (o == 0 || o >= 240)
			want = DROP_src_martian;
		else if (o >= 224)
			want = DROP_src_multicast;
		else if (o == 127)
			want = DROP_src_loopback;
		assert_int_equal(ip4_source(a), want);
	}
}

static void last_octets_0_and_255_and_169_254_are_ordinary(void **state)
{
	assert_int_equal(ip4_source((uint8_t[]){10, 0, 0, 0}), IP_FINE);
	assert_int_equal(ip4_source((uint8_t[]){10, 0, 0, 255}), IP_FINE);
	assert_int_equal(ip4_source((uint8_t[]){169, 254, 0, 1}), IP_FINE);
}

/* --- IPv6 ------------------------------------------------------------------------------------------- */

static void ip6_lengths_are_checked(void **state)
{
	uint8_t b[60];
	struct ip_view v = {0};

	ip6_make(b, 20, IP_PROTO_UDP);
	assert_int_equal(ip6_parse(b, 60, &v), IP_FINE);
	assert_int_equal(v.len, 60);
	assert_int_equal(ip6_parse(b, 59, &v), DROP_ip_length);
	assert_int_equal(ip6_parse(b, 39, &v), DROP_ip_truncated);
	b[IP6_HOPS] = 0;
	assert_int_equal(ip6_parse(b, 60, &v), DROP_ip_ttl_zero);
	b[0] = 0x45;
	assert_int_equal(ip6_parse(b, 60, &v), DROP_ip_version);
}

static void mld_is_found_behind_hop_by_hop_options(void **state)
{
	uint8_t b[72];

	ip6_make(b, 32, IP_PROTO_HOPOPTS);
	b[40] = IP_PROTO_ICMP6;
	b[48] = 143;
	assert_true(ip6_is_mld(b, 72));
	b[48] = 128;
	assert_false(ip6_is_mld(b, 72));
	b[48] = 143;
	b[41] = 200; /* longer than the packet */
	assert_false(ip6_is_mld(b, 72));
}

static void ip6_extension_chain_never_reads_behind_the_packet(void **state)
{
	uint8_t full[160];
	uint32_t s = 99;

	for (int round = 0; round < 20000; round++) {
		size_t n = 40 + rnd(&s) % 100;
		const uint8_t next[] = {0, 44, 60, 17, 58, 0, 60, 44};
		struct ip6_l4 l4;
		uint8_t *p;

		ip6_make(full, 100, next[rnd(&s) % 8]);
		for (size_t i = 40; i < 140; i += 8) {
			full[i] = next[rnd(&s) % 8];
			full[i + 1] = (uint8_t)(rnd(&s) % 3);
		}
		p = exactly(full, n);
		if (ip6_find_l4(p, (uint32_t)n, &l4))
			assert_true(l4.off <= n);
		ip6_is_mld(p, (uint32_t)n);
		free(p);
	}
}

static void ip6_reserved_addresses_are_refused(void **state)
{
	uint8_t a[16] = {0};

	assert_int_equal(ip6_source(a), DROP_src_martian);
	assert_true(ip6_is_martian_destination(a));
	a[15] = 1;
	assert_int_equal(ip6_source(a), DROP_src_loopback);
	assert_true(ip6_is_martian_destination(a));
	a[15] = 2;
	assert_int_equal(ip6_source(a), IP_FINE);
	assert_false(ip6_stays_on_link(a));
	a[0] = 0xfe;
	a[1] = 0xbf;
	assert_true(ip6_stays_on_link(a));
	a[1] = 0xc0;
	assert_false(ip6_stays_on_link(a));
	a[0] = 0xff;
	assert_int_equal(ip6_source(a), DROP_src_multicast);
	assert_true(ip6_is_martian_destination(a));
	a[1] = 2;
	assert_true(ip6_is_link_local_group(a));
	a[1] = 5;
	assert_false(ip6_is_link_local_group(a));
}

/* --- noise -------------------------------------------------------------------------------------------- */

static void random_bytes_never_make_a_parser_read_behind_them(void **state)
{
	uint32_t s = 20261121;
	uint8_t full[128];

	for (int round = 0; round < 50000; round++) {
		size_t n = rnd(&s) % sizeof(full);
		struct eth_view e;
		struct gre_view g;
		struct ip_view v = {0};
		uint8_t *p;

		for (size_t i = 0; i < n; i++)
			full[i] = (uint8_t)rnd(&s);
		if (n && round % 2)
			full[0] = (uint8_t)(0x40 | rnd(&s) % 16);
		p = exactly(full, n);
		eth_parse(p, (uint32_t)n, &e);
		gre_parse(p, (uint32_t)n, &g);
		if (ip4_parse(p, (uint32_t)n, true, &v) == IP_FINE)
			assert_true(v.len <= n && v.hdr_len <= v.len);
		if (ip6_parse(p, (uint32_t)n, &v) == IP_FINE)
			assert_true(v.len <= n);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_is_the_rfc_1071_sum_for_every_length),
		cmocka_unit_test(incremental_update_equals_recomputation),
		cmocka_unit_test(update_that_meets_zero_gives_zero_not_ffff),
		cmocka_unit_test(ttl_decrement_keeps_the_checksum_right),
		cmocka_unit_test(tag_and_type_are_read),
		cmocka_unit_test(second_tag_and_service_tag_are_seen),
		cmocka_unit_test(frame_that_ends_in_its_header_is_refused),
		cmocka_unit_test(untagging_keeps_macs_and_type),
		cmocka_unit_test(group_macs_follow_rfc_1112_and_rfc_2464),
		cmocka_unit_test(macs_differ_in_any_byte),
		cmocka_unit_test(sound_packet_is_accepted_with_its_padding),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(ihl_6_with_21_bytes_in_all_is_refused),
		cmocka_unit_test(ihl_below_5_is_refused_before_the_checksum),
		cmocka_unit_test(total_length_below_the_header_is_refused),
		cmocka_unit_test(any_flipped_bit_of_the_header_is_refused),
		cmocka_unit_test(verified_checksum_is_not_verified_again),
		cmocka_unit_test(version_and_ttl_zero_have_their_reasons),
		cmocka_unit_test(options_are_walked_and_source_routes_refused),
		cmocka_unit_test(malformed_options_are_refused),
		cmocka_unit_test(fragments_are_accepted_as_fragments),
		cmocka_unit_test(sources_are_judged_by_their_first_octet),
		cmocka_unit_test(last_octets_0_and_255_and_169_254_are_ordinary),
		cmocka_unit_test(ip6_lengths_are_checked),
		cmocka_unit_test(mld_is_found_behind_hop_by_hop_options),
		cmocka_unit_test(ip6_extension_chain_never_reads_behind_the_packet),
		cmocka_unit_test(ip6_reserved_addresses_are_refused),
		cmocka_unit_test(random_bytes_never_make_a_parser_read_behind_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
