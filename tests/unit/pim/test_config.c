/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Settings: the RFC's defaults, each mistake with its sentence, and what a reload changes.
 */
#include "tests/unit/pim/pim_world.h"

static void defaults_are_those_of_the_rfc(void **state)
{
	struct pim_config c;
	struct pim_if_config f;
	struct ipaddr ssm = ip("232.7.7.7"), asm4 = ip("233.0.0.1"), ssm6 = ip("ff3e::1234");
	unsigned in = 0, in6 = 0, out = 0;
	char err[320];

	pim_config_default(&c);
	pim_if_config_default(&f);
	assert_int_equal(pim_config_check(&c, err, sizeof(err)), 0);
	assert_int_equal(c.keepalive_s, 210);
	assert_int_equal(c.register_suppression_s, 60);
	assert_int_equal(c.register_probe_s, 5);
	assert_int_equal(c.assert_s, 180);
	assert_int_equal(c.assert_override_s, 3);
	assert_int_equal(f.hello_interval_s, 30);
	assert_int_equal(f.join_prune_interval_s, 60);
	assert_int_equal(f.propagation_delay_ms, 500);
	assert_int_equal(f.override_interval_ms, 2500);
	assert_int_equal(f.dr_priority, 1);
	for (size_t i = 0; i < c.n_ssm; i++) {
		in += prefix_has(&c.ssm[i], &ssm);
		in6 += prefix_has(&c.ssm[i], &ssm6);
		out += prefix_has(&c.ssm[i], &asm4);
	}
	assert_int_equal(in, 1);
	assert_int_equal(in6, 1);
	assert_int_equal(out, 0);
}

static struct pim_if_config good_if(void)
{
	struct pim_if_config f;

	pim_if_config_default(&f);
	snprintf(f.interface, sizeof(f.interface), "lan1");
	return f;
}

static void expect_if(const struct pim_if_config *f, const char *want)
{
	char err[320] = "";

	assert_int_equal(pim_if_config_check(f, err, sizeof(err)), *want ? -EINVAL : 0);
	if (!strstr(err, want))
		fail_msg("\"%s\" does not say \"%s\"", err, want);
}

static void mistakes_of_an_interface_are_named(void **state)
{
	struct prefix unicast = {.addr = ip("10.0.0.0"), .len = 8};
	struct pim_rule multicast = {.prefix = {.addr = ip("239.0.0.0"), .len = 8}};
	struct pim_if_config f = good_if();

	expect_if(&f, "");
	f.interface[0] = 0;
	expect_if(&f, "name of the interface is missing");
	f = good_if();
	f.mode = 7;
	expect_if(&f, "mode is unknown");
	f = good_if();
	f.bfd = true;
	expect_if(&f, "bfd is not available");
	f = good_if();
	f.ipv4 = false;
	expect_if(&f, "neither family is on");
	f = good_if();
	f.hello_interval_s = 0;
	expect_if(&f, "hello_interval_s 0: give 1 to 18724");
	f.hello_interval_s = 18725;
	expect_if(&f, "hello_interval_s 18725");
	f = good_if();
	f.hello_holdtime_s = 30;
	expect_if(&f, "hello_holdtime_s 30 is not above hello_interval_s 30");
	f = good_if();
	f.join_prune_interval_s = 0;
	expect_if(&f, "join_prune_interval_s 0");
	f = good_if();
	f.propagation_delay_ms = 99;
	expect_if(&f, "propagation_delay_ms 99");
	f = good_if();
	f.join_prune_interval_s = 10;
	f.override_interval_ms = 40000;
	expect_if(&f, "together (40500) are not below 3.5 times");
	f = good_if();
	f.boundary = &unicast;
	f.n_boundary = 1;
	expect_if(&f, "boundary 10.0.0.0/8 is not multicast");
	f = good_if();
	f.neighbors = &multicast;
	f.n_neighbors = 1;
	expect_if(&f, "neighbor 239.0.0.0/8 is no prefix of unicast addresses");
}

static void expect(const struct pim_config *c, const char *want)
{
	char err[320] = "";

	assert_int_equal(pim_config_check(c, err, sizeof(err)), -EINVAL);
	if (!strstr(err, want))
		fail_msg("\"%s\" does not say \"%s\"", err, want);
}

static struct pim_config good(void)
{
	struct pim_config c;

	pim_config_default(&c);
	return c;
}

static void mistakes_of_the_router_are_named(void **state)
{
	struct pim_if_config two[] = {good_if(), good_if()};
	struct prefix six = {.addr = ip("ff3e::"), .len = 32},
		      host = {.addr = ip("10.0.0.1"), .len = 32};
	struct pim_rp_config rp = {.address = ip("239.1.1.1")};
	struct pim_config c = good();

	c.ifs = two;
	c.n_ifs = 2;
	expect(&c, "interface lan1 has PIM settings twice: remove one");
	c.n_ifs = 1;
	two[0].hello_interval_s = 0;
	expect(&c, "interface lan1: hello_interval_s 0");
	c = good();
	c.rps = &rp;
	c.n_rps = 1;
	expect(&c, "rp address 239.1.1.1 is no unicast address");
	rp = (struct pim_rp_config){.address = ip("10.0.0.1"), .groups = &six, .n_groups = 1};
	expect(&c, "rp 10.0.0.1 and group ff3e::/32 are of different families");
	rp.groups = &host;
	expect(&c, "group 10.0.0.1 is not multicast");
	c = good();
	c.ssm = &host;
	c.n_ssm = 1;
	expect(&c, "ssm range 10.0.0.1 is not multicast");
	c = good();
	c.spt = PIM_SPT_RATE;
	expect(&c, "spt_switchover by rate lacks the rate");
	c.spt = PIM_SPT_GROUPS;
	expect(&c, "spt_switchover by groups lacks the groups");
	c.spt = 9;
	expect(&c, "spt_switchover is unknown");
	c = good();
	c.register_probe_s = 30;
	expect(&c, "more than twice the probe time");
	c = good();
	c.assert_s = 3;
	expect(&c, "assert_s 3 must be above assert_override_s 3");
	c = good();
	c.keepalive_s = 0;
	expect(&c, "keepalive_s 0");
}

