/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Addresses: which are in force on an interface, which are the router's own, and the connected
 * routes they give where no kernel does.
 *
 * In force are the kernel's once the interface has its twin; before that, and where it has none,
 * the configured ones. Connected routes come from an interface that is to have no twin, while it is up;
 * the kernel gives those of the others. Link-local IPv6 prefixes give none: they say nothing about
 * where an address is (a next hop with `via` looks at the interface's addresses itself).
 */
#include "control/net/net_priv.h"

#include <errno.h>

#define RTPROT_KERNEL 2 /* linux/rtnetlink.h */

/* --- the router's own ------------------------------------------------------------------------- */

static bool addr_listed(const struct net_addr *v, unsigned n, const struct ipaddr *ip)
{
	for (unsigned i = 0; i < n; i++)
		if (ip_eq(&v[i].ip, ip))
			return true;
	return false;
}

static bool addrs_equal(
	const struct net_addr *a, unsigned n_a, const struct net_addr *b, unsigned n_b)
{
	if (n_a != n_b)
		return false;
	for (unsigned i = 0; i < n_a; i++)
		if (!ip_eq(&a[i].ip, &b[i].ip) || a[i].len != b[i].len)
			return false;
	return true;
}

static void locals_drop(struct net *net, struct iface *ifc)
{
	net->own_changed |= ifc->n_locals > 0;
	for (unsigned i = 0; i < ifc->n_locals; i++)
		hash_del(&net->locals, &ifc->locals[i].by_ip);
	free(ifc->locals);
	ifc->locals = NULL;
	ifc->n_locals = 0;
}

/* Replaces the interface's own addresses in the hash, and pends those that came or went. */
static int locals_replace(struct net *net, struct iface *ifc, const struct net_addr *v, unsigned n)
{
	const struct net_addr *old = ifc->pub.addrs;
	struct local *l = n ? calloc(n, sizeof(*l)) : NULL;

	if (n && !l)
		return -ENOMEM;
	for (unsigned i = 0; i < ifc->pub.n_addrs; i++)
		if (!addr_listed(v, n, &old[i].ip))
			net_pend_ip(net, &old[i].ip);
	for (unsigned i = 0; i < n; i++)
		if (!addr_listed(old, ifc->pub.n_addrs, &v[i].ip))
			net_pend_ip(net, &v[i].ip);
	locals_drop(net, ifc);
	for (unsigned i = 0; i < n; i++) {
		l[i].ip = v[i].ip;
		l[i].ifid = ifc->pub.id;
		hash_add(&net->locals, &l[i].by_ip, ip_hash(&l[i].ip, 0));
	}
	net->own_changed |= n > 0;
	ifc->locals = l;
	ifc->n_locals = n;
	return 0;
}

bool net_is_local(const struct net *net, const struct ipaddr *ip, uint16_t *ifid)
{
	struct hash_node *h = hash_first(&net->locals, ip_hash(ip, 0));
	uint16_t found = 0;

	for (; h; h = hash_same(h)) {
		const struct local *l = container_of(h, struct local, by_ip);

		/* An address on several interfaces: the lowest id, whatever the order of events. */
		if (ip_eq(&l->ip, ip) && (!found || l->ifid < found))
			found = l->ifid;
	}
	if (found && ifid)
		*ifid = found;
	return found != 0;
}

bool net_is_own(const struct net *net, const struct ipaddr *ip, uint16_t ifid)
{
	const struct net_if *ifp = net_if_get(net, ifid);

	if (!ip6_is_link_local(ip))
		return net_is_local(net, ip, NULL);
	return ifp && addr_listed(ifp->addrs, ifp->n_addrs, ip);
}

/* --- in force --------------------------------------------------------------------------------- */

bool addr_refresh(struct net *net, struct iface *ifc)
{
	struct net_if *p = &ifc->pub;
	bool kernel = p->conf.exception && p->ifindex;
	const struct net_addr *v = kernel ? ifc->kaddrs : p->conf.addrs;
	unsigned n = kernel ? ifc->n_kaddrs : p->conf.n_addrs;

	if (n > NET_IF_ADDRS_MAX)
		n = NET_IF_ADDRS_MAX;
	if (addrs_equal(v, n, p->addrs, p->n_addrs))
		return false;
	if (locals_replace(net, ifc, v, n)) {
		log_error(
			"net", "interface %s: out of memory, addresses not changed", p->conf.name);
		return false;
	}
	if (n)
		memcpy(p->addrs, v, n * sizeof(*v));
	p->n_addrs = n;
	return true;
}

const struct net_addr *net_if_addr(const struct net_if *ifp, enum ip_family family)
{
	for (unsigned i = 0; i < ifp->n_addrs; i++)
		if (ifp->addrs[i].ip.family == family)
			return &ifp->addrs[i];
	return NULL;
}

const struct net_addr *net_if_addr_routable(const struct net_if *ifp, enum ip_family family)
{
	for (unsigned i = 0; i < ifp->n_addrs; i++) {
		const struct ipaddr *ip = &ifp->addrs[i].ip;

		if (ip->family == family && !ip6_is_link_local(ip))
			return &ifp->addrs[i];
	}
	return NULL;
}

static struct net_addr *kaddr_find(struct iface *ifc, const struct ipaddr *ip)
{
	for (unsigned i = 0; i < ifc->n_kaddrs; i++)
		if (ip_eq(&ifc->kaddrs[i].ip, ip))
			return &ifc->kaddrs[i];
	return NULL;
}

static struct net_addr *kaddr_new(struct iface *ifc, const struct ipaddr *ip)
{
	struct net_addr *v = ifc->kaddrs;

	if (ifc->n_kaddrs == NET_IF_ADDRS_MAX) {
		log_warning("net",
			"interface %s: the twin has more than %d addresses, the rest is ignored",
			ifc->pub.conf.name, NET_IF_ADDRS_MAX);
		return NULL;
	}
	v = realloc(v, (ifc->n_kaddrs + 1) * sizeof(*v));
	if (!v)
		return NULL;
	ifc->kaddrs = v;
	v = &v[ifc->n_kaddrs++];
	memset(v, 0, sizeof(*v));
	v->ip = *ip;
	return v;
}

void net_addr_add(struct net *net, uint16_t ifid, const struct ipaddr *ip, uint8_t len)
{
	struct iface *ifc = iface_get(net, ifid);
	struct net_addr *a;

	if (!ifc || ip_is_none(ip) || len > ip_bits(ip))
		return;
	a = kaddr_find(ifc, ip);
	if (!a)
		a = kaddr_new(ifc, ip);
	if (!a)
		return;
	a->len = len;
	net_batch_begin(net);
	iface_refresh(net, ifc);
	net_batch_end(net);
}

void net_addr_del(struct net *net, uint16_t ifid, const struct ipaddr *ip, uint8_t len)
{
	struct iface *ifc = iface_get(net, ifid);
	struct net_addr *a = ifc ? kaddr_find(ifc, ip) : NULL;

	if (!a || a->len != len)
		return;
	ifc->n_kaddrs--;
	memmove(a, a + 1, (size_t)(&ifc->kaddrs[ifc->n_kaddrs] - a) * sizeof(*a));
	net_batch_begin(net);
	iface_refresh(net, ifc);
	net_batch_end(net);
}

/* --- connected routes ------------------------------------------------------------------------- */

/* The connected route of a prefix as it is, or an empty one. */
static void connected_get(const struct net *net, const struct prefix *p, struct net_route *out)
{
	const struct route *r = rib_find(net, p, NET_ROUTE_CONNECTED, 0);

	memset(out, 0, sizeof(*out));
	out->dst = *p;
	out->origin = NET_ROUTE_CONNECTED;
	out->protocol = RTPROT_KERNEL;
	if (!r)
		return;
	out->n_paths = r->paths->n;
	memcpy(out->paths, r->paths->path, r->paths->n * sizeof(out->paths[0]));
}

/* Two interfaces may hold the same prefix: each is a path (up to NET_PATHS_MAX of them, in order of
 * id, so that the order of events does not matter). */
static bool connected_add(struct net *net, const struct prefix *p, uint16_t ifid)
{
	struct net_route r;
	unsigned at = 0;

	connected_get(net, p, &r);
	if (r.n_paths == NET_PATHS_MAX)
		return false;
	while (at < r.n_paths && r.paths[at].ifid < ifid)
		at++;
	memmove(&r.paths[at + 1], &r.paths[at], (r.n_paths - at) * sizeof(r.paths[0]));
	r.paths[at] = (struct net_path){.ifid = ifid, .weight = 1};
	r.n_paths++;
	return net_route_set(net, &r) == 0;
}

static void connected_del(struct net *net, const struct prefix *p, uint16_t ifid)
{
	struct net_route r;
	unsigned n = 0;

	connected_get(net, p, &r);
	for (unsigned i = 0; i < r.n_paths; i++)
		if (r.paths[i].ifid != ifid)
			r.paths[n++] = r.paths[i];
	r.n_paths = (uint8_t)n;
	if (n)
		net_route_set(net, &r);
	else
		net_route_del(net, p, NET_ROUTE_CONNECTED, 0);
}

static bool prefix_listed(const struct prefix *v, unsigned n, const struct prefix *p)
{
	for (unsigned i = 0; i < n; i++)
		if (prefix_eq(&v[i], p))
			return true;
	return false;
}

static unsigned connected_wanted(const struct iface *ifc, struct prefix out[NET_IF_ADDRS_MAX])
{
	unsigned n = 0;

	if (ifc->pub.conf.exception || !ifc->pub.up)
		return 0;
	for (unsigned i = 0; i < ifc->pub.n_addrs; i++) {
		const struct net_addr *a = &ifc->pub.addrs[i];
		struct prefix p = prefix_make(a->ip, a->len);

		if (!ip6_is_link_local(&a->ip) && !prefix_listed(out, n, &p))
			out[n++] = p;
	}
	return n;
}

void addr_connected(struct net *net, struct iface *ifc)
{
	struct prefix want[NET_IF_ADDRS_MAX], *have = NULL;
	unsigned n = connected_wanted(ifc, want), n_have = 0;

	if (n == 0 && ifc->n_connected == 0)
		return;
	if (n)
		have = malloc(n * sizeof(*have));
	if (n && !have) {
		log_error("net", "interface %s: out of memory, connected routes not changed",
			ifc->pub.conf.name);
		return;
	}
	for (unsigned i = 0; i < ifc->n_connected; i++)
		if (!prefix_listed(want, n, &ifc->connected[i]))
			connected_del(net, &ifc->connected[i], ifc->pub.id);
	for (unsigned i = 0; i < n; i++)
		if (prefix_listed(ifc->connected, ifc->n_connected, &want[i]) ||
			connected_add(net, &want[i], ifc->pub.id))
			have[n_have++] = want[i];
	free(ifc->connected);
	ifc->connected = have;
	ifc->n_connected = n_have;
}

void addr_fini(struct net *net, struct iface *ifc)
{
	locals_drop(net, ifc);
	free(ifc->kaddrs);
	free(ifc->connected);
}
