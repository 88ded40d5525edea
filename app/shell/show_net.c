/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show interface, route, neighbor, rpf: what control knows of the network.
 */
#include "app/shell/text.h"
#include "app/shell/value.h"

#include <string.h>

/* --- show interface ---------------------------------------------------------------------------- */

static const char *kind_name(uint8_t kind)
{
	switch ((enum dp_if_kind)kind) {
	case DP_IF_ETHER:
		return "ethernet";
	case DP_IF_GRE:
		return "gre";
	case DP_IF_LOOPBACK:
		return "loopback";
	}
	return "unknown";
}

static void put_addresses(json_t *o, const struct net_if *ifp)
{
	json_t *list = put_array(o, "addresses");
	char ip[IP_STRLEN], text[PREFIX_STRLEN];

	for (unsigned i = 0; i < ifp->n_addrs; i++) {
		snprintf(text, sizeof(text), "%s/%u", ip_str(&ifp->addrs[i].ip, ip, sizeof(ip)),
			ifp->addrs[i].len);
		json_array_append_new(list, json_string(text));
	}
}

static void put_gre(struct app *app, json_t *o, const struct net_if *ifp)
{
	const struct dp_gre *g = &ifp->conf.gre;
	struct net_nexthop hop;
	char name[DP_IF_NAMELEN];
	json_t *t;

	if (ifp->conf.kind != DP_IF_GRE) {
		put_text(o, "gre", NULL);
		return;
	}
	t = put_object(o, "gre");
	put_ip(t, "local", &g->local);
	put_ip(t, "remote", &g->remote);
	put_value(t, "key", g->has_key ? json_integer(g->key) : json_null());
	put_bool(t, "checksum", g->checksum);
	put_value(t, "ttl", g->ttl ? json_integer(g->ttl) : json_string("inherit"));
	put_value(t, "dscp", g->dscp_inherit ? json_string("inherit") : json_integer(g->dscp));
	put_text(t, "decap_dscp", g->decap_dscp_copy ? "copy" : "keep");
	if (!net_nexthop_info(app->net, ifp->gre_adj, &hop))
		memset(&hop, 0, sizeof(hop));
	put_bool(t, "resolved", hop.resolved);
	put_text(t, "through", hop.ifid ? ifid_name(app, hop.ifid, name, sizeof(name)) : NULL);
	put_text(t, "problem", hop.resolved ? NULL : hop.why[0] ? hop.why : "no next hop");
}

static void put_if_counters(struct app *app, json_t *o, const struct net_if *ifp)
{
	struct dp_if_counters c = {0};
	json_t *t = put_object(o, "counters");

	app->dp.ops->if_counters(app->dp.ctx, ifp->id, &c);
	put_number(t, "rx_packets", c.rx_packets);
	put_number(t, "rx_bytes", c.rx_bytes);
	put_number(t, "rx_multicast", c.rx_mcast);
	put_number(t, "rx_dropped", c.rx_dropped);
	put_number(t, "tx_packets", c.tx_packets);
	put_number(t, "tx_bytes", c.tx_bytes);
	put_number(t, "tx_dropped", c.tx_dropped);
	put_number(t, "tx_fragmented", c.tx_fragmented);
	put_number(t, "punted", c.punted);
	put_number(t, "injected", c.injected);
}

static json_t *number_or_null(unsigned v)
{
	return v ? json_integer(v) : json_null();
}

static void put_vlan(json_t *o, const struct net_if_conf *c)
{
	char tpid[8];

	snprintf(tpid, sizeof(tpid), "0x%04x", c->vlan_tpid);
	put_value(o, "vlan", number_or_null(c->vlan));
	put_value(o, "vlan_inner", number_or_null(c->vlan_inner));
	put_text(o, "vlan_tpid", c->vlan ? tpid : NULL);
}

