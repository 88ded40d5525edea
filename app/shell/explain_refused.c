/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The part of explain about limits that have refused this very group or source: by PIM, or by IGMP or MLD.
 */
#include "app/shell/explain_pim.h"

uint64_t ask_since(void)
{
	uint64_t now = app_now_us();

	return now > ASK_RECENT_US ? now - ASK_RECENT_US : 1;
}

unsigned long long ask_ago_s(uint64_t at_us)
{
	uint64_t now = app_now_us();

	return now > at_us ? (now - at_us) / 1000000 : 0;
}

/* Who asked for it, and where: ", asked for by 10.1.0.9 on lan1". */
static const char *by_whom(const struct ask *a, const struct refusal *r, char *buf, size_t cap)
{
	char ip[IP_STRLEN], name[DP_IF_NAMELEN];
	bool from = !ip_is_none(&r->from);

	snprintf(buf, cap, "%s%s%s%s", from ? ", asked for by " : "",
		from ? ip_str(&r->from, ip, sizeof(ip)) : "", from && r->ifid ? " on " : "",
		from && r->ifid ? ask_name(a, r->ifid, name, sizeof(name)) : "");
	return buf;
}

bool ask_full(const struct ask *a, uint64_t *n)
{
	uint32_t max = a->x->app->conf ? a->x->app->conf->pim.limits.states : 0;
	uint64_t star, sg;

	pim_tree_count(a->pim, &star, &sg);
	*n = star + sg;
	return max && *n >= max;
}

/* What limit of PIM it was; NULL: it is over, for there is state by now, or room. */
static const char *pim_limit(const struct ask *a, const struct refusal *r)
{
	bool made = ip_is_none(&r->src) ? a->has_star : a->has_sg;
	uint64_t n;

	switch ((enum pim_drop)r->why) {
	case PIM_DROP_limit_neighbor:
		return "that neighbor has as many as pim.limits.per_neighbor permits";
	case PIM_DROP_limit_source:
		return made ? NULL
			    : "the source has as many groups as pim.limits.per_source permits";
	default:
		return made || !ask_full(a, &n) ? NULL
						: "there were as many as pim.limits.states permits";
	}
}

static bool by_pim(const struct ask *a, bool with_limit, char *buf, size_t cap)
{
	const char *limit;
	struct refusal r;
	char src[IP_STRLEN], who[80];

	if (!pim_refusal_get(a->pim, &a->x->src, &a->x->grp, ask_since(), &r))
		return false;
	limit = pim_limit(a, &r);
	if (limit)
		snprintf(buf, cap, "state for %s%s was refused %llu s ago (%s)%s%s%s",
			ip_is_none(&r.src) ? "the group" : "source ",
			ip_is_none(&r.src) ? "" : ip_str(&r.src, src, sizeof(src)),
			ask_ago_s(r.at_us), pim_drop_name((enum pim_drop)r.why),
			by_whom(a, &r, who, sizeof(who)), with_limit ? ": " : "",
			with_limit ? limit : "");
	return limit;
}

static const char *gmp_limit(const struct refusal *r, bool mld)
{
	switch ((enum gmp_counter)r->why) {
	case GMP_C_drop_group_limit:
		return mld ? "the interface has as many groups as mld.max_groups permits"
			   : "the interface has as many groups as igmp.max_groups permits";
	case GMP_C_drop_host_limit:
		return mld ? "the host is in as many groups as mld.max_groups_per_host permits"
			   : "the host is in as many groups as igmp.max_groups_per_host permits";
	default:
		return "not all of its sources are kept, see max_sources and max_entries";
	}
}

static bool by_gmp(const struct ask *a, char *buf, size_t cap)
{
	struct refusal r;
	char who[80];

	if (!gmp_refusal_get(a->gmp, &a->x->grp, ask_since(), &r))
		return false;
	snprintf(buf, cap, "%s refused membership %llu s ago (%s)%s: %s",
		a->x->grp.family == IP_V6 ? "MLD" : "IGMP", ask_ago_s(r.at_us),
		gmp_counter_name((enum gmp_counter)r.why), by_whom(a, &r, who, sizeof(who)),
		gmp_limit(&r, a->x->grp.family == IP_V6));
	return true;
}

bool ask_refused(const struct ask *a, bool pim, char *buf, size_t cap)
{
	return pim ? by_pim(a, true, buf, cap) : by_gmp(a, buf, cap);
}

bool ask_refused_state(const struct ask *a, char *buf, size_t cap)
{
	return by_pim(a, false, buf, cap);
}
