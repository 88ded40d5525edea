/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Hostile input: each packet bumps its counter and changes nothing, which the digest of all state before
 * and after shows; and the odd but legal ones are taken.
 */
#include "tests/unit/gmp/gmp_test.h"

/* A router with some state that could be harmed. */
static struct bed *victim_new(void)
{
	struct bed *b = lan_new();

	bed_readdress(b, 1, "10.1.0.5/24", "fe80::5/64");
	lan_start(b);
	bed_report1(b, 1, H4, "IS_EX", G4, "cd");
	bed_report1(b, 1, H4, "IS_IN", G4, "ab");
	bed_report1(b, 1, H4, "IS_IN", "232.1.1.1", "ab");
	bed_report1(b, 1, H6, "IS_EX", G6, "c");
	return b;
}

static struct writer begin(struct bed_packet *p, const char *to)
{
	struct bed_head h = {.from = H4, .to = to, .ttl = 1, .tos = 0xc0};

	return bed_begin(p, &h);
}

/* Whether the packet counts as c and leaves everything as it was. */
static void harmless(struct bed *b, const struct bed_packet *p, enum gmp_counter c)
{
	enum ip_family family = p->data[0] >> 4 == 6 ? IP_V6 : IP_V4;
	uint64_t before = bed_digest(b), counted = bed_counter(b, "lan", family, c);

	bed_packet_in(b, 1, p);
	if (bed_counter(b, "lan", family, c) != counted + 1)
		fail_msg("%s was not counted", gmp_counter_name(c));
	assert_true(bed_digest(b) == before);
	assert_string_equal(bed_queries(b), "");
}

static void bytes(struct writer *w, const char *hex)
{
	unsigned v;

	for (; sscanf(hex, "%2x", &v) == 1; hex += 2 + (hex[2] == ' '))
		write_u8(w, (uint8_t)v);
}

/* The packet of this IGMP message, given in hexadecimal. */
static struct bed_packet message(const char *to, const char *hex)
{
	static struct bed_packet p;
	struct writer w = begin(&p, to);

	bytes(&w, hex);
	bed_seal(&p, &w);
	return p;
}

static void query_with_more_sources_than_bytes(void **state)
{
	struct bed *b = victim_new();
	struct bed_packet p = message(G4, "11 0a 00 00 ef 01 01 01 02 7d ff ff");

	harmless(b, &p, GMP_C_drop_short);
	lan_end(b);
}

static void queries_of_9_to_11_bytes(void **state)
{
	static const char *const hex[] = {"11 00 00 00 00 00 00 00 00",
		"11 00 00 00 00 00 00 00 00 00", "11 0a 00 00 ef 01 01 01 00 00 00"};
	struct bed *b = victim_new();

	for (int i = 0; i < 3; i++) {
		struct bed_packet p = message("224.0.0.1", hex[i]);

		harmless(b, &p, GMP_C_drop_query_length);
	}
	lan_end(b);
}

static void report_with_more_records_than_bytes(void **state)
{
	struct bed *b = victim_new();
	struct bed_packet p =
		message("224.0.0.22", "22 00 00 00 00 00 ff ff 04 00 00 00 ef 01 01 01");

	harmless(b, &p, GMP_C_drop_short);
	lan_end(b);
}

static void record_with_more_sources_than_bytes(void **state)
{
	struct bed *b = victim_new();
	struct bed_packet p = message("224.0.0.22",
		"22 00 00 00 00 00 00 02 04 00 00 00 ef 07 07 07 06 00 ff ff ef 01 01 01 0a 09 00 01");

	harmless(b, &p, GMP_C_drop_short); /* the first record does not count either */
	lan_end(b);
}

static void auxiliary_data_is_skipped_exactly(void **state)
{
	/* IS_EX(239.7.7.7) with 2 words that look like a record, then IS_EX(239.7.7.8) */
	struct bed_packet p = message("224.0.0.22",
		"22 00 00 00 00 00 00 02 02 02 00 00 ef 07 07 07 02 00 00 00 ef 07 07 09 "
		"02 00 00 00 ef 07 07 08");
	struct bed *b = victim_new();

	bed_packet_in(b, 1, &p);
	assert_string_equal(bed_told(b, 1, "239.7.7.7"), "*");
	assert_string_equal(bed_told(b, 1, "239.7.7.8"), "*");
	assert_string_equal(bed_told(b, 1, "239.7.7.9"), "");
	lan_end(b);
}

static void auxiliary_data_longer_than_the_packet(void **state)
{
	struct bed *b = victim_new();
	struct bed_packet p =
		message("224.0.0.22", "22 00 00 00 00 00 00 01 04 ff 00 00 ef 07 07 07");

	harmless(b, &p, GMP_C_drop_short);
	lan_end(b);
}

