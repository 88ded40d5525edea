/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show police: what each port may bring to control, what it brought and what was refused. show hold: what
 * waits for control's answer.
 */
#include "app/ports.h"
#include "app/shell/text.h"
#include "app/shell/value.h"

#include <string.h>

static void put_rate(json_t *o, const struct dp_rate *rate)
{
	put_value(o, "rate", rate->rate ? json_integer(rate->rate) : json_null());
	put_value(o, "burst",
		rate->rate ? json_integer(rate->burst ? rate->burst : rate->rate) : json_null());
}

static void put_kind(json_t *list, unsigned kind, const struct dp_police_info *info)
{
	const struct dp_police_counters *c = &info->kind[kind];
	json_t *o = add_object(list);

	put_text(o, "class", dp_police_name(kind));
	put_bool(o, "signal", kind >= DP_PUNT_CLASSES);
	put_rate(o, &info->police.kind[kind]);
	put_number(o, "passed", c->passed);
	put_number(o, "by_source", c->by_source);
	put_number(o, "policed", c->policed);
	put_number(o, "lost", c->lost);
}

static void put_port(json_t *list, const char *name, const struct dp_police_info *info)
{
	json_t *o = add_object(list), *classes;

	put_text(o, "name", name);
	put_rate(put_object(o, "source"), &info->police.source);
	put_number(o, "regular_ms", info->police.regular_ms);
	put_number(o, "regulars", info->regulars);
	classes = put_array(o, "classes");
	for (unsigned kind = 0; kind < DP_POLICE_KINDS; kind++)
		put_kind(classes, kind, info);
}

static void show_police(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const char *only = cmd_has(args, "all") ? NULL : cmd_arg(args, "PORT");
	struct dp_police_info info;
	struct port_info port;
	json_t *list;

	out->value = json_object();
	list = put_array(out->value, "ports");
	for (size_t i = 0; app->ports && i < ports_count(app->ports); i++) {
		if (!ports_info(app->ports, i, &port) || (only && strcmp(only, port.name) != 0))
			continue;
		if (app->dp.ops->police_info(app->dp.ctx, port.port_id, &info) == 0)
			put_port(list, port.name, &info);
	}
}

static void text_police(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Class", "class"}, {"Rate", "rate"},
		{"Burst", "burst"}, {"Passed", "passed"}, {"BySource", "by_source"},
		{"Policed", "policed"}, {"Lost", "lost"}};
	const json_t *list = json_object_get(value, "ports"), *p, *source;
	size_t i;

	json_array_foreach (list, i, p) {
		source = json_object_get(p, "source");
		fprintf(to, "%sport %s: %lld regular sources", i ? "\n" : "",
			json_string_value(json_object_get(p, "name")),
			json_integer_value(json_object_get(p, "regulars")));
		if (json_is_integer(json_object_get(source, "rate")))
			fprintf(to, ", each may send %lld/s, %lld at once",
				json_integer_value(json_object_get(source, "rate")),
				json_integer_value(json_object_get(source, "burst")));
		fputc('\n', to);
		text_table(json_object_get(p, "classes"), cols, COUNT_OF(cols), to);
	}
}

uint64_t police_refused(const struct app *app, unsigned kind)
{
	struct dp_police_info info;
	struct port_info port;
	uint64_t n = 0;

	for (size_t i = 0; app->ports && i < ports_count(app->ports); i++)
		if (ports_info(app->ports, i, &port) &&
			app->dp.ops->police_info(app->dp.ctx, port.port_id, &info) == 0)
			n += info.kind[kind].policed + info.kind[kind].lost;
	return n;
}

static void show_hold(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	uint64_t kept = 0, released = 0, full = 0, expired = 0;
	struct dp_worker_info w;
	struct dp_hold_info h;
	json_t *o = out->value = json_object();

	app->dp.ops->hold_info(app->dp.ctx, &h);
	for (uint32_t i = 0; app->dp.ops->worker_info(app->dp.ctx, i, &w) == 0; i++) {
		kept += w.hold_kept;
		released += w.hold_released;
		full += w.drops[DROP_hold_full];
		expired += w.drops[DROP_hold_expired];
	}
	put_bool(o, "on", h.on);
	put_number(o, "packets", h.packets);
	put_number(o, "flows", h.flows);
	put_number(o, "time_ms", h.time_ms);
	put_number(o, "buffers", h.buffers);
	put_number(o, "flows_held", h.flows_held);
	put_number(o, "buffers_held", h.buffers_held);
	put_number(o, "kept", kept);
	put_number(o, "released", released);
	put_number(o, "full", full);
	put_number(o, "expired", expired);
}

const struct cmd show_police_cmds[] = {
	{"show police [PORT|all]",
		"packets and signals a second to control, by port and class: limits, what passed, "
		"what was refused",
		show_police, text_police},
	{"show hold", "packets of flows without route that wait for a protocol's answer", show_hold,
		NULL},
	{NULL, NULL, NULL, NULL},
};
