/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Defaults, and the sentence for each setting that makes no sense.
 */
#include "tests/unit/gmp/gmp_test.h"

struct wrong {
	enum ip_family family;
	void (*spoil)(struct gmp_if_config *c);
	const char *sentence;
};

static struct gmp_join join;
static struct gmp_rule rule;

static void version_0(struct gmp_if_config *c)
{
	c->version = 0;
}

static void version_3(struct gmp_if_config *c)
{
	c->version = 3;
}

static void proxy(struct gmp_if_config *c)
{
	c->role = GMP_ROLE_UPSTREAM;
}

static void robustness(struct gmp_if_config *c)
{
	c->robustness = 8;
}

static void no_interval(struct gmp_if_config *c)
{
	c->query_interval_s = 0;
}

static void slow_answers(struct gmp_if_config *c)
{
	c->query_interval_s = 10;
}

static void old_slow_answers(struct gmp_if_config *c)
{
	c->version = 2;
	c->query_response_interval_ms = 26000;
}

static void fast_leave(struct gmp_if_config *c)
{
	c->last_member_query_interval_ms = 50;
}

static void resume_alone(struct gmp_if_config *c)
{
	c->max_groups = 0;
	c->resume_groups = 5;
}

static void resume_above(struct gmp_if_config *c)
{
	c->max_groups = 5;
	c->resume_groups = 6;
}

static void untracked(struct gmp_if_config *c)
{
	c->tracking = false;
}

static void uncounted(struct gmp_if_config *c)
{
	c->leave = GMP_LEAVE_QUERY;
	c->tracking = false;
	c->max_groups_per_host = 5;
}

static void joins(struct gmp_if_config *c, const char *grp, const char *src)
{
	join = (struct gmp_join){.grp = bed_addr(grp)};
	if (src)
		join.src = bed_addr(src);
	c->joins = &join;
	c->n_joins = 1;
}

static void local_join(struct gmp_if_config *c)
{
	joins(c, "224.0.0.9", NULL);
}

static void odd_source(struct gmp_if_config *c)
{
	joins(c, G4, "224.1.1.1");
}

static void ssm_join(struct gmp_if_config *c)
{
	joins(c, "232.1.1.1", NULL);
}

static void other_family(struct gmp_if_config *c)
{
	rule = (struct gmp_rule){0};
	assert_int_equal(prefix_parse("ff3e::/32", &rule.grp), 0);
	c->rules = &rule;
	c->n_rules = 1;
}

static void unicast_rule(struct gmp_if_config *c)
{
	other_family(c);
	assert_int_equal(prefix_parse("10.0.0.0/8", &rule.grp), 0);
}

static const struct wrong wrongs[] = {
	{IP_V4, version_0, "lan: IGMP version 0: give 1, 2 or 3"},
	{IP_V6, version_3, "lan: MLD version 3: give 1 or 2"},
	{IP_V4, proxy, "lan: the proxy roles are not available: leave role out"},
	{IP_V4, robustness, "lan: robustness 8: give 1 to 7"},
	{IP_V4, no_interval, "lan: query_interval_s 0: give 1 to 31744"},
	{IP_V4, slow_answers,
		"lan: query_response_interval_ms 10000 must be below query_interval_s 10 (RFC 3376 8.3)"},
	{IP_V4, old_slow_answers, "lan: query_response_interval_ms 26000: give 100 to 25500"},
	{IP_V6, fast_leave, "lan: last_member_query_interval_ms 50: give 100 to 8387584"},
	{IP_V4, resume_alone, "lan: resume_groups without max_groups: give both or none"},
	{IP_V4, resume_above, "lan: resume_groups 6 is above max_groups 5: lower it"},
	{IP_V4, untracked, "lan: leave by tracking needs tracking: turn it on or use query"},
	{IP_V4, uncounted, "lan: max_groups_per_host needs tracking: turn it on"},
	{IP_V4, local_join, "lan: static join of 224.0.0.9: not a group that is routed"},
	{IP_V4, odd_source, "lan: static join of 239.1.1.1: source 224.1.1.1 is no host's address"},
	{IP_V4, ssm_join,
		"lan: static join of 232.1.1.1: the group is in the SSM range, so give a source"},
	{IP_V4, other_family, "lan: rule 1 of the access list is of the other family"},
	{IP_V4, unicast_rule, "lan: rule 1 of the access list: its group prefix holds no groups"},
};

