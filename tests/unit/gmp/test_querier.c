/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * General queries, the election, what is learnt from the querier; the bytes of queries, time codes.
 */
#include "tests/unit/gmp/gmp_test.h"

static bool info_cb(void *arg, const struct gmp_if_info *i)
{
	*(struct gmp_if_info *)arg = *i;
	return false;
}

static struct gmp_if_info info(const struct bed *b, enum ip_family family)
{
	struct gmp_if_info i = {0};

	gmp_if_walk(b->self, (uint8_t)family, b->now_us, info_cb, &i);
	return i;
}

static void startup_queries_come_faster(void **state)
{
	static const uint64_t at[] = {0, 31250000, 156250000, 281250000};
	struct bed *b = lan_new();
	uint64_t start = b->now_us;
	unsigned n = 0;

	b->n_conf = 1; /* IGMP only */
	bed_config(b);
	bed_run(b, 282 * BED_S);
	assert_int_equal(b->n_queries, 4);
	for (n = 0; n < 4; n++)
		assert_int_equal(b->queries[n].at_us - start, at[n]);
	lan_end(b);
}

static void startup_count_and_interval_are_settings(void **state)
{
	struct bed *b = lan_new();

	b->n_conf = 1;
	b->conf[0].startup_query_count = 5;
	b->conf[0].startup_query_interval_s = 2;
	bed_config(b);
	bed_run(b, 8 * BED_S);
	assert_int_equal(b->n_queries, 5);
	bed_run(b, 124 * BED_S);
	assert_int_equal(b->n_queries, 5);
	bed_run(b, BED_S);
	assert_int_equal(b->n_queries, 6);
	lan_end(b);
}

static void the_lower_address_wins(void **state)
{
	struct bed *b = lan_new();

	bed_readdress(b, 1, "10.1.0.5/24", "fe80::5/64");
	lan_start(b);
	lan_general(b, "10.1.0.6", 3, 2, 125);
	assert_true(info(b, IP_V4).querier);
	lan_general(b, "10.1.0.2", 3, 2, 125);
	assert_false(info(b, IP_V4).querier);
	assert_true(info(b, IP_V6).querier);
	lan_general(b, "fe80::2", 3, 2, 125);
	assert_false(info(b, IP_V6).querier);
	bed_run(b, 254 * BED_S);
	assert_string_equal(bed_queries(b), "");
	lan_end(b);
}

static void a_silent_querier_is_replaced_after_the_other_querier_present_interval(void **state)
{
	struct bed *b = lan_new();

	bed_readdress(b, 1, "10.1.0.5/24", NULL);
	lan_start(b);
	lan_general(b, "10.1.0.2", 3, 2, 125);
	assert_int_equal(info(b, IP_V4).other_querier_left_us, 255 * BED_S);
	bed_run(b, 100 * BED_S);
	lan_general(b, "10.1.0.2", 3, 2, 125);
	bed_run(b, 255 * BED_S - 1);
	assert_false(info(b, IP_V4).querier);
	assert_int_equal(b->n_queries, 0);
	bed_run(b, 1);
	assert_true(info(b, IP_V4).querier);
	assert_string_equal(bed_queries(b), "Q");
	bed_run(b, 125 * BED_S);
	assert_string_equal(bed_queries(b), "Q");
	lan_end(b);
}

