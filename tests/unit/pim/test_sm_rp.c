/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * RP(G) (RFC 7761 4.7.1), interfaces and neighbours as the trees see them, and settings that change while
 * trees stand.
 */
#include "tests/unit/pim/sm_world.h"

#define G "239.1.1.1"
#define S "10.1.1.1"

static void assert_rp(struct sm_world *p, const char *grp, const char *want)
{
	struct ipaddr g = ip(grp), rp = rp_of(p->sm, &g), w = {0};

	if (want)
		w = ip(want);
	assert_true(ip_eq(&rp, &w));
}

static void the_longest_prefix_decides_then_the_hash(void **state)
{
	struct sm_world *p = *state;

	p->conf.n_rps = 0;
	sw_rp(p, "10.9.9.1", NULL);
	sw_rp(p, "10.9.9.3", "239.0.0.0/8");
	sw_rp(p, "10.9.9.4", "239.0.0.0/8");
	sw_rp(p, "10.9.9.2", "239.1.1.0/24");
	sw_config(p);
	assert_rp(p, "225.1.1.1", "10.9.9.1");
	/* 4.7.2, values worked out by hand: 698672178 for 10.9.9.4, 1683093739 for 10.9.9.3 ... */
	assert_rp(p, "239.2.1.1", "10.9.9.3");
	assert_rp(p, "239.2.1.3", "10.9.9.3"); /* four groups in a row have one RP */
	assert_rp(p, "239.2.1.4", "10.9.9.4"); /* ... and 1165395054 against 240520335 */
	assert_rp(p, "239.1.1.1", "10.9.9.2");
	assert_rp(p, "232.1.1.1", NULL); /* SSM */
}

/* The hash of IPv6 is that of 32 bits which the segments of an address make together. */
static void the_hash_takes_ipv6_by_its_digest(void **state)
{
	struct sm_world *p = *state;

	p->conf.n_rps = 0;
	sw_rp(p, "2001:db8::1", "ff0e::/16");
	sw_rp(p, "2001:db8::2", "ff0e::/16");
	sw_config(p);
	assert_rp(p, "ff0e::1:1", "2001:db8::1");
	assert_rp(p, "ff0e::1:4", "2001:db8::2");
}

/* Of two prefixes of one length, only the one that has the group counts. */
static void an_rp_of_another_prefix_takes_no_part_in_the_hash(void **state)
{
	struct sm_world *p = *state;

	p->conf.n_rps = 0;
	sw_rp(p, "10.9.9.4", "239.2.0.0/16");
	sw_rp(p, "10.9.9.3", "239.3.0.0/16");
	sw_config(p);
	assert_rp(p, "239.2.1.1", "10.9.9.4");
	assert_rp(p, "239.3.1.1", "10.9.9.3");
}

static void without_a_prefix_of_it_a_group_has_no_rp(void **state)
{
	struct sm_world *p = *state;

	p->conf.n_rps = 0;
	sw_rp(p, SM_RP, "239.0.0.0/8");
	sw_config(p);
	assert_rp(p, "225.1.1.1", NULL);
	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", "225.1.1.1 J*");
	assert_int_equal(sw_drops(p, PIM_DROP_rp_mismatch), 1);
	sw_assert_empty(p);
}

static void only_groups_whose_rp_changes_move(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan1, "*", "239.1.1.1", MEMBER_INCLUDE);
	sw_member(p, p->lan1, "*", "239.2.1.1", MEMBER_INCLUDE);
	sw_forget(p);
	world_route(p->w, "10.9.9.8/32", p->src, "10.0.2.2");
	world_run(p->w);
	sw_rp(p, "10.9.9.8", "239.2.0.0/16");
	sw_config(p);
	assert_string_equal(sw_sent(p, p->src), "10.0.2.2: 239.2.1.1 J*10.9.9.8");
	sw_pass(p, 3000);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: 239.2.1.1 P*10.9.9.9");
}

static void an_rp_becomes_ours_with_its_address_and_ceases_to_be(void **state)
{
	struct sm_world *p = *state;
	uint16_t lo;

	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_false(I_am_RP(sw_group(p, G)));
	lo = world_if(p->w, "lo7", SM_RP "/32"); /* PIM does not run there */
	world_run(p->w);
	assert_true(I_am_RP(sw_group(p, G)));
	sw_pass(p, 5000);
	assert_string_equal(sw_route(p, "*", G), "reg+ > lan1");
	assert_string_equal(
		sw_sent(p, p->up), "10.0.1.2: " G " J*10.9.9.9 | 10.0.1.2: " G " P*10.9.9.9");
	world_readdress(p->w, lo, "10.77.7.7/32");
	world_run(p->w);
	assert_false(I_am_RP(sw_group(p, G)));
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " J*10.9.9.9");
}

