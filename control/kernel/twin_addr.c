/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The addresses of the twins as the kernel has them, told to net: configured ones, those an
 * administrator adds, and link-local ones the kernel makes. An IPv6 address counts once duplicate
 * address detection is through with it.
 */
#include "control/kernel/kernel_priv.h"

static int addr_index(const struct twin *tw, const struct nl_addr *ev)
{
	for (unsigned i = 0; i < tw->n_addrs; i++) {
		if (tw->addrs[i].len == ev->len && ip_eq(&tw->addrs[i].ip, &ev->ip))
			return (int)i;
	}
	return -1;
}

static void addr_remove(struct twin *tw, unsigned at)
{
	struct net_addr addr = tw->addrs[at];

	/* In order: the first of a family is the one that is used as source. */
	tw->n_addrs--;
	memmove(&tw->addrs[at], &tw->addrs[at + 1], (tw->n_addrs - at) * sizeof(tw->addrs[0]));
	memmove(&tw->addr_seen[at], &tw->addr_seen[at + 1], tw->n_addrs - at);
	net_addr_del(tw->k->net, tw->ifid, &addr.ip, addr.len);
	/* The same address with another length: net knows an address once. */
	for (unsigned i = 0; i < tw->n_addrs; i++) {
		if (ip_eq(&tw->addrs[i].ip, &addr.ip))
			net_addr_add(tw->k->net, tw->ifid, &addr.ip, tw->addrs[i].len);
	}
}

static void addr_insert(struct twin *tw, const struct nl_addr *ev)
{
	struct net_addr *addr = &tw->addrs[tw->n_addrs];

	if (tw->n_addrs == NET_IF_ADDRS_MAX) {
		if (log_rate_ok(&tw->address_rate, kernel_now(tw->k)))
			log_warning("twin", "%s: has more than %u addresses, the rest is left out",
				tw->name, NET_IF_ADDRS_MAX);
		return;
	}
	memset(addr, 0, sizeof(*addr));
	addr->ip = ev->ip;
	addr->len = ev->len;
	tw->addr_seen[tw->n_addrs] = true;
	tw->n_addrs++;
	net_addr_add(tw->k->net, tw->ifid, &ev->ip, ev->len);
}

void twin_addr_event(struct twin *tw, const struct nl_addr *ev, bool gone)
{
	int at = addr_index(tw, ev);
	char text[IP_STRLEN];

	if (ev->dad_failed && !gone) {
		gone = true;
		if (log_rate_ok(&tw->address_rate, kernel_now(tw->k)))
			log_warning("twin",
				"%s: another host on the link has %s: not used; give one of the two "
				"another address",
				tw->name, ip_str(&ev->ip, text, sizeof(text)));
	}
	if (gone && at >= 0)
		addr_remove(tw, (unsigned)at);
	else if (!gone && at >= 0)
		tw->addr_seen[at] = true;
	else if (!gone && !ev->tentative)
		addr_insert(tw, ev);
}

void twin_addr_unsee_all(struct kernel *k)
{
	for (unsigned i = 0; i < DP_IFS_MAX; i++) {
		if (k->twins[i])
			memset(k->twins[i]->addr_seen, 0, sizeof(k->twins[i]->addr_seen));
	}
}

void twin_addr_sweep(struct kernel *k)
{
	for (unsigned i = 0; i < DP_IFS_MAX; i++) {
		struct twin *tw = k->twins[i];
		unsigned at = 0;

		while (tw && at < tw->n_addrs) {
			if (tw->addr_seen[at])
				at++;
			else
				addr_remove(tw, at);
		}
	}
}
