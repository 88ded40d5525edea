/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Explicit tracking: a leave is decided at once and never against a member that remains.
 */
#include "tests/unit/gmp/gmp_test.h"

static void the_last_known_member_ends_the_group_at_once(void **state)
{
	static const char *const host[] = {H4, H6}, *const grp[] = {G4, G6};

	for (int i = 0; i < 2; i++) {
		struct bed *b = lan_started();

		bed_report1(b, 1, host[i], "TO_EX", grp[i], "");
		assert_string_equal(bed_told(b, 1, grp[i]), "*");
		bed_report1(b, 1, host[i], "TO_IN", grp[i], "");
		assert_string_equal(bed_told(b, 1, grp[i]), "");
		assert_string_equal(bed_state(b, 1, grp[i]), "none");
		assert_string_equal(bed_queries(b), "Q(G)"); /* for other routers, once */
		bed_run(b, 10 * BED_S);
		assert_string_equal(bed_queries(b), "");
		lan_end(b);
	}
}

/* Another router that does not know all members waits for what the Querier says (RFC 3376 6.6.1); a host whose
 * report was lost is heard. */
static void what_tracking_decided_is_said_to_the_other_routers(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_int_equal(b->n_queries, 1);
	assert_false(b->queries[0].m.suppress);
	assert_int_equal(b->queries[0].m.resp_us, BED_S);
	bed_report1(b, 1, I4, "IS_EX", G4, ""); /* it was there all the time */
	assert_string_equal(bed_told(b, 1, G4), "*");
	lan_end(b);
}

static void another_member_keeps_the_group_without_a_question(void **state)
{
	struct bed *b = lan_started();

	lan_two_members(b);
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=260");
	bed_run(b, 20 * BED_S);
	assert_string_equal(bed_queries(b), "");
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "");
	assert_counter(b, fast_leaves, 1);
	lan_end(b);
}

static void another_member_keeps_its_source(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "ALLOW", G4, "ab");
	bed_report1(b, 1, I4, "ALLOW", G4, "bc");
	bed_report1(b, 1, H4, "BLOCK", G4, "ab");
	assert_string_equal(bed_told(b, 1, G4), "b c");
	bed_report1(b, 1, I4, "TO_IN", G4, "c");
	assert_string_equal(bed_told(b, 1, G4), "c");
	assert_string_equal(bed_queries(b), "Q(G,a) Q(G,b)");
	lan_end(b);
}

static void who_excludes_others_keeps_the_source_it_does_not_exclude(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "c");
	bed_report1(b, 1, I4, "TO_EX", G4, "cd");
	assert_string_equal(bed_told(b, 1, G4), "* !c"); /* d: H wants it */
	bed_report1(b, 1, H4, "BLOCK", G4, "ad");
	assert_string_equal(bed_told(b, 1, G4), "* !c !d"); /* a: I wants it */
	bed_report1(b, 1, I4, "BLOCK", G4, "a");
	assert_string_equal(bed_told(b, 1, G4), "* !a !c !d");
	assert_string_equal(bed_queries(b), "Q(G,c) Q(G,d) Q(G,a)");
	lan_end(b);
}

/* Of the records they are gone: I took them out. */
static void what_all_who_remain_exclude_is_excluded_at_once(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "cd");
	bed_report1(b, 1, J4, "TO_EX", G4, "ad");
	bed_report1(b, 1, I4, "TO_EX", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "*");
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "* !d");
	bed_report1(b, 1, J4, "TO_IN", G4, "c");
	assert_string_equal(bed_told(b, 1, G4), "* c !d"); /* c: J named it */
	bed_report1(b, 1, J4, "BLOCK", G4, "c");
	assert_string_equal(bed_told(b, 1, G4), "* !c !d");
	lan_end(b);
}

static void who_includes_a_source_keeps_it_when_the_others_leave(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, I4, "ALLOW", G4, "a");
	bed_report1(b, 1, H4, "TO_IN", G4, "b");
	assert_string_equal(bed_told(b, 1, G4), "a b");
	assert_string_equal(bed_queries(b), "Q(G)");
	lan_end(b);
}

