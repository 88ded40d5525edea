/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * control/kernel/routes.c: what route messages do to net's table, which is a small array here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/kernel/kernel_priv.h"

#include <errno.h>

/* --- net and the rest of control/kernel, as far as routes.c knows them ----------------------------- */

static struct net_route table[2048];
static unsigned n_table, n_resyncs;

static int table_index(const struct prefix *dst, uint32_t metric)
{
	for (unsigned i = 0; i < n_table; i++) {
		if (table[i].metric == metric && prefix_eq(&table[i].dst, dst))
			return (int)i;
	}
	return -1;
}

int net_route_set(struct net *net, const struct net_route *r)
{
	int at = table_index(&r->dst, r->metric);

	table[at < 0 ? (int)n_table++ : at] = *r;
	return 0;
}

int net_route_del(
	struct net *net, const struct prefix *dst, enum net_route_origin origin, uint32_t metric)
{
	int at = table_index(dst, metric);

	if (at < 0)
		return -ENOENT;
	table[at] = table[--n_table];
	return 0;
}

bool net_route_find(const struct net *net, const struct prefix *dst, enum net_route_origin origin,
	uint32_t metric, struct net_route *out)
{
	int at = table_index(dst, metric);

	if (at >= 0)
		*out = table[at];
	return at >= 0;
}

void resync_request(struct kernel *k, uint64_t delay_us)
{
	n_resyncs++;
}

/* --- helpers ------------------------------------------------------------------------------------------ */

static struct kernel k;

static int setup(void **state)
{
	memset(&k, 0, sizeof(k));
	n_table = n_resyncs = 0;
	return 0;
}

/* A route to dst with one path; gw NULL: blackhole. */
static struct net_route route(const char *dst, const char *gw, int ifindex)
{
	struct net_route r = {.origin = NET_ROUTE_KERNEL, .metric = 20};

	assert_int_equal(prefix_parse(dst, &r.dst), 0);
	if (!gw) {
		r.blackhole = 1;
		return r;
	}
	r.n_paths = 1;
	r.paths[0].ifindex = ifindex;
	r.paths[0].weight = 1;
	assert_int_equal(ip_parse(gw, &r.paths[0].gateway), 0);
	return r;
}

static void event(const char *dst, const char *gw, uint16_t flags)
{
	struct net_route r = route(dst, gw, 3);

	routes_new(&k, &r, ROUTE_EVENT, flags);
}

static void dumped(const char *dst, const char *gw)
{
	struct net_route r = route(dst, gw, 3);

	routes_new(&k, &r, ROUTE_DUMPED, 0);
}

static void gone(const char *dst, const char *gw)
{
	struct net_route r = route(dst, gw, 3);

	routes_gone(&k, &r);
}

/* The gateways of the only route, in order, separated by blanks. */
static void assert_gateways(const char *want)
{
	char have[256] = "", text[IP_STRLEN];

	assert_int_equal(n_table, 1);
	for (int i = 0; i < table[0].n_paths; i++) {
		strcat(have, i ? " " : "");
		strcat(have, ip_str(&table[0].paths[i].gateway, text, sizeof(text)));
	}
	assert_string_equal(have, want);
}

/* --- IPv4 ----------------------------------------------------------------------------------------------- */

static void v4_route_comes_and_goes(void **state)
{
	event("10.9.0.0/16", "10.0.0.5", NLM_F_CREATE);
	assert_gateways("10.0.0.5");
	gone("10.9.0.0/16", "10.0.0.5");
	assert_int_equal(n_table, 0);
	assert_int_equal(n_resyncs, 0);
}

static void v4_replace_replaces(void **state)
{
	event("10.9.0.0/16", "10.0.0.5", NLM_F_CREATE);
	event("10.9.0.0/16", "10.0.0.6", NLM_F_REPLACE);
	assert_gateways("10.0.0.6");
	gone("10.9.0.0/16", "10.0.0.6");
	assert_int_equal(n_table, 0);
	assert_int_equal(n_resyncs, 0);
}