static void wrong_settings_are_refused_with_a_sentence(void **state)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct gmp_if_config c;
		struct gmp_config all;
		char err[192] = "";

		gmp_if_config_default(&c, wrongs[i].family);
		snprintf(c.interface, sizeof(c.interface), "lan");
		gmp_config_default(&all);
		all.ifs = &c;
		all.n_ifs = 1;
		assert_int_equal(gmp_config_check(&all, err, sizeof(err)), 0);
		wrongs[i].spoil(&c);
		assert_true(gmp_config_check(&all, err, sizeof(err)) < 0);
		assert_string_equal(err, wrongs[i].sentence);
	}
}

static void by_default_one_host_cannot_take_all_groups(void **state)
{
	struct gmp_if_config c;
	char err[192] = "";

	gmp_if_config_default(&c, IP_V4);
	snprintf(c.interface, sizeof(c.interface), "lan");
	assert_in_range(c.max_groups_per_host, 100000, c.max_groups - 1);
	c.tracking = false; /* nobody is counted: what nobody asked for needs no correction */
	c.leave = GMP_LEAVE_QUERY;
	assert_int_equal(gmp_if_config_check(&c, err, sizeof(err)), 0);
}

static void an_interface_may_be_there_once_for_each_family(void **state)
{
	struct gmp_if_config c[3];
	struct gmp_config all;
	char err[192] = "";

	gmp_config_default(&all);
	for (int i = 0; i < 3; i++) {
		gmp_if_config_default(&c[i], i == 1 ? IP_V6 : IP_V4);
		snprintf(c[i].interface, sizeof(c[i].interface), "lan");
	}
	all.ifs = c;
	all.n_ifs = 2;
	assert_int_equal(gmp_config_check(&all, err, sizeof(err)), 0);
	all.n_ifs = 3;
	assert_true(gmp_config_check(&all, err, sizeof(err)) < 0);
	assert_string_equal(err, "lan is configured twice for IGMP: remove one");
}

static void ssm_ranges_and_maps_are_of_groups(void **state)
{
	struct ipaddr src = bed_addr("10.0.0.1");
	struct gmp_ssm_map map = {.n_sources = 0};
	struct gmp_config all;
	struct prefix p;
	char err[192] = "";

	gmp_config_default(&all);
	all.ssm_maps = &map;
	all.n_ssm_maps = 1;
	assert_int_equal(prefix_parse("10.0.0.0/8", &map.grp), 0);
	assert_true(gmp_config_check(&all, err, sizeof(err)) < 0);
	assert_string_equal(err, "SSM map of 10.0.0.0/8: no prefix of groups");
	assert_int_equal(prefix_parse("232.1.0.0/16", &map.grp), 0);
	assert_true(gmp_config_check(&all, err, sizeof(err)) < 0);
	assert_string_equal(err, "SSM map of 232.1.0.0/16: give at least one source");
	map.sources = &src;
	map.n_sources = 1;
	assert_int_equal(gmp_config_check(&all, err, sizeof(err)), 0);
	assert_int_equal(prefix_parse("10.0.0.0/8", &p), 0);
	all.ssm_ranges = &p;
	all.n_ssm_ranges = 1;
	assert_true(gmp_config_check(&all, err, sizeof(err)) < 0);
	assert_string_equal(err, "SSM range 10.0.0.0/8 is no range of groups");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_settings_are_refused_with_a_sentence),
		cmocka_unit_test(by_default_one_host_cannot_take_all_groups),
		cmocka_unit_test(an_interface_may_be_there_once_for_each_family),
		cmocka_unit_test(ssm_ranges_and_maps_are_of_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
