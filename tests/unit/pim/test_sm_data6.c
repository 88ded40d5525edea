/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Assert, Register and the switchover for IPv6: the same machines, other addresses.
 */
#include "tests/unit/pim/data_world.h"

#define G6 "ff0e::7"
#define RP6 "2001:db8:9::9"
#define S6_FAR "2001:db8:8::8"
#define S6_LAN "2001:db8:3::100"
#define OURS "2001:db8:1::1"

static void add_ipv6(
	struct data_world *dw, uint16_t ifid, const char *link_local, const char *global)
{
	struct net_if_conf c = net_if_get(dw->w->net, ifid)->conf;

	assert_int_equal(prefix_parse_if(link_local, &c.addrs[1].ip, &c.addrs[1].len), 0);
	assert_int_equal(prefix_parse_if(global, &c.addrs[2].ip, &c.addrs[2].len), 0);
	c.n_addrs = 3;
	assert_int_equal(net_if_change(dw->w->net, ifid, &c), 0);
}

static void route6(struct data_world *dw, const char *dst)
{
	struct net_neigh n = {.ifid = dw->up, .state = NET_NEIGH_STATIC, .mac = {2, 0, 0, 0, 9, 9}};

	n.addr = addr("fe80::2");
	assert_int_equal(net_neigh_set(dw->w->net, &n), 0);
	data_route(dw, dst, dw->up, "fe80::2", 20);
}

static int setup6(void **state)
{
	struct data_world *dw;

	data_setup(state);
	dw = *state;
	add_ipv6(dw, dw->up, "fe80::5/64", "2001:db8:1::1/64");
	add_ipv6(dw, dw->lan, "fe80::6/64", "2001:db8:3::1/64");
	dw->ifs[0].ipv6 = dw->ifs[2].ipv6 = true;
	dw->rp.address = addr(RP6);
	assert_int_equal(prefix_parse("ff00::/8", &dw->groups), 0);
	data_config(dw);
	route6(dw, "2001:db8:9::/48");
	route6(dw, "2001:db8:8::/48");
	data_hello(dw, dw->up, "fe80::2", 1, 65535, 1);
	data_hello(dw, dw->lan, "fe80::3", 1, 65535, 0);
	data_hello(dw, dw->lan, "fe80::9", 1, 65535, 0);
	data_pass(dw, 10);
	data_forget(dw);
	return 0;
}

static struct sm_oif *oif6(struct data_world *dw, const struct sm_entry *e)
{
	return sm_oif_find(e, pim_iface_get(dw->pim, dw->lan, IP_V6));
}

static void a_source_is_registered_from_an_address_that_can_be_answered(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr ours = addr(OURS), rp = addr(RP6), s = addr(S6_LAN), g = addr(G6);
	struct dp_route_key k = key(S6_LAN, G6);
	const struct dp_oif *o;
	struct pim_register r;
	struct pim_packet p;
	struct sm_source *e;

	data_upcall(dw, DP_UPCALL_NOCACHE, S6_LAN, G6, dw->lan);
	e = source(dw, S6_LAN, G6);
	assert_non_null(e);
	assert_int_equal(e->reg, REG_JOIN);
	o = fake_dp_route_her(dw->w->f, fake_dp_route(dw->w->f, &k), &rp);
	assert_non_null(o);
	assert_int_equal(o->encap, DP_ENCAP_REGISTER);
	assert_true(ip_eq(&o->her_src, &ours));
	data_register_stop(dw, RP6, OURS, S6_LAN, G6);
	assert_int_equal(e->reg, REG_PRUNE);
	data_flow(dw, S6_LAN, G6, 1000, 0);
	data_pass(dw, (double)timer_left(&e->tunnel->rst, dw->w->now_us) / 1e6 + 0.001);
	assert_int_equal(e->reg, REG_JOIN_PENDING);
	assert_int_equal(data_sent(dw, 0, PIM_REGISTER, &p), 1);
	assert_int_equal(pim_register_open(&p, &r), PIM_OK);
	assert_true(ip_eq(&p.src, &ours) && ip_eq(&p.dst, &rp));
	assert_true(r.null && ip_eq(&r.src, &s) && ip_eq(&r.grp, &g));
}

static void the_rp_answers_registers(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr dr = addr("2001:db8:8::1"), us = addr("2001:db8:3::1");
	struct pim_packet p;

	dw->rp.address = us;
	data_config(dw);
	data_register(dw, "2001:db8:8::1", "2001:db8:3::1", S6_FAR, G6, true);
	assert_int_equal(data_sent(dw, 0, PIM_REGISTER_STOP, &p), 1);
	assert_true(ip_eq(&p.src, &us) && ip_eq(&p.dst, &dr));
	assert_true(source(dw, S6_FAR, G6)->registered);
}

static void asserts_are_won_and_lost(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr nine = addr("fe80::9");
	struct pim_assert a;
	struct sm_oif *o;

	data_jp(dw, dw->lan, "fe80::3", true, PIM_JP_STAR_G, RP6, G6);
	assert_non_null(group(dw, G6));
	data_forget(dw);
	data_upcall(dw, DP_UPCALL_WRONGVIF, S6_FAR, G6, dw->lan);
	o = oif6(dw, &group(dw, G6)->star);
	assert_int_equal(o->assert, ASSERT_WINNER);
	assert_int_equal(data_asserts(dw, dw->lan, &a), 1);
	assert_true(a.rpt && a.preference == 110 && a.metric == 20);
	data_assert(dw, dw->lan, "fe80::9", S6_FAR, G6, false, 200, 1); /* the SPT: (S,G) */
	assert_int_equal(o->assert, ASSERT_WINNER);
	assert_int_equal(oif6(dw, &source(dw, S6_FAR, G6)->sg)->assert, ASSERT_LOSER);
	data_jp(dw, dw->lan, "fe80::3", true, PIM_JP_STAR_G, RP6, G6);
	data_assert(dw, dw->lan, "fe80::9", S6_FAR, G6, true, 110, 20); /* the address decides */
	assert_int_equal(o->assert, ASSERT_LOSER);
	assert_true(ip_eq(&AssertWinner(o)->address, &nine));
}

static void a_last_hop_switches(void **state)
{
	struct data_world *dw = *state;

	data_member(dw, dw->lan, "*", G6, MEMBER_INCLUDE);
	data_upcall(dw, DP_UPCALL_DATA, S6_FAR, G6, dw->up);
	assert_true(timer_armed(&source(dw, S6_FAR, G6)->kat));
	data_upcall(dw, DP_UPCALL_DATA, S6_FAR, G6, dw->up);
	assert_true(source(dw, S6_FAR, G6)->spt_bit);
}

static void a_neighbor_may_have_our_address_of_another_link(void **state)
{
	struct data_world *dw = *state;
	struct pim_iface *pif = pim_iface_get(dw->pim, dw->lan, IP_V6);
	struct ipaddr five = addr("fe80::5"), six = addr("fe80::6");

	data_hello(dw, dw->lan, "fe80::5", 1, 65535, 0); /* ours on the link upstream */
	assert_non_null(pim_neigh_find(pif, &five));
	data_hello(dw, dw->lan, "fe80::6", 1, 65535, 0);
	assert_null(pim_neigh_find(pif, &six));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup6, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_source_is_registered_from_an_address_that_can_be_answered),
		T(the_rp_answers_registers),
		T(asserts_are_won_and_lost),
		T(a_last_hop_switches),
		T(a_neighbor_may_have_our_address_of_another_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