static void a_source_by_name_stays_when_others_want_all_and_when_they_leave(void **state)
{
	struct bed *b = lan_started();
	uint64_t told;

	bed_report1(b, 1, H4, "ALLOW", G4, "a");
	bed_report1(b, 1, I4, "TO_EX", G4, ""); /* "Delete (A-B)" */
	assert_string_equal(bed_told(b, 1, G4), "* a");
	told = b->told;
	bed_report1(b, 1, H4, "IS_IN", G4, "a");
	bed_report1(b, 1, I4, "IS_EX", G4, ""); /* "Delete (X-A)" */
	assert_int_equal(b->told, told);        /* no news */
	bed_run(b, 20 * BED_S);
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "a");
	bed_run(b, 239 * BED_S);
	assert_string_equal(bed_told(b, 1, G4), "a");
	bed_run(b, 3 * BED_S);
	assert_string_equal(bed_told(b, 1, G4), "");
	lan_end(b);
}

static void a_source_by_name_ends_with_the_host_that_named_it(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "ALLOW", G4, "ab");
	bed_report1(b, 1, I4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "BLOCK", G4, "a");
	assert_string_equal(bed_told(b, 1, G4), "* b"); /* I wants a, not by name */
	bed_report1(b, 1, I4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "b");
	assert_string_equal(bed_queries(b), "Q(G,a) Q(G)");
	lan_end(b);
}

static void an_answer_for_sources_does_not_make_an_exclude_host_another(void **state)
{
	struct bed *b = lan_started();

	lan_two_members(b);
	bed_report1(b, 1, I4, "IS_IN", G4, "a"); /* 5.2: its answer to Q(G,a) */
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "*");
	lan_end(b);
}

static void an_answer_for_one_source_does_not_forget_the_others(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "ALLOW", G4, "ab");
	bed_report1(b, 1, H4, "IS_IN", G4, "a");
	bed_report1(b, 1, I4, "ALLOW", G4, "b");
	bed_report1(b, 1, I4, "BLOCK", G4, "b");
	assert_string_equal(bed_told(b, 1, G4), "a b");
	lan_end(b);
}

static void with_an_old_host_members_are_asked(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_old_report(b, 1, I4, 2, G4);
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_queries(b), "Q(G)");
	assert_string_equal(bed_told(b, 1, G4), "*");
	lan_end(b);
}

static void with_a_host_without_address_members_are_asked(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, "0.0.0.0", "TO_EX", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "*");
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_queries(b), "Q(G)");
	assert_counter(b, untracked, 1);
	lan_end(b);
}

static void a_member_that_vanished_is_no_longer_waited_for(void **state)
{
	struct bed *b = lan_started();

	bed_report1(b, 1, I4, "ALLOW", G4, "a");
	bed_run(b, 150 * BED_S);
	bed_report1(b, 1, J4, "ALLOW", G4, "a");
	bed_run(b, 109 * BED_S);
	bed_report1(b, 1, J4, "BLOCK", G4, "a");
	assert_string_equal(bed_told(b, 1, G4), "a"); /* I may still be there */
	bed_report1(b, 1, J4, "ALLOW", G4, "a");
	bed_run(b, 2 * BED_S); /* I was heard 261 s ago */
	bed_report1(b, 1, J4, "BLOCK", G4, "a");
	assert_string_equal(bed_told(b, 1, G4), "");
	lan_end(b);
}

static void tracking_turned_on_later_waits_until_it_knows_all(void **state)
{
	struct bed *b = lan_new();

	b->conf[0].leave = GMP_LEAVE_QUERY;
	b->conf[0].tracking = false;
	lan_start(b);
	lan_two_members(b);
	b->conf[0].leave = GMP_LEAVE_TRACKING;
	b->conf[0].tracking = true;
	bed_config(b);
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "*");
	assert_string_equal(bed_queries(b), "Q(G)");
	lan_end(b);
}

static void a_non_querier_that_tracks_decides_at_once_too(void **state)
{
	struct bed *b = lan_started();

	lan_general(b, "10.1.0.0", 3, 2, 125);
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "");
	assert_string_equal(bed_queries(b), "");
	lan_end(b);
}

