/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * control/kernel/nl_parse.c: constructed route messages, with one path and with many, good ones and
 * hostile ones.
 */
#include "tests/unit/kernel/nl_messages.h"

#include <linux/rtnetlink.h>

static struct rtmsg *rtm_of(struct nlmsghdr *nlh)
{
	return mnl_nlmsg_get_payload(nlh);
}

/* 10.9.0.0/16 via 10.0.0.5 dev 3 */
static struct nlmsghdr *route_plain(void)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 16, RTN_UNICAST);

	put_ip(nlh, RTA_DST, "10.9.0.0");
	put_ip(nlh, RTA_GATEWAY, "10.0.0.5");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	return nlh;
}

static void route_gives_prefix_gateway_and_metric(void **state)
{
	struct nlmsghdr *nlh = route_plain();
	struct net_route r;

	mnl_attr_put_u32(nlh, RTA_PRIORITY, 20);
	assert_true(nl_parse_route(nlh, &r));
	assert_prefix(&r.dst, "10.9.0.0/16");
	assert_int_equal(r.origin, NET_ROUTE_KERNEL);
	assert_int_equal(r.protocol, RTPROT_STATIC);
	assert_int_equal(r.metric, 20);
	assert_int_equal(r.n_paths, 1);
	assert_int_equal(r.blackhole, 0);
	assert_ip(&r.paths[0].gateway, "10.0.0.5");
	assert_int_equal(r.paths[0].ifindex, 3);
	assert_int_equal(r.paths[0].ifid, 0);
	assert_int_equal(r.paths[0].weight, 1);
	assert_false(r.paths[0].dead);
}

static void route_connected_has_no_gateway(void **state)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 24, RTN_UNICAST);
	struct net_route r;

	rtm_of(nlh)->rtm_protocol = RTPROT_KERNEL;
	rtm_of(nlh)->rtm_scope = RT_SCOPE_LINK;
	put_ip(nlh, RTA_DST, "10.0.0.0");
	put_ip(nlh, RTA_PREFSRC, "10.0.0.1");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	assert_true(nl_parse_route(nlh, &r));
	assert_true(ip_is_none(&r.paths[0].gateway));
}

static void route_default_has_no_destination(void **state)
{
	struct nlmsghdr *nlh = route_begin(AF_INET6, 0, RTN_UNICAST);
	struct net_route r;

	put_ip(nlh, RTA_GATEWAY, "fe80::1");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	assert_true(nl_parse_route(nlh, &r));
	assert_int_equal(r.dst.len, 0);
	assert_int_equal(r.dst.addr.family, IP_V6);
	assert_ip(&r.paths[0].gateway, "fe80::1");
}

static void route_types_that_refuse_are_blackholes(void **state)
{
	const uint8_t types[] = {RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT};
	struct net_route r;

	for (unsigned i = 0; i < 3; i++) {
		struct nlmsghdr *nlh = route_begin(AF_INET, 8, types[i]);

		put_ip(nlh, RTA_DST, "10.0.0.0");
		assert_true(nl_parse_route(nlh, &r));
		assert_int_equal(r.blackhole, 1);
		assert_int_equal(r.n_paths, 0);
	}
}

static void route_types_of_no_use_are_ignored(void **state)
{
	const uint8_t types[] = {RTN_UNSPEC, RTN_LOCAL, RTN_BROADCAST, RTN_ANYCAST, RTN_MULTICAST,
		RTN_THROW, RTN_NAT, 200};
	struct net_route r;

	for (unsigned i = 0; i < sizeof(types); i++) {
		struct nlmsghdr *nlh = route_plain();

		rtm_of(nlh)->rtm_type = types[i];
		assert_false(nl_parse_route(nlh, &r));
	}
}