static void a_tunnel_takes_joins_for_nobody_in_particular(void **state)
{
	struct sm_world *p = *state;
	struct net_if_conf c = {.kind = DP_IF_GRE, .n_addrs = 1};
	uint16_t gre;

	snprintf(c.name, sizeof(c.name), "gre0");
	c.gre.local = ip("10.0.1.1");
	c.gre.remote = ip("10.0.1.77");
	assert_int_equal(prefix_parse_if("10.5.0.1/30", &c.addrs[0].ip, &c.addrs[0].len), 0);
	assert_int_equal(net_if_add(p->w->net, &c, &gre), 0);
	net_if_admin(p->w->net, gre, true);
	sw_conf(p, "gre0");
	sw_config(p);
	sw_neigh(p, gre, "10.5.0.2");
	sw_jp(p, gre, "10.5.0.2", "0.0.0.0", G " J" S);
	assert_string_equal(sw_route(p, S, G), "src+ > gre0");
}

static void without_suppression_the_join_keeps_its_time(void **state)
{
	struct sm_world *p = *state;
	struct pim_hello h = {.has = PIM_HAS_HOLDTIME | PIM_HAS_LAN_PRUNE_DELAY,
		.holdtime_s = PIM_HOLDTIME_FOREVER,
		.tracking_support = true,
		.propagation_delay_ms = 500,
		.override_interval_ms = 2500};
	struct ipaddr a = ip("10.0.1.2");
	struct bytes b = {0};
	uint64_t due;

	sw_conf(p, "up")->disable_join_suppression = true;
	sw_config(p);
	b.len = pim_hello_write(b.b, sizeof(b.b), &a, &h, NULL, 0);
	sw_rx(p, p->up, &b);
	a = ip("10.0.1.3");
	b.len = pim_hello_write(b.b, sizeof(b.b), &a, &h, NULL, 0);
	sw_rx(p, p->up, &b);
	assert_false(sw_pif(p, p->up)->suppression_enabled);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	due = sw_group(p, G)->star.up.jt.due_us;
	sw_jp(p, p->up, "10.0.1.3", "10.0.1.2", G " J*");
	assert_int_equal(sw_group(p, G)->star.up.jt.due_us, due);
}

static void a_neighbour_is_joined_by_its_primary_address(void **state)
{
	struct sm_world *p = *state;
	struct pim_hello h = {
		.has = PIM_HAS_HOLDTIME | PIM_HAS_GENID, .holdtime_s = PIM_HOLDTIME_FOREVER};
	struct ipaddr a = ip("10.0.1.9"), secondary = ip("10.0.1.20");
	struct bytes b = {0};

	world_route(p->w, SM_RP "/32", p->up, "10.0.1.20"); /* nobody's as yet */
	world_run(p->w);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_string_equal(sw_sent(p, p->up), "");
	b.len = pim_hello_write(b.b, sizeof(b.b), &a, &h, NULL, 0);
	sw_rx(p, p->up, &b);
	assert_string_equal(sw_sent(p, p->up), "");
	h.has |= PIM_HAS_ADDRESS_LIST;
	b.len = pim_hello_write(b.b, sizeof(b.b), &a, &h, &secondary, 1);
	sw_rx(p, p->up, &b);
	assert_string_equal(sw_sent(p, p->up), "10.0.1.9: " G " J*10.9.9.9");
	/* it loses the address: nobody is upstream any more */
	h.has &= (uint16_t)~PIM_HAS_ADDRESS_LIST;
	b.len = pim_hello_write(b.b, sizeof(b.b), &a, &h, NULL, 0);
	sw_rx(p, p->up, &b);
	assert_true(ip_is_none(&sw_group(p, G)->star.up.nbr));
}

static void our_new_address_is_whom_joins_are_for(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	world_readdress(p->w, p->lan1, "10.0.3.7/24");
	world_run(p->w);
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
	assert_string_equal(sw_route(p, "*", G), "none");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.7", G " J*");
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
}

static void a_border_interface_makes_its_sources_ours(void **state)
{
	struct sm_world *p = *state;

	sw_conf(p, "src")->border = true;
	sw_config(p);
	sw_upcall(p, DP_UPCALL_NOCACHE, p->src, S, G);
	assert_true(DirectlyConnected(sw_source(p, S, G)));
	assert_string_equal(sw_route(p, S, G), "src > reg");
}

static void a_passive_interface_serves_members_and_sends_nothing(void **state)
{
	struct sm_world *p = *state;

	sw_conf(p, "lan1")->passive = true;
	sw_config(p);
	sw_forget(p);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " J*10.9.9.9");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J" S);
	assert_null(sw_source(p, S, G));
}

