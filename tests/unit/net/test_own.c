/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router's own addresses, as the data plane hears of them.
 */
#include "tests/unit/net/fixture.h"

static bool is_own(const struct fixture *f, const char *addr)
{
	struct ipaddr a = ip(addr);

	return fake_dp_is_local(f->dp, &a);
}

static void the_data_plane_knows_the_routers_addresses_whatever_state_they_are_in(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf absent = ether_conf("lan1", "p0", 0, "10.1.0.1/24");
	struct net_if_conf lo = loop_conf("lo0", "2001:db8::1/128");
	uint16_t id = add(f, &absent), twin;
	struct ipaddr second = ip("fe80::7");

	add(f, &lo);
	twin = lan(f, "lan2", "10.2.0.1/24", 5);
	assert_int_equal(f->dp->n_locals, 3);
	assert_true(is_own(f, "10.1.0.1") && is_own(f, "2001:db8::1") && is_own(f, "10.2.0.1"));
	net_addr_add(f->net, twin, &second, 64);
	assert_true(is_own(f, "fe80::7"));
	net_if_twin(f->net, twin, 0); /* the kernel's are gone: the configured ones hold again */
	assert_true(is_own(f, "10.2.0.1") && !is_own(f, "fe80::7"));
	assert_int_equal(net_if_del(f->net, id), 0);
	assert_false(is_own(f, "10.1.0.1"));
	assert_int_equal(f->dp->n_locals, 2);
}

static void addresses_that_stay_are_not_told_again(void **state)
{
	struct fixture *f = *state;
	struct net_if_conf c = ether_conf("lan1", "lan1", 0, "10.1.0.1/24");
	uint16_t id = lan(f, "lan1", "10.1.0.1/24", 0);

	forget(f);
	net_if_admin(f->net, id, false);
	c.mtu = 1400;
	assert_int_equal(net_if_change(f->net, id, &c), 0);
	tick(f, 1);
	assert_int_equal(f->dp->calls[FAKE_LOCAL_SET], 0);
	c.table = 7;
	assert_int_equal(net_if_change(f->net, id, &c), 0);
	assert_int_equal(f->dp->calls[FAKE_LOCAL_SET], 1);
	assert_int_equal(f->dp->locals[0].table, 7);
	assert_int_equal(f->dp->ifs[id].table, 7);
}

static void addresses_that_are_refused_are_told_again_with_the_next_tick(void **state)
{
	struct fixture *f = *state;

	fake_dp_fail(f->dp, FAKE_LOCAL_SET, -ENOMEM, 0, 1);
	lan(f, "lan1", "10.1.0.1/24", 0);
	assert_int_equal(f->dp->n_locals, 0);
	tick(f, 1);
	assert_true(is_own(f, "10.1.0.1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_data_plane_knows_the_routers_addresses_whatever_state_they_are_in),
		TEST(addresses_that_stay_are_not_told_again),
		TEST(addresses_that_are_refused_are_told_again_with_the_next_tick),
	};

	log_set_level(LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
