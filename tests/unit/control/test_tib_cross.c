/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Wishes that overlap without one containing the other, sources that a wish excepts, and what a change
 * costs where there are many routes.
 */
#include "control/tib/tib_priv.h"
#include "tests/unit/control/tib_help.h"

static void set_except(struct world *w, uint16_t owner, struct dp_route_key k, uint16_t iif,
	uint16_t oif, const char *except)
{
	struct tib_output o = {.ifid = oif};
	struct prefix p = key(except, k.grp.addr.family == IP_V6 ? "ff05::1" : "239.1.1.1").src;
	struct tib_wish x = {.owner = owner,
		.precedence = TIB_PREC_STATIC,
		.key = k,
		.n_inputs = 1,
		.inputs = {{.ifid = iif, .flags = DP_INPUT_ACCEPT}},
		.n_outputs = 1,
		.outputs = &o,
		.n_excepts = 1,
		.excepts = &p};

	assert_int_equal(tib_wish_set(w->tib, &x, w->now_us), 0);
}

static uint32_t crossings(struct world *w)
{
	struct tib_crossings c;

	tib_crossings_get(w->tib, &c);
	return c.n;
}

/* --- crossings --------------------------------------------------------------------------------- */

static void where_two_routes_overlap_both_have_their_outputs(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL), c = world_if(w, "c", NULL);
	struct dp_route_key x = key("10.0.0.0/8", "239.1.0.0/16"), y = key("*", "239.1.1.0/24"),
			    both = key("10.0.0.0/8", "239.1.1.0/24");
	struct tib_entry_info e;

	set_to(w, 0, x, a, b);
	set_to(w, 1, y, b, c);
	commit(w);
	assert_int_equal(n_outputs(w, both), 2);
	/* the longer group is the more specific: its input counts */
	assert_int_equal(route(w, both)->inputs[0].ifid, b);
	assert_int_equal(n_outputs(w, x), 1);
	assert_int_equal(n_outputs(w, y), 1);
	assert_true(tib_entry_get(w->tib, &both, &e));
	assert_true(e.crossing);
	assert_int_equal(e.n_wishes, 2);
	assert_int_equal(tib_count(w->tib), 3);
}

static void crossing_is_the_same_in_whatever_order_routes_come_and_in_both_families(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);

	set_to(w, 0, key("*", "ff05::1"), a, a);
	set_to(w, 0, key("2001:db8::/32", "ff05::/16"), a, b);
	set_to(w, 0, key("2001:db8::7", "ff00::/8"), a, b);
	commit(w);
	assert_int_equal(n_outputs(w, key("2001:db8::/32", "ff05::1")), 2);
	assert_int_equal(n_outputs(w, key("2001:db8::7", "ff05::1")), 2);
	assert_int_equal(n_outputs(w, key("2001:db8::7", "ff05::/16")), 1);
	assert_int_equal(crossings(w), 3);
}

static void crossing_goes_when_either_route_goes(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key x = key("10.0.0.0/8", "239.1.0.0/16"), y = key("*", "239.1.1.0/24"),
			    both = key("10.0.0.0/8", "239.1.1.0/24");

	for (int i = 0; i < 2; i++) {
		set_to(w, 0, x, a, a);
		set_to(w, 0, y, a, b);
		commit(w);
		assert_non_null(route(w, both));
		del(w, 0, i ? x : y);
		commit(w);
		assert_null(route(w, both));
		assert_int_equal(crossings(w), 0);
		assert_int_equal(w->f->n_routes, 1);
	}
}

static void crossing_stays_while_another_pair_needs_it(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key x = key("10.0.0.0/8", "239.1.0.0/16"),
			    both = key("10.0.0.0/8", "239.1.1.1");

	set_to(w, 0, x, a, a);
	set_to(w, 0, key("10.0.0.0/8", "239.0.0.0/8"), a, b);
	set_to(w, 0, key("*", "239.1.1.1"), a, b);
	commit(w);
	del(w, 0, x);
	commit(w);
	assert_int_equal(n_outputs(w, both), 1);
	assert_int_equal(crossings(w), 1);
}

static void crossing_that_somebody_names_too_is_a_crossing_again_without_him(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL), c = world_if(w, "c", NULL);
	struct dp_route_key both = key("10.0.0.1", "239.1.1.1");

	set_to(w, 0, key("10.0.0.1", "239.0.0.0/8"), a, a);
	set_to(w, 0, key("*", "239.1.1.1"), a, b);
	set_to(w, 0, both, c, c);
	commit(w);
	assert_int_equal(n_outputs(w, both), 3);
	assert_int_equal(crossings(w), 0);
	del(w, 0, both);
	commit(w);
	assert_int_equal(n_outputs(w, both), 2);
	assert_int_equal(crossings(w), 1);
	assert_int_equal(route(w, both)->inputs[0].ifid, a);
}