static void while_members_of_before_answer_a_start_the_others_are_asked(void **state)
{
	struct bed *b = lan_new();

	b->n_conf = 1;
	bed_config(b);
	bed_queries(b);
	bed_run(b, BED_S);
	bed_report1(b, 1, H4, "IS_EX", G4, "");
	bed_report1(b, 1, H4, "TO_EX", "239.1.1.2", "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_queries(b), "Q(G)");
	bed_report1(b, 1, H4, "TO_IN", "239.1.1.2", ""); /* nobody was there before */
	assert_string_equal(bed_told(b, 1, "239.1.1.2"), "");
	bed_run(b, 9 * BED_S);
	bed_report1(b, 1, H4, "IS_EX", G4, "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "");
	lan_end(b);
}

static void beyond_the_hosts_of_a_group_members_are_asked(void **state)
{
	struct bed *b = lan_new();
	char host[IP_STRLEN];

	b->conf[0].check_source = false;
	lan_start(b);
	for (unsigned i = 0; i < 8200; i++) {
		snprintf(host, sizeof(host), "10.3.%u.%u", i >> 8, i & 255);
		bed_report1(b, 1, host, "TO_EX", G4, "");
	}
	assert_counter(b, untracked, 8200 - 8192);
	bed_report1(b, 1, "10.3.0.5", "TO_IN", G4, "");
	assert_string_equal(bed_queries(b), "Q(G)");
	lan_end(b);
}

static void immediate_leave_asks_nobody(void **state)
{
	struct bed *b = lan_new();

	b->conf[0].leave = GMP_LEAVE_IMMEDIATE;
	lan_start(b);
	bed_old_report(b, 1, H4, 2, G4);
	bed_leave(b, 1, H4, G4);
	assert_string_equal(bed_told(b, 1, G4), "");
	lan_two_members(b);
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), ""); /* as configured: one host only */
	bed_report1(b, 1, H4, "ALLOW", G4, "a");
	bed_report1(b, 1, I4, "TO_EX", G4, "");
	bed_report1(b, 1, H4, "TO_IN", G4, "");
	assert_string_equal(bed_told(b, 1, G4), "");
	assert_string_equal(bed_queries(b), "");
	lan_end(b);
}

struct hosts {
	char text[256];
};

static bool host_cb(void *arg, const struct gmp_host_info *i)
{
	struct hosts *h = arg;
	size_t n = strlen(h->text);

	n += (size_t)snprintf(h->text + n, sizeof(h->text) - n, "%s%u v%u %s", n ? "; " : "",
		i->host.b[3], i->version, i->exclude ? "EXCLUDE" : "INCLUDE");
	for (uint32_t s = 0; s < i->n_sources; s++)
		n += (size_t)snprintf(
			h->text + n, sizeof(h->text) - n, " %c", 'a' + i->sources[s].b[3] - 1);
	return true;
}

static void hosts_are_shown_with_what_they_want(void **state)
{
	struct bed *b = lan_started();
	struct hosts h = {{0}};

	bed_report1(b, 1, H4, "TO_EX", G4, "cd");
	bed_report1(b, 1, H4, "ALLOW", G4, "c");
	bed_report1(b, 1, I4, "ALLOW", G4, "ba");
	bed_old_report(b, 1, J4, 2, G4);
	gmp_host_walk(b->self, IP_V4, 0, NULL, b->now_us, host_cb, &h);
	assert_string_equal(h.text, "10 v3 EXCLUDE d; 11 v3 INCLUDE a b; 12 v2 EXCLUDE");
	lan_end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_known_member_ends_the_group_at_once),
		cmocka_unit_test(what_tracking_decided_is_said_to_the_other_routers),
		cmocka_unit_test(another_member_keeps_the_group_without_a_question),
		cmocka_unit_test(another_member_keeps_its_source),
		cmocka_unit_test(who_excludes_others_keeps_the_source_it_does_not_exclude),
		cmocka_unit_test(what_all_who_remain_exclude_is_excluded_at_once),
		cmocka_unit_test(who_includes_a_source_keeps_it_when_the_others_leave),
		cmocka_unit_test(a_source_by_name_stays_when_others_want_all_and_when_they_leave),
		cmocka_unit_test(a_source_by_name_ends_with_the_host_that_named_it),
		cmocka_unit_test(an_answer_for_sources_does_not_make_an_exclude_host_another),
		cmocka_unit_test(an_answer_for_one_source_does_not_forget_the_others),
		cmocka_unit_test(with_an_old_host_members_are_asked),
		cmocka_unit_test(with_a_host_without_address_members_are_asked),
		cmocka_unit_test(a_member_that_vanished_is_no_longer_waited_for),
		cmocka_unit_test(tracking_turned_on_later_waits_until_it_knows_all),
		cmocka_unit_test(a_non_querier_that_tracks_decides_at_once_too),
		cmocka_unit_test(while_members_of_before_answer_a_start_the_others_are_asked),
		cmocka_unit_test(beyond_the_hosts_of_a_group_members_are_asked),
		cmocka_unit_test(immediate_leave_asks_nobody),
		cmocka_unit_test(hosts_are_shown_with_what_they_want),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
