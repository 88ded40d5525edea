/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show igmp, show mld, clear igmp, clear mld: who listens behind the interfaces. Both families have the
 * same rows; the word says which.
 */
#include "app/shell/text.h"
#include "app/shell/value.h"

#include <string.h>

struct gmp_show {
	struct app *app;
	const void *self;
	uint8_t family;
	uint16_t ifid; /* 0: all */
	bool has_grp;
	struct ipaddr grp;
	json_t *list;
	size_t total, shown, limit;
};

static uint8_t family_of(const struct cmd_args *args)
{
	return cmd_has(args, "mld") ? IP_V6 : IP_V4;
}

/* What to show, and the list for it in out. */
static void begin(struct gmp_show *s, struct app *app, const struct cmd_args *args,
	struct cmd_result *out, const char *list)
{
	const char *name = cmd_arg(args, "IF"), *grp = cmd_arg(args, "GRP");
	const struct net_if *ifp = name ? net_if_find(app->net, name) : NULL;

	*s = (struct gmp_show){.app = app,
		.self = runner_instance(app->runner, app->gmp_number),
		.family = family_of(args),
		.ifid = ifp ? ifp->id : 0,
		.limit = show_limit(args)};
	s->has_grp = grp && ip_parse(grp, &s->grp) == 0;
	out->value = json_object();
	s->list = put_array(out->value, list);
}

static const struct ipaddr *group_filter(const struct gmp_show *s)
{
	return s->has_grp ? &s->grp : NULL;
}

/* A new element while there is room; NULL: it is only counted. */
static json_t *element(struct gmp_show *s)
{
	if (s->total++ >= s->limit)
		return NULL;
	s->shown++;
	return add_object(s->list);
}

static void put_mode(json_t *o, bool exclude)
{
	put_text(o, "mode", exclude ? "exclude" : "include");
}

/* --- groups ------------------------------------------------------------------------------------------- */

static bool group_cb(void *arg, const struct gmp_group_info *g)
{
	json_t *o = element(arg);

	if (!o)
		return true;
	put_text(o, "interface", g->interface);
	put_ip(o, "group", &g->grp);
	put_mode(o, g->exclude);
	put_text(o, "state", gmp_group_state_name(g->state));
	put_number(o, "version", g->version);
	put_bool(o, "static", g->is_static);
	put_bool(o, "ssm", g->ssm);
	put_number(o, "uptime_s", g->uptime_us / 1000000);
	put_left(o, "expires_s", g->left_us);
	put_left(o, "v1_host_s", g->v1_left_us);
	put_left(o, "v2_host_s", g->v2_left_us);
	put_ip(o, "last_reporter", &g->last_reporter);
	put_number(o, "sources", g->n_sources);
	put_number(o, "hosts", g->n_hosts);
	return true;
}

static void show_group(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct gmp_show s;

	begin(&s, app, args, out, "groups");
	gmp_group_walk(s.self, s.family, s.ifid, group_filter(&s), app_now_us(), group_cb, &s);
	put_totals(out->value, s.total, s.shown);
}

/* --- sources ------------------------------------------------------------------------------------------ */

static bool source_cb(void *arg, const struct gmp_source_info *i)
{
	json_t *o = element(arg);

	if (!o)
		return true;
	put_text(o, "interface", i->interface);
	put_ip(o, "group", &i->grp);
	put_ip(o, "source", &i->src);
	put_bool(o, "forward", i->forward);
	put_bool(o, "checking", i->checking);
	put_bool(o, "static", i->is_static);
	put_left(o, "expires_s", i->left_us);
	return true;
}

static void show_source(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct gmp_show s;

	begin(&s, app, args, out, "sources");
	gmp_source_walk(s.self, s.family, s.ifid, group_filter(&s), app_now_us(), source_cb, &s);
	put_totals(out->value, s.total, s.shown);
}

/* --- hosts -------------------------------------------------------------------------------------------- */

static bool host_cb(void *arg, const struct gmp_host_info *h)
{
	json_t *o = element(arg), *sources;
	char buf[IP_STRLEN];

	if (!o)
		return true;
	put_text(o, "interface", h->interface);
	put_ip(o, "group", &h->grp);
	put_ip(o, "host", &h->host);
	put_mode(o, h->exclude);
	put_number(o, "version", h->version);
	put_left(o, "expires_s", h->left_us);
	sources = put_array(o, "sources");
	for (uint32_t i = 0; i < h->n_sources; i++)
		json_array_append_new(
			sources, json_string(ip_str(&h->sources[i], buf, sizeof(buf))));
	return true;
}

