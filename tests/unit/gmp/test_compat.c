/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Older versions (RFC 3376 section 7.3, RFC 3810 8.3.2) and SSM semantics (RFC 4604 section 3, SSM map).
 */
#include "tests/unit/gmp/gmp_test.h"

#define S4 "232.1.1.1"

static bool group_cb(void *arg, const struct gmp_group_info *i)
{
	*(struct gmp_group_info *)arg = *i;
	return false;
}

static struct gmp_group_info info(const struct bed *b, const char *grp)
{
	struct gmp_group_info i = {0};
	struct ipaddr a = bed_addr(grp);

	gmp_group_walk(b->self, 0, 1, &a, b->now_us, group_cb, &i);
	return i;
}

static void a_version_2_report_is_is_ex_of_nothing(void **state)
{
	struct bed *b = lan_started();

	bed_old_report(b, 1, H4, 2, G4);
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=260");
	assert_int_equal(info(b, G4).version, 2);
	assert_int_equal(info(b, G4).state, GMP_MEMBERS_PRESENT);
	bed_old_report(b, 1, H6, 2, G6);
	assert_string_equal(bed_state(b, 1, G6), "EXCLUDE |, G=260");
	assert_int_equal(info(b, G6).version, 1);
	lan_end(b);
}

static void a_leave_is_to_in_of_nothing(void **state)
{
	static const char *const host[] = {H4, H6}, *const grp[] = {G4, G6};

	for (int i = 0; i < 2; i++) {
		struct bed *b = lan_started();

		bed_old_report(b, 1, host[i], 2, grp[i]);
		bed_leave(b, 1, host[i], grp[i]);
		assert_string_equal(bed_queries(b), "Q(G)"); /* tracking cannot tell */
		assert_int_equal(info(b, grp[i]).state, GMP_CHECKING_MEMBERSHIP);
		bed_old_report(b, 1, host[i], 2, grp[i]);
		assert_int_equal(info(b, grp[i]).state, GMP_MEMBERS_PRESENT);
		bed_leave(b, 1, host[i], grp[i]);
		bed_run(b, 2 * BED_S);
		assert_string_equal(bed_told(b, 1, grp[i]), "");
		lan_end(b);
	}
}

static void with_version_1_members_nobody_leaves(void **state)
{
	struct bed *b = lan_started();

	bed_old_report(b, 1, H4, 1, G4);
	assert_int_equal(info(b, G4).state, GMP_VERSION_1_MEMBERS_PRESENT);
	assert_int_equal(info(b, G4).version, 1);
	bed_leave(b, 1, I4, G4);
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	assert_counter(b, drop_version1, 2);
	assert_string_equal(bed_queries(b), "");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=260");
	lan_end(b);
}

static void a_leave_alone_makes_no_old_host(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "a");
	bed_leave(b, 1, I4, G4);
	assert_int_equal(info(b, G4).version, 3);
	bed_report1(b, 1, H4, "BLOCK", G4, "b");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE b=2 | a, G=2"); /* it counts */
	/* the leave made tracking wait; others may have heard its query after the report */
	assert_string_equal(bed_queries(b), "Q(G,a) Q(G) Q(G,b)");
	lan_end(b);
}

static void the_version_timers_run_out_one_by_one(void **state)
{
	struct bed *b = lan_started();

	bed_old_report(b, 1, H4, 1, G4);
	bed_run(b, 100 * BED_S);
	bed_old_report(b, 1, I4, 2, G4);
	bed_run(b, 100 * BED_S);
	bed_report1(b, 1, I4, "IS_EX", G4, "");
	bed_run(b, 60 * BED_S - 1);
	assert_int_equal(info(b, G4).version, 1); /* 8.13: 2 * 125 + 10 s */
	bed_run(b, 1);
	assert_int_equal(info(b, G4).version, 2);
	bed_run(b, 100 * BED_S - 1);
	assert_int_equal(info(b, G4).version, 2);
	bed_run(b, 1);
	assert_int_equal(info(b, G4).version, 3);
	lan_end(b);
}

static void in_version_2_mode_blocks_and_excluded_sources_do_not_count(void **state)
{
	struct bed *b = lan_started();

	bed_old_report(b, 1, H4, 2, G4);
	bed_report1(b, 1, I4, "BLOCK", G4, "a");
	bed_report1(b, 1, I4, "TO_EX", G4, "ab");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=260");
	bed_report1(b, 1, I4, "ALLOW", G4, "c");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE c=260 |, G=260");
	assert_string_equal(bed_queries(b), "");
	lan_end(b);
}

