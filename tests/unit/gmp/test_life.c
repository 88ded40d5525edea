/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Interfaces that come, go and change, settings that change, static joins, access lists, limits, commands.
 */
#include "tests/unit/gmp/gmp_test.h"

#include <errno.h>

static bool info_cb(void *arg, const struct gmp_if_info *i)
{
	*(struct gmp_if_info *)arg = *i;
	return false;
}

static struct gmp_if_info info(const struct bed *b)
{
	struct gmp_if_info i = {0};

	gmp_if_walk(b->self, IP_V4, b->now_us, info_cb, &i);
	return i;
}

/* --- interfaces -------------------------------------------------------------------------------------- */

static void an_interface_waits_for_its_namesake(void **state)
{
	struct bed *b = bed_new();
	struct gmp_if_config *c = bed_conf(b, "lan", IP_V4);
	struct gmp_join j = {.grp = bed_addr(G4)};

	c->joins = &j;
	c->n_joins = 1;
	bed_config(b);
	assert_false(info(b).running);
	assert_string_equal(info(b).problem, "there is no such interface");
	assert_int_equal(bed_if(b, "lan", NULL, NULL), 1);
	assert_string_equal(info(b).problem, "no address");
	bed_readdress(b, 1, "10.1.0.1/24", NULL);
	assert_true(info(b).running);
	assert_string_equal(bed_queries(b), "Q");
	assert_string_equal(bed_told(b, 1, G4), "*");
	lan_end(b);
}

static void what_was_learnt_ends_with_the_interface(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "IS_EX", G4, "a");
	bed_report1(b, 1, H4, "IS_IN", "239.1.1.2", "bc");
	bed_if_up(b, 1, false);
	assert_string_equal(bed_told(b, 1, G4), "");
	assert_string_equal(bed_told(b, 1, "239.1.1.2"), "");
	assert_int_equal(gmp_group_count(b->self, 0), 0);
	bed_report1(b, 1, H4, "IS_EX", G4, "a");
	assert_counter(b, drop_disabled, 1);
	bed_run(b, 1000 * BED_S);
	assert_string_equal(bed_queries(b), "");
	bed_if_up(b, 1, true);
	assert_string_equal(bed_queries(b), "Q Q"); /* one of each family */
	lan_end(b);
}

static void a_deleted_interface_may_come_back_under_another_id(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "IS_EX", G4, "");
	bed_if_del(b, 1);
	assert_string_equal(bed_told(b, 1, G4), "");
	assert_int_equal(bed_if(b, "other", "10.7.0.1/24", NULL), 1);
	assert_int_equal(bed_if(b, "lan", "10.1.0.1/24", NULL), 2);
	bed_report1(b, 2, H4, "IS_EX", G4, "");
	assert_string_equal(bed_told(b, 2, G4), "*");
	assert_string_equal(bed_told(b, 1, G4), "");
	lan_end(b);
}

static void an_interface_that_leaves_the_settings_tells_the_end_of_all(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "IS_EX", G4, "");
	bed_report1(b, 1, H6, "IS_EX", G6, "");
	b->n_conf = 1;
	bed_config(b);
	assert_string_equal(bed_told(b, 1, G4), "*");
	assert_string_equal(bed_told(b, 1, G6), "");
	b->conf[0].enabled = false;
	bed_config(b);
	assert_string_equal(bed_told(b, 1, G4), "");
	lan_end(b);
}

static void a_reload_of_the_same_settings_says_nothing(void **state)
{
	struct gmp_join j = {.grp = bed_addr("239.9.9.9")};
	struct bed *b = lan_new();
	uint64_t before, notes;

	b->conf[0].joins = &j;
	b->conf[0].n_joins = 1;
	lan_start(b);
	bed_report1(b, 1, H4, "IS_EX", G4, "a");
	before = bed_digest(b);
	notes = b->notes;
	bed_config(b);
	assert_true(bed_digest(b) == before);
	assert_int_equal(b->notes, notes);
	assert_string_equal(bed_queries(b), "");
	lan_end(b);
}

static void changed_times_hold_from_now_on(void **state)
{
	struct bed *b = lan_new();

	b->n_conf = 1;
	lan_start(b);
	b->conf[0].query_interval_s = 20;
	bed_config(b);
	bed_run(b, 20 * BED_S);
	assert_string_equal(bed_queries(b), "Q");
	bed_report1(b, 1, H4, "IS_EX", G4, "");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=50");
	b->conf[0].version = 2;
	bed_config(b);
	assert_int_equal(b->queries[0].m.version, 2);
	assert_string_equal(bed_told(b, 1, G4), "*");
	lan_end(b);
}

