/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Sending Hellos: RFC 7761 4.3.1, a test for each of its rules, and the life of PIM on an interface.
 */
#include "tests/unit/pim/pim_world.h"

#include "control/pim/common/common.h"

#define S 1000u /* milliseconds */

static void first_hello_comes_within_the_triggered_delay(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_packet packet;
	struct pim_hello h;

	assert_false(sent(p, ifid, &packet)); /* seed 7: not at once */
	pim_world_pass(p, 5 * S);
	assert_true(sent_hello(p, ifid, &packet, &h));
	assert_int_equal(packet.ttl, 1);
	assert_int_equal(h.holdtime_s, 105);
}

static void hello_has_all_options(void **state)
{
	struct pim_world *p = *state;
	struct pim_if_config *c = pim_world_conf(p, "lan1");
	struct pim_packet packet;
	struct pim_hello h;
	uint16_t ifid;

	c->dr_priority = 4000000000u;
	c->propagation_delay_ms = 700;
	c->override_interval_ms = 3000;
	c->disable_join_suppression = true;
	ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	pim_world_pass(p, 5 * S);
	assert_true(sent_hello(p, ifid, &packet, &h));
	assert_int_equal(h.has,
		PIM_HAS_HOLDTIME | PIM_HAS_LAN_PRUNE_DELAY | PIM_HAS_DR_PRIORITY | PIM_HAS_GENID);
	assert_int_equal(h.dr_priority, 4000000000u);
	assert_int_equal(h.propagation_delay_ms, 700);
	assert_int_equal(h.override_interval_ms, 3000);
	assert_true(h.tracking_support);
	assert_int_equal(h.genid, iface(p, ifid)->genid);
}

static void hellos_follow_every_hello_period(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_packet packet;
	unsigned n = 0;

	pim_world_pass(p, 5 * S);
	while (sent(p, ifid, &packet))
		n++;
	assert_int_equal(n, 1);
	for (unsigned i = 0; i < 10; i++) {
		pim_world_pass(p, 30 * S);
		assert_true(sent(p, ifid, &packet));
		assert_false(sent(p, ifid, &packet));
	}
}

static void interval_and_holdtime_are_configurable(void **state)
{
	struct pim_world *p = *state;
	struct pim_if_config *c = pim_world_conf(p, "lan1");
	struct pim_packet packet;
	struct pim_hello h;
	uint16_t ifid;

	c->hello_interval_s = 3;
	ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	pim_world_pass(p, 3 * S); /* the first delay is no longer than the interval */
	assert_true(sent_hello(p, ifid, &packet, &h));
	assert_int_equal(h.holdtime_s, 10);
	pim_world_pass(p, 3 * S);
	assert_true(sent(p, ifid, &packet));
	c->hello_holdtime_s = PIM_HOLDTIME_FOREVER;
	pim_world_config(p); /* said at once */
	assert_true(sent_hello(p, ifid, &packet, &h));
	assert_int_equal(h.holdtime_s, PIM_HOLDTIME_FOREVER);
}

static void shorter_interval_counts_from_its_configuration_on(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_packet packet;

	pim_world_pass(p, 6 * S);
	pim_world_conf(p, "lan1")->hello_interval_s = 1;
	pim_world_config(p);
	forget_sent(p);
	pim_world_pass(p, 1 * S);
	assert_true(sent(p, ifid, &packet));
}

/* --- triggered Hellos ------------------------------------------------------------------------------ */

static void new_neighbor_is_greeted_within_the_triggered_delay(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_hello h = usual(1);
	struct pim_packet packet;
	uint64_t periodic;

	pim_world_pass(p, 6 * S);
	forget_sent(p);
	periodic = iface(p, ifid)->hello.due_us;
	pim_world_hello_rx(p, ifid, "10.0.0.2", &h);
	assert_false(sent(p, ifid, &packet));
	pim_world_pass(p, 5 * S);
	assert_true(sent(p, ifid, &packet));
	assert_int_equal(iface(p, ifid)->hello.due_us, periodic); /* its time does not change */
	forget_sent(p);
	pim_world_hello_rx(p, ifid, "10.0.0.2", &h); /* it is not new any more */
	pim_world_pass(p, 5 * S);
	assert_false(sent(p, ifid, &packet));
}

