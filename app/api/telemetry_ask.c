/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The endpoints: most of them are a command of the shell, whose JSON is cut into pages.
 */
#include "app/api/telemetry_priv.h"

#include "app/shell/command.h"

#include <stdlib.h>
#include <string.h>

#define PARAMS_MAX 4
#define PARAMS_LEN 1024 /* DPDK reads no more */
#define PRINTABLE                                                             \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/" \
	"*#@+%~=<>()[] "

/* --- parameters ----------------------------------------------------------------------------------- */

static bool read_number(const char *word, uint64_t max, uint64_t *out)
{
	size_t digits = strspn(word, "0123456789");

	if (!digits || digits > 19 || word[digits])
		return false;
	*out = strtoull(word, NULL, 10);
	return *out <= max;
}

json_t *telemetry_page_read(char **params, unsigned n, unsigned at, struct telemetry_page *page)
{
	uint64_t limit = TELEMETRY_MEMBERS_MAX;

	*page = (struct telemetry_page){.limit = TELEMETRY_MEMBERS_MAX};
	if (n > at + 2)
		return telemetry_error("too many parameters: OFFSET and LIMIT are the last");
	if (n > at && !read_number(params[at], UINT64_MAX, &page->offset))
		return telemetry_error("OFFSET is a number: 0, then what \"next\" said");
	if (n > at + 1 && (!read_number(params[at + 1], UINT32_MAX, &limit) || !limit))
		return telemetry_error("LIMIT is a number from 1 on");
	page->limit = limit < TELEMETRY_MEMBERS_MAX ? (uint32_t)limit : TELEMETRY_MEMBERS_MAX;
	return NULL;
}

/* --- commands of the shell --------------------------------------------------------------------------- */

/* Runs a line; its value as a new reference, or NULL with what to answer instead. */
static json_t *run_line(struct app *app, const char *line, json_t **error)
{
	struct cmd_result r;
	json_t *value;

	cmd_run(app, line, &r);
	value = json_incref(r.value);
	*error = NULL;
	if (r.status)
		*error = telemetry_error("%.120s", r.error);
	else if (!json_is_object(value))
		*error = telemetry_error("nothing to show");
	cmd_result_fini(&r);
	if (!*error)
		return value;
	json_decref(value);
	return NULL;
}

static json_t *page_of_line(struct app *app, const char *line, const struct telemetry_page *page)
{
	json_t *error, *value = run_line(app, line, &error), *answer;

	if (!value)
		return error;
	answer = telemetry_page(value, page);
	json_decref(value);
	return answer;
}

/* `show` of a list: [OFFSET[,LIMIT]]. */
static json_t *answer_list(struct app *app, const char *command, char **params, unsigned n)
{
	struct telemetry_page page;
	json_t *error = telemetry_page_read(params, n, 0, &page);

	return error ? error : page_of_line(app, command, &page);
}

/* `show` of something large, which ends at a limit of its own: as far as the page goes, with the number of
 * all of them. */
static json_t *answer_large(struct app *app, const char *command, char **params, unsigned n)
{
	struct telemetry_page page;
	json_t *error = telemetry_page_read(params, n, 0, &page), *value, *answer;
	json_int_t total, shown;
	char line[128];

	if (error)
		return error;
	if (page.offset > UINT32_MAX - page.limit)
		return telemetry_error("OFFSET is a number: 0, then what \"next\" said");
	snprintf(line, sizeof(line), "%s limit %llu", command,
		(unsigned long long)(page.offset + page.limit));
	value = run_line(app, line, &error);
	if (!value)
		return error;
	answer = telemetry_page(value, &page);
	total = json_integer_value(json_object_get(value, "total"));
	shown = json_integer_value(json_object_get(value, "shown"));
	json_object_set_new(answer, "total", json_integer(total));
	if (shown < total && !json_object_get(answer, "next"))
		json_object_set_new(answer, "next", json_integer(shown));
	json_decref(value);
	return answer;
}

/* The only element of the only list. */
static json_t *answer_named(struct app *app, const char *command, char **params, unsigned n)
{
	const struct telemetry_page all = {.limit = TELEMETRY_MEMBERS_MAX};
	json_t *error, *value, *list, *answer;
	char line[256];

	if (n != 1)
		return telemetry_error("one parameter is needed: a name");
	snprintf(line, sizeof(line), "%s %.128s", command, params[0]);
	if (strchr(params[0], ' '))
		return telemetry_error("one name only");
	value = run_line(app, line, &error);
	if (!value)
		return error;
	list = json_object_iter_value(json_object_iter(value));
	answer = telemetry_page(json_array_get(list, 0), &all);
	json_decref(value);
	return answer ? answer : telemetry_error("there is none of that name");
}

