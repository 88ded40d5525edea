/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * From netlink messages to net: the events of the subscription, and the resynchronisation that
 * reads everything again when events were lost or when the kernel did something without telling.
 *
 * A resynchronisation throws away the events that wait, dumps, and goes on with the events that
 * came during the dump. Those are newer than the start of the dump; applying one that the dump
 * shows already changes nothing, and the last event about a thing is always its final state.
 */
#include "control/kernel/kernel_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#define READS_PER_WAKE 256 /* datagrams; then the loop has its turn */
#define DISCARD_MAX 100000 /* datagrams */
#define DUMP_TRIES 3
#define RESYNC_GAP_US 1000000
#define RESYNC_SHARE 10 /* at most one part in so many of the time */

/* --- messages ----------------------------------------------------------------------------------- */

static struct twin *twin_by_index(const struct kernel *k, int ifindex)
{
	struct link *link = link_find(k, ifindex);

	return link ? link->twin : NULL;
}

static void link_message(struct kernel *k, const struct nlmsghdr *nlh)
{
	struct nl_link link;

	if (!nl_parse_link(nlh, &link))
		return;
	if (nlh->nlmsg_type == RTM_NEWLINK)
		link_event(k, &link);
	else
		link_gone_event(k, link.ifindex);
}

static void addr_message(struct kernel *k, const struct nlmsghdr *nlh)
{
	bool gone = nlh->nlmsg_type == RTM_DELADDR;
	struct nl_addr addr;
	struct twin *tw;

	if (!nl_parse_addr(nlh, &addr))
		return;
	tw = twin_by_index(k, addr.ifindex);
	if (tw)
		twin_addr_event(tw, &addr, gone);
	else if (!gone)
		port_addr_event(k, &addr);
	/* IPv4 routes that prefer this source go with it, without a word. */
	if (gone && addr.ip.family == IP_V4)
		resync_request(k, RESYNC_GAP_US / 20);
}

static void neigh_message(struct kernel *k, const struct nlmsghdr *nlh)
{
	bool gone = nlh->nlmsg_type == RTM_DELNEIGH;
	struct nl_neigh ev;
	struct net_neigh neigh = {0};
	struct twin *tw;

	if (!nl_parse_neigh(nlh, &ev))
		return;
	tw = twin_by_index(k, ev.ifindex);
	if (!tw || !tw->is_tap)
		return;
	if (gone || ev.gone) {
		net_neigh_del(k->net, tw->ifid, &ev.addr, false);
		return;
	}
	if ((ev.state == NET_NEIGH_REACHABLE || ev.state == NET_NEIGH_STALE) && !ev.has_mac)
		return;
	neigh.ifid = tw->ifid;
	neigh.state = ev.state;
	neigh.addr = ev.addr;
	memcpy(neigh.mac, ev.mac, sizeof(neigh.mac));
	net_neigh_set(k->net, &neigh);
}

static void route_dumped(struct kernel *k, const struct nlmsghdr *nlh)
{
	struct net_route r;

	if (nlh->nlmsg_type == RTM_NEWROUTE && nl_parse_route(nlh, &r))
		routes_new(k, &r, ROUTE_DUMPED, 0);
}

static void route_message(struct kernel *k, const struct nlmsghdr *nlh)
{
	struct net_route r;

	if (!nl_parse_route(nlh, &r))
		return;
	if (nlh->nlmsg_type == RTM_NEWROUTE)
		routes_new(k, &r, ROUTE_EVENT, nlh->nlmsg_flags);
	else
		routes_gone(k, &r);
}

static void netconf_message(struct kernel *k, const struct nlmsghdr *nlh)
{
	struct nl_netconf ev;

	if (nl_parse_netconf(nlh, &ev))
		port_netconf_event(k, &ev);
}

static void event_message(struct kernel *k, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		link_message(k, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		addr_message(k, nlh);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		route_message(k, nlh);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		neigh_message(k, nlh);
		break;
	case RTM_NEWNETCONF:
		netconf_message(k, nlh);
		break;
	case RTM_DELNEXTHOP: /* takes its IPv4 routes along, without a word */
		resync_request(k, RESYNC_GAP_US / 20);
		break;
	default:
		break;
	}
}

