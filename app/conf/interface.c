/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * interfaces: Ethernet, GRE tunnels (gre.c), loopbacks; VLAN tags are in vlan.c.
 */
#include "app/conf/conf_priv.h"

#include <ctype.h>

static const char *const exception_words[] = {"none", "kernel", NULL};

/* --- address --------------------------------------------------------------------------------------- */

/* What an address with this length cannot be of, in words; NULL: it may be an interface's. In subnets of two
 * addresses (RFC 3021, RFC 6164) both are hosts. */
static const char *not_a_host(const struct net_addr *a)
{
	unsigned bits = ip_bits(&a->ip), host = 0, ones = 0;

	if (a->len + 2u > bits)
		return NULL;
	for (unsigned i = a->len; i < bits; i++) {
		host++;
		ones += a->ip.b[i / 8] >> (7 - i % 8) & 1;
	}
	if (ones == 0)
		return a->ip.family == IP_V4 ? "is the address of the network itself"
					     : "is the anycast address of the network's "
					       "routers (RFC 4291 section 2.6.1)";
	return ones == host && a->ip.family == IP_V4 ? "is the broadcast address of the network"
						     : NULL;
}

static void address_not_a_host(struct conf_reader *r, config_setting_t *s, const char *what,
	const struct net_addr *a, const char *why)
{
	struct ipaddr first = ip_mask(a->ip, a->len);
	char buf[IP_STRLEN], good[IP_STRLEN];

	first.b[ip_bytes(&first) - 1] |= 1;
	problem_add(r, line_of(s),
		"address of %s: %s/%u %s; write one of its hosts, such as \"%s/%u\", or /%u for "
		"the address alone",
		what, ip_str(&a->ip, buf, sizeof(buf)), a->len, why,
		ip_str(&first, good, sizeof(good)), a->len, ip_bits(&a->ip));
}

static void address_add(
	struct conf_reader *r, config_setting_t *s, const char *what, struct net_if_conf *c)
{
	const char *v = value_string(r, s, "address", what, "\"10.0.0.1/24\"");
	struct net_addr a = {.len = 0};
	const char *why;

	if (!v)
		return;
	if (prefix_parse_if(v, &a.ip, &a.len)) {
		problem_add(r, line_of(s),
			"address of %s: \"%.48s\" is no address with prefix length "
			"such as \"10.0.0.1/24\"",
			what, v);
		return;
	}
	why = ip_not_unicast(&a.ip);
	if (!strchr(v, '/'))
		problem_add(r, line_of(s),
			"address of %s: %s lacks its prefix length: write "
			"\"%s/24\", or /%u for the address alone",
			what, v, v, ip_bits(&a.ip));
	else if (why)
		problem_add(r, line_of(s),
			"address of %s: %s %s; write one of the router's own, "
			"such as \"10.0.0.1/24\"",
			what, v, why);
	else if (a.len == 0)
		problem_add(r, line_of(s),
			"address of %s: prefix length 0 would cover every address; "
			"write for example /24",
			what);
	else if (not_a_host(&a))
		address_not_a_host(r, s, what, &a, not_a_host(&a));
	else if (c->n_addrs == NET_IF_ADDRS_MAX)
		problem_add(r, line_of(s),
			"address of %s: more than %d addresses; spread them over "
			"several interfaces",
			what, NET_IF_ADDRS_MAX);
	else
		c->addrs[c->n_addrs++] = a;
}

static void address_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_if *ifp = obj;

	if (!config_setting_is_array(s) && !config_setting_is_list(s)) {
		address_add(r, s, what, &ifp->net);
		return;
	}
	for (int i = 0; i < config_setting_length(s); i++)
		address_add(r, config_setting_get_elem(s, (unsigned)i), what, &ifp->net);
}

static void address_print(const void *obj, FILE *to)
{
	const struct net_if_conf *c = &((const struct conf_if *)obj)->net;
	char buf[IP_STRLEN];

	if (c->n_addrs == 0)
		return;
	fputs("address = [ ", to);
	for (unsigned i = 0; i < c->n_addrs; i++)
		fprintf(to, "\"%s/%u\"%s", ip_str(&c->addrs[i].ip, buf, sizeof(buf)),
			c->addrs[i].len, i + 1 < c->n_addrs ? ", " : " ");
	fputs("]; ", to);
}

