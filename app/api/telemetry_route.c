/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The endpoints of multicast routes. A page of a million routes costs what a page costs: its offset is
 * a place in the table of routes, not a number of routes, and the order is the table's. A route
 * that stays is in one of the pages, whatever comes and goes meanwhile.
 */
#include "app/api/telemetry_priv.h"

#include "app/shell/show_mroute.h"

#include <string.h>

/* An offset is a cursor of tib_scan, and how many of the routes there were told already. */
#define SKIP_BITS 12
#define SKIP_MAX ((1u << SKIP_BITS) - 1)
#define LOOKS_MAX 65536 /* places of the table a page looks at; most may be empty */

struct route_page {
	struct app *app;
	json_t *list;
	size_t used;
	uint32_t limit;
	uint32_t skip, at; /* at the present cursor: to be left out, seen */
	bool full;
};

/* What fits into a page many times: the outputs are /starg/oifs. */
static json_t *summary(const json_t *route)
{
	static const char *const keys[] = {"source", "group", "table", "input_owner", "installed",
		"uptime_s", "problem", "flags"};
	json_t *o = json_object(), *inputs = json_array();
	const json_t *in;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(o, keys[i], json_object_get(route, keys[i]));
	json_array_foreach (json_object_get(route, "inputs"), i, in)
		json_array_append(inputs, json_object_get(in, "interface"));
	json_object_set_new(o, "inputs", inputs);
	json_object_set_new(o, "outputs",
		json_integer((json_int_t)json_array_size(json_object_get(route, "outputs"))));
	json_object_update(o, json_object_get(route, "counters"));
	return o;
}

static void page_entry(void *arg, const struct tib_entry_info *e)
{
	struct route_page *p = arg;
	json_t *route, *less, *shaped;
	size_t len;
	char key[24];

	if (p->full || p->at++ < p->skip)
		return;
	route = show_mroute_entry(p->app, e);
	less = summary(route);
	shaped = telemetry_shape(less);
	json_decref(route);
	json_decref(less);
	len = telemetry_size(shaped) + 16;
	if (p->used + len > TELEMETRY_BYTES_MAX || json_object_size(p->list) >= p->limit) {
		json_decref(shaped);
		p->full = true;
		p->at--;
		return;
	}
	p->used += len;
	snprintf(key, sizeof(key), "%zu", json_object_size(p->list));
	json_object_set_new(p->list, key, shaped);
}

json_t *telemetry_routes(struct app *app, const char *command, char **params, unsigned n)
{
	struct route_page p = {.app = app, .list = json_object(), .used = 128};
	struct telemetry_page page;
	json_t *o = telemetry_page_read(params, n, 0, &page);
	uint32_t cursor = (uint32_t)(page.offset >> SKIP_BITS), next = cursor, looks = 0;

	if (o || page.offset >> SKIP_BITS > UINT32_MAX) {
		json_decref(p.list);
		return o ? o : telemetry_error("OFFSET is a number: 0, then what \"next\" said");
	}
	p.limit = page.limit;
	p.skip = (uint32_t)page.offset & SKIP_MAX;
	do {
		cursor = next;
		p.at = 0;
		next = tib_scan(app->tib, cursor, page_entry, &p);
		if (!p.full)
			p.skip = 0;
	} while (next && !p.full && ++looks < LOOKS_MAX);
	if (next && !p.full) {
		cursor = next;
		p.at = 0;
		p.full = true;
	}
	o = json_object();
	json_object_set_new(o, "total", json_integer((json_int_t)tib_count(app->tib)));
	if (p.full && p.at <= SKIP_MAX)
		json_object_set_new(o, "next",
			json_integer((json_int_t)((uint64_t)cursor << SKIP_BITS | p.at)));
	json_object_set_new(o, "routes", p.list);
	return o;
}

/* --- one route ----------------------------------------------------------------------------------------- */

/* The route of exactly this key as `show mroute` has it; NULL with what to answer instead. */
static json_t *find_route(struct app *app, char **params, unsigned n, json_t **error)
{
	struct dp_route_key key;
	struct tib_entry_info e;
	bool any = n > 0 && strcmp(params[0], "*") == 0;

	*error = NULL;
	memset(&key, 0, sizeof(key));
	if (n < 2 || (!any && prefix_parse(params[0], &key.src)) ||
		prefix_parse(params[1], &key.grp) || !ip_is_multicast(&key.grp.addr)) {
		*error = telemetry_error("the parameters are SOURCE,GROUP: 10.0.0.1,239.1.1.1");
		return NULL;
	}
	if (any)
		key.src.addr.family = key.grp.addr.family;
	if (tib_entry_get(app->tib, &key, &e))
		return show_mroute_entry(app, &e);
	*error = telemetry_error("there is no such route: see /starg/routes");
	return NULL;
}

json_t *telemetry_route(struct app *app, const char *command, char **params, unsigned n)
{
	json_t *error, *route, *o;

	if (n > 2)
		return telemetry_error("too many parameters: SOURCE,GROUP");
	route = find_route(app, params, n, &error);
	if (!route)
		return error;
	o = telemetry_shape(route);
	if (o && telemetry_size(o) > TELEMETRY_BYTES_MAX) {
		json_t *less = summary(route);

		json_decref(o);
		o = telemetry_shape(less);
		json_decref(less);
	}
	json_decref(route);
	return o;
}

json_t *telemetry_oifs(struct app *app, const char *command, char **params, unsigned n)
{
	json_t *error, *route, *only, *o;
	struct telemetry_page page;

	route = find_route(app, params, n, &error);
	if (!route)
		return error;
	error = telemetry_page_read(params, n, 2, &page);
	if (error) {
		json_decref(route);
		return error;
	}
	only = json_pack("{s:O, s:O, s:O}", "source", json_object_get(route, "source"), "group",
		json_object_get(route, "group"), "outputs", json_object_get(route, "outputs"));
	o = telemetry_page(only, &page);
	json_decref(only);
	json_decref(route);
	return o;
}