static void many_new_neighbors_are_greeted_with_one_hello(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_packet packet;
	uint64_t due = UINT64_MAX;
	unsigned n = 0;

	pim_world_pass(p, 6 * S);
	forget_sent(p);
	for (unsigned i = 2; i < 12; i++) {
		char src[16];
		struct pim_hello h = usual(i);

		snprintf(src, sizeof(src), "10.0.0.%u", i);
		pim_world_hello_rx(p, ifid, src, &h);
		assert_true(iface(p, ifid)->triggered.due_us <= due); /* nobody makes it later */
		due = iface(p, ifid)->triggered.due_us;
	}
	pim_world_pass(p, 5 * S);
	while (sent(p, ifid, &packet))
		n++;
	assert_int_equal(n, 1);
}

/* Data that the trees answer with an Assert (fake_sm.c). */
static void send_assert(struct pim_world *p, uint16_t ifid)
{
	struct event ev = {.kind = EV_UPCALL};

	ev.upcall.ifid = ifid;
	ev.upcall.src = ip("10.5.0.1");
	ev.upcall.grp = ip("239.1.1.1");
	runner_event(p->w->r, p->number, &ev, p->w->now_us);
}

/* The types of what was sent next. */
static void expect_sent(struct pim_world *p, uint16_t ifid, enum pim_type type)
{
	struct pim_packet packet;

	assert_true(sent(p, ifid, &packet));
	assert_int_equal(packet.type, type);
}

static void hello_goes_before_the_first_message(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_packet packet;

	assert_false(sent(p, ifid, &packet));
	send_assert(p, ifid);
	expect_sent(p, ifid, PIM_HELLO);
	expect_sent(p, ifid, PIM_ASSERT);
	send_assert(p, ifid); /* once is enough */
	expect_sent(p, ifid, PIM_ASSERT);
	assert_false(sent(p, ifid, &packet));
	pim_world_pass(p, 5 * S); /* HT(I) is as it was */
	expect_sent(p, ifid, PIM_HELLO);
}

static void hello_goes_before_a_message_to_a_new_neighbor(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_hello h = usual(1);
	struct pim_packet packet;

	pim_world_pass(p, 6 * S);
	forget_sent(p);
	for (unsigned genid = 1; genid < 3; genid++) { /* new, then restarted: it forgot us */
		h.genid = genid;
		pim_world_hello_rx(p, ifid, "10.0.0.2", &h);
		send_assert(p, ifid);
		expect_sent(p, ifid, PIM_HELLO);
		expect_sent(p, ifid, PIM_ASSERT);
		pim_world_pass(p, 5 * S); /* that was the triggered one */
		assert_false(sent(p, ifid, &packet));
	}
	send_assert(p, ifid);
	expect_sent(p, ifid, PIM_ASSERT);
}

/* --- up and down --------------------------------------------------------------------------------------- */

static void link_set(struct pim_world *p, const char *port, bool up)
{
	net_port_link(p->w->net, port, up);
	world_run(p->w);
}

static void generation_id_changes_when_the_interface_comes_up(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	uint32_t genid = iface(p, ifid)->genid;

	pim_world_pass(p, 60 * S);
	assert_int_equal(iface(p, ifid)->genid, genid);
	link_set(p, "p1", false);
	assert_null(iface(p, ifid));
	link_set(p, "p1", true);
	assert_int_not_equal(iface(p, ifid)->genid, genid);
	assert_int_equal(sm_count(p->sm, SM_IFACE_UP), 2);
	assert_int_equal(sm_count(p->sm, SM_IFACE_DOWN), 1);
}

static void generation_ids_follow_the_seed(void **state)
{
	struct pim_world *p = *state, *q;
	uint32_t genid[2];

	pim_world_setup((void **)&q); /* the same seed, 7 */
	genid[0] = iface(p, pim_world_if(p, "lan1", "10.0.0.1/24"))->genid;
	genid[1] = iface(q, pim_world_if(q, "lan1", "10.0.0.2/24"))->genid;
	assert_int_equal(genid[0], genid[1]);
	pim_world_teardown((void **)&q);
}

static void neighbors_go_before_the_interface(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_hello h = usual(1);

	pim_world_hello_rx(p, ifid, "10.0.0.2", &h);
	pim_world_hello_rx(p, ifid, "10.0.0.3", &h);
	link_set(p, "p1", false);
	assert_int_equal(sm_count(p->sm, SM_NEIGH_DOWN), 2);
	assert_true(sm_last(p->sm, SM_NEIGH_DOWN) < sm_last(p->sm, SM_IFACE_DOWN));
	assert_false(sm_last(p->sm, SM_NEIGH_DOWN)->found);
	assert_false(sm_last(p->sm, SM_IFACE_DOWN)->up);
	pim_world_pass(p, 200 * S); /* nothing of them is left to expire */
	assert_int_equal(sm_count(p->sm, SM_NEIGH_DOWN), 2);
}