static void configured_for_version_1_leaves_are_ignored(void **state)
{
	struct bed *b = lan_new();

	b->conf[0].version = 1;
	lan_start(b);
	bed_old_report(b, 1, H4, 2, G4);
	bed_leave(b, 1, H4, G4);
	assert_counter(b, drop_version1, 1);
	assert_string_equal(bed_queries(b), "");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=260");
	bed_run(b, 260 * BED_S);
	assert_string_equal(bed_state(b, 1, G4), "none");
	lan_end(b);
}

/* --- SSM -------------------------------------------------------------------------------------------- */

static void the_ssm_range_knows_sources_only(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "IS_EX", S4, "");
	bed_report1(b, 1, H4, "TO_EX", S4, "a");
	bed_old_report(b, 1, H4, 2, S4);
	bed_old_report(b, 1, H4, 1, S4);
	bed_leave(b, 1, H4, S4);
	assert_counter(b, drop_ssm, 5);
	assert_string_equal(bed_state(b, 1, S4), "none");
	bed_report1(b, 1, H4, "ALLOW", S4, "ab");
	bed_old_report(b, 1, I4, 2, S4);
	bed_report1(b, 1, I4, "IS_EX", S4, "a");
	assert_string_equal(bed_state(b, 1, S4), "INCLUDE a=260 b=260");
	assert_int_equal(info(b, S4).version, 3); /* an attacker cannot make it fall back */
	assert_true(info(b, S4).ssm);
	bed_old_report(b, 1, H6, 2, "ff3e::8000:1");
	assert_int_equal(bed_counter(b, "lan", IP_V6, GMP_C_drop_ssm), 1);
	lan_end(b);
}

static void other_records_of_the_same_report_are_kept(void **state)
{
	struct bed *b = lan_started();
	struct bed_record r[] = {{"IS_EX", S4, ""}, {"IS_EX", G4, ""}, {"IS_IN", "232.1.1.2", "c"}};

	bed_report(b, 1, H4, 3, r);
	assert_string_equal(bed_told(b, 1, S4), "");
	assert_string_equal(bed_told(b, 1, G4), "*");
	assert_string_equal(bed_told(b, 1, "232.1.1.2"), "c");
	lan_end(b);
}

static struct bed *mapped_new(void)
{
	static struct ipaddr ab[2], c[1];
	static struct gmp_ssm_map maps[2];
	struct bed *b = lan_new();

	ab[0] = bed_source(IP_V4, 'b');
	ab[1] = bed_source(IP_V4, 'a');
	c[0] = bed_source(IP_V4, 'c');
	prefix_parse("232.0.0.0/8", &maps[0].grp);
	maps[0].sources = c;
	maps[0].n_sources = 1;
	prefix_parse("232.1.0.0/16", &maps[1].grp);
	maps[1].sources = ab;
	maps[1].n_sources = 2;
	b->all.ssm_maps = maps;
	b->all.n_ssm_maps = 2;
	return b;
}

static void the_ssm_map_gives_the_sources_of_old_hosts(void **state)
{
	struct bed *b = mapped_new();

	lan_start(b);
	bed_old_report(b, 1, H4, 2, S4);
	assert_string_equal(bed_state(b, 1, S4), "INCLUDE a=260 b=260");
	bed_old_report(b, 1, H4, 2, "232.2.0.1");
	assert_string_equal(bed_told(b, 1, "232.2.0.1"), "c");
	assert_int_equal(info(b, S4).version, 3);
	bed_leave(b, 1, H4, S4);
	assert_string_equal(bed_queries(b), "Q(G,ab)"); /* another may have been silent */
	bed_run(b, 2 * BED_S);
	assert_string_equal(bed_state(b, 1, S4), "none");
	lan_end(b);
}

static void the_ssm_map_gives_the_sources_of_exclude_records(void **state)
{
	struct bed *b = mapped_new();

	lan_start(b);
	bed_report1(b, 1, H4, "TO_EX", S4, "");
	assert_string_equal(bed_told(b, 1, S4), "a b");
	bed_report1(b, 1, H4, "TO_IN", S4, "");
	assert_string_equal(bed_told(b, 1, S4), ""); /* tracked: at once */
	lan_end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_2_report_is_is_ex_of_nothing),
		cmocka_unit_test(a_leave_is_to_in_of_nothing),
		cmocka_unit_test(with_version_1_members_nobody_leaves),
		cmocka_unit_test(a_leave_alone_makes_no_old_host),
		cmocka_unit_test(the_version_timers_run_out_one_by_one),
		cmocka_unit_test(in_version_2_mode_blocks_and_excluded_sources_do_not_count),
		cmocka_unit_test(configured_for_version_1_leaves_are_ignored),
		cmocka_unit_test(the_ssm_range_knows_sources_only),
		cmocka_unit_test(other_records_of_the_same_report_are_kept),
		cmocka_unit_test(the_ssm_map_gives_the_sources_of_old_hosts),
		cmocka_unit_test(the_ssm_map_gives_the_sources_of_exclude_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
