/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * IGMP, MLD and PIM in the file: what arrives at the protocols, defaults, and what is refused.
 */
#include "conf_test.h"

#include <stdlib.h>

#define ONE(more)                                                                           \
	"ports: ({name = \"p0\"; device = \"net_null0\";});\n"                              \
	"interfaces: (\n{name = \"lan1\"; port = \"p0\"; address = \"10.1.0.1/24\";\n" more \
	"});\n"

static struct conf *full(void)
{
	char err[CONF_ERRLEN];
	struct conf *c = NULL;
	int rc = conf_read(DATA_DIR "/full.conf", &c, err, sizeof(err));

	if (rc)
		print_error("%s\n", err);
	assert_int_equal(rc, 0);
	return c;
}

static void assert_prefix(const struct prefix *p, const char *expected)
{
	char buf[PREFIX_STRLEN];

	assert_string_equal(prefix_str(p, buf, sizeof(buf)), expected);
}

static void assert_address(const struct ipaddr *a, const char *expected)
{
	char buf[IP_STRLEN];

	assert_string_equal(ip_str(a, buf, sizeof(buf)), expected);
}

static void igmp_and_mld_arrive_at_the_protocol(void **state)
{
	struct conf *c = full();
	struct gmp_config g;
	const struct gmp_if_config *i;

	assert_int_equal(conf_gmp(c, &g), 0);
	assert_int_equal(g.n_ifs, 2);
	i = &g.ifs[0];
	assert_string_equal(i->interface, "lan1");
	assert_int_equal(i->family, IP_V4);
	assert_true(i->enabled && i->require_router_alert);
	assert_int_equal(i->version, 2);
	assert_int_equal(i->robustness, 3);
	assert_int_equal(i->query_interval_s, 60);
	assert_int_equal(i->query_response_interval_ms, 5000);
	assert_int_equal(i->last_member_query_interval_ms, 500);
	assert_int_equal(i->last_member_query_count, 4);
	assert_int_equal(i->startup_query_count, 5);
	assert_int_equal(i->startup_query_interval_s, 10);
	assert_int_equal(i->leave, GMP_LEAVE_QUERY);
	assert_false(i->tracking || i->check_source);
	assert_int_equal(i->max_groups, 1000);
	assert_int_equal(i->resume_groups, 800);
	assert_int_equal(i->max_sources, 20);
	assert_int_equal(i->max_entries, 5000);
	assert_int_equal(i->n_joins, 2);
	assert_address(&i->joins[0].grp, "239.1.1.1");
	assert_true(ip_is_none(&i->joins[0].src));
	assert_address(&i->joins[1].src, "10.0.0.1");
	assert_int_equal(i->n_rules, 2);
	assert_false(i->rules[0].permit);
	assert_prefix(&i->rules[0].grp, "239.9.0.0/16");
	assert_int_equal(i->rules[0].src.len, 0);
	assert_true(i->rules[1].permit);
	assert_prefix(&i->rules[1].src, "10.0.0.0/8");
	assert_int_equal(g.ifs[1].family, IP_V6);
	assert_int_equal(g.ifs[1].version, 1);
	assert_int_equal(g.ifs[1].leave, GMP_LEAVE_IMMEDIATE);
	assert_int_equal(g.ifs[1].max_groups_per_host, 50);
	assert_address(&g.ifs[1].joins[0].grp, "ff3e::5");
	assert_int_equal(g.n_ssm_ranges, 3);
	assert_prefix(&g.ssm_ranges[1], "239.232.0.0/16");
	assert_int_equal(g.n_ssm_maps, 2);
	assert_prefix(&g.ssm_maps[0].grp, "232.1.0.0/16");
	assert_int_equal(g.ssm_maps[0].n_sources, 2);
	assert_address(&g.ssm_maps[1].sources[0], "2001:db8::1");
	free((void *)(uintptr_t)g.ifs);
	conf_free(c);
}