static void an_interface_that_is_deleted_and_made_again_starts_anew(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J* J" S);
	assert_int_equal(net_if_del(p->w->net, p->lan1), 0);
	world_run(p->w);
	sw_pass(p, 10);
	sw_assert_empty(p);
	p->lan1 = world_if(p->w, "lan1", "10.0.3.1/24");
	world_run(p->w);
	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J*");
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
}

static void upstream_that_fails_and_comes_back_is_joined_again(void **state)
{
	struct sm_world *p = *state;

	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	net_if_admin(p->w->net, p->up, false);
	world_run(p->w);
	assert_string_equal(sw_route(p, "*", G), "> lan1");
	net_if_admin(p->w->net, p->up, true);
	world_run(p->w);
	sw_forget(p);
	sw_neigh(p, p->up, "10.0.1.2");
	assert_string_equal(sw_sent(p, p->up), "10.0.1.2: " G " J*10.9.9.9");
	assert_string_equal(sw_route(p, "*", G), "up+ > lan1");
}

static void set_ospf(struct sm_world *p, uint32_t metric, uint8_t protocol)
{
	struct net_route r = {
		.origin = NET_ROUTE_KERNEL, .protocol = protocol, .metric = metric, .n_paths = 1};

	assert_int_equal(prefix_parse("10.9.8.0/24", &r.dst), 0);
	r.paths[0] = (struct net_path){.gateway = ip("10.0.1.2"), .ifid = p->up, .weight = 1};
	assert_int_equal(net_route_set(p->w->net, &r), 0);
	world_run(p->w);
}

static void metric_and_preference_are_those_of_the_route(void **state)
{
	struct sm_world *p = *state;
	const struct sm_rpf *rpf;
	struct prefix dst;

	p->conf.n_rps = 0;
	sw_rp(p, "10.9.8.8", NULL);
	sw_config(p);
	set_ospf(p, 20, 188);
	sw_member(p, p->lan1, "*", G, MEMBER_INCLUDE);
	rpf = &sw_group(p, G)->star.up.target->rpf;
	assert_int_equal(rpf->preference, 110);
	assert_int_equal(rpf->metric, 20);
	/* what was said of it in an Assert is another now: the entry is settled */
	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_upcall(p, DP_UPCALL_WRONGVIF, p->lan1, "10.77.1.1", G);
	assert_int_equal(AssertWinner(sw_oif(p, "*", G, p->lan1))->metric, 20);
	set_ospf(p, 15, 188);
	assert_int_equal(rpf->metric, 15);
	assert_int_equal(AssertWinner(sw_oif(p, "*", G, p->lan1))->metric, 15);
	assert_int_equal(prefix_parse("10.9.8.0/24", &dst), 0);
	assert_int_equal(net_route_del(p->w->net, &dst, NET_ROUTE_KERNEL, 15), 0);
	assert_int_equal(net_route_del(p->w->net, &dst, NET_ROUTE_KERNEL, 20), 0);
	set_ospf(p, 15, 186);
	assert_int_not_equal(rpf->preference, 110);
	assert_int_equal(AssertWinner(sw_oif(p, "*", G, p->lan1))->preference, rpf->preference);
}

static uint16_t if6(
	struct sm_world *p, const char *name, const char *link_local, const char *global)
{
	struct net_if_conf c;
	uint16_t ifid = world_if(p->w, name, NULL);

	c = net_if_get(p->w->net, ifid)->conf;
	c.n_addrs = 2;
	assert_int_equal(prefix_parse_if(link_local, &c.addrs[0].ip, &c.addrs[0].len), 0);
	assert_int_equal(prefix_parse_if(global, &c.addrs[1].ip, &c.addrs[1].len), 0);
	assert_int_equal(net_if_change(p->w->net, ifid, &c), 0);
	sw_conf(p, name)->ipv6 = true;
	return ifid;
}

