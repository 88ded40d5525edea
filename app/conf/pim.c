/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * pim: RPs, SSM ranges (of IGMP and MLD too), switchover, times and limits of PIM sparse mode; what an
 * interface has of it is in pim_if.c.
 */
#include "app/conf/conf_priv.h"

#include <errno.h>

/* --- RPs ---------------------------------------------------------------------------------------------- */

static void groups_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct pim_rp_config *rp = obj;
	struct prefix *v;

	rp->n_groups = prefixes_read(r, s, "groups", what, true, &v);
	rp->groups = v;
	for (uint32_t i = 0; i < rp->n_groups; i++)
		if (ip_is_multicast_link_local(&v[i].addr) &&
			v[i].len >= (v[i].addr.family == IP_V4 ? 24 : 16))
			problem_add(r, line_of(s),
				"groups of %s: link-local groups are never routed: leave them out",
				what);
}

static void groups_print(const void *obj, FILE *to)
{
	const struct pim_rp_config *rp = obj;

	if (rp->n_groups)
		prefixes_print("groups", rp->groups, rp->n_groups, to);
}

static const struct conf_key rp_keys[] = {
	{"address", KEY_IP, .required = true, KEY_FIELD(struct pim_rp_config, address),
		.example = "\"10.0.0.254\""},
	{"groups", KEY_OTHER, .example = "[ \"224.0.0.0/4\" ]", .read = groups_read,
		.print = groups_print},
};

const struct conf_group conf_group_rp = GROUP("pim.rp", rp_keys);

static void rp_families(
	struct conf_reader *r, unsigned line, const char *what, const struct pim_rp_config *rp)
{
	for (uint32_t i = 0; i < rp->n_groups; i++) {
		if (rp->groups[i].addr.family == rp->address.family)
			continue;
		problem_add(r, line, "%s: address and groups must all be IPv4 or all IPv6", what);
		return;
	}
}

static void rps_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct pim_config *c = &((struct conf *)obj)->pim;
	struct pim_rp_config *v;
	char inner[WHAT_LEN];
	int n = list_check(r, s, "rp of pim", "{ address = \"10.0.0.254\"; }");

	v = reader_array(r, n, sizeof(*v));
	c->rps = v;
	for (int i = 0; v && i < n; i++) {
		config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		struct pim_rp_config *rp = &v[c->n_rps++];

		snprintf(inner, sizeof(inner), "rp %d of pim", i + 1);
		if (group_read(r, e, &conf_group_rp, inner, rp) && rp->address.family)
			rp_families(r, line_of(e), inner, rp);
	}
}

static void rps_print(const void *obj, FILE *to)
{
	const struct pim_config *c = &((const struct conf *)obj)->pim;
	static const struct pim_rp_config defaults;

	for (size_t i = 0; i < c->n_rps; i++) {
		fputs(i ? ",\n\t\t{ " : "rp: ( { ", to);
		group_print(&conf_group_rp, &c->rps[i], &defaults, to);
		fputs("}", to);
	}
	if (c->n_rps)
		fputs(" ); ", to);
}

/* --- SSM ranges ---------------------------------------------------------------------------------------- */

static void ssm_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf *c = obj;
	bool empty = (config_setting_is_list(s) || config_setting_is_array(s)) &&
		     config_setting_length(s) == 0;

	c->has_ssm = true;
	if (!empty)
		c->n_ssm = prefixes_read(r, s, "ssm_ranges", what, true, &c->ssm);
}

static void ssm_print(const void *obj, FILE *to)
{
	const struct conf *c = obj;

	if (c->has_ssm)
		prefixes_print("ssm_ranges", c->ssm, c->n_ssm, to);
}

/* --- lists of rules ------------------------------------------------------------------------------------ */

static void spt_groups_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct pim_config *c = &((struct conf *)obj)->pim;
	struct conf_rule *rules;
	uint32_t n = rules_read(r, s, &conf_group_spt, what, &rules);
	struct pim_rule *v = reader_array(r, (int)n, sizeof(*v));

	for (uint32_t i = 0; v && i < n; i++)
		v[i] = (struct pim_rule){.prefix = rules[i].grp, .permit = rules[i].permit};
	c->spt_groups = v;
	c->n_spt_groups = v ? n : 0;
	free(rules);
}

static void spt_groups_print(const void *obj, FILE *to)
{
	const struct pim_config *c = &((const struct conf *)obj)->pim;

	for (uint32_t i = 0; i < c->n_spt_groups; i++) {
		struct conf_rule rule = {
			.permit = c->spt_groups[i].permit, .grp = c->spt_groups[i].prefix};

		fputs(i ? ",\n\t\t" : "spt_groups: ( ", to);
		rule_print(&conf_group_spt, &rule, to);
	}
	if (c->n_spt_groups)
		fputs(" ); ", to);
}

