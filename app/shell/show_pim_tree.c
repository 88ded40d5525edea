/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show pim state, upstream, join, register, assert: the trees of PIM. Those of which there may be a
 * million end at a limit.
 */
#include "app/shell/text.h"
#include "app/shell/value.h"

struct tree_show {
	struct app *app;
	json_t *list;
	uint64_t now_us;
	size_t total, shown, limit;
	const struct pim_tree_info *tree; /* of the interfaces that are walked */
};

static void put_if(const struct tree_show *s, json_t *o, const char *key, uint16_t ifid)
{
	char name[DP_IF_NAMELEN];

	put_text(o, key, ifid ? ifid_name(s->app, ifid, name, sizeof(name)) : NULL);
}

static void put_sg(json_t *o, const struct ipaddr *src, const struct ipaddr *grp)
{
	if (ip_is_none(src))
		put_text(o, "source", "*");
	else
		put_ip(o, "source", src);
	put_ip(o, "group", grp);
}

static const void *begin(struct tree_show *s, struct app *app, const struct cmd_args *args,
	struct cmd_result *out, const char *list)
{
	*s = (struct tree_show){.app = app, .now_us = app_now_us(), .limit = show_limit(args)};
	out->value = json_object();
	s->list = put_array(out->value, list);
	return runner_instance(app->runner, app->pim_number);
}

static void trees(const struct tree_show *s, const void *self, const struct cmd_args *args,
	bool (*cb)(void *arg, const struct pim_tree_info *t))
{
	const char *src = cmd_arg(args, "SRC"), *grp = cmd_arg(args, "GRP");
	struct ipaddr sa = {.family = IP_NONE}, ga;

	if (src)
		(void)!ip_parse(src, &sa); /* "*" is no address: any */
	pim_tree_walk(self, src ? &sa : NULL, grp && ip_parse(grp, &ga) == 0 ? &ga : NULL, cb,
		(void *)(uintptr_t)s);
}

static json_t *element(struct tree_show *s)
{
	if (s->total++ >= s->limit)
		return NULL;
	s->shown++;
	return add_object(s->list);
}

/* "" is null: a state that this kind of entry does not have. */
static void put_state(json_t *o, const char *key, const char *name)
{
	put_text(o, key, name[0] ? name : NULL);
}

/* --- state -------------------------------------------------------------------------------------------- */

static bool olist_cb(void *arg, const struct pim_oif_info *i)
{
	struct tree_show *s = arg;
	char name[DP_IF_NAMELEN];

	if (i->inherited)
		json_array_append_new(
			s->list, json_string(ifid_name(s->app, i->ifid, name, sizeof(name))));
	return true;
}

static bool state_cb(void *arg, const struct pim_tree_info *t)
{
	struct tree_show *s = arg, outputs = *s;
	json_t *o = element(s);

	if (!o)
		return true;
	put_sg(o, &t->src, &t->grp);
	put_ip(o, "rp", &t->rp);
	put_bool(o, "i_am_rp", t->i_am_rp);
	put_bool(o, "ssm", t->ssm);
	put_if(s, o, "input", t->ifid);
	put_ip(o, "neighbor", &t->neighbor);
	put_bool(o, "joined", t->joined);
	put_bool(o, "connected", t->connected);
	put_bool(o, "spt_bit", t->spt_bit);
	put_state(o, "rpt_state", t->rpt_state);
	put_state(o, "register_state", t->register_state);
	put_bool(o, "registered", t->registered);
	put_until(o, "keepalive_s", t->keepalive_due_us, s->now_us);
	put_bool(o, "routed", t->routed);
	outputs.list = put_array(o, "outputs");
	pim_oif_walk(t, olist_cb, &outputs);
	put_since(o, "uptime_s", t->since_us, s->now_us);
	return true;
}

static void show_state(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct tree_show s;
	const void *self = begin(&s, app, args, out, "trees");

	trees(&s, self, args, state_cb);
	put_totals(out->value, s.total, s.shown);
}

