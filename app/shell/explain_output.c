/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The outputs part of explain: interface, next hop, TTL threshold, MTU, what was sent.
 */
#include "app/shell/explain.h"

#include <string.h>

/* The next hop of a tunnel or of a unicast copy. */
static bool check_nexthop(struct explain *x, uint32_t adj, const char *name, const char *what)
{
	struct net_nexthop hop;
	char gateway[IP_STRLEN], through[DP_IF_NAMELEN];

	memset(&hop, 0, sizeof(hop));
	if (!net_nexthop_info(x->app->net, adj, &hop))
		return explain_lack(x, "next_hop", "%s: no next hop towards %s", name, what);
	if (!hop.resolved)
		return explain_lack(x, "next_hop", "%s: next hop towards %s not resolved: %s", name,
			what, hop.why);
	return explain_check(x, "next_hop", true, "%s: %s is reached through %s by %s", name, what,
		ifid_name(x->app, hop.ifid, through, sizeof(through)),
		ip_str(&hop.gateway, gateway, sizeof(gateway)));
}

static bool check_her(struct explain *x, const struct tib_output *o, const char *name)
{
	uint32_t adj = net_nexthop_get(x->app->net, &o->her_dst, o->ifid);
	char dst[IP_STRLEN];
	bool ok;

	ok = check_nexthop(x, adj, name, ip_str(&o->her_dst, dst, sizeof(dst)));
	if (adj)
		net_nexthop_put(x->app->net, adj);
	return ok;
}

/* The largest MTU among the inputs, 0 unknown. */
static uint16_t input_mtu(const struct explain *x)
{
	const struct tib_merged *m = x->entry.merged;
	const struct net_if *ifp;
	uint16_t mtu = 0;

	for (unsigned i = 0; i < m->n_inputs; i++) {
		ifp = net_if_get(x->app->net, m->inputs[i].ifid);
		if (ifp && ifp->mtu > mtu)
			mtu = ifp->mtu;
	}
	return mtu;
}

static void note_output(struct explain *x, const struct tib_output *o, const struct net_if *ifp,
	uint32_t oif, const char *name)
{
	struct dp_oif_counters c = {0};
	uint16_t in = input_mtu(x);
	uint8_t threshold;

	threshold = o->threshold_if ? tib_oif_threshold(x->app->tib, oif) : o->ttl_threshold;
	if (threshold)
		explain_check(x, "ttl_threshold", true,
			"%s: only packets with a TTL above %u leave", name, threshold);
	if (ifp && in > ifp->mtu)
		explain_check(x, "mtu", true,
			"%s: MTU %u is smaller than the input's %u: larger packets are %s (oif_mtu)",
			name, ifp->mtu, in,
			x->grp.family == IP_V4 ? "fragmented, with DF dropped" : "dropped");
	if (oif && x->app->dp.ops->oif_counters(x->app->dp.ctx, oif, &c) == 0)
		explain_check(x, "sent", true,
			"%s: %llu copies sent, %llu dropped, of all routes with this output", name,
			(unsigned long long)c.packets, (unsigned long long)c.dropped);
}

static bool is_only_input(const struct explain *x, const struct tib_output *o)
{
	const struct tib_merged *m = x->entry.merged;

	return ip_is_none(&o->her_dst) && m->n_inputs == 1 && m->inputs[0].ifid == o->ifid;
}

/* The input among the outputs: a mistake in a static route; trees have it where members are beside the source
 * (inherited_olist of RFC 7761 4.1.6, which forwarding takes the input out of). Returns false. */
static bool not_back(struct explain *x, const char *name)
{
	if (x->entry.merged->input_owner == x->app->static_number)
		return explain_lack(x, "output",
			"output %s is also the only input: a packet does not go back where it came "
			"from",
			name);
	explain_check(x, "output", true,
		"the group is wanted on %s, which is where the packets come from: nothing is sent back there",
		name);
	return false;
}

static void check_output(struct explain *x, uint32_t i)
{
	const struct tib_output *o = &x->entry.merged->outputs[i];
	const struct net_if *ifp = o->ifid ? net_if_get(x->app->net, o->ifid) : NULL;
	bool reg = !ip_is_none(&o->her_dst) && o->encap == DP_ENCAP_REGISTER, ok = true;
	char name[DP_IF_NAMELEN], why[400];

	snprintf(name, sizeof(name), "%s",
		reg       ? "register"
		: ifp     ? ifp->conf.name
		: o->ifid ? "?"
			  : "unicast");
	if (o->ifid && !ifp)
		ok = explain_lack(x, "output", "output interface #%u has gone", o->ifid);
	else if (ifp && !ifp->up)
		ok = explain_lack(x, "output", "output %s is down: %s", name,
			if_problem(x->app, ifp, why, sizeof(why)));
	else if (is_only_input(x, o))
		ok = not_back(x, name);
	else
		explain_check(x, "output", true, "output %s%s", name, ifp ? " is up" : "");
	if (ok && !ip_is_none(&o->her_dst))
		ok = check_her(x, o, name);
	else if (ok && ifp && ifp->conf.kind == DP_IF_GRE)
		ok = check_nexthop(x, ifp->gre_adj, name, "the tunnel's remote");
	if (ok)
		note_output(x, o, ifp, x->entry.oifs ? x->entry.oifs[i] : 0, name);
	x->outputs_ok += ok;
}

#define OUTPUTS_SHOWN 64

bool explain_outputs(struct explain *x)
{
	uint32_t n = x->entry.merged->n_outputs;
	size_t from = json_array_size(x->checks);

	if (!n)
		return explain_check(x, "output", false,
			"the route has no output: nobody has asked for "
			"the group; add route ... output IF");
	for (uint32_t i = 0; i < n && i < OUTPUTS_SHOWN; i++)
		check_output(x, i);
	if (n > OUTPUTS_SHOWN)
		explain_check(
			x, "output", true, "%u more outputs were not looked at", n - OUTPUTS_SHOWN);
	if (!explain_one_of(x, from, x->outputs_ok > 0) && !x->verdict[0])
		explain_check(x, "output", false,
			"nothing is to be sent from here: the only output is where the packets come "
			"from");
	return x->outputs_ok > 0;
}
