/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * interfaces.gre: tunnels (RFC 2784, 2890).
 */
#include "app/conf/conf_priv.h"

#define TTL_DEFAULT 64

/* A number, or "inherit": what the packet inside has. False after a problem. */
static bool inherit_read(struct conf_reader *r, config_setting_t *s, const char *key,
	const char *what, uint32_t min, uint32_t max, uint32_t *number, bool *inherit)
{
	*inherit = false;
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return value_uint(r, s, key, what, min, max, number);
	*inherit = strcmp(config_setting_get_string(s), "inherit") == 0;
	if (!*inherit)
		problem_add(r, line_of(s),
			"%s of %s must be a number %u to %u or \"inherit\", not \"%.32s\"", key,
			what, min, max, config_setting_get_string(s));
	return *inherit;
}

static void dscp_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct dp_gre *g = obj;
	uint32_t v = 0;
	bool inherit;

	if (!inherit_read(r, s, "dscp", what, 0, 63, &v, &inherit))
		return;
	g->dscp = (uint8_t)v;
	g->dscp_inherit = inherit;
}

static void dscp_print(const void *obj, FILE *to)
{
	const struct dp_gre *g = obj;

	if (!g->dscp_inherit)
		fprintf(to, "dscp = %u; ", g->dscp);
}

static void ttl_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	uint32_t v = 0;
	bool inherit;

	if (inherit_read(r, s, "ttl", what, 1, 255, &v, &inherit))
		((struct dp_gre *)obj)->ttl = inherit ? 0 : (uint8_t)v;
}

static void ttl_print(const void *obj, FILE *to)
{
	const struct dp_gre *g = obj;

	if (!g->ttl)
		fputs("ttl = \"inherit\"; ", to);
	else if (g->ttl != TTL_DEFAULT)
		fprintf(to, "ttl = %u; ", g->ttl);
}

static void decap_dscp_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	const char *v =
		config_setting_type(s) == CONFIG_TYPE_STRING ? config_setting_get_string(s) : "";
	struct dp_gre *g = obj;

	if (strcmp(v, "copy") == 0)
		g->decap_dscp_copy = 1;
	else if (strcmp(v, "keep") == 0)
		g->decap_dscp_copy = 0;
	else
		problem_add(r, line_of(s),
			"decap_dscp of %s must be \"keep\" (the DSCP inside) or \"copy\" (the outer one)",
			what);
}

static void decap_dscp_print(const void *obj, FILE *to)
{
	if (((const struct dp_gre *)obj)->decap_dscp_copy)
		fputs("decap_dscp = \"copy\"; ", to);
}

static void key_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct dp_gre *g = obj;

	if (value_uint(r, s, "key", what, 0, UINT32_MAX, &g->key))
		g->has_key = 1;
}

static void key_print(const void *obj, FILE *to)
{
	const struct dp_gre *g = obj;

	if (g->has_key)
		fprintf(to, g->key > INT32_MAX ? "key = \"%u\"; " : "key = %u; ", g->key);
}

#define GRE(member) KEY_FIELD(struct dp_gre, member)

static const struct conf_key gre_keys[] = {
	{"local", KEY_IP, .required = true, GRE(local), .example = "\"10.1.0.1\""},
	{"remote", KEY_IP, .required = true, GRE(remote), .example = "\"198.51.100.2\""},
	{"key", KEY_OTHER, .example = "7", .read = key_read, .print = key_print},
	{"ttl", KEY_OTHER, .example = "64", .read = ttl_read, .print = ttl_print},
	{"dscp", KEY_OTHER, .example = "\"inherit\"", .read = dscp_read, .print = dscp_print},
	{"decap_dscp", KEY_OTHER, .example = "\"keep\"", .read = decap_dscp_read,
		.print = decap_dscp_print},
	{"checksum", KEY_BOOL, GRE(checksum), .example = "false"},
};

const struct conf_group conf_group_gre = GROUP("interfaces.gre", gre_keys);

static void gre_defaults(struct dp_gre *g)
{
	memset(g, 0, sizeof(*g));
	g->ttl = TTL_DEFAULT;
	g->dscp_inherit = 1;
}

void gre_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct dp_gre *g = &((struct conf_if *)obj)->net.gre;
	char inner[WHAT_LEN + 8];

	gre_defaults(g);
	snprintf(inner, sizeof(inner), "gre of %s", what);
	if (!group_read(r, s, &conf_group_gre, inner, g))
		return;
	if (ip_is_none(&g->local) || ip_is_none(&g->remote))
		return;
	if (g->local.family != g->remote.family)
		problem_add(r, line_of(s), "%s: local and remote must both be IPv4 or both IPv6",
			inner);
	else if (ip_eq(&g->local, &g->remote))
		problem_add(r, line_of(s),
			"%s: local and remote are the same address; remote is the "
			"other router's",
			inner);
}

void gre_print(const void *obj, FILE *to)
{
	const struct conf_if *ifp = obj;
	struct dp_gre defaults;

	if (ifp->net.kind != DP_IF_GRE)
		return;
	gre_defaults(&defaults);
	fputs("gre: { ", to);
	group_print(&conf_group_gre, &ifp->net.gre, &defaults, to);
	fputs("}; ", to);
}
