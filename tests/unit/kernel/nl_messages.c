/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * rtnetlink messages, built attribute by attribute.
 */
#include "tests/unit/kernel/nl_messages.h"

#include <linux/rtnetlink.h>

static uint8_t buf[4096] __attribute__((aligned(8)));

struct nlmsghdr *begin(uint16_t type)
{
	struct nlmsghdr *nlh;

	memset(buf, 0, sizeof(buf));
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	return nlh;
}

struct ipaddr ip(const char *s)
{
	struct ipaddr a;

	assert_int_equal(ip_parse(s, &a), 0);
	return a;
}

void put_ip(struct nlmsghdr *nlh, uint16_t type, const char *s)
{
	struct ipaddr a = ip(s);

	mnl_attr_put(nlh, type, ip_bytes(&a), a.b);
}

void assert_ip(const struct ipaddr *have, const char *want)
{
	char text[IP_STRLEN];

	assert_string_equal(ip_str(have, text, sizeof(text)), want);
}

void assert_prefix(const struct prefix *have, const char *want)
{
	char text[PREFIX_STRLEN];

	assert_string_equal(prefix_str(have, text, sizeof(text)), want);
}

struct nlmsghdr *route_begin(uint8_t family, uint8_t len, uint8_t type)
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

/* One hop into a nest that is built by hand: length as given, attributes as given. */
void put_hop(struct nlmsghdr *nlh, uint16_t len, uint8_t hops, int ifindex, const char *gw)
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
