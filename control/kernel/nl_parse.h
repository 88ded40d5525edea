/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Rtnetlink messages to plain values. Pure: no socket, no state, so that every malformed message
 * can be tried in a unit test.
 *
 * Each function takes a message whose nlmsg_len lies within its buffer. It returns false for what
 * is malformed and for what starg does not want (another table, a route type it has no use for);
 * *out is then undefined.
 */
#pragma once

#include "control/net/net.h"

#include <linux/netlink.h>

struct nl_link {
	int ifindex;
	uint32_t flags;           /* IFF_* */
	char name[DP_IF_NAMELEN]; /* "" if the message has none */
};

struct nl_addr {
	int ifindex;
	struct ipaddr ip;
	uint8_t len;
	bool tentative;  /* duplicate address detection still runs */
	bool dad_failed; /* somebody else has it */
};

struct nl_neigh {
	int ifindex;
	struct ipaddr addr;
	bool gone;     /* no state at all: as if deleted */
	uint8_t state; /* enum net_neigh_state */
	bool has_mac;
	uint8_t mac[6];
};

struct nl_netconf {
	int ifindex; /* or NETCONFA_IFINDEX_ALL, _DEFAULT */
	int forwarding;
};

bool nl_parse_link(const struct nlmsghdr *nlh, struct nl_link *out);
bool nl_parse_addr(const struct nlmsghdr *nlh, struct nl_addr *out);
/* Main table; unicast, blackhole, unreachable and prohibit; no TOS, no source prefix. */
bool nl_parse_route(const struct nlmsghdr *nlh, struct net_route *out);
bool nl_parse_neigh(const struct nlmsghdr *nlh, struct nl_neigh *out);
bool nl_parse_netconf(const struct nlmsghdr *nlh, struct nl_netconf *out);
/* The error of an NLMSG_ERROR or NLMSG_DONE: 0 or -errno; -EBADMSG if it is cut short. */
int nl_parse_error(const struct nlmsghdr *nlh);