static void text_state(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Source", "source"}, {"Group", "group"},
		{"RP", "rp"}, {"Input", "input"}, {"Neighbor", "neighbor"}, {"Joined", "joined"},
		{"SPT", "spt_bit"}, {"RPT", "rpt_state"}, {"Register", "register_state"},
		{"Outputs", "outputs"}, {"Keepalive", "keepalive_s"}, {"Uptime", "uptime_s"}};
	const json_t *t, *o;
	size_t i, j;

	text_timed_table(json_object_get(value, "trees"), cols, COUNT_OF(cols), to);
	json_array_foreach (json_object_get(value, "trees"), i, t)
		json_array_foreach (json_object_get(t, "outputs"), j, o)
			if (json_equal(o, json_object_get(t, "input")))
				text_not_back(t, json_string_value(o), to);
	text_totals(value, to);
}

/* --- upstream ----------------------------------------------------------------------------------------- */

static bool upstream_cb(void *arg, const struct pim_tree_info *t)
{
	struct tree_show *s = arg;
	json_t *o = element(s);

	if (!o)
		return true;
	put_sg(o, &t->src, &t->grp);
	put_ip(o, "target", ip_is_none(&t->src) ? &t->rp : &t->src);
	put_if(s, o, "input", t->ifid);
	put_ip(o, "next_hop", &t->next_hop);
	put_ip(o, "neighbor", &t->neighbor);
	put_bool(o, "by_assert", t->by_assert);
	put_bool(o, "joined", t->joined);
	put_bool(o, "join_desired", t->join_desired);
	put_until(o, "join_s", t->join_due_us, s->now_us);
	put_state(o, "rpt_state", t->rpt_state);
	put_bool(o, "spt_bit", t->spt_bit);
	put_until(o, "keepalive_s", t->keepalive_due_us, s->now_us);
	put_since(o, "uptime_s", t->since_us, s->now_us);
	return true;
}

static void show_upstream(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct tree_show s;
	const void *self = begin(&s, app, args, out, "upstreams");

	trees(&s, self, args, upstream_cb);
	put_totals(out->value, s.total, s.shown);
}

static void text_upstream(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Source", "source"}, {"Group", "group"},
		{"Target", "target"}, {"Input", "input"}, {"NextHop", "next_hop"},
		{"Neighbor", "neighbor"}, {"Joined", "joined"}, {"Desired", "join_desired"},
		{"NextJoin", "join_s"}, {"RPT", "rpt_state"}, {"SPT", "spt_bit"},
		{"Keepalive", "keepalive_s"}, {"Uptime", "uptime_s"}};

	text_timed_table(json_object_get(value, "upstreams"), cols, COUNT_OF(cols), to);
	text_totals(value, to);
}

/* --- joins -------------------------------------------------------------------------------------------- */

static bool join_oif_cb(void *arg, const struct pim_oif_info *i)
{
	struct tree_show *s = arg;
	json_t *o = element(s);

	if (!o)
		return true;
	put_if(s, o, "interface", i->ifid);
	put_sg(o, &s->tree->src, &s->tree->grp);
	put_text(o, "join_state", i->join_state);
	put_state(o, "rpt_state", i->rpt_state);
	put_state(o, "member", i->member);
	put_text(o, "assert_state", i->assert_state);
	put_ip(o, "winner", &i->winner);
	put_ip(o, "neighbor", &i->by);
	put_bool(o, "immediate", i->immediate);
	put_bool(o, "inherited", i->inherited);
	put_bool(o, "boundary", i->boundary);
	put_until(o, "expires_s", i->expires_us, s->now_us);
	put_since(o, "uptime_s", i->since_us ? i->since_us : s->now_us, s->now_us);
	return true;
}

static bool join_cb(void *arg, const struct pim_tree_info *t)
{
	struct tree_show *s = arg;

	s->tree = t;
	pim_oif_walk(t, join_oif_cb, s);
	return true;
}

