/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The part of explain that IGMP and PIM have to say: is there an RP and a way to it, does anybody want the
 * group, may it go out there, is the router upstream one of PIM, has the source been heard of.
 */
#include "app/shell/explain.h"

#include <string.h>

/* What is asked of PIM, and the trees that answer. */
struct ask {
	struct explain *x;
	const void *pim, *gmp;
	bool ssm, has_star, has_sg;
	struct pim_tree_info star, sg;
	struct ipaddr rp;
	unsigned wanting; /* interfaces with members or Joins */
	unsigned outputs; /* of them, those that are served */
	bool only_say;    /* there are outputs: what else is wrong does not stop the packet */
};

static const char *name_of(const struct ask *a, uint16_t ifid, char *buf, size_t cap)
{
	return ifid_name(a->x->app, ifid, buf, cap);
}

/* --- PIM on an interface ------------------------------------------------------------------------------ */

struct find_if {
	uint16_t ifid; /* 0: any */
	uint8_t family;
	bool up;
	struct pim_iface_info info;
};

static bool find_if_cb(void *arg, const struct pim_iface_info *i)
{
	struct find_if *f = arg;

	if (i->family != f->family || !i->up || (f->ifid && f->ifid != i->ifid))
		return true;
	f->up = true;
	f->info = *i;
	return false;
}

/* Whether PIM runs on the interface, or on any (0). */
static bool pim_runs(const struct ask *a, uint16_t ifid, struct pim_iface_info *info)
{
	struct find_if f = {.ifid = ifid, .family = a->x->grp.family};

	pim_iface_walk(a->pim, find_if_cb, &f);
	if (info)
		*info = f.info;
	return f.up;
}

static bool begin(struct ask *a, struct explain *x)
{
	const struct ipaddr any = {.family = IP_NONE};

	*a = (struct ask){.x = x,
		.pim = runner_instance(x->app->runner, x->app->pim_number),
		.gmp = runner_instance(x->app->runner, x->app->gmp_number)};
	if (!pim_runs(a, 0, NULL))
		return false;
	a->ssm = pim_is_ssm(a->pim, &x->grp);
	(void)pim_rp_of(a->pim, &x->grp, &a->rp);
	a->has_star = pim_tree_get(a->pim, &any, &x->grp, &a->star);
	a->has_sg = !ip_is_none(&x->src) && pim_tree_get(a->pim, &x->src, &x->grp, &a->sg);
	return true;
}

/* --- the RP ------------------------------------------------------------------------------------------- */

/* needed: false if packets already come by the shortest path. */
static bool check_rp(struct ask *a, bool needed)
{
	char grp[IP_STRLEN], rp[IP_STRLEN], name[DP_IF_NAMELEN];
	struct net_rpf rpf;

	ip_str(&a->x->grp, grp, sizeof(grp));
	if (a->ssm)
		return explain_check(a->x, "rp", true,
			"%s is in an SSM range: it needs no RP, receivers name their sources", grp);
	if (ip_is_none(&a->rp))
		return explain_check(a->x, "rp", !needed,
			"no RP for %s: add one to pim.rp of the file, and reload", grp);
	ip_str(&a->rp, rp, sizeof(rp));
	if (net_is_local(a->x->app->net, &a->rp, NULL))
		return explain_check(a->x, "rp", true, "this router is the RP %s", rp);
	memset(&rpf, 0, sizeof(rpf));
	if (!net_rpf(a->x->app->net, &a->rp, &rpf))
		return explain_check(
			a->x, "rp", !needed, "no route: RP %s unreachable (%s)", rp, rpf.why);
	return explain_check(a->x, "rp", true, "RP %s is reached through %s", rp,
		name_of(a, rpf.ifid, name, sizeof(name)));
}

/* --- who wants it ------------------------------------------------------------------------------------- */

static bool source_cb(void *arg, const struct gmp_source_info *i)
{
	struct {
		struct ipaddr src;
		bool found, forward;
	} *f = arg;

	if (!ip_eq(&i->src, &f->src))
		return true;
	f->found = true;
	f->forward = i->forward;
	return false;
}

/* Whether the members of the group on an interface want the source. */
static bool members_want(const struct ask *a, const struct gmp_group_info *g)
{
	struct {
		struct ipaddr src;
		bool found, forward;
	} f = {.src = a->x->src};

	if (ip_is_none(&a->x->src))
		return g->exclude;
	gmp_source_walk(a->gmp, a->x->grp.family, g->ifid, &a->x->grp, app_now_us(), source_cb, &f);
	return f.found ? f.forward : g->exclude;
}

struct find_oif {
	uint16_t ifid;
	bool found;
	struct pim_oif_info info;
};

