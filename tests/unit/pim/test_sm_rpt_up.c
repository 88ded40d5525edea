/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * (S,G,rpt) upstream: figure 7, cell by cell, and the Prunes that go with Joins(*,G) (RFC 7761 4.5.6, 4.5.7).
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define S "10.1.1.1"
#define UP "10.0.1.2: " G
#define OTHER "10.1.1.2"

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

/* Nor does it know of one that was sent while both trees came by it: the Joins(*,G) since then have taken it back. */
static void when_pruned_and_the_spt_goes_another_way_the_prune_is_said_again(void **state)
{
	struct sm_world *p = *state;
	const char *sent;

	world_route(p->w, S "/32", p->up, "10.0.1.2");
	world_run(p->w);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	sw_member(p, p->lan2, S, G, MEMBER_INCLUDE);
	sw_upcall(p, DP_UPCALL_DATA, p->up, S, G);
	assert_true(src(p)->spt_bit);
	sw_member(p, p->lan1, S, G, MEMBER_EXCLUDE);
	assert_int_equal(src(p)->up_rpt, UP_RPT_PRUNED);
	sw_forget(p);
	sw_pass(p, 61000);
	sent = sw_sent(p, p->up);
	assert_non_null(strstr(sent, "J*10.9.9.9"));
	assert_null(strchr(sent, 'P'));
	world_route(p->w, S "/32", p->src, "10.0.2.2");
	world_run(p->w);
	assert_string_equal(sw_sent(p, p->up), UP " P" S "r");
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
		T(when_pruned_and_the_spt_goes_another_way_the_prune_is_said_again),
		T(whom_a_winner_has_replaced_is_told_of_the_prune_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
