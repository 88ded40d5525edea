/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show mroute: multicast routes in FRR's columns, one row an output, and their counters.
 */
#include "app/shell/show_mroute.h"
#include "app/shell/statics.h"
#include "app/shell/value.h"

#include <stdlib.h>
#include <string.h>

/* --- one route ----------------------------------------------------------------------------------- */

static void put_key(json_t *o, const struct dp_route_key *key)
{
	char buf[PREFIX_STRLEN];

	put_text(o, "source", prefix_str(&key->src, buf, sizeof(buf)));
	put_text(o, "group", prefix_str(&key->grp, buf, sizeof(buf)));
	put_number(o, "table", key->table);
}

/* What PIM knows of the tree of this very key. */
static bool member_cb(void *arg, const struct pim_oif_info *o)
{
	bool *member = arg;

	*member |= strcmp(o->member, "include") == 0;
	return !*member;
}

static void put_pim_flags(struct app *app, json_t *flags, const struct dp_route_key *key)
{
	const void *self = runner_instance(app->runner, app->pim_number);
	const struct ipaddr any = {.family = IP_NONE};
	struct pim_tree_info t;
	bool host = key->src.len == ip_bits(&key->src.addr), member = false;

	if (key->grp.len != ip_bits(&key->grp.addr) || (key->src.len && !host) ||
		!pim_tree_get(self, host ? &key->src.addr : &any, &key->grp.addr, &t) || !t.routed)
		return;
	json_array_append_new(flags, json_string("sparse"));
	pim_oif_walk(&t, member_cb, &member);
	if (member)
		json_array_append_new(flags, json_string("member"));
	/* on the SPT nobody waits for the RP tree: there it says nothing */
	if (strcmp(t.rpt_state, "pruned") == 0 && !t.spt_bit)
		json_array_append_new(flags, json_string("rp_bit"));
	if (t.register_state[0] && strcmp(t.register_state, "noinfo") != 0)
		json_array_append_new(flags, json_string("register"));
	if (t.spt_bit)
		json_array_append_new(flags, json_string("spt_bit"));
	if (t.registered)
		json_array_append_new(flags, json_string("learnt_register"));
	if (host && t.i_am_rp && (t.connected || t.registered) && t.keepalive_due_us != TIMER_NEVER)
		json_array_append_new(flags, json_string("notify_msdp"));
}

/* Whether it takes packets by two paths, for it moves from one to the other. */
static bool is_moving(const struct tib_merged *m)
{
	for (unsigned i = 0; i < m->n_inputs; i++)
		if (m->inputs[i].role == DP_ROLE_NEXT)
			return true;
	return false;
}

/* Words; the letters of the text come from them. e: NULL for a route that is not in force. */
static void put_flags(struct app *app, json_t *o, const struct dp_route_key *key,
	uint32_t n_outputs, const struct tib_entry_info *e)
{
	json_t *flags = put_array(o, "flags");
	struct net_rpf rpf;

	if (key->src.len && key->src.len == ip_bits(&key->src.addr) &&
		net_rpf(app->net, &key->src.addr, &rpf) && ip_is_none(&rpf.neighbor))
		json_array_append_new(flags, json_string("connected"));
	if (!n_outputs)
		json_array_append_new(flags, json_string("pruned"));
	put_pim_flags(app, flags, key);
	if (e && is_moving(e->merged))
		json_array_append_new(flags, json_string("moving"));
	if (e && e->merged->excepted)
		json_array_append_new(flags, json_string("excepted"));
	if (e && e->crossing)
		json_array_append_new(flags, json_string("crossing"));
}

static void put_protocols(struct app *app, json_t *o, const struct tib_entry_info *e)
{
	json_t *list = put_array(o, "protocols");

	for (uint32_t i = 0; i < e->n_wishes; i++) {
		bool again = false;

		for (uint32_t j = 0; j < i && !again; j++)
			again = e->owners[j] == e->owners[i];
		if (!again)
			json_array_append_new(
				list, json_string(runner_proto_name(app->runner, e->owners[i])));
	}
}

/* Where a static route of this very key comes from, which sources it excepts, and what is wrong with
 * it. */
static void put_origin(struct app *app, json_t *o, const struct dp_route_key *key, int error)
{
	const void *self = runner_instance(app->runner, app->static_number);
	json_t *origin = put_array(o, "origin"), *excepts = put_array(o, "except");
	const struct static_route *last = NULL;
	char buf[PREFIX_STRLEN];
	const char *problem = error ? strerror(-error) : NULL;
	struct static_route_info info[2];
	unsigned n = static_get(self, key, info);

	for (unsigned i = 0; i < n; i++) {
		json_array_append_new(origin,
			json_string(info[i].route->origin == STATIC_FILE ? "file" : "shell"));
		if (info[i].problem[0])
			problem = info[i].problem;
		last = info[i].route; /* the shell's is behind the file's, and counts */
	}
	for (uint32_t i = 0; last && i < last->n_excepts; i++)
		json_array_append_new(
			excepts, json_string(prefix_str(&last->excepts[i], buf, sizeof(buf))));
	put_text(o, "problem", problem);
}