static void route_of_another_table_is_ignored(void **state)
{
	struct nlmsghdr *nlh = route_plain();
	struct net_route r;

	rtm_of(nlh)->rtm_table = RT_TABLE_LOCAL;
	assert_false(nl_parse_route(nlh, &r));
	/* Tables above 255 are in the attribute, which wins. */
	nlh = route_plain();
	mnl_attr_put_u32(nlh, RTA_TABLE, 1000);
	assert_false(nl_parse_route(nlh, &r));
	nlh = route_plain();
	rtm_of(nlh)->rtm_table = RT_TABLE_COMPAT;
	mnl_attr_put_u32(nlh, RTA_TABLE, RT_TABLE_MAIN);
	assert_true(nl_parse_route(nlh, &r));
}

static void route_with_tos_source_or_cloned_is_ignored(void **state)
{
	struct nlmsghdr *nlh = route_plain();
	struct net_route r;

	rtm_of(nlh)->rtm_tos = 0x10;
	assert_false(nl_parse_route(nlh, &r));
	nlh = route_plain();
	rtm_of(nlh)->rtm_src_len = 8;
	assert_false(nl_parse_route(nlh, &r));
	nlh = route_plain();
	rtm_of(nlh)->rtm_flags = RTM_F_CLONED;
	assert_false(nl_parse_route(nlh, &r));
}

static void route_to_link_local_or_multicast_is_ignored(void **state)
{
	struct nlmsghdr *nlh = route_begin(AF_INET6, 64, RTN_UNICAST);
	struct net_route r;

	put_ip(nlh, RTA_DST, "fe80::");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	assert_false(nl_parse_route(nlh, &r));
	nlh = route_begin(AF_INET, 4, RTN_UNICAST);
	put_ip(nlh, RTA_DST, "224.0.0.0");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	assert_false(nl_parse_route(nlh, &r));
}

static void route_dead_hop_is_marked_and_linkdown_is_not(void **state)
{
	struct nlmsghdr *nlh = route_plain();
	struct net_route r;

	rtm_of(nlh)->rtm_flags = RTNH_F_DEAD | RTNH_F_LINKDOWN;
	assert_true(nl_parse_route(nlh, &r));
	assert_true(r.paths[0].dead);
	rtm_of(nlh)->rtm_flags = RTNH_F_LINKDOWN;
	assert_true(nl_parse_route(nlh, &r));
	assert_false(r.paths[0].dead);
}

static void route_via_another_family_is_taken(void **state)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 16, RTN_UNICAST);
	struct ipaddr gw = ip("2001:db8::9");
	uint8_t via[18] = {AF_INET6, 0};
	struct net_route r;

	put_ip(nlh, RTA_DST, "10.9.0.0");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	memcpy(via + 2, gw.b, 16);
	mnl_attr_put(nlh, RTA_VIA, 18, via);
	assert_true(nl_parse_route(nlh, &r));
	assert_ip(&r.paths[0].gateway, "2001:db8::9");
	/* ... and refused when it is cut short. */
	nlh = route_begin(AF_INET, 16, RTN_UNICAST);
	put_ip(nlh, RTA_DST, "10.9.0.0");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	mnl_attr_put(nlh, RTA_VIA, 17, via);
	assert_false(nl_parse_route(nlh, &r));
}

static void route_of_wrong_attribute_sizes_is_refused(void **state)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 16, RTN_UNICAST);
	struct net_route r;

	put_ip(nlh, RTA_DST, "2001:db8::"); /* IPv6 in an IPv4 route */
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	assert_false(nl_parse_route(nlh, &r));
	nlh = route_plain();
	mnl_attr_put_u16(nlh, RTA_PRIORITY, 3);
	assert_false(nl_parse_route(nlh, &r));
	nlh = route_plain();
	mnl_attr_put_u16(nlh, RTA_OIF, 3); /* the last of a kind wins */
	assert_false(nl_parse_route(nlh, &r));
	nlh = route_plain();
	rtm_of(nlh)->rtm_dst_len = 33;
	assert_false(nl_parse_route(nlh, &r));
	nlh = route_begin(AF_INET, 8, RTN_UNICAST); /* a length, but no destination */
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	assert_false(nl_parse_route(nlh, &r));
	nlh = route_begin(200, 0, RTN_UNICAST); /* multicast routing's family and the like */
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	assert_false(nl_parse_route(nlh, &r));
}