static void goodbye_is_said_when_pim_is_turned_off(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_packet packet;
	struct pim_hello h;

	pim_world_pass(p, 6 * S);
	forget_sent(p);
	pim_world_conf(p, "lan1")->mode = PIM_MODE_OFF;
	pim_world_config(p);
	assert_true(sent_hello(p, ifid, &packet, &h));
	assert_int_equal(h.holdtime_s, 0);
	assert_true(h.has & PIM_HAS_HOLDTIME);
	assert_null(iface(p, ifid));
	assert_true(sm_last(p->sm, SM_IFACE_LEAVE)->sending); /* prunes go before it */
	pim_world_pass(p, 60 * S);
	assert_false(sent(p, ifid, &packet));
}

static void goodbye_is_said_when_the_router_stops(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct event stop = {.kind = EV_STOP};
	struct pim_packet packet;
	struct pim_hello h;

	pim_world_pass(p, 6 * S);
	forget_sent(p);
	runner_event(p->w->r, p->number, &stop, p->w->now_us);
	assert_int_equal(sm_count(p->sm, SM_STOP), 1);
	assert_true(sent_hello(p, ifid, &packet, &h));
	assert_int_equal(h.holdtime_s, 0);
	pim_world_pass(p, 60 * S);
	assert_false(sent(p, ifid, &packet)); /* and nothing more */
}

/* --- addresses -------------------------------------------------------------------------------------------- */

static void goodbye_comes_from_the_old_address_and_hello_from_the_new_one(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct ipaddr old = ip("10.0.0.1"), now = ip("10.0.0.9");
	struct pim_packet packet;
	struct pim_hello h;

	pim_world_pass(p, 6 * S);
	forget_sent(p);
	world_readdress(p->w, ifid, "10.0.0.9/24");
	world_run(p->w);
	assert_true(sent(p, ifid, &packet));
	assert_true(ip_eq(&packet.src, &old));
	assert_int_equal(pim_hello_open(&packet, &h), PIM_OK);
	assert_int_equal(h.holdtime_s, 0);
	assert_true(sent(p, ifid, &packet));
	assert_true(ip_eq(&packet.src, &now));
	assert_int_equal(pim_hello_open(&packet, &h), PIM_OK);
	assert_int_equal(h.holdtime_s, 105);
	assert_false(sent(p, ifid, &packet));
	assert_true(ip_eq(&sm_last(p->sm, SM_IFACE_CHANGED)->own, &now));
	assert_int_equal(sm_count(p->sm, SM_IFACE_DOWN), 0);
}

static void neighbors_outlive_a_change_of_our_address(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_hello h = usual(1);

	pim_world_hello_rx(p, ifid, "10.0.0.2", &h);
	world_readdress(p->w, ifid, "10.0.0.9/24");
	world_run(p->w);
	assert_non_null(neighbor(p, ifid, "10.0.0.2"));
	assert_true(iface(p, ifid)->i_am_dr); /* .9 is above .2, .1 was not */
}

static void add_address(struct pim_world *p, uint16_t ifid, const char *text)
{
	struct net_if_conf c = net_if_get(p->w->net, ifid)->conf;

	assert_int_equal(prefix_parse_if(text, &c.addrs[c.n_addrs].ip, &c.addrs[c.n_addrs].len), 0);
	c.n_addrs++;
	assert_int_equal(net_if_change(p->w->net, ifid, &c), 0);
	world_run(p->w);
}

static void secondary_address_is_said_at_once(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_hello_addrs it = {0};
	struct ipaddr a, want = ip("10.7.0.1");
	struct pim_packet packet;
	struct pim_hello h;

	pim_world_pass(p, 6 * S);
	forget_sent(p);
	add_address(p, ifid, "10.7.0.1/24");
	assert_true(sent_hello(p, ifid, &packet, &h));
	assert_int_equal(h.holdtime_s, 105);
	assert_true(pim_hello_addr_next(&h, &it, &a));
	assert_true(ip_eq(&a, &want));
	assert_false(pim_hello_addr_next(&h, &it, &a)); /* the primary one is not listed */
}

