/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The part of explain that IGMP and PIM have to say: is there an RP and a way to it, is the router
 * upstream one of PIM, has the source been heard of. Who wants the group is in explain_wanted.c.
 */
#include "app/shell/explain_pim.h"

#include <stdarg.h>
#include <string.h>

static bool begin(struct ask *a, struct explain *x)
{
	const struct ipaddr any = {.family = IP_NONE};

	*a = (struct ask){.x = x,
		.pim = runner_instance(x->app->runner, x->app->pim_number),
		.gmp = runner_instance(x->app->runner, x->app->gmp_number)};
	if (!ask_pim_runs(a, 0, NULL))
		return false;
	a->ssm = pim_is_ssm(a->pim, &x->grp);
	(void)pim_rp_of(a->pim, &x->grp, &a->rp);
	a->has_star = pim_tree_get(a->pim, &any, &x->grp, &a->star);
	a->flows = x->counters.packets && !explain_is_silent(x) && x->entry.merged &&
		   x->entry.merged->n_outputs;
	a->has_sg = !ip_is_none(&x->src) && pim_tree_get(a->pim, &x->src, &x->grp, &a->sg);
	return true;
}

/* --- the RP ------------------------------------------------------------------------------------------- */

/* What the tree of the RP lacks: no verdict while packets are forwarded on another tree. */
__attribute__((format(printf, 2, 3))) static bool rp_lacks(struct ask *a, const char *fmt, ...)
{
	char text[EXPLAIN_DETAIL];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!a->flows)
		return explain_check(a->x, "rp", false, "%s", text);
	explain_lack(a->x, "rp", "%s", text);
	return true;
}

static bool check_rp(struct ask *a)
{
	char grp[IP_STRLEN], rp[IP_STRLEN], name[DP_IF_NAMELEN];
	struct net_rpf rpf;

	ip_str(&a->x->grp, grp, sizeof(grp));
	if (a->ssm)
		return explain_check(a->x, "rp", true,
			"%s is in an SSM range: it needs no RP, receivers name their sources", grp);
	if (ip_is_none(&a->rp))
		return rp_lacks(a, "no RP for %s: add one to pim.rp of the file, and reload", grp);
	ip_str(&a->rp, rp, sizeof(rp));
	if (net_is_local(a->x->app->net, &a->rp, NULL))
		return explain_check(a->x, "rp", true, "this router is the RP %s", rp);
	memset(&rpf, 0, sizeof(rpf));
	if (!net_rpf_group(a->x->app->net, &a->rp, &a->x->grp, &rpf))
		return rp_lacks(a, "no route: RP %s unreachable (%s)", rp, rpf.why);
	return explain_check(a->x, "rp", true, "RP %s is reached through %s", rp,
		ask_name(a, rpf.ifid, name, sizeof(name)));
}

/* --- upstream ----------------------------------------------------------------------------------------- */

bool ask_bounded(const struct ask *a, const struct pim_iface_info *i)
{
	for (uint32_t k = 0; k < i->conf->n_boundary; k++)
		if (prefix_has(&i->conf->boundary[k], &a->x->grp))
			return true;
	return false;
}

struct is_neighbor {
	uint16_t ifid;
	const struct ipaddr *address;
	bool yes;
};

static bool is_neighbor_cb(void *arg, const struct pim_neigh_info *n)
{
	struct is_neighbor *f = arg;

	if (n->ifid != f->ifid)
		return true;
	f->yes |= ip_eq(&n->address, f->address);
	for (uint32_t i = 0; i < n->n_secondary; i++)
		f->yes |= ip_eq(&n->secondary[i], f->address);
	return !f->yes;
}

bool ask_is_neighbor(const struct ask *a, uint16_t ifid, const struct ipaddr *address)
{
	struct is_neighbor f = {.ifid = ifid, .address = address};

	pim_neigh_walk(a->pim, is_neighbor_cb, &f);
	return f.yes;
}

/* Why there is no PIM neighbor at the next hop on the way to the source or RP (what). */
static void why_no_neighbor(const struct ask *a, uint16_t ifid, const struct ipaddr *hop,
	const char *what, char *why, size_t cap)
{
	char name[DP_IF_NAMELEN], ip[IP_STRLEN];
	struct pim_iface_info pif;

	ask_name(a, ifid, name, sizeof(name));
	if (!ask_pim_runs(a, ifid, &pif))
		snprintf(why, cap,
			"the way to the %s leads through %s, where PIM does not run: add pim: { }; to "
			"the interface",
			what, name);
	else if (ask_bounded(a, &pif))
		snprintf(why, cap,
			"the way to the %s leads through %s, whose boundary keeps the group out: see "
			"pim.boundary",
			what, name);
	else if (pif.passive)
		snprintf(why, cap,
			"the way to the %s leads through %s, which is passive here and takes no "
			"neighbor: see pim.passive",
			what, name);
	else
		snprintf(why, cap,
			"the RPF neighbor %s towards the %s is no PIM neighbor on %s: is PIM on "
			"there? See show pim neighbor",
			ip_str(hop, ip, sizeof(ip)), what, name);
}