static void pim_of_an_interface_arrives_at_the_protocol(void **state)
{
	struct conf *c = full();
	struct pim_config p;
	const struct pim_if_config *i;

	assert_int_equal(conf_pim(c, &p), 0);
	assert_int_equal(p.n_ifs, 1);
	i = &p.ifs[0];
	assert_string_equal(i->interface, "lan1");
	assert_int_equal(i->mode, PIM_MODE_OFF);
	assert_true(!i->ipv4 && i->ipv6 && i->passive && i->border);
	assert_int_equal(i->dr_priority, 4000000000u);
	assert_int_equal(i->hello_interval_s, 10);
	assert_int_equal(i->hello_holdtime_s, 40);
	assert_int_equal(i->join_prune_interval_s, 20);
	assert_int_equal(i->propagation_delay_ms, 600);
	assert_int_equal(i->override_interval_ms, 3000);
	assert_true(i->disable_join_suppression);
	assert_int_equal(i->max_neighbors, 7);
	assert_int_equal(i->n_neighbors, 2);
	assert_false(i->neighbors[0].permit);
	assert_prefix(&i->neighbors[0].prefix, "10.1.0.7");
	assert_true(i->neighbors[1].permit);
	assert_int_equal(i->n_boundary, 2);
	assert_prefix(&i->boundary[1], "239.254.0.0/16");
	free((void *)(uintptr_t)p.ifs);
	conf_free(c);
}

static void pim_arrives_at_the_protocol(void **state)
{
	struct conf *c = full();
	struct pim_config p;

	assert_int_equal(conf_pim(c, &p), 0);
	assert_string_equal(p.name, "edge1");
	assert_int_equal(p.n_rps, 2);
	assert_address(&p.rps[0].address, "10.0.0.254");
	assert_int_equal(p.rps[0].n_groups, 0);
	assert_int_equal(p.rps[1].n_groups, 2);
	assert_prefix(&p.rps[1].groups[1], "239.2.0.0/16");
	assert_int_equal(p.n_ssm, 3);
	assert_int_equal(p.spt, PIM_SPT_RATE);
	assert_int_equal(p.spt_rate_kbps, 100);
	assert_int_equal(p.n_spt_groups, 1);
	assert_true(p.spt_groups[0].permit);
	assert_int_equal(p.n_register_rules, 2);
	assert_prefix(&p.register_rules[0].src, "10.0.0.66");
	assert_false(p.register_rules[0].permit);
	assert_int_equal(p.register_rules[1].src.len, 0);
	assert_address(&p.register_source[0], "10.0.0.254");
	assert_address(&p.register_source[1], "2001:db8::fe");
	assert_int_equal(p.register_suppression_s, 30);
	assert_int_equal(p.register_probe_s, 4);
	assert_int_equal(p.keepalive_s, 100);
	assert_int_equal(p.assert_s, 90);
	assert_int_equal(p.assert_override_s, 2);
	assert_int_equal(p.limits.states, 1000);
	assert_int_equal(p.limits.per_neighbor, 500);
	assert_int_equal(p.limits.per_source, 10);
	free((void *)(uintptr_t)p.ifs);
	conf_free(c);
}

/* By member: between them lies padding. */
#define SAME(member) assert_int_equal(a->member, b->member)

static void gmp_same(const struct gmp_if_config *a, const struct gmp_if_config *b)
{
	SAME(family);
	SAME(enabled);
	SAME(role);
	SAME(version);
	SAME(robustness);
	SAME(query_interval_s);
	SAME(query_response_interval_ms);
	SAME(last_member_query_interval_ms);
	SAME(last_member_query_count);
	SAME(startup_query_count);
	SAME(startup_query_interval_s);
	SAME(leave);
	SAME(tracking);
	SAME(require_router_alert);
	SAME(check_source);
	SAME(max_groups);
	SAME(resume_groups);
	SAME(max_sources);
	SAME(max_entries);
	SAME(max_groups_per_host);
	SAME(n_joins);
	SAME(n_rules);
}

static void pim_same(const struct pim_if_config *a, const struct pim_if_config *b)
{
	SAME(mode);
	SAME(ipv4);
	SAME(ipv6);
	SAME(passive);
	SAME(border);
	SAME(bfd);
	SAME(dr_priority);
	SAME(hello_interval_s);
	SAME(hello_holdtime_s);
	SAME(join_prune_interval_s);
	SAME(propagation_delay_ms);
	SAME(override_interval_ms);
	SAME(disable_join_suppression);
	SAME(max_neighbors);
	SAME(n_neighbors);
	SAME(n_boundary);
}