static void wrong_settings_stop_the_interface_and_say_why(void **state)
{
	struct bed *b = lan_started();

	b->conf[0].robustness = 0;
	bed_config(b);
	assert_string_equal(b->note, "lan: robustness 0: give 1 to 7");
	assert_string_equal(info(b).problem, "its settings are wrong");
	b->conf[0].robustness = 2;
	bed_config(b);
	assert_true(info(b).running);
	lan_end(b);
}

static void what_begins_is_told_before_what_ends(void **state)
{
	struct bed *b = lan_new();

	b->conf[0].leave = GMP_LEAVE_QUERY;
	b->conf[0].tracking = false;
	lan_start(b);
	bed_report1(b, 1, H4, "IS_IN", G4, "ab");
	b->order[0] = '\0';
	bed_report1(b, 1, I4, "TO_EX", G4, "bc");
	assert_string_equal(b->order, "+*-a-b!c");
	bed_report1(b, 1, H4, "IS_IN", G4, "b");
	b->order[0] = '\0';
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	bed_report1(b, 1, H4, "IS_IN", G4, "b");
	bed_run(b, 2 * BED_S);
	assert_string_equal(b->order, "+b-*-c");
	lan_end(b);
}

/* --- static joins -------------------------------------------------------------------------------------- */

static void static_joins_need_no_host_and_outlast_them(void **state)
{
	struct gmp_join j[2] = {{.grp = bed_addr(G4)},
		{.grp = bed_addr("232.1.1.1"), .src = bed_source(IP_V4, 'a')}};
	struct bed *b = lan_new();

	b->conf[0].joins = j;
	b->conf[0].n_joins = 2;
	lan_start(b);
	assert_string_equal(bed_told(b, 1, G4), "*");
	assert_string_equal(bed_told(b, 1, "232.1.1.1"), "a");
	assert_string_equal(bed_state(b, 1, "232.1.1.1"), "INCLUDE a=static");
	bed_report1(b, 1, H4, "TO_EX", G4, "b");
	bed_report1(b, 1, H4, "ALLOW", "232.1.1.1", "ab");
	assert_string_equal(bed_told(b, 1, G4), "*"); /* the join wants b all the same */
	assert_string_equal(bed_told(b, 1, "232.1.1.1"), "a b");
	bed_run(b, 300 * BED_S);
	assert_string_equal(bed_told(b, 1, G4), "*");
	assert_string_equal(bed_told(b, 1, "232.1.1.1"), "a");
	b->conf[0].n_joins = 1;
	bed_config(b);
	assert_string_equal(bed_told(b, 1, "232.1.1.1"), "");
	b->conf[0].n_joins = 0;
	bed_config(b);
	assert_int_equal(gmp_group_count(b->self, 0), 0);
	lan_end(b);
}

static void a_static_join_taken_away_leaves_the_hosts(void **state)
{
	struct gmp_join j = {.grp = bed_addr(G4)};
	struct bed *b = lan_new();
	uint64_t told;

	b->conf[0].joins = &j;
	b->conf[0].n_joins = 1;
	lan_start(b);
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	told = b->told;
	b->conf[0].n_joins = 0;
	bed_config(b);
	assert_int_equal(b->told, told);
	assert_string_equal(bed_told(b, 1, G4), "*");
	lan_end(b);
}

/* --- access list ----------------------------------------------------------------------------------------- */

static void rule(struct gmp_rule *r, bool permit, const char *grp, const char *src)
{
	*r = (struct gmp_rule){.permit = permit};
	assert_int_equal(prefix_parse(grp, &r->grp), 0);
	if (src)
		assert_int_equal(prefix_parse(src, &r->src), 0);
}