static void primary_address_stays_while_it_is_there(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct net_if_conf c = net_if_get(p->w->net, ifid)->conf;
	struct ipaddr first = ip("10.0.0.1");

	c.addrs[1] = c.addrs[0];
	assert_int_equal(prefix_parse_if("10.7.0.1/24", &c.addrs[0].ip, &c.addrs[0].len), 0);
	c.n_addrs = 2;
	assert_int_equal(net_if_change(p->w->net, ifid, &c), 0);
	world_run(p->w);
	assert_true(ip_eq(&iface(p, ifid)->addr, &first));
	assert_int_equal(iface(p, ifid)->n_secondary, 1);
}

/* 169.254.0.0/16, addresses that end in .0 and the two of a /31 are as good as any. */
static void unusual_addresses_are_legal(void **state)
{
	static const char *const own[] = {"169.254.0.0/31", "10.0.0.0/31", "10.1.0.255/16"};
	static const char *const theirs[] = {"169.254.0.1", "10.0.0.1", "10.1.1.0"};
	struct pim_world *p = *state;
	struct pim_packet packet;

	for (unsigned i = 0; i < 3; i++) {
		struct pim_hello h = usual(i);
		char name[8];
		uint16_t ifid;

		snprintf(name, sizeof(name), "lan%u", i);
		ifid = pim_world_if(p, name, own[i]);
		pim_world_hello_rx(p, ifid, theirs[i], &h);
		assert_non_null(neighbor(p, ifid, theirs[i]));
		pim_world_pass(p, 6 * S);
		assert_true(sent(p, ifid, &packet));
	}
}

static void interface_without_address_waits_for_one(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", NULL);

	assert_null(iface(p, ifid));
	world_readdress(p->w, ifid, "10.0.0.1/24");
	world_run(p->w);
	assert_non_null(iface(p, ifid));
	world_readdress(p->w, ifid, NULL);
	world_run(p->w);
	assert_null(iface(p, ifid));
}

static void ipv6_speaks_from_its_link_local_address(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "2001:db8::1/64");
	struct ipaddr all = pim_all_routers(IP_V6), own = ip("fe80::1");
	struct pim_hello_addrs it = {0};
	struct pim_packet packet;
	struct pim_hello h;
	struct ipaddr a;

	pim_world_conf(p, "lan1")->ipv6 = true;
	pim_world_config(p);
	assert_null(pim_iface_get(p->pim, ifid, IP_V6));
	add_address(p, ifid, "fe80::1/64");
	assert_non_null(pim_iface_get(p->pim, ifid, IP_V6));
	pim_world_pass(p, 6 * S);
	assert_true(sent_hello(p, ifid, &packet, &h));
	assert_true(ip_eq(&packet.src, &own));
	assert_true(ip_eq(&packet.dst, &all));
	assert_true(pim_hello_addr_next(&h, &it, &a));
	own = ip("2001:db8::1");
	assert_true(ip_eq(&a, &own));
	h = usual(3);
	pim_world_hello_rx(p, ifid, "fe80::2", &h);
	own = ip("fe80::2");
	assert_non_null(pim_neigh_find(pim_iface_get(p->pim, ifid, IP_V6), &own));
	assert_null(pim_iface_get(p->pim, ifid, IP_V4));
}

/* --- passive ------------------------------------------------------------------------------------------------- */

static void passive_interface_is_silent_and_designated(void **state)
{
	struct pim_world *p = *state;
	struct pim_hello h = usual(1);
	struct pim_packet packet;
	uint16_t ifid;

	pim_world_conf(p, "lan1")->passive = true;
	ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	assert_true(iface(p, ifid)->i_am_dr);
	pim_world_hello_rx(p, ifid, "10.0.0.2", &h);
	assert_null(neighbor(p, ifid, "10.0.0.2"));
	assert_int_equal(drops(p, PIM_DROP_if_passive), 1);
	send_assert(p, ifid);
	pim_world_pass(p, 60 * S);
	assert_false(sent(p, ifid, &packet));
}

static void loopback_is_passive(void **state)
{
	struct pim_world *p = *state;
	struct net_if_conf c = {.kind = DP_IF_LOOPBACK, .name = "lo0", .n_addrs = 1};
	struct pim_packet packet;
	uint16_t ifid;

	assert_int_equal(prefix_parse_if("10.9.9.9/32", &c.addrs[0].ip, &c.addrs[0].len), 0);
	assert_int_equal(net_if_add(p->w->net, &c, &ifid), 0);
	net_if_admin(p->w->net, ifid, true);
	pim_world_conf(p, "lo0");
	pim_world_config(p);
	assert_non_null(iface(p, ifid));
	assert_true(iface(p, ifid)->passive);
	pim_world_pass(p, 60 * S);
	assert_false(sent(p, ifid, &packet));
}