/* Any `show`: COMMAND[,OFFSET[,LIMIT]]. */
static json_t *answer_show(struct app *app, const char *command, char **params, unsigned n)
{
	char line[PARAMS_LEN + 16];
	struct telemetry_page page;
	json_t *error;

	if (!n)
		return telemetry_error("what to show is missing: /starg/show,mroute count");
	error = telemetry_page_read(params, n, 1, &page);
	if (error)
		return error;
	snprintf(line, sizeof(line), "%s %s", command, params[0]);
	return page_of_line(app, line, &page);
}

/* --- answers of their own ------------------------------------------------------------------------------ */

/* [N]: without it all workers, a page of them. */
static json_t *answer_worker(struct app *app, const char *command, char **params, unsigned n)
{
	struct telemetry_page page = {.limit = TELEMETRY_MEMBERS_MAX};
	json_t *error, *value, *one, *answer;
	uint64_t index = 0;

	if (n > 1 || (n && !read_number(params[0], UINT32_MAX, &index)))
		return telemetry_error("the parameter is a worker's number: /starg/worker,0");
	value = run_line(app, command, &error);
	if (!value)
		return error;
	one = json_array_get(json_object_get(value, "workers"), (size_t)index);
	if (n && !one)
		answer = telemetry_error("there is no worker %llu", (unsigned long long)index);
	else
		answer = n ? telemetry_shape(one) : telemetry_page(value, &page);
	json_decref(value);
	return answer;
}

/* Reason -> packets. */
static json_t *answer_drops(struct app *app, const char *command, char **params, unsigned n)
{
	json_t *error, *value = run_line(app, command, &error), *o, *answer;
	const json_t *drop;
	size_t i;

	if (!value)
		return error;
	o = json_object();
	json_array_foreach (json_object_get(value, "drops"), i, drop)
		json_object_set(o, json_string_value(json_object_get(drop, "reason")),
			json_object_get(drop, "packets"));
	answer = telemetry_shape(o);
	json_decref(o);
	json_decref(value);
	return answer;
}

static void add_numbers(json_t *to, const json_t *from)
{
	const json_t *member;
	const char *key;

	json_object_foreach ((json_t *)from, key, member)
		if (json_is_integer(member))
			json_object_set_new(to, key,
				json_integer(json_integer_value(json_object_get(to, key)) +
					     json_integer_value(member)));
}

/* Kind -> its counters, summed over the workers. */
static json_t *answer_upcalls(struct app *app, const char *command, char **params, unsigned n)
{
	json_t *error, *value = run_line(app, command, &error), *o, *sum;
	const json_t *worker, *upcall;
	size_t i, j;

	if (!value)
		return error;
	o = json_object();
	json_array_foreach (json_object_get(value, "workers"), i, worker)
		json_array_foreach (json_object_get(worker, "upcalls"), j, upcall) {
			const char *kind = json_string_value(json_object_get(upcall, "kind"));

			sum = json_object_get(o, kind);
			if (!sum) {
				sum = json_object();
				json_object_set_new(o, kind, sum);
			}
			add_numbers(sum, upcall);
		}
	json_decref(value);
	return o;
}

static json_t *answer_help(struct app *app, const char *command, char **params, unsigned n)
{
	json_t *o = json_object();
	char text[128];

	for (size_t i = 0; i < telemetry_n_endpoints; i++) {
		const struct telemetry_endpoint *e = &telemetry_endpoints[i];

		snprintf(text, sizeof(text), "%s%s%s", e->params, *e->params ? ": " : "", e->help);
		json_object_set_new(o, e->name, json_string(text));
	}
	return o;
}

/* --- the table --------------------------------------------------------------------------------------- */

