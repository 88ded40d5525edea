/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * control/kernel/nl_parse.c: constructed rtnetlink messages, good ones and hostile ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control/kernel/nl_parse.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

static uint8_t buf[4096] __attribute__((aligned(8)));

static struct nlmsghdr *begin(uint16_t type)
{
	struct nlmsghdr *nlh;

	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	return nlh;
}

static struct ipaddr ip(const char *s)
{
	struct ipaddr a;

	assert_int_equal(ip_parse(s, &a), 0);
	return a;
}

static void put_ip(struct nlmsghdr *nlh, uint16_t type, const char *s)
{
	struct ipaddr a = ip(s);

	mnl_attr_put(nlh, type, ip_bytes(&a), a.b);
}

static void assert_ip(const struct ipaddr *have, const char *want)
{
	char text[IP_STRLEN];

	assert_string_equal(ip_str(have, text, sizeof(text)), want);
}

static void assert_prefix(const struct prefix *have, const char *want)
{
	char text[PREFIX_STRLEN];

	assert_string_equal(prefix_str(have, text, sizeof(text)), want);
}

/* --- links ------------------------------------------------------------------------------------- */

static struct nlmsghdr *link_begin(uint8_t family, int ifindex, unsigned flags)
{
	struct nlmsghdr *nlh = begin(RTM_NEWLINK);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_family = family;
	ifi->ifi_index = ifindex;
	ifi->ifi_flags = flags;
	return nlh;
}

static void link_gives_index_flags_and_name(void **state)
{
	struct nlmsghdr *nlh = link_begin(AF_UNSPEC, 7, IFF_UP | IFF_RUNNING);
	struct nl_link link;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0.100");
	assert_true(nl_parse_link(nlh, &link));
	assert_int_equal(link.ifindex, 7);
	assert_int_equal(link.flags, IFF_UP | IFF_RUNNING);
	assert_string_equal(link.name, "eth0.100");
}

static void link_of_a_bridge_port_is_ignored(void **state)
{
	struct nlmsghdr *nlh = link_begin(AF_BRIDGE, 7, 0);
	struct nl_link link;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	assert_false(nl_parse_link(nlh, &link));
}

static void link_without_name_is_taken_with_an_empty_one(void **state)
{
	struct nl_link link;

	assert_true(nl_parse_link(link_begin(AF_UNSPEC, 7, 0), &link));
	assert_string_equal(link.name, "");
}

static void link_name_too_long_or_unterminated_is_refused(void **state)
{
	struct nlmsghdr *nlh = link_begin(AF_UNSPEC, 7, 0);
	struct nl_link link;

	mnl_attr_put(nlh, IFLA_IFNAME, 17, "abcdefghijklmnop");
	assert_false(nl_parse_link(nlh, &link));
	nlh = link_begin(AF_UNSPEC, 7, 0);
	mnl_attr_put(nlh, IFLA_IFNAME, 16, "abcdefghijklmnop");
	assert_false(nl_parse_link(nlh, &link));
	nlh = link_begin(AF_UNSPEC, 7, 0);
	mnl_attr_put(nlh, IFLA_IFNAME, 16, "abcdefghijklmno");
	assert_true(nl_parse_link(nlh, &link));
}

static void link_with_index_zero_or_below_is_refused(void **state)
{
	struct nl_link link;

	assert_false(nl_parse_link(link_begin(AF_UNSPEC, 0, 0), &link));
	assert_false(nl_parse_link(link_begin(AF_UNSPEC, -1, 0), &link));
}

/* --- addresses -------------------------------------------------------------------------------------- */

static struct nlmsghdr *addr_begin(uint8_t family, uint8_t len, uint32_t ifindex)
{
	struct nlmsghdr *nlh = begin(RTM_NEWADDR);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = family;
	ifa->ifa_prefixlen = len;
	ifa->ifa_index = ifindex;
	return nlh;
}

static void address_gives_local_and_length(void **state)
{
	struct nlmsghdr *nlh = addr_begin(AF_INET, 31, 4);
	struct nl_addr addr;

	put_ip(nlh, IFA_ADDRESS, "169.254.0.0");
	put_ip(nlh, IFA_LOCAL, "169.254.0.0");
	assert_true(nl_parse_addr(nlh, &addr));
	assert_int_equal(addr.ifindex, 4);
	assert_ip(&addr.ip, "169.254.0.0");
	assert_int_equal(addr.len, 31);
	assert_false(addr.tentative);
}

