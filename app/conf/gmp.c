/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * interfaces.igmp and .mld, igmp.ssm_map and mld.ssm_map: group membership. A group that is there turns
 * the protocol on.
 */
#include "app/conf/conf_priv.h"

#include <errno.h>

enum { IGMP, MLD };

static const enum ip_family families[] = {[IGMP] = IP_V4, [MLD] = IP_V6};
static const char *const names[] = {[IGMP] = "igmp", [MLD] = "mld"};

/* --- static joins ------------------------------------------------------------------------------------- */

static void join_group_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	const char *v = value_string(r, s, "group", what, "\"239.1.1.1\"");
	struct gmp_join *j = obj;
	struct ipaddr ip;

	if (!v)
		return;
	if (ip_parse(v, &ip) || !ip_is_multicast(&ip) || ip_is_multicast_link_local(&ip))
		problem_add(r, line_of(s),
			"group of %s: \"%.48s\" is no group that is routed; write for example "
			"\"239.1.1.1\"",
			what, v);
	else
		j->grp = ip;
}

static void join_group_print(const void *obj, FILE *to)
{
	const struct gmp_join *j = obj;
	char buf[IP_STRLEN];

	fprintf(to, "group = \"%s\"; ", ip_str(&j->grp, buf, sizeof(buf)));
}

static const struct conf_key join_keys[] = {
	{"group", KEY_OTHER, .required = true, .example = "\"239.1.1.1\"", .read = join_group_read,
		.print = join_group_print},
	{"source", KEY_IP, KEY_FIELD(struct gmp_join, src), .example = "\"10.0.0.1\""},
};

const struct conf_group conf_group_join = GROUP("interfaces.igmp.joins", join_keys);

static void joins_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct gmp_if_config *c = obj;
	char inner[WHAT_LEN + 24];
	struct gmp_join *v;
	int n;

	snprintf(inner, sizeof(inner), "joins of %s", what);
	n = list_check(r, s, inner, "{ group = \"239.1.1.1\"; }");
	v = reader_array(r, n, sizeof(*v));
	c->joins = v;
	for (int i = 0; v && i < n; i++) {
		snprintf(inner, sizeof(inner), "join %d of %s", i + 1, what);
		group_read(r, config_setting_get_elem(s, (unsigned)i), &conf_group_join, inner,
			&v[c->n_joins++]);
	}
}

static void joins_print(const void *obj, FILE *to)
{
	static const struct gmp_join defaults;
	const struct gmp_if_config *c = obj;

	for (uint32_t i = 0; i < c->n_joins; i++) {
		fputs(i ? ",\n\t\t{ " : "joins: ( { ", to);
		group_print(&conf_group_join, &c->joins[i], &defaults, to);
		fputs("}", to);
	}
	if (c->n_joins)
		fputs(" ); ", to);
}

/* --- the access list ---------------------------------------------------------------------------------- */

static void access_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct gmp_if_config *c = obj;
	struct conf_rule *rules;
	struct gmp_rule *v;
	uint32_t n = rules_read(r, s, &conf_group_access, what, &rules);

	v = reader_array(r, (int)n, sizeof(*v));
	for (uint32_t i = 0; v && i < n; i++)
		v[i] = (struct gmp_rule){
			.permit = rules[i].permit, .grp = rules[i].grp, .src = rules[i].src};
	c->rules = v;
	c->n_rules = v ? n : 0;
	free(rules);
}

static void access_print(const void *obj, FILE *to)
{
	const struct gmp_if_config *c = obj;

	for (uint32_t i = 0; i < c->n_rules; i++) {
		const struct gmp_rule *g = &c->rules[i];
		struct conf_rule rule = {.permit = g->permit, .grp = g->grp, .src = g->src};

		fputs(i ? ",\n\t\t" : "access: ( ", to);
		rule_print(&conf_group_access, &rule, to);
	}
	if (c->n_rules)
		fputs(" ); ", to);
}

/* --- an interface ------------------------------------------------------------------------------------- */

static const char *const leave_words[] = {[GMP_LEAVE_TRACKING] = "tracking",
	[GMP_LEAVE_QUERY] = "query",
	[GMP_LEAVE_IMMEDIATE] = "immediate",
	NULL};

#define GMP(member) KEY_FIELD(struct gmp_if_config, member)

