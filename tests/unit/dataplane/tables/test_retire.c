/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * RCU retirement and the index pools.
 */
#include "fixture.h"

#include <errno.h>

struct freed {
	unsigned n;
	uint64_t last;
	bool in_order;
};

static void count_free(void *owner, void *ptr, uint64_t arg)
{
	struct freed *f = owner;

	f->in_order &= arg == f->n;
	f->n++;
	f->last = arg;
}

static void retire_many(struct retire *r, unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++) {
		assert_int_equal(retire_room(r), 0);
		retire_add(r, count_free, NULL, i);
	}
}

static void without_readers_everything_is_free_at_once(void **state)
{
	struct freed f = {.in_order = true};
	struct retire r;

	assert_int_equal(retire_init(&r, 2, &f), 0);
	retire_many(&r, 0, 2500);
	assert_int_equal(f.n, 0);
	assert_int_equal(retire_reclaim(&r, UINT32_MAX), 2500);
	assert_int_equal(f.n, 2500);
	assert_true(f.in_order);
	assert_int_equal(r.waiting, 0);
	retire_fini(&r);
}

static void an_online_reader_holds_what_was_retired_since(void **state)
{
	struct freed f = {.in_order = true};
	struct retire r;

	assert_int_equal(retire_init(&r, 2, &f), 0);
	assert_int_equal(rte_rcu_qsbr_thread_register(r.rcu, 1), 0);
	rte_rcu_qsbr_thread_online(r.rcu, 1);
	retire_many(&r, 0, 3);
	assert_int_equal(retire_reclaim(&r, 100), 0);
	rte_rcu_qsbr_quiescent(r.rcu, 1);
	retire_many(&r, 3, 2);
	assert_int_equal(retire_reclaim(&r, 100), 3);
	rte_rcu_qsbr_quiescent(r.rcu, 1);
	assert_int_equal(retire_reclaim(&r, 100), 2);
	assert_true(f.in_order);
	rte_rcu_qsbr_thread_offline(r.rcu, 1);
	retire_fini(&r);
}

static void a_sleeping_reader_holds_nothing_up(void **state)
{
	struct freed f = {.in_order = true};
	struct retire r;

	assert_int_equal(retire_init(&r, 2, &f), 0);
	assert_int_equal(rte_rcu_qsbr_thread_register(r.rcu, 0), 0);
	assert_int_equal(rte_rcu_qsbr_thread_register(r.rcu, 1), 0);
	rte_rcu_qsbr_thread_online(r.rcu, 0);
	retire_many(&r, 0, 1);
	assert_int_equal(retire_reclaim(&r, 1), 0);
	rte_rcu_qsbr_thread_offline(r.rcu, 0);
	assert_int_equal(retire_reclaim(&r, 1), 1);
	retire_fini(&r);
}

static void reclaim_frees_no_more_than_asked(void **state)
{
	struct freed f = {.in_order = true};
	struct retire r;

	assert_int_equal(retire_init(&r, 1, &f), 0);
	retire_many(&r, 0, 2000);
	assert_int_equal(retire_reclaim(&r, 1), 1);
	assert_int_equal(retire_reclaim(&r, 1500), 1500);
	assert_int_equal(f.n, 1501);
	retire_fini(&r); /* frees the rest */
	assert_int_equal(f.n, 2000);
}

static void a_pool_reuses_freed_numbers_first_and_ends_at_its_limit(void **state)
{
	struct idx_pool p;

	assert_int_equal(idx_pool_init(&p, 2, 5), 0);
	assert_int_equal(idx_pool_get(&p), 2);
	assert_int_equal(idx_pool_get(&p), 3);
	idx_pool_put(&p, 2);
	assert_int_equal(idx_pool_get(&p), 2);
	assert_int_equal(idx_pool_get(&p), 4);
	assert_int_equal(idx_pool_get(&p), UINT32_MAX);
	idx_pool_fini(&p);
}

static void a_region_takes_memory_where_it_is_touched(void **state)
{
	size_t bytes = 64u << 20;
	char *p = region_new(bytes, false);

	assert_non_null(p);
	assert_int_equal(region_resident(p, bytes), 0);
	p[0] = p[bytes - 1] = 1;
	assert_in_range(region_resident(p, bytes), 8192, 131072);
	assert_int_equal(p[4096], 0);
	region_free(p, bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_readers_everything_is_free_at_once),
		cmocka_unit_test(an_online_reader_holds_what_was_retired_since),
		cmocka_unit_test(a_sleeping_reader_holds_nothing_up),
		cmocka_unit_test(reclaim_frees_no_more_than_asked),
		cmocka_unit_test(a_pool_reuses_freed_numbers_first_and_ends_at_its_limit),
		cmocka_unit_test(a_region_takes_memory_where_it_is_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
