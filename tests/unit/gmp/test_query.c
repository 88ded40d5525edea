/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Specific queries, RFC 3376 6.4.2 and 6.6: when they are sent, how often, with which flag, in how many
 * packets, and when a membership ends that nobody confirms.
 */
#include "tests/unit/gmp/gmp_test.h"

static struct bed *asking_new(void)
{
	struct bed *b = lan_new();

	b->conf[0].leave = b->conf[1].leave = GMP_LEAVE_QUERY;
	return b;
}

static void a_group_ends_after_the_last_member_query_time(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_queries(b), "Q(G)");
	bed_run(b, BED_S);
	assert_string_equal(bed_queries(b), "Q(G)");
	bed_run(b, BED_S - 1);
	assert_string_equal(bed_told(b, 1, G4), "*");
	bed_run(b, 1);
	assert_string_equal(bed_told(b, 1, G4), "");
	assert_string_equal(bed_state(b, 1, G4), "none");
	assert_string_equal(bed_queries(b), "");
	lan_end(b);
}

static void a_source_ends_after_the_last_member_query_time(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H6, "ALLOW", G6, "ab");
	bed_report1(b, 1, H6, "BLOCK", G6, "a");
	assert_string_equal(bed_queries(b), "Q(G,a)");
	bed_run(b, BED_S);
	assert_string_equal(bed_queries(b), "Q(G,a)");
	assert_string_equal(bed_told(b, 1, G6), "a b");
	bed_run(b, BED_S);
	assert_string_equal(bed_told(b, 1, G6), "b");
	lan_end(b);
}

static void who_answers_keeps_the_group_and_the_next_query_says_so(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	bed_report1(b, 1, I4, "IS_EX", G4, "");
	assert_string_equal(bed_queries(b), "Q(G)");
	bed_run(b, BED_S);
	assert_string_equal(bed_queries(b), "Q(G) S");
	bed_run(b, 10 * BED_S);
	assert_string_equal(bed_queries(b), "");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=249");
	lan_end(b);
}

static void confirmed_sources_are_asked_for_in_a_message_of_their_own(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H4, "ALLOW", G4, "ab");
	bed_report1(b, 1, H4, "BLOCK", G4, "ab");
	assert_string_equal(bed_queries(b), "Q(G,ab)");
	bed_report1(b, 1, I4, "IS_IN", G4, "a");
	bed_run(b, BED_S);
	assert_string_equal(bed_queries(b), "Q(G,a) S Q(G,b)");
	bed_run(b, BED_S);
	assert_string_equal(bed_state(b, 1, G4), "INCLUDE a=258");
	lan_end(b);
}

static void beside_a_query_for_the_group_that_message_is_left_out(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "IS_IN", G4, "ab");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_queries(b), "Q(G) Q(G,ab)");
	bed_report1(b, 1, I4, "IS_IN", G4, "a");
	bed_run(b, BED_S);
	assert_string_equal(bed_queries(b), "Q(G) Q(G,b)");
	bed_run(b, BED_S);
	assert_string_equal(bed_state(b, 1, G4), "INCLUDE a=258");
	assert_string_equal(bed_told(b, 1, G4), "a");
	lan_end(b);
}

static void new_and_pending_queries_are_merged(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H4, "ALLOW", G4, "abc");
	bed_report1(b, 1, H4, "BLOCK", G4, "a");
	bed_run(b, BED_S / 2);
	bed_report1(b, 1, H4, "BLOCK", G4, "ab"); /* a is asked for already */
	assert_string_equal(bed_queries(b), "Q(G,a) Q(G,b)");
	bed_run(b, BED_S / 2);
	assert_string_equal(bed_queries(b), "Q(G,ab)");
	bed_run(b, BED_S);
	assert_string_equal(bed_state(b, 1, G4), "INCLUDE b=0.5 c=258");
	bed_run(b, BED_S / 2);
	assert_string_equal(bed_state(b, 1, G4), "INCLUDE c=257.5");
	lan_end(b);
}

static void a_leave_while_checking_asks_nothing_new(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_old_report(b, 1, H4, 2, G4);
	bed_leave(b, 1, H4, G4);
	bed_leave(b, 1, H4, G4);
	bed_leave(b, 1, I4, G4);
	assert_string_equal(bed_queries(b), "Q(G)");
	bed_run(b, 2 * BED_S);
	assert_string_equal(bed_queries(b), "Q(G)");
	assert_string_equal(bed_state(b, 1, G4), "none");
	lan_end(b);
}