static void v4_appended_stands_behind(void **state)
{
	event("10.9.0.0/16", "10.0.0.5", NLM_F_CREATE);
	event("10.9.0.0/16", "10.0.0.6", NLM_F_CREATE | NLM_F_APPEND);
	assert_gateways("10.0.0.5");
	/* The one behind goes: nothing changes. */
	gone("10.9.0.0/16", "10.0.0.6");
	assert_gateways("10.0.0.5");
}

static void v4_first_of_two_that_goes_makes_us_read_again(void **state)
{
	event("10.9.0.0/16", "10.0.0.5", NLM_F_CREATE);
	event("10.9.0.0/16", "10.0.0.6", NLM_F_CREATE | NLM_F_APPEND);
	gone("10.9.0.0/16", "10.0.0.5");
	assert_int_equal(n_table, 0);
	assert_int_equal(n_resyncs, 1);
}

static void v4_prepended_is_used_and_remembered(void **state)
{
	event("10.9.0.0/16", "10.0.0.5", NLM_F_CREATE);
	event("10.9.0.0/16", "10.0.0.6", NLM_F_CREATE);
	assert_gateways("10.0.0.6");
	gone("10.9.0.0/16", "10.0.0.6");
	assert_int_equal(n_resyncs, 1);
}

static void v4_append_without_first_is_the_route(void **state)
{
	event("10.9.0.0/16", "10.0.0.6", NLM_F_CREATE | NLM_F_APPEND);
	assert_gateways("10.0.0.6");
}

static void v4_dump_keeps_the_first_of_a_key(void **state)
{
	dumped("10.9.0.0/16", "10.0.0.5");
	dumped("10.9.0.0/16", "10.0.0.6");
	assert_gateways("10.0.0.5");
	gone("10.9.0.0/16", "10.0.0.5");
	assert_int_equal(n_resyncs, 1);
}

static void v4_dump_replaces_what_was_known_before(void **state)
{
	event("10.9.0.0/16", "10.0.0.5", NLM_F_CREATE);
	routes_dump_begin(&k);
	dumped("10.9.0.0/16", "10.0.0.6");
	assert_gateways("10.0.0.6");
	gone("10.9.0.0/16", "10.0.0.6");
	assert_int_equal(n_resyncs, 0);
}

static void v4_unknown_deletion_does_nothing(void **state)
{
	event("10.9.0.0/16", "10.0.0.5", NLM_F_CREATE);
	gone("10.8.0.0/16", "10.0.0.5");
	assert_gateways("10.0.0.5");
}

static void v4_too_many_ambiguous_keys_make_all_of_them_ambiguous(void **state)
{
	char dst[32];

	for (unsigned i = 0; i < AMBIGUOUS_MAX + 1; i++) {
		snprintf(dst, sizeof(dst), "10.%u.%u.0/24", i >> 8, i & 255);
		dumped(dst, "10.0.0.5");
		dumped(dst, "10.0.0.6");
	}
	assert_true(k.ambiguous.overflow);
	gone(dst, "10.0.0.5");
	assert_int_equal(n_resyncs, 1);
	routes_forget(&k);
	assert_false(k.ambiguous.overflow);
}

/* --- IPv6 ----------------------------------------------------------------------------------------------- */

static void v6_paths_add_up(void **state)
{
	event("2001:db8::/32", "fe80::5", NLM_F_CREATE);
	event("2001:db8::/32", "fe80::6", NLM_F_CREATE | NLM_F_APPEND);
	event("2001:db8::/32", "fe80::6", NLM_F_CREATE);
	assert_gateways("fe80::5 fe80::6");
}

static void v6_replace_replaces_all_paths(void **state)
{
	event("2001:db8::/32", "fe80::5", NLM_F_CREATE);
	event("2001:db8::/32", "fe80::6", NLM_F_CREATE | NLM_F_APPEND);
	event("2001:db8::/32", "fe80::7", NLM_F_REPLACE);
	assert_gateways("fe80::7");
}

