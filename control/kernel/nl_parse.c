/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Rtnetlink messages to plain values (rtnetlink(7)). Nothing is believed: headers and attributes
 * may be cut short, of the wrong size, or of a family we do not know.
 *
 * Left out: tables other than main, routes with TOS or source prefix, cached and local ones,
 * `throw`, encapsulating routes' encapsulation.
 */
#include "control/kernel/nl_parse.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <libmnl/libmnl.h>
#include <net/if.h>

#define ATTRS_MAX 64 /* more kinds than any message here has */

/* The attributes of a message or of a nest, the last of a kind wins; NULL where absent. */
struct attrs {
	const struct nlattr *a[ATTRS_MAX];
};

static int attr_store(const struct nlattr *attr, void *arg)
{
	struct attrs *attrs = arg;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < ATTRS_MAX)
		attrs->a[type] = attr;
	return MNL_CB_OK;
}

/* The fixed header behind nlmsghdr and the attributes behind that; NULL if it is cut short. */
static const void *message_open(const struct nlmsghdr *nlh, size_t head, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	if (nlh->nlmsg_len < NLMSG_HDRLEN + MNL_ALIGN(head))
		return NULL;
	/* Not mnl_attr_parse: it rounds the end of the message up, beyond the buffer. */
	mnl_attr_parse_payload((const uint8_t *)nlh + NLMSG_HDRLEN + MNL_ALIGN(head),
		nlh->nlmsg_len - NLMSG_HDRLEN - MNL_ALIGN(head), attr_store, attrs);
	return mnl_nlmsg_get_payload(nlh);
}

static bool attr_u32(const struct nlattr *attr, uint32_t *out)
{
	if (!attr || mnl_attr_get_payload_len(attr) != sizeof(uint32_t))
		return false;
	memcpy(out, mnl_attr_get_payload(attr), sizeof(uint32_t));
	return true;
}

static bool ip_from_bytes(uint8_t af, const void *bytes, size_t len, struct ipaddr *out)
{
	if (af != AF_INET && af != AF_INET6)
		return false;
	if (len != (af == AF_INET ? 4u : 16u))
		return false;
	memset(out, 0, sizeof(*out));
	out->family = af == AF_INET ? IP_V4 : IP_V6;
	memcpy(out->b, bytes, len);
	return true;
}

static bool attr_ip(const struct nlattr *attr, uint8_t af, struct ipaddr *out)
{
	return attr &&
	       ip_from_bytes(af, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr), out);
}

