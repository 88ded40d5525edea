/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * RPF lookups (RFC 7761 4.1.6, the MRIB): which interface and which neighbour lead towards an
 * address.
 *
 * Rule: if any static RPF route (`rpf` of the configuration) holds the address, the longest of them
 * decides, whatever unicast routes there are and even when it cannot be used: who wrote it meant
 * it, and show rpf says why it fails. Otherwise the longest unicast match decides. Among routes of
 * the same prefix the one of the lowest metric that has a usable path counts. A path is usable if
 * its interface is up, no loopback, and the kernel does not call it dead.
 *
 * Among several usable paths the one with the highest random weight is taken (RFC 2991 section 6,
 * RFC 2992): each address keeps its path as long as that path lives, whatever happens to others.
 */
#include "control/net/net_priv.h"

#define PREFERENCE_UNKNOWN 250
#define HASHES_MAX 16 /* per path: weights are told apart to a sixteenth */

/* By rtm_protocol (linux/rtnetlink.h and FRR's rt_netlink.h): the administrative distances that
 * routers have used for decades. The kernel has none in its tables. */
static const struct {
	uint8_t protocol;
	uint8_t preference;
} defaults[] = {
	{2, 0},     /* kernel: connected */
	{3, 1},     /* boot: ip route add */
	{4, 1},     /* static */
	{16, 1},    /* dhcp */
	{42, 100},  /* babel */
	{186, 20},  /* bgp */
	{187, 115}, /* isis */
	{188, 110}, /* ospf */
	{189, 120}, /* rip */
	{190, 120}, /* ripng */
	{192, 90},  /* eigrp */
	{196, 1},   /* static, by FRR */
};

void rpf_init(struct net *net)
{
	for (unsigned i = 0; i < 256; i++)
		net->preference[i] = PREFERENCE_UNKNOWN;
	for (unsigned i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		net->preference[defaults[i].protocol] = defaults[i].preference;
}

void net_preference_default(struct net *net, uint8_t protocol)
{
	uint32_t preference = PREFERENCE_UNKNOWN;

	for (unsigned i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (defaults[i].protocol == protocol)
			preference = defaults[i].preference;
	net_preference_set(net, protocol, preference);
}

void net_preference_set(struct net *net, uint8_t protocol, uint32_t preference)
{
	if (net->preference[protocol] == preference)
		return;
	net_batch_begin(net);
	net->preference[protocol] = preference;
	net_pend_all(net, NET_V4);
	net_pend_all(net, NET_V6);
	net_batch_end(net);
}

static uint32_t preference_of(const struct net *net, const struct route *r)
{
	return r->origin == NET_ROUTE_KERNEL ? net->preference[r->protocol] : 0;
}

/* --- choosing a path -------------------------------------------------------------------------- */

static bool path_usable(const struct net *net, const struct net_path *p, uint16_t via)
{
	return !p->dead && iface_usable(net, p->ifid) && (!via || p->ifid == via);
}

/* The best of `hashes` draws: more draws, more wins. */
static uint32_t path_score(const struct net_path *p, uint32_t addr_hash, unsigned hashes)
{
	uint32_t best = 0;

	for (unsigned i = 0; i < hashes; i++) {
		uint32_t h =
			ip_hash(&p->gateway, addr_hash + p->ifid * 0x85ebca6bu + i * 0xc2b2ae35u);

		if (h > best)
			best = h;
	}
	return best;
}

static const struct net_path *path_choose(
	const struct net *net, const struct pathset *s, const struct ipaddr *addr, uint16_t via)
{
	const struct net_path *best = NULL;
	uint32_t hash = ip_hash(addr, 0), best_score = 0;
	unsigned heaviest = 1;

	for (unsigned i = 0; i < s->n; i++)
		if (s->path[i].weight > heaviest)
			heaviest = s->path[i].weight;
	for (unsigned i = 0; i < s->n; i++) {
		const struct net_path *p = &s->path[i];
		unsigned hashes = p->weight;
		uint32_t score;

		if (!path_usable(net, p, via))
			continue;
		if (heaviest > HASHES_MAX)
			hashes = (hashes * HASHES_MAX + heaviest - 1) / heaviest;
		score = path_score(p, hash, hashes);
		if (!best || score > best_score) {
			best = p;
			best_score = score;
		}
	}
	return best;
}

/* Why none of the paths is usable: what is wrong with the first. */
static void why_unusable(const struct net *net, const struct pathset *s, const struct prefix *dst,
	char why[NET_WHY_MAX])
{
	const struct net_path *p = &s->path[0];
	const struct net_if *ifp = net_if_get(net, p->ifid);
	char text[PREFIX_STRLEN];

	net_prefix_str(dst, text);
	if (!ifp)
		net_why(why, "route to %s leaves by a device that is not starg's", text);
	else if (ifp->conf.kind == DP_IF_LOOPBACK)
		net_why(why, "route to %s leads to loopback %s", text, ifp->conf.name);
	else if (!ifp->up)
		net_why(why, "interface %s is down", ifp->conf.name);
	else
		net_why(why, "route to %s by %s is dead", text, ifp->conf.name);
}

const struct net_path *rpf_pick(const struct net *net, const struct route *r,
	const struct prefix *dst, const struct ipaddr *addr, uint16_t via,
	const struct route **used, char why[NET_WHY_MAX])
{
	char text[PREFIX_STRLEN];

	why[0] = '\0';
	for (; r; r = rib_next(r)) {
		const struct net_path *p;

		if (r->blackhole) {
			if (!why[0])
				net_why(why, "blackhole route %s", net_prefix_str(dst, text));
			return NULL;
		}
		p = path_choose(net, r->paths, addr, via);
		if (p) {
			*used = r;
			why[0] = '\0';
			return p;
		}
		if (!why[0] && !via)
			why_unusable(net, r->paths, dst, why);
	}
	return NULL;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void rpf_fill(const struct net *net, const struct route *r, struct net_rpf *out)
{
	out->origin = r->origin;
	out->protocol = r->protocol;
	out->preference = preference_of(net, r);
	out->metric = r->metric;
}

bool net_rpf(const struct net *net, const struct ipaddr *addr, struct net_rpf *out)
{
	const struct net_path *p;
	const struct route *r;
	char text[IP_STRLEN];

	memset(out, 0, sizeof(*out));
	if (net_is_local(net, addr, NULL)) {
		net_why(out->why, "the address is the router's own");
		return false;
	}
	r = rib_match(net, addr, true, &out->dst);
	if (!r)
		r = rib_match(net, addr, false, &out->dst);
	if (!r) {
		net_why(out->why, "no unicast route to %s", ip_str(addr, text, sizeof(text)));
		return false;
	}
	rpf_fill(net, r, out);
	p = rpf_pick(net, r, &out->dst, addr, 0, &r, out->why);
	if (!p)
		return false;
	rpf_fill(net, r, out);
	out->ifid = p->ifid;
	out->neighbor = p->gateway;
	return true;
}