/* A tree that is wanted needs somebody to join towards. needed: false if the packets may come by another. */
static bool check_neighbor(
	struct ask *a, const struct pim_tree_info *t, const char *what, bool needed)
{
	const struct ipaddr *hop = &t->next_hop;
	char why[256];

	if (!t->join_desired || t->connected || !t->ifid || t->ifid == DP_IF_REGISTER ||
		!ip_is_none(&t->neighbor))
		return true;
	if (ip_is_none(hop))
		hop = ip_is_none(&t->src) ? &t->rp : &t->src;
	why_no_neighbor(a, t->ifid, hop, what, why, sizeof(why));
	if (needed)
		return explain_check(a->x, "neighbor", false, "%s", why);
	explain_lack(a->x, "neighbor", "%s", why);
	return true;
}

static bool check_upstream(struct ask *a)
{
	bool on_spt = a->ssm || (a->has_sg && (a->sg.spt_bit || a->sg.connected));

	if (a->has_sg && !check_neighbor(a, &a->sg, "source", on_spt))
		return false;
	return on_spt || !a->has_star || check_neighbor(a, &a->star, "RP", true);
}

/* --- the source --------------------------------------------------------------------------------------- */

/* Figure 1 of RFC 7761 in words. */
static const char *register_words(const char *state)
{
	static const struct {
		const char *state, *words;
	} v[] = {{"noinfo", "the RP is not told, for nothing has come of it, or the RP has no way"},
		{"join", "its packets go to the RP in Registers"},
		{"prune", "the RP has answered Register-Stop, Registers are suppressed"},
		{"join_pending", "the RP is asked by a Null-Register whether to stay quiet"}};

	for (size_t i = 0; i < COUNT_OF(v); i++)
		if (strcmp(v[i].state, state) == 0)
			return v[i].words;
	return "";
}

/* A source on a subnet of ours: who is to register it, and does PIM hear it at all? */
static bool check_connected(struct ask *a, const struct net_rpf *rpf)
{
	struct pim_iface_info pif;
	char name[DP_IF_NAMELEN], ip[IP_STRLEN];

	ask_name(a, rpf->ifid, name, sizeof(name));
	if (!ask_pim_runs(a, rpf->ifid, &pif))
		return explain_check(a->x, "source_pim", false,
			"the source is on %s, where PIM does not run, so it makes no tree: add pim: "
			"{ }; to the interface",
			name);
	if (!a->ssm && !pif.i_am_dr)
		return explain_check(a->x, "source_pim", true,
			"the source is on %s, whose DR is %s: that one tells the RP of it", name,
			ip_str(&pif.dr, ip, sizeof(ip)));
	if (a->has_sg && !a->ssm && !a->sg.i_am_rp && a->sg.register_state[0])
		return explain_check(a->x, "source_pim", true,
			"the source is on %s; its Register state towards RP %s is %s: %s", name,
			ip_str(&a->rp, ip, sizeof(ip)), a->sg.register_state,
			register_words(a->sg.register_state));
	return explain_check(
		a->x, "source_pim", true, "the source is directly connected, on %s", name);
}

/* Whether packets of the source are taken at all where they would come. */
static bool check_source_way(struct ask *a)
{
	char src[IP_STRLEN], name[DP_IF_NAMELEN];
	struct pim_iface_info pif;
	struct net_rpf rpf;

	if (ip_is_none(&a->x->src))
		return true;
	memset(&rpf, 0, sizeof(rpf));
	ip_str(&a->x->src, src, sizeof(src));
	if (net_is_local(a->x->app->net, &a->x->src, NULL))
		return explain_check(
			a->x, "source_rpf", true, "%s is an address of this router", src);
	if (!net_rpf_group(a->x->app->net, &a->x->src, &a->x->grp, &rpf))
		return explain_check(a->x, "source_rpf", false,
			"the source %s is unreachable (%s)%s", src, rpf.why,
			a->ssm ? "" : ": at most the tree of the RP can bring its packets");
	if (!ip_is_none(&rpf.neighbor) || !ask_pim_runs(a, rpf.ifid, &pif) || !ask_bounded(a, &pif))
		return true;
	return explain_check(a->x, "source_rpf", false,
		"the source is on %s, whose boundary keeps the group out: see pim.boundary",
		ask_name(a, rpf.ifid, name, sizeof(name)));
}