/* Both protocols have these; what their messages can carry is checked by the protocol. */
#define COMMON_KEYS                                                                                \
	{"robustness", KEY_UINT, GMP(robustness), .min = 1, .max = 7, .example = "2"},             \
		{"query_interval_s", KEY_UINT, GMP(query_interval_s), .min = 1, .max = 31744,      \
			.example = "125"},                                                         \
		{"query_response_interval_ms", KEY_UINT, GMP(query_response_interval_ms),          \
			.min = 100, .max = 8387584, .example = "10000"},                           \
		{"last_member_query_interval_ms", KEY_UINT, GMP(last_member_query_interval_ms),    \
			.min = 100, .max = 8387584, .example = "1000"},                            \
		{"last_member_query_count", KEY_UINT, GMP(last_member_query_count), .max = 7,      \
			.example = "2"},                                                           \
		{"startup_query_count", KEY_UINT, GMP(startup_query_count), .max = 255,            \
			.example = "2"},                                                           \
		{"startup_query_interval_s", KEY_UINT, GMP(startup_query_interval_s),              \
			.max = 31744, .example = "31"},                                            \
		{"leave", KEY_WORD, GMP(leave), .words = leave_words, .example = "\"query\""},     \
		{"tracking", KEY_BOOL, GMP(tracking), .example = "false"},                         \
		{"check_source", KEY_BOOL, GMP(check_source), .example = "false"},                 \
		{"max_groups", KEY_UINT, GMP(max_groups), .max = 1u << 30, .example = "1000"},     \
		{"resume_groups", KEY_UINT, GMP(resume_groups), .max = 1u << 30,                   \
			.example = "900"},                                                         \
		{"max_sources", KEY_UINT, GMP(max_sources), .max = 1u << 30, .example = "100"},    \
		{"max_entries", KEY_UINT, GMP(max_entries), .max = 1u << 30, .example = "100000"}, \
		{"max_groups_per_host", KEY_UINT, GMP(max_groups_per_host), .max = 1u << 30,       \
			.example = "200"},                                                         \
		{"joins", KEY_OTHER, .example = "( { group = \"239.1.1.1\"; } )",                  \
			.read = joins_read, .print = joins_print},                                 \
	{                                                                                          \
		"access", KEY_OTHER,                                                               \
			.example = "( { action = \"permit\"; group = \"239.0.0.0/8\"; } )",        \
			.read = access_read, .print = access_print                                 \
	}

static const struct conf_key igmp_keys[] = {
	{"version", KEY_UINT, GMP(version), .min = 1, .max = 3, .example = "3"},
	{"require_router_alert", KEY_BOOL, GMP(require_router_alert), .example = "true"},
	COMMON_KEYS,
};
static const struct conf_key mld_keys[] = {
	{"version", KEY_UINT, GMP(version), .min = 1, .max = 2, .example = "2"},
	COMMON_KEYS,
};

const struct conf_group conf_group_igmp = GROUP("interfaces.igmp", igmp_keys);
const struct conf_group conf_group_mld = GROUP("interfaces.mld", mld_keys);

static const struct conf_group *group_of(unsigned which)
{
	return which == IGMP ? &conf_group_igmp : &conf_group_mld;
}

static void if_read(struct conf_reader *r, config_setting_t *s, const char *what,
	struct conf_if *ifp, unsigned which)
{
	char inner[WHAT_LEN + 8];

	gmp_if_config_default(&ifp->gmp[which], families[which]);
	snprintf(inner, sizeof(inner), "%s of %s", names[which], what);
	group_read(r, s, group_of(which), inner, &ifp->gmp[which]);
}

void conf_igmp_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	if_read(r, s, what, obj, IGMP);
}

void conf_mld_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	if_read(r, s, what, obj, MLD);
}

static void if_print(const struct conf_if *ifp, unsigned which, FILE *to)
{
	const struct gmp_if_config *c = &ifp->gmp[which];
	struct gmp_if_config defaults;

	if (!c->enabled)
		return;
	gmp_if_config_default(&defaults, families[which]);
	fprintf(to, "%s: { ", names[which]);
	group_print(group_of(which), c, &defaults, to);
	fputs("}; ", to);
}

void conf_igmp_print(const void *obj, FILE *to)
{
	if_print(obj, IGMP, to);
}

void conf_mld_print(const void *obj, FILE *to)
{
	if_print(obj, MLD, to);
}

void conf_gmp_if_check(struct conf_reader *r, config_setting_t *s, const struct conf_if *ifp)
{
	char err[256];

	for (unsigned which = 0; which < 2; which++) {
		struct gmp_if_config c = ifp->gmp[which];

		snprintf(c.interface, sizeof(c.interface), "%s", ifp->net.name);
		if (c.enabled && gmp_if_config_check(&c, err, sizeof(err)))
			problem_add(r, line_in(s, names[which]), "%s", err);
	}
}

