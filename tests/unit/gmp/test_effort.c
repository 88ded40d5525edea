/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What reports cost where very many hosts are tracked: comparisons of sources with hosts are counted, and those of a
 * burst are bounded.
 */
#include "control/gmp/gmp_priv.h"
#include "tests/unit/gmp/many.h"

#define HOSTS 400u
#define SOURCES 240u
#define A_SECOND 2000000u
#define CROWD "239.7.7.0" /* group 0 of many.h */

static uint64_t compared(const struct bed *b)
{
	return gmp_if_of(b->self, IP_V4, 1)->compared;
}

static void member_says(struct bed *b, unsigned i, uint8_t type)
{
	char from[IP_STRLEN];

	snprintf(from, sizeof(from), "10.1.%u.%u", 1 + i / 200, 1 + i % 200);
	many_one(b, from, type, 0, i * 8, SOURCES);
}

/* A group of HOSTS hosts that name SOURCES sources each, some of them the same, and one that wants all. */
static struct bed *crowd(void)
{
	struct bed *b = lan_new();

	b->conf[0].check_source = false;
	lan_start(b);
	bed_report1(b, 1, H4, "TO_EX", CROWD, "");
	for (unsigned i = 0; i < HOSTS; i++)
		member_says(b, i, GMP_ALLOW);
	bed_queries(b);
	bed_run(b, BED_S); /* another second's effort */
	return b;
}

static void crowd_end(struct bed *b)
{
	bed_queries(b);
	lan_end(b);
}

/* 20 reports of 180 records each, at one moment: one and the other in turn, of no sources. */
static void burst(struct bed *b, const char *from, uint32_t g, uint8_t one, uint8_t other)
{
	static struct bed_packet p;
	struct writer w = many_report(&p, false, from, 180);

	for (unsigned i = 0; i < 90; i++) {
		many_record(&w, false, one, g, 0, 0);
		many_record(&w, false, other, g, 0, 0);
	}
	bed_seal(&p, &w);
	for (unsigned i = 0; i < 20; i++)
		bed_packet_in(b, 1, &p);
}

/* --- tests ---------------------------------------------------------------------------------------- */

static void who_says_again_what_he_wants_is_compared_with_nobody(void **state)
{
	struct bed *b = crowd();
	uint64_t before = compared(b);

	for (unsigned i = 0; i < HOSTS; i++)
		member_says(b, i, GMP_IS_IN);
	assert_int_equal(compared(b), before);
	crowd_end(b);
}

static void leaves_of_a_stranger_cost_no_more_than_a_second_allows(void **state)
{
	struct bed *b = crowd();
	uint64_t before = compared(b), told = b->told;

	burst(b, I4, 0, GMP_TO_IN, GMP_TO_IN);
	assert_in_range(compared(b) - before, 1, A_SECOND);
	assert_true(bed_counter(b, "lan", IP_V4, GMP_C_busy) > 0);
	assert_int_equal(b->told, told);
	assert_string_not_equal(bed_queries(b), ""); /* members are asked instead */
	crowd_end(b);
}

static void modes_that_change_with_each_record_cost_no_more_than_a_second_allows(void **state)
{
	struct bed *b = crowd();
	uint64_t before = compared(b);

	burst(b, H4, 0, GMP_TO_IN, GMP_TO_EX);
	assert_in_range(compared(b) - before, 1, A_SECOND);
	for (unsigned second = 0; second < 3; second++) {
		bed_run(b, BED_S);
		burst(b, H4, 0, GMP_TO_IN, GMP_TO_EX);
	}
	assert_in_range(compared(b) - before, 1, 4 * (A_SECOND + HOSTS * SOURCES));
	bed_run(b, 10 * BED_S);
	member_says(b, 0, GMP_IS_IN);
	assert_string_equal(bed_told(b, 1, CROWD), "*");
	crowd_end(b);
}

static void a_leave_that_costs_little_is_decided_all_the_same(void **state)
{
	struct bed *b = crowd();

	burst(b, I4, 0, GMP_TO_IN, GMP_TO_IN);
	bed_report1(b, 1, I4, "TO_EX", G4, "");
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "");
	crowd_end(b);
}

/* By leaves that cost less and less. */
static void use_up_the_second(struct bed *b)
{
	bed_report1(b, 1, H4, "TO_IN", CROWD, "");
	bed_report1(b, 1, H4, "TO_EX", CROWD, "");
	bed_report1(b, 1, H4, "TO_EX", "239.7.7.1", "");
	for (unsigned i = 0; i < 4; i++)
		burst(b, I4, i / 3, GMP_TO_IN, GMP_TO_IN);
	assert_int_equal(gmp_if_of(b->self, IP_V4, 1)->effort.comparisons, 0);
}

static void what_was_taken_back_and_had_to_wait_is_counted_a_second_later(void **state)
{
	struct bed *b = crowd();

	bed_report1(b, 1, J4, "ALLOW", CROWD, "a");
	assert_string_equal(bed_told(b, 1, CROWD), "* a");
	use_up_the_second(b);
	bed_report1(b, 1, J4, "BLOCK", CROWD, "a");
	assert_string_equal(bed_told(b, 1, CROWD), "* a");
	bed_run(b, BED_S - 1);
	assert_string_equal(bed_told(b, 1, CROWD), "* a");
	bed_run(b, 1);
	assert_string_equal(bed_told(b, 1, CROWD), "*");
	crowd_end(b);
}

static void who_named_a_source_before_there_was_room_for_it_is_known_when_there_is(void **state)
{
	struct bed *b = lan_new();

	b->conf[0].max_sources = 1;
	lan_start(b);
	bed_report1(b, 1, H4, "ALLOW", G4, "a");
	bed_report1(b, 1, I4, "ALLOW", G4, "b");
	assert_string_equal(bed_told(b, 1, G4), "a");
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, J4, "IS_EX", G4, "b"); /* which gives it a record */
	assert_string_equal(bed_told(b, 1, G4), "* b");
	bed_queries(b);
	lan_end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_says_again_what_he_wants_is_compared_with_nobody),
		cmocka_unit_test(leaves_of_a_stranger_cost_no_more_than_a_second_allows),
		cmocka_unit_test(
			modes_that_change_with_each_record_cost_no_more_than_a_second_allows),
		cmocka_unit_test(a_leave_that_costs_little_is_decided_all_the_same),
		cmocka_unit_test(what_was_taken_back_and_had_to_wait_is_counted_a_second_later),
		cmocka_unit_test(
			who_named_a_source_before_there_was_room_for_it_is_known_when_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