static void the_first_rule_that_matches_decides(void **state)
{
	struct gmp_rule r[3];
	struct bed *b = lan_new();

	rule(&r[0], false, "239.1.0.0/16", "10.9.0.1");
	rule(&r[1], true, "239.1.0.0/16", NULL);
	rule(&r[2], true, "239.2.0.0/16", "10.9.0.0/30");
	b->conf[0].rules = r;
	b->conf[0].n_rules = 3;
	lan_start(b);
	bed_report1(b, 1, H4, "ALLOW", G4, "ab");
	assert_string_equal(bed_told(b, 1, G4), "b");
	bed_report1(b, 1, H4, "TO_EX", "239.1.1.2", "");
	assert_string_equal(bed_told(b, 1, "239.1.1.2"), "*");
	bed_report1(b, 1, H4, "TO_EX", "239.2.1.1", "");
	bed_old_report(b, 1, H4, 2, "239.2.1.1");
	bed_report1(b, 1, H4, "ALLOW", "239.2.1.1", "cd");
	assert_string_equal(bed_told(b, 1, "239.2.1.1"), "c");
	bed_report1(b, 1, H4, "TO_EX", "239.3.1.1", "");
	assert_string_equal(bed_told(b, 1, "239.3.1.1"), "");
	assert_counter(b, drop_access, 5);
	lan_end(b);
}

static void a_new_access_list_ends_what_it_denies(void **state)
{
	struct gmp_rule r[2];
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "ALLOW", "239.1.1.2", "ab");
	bed_report1(b, 1, H4, "TO_EX", "239.2.0.1", "");
	rule(&r[0], true, "239.1.0.0/16", "10.9.0.1");
	rule(&r[1], true, "239.2.0.0/16", NULL);
	b->conf[0].rules = r;
	b->conf[0].n_rules = 2;
	bed_config(b);
	assert_string_equal(bed_told(b, 1, G4), "");
	assert_string_equal(bed_told(b, 1, "239.1.1.2"), "a");
	assert_string_equal(bed_told(b, 1, "239.2.0.1"), "*");
	lan_end(b);
}

static void a_new_ssm_range_ends_the_joins_of_all_sources_in_it(void **state)
{
	static struct prefix range;
	struct bed *b = lan_started();

	bed_old_report(b, 1, H4, 2, G4);
	bed_report1(b, 1, H4, "ALLOW", G4, "a");
	assert_int_equal(prefix_parse("239.1.0.0/16", &range), 0);
	b->all.ssm_ranges = &range;
	b->all.n_ssm_ranges = 1;
	bed_config(b);
	assert_string_equal(bed_told(b, 1, G4), "a");
	lan_end(b);
}

/* --- limits ------------------------------------------------------------------------------------------------ */

static void join_many(struct bed *b, unsigned from, unsigned n, const char *type)
{
	char grp[IP_STRLEN];

	for (unsigned i = from; i < from + n; i++) {
		snprintf(grp, sizeof(grp), "239.3.%u.%u", i >> 8, i & 255);
		bed_report1(b, 1, H4, type, grp, "");
	}
}

static void groups_are_suppressed_until_there_is_room_again(void **state)
{
	struct gmp_join j = {.grp = bed_addr("239.200.0.1")};
	struct bed *b = lan_new();

	b->conf[0].max_groups = 10;
	b->conf[0].resume_groups = 5;
	b->conf[0].joins = &j;
	lan_start(b);
	join_many(b, 0, 12, "TO_EX");
	assert_int_equal(gmp_group_count(b->self, IP_V4), 10);
	assert_counter(b, drop_group_limit, 2);
	assert_true(info(b).suppressed);
	join_many(b, 0, 4, "TO_IN");
	join_many(b, 100, 1, "TO_EX");
	assert_int_equal(gmp_group_count(b->self, IP_V4), 6);
	b->conf[0].n_joins = 1; /* a static join knows no limit */
	bed_config(b);
	assert_string_equal(bed_told(b, 1, "239.200.0.1"), "*");
	join_many(b, 4, 2, "TO_IN");
	join_many(b, 100, 1, "TO_EX");
	assert_int_equal(gmp_group_count(b->self, IP_V4), 6);
	assert_false(info(b).suppressed);
	lan_end(b);
}

static void a_host_in_too_many_groups_makes_no_new_ones(void **state)
{
	struct bed *b = lan_new();

	b->conf[0].max_groups_per_host = 5;
	lan_start(b);
	bed_report1(b, 1, I4, "TO_EX", G4, "");
	join_many(b, 0, 8, "TO_EX");
	assert_int_equal(gmp_group_count(b->self, IP_V4), 6);
	assert_counter(b, drop_host_limit, 3);
	bed_report1(b, 1, H4, "TO_EX", G4, ""); /* costs no group, but is not tracked */
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "*");
	bed_report1(b, 1, I4, "TO_EX", "239.1.1.2", "");
	assert_string_equal(bed_told(b, 1, "239.1.1.2"), "*");
	join_many(b, 0, 1, "TO_IN");
	join_many(b, 100, 1, "TO_EX");
	assert_string_equal(bed_told(b, 1, "239.3.0.100"), "*");
	lan_end(b);
}

