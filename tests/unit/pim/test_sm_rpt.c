/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * (S,G,rpt) downstream: RFC 7761 4.5.3, figure 4, cell by cell.
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define S "10.1.1.1"
#define UP "10.0.1.2: " G
#define OTHER "10.1.1.2"

static uint8_t rpt(struct sm_world *p)
{
	struct sm_oif *oif = sw_oif(p, S, G, p->lan1);

	return oif ? oif->ds_rpt : DS_RPT_NOINFO;
}

static void rx(struct sm_world *p, const char *entries)
{
	char text[256];

	snprintf(text, sizeof(text), G " %s", entries);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", text);
}

/* lan1 has joined (*,G), by one neighbour or two. */
static void joined_by(struct sm_world *p, unsigned neighbours)
{
	sw_neigh(p, p->lan1, "10.0.3.2");
	if (neighbours > 1)
		sw_neigh(p, p->lan1, "10.0.3.3");
	rx(p, "J*");
	sw_forget(p);
}

static void in_p(struct sm_world *p)
{
	joined_by(p, 1);
	rx(p, "P" S "r");
	assert_int_equal(rpt(p), DS_RPT_PRUNE);
	sw_forget(p);
}

static void in_pp(struct sm_world *p)
{
	joined_by(p, 2);
	rx(p, "P" S "r");
	assert_int_equal(rpt(p), DS_RPT_PRUNE_PENDING);
	sw_forget(p);
}

static uint64_t et_left(struct sm_world *p)
{
	return timer_left(&sw_oif(p, S, G, p->lan1)->prunes->rpt_et, p->w->now_us);
}

static void prune_in_noinfo_is_pending_then_pruned(void **state)
{
	struct sm_world *p = *state;

	in_pp(p);
	assert_int_equal(et_left(p), 210000000);
	assert_string_equal(sw_route(p, S, G), "up > lan1");
	sw_pass(p, 2999);
	assert_int_equal(rpt(p), DS_RPT_PRUNE_PENDING);
	assert_string_equal(sw_sent(p, p->up), "");
	sw_pass(p, 1);
	assert_int_equal(rpt(p), DS_RPT_PRUNE);
	assert_string_equal(sw_route(p, S, G), "up >");
	assert_string_equal(sw_sent(p, p->up), UP " P" S "r");
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
}

static void prune_in_noinfo_of_the_only_neighbour_prunes_at_once(void **state)
{
	struct sm_world *p = *state;

	joined_by(p, 1);
	rx(p, "P" S "r");
	assert_int_equal(rpt(p), DS_RPT_PRUNE);
	assert_string_equal(sw_sent(p, p->up), UP " P" S "r");
}

static void joins_in_noinfo_make_nothing(void **state)
{
	struct sm_world *p = *state;

	joined_by(p, 1);
	rx(p, "J" S "r");
	rx(p, "J*");
	assert_null(sw_source(p, S, G));
}

static void join_star_g_in_prune_without_the_prune_reverts_to_noinfo(void **state)
{
	struct sm_world *p = *state;

	in_p(p);
	rx(p, "J*");
	assert_int_equal(rpt(p), DS_RPT_NOINFO);
	assert_string_equal(sw_sent(p, p->up), UP " J" S "r");
	assert_null(sw_source(p, S, G));
}

static void join_star_g_in_prune_with_the_prune_stays_and_restarts_et(void **state)
{
	struct sm_world *p = *state;

	in_p(p);
	sw_pass(p, 100000);
	sw_forget(p);
	rx(p, "J* P" S "r");
	assert_int_equal(rpt(p), DS_RPT_PRUNE);
	assert_int_equal(et_left(p), 210000000);
	assert_string_equal(sw_sent(p, p->up), "");
}

static void the_set_may_come_in_two_parts_of_one_message(void **state)
{
	struct sm_world *p = *state;

	in_p(p);
	rx(p, "J*;239.1.1.2 J*;" G " P" S "r");
	assert_int_equal(rpt(p), DS_RPT_PRUNE);
}

static void join_sg_rpt_in_prune_goes_to_noinfo(void **state)
{
	struct sm_world *p = *state;

	in_p(p);
	rx(p, "J" S "r");
	assert_int_equal(rpt(p), DS_RPT_NOINFO);
	assert_string_equal(sw_sent(p, p->up), UP " J" S "r");
}

static void prune_in_prune_restarts_et(void **state)
{
	struct sm_world *p = *state;

	in_p(p);
	sw_pass(p, 100000);
	rx(p, "P" S "r");
	assert_int_equal(et_left(p), 210000000);
}

static void et_in_prune_goes_to_noinfo(void **state)
{
	struct sm_world *p = *state;

	joined_by(p, 1);
	sw_jp_hold(p, p->lan1, "10.0.3.2", "10.0.3.1", G " P" S "r", 20);
	sw_forget(p);
	sw_pass(p, 20000);
	assert_int_equal(rpt(p), DS_RPT_NOINFO);
	assert_string_equal(sw_sent(p, p->up), UP " J" S "r");
}