static void v6_deletion_takes_its_path_only(void **state)
{
	event("2001:db8::/32", "fe80::5", NLM_F_CREATE);
	event("2001:db8::/32", "fe80::6", NLM_F_CREATE | NLM_F_APPEND);
	event("2001:db8::/32", "fe80::7", NLM_F_CREATE | NLM_F_APPEND);
	gone("2001:db8::/32", "fe80::6");
	assert_gateways("fe80::5 fe80::7");
	gone("2001:db8::/32", "fe80::5");
	gone("2001:db8::/32", "fe80::7");
	assert_int_equal(n_table, 0);
	assert_int_equal(n_resyncs, 0);
}

static void v6_deletion_that_does_not_fit_makes_us_read_again(void **state)
{
	event("2001:db8::/32", "fe80::5", NLM_F_CREATE);
	gone("2001:db8::/32", "fe80::6");
	assert_gateways("fe80::5");
	assert_int_equal(n_resyncs, 1);
}

static void v6_dump_joins_neighbouring_messages_of_a_key(void **state)
{
	event("2001:db8::/32", "fe80::4", NLM_F_CREATE); /* stale */
	dumped("2001:db8::/32", "fe80::5");
	dumped("2001:db8::/32", "fe80::6");
	assert_gateways("fe80::5 fe80::6");
}

static void v6_blackhole_and_paths_replace_each_other(void **state)
{
	event("2001:db8::/32", "fe80::5", NLM_F_CREATE);
	event("2001:db8::/32", NULL, NLM_F_REPLACE);
	assert_int_equal(table[0].blackhole, 1);
	assert_int_equal(table[0].n_paths, 0);
	event("2001:db8::/32", "fe80::5", NLM_F_CREATE);
	assert_int_equal(table[0].blackhole, 0);
	assert_gateways("fe80::5");
	event("2001:db8::/32", NULL, NLM_F_REPLACE);
	gone("2001:db8::/32", NULL);
	assert_int_equal(n_table, 0);
}

static void v6_paths_beyond_the_limit_are_left_out(void **state)
{
	char gw[32];

	for (unsigned i = 1; i <= NET_PATHS_MAX + 4; i++) {
		snprintf(gw, sizeof(gw), "fe80::%x", i);
		event("2001:db8::/32", gw, NLM_F_CREATE | NLM_F_APPEND);
	}
	assert_int_equal(n_table, 1);
	assert_int_equal(table[0].n_paths, NET_PATHS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(v4_route_comes_and_goes, setup),
		cmocka_unit_test_setup(v4_replace_replaces, setup),
		cmocka_unit_test_setup(v4_appended_stands_behind, setup),
		cmocka_unit_test_setup(v4_first_of_two_that_goes_makes_us_read_again, setup),
		cmocka_unit_test_setup(v4_prepended_is_used_and_remembered, setup),
		cmocka_unit_test_setup(v4_append_without_first_is_the_route, setup),
		cmocka_unit_test_setup(v4_dump_keeps_the_first_of_a_key, setup),
		cmocka_unit_test_setup(v4_dump_replaces_what_was_known_before, setup),
		cmocka_unit_test_setup(v4_unknown_deletion_does_nothing, setup),
		cmocka_unit_test_setup(
			v4_too_many_ambiguous_keys_make_all_of_them_ambiguous, setup),
		cmocka_unit_test_setup(v6_paths_add_up, setup),
		cmocka_unit_test_setup(v6_replace_replaces_all_paths, setup),
		cmocka_unit_test_setup(v6_deletion_takes_its_path_only, setup),
		cmocka_unit_test_setup(v6_deletion_that_does_not_fit_makes_us_read_again, setup),
		cmocka_unit_test_setup(v6_dump_joins_neighbouring_messages_of_a_key, setup),
		cmocka_unit_test_setup(v6_blackhole_and_paths_replace_each_other, setup),
		cmocka_unit_test_setup(v6_paths_beyond_the_limit_are_left_out, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