static void show_join(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct tree_show s;
	const void *self = begin(&s, app, args, out, "joins");

	trees(&s, self, args, join_cb);
	put_totals(out->value, s.total, s.shown);
}

static void text_join(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"}, {"Source", "source"},
		{"Group", "group"}, {"State", "join_state"}, {"RPT", "rpt_state"},
		{"Member", "member"}, {"Assert", "assert_state"}, {"By", "neighbor"},
		{"Output", "inherited"}, {"Expires", "expires_s"}, {"Uptime", "uptime_s"}};

	text_timed_table(json_object_get(value, "joins"), cols, COUNT_OF(cols), to);
	text_totals(value, to);
}

/* --- registers ---------------------------------------------------------------------------------------- */

static bool register_cb(void *arg, const struct pim_register_info *i)
{
	struct tree_show *s = arg;
	json_t *o = element(s);

	if (!o)
		return true;
	put_sg(o, &i->src, &i->grp);
	put_ip(o, "rp", &i->rp);
	put_text(o, "role", i->by_others ? "rp" : "dr");
	put_state(o, "register_state", i->state);
	put_if(s, o, "interface", i->ifid);
	put_until(o, "stop_s", i->stop_due_us, s->now_us);
	put_since(o, "uptime_s", i->since_us, s->now_us);
	return true;
}

static void show_register(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct tree_show s;
	const void *self = begin(&s, app, args, out, "registers");

	pim_register_walk(self, register_cb, &s);
	put_totals(out->value, s.total, s.shown);
}

static void text_register(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Source", "source"}, {"Group", "group"},
		{"RP", "rp"}, {"Role", "role"}, {"State", "register_state"},
		{"Interface", "interface"}, {"Stop", "stop_s"}, {"Uptime", "uptime_s"}};

	text_timed_table(json_object_get(value, "registers"), cols, COUNT_OF(cols), to);
	text_totals(value, to);
}

/* --- asserts ------------------------------------------------------------------------------------------ */

static bool assert_cb(void *arg, const struct pim_assert_info *i)
{
	struct tree_show *s = arg;
	json_t *o = element(s);

	if (!o)
		return true;
	put_if(s, o, "interface", i->ifid);
	put_sg(o, &i->src, &i->grp);
	put_text(o, "assert_state", i->state);
	put_ip(o, "winner", &i->winner);
	put_bool(o, "rpt", i->rpt);
	put_number(o, "preference", i->preference);
	put_number(o, "metric", i->metric);
	put_until(o, "expires_s", i->expires_us, s->now_us);
	return true;
}

static void show_assert(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct tree_show s;
	const void *self = begin(&s, app, args, out, "asserts");

	pim_assert_walk(self, assert_cb, &s);
	put_totals(out->value, s.total, s.shown);
}

static void text_assert(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"}, {"Source", "source"},
		{"Group", "group"}, {"State", "assert_state"}, {"Winner", "winner"}, {"RPT", "rpt"},
		{"Preference", "preference"}, {"Metric", "metric"}, {"Expires", "expires_s"}};

	text_timed_table(json_object_get(value, "asserts"), cols, COUNT_OF(cols), to);
	text_totals(value, to);
}

const struct cmd show_pim_tree_cmds[] = {
	{"show pim state [SRC] [GRP] [limit N]",
		"trees of PIM: input, outputs, what is joined, switched and registered", show_state,
		text_state},
	{"show pim upstream [SRC] [GRP] [limit N]",
		"trees upstream: towards whom each is joined, and when it is refreshed",
		show_upstream, text_upstream},
	{"show pim join [SRC] [GRP] [limit N]",
		"trees downstream: who has joined on which interface", show_join, text_join},
	{"show pim register [limit N]",
		"sources that are registered with an RP, or with this router as RP", show_register,
		text_register},
	{"show pim assert [limit N]", "LANs with several forwarders: who has won", show_assert,
		text_assert},
	{NULL, NULL, NULL, NULL},
};