static void join_star_g_in_prune_pending_without_the_prune_cancels_it(void **state)
{
	struct sm_world *p = *state;

	in_pp(p);
	rx(p, "J*");
	assert_int_equal(rpt(p), DS_RPT_NOINFO);
	sw_pass(p, 10000);
	assert_string_equal(sw_sent(p, p->up), "");
}

static void join_star_g_in_prune_pending_with_the_prune_goes_on(void **state)
{
	struct sm_world *p = *state;

	in_pp(p);
	sw_pass(p, 2000);
	rx(p, "J* P" S "r");
	assert_int_equal(rpt(p), DS_RPT_PRUNE_PENDING);
	assert_int_equal(et_left(p), 210000000);
	sw_pass(p, 1000);
	assert_int_equal(rpt(p), DS_RPT_PRUNE);
}

static void join_sg_rpt_in_prune_pending_goes_to_noinfo(void **state)
{
	struct sm_world *p = *state;

	in_pp(p);
	rx(p, "J" S "r");
	assert_int_equal(rpt(p), DS_RPT_NOINFO);
	assert_null(sw_source(p, S, G));
}

static void prune_in_prune_pending_changes_nothing(void **state)
{
	struct sm_world *p = *state;

	in_pp(p);
	sw_pass(p, 2000);
	rx(p, "P" S "r");
	assert_int_equal(et_left(p), 208000000);
	sw_pass(p, 1000);
	assert_int_equal(rpt(p), DS_RPT_PRUNE);
}

static void a_holdtime_below_the_override_interval_leaves_nothing(void **state)
{
	struct sm_world *p = *state;

	joined_by(p, 2);
	sw_jp_hold(p, p->lan1, "10.0.3.2", "10.0.3.1", G " P" S "r", 1);
	sw_pass(p, 1000);
	assert_null(sw_source(p, S, G));
	sw_pass(p, 10000);
	assert_null(sw_source(p, S, G));
}

/* The source has state of another interface already: what the machine itself does is all that happens. */
static void a_source_that_is_known_is_pruned_and_joined_all_the_same(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan2, S, G, MEMBER_INCLUDE);
	joined_by(p, 2);
	assert_string_equal(sw_route(p, S, G), "up (src) > lan1");
	rx(p, "P" S "r");
	sw_pass(p, 2999);
	assert_string_equal(sw_route(p, S, G), "up (src) > lan1");
	sw_pass(p, 1);
	assert_string_equal(sw_route(p, S, G), "src+ > lan2");
	assert_string_equal(sw_sent(p, p->up), UP " P" S "r");
	rx(p, "J* P" S "r");
	assert_string_equal(sw_route(p, S, G), "src+ > lan2");
	rx(p, "J*");
	assert_string_equal(sw_route(p, S, G), "up (src) > lan1");
	assert_string_equal(sw_sent(p, p->up), UP " J" S "r");
	/* and its Expiry Timer */
	sw_jp_hold(p, p->lan1, "10.0.3.2", "10.0.3.1", G " P" S "r", 10);
	sw_pass(p, 9999);
	assert_string_equal(sw_route(p, S, G), "src+ > lan2");
	sw_pass(p, 1);
	assert_string_equal(sw_route(p, S, G), "up (src) > lan1");
}

static void a_prune_of_the_whole_group_does_not_touch_it(void **state)
{
	struct sm_world *p = *state;

	in_p(p);
	rx(p, "P*");
	assert_int_equal(rpt(p), DS_RPT_PRUNE);
	assert_string_equal(sw_sent(p, p->up), UP " P*10.9.9.9");
}

static void one_interface_that_wants_it_keeps_it(void **state)
{
	struct sm_world *p = *state;

	in_p(p);
	sw_neigh(p, p->lan2, "10.0.4.2");
	sw_jp(p, p->lan2, "10.0.4.2", "10.0.4.1", G " J*");
	assert_string_equal(sw_sent(p, p->up), UP " J" S "r");
	assert_string_equal(sw_route(p, S, G), "up > lan2");
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1 lan2");
}

#define T(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(prune_in_noinfo_is_pending_then_pruned),
		T(prune_in_noinfo_of_the_only_neighbour_prunes_at_once),
		T(joins_in_noinfo_make_nothing),
		T(join_star_g_in_prune_without_the_prune_reverts_to_noinfo),
		T(join_star_g_in_prune_with_the_prune_stays_and_restarts_et),
		T(the_set_may_come_in_two_parts_of_one_message),
		T(join_sg_rpt_in_prune_goes_to_noinfo),
		T(prune_in_prune_restarts_et),
		T(et_in_prune_goes_to_noinfo),
		T(join_star_g_in_prune_pending_without_the_prune_cancels_it),
		T(join_star_g_in_prune_pending_with_the_prune_goes_on),
		T(join_sg_rpt_in_prune_pending_goes_to_noinfo),
		T(prune_in_prune_pending_changes_nothing),
		T(a_holdtime_below_the_override_interval_leaves_nothing),
		T(a_source_that_is_known_is_pruned_and_joined_all_the_same),
		T(a_prune_of_the_whole_group_does_not_touch_it),
		T(one_interface_that_wants_it_keeps_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
