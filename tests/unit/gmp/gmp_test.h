/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The bed with cmocka around it: a router 10.1.0.1/24 and fe80::1, with IGMP and MLD on "lan".
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/gmp/bed.h"

#define G4 "239.1.1.1"
#define H4 "10.1.0.10" /* hosts */
#define I4 "10.1.0.11"
#define J4 "10.1.0.12"
#define G6 "ff0e::1:1"
#define H6 "fe80::10"
#define I6 "fe80::11"

/* The router of most tests: lan is interface 1. The settings may be changed until bed_config. */
static inline struct bed *lan_new(void)
{
	struct bed *b = bed_new();

	assert_int_equal(bed_if(b, "lan", "10.1.0.1/24", "fe80::1/64"), 1);
	bed_conf(b, "lan", IP_V4);
	bed_conf(b, "lan", IP_V6);
	return b;
}

/* In force, past the startup queries, which are forgotten. */
static inline void lan_start(struct bed *b)
{
	bed_config(b);
	bed_run(b, 200 * BED_S);
	bed_queries(b);
}

/* Both, with the usual settings. */
static inline struct bed *lan_started(void)
{
	struct bed *b = lan_new();

	lan_start(b);
	return b;
}

/* Another router's General Query; 10.1.0.0 is the lower address. */
static inline void lan_general(
	struct bed *b, const char *from, unsigned version, unsigned qrv, unsigned qqic)
{
	struct bed_query_in q = {
		.from = from, .version = version, .max_resp = 100, .qrv = qrv, .qqic = qqic};

	bed_query(b, 1, &q);
}

/* These two want all that is sent to the group. */
static inline void lan_two_members(struct bed *b)
{
	bed_report1(b, 1, H4, "TO_EX", G4, "");
	bed_report1(b, 1, I4, "TO_EX", G4, "");
}

static inline void lan_end(struct bed *b)
{
	assert_int_equal(b->repeats, 0);
	bed_free(b);
}

#define assert_counter(b, name, n) assert_int_equal(bed_counter(b, "lan", IP_V4, GMP_C_##name), n)