void conf_gmp_if_free(struct conf_if *ifp)
{
	for (unsigned i = 0; i < 2; i++) {
		free((void *)(uintptr_t)ifp->gmp[i].joins);
		free((void *)(uintptr_t)ifp->gmp[i].rules);
	}
}

/* --- SSM maps ----------------------------------------------------------------------------------------- */

static void map_group_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct gmp_ssm_map *m = obj;
	struct prefix *p;

	if (prefixes_read(r, s, "group", what, true, &p) == 1)
		m->grp = *p;
	free(p);
}

static void map_group_print(const void *obj, FILE *to)
{
	fputs("group = ", to);
	prefix_print(&((const struct gmp_ssm_map *)obj)->grp, to);
	fputs("; ", to);
}

static void map_sources_read(
	struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	static const struct conf_key source = {
		"sources", KEY_IP, .size = sizeof(struct ipaddr), .example = "\"10.0.0.1\""};
	bool list = config_setting_is_list(s) || config_setting_is_array(s);
	int n = list ? config_setting_length(s) : 1;
	struct gmp_ssm_map *m = obj;
	struct ipaddr *v = reader_array(r, n, sizeof(*v));

	m->sources = v;
	for (int i = 0; v && i < n; i++)
		if (value_read(r, list ? config_setting_get_elem(s, (unsigned)i) : s, &source, what,
			    &v[m->n_sources]))
			m->n_sources++;
}

static void map_sources_print(const void *obj, FILE *to)
{
	const struct gmp_ssm_map *m = obj;
	char buf[IP_STRLEN];

	for (uint32_t i = 0; i < m->n_sources; i++)
		fprintf(to, "%s\"%s\"", i ? ", " : "sources = [ ",
			ip_str(&m->sources[i], buf, sizeof(buf)));
	fputs(" ]; ", to);
}

static const struct conf_key map_keys[] = {
	{"group", KEY_OTHER, .required = true, .example = "\"232.1.0.0/16\"",
		.read = map_group_read, .print = map_group_print},
	{"sources", KEY_OTHER, .required = true, .example = "[ \"10.0.0.1\" ]",
		.read = map_sources_read, .print = map_sources_print},
};

const struct conf_group conf_group_ssm_map = GROUP("igmp.ssm_map", map_keys);

static bool map_families(const struct gmp_ssm_map *m, enum ip_family family)
{
	for (uint32_t i = 0; i < m->n_sources; i++)
		if (m->sources[i].family != family)
			return false;
	return m->grp.addr.family == family;
}

static void map_check(struct conf_reader *r, config_setting_t *s, const char *what,
	const struct gmp_ssm_map *m, unsigned which, unsigned before)
{
	if (r->total != before)
		return;
	if (!m->n_sources)
		problem_add(r, line_of(s),
			"%s has no sources: give at least one, such as \"10.0.0.1\"", what);
	else if (!map_families(m, families[which]))
		problem_add(r, line_of(s), "%s must be all %s: %s is the protocol of %s", what,
			which == IGMP ? "IPv4" : "IPv6", names[which],
			which == IGMP ? "IPv4" : "IPv6");
	for (const struct gmp_ssm_map *o = r->conf->ssm_maps; r->total == before && o < m; o++)
		if (prefix_eq(&o->grp, &m->grp))
			problem_add(r, line_of(s),
				"%s has the groups of another one: join their sources", what);
}

/* Behind those that are there: both protocols' stand in one list. */
static void maps_read(struct conf_reader *r, config_setting_t *s, const char *what, unsigned which)
{
	struct conf *c = r->conf;
	struct gmp_ssm_map *v;
	char inner[WHAT_LEN];
	int n;

	snprintf(inner, sizeof(inner), "ssm_map of %s", what);
	n = list_check(r, s, inner, "{ group = \"232.1.0.0/16\"; sources = [ \"10.0.0.1\" ]; }");
	if (n <= 0)
		return;
	v = realloc(c->ssm_maps, (c->n_ssm_maps + (size_t)n) * sizeof(*v));
	if (!v) {
		r->no_memory = true;
		return;
	}
	c->ssm_maps = v;
	for (int i = 0; i < n; i++) {
		config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		struct gmp_ssm_map *m = &v[c->n_ssm_maps++];
		const unsigned before = r->total;

		memset(m, 0, sizeof(*m));
		snprintf(inner, sizeof(inner), "ssm_map %d of %s", i + 1, what);
		group_read(r, e, &conf_group_ssm_map, inner, m);
		map_check(r, e, inner, m, which, before);
	}
}

