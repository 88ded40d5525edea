/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Counters: sums over the workers, and a clear that touches no worker's memory.
 */
#include "fixture.h"

#include <errno.h>
#include <rte_cycles.h>

static void sums_are_over_all_workers(void **state)
{
	struct dataplane *d = fixture_new(3, 10);
	struct dp_route r = fixture_route("10.0.0.1", "239.1.1.1", 1, 0);
	struct dp_route_counters c;
	uint32_t i;

	assert_int_equal(route_set(d, &r, 1, NULL), 0);
	i = mfib_find(&d->mfib, &r.key)->counter;
	for (unsigned w = 0; w < 3; w++)
		d->workers[w]->route_ctr[i] = (struct route_counters){
			.packets = 1, .bytes = 100, .wrong_if = 3, .dropped = 2};
	d->workers[1]->route_ctr[i].last_tsc = rte_rdtsc();
	assert_int_equal(stats_route(d, &r.key, &c), 0);
	assert_int_equal(c.packets, 3);
	assert_int_equal(c.bytes, 300);
	assert_int_equal(c.wrong_if, 9);
	assert_int_equal(c.dropped, 6);
	assert_in_range(c.last_used_ms, 0, 10000);
	fixture_free(d);
}

static void clear_starts_everything_anew_while_workers_count_on(void **state)
{
	struct dataplane *d = fixture_new(2, 10);
	struct worker *w = d->workers[1];
	struct dp_route r = fixture_route("10.0.0.1", "239.1.1.1", 1, 0);
	struct dp_oif o = {.id = 2, .ifid = 1};
	struct dp_if i = {.id = 1, .kind = DP_IF_LOOPBACK, .up = 1};
	struct dp_route_counters rc;
	struct dp_oif_counters oc;
	struct dp_if_counters ic;
	struct dp_worker_info wi;
	uint32_t ctr;

	assert_int_equal(route_set(d, &r, 1, NULL), 0);
	assert_int_equal(oif_set(d, &o), 0);
	assert_int_equal(if_set(d, &i), 0);
	ctr = mfib_find(&d->mfib, &r.key)->counter;
	for (int round = 0; round < 2; round++) {
		w->route_ctr[ctr].packets += 7;
		w->route_ctr[ctr].last_tsc = rte_rdtsc();
		w->oif_ctr[2].packets += 8;
		w->if_ctr[1].rx_packets += 9;
		w->info.drops[DROP_no_route] += 10;
		w->info.rx_packets += 11;
		assert_int_equal(stats_route(d, &r.key, &rc), 0);
		assert_int_equal(stats_oif(d, 2, &oc), 0);
		assert_int_equal(stats_if(d, 1, &ic), 0);
		assert_int_equal(stats_worker(d, 1, &wi), 0);
		assert_int_equal(rc.packets, 7);
		assert_int_equal(oc.packets, 8);
		assert_int_equal(ic.rx_packets, 9);
		assert_int_equal(wi.drops[DROP_no_route], 10);
		assert_int_equal(wi.rx_packets, 11);
		stats_clear(d);
	}
	assert_int_equal(w->route_ctr[ctr].packets, 14); /* the worker's own memory is as it was */
	fixture_free(d);
}

static void wrong_if_survives_its_wrap_after_a_clear(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_route r = fixture_route("10.0.0.1", "239.1.1.1", 1, 0);
	struct dp_route_counters c;
	uint32_t i;

	assert_int_equal(route_set(d, &r, 1, NULL), 0);
	i = mfib_find(&d->mfib, &r.key)->counter;
	d->workers[0]->route_ctr[i].wrong_if = UINT32_MAX - 1;
	stats_clear(d);
	d->workers[0]->route_ctr[i].wrong_if += 5;
	assert_int_equal(stats_route(d, &r.key, &c), 0);
	assert_int_equal(c.wrong_if, 5);
	fixture_free(d);
}

static void controls_own_drops_are_worker_zeros(void **state)
{
	struct dataplane *d = fixture_new(2, 10);
	struct dp_worker_info wi;

	d->drops[DROP_twin_full] = 3;
	d->workers[0]->info.drops[DROP_twin_full] = 1;
	assert_int_equal(stats_worker(d, 0, &wi), 0);
	assert_int_equal(wi.drops[DROP_twin_full], 4);
	assert_int_equal(stats_worker(d, 1, &wi), 0);
	assert_int_equal(wi.drops[DROP_twin_full], 0);
	assert_int_equal(stats_worker(d, 2, &wi), -ENOENT);
	fixture_free(d);
}

static void idle_tables_take_no_memory(void **state)
{
	struct dataplane *d = fixture_new(1, 1048576);
	size_t n = MFIB_INDEXES(1048576u);

	assert_int_equal(region_resident(d->t.routes, n * sizeof(struct mfib_route)), 0);
	assert_int_equal(
		region_resident(d->workers[0]->route_ctr, n * sizeof(struct route_counters)), 0);
	stats_clear(d);
	assert_int_equal(
		region_resident(d->workers[0]->route_ctr, n * sizeof(struct route_counters)), 0);
	assert_int_equal(region_resident(d->base.route, n * sizeof(struct route_base)), 0);
	fixture_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_over_all_workers),
		cmocka_unit_test(clear_starts_everything_anew_while_workers_count_on),
		cmocka_unit_test(wrong_if_survives_its_wrap_after_a_clear),
		cmocka_unit_test(controls_own_drops_are_worker_zeros),
		cmocka_unit_test(idle_tables_take_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
