/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the cmocka programs over the simulator share: a sim per test, and an assertion that says why.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/host.h"
#include "tests/sim/sim.h"

/* SIM_SEED repeats a run with another seed, SIM_TRACE=1 prints all that happens. */
static inline int sim_setup(void **state)
{
	const char *seed = getenv("SIM_SEED");
	struct sim *s = sim_new(seed ? strtoull(seed, NULL, 0) : 1);

	s->ipv6 = *state;
	s->ipv4 = !s->ipv6;
	s->trace = getenv("SIM_TRACE") ? stderr : NULL;
	*state = s;
	return 0;
}

static inline int sim_teardown(void **state)
{
	sim_free(*state);
	return 0;
}

/* No fault so far. */
static inline void sim_assert_clean_(struct sim *s, const char *file, int line)
{
	if (!s->failures)
		return;
	sim_dump(s, stderr);
	print_error(
		"%s:%d: %u faults, the first at %s\n", file, line, s->failures, s->first_failure);
	fail();
}
#define sim_assert_clean(s) sim_assert_clean_((s), __FILE__, __LINE__)

/* Exactly once for seconds of all that is sent. */
#define sim_assert_delivers(s, seconds)                     \
	do {                                                \
		sim_check((s), (seconds));                  \
		sim_assert_clean_((s), __FILE__, __LINE__); \
	} while (0)

/* The same of hosts alone, while links may still carry what is no longer wanted. */
#define sim_assert_hosts(s, seconds)                        \
	do {                                                \
		(s)->hosts_only = true;                     \
		sim_check((s), (seconds));                  \
		(s)->hosts_only = false;                    \
		sim_assert_clean_((s), __FILE__, __LINE__); \
	} while (0)

#define SIM_TEST(name) cmocka_unit_test_setup_teardown(name, sim_setup, sim_teardown)

/* Of a group of tests: their networks are of IPv6. */
static inline int sim_group6(void **state)
{
	static char ipv6;

	*state = &ipv6;
	return 0;
}

/* All tests once for each family: family.h turns their numbers into addresses. */
#define sim_run_both(name, tests)                               \
	(cmocka_run_group_tests_name(name, tests, NULL, NULL) + \
		cmocka_run_group_tests_name(name " in IPv6", tests, sim_group6, NULL))
