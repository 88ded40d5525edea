/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Reading a configuration: load, syntax, sections in the order in which they refer to each other,
 * checks over the whole; then either everything is right or nothing is returned.
 */
#include "app/conf/conf_priv.h"

#include <errno.h>

static const struct conf_key file_keys[] = {
	{"router", KEY_OTHER, .example = "{ workers = 1; }"},
	{"ports", KEY_OTHER, .required = true,
		.example = "( { name = \"p0\"; device = \"0000:3b:00.0\"; } )"},
	{"interfaces", KEY_OTHER, .required = true,
		.example = "( { name = \"lan1\"; port = \"p0\"; } )"},
	{"rpf", KEY_OTHER, .example = "( )"},
	{"neighbors", KEY_OTHER, .example = "( )"},
	{"rpf_preference", KEY_OTHER, .example = "( )"},
	{"rpf_ecmp", KEY_OTHER, .example = "\"source-group\""},
	{"static", KEY_OTHER, .example = "{ routes: ( ); }"},
	{"control", KEY_OTHER, .example = "{ socket = \"/run/starg/stargd.sock\"; }"},
	{"igmp", KEY_OTHER, .example = "{ ssm_map: ( ); }"},
	{"mld", KEY_OTHER, .example = "{ ssm_map: ( ); }"},
	{"pim", KEY_OTHER, .example = "{ rp: ( { address = \"10.0.0.254\"; } ); }"},
	{"hpim", .type = KEY_LATER},
	{"msdp", .type = KEY_LATER},
	{"amt", .type = KEY_LATER},
	{"mrdisc", .type = KEY_LATER},
};

const struct conf_group conf_group_file = GROUP("", file_keys);

static void section(struct conf_reader *r, config_setting_t *root, const char *name,
	void (*read)(struct conf_reader *r, config_setting_t *s))
{
	config_setting_t *s = config_setting_get_member(root, name);

	if (s)
		read(r, s);
}

static void sections_read(struct conf_reader *r, config_setting_t *root)
{
	group_names_check(r, root, &conf_group_file, "the file");
	router_read(r, config_setting_get_member(root, "router"));
	control_read(r, config_setting_get_member(root, "control"));
	section(r, root, "ports", ports_read);
	section(r, root, "interfaces", ifs_read);
	section(r, root, "rpf", rpf_read);
	section(r, root, "neighbors", neighs_read);
	section(r, root, "rpf_preference", prefs_read);
	section(r, root, "rpf_ecmp", ecmp_read);
	section(r, root, "static", static_read);
	conf_pim_defaults(r->conf);
	section(r, root, "pim", conf_pim_read);
	section(r, root, "igmp", conf_gmp_igmp_read);
	section(r, root, "mld", conf_gmp_mld_read);
	check_ports(r);
	check_ifs(r);
	check_lists(r);
	check_routes(r);
	conf_gmp_check(r);
}

static void text_parse(struct conf_reader *r, const char *text, size_t len)
{
	config_t cfg;

	syntax_check(r, text, len);
	if (r->total)
		return;
	config_init(&cfg);
	if (config_read_string(&cfg, text))
		sections_read(r, config_root_setting(&cfg));
	else
		problem_add(r, (unsigned)config_error_line(&cfg),
			"%s: compare this line with "
			"starg.conf(5)",
			config_error_text(&cfg));
	config_destroy(&cfg);
}

int conf_read(const char *path, struct conf **out, char *err, size_t err_cap)
{
	struct conf_reader r = {.path = path};
	char *text;
	struct stat st;
	size_t len;
	bool stated;
	int rc;

	stated = stat(path, &st) == 0;
	rc = conf_text_load(path, &text, &len, err, err_cap);
	if (rc)
		return rc;
	r.conf = calloc(1, sizeof(*r.conf));
	if (r.conf)
		r.conf->path = strdup(path);
	if (r.conf && stated)
		conf_stamp_set(&r.conf->stamp, &st);
	if (r.conf && r.conf->path)
		text_parse(&r, text, len);
	if (!r.conf || !r.conf->path || r.no_memory) {
		snprintf(err, err_cap, "%s: out of memory", path);
		rc = -ENOMEM;
	} else if (r.total) {
		problems_print(&r, err, err_cap);
		rc = -EINVAL;
	} else {
		*out = r.conf;
	}
	if (rc)
		conf_free(r.conf);
	free(r.problems);
	free(r.route_lines);
	free(r.by_name);
	free(text);
	return rc;
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	for (char **a = c->router.eal; a && *a; a++)
		free(*a);
	for (size_t i = 0; i < c->n_routes; i++)
		static_route_fini(&c->routes[i]);
	for (size_t i = 0; i < c->n_ifs; i++) {
		conf_gmp_if_free(&c->ifs[i]);
		conf_pim_if_free(&c->ifs[i]);
	}
	for (size_t i = 0; i < c->n_ssm_maps; i++)
		free((void *)(uintptr_t)c->ssm_maps[i].sources);
	conf_pim_free(c);
	free(c->ssm_maps);
	free(c->router.eal);
	free(c->ports);
	free(c->ifs);
	free(c->rpf);
	free(c->neighs);
	free(c->routes);
	free(c->preferences);
	free(c->path);
	free(c);
}

static const struct conf_group *const groups[] = {&conf_group_file, &conf_group_router,
	&conf_group_port, &conf_group_offload, &conf_group_if, &conf_group_gre, &conf_group_rpf,
	&conf_group_neigh, &conf_group_pref, &conf_group_static, &conf_group_route,
	&conf_group_output, &conf_group_control, &conf_group_police, &conf_group_hold,
	&conf_group_igmp, &conf_group_mld, &conf_group_join, &conf_group_access, &conf_group_if_pim,
	&conf_group_pim_neighbor, &conf_group_file_igmp, &conf_group_file_mld, &conf_group_ssm_map,
	&conf_group_pim, &conf_group_rp, &conf_group_spt, &conf_group_register_rule,
	&conf_group_pim_limits};

const struct conf_key *key_widest(const char *name, size_t len)
{
	const struct conf_key *widest = NULL;

	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (size_t i = 0; i < groups[g]->n_keys; i++) {
			const struct conf_key *k = &groups[g]->keys[i];

			if (k->type == KEY_UINT && strlen(k->name) == len &&
				memcmp(k->name, name, len) == 0 &&
				(!widest || k->max > widest->max))
				widest = k;
		}
	return widest;
}

const char *conf_key_name(size_t index, char *buf, size_t cap, bool *later)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		const struct conf_key *k;

		if (index >= groups[g]->n_keys) {
			index -= groups[g]->n_keys;
			continue;
		}
		k = &groups[g]->keys[index];
		*later = k->type == KEY_LATER;
		snprintf(buf, cap, "%s%s%s", groups[g]->name, groups[g]->name[0] ? "." : "",
			k->name);
		return buf;
	}
	return NULL;
}