static void queries_that_elect_nobody(void **state)
{
	struct bed *b = lan_new();
	struct bed_query_in unicast = {.from = "10.1.0.2", .to = "10.1.0.5", .version = 3};
	struct bed_query_in elsewhere = {.from = "10.0.0.2", .version = 3};
	struct bed_query_in group = {
		.from = "10.1.0.2", .to = "224.0.0.1", .version = 3, .grp = G4};

	bed_readdress(b, 1, "10.1.0.5/24", "fe80::5/64");
	lan_start(b);
	lan_general(b, "0.0.0.0", 3, 2, 125);
	assert_counter(b, drop_query_zero, 1);
	bed_query(b, 1, &unicast);
	assert_counter(b, drop_query_unicast, 1);
	bed_query(b, 1, &group);
	assert_counter(b, drop_query_unicast, 2);
	bed_query(b, 1, &elsewhere);
	assert_counter(b, drop_source, 1);
	lan_general(b, "10.1.0.5", 3, 2, 125);
	assert_counter(b, drop_own, 1);
	assert_true(info(b, IP_V4).querier);
	lan_general(b, "2001:db8::2", 3, 2, 125);
	lan_general(b, "::", 3, 2, 125);
	assert_int_equal(bed_counter(b, "lan", IP_V6, GMP_C_drop_source), 2);
	assert_true(info(b, IP_V6).querier);
	lan_end(b);
}

static void robustness_and_interval_are_the_queriers(void **state)
{
	struct bed *b = lan_new();

	bed_readdress(b, 1, "10.1.0.5/24", NULL);
	lan_start(b);
	lan_general(b, "10.1.0.2", 3, 3, 60);
	assert_int_equal(info(b, IP_V4).robustness, 3);
	assert_int_equal(info(b, IP_V4).query_interval_s, 60);
	bed_report1(b, 1, H4, "IS_IN", G4, "a");
	assert_string_equal(bed_state(b, 1, G4), "INCLUDE a=190");
	assert_int_equal(info(b, IP_V4).other_querier_left_us, 185 * BED_S);
	lan_general(b, "10.1.0.2", 3, 0, 0); /* says nothing: the configured values */
	assert_int_equal(info(b, IP_V4).robustness, 2);
	assert_int_equal(info(b, IP_V4).query_interval_s, 125);
	lan_general(b, "10.1.0.2", 3, 2, 0x8f); /* (15 | 16) << 3 */
	assert_int_equal(info(b, IP_V4).query_interval_s, 248);
	bed_run(b, 1000 * BED_S);
	assert_true(info(b, IP_V4).querier);
	assert_int_equal(info(b, IP_V4).query_interval_s, 125);
	lan_end(b);
}

static void a_specific_query_does_not_change_the_response_interval(void **state)
{
	struct bed_query_in q = {
		.from = "10.1.0.0", .version = 3, .grp = G4, .max_resp = 10, .qrv = 2, .qqic = 125};
	struct bed *b = lan_started();

	lan_general(b, "10.1.0.0", 3, 2, 125);
	bed_query(b, 1, &q);
	assert_int_equal(info(b, IP_V4).query_response_interval_ms, 10000);
	assert_int_equal(info(b, IP_V4).group_membership_interval_us, 260 * BED_S);
	lan_end(b);
}

static void a_querier_learns_nothing_from_a_higher_address(void **state)
{
	struct bed *b = lan_started();

	lan_general(b, "10.1.0.200", 3, 7, 200);
	assert_int_equal(info(b, IP_V4).robustness, 2);
	assert_int_equal(info(b, IP_V4).query_interval_s, 125);
	lan_end(b);
}

static void a_new_address_begins_the_election_anew(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "IS_EX", G4, "");
	lan_general(b, "10.1.0.0", 3, 2, 125);
	assert_false(info(b, IP_V4).querier);
	bed_readdress(b, 1, "10.1.0.7/24", "fe80::1/64");
	assert_true(info(b, IP_V4).querier);
	assert_int_equal(b->queries[0].m.from.b[3], 7);
	assert_string_equal(bed_told(b, 1, G4), "*"); /* memberships stay */
	lan_end(b);
}

static void other_versions_are_warned_of_at_a_limited_rate(void **state)
{
	struct bed *b = lan_started();
	uint64_t notes;

	notes = b->notes;
	for (int i = 0; i < 1000; i++)
		lan_general(b, "10.1.0.200", 1 + (unsigned)i % 2, 0, 0);
	assert_counter(b, wrong_version, 1000);
	assert_in_range(b->notes - notes, 1, LOG_RATE_BURST);
	lan_end(b);
}