/* --- the interface --------------------------------------------------------------------------------- */

static void loopback_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_if *ifp = obj;

	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		problem_add(r, line_of(s),
			"loopback of %s must be true or false, without quotes, "
			"not %s",
			what, type_name(s));
	else if (config_setting_get_bool(s))
		ifp->net.kind = DP_IF_LOOPBACK;
}

static void loopback_print(const void *obj, FILE *to)
{
	if (((const struct conf_if *)obj)->net.kind == DP_IF_LOOPBACK)
		fputs("loopback = true; ", to);
}

#define IFACE(member) KEY_FIELD(struct conf_if, member)

static const struct conf_key if_keys[] = {
	{"name", KEY_STRING, .required = true, IFACE(net.name), .min = 1, .example = "\"lan1\""},
	{"port", KEY_STRING, IFACE(net.port), .min = 1, .example = "\"p0\""},
	{"vlan", KEY_OTHER, .example = "100", .read = vlan_read, .print = vlan_print},
	{"vlan_tpid", KEY_OTHER, .example = "0x88a8", .read = tpid_read, .print = tpid_print},
	{"gre", KEY_OTHER, .example = "{ local = \"10.1.0.1\"; remote = \"198.51.100.2\"; }",
		.read = gre_read, .print = gre_print},
	{"loopback", KEY_OTHER, .example = "true", .read = loopback_read, .print = loopback_print},
	{"address", KEY_OTHER, .example = "[ \"10.0.0.1/24\" ]", .read = address_read,
		.print = address_print},
	{"mtu", KEY_UINT, IFACE(net.mtu), .min = 68, .max = 65535, .example = "1500"},
	{"ttl_threshold", KEY_UINT, IFACE(net.ttl_threshold), .max = 255, .example = "8"},
	{"exception", KEY_WORD, IFACE(net.exception), .words = exception_words,
		.example = "\"none\""},
	{"shutdown", KEY_BOOL, IFACE(shutdown), .example = "true"},
	{"igmp", KEY_OTHER, .example = "{ version = 3; }", .read = conf_igmp_read,
		.print = conf_igmp_print},
	{"mld", KEY_OTHER, .example = "{ version = 2; }", .read = conf_mld_read,
		.print = conf_mld_print},
	{"pim", KEY_OTHER, .example = "{ mode = \"sparse\"; }", .read = conf_pim_if_read,
		.print = conf_pim_if_print},
	{"hpim", .type = KEY_LATER},
	{"amt", .type = KEY_LATER},
};

const struct conf_group conf_group_if = GROUP("interfaces", if_keys);

void if_defaults(struct conf_if *ifp)
{
	memset(ifp, 0, sizeof(*ifp));
	ifp->net.exception = true;
}

/* What the kernel refuses as a device name, what /proc/sys and the shell would misread. */
static void name_check(
	struct conf_reader *r, config_setting_t *s, const char *what, const struct net_if_conf *c)
{
	static const char *const reserved[] = {"any", "rpf", "all", "default", ".", ".."};
	unsigned line = line_in(s, "name");

	for (const char *p = c->name; *p; p++) {
		if (!isgraph((unsigned char)*p) || strchr("/:%\"\\,;{}()[]", *p)) {
			problem_add(r, line,
				"name of %s holds '%c', which cannot be in an interface's "
				"name: use letters, digits and . _ -",
				what, *p);
			return;
		}
	}
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(c->name, reserved[i]) == 0)
			problem_add(r, line,
				"name of %s: '%s' has a meaning of its own; write another, "
				"such as \"lan1\"",
				what, reserved[i]);
	if (c->exception && strcmp(c->name, "lo") == 0)
		problem_add(r, line, "name of %s: the kernel has an interface 'lo'; write \"lo0\"",
			what);
}