/* fe80::/10: means something on one link only. */
static bool ip_is_unicast_link_local6(const struct ipaddr *ip)
{
	return ip->family == IP_V6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

bool nl_parse_link(const struct nlmsghdr *nlh, struct nl_link *out)
{
	struct attrs attrs;
	const struct ifinfomsg *ifi = message_open(nlh, sizeof(*ifi), &attrs);
	const struct nlattr *name = attrs.a[IFLA_IFNAME];

	/* A bridge tells of its ports with AF_BRIDGE: a port that leaves it is no link that went. */
	if (!ifi || ifi->ifi_family != AF_UNSPEC || ifi->ifi_index <= 0)
		return false;
	memset(out, 0, sizeof(*out));
	out->ifindex = ifi->ifi_index;
	out->flags = ifi->ifi_flags;
	if (!name)
		return true;
	if (mnl_attr_get_payload_len(name) > sizeof(out->name))
		return false;
	memcpy(out->name, mnl_attr_get_payload(name), mnl_attr_get_payload_len(name));
	return memchr(out->name, '\0', sizeof(out->name)) != NULL;
}

bool nl_parse_addr(const struct nlmsghdr *nlh, struct nl_addr *out)
{
	struct attrs attrs;
	const struct ifaddrmsg *ifa = message_open(nlh, sizeof(*ifa), &attrs);
	struct ipaddr peer = {0};
	uint32_t flags;

	if (!ifa || ifa->ifa_index == 0 || ifa->ifa_index > INT32_MAX)
		return false;
	memset(out, 0, sizeof(*out));
	out->ifindex = (int)ifa->ifa_index;
	if (attrs.a[IFA_ADDRESS] && !attr_ip(attrs.a[IFA_ADDRESS], ifa->ifa_family, &peer))
		return false;
	if (attrs.a[IFA_LOCAL]) {
		if (!attr_ip(attrs.a[IFA_LOCAL], ifa->ifa_family, &out->ip))
			return false;
	} else {
		out->ip = peer;
	}
	if (ip_is_none(&out->ip) || ifa->ifa_prefixlen > ip_bits(&out->ip))
		return false;
	/* With a peer the length belongs to the peer's prefix, our own address stands alone. */
	out->len = ifa->ifa_prefixlen;
	if (!ip_is_none(&peer) && !ip_eq(&peer, &out->ip))
		out->len = ip_bits(&out->ip);
	if (!attr_u32(attrs.a[IFA_FLAGS], &flags))
		flags = ifa->ifa_flags;
	out->dad_failed = flags & IFA_F_DADFAILED;
	out->tentative = (flags & IFA_F_TENTATIVE) && !(flags & IFA_F_OPTIMISTIC);
	return true;
}

/* --- routes ------------------------------------------------------------------------------------ */

/* A gateway of the route's own family, or of another one in RTA_VIA (IPv4 over an IPv6 next hop).
 * False if it is there and malformed. */
static bool gateway_parse(const struct attrs *attrs, uint8_t af, struct ipaddr *out)
{
	const struct nlattr *via = attrs->a[RTA_VIA];
	const struct rtvia *v;

	memset(out, 0, sizeof(*out));
	if (attrs->a[RTA_GATEWAY])
		return attr_ip(attrs->a[RTA_GATEWAY], af, out);
	if (!via)
		return true;
	if (mnl_attr_get_payload_len(via) < sizeof(*v))
		return false;
	v = mnl_attr_get_payload(via);
	if (v->rtvia_family > AF_MAX)
		return false;
	return ip_from_bytes((uint8_t)v->rtvia_family, v->rtvia_addr,
		mnl_attr_get_payload_len(via) - sizeof(*v), out);
}

/* RTNH_F_LINKDOWN is left alone on purpose: the kernel does not tell when it goes away again, and
 * whether the interface has a link is what net knows best. */
static bool path_dead(unsigned flags)
{
	return flags & RTNH_F_DEAD;
}

/* The attributes of one hop of RTA_MULTIPATH. mnl_attr_parse_payload stops at the first broken. */
static bool hop_parse(const struct rtnexthop *hop, uint8_t af, struct net_path *out)
{
	struct attrs attrs = {0};

	mnl_attr_parse_payload(RTNH_DATA(hop), hop->rtnh_len - RTNH_LENGTH(0), attr_store, &attrs);
	memset(out, 0, sizeof(*out));
	if (hop->rtnh_ifindex <= 0 || !gateway_parse(&attrs, af, &out->gateway))
		return false;
	out->ifindex = hop->rtnh_ifindex;
	out->weight = (uint16_t)(hop->rtnh_hops + 1);
	out->dead = path_dead(hop->rtnh_flags);
	return true;
}

/* Hops beyond NET_PATHS_MAX are left out: the kernel uses them, we need not. */
static bool multipath_parse(const struct nlattr *multipath, uint8_t af, struct net_route *out)
{
	const uint8_t *p = mnl_attr_get_payload(multipath);
	size_t left = mnl_attr_get_payload_len(multipath);

	while (left >= sizeof(struct rtnexthop) && out->n_paths < NET_PATHS_MAX) {
		const struct rtnexthop *hop = (const void *)p;
		size_t step = RTNH_ALIGN(hop->rtnh_len);

		if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > left)
			return false;
		if (!hop_parse(hop, af, &out->paths[out->n_paths]))
			return false;
		out->n_paths++;
		if (step >= left)
			break;
		p += step;
		left -= step;
	}
	return out->n_paths > 0;
}

static bool single_path_parse(
	const struct attrs *attrs, const struct rtmsg *rtm, struct net_route *out)
{
	struct net_path *path = &out->paths[0];
	uint32_t ifindex;

	if (!attr_u32(attrs->a[RTA_OIF], &ifindex) || ifindex == 0 || ifindex > INT32_MAX)
		return false;
	if (!gateway_parse(attrs, rtm->rtm_family, &path->gateway))
		return false;
	path->ifindex = (int)ifindex;
	path->weight = 1;
	path->dead = path_dead(rtm->rtm_flags);
	out->n_paths = 1;
	return true;
}

static bool route_wanted(const struct rtmsg *rtm, const struct attrs *attrs)
{
	uint32_t table = rtm->rtm_table;

	if (attrs->a[RTA_TABLE] && !attr_u32(attrs->a[RTA_TABLE], &table))
		return false;
	if (table != RT_TABLE_MAIN || (rtm->rtm_flags & RTM_F_CLONED))
		return false;
	if (rtm->rtm_src_len != 0)
		return false;
	return rtm->rtm_family == AF_INET6 || rtm->rtm_tos == 0;
}

