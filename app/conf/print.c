/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A configuration back to text: what was left to its default is left out again.
 */
#include "app/conf/conf_priv.h"

static void outputs_print(const struct static_route *r, FILE *to)
{
	struct static_output defaults;

	output_defaults(&defaults);
	fputs("outputs: ( ", to);
	for (uint32_t i = 0; i < r->n_outputs; i++) {
		fputs("{ ", to);
		group_print(&conf_group_output, &r->outputs[i], &defaults, to);
		fputs(i + 1 < r->n_outputs ? "},\n\t\t" : "} ", to);
	}
	fputs("); ", to);
}

static void input_print(const struct static_route *r, FILE *to)
{
	bool host = r->key.src.len == ip_bits(&r->key.src.addr);

	if (r->input_kind == STATIC_INPUT_RPF && !host)
		fputs("input = \"rpf\"; ", to);
	if (r->input_kind == STATIC_INPUT_ANY)
		fputs("input = \"any\"; ", to);
	if (r->input_kind != STATIC_INPUT_IF)
		return;
	fputs(r->n_inputs == 1 ? "input = " : "input = [ ", to);
	for (unsigned i = 0; i < r->n_inputs; i++) {
		string_print(r->inputs[i], to);
		if (i + 1 < r->n_inputs)
			fputs(", ", to);
	}
	fputs(r->n_inputs == 1 ? "; " : " ]; ", to);
}

void conf_print_route(const struct static_route *r, FILE *to)
{
	fputs("{ source = ", to);
	if (r->key.src.len == 0)
		fputs("\"*\"", to);
	else
		prefix_print(&r->key.src, to);
	fputs("; group = ", to);
	prefix_print(&r->key.grp, to);
	fputs("; ", to);
	input_print(r, to);
	excepts_print(r, to);
	outputs_print(r, to);
	fputc('}', to);
}

/* One list of groups; element prints the i-th without what surrounds it. */
static void list_print(const struct conf *c, const char *name, size_t n,
	void (*element)(const struct conf *c, size_t i, FILE *to), FILE *to)
{
	fprintf(to, "%s: (%s", name, n ? "\n" : "");
	for (size_t i = 0; i < n; i++) {
		fputc('\t', to);
		element(c, i, to);
		fputs(i + 1 < n ? ",\n" : "\n", to);
	}
	fputs(");\n", to);
}

static void braced(const struct conf_group *g, const void *obj, const void *defaults, FILE *to)
{
	fputs("{ ", to);
	group_print(g, obj, defaults, to);
	fputc('}', to);
}

static void port_element(const struct conf *c, size_t i, FILE *to)
{
	struct conf_port defaults;

	port_defaults(&defaults);
	braced(&conf_group_port, &c->ports[i], &defaults, to);
}

static void if_element(const struct conf *c, size_t i, FILE *to)
{
	struct conf_if defaults;

	if_defaults(&defaults);
	braced(&conf_group_if, &c->ifs[i], &defaults, to);
}

static void rpf_element(const struct conf *c, size_t i, FILE *to)
{
	static const struct conf_rpf defaults;

	braced(&conf_group_rpf, &c->rpf[i], &defaults, to);
}

static void neigh_element(const struct conf *c, size_t i, FILE *to)
{
	static const struct conf_neigh defaults;

	braced(&conf_group_neigh, &c->neighs[i], &defaults, to);
}

static void route_element(const struct conf *c, size_t i, FILE *to)
{
	conf_print_route(&c->routes[i], to);
}

static void heads_print(const struct conf *c, FILE *to)
{
	struct conf_router router;
	struct conf_control control;

	router_defaults(&router);
	control_defaults(&control);
	fputs("router: ", to);
	braced(&conf_group_router, &c->router, &router, to);
	fputs(";\n", to);
	if (strcmp(c->control.socket, control.socket) == 0)
		return;
	fputs("control: ", to);
	braced(&conf_group_control, &c->control, &control, to);
	fputs(";\n", to);
}

void conf_print(const struct conf *c, FILE *to)
{
	heads_print(c, to);
	list_print(c, "ports", c->n_ports, port_element, to);
	list_print(c, "interfaces", c->n_ifs, if_element, to);
	if (c->n_rpf)
		list_print(c, "rpf", c->n_rpf, rpf_element, to);
	if (c->n_neighs)
		list_print(c, "neighbors", c->n_neighs, neigh_element, to);
	if (c->n_preferences)
		list_print(c, "rpf_preference", c->n_preferences, pref_print, to);
	if (c->rpf_ecmp != NET_ECMP_SOURCE_GROUP)
		fprintf(to, "rpf_ecmp = \"%s\";\n", conf_ecmp_name(c));
	conf_pim_print(c, to);
	conf_gmp_print(c, to);
	if (c->n_routes == 0)
		return;
	fputs("static: { ", to);
	list_print(c, "routes", c->n_routes, route_element, to);
	fputs("};\n", to);
}
