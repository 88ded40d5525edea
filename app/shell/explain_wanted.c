/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The part of explain that says who wants a group: members, Joins, why an interface with them is not served, and
 * where nobody can ask.
 */
#include "app/shell/explain_pim.h"

#include <stdarg.h>
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

static bool refused_down(const struct ask *a, uint16_t ifid, char *why, size_t cap)
{
	const struct net_if *ifp = net_if_get(a->x->app->net, ifid);
	char problem[160];

	snprintf(why, cap, "the group is wanted on %s, but that is down: %s", ifp->conf.name,
		if_problem(a->x->app, ifp, problem, sizeof(problem)));
	return true;
}

/* Why an interface with members or Joins is not served; false: it is. */
static bool refusal(const struct ask *a, uint16_t ifid, bool members, char *why, size_t cap)
{
	const struct pim_tree_info *t = tree_of(a);
	struct find_oif f = {.ifid = ifid};
	struct pim_iface_info pif;
	char name[DP_IF_NAMELEN], other[IP_STRLEN];

	ask_name(a, ifid, name, sizeof(name));
	if (!ask_pim_runs(a, ifid, &pif)) {
		if (net_if_get(a->x->app->net, ifid) && !net_if_get(a->x->app->net, ifid)->up)
			return refused_down(a, ifid, why, cap);
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
		ask_name(a, ifid, name, sizeof(name)), who);
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

/* --- nobody ------------------------------------------------------------------------------------------- */

/* A sentence that grows: what may have kept hosts and neighbors from asking. */
struct hints {
	const struct ask *a;
	char text[400];
};

__attribute__((format(printf, 2, 3))) static void hint(struct hints *h, const char *fmt, ...)
{
	size_t used = strlen(h->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->text + used, sizeof(h->text) - used, fmt, ap);
	va_end(ap);
}

struct member_side {
	const struct ask *a;
	uint16_t ifid;
	bool running, denied;
};

static bool member_side_cb(void *arg, const struct gmp_if_info *i)
{
	struct member_side *m = arg;
	const struct ipaddr *src = ip_is_none(&m->a->x->src) ? NULL : &m->a->x->src;

	if (i->ifid != m->ifid || !i->running)
		return true;
	m->running = true;
	m->denied = !gmp_rules_permit(i->conf, &m->a->x->grp, src) &&
		    !gmp_rules_permit(i->conf, &m->a->x->grp, NULL);
	return false;
}

static bool where_cb(void *arg, const struct pim_iface_info *i)
{
	struct hints *h = arg;
	const struct net_if *ifp = net_if_get(h->a->x->app->net, i->ifid);
	struct member_side m = {.a = h->a, .ifid = i->ifid};
	char why[400];

	if (i->family != h->a->x->grp.family || !ifp || ifp->conf.kind == DP_IF_LOOPBACK)
		return true;
	if (!i->up) {
		hint(h, "; %s is down (%s)", ifp->conf.name,
			pim_if_problem(h->a->x->app, i, why, sizeof(why)));
		return true;
	}
	gmp_if_walk(h->a->gmp, i->family, app_now_us(), member_side_cb, &m);
	if (m.denied)
		hint(h, "; the access list of %s refuses the group", ifp->conf.name);
	else if (!m.running)
		hint(h, "; hosts on %s cannot ask, for %s is off there", ifp->conf.name,
			i->family == IP_V6 ? "MLD" : "IGMP");
	return true;
}

static bool neighbor_cb(void *arg, const struct pim_neigh_info *n)
{
	struct hints *h = arg;
	uint32_t max = h->a->x->app->conf ? h->a->x->app->conf->pim.limits.per_neighbor : 0;
	char ip[IP_STRLEN];

	if (max && n->n_states >= max)
		hint(h, "; neighbor %s has all the states that limits.per_neighbor (%u) permits",
			ip_str(&n->address, ip, sizeof(ip)), max);
	return true;
}

/* Our own source, registered in vain: the RP knows nobody either. */
static void registered_hint(struct hints *h)
{
	const struct ask *a = h->a;
	char rp[IP_STRLEN];

	if (a->has_sg && strcmp(a->sg.register_state, "prune") == 0)
		hint(h,
			"; the RP %s was told of the source, has answered Register-Stop, and is "
			"waited for to join",
			ip_str(&a->rp, rp, sizeof(rp)));
}

/* Nobody: hosts may have asked where nobody listens. */
static bool nobody(struct ask *a)
{
	const char *word = a->x->grp.family == IP_V6 ? "MLD" : "IGMP";
	struct hints h = {.a = a};
	char grp[IP_STRLEN], src[IP_STRLEN];

	ip_str(&a->x->grp, grp, sizeof(grp));
	registered_hint(&h);
	pim_neigh_walk(a->pim, neighbor_cb, &h);
	pim_iface_walk(a->pim, where_cb, &h);
	if (a->ssm && !ip_is_none(&a->x->src))
		return explain_check(a->x, "wanted", false,
			"nobody wants %s of source %s: the group is in an SSM range, and no %s member "
			"and no PIM neighbor has asked for this source (a join that names none does "
			"not count)%s",
			grp, ip_str(&a->x->src, src, sizeof(src)), word, h.text);
	return explain_check(a->x, "wanted", false,
		"nobody wants %s: no %s member and no PIM neighbor has asked for it%s", grp, word,
		h.text);
}

/* Interfaces that take no part now: who is behind them gets nothing, whoever else does. */
static bool down_cb(void *arg, const struct pim_iface_info *i)
{
	struct ask *a = arg;
	char name[DP_IF_NAMELEN], why[400];

	if (i->family == a->x->grp.family && !i->up)
		explain_check(a->x, "interface", true, "%s: down, nothing leaves there: %s",
			ask_name(a, i->ifid, name, sizeof(name)),
			pim_if_problem(a->x->app, i, why, sizeof(why)));
	return true;
}

bool ask_wanted(struct ask *a, bool only_say)
{
	a->only_say = only_say;
	pim_iface_walk(a->pim, down_cb, a);
	gmp_group_walk(a->gmp, a->x->grp.family, 0, &a->x->grp, app_now_us(), member_cb, a);
	if (a->has_sg)
		pim_oif_walk(&a->sg, join_cb, a);
	if (a->has_star)
		pim_oif_walk(&a->star, join_cb, a);
	if (only_say || a->outputs)
		return true;
	return a->wanting ? false : nobody(a);
}