static bool route_dst_parse(const struct rtmsg *rtm, const struct nlattr *dst, struct prefix *out)
{
	struct ipaddr ip = {0};

	if (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6)
		return false;
	ip.family = rtm->rtm_family == AF_INET ? IP_V4 : IP_V6;
	if (dst && !attr_ip(dst, rtm->rtm_family, &ip))
		return false;
	if (rtm->rtm_dst_len > ip_bits(&ip) || (!dst && rtm->rtm_dst_len != 0))
		return false;
	/* Every link has its own fe80::/64: no routes to look anything up in. */
	if (ip_is_multicast(&ip) || ip_is_unicast_link_local6(&ip))
		return false;
	*out = prefix_make(ip, rtm->rtm_dst_len);
	return true;
}

bool nl_parse_route(const struct nlmsghdr *nlh, struct net_route *out)
{
	struct attrs attrs;
	const struct rtmsg *rtm = message_open(nlh, sizeof(*rtm), &attrs);

	if (!rtm || !route_wanted(rtm, &attrs))
		return false;
	memset(out, 0, sizeof(*out));
	if (!route_dst_parse(rtm, attrs.a[RTA_DST], &out->dst))
		return false;
	if (attrs.a[RTA_PRIORITY] && !attr_u32(attrs.a[RTA_PRIORITY], &out->metric))
		return false;
	out->origin = NET_ROUTE_KERNEL;
	out->protocol = rtm->rtm_protocol;
	switch (rtm->rtm_type) {
	case RTN_UNICAST:
		if (attrs.a[RTA_MULTIPATH])
			return multipath_parse(attrs.a[RTA_MULTIPATH], rtm->rtm_family, out);
		return single_path_parse(&attrs, rtm, out);
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
		out->blackhole = 1;
		return true;
	default: /* local, broadcast, anycast, multicast, throw */
		return false;
	}
}

/* --- neighbours and the rest --------------------------------------------------------------------- */

static void neigh_state(uint16_t nud, struct nl_neigh *out)
{
	if (nud & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP))
		out->state = NET_NEIGH_REACHABLE;
	else if (nud & (NUD_STALE | NUD_DELAY | NUD_PROBE))
		out->state = NET_NEIGH_STALE;
	else if (nud & NUD_FAILED)
		out->state = NET_NEIGH_FAILED;
	else if (nud & NUD_INCOMPLETE)
		out->state = NET_NEIGH_INCOMPLETE;
	else
		out->gone = true;
}

bool nl_parse_neigh(const struct nlmsghdr *nlh, struct nl_neigh *out)
{
	struct attrs attrs;
	const struct ndmsg *ndm = message_open(nlh, sizeof(*ndm), &attrs);
	const struct nlattr *mac = attrs.a[NDA_LLADDR];

	if (!ndm || ndm->ndm_ifindex <= 0 || (ndm->ndm_flags & NTF_PROXY))
		return false;
	memset(out, 0, sizeof(*out));
	out->ifindex = ndm->ndm_ifindex;
	/* Of AF_BRIDGE and others attr_ip wants nothing. */
	if (!attr_ip(attrs.a[NDA_DST], ndm->ndm_family, &out->addr) || ip_is_multicast(&out->addr))
		return false;
	neigh_state(ndm->ndm_state, out);
	if (mac && mnl_attr_get_payload_len(mac) == sizeof(out->mac)) {
		memcpy(out->mac, mnl_attr_get_payload(mac), sizeof(out->mac));
		out->has_mac = true;
	}
	return true;
}

bool nl_parse_netconf(const struct nlmsghdr *nlh, struct nl_netconf *out)
{
	struct attrs attrs;
	const struct netconfmsg *ncm = message_open(nlh, sizeof(*ncm), &attrs);
	uint32_t ifindex, forwarding;

	if (!ncm || ncm->ncm_family != AF_INET)
		return false;
	if (!attr_u32(attrs.a[NETCONFA_IFINDEX], &ifindex) ||
		!attr_u32(attrs.a[NETCONFA_FORWARDING], &forwarding))
		return false;
	out->ifindex = (int)ifindex;
	out->forwarding = (int)forwarding;
	return true;
}

int nl_parse_error(const struct nlmsghdr *nlh)
{
	int error;

	/* A bare NLMSG_DONE of old kernels ends a dump well. */
	if (nlh->nlmsg_type == NLMSG_DONE && nlh->nlmsg_len == NLMSG_HDRLEN)
		return 0;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(error))
		return -EBADMSG;
	memcpy(&error, mnl_nlmsg_get_payload(nlh), sizeof(error));
	return error > 0 ? -EBADMSG : error;
}
