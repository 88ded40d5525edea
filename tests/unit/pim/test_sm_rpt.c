/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * (S,G,rpt): figure 4 downstream, figure 7 upstream, cell by cell, and the Prunes that go with Joins(*,G)
 * (RFC 7761 4.5.3, 4.5.6, 4.5.7).
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define S "10.1.1.1"
#define UP "10.0.1.2: " G
#define OTHER "10.1.1.2"

/* --- figure 4 -------------------------------------------------------------------------------------- */

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

/* --- figure 7 ---------------------------------------------------------------------------------------- */

static struct sm_source *src(struct sm_world *p)
{
	return sw_source(p, S, G);
}

/* A member makes (*,G) joined; another one excludes S. */
static void member(struct sm_world *p, enum member_state star, enum member_state s)
{
	sw_member(p, p->lan1, "*", G, star);
	sw_member(p, p->lan1, S, G, s);
}

static void not_joined_goes_to_pruned_without_a_message_of_its_own(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan1, S, G, MEMBER_EXCLUDE);
	assert_int_equal(src(p)->up_rpt, UP_RPT_NOT_JOINED);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_int_equal(src(p)->up_rpt, UP_RPT_PRUNED);
	/* it goes with the Join(*,G) */
	assert_string_equal(sw_sent(p, p->up), UP " J*10.9.9.9 P" S "r");
}

static void not_joined_goes_to_not_pruned_in_silence(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan2, S, G, MEMBER_INCLUDE);
	assert_int_equal(src(p)->up_rpt, UP_RPT_NOT_JOINED);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_int_equal(src(p)->up_rpt, UP_RPT_NOT_PRUNED);
	assert_string_equal(sw_sent(p, p->up), UP " J*10.9.9.9");
}

static void not_pruned_goes_to_pruned_with_a_prune(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	sw_forget(p);
	sw_member(p, p->lan1, S, G, MEMBER_EXCLUDE);
	assert_int_equal(src(p)->up_rpt, UP_RPT_PRUNED);
	assert_string_equal(sw_sent(p, p->up), UP " P" S "r");
}

static void pruned_goes_to_not_pruned_with_a_join(void **state)
{
	struct sm_world *p = *state;

	member(p, MEMBER_INCLUDE, MEMBER_EXCLUDE);
	sw_forget(p);
	sw_member(p, p->lan1, S, G, MEMBER_NONE);
	assert_string_equal(sw_sent(p, p->up), UP " J" S "r");
	assert_null(src(p));
}

static void pruned_and_not_pruned_go_to_not_joined_with_the_group(void **state)
{
	struct sm_world *p = *state;

	member(p, MEMBER_INCLUDE, MEMBER_EXCLUDE);
	sw_member(p, p->lan2, OTHER, G, MEMBER_INCLUDE);
	sw_forget(p);
	sw_member(p, p->lan1, "*", G, MEMBER_NONE);
	assert_int_equal(src(p)->up_rpt, UP_RPT_NOT_JOINED);
	assert_int_equal(sw_source(p, OTHER, G)->up_rpt, UP_RPT_NOT_JOINED);
	assert_string_equal(sw_sent(p, p->up), UP " P*10.9.9.9");
}

/* lan1 has a member of the whole group, and there are others on the link upstream. */
static void not_pruned(struct sm_world *p)
{
	sw_neigh(p, p->up, "10.0.1.3");
	sw_neigh(p, p->up, "10.0.1.4");
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	sw_forget(p);
}

static void a_prune_seen_is_overridden(void **state)
{
	static const char *const prunes[] = {G " P" S "r", G " P" S};
	struct sm_world *p = *state;

	not_pruned(p);
	for (unsigned i = 0; i < 2; i++) {
		sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", prunes[i]);
		assert_true(timer_armed(&src(p)->ot));
		assert_in_range(timer_left(&src(p)->ot, p->w->now_us), 0, 2500000);
		assert_string_equal(sw_route(p, S, G), "none"); /* forwarded as its group */
		sw_pass(p, 2500);
		assert_string_equal(sw_sent(p, p->up), UP " J" S "r");
		assert_null(src(p));
	}
}