static void show_host(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct gmp_show s;

	begin(&s, app, args, out, "hosts");
	gmp_host_walk(s.self, s.family, s.ifid, group_filter(&s), app_now_us(), host_cb, &s);
	put_totals(out->value, s.total, s.shown);
}

/* --- interfaces --------------------------------------------------------------------------------------- */

static void put_querier(json_t *o, const struct gmp_if_info *i, uint64_t now_us)
{
	put_bool(o, "querier", i->querier);
	put_ip(o, "querier_address", &i->querier_address);
	put_since(o, "querier_s", i->running ? i->querier_since_us : now_us, now_us);
	put_left(o, "other_querier_s", i->other_querier_left_us);
	put_left(o, "next_query_s", i->next_query_left_us);
	put_number(o, "startup_queries", i->startup_left);
}

static void put_settings(json_t *o, const struct gmp_if_info *i)
{
	static const char *const leave[] = {[GMP_LEAVE_TRACKING] = "tracking",
		[GMP_LEAVE_QUERY] = "query",
		[GMP_LEAVE_IMMEDIATE] = "immediate"};

	put_number(o, "version", i->conf->version);
	put_number(o, "robustness", i->robustness);
	put_number(o, "query_interval_s", i->query_interval_s);
	put_number(o, "query_response_interval_ms", i->query_response_interval_ms);
	put_number(o, "group_membership_interval_ms", i->group_membership_interval_us / 1000);
	put_number(o, "last_member_query_time_ms", i->last_member_query_time_us / 1000);
	put_text(o, "leave", leave[i->conf->leave]);
	put_bool(o, "tracking", i->conf->tracking);
	put_number(o, "max_groups", i->conf->max_groups);
}

static bool if_cb(void *arg, const struct gmp_if_info *i)
{
	struct gmp_show *s = arg;
	json_t *o;

	if (s->ifid && s->ifid != i->ifid)
		return true;
	o = add_object(s->list);
	put_text(o, "interface", i->interface);
	put_bool(o, "running", i->running);
	put_text(o, "problem", i->running ? NULL : i->problem);
	put_ip(o, "address", &i->address);
	put_querier(o, i, app_now_us());
	put_settings(o, i);
	put_number(o, "groups", i->groups);
	put_number(o, "entries", i->entries);
	put_bool(o, "suppressed", i->suppressed);
	return true;
}

static void show_if(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct gmp_show s;

	begin(&s, app, args, out, "interfaces");
	gmp_if_walk(s.self, s.family, app_now_us(), if_cb, &s);
}

/* --- statistics --------------------------------------------------------------------------------------- */

static bool statistics_cb(void *arg, const struct gmp_if_info *i)
{
	struct gmp_show *s = arg;
	json_t *o, *c;

	if (s->ifid && s->ifid != i->ifid)
		return true;
	o = add_object(s->list);
	put_text(o, "interface", i->interface);
	c = put_object(o, "counters");
	for (unsigned k = 0; k < GMP_COUNTER_N; k++)
		put_number(c, gmp_counter_name((enum gmp_counter)k), i->counters[k]);
	c = put_array(o, "last_from");
	for (unsigned k = 0; k < GMP_COUNTER_N; k++)
		put_last_from(c, gmp_counter_name((enum gmp_counter)k), &i->last_from[k]);
	return true;
}

static void show_statistics(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct gmp_show s;

	begin(&s, app, args, out, "interfaces");
	gmp_if_walk(s.self, s.family, app_now_us(), statistics_cb, &s);
}

/* --- texts -------------------------------------------------------------------------------------------- */

static void text_group(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"}, {"Group", "group"},
		{"Mode", "mode"}, {"State", "state"}, {"Version", "version"},
		{"Sources", "sources"}, {"Hosts", "hosts"}, {"Static", "static"},
		{"Uptime", "uptime_s"}, {"Expires", "expires_s"},
		{"LastReporter", "last_reporter"}};

	text_timed_table(json_object_get(value, "groups"), cols, COUNT_OF(cols), to);
	text_totals(value, to);
}

static void text_source(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"}, {"Group", "group"},
		{"Source", "source"}, {"Forward", "forward"}, {"Checking", "checking"},
		{"Static", "static"}, {"Expires", "expires_s"}};

	text_timed_table(json_object_get(value, "sources"), cols, COUNT_OF(cols), to);
	text_totals(value, to);
}