static void loopback_needs_no_link_local_address(void **state)
{
	struct pim_world *p = *state;
	struct net_if_conf c = {.kind = DP_IF_LOOPBACK, .name = "lo0", .n_addrs = 1};
	const struct pim_iface *pif;
	struct pim_packet packet;
	uint16_t ifid;

	assert_int_equal(prefix_parse_if("10.9.9.9/32", &c.addrs[0].ip, &c.addrs[0].len), 0);
	assert_int_equal(net_if_add(p->w->net, &c, &ifid), 0);
	net_if_admin(p->w->net, ifid, true);
	pim_world_conf(p, "lo0")->ipv6 = true;
	pim_world_config(p);
	pif = pim_iface_slot(p->pim, ifid, IP_V6);
	assert_false(pif->up);
	assert_true(pif->passive);
	c.n_addrs = 2;
	assert_int_equal(prefix_parse_if("2001:db8::9/128", &c.addrs[1].ip, &c.addrs[1].len), 0);
	assert_int_equal(net_if_change(p->w->net, ifid, &c), 0);
	world_run(p->w);
	assert_true(pif->up);
	assert_true(pif->passive);
	assert_true(ip_eq(&pif->addr, &c.addrs[1].ip));
	pim_world_pass(p, 60 * S);
	assert_false(sent(p, ifid, &packet));
}

static void interface_that_becomes_passive_says_goodbye(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_hello h = usual(1);
	struct pim_packet packet;

	pim_world_hello_rx(p, ifid, "10.0.0.2", &h);
	pim_world_pass(p, 6 * S);
	forget_sent(p);
	pim_world_conf(p, "lan1")->passive = true;
	pim_world_config(p);
	assert_true(sent_hello(p, ifid, &packet, &h));
	assert_int_equal(h.holdtime_s, 0);
	assert_int_equal(iface(p, ifid)->n_neighbors, 0);
	assert_int_equal(sm_count(p->sm, SM_IFACE_UP), 2);
}

static void vanished_interface_leaves_nothing(void **state)
{
	struct pim_world *p = *state;
	uint16_t ifid = pim_world_if(p, "lan1", "10.0.0.1/24");
	struct pim_hello h = usual(1);

	pim_world_hello_rx(p, ifid, "10.0.0.2", &h);
	assert_int_equal(net_if_del(p->w->net, ifid), 0);
	world_run(p->w);
	assert_int_equal(sm_count(p->sm, SM_IFACE_DOWN), 1);
	assert_true(TAILQ_EMPTY(&p->pim->ifaces));
	assert_int_equal(p->pim->neighbors.n, 0);
	assert_int_equal(runner_next(p->w->r), TIMER_NEVER);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pim_world_setup, pim_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_hello_comes_within_the_triggered_delay),
		TEST(hello_has_all_options),
		TEST(hellos_follow_every_hello_period),
		TEST(interval_and_holdtime_are_configurable),
		TEST(shorter_interval_counts_from_its_configuration_on),
		TEST(new_neighbor_is_greeted_within_the_triggered_delay),
		TEST(many_new_neighbors_are_greeted_with_one_hello),
		TEST(hello_goes_before_the_first_message),
		TEST(hello_goes_before_a_message_to_a_new_neighbor),
		TEST(generation_id_changes_when_the_interface_comes_up),
		TEST(generation_ids_follow_the_seed),
		TEST(neighbors_go_before_the_interface),
		TEST(goodbye_is_said_when_pim_is_turned_off),
		TEST(goodbye_is_said_when_the_router_stops),
		TEST(goodbye_comes_from_the_old_address_and_hello_from_the_new_one),
		TEST(neighbors_outlive_a_change_of_our_address),
		TEST(secondary_address_is_said_at_once),
		TEST(primary_address_stays_while_it_is_there),
		TEST(unusual_addresses_are_legal),
		TEST(interface_without_address_waits_for_one),
		TEST(ipv6_speaks_from_its_link_local_address),
		TEST(passive_interface_is_silent_and_designated),
		TEST(loopback_is_passive),
		TEST(loopback_needs_no_link_local_address),
		TEST(interface_that_becomes_passive_says_goodbye),
		TEST(vanished_interface_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
