/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The way to a next hop: which interface, whose MAC. A pure evaluation of the tables.
 *
 * Routes: the unicast match, a static RPF route if there is none. With `via`, the longest match
 * that has a path through that interface, unless the address lies on one of its own subnets that is at
 * least as long.
 */
#include "control/net/net_priv.h"

/* --- evaluation: which way -------------------------------------------------------------------- */

/* Length of the interface's longest subnet that holds addr, -1 if none does. */
static int on_link_len(const struct iface *ifc, const struct ipaddr *addr)
{
	int len = -1;

	for (unsigned i = 0; i < ifc->pub.n_addrs; i++) {
		const struct net_addr *a = &ifc->pub.addrs[i];
		struct prefix p = prefix_make(a->ip, a->len);

		if (a->len > len && prefix_has(&p, addr))
			len = a->len;
	}
	return len;
}

/* The longest route of the class with a path through via; NULL: none, or a blackhole (why). */
static const struct net_path *path_via(const struct net *net, const struct ipaddr *addr, bool rpf,
	uint16_t via, uint8_t *len, char why[NET_WHY_MAX])
{
	const struct trie *t = &net->rib[net_family(addr)];
	struct trie_node *nodes[TRIE_DEPTH_MAX];
	unsigned n = trie_path(t, addr, nodes);
	const struct route *used;

	why[0] = '\0';
	while (n-- > 0 && !why[0]) {
		const struct route *r = rib_first(nodes[n], rpf);
		struct prefix dst = trie_prefix(t, nodes[n]);
		const struct net_path *p =
			rpf_pick(net, r, &dst, rpf_by_addr(addr), via, &used, why);

		*len = dst.len;
		if (p)
			return p;
	}
	return NULL;
}

static void way_direct(uint16_t ifid, const struct ipaddr *addr, struct way *t)
{
	t->ifid = ifid;
	t->gateway = *addr;
	t->why[0] = '\0';
}

static void way_path(const struct net_path *p, const struct ipaddr *addr, struct way *t)
{
	way_direct(p->ifid, ip_is_none(&p->gateway) ? addr : &p->gateway, t);
}

static void way_via(const struct net *net, const struct nexthop *nh, struct way *t)
{
	const struct ipaddr *addr = &nh->info.addr;
	const struct iface *ifc = nh->orphan ? NULL : iface_get(net, nh->info.via);
	const struct net_path *p;
	char text[IP_STRLEN];
	uint8_t len = 0;
	int on_link;

	if (!ifc) {
		net_why(t->why, "its interface was deleted");
		return;
	}
	if (ifc->pub.conf.kind == DP_IF_LOOPBACK || !ifc->pub.up) {
		net_why(t->why, "interface %s is %s", ifc->pub.conf.name,
			ifc->pub.conf.kind == DP_IF_LOOPBACK ? "a loopback" : "down");
		return;
	}
	on_link = on_link_len(ifc, addr);
	p = path_via(net, addr, false, nh->info.via, &len, t->why);
	if (!p && !t->why[0])
		p = path_via(net, addr, true, nh->info.via, &len, t->why);
	/* len is that of the path, or of the blackhole that ended the search. */
	if (on_link >= 0 && ((!p && !t->why[0]) || (int)len <= on_link))
		way_direct(nh->info.via, addr, t);
	else if (p)
		way_path(p, addr, t);
	else if (!t->why[0])
		net_why(t->why, "no route to %s through %s", ip_str(addr, text, sizeof(text)),
			ifc->pub.conf.name);
}

static void way_any(const struct net *net, const struct nexthop *nh, struct way *t)
{
	const struct ipaddr *addr = &nh->info.addr;
	const struct route *r;
	const struct net_path *p;
	struct prefix dst;
	char text[IP_STRLEN];

	r = rib_match(net, addr, false, &dst);
	if (!r)
		r = rib_match(net, addr, true, &dst);
	if (!r) {
		net_why(t->why, "no route to %s", ip_str(addr, text, sizeof(text)));
		return;
	}
	p = rpf_pick(net, r, &dst, rpf_by_addr(addr), 0, &r, t->why);
	if (p)
		way_path(p, addr, t);
}

/* --- evaluation: whose MAC -------------------------------------------------------------------- */

static bool is_resolved(const struct net_neigh *n)
{
	return n && (n->state == NET_NEIGH_REACHABLE || n->state == NET_NEIGH_STALE ||
			    n->state == NET_NEIGH_STATIC);
}

static void why_no_mac(const struct net_if *ifp, const struct net_neigh *n, struct way *t)
{
	char text[IP_STRLEN];

	ip_str(&t->gateway, text, sizeof(text));
	if (!ifp->ifindex)
		net_why(t->why, "no static neighbour for %s on %s", text, ifp->conf.name);
	else if (n && n->state == NET_NEIGH_FAILED)
		net_why(t->why, "no answer from %s on %s", text, ifp->conf.name);
	else
		net_why(t->why, "waiting for the MAC of %s on %s", text, ifp->conf.name);
}

static void last_step(const struct net *net, const struct nexthop *nh, struct way *t)
{
	const struct net_if *ifp = net_if_get(net, t->ifid);
	const struct net_neigh *n;

	if (ifp->conf.kind == DP_IF_GRE) {
		/* The far end of the tunnel is the gateway; it has no MAC. A tunnel into a tunnel is no
		 * way: the data plane, which sees the interface, counts such packets as oif_recursion. */
		t->kind = DP_ADJ_IF;
		if (nh->tunnel)
			net_why(t->why, "tunnel remote reached through a tunnel (%s)",
				ifp->conf.name);
		return;
	}
	n = net_neigh_find(net, t->ifid, &t->gateway);
	if (is_resolved(n)) {
		t->kind = DP_ADJ_ETHER;
		memcpy(t->mac, n->mac, 6);
	} else {
		why_no_mac(ifp, n, t);
	}
}

void way_find(const struct net *net, const struct nexthop *nh, struct way *t)
{
	memset(t, 0, sizeof(*t));
	t->kind = DP_ADJ_UNRESOLVED;
	if (net_is_own(net, &nh->info.addr, nh->info.via)) {
		net_why(t->why, "the address is the router's own");
		return;
	}
	if (nh->info.via)
		way_via(net, nh, t);
	else
		way_any(net, nh, t);
	if (t->ifid)
		last_step(net, nh, t);
}
