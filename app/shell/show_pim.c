/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show pim interface, neighbor, rp, statistics, and clear pim: PIM on the links. The trees are in
 * show_pim_tree.c.
 */
#include "app/shell/text.h"
#include "app/shell/value.h"

#include <string.h>

struct pim_show {
	struct app *app;
	uint16_t ifid; /* 0: all */
	json_t *list;
	uint64_t now_us;
};

static const void *begin(struct pim_show *s, struct app *app, const struct cmd_args *args,
	struct cmd_result *out, const char *list)
{
	const char *name = cmd_arg(args, "IF");
	const struct net_if *ifp = name ? net_if_find(app->net, name) : NULL;

	*s = (struct pim_show){.app = app, .ifid = ifp ? ifp->id : 0, .now_us = app_now_us()};
	out->value = json_object();
	s->list = put_array(out->value, list);
	return runner_instance(app->runner, app->pim_number);
}

static void put_if(const struct pim_show *s, json_t *o, uint16_t ifid)
{
	char name[DP_IF_NAMELEN];

	put_text(o, "interface", ifid ? ifid_name(s->app, ifid, name, sizeof(name)) : NULL);
}

static const char *family_name(uint8_t family)
{
	return family == IP_V6 ? "ipv6" : "ipv4";
}

/* --- interfaces --------------------------------------------------------------------------------------- */

static void put_boundary(json_t *o, const struct pim_if_config *c)
{
	json_t *list = put_array(o, "boundary");
	char buf[PREFIX_STRLEN];

	for (uint32_t i = 0; i < c->n_boundary; i++)
		json_array_append_new(
			list, json_string(prefix_str(&c->boundary[i], buf, sizeof(buf))));
}

static bool if_cb(void *arg, const struct pim_iface_info *i)
{
	struct pim_show *s = arg;
	char why[400];
	json_t *o;

	if (s->ifid && s->ifid != i->ifid)
		return true;
	o = add_object(s->list);
	put_if(s, o, i->ifid);
	put_text(o, "family", family_name(i->family));
	put_text(o, "state", i->up ? "up" : "down");
	put_text(o, "problem", i->up ? NULL : pim_if_problem(s->app, i, why, sizeof(why)));
	put_ip(o, "address", &i->address);
	put_bool(o, "passive", i->passive);
	put_bool(o, "border", i->conf->border);
	put_ip(o, "dr", &i->dr);
	put_bool(o, "i_am_dr", i->i_am_dr);
	put_number(o, "dr_priority", i->conf->dr_priority);
	put_number(o, "genid", i->genid);
	put_number(o, "neighbors", i->n_neighbors);
	put_number(o, "hello_interval_s", i->conf->hello_interval_s);
	put_number(o, "hello_holdtime_s", i->hello_holdtime_s);
	put_until(o, "next_hello_s", i->hello_due_us, s->now_us);
	put_number(o, "join_prune_interval_s", i->conf->join_prune_interval_s);
	put_number(o, "propagation_delay_ms", i->propagation_delay_ms);
	put_number(o, "override_interval_ms", i->override_interval_ms);
	put_bool(o, "lan_delay", i->lan_delay_enabled);
	put_bool(o, "suppression", i->suppression_enabled);
	put_boundary(o, i->conf);
	put_since(o, "uptime_s", i->up ? i->up_since_us : s->now_us, s->now_us);
	return true;
}

static void show_if(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct pim_show s;
	const void *self = begin(&s, app, args, out, "interfaces");

	pim_iface_walk(self, if_cb, &s);
}

static void text_if(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"}, {"Family", "family"},
		{"State", "state"}, {"Address", "address"}, {"Neighbors", "neighbors"},
		{"DR", "dr"}, {"Ours", "i_am_dr"}, {"Priority", "dr_priority"},
		{"Passive", "passive"}, {"NextHello", "next_hello_s"}, {"Uptime", "uptime_s"},
		{"Reason", "problem"}};

	text_timed_table(json_object_get(value, "interfaces"), cols, COUNT_OF(cols), to);
}

/* --- neighbours --------------------------------------------------------------------------------------- */

static void put_options(json_t *o, uint16_t has)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} names[] = {{PIM_HAS_HOLDTIME, "holdtime"}, {PIM_HAS_LAN_PRUNE_DELAY, "lan_prune_delay"},
		{PIM_HAS_DR_PRIORITY, "dr_priority"}, {PIM_HAS_GENID, "generation_id"},
		{PIM_HAS_ADDRESS_LIST, "address_list"}, {PIM_HAS_JOIN_ATTRIBUTE, "join_attribute"}};
	json_t *list = put_array(o, "options");

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (has & names[i].bit)
			json_array_append_new(list, json_string(names[i].name));
}

