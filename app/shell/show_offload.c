/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show offload: what each port's hardware does and what the workers do in its place, and why.
 */
#include "app/ports.h"
#include "app/shell/text.h"
#include "app/shell/value.h"

#include <string.h>

static void put_rules(json_t *o, struct app *app, size_t index)
{
	json_t *rules = put_array(o, "rules"), *r;
	struct flow_rule_info rule;

	for (size_t i = 0; ports_rule(app->ports, index, i, &rule); i++) {
		r = add_object(rules);
		put_text(r, "what", rule.what);
		put_text(r, "pattern", rule.pattern);
		put_text(r, "action", rule.action);
		put_text(r, "state", rule.hardware ? "hardware" : "software");
		put_text(r, "problem", rule.problem[0] ? rule.problem : NULL);
		put_value(r, "hits",
			rule.counted ? json_integer((json_int_t)rule.hits) : json_null());
	}
}

static void put_offloads(json_t *o, struct app *app, size_t index)
{
	json_t *list = put_array(o, "offloads"), *e;
	struct port_offload offload;

	for (size_t i = 0; ports_offload(app->ports, index, i, &offload); i++) {
		e = add_object(list);
		put_text(e, "name", offload.name);
		put_text(e, "direction", offload.rx ? "rx" : "tx");
		put_bool(e, "announced", offload.announced);
		put_bool(e, "used", offload.used);
		put_text(e, "why", offload.why[0] ? offload.why : NULL);
	}
}

static void put_port(json_t *ports, struct app *app, size_t index, const struct port_info *p)
{
	json_t *o = add_object(ports);
	struct flow_port_info flow;
	bool there = ports_flow(app->ports, index, &flow);

	put_text(o, "name", p->name);
	put_text(o, "driver", p->driver);
	put_bool(o, "present", there);
	put_number(o, "data_queues", there ? flow.data_queues : 0);
	put_value(o, "control_queue",
		there && flow.control_queue ? json_integer(flow.data_queues) : json_null());
	put_number(o, "marks", there ? flow.marks : 0);
	put_number(o, "marks_limit", there ? flow.marks_limit : 0);
	put_rules(o, app, index);
	put_offloads(o, app, index);
}

static void show_offload(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const char *only = cmd_has(args, "all") ? NULL : cmd_arg(args, "PORT");
	uint64_t used = 0, refused = 0;
	struct port_info info;
	json_t *ports;

	out->value = json_object();
	ports = put_array(out->value, "ports");
	for (size_t i = 0; app->ports && i < ports_count(app->ports); i++)
		if (ports_info(app->ports, i, &info) && (!only || strcmp(only, info.name) == 0))
			put_port(ports, app, i, &info);
	if (app->ports)
		ports_mark_hits(app->ports, &used, &refused);
	put_number(out->value, "marks_used", used);
	put_number(out->value, "marks_refused", refused);
}

static void text_port(const json_t *p, FILE *to)
{
	static const struct text_column rules[] = {{"What", "what"}, {"State", "state"},
		{"Pattern", "pattern"}, {"Action", "action"}, {"Hits", "hits"}, {"Why", "problem"}};
	static const struct text_column offloads[] = {{"Offload", "name"},
		{"Direction", "direction"}, {"Announced", "announced"}, {"Used", "used"},
		{"Why", "why"}};
	const json_t *control = json_object_get(p, "control_queue");

	fprintf(to, "port %s (%s): ", json_string_value(json_object_get(p, "name")),
		json_string_value(json_object_get(p, "driver")));
	if (!json_is_true(json_object_get(p, "present"))) {
		fputs("absent\n", to);
		return;
	}
	fprintf(to, "%lld data queue(s), ",
		(long long)json_integer_value(json_object_get(p, "data_queues")));
	if (json_is_integer(control))
		fprintf(to, "control packets in queue %lld, ",
			(long long)json_integer_value(control));
	else
		fputs("control packets among data, ", to);
	fprintf(to, "%lld of %lld marks\n",
		(long long)json_integer_value(json_object_get(p, "marks")),
		(long long)json_integer_value(json_object_get(p, "marks_limit")));
	text_table(json_object_get(p, "rules"), rules, COUNT_OF(rules), to);
	fputc('\n', to);
	text_table(json_object_get(p, "offloads"), offloads, COUNT_OF(offloads), to);
}

static void text_offload(const json_t *value, FILE *to)
{
	const json_t *ports = json_object_get(value, "ports"), *p;
	size_t i;

	json_array_foreach (ports, i, p) {
		if (i)
			fputc('\n', to);
		text_port(p, to);
	}
	fprintf(to, "\nmarked packets: %lld by their mark, %lld looked up all the same\n",
		(long long)json_integer_value(json_object_get(value, "marks_used")),
		(long long)json_integer_value(json_object_get(value, "marks_refused")));
}

const struct cmd show_offload_cmds[] = {
	{"show offload [PORT|all]",
		"what the ports' hardware does, what the workers do instead, and why", show_offload,
		text_offload},
	{NULL, NULL, NULL, NULL},
};
