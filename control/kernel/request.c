/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The single netlink requests that starg makes: flags, MAC and MTU of a link, addresses, and
 * "resolve this neighbour" (NTF_USE).
 */
#include "control/kernel/kernel_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>

/* Large enough for every request here. */
struct request {
	uint8_t buf[256] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static struct nlmsghdr *request_begin(struct request *r, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(r->buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	return nlh;
}

static struct nlmsghdr *link_begin(
	struct request *r, uint16_t type, int ifindex, struct ifinfomsg **ifi)
{
	struct nlmsghdr *nlh = request_begin(r, type, 0);

	*ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(**ifi));
	(*ifi)->ifi_index = ifindex;
	return nlh;
}

int nl_link_flags_set(struct kernel *k, int ifindex, uint32_t flags, uint32_t mask)
{
	struct request r;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(&r, RTM_NEWLINK, ifindex, &ifi);

	ifi->ifi_flags = flags;
	ifi->ifi_change = mask;
	return nl_request(k, nlh, NULL, NULL);
}

int nl_link_mac_set(struct kernel *k, int ifindex, const uint8_t mac[6])
{
	struct request r;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(&r, RTM_NEWLINK, ifindex, &ifi);

	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	return nl_request(k, nlh, NULL, NULL);
}

int nl_link_mtu_set(struct kernel *k, int ifindex, uint32_t mtu)
{
	struct request r;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(&r, RTM_NEWLINK, ifindex, &ifi);

	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return nl_request(k, nlh, NULL, NULL);
}

static void link_flags_reply(void *arg, const struct nlmsghdr *nlh)
{
	struct nl_link *link = arg;

	if (nlh->nlmsg_type == RTM_NEWLINK && !nl_parse_link(nlh, link))
		link->ifindex = 0;
}

int nl_link_flags_get(struct kernel *k, int ifindex, uint32_t *flags)
{
	struct request r;
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_begin(&r, RTM_GETLINK, ifindex, &ifi);
	struct nl_link link = {0};
	int rc = nl_request(k, nlh, link_flags_reply, &link);

	if (rc)
		return rc;
	if (link.ifindex != ifindex)
		return -ENODEV;
	*flags = link.flags;
	return 0;
}

static int addr_request(
	struct kernel *k, uint16_t type, uint16_t flags, int ifindex, const struct net_addr *addr)
{
	struct request r;
	struct nlmsghdr *nlh = request_begin(&r, type, flags);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = addr->ip.family == IP_V4 ? AF_INET : AF_INET6;
	ifa->ifa_prefixlen = addr->len;
	ifa->ifa_index = (uint32_t)ifindex;
	/* No peer, on a point-to-point device either: the prefix is what is connected. */
	mnl_attr_put(nlh, IFA_LOCAL, ip_bytes(&addr->ip), addr->ip.b);
	mnl_attr_put(nlh, IFA_ADDRESS, ip_bytes(&addr->ip), addr->ip.b);
	return nl_request(k, nlh, NULL, NULL);
}

int nl_addr_add(struct kernel *k, int ifindex, const struct net_addr *addr)
{
	return addr_request(k, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, addr);
}

int nl_addr_del(struct kernel *k, int ifindex, const struct net_addr *addr)
{
	return addr_request(k, RTM_DELADDR, 0, ifindex, addr);
}

int nl_neigh_use(struct kernel *k, int ifindex, const struct ipaddr *addr)
{
	struct request r;
	/* Not NLM_F_EXCL: an entry that is there is to be used. */
	struct nlmsghdr *nlh = request_begin(&r, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = addr->family == IP_V4 ? AF_INET : AF_INET6;
	ndm->ndm_ifindex = ifindex;
	ndm->ndm_flags = NTF_USE;
	mnl_attr_put(nlh, NDA_DST, ip_bytes(addr), addr->b);
	return nl_request(k, nlh, NULL, NULL);
}