static json_t *if_sent(bool sent, uint32_t number)
{
	return sent ? json_integer(number) : json_null();
}

static bool neigh_cb(void *arg, const struct pim_neigh_info *n)
{
	struct pim_show *s = arg;
	json_t *o, *list;
	char buf[IP_STRLEN];
	bool delay = n->has & PIM_HAS_LAN_PRUNE_DELAY;

	if (s->ifid && s->ifid != n->ifid)
		return true;
	o = add_object(s->list);
	put_if(s, o, n->ifid);
	put_ip(o, "address", &n->address);
	put_bool(o, "dr", n->is_dr);
	put_value(o, "dr_priority", if_sent(n->has & PIM_HAS_DR_PRIORITY, n->dr_priority));
	put_value(o, "genid", if_sent(n->has & PIM_HAS_GENID, n->genid));
	put_number(o, "holdtime_s", n->holdtime_s);
	put_until(o, "expires_s", n->expires_us, s->now_us);
	put_since(o, "uptime_s", n->since_us, s->now_us);
	put_value(o, "propagation_delay_ms", if_sent(delay, n->propagation_delay_ms));
	put_value(o, "override_interval_ms", if_sent(delay, n->override_interval_ms));
	put_bool(o, "tracking", n->tracking_support);
	put_options(o, n->has);
	list = put_array(o, "secondary");
	for (uint32_t i = 0; i < n->n_secondary; i++)
		json_array_append_new(
			list, json_string(ip_str(&n->secondary[i], buf, sizeof(buf))));
	put_number(o, "states", n->n_states);
	return true;
}

static void show_neighbor(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct pim_show s;
	const void *self = begin(&s, app, args, out, "neighbors");

	pim_neigh_walk(self, neigh_cb, &s);
}

static void text_neighbor(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"},
		{"Neighbor", "address"}, {"DR", "dr"}, {"Priority", "dr_priority"},
		{"Uptime", "uptime_s"}, {"Expires", "expires_s"}, {"States", "states"},
		{"Options", "options"}};

	text_timed_table(json_object_get(value, "neighbors"), cols, COUNT_OF(cols), to);
}

/* --- RPs ---------------------------------------------------------------------------------------------- */

/* group: whose way to the RP is meant, where there are several equal ones; NULL: none in particular. */
static void put_rp(struct app *app, json_t *list, const struct ipaddr *rp, const char *groups,
	const struct ipaddr *group)
{
	json_t *o = add_object(list);
	char name[DP_IF_NAMELEN];
	bool ours = net_is_local(app->net, rp, NULL), reachable;
	struct net_rpf rpf;

	memset(&rpf, 0, sizeof(rpf));
	reachable = net_rpf_group(app->net, rp, group, &rpf) || ours;
	put_ip(o, "address", rp);
	put_text(o, "groups", groups);
	put_text(o, "origin", "static");
	put_bool(o, "i_am_rp", ours);
	put_bool(o, "reachable", reachable);
	put_text(o, "problem", reachable ? NULL : rpf.why);
	put_text(o, "interface",
		ours && !rpf.ifid ? NULL
		: rpf.ifid        ? ifid_name(app, rpf.ifid, name, sizeof(name))
				  : NULL);
	put_ip(o, "neighbor", &rpf.neighbor);
}

static void put_rps(struct app *app, json_t *list)
{
	const struct pim_config *c = &app->conf->pim;
	char buf[PREFIX_STRLEN];

	for (size_t i = 0; i < c->n_rps; i++) {
		const struct pim_rp_config *rp = &c->rps[i];

		if (!rp->n_groups)
			put_rp(app, list, &rp->address,
				rp->address.family == IP_V6 ? "ff00::/8" : "224.0.0.0/4", NULL);
		for (uint32_t g = 0; g < rp->n_groups; g++)
			put_rp(app, list, &rp->address,
				prefix_text(&rp->groups[g], buf, sizeof(buf)), NULL);
	}
}

static void show_rp(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const char *grp = cmd_arg(args, "GRP");
	struct ipaddr g, rp;
	struct pim_show s;
	const void *self = begin(&s, app, args, out, "rps");

	if (!grp) {
		put_rps(app, s.list);
		return;
	}
	if (ip_parse(grp, &g))
		return;
	if (pim_is_ssm(self, &g))
		cmd_fail(out, "%s is in an SSM range: receivers name its sources, it has no RP",
			grp);
	else if (pim_rp_of(self, &g, &rp))
		put_rp(app, s.list, &rp, grp, &g);
	else
		cmd_fail(out, "%s has no RP: add one to pim.rp of the file, and reload", grp);
}