static bool find_oif_cb(void *arg, const struct pim_oif_info *o)
{
	struct find_oif *f = arg;

	if (o->ifid != f->ifid)
		return true;
	f->found = true;
	f->info = *o;
	return false;
}

/* The tree that packets of the source take, or the group's. */
static const struct pim_tree_info *tree_of(const struct ask *a)
{
	return a->has_sg ? &a->sg : a->has_star ? &a->star : NULL;
}

/* Why an interface with members or Joins is not served; false: it is. */
static bool refusal(const struct ask *a, uint16_t ifid, bool members, char *why, size_t cap)
{
	const struct pim_tree_info *t = tree_of(a);
	struct find_oif f = {.ifid = ifid};
	struct pim_iface_info pif;
	char name[DP_IF_NAMELEN], other[IP_STRLEN];

	name_of(a, ifid, name, sizeof(name));
	if (!pim_runs(a, ifid, &pif)) {
		snprintf(why, cap,
			"%s has members, but PIM does not run there: add pim: { }; to the interface, "
			"or see show pim interface",
			name);
		return true;
	}
	if (t)
		pim_oif_walk(t, find_oif_cb, &f);
	if (!f.found || f.info.inherited)
		return false;
	if (f.info.boundary)
		snprintf(
			why, cap, "the boundary of %s keeps the group out: see pim.boundary", name);
	else if (strcmp(f.info.assert_state, "loser") == 0)
		snprintf(why, cap, "the assert on %s is lost to %s, which forwards there", name,
			ip_str(&f.info.winner, other, sizeof(other)));
	else if (!pif.i_am_dr && members)
		snprintf(why, cap, "%s has members, but its DR is %s, which forwards there", name,
			ip_str(&pif.dr, other, sizeof(other)));
	else if (t->ifid == ifid)
		snprintf(why, cap, "%s is where the packets come from", name);
	else
		snprintf(why, cap, "the source is pruned on %s: see show pim join", name);
	return true;
}

static void look_at(struct ask *a, uint16_t ifid, bool members, const char *who)
{
	char why[256], name[DP_IF_NAMELEN];

	a->wanting++;
	if (refusal(a, ifid, members, why, sizeof(why))) {
		explain_check(a->x, "wanted", a->only_say, "%s", why);
		return;
	}
	a->outputs++;
	explain_check(a->x, "wanted", true, "wanted on %s: %s",
		name_of(a, ifid, name, sizeof(name)), who);
}

static bool member_cb(void *arg, const struct gmp_group_info *g)
{
	struct ask *a = arg;

	if (members_want(a, g))
		look_at(a, g->ifid, true,
			g->is_static && !g->n_hosts ? "joined by the file" : "members");
	return true;
}

static bool join_cb(void *arg, const struct pim_oif_info *o)
{
	struct ask *a = arg;
	char text[IP_STRLEN + 32], ip[IP_STRLEN];

	if (strcmp(o->join_state, "noinfo") == 0)
		return true;
	snprintf(text, sizeof(text), "joined by neighbor %s", ip_str(&o->by, ip, sizeof(ip)));
	look_at(a, o->ifid, false, text);
	return true;
}

struct silent {
	const struct ask *a;
	char names[160]; /* with PIM but without IGMP (MLD) */
};

struct gmp_on {
	uint16_t ifid;
	bool running;
};

static bool gmp_on_cb(void *arg, const struct gmp_if_info *i)
{
	struct gmp_on *on = arg;

	on->running |= i->ifid == on->ifid && i->running;
	return true;
}

static bool silent_cb(void *arg, const struct pim_iface_info *i)
{
	struct silent *s = arg;
	struct gmp_on on = {.ifid = i->ifid};
	const struct net_if *ifp = net_if_get(s->a->x->app->net, i->ifid);
	size_t used = strlen(s->names);

	if (i->family != s->a->x->grp.family || !i->up || !ifp || ifp->conf.kind == DP_IF_LOOPBACK)
		return true;
	gmp_if_walk(s->a->gmp, i->family, app_now_us(), gmp_on_cb, &on);
	if (!on.running && used + DP_IF_NAMELEN + 2 < sizeof(s->names))
		snprintf(s->names + used, sizeof(s->names) - used, "%s%s", used ? ", " : "",
			ifp->conf.name);
	return true;
}