static void address_with_peer_is_a_host_of_its_own(void **state)
{
	struct nlmsghdr *nlh = addr_begin(AF_INET, 24, 4);
	struct nl_addr addr;

	put_ip(nlh, IFA_ADDRESS, "10.2.0.9");
	put_ip(nlh, IFA_LOCAL, "10.1.0.1");
	assert_true(nl_parse_addr(nlh, &addr));
	assert_ip(&addr.ip, "10.1.0.1");
	assert_int_equal(addr.len, 32);
}

static void address_v6_comes_without_local(void **state)
{
	struct nlmsghdr *nlh = addr_begin(AF_INET6, 64, 4);
	struct nl_addr addr;

	put_ip(nlh, IFA_ADDRESS, "2001:db8::1");
	mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_TENTATIVE | IFA_F_NOPREFIXROUTE);
	assert_true(nl_parse_addr(nlh, &addr));
	assert_ip(&addr.ip, "2001:db8::1");
	assert_int_equal(addr.len, 64);
	assert_true(addr.tentative);
	assert_false(addr.dad_failed);
}

static void address_that_failed_detection_says_so(void **state)
{
	struct nlmsghdr *nlh = addr_begin(AF_INET6, 64, 4);
	struct nl_addr addr;

	put_ip(nlh, IFA_ADDRESS, "2001:db8::1");
	mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_TENTATIVE | IFA_F_DADFAILED);
	assert_true(nl_parse_addr(nlh, &addr));
	assert_true(addr.dad_failed);
}

static void address_of_wrong_size_or_length_is_refused(void **state)
{
	struct nlmsghdr *nlh = addr_begin(AF_INET, 24, 4);
	struct nl_addr addr;

	put_ip(nlh, IFA_LOCAL, "2001:db8::1");
	assert_false(nl_parse_addr(nlh, &addr));
	nlh = addr_begin(AF_INET, 24, 4);
	mnl_attr_put(nlh, IFA_LOCAL, 3, "abc");
	assert_false(nl_parse_addr(nlh, &addr));
	nlh = addr_begin(AF_INET, 33, 4);
	put_ip(nlh, IFA_LOCAL, "10.0.0.1");
	assert_false(nl_parse_addr(nlh, &addr));
	nlh = addr_begin(AF_INET6, 129, 4);
	put_ip(nlh, IFA_ADDRESS, "::1");
	assert_false(nl_parse_addr(nlh, &addr));
	nlh = addr_begin(AF_UNSPEC, 0, 4);
	put_ip(nlh, IFA_LOCAL, "10.0.0.1");
	assert_false(nl_parse_addr(nlh, &addr));
	assert_false(nl_parse_addr(addr_begin(AF_INET, 24, 4), &addr));
}

/* --- routes -------------------------------------------------------------------------------------------- */

static struct nlmsghdr *route_begin(uint8_t family, uint8_t len, uint8_t type)
{
	struct nlmsghdr *nlh = begin(RTM_NEWROUTE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = family;
	rtm->rtm_dst_len = len;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_type = type;
	rtm->rtm_protocol = RTPROT_STATIC;
	return nlh;
}

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

/* One hop into a nest that is built by hand: length as given, attributes as given. */
static void put_hop(struct nlmsghdr *nlh, uint16_t len, uint8_t hops, int ifindex, const char *gw)
{
	struct rtnexthop *hop = mnl_nlmsg_get_payload_tail(nlh);
	struct ipaddr a;

	hop->rtnh_len = len;
	hop->rtnh_flags = 0;
	hop->rtnh_hops = hops;
	hop->rtnh_ifindex = ifindex;
	nlh->nlmsg_len += sizeof(*hop);
	if (!gw)
		return;
	a = ip(gw);
	mnl_attr_put(nlh, RTA_GATEWAY, ip_bytes(&a), a.b);
}

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

/* --- neighbours ------------------------------------------------------------------------------------------ */

static struct nlmsghdr *neigh_begin(uint8_t family, uint16_t nud, uint8_t flags)
{
	struct nlmsghdr *nlh = begin(RTM_NEWNEIGH);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = family;
	ndm->ndm_ifindex = 5;
	ndm->ndm_state = nud;
	ndm->ndm_flags = flags;
	return nlh;
}

static void neighbour_states_map_to_ours(void **state)
{
	const struct {
		uint16_t nud;
		uint8_t want;
	} rows[] = {
		{NUD_INCOMPLETE, NET_NEIGH_INCOMPLETE},
		{NUD_REACHABLE, NET_NEIGH_REACHABLE},
		{NUD_PERMANENT, NET_NEIGH_REACHABLE},
		{NUD_NOARP, NET_NEIGH_REACHABLE},
		{NUD_STALE, NET_NEIGH_STALE},
		{NUD_DELAY, NET_NEIGH_STALE},
		{NUD_PROBE, NET_NEIGH_STALE},
		{NUD_FAILED, NET_NEIGH_FAILED},
	};
	struct nl_neigh n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nlmsghdr *nlh = neigh_begin(AF_INET, rows[i].nud, 0);

		put_ip(nlh, NDA_DST, "10.0.0.5");
		assert_true(nl_parse_neigh(nlh, &n));
		assert_int_equal(n.state, rows[i].want);
		assert_false(n.gone);
		assert_false(n.has_mac);
	}
}

