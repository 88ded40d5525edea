/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The TIB when the data plane refuses, and at size: what it costs, and that nothing is lost or leaks.
 */
#include <time.h>

#include "tests/unit/control/tib_help.h"

/* --- refusals ---------------------------------------------------------------------------------- */

static void full_table_is_reported_and_tried_again(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_entry_info e;

	fake_dp_fail(w->f, FAKE_ROUTE_SET, -ENOSPC, 0, 1);
	set_to(w, 0, k, a, a);
	assert_int_equal(tib_commit(w->tib), -ENOSPC);
	assert_null(route(w, k));
	assert_true(tib_entry_get(w->tib, &k, &e));
	assert_int_equal(e.error, -ENOSPC);
	commit(w);
	assert_non_null(route(w, k));
	assert_true(tib_entry_get(w->tib, &k, &e));
	assert_int_equal(e.error, 0);
}

static void full_table_costs_one_refused_call_a_commit(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);

	w->f->routes_max = 100;
	for (uint32_t i = 0; i < 5000; i++)
		set_to(w, 0,
			(struct dp_route_key){.src = prefix_host(ip4(0x0a000000 + i)),
				.grp = prefix_host(ip4(0xef010101))},
			a, a);
	assert_int_equal(tib_commit(w->tib), -ENOSPC);
	assert_int_equal(w->f->n_routes, 100);
	assert_int_equal(w->f->calls[FAKE_ROUTE_SET], 1);
	fake_dp_forget(w->f);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(tib_commit(w->tib), -ENOSPC);
	assert_int_equal(w->f->calls[FAKE_ROUTE_SET], 10);
	assert_int_equal(w->f->calls[FAKE_LIST_GET], 10);

	w->f->routes_max = 5000;
	fake_dp_forget(w->f);
	commit(w);
	assert_int_equal(w->f->n_routes, 5000);
	assert_true(w->f->calls[FAKE_ROUTE_SET] <= 4900 / 256 + 2); /* a probe, then in bulk */
}

static void full_table_still_takes_changes_of_what_it_has(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key x = key("10.0.0.1", "239.1.1.1"), y = key("10.0.0.2", "239.1.1.1");

	w->f->routes_max = 1;
	set_to(w, 0, x, a, a);
	commit(w);
	set_to(w, 0, y, a, a);
	set_to(w, 0, x, a, b);
	assert_int_equal(tib_commit(w->tib), -ENOSPC);
	assert_true(fake_dp_route_has_if(w->f, route(w, x), b));
	assert_null(route(w, y));
}

static void room_made_by_a_deletion_is_used_in_the_same_commit(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct dp_route_key x = key("10.0.0.1", "239.1.1.1"), y = key("10.0.0.2", "239.1.1.1");

	w->f->routes_max = 1;
	set_to(w, 0, x, a, a);
	commit(w);
	set_to(w, 0, y, a, a);
	del(w, 0, x);
	commit(w);
	assert_null(route(w, x));
	assert_non_null(route(w, y));
}

static void refused_change_leaves_the_old_route_whole(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");

	set_to(w, 0, k, a, a);
	commit(w);
	fake_dp_fail(w->f, FAKE_ROUTE_SET, -ENOMEM, 0, 2);
	set_to(w, 0, k, a, b);
	assert_int_equal(tib_commit(w->tib), -ENOMEM);
	assert_true(fake_dp_route_has_if(w->f, route(w, k), a));
	set_to(w, 0, k, a, a); /* back to what is installed, but refused once more */
	assert_int_equal(tib_commit(w->tib), -ENOMEM);
	commit(w);
	assert_true(fake_dp_route_has_if(w->f, route(w, k), a));
	assert_int_equal(fake_dp_count_oifs(w->f), 1);
	del(w, 0, k);
	commit(w);
	assert_dp_empty(w);
}