/* The RP has got no Register. Where the way to the source leads to nobody of PIM, that is why: its packets come as they
 * are, and no tree takes them. */
static bool not_registered(struct ask *a, const struct net_rpf *rpf)
{
	unsigned long long n = a->x->counters.wrong_if;
	char src[IP_STRLEN], why[256], native[128] = "";

	ip_str(&a->x->src, src, sizeof(src));
	if (ask_is_neighbor(a, rpf->ifid, &rpf->neighbor))
		return explain_check(a->x, "source_rpf", false,
			"the source %s is not directly connected and this router, the RP, has got no "
			"Register of it yet: does it send, and has its DR this RP?",
			src);
	why_no_neighbor(a, rpf->ifid, &rpf->neighbor, "source", why, sizeof(why));
	if (n)
		snprintf(native, sizeof(native),
			". %llu packets of the group came in natively, where the route does not take "
			"them: trace shows whose",
			n);
	return explain_check(a->x, "source_rpf", false,
		"this router, the RP, has got no Register of the source %s, and %s%s", src, why,
		native);
}

/* A source that the RP has not heard of sends to nobody. */
static bool check_source(struct ask *a)
{
	struct net_rpf rpf;
	char src[IP_STRLEN];

	if (ip_is_none(&a->x->src))
		return true;
	memset(&rpf, 0, sizeof(rpf));
	ip_str(&a->x->src, src, sizeof(src));
	if (!net_rpf_group(a->x->app->net, &a->x->src, &a->x->grp, &rpf))
		return true; /* check_source_way has told it */
	if (ip_is_none(&rpf.neighbor))
		return check_connected(a, &rpf);
	if (!a->ssm && a->has_star && a->star.i_am_rp &&
		!pim_register_permitted(a->pim, &a->x->src, &a->x->grp))
		return explain_check(a->x, "source_rpf", false,
			"this router, the RP, refuses Registers of source %s: see "
			"pim.register_rules of the file",
			src);
	if (!a->ssm && a->has_star && a->star.i_am_rp &&
		!(a->has_sg && (a->sg.registered || a->sg.spt_bit)))
		return not_registered(a, &rpf);
	return true;
}

/* Whether packets of the source need a tree of their own, for that of the RP has another input. */
static bool needs_own_tree(const struct ask *a)
{
	struct net_rpf rpf;

	if (ip_is_none(&a->x->src) || a->has_sg || !a->has_star)
		return false;
	memset(&rpf, 0, sizeof(rpf));
	if (!net_rpf_group(a->x->app->net, &a->x->src, &a->x->grp, &rpf))
		return false;
	return ip_is_none(&rpf.neighbor) ? rpf.ifid != a->star.ifid : a->star.i_am_rp && !a->flows;
}

/* Nothing new is kept once a limit is reached. */
static bool check_limit(struct ask *a)
{
	bool own = needs_own_tree(a), refused;
	char why[256], src[IP_STRLEN];
	uint64_t n;

	if ((a->has_star || a->has_sg) && !own)
		return true;
	refused = ask_refused_state(a, why, sizeof(why));
	ip_str(&a->x->src, src, sizeof(src));
	if (ask_full(a, &n))
		return explain_check(a->x, "limit", false,
			"no state %s for %s%s: there are %llu, as many as pim.limits.states permits; raise "
			"it, or see show pim state for who has so many%s%s",
			refused ? "is made" : "could be made", own ? "source " : "",
			own ? src : "it", (unsigned long long)n, refused ? "; " : "",
			refused ? why : "");
	if (!own || !ask_refused(a, true, why, sizeof(why)))
		return true;
	return explain_check(a->x, "limit", false, "no state is made for source %s: %s", src, why);
}

/* --- the parts of explain ----------------------------------------------------------------------------- */

static bool by_pim(const struct explain *x)
{
	for (uint32_t i = 0; i < x->entry.n_wishes; i++)
		if (x->entry.owners[i] == x->app->pim_number)
			return true;
	return false;
}

bool explain_pim_missing(struct explain *x)
{
	struct ask a;

	if (!begin(&a, x))
		return true;
	if (!check_rp(&a) || !check_limit(&a) || !check_source_way(&a) || !ask_wanted(&a, false) ||
		!check_source(&a) || !check_upstream(&a))
		return false;
	return explain_check(x, "tree", false,
		"no tree of it is made yet: see show pim upstream and show pim statistics");
}

bool explain_pim_route(struct explain *x)
{
	struct ask a;

	if (!by_pim(x) || !begin(&a, x))
		return true;
	return check_rp(&a) && (a.flows || check_source_way(&a)) && check_limit(&a) &&
	       ask_wanted(&a, x->entry.merged->n_outputs > 0) && check_upstream(&a) &&
	       (a.flows || check_source(&a));
}
