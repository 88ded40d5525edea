/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Oif lists: shared by content, freed after the last reference and a grace period.
 */
#include "fixture.h"

#include <errno.h>
#include <stdlib.h>

static void put(struct dataplane *d, uint32_t id)
{
	assert_int_equal(retire_room(&d->retire), 0);
	lists_unref(&d->lists, lists_find(&d->lists, id));
}

static void order_and_duplicates_do_not_matter(void **state)
{
	struct dataplane *d = fixture_new(1, 100);
	uint32_t a = fixture_list(d, (uint32_t[]){3, 1, 2}, 3);
	uint32_t b = fixture_list(d, (uint32_t[]){2, 2, 1, 3, 1}, 5);
	uint32_t c = fixture_list(d, (uint32_t[]){1, 2}, 2);
	const struct oif_list *list = lists_find(&d->lists, a);

	assert_int_equal(a, b);
	assert_int_not_equal(a, c);
	assert_int_equal(list->n, 3);
	assert_int_equal(list->oifs[0], 1);
	assert_int_equal(list->oifs[2], 3);
	assert_int_equal(d->lists.n, 2);
	assert_int_equal(d->lists.members, 5);
	fixture_free(d);
}

static void no_outputs_is_list_zero(void **state)
{
	struct dataplane *d = fixture_new(1, 100);

	assert_int_equal(fixture_list(d, NULL, 0), 0);
	assert_null(lists_find(&d->lists, 0));
	fixture_free(d);
}

static void an_oif_out_of_range_is_refused(void **state)
{
	struct dataplane *d = fixture_new(1, 100);
	uint32_t id;

	assert_int_equal(lists_get(&d->lists, (uint32_t[]){1, 0}, 2, 10, &id), -EINVAL);
	assert_int_equal(lists_get(&d->lists, (uint32_t[]){1, 10}, 2, 10, &id), -EINVAL);
	assert_int_equal(lists_get(&d->lists, (uint32_t[]){1, 9}, 2, 10, &id), 0);
	assert_int_equal(d->lists.n, 1);
	fixture_free(d);
}

static void a_list_lives_until_its_last_reference_and_the_grace_period(void **state)
{
	struct dataplane *d = fixture_new(1, 100);
	uint32_t id = fixture_list(d, (uint32_t[]){7, 8}, 2);
	const struct oif_list *list = lists_find(&d->lists, id);

	assert_int_equal(fixture_list(d, (uint32_t[]){8, 7}, 2), id);
	put(d, id);
	assert_non_null(lists_find(&d->lists, id));
	fixture_enter(d, 0);
	put(d, id);
	assert_null(lists_find(&d->lists, id));
	assert_int_equal(d->lists.bytes, 0);
	assert_int_equal(retire_reclaim(&d->retire, 10), 0);
	assert_int_equal(list->oifs[1], 8); /* still there for the reader */
	fixture_leave(d, 0);
	assert_int_equal(retire_reclaim(&d->retire, 10), 1);
	fixture_free(d);
}

static void four_thousand_outputs_fit_into_one_list(void **state)
{
	struct dataplane *d = fixture_new(1, 100);
	uint32_t v[4096], id;

	for (uint32_t i = 0; i < 4096; i++)
		v[i] = 4096 - i;
	id = fixture_list(d, v, 4096);
	assert_int_equal(lists_find(&d->lists, id)->n, 4096);
	assert_int_equal(lists_find(&d->lists, id)->oifs[4095], 4096);
	fixture_free(d);
}

/* Random sets of the numbers 1..16 as bit masks: the mask is the model. */
static void random_lists_are_shared_exactly_by_content(void **state)
{
	uint64_t seed = fixture_seed(__func__);
	struct dataplane *d = fixture_new(1, 100);
	uint32_t *ids = calloc(65536, sizeof(*ids)), *refs = calloc(65536, sizeof(*refs));

	for (int step = 0; step < 200000; step++) {
		uint32_t mask = fixture_random(&seed, 65535) + 1, v[16], n = 0, id;

		if (refs[mask] && fixture_random(&seed, 2)) {
			put(d, ids[mask]);
			if (--refs[mask] == 0)
				assert_null(lists_find(&d->lists, ids[mask]));
			continue;
		}
		for (uint32_t i = 0; i < 16; i++) {
			if (mask & 1u << (i * 7 % 16))
				v[n++] = i * 7 % 16 + 1;
		}
		id = fixture_list(d, v, n);
		if (refs[mask]++)
			assert_int_equal(id, ids[mask]);
		ids[mask] = id;
		assert_int_equal(lists_find(&d->lists, id)->n, n);
		if (step % 64 == 0)
			retire_reclaim(&d->retire, 1000);
	}
	for (uint32_t mask = 1; mask < 65536; mask++) {
		const struct oif_list *list = lists_find(&d->lists, ids[mask]);
		uint32_t have = 0;

		if (!refs[mask])
			continue;
		for (uint32_t i = 0; i < list->n; i++)
			have |= 1u << (list->oifs[i] - 1);
		assert_int_equal(have, mask);
		assert_int_equal(list->refs, refs[mask]);
	}
	free(ids);
	free(refs);
	fixture_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_duplicates_do_not_matter),
		cmocka_unit_test(no_outputs_is_list_zero),
		cmocka_unit_test(an_oif_out_of_range_is_refused),
		cmocka_unit_test(a_list_lives_until_its_last_reference_and_the_grace_period),
		cmocka_unit_test(four_thousand_outputs_fit_into_one_list),
		cmocka_unit_test(random_lists_are_shared_exactly_by_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