static void igmp_maps_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	maps_read(r, s, what, IGMP);
}

static void mld_maps_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	maps_read(r, s, what, MLD);
}

static void maps_print(const struct conf *c, unsigned which, FILE *to)
{
	static const struct gmp_ssm_map defaults;
	unsigned n = 0;

	for (size_t i = 0; i < c->n_ssm_maps; i++) {
		if (c->ssm_maps[i].grp.addr.family != families[which])
			continue;
		fputs(n++ ? ",\n\t{ " : "ssm_map: (\n\t{ ", to);
		group_print(&conf_group_ssm_map, &c->ssm_maps[i], &defaults, to);
		fputc('}', to);
	}
	fputs(n ? " ); " : "", to);
}

static void igmp_maps_print(const void *obj, FILE *to)
{
	maps_print(obj, IGMP, to);
}

static void mld_maps_print(const void *obj, FILE *to)
{
	maps_print(obj, MLD, to);
}

static const struct conf_key igmp_file_keys[] = {
	{"ssm_map", KEY_OTHER,
		.example = "( { group = \"232.1.0.0/16\"; sources = [ \"10.0.0.1\" ]; } )",
		.read = igmp_maps_read, .print = igmp_maps_print},
};
static const struct conf_key mld_file_keys[] = {
	{"ssm_map", KEY_OTHER,
		.example = "( { group = \"ff3e::/32\"; sources = [ \"2001:db8::1\" ]; } )",
		.read = mld_maps_read, .print = mld_maps_print},
};

const struct conf_group conf_group_file_igmp = GROUP("igmp", igmp_file_keys);
const struct conf_group conf_group_file_mld = GROUP("mld", mld_file_keys);

void conf_gmp_igmp_read(struct conf_reader *r, config_setting_t *s)
{
	group_read(r, s, &conf_group_file_igmp, "igmp", r->conf);
}

void conf_gmp_mld_read(struct conf_reader *r, config_setting_t *s)
{
	group_read(r, s, &conf_group_file_mld, "mld", r->conf);
}

static bool has_maps(const struct conf *c, unsigned which)
{
	for (size_t i = 0; i < c->n_ssm_maps; i++)
		if (c->ssm_maps[i].grp.addr.family == families[which])
			return true;
	return false;
}

void conf_gmp_print(const struct conf *c, FILE *to)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!has_maps(c, i))
			continue;
		fprintf(to, "%s: { ", names[i]);
		group_print(i == IGMP ? &conf_group_file_igmp : &conf_group_file_mld, c, c, to);
		fputs("};\n", to);
	}
}

/* --- the whole ---------------------------------------------------------------------------------------- */

static void ranges_of(const struct conf *c, struct gmp_config *out)
{
	gmp_config_default(out);
	if (c->has_ssm) {
		out->n_ssm_ranges = c->n_ssm;
		out->ssm_ranges = c->ssm;
	}
	out->n_ssm_maps = c->n_ssm_maps;
	out->ssm_maps = c->ssm_maps;
}

/* A static join in the SSM ranges needs its source: the ranges stand elsewhere in the file. */
void conf_gmp_check(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	struct gmp_config all;
	char err[256];

	if (r->total)
		return; /* mend those first */
	ranges_of(c, &all);
	for (size_t i = 0; i < c->n_ifs; i++)
		for (unsigned which = 0; which < 2; which++) {
			struct gmp_if_config one = c->ifs[i].gmp[which];

			if (!one.enabled || !one.n_joins)
				continue;
			snprintf(one.interface, sizeof(one.interface), "%s", c->ifs[i].net.name);
			all.n_ifs = 1;
			all.ifs = &one;
			if (one.interface[0] && gmp_config_check(&all, err, sizeof(err)))
				problem_add(r, (unsigned)c->ifs[i].line, "%s", err);
		}
}

int conf_gmp(const struct conf *c, struct gmp_config *out)
{
	struct gmp_if_config *v = calloc(2 * c->n_ifs + 1, sizeof(*v));

	ranges_of(c, out);
	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_ifs; i++)
		for (unsigned which = 0; which < 2; which++) {
			if (!c->ifs[i].gmp[which].enabled)
				continue;
			v[out->n_ifs] = c->ifs[i].gmp[which];
			snprintf(v[out->n_ifs++].interface, sizeof(v->interface), "%s",
				c->ifs[i].net.name);
		}
	out->ifs = v;
	return 0;
}
