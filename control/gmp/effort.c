/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What tracking may cost. One report can ask for a comparison of thousands of sources with thousands of hosts, in
 * each of its records, and thousands of reports come in a second: an interface has so much for a second. Beyond, members
 * are asked as they would be without tracking, and what can wait does.
 */
#include "control/gmp/gmp_priv.h"

#define SECOND_US 1000000u
/* For a second of an interface: comparisons of a source with a host are some 50 to 100 ns each. */
#define COMPARE_SECOND 2000000u
#define CHANGE_SECOND 65536u
/* For what one report leaves unwanted. */
#define COMPARE_REPORT 100000u
#define CHANGE_REPORT 8192u

static void refill(struct gmp_if *gif, uint64_t now_us)
{
	if (gif->effort_us && now_us - gif->effort_us < SECOND_US)
		return;
	gif->effort_us = now_us;
	gif->effort = (struct gmp_effort){.comparisons = COMPARE_SECOND, .changes = CHANGE_SECOND};
}

static uint32_t less(uint32_t from, uint64_t n)
{
	return n < from ? from - (uint32_t)n : 0;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

bool gmp_effort_take(struct gmp_if *gif, uint64_t comparisons, bool must, uint64_t now_us)
{
	refill(gif, now_us);
	if (comparisons > gif->effort.comparisons && !must)
		return false;
	gif->effort.comparisons = less(gif->effort.comparisons, comparisons);
	return true;
}

struct gmp_effort gmp_effort_report(struct gmp_if *gif, uint64_t now_us)
{
	refill(gif, now_us);
	return (struct gmp_effort){.comparisons = smaller(gif->effort.comparisons, COMPARE_REPORT),
		.changes = smaller(gif->effort.changes, CHANGE_REPORT)};
}

void gmp_effort_charge(
	struct gmp_if *gif, const struct gmp_effort *had, const struct gmp_effort *left)
{
	gif->effort.comparisons =
		less(gif->effort.comparisons, had->comparisons - left->comparisons);
	gif->effort.changes = less(gif->effort.changes, had->changes - left->changes);
}