static void refused_settings_change_nothing(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.5/24");
	struct pim_hello h = usual(1);
	size_t calls;

	pim_world_hello_rx(p, ifid, "10.0.0.2", &h);
	calls = p->sm->n;
	pim_world_conf(p, "lan1")->hello_interval_s = 0;
	pim_world_config(p);
	assert_int_equal(p->sm->n, calls);
	assert_int_equal(iface(p, ifid)->conf->hello_interval_s, 30);
	assert_non_null(neighbor(p, ifid, "10.0.0.2"));
}

static void equal_settings_send_nothing(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.5/24");
	struct pim_hello h = usual(1);
	struct pim_packet packet;

	pim_world_hello_rx(p, ifid, "10.0.0.2", &h);
	pim_world_pass(p, 6000);
	forget_sent(p);
	pim_world_config(p);
	assert_false(sent(p, ifid, &packet));
	assert_non_null(neighbor(p, ifid, "10.0.0.2"));
	assert_int_equal(sm_count(p->sm, SM_IFACE_UP), 1);
}

static void settings_are_the_protocols_own(void **state)
{
	struct prefix boundary = {.addr = ip("239.0.0.0"), .len = 8};
	struct ipaddr in = ip("239.1.1.1"), out = ip("238.1.1.1");
	struct pim_world *p = *state;
	uint16_t ifid;

	pim_world_conf(p, "lan1")->boundary = &boundary;
	pim_world_conf(p, "lan1")->n_boundary = 1;
	ifid = pim_world_if(p, "lan1", "10.0.0.5/24");
	boundary.len = 32;
	memset(p->ifs, 0xff, sizeof(p->ifs));
	assert_true(pim_boundary_denies(iface(p, ifid), &in));
	assert_false(pim_boundary_denies(iface(p, ifid), &out));
}

static void first_rule_that_matches_decides(void **state)
{
	const struct pim_sg_rule v[] = {
		{.src = {.addr = ip("10.1.0.0"), .len = 16},
			.grp = {.addr = ip("239.1.0.0"), .len = 16}},
		{.src = {.addr = ip("10.0.0.0"), .len = 8}, .permit = true},
	};
	struct ipaddr s1 = ip("10.1.0.1"), s2 = ip("10.2.0.1"), s3 = ip("11.0.0.1");
	struct ipaddr g1 = ip("239.1.1.1"), g2 = ip("239.2.1.1");

	assert_false(pim_sg_rules_permit(v, 2, &s1, &g1));
	assert_true(pim_sg_rules_permit(v, 2, &s1, &g2));
	assert_true(pim_sg_rules_permit(v, 2, &s2, &g1));
	assert_false(pim_sg_rules_permit(v, 2, &s3, &g1));
	assert_true(pim_sg_rules_permit(v, 0, &s3, &g1));
}

static void every_drop_and_type_has_a_name(void **state)
{
	for (unsigned i = 0; i < PIM_DROP_COUNT; i++) {
		assert_true(strlen(pim_drop_name((enum pim_drop)i)) > 0);
		assert_true(strlen(pim_drop_text((enum pim_drop)i)) > 0);
	}
	for (unsigned i = 0; i < PIM_TYPES; i++)
		assert_true(strlen(pim_type_name((enum pim_type)i)) > 0);
}

struct shown {
	unsigned n;
	struct pim_iface_info info[4];
};

static bool show(void *arg, const struct pim_iface_info *i)
{
	struct shown *s = arg;

	s->info[s->n++] = *i;
	return s->n < 4;
}

static void interfaces_are_shown_in_order(void **state)
{
	struct pim_world *p = *state;
	uint16_t second = world_if(p->w, "lan2", "10.2.0.5/24");
	uint16_t third = world_if(p->w, "lan1", NULL);
	struct pim_hello h = usual(1);
	struct shown s = {0};

	pim_world_conf(p, "lan1");
	pim_world_conf(p, "lan2");
	pim_world_config(p);
	pim_world_hello_rx(p, second, "10.2.0.9", &h);
	pim_iface_walk(p->pim, show, &s);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.info[0].ifid, second);
	assert_true(s.info[0].up);
	assert_false(s.info[0].i_am_dr);
	assert_int_equal(s.info[0].dr.b[3], 9);
	assert_int_equal(s.info[0].n_neighbors, 1);
	assert_int_equal(s.info[0].hello_holdtime_s, 105);
	assert_true(s.info[0].hello_due_us <= p->w->now_us + 5000000);
	assert_int_equal(s.info[1].ifid, third);
	assert_false(s.info[1].up);
	assert_true(s.info[1].hello_due_us == TIMER_NEVER);
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, pim_world_setup, pim_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_rfc),
		cmocka_unit_test(mistakes_of_an_interface_are_named),
		cmocka_unit_test(mistakes_of_the_router_are_named),
		WORLD(refused_settings_change_nothing),
		WORLD(equal_settings_send_nothing),
		WORLD(settings_are_the_protocols_own),
		cmocka_unit_test(first_rule_that_matches_decides),
		cmocka_unit_test(every_drop_and_type_has_a_name),
		WORLD(interfaces_are_shown_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