static void version_1_2_and_3_write_their_own_queries(void **state)
{
	static const uint8_t head[24] = {0x46, 0xc0, 0, 36, 0, 0, 0x40, 0, 1, 2, 0xfa, 0x10, 10, 1,
		0, 1, 224, 0, 0, 1, 0x94, 4, 0, 0};
	static const uint8_t v3[12] = {0x11, 100, 0xec, 0x1e, 0, 0, 0, 0, 2, 125, 0, 0};
	static const uint8_t v2[8] = {0x11, 100, 0xee, 0x9b};
	static const uint8_t v1[8] = {0x11, 0, 0xee, 0xff};
	static const uint8_t *const body[] = {v1, v2, v3};

	for (unsigned version = 1; version <= 3; version++) {
		struct bed *b = lan_new();
		size_t n = version == 3 ? 12 : 8;

		b->n_conf = 1;
		b->conf[0].version = (uint8_t)version;
		bed_config(b);
		assert_int_equal(b->queries[0].len, 24 + n);
		assert_memory_equal(b->queries[0].data + 24, body[version - 1], n);
		if (version == 3)
			assert_memory_equal(b->queries[0].data, head, 24);
		lan_end(b);
	}
}

static void mld_queries_carry_hop_by_hop_router_alert(void **state)
{
	static const uint8_t head[48] = {0x6c, 0, 0, 0, 0, 36, 0, 1, 0xfe, 0x80, [23] = 1, 0xff,
		2, [39] = 1, 58, 0, 5, 2, 0, 0, 1, 0};
	struct bed *b = lan_new();

	bed_config(b);
	assert_int_equal(b->n_queries, 2);
	assert_int_equal(b->queries[1].len, 40 + 8 + 28);
	assert_memory_equal(b->queries[1].data, head, 48);
	assert_int_equal(b->queries[1].data[48], 130);
	assert_int_equal(b->queries[1].data[52] << 8 | b->queries[1].data[53], 10000);
	lan_end(b);
}

static void time_codes_are_exact_or_the_next_lower(void **state)
{
	assert_int_equal(gmp_code8_value(127), 127);
	assert_int_equal(gmp_code8_value(0x80), 128);
	assert_int_equal(gmp_code8_value(0xff), 31744);
	assert_int_equal(gmp_code16_value(0xffff), 8387584);
	for (uint32_t v = 0; v < 40000; v++) {
		assert_true(gmp_code8_value(gmp_code8(v)) <= v);
		if (gmp_code8(v) != 0xff)
			assert_true(gmp_code8_value((uint8_t)(gmp_code8(v) + 1)) > v);
	}
	for (uint32_t v = 0; v < 8400000; v += 97) {
		assert_true(gmp_code16_value(gmp_code16(v)) <= v);
		if (gmp_code16(v) != 0xffff)
			assert_true(gmp_code16_value((uint16_t)(gmp_code16(v) + 1)) > v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(startup_queries_come_faster),
		cmocka_unit_test(startup_count_and_interval_are_settings),
		cmocka_unit_test(the_lower_address_wins),
		cmocka_unit_test(
			a_silent_querier_is_replaced_after_the_other_querier_present_interval),
		cmocka_unit_test(queries_that_elect_nobody),
		cmocka_unit_test(robustness_and_interval_are_the_queriers),
		cmocka_unit_test(a_specific_query_does_not_change_the_response_interval),
		cmocka_unit_test(a_querier_learns_nothing_from_a_higher_address),
		cmocka_unit_test(a_new_address_begins_the_election_anew),
		cmocka_unit_test(other_versions_are_warned_of_at_a_limited_rate),
		cmocka_unit_test(version_1_2_and_3_write_their_own_queries),
		cmocka_unit_test(mld_queries_carry_hop_by_hop_router_alert),
		cmocka_unit_test(time_codes_are_exact_or_the_next_lower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