static void neighbour_gives_mac(void **state)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 5};
	struct nlmsghdr *nlh = neigh_begin(AF_INET6, NUD_REACHABLE, 0);
	struct nl_neigh n;

	put_ip(nlh, NDA_DST, "fe80::5");
	mnl_attr_put(nlh, NDA_LLADDR, 6, mac);
	assert_true(nl_parse_neigh(nlh, &n));
	assert_int_equal(n.ifindex, 5);
	assert_ip(&n.addr, "fe80::5");
	assert_true(n.has_mac);
	assert_memory_equal(n.mac, mac, 6);
}

static void neighbour_without_state_is_gone(void **state)
{
	struct nlmsghdr *nlh = neigh_begin(AF_INET, NUD_NONE, 0);
	struct nl_neigh n;

	put_ip(nlh, NDA_DST, "10.0.0.5");
	assert_true(nl_parse_neigh(nlh, &n));
	assert_true(n.gone);
}

static void neighbour_of_no_use_is_ignored(void **state)
{
	struct nlmsghdr *nlh = neigh_begin(AF_INET, NUD_REACHABLE, NTF_PROXY);
	struct nl_neigh n;

	put_ip(nlh, NDA_DST, "10.0.0.5");
	assert_false(nl_parse_neigh(nlh, &n));
	nlh = neigh_begin(AF_BRIDGE, NUD_REACHABLE, 0); /* a bridge's forwarding entry */
	mnl_attr_put(nlh, NDA_DST, 4, "abcd");
	assert_false(nl_parse_neigh(nlh, &n));
	nlh = neigh_begin(AF_INET, NUD_NOARP, 0);
	put_ip(nlh, NDA_DST, "224.0.0.5");
	assert_false(nl_parse_neigh(nlh, &n));
	nlh = neigh_begin(AF_INET, NUD_REACHABLE, 0);
	put_ip(nlh, NDA_DST, "fe80::1");
	assert_false(nl_parse_neigh(nlh, &n));
	assert_false(nl_parse_neigh(neigh_begin(AF_INET, NUD_REACHABLE, 0), &n));
}

static void neighbour_with_a_mac_of_wrong_size_has_none(void **state)
{
	struct nlmsghdr *nlh = neigh_begin(AF_INET, NUD_REACHABLE, 0);
	struct nl_neigh n;

	put_ip(nlh, NDA_DST, "10.0.0.5");
	mnl_attr_put(nlh, NDA_LLADDR, 20, "an infiniband's mac");
	assert_true(nl_parse_neigh(nlh, &n));
	assert_false(n.has_mac);
}

/* --- the rest, and everything cut short ---------------------------------------------------------------------- */

static void netconf_gives_forwarding(void **state)
{
	struct nlmsghdr *nlh = begin(RTM_NEWNETCONF);
	struct netconfmsg *ncm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ncm));
	struct nl_netconf conf;

	ncm->ncm_family = AF_INET;
	mnl_attr_put_u32(nlh, NETCONFA_IFINDEX, 6);
	assert_false(nl_parse_netconf(nlh, &conf)); /* of something else */
	mnl_attr_put_u32(nlh, NETCONFA_FORWARDING, 1);
	assert_true(nl_parse_netconf(nlh, &conf));
	assert_int_equal(conf.ifindex, 6);
	assert_int_equal(conf.forwarding, 1);
}

