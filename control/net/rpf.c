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
 * RFC 2992) over the address and, unless rpf_ecmp says otherwise, the group: each tree keeps its path as long
 * as that path lives, whatever happens to others.
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

void net_ecmp_set(struct net *net, enum net_ecmp ecmp)
{
	if (net->ecmp == ecmp)
		return;
	net_batch_begin(net);
	net->ecmp = ecmp;
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

static struct rpf_by by_tree(
	const struct net *net, const struct ipaddr *addr, const struct ipaddr *group)
{
	struct rpf_by by = rpf_by_addr(addr);

	by.highest = net->ecmp == NET_ECMP_NONE;
	if (net->ecmp == NET_ECMP_SOURCE_GROUP && group && !ip_is_none(group))
		by.hash = ip_hash(group, by.hash);
	return by;
}

/* The best of `hashes` draws: more draws, more wins. */
static uint32_t path_score(const struct net_path *p, uint32_t tree_hash, unsigned hashes)
{
	uint32_t best = 0;

	for (unsigned i = 0; i < hashes; i++) {
		uint32_t h =
			ip_hash(&p->gateway, tree_hash + p->ifid * 0x85ebca6bu + i * 0xc2b2ae35u);

		if (h > best)
			best = h;
	}
	return best;
}

/* Draws of a path that weighs so much beside the heaviest. */
static unsigned draws(unsigned weight, unsigned heaviest)
{
	return heaviest > HASHES_MAX ? (weight * HASHES_MAX + heaviest - 1) / heaviest : weight;
}

/* Whether a is the better of two usable paths. */
static bool path_before(
	const struct net_path *a, const struct net_path *b, struct rpf_by by, unsigned heaviest)
{
	int c;

	if (!by.highest)
		return path_score(a, by.hash, draws(a->weight, heaviest)) >
		       path_score(b, by.hash, draws(b->weight, heaviest));
	c = ip_cmp(&a->gateway, &b->gateway);
	return c ? c > 0 : a->ifid > b->ifid;
}

static const struct net_path *path_choose(
	const struct net *net, const struct pathset *s, struct rpf_by by, uint16_t via)
{
	const struct net_path *best = NULL;
	unsigned heaviest = 1;

	for (unsigned i = 0; i < s->n; i++)
		if (s->path[i].weight > heaviest)
			heaviest = s->path[i].weight;
	for (unsigned i = 0; i < s->n; i++) {
		const struct net_path *p = &s->path[i];

		if (path_usable(net, p, via) && (!best || path_before(p, best, by, heaviest)))
			best = p;
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
	const struct prefix *dst, struct rpf_by by, uint16_t via, const struct route **used,
	char why[NET_WHY_MAX])
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
		p = path_choose(net, r->paths, by, via);
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
	out->by_group = net->ecmp == NET_ECMP_SOURCE_GROUP && r->paths->n > 1;
}

/* The route that decides, and its path; NULL: out->why says why there is none. */
static const struct net_path *rpf_decide(const struct net *net, const struct ipaddr *addr,
	const struct ipaddr *group, const struct route **r, struct net_rpf *out)
{
	char text[IP_STRLEN];

	memset(out, 0, sizeof(*out));
	*r = NULL;
	if (net_is_local(net, addr, NULL)) {
		net_why(out->why, "the address is the router's own");
		return NULL;
	}
	*r = rib_match(net, addr, true, &out->dst);
	if (!*r)
		*r = rib_match(net, addr, false, &out->dst);
	if (!*r) {
		net_why(out->why, "no unicast route to %s", ip_str(addr, text, sizeof(text)));
		return NULL;
	}
	return rpf_pick(net, *r, &out->dst, by_tree(net, addr, group), 0, r, out->why);
}

bool net_rpf_group(const struct net *net, const struct ipaddr *addr, const struct ipaddr *group,
	struct net_rpf *out)
{
	const struct route *r;
	const struct net_path *p = rpf_decide(net, addr, group, &r, out);

	if (r)
		rpf_fill(net, r, out);
	if (!p)
		return false;
	out->ifid = p->ifid;
	out->neighbor = p->gateway;
	return true;
}

bool net_rpf(const struct net *net, const struct ipaddr *addr, struct net_rpf *out)
{
	return net_rpf_group(net, addr, NULL, out);
}

unsigned net_rpf_paths(const struct net *net, const struct ipaddr *addr, const struct ipaddr *group,
	struct net_rpf_path out[NET_PATHS_MAX])
{
	struct net_rpf rpf;
	const struct route *r;
	const struct net_path *chosen = rpf_decide(net, addr, group, &r, &rpf);

	if (!r)
		return 0;
	for (unsigned i = 0; i < r->paths->n; i++) {
		const struct net_path *p = &r->paths->path[i];

		out[i] = (struct net_rpf_path){.ifid = p->ifid,
			.neighbor = p->gateway,
			.weight = p->weight,
			.usable = path_usable(net, p, 0),
			.chosen = p == chosen};
	}
	return r->paths->n;
}
