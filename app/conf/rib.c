/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * rpf, neighbors, rpf_preference, rpf_ecmp: what is said about unicast routing in the file.
 */
#include "app/conf/conf_priv.h"

/* --- rpf ------------------------------------------------------------------------------------------- */

static void rpf_prefix_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_rpf *rpf = obj;

	if (!value_prefix(r, s, "prefix", what, "\"10.9.0.0/16\"", &rpf->prefix))
		return;
	if (ip_is_multicast(&rpf->prefix.addr))
		problem_add(r, line_of(s),
			"prefix of %s is multicast: RPF looks up the addresses of "
			"sources; write for example \"10.9.0.0/16\"",
			what);
}

static void rpf_prefix_print(const void *obj, FILE *to)
{
	const struct conf_rpf *rpf = obj;

	fputs("prefix = ", to);
	prefix_print(&rpf->prefix, to);
	fputs("; ", to);
}

static const struct conf_key rpf_keys[] = {
	{"prefix", KEY_OTHER, .required = true, .example = "\"10.9.0.0/16\"",
		.read = rpf_prefix_read, .print = rpf_prefix_print},
	{"interface", KEY_STRING, .required = true, KEY_FIELD(struct conf_rpf, interface), .min = 1,
		.example = "\"lan1\""},
	{"neighbor", KEY_IP, KEY_FIELD(struct conf_rpf, neighbor), .example = "\"10.1.0.9\""},
};

const struct conf_group conf_group_rpf = GROUP("rpf", rpf_keys);

static void rpf_one(struct conf_reader *r, config_setting_t *s, int index, struct conf_rpf *rpf)
{
	char what[WHAT_LEN];

	rpf->line = (int)line_of(s);
	snprintf(what, sizeof(what), "rpf %d", index + 1);
	if (!group_read(r, s, &conf_group_rpf, what, rpf))
		return;
	if (rpf->interface[0])
		if_find(r, line_in(s, "interface"), "interface", what, rpf->interface);
	if (rpf->neighbor.family && rpf->prefix.addr.family &&
		rpf->neighbor.family != rpf->prefix.addr.family)
		problem_add(r, line_of(s), "%s: prefix and neighbor must both be IPv4 or both IPv6",
			what);
}

void rpf_read(struct conf_reader *r, config_setting_t *s)
{
	int n = list_check(r, s, "rpf", "{ prefix = \"10.9.0.0/16\"; interface = \"lan1\"; }");

	r->conf->rpf = reader_array(r, n, sizeof(*r->conf->rpf));
	if (!r->conf->rpf)
		return;
	r->conf->n_rpf = (size_t)n;
	for (int i = 0; i < n; i++)
		rpf_one(r, config_setting_get_elem(s, (unsigned)i), i, &r->conf->rpf[i]);
}

/* --- neighbors ------------------------------------------------------------------------------------- */

static const struct conf_key neigh_keys[] = {
	{"interface", KEY_STRING, .required = true, KEY_FIELD(struct conf_neigh, interface),
		.min = 1, .example = "\"lan1\""},
	{"address", KEY_IP, .required = true, KEY_FIELD(struct conf_neigh, address),
		.example = "\"10.1.0.5\""},
	{"mac", KEY_MAC, .required = true, KEY_FIELD(struct conf_neigh, mac),
		.example = "\"02:00:00:00:00:05\""},
};

const struct conf_group conf_group_neigh = GROUP("neighbors", neigh_keys);

static void neigh_one(struct conf_reader *r, config_setting_t *s, int index, struct conf_neigh *n)
{
	const struct conf_if *ifp;
	char what[WHAT_LEN];

	n->line = (int)line_of(s);
	snprintf(what, sizeof(what), "neighbor %d", index + 1);
	if (!group_read(r, s, &conf_group_neigh, what, n) || !n->interface[0])
		return;
	ifp = if_find(r, line_in(s, "interface"), "interface", what, n->interface);
	if (ifp && ifp->net.kind != DP_IF_ETHER)
		problem_add(r, line_of(s),
			"%s: '%s' is a %s and has no MAC addresses; name an interface "
			"with a port",
			what, n->interface, ifp->net.kind == DP_IF_GRE ? "tunnel" : "loopback");
}

void neighs_read(struct conf_reader *r, config_setting_t *s)
{
	int n = list_check(r, s, "neighbors",
		"{ interface = \"lan1\"; address = \"10.1.0.5\"; "
		"mac = \"02:00:00:00:00:05\"; }");

	r->conf->neighs = reader_array(r, n, sizeof(*r->conf->neighs));
	if (!r->conf->neighs)
		return;
	r->conf->n_neighs = (size_t)n;
	for (int i = 0; i < n; i++)
		neigh_one(r, config_setting_get_elem(s, (unsigned)i), i, &r->conf->neighs[i]);
}

