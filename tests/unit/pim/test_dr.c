/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The designated router (RFC 7761 4.3.2) and the delays of a LAN (4.3.3, 4.11): each term of each function.
 */
#include "tests/unit/pim/pim_world.h"

#define S 1000u /* milliseconds */
#define LAN 1

static int setup(void **state)
{
	struct pim_world *p;

	pim_world_setup(state);
	p = *state;
	assert_int_equal(pim_world_if(p, "lan1", "10.0.0.5/24"), LAN);
	return 0;
}

static void hello(struct pim_world *p, const char *src, uint32_t priority)
{
	struct pim_hello h = usual(1);

	h.dr_priority = priority;
	pim_world_hello_rx(p, LAN, src, &h);
}

static void hello_without_priority(struct pim_world *p, const char *src)
{
	struct pim_hello h = usual(1);

	h.has &= (uint16_t)~PIM_HAS_DR_PRIORITY;
	pim_world_hello_rx(p, LAN, src, &h);
}

static void goodbye(struct pim_world *p, const char *src)
{
	struct pim_hello bye = {.has = PIM_HAS_HOLDTIME};

	pim_world_hello_rx(p, LAN, src, &bye);
}

static void expect_dr(const struct pim_world *p, const char *text)
{
	struct ipaddr want = ip(text);

	assert_true(ip_eq(&iface(p, LAN)->dr, &want));
	assert_int_equal(iface(p, LAN)->i_am_dr, ip_eq(&want, &iface(p, LAN)->addr));
}

/* --- 4.3.2 ------------------------------------------------------------------------------------------- */

static void alone_i_am_the_dr(void **state)
{
	expect_dr(*state, "10.0.0.5");
}

static void higher_address_wins_among_equal_priorities(void **state)
{
	struct pim_world *p = *state;

	hello(p, "10.0.0.2", 1);
	expect_dr(p, "10.0.0.5");
	hello(p, "10.0.0.200", 1); /* numerically, not as text */
	expect_dr(p, "10.0.0.200");
	hello(p, "10.0.0.100", 1);
	expect_dr(p, "10.0.0.200");
}

static void higher_priority_wins_over_the_address(void **state)
{
	struct pim_world *p = *state;

	hello(p, "10.0.0.2", 2);
	expect_dr(p, "10.0.0.2");
	hello(p, "10.0.0.3", 0xffffffff); /* unsigned */
	expect_dr(p, "10.0.0.3");
	hello(p, "10.0.0.3", 0);
	expect_dr(p, "10.0.0.2");
}

static void one_neighbor_without_priority_makes_the_address_decide(void **state)
{
	struct pim_world *p = *state;

	hello(p, "10.0.0.2", 100);
	expect_dr(p, "10.0.0.2");
	hello_without_priority(p, "10.0.0.1");
	expect_dr(p, "10.0.0.5");
	hello_without_priority(p, "10.0.0.9");
	expect_dr(p, "10.0.0.9");
	goodbye(p, "10.0.0.1");
	goodbye(p, "10.0.0.9");
	expect_dr(p, "10.0.0.2");
}

static void dr_that_leaves_or_times_out_is_replaced(void **state)
{
	struct pim_world *p = *state;

	hello(p, "10.0.0.8", 1);
	hello(p, "10.0.0.9", 1);
	expect_dr(p, "10.0.0.9");
	goodbye(p, "10.0.0.9");
	expect_dr(p, "10.0.0.8");
	pim_world_pass(p, 105 * S);
	expect_dr(p, "10.0.0.5");
}

static void own_priority_counts_as_soon_as_it_is_configured(void **state)
{
	struct pim_world *p = *state;

	hello(p, "10.0.0.9", 50);
	expect_dr(p, "10.0.0.9");
	pim_world_conf(p, "lan1")->dr_priority = 51;
	pim_world_config(p);
	expect_dr(p, "10.0.0.5");
	pim_world_conf(p, "lan1")->dr_priority = 0;
	pim_world_config(p);
	expect_dr(p, "10.0.0.9");
}

static void trees_hear_when_being_the_dr_changes(void **state)
{
	struct pim_world *p = *state;

	hello(p, "10.0.0.2", 1);
	assert_int_equal(sm_count(p->sm, SM_IFACE_CHANGED), 0);
	hello(p, "10.0.0.8", 1);
	assert_int_equal(sm_count(p->sm, SM_IFACE_CHANGED), 1);
	assert_false(sm_last(p->sm, SM_IFACE_CHANGED)->i_am_dr);
	hello(p, "10.0.0.9", 1); /* another one; I was not */
	assert_int_equal(sm_count(p->sm, SM_IFACE_CHANGED), 1);
	goodbye(p, "10.0.0.9");
	goodbye(p, "10.0.0.8");
	assert_int_equal(sm_count(p->sm, SM_IFACE_CHANGED), 2);
	assert_true(sm_last(p->sm, SM_IFACE_CHANGED)->i_am_dr);
}

/* --- 4.3.3 ------------------------------------------------------------------------------------------- */

static void lan_hello(struct pim_world *p, const char *src, uint16_t propagation_ms,
	uint16_t override_ms, bool t_bit)
{
	struct pim_hello h = usual(1);

	h.propagation_delay_ms = propagation_ms;
	h.override_interval_ms = override_ms;
	h.tracking_support = t_bit;
	pim_world_hello_rx(p, LAN, src, &h);
}