static void records_of_type_0_and_7_are_ignored_the_rest_kept(void **state)
{
	struct bed_packet p = message("224.0.0.22",
		"22 00 00 00 00 00 00 03 00 00 00 00 ef 07 07 07 07 00 00 00 ef 07 07 08 "
		"04 00 00 00 ef 07 07 09");
	struct bed *b = victim_new();

	bed_packet_in(b, 1, &p);
	assert_counter(b, drop_record_type, 2);
	assert_string_equal(bed_told(b, 1, "239.7.7.7"), "");
	assert_string_equal(bed_told(b, 1, "239.7.7.8"), "");
	assert_string_equal(bed_told(b, 1, "239.7.7.9"), "*");
	lan_end(b);
}

static void max_response_codes_at_both_ends(void **state)
{
	struct gmp_msg m;
	struct bed_packet p = message("224.0.0.1", "11 00 00 00 00 00 00 00 02 7d 00 00");

	assert_int_equal(igmp_parse(p.data, p.len, &m), GMP_PARSED);
	assert_int_equal(m.version, 3);
	assert_int_equal(m.resp_us, 0);
	p = message("224.0.0.1", "11 ff 00 00 00 00 00 00 02 7d 00 00");
	assert_int_equal(igmp_parse(p.data, p.len, &m), GMP_PARSED);
	assert_int_equal(m.resp_us, 31744 * 100000ull);
}

static void a_version_3_query_without_response_time_lowers_to_our_own_time(void **state)
{
	struct bed_query_in q = {.from = "10.1.0.2", .version = 3, .grp = G4, .qrv = 2};
	struct bed *b = victim_new();

	bed_query(b, 1, &q);
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE a=260 b=260 | c d, G=2");
	lan_end(b);
}

static void a_general_query_to_a_unicast_address_elects_nobody(void **state)
{
	struct bed_head h = {.from = "10.1.0.2", .to = "10.1.0.5", .ttl = 1};
	struct bed *b = victim_new();
	struct bed_packet p;
	struct writer w = bed_begin(&p, &h);

	bytes(&w, "11 64 00 00 00 00 00 00 02 7d 00 00");
	bed_seal(&p, &w);
	harmless(b, &p, GMP_C_drop_query_unicast);
	lan_end(b);
}

static void ttl_other_than_1(void **state)
{
	static const uint8_t ttl[] = {0, 2, 64, 255};
	struct bed *b = victim_new();

	for (int i = 0; i < 4; i++) {
		struct bed_packet p = message("239.7.7.7", "16 00 00 00 ef 07 07 07");
		struct writer w = writer_of(p.data, sizeof(p.data));

		p.data[8] = ttl[i];
		w.len = p.len;
		bed_seal(&p, &w);
		harmless(b, &p, GMP_C_drop_ttl);
	}
	lan_end(b);
}

static void bad_checksums(void **state)
{
	struct bed_packet p = message("239.7.7.7", "16 00 00 00 ef 07 07 07");
	struct bed *b = victim_new();

	p.data[p.len - 1] ^= 1;
	harmless(b, &p, GMP_C_drop_checksum);
	lan_end(b);
}

static void trailing_bytes_count_in_the_checksum_and_are_ignored(void **state)
{
	struct bed_packet p = message("239.7.7.7", "16 00 00 00 ef 07 07 07 de ad be ef 01");
	struct bed *b = victim_new();

	bed_packet_in(b, 1, &p);
	assert_string_equal(bed_told(b, 1, "239.7.7.7"), "*");
	p = message("224.0.0.22",
		"22 00 00 00 00 00 00 01 04 00 00 00 ef 07 07 08 04 00 00 00 ef 07 07 09");
	bed_packet_in(b, 1, &p);
	assert_string_equal(bed_told(b, 1, "239.7.7.8"), "*");
	assert_string_equal(bed_told(b, 1, "239.7.7.9"), "");
	p.data[p.len - 1] ^= 1;
	harmless(b, &p, GMP_C_drop_checksum);
	lan_end(b);
}

static void tos_does_not_matter_and_router_alert_as_configured(void **state)
{
	struct bed_head h = {
		.from = H4, .to = "239.7.7.7", .ttl = 1, .tos = 0x10, .no_alert = true};
	struct bed *b = victim_new();
	struct bed_packet p;
	struct writer w = bed_begin(&p, &h);

	bytes(&w, "16 00 00 00 ef 07 07 07");
	bed_seal(&p, &w);
	bed_packet_in(b, 1, &p);
	assert_counter(b, no_router_alert, 1);
	assert_string_equal(bed_told(b, 1, "239.7.7.7"), "*");
	b->conf[0].require_router_alert = true;
	bed_config(b);
	harmless(b, &p, GMP_C_drop_router_alert);
	lan_end(b);
}

