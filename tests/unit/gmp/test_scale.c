/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * 100,000 groups reported in one go: time, memory, the cost of their refresh; and their end.
 */
#include "tests/unit/gmp/gmp_test.h"

#include <malloc.h>
#include <time.h>

#define GROUPS 100000u
#define PER_REPORT 120u

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Reports of all groups, 120 records each, every one with the source 10.9.0.1 if one is wanted. */
static void report_all(struct bed *b, uint8_t type, bool source)
{
	struct bed_head h = {.from = H4, .to = "224.0.0.22", .ttl = 1};
	static struct bed_packet p;

	for (unsigned g = 0; g < GROUPS; g += PER_REPORT) {
		unsigned n = GROUPS - g < PER_REPORT ? GROUPS - g : PER_REPORT;
		struct writer w = bed_begin(&p, &h);

		write_u32(&w, 0x22000000);
		write_u32(&w, n);
		for (unsigned i = g; i < g + n; i++) {
			write_u8(&w, type);
			write_u8(&w, 0);
			write_u16(&w, source);
			write_u32(&w, 0xef400000 + i);
			if (source)
				write_u32(&w, 0x0a090001);
		}
		bed_seal(&p, &w);
		bed_packet_in(b, 1, &p);
	}
}

static void measure(uint8_t type, bool source, const char *what)
{
	struct bed *b = lan_new();
	size_t heap = mallinfo2().uordblks;
	double t0, t1, t2;

	b->n_conf = 1;
	lan_start(b);
	t0 = seconds();
	report_all(b, type, source);
	t1 = seconds();
	assert_int_equal(gmp_group_count(b->self, IP_V4), GROUPS);
	assert_int_equal(b->told, GROUPS);
	report_all(b, source ? GMP_IS_IN : GMP_IS_EX, source);
	t2 = seconds();
	assert_int_equal(b->told, GROUPS);
	print_message("%u %s: %.0f ms, refresh %.0f ms, %zu bytes each (heap with the test's own "
		      "record: %zu)\n",
		GROUPS, what, (t1 - t0) * 1e3, (t2 - t1) * 1e3, gmp_memory(b->self) / GROUPS,
		(mallinfo2().uordblks - heap) / GROUPS);
	assert_true(gmp_memory(b->self) < GROUPS * 1024ul);
	bed_run(b, 261 * BED_S);
	assert_int_equal(gmp_group_count(b->self, IP_V4), 0);
	assert_int_equal(b->told, 2 * GROUPS);
	assert_int_equal(timer_count(b->timers), 1); /* the next general query */
	lan_end(b);
}

static void a_hundred_thousand_groups_of_all_sources(void **state)
{
	measure(GMP_TO_EX, false, "(*,G)");
}

static void a_hundred_thousand_groups_of_one_source(void **state)
{
	measure(GMP_ALLOW, true, "(S,G)");
}

static void a_timer_put_off_again_and_again_ends_on_time(void **state)
{
	struct bed *b = lan_new();

	b->n_conf = 1;
	lan_start(b);
	bed_report1(b, 1, H4, "IS_EX", G4, "");
	for (int i = 0; i < 50; i++) {
		bed_run(b, 100 * BED_S);
		bed_report1(b, 1, H4, "IS_EX", G4, "");
	}
	assert_string_equal(bed_state(b, 1, G4), "EXCLUDE |, G=260");
	bed_run(b, 260 * BED_S - 1);
	assert_string_equal(bed_told(b, 1, G4), "*");
	bed_run(b, 1);
	assert_string_equal(bed_told(b, 1, G4), "");
	lan_end(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_thousand_groups_of_all_sources),
		cmocka_unit_test(a_hundred_thousand_groups_of_one_source),
		cmocka_unit_test(a_timer_put_off_again_and_again_ends_on_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
