/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router's own addresses, as workers ask for them.
 */
#include "fixture.h"

#include <errno.h>
#include <stdlib.h>

static struct dp_local local_of(const char *addr, uint16_t table)
{
	struct dp_local l = {.table = table};

	assert_int_equal(ip_parse(addr, &l.addr), 0);
	return l;
}

static bool has(struct dataplane *d, const char *addr, uint16_t table)
{
	struct dp_local l = local_of(addr, table);

	return local_has(&d->t, table, l.addr.b, l.addr.family);
}

static void nothing_is_the_routers_before_it_is_told(void **state)
{
	struct dataplane *d = fixture_new(1, 4);

	assert_false(has(d, "10.0.0.1", 0));
	assert_int_equal(local_set(d, NULL, 0), 0);
	assert_false(has(d, "10.0.0.1", 0));
	fixture_free(d);
}

static void an_address_is_of_its_family_and_table(void **state)
{
	struct dataplane *d = fixture_new(1, 4);
	/* the first four bytes of the second are those of the first, the rest is zero */
	struct dp_local v[] = {local_of("32.1.13.184", 0), local_of("2001:db8::", 5),
		local_of("32.1.13.184", 0), local_of("10.0.0.1", 5)};

	assert_int_equal(local_set(d, v, RTE_DIM(v)), 0);
	assert_true(has(d, "32.1.13.184", 0));
	assert_false(has(d, "32.1.13.184", 5));
	assert_true(has(d, "2001:db8::", 5));
	assert_false(has(d, "2001:db8::", 0));
	assert_true(has(d, "10.0.0.1", 5));
	assert_false(has(d, "10.0.0.2", 5));
	fixture_free(d);
}

static void a_new_set_replaces_the_old_one_whole(void **state)
{
	struct dataplane *d = fixture_new(1, 4);
	struct dp_local one = local_of("10.0.0.1", 0), two = local_of("10.0.0.2", 0);

	assert_int_equal(local_set(d, &one, 1), 0);
	fixture_enter(d, 0);
	assert_int_equal(local_set(d, &two, 1), 0);
	assert_false(has(d, "10.0.0.1", 0));
	assert_true(has(d, "10.0.0.2", 0));
	assert_int_equal(
		retire_reclaim(&d->retire, 10), 0); /* a worker may still read the old one */
	fixture_leave(d, 0);
	assert_int_equal(retire_reclaim(&d->retire, 10), 1);
	fixture_free(d);
}

static void what_is_no_address_leaves_the_set_as_it_was(void **state)
{
	struct dataplane *d = fixture_new(1, 4);
	struct dp_local v[2] = {local_of("10.0.0.1", 0)};

	assert_int_equal(local_set(d, v, 1), 0);
	assert_int_equal(local_set(d, v, 2), -EINVAL);
	assert_int_equal(local_set(d, v, DP_LOCALS_MAX + 1), -ENOSPC);
	assert_true(has(d, "10.0.0.1", 0));
	fixture_free(d);
}

#define MANY 5000

static void thousands_of_addresses_are_told_from_their_neighbours(void **state)
{
	struct dataplane *d = fixture_new(1, 4);
	struct dp_local *v = calloc(MANY, sizeof(*v));
	uint64_t seed = fixture_seed("thousands_of_addresses_are_told_from_their_neighbours");

	assert_non_null(v);
	for (unsigned i = 0; i < MANY; i++) { /* even ones are ours */
		v[i].addr.family = i % 3 ? IP_V4 : IP_V6;
		v[i].addr.w_be[ip_bytes(&v[i].addr) / 4 - 1] =
			htonl(fixture_random(&seed, 1u << 24) << 1);
		v[i].addr.b[0] |= 0x20;
		v[i].table = (uint16_t)fixture_random(&seed, 3);
	}
	assert_int_equal(local_set(d, v, MANY), 0);
	for (unsigned i = 0; i < MANY; i++) {
		struct ipaddr a = v[i].addr;

		assert_true(local_has(&d->t, v[i].table, a.b, a.family));
		assert_false(local_has(&d->t, 3, a.b, a.family));
		a.b[ip_bytes(&a) - 1] |= 1;
		assert_false(local_has(&d->t, v[i].table, a.b, a.family));
	}
	free(v);
	fixture_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_the_routers_before_it_is_told),
		cmocka_unit_test(an_address_is_of_its_family_and_table),
		cmocka_unit_test(a_new_set_replaces_the_old_one_whole),
		cmocka_unit_test(what_is_no_address_leaves_the_set_as_it_was),
		cmocka_unit_test(thousands_of_addresses_are_told_from_their_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