/* Nobody: hosts may have asked where nobody listens. */
static bool nobody(struct ask *a)
{
	const char *word = a->x->grp.family == IP_V6 ? "MLD" : "IGMP";
	struct silent s = {.a = a};
	char grp[IP_STRLEN], src[IP_STRLEN];

	ip_str(&a->x->grp, grp, sizeof(grp));
	pim_iface_walk(a->pim, silent_cb, &s);
	if (a->ssm && !ip_is_none(&a->x->src))
		return explain_check(a->x, "wanted", false,
			"nobody wants %s of source %s: the group is in an SSM range, and no %s member "
			"and no PIM neighbor has asked for this source%s%s",
			grp, ip_str(&a->x->src, src, sizeof(src)), word,
			s.names[0] ? "; there is no membership protocol on " : "", s.names);
	return explain_check(a->x, "wanted", false,
		"nobody wants %s: no %s member and no PIM neighbor has asked for it%s%s%s", grp,
		word, s.names[0] ? "; hosts on " : "", s.names,
		s.names[0] ? " cannot ask, for it is off there" : "");
}

static bool check_wanted(struct ask *a, bool only_say)
{
	a->only_say = only_say;
	gmp_group_walk(a->gmp, a->x->grp.family, 0, &a->x->grp, app_now_us(), member_cb, a);
	if (a->has_sg)
		pim_oif_walk(&a->sg, join_cb, a);
	if (a->has_star)
		pim_oif_walk(&a->star, join_cb, a);
	if (only_say || a->outputs)
		return true;
	return a->wanting ? false : nobody(a);
}

/* --- upstream ----------------------------------------------------------------------------------------- */

/* A tree that is wanted, with nobody to join it towards. */
static bool check_neighbor(struct ask *a, const struct pim_tree_info *t, const char *what, bool ok)
{
	const struct ipaddr *hop = &t->next_hop;
	char name[DP_IF_NAMELEN], ip[IP_STRLEN];

	if (!t->join_desired || t->connected || !t->ifid || t->ifid == DP_IF_REGISTER ||
		!ip_is_none(&t->neighbor))
		return true;
	if (ip_is_none(hop))
		hop = ip_is_none(&t->src) ? &t->rp : &t->src;
	name_of(a, t->ifid, name, sizeof(name));
	if (!pim_runs(a, t->ifid, NULL))
		return explain_check(a->x, "neighbor", ok,
			"the way to the %s leads through %s, where PIM does not run: add pim: { }; to "
			"the interface",
			what, name);
	return explain_check(a->x, "neighbor", ok,
		"the RPF neighbor %s towards the %s is no PIM neighbor on %s: is PIM on there? See "
		"show pim neighbor",
		ip_str(hop, ip, sizeof(ip)), what, name);
}

static bool check_upstream(struct ask *a)
{
	bool on_spt = a->ssm || (a->has_sg && (a->sg.spt_bit || a->sg.connected));

	if (a->has_sg && !check_neighbor(a, &a->sg, "source", !on_spt))
		return false;
	return on_spt || !a->has_star || check_neighbor(a, &a->star, "RP", false);
}

/* --- the source --------------------------------------------------------------------------------------- */

/* A source on a subnet of ours: who is to register it, and does PIM hear it at all? */
static bool check_connected(struct ask *a, const struct net_rpf *rpf)
{
	struct pim_iface_info pif;
	char name[DP_IF_NAMELEN], ip[IP_STRLEN];

	name_of(a, rpf->ifid, name, sizeof(name));
	if (!pim_runs(a, rpf->ifid, &pif))
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
			"the source is on %s; its Register state towards RP %s is %s", name,
			ip_str(&a->rp, ip, sizeof(ip)), a->sg.register_state);
	return explain_check(
		a->x, "source_pim", true, "the source is directly connected, on %s", name);
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
	if (!net_rpf(a->x->app->net, &a->x->src, &rpf))
		return explain_check(a->x, "source_rpf", !a->ssm,
			"the source %s is unreachable (%s)%s", src, rpf.why,
			a->ssm ? "" : ": only the tree of the RP can bring its packets");
	if (ip_is_none(&rpf.neighbor))
		return check_connected(a, &rpf);
	if (!a->ssm && a->has_star && a->star.i_am_rp &&
		!(a->has_sg && (a->sg.registered || a->sg.spt_bit)))
		return explain_check(a->x, "source_rpf", false,
			"the source %s is not directly connected and this router, the RP, has got no "
			"Register of it yet: does it send, and has its DR this RP?",
			src);
	return true;
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
	if (!check_rp(&a, true) || !check_wanted(&a, false) || !check_source(&a) ||
		!check_upstream(&a))
		return false;
	return explain_check(x, "tree", false,
		"no tree of it is made yet: see show pim upstream and show pim statistics");
}

bool explain_pim_route(struct explain *x)
{
	struct ask a;

	if (!by_pim(x) || !begin(&a, x))
		return true;
	return check_rp(&a, !a.has_sg || !(a.sg.spt_bit || a.sg.connected)) &&
	       check_wanted(&a, x->entry.merged->n_outputs > 0) && check_upstream(&a) &&
	       (x->counters.packets || check_source(&a));
}