static void mld_without_router_alert_or_link_local_sender(void **state)
{
	struct bed_head h = {.from = H6, .to = G6, .ttl = 1, .no_alert = true};
	struct bed *b = victim_new();
	struct bed_packet p;
	struct writer w = bed_begin(&p, &h);

	bytes(&w, "83 00 00 00 00 00 00 00 ff 0e 00 00 00 00 00 00 00 00 00 00 00 00 00 07");
	bed_seal(&p, &w);
	harmless(b, &p, GMP_C_drop_router_alert);
	h = (struct bed_head){.from = "2001:db8::9", .to = G6, .ttl = 1};
	w = bed_begin(&p, &h);
	bytes(&w, "83 00 00 00 00 00 00 00 ff 0e 00 00 00 00 00 00 00 00 00 00 00 00 00 07");
	bed_seal(&p, &w);
	harmless(b, &p, GMP_C_drop_source);
	lan_end(b);
}

static void block_of_5000_sources_is_bounded(void **state)
{
	struct bed *b = victim_new();
	struct bed_packet p;
	size_t before;

	b->conf[0].leave = GMP_LEAVE_QUERY;
	bed_config(b);
	for (unsigned type = GMP_ALLOW; type <= GMP_BLOCK; type++)
		for (unsigned part = 0; part < 4; part++) {
			struct writer w = begin(&p, "224.0.0.22");

			bytes(&w, "22 00 00 00 00 00 00 01");
			write_u8(&w, (uint8_t)type);
			write_u8(&w, 0);
			write_u16(&w, 1250);
			write_bytes(&w, bed_addr("239.7.7.7").b, 4);
			for (unsigned i = 0; i < 1250; i++)
				write_u32(&w, 0x0b000001 + part * 1250 + i);
			bed_seal(&p, &w);
			bed_packet_in(b, 1, &p);
		}
	assert_counter(b, drop_source_limit, 5000 - 4096);
	for (size_t i = 0; i < b->n_queries; i++)
		assert_true(b->queries[i].len <= 1500);
	before = b->n_queries;
	assert_in_range(before, 12, 16); /* 4096 sources, 366 a packet, in 4 reports */
	bed_run(b, 2 * BED_S);
	assert_in_range(b->n_queries - before, 12, 16);
	assert_string_equal(bed_state(b, 1, "239.7.7.7"), "none");
	bed_queries(b);
	lan_end(b);
}

static void fragments_and_cut_packets(void **state)
{
	struct bed_packet p = message("239.7.7.7", "16 00 00 00 ef 07 07 07"), q;
	struct bed *b = victim_new();

	q = p;
	q.data[6] |= 0x20;
	harmless(b, &q, GMP_C_drop_fragment);
	q = p;
	q.data[7] = 1;
	harmless(b, &q, GMP_C_drop_fragment);
	for (q = p; q.len > 0;) {
		q.len--;
		harmless(b, &q, GMP_C_drop_short);
	}
	q = p;
	q.data[0] = 0x44;
	harmless(b, &q, GMP_C_drop_ip_header);
	q = p;
	q.data[0] = 0x4f; /* options longer than the packet says it is */
	harmless(b, &q, GMP_C_drop_ip_header);
	lan_end(b);
}

static void all_sources_then_one_source_of_a_group(void **state)
{
	struct bed_record r[] = {{"TO_EX", "239.7.7.7", ""}, {"ALLOW", "239.7.7.7", "a"}};
	struct bed *b = victim_new();

	bed_report(b, 1, H4, 2, r);
	assert_string_equal(bed_told(b, 1, "239.7.7.7"), "*");
	bed_report1(b, 1, H4, "TO_IN", "239.7.7.7", "a");
	assert_string_equal(bed_told(b, 1, "239.7.7.7"), "a");
	lan_end(b);
}

static void exclude_in_the_ssm_range(void **state)
{
	struct bed_packet p = message(
		"224.0.0.22", "22 00 00 00 00 00 00 01 04 00 00 01 e8 01 01 01 0a 09 00 01");
	struct bed *b = victim_new();

	harmless(b, &p, GMP_C_drop_ssm);
	lan_end(b);
}

static void unknown_types(void **state)
{
	static const char *const hex[] = {"13 01 00 00 00 00 00 00", "14 00 00 00 00 00 00 00",
		"1f 00 00 00 00 00 00 00", "00 00 00 00 00 00 00 00", "ff 00 00 00 00 00 00 00"};
	struct bed *b = victim_new();

	for (int i = 0; i < 5; i++) {
		struct bed_packet p = message("224.0.0.4", hex[i]);

		harmless(b, &p, GMP_C_drop_type);
	}
	lan_end(b);
}