static void an_empty_group_turns_the_protocol_on_with_its_defaults(void **state)
{
	struct conf *c = right(ONE("igmp: {}; mld: {}; pim: {};"));
	struct gmp_if_config v4, v6;
	struct pim_if_config pim;

	gmp_if_config_default(&v4, IP_V4);
	gmp_if_config_default(&v6, IP_V6);
	pim_if_config_default(&pim);
	gmp_same(&c->ifs[0].gmp[0], &v4);
	gmp_same(&c->ifs[0].gmp[1], &v6);
	assert_true(c->ifs[0].has_pim);
	pim_same(&c->ifs[0].pim, &pim);
	conf_free(c);
}

static void what_is_not_there_is_off(void **state)
{
	struct conf *c = right(ONE(""));
	struct pim_config p, defaults;
	struct gmp_config g;

	assert_int_equal(conf_gmp(c, &g), 0);
	assert_int_equal(conf_pim(c, &p), 0);
	pim_config_default(&defaults);
	assert_int_equal(g.n_ifs, 0);
	assert_int_equal(p.n_ifs, 0);
	assert_int_equal(p.keepalive_s, defaults.keepalive_s);
	assert_int_equal(p.n_ssm, defaults.n_ssm);
	assert_prefix(&g.ssm_ranges[0], "232.0.0.0/8");
	free((void *)(uintptr_t)g.ifs);
	free((void *)(uintptr_t)p.ifs);
	conf_free(c);
}

static void empty_ssm_ranges_are_none(void **state)
{
	struct conf *c = right(ONE("") "pim: {ssm_ranges = [];};");
	struct pim_config p;
	char *text = printed(c);

	assert_int_equal(conf_pim(c, &p), 0);
	assert_int_equal(p.n_ssm, 0);
	assert_non_null(strstr(text, "pim: { ssm_ranges = [ ]; };"));
	free((void *)(uintptr_t)p.ifs);
	free(text);
	conf_free(c);
}

static void groups_without_settings_are_printed(void **state)
{
	struct conf *c = right(ONE("igmp: {}; pim: {mode = \"sparse\"; dr_priority = 5;};"));
	char *text = printed(c);

	assert_non_null(strstr(text, "igmp: { }; pim: { dr_priority = 5; }; }"));
	free(text);
	conf_free(c);
}

static void what_igmp_refuses_is_said_with_its_line(void **state)
{
	wrong(ONE("igmp: {\nversion = 4;};"),
		"F:5: version of igmp of interface 'lan1' is 4, out of range: 1 to 3");
	wrong(ONE("mld: {version = 3;};"),
		"F:4: version of mld of interface 'lan1' is 3, out of range: 1 to 2");
	wrong(ONE("igmp: {query_intervall_s = 4;};"),
		"F:4: unknown key 'query_intervall_s' in igmp of interface 'lan1': did you mean "
		"'query_interval_s'?");
	wrong(ONE("igmp: {leave = \"fast\";};"),
		"F:4: leave of igmp of interface 'lan1' is \"fast\": it must be \"tracking\", \"query\" "
		"or \"immediate\"");
	wrong(ONE("igmp: {joins: ({group = \"224.0.0.5\";});};"),
		"F:4: group of join 1 of igmp of interface 'lan1': \"224.0.0.5\" is no group that is "
		"routed; write for example \"239.1.1.1\"");
	wrong(ONE("igmp: {joins: ({group = \"232.1.1.1\";});};"),
		"F:3: lan1: static join of 232.1.1.1: the group is in the SSM range, so give a source");
	wrong(ONE("igmp: {access: ({group = \"239.0.0.0/8\";});};"),
		"F:4: rule 1 of access of igmp of interface 'lan1' lacks 'action': add action = "
		"\"permit\";");
	wrong(ONE("igmp: {access: ({action = \"deny\"; group = \"10.0.0.0/8\";});};"),
		"F:4: group of rule 1 of access of igmp of interface 'lan1': 10.0.0.0/8 holds more "
		"than groups; groups are in 224.0.0.0/4");
	wrong(ONE("igmp: {access: ({action = \"deny\"; group = \"239.0.0.0/8\"; source = "
		  "\"2001:db8::/32\";});};"),
		"F:4: rule 1 of access of igmp of interface 'lan1': source and group must both be IPv4 "
		"or both IPv6");
	wrong(ONE("") "igmp: {ssm_map: ({group = \"232.1.0.0/16\"; sources = [];});};",
		"F:5: ssm_map 1 of igmp has no sources: give at least one, such as \"10.0.0.1\"");
	wrong(ONE("") "mld: {ssm_map: ({group = \"232.1.0.0/16\"; sources = \"10.0.0.1\";});};",
		"F:5: ssm_map 1 of mld must be all IPv6: mld is the protocol of IPv6");
}