static void sources_above_the_limit_are_ignored_the_others_of_the_record_kept(void **state)
{
	struct bed *b = lan_new();

	b->conf[0].max_sources = 3;
	b->conf[0].leave = GMP_LEAVE_QUERY; /* the tables alone */
	lan_start(b);
	bed_report1(b, 1, H4, "ALLOW", G4, "b");
	bed_report1(b, 1, H4, "ALLOW", G4, "edcba");
	assert_string_equal(bed_told(b, 1, G4), "a b c");
	assert_counter(b, drop_source_limit, 2);
	bed_report1(b, 1, H4, "TO_EX", G4, "xyz");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=260"); /* nothing is blocked */
	lan_end(b);
}

static void entries_of_all_groups_together_are_limited(void **state)
{
	struct bed *b = lan_new();

	b->conf[0].max_entries = 8;
	lan_start(b);
	bed_report1(b, 1, H4, "ALLOW", G4, "abc"); /* 3 sources, a host with 3 */
	assert_int_equal(info(b).entries, 7);
	bed_report1(b, 1, H4, "ALLOW", "239.1.1.2", "abc");
	assert_in_range(info(b).entries, 7, 8);
	bed_report1(b, 1, H4, "TO_EX", "239.1.1.3", "");
	assert_string_equal(bed_told(b, 1, "239.1.1.3"), "*"); /* untracked */
	bed_run(b, 300 * BED_S);
	assert_int_equal(info(b).entries, 0);
	lan_end(b);
}

/* --- commands ------------------------------------------------------------------------------------------------ */

static void clearing_forgets_hosts_and_asks_again(void **state)
{
	struct gmp_command c = {.kind = GMP_CLEAR_GROUPS, .family = IP_V4, .interface = "lan"};
	struct bed *b = lan_started();
	char err[128] = "";

	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "TO_EX", "239.1.1.2", "");
	c.grp = bed_addr(G4);
	assert_int_equal(bed_command(b, &c, err, sizeof(err)), 0);
	assert_string_equal(bed_told(b, 1, G4), "");
	assert_string_equal(bed_told(b, 1, "239.1.1.2"), "*");
	assert_string_equal(bed_queries(b), "Q");
	assert_int_equal(bed_command(b, &c, err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "there is no group 239.1.1.1: `show igmp group` lists all");
	c = (struct gmp_command){.kind = GMP_CLEAR_GROUPS, .interface = "wan"};
	assert_int_equal(bed_command(b, &c, err, sizeof(err)), -ENOENT);
	c = (struct gmp_command){.kind = GMP_CLEAR_GROUPS};
	assert_int_equal(bed_command(b, &c, err, sizeof(err)), 0);
	assert_int_equal(gmp_group_count(b->self, 0), 0);
	c.kind = GMP_CLEAR_STATISTICS;
	assert_int_equal(bed_command(b, &c, err, sizeof(err)), 0);
	assert_counter(b, rx_report_v3, 0);
	lan_end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_waits_for_its_namesake),
		cmocka_unit_test(what_was_learnt_ends_with_the_interface),
		cmocka_unit_test(a_deleted_interface_may_come_back_under_another_id),
		cmocka_unit_test(an_interface_that_leaves_the_settings_tells_the_end_of_all),
		cmocka_unit_test(a_reload_of_the_same_settings_says_nothing),
		cmocka_unit_test(changed_times_hold_from_now_on),
		cmocka_unit_test(wrong_settings_stop_the_interface_and_say_why),
		cmocka_unit_test(what_begins_is_told_before_what_ends),
		cmocka_unit_test(static_joins_need_no_host_and_outlast_them),
		cmocka_unit_test(a_static_join_taken_away_leaves_the_hosts),
		cmocka_unit_test(the_first_rule_that_matches_decides),
		cmocka_unit_test(a_new_access_list_ends_what_it_denies),
		cmocka_unit_test(a_new_ssm_range_ends_the_joins_of_all_sources_in_it),
		cmocka_unit_test(groups_are_suppressed_until_there_is_room_again),
		cmocka_unit_test(a_host_in_too_many_groups_makes_no_new_ones),
		cmocka_unit_test(sources_above_the_limit_are_ignored_the_others_of_the_record_kept),
		cmocka_unit_test(entries_of_all_groups_together_are_limited),
		cmocka_unit_test(clearing_forgets_hosts_and_asks_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
