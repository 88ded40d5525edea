/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Joins and Prunes on their way out: what was said last counts, what belongs together goes together (RFC 7761
 * 4.9.5.1), what may wait waits.
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define S "10.1.1.1"
#define UP "10.0.1.2: "

/* The queue by hand, with timers of its own. */
struct queue {
	struct sm_world *p;
	struct timer_heap *timers;
	struct actions out;
	struct proto_ctx ctx;
};

static void begin(struct queue *q, struct sm_world *p)
{
	*q = (struct queue){.p = p, .timers = timer_heap_new()};
	q->ctx = (struct proto_ctx){.now_us = p->w->now_us,
		.self = p->number,
		.net = p->w->net,
		.timers = q->timers,
		.out = &q->out};
}

static void end(struct queue *q)
{
	jp_forget(q->p->sm);
	timer_cancel(q->timers, &q->p->sm->flush);
	actions_fini(&q->out);
	timer_heap_free(q->timers);
	assert_int_equal(q->p->sm->peers.n, 0);
}

static void add_to(struct queue *q, const char *nbr, bool join, enum jp_kind kind, const char *src,
	const char *grp, bool urgent)
{
	struct ipaddr n = ip(nbr), s = ip(src), g = ip(grp);

	jp_queue_add(q->p->sm, sw_pif(q->p, q->p->up), &n, join, kind, &s, &g, urgent, &q->ctx);
}

static void add(struct queue *q, bool join, enum jp_kind kind, const char *src, const char *grp)
{
	add_to(q, "10.0.1.2", join, kind, src, grp, true);
}

static const char *flushed(struct queue *q)
{
	actions_fini(&q->out);
	jp_flush(q->p->sm, false, &q->ctx);
	return sw_actions(&q->out);
}

static void the_last_thing_said_counts(void **state)
{
	struct queue q;

	begin(&q, *state);
	add(&q, true, JP_SG, S, G);
	add(&q, true, JP_STAR_G, SM_RP, G);
	add(&q, true, JP_SG_RPT, "10.1.1.2", "239.1.1.2");
	add(&q, false, JP_SG, S, G);
	add(&q, false, JP_STAR_G, SM_RP, G);
	add(&q, false, JP_SG_RPT, "10.1.1.2", "239.1.1.2");
	add(&q, true, JP_STAR_G, SM_RP, G);
	assert_string_equal(flushed(&q), UP G " J*10.9.9.9 P" S "; 239.1.1.2 P10.1.1.2r");
	assert_string_equal(flushed(&q), "");
	end(&q);
}

static void there_is_one_star_g_whatever_the_rp(void **state)
{
	struct queue q;

	begin(&q, *state);
	add(&q, false, JP_STAR_G, SM_RP, G);
	add(&q, true, JP_STAR_G, "10.9.9.8", G);
	assert_string_equal(flushed(&q), UP G " J*10.9.9.8");
	add(&q, true, JP_STAR_G, "10.9.9.8", G);
	add(&q, false, JP_STAR_G, SM_RP, G);
	assert_string_equal(flushed(&q), UP G " P*10.9.9.9");
	end(&q);
}

static void kinds_and_sources_are_told_apart_and_groups_in_order(void **state)
{
	struct queue q;

	begin(&q, *state);
	add(&q, true, JP_SG, "10.1.1.9", "239.1.1.2");
	add(&q, false, JP_SG_RPT, S, G);
	add(&q, true, JP_SG, S, "239.1.1.2");
	add(&q, true, JP_SG, S, G);
	add(&q, false, JP_SG, "10.1.1.9", G);
	assert_string_equal(
		flushed(&q), UP G " J" S " P" S "r P10.1.1.9; 239.1.1.2 J" S " J10.1.1.9");
	end(&q);
}

static void beside_a_star_g_what_was_said_of_sources_on_the_rp_tree_is_left_out(void **state)
{
	struct queue q;

	begin(&q, *state);
	add(&q, true, JP_SG_RPT, S, G);
	add(&q, true, JP_STAR_G, SM_RP, G);
	assert_string_equal(flushed(&q), UP G " J*10.9.9.9");
	add(&q, false, JP_STAR_G, SM_RP, G);
	add(&q, false, JP_SG_RPT, S, G);
	add(&q, false, JP_SG, S, G);
	assert_string_equal(flushed(&q), UP G " P*10.9.9.9 P" S);
	end(&q);
}

static void neighbours_have_messages_of_their_own_in_the_order_they_were_begun(void **state)
{
	struct queue q;

	begin(&q, *state);
	add_to(&q, "10.0.1.3", true, JP_SG, S, G, true);
	add_to(&q, "10.0.1.2", false, JP_SG, S, G, true);
	assert_string_equal(flushed(&q), "10.0.1.3: " G " J" S " | " UP G " P" S);
	end(&q);
}

static void what_may_wait_waits_for_a_second_or_for_company(void **state)
{
	struct queue q;

	begin(&q, *state);
	add_to(&q, "10.0.1.2", true, JP_SG, S, G, false);
	add_to(&q, "10.0.1.3", true, JP_SG, S, G, false);
	assert_string_equal(flushed(&q), "");
	assert_int_equal(q.p->sm->flush.due_us, q.ctx.now_us + 1000000);
	add_to(&q, "10.0.1.2", true, JP_SG, "10.1.1.2", G, true);
	assert_string_equal(flushed(&q), UP G " J" S " J10.1.1.2");
	q.ctx.now_us += 999999;
	assert_string_equal(flushed(&q), "");
	assert_true(timer_armed(&q.p->sm->flush)); /* for 10.0.1.3 */
	q.ctx.now_us++;
	assert_string_equal(flushed(&q), "10.0.1.3: " G " J" S);
	end(&q);
}

static void what_waits_for_an_interface_that_ends_is_dropped(void **state)
{
	struct queue q;

	begin(&q, *state);
	add(&q, true, JP_SG, S, G);
	jp_forget_iface(q.p->sm, q.p->src, IP_V4);
	jp_forget_iface(q.p->sm, q.p->up, IP_V6);
	assert_false(TAILQ_EMPTY(&q.p->sm->jp));
	jp_forget_iface(q.p->sm, q.p->up, IP_V4);
	assert_true(TAILQ_EMPTY(&q.p->sm->jp));
	assert_string_equal(flushed(&q), "");
	end(&q);
}

/* 4.5.6 and 4.9.5.2: the prunes of a Join(*,G) stay with it; those beyond an MTU are the highest addresses. */
static void a_join_star_g_keeps_its_prunes_in_one_message(void **state)
{
	struct sm_world *p = *state;
	char text[64];

	for (unsigned i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "10.1.%u.%u", 1 + i / 100, 1 + i % 100);
		sw_member(p, p->lan1, text, G, MEMBER_EXCLUDE);
	}
	sw_forget(p);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_int_equal(p->pim->stats.tx[PIM_JOIN_PRUNE], 1);
	assert_int_equal(p->sm->stats.rpt_cut, 300 - (1500 - 20 - 4 - 10 - 12 - 8) / 8);
}

#define T(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_last_thing_said_counts),
		T(there_is_one_star_g_whatever_the_rp),
		T(kinds_and_sources_are_told_apart_and_groups_in_order),
		T(beside_a_star_g_what_was_said_of_sources_on_the_rp_tree_is_left_out),
		T(neighbours_have_messages_of_their_own_in_the_order_they_were_begun),
		T(what_may_wait_waits_for_a_second_or_for_company),
		T(what_waits_for_an_interface_that_ends_is_dropped),
		T(a_join_star_g_keeps_its_prunes_in_one_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