static void put_interface(struct app *app, json_t *list, const struct net_if *ifp)
{
	json_t *o = add_object(list);
	bool ether = ifp->conf.kind == DP_IF_ETHER;
	uint64_t now = app_now_us(), since = ifp->changed_us;
	char why[400];

	if (since < app->started_us)
		since = app->started_us; /* made before the clock was told */

	put_text(o, "name", ifp->conf.name);
	put_number(o, "id", ifp->id);
	put_text(o, "kind", kind_name(ifp->conf.kind));
	put_text(o, "state", ifp->up ? "up" : "down");
	put_text(o, "problem", ifp->up ? NULL : if_problem(app, ifp, why, sizeof(why)));
	put_bool(o, "admin", ifp->admin);
	put_bool(o, "link", ifp->link);
	put_text(o, "port", ether ? ifp->conf.port : NULL);
	put_vlan(o, &ifp->conf);
	if (ether)
		put_mac(o, "mac", ifp->mac);
	else
		put_text(o, "mac", NULL);
	put_number(o, "mtu", ifp->mtu);
	put_number(o, "ttl_threshold", ifp->conf.ttl_threshold);
	put_addresses(o, ifp);
	put_bool(o, "exception", ifp->conf.exception);
	put_value(o, "ifindex", ifp->ifindex ? json_integer(ifp->ifindex) : json_null());
	put_number(o, "changed_s", now > since ? (now - since) / 1000000 : 0);
	put_gre(app, o, ifp);
	put_if_counters(app, o, ifp);
}

static void show_interface(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const char *only = cmd_arg(args, "IF");
	const struct net_if *ifp;
	json_t *list;

	out->value = json_object();
	list = put_array(out->value, "interfaces");
	for (ifp = net_if_next(app->net, 0); ifp; ifp = net_if_next(app->net, ifp->id))
		if (!only || strcmp(only, ifp->conf.name) == 0)
			put_interface(app, list, ifp);
}

static void text_interface(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Name", "name"}, {"Kind", "kind"},
		{"State", "state"}, {"Port", "port"}, {"Vlan", "vlan"}, {"Inner", "vlan_inner"},
		{"MTU", "mtu"}, {"RxPackets", "counters.rx_packets"},
		{"TxPackets", "counters.tx_packets"}, {"RxDropped", "counters.rx_dropped"},
		{"TxDropped", "counters.tx_dropped"}, {"Addresses", "addresses"}};
	const json_t *list = json_object_get(value, "interfaces"), *o;
	const char *problem;
	size_t i;

	text_table(list, cols, COUNT_OF(cols), to);
	json_array_foreach (list, i, o) {
		problem = json_string_value(json_object_get(o, "problem"));
		if (!problem)
			problem = json_string_value(
				json_object_get(json_object_get(o, "gre"), "problem"));
		if (problem)
			fprintf(to, "%s: %s\n", json_string_value(json_object_get(o, "name")),
				problem);
	}
}

static void text_one_interface(const json_t *value, FILE *to)
{
	text_value(json_array_get(json_object_get(value, "interfaces"), 0), to);
}

/* --- show route ---------------------------------------------------------------------------------- */

static const char *origin_name(uint8_t origin)
{
	switch ((enum net_route_origin)origin) {
	case NET_ROUTE_KERNEL:
		return "kernel";
	case NET_ROUTE_CONNECTED:
		return "connected";
	case NET_ROUTE_RPF:
		return "rpf";
	}
	return "unknown";
}

static void put_path(struct app *app, json_t *paths, const struct net_path *p)
{
	char name[DP_IF_NAMELEN];
	json_t *o = add_object(paths);

	put_ip(o, "gateway", &p->gateway);
	put_text(o, "interface", p->ifid ? ifid_name(app, p->ifid, name, sizeof(name)) : NULL);
	put_value(o, "ifindex", p->ifindex ? json_integer(p->ifindex) : json_null());
	put_number(o, "weight", p->weight);
	put_bool(o, "dead", p->dead);
}

static void put_route(struct app *app, json_t *list, const struct net_route *r)
{
	json_t *o = add_object(list), *paths;
	char buf[PREFIX_STRLEN];

	put_text(o, "prefix", prefix_text(&r->dst, buf, sizeof(buf)));
	put_text(o, "origin", origin_name(r->origin));
	put_text(o, "protocol", rtm_protocol_name(r->protocol, buf, sizeof(buf)));
	put_number(o, "metric", r->metric);
	put_bool(o, "blackhole", r->blackhole);
	paths = put_array(o, "paths");
	for (unsigned i = 0; i < r->n_paths; i++)
		put_path(app, paths, &r->paths[i]);
}

struct route_show {
	struct app *app;
	json_t *list;
	size_t total, limit;
};

static bool route_cb(void *arg, const struct net_route *r)
{
	struct route_show *s = arg;

	if (s->total++ < s->limit)
		put_route(s->app, s->list, r);
	return true;
}

