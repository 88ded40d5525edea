/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * interfaces.pim: PIM on an interface. A group that is there turns sparse mode on.
 */
#include "app/conf/conf_priv.h"

static const char *const mode_words[] = {
	[PIM_MODE_OFF] = "off", [PIM_MODE_SPARSE] = "sparse", NULL};

static void neighbors_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct pim_if_config *c = obj;
	struct conf_rule *rules;
	uint32_t n = rules_read(r, s, &conf_group_pim_neighbor, what, &rules);
	struct pim_rule *v = reader_array(r, (int)n, sizeof(*v));

	for (uint32_t i = 0; v && i < n; i++)
		v[i] = (struct pim_rule){.prefix = rules[i].src, .permit = rules[i].permit};
	c->neighbors = v;
	c->n_neighbors = v ? n : 0;
	free(rules);
}

static void neighbors_print(const void *obj, FILE *to)
{
	const struct pim_if_config *c = obj;

	for (uint32_t i = 0; i < c->n_neighbors; i++) {
		struct conf_rule rule = {
			.permit = c->neighbors[i].permit, .src = c->neighbors[i].prefix};

		fputs(i ? ",\n\t\t" : "neighbors: ( ", to);
		rule_print(&conf_group_pim_neighbor, &rule, to);
	}
	if (c->n_neighbors)
		fputs(" ); ", to);
}

static void boundary_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct pim_if_config *c = obj;
	struct prefix *v;

	c->n_boundary = prefixes_read(r, s, "boundary", what, true, &v);
	c->boundary = v;
}

static void boundary_print(const void *obj, FILE *to)
{
	const struct pim_if_config *c = obj;

	if (c->n_boundary)
		prefixes_print("boundary", c->boundary, c->n_boundary, to);
}

#define PIM(member) KEY_FIELD(struct pim_if_config, member)

static const struct conf_key pim_keys[] = {
	{"mode", KEY_WORD, PIM(mode), .words = mode_words, .example = "\"sparse\""},
	{"ipv4", KEY_BOOL, PIM(ipv4), .example = "true"},
	{"ipv6", KEY_BOOL, PIM(ipv6), .example = "false"},
	{"passive", KEY_BOOL, PIM(passive), .example = "true"},
	{"border", KEY_BOOL, PIM(border), .example = "true"},
	{"dr_priority", KEY_UINT, PIM(dr_priority), .max = UINT32_MAX, .example = "10"},
	{"hello_interval_s", KEY_UINT, PIM(hello_interval_s), .min = 1, .max = 18724,
		.example = "30"},
	{"hello_holdtime_s", KEY_UINT, PIM(hello_holdtime_s), .max = 65535, .example = "105"},
	{"join_prune_interval_s", KEY_UINT, PIM(join_prune_interval_s), .min = 1, .max = 18724,
		.example = "60"},
	{"propagation_delay_ms", KEY_UINT, PIM(propagation_delay_ms), .min = 100, .max = 32767,
		.example = "500"},
	{"override_interval_ms", KEY_UINT, PIM(override_interval_ms), .max = 65535,
		.example = "2500"},
	{"disable_join_suppression", KEY_BOOL, PIM(disable_join_suppression), .example = "true"},
	{"max_neighbors", KEY_UINT, PIM(max_neighbors), .max = 1u << 30, .example = "64"},
	{"neighbors", KEY_OTHER,
		.example = "( { action = \"permit\"; address = \"10.0.0.0/8\"; } )",
		.read = neighbors_read, .print = neighbors_print},
	{"boundary", KEY_OTHER, .example = "[ \"239.255.0.0/16\" ]", .read = boundary_read,
		.print = boundary_print},
	{"bfd", .type = KEY_LATER},
};

const struct conf_group conf_group_if_pim = GROUP("interfaces.pim", pim_keys);

void conf_pim_if_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_if *ifp = obj;
	char inner[WHAT_LEN + 8];

	ifp->has_pim = true;
	pim_if_config_default(&ifp->pim);
	snprintf(inner, sizeof(inner), "pim of %s", what);
	group_read(r, s, &conf_group_if_pim, inner, &ifp->pim);
}

void conf_pim_if_print(const void *obj, FILE *to)
{
	const struct conf_if *ifp = obj;
	struct pim_if_config defaults;

	if (!ifp->has_pim)
		return;
	pim_if_config_default(&defaults);
	fputs("pim: { ", to);
	group_print(&conf_group_if_pim, &ifp->pim, &defaults, to);
	fputs("}; ", to);
}

void conf_pim_if_check(struct conf_reader *r, config_setting_t *s, const struct conf_if *ifp)
{
	struct pim_if_config c = ifp->pim;
	char err[256];

	snprintf(c.interface, sizeof(c.interface), "%s", ifp->net.name);
	if (ifp->has_pim && pim_if_config_check(&c, err, sizeof(err)))
		problem_add(r, line_in(s, "pim"), "pim of interface '%s': %s", c.interface, err);
}

void conf_pim_if_free(struct conf_if *ifp)
{
	free((void *)(uintptr_t)ifp->pim.neighbors);
	free((void *)(uintptr_t)ifp->pim.boundary);
}
