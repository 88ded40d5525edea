/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The part of explain for a group that nobody wants: what may have kept hosts and neighbors from asking, be it
 * that they were not heard, or refused.
 */
#include "app/shell/explain_pim.h"

#include <stdarg.h>
#include <string.h>

/* A sentence that grows: what may have kept hosts and neighbors from asking. */
struct hints {
	const struct ask *a;
	char text[480];
	char deaf[80]; /* interfaces where hosts are not heard */
	uint16_t from; /* where the source is; 0: unknown */
	struct refusal pim,
		gmp; /* of this very group; told of as that, and not once more as a limit */
};

__attribute__((format(printf, 2, 3))) static void hint(struct hints *h, const char *fmt, ...)
{
	size_t used = strlen(h->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->text + used, sizeof(h->text) - used, fmt, ap);
	va_end(ap);
}

/* --- of an interface ----------------------------------------------------------------------------------- */

struct member_side {
	struct hints *h;
	const struct net_if *ifp;
	bool running;
};

/* Hosts that asked for more than they may have. */
static void limit_hints(struct hints *h, const struct gmp_if_info *i)
{
	const char *word = i->family == IP_V6 ? "mld" : "igmp";
	uint64_t host = i->counters[GMP_C_drop_host_limit];
	uint64_t last = i->last_us[GMP_C_drop_host_limit];
	char ip[IP_STRLEN];

	bool told = h->gmp.at_us && h->gmp.ifid == i->ifid;

	if (i->suppressed && !(told && h->gmp.why == GMP_C_drop_group_limit))
		hint(h, "; %s takes no new group, for it has %u of the %u that %s.max_groups permits",
			i->interface, i->groups, i->conf->max_groups, word);
	if (host && last >= ask_since() && !(told && h->gmp.why == GMP_C_drop_host_limit))
		hint(h,
			"; %s has refused %llu joins of hosts that are in %s.max_groups_per_host (%u) "
			"groups, the last %llu s ago of %s",
			i->interface, (unsigned long long)host, word, i->conf->max_groups_per_host,
			ask_ago_s(last),
			ip_str(&i->last_from[GMP_C_drop_host_limit], ip, sizeof(ip)));
}

static bool member_side_cb(void *arg, const struct gmp_if_info *i)
{
	struct member_side *m = arg;
	const struct explain *x = m->h->a->x;
	const struct ipaddr *src = ip_is_none(&x->src) ? NULL : &x->src;

	if (i->ifid != m->ifp->id || !i->running)
		return true;
	m->running = true;
	if (!gmp_rules_permit(i->conf, &x->grp, src) && !gmp_rules_permit(i->conf, &x->grp, NULL))
		hint(m->h, "; the access list of %s refuses the group", m->ifp->conf.name);
	limit_hints(m->h, i);
	return true;
}

/* Messages that were dropped may have been the Joins that are missed. */
static void drop_hints(struct hints *h, const struct pim_iface_info *i, const char *name)
{
	static const struct {
		enum pim_drop drop;
		const char *words;
	} v[] = {{PIM_DROP_rp_mismatch,
			 "whose Joins name another RP for their group than this router has"},
		{PIM_DROP_no_neighbor, "which has sent no Hello"},
		{PIM_DROP_neighbor_denied, "whom its access list of neighbors refuses"},
		{PIM_DROP_if_passive, "for the interface is passive"}};
	char ip[IP_STRLEN];

	for (size_t k = 0; k < COUNT_OF(v); k++) {
		const struct ipaddr *from = &i->stats->drop_from[v[k].drop];

		if (!i->stats->drops[v[k].drop] || i->stats->drop_us[v[k].drop] < ask_since())
			continue;
		if (v[k].drop == PIM_DROP_no_neighbor && ask_is_neighbor(h->a, i->ifid, from))
			continue; /* its Hello has come since */
		hint(h, "; %s has dropped %llu messages (%s), the last %llu s ago from %s, %s",
			name, (unsigned long long)i->stats->drops[v[k].drop],
			pim_drop_name(v[k].drop), ask_ago_s(i->stats->drop_us[v[k].drop]),
			ip_str(from, ip, sizeof(ip)), v[k].words);
	}
}

/* Hosts without IGMP on an interface cannot ask; where routers are, it is likely a link between them, and where the
 * source is nothing is sent to. */