static void more_specific_entries_are_installed_first(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct dp_route_key y = key("*", "239.1.1.1"), x = key("10.0.0.0/8", "239.0.0.0/8");
	uint32_t at_y = UINT32_MAX, at_both = UINT32_MAX;

	set_to(w, 0, x, a, a);
	commit(w);
	set_except(w, 0, y, a, a, "11.0.0.0/8");
	commit(w);
	for (uint32_t i = 0; i < w->f->n_routes; i++) {
		struct dp_route_key both = key("10.0.0.0/8", "239.1.1.1"),
				    except = key("11.0.0.0/8", "239.1.1.1");
		const struct dp_route_key *k = &w->f->routes[i].r.key;

		if (route_key_eq(k, &y))
			at_y = i;
		if (route_key_eq(k, &both) || route_key_eq(k, &except))
			at_both = i;
	}
	assert_true(at_both < at_y); /* the recording data plane keeps the order */
}

/* --- excepts ----------------------------------------------------------------------------------- */

static void excepted_source_is_dropped_silently(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key k = key("*", "239.1.0.0/16"), x = key("10.0.0.0/8", "239.1.0.0/16");
	struct ipaddr in = addr("10.9.9.9"), out = addr("11.0.0.1"), g = addr("239.1.2.3");
	struct tib_entry_info e;
	struct tib_except why;

	set_except(w, 3, k, a, b, "10.0.0.0/8");
	commit(w);
	assert_int_equal(n_outputs(w, k), 1);
	assert_int_equal(n_outputs(w, x), 0);
	assert_int_equal(route(w, x)->n_inputs, 1);
	assert_int_equal(route(w, x)->inputs[0].ifid, DP_IF_ANY);
	assert_int_equal(route(w, x)->inputs[0].flags, DP_INPUT_DROP);
	assert_true(tib_lookup(w->tib, 0, &in, &g, &e));
	assert_true(e.merged->excepted);
	assert_int_equal(e.owners[0], 3);
	assert_true(tib_excepted(w->tib, 0, &in, &g, &why));
	assert_int_equal(why.owner, 3);
	assert_memory_equal(&why.key, &k, sizeof(k));
	assert_memory_equal(&why.except, &x.src, sizeof(x.src));
	assert_false(tib_excepted(w->tib, 0, &out, &g, &why));
	del(w, 3, k);
	commit(w);
	assert_dp_empty(w);
}

static void excepted_source_is_forwarded_by_others(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL), c = world_if(w, "c", NULL);
	struct dp_route_key k = key("*", "239.1.0.0/16"), sg = key("10.0.0.1", "239.1.1.1"),
			    wide = key("*", "239.0.0.0/8");

	set_except(w, 0, k, a, b, "10.0.0.0/8");
	set_to(w, 0, sg, a, c);
	commit(w);
	assert_int_equal(n_outputs(w, sg), 1);
	assert_true(fake_dp_route_has_if(w->f, route(w, sg), c));
	set_to(w, 0, wide, c, a);
	commit(w);
	assert_int_equal(n_outputs(w, key("10.0.0.0/8", "239.1.0.0/16")), 1);
	assert_int_equal(route(w, key("10.0.0.0/8", "239.1.0.0/16"))->inputs[0].ifid, c);
	assert_int_equal(n_outputs(w, sg), 2);
	assert_int_equal(n_outputs(w, k), 2);
}

static void except_of_one_wish_does_not_bind_another_of_the_same_key(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL), c = world_if(w, "c", NULL);
	struct dp_route_key k = key("*", "239.1.1.1"), x = key("10.0.0.0/8", "239.1.1.1");

	set_except(w, 0, k, a, b, "10.0.0.0/8");
	set_to(w, 1, k, a, c);
	commit(w);
	assert_int_equal(n_outputs(w, k), 2);
	assert_int_equal(n_outputs(w, x), 1);
	assert_true(fake_dp_route_has_if(w->f, route(w, x), c));
	set_to(w, 0, k, a, b); /* its except is gone */
	commit(w);
	assert_null(route(w, x));
}

static void changed_except_moves_its_entry(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct dp_route_key k = key("*", "ff05::1");

	set_except(w, 0, k, a, a, "2001:db8::/32");
	commit(w);
	set_except(w, 0, k, a, a, "2001:db8:1::/48");
	commit(w);
	assert_null(route(w, key("2001:db8::/32", "ff05::1")));
	assert_int_equal(n_outputs(w, key("2001:db8:1::/48", "ff05::1")), 0);
	assert_int_equal(w->f->n_routes, 2);
}