static void text_rp(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"RP", "address"}, {"Groups", "groups"},
		{"Origin", "origin"}, {"Ours", "i_am_rp"}, {"Reachable", "reachable"},
		{"Interface", "interface"}, {"Neighbor", "neighbor"}};
	const json_t *list = json_object_get(value, "rps"), *o;
	const char *problem;
	size_t i;

	text_table(list, cols, COUNT_OF(cols), to);
	json_array_foreach (list, i, o) {
		problem = json_string_value(json_object_get(o, "problem"));
		if (problem)
			fprintf(to, "%s: %s\n", json_string_value(json_object_get(o, "address")),
				problem);
	}
}

/* --- statistics --------------------------------------------------------------------------------------- */

static void put_stats(json_t *o, const struct pim_stats *st)
{
	json_t *rx = put_object(o, "received"), *tx = put_object(o, "sent");
	json_t *drops = put_object(o, "drops"), *from;

	for (unsigned t = 0; t < PIM_TYPES; t++) {
		const char *name = pim_type_name((enum pim_type)t);

		put_number(rx, name, st->rx[t]);
		put_number(tx, name, st->tx[t]);
	}
	for (unsigned d = PIM_OK + 1; d < PIM_DROP_COUNT; d++)
		put_number(drops, pim_drop_name((enum pim_drop)d), st->drops[d]);
	from = put_array(o, "last_from");
	for (unsigned d = PIM_OK + 1; d < PIM_DROP_COUNT; d++)
		put_last_from(from, pim_drop_name((enum pim_drop)d), &st->drop_from[d]);
	put_number(o, "received_bytes", st->rx_bytes);
	put_number(o, "sent_bytes", st->tx_bytes);
	put_number(o, "neighbors_new", st->neighbors_new);
	put_number(o, "neighbors_lost", st->neighbors_lost);
	put_number(o, "neighbors_restarted", st->neighbors_restarted);
	put_number(o, "dr_changes", st->dr_changes);
}

static bool statistics_cb(void *arg, const struct pim_iface_info *i)
{
	struct pim_show *s = arg;
	json_t *o;

	if (s->ifid && s->ifid != i->ifid)
		return true;
	o = add_object(s->list);
	put_if(s, o, i->ifid);
	put_text(o, "family", family_name(i->family));
	put_stats(o, i->stats);
	return true;
}

/* Registers with data pass the workers, not the protocol, which counts Null-Registers alone. */
static void put_data_registers(struct app *app, json_t *o)
{
	uint64_t received = 0, sent = 0;
	struct dp_worker_info w;

	for (uint32_t i = 0; app->dp.ops->worker_info(app->dp.ctx, i, &w) == 0; i++) {
		received += w.registers_received;
		sent += w.registers_sent;
	}
	put_number(o, "received", received);
	put_number(o, "sent", sent);
}

static void show_statistics(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	uint64_t star, sg;
	struct pim_stats whole;
	struct pim_show s;
	const void *self = begin(&s, app, args, out, "interfaces");

	pim_iface_walk(self, statistics_cb, &s);
	pim_stats_get(self, &whole);
	put_stats(put_object(out->value, "router"), &whole);
	put_data_registers(app, put_object(out->value, "data_registers"));
	pim_tree_count(self, &star, &sg);
	put_number(out->value, "star_g", star);
	put_number(out->value, "s_g", sg);
}

/* A row is named as its number in the JSON: "received.hello" and "sent.hello" are two. NULL: it is 0. */
static json_t *row(json_t *rows, const char *where, const char *part, const char *key,
	const json_t *n, const char *text)
{
	char counter[64];
	json_t *o;

	if (!json_integer_value(n))
		return NULL;
	snprintf(counter, sizeof(counter), "%s%s%s", part, part[0] ? "." : "", key);
	o = add_object(rows);
	put_text(o, "interface", where);
	put_text(o, "counter", counter);
	put_value(o, "value", json_copy((json_t *)n));
	put_text(o, "text", text);
	return o;
}