static void error_is_read_with_care(void **state)
{
	struct nlmsghdr *nlh = begin(NLMSG_ERROR);
	int32_t *code;

	assert_int_equal(nl_parse_error(nlh), -EBADMSG);
	code = mnl_nlmsg_put_extra_header(nlh, sizeof(struct nlmsgerr));
	*code = -EPERM;
	assert_int_equal(nl_parse_error(nlh), -EPERM);
	*code = 5;
	assert_int_equal(nl_parse_error(nlh), -EBADMSG);
	assert_int_equal(nl_parse_error(begin(NLMSG_DONE)), 0);
}

static void parse_as_everything(const struct nlmsghdr *nlh)
{
	struct nl_link link;
	struct nl_addr addr;
	struct net_route route;
	struct nl_neigh neigh;
	struct nl_netconf conf;

	nl_parse_link(nlh, &link);
	nl_parse_addr(nlh, &addr);
	nl_parse_route(nlh, &route);
	nl_parse_neigh(nlh, &neigh);
	nl_parse_netconf(nlh, &conf);
	nl_parse_error(nlh);
}

/* A copy that ends exactly where the message says, so that the sanitizer sees each byte too far. */
static void parse_cut(const struct nlmsghdr *nlh, uint32_t len)
{
	struct nlmsghdr *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, nlh, len);
	copy->nlmsg_len = len;
	parse_as_everything(copy);
	free(copy);
}

static struct nlmsghdr *route_rich(void)
{
	struct nlmsghdr *nlh = route_begin(AF_INET, 16, RTN_UNICAST);
	struct nlattr *nest;

	put_ip(nlh, RTA_DST, "10.9.0.0");
	mnl_attr_put_u32(nlh, RTA_PRIORITY, 20);
	nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	put_hop(nlh, 16, 0, 3, "10.0.0.5");
	put_hop(nlh, 16, 9, 4, "10.1.0.5");
	mnl_attr_nest_end(nlh, nest);
	return nlh;
}

static void every_cut_of_a_message_is_survived(void **state)
{
	struct nlmsghdr *nlh = route_rich();

	for (uint32_t len = NLMSG_HDRLEN; len <= nlh->nlmsg_len; len++)
		parse_cut(nlh, len);
	nlh = neigh_begin(AF_INET, NUD_REACHABLE, 0);
	put_ip(nlh, NDA_DST, "10.0.0.5");
	mnl_attr_put(nlh, NDA_LLADDR, 6, "abcdef");
	for (uint32_t len = NLMSG_HDRLEN; len <= nlh->nlmsg_len; len++)
		parse_cut(nlh, len);
}

static void every_flipped_byte_of_a_message_is_survived(void **state)
{
	const uint8_t values[] = {0, 1, 3, 0x7f, 0x80, 0xff};
	uint32_t len = route_rich()->nlmsg_len;

	for (uint32_t at = NLMSG_HDRLEN; at < len; at++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			struct nlmsghdr *nlh = route_rich();

			((uint8_t *)nlh)[at] = values[v];
			parse_cut(nlh, len);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_gives_index_flags_and_name),
		cmocka_unit_test(link_of_a_bridge_port_is_ignored),
		cmocka_unit_test(link_without_name_is_taken_with_an_empty_one),
		cmocka_unit_test(link_name_too_long_or_unterminated_is_refused),
		cmocka_unit_test(link_with_index_zero_or_below_is_refused),
		cmocka_unit_test(address_gives_local_and_length),
		cmocka_unit_test(address_with_peer_is_a_host_of_its_own),
		cmocka_unit_test(address_v6_comes_without_local),
		cmocka_unit_test(address_that_failed_detection_says_so),
		cmocka_unit_test(address_of_wrong_size_or_length_is_refused),
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
		cmocka_unit_test(neighbour_states_map_to_ours),
		cmocka_unit_test(neighbour_gives_mac),
		cmocka_unit_test(neighbour_without_state_is_gone),
		cmocka_unit_test(neighbour_of_no_use_is_ignored),
		cmocka_unit_test(neighbour_with_a_mac_of_wrong_size_has_none),
		cmocka_unit_test(netconf_gives_forwarding),
		cmocka_unit_test(error_is_read_with_care),
		cmocka_unit_test(every_cut_of_a_message_is_survived),
		cmocka_unit_test(every_flipped_byte_of_a_message_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