static void put_inputs(struct app *app, json_t *o, const struct tib_merged *m)
{
	json_t *list = put_array(o, "inputs"), *in;
	char name[DP_IF_NAMELEN];

	for (unsigned i = 0; i < m->n_inputs; i++) {
		in = add_object(list);
		put_text(in, "interface", ifid_name(app, m->inputs[i].ifid, name, sizeof(name)));
		put_bool(in, "accept", m->inputs[i].flags & DP_INPUT_ACCEPT);
		put_bool(in, "signal", m->inputs[i].flags & DP_INPUT_SIGNAL);
		put_bool(in, "drop", m->inputs[i].flags & DP_INPUT_DROP);
		put_text(in, "role",
			m->inputs[i].role == DP_ROLE_PRIMARY  ? "primary"
			: m->inputs[i].role == DP_ROLE_BACKUP ? "backup"
			: m->inputs[i].role == DP_ROLE_NEXT   ? "next"
							      : "merge");
	}
}

static void put_output(struct app *app, json_t *list, const struct tib_output *out, uint32_t oif)
{
	const struct net_if *ifp = out->ifid ? net_if_get(app->net, out->ifid) : NULL;
	struct dp_oif_counters c = {0};
	bool her = !ip_is_none(&out->her_dst);
	char name[DP_IF_NAMELEN];
	json_t *o = add_object(list);

	if (oif)
		app->dp.ops->oif_counters(app->dp.ctx, oif, &c);
	put_text(o, "interface", out->ifid ? ifid_name(app, out->ifid, name, sizeof(name)) : NULL);
	put_bool(o, "up", ifp ? ifp->up : out->ifid == 0);
	put_number(o, "ttl_threshold",
		out->threshold_if ? tib_oif_threshold(app->tib, oif) : out->ttl_threshold);
	put_ip(o, "unicast", &out->her_dst);
	put_text(o, "encap", encap_name(out->encap, &out->her_dst));
	put_value(o, "port", her && out->her_port ? json_integer(out->her_port) : json_null());
	put_value(o, "ttl", her ? json_integer(out->her_ttl) : json_null());
	put_value(o, "dscp", out->her_set_dscp ? json_integer(out->her_dscp) : json_null());
	put_ip(o, "source", &out->her_src);
	put_bool(o, "preserve_source", out->preserve_source);
	put_number(o, "packets", c.packets);
	put_number(o, "bytes", c.bytes);
	put_number(o, "dropped", c.dropped);
}

static void put_counters(struct app *app, json_t *o, const struct dp_route_key *key)
{
	struct dp_route_counters c = {.last_used_ms = UINT64_MAX};

	app->dp.ops->route_counters(app->dp.ctx, key, &c);
	put_number(o, "packets", c.packets);
	put_number(o, "bytes", c.bytes);
	put_number(o, "wrong_if", c.wrong_if);
	put_number(o, "dropped", c.dropped);
	put_value(o, "last_used_ms",
		c.last_used_ms == UINT64_MAX ? json_null()
					     : json_integer((json_int_t)c.last_used_ms));
}

json_t *show_mroute_entry(struct app *app, const struct tib_entry_info *e)
{
	const struct tib_merged *m = e->merged;
	uint64_t now = app_now_us();
	json_t *o = json_object(), *outputs;

	put_key(o, &e->key);
	put_flags(app, o, &e->key, m->n_outputs, e);
	put_protocols(app, o, e);
	put_origin(app, o, &e->key, e->error);
	put_bool(o, "installed", !e->error);
	put_number(o, "uptime_s", now > e->created_us ? (now - e->created_us) / 1000000 : 0);
	put_text(o, "input_owner", runner_proto_name(app->runner, m->input_owner));
	put_bool(o, "input_conflict", m->input_conflict);
	put_inputs(app, o, m);
	outputs = put_array(o, "outputs");
	for (uint32_t i = 0; i < m->n_outputs; i++)
		put_output(app, outputs, &m->outputs[i], e->oifs ? e->oifs[i] : 0);
	put_counters(app, put_object(o, "counters"), &e->key);
	return o;
}

