/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * control/kernel/nl_parse.c: constructed rtnetlink messages, good ones and hostile ones. Routes are
 * in test_nl_route.c.
 */
#include "tests/unit/kernel/nl_messages.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

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
