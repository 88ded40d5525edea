/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The netdev beneath an af_packet port. The kernel sees every packet that starg gets there, and
 * would answer ARP and echo and route a second time beside the twin. These settings keep it quiet:
 * strict rp_filter refuses what is addressed to our addresses (they sit on the twin), arp_ignore=8
 * answers no ARP, forwarding=0 routes nothing, and without IPv6 there is no second neighbour
 * discovery.
 */
#include "control/kernel/kernel_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if.h>
#include <linux/netconf.h>

static const struct {
	const char *family, *name, *value;
} settings[PORT_SYSCTLS] = {
	{"ipv4", "rp_filter", "1"},
	{"ipv4", "arp_ignore", "8"},
	{"ipv4", "forwarding", "0"},
	{"ipv6", "disable_ipv6", "1"},
};

static void warn_address(const char *netdev, const struct in_addr *addr)
{
	struct ipaddr ip = ip4_be(addr->s_addr);
	char text[IP_STRLEN];

	ip_str(&ip, text, sizeof(text));
	log_warning("netlink",
		"netdev %s has the address %s: the kernel answers there beside starg; "
		"`ip addr flush dev %s` and give the address to the interface in the configuration",
		netdev, text, netdev);
}

static void warn_addresses(const char *netdev)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET &&
			strcmp(a->ifa_name, netdev) == 0)
			warn_address(netdev, &((const struct sockaddr_in *)a->ifa_addr)->sin_addr);
	}
	freeifaddrs(all);
}

void port_addr_event(struct kernel *k, const struct nl_addr *ev)
{
	struct link *link = link_find(k, ev->ifindex);
	struct in_addr addr;

	/* The dumps of a resynchronisation show nothing new. */
	if (k->resync_running || !link || !link->prepared || ev->ip.family != IP_V4)
		return;
	memcpy(&addr, ev->ip.b, sizeof(addr));
	warn_address(link->name, &addr);
}

/* All settings, remembering what was there the first time. */
static int settings_apply(struct link *link, char *err, size_t cap)
{
	for (unsigned i = 0; i < PORT_SYSCTLS; i++) {
		char old[16];
		int rc = sysctl_set(settings[i].family, link->name, settings[i].name,
			settings[i].value, old, sizeof(old));

		/* Without IPv6 in the kernel there is nothing to keep quiet. */
		if (rc == -ENOENT && strcmp(settings[i].family, "ipv6") == 0)
			continue;
		if (rc) {
			snprintf(err, cap,
				"netdev %s: cannot set net.%s.conf.%s.%s=%s: %s; run stargd as root with "
				"/proc/sys writable, or set it beforehand",
				link->name, settings[i].family, link->name, settings[i].name,
				settings[i].value, strerror(-rc));
			return rc;
		}
		if (!link->prepared)
			memcpy(link->saved.sysctl[i], old, sizeof(old));
	}
	return 0;
}

static void settings_restore(struct link *link)
{
	for (unsigned i = 0; i < PORT_SYSCTLS; i++) {
		if (link->saved.sysctl[i][0])
			sysctl_set(settings[i].family, link->name, settings[i].name,
				link->saved.sysctl[i], NULL, 0);
		link->saved.sysctl[i][0] = '\0';
	}
}

static int flags_apply(struct kernel *k, struct link *link, char *err, size_t cap)
{
	uint32_t flags;
	int rc = nl_link_flags_get(k, link->ifindex, &flags);

	if (rc == 0 && !link->prepared) {
		link->saved.was_up = flags & IFF_UP;
		link->saved.was_promisc = flags & IFF_PROMISC;
	}
	if (rc == 0 && (flags & (IFF_UP | IFF_PROMISC)) != (IFF_UP | IFF_PROMISC))
		rc = nl_link_flags_set(
			k, link->ifindex, IFF_UP | IFF_PROMISC, IFF_UP | IFF_PROMISC);
	if (rc)
		snprintf(err, cap,
			"netdev %s: cannot set it up and promiscuous: %s; run stargd as root or "
			"`ip link set %s up promisc on`",
			link->name, strerror(-rc), link->name);
	return rc;
}

int kernel_port_prepare(struct kernel *k, const char *netdev, char *err, size_t err_cap)
{
	struct link *link;
	int rc;

	events_drain(k);
	link = link_find_name(k, netdev);
	if (!link) {
		snprintf(err, err_cap,
			"netdev %s: there is none of this name; `ip link show` lists them", netdev);
		return -ENODEV;
	}
	rc = settings_apply(link, err, err_cap);
	if (rc == 0)
		rc = flags_apply(k, link, err, err_cap);
	if (rc) {
		if (!link->prepared)
			settings_restore(link);
		return rc;
	}
	if (!link->prepared)
		warn_addresses(netdev);
	link->prepared = true;
	return 0;
}

void port_netconf_event(struct kernel *k, const struct nl_netconf *ev)
{
	struct link *link = link_find(k, ev->ifindex);
	char err[256];

	if (!link || !link->prepared || !ev->forwarding)
		return;
	if (settings_apply(link, err, sizeof(err)))
		log_warning("netlink", "%s", err);
	else
		log_info("netlink", "netdev %s: forwarding was switched on from outside, off again",
			link->name);
}

/* Restores what was there before; only what we changed. */
static void port_restore(struct kernel *k, struct link *link)
{
	uint32_t mask =
		(link->saved.was_up ? 0 : IFF_UP) | (link->saved.was_promisc ? 0 : IFF_PROMISC);

	link->prepared = false;
	settings_restore(link);
	if (mask)
		nl_link_flags_set(k, link->ifindex, 0, mask);
}

void port_restore_all(struct kernel *k)
{
	for (unsigned i = 0; i < LINK_BUCKETS; i++) {
		for (struct link *link = k->links[i]; link; link = link->next) {
			if (link->prepared)
				port_restore(k, link);
		}
	}
}

int kernel_netdev_index(const struct kernel *k, const char *netdev, bool *carrier)
{
	const struct link *link = link_find_name(k, netdev);

	if (carrier)
		*carrier = link && link_carrier(link->flags);
	return link ? link->ifindex : 0;
}