/* A static route that made it nowhere: none of its interfaces exists. */
static void put_missing(struct app *app, json_t *list, const struct static_route *r)
{
	json_t *o = add_object(list);

	put_key(o, &r->key);
	put_flags(app, o, &r->key, 0, NULL);
	json_array_append_new(put_array(o, "protocols"), json_string("static"));
	put_origin(app, o, &r->key, 0);
	put_bool(o, "installed", false);
	put_number(o, "uptime_s", 0);
	put_text(o, "input_owner", "static");
	put_bool(o, "input_conflict", false);
	put_array(o, "inputs");
	put_array(o, "outputs");
	put_counters(app, put_object(o, "counters"), &r->key);
}

/* --- all routes ------------------------------------------------------------------------------------ */

struct mroute_show {
	struct app *app;
	json_t *list;
	struct statics statics;
	bool has_src, has_grp;
	struct ipaddr src, grp;
	size_t total, shown, limit;
};

static void filters(const struct cmd_args *args, struct mroute_show *s)
{
	const char *src = cmd_arg(args, "SRC"), *grp = cmd_arg(args, "GRP");

	s->has_src = src != NULL;
	s->has_grp = grp != NULL;
	if (src && strcmp(src, "*") != 0)
		(void)!ip_parse(src, &s->src);
	if (grp)
		(void)!ip_parse(grp, &s->grp);
}

/* As tib_walk filters. */
static bool matches(const struct prefix *p, bool has, const struct ipaddr *ip)
{
	if (!has)
		return true;
	return ip_is_none(ip) || !p->len ? ip_is_none(ip) && !p->len : prefix_has(p, ip);
}

static void walk(struct mroute_show *s, bool (*cb)(void *arg, const struct tib_entry_info *e))
{
	tib_walk(s->app->tib, s->has_src ? &s->src : NULL, s->has_grp ? &s->grp : NULL, cb, s);
}

static bool entry_cb(void *arg, const struct tib_entry_info *e)
{
	struct mroute_show *s = arg;

	if (s->total++ < s->limit) {
		json_array_append_new(s->list, show_mroute_entry(s->app, e));
		s->shown++;
	}
	return true;
}

static void show_missing(struct mroute_show *s)
{
	const struct static_route *r, *before = NULL;
	struct tib_entry_info e;

	for (size_t i = 0; i < s->statics.n; i++, before = r) {
		r = s->statics.v[i].route;
		if ((before && route_key_cmp(&before->key, &r->key) == 0) ||
			!matches(&r->key.src, s->has_src, &s->src) ||
			!matches(&r->key.grp, s->has_grp, &s->grp) ||
			tib_entry_get(s->app->tib, &r->key, &e))
			continue;
		if (s->total++ >= s->limit)
			continue;
		put_missing(s->app, s->list, r);
		s->shown++;
	}
}

static void show_mroute(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct mroute_show s = {.app = app, .limit = show_limit(args)};

	filters(args, &s);
	statics_init(&s.statics, app);
	out->value = json_object();
	s.list = put_array(out->value, "routes");
	walk(&s, entry_cb);
	show_missing(&s);
	put_totals(out->value, s.total, s.shown);
	statics_fini(&s.statics);
}

static bool count_cb(void *arg, const struct tib_entry_info *e)
{
	struct dp_route_counters c = {0};
	struct mroute_show *s = arg;
	struct rate rate;
	json_t *o;

	if (s->total++ >= s->limit)
		return true;
	s->shown++;
	o = add_object(s->list);
	put_key(o, &e->key);
	put_counters(s->app, o, &e->key);
	if (s->app->dp.ops->route_counters(s->app->dp.ctx, &e->key, &c) == 0 &&
		rate_sample(&e->key, app_now_us(), &c, &rate)) {
		put_real(o, "packets_per_s", rate.pps);
		put_real(o, "bits_per_s", rate.bits_ps);
	} else {
		put_text(o, "packets_per_s", NULL);
		put_text(o, "bits_per_s", NULL);
	}
	return true;
}

static void show_mroute_count(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct mroute_show s = {.app = app, .limit = show_limit(args)};

	filters(args, &s);
	out->value = json_object();
	s.list = put_array(out->value, "routes");
	walk(&s, count_cb);
	put_totals(out->value, s.total, s.shown);
}

const struct cmd show_mroute_cmds[] = {
	{"show mroute [SRC] [GRP] [limit N]",
		"multicast routes: input, outputs, flags; a row for each output", show_mroute,
		show_mroute_text},
	{"show mroute count [SRC] [GRP] [limit N]", "what each multicast route has forwarded",
		show_mroute_count, show_mroute_count_text},
	{NULL, NULL, NULL, NULL},
};