static void route_bits_behind_the_length_are_cleared(void **state)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 16, RTN_UNICAST);
	struct net_route r;

	put_ip(nlh, RTA_DST, "10.9.3.4");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	assert_true(nl_parse_route(nlh, &r));
	assert_prefix(&r.dst, "10.9.0.0/16");
}

/* --- multipath ------------------------------------------------------------------------------------------ */

static void multipath_gives_every_hop(void **state)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 16, RTN_UNICAST);
	struct nlattr *nest;
	struct net_route r;

	put_ip(nlh, RTA_DST, "10.9.0.0");
	nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	put_hop(nlh, 16, 0, 3, "10.0.0.5");
	put_hop(nlh, 16, 9, 4, "10.1.0.5");
	put_hop(nlh, 8, 255, 5, NULL);
	mnl_attr_nest_end(nlh, nest);
	assert_true(nl_parse_route(nlh, &r));
	assert_int_equal(r.n_paths, 3);
	assert_ip(&r.paths[0].gateway, "10.0.0.5");
	assert_int_equal(r.paths[1].ifindex, 4);
	assert_int_equal(r.paths[1].weight, 10);
	assert_true(ip_is_none(&r.paths[2].gateway));
	assert_int_equal(r.paths[2].weight, 256);
}

static void multipath_beyond_our_limit_is_cut(void **state)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 16, RTN_UNICAST);
	struct nlattr *nest;
	struct net_route r;

	put_ip(nlh, RTA_DST, "10.9.0.0");
	nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	for (int i = 0; i < 64; i++)
		put_hop(nlh, 16, 0, i + 1, "10.0.0.5");
	mnl_attr_nest_end(nlh, nest);
	assert_true(nl_parse_route(nlh, &r));
	assert_int_equal(r.n_paths, NET_PATHS_MAX);
}

static bool multipath_with_len(uint16_t len)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 16, RTN_UNICAST);
	struct nlattr *nest;
	struct net_route r;

	put_ip(nlh, RTA_DST, "10.9.0.0");
	nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	put_hop(nlh, len, 0, 3, "10.0.0.5");
	mnl_attr_nest_end(nlh, nest);
	return nl_parse_route(nlh, &r);
}

static void multipath_with_broken_hop_length_is_refused(void **state)
{
	assert_true(multipath_with_len(16));
	assert_false(multipath_with_len(0)); /* would loop */
	assert_false(multipath_with_len(7));
	assert_false(multipath_with_len(17));
	assert_false(multipath_with_len(65535));
}

static void multipath_empty_is_refused(void **state)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 16, RTN_UNICAST);
	struct net_route r;

	put_ip(nlh, RTA_DST, "10.9.0.0");
	mnl_attr_put(nlh, RTA_MULTIPATH, 0, "");
	assert_false(nl_parse_route(nlh, &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(route_gives_prefix_gateway_and_metric),
		cmocka_unit_test(route_connected_has_no_gateway),
		cmocka_unit_test(route_default_has_no_destination),
		cmocka_unit_test(route_types_that_refuse_are_blackholes),
		cmocka_unit_test(route_types_of_no_use_are_ignored),
		cmocka_unit_test(route_of_another_table_is_ignored),
		cmocka_unit_test(route_with_tos_source_or_cloned_is_ignored),
		cmocka_unit_test(route_to_link_local_or_multicast_is_ignored),
		cmocka_unit_test(route_dead_hop_is_marked_and_linkdown_is_not),
		cmocka_unit_test(route_via_another_family_is_taken),
		cmocka_unit_test(route_of_wrong_attribute_sizes_is_refused),
		cmocka_unit_test(route_bits_behind_the_length_are_cleared),
		cmocka_unit_test(multipath_gives_every_hop),
		cmocka_unit_test(multipath_beyond_our_limit_is_cut),
		cmocka_unit_test(multipath_with_broken_hop_length_is_refused),
		cmocka_unit_test(multipath_empty_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