static void show_route(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct route_show s = {.app = app, .limit = show_limit(args)};
	const char *addr = cmd_arg(args, "ADDR");
	struct net_route one;
	struct ipaddr ip;

	out->value = json_object();
	s.list = put_array(out->value, "routes");
	if (addr) {
		if (ip_parse(addr, &ip) == 0 && net_route_lookup(app->net, &ip, &one))
			route_cb(&s, &one);
	} else {
		net_route_walk(app->net, IP_V4, route_cb, &s);
		net_route_walk(app->net, IP_V6, route_cb, &s);
	}
	put_totals(out->value, s.total, s.total < s.limit ? s.total : s.limit);
}

/* One row a path. */
static void text_route(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Prefix", "prefix"}, {"Gateway", "gateway"},
		{"Interface", "interface"}, {"Origin", "origin"}, {"Protocol", "protocol"},
		{"Metric", "metric"}, {"Note", "note"}};
	const json_t *r, *path;
	json_t *rows = json_array(), *row;
	size_t i, j;

	json_array_foreach (json_object_get(value, "routes"), i, r) {
		const json_t *paths = json_object_get(r, "paths");
		bool hole = json_is_true(json_object_get(r, "blackhole"));

		if (!json_array_size(paths)) {
			row = json_copy((json_t *)r);
			put_text(row, "note", hole ? "blackhole" : "");
			json_array_append_new(rows, row);
		}
		json_array_foreach (paths, j, path) {
			row = json_copy((json_t *)r);
			json_object_update(row, (json_t *)path);
			put_text(row, "note",
				hole                                          ? "blackhole"
				: json_is_true(json_object_get(path, "dead")) ? "dead"
				: json_is_null(json_object_get(path, "interface"))
					? "not through starg"
					: "");
			json_array_append_new(rows, row);
		}
	}
	if (json_array_size(rows))
		text_table(rows, cols, COUNT_OF(cols), to);
	else
		fputs("no unicast route: RPF towards such an address fails; add a kernel route, or "
		      "an entry of `rpf` in the file\n",
			to);
	text_totals(value, to);
	json_decref(rows);
}

/* --- show neighbor -------------------------------------------------------------------------------- */

static const char *neigh_state_name(uint8_t state)
{
	switch ((enum net_neigh_state)state) {
	case NET_NEIGH_INCOMPLETE:
		return "incomplete";
	case NET_NEIGH_REACHABLE:
		return "reachable";
	case NET_NEIGH_STALE:
		return "stale";
	case NET_NEIGH_FAILED:
		return "failed";
	case NET_NEIGH_STATIC:
		return "static";
	}
	return "unknown";
}

struct neigh_show {
	struct app *app;
	json_t *list;
};

static bool neigh_cb(void *arg, const struct net_neigh *n)
{
	bool known = n->state != NET_NEIGH_INCOMPLETE && n->state != NET_NEIGH_FAILED;
	struct neigh_show *s = arg;
	char name[DP_IF_NAMELEN];
	json_t *o = add_object(s->list);

	put_text(o, "interface", ifid_name(s->app, n->ifid, name, sizeof(name)));
	put_ip(o, "address", &n->addr);
	if (known)
		put_mac(o, "mac", n->mac);
	else
		put_text(o, "mac", NULL);
	put_text(o, "state", neigh_state_name(n->state));
	return true;
}

static void show_neighbor(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct neigh_show s = {.app = app};

	out->value = json_object();
	s.list = put_array(out->value, "neighbors");
	net_neigh_walk(app->net, neigh_cb, &s);
}

static void text_neighbor(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"},
		{"Address", "address"}, {"MAC", "mac"}, {"State", "state"}};

	text_table(json_object_get(value, "neighbors"), cols, COUNT_OF(cols), to);
}

/* --- show rpf --------------------------------------------------------------------------------------- */

static void put_rpf_paths(
	struct app *app, json_t *o, const struct ipaddr *ip, const struct ipaddr *grp)
{
	struct net_rpf_path paths[NET_PATHS_MAX];
	unsigned n = net_rpf_paths(app->net, ip, grp, paths);
	json_t *list = put_array(o, "paths");
	char name[DP_IF_NAMELEN];

	for (unsigned i = 0; i < n; i++) {
		json_t *p = add_object(list);

		put_text(p, "interface",
			paths[i].ifid ? ifid_name(app, paths[i].ifid, name, sizeof(name)) : NULL);
		put_ip(p, "neighbor", &paths[i].neighbor);
		put_number(p, "weight", paths[i].weight);
		put_bool(p, "usable", paths[i].usable);
		put_bool(p, "chosen", paths[i].chosen);
	}
}