static void a_second_prune_does_not_delay_the_override(void **state)
{
	struct sm_world *p = *state;
	uint64_t due;

	not_pruned(p);
	sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", G " P" S "r");
	due = src(p)->ot.due_us;
	for (unsigned i = 0; i < 10; i++) {
		sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", G " P" S "r");
		assert_true(src(p)->ot.due_us <= due);
		due = src(p)->ot.due_us;
	}
}

static void a_join_seen_cancels_the_override(void **state)
{
	struct sm_world *p = *state;

	not_pruned(p);
	sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", G " P" S "r");
	sw_jp(p, p->up, "10.0.1.4", "10.0.1.2", G " J" S "r");
	assert_null(src(p));
	sw_pass(p, 10000);
	assert_string_equal(sw_sent(p, p->up), "");
}

static void prunes_for_other_routers_and_groups_not_joined_are_not_overridden(void **state)
{
	struct sm_world *p = *state;

	not_pruned(p);
	sw_jp(p, p->up, "10.0.1.2", "10.0.1.3", G " P" S "r");
	sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", "239.1.1.2 P" S "r");
	assert_int_equal(p->sm->n_sg, 0);
}

/* Of a source that is known, too: what is for another router than RPF'(S,G,rpt) means nothing. */
static void joins_and_prunes_for_another_router_do_not_move_the_override(void **state)
{
	struct sm_world *p = *state;

	not_pruned(p);
	sw_member(p, p->lan1, S, G, MEMBER_INCLUDE);
	assert_int_equal(src(p)->up_rpt, UP_RPT_NOT_PRUNED);
	sw_jp(p, p->up, "10.0.1.2", "10.0.1.3", G " P" S "r");
	assert_false(timer_armed(&src(p)->ot));
	sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", G " P" S "r");
	assert_true(timer_armed(&src(p)->ot));
	sw_jp(p, p->up, "10.0.1.4", "10.0.1.3", G " J" S "r");
	assert_true(timer_armed(&src(p)->ot));
}

static void when_we_prune_too_nothing_is_overridden(void **state)
{
	struct sm_world *p = *state;

	not_pruned(p);
	sw_member(p, p->lan1, S, G, MEMBER_EXCLUDE);
	sw_forget(p);
	sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", G " P" S "r");
	assert_false(timer_armed(&src(p)->ot));
	sw_pass(p, 5000);
	assert_string_equal(sw_sent(p, p->up), "");
}

static void to_prune_cancels_the_override(void **state)
{
	struct sm_world *p = *state;

	not_pruned(p);
	sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", G " P" S "r");
	sw_member(p, p->lan1, S, G, MEMBER_EXCLUDE);
	assert_false(timer_armed(&src(p)->ot));
	assert_string_equal(sw_sent(p, p->up), UP " P" S "r");
}

static void to_leave_the_group_cancels_the_override(void **state)
{
	struct sm_world *p = *state;

	not_pruned(p);
	sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", G " P" S "r");
	sw_member(p, p->lan1, "*", G, MEMBER_NONE);
	sw_assert_empty(p);
}

/* An Assert(S,G) of 10.0.1.3 on the shared tree's link that we lose makes RPF'(S,G,rpt) another router. */
static void rpf_rpt_is_another(struct sm_world *p)
{
	struct sm_oif *oif;
	struct proto_ctx ctx = {.now_us = p->w->now_us, .self = p->number, .net = p->w->net};
	struct actions out = {0};

	not_pruned(p);
	sw_member(p, p->lan2, S, G, MEMBER_INCLUDE);
	ctx.out = &out;
	oif = sm_oif_get(p->sm, &src(p)->sg, sw_pif(p, p->up), &ctx);
	oif->assert = ASSERT_LOSER;
	sm_assert_info_get(p->sm, oif)->winner =
		(struct assert_metric){.preference = 1, .metric = 1, .address = ip("10.0.1.3")};
	sm_touch(p->sm, &src(p)->sg);
	actions_fini(&out);
	sw_member(p, p->lan2, OTHER, "239.5.5.5", MEMBER_INCLUDE); /* settles */
	assert_true(src(p)->rpt_nbr_differs);
	sw_forget(p);
}

static void while_rpf_rpt_is_another_router_the_join_carries_a_prune(void **state)
{
	struct sm_world *p = *state;

	rpf_rpt_is_another(p);
	sw_pass(p, 61000);
	assert_string_equal(sw_sent(p, p->up), UP " J*10.9.9.9 P" S "r");
}