static void message_rows(json_t *rows, const char *where, const json_t *o, const char *part)
{
	char text[64];
	const json_t *n;
	const char *key;

	json_object_foreach ((json_t *)json_object_get(o, part), key, n) {
		if (!strcmp(key, pim_type_name(PIM_REGISTER)))
			snprintf(text, sizeof(text), "Null-Registers %s; with data: below", part);
		else
			snprintf(text, sizeof(text), "%s messages %s", key, part);
		row(rows, where, part, key, n, text);
	}
}

static void rows_of(json_t *rows, const char *where, const json_t *o)
{
	static const struct {
		const char *key, *text;
	} others[] = {{"received_bytes", "bytes of messages received, with their IP headers"},
		{"sent_bytes", "bytes of messages sent, with their IP headers"},
		{"neighbors_new", "neighbors found"}, {"neighbors_lost", "neighbors lost"},
		{"neighbors_restarted", "neighbors that came back with another Generation ID"},
		{"dr_changes", "times that another router became designated router"}};
	const char *key;
	json_t *r;

	message_rows(rows, where, o, "received");
	message_rows(rows, where, o, "sent");
	for (unsigned d = PIM_OK + 1; d < PIM_DROP_COUNT; d++) {
		key = pim_drop_name((enum pim_drop)d);
		r = row(rows, where, "drops", key,
			json_object_get(json_object_get(o, "drops"), key),
			pim_drop_text((enum pim_drop)d));
		if (r)
			put_text(r, "from", last_from(json_object_get(o, "last_from"), key));
	}
	for (size_t i = 0; i < COUNT_OF(others); i++)
		row(rows, where, "", others[i].key, json_object_get(o, others[i].key),
			others[i].text);
}

static void text_statistics(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"},
		{"Counter", "counter"}, {"Value", "value"}, {"LastFrom", "from"},
		{"Meaning", "text"}};
	json_t *rows = json_array();
	const json_t *o;
	char where[40];
	size_t i;

	json_array_foreach (json_object_get(value, "interfaces"), i, o) {
		snprintf(where, sizeof(where), "%s %s",
			json_string_value(json_object_get(o, "interface")),
			json_string_value(json_object_get(o, "family")));
		rows_of(rows, where, o);
	}
	rows_of(rows, "router", json_object_get(value, "router"));
	text_table(rows, cols, COUNT_OF(cols), to);
	json_decref(rows);
	o = json_object_get(value, "data_registers");
	fprintf(to, "%lld Registers with data received, %lld sent\n",
		(long long)json_integer_value(json_object_get(o, "received")),
		(long long)json_integer_value(json_object_get(o, "sent")));
	fprintf(to, "%lld (*,G), %lld (S,G)\n",
		(long long)json_integer_value(json_object_get(value, "star_g")),
		(long long)json_integer_value(json_object_get(value, "s_g")));
}

/* --- clear -------------------------------------------------------------------------------------------- */

static void clear(
	struct app *app, const struct cmd_args *args, struct pim_command *c, struct cmd_result *out)
{
	const char *name = cmd_arg(args, "IF"), *addr = cmd_arg(args, "ADDR");
	char error[256] = "";
	int rc;

	snprintf(c->interface, sizeof(c->interface), "%s", name ? name : "");
	if (addr)
		(void)!ip_parse(addr, &c->neighbor);
	rc = runner_command(app->runner, app->pim_number, c, error, sizeof(error), app_now_us());
	if (rc)
		cmd_fail(out, "%s", error[0] ? error : strerror(-rc));
	else
		runner_commit(app->runner);
}

static void clear_neighbor(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct pim_command c = {.kind = PIM_CLEAR_NEIGHBORS};

	clear(app, args, &c, out);
}

static void clear_statistics(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct pim_command c = {.kind = PIM_CLEAR_STATISTICS};

	clear(app, args, &c, out);
}

const struct cmd show_pim_cmds[] = {
	{"show pim interface [IF]", "PIM on the interfaces: designated router, neighbors, timers",
		show_if, text_if},
	{"show pim neighbor [IF]", "PIM routers that are heard, and what they say of themselves",
		show_neighbor, text_neighbor},
	{"show pim rp [GRP]", "rendezvous points and the way to them; GRP: that of the group",
		show_rp, text_rp},
	{"show pim statistics [IF]", "PIM messages received, sent and refused", show_statistics,
		text_statistics},
	{"clear pim neighbor [IF] [ADDR]",
		"forgets PIM neighbors and what they asked for, until their next Hello",
		clear_neighbor, NULL},
	{"clear pim statistics [IF]", "sets the counters of PIM to zero", clear_statistics, NULL},
	{NULL, NULL, NULL, NULL},
};