static void times_that_do_not_fit_together_are_refused(void **state)
{
	char err[CONF_ERRLEN];
	struct conf *c = NULL;
	const char *text =
		ONE("igmp: {query_interval_s = 5;\nquery_response_interval_ms = 6000;};");

	assert_true(text_read(text, strlen(text), &c, err, sizeof(err)) < 0);
	assert_non_null(strstr(err,
		"F:4: lan1: query_response_interval_ms 6000 must be below query_interval_s 5"));
	text = ONE("pim: {hello_interval_s = 30;\nhello_holdtime_s = 20;};");
	assert_true(text_read(text, strlen(text), &c, err, sizeof(err)) < 0);
	assert_non_null(
		strstr(err, "F:4: pim of interface 'lan1': hello_holdtime_s 20 is not above"));
}

static void what_pim_refuses_is_said_with_its_line(void **state)
{
	wrong(ONE("pim: {mode = \"dense\";};"),
		"F:4: mode of pim of interface 'lan1' is \"dense\": it must be \"off\" or \"sparse\"");
	wrong(ONE("pim: {boundary = \"10.0.0.0/8\";};"),
		"F:4: boundary of pim of interface 'lan1': 10.0.0.0/8 holds more than groups; groups "
		"are in 224.0.0.0/4");
	wrong(ONE("pim: {neighbors: ({action = \"permit\"; address = \"224.0.0.13\";});};"),
		"F:4: address of rule 1 of neighbors of pim of interface 'lan1': 224.0.0.13 is "
		"multicast; write a unicast prefix such as \"10.0.0.0/8\"");
	wrong(ONE("") "pim: {rp: ({groups = \"239.0.0.0/8\";});};",
		"F:5: rp 1 of pim lacks 'address': add address = \"10.0.0.254\";");
	wrong(ONE("") "pim: {rp: ({address = \"239.0.0.1\";});};",
		"F:5: address of rp 1 of pim: 239.0.0.1 is a multicast address; write a unicast "
		"address such as \"10.0.0.254\"");
	wrong(ONE("") "pim: {rp: ({address = \"10.0.0.1\"; groups = \"ff0e::/16\";});};",
		"F:5: rp 1 of pim: address and groups must all be IPv4 or all IPv6");
	wrong(ONE("") "pim: {ssm_ranges = [ \"232.0.0.0/8\",\n\"232.0.0.0/8\" ];};",
		"F:6: ssm_ranges of pim has 232.0.0.0/8 twice: remove one");
	wrong(ONE("") "pim: {spt_switchover = \"later\";};",
		"F:5: spt_switchover of pim is \"later\": it must be \"immediate\", \"never\", "
		"\"groups\" or \"rate\"");
	wrong(ONE("") "pim: {register_source = [ \"10.0.0.1\", \"10.0.0.2\" ];};",
		"F:5: register_source of pim has two addresses of IPv4: keep one");
	wrong(ONE("") "pim: {limits: {state = 5;};};",
		"F:5: unknown key 'state' in limits of pim: did you mean 'states'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(igmp_and_mld_arrive_at_the_protocol),
		cmocka_unit_test(pim_of_an_interface_arrives_at_the_protocol),
		cmocka_unit_test(pim_arrives_at_the_protocol),
		cmocka_unit_test(an_empty_group_turns_the_protocol_on_with_its_defaults),
		cmocka_unit_test(what_is_not_there_is_off),
		cmocka_unit_test(empty_ssm_ranges_are_none),
		cmocka_unit_test(groups_without_settings_are_printed),
		cmocka_unit_test(what_igmp_refuses_is_said_with_its_line),
		cmocka_unit_test(times_that_do_not_fit_together_are_refused),
		cmocka_unit_test(what_pim_refuses_is_said_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