/* --- resynchronisation ------------------------------------------------------------------------------ */

void resync_request(struct kernel *k, uint64_t delay_us)
{
	uint64_t due = kernel_now(k) + delay_us;
	uint64_t gap = k->resync_took_us * RESYNC_SHARE;

	if (gap < RESYNC_GAP_US)
		gap = RESYNC_GAP_US;
	if (k->resync_end_us && due < k->resync_end_us + gap)
		due = k->resync_end_us + gap;
	if (k->resync_wanted && k->resync_due_us <= due)
		return;
	k->resync_wanted = true;
	k->resync_due_us = due;
}

static void event_ignore(struct kernel *k, const struct nlmsghdr *nlh)
{
}

static void events_discard(struct kernel *k)
{
	for (unsigned i = 0; i < DISCARD_MAX; i++) {
		if (nl_events_read(k, event_ignore) == 0)
			return;
	}
}

/* A dump that the kernel calls interrupted is tried again. What was seen stays seen: too much of it
 * does no harm, for what vanished meanwhile is among the events. */
static int dump_try(struct kernel *k, uint16_t type, uint8_t family, nl_message_fn *fn)
{
	int rc = -EINTR;

	for (unsigned i = 0; i < DUMP_TRIES && rc == -EINTR; i++) {
		routes_dump_begin(k);
		rc = nl_dump(k, type, family, fn);
	}
	return rc;
}

static int resync_links(struct kernel *k)
{
	int rc;

	link_unsee_all(k);
	rc = dump_try(k, RTM_GETLINK, AF_UNSPEC, link_message);
	if (rc == 0)
		link_sweep(k);
	return rc;
}

static int resync_addrs(struct kernel *k)
{
	int rc;

	twin_addr_unsee_all(k);
	rc = dump_try(k, RTM_GETADDR, AF_UNSPEC, addr_message);
	if (rc == 0)
		twin_addr_sweep(k);
	return rc;
}

static int resync_routes(struct kernel *k)
{
	int rc;

	routes_forget(k);
	net_resync_begin(k->net, NET_ROUTE_KERNEL);
	rc = dump_try(k, RTM_GETROUTE, AF_INET, route_dumped);
	if (rc == 0)
		rc = dump_try(k, RTM_GETROUTE, AF_INET6, route_dumped);
	if (rc == 0)
		rc = dump_try(k, RTM_GETNEIGH, AF_UNSPEC, neigh_message);
	/* Nothing is swept that might have been overlooked. */
	if (rc == 0)
		net_resync_end(k->net, NET_ROUTE_KERNEL);
	return rc;
}

int resync_run(struct kernel *k)
{
	uint64_t start = kernel_now(k);
	int rc;

	k->resync_wanted = false;
	k->resync_running = true;
	k->reading = true;
	events_discard(k);
	rc = resync_links(k);
	if (rc == 0)
		rc = resync_addrs(k);
	if (rc == 0)
		rc = resync_routes(k);
	k->reading = false;
	k->resync_running = false;
	k->resync_end_us = kernel_now(k);
	k->resync_took_us = k->resync_end_us - start;
	if (rc) {
		log_warning("netlink", "cannot read the kernel's tables: %s; trying again",
			strerror(-rc));
		resync_request(k, 0);
	}
	return rc;
}

/* --- the loop's side --------------------------------------------------------------------------------- */

static void overrun(struct kernel *k)
{
	k->stats.overruns++;
	if (!k->resync_wanted && log_rate_ok(&k->overrun_rate, kernel_now(k)))
		log_notice("netlink", "events were lost: reading the kernel's tables again");
	resync_request(k, 0);
}

void events_drain(struct kernel *k)
{
	int rc = 1;

	if (k->reading)
		return;
	k->reading = true;
	for (unsigned i = 0; i < READS_PER_WAKE && rc != 0; i++) {
		rc = nl_events_read(k, event_message);
		if (rc == -ENOBUFS)
			overrun(k);
		else if (rc < 0)
			break;
	}
	k->reading = false;
	if (k->resync_wanted && k->resync_due_us <= kernel_now(k)) {
		k->stats.resyncs++;
		resync_run(k);
	}
	kernel_timer_arm(k);
}

void events_ready(void *kernel)
{
	events_drain(kernel);
}
