/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The part of explain that says who wants a group: members, Joins, why an interface with them is not served. What
 * if it is nobody: explain_nobody.c.
 */
#include "app/shell/explain_pim.h"

#include <string.h>

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

bool ask_pim_runs(const struct ask *a, uint16_t ifid, struct pim_iface_info *info)
{
	struct find_if f = {.ifid = ifid, .family = a->x->grp.family};

	pim_iface_walk(a->pim, find_if_cb, &f);
	if (info)
		*info = f.info;
	return f.up;
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

/* The tree whose input is the packets'. */
static const struct pim_tree_info *input_tree(const struct ask *a)
{
	bool on_spt = a->has_sg && (a->ssm || a->sg.spt_bit || a->sg.connected);

	return on_spt || !a->has_star ? tree_of(a) : &a->star;
}

enum served {
	SERVED,
	BY_OTHERS, /* as it should be */
	REFUSED,
};

/* PIM does not take part in an interface with members or Joins. */
static enum served refused_off(const struct ask *a, uint16_t ifid, char *why, size_t cap)
{
	const struct net_if *ifp = net_if_get(a->x->app->net, ifid);
	char name[DP_IF_NAMELEN], problem[160];

	if (ifp && !ifp->up)
		snprintf(why, cap, "the group is wanted on %s, but that is down: %s",
			ifp->conf.name, if_problem(a->x->app, ifp, problem, sizeof(problem)));
	else
		snprintf(why, cap,
			"%s has members, but PIM does not run there: add pim: { }; to the interface, "
			"or see show pim interface",
			ask_name(a, ifid, name, sizeof(name)));
	return REFUSED;
}

/* An interface of which the tree knows, and that is not in its olist. */
static enum served not_in_olist(const struct ask *a, const struct pim_oif_info *o,
	const struct pim_iface_info *pif, bool members, char *why, size_t cap)
{
	char name[DP_IF_NAMELEN], other[IP_STRLEN];

	ask_name(a, o->ifid, name, sizeof(name));
	if (o->boundary) {
		snprintf(
			why, cap, "the boundary of %s keeps the group out: see pim.boundary", name);
		return REFUSED;
	}
	if (strcmp(o->assert_state, "loser") == 0) {
		snprintf(why, cap, "the assert on %s is lost to %s, which forwards there", name,
			ip_str(&o->winner, other, sizeof(other)));
		return BY_OTHERS;
	}
	if (!pif->i_am_dr && members) {
		snprintf(why, cap, "%s has members, but its DR is %s, which forwards there", name,
			ip_str(&pif->dr, other, sizeof(other)));
		return BY_OTHERS;
	}
	if (strncmp(o->rpt_state, "prune", 5) == 0) {
		snprintf(why, cap,
			"the source is pruned on %s by those who take it by another path: see show "
			"pim join",
			name);
		return BY_OTHERS;
	}
	snprintf(why, cap, "the tree does not serve %s: see show pim join", name);
	return REFUSED;
}

/* Why an interface with members or Joins is not served. */
static enum served serves(const struct ask *a, uint16_t ifid, bool members, char *why, size_t cap)
{
	const struct pim_tree_info *t = tree_of(a), *in = input_tree(a);
	struct find_oif f = {.ifid = ifid};
	struct pim_iface_info pif;
	char name[DP_IF_NAMELEN];

	if (!ask_pim_runs(a, ifid, &pif))
		return refused_off(a, ifid, why, cap);
	if (t)
		pim_oif_walk(t, find_oif_cb, &f);
	if (f.found && !f.info.inherited && (f.info.boundary || in->ifid != ifid))
		return not_in_olist(a, &f.info, &pif, members, why, cap);
	if (!in || in->ifid != ifid)
		return SERVED;
	snprintf(why, cap, "%s is where the packets come from: nothing is sent back there",
		ask_name(a, ifid, name, sizeof(name)));
	return BY_OTHERS;
}

static void look_at(struct ask *a, uint16_t ifid, bool members, const char *who)
{
	char why[256], name[DP_IF_NAMELEN];

	a->wanting++;
	switch (serves(a, ifid, members, why, sizeof(why))) {
	case SERVED:
		a->outputs++;
		explain_check(a->x, "wanted", true, "wanted on %s: %s",
			ask_name(a, ifid, name, sizeof(name)), who);
		break;
	case BY_OTHERS:
		explain_check(a->x, "wanted", true, "%s", why);
		snprintf(a->by_others, sizeof(a->by_others), "%s", why);
		break;
	case REFUSED:
		if (a->only_say)
			explain_lack(a->x, "wanted", "%s", why);
		else
			explain_check(a->x, "wanted", false, "%s", why);
		break;
	}
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

/* A neighbor that has joined both the source and the group is told of once. */
static bool star_join_cb(void *arg, const struct pim_oif_info *o)
{
	struct ask *a = arg;
	struct find_oif f = {.ifid = o->ifid};

	if (a->has_sg)
		pim_oif_walk(&a->sg, find_oif_cb, &f);
	if (f.found && strcmp(f.info.join_state, "noinfo") != 0 && ip_eq(&f.info.by, &o->by))
		return true;
	return join_cb(a, o);
}

/* --- all of it ---------------------------------------------------------------------------------------- */

/* Interfaces that take no part now: who is behind them gets nothing, whoever else does. Nobody is behind a
 * loopback. */
static bool down_cb(void *arg, const struct pim_iface_info *i)
{
	struct ask *a = arg;
	const struct net_if *ifp = net_if_get(a->x->app->net, i->ifid);
	char name[DP_IF_NAMELEN], why[400];

	if (i->family == a->x->grp.family && !i->up && !(ifp && ifp->conf.kind == DP_IF_LOOPBACK))
		explain_check(a->x, "interface", true, "%s: down, nothing leaves there: %s",
			ask_name(a, i->ifid, name, sizeof(name)),
			pim_if_problem(a->x->app, i, why, sizeof(why)));
	return true;
}

/* Somebody gets it, and a limit has kept it from somebody else, or from a better way. */
static void lack_refused(struct ask *a)
{
	char why[256];

	for (unsigned pim = 0; pim < 2; pim++)
		if (ask_refused(a, pim, why, sizeof(why)))
			explain_lack(a->x, "limit", "%s", why);
}

bool ask_wanted(struct ask *a, bool only_say)
{
	a->only_say = only_say;
	pim_iface_walk(a->pim, down_cb, a);
	gmp_group_walk(a->gmp, a->x->grp.family, 0, &a->x->grp, app_now_us(), member_cb, a);
	if (a->has_sg)
		pim_oif_walk(&a->sg, join_cb, a);
	if (a->has_star)
		pim_oif_walk(&a->star, star_join_cb, a);
	if (a->wanting)
		lack_refused(a);
	if (only_say || a->outputs)
		return true;
	if (!a->wanting)
		return ask_nobody(a);
	if (a->x->verdict[0])
		return false;
	return explain_check(
		a->x, "wanted", false, "nothing is to be sent from here: %s", a->by_others);
}