static void ipv6_trees_are_built_likewise(void **state)
{
	struct sm_world *p = *state;
	uint16_t a = if6(p, "six1", "fe80::1/64", "2001:db8:1::1/64");
	uint16_t b = if6(p, "six2", "fe80::1/64", "2001:db8:2::1/64");

	sw_rp(p, "2001:db8:9::9", NULL);
	sw_config(p);
	world_route(p->w, "2001:db8:9::/48", a, "fe80::2");
	world_run(p->w);
	sw_neigh(p, a, "fe80::2");
	sw_neigh(p, b, "fe80::3");
	sw_forget(p);
	sw_jp(p, b, "fe80::3", "fe80::1", "ff3e::1 J*2001:db8:9::9;ff0e::1 J*2001:db8:9::9");
	assert_int_equal(sw_drops(p, PIM_DROP_ssm_entry), 1);
	assert_string_equal(sw_sent(p, a), "fe80::2: ff0e::1 J*2001:db8:9::9");
	assert_string_equal(sw_route(p, "*", "ff0e::1"), "six1+ > six2");
	sw_member(p, b, "2001:db8:9::7", "ff3e::5", MEMBER_INCLUDE);
	assert_string_equal(sw_sent(p, a), "fe80::2: ff3e::5 J2001:db8:9::7");
	assert_string_equal(sw_route(p, "2001:db8:9::7", "ff3e::5"), "six1+ > six2");
	sw_jp(p, b, "fe80::3", "fe80::1", "ff0e::1 P*2001:db8:9::9");
	sw_member(p, b, "2001:db8:9::7", "ff3e::5", MEMBER_NONE);
	sw_pass(p, 10);
	sw_assert_empty(p);
}

/* Hostile: both trees of one group in all combinations, in any order, leave what a quiet router has. */
static void all_entries_of_a_group_in_one_message_are_taken_one_by_one(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1",
		G " J* J" S " J" S "r P* P" S " P" S "r;" G " J* P*;" G " J" S " P" S);
	sw_pass(p, 0);
	assert_string_equal(sw_route(p, "*", G), "none");
	sw_pass(p, 211000);
	sw_assert_empty(p);
}

static void entries_that_nobody_can_mean_change_nothing(void **state)
{
	struct sm_world *p = *state;

	sw_neigh(p, p->lan1, "10.0.3.2");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", "224.0.0.5 J" S " J*");
	sw_jp(p, p->lan1, "10.0.3.2", "10.0.3.1", G " J224.1.1.1 J255.255.255.255 J0.0.0.0");
	sw_jp(p, p->lan1, "10.0.3.9", "10.0.3.1", G " J" S); /* no neighbour */
	sw_assert_empty(p);
	assert_int_equal(sw_drops(p, PIM_DROP_no_neighbor), 1);
}

/* The first Register leaves right behind the first packet of a source, and finds the MAC there. */
static void the_next_hop_of_each_rp_is_known_before_anybody_sends(void **state)
{
	struct net_neigh gw = {.state = NET_NEIGH_STATIC, .mac = {2, 0, 0, 0, 0, 9}};
	struct sm_world *p = *state;

	gw.ifid = p->up;
	gw.addr = ip("10.0.1.2");
	assert_int_equal(fake_dp_count_adjs(p->w->f), 1);
	assert_int_equal(p->w->f->adjs[1].kind, DP_ADJ_UNRESOLVED);
	assert_int_equal(net_neigh_set(p->w->net, &gw), 0);
	assert_int_equal(p->w->f->adjs[1].kind, DP_ADJ_ETHER);
	assert_int_equal(p->w->f->adjs[1].mac[5], 9);
	sw_rp(p, "10.1.0.1", "239.2.0.0/16");
	sw_rp(p, "10.1.0.1", "239.3.0.0/16");
	sw_config(p);
	assert_int_equal(fake_dp_count_adjs(p->w->f), 2);
	p->conf.n_rps = 1;
	sw_config(p);
	assert_int_equal(fake_dp_count_adjs(p->w->f), 1);
	assert_int_equal(p->w->f->adjs[1].kind, DP_ADJ_ETHER);
	p->conf.n_rps = 0;
	sw_config(p);
	assert_int_equal(fake_dp_count_adjs(p->w->f), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, sm_world_setup, sm_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_longest_prefix_decides_then_the_hash),
		T(the_hash_takes_ipv6_by_its_digest),
		T(an_rp_of_another_prefix_takes_no_part_in_the_hash),
		T(without_a_prefix_of_it_a_group_has_no_rp),
		T(only_groups_whose_rp_changes_move),
		T(an_rp_becomes_ours_with_its_address_and_ceases_to_be),
		T(a_tunnel_takes_joins_for_nobody_in_particular),
		T(without_suppression_the_join_keeps_its_time),
		T(a_neighbour_is_joined_by_its_primary_address),
		T(our_new_address_is_whom_joins_are_for),
		T(a_border_interface_makes_its_sources_ours),
		T(a_passive_interface_serves_members_and_sends_nothing),
		T(an_interface_that_is_deleted_and_made_again_starts_anew),
		T(upstream_that_fails_and_comes_back_is_joined_again),
		T(metric_and_preference_are_those_of_the_route),
		T(ipv6_trees_are_built_likewise),
		T(all_entries_of_a_group_in_one_message_are_taken_one_by_one),
		T(entries_that_nobody_can_mean_change_nothing),
		T(the_next_hop_of_each_rp_is_known_before_anybody_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