static void deaf_hint(struct hints *h, const struct pim_iface_info *i, const char *name)
{
	size_t used = strlen(h->deaf);

	if (!i->n_neighbors && i->ifid != h->from && used + DP_IF_NAMELEN + 3 < sizeof(h->deaf))
		snprintf(h->deaf + used, sizeof(h->deaf) - used, "%s%s", used ? ", " : "", name);
}

static bool where_cb(void *arg, const struct pim_iface_info *i)
{
	struct hints *h = arg;
	struct member_side m = {.h = h, .ifp = net_if_get(h->a->x->app->net, i->ifid)};
	char why[400];

	if (i->family != h->a->x->grp.family || !m.ifp || m.ifp->conf.kind == DP_IF_LOOPBACK)
		return true;
	if (ask_bounded(h->a, i))
		hint(h, "; the boundary of %s keeps it out there", m.ifp->conf.name);
	drop_hints(h, i, m.ifp->conf.name);
	if (!i->up) {
		hint(h, "; %s is down (%s)", m.ifp->conf.name,
			pim_if_problem(h->a->x->app, i, why, sizeof(why)));
		return true;
	}
	gmp_if_walk(h->a->gmp, i->family, app_now_us(), member_side_cb, &m);
	if (!m.running)
		deaf_hint(h, i, m.ifp->conf.name);
	return true;
}

/* --- of the router --------------------------------------------------------------------------------------- */

static bool neighbor_cb(void *arg, const struct pim_neigh_info *n)
{
	struct hints *h = arg;
	uint32_t max = h->a->x->app->conf ? h->a->x->app->conf->pim.limits.per_neighbor : 0;
	char ip[IP_STRLEN];

	if (h->pim.at_us && h->pim.why == PIM_DROP_limit_neighbor &&
		ip_eq(&h->pim.from, &n->address))
		return true;
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

/* Other routers believe that this one is an RP. */
static void not_rp_hint(struct hints *h)
{
	struct pim_stats st;
	char ip[IP_STRLEN];
	uint64_t last;

	pim_stats_get(h->a->pim, &st);
	last = st.drop_us[PIM_DROP_register_not_rp];
	if (st.drops[PIM_DROP_register_not_rp] && last >= ask_since())
		hint(h,
			"; %llu Registers were refused, the last %llu s ago from %s, for this router is "
			"not the RP of their group (register_not_rp): compare show pim rp there",
			(unsigned long long)st.drops[PIM_DROP_register_not_rp], ask_ago_s(last),
			ip_str(&st.drop_from[PIM_DROP_register_not_rp], ip, sizeof(ip)));
}

/* This very group or source was asked for, and a limit was in the way. */
static void refused_hints(struct hints *h)
{
	char why[256];

	for (unsigned pim = 0; pim < 2; pim++)
		if (ask_refused(h->a, pim, why, sizeof(why)))
			hint(h, "; %s", why);
}

/* What the hints have to know of each other. */
static void begin(struct hints *h, const struct ask *a)
{
	const struct explain *x = a->x;
	struct net_rpf rpf;

	*h = (struct hints){.a = a};
	memset(&rpf, 0, sizeof(rpf));
	if (!ip_is_none(&x->src) && net_rpf_group(x->app->net, &x->src, &x->grp, &rpf))
		h->from = rpf.ifid;
	(void)pim_refusal_get(a->pim, &x->src, &x->grp, ask_since(), &h->pim);
	(void)gmp_refusal_get(a->gmp, &x->grp, ask_since(), &h->gmp);
}

/* What of all that may have kept somebody from asking. */
static void find_hints(struct hints *h)
{
	refused_hints(h);
	registered_hint(h);
	pim_neigh_walk(h->a->pim, neighbor_cb, h);
	pim_iface_walk(h->a->pim, where_cb, h);
	if (!h->a->ssm)
		not_rp_hint(h);
	if (h->deaf[0])
		hint(h, "; hosts on %s cannot ask, for %s is off there", h->deaf,
			h->a->x->grp.family == IP_V6 ? "MLD" : "IGMP");
}

bool ask_nobody(struct ask *a)
{
	const char *word = a->x->grp.family == IP_V6 ? "MLD" : "IGMP";
	char grp[IP_STRLEN], src[IP_STRLEN];
	struct hints h;

	begin(&h, a);
	ip_str(&a->x->grp, grp, sizeof(grp));
	find_hints(&h);
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
