/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What nobody wants is excluded at once: it is said in a query, so that a host whose report was lost or forged
 * objects; and what one report can set off is bounded.
 */
#include "tests/unit/gmp/many.h"

#define MANY 4096u /* sources, max_sources by default */
#define CHANGE_MAX 8192u

static const char *const host[] = {H4, H6}, *const other[] = {I4, I6}, *const grp[] = {G4, G6};

/* --- it is said ----------------------------------------------------------------------------------- */

static void a_forged_report_is_objected_to(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct bed *b = lan_started();

		bed_report1(b, 1, host[i], "TO_EX", grp[i], "");
		bed_report1(b, 1, host[i], "IS_EX", grp[i], "a"); /* somebody else's */
		assert_string_equal(bed_told(b, 1, grp[i]), "* !a");
		assert_int_equal(b->n_queries, 1);
		assert_false(b->queries[0].m.suppress); /* other routers lower their timers */
		assert_string_equal(bed_queries(b), "Q(G,a)");
		bed_report1(b, 1, host[i], "IS_IN", grp[i], "a"); /* 5.2: the answer */
		assert_string_equal(bed_told(b, 1, grp[i]), "*");
		bed_run(b, 20 * BED_S);
		assert_string_equal(bed_told(b, 1, grp[i]), "*");
		assert_string_equal(bed_queries(b), ""); /* once */
		lan_end(b);
	}
}

static void who_allowed_a_source_unheard_objects_when_the_other_leaves(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "ab");
	bed_report1(b, 1, I4, "TO_EX", G4, "");
	bed_queries(b);
	/* H's ALLOW (a) is lost */
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "* !a !b");
	assert_string_equal(bed_queries(b), "Q(G,ab)");
	bed_report1(b, 1, H4, "IS_IN", G4, "a");
	assert_string_equal(bed_told(b, 1, G4), "* !b");
	lan_end(b);
}

/* A leave said already what it ended; a refresh ends nothing. */
static void nothing_is_said_twice(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "c");
	bed_report1(b, 1, H4, "BLOCK", G4, "a");
	assert_string_equal(bed_told(b, 1, G4), "* !a !c");
	bed_report1(b, 1, I4, "TO_EX", G4, "acd");
	bed_queries(b);
	for (int i = 0; i < 3; i++) {
		bed_report1(b, 1, H4, "IS_EX", G4, "ac");
		bed_report1(b, 1, I4, "IS_EX", G4, "acd");
	}
	assert_string_equal(bed_told(b, 1, G4), "* !a !c");
	assert_string_equal(bed_queries(b), "");
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "");
	assert_string_equal(bed_queries(b), "Q(G,d) Q(G)");
	lan_end(b);
}

static void who_is_not_the_querier_says_nothing(void **state)
{
	struct bed *b = lan_started();

	lan_general(b, "10.1.0.0", 3, 2, 125);
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "IS_EX", G4, "a");
	assert_string_equal(bed_told(b, 1, G4), "* !a");
	assert_string_equal(bed_queries(b), "");
	lan_end(b);
}

/* The rows of a report count one by one, what nobody wants after them all. */
static void the_last_record_of_a_report_decides(void **state)
{
	struct bed_record r[] = {{"TO_IN", G4, ""}, {"TO_EX", G4, "b"}};
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "ab");
	bed_report1(b, 1, I4, "TO_EX", G4, "");
	bed_queries(b);
	bed_report(b, 1, I4, 2, r);
	assert_string_equal(bed_told(b, 1, G4), "* !b");
	assert_string_equal(bed_queries(b), "Q(G,b)");
	lan_end(b);
}