/* Exactly one of port, gre, loopback; vlan goes with port only. Sets the kind. */
static void kind_check(
	struct conf_reader *r, config_setting_t *s, const char *what, struct net_if_conf *c)
{
	bool gre = config_setting_get_member(s, "gre"), port = config_setting_get_member(s, "port");
	bool loopback = c->kind == DP_IF_LOOPBACK;

	if (port + gre + loopback == 0)
		problem_add(r, line_of(s),
			"%s has none of port, gre, loopback: add for example "
			"port = \"p0\";",
			what);
	else if (port + gre + loopback > 1)
		problem_add(r, line_of(s), "%s has%s%s%s: only one of them can be", what,
			port ? " port" : "", gre ? port ? " and gre" : " gre" : "",
			loopback ? " and loopback" : "");
	vlan_check(r, s, what, c);
	if (gre)
		c->kind = DP_IF_GRE;
}

static const struct conf_port *port_find(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_ports; i++)
		if (strcmp(c->ports[i].name, name) == 0)
			return &c->ports[i];
	return NULL;
}

static void port_check(
	struct conf_reader *r, config_setting_t *s, const char *what, const struct net_if_conf *c)
{
	const struct conf_port *p = port_find(r->conf, c->port);
	char list[160] = "";
	unsigned mtu;

	if (p) {
		mtu = p->mtu ? p->mtu : 1500;
		if (c->mtu > mtu)
			problem_add(r, line_in(s, "mtu"),
				"mtu of %s is %u, that of its port '%s' only %u: lower it or raise the "
				"port's",
				what, c->mtu, p->name, mtu);
		return;
	}
	for (size_t i = 0; i < r->conf->n_ports; i++)
		if (port_find(r->conf, r->conf->ports[i].name) == &r->conf->ports[i]) /* no twice */
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
				list[0] ? ", " : "", r->conf->ports[i].name);
	problem_add(r, line_in(s, "port"), "%s: no port '%s'; ports are %s", what, c->port,
		list[0] ? list : "none: add it to ports: (...)");
}

static void if_read(struct conf_reader *r, config_setting_t *s, int index, struct conf_if *ifp)
{
	const unsigned before = r->total;
	char what[WHAT_LEN];

	if_defaults(ifp);
	ifp->line = (int)line_of(s);
	what_named(what, s, "interface", index);
	if (!group_read(r, s, &conf_group_if, what, ifp))
		return;
	name_check(r, s, what, &ifp->net);
	kind_check(r, s, what, &ifp->net);
	if (ifp->net.port[0])
		port_check(r, s, what, &ifp->net);
	if (r->total == before && ifp->net.name[0]) {
		conf_gmp_if_check(r, s, ifp);
		conf_pim_if_check(r, s, ifp);
	}
}

static int name_cmp(const void *a, const void *b)
{
	const struct conf_if *x = *(const struct conf_if *const *)a;
	const struct conf_if *y = *(const struct conf_if *const *)b;

	return strcmp(x->net.name, y->net.name);
}

void ifs_read(struct conf_reader *r, config_setting_t *s)
{
	int n = list_check(r, s, "interfaces", "{ name = \"lan1\"; port = \"p0\"; }");
	struct conf *c = r->conf;

	if (n >= DP_IFS_MAX)
		problem_add(
			r, line_of(s), "%d interfaces: at most %d are possible", n, DP_IFS_MAX - 1);
	if (n <= 0 || n >= DP_IFS_MAX)
		return;
	c->ifs = reader_array(r, n, sizeof(*c->ifs));
	r->by_name = reader_array(r, n, sizeof(struct conf_if *));
	if (!c->ifs || !r->by_name)
		return;
	c->n_ifs = r->n_by_name = (size_t)n;
	for (int i = 0; i < n; i++) {
		if_read(r, config_setting_get_elem(s, (unsigned)i), i, &c->ifs[i]);
		r->by_name[i] = &c->ifs[i];
	}
	qsort(r->by_name, r->n_by_name, sizeof(struct conf_if *), name_cmp);
}