static void register_rules_read(
	struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct pim_config *c = &((struct conf *)obj)->pim;
	struct conf_rule *rules;
	uint32_t n = rules_read(r, s, &conf_group_register_rule, what, &rules);
	struct pim_sg_rule *v = reader_array(r, (int)n, sizeof(*v));

	for (uint32_t i = 0; v && i < n; i++)
		v[i] = (struct pim_sg_rule){
			.src = rules[i].src, .grp = rules[i].grp, .permit = rules[i].permit};
	c->register_rules = v;
	c->n_register_rules = v ? n : 0;
	free(rules);
}

static void register_rules_print(const void *obj, FILE *to)
{
	const struct pim_config *c = &((const struct conf *)obj)->pim;

	for (uint32_t i = 0; i < c->n_register_rules; i++) {
		const struct pim_sg_rule *g = &c->register_rules[i];
		struct conf_rule rule = {.permit = g->permit, .src = g->src, .grp = g->grp};

		fputs(i ? ",\n\t\t" : "register_rules: ( ", to);
		rule_print(&conf_group_register_rule, &rule, to);
	}
	if (c->n_register_rules)
		fputs(" ); ", to);
}

/* --- register_source: an address, or one of each family ----------------------------------------------------- */

static void source_one(
	struct conf_reader *r, config_setting_t *s, const char *what, struct pim_config *c)
{
	static const struct conf_key key = {"register_source", KEY_IP,
		.size = sizeof(struct ipaddr), .example = "\"10.0.0.254\""};
	struct ipaddr ip;
	unsigned slot;

	if (!value_read(r, s, &key, what, &ip))
		return;
	slot = ip.family == IP_V6;
	if (!ip_is_none(&c->register_source[slot]))
		problem_add(r, line_of(s),
			"register_source of %s has two addresses of %s: keep one", what,
			slot ? "IPv6" : "IPv4");
	c->register_source[slot] = ip;
}

static void source_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct pim_config *c = &((struct conf *)obj)->pim;

	if (!config_setting_is_list(s) && !config_setting_is_array(s)) {
		source_one(r, s, what, c);
		return;
	}
	for (int i = 0; i < config_setting_length(s); i++)
		source_one(r, config_setting_get_elem(s, (unsigned)i), what, c);
}

static void source_print(const void *obj, FILE *to)
{
	const struct ipaddr *v = ((const struct conf *)obj)->pim.register_source;
	const bool four = !ip_is_none(&v[0]), six = !ip_is_none(&v[1]);
	char buf[IP_STRLEN];

	if (!four && !six)
		return;
	fputs("register_source = [ ", to);
	if (four)
		fprintf(to, "\"%s\"%s", ip_str(&v[0], buf, sizeof(buf)), six ? ", " : " ");
	if (six)
		fprintf(to, "\"%s\" ", ip_str(&v[1], buf, sizeof(buf)));
	fputs("]; ", to);
}

/* --- limits ------------------------------------------------------------------------------------------- */

#define LIMIT(member) KEY_FIELD(struct pim_limits, member)

static const struct conf_key limit_keys[] = {
	{"states", KEY_UINT, LIMIT(states), .max = 1u << 30, .example = "1000000"},
	{"per_neighbor", KEY_UINT, LIMIT(per_neighbor), .max = 1u << 30, .example = "200000"},
	{"per_source", KEY_UINT, LIMIT(per_source), .max = 1u << 30, .example = "1000"},
};

const struct conf_group conf_group_pim_limits = GROUP("pim.limits", limit_keys);

static void limits_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	group_read(
		r, s, &conf_group_pim_limits, "limits of pim", &((struct conf *)obj)->pim.limits);
}

static void limits_print(const void *obj, FILE *to)
{
	const struct pim_limits *l = &((const struct conf *)obj)->pim.limits;
	struct pim_config defaults;

	pim_config_default(&defaults);
	if (memcmp(l, &defaults.limits, sizeof(*l)) == 0)
		return;
	fputs("limits: { ", to);
	group_print(&conf_group_pim_limits, l, &defaults.limits, to);
	fputs("}; ", to);
}

/* --- the group ---------------------------------------------------------------------------------------- */

static const char *const spt_words[] = {[PIM_SPT_IMMEDIATE] = "immediate",
	[PIM_SPT_NEVER] = "never",
	[PIM_SPT_GROUPS] = "groups",
	[PIM_SPT_RATE] = "rate",
	NULL};

