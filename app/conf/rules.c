/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Lists of prefixes, and lists of rules (permit or deny): what access lists, boundaries and ranges of
 * groups are written as. A single prefix may stand without its list.
 */
#include "app/conf/conf_priv.h"

/* --- prefixes ----------------------------------------------------------------------------------------- */

static bool is_list(const config_setting_t *s)
{
	return config_setting_is_list(s) || config_setting_is_array(s);
}

/* A prefix of groups, or of what is not groups; false and a problem otherwise. */
static bool prefix_is(struct conf_reader *r, config_setting_t *s, const char *key, const char *what,
	bool groups, const char *example, struct prefix *out)
{
	struct prefix p;
	uint8_t least;

	if (!value_prefix(r, s, key, what, example, &p))
		return false;
	least = p.addr.family == IP_V4 ? 4 : 8;
	if (groups ? ip_is_multicast(&p.addr) && p.len >= least
		   : p.len == 0 || !ip_is_multicast(&p.addr)) {
		*out = p;
		return true;
	}
	if (groups)
		problem_add(r, line_of(s), "%s of %s: %s holds more than groups; groups are in %s",
			key, what, config_setting_get_string(s),
			p.addr.family == IP_V4 ? "224.0.0.0/4" : "ff00::/8");
	else
		problem_add(r, line_of(s),
			"%s of %s: %s is multicast; write a unicast prefix such as %s", key, what,
			config_setting_get_string(s), example);
	return false;
}

uint32_t prefixes_read(struct conf_reader *r, config_setting_t *s, const char *key,
	const char *what, bool groups, struct prefix **out)
{
	const char *example = groups ? "\"239.1.0.0/16\"" : "\"10.0.0.0/8\"";
	int n = is_list(s) ? config_setting_length(s) : 1;
	uint32_t got = 0;

	*out = reader_array(r, n, sizeof(**out));
	for (int i = 0; *out && i < n; i++) {
		config_setting_t *e = is_list(s) ? config_setting_get_elem(s, (unsigned)i) : s;
		struct prefix *p = &(*out)[got];

		if (!prefix_is(r, e, key, what, groups, example, p))
			continue;
		for (uint32_t j = 0; j < got; j++)
			if (prefix_eq(p, &(*out)[j]))
				problem_add(r, line_of(e), "%s of %s has %s twice: remove one", key,
					what, config_setting_get_string(e));
		got++;
	}
	return got;
}

void prefixes_print(const char *key, const struct prefix *v, size_t n, FILE *to)
{
	fprintf(to, "%s = [ ", key);
	for (size_t i = 0; i < n; i++) {
		prefix_print(&v[i], to);
		fputs(i + 1 < n ? ", " : " ", to);
	}
	fputs("]; ", to);
}

/* --- rules -------------------------------------------------------------------------------------------- */

static const char *const action_words[] = {"deny", "permit", NULL};

static void group_prefix_read(
	struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_rule *rule = obj;

	prefix_is(r, s, "group", what, true, "\"239.1.0.0/16\"", &rule->grp);
}

static void source_prefix_read(
	struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_rule *rule = obj;

	prefix_is(r, s, "source", what, false, "\"10.0.0.0/8\"", &rule->src);
}

static void address_prefix_read(
	struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_rule *rule = obj;

	prefix_is(r, s, "address", what, false, "\"10.0.0.0/8\"", &rule->src);
}

static void keyed_print(const char *key, const struct prefix *p, FILE *to)
{
	fprintf(to, "%s = ", key);
	prefix_print(p, to);
	fputs("; ", to);
}

static void group_prefix_print(const void *obj, FILE *to)
{
	keyed_print("group", &((const struct conf_rule *)obj)->grp, to);
}

static void source_prefix_print(const void *obj, FILE *to)
{
	const struct conf_rule *rule = obj;

	if (rule->src.len)
		keyed_print("source", &rule->src, to);
}

static void address_prefix_print(const void *obj, FILE *to)
{
	keyed_print("address", &((const struct conf_rule *)obj)->src, to);
}

#define KEY_ACTION                                                                         \
	{                                                                                  \
		"action", KEY_WORD, .required = true, KEY_FIELD(struct conf_rule, permit), \
				    .words = action_words, .example = "\"permit\""         \
	}
#define KEY_GROUP                                                                          \
	{                                                                                  \
		"group", KEY_OTHER, .required = true, .example = "\"239.1.0.0/16\"",       \
				    .read = group_prefix_read, .print = group_prefix_print \
	}
#define KEY_SOURCE                                                                            \
	{                                                                                     \
		"source", KEY_OTHER, .example = "\"10.0.0.0/8\"", .read = source_prefix_read, \
				     .print = source_prefix_print                             \
	}

static const struct conf_key access_keys[] = {KEY_ACTION, KEY_GROUP, KEY_SOURCE};
static const struct conf_key spt_keys[] = {KEY_ACTION, KEY_GROUP};
static const struct conf_key neighbor_keys[] = {
	KEY_ACTION,
	{"address", KEY_OTHER, .required = true, .example = "\"10.0.0.0/8\"",
		.read = address_prefix_read, .print = address_prefix_print},
};

const struct conf_group conf_group_access = GROUP("interfaces.igmp.access", access_keys);
const struct conf_group conf_group_spt = GROUP("pim.spt_groups", spt_keys);
const struct conf_group conf_group_register_rule = GROUP("pim.register_rules", access_keys);
const struct conf_group conf_group_pim_neighbor = GROUP("interfaces.pim.neighbors", neighbor_keys);

/* A rule that does not name a source is for all of them: of the group's family. */
static bool rule_read(struct conf_reader *r, config_setting_t *s, const struct conf_group *g,
	const char *what, struct conf_rule *rule)
{
	const unsigned before = r->total;

	if (!group_read(r, s, g, what, rule) || r->total != before)
		return false;
	if (rule->src.addr.family == IP_NONE)
		rule->src.addr.family = rule->grp.addr.family;
	if (rule->grp.addr.family == IP_NONE || rule->grp.addr.family == rule->src.addr.family)
		return true;
	problem_add(r, line_of(s), "%s: source and group must both be IPv4 or both IPv6", what);
	return false;
}

uint32_t rules_read(struct conf_reader *r, config_setting_t *s, const struct conf_group *g,
	const char *what, struct conf_rule **out)
{
	char inner[WHAT_LEN + 48];
	uint32_t got = 0;
	int n;

	snprintf(inner, sizeof(inner), "%s of %s", s->name, what);
	n = list_check(r, s, inner, "{ action = \"permit\"; ... }");
	*out = reader_array(r, n, sizeof(**out));
	for (int i = 0; *out && i < n; i++) {
		config_setting_t *e = config_setting_get_elem(s, (unsigned)i);

		snprintf(inner, sizeof(inner), "rule %d of %s of %s", i + 1, s->name, what);
		got += rule_read(r, e, g, inner, &(*out)[got]);
	}
	return got;
}

void rule_print(const struct conf_group *g, const struct conf_rule *rule, FILE *to)
{
	static const struct conf_rule defaults;

	fputs("{ ", to);
	group_print(g, rule, &defaults, to);
	fputc('}', to);
}