static void what_a_record_had_no_room_for_is_excluded_when_there_is(void **state)
{
	struct bed *b = lan_new();

	b->conf[0].max_sources = 3;
	lan_start(b);
	bed_report1(b, 1, H4, "ALLOW", G4, "abc");
	bed_report1(b, 1, H4, "TO_EX", G4, "wxyz"); /* when it has been taken, a to c are gone */
	assert_counter(b, drop_source_limit, 4);
	assert_string_equal(bed_told(b, 1, G4), "* !w !x !y");
	bed_report1(b, 1, H4, "IS_EX", G4, "wxyz");
	assert_string_equal(bed_told(b, 1, G4), "* !w !x !y");
	assert_counter(b, drop_source_limit, 5); /* z, once by each record */
	lan_end(b);
}

/* --- it is bounded -------------------------------------------------------------------------------- */

static void exclude_many(struct bed *b, bool v6, uint32_t g)
{
	many_one(b, host[v6], GMP_TO_EX, g, 0, 256);
	for (uint32_t i = 256; i < MANY; i += 256)
		many_one(b, host[v6], GMP_BLOCK, g, i, 256);
}

static bool blocked_cb(void *arg, const struct gmp_source_info *i)
{
	*(unsigned *)arg += !i->forward;
	return true;
}

static unsigned blocked(const struct bed *b, bool v6)
{
	unsigned n = 0;

	gmp_source_walk(b->self, v6 ? IP_V6 : IP_V4, 1, NULL, b->now_us, blocked_cb, &n);
	return n;
}

/* (IS_EX {}, TO_IN {}) of each of the groups, n times. */
static void in_and_out(struct bed *b, bool v6, uint32_t groups, uint16_t n)
{
	static struct bed_packet p;
	struct writer w = many_report(&p, v6, other[v6], (uint16_t)(2 * n * groups));

	for (uint16_t i = 0; i < n; i++)
		for (uint32_t g = 0; g < groups; g++) {
			many_record(&w, v6, GMP_IS_EX, g, 0, 0);
			many_record(&w, v6, GMP_TO_IN, g, 0, 0);
		}
	bed_seal(&p, &w);
	assert_true(p.len <= 1500);
	bed_packet_in(b, 1, &p);
}

static void taken_out_and_brought_back_many_times_is_done_once(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct bed *b = lan_started();
		uint64_t told;

		exclude_many(b, v6, 0);
		assert_int_equal(blocked(b, v6), MANY);
		bed_queries(b);
		told = b->told;
		in_and_out(b, v6, 1, v6 ? 36 : 91);
		assert_int_equal(blocked(b, v6), MANY);
		assert_int_equal(b->told - told, 2 * MANY);
		assert_in_range(b->n_queries, 1, 48); /* 366 sources a packet, 89 with IPv6 */
		bed_queries(b);
		lan_end(b);
	}
}

static void one_report_of_many_groups_excludes_no_more_than_its_share(void **state)
{
	const uint32_t groups = 3;

	for (int v6 = 0; v6 < 2; v6++) {
		struct bed *b = lan_started();
		uint64_t told;

		for (uint32_t g = 0; g < groups; g++)
			exclude_many(b, v6, g);
		assert_int_equal(blocked(b, v6), groups * MANY);
		told = b->told;
		in_and_out(b, v6, groups, 1);
		assert_int_equal(blocked(b, v6), CHANGE_MAX);
		assert_int_equal(b->told - told, groups * MANY + CHANGE_MAX);
		many_one(b, host[v6], GMP_BLOCK, groups - 1, 0, 0); /* any report of a member */
		assert_int_equal(blocked(b, v6), groups * MANY);
		bed_queries(b);
		lan_end(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forged_report_is_objected_to),
		cmocka_unit_test(who_allowed_a_source_unheard_objects_when_the_other_leaves),
		cmocka_unit_test(nothing_is_said_twice),
		cmocka_unit_test(who_is_not_the_querier_says_nothing),
		cmocka_unit_test(the_last_record_of_a_report_decides),
		cmocka_unit_test(what_a_record_had_no_room_for_is_excluded_when_there_is),
		cmocka_unit_test(taken_out_and_brought_back_many_times_is_done_once),
		cmocka_unit_test(one_report_of_many_groups_excludes_no_more_than_its_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