/* --- rpf_preference --------------------------------------------------------------------------------- */

/* rtm_protocol of linux/rtnetlink.h, with iproute2's names; zstatic is FRR's static. */
static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{"redirect", 1},
	{"kernel", 2},
	{"boot", 3},
	{"static", 4},
	{"ra", 9},
	{"mrt", 10},
	{"zebra", 11},
	{"bird", 12},
	{"dhcp", 16},
	{"keepalived", 18},
	{"babel", 42},
	{"openr", 99},
	{"bgp", 186},
	{"isis", 187},
	{"ospf", 188},
	{"rip", 189},
	{"ripng", 190},
	{"eigrp", 192},
	{"zstatic", 196},
};

#define N_PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

struct pref {
	uint32_t protocol, preference;
};

static void protocol_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct pref *p = obj;
	char list[192] = "";
	const char *v;

	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		value_uint(r, s, "protocol", what, 0, 255, &p->protocol);
		return;
	}
	v = config_setting_get_string(s);
	for (size_t i = 0; i < N_PROTOCOLS; i++) {
		if (strcmp(protocols[i].name, v) == 0) {
			p->protocol = protocols[i].number;
			return;
		}
		snprintf(
			list + strlen(list), sizeof(list) - strlen(list), " %s", protocols[i].name);
	}
	problem_add(r, line_of(s),
		"protocol of %s: '%.24s' is unknown; write a number 0 to 255 or "
		"one of%s",
		what, v, list);
}

static void protocol_print(const void *obj, FILE *to)
{
	const struct pref *p = obj;

	for (size_t i = 0; i < N_PROTOCOLS; i++) {
		if (protocols[i].number == p->protocol) {
			fprintf(to, "protocol = \"%s\"; ", protocols[i].name);
			return;
		}
	}
	fprintf(to, "protocol = %u; ", p->protocol);
}

static const struct conf_key pref_keys[] = {
	{"protocol", KEY_OTHER, .required = true, .example = "\"ospf\"", .read = protocol_read,
		.print = protocol_print},
	{"preference", KEY_UINT, .required = true, KEY_FIELD(struct pref, preference),
		.max = INT32_MAX, .example = "110"},
};

const struct conf_group conf_group_pref = GROUP("rpf_preference", pref_keys);

void prefs_read(struct conf_reader *r, config_setting_t *s)
{
	int n = list_check(r, s, "rpf_preference", "{ protocol = \"ospf\"; preference = 110; }");
	unsigned seen[256] = {0}; /* line of each protocol */
	struct conf *c = r->conf;
	char what[WHAT_LEN];

	c->preferences = reader_array(r, n, sizeof(*c->preferences));
	if (!c->preferences)
		return;
	c->n_preferences = (size_t)n;
	for (int i = 0; i < n; i++) {
		config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		struct pref p = {.protocol = UINT32_MAX};

		snprintf(what, sizeof(what), "rpf_preference %d", i + 1);
		if (!group_read(r, e, &conf_group_pref, what, &p) || p.protocol > 255)
			continue;
		c->preferences[i].protocol = (uint8_t)p.protocol;
		c->preferences[i].preference = p.preference;
		if (seen[p.protocol])
			problem_add(r, line_of(e),
				"%s: its protocol has a preference in line %u "
				"already; keep one of them",
				what, seen[p.protocol]);
		seen[p.protocol] = line_of(e);
	}
}

void pref_print(const struct conf *c, size_t i, FILE *to)
{
	struct pref p = {c->preferences[i].protocol, c->preferences[i].preference};
	static const struct pref defaults;

	fputs("{ ", to);
	group_print(&conf_group_pref, &p, &defaults, to);
	fputc('}', to);
}

/* --- rpf_ecmp ---------------------------------------------------------------------------------------- */

static const char *const ecmp_words[] = {[NET_ECMP_SOURCE_GROUP] = "source-group",
	[NET_ECMP_SOURCE] = "source",
	[NET_ECMP_NONE] = "none",
	NULL};

static const struct conf_key ecmp_key = {"rpf_ecmp", KEY_WORD, KEY_FIELD(struct conf, rpf_ecmp),
	.words = ecmp_words, .example = "\"source-group\""};

void ecmp_read(struct conf_reader *r, config_setting_t *s)
{
	value_read(r, s, &ecmp_key, "the file", r->conf);
}

const char *conf_ecmp_name(const struct conf *c)
{
	return ecmp_words[c->rpf_ecmp];
}