static void text_host(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"}, {"Group", "group"},
		{"Host", "host"}, {"Mode", "mode"}, {"Version", "version"},
		{"Expires", "expires_s"}, {"Sources", "sources"}};

	text_timed_table(json_object_get(value, "hosts"), cols, COUNT_OF(cols), to);
	text_totals(value, to);
}

static void text_if(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"},
		{"Running", "running"}, {"Version", "version"}, {"Address", "address"},
		{"Querier", "querier_address"}, {"Ours", "querier"}, {"Since", "querier_s"},
		{"NextQuery", "next_query_s"}, {"Robustness", "robustness"},
		{"Interval", "query_interval_s"}, {"Leave", "leave"}, {"Groups", "groups"},
		{"Suppressed", "suppressed"}};
	const json_t *list = json_object_get(value, "interfaces"), *o;
	const char *problem;
	size_t i;

	text_timed_table(list, cols, COUNT_OF(cols), to);
	json_array_foreach (list, i, o) {
		problem = json_string_value(json_object_get(o, "problem"));
		if (problem)
			fprintf(to, "%s: %s\n", json_string_value(json_object_get(o, "interface")),
				problem);
	}
}

static void text_statistics(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Interface", "interface"},
		{"Counter", "counter"}, {"Value", "value"}, {"LastFrom", "from"},
		{"Meaning", "text"}};
	const json_t *o, *n;
	json_t *rows = json_array(), *row;
	size_t i;

	json_array_foreach (json_object_get(value, "interfaces"), i, o)
		for (unsigned k = 0; k < GMP_COUNTER_N; k++) {
			n = json_object_get(json_object_get(o, "counters"),
				gmp_counter_name((enum gmp_counter)k));
			if (!json_integer_value(n))
				continue;
			row = add_object(rows);
			put_value(row, "interface", json_copy(json_object_get(o, "interface")));
			put_text(row, "counter", gmp_counter_name((enum gmp_counter)k));
			put_value(row, "value", json_copy((json_t *)n));
			put_text(row, "from",
				last_from(json_object_get(o, "last_from"),
					gmp_counter_name((enum gmp_counter)k)));
			put_text(row, "text", gmp_counter_words((enum gmp_counter)k));
		}
	if (json_array_size(rows))
		text_table(rows, cols, COUNT_OF(cols), to);
	else
		fputs("nothing was counted\n", to);
	json_decref(rows);
}

/* --- clear -------------------------------------------------------------------------------------------- */

static void clear(
	struct app *app, const struct cmd_args *args, struct gmp_command *c, struct cmd_result *out)
{
	const char *name = cmd_arg(args, "IF"), *grp = cmd_arg(args, "GRP");
	char error[256] = "";
	int rc;

	c->family = family_of(args);
	snprintf(c->interface, sizeof(c->interface), "%s", name ? name : "");
	if (grp)
		(void)!ip_parse(grp, &c->grp);
	rc = runner_command(app->runner, app->gmp_number, c, error, sizeof(error), app_now_us());
	if (rc)
		cmd_fail(out, "%s", error[0] ? error : strerror(-rc));
	else
		runner_commit(app->runner);
}

static void clear_group(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct gmp_command c = {.kind = GMP_CLEAR_GROUPS};

	clear(app, args, &c, out);
}

static void clear_statistics(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct gmp_command c = {.kind = GMP_CLEAR_STATISTICS};

	clear(app, args, &c, out);
}

#define ROWS(word, name)                                                                         \
	{"show " word " group [IF] [GRP] [limit N]", name " groups with members", show_group,    \
		text_group},                                                                     \
		{"show " word " source [IF] [GRP] [limit N]",                                    \
			name " sources that members name: forwarded, blocked, asked for",        \
			show_source, text_source},                                               \
		{"show " word " host [IF] [GRP] [limit N]",                                      \
			name " members by host, where they are tracked", show_host, text_host},  \
		{"show " word " interface [IF]", name " on the interfaces: querier and timers",  \
			show_if, text_if},                                                       \
		{"show " word " statistics [IF]", name " messages taken, sent and refused",      \
			show_statistics, text_statistics},                                       \
		{"clear " word " group [IF] [GRP]",                                              \
			"forgets " name " members and asks for them again: traffic stops until " \
			"they answer",                                                           \
			clear_group, NULL},                                                      \
	{                                                                                        \
		"clear " word " statistics [IF]", "sets the counters of " name " to zero",       \
			clear_statistics, NULL                                                   \
	}

const struct cmd show_gmp_cmds[] = {
	ROWS("igmp", "IGMP"),
	ROWS("mld", "MLD"),
	{NULL, NULL, NULL, NULL},
};