#define PIM(member) KEY_FIELD(struct conf, pim.member)

static const struct conf_key pim_keys[] = {
	{"rp", KEY_OTHER, .example = "( { address = \"10.0.0.254\"; } )", .read = rps_read,
		.print = rps_print},
	{"ssm_ranges", KEY_OTHER, .example = "[ \"232.0.0.0/8\" ]", .read = ssm_read,
		.print = ssm_print},
	{"spt_switchover", KEY_WORD, PIM(spt), .words = spt_words, .example = "\"immediate\""},
	{"spt_rate_kbps", KEY_UINT, PIM(spt_rate_kbps), .max = INT32_MAX, .example = "100"},
	{"spt_groups", KEY_OTHER,
		.example = "( { action = \"permit\"; group = \"239.1.0.0/16\"; } )",
		.read = spt_groups_read, .print = spt_groups_print},
	{"register_rules", KEY_OTHER,
		.example = "( { action = \"permit\"; group = \"239.0.0.0/8\"; } )",
		.read = register_rules_read, .print = register_rules_print},
	{"register_source", KEY_OTHER, .example = "\"10.0.0.254\"", .read = source_read,
		.print = source_print},
	{"register_suppression_s", KEY_UINT, PIM(register_suppression_s), .min = 1, .max = 65535,
		.example = "60"},
	{"register_probe_s", KEY_UINT, PIM(register_probe_s), .min = 1, .max = 65535,
		.example = "5"},
	{"keepalive_s", KEY_UINT, PIM(keepalive_s), .min = 1, .max = 65535, .example = "210"},
	{"assert_s", KEY_UINT, PIM(assert_s), .min = 1, .max = 65535, .example = "180"},
	{"assert_override_s", KEY_UINT, PIM(assert_override_s), .min = 1, .max = 65535,
		.example = "3"},
	{"limits", KEY_OTHER, .example = "{ states = 1000000; }", .read = limits_read,
		.print = limits_print},
};

const struct conf_group conf_group_pim = GROUP("pim", pim_keys);

/* The configuration as the protocol gets it, but for its interfaces. */
static void without_ifs(const struct conf *c, struct pim_config *out)
{
	struct pim_config defaults;

	pim_config_default(&defaults);
	*out = c->pim;
	out->n_ssm = c->has_ssm ? c->n_ssm : defaults.n_ssm;
	out->ssm = c->has_ssm ? c->ssm : defaults.ssm;
	snprintf(out->name, sizeof(out->name), "%s", c->router.name);
	out->n_ifs = 0;
	out->ifs = NULL;
}

void conf_pim_defaults(struct conf *c)
{
	pim_config_default(&c->pim);
	c->pim.n_ssm = 0; /* the file's are in ssm */
	c->pim.ssm = NULL;
}

void conf_pim_read(struct conf_reader *r, config_setting_t *s)
{
	const unsigned before = r->total;
	struct pim_config whole;
	char err[256];

	if (!group_read(r, s, &conf_group_pim, "pim", r->conf) || r->total != before)
		return;
	without_ifs(r->conf, &whole);
	if (pim_config_check(&whole, err, sizeof(err)))
		problem_add(r, line_of(s), "pim: %s", err);
}

void conf_pim_print(const struct conf *c, FILE *to)
{
	char *text = NULL;
	struct conf defaults;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return;
	memset(&defaults, 0, sizeof(defaults));
	conf_pim_defaults(&defaults);
	group_print(&conf_group_pim, c, &defaults, f);
	fclose(f);
	if (len)
		fprintf(to, "pim: { %s};\n", text);
	free(text);
}

void conf_pim_free(struct conf *c)
{
	for (size_t i = 0; i < c->pim.n_rps; i++)
		free((void *)(uintptr_t)c->pim.rps[i].groups);
	free((void *)(uintptr_t)c->pim.rps);
	free((void *)(uintptr_t)c->pim.spt_groups);
	free((void *)(uintptr_t)c->pim.register_rules);
	free(c->ssm);
}

int conf_pim(const struct conf *c, struct pim_config *out)
{
	struct pim_if_config *v = calloc(c->n_ifs + 1, sizeof(*v));

	without_ifs(c, out);
	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_ifs; i++) {
		if (!c->ifs[i].has_pim)
			continue;
		v[out->n_ifs] = c->ifs[i].pim;
		snprintf(v[out->n_ifs++].interface, sizeof(v->interface), "%s", c->ifs[i].net.name);
	}
	out->ifs = v;
	return 0;
}