static void oifs_that_do_not_fit_fail_their_route_only(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key x = key("10.0.0.1", "239.1.1.1"), y = key("10.0.0.2", "239.1.1.1");
	struct tib_output both[] = {{.ifid = a}, {.ifid = b}};
	struct tib_entry_info e;

	w->f->oifs_max = 2; /* id 1 only */
	set_to(w, 0, x, 0, a);
	assert_int_equal(set(w, 0, y, 0, both, 2), 0);
	assert_int_equal(tib_commit(w->tib), -ENOSPC);
	assert_non_null(route(w, x));
	assert_null(route(w, y));
	assert_true(tib_entry_get(w->tib, &y, &e));
	assert_int_equal(e.merged->n_outputs, 2);
	assert_int_not_equal(e.oifs[0], 0);
	assert_int_equal(e.oifs[1], 0);
	w->f->oifs_max = 3;
	commit(w);
	assert_int_equal(n_outputs(w, y), 2);
}

static void freed_oif_id_is_used_again_when_no_other_is_left(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	const uint32_t *v;

	set_to(w, 0, k, 0, a);
	commit(w);
	del(w, 0, k);
	commit(w);
	set_to(w, 0, k, 0, b);
	commit(w);
	fake_dp_route_oifs(w->f, route(w, k), &v);
	assert_int_equal(v[0], 2); /* 1 rests: a worker may still read a list with it */
	del(w, 0, k);
	commit(w);
	w->f->oifs_max = 3;
	set_to(w, 0, k, 0, b);
	commit(w);
	fake_dp_route_oifs(w->f, route(w, k), &v);
	assert_int_equal(v[0], 1);
}

static void refused_deletion_is_tried_again(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL);
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");

	set_to(w, 0, k, 0, a);
	commit(w);
	del(w, 0, k);
	fake_dp_fail(w->f, FAKE_ROUTE_DEL, -EIO, 0, 1);
	assert_int_equal(tib_commit(w->tib), -EIO);
	assert_non_null(route(w, k));
	commit(w);
	assert_dp_empty(w);
}

/* --- size -------------------------------------------------------------------------------------- */

static void four_thousand_outputs_on_one_route(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", "10.1.0.1/16");
	struct dp_route_key k = key("10.0.0.1", "239.1.1.1");
	struct tib_output *o = calloc(4096, sizeof(*o));

	assert_non_null(o);
	for (uint32_t i = 0; i < 4096; i++) {
		o[i] = her(a, "10.1.0.1");
		o[i].her_dst = ip4(0x0a010100 + i);
	}
	assert_int_equal(set(w, 0, k, 0, o, 4096), 0);
	commit(w);
	assert_int_equal(n_outputs(w, k), 4096);
	assert_int_equal(set(w, 0, k, 0, o, 1), 0);
	commit(w);
	assert_int_equal(fake_dp_count_oifs(w->f), 1);
	free(o);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void a_hundred_thousand_wishes_are_committed_in_bulk(void **state)
{
	struct world *w = *state;
	uint16_t a = world_if(w, "a", NULL), b = world_if(w, "b", NULL);
	double start = seconds();

	for (uint32_t i = 0; i < 100000; i++)
		set_to(w, 0,
			(struct dp_route_key){.src = prefix_host(ip4(0x0a000000 + i)),
				.grp = prefix_host(ip4(0xef000000 + i % 5000))},
			a, b);
	commit(w);
	print_message("100,000 wishes: %.3f s of CPU\n", seconds() - start);
	assert_int_equal(w->f->n_routes, 100000);
	assert_true(w->f->calls[FAKE_ROUTE_SET] <= 100000 / 256 + 1);
	fake_dp_forget(w->f);
	start = seconds();
	tib_resync_begin(w->tib, 0);
	tib_resync_end(w->tib, 0);
	commit(w);
	print_message("100,000 deletions: %.3f s of CPU\n", seconds() - start);
	assert_true(w->f->calls[FAKE_ROUTE_DEL] <= 100000 / 256 + 1);
	assert_dp_empty(w);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		T(full_table_is_reported_and_tried_again),
		T(full_table_costs_one_refused_call_a_commit),
		T(full_table_still_takes_changes_of_what_it_has),
		T(room_made_by_a_deletion_is_used_in_the_same_commit),
		T(refused_change_leaves_the_old_route_whole),
		T(oifs_that_do_not_fit_fail_their_route_only),
		T(freed_oif_id_is_used_again_when_no_other_is_left),
		T(refused_deletion_is_tried_again),
		T(four_thousand_outputs_on_one_route),
		T(a_hundred_thousand_wishes_are_committed_in_bulk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