static void the_count_and_the_interval_are_settings(void **state)
{
	struct bed *b = asking_new();

	b->conf[0].last_member_query_count = 4;
	b->conf[0].last_member_query_interval_ms = 200;
	lan_start(b);
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	bed_run(b, 800000 - 1);
	assert_int_equal(b->n_queries, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(b->queries[i].at_us - b->queries[0].at_us, i * 200000);
		assert_int_equal(b->queries[i].m.resp_us, 200000);
	}
	assert_string_equal(bed_told(b, 1, G4), "*");
	bed_run(b, 1);
	assert_string_equal(bed_told(b, 1, G4), "");
	lan_end(b);
}

/* --- 6.6.1: queries of another querier -------------------------------------------------------------- */

static void lower(struct bed *b, const char *sources, bool suppress)
{
	struct bed_query_in q = {.from = "10.1.0.0",
		.version = 3,
		.grp = G4,
		.max_resp = 10,
		.qrv = 2,
		.qqic = 125,
		.sources = sources,
		.suppress = suppress};

	bed_query(b, 1, &q);
}

static void another_routers_group_query_lowers_the_group_timer(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H4, "IS_EX", G4, "");
	lower(b, "", true);
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=260");
	lower(b, "", false);
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=2");
	bed_run(b, 2 * BED_S);
	assert_string_equal(bed_state(b, 1, G4), "none");
	lan_end(b);
}

static void another_routers_source_query_lowers_these_source_timers(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H4, "IS_IN", G4, "abc");
	lower(b, "ab", true);
	assert_string_equal(bed_state(b, 1, G4), "INCLUDE a=260 b=260 c=260");
	lower(b, "ab", false);
	assert_string_equal(bed_state(b, 1, G4), "INCLUDE a=2 b=2 c=260");
	lan_end(b);
}

/* RFC 2236 section 3: its Max Resp Time, our count, which is its robustness (8.9). */
static void another_routers_query_lowers_timers_to_the_time_that_it_gives(void **state)
{
	struct bed_query_in q = {
		.from = "10.1.0.0", .version = 3, .grp = G4, .max_resp = 30, .qrv = 3, .qqic = 125};
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H4, "IS_EX", G4, "");
	bed_report1(b, 1, I4, "IS_IN", G4, "a");
	bed_query(b, 1, &q);
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE a=260 |, G=9");
	q.sources = "a";
	q.max_resp = 20;
	bed_query(b, 1, &q);
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE a=6 |, G=9");
	lan_end(b);
}

static void who_loses_the_election_sends_no_more_of_its_queries(void **state)
{
	struct bed *b = asking_new();

	lan_start(b);
	bed_report1(b, 1, H4, "IS_IN", G4, "a");
	bed_report1(b, 1, H4, "BLOCK", G4, "a");
	assert_string_equal(bed_queries(b), "Q(G,a)");
	lower(b, "b", false);
	bed_run(b, BED_S);
	assert_string_equal(bed_queries(b), "");
	lan_end(b);
}

/* --- older versions, the MTU ------------------------------------------------------------------------- */

static void version_2_asks_for_the_group_instead_of_its_sources(void **state)
{
	struct bed *b = asking_new();

	b->conf[0].version = 2;
	lan_start(b);
	bed_report1(b, 1, H4, "IS_IN", G4, "ab");
	bed_report1(b, 1, H4, "TO_IN", G4, "b");
	assert_int_equal(b->n_queries, 1);
	assert_int_equal(b->queries[0].m.version, 2);
	assert_int_equal(b->queries[0].len, 24 + 8);
	assert_string_equal(bed_queries(b), "Q(G)");
	bed_run(b, BED_S);
	assert_string_equal(bed_queries(b), "Q(G)");
	bed_run(b, BED_S);
	assert_string_equal(bed_state(b, 1, G4), "INCLUDE b=258");
	lan_end(b);
}

/* RFC 2236 section 7: the retransmit timer counts in Checking Membership only. A second query would make the other
 * routers doubt what they have just heard. */