static void while_rpf_rpt_is_another_router_nothing_is_overridden(void **state)
{
	struct sm_world *p = *state;

	rpf_rpt_is_another(p);
	sw_jp(p, p->up, "10.0.1.4", "10.0.1.3", G " P" S "r");
	assert_true(timer_armed(&src(p)->ot));
	sw_pass(p, 2500);
	assert_string_equal(sw_sent(p, p->up), "");
}

static void when_rpf_rpt_is_rpf_again_a_join_is_due(void **state)
{
	struct sm_world *p = *state;

	rpf_rpt_is_another(p);
	sw_hello(p, p->up, "10.0.1.3", 2, PIM_HOLDTIME_FOREVER); /* the winner restarted */
	assert_true(timer_armed(&src(p)->ot));
	sw_pass(p, 2500);
	assert_string_equal(sw_sent(p, p->up), UP " J" S "r");
}

/* Deviations from figure 7: RPF'(*,G) hears of it before the next Join(*,G). */
static void when_pruned_and_rpf_rpt_is_rpf_again_the_prune_is_said_again(void **state)
{
	struct sm_world *p = *state;

	rpf_rpt_is_another(p);
	sw_member(p, p->lan2, S, G, MEMBER_NONE);
	sw_member(p, p->lan1, S, G, MEMBER_EXCLUDE);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.3: " G " P" S "r");
	sw_forget(p);
	sw_hello(p, p->up, "10.0.1.3", 2, PIM_HOLDTIME_FOREVER); /* the winner restarted */
	assert_int_equal(src(p)->up_rpt, UP_RPT_PRUNED);
	assert_string_equal(sw_sent(p, p->up), UP " P" S "r");
}

static void when_pruned_the_end_of_the_spt_by_the_same_router_is_a_prune(void **state)
{
	struct sm_world *p = *state;

	world_route(p->w, S "/32", p->up, "10.0.1.2");
	member(p, MEMBER_INCLUDE, MEMBER_EXCLUDE);
	sw_member(p, p->lan2, S, G, MEMBER_INCLUDE);
	sm_spt_bit_set(p->sm, src(p), true);
	sw_pass(p, 61000);
	assert_int_equal(src(p)->up_rpt, UP_RPT_PRUNED);
	sw_forget(p);
	sw_member(p, p->lan2, S, G, MEMBER_NONE);
	assert_string_equal(sw_sent(p, p->up), UP " P" S "r P" S);
}

/* It has our Join(*,G) yet, and would forward the source by it. */
static void whom_a_winner_has_replaced_is_told_of_the_prune_too(void **state)
{
	struct sm_world *p = *state;

	not_pruned(p);
	sw_assert(p, p->up, "10.0.1.3", NULL, G, true, 0, 0);
	sw_pass(p, 2500);
	sw_forget(p);
	sw_member(p, p->lan1, S, G, MEMBER_EXCLUDE);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.3: " G " P" S "r | 10.0.1.2: " G " P" S "r");
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
		T(not_joined_goes_to_pruned_without_a_message_of_its_own),
		T(not_joined_goes_to_not_pruned_in_silence),
		T(not_pruned_goes_to_pruned_with_a_prune),
		T(pruned_goes_to_not_pruned_with_a_join),
		T(pruned_and_not_pruned_go_to_not_joined_with_the_group),
		T(a_prune_seen_is_overridden),
		T(a_second_prune_does_not_delay_the_override),
		T(a_join_seen_cancels_the_override),
		T(prunes_for_other_routers_and_groups_not_joined_are_not_overridden),
		T(joins_and_prunes_for_another_router_do_not_move_the_override),
		T(when_we_prune_too_nothing_is_overridden),
		T(to_prune_cancels_the_override),
		T(to_leave_the_group_cancels_the_override),
		T(while_rpf_rpt_is_another_router_the_join_carries_a_prune),
		T(while_rpf_rpt_is_another_router_nothing_is_overridden),
		T(when_rpf_rpt_is_rpf_again_a_join_is_due),
		T(when_pruned_and_rpf_rpt_is_rpf_again_the_prune_is_said_again),
		T(when_pruned_the_end_of_the_spt_by_the_same_router_is_a_prune),
		T(whom_a_winner_has_replaced_is_told_of_the_prune_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