static void groups_that_are_none(void **state)
{
	static const char *const hex[] = {"16 00 00 00 0a 01 00 01", "12 00 00 00 00 00 00 00",
		"16 00 00 00 e0 00 00 05", "17 00 00 00 e0 00 00 fb", "16 00 00 00 ff ff ff ff",
		"22 00 00 00 00 00 00 01 04 00 00 00 e0 00 00 16",
		"22 00 00 00 00 00 00 01 05 00 00 01 c0 a8 00 01 0a 09 00 01"};
	struct bed *b = victim_new();

	for (int i = 0; i < 7; i++) {
		struct bed_packet p = message("224.0.0.22", hex[i]);

		harmless(b, &p, GMP_C_drop_group);
	}
	lan_end(b);
}

static void sources_that_are_no_host(void **state)
{
	/* ALLOW(239.7.7.7, {0.0.0.0, 224.1.1.1, 127.0.0.1, 255.255.255.255, 10.9.0.1}) */
	struct bed_packet p = message("224.0.0.22",
		"22 00 00 00 00 00 00 01 05 00 00 05 ef 07 07 07 00 00 00 00 e0 01 01 01 "
		"7f 00 00 01 ff ff ff ff 0a 09 00 01");
	struct bed *b = victim_new();

	bed_packet_in(b, 1, &p);
	assert_counter(b, drop_source_address, 4);
	assert_string_equal(bed_told(b, 1, "239.7.7.7"), "a");
	lan_end(b);
}

static void strangers_and_ourselves(void **state)
{
	static const char *const from[] = {
		"10.2.0.10", "224.0.0.1", "127.0.0.1", "255.255.255.255"};
	struct bed *b = victim_new();
	struct bed_packet p;

	for (int i = 0; i < 5; i++) {
		struct bed_head h = {
			.from = i < 4 ? from[i] : "10.1.0.5", .to = "239.7.7.7", .ttl = 1};
		struct writer w = bed_begin(&p, &h);

		bytes(&w, "16 00 00 00 ef 07 07 07");
		bed_seal(&p, &w);
		harmless(b, &p, i < 4 ? GMP_C_drop_source : GMP_C_drop_own);
	}
	lan_end(b);
}

static void mld_cut_short(void **state)
{
	struct bed_head h = {.from = H6, .to = "ff02::16", .ttl = 1};
	struct bed *b = victim_new();
	struct bed_packet p, q;
	struct writer w = bed_begin(&p, &h);

	bytes(&w,
		"8f 00 00 00 00 00 00 01 04 00 00 01 ff 0e 00 00 00 00 00 00 00 00 00 00 00 00 00 07 "
		"20 01 0d b8 00 09 00 00 00 00 00 00 00 00 00 09");
	bed_seal(&p, &w);
	for (q = p; q.len > 0;) {
		q.len--;
		harmless(b, &q, GMP_C_drop_short);
	}
	q = p;
	q.data[7] = 2;
	harmless(b, &q, GMP_C_drop_ttl);
	q = p;
	q.data[90] ^= 1;
	harmless(b, &q, GMP_C_drop_checksum);
	bed_packet_in(b, 1, &p);
	assert_string_equal(bed_told(b, 1, "ff0e::7"), "* !i");
	lan_end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(query_with_more_sources_than_bytes),
		cmocka_unit_test(queries_of_9_to_11_bytes),
		cmocka_unit_test(report_with_more_records_than_bytes),
		cmocka_unit_test(record_with_more_sources_than_bytes),
		cmocka_unit_test(auxiliary_data_is_skipped_exactly),
		cmocka_unit_test(auxiliary_data_longer_than_the_packet),
		cmocka_unit_test(records_of_type_0_and_7_are_ignored_the_rest_kept),
		cmocka_unit_test(max_response_codes_at_both_ends),
		cmocka_unit_test(a_version_3_query_without_response_time_lowers_to_our_own_time),
		cmocka_unit_test(a_general_query_to_a_unicast_address_elects_nobody),
		cmocka_unit_test(ttl_other_than_1),
		cmocka_unit_test(bad_checksums),
		cmocka_unit_test(trailing_bytes_count_in_the_checksum_and_are_ignored),
		cmocka_unit_test(tos_does_not_matter_and_router_alert_as_configured),
		cmocka_unit_test(mld_without_router_alert_or_link_local_sender),
		cmocka_unit_test(block_of_5000_sources_is_bounded),
		cmocka_unit_test(fragments_and_cut_packets),
		cmocka_unit_test(all_sources_then_one_source_of_a_group),
		cmocka_unit_test(exclude_in_the_ssm_range),
		cmocka_unit_test(unknown_types),
		cmocka_unit_test(groups_that_are_none),
		cmocka_unit_test(sources_that_are_no_host),
		cmocka_unit_test(strangers_and_ourselves),
		cmocka_unit_test(mld_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
