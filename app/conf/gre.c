/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * interfaces.gre: tunnels (RFC 2784, 2890).
 */
#include "app/conf/conf_priv.h"

static void tos_read(struct reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct dp_gre *g = obj;
	uint32_t v;

	if (config_setting_type(s) == CONFIG_TYPE_STRING) {
		if (strcmp(config_setting_get_string(s), "inherit") == 0)
			g->tos_inherit = 1;
		else
			problem_add(r, line_of(s),
				"tos of %s must be a number 0 to 255 or \"inherit\", "
				"not \"%.32s\"",
				what, config_setting_get_string(s));
		return;
	}
	if (!value_uint(r, s, "tos", what, 0, 255, &v))
		return;
	g->tos = (uint8_t)v;
	g->tos_inherit = 0;
}

static void tos_print(const void *obj, FILE *to)
{
	const struct dp_gre *g = obj;

	if (!g->tos_inherit)
		fprintf(to, "tos = %u; ", g->tos);
}

static void key_read(struct reader *r, config_setting_t *s, const char *what, void *obj)
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
	{"ttl", KEY_UINT, GRE(ttl), .min = 1, .max = 255, .example = "64"},
	{"tos", KEY_OTHER, .example = "\"inherit\"", .read = tos_read, .print = tos_print},
	{"checksum", KEY_BOOL, GRE(checksum), .example = "false"},
};

const struct conf_group conf_group_gre = GROUP("interfaces.gre", gre_keys);

static void gre_defaults(struct dp_gre *g)
{
	memset(g, 0, sizeof(*g));
	g->ttl = 64;
	g->tos_inherit = 1;
}

void gre_read(struct reader *r, config_setting_t *s, const char *what, void *obj)
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