static void lan_hello_without(struct pim_world *p, const char *src)
{
	struct pim_hello h = usual(1);

	h.has &= (uint16_t)~PIM_HAS_LAN_PRUNE_DELAY;
	pim_world_hello_rx(p, LAN, src, &h);
}

static void expect_delays(const struct pim_world *p, uint32_t propagation_ms, uint32_t override_ms)
{
	assert_int_equal(iface(p, LAN)->effective_propagation_delay_ms, propagation_ms);
	assert_int_equal(iface(p, LAN)->effective_override_interval_ms, override_ms);
	assert_int_equal(pim_jp_override_interval_us(iface(p, LAN)),
		(uint64_t)(propagation_ms + override_ms) * 1000);
}

static void configure(struct pim_world *p, uint16_t propagation_ms, uint16_t override_ms)
{
	pim_world_conf(p, "lan1")->propagation_delay_ms = propagation_ms;
	pim_world_conf(p, "lan1")->override_interval_ms = override_ms;
	pim_world_config(p);
}

static void largest_delays_of_all_routers_count(void **state)
{
	struct pim_world *p = *state;

	expect_delays(p, 500, 2500);
	configure(p, 300, 1000); /* ours alone, with no neighbour */
	expect_delays(p, 300, 1000);
	lan_hello(p, "10.0.0.2", 200, 4000, false);
	expect_delays(p, 300, 4000);
	lan_hello(p, "10.0.0.3", 900, 500, false);
	expect_delays(p, 900, 4000);
	lan_hello(p, "10.0.0.3", 100, 500, false);
	expect_delays(p, 300, 4000);
	goodbye(p, "10.0.0.2");
	expect_delays(p, 300, 1000);
}

static void one_router_without_the_option_means_the_defaults(void **state)
{
	struct pim_world *p = *state;

	configure(p, 300, 1000);
	lan_hello(p, "10.0.0.2", 900, 9000, true);
	expect_delays(p, 900, 9000);
	assert_true(iface(p, LAN)->lan_delay_enabled);
	lan_hello_without(p, "10.0.0.3");
	expect_delays(p, 500, 2500);
	assert_false(iface(p, LAN)->lan_delay_enabled);
	goodbye(p, "10.0.0.3");
	expect_delays(p, 900, 9000);
}

static void suppression_ends_when_all_routers_can_do_without(void **state)
{
	struct pim_world *p = *state;

	assert_true(iface(p, LAN)->suppression_enabled); /* this router's T bit is not set */
	pim_world_conf(p, "lan1")->disable_join_suppression = true;
	pim_world_config(p);
	assert_false(iface(p, LAN)->suppression_enabled);
	lan_hello(p, "10.0.0.2", 500, 2500, true);
	assert_false(iface(p, LAN)->suppression_enabled);
	lan_hello(p, "10.0.0.3", 500, 2500, false);
	assert_true(iface(p, LAN)->suppression_enabled);
	lan_hello(p, "10.0.0.3", 500, 2500, true);
	assert_false(iface(p, LAN)->suppression_enabled);
	lan_hello_without(p, "10.0.0.4");
	assert_true(iface(p, LAN)->suppression_enabled);
}

/* --- 4.11 -------------------------------------------------------------------------------------------- */

static void times_lie_within_their_ranges(void **state)
{
	struct pim_world *p = *state;
	uint64_t lowest = UINT64_MAX, highest = 0, t;

	assert_int_equal(pim_t_periodic_us(iface(p, LAN)), 60000000);
	for (unsigned i = 0; i < 1000; i++) {
		t = pim_t_suppressed_us(iface(p, LAN));
		lowest = t < lowest ? t : lowest;
		highest = t > highest ? t : highest;
		assert_true(pim_t_override_us(iface(p, LAN)) <= 2500000);
	}
	assert_in_range(lowest, 66000000, 66500000); /* 1.1 and 1.4 times t_periodic */
	assert_in_range(highest, 83500000, 84000000);
	pim_world_conf(p, "lan1")->disable_join_suppression = true;
	pim_world_config(p);
	assert_int_equal(pim_t_suppressed_us(iface(p, LAN)), 0);
}

/* 4.9.5: the holdtime must be larger than J/P_Override_Interval(I). */
static void join_holdtime_exceeds_the_override_interval(void **state)
{
	struct pim_world *p = *state;

	assert_int_equal(pim_jp_holdtime_s(iface(p, LAN)), 210);
	pim_world_conf(p, "lan1")->join_prune_interval_s = 1;
	pim_world_config(p);
	assert_int_equal(pim_jp_holdtime_s(iface(p, LAN)), 4); /* 3.5 is 3: not above 3.0 */
	lan_hello(p, "10.0.0.2", 32767, 65535, false);
	assert_int_equal(pim_jp_holdtime_s(iface(p, LAN)), 99);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, pim_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(alone_i_am_the_dr),
		TEST(higher_address_wins_among_equal_priorities),
		TEST(higher_priority_wins_over_the_address),
		TEST(one_neighbor_without_priority_makes_the_address_decide),
		TEST(dr_that_leaves_or_times_out_is_replaced),
		TEST(own_priority_counts_as_soon_as_it_is_configured),
		TEST(trees_hear_when_being_the_dr_changes),
		TEST(largest_delays_of_all_routers_count),
		TEST(one_router_without_the_option_means_the_defaults),
		TEST(suppression_ends_when_all_routers_can_do_without),
		TEST(times_lie_within_their_ranges),
		TEST(join_holdtime_exceeds_the_override_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