static void version_2_asks_no_more_once_it_is_answered(void **state)
{
	struct bed *b = asking_new();

	b->conf[0].version = 2;
	lan_start(b);
	bed_old_report(b, 1, H4, 2, G4);
	bed_leave(b, 1, H4, G4);
	assert_string_equal(bed_queries(b), "Q(G)");
	bed_old_report(b, 1, I4, 2, G4);
	bed_run(b, 10 * BED_S);
	assert_string_equal(bed_queries(b), "");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=250");
	bed_leave(b, 1, I4, G4);
	bed_run(b, BED_S);
	assert_string_equal(bed_queries(b), "Q(G) Q(G)");
	lan_end(b);
}

static void version_2_does_not_ask_for_sources_that_were_confirmed(void **state)
{
	struct bed *b = asking_new();

	b->conf[0].version = 2;
	lan_start(b);
	bed_report1(b, 1, H4, "IS_IN", G4, "ab");
	bed_report1(b, 1, H4, "TO_IN", G4, "b");
	assert_string_equal(bed_queries(b), "Q(G)");
	bed_report1(b, 1, I4, "IS_IN", G4, "a");
	bed_run(b, 10 * BED_S);
	assert_string_equal(bed_queries(b), "");
	assert_string_equal(bed_told(b, 1, G4), "a b");
	lan_end(b);
}

/* One record of n sources 10.20.0.0 and on. */
static void big_record(struct bed *b, uint8_t type, unsigned n)
{
	static struct bed_packet p;
	struct bed_head h = {.from = H4, .to = "224.0.0.22", .ttl = 1};
	struct writer w = bed_begin(&p, &h);

	write_u8(&w, 0x22);
	write_u8(&w, 0);
	write_u32(&w, 0);
	write_u16(&w, 1);
	write_u8(&w, type);
	write_u8(&w, 0);
	write_u16(&w, (uint16_t)n);
	write_bytes(&w, bed_addr(G4).b, 4);
	for (unsigned i = 0; i < n; i++)
		write_u32(&w, 0x0a140001 + i);
	bed_seal(&p, &w);
	bed_packet_in(b, 1, &p);
}

static void queries_for_many_sources_are_split_at_the_mtu(void **state)
{
	struct bed *b = asking_new();
	unsigned n = 0;

	lan_start(b);
	big_record(b, GMP_ALLOW, 1000);
	big_record(b, GMP_BLOCK, 1000);
	assert_int_equal(b->n_queries, 3); /* 4.1.8: 366 in 1500 bytes */
	for (unsigned i = 0; i < 3; i++) {
		assert_true(b->queries[i].len <= 1500);
		n += b->queries[i].m.n;
	}
	assert_int_equal(b->queries[0].m.n, 366);
	assert_int_equal(n, 1000);
	bed_run(b, 2 * BED_S);
	assert_int_equal(b->n_queries, 6);
	assert_string_equal(bed_state(b, 1, G4), "none");
	lan_end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_ends_after_the_last_member_query_time),
		cmocka_unit_test(a_source_ends_after_the_last_member_query_time),
		cmocka_unit_test(who_answers_keeps_the_group_and_the_next_query_says_so),
		cmocka_unit_test(confirmed_sources_are_asked_for_in_a_message_of_their_own),
		cmocka_unit_test(beside_a_query_for_the_group_that_message_is_left_out),
		cmocka_unit_test(new_and_pending_queries_are_merged),
		cmocka_unit_test(a_leave_while_checking_asks_nothing_new),
		cmocka_unit_test(the_count_and_the_interval_are_settings),
		cmocka_unit_test(another_routers_group_query_lowers_the_group_timer),
		cmocka_unit_test(another_routers_source_query_lowers_these_source_timers),
		cmocka_unit_test(another_routers_query_lowers_timers_to_the_time_that_it_gives),
		cmocka_unit_test(who_loses_the_election_sends_no_more_of_its_queries),
		cmocka_unit_test(version_2_asks_for_the_group_instead_of_its_sources),
		cmocka_unit_test(version_2_asks_no_more_once_it_is_answered),
		cmocka_unit_test(version_2_does_not_ask_for_sources_that_were_confirmed),
		cmocka_unit_test(queries_for_many_sources_are_split_at_the_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