const struct telemetry_endpoint telemetry_endpoints[] = {
	{"/starg/help", "", "these lines", answer_help, NULL},
	{"/starg/version", "", "name, version, uptime", answer_list, "show version"},
	{"/starg/memory", "", "buffers, tables, resident memory", answer_list, "show memory"},
	{"/starg/worker", "[N]", "one worker, or all", answer_worker, "show worker"},
	{"/starg/drops", "", "packets by drop reason", answer_drops, "show drop all"},
	{"/starg/upcalls", "", "signals to control by kind", answer_upcalls, "show worker"},
	{"/starg/police", "[OFFSET[,LIMIT]]", "packets to control by port and class", answer_list,
		"show police"},
	{"/starg/hold", "", "packets that wait for a protocol's answer", answer_list, "show hold"},
	{"/starg/interfaces", "[OFFSET[,LIMIT]]", "all interfaces", answer_list, "show interface"},
	{"/starg/interface", "NAME", "one interface", answer_named, "show interface"},
	{"/starg/ports", "[OFFSET[,LIMIT]]", "all ports", answer_list, "show port info"},
	{"/starg/port", "NAME", "one port", answer_named, "show port info"},
	{"/starg/port_stats", "[OFFSET[,LIMIT]]", "counters of the devices", answer_list,
		"show port stats"},
	{"/starg/neighbors", "[OFFSET[,LIMIT]]", "ARP, ND and static", answer_list,
		"show neighbor"},
	{"/starg/rib", "[OFFSET[,LIMIT]]", "unicast routes", answer_list, "show route"},
	{"/starg/routes", "[OFFSET[,LIMIT]]", "multicast routes", telemetry_routes, NULL},
	{"/starg/route", "SOURCE,GROUP", "one multicast route", telemetry_route, NULL},
	{"/starg/oifs", "SOURCE,GROUP[,OFFSET[,LIMIT]]", "its outputs", telemetry_oifs, NULL},
	{"/starg/igmp_groups", "[OFFSET[,LIMIT]]", "groups with members", answer_large,
		"show igmp group"},
	{"/starg/igmp_sources", "[OFFSET[,LIMIT]]", "sources they name", answer_large,
		"show igmp source"},
	{"/starg/igmp_hosts", "[OFFSET[,LIMIT]]", "members by host", answer_large,
		"show igmp host"},
	{"/starg/igmp_interfaces", "[OFFSET[,LIMIT]]", "queriers, timers", answer_list,
		"show igmp interface"},
	{"/starg/mld_groups", "[OFFSET[,LIMIT]]", "groups with members", answer_large,
		"show mld group"},
	{"/starg/mld_sources", "[OFFSET[,LIMIT]]", "sources they name", answer_large,
		"show mld source"},
	{"/starg/mld_hosts", "[OFFSET[,LIMIT]]", "members by host", answer_large, "show mld host"},
	{"/starg/mld_interfaces", "[OFFSET[,LIMIT]]", "queriers, timers", answer_list,
		"show mld interface"},
	{"/starg/pim_interfaces", "[OFFSET[,LIMIT]]", "DRs, timers", answer_list,
		"show pim interface"},
	{"/starg/pim_neighbors", "[OFFSET[,LIMIT]]", "PIM routers", answer_list,
		"show pim neighbor"},
	{"/starg/pim_trees", "[OFFSET[,LIMIT]]", "(*,G) and (S,G)", answer_large, "show pim state"},
	{"/starg/pim_upstreams", "[OFFSET[,LIMIT]]", "trees upstream", answer_large,
		"show pim upstream"},
	{"/starg/pim_joins", "[OFFSET[,LIMIT]]", "trees downstream", answer_large, "show pim join"},
	{"/starg/pim_registers", "[OFFSET[,LIMIT]]", "registered sources", answer_large,
		"show pim register"},
	{"/starg/pim_asserts", "[OFFSET[,LIMIT]]", "who has won", answer_large, "show pim assert"},
	{"/starg/pim_rps", "[OFFSET[,LIMIT]]", "RPs and the way to them", answer_list,
		"show pim rp"},
	{"/starg/show", "COMMAND[,OFFSET[,LIMIT]]", "any show", answer_show, "show"},
};
const size_t telemetry_n_endpoints = sizeof(telemetry_endpoints) / sizeof(telemetry_endpoints[0]);

/* Takes text apart at its commas. */
static unsigned split(char *text, char **params)
{
	unsigned n = 0;

	while (text && n <= PARAMS_MAX) {
		params[n++] = text;
		text = strchr(text, ',');
		if (text)
			*text++ = '\0';
	}
	return n;
}

json_t *telemetry_answer(struct app *app, const char *name, const char *params)
{
	char text[PARAMS_LEN], *words[PARAMS_MAX + 1];
	const struct telemetry_endpoint *e = NULL;
	unsigned n;

	for (size_t i = 0; i < telemetry_n_endpoints && !e; i++)
		if (strcmp(telemetry_endpoints[i].name, name) == 0)
			e = &telemetry_endpoints[i];
	if (!e)
		return telemetry_error("no such endpoint: ask /starg/help");
	if (!params)
		params = "";
	snprintf(text, sizeof(text), "%s", params);
	if (strlen(params) >= sizeof(text) || params[strspn(params, PRINTABLE ",")])
		return telemetry_error("the parameters hold characters that no name has");
	n = *text ? split(text, words) : 0;
	if (n > PARAMS_MAX || (n && !*e->params))
		return telemetry_error("too many parameters: see /starg/help");
	return e->answer(app, e->command, words, n);
}