static void show_rpf(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const char *group = cmd_arg(args, "GRP");
	struct ipaddr ip, grp = {.family = IP_NONE};
	char buf[PREFIX_STRLEN];
	struct net_rpf rpf;
	json_t *o;
	bool ok;

	memset(&rpf, 0, sizeof(rpf));
	if (ip_parse(cmd_arg(args, "ADDR"), &ip) || (group && ip_parse(group, &grp)))
		return;
	if (group && grp.family != ip.family) {
		cmd_fail(out, "%s and %s are of different address families", cmd_arg(args, "ADDR"),
			group);
		return;
	}
	o = out->value = json_object();
	put_ip(o, "address", &ip);
	put_ip(o, "group", &grp);
	ok = net_rpf_group(app->net, &ip, &grp, &rpf);
	put_bool(o, "reachable", ok);
	put_bool(o, "own", net_is_local(app->net, &ip, NULL));
	put_text(o, "problem", ok ? NULL : rpf.why[0] ? rpf.why : "unreachable");
	put_text(o, "interface", ok ? ifid_name(app, rpf.ifid, buf, sizeof(buf)) : NULL);
	put_ip(o, "neighbor", &rpf.neighbor);
	put_text(o, "prefix", ok ? prefix_text(&rpf.dst, buf, sizeof(buf)) : NULL);
	put_text(o, "origin", ok ? origin_name(rpf.origin) : NULL);
	put_text(o, "protocol", ok ? rtm_protocol_name(rpf.protocol, buf, sizeof(buf)) : NULL);
	put_value(o, "preference", ok ? json_integer(rpf.preference) : json_null());
	put_value(o, "metric", ok ? json_integer(rpf.metric) : json_null());
	put_text(o, "ecmp", conf_ecmp_name(app->conf));
	put_rpf_paths(app, o, &ip, &grp);
}

static const char *text_of(const json_t *o, const char *key, const char *otherwise)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : otherwise;
}

/* The equal paths, if there is a choice. */
static void text_rpf_paths(const json_t *o, FILE *to)
{
	const json_t *paths = json_object_get(o, "paths"), *p;
	size_t i;

	if (json_array_size(paths) < 2)
		return;
	fprintf(to, "%zu equal paths, by %s:\n", json_array_size(paths), text_of(o, "ecmp", ""));
	json_array_foreach (paths, i, p)
		fprintf(to, "  interface %s, neighbor %s%s\n", text_of(p, "interface", "-"),
			text_of(p, "neighbor", "-"),
			json_is_true(json_object_get(p, "chosen"))   ? ", chosen"
			: json_is_true(json_object_get(p, "usable")) ? ""
								     : ", not usable");
}

static void text_rpf(const json_t *o, FILE *to)
{
	const char *neighbor = text_of(o, "neighbor", NULL);

	if (json_is_true(json_object_get(o, "own"))) {
		fprintf(to, "%s: this router itself: %s\n", text_of(o, "address", ""),
			text_of(o, "problem", ""));
		return;
	}
	if (!json_is_true(json_object_get(o, "reachable"))) {
		fprintf(to, "%s: unreachable: %s\n", text_of(o, "address", ""),
			text_of(o, "problem", ""));
		return;
	}
	fprintf(to, "%s: interface %s, %s%s, by %s (%s, %s), preference %lld, metric %lld\n",
		text_of(o, "address", ""), text_of(o, "interface", ""),
		neighbor ? "neighbor " : "directly connected", neighbor ? neighbor : "",
		text_of(o, "prefix", ""), text_of(o, "origin", ""), text_of(o, "protocol", ""),
		(long long)json_integer_value(json_object_get(o, "preference")),
		(long long)json_integer_value(json_object_get(o, "metric")));
	text_rpf_paths(o, to);
}

const struct cmd show_net_cmds[] = {
	{"show interface", "interfaces: state, addresses, counters", show_interface,
		text_interface},
	{"show interface IF", "all about one interface", show_interface, text_one_interface},
	{"show route [ADDR] [limit N]",
		"unicast routes that RPF and next hops use; ADDR: the one for it", show_route,
		text_route},
	{"show neighbor", "neighbors (ARP, ND, static) of the interfaces", show_neighbor,
		text_neighbor},
	{"show rpf ADDR [GRP]",
		"RPF interface and neighbor towards an address; GRP: for the tree of that group",
		show_rpf, text_rpf},
	{NULL, NULL, NULL, NULL},
};