static void except_outside_the_sources_is_refused(void **state)
{
	struct world *w = *state;
	struct prefix out = key("11.0.0.0/8", "239.1.1.1").src,
		      v6 = key("2001:db8::1", "ff05::1").src;
	struct tib_wish x = {
		.key = key("10.0.0.0/8", "239.1.1.1"), .n_excepts = 1, .excepts = &out};

	assert_int_equal(tib_wish_set(w->tib, &x, 0), -EINVAL);
	x.excepts = &v6;
	assert_int_equal(tib_wish_set(w->tib, &x, 0), -EINVAL);
	assert_int_equal(tib_count(w->tib), 0);
	commit(w);
	assert_dp_empty(w);
}

/* --- cost -------------------------------------------------------------------------------------- */

#define MANY 100000u

static struct dp_route_key many_key(uint32_t first_group, uint32_t i)
{
	return (struct dp_route_key){
		.src = prefix_host(ip4(0x0a000000 + i)), .grp = prefix_host(ip4(first_group + i))};
}

static void group_prefix_change_costs_what_it_covers_and_not_all_there_is(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key k = key("*", "239.0.0.0/8");

	for (uint32_t i = 0; i < MANY; i++)
		set_to(w, 0, many_key(0xe1000000, i), a, a);
	for (uint32_t i = 0; i < 10; i++)
		set_to(w, 0, many_key(0xef000000, i), a, a);
	commit(w);
	w->tib->touched = w->tib->visited = 0;
	fake_dp_forget(w->f);
	set_to(w, 1, k, a, b);
	commit(w);
	assert_int_equal(w->tib->touched, 11);
	assert_in_range(w->tib->visited, 10, 30);
	assert_int_equal(w->f->routes_written, 11);
	w->tib->touched = w->tib->visited = 0;
	del(w, 1, k);
	commit(w);
	assert_int_equal(w->tib->touched, 11);
	assert_in_range(w->tib->visited, 10, 30);
}

static void source_prefix_change_costs_its_sources_of_many(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key k = {.grp = prefix_host(ip4(0xef010101))};

	for (uint32_t i = 0; i < MANY; i++) {
		k.src = prefix_host(ip4(0x0a000000 + i));
		set_to(w, 0, k, a, a);
	}
	commit(w);
	w->tib->touched = w->tib->visited = 0;
	set_to(w, 1, key("10.1.0.0/30", "239.1.1.1"), a, b);
	assert_int_equal(w->tib->touched, 5);
	assert_in_range(w->tib->visited, 4, 20);
	/* over a group prefix: groups are asked one by one, sources are not */
	w->tib->touched = w->tib->visited = 0;
	set_to(w, 1, key("10.1.0.8/30", "239.0.0.0/8"), a, b);
	assert_int_equal(w->tib->touched, 5);
	assert_in_range(w->tib->visited, 4, 40);
}

static void crossings_beyond_the_limit_wait_for_room(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct ipaddr s = addr("10.0.0.1"), g = addr("239.1.1.20");
	struct tib_crossings c;

	tib_crossings_limit(w->tib, 16);
	set_to(w, 0, key("10.0.0.1", "239.0.0.0/8"), a, a);
	for (uint32_t i = 1; i <= 20; i++)
		set_to(w, 0,
			(struct dp_route_key){
				.src.addr.family = IP_V4, .grp = prefix_host(ip4(0xef010100 + i))},
			a, a);
	commit(w);
	tib_crossings_get(w->tib, &c);
	assert_int_equal(c.n, 16);
	assert_true(c.missing);
	assert_true(tib_crossing_missing(w->tib, 0, &s, &g));
	for (uint32_t i = 1; i <= 4; i++)
		del(w, 0,
			(struct dp_route_key){
				.src.addr.family = IP_V4, .grp = prefix_host(ip4(0xef010100 + i))});
	commit(w);
	tib_crossings_get(w->tib, &c);
	assert_int_equal(c.n, 16);
	assert_false(c.missing);
	assert_false(tib_crossing_missing(w->tib, 0, &s, &g));
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(where_two_routes_overlap_both_have_their_outputs),
		T(crossing_is_the_same_in_whatever_order_routes_come_and_in_both_families),
		T(crossing_goes_when_either_route_goes),
		T(crossing_stays_while_another_pair_needs_it),
		T(crossing_that_somebody_names_too_is_a_crossing_again_without_him),
		T(more_specific_entries_are_installed_first),
		T(excepted_source_is_dropped_silently),
		T(excepted_source_is_forwarded_by_others),
		T(except_of_one_wish_does_not_bind_another_of_the_same_key),
		T(changed_except_moves_its_entry),
		T(except_outside_the_sources_is_refused),
		T(group_prefix_change_costs_what_it_covers_and_not_all_there_is),
		T(source_prefix_change_costs_its_sources_of_many),
		T(crossings_beyond_the_limit_wait_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
