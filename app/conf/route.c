/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * static.routes: routes an operator wrote. There may be a million, so nothing here searches a list
 * per route.
 */
#include "app/conf/conf_priv.h"

/* --- outputs ----------------------------------------------------------------------------------------- */

/* The default -1 is the interface's own. */
static void threshold_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	uint32_t v;

	if (value_uint(r, s, "ttl_threshold", what, 0, 255, &v))
		((struct static_output *)obj)->ttl_threshold = (int)v;
}

static void threshold_print(const void *obj, FILE *to)
{
	const struct static_output *o = obj;

	if (o->ttl_threshold >= 0)
		fprintf(to, "ttl_threshold = %d; ", o->ttl_threshold);
}

/* The default is the packet's own. */
static void dscp_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct static_output *o = obj;
	uint32_t v;

	if (!value_uint(r, s, "dscp", what, 0, 63, &v))
		return;
	o->dscp = (uint8_t)v;
	o->set_dscp = true;
}

static void dscp_print(const void *obj, FILE *to)
{
	const struct static_output *o = obj;

	if (o->set_dscp)
		fprintf(to, "dscp = %u; ", o->dscp);
}

#define OUTPUT(member) KEY_FIELD(struct static_output, member)

static const struct conf_key output_keys[] = {
	{"interface", KEY_STRING, OUTPUT(interface), .min = 1, .example = "\"lan1\""},
	{"unicast", KEY_IP, OUTPUT(unicast), .example = "\"10.1.0.5\""},
	{"port", KEY_UINT, OUTPUT(port), .max = 65535, .example = "5000"},
	{"ttl", KEY_UINT, OUTPUT(ttl), .min = 1, .max = 255, .example = "64"},
	{"dscp", KEY_OTHER, .example = "46", .read = dscp_read, .print = dscp_print},
	{"source", KEY_IP, OUTPUT(source), .example = "\"10.1.0.1\""},
	{"preserve_source", KEY_BOOL, OUTPUT(preserve_source), .example = "false"},
	{"ttl_threshold", KEY_OTHER, .example = "8", .read = threshold_read,
		.print = threshold_print},
};

const struct conf_group conf_group_output = GROUP("static.routes.outputs", output_keys);

void output_defaults(struct static_output *o)
{
	memset(o, 0, sizeof(*o));
	o->ttl_threshold = -1;
	o->ttl = 64;
}

/* The keys of an output that only a unicast copy can have. */
static void native_check(struct conf_reader *r, config_setting_t *s, const char *what)
{
	static const char *const unicast_only[] = {
		"port", "ttl", "dscp", "source", "preserve_source"};

	for (size_t i = 0; i < sizeof(unicast_only) / sizeof(unicast_only[0]); i++) {
		const config_setting_t *m = config_setting_get_member(s, unicast_only[i]);

		if (m)
			problem_add(r, line_of(m),
				"%s has %s but no unicast: add unicast = "
				"\"10.1.0.5\"; or remove %s",
				what, unicast_only[i], unicast_only[i]);
	}
}

static void unicast_check(struct conf_reader *r, config_setting_t *s, const char *what,
	const struct static_output *o, uint8_t family)
{
	if (o->preserve_source && o->source.family)
		problem_add(r, line_of(s),
			"%s has both source and preserve_source: remove one of them", what);
	if (family && o->unicast.family && o->unicast.family != family)
		problem_add(r, line_of(s), "%s: unicast must be %s like the group", what,
			family == IP_V4 ? "IPv4" : "IPv6");
	else if (family && o->source.family && o->source.family != family)
		problem_add(r, line_of(s), "%s: source must be %s like the group", what,
			family == IP_V4 ? "IPv4" : "IPv6");
}

static void output_read(struct conf_reader *r, config_setting_t *s, const char *what,
	uint8_t family, struct static_output *o)
{
	output_defaults(o);
	if (!group_read(r, s, &conf_group_output, what, o))
		return;
	if (config_setting_get_member(s, "unicast"))
		unicast_check(r, s, what, o, family);
	else
		native_check(r, s, what);
	if (o->interface[0])
		if_find(r, line_in(s, "interface"), "interface", what, o->interface);
	else if (!config_setting_get_member(s, "interface") &&
		 !config_setting_get_member(s, "unicast"))
		problem_add(r, line_of(s), "%s lacks 'interface': add interface = \"lan1\";", what);
}

static int output_cmp(const void *a, const void *b)
{
	const struct static_output *x = *(const struct static_output *const *)a;
	const struct static_output *y = *(const struct static_output *const *)b;
	int d = strcmp(x->interface, y->interface);

	if (d == 0)
		d = ip_cmp(&x->unicast, &y->unicast);
	return d ? d : (int)x->port - (int)y->port;
}

/* The same copy twice: the receiver would get every packet twice. */
static void outputs_check(struct conf_reader *r, const config_setting_t *s, const char *what,
	const struct static_route *rt)
{
	const struct static_output **v;
	char buf[IP_STRLEN];

	if (rt->n_outputs < 2)
		return;
	v = reader_array(r, (int)rt->n_outputs, sizeof(struct static_output *));
	if (!v)
		return;
	for (uint32_t i = 0; i < rt->n_outputs; i++)
		v[i] = &rt->outputs[i];
	qsort(v, rt->n_outputs, sizeof(struct static_output *), output_cmp);
	for (uint32_t i = 1; i < rt->n_outputs; i++)
		if ((v[i]->interface[0] || v[i]->unicast.family) &&
			output_cmp(&v[i - 1], &v[i]) == 0)
			problem_add(r, line_of(s), "%s has the output %s%s%s twice: remove one",
				what, v[i]->interface,
				v[i]->interface[0] && v[i]->unicast.family ? " " : "",
				v[i]->unicast.family ? ip_str(&v[i]->unicast, buf, sizeof(buf))
						     : "");
	free(v);
}

/* --- source, group, input ------------------------------------------------------------------------------ */

static void source_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct prefix *p = &((struct static_route *)obj)->key.src;
	const char *v =
		config_setting_type(s) == CONFIG_TYPE_STRING ? config_setting_get_string(s) : NULL;
	const char *why;

	if (v && strcmp(v, "*") == 0)
		return; /* the group gives the family */
	if (!value_prefix(r, s, "source", what, "\"10.0.0.1\" (or \"*\" for every source)", p) ||
		p->len == 0)
		return;
	why = ip_is_multicast(&p->addr)     ? "is a multicast address"
	      : p->len == ip_bits(&p->addr) ? ip_not_unicast(&p->addr)
	      : ip_is_loopback(&p->addr)    ? "is in the host's loopback range"
					    : NULL;
	if (why)
		problem_add(r, line_of(s),
			"source of %s: %s %s; write the sender's address, or \"*\"", what, v, why);
}

static void group_addr_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct prefix *p = &((struct static_route *)obj)->key.grp;
	bool v4;

	if (!value_prefix(r, s, "group", what, "\"239.1.1.1\"", p))
		return;
	v4 = p->addr.family == IP_V4;
	if (!ip_is_multicast(&p->addr) || p->len < (v4 ? 4 : 8))
		problem_add(r, line_of(s),
			"group of %s: %s is no multicast group; groups are in %s", what,
			config_setting_get_string(s), v4 ? "224.0.0.0/4" : "ff00::/8");
	else if (ip_is_multicast_link_local(&p->addr) && p->len >= (v4 ? 24 : 16))
		problem_add(r, line_of(s),
			"group of %s: %s is link-local and never routed; groups "
			"above %s are",
			what, config_setting_get_string(s), v4 ? "224.0.0.255" : "ff02::/16");
}

static void input_name(
	struct conf_reader *r, config_setting_t *s, const char *what, struct static_route *rt)
{
	const char *v = value_string(r, s, "input", what, "\"lan1\", \"any\" or \"rpf\"");
	unsigned line = line_of(s);

	if (!v || !if_find(r, line, "input", what, v))
		return;
	for (unsigned i = 0; i < rt->n_inputs; i++) {
		if (strcmp(rt->inputs[i], v) == 0) {
			problem_add(r, line, "input of %s names '%s' twice: remove one", what, v);
			return;
		}
	}
	if (rt->n_inputs == DP_INPUTS_MAX)
		problem_add(r, line, "input of %s names more than %d interfaces: write \"any\"",
			what, DP_INPUTS_MAX);
	else
		snprintf(rt->inputs[rt->n_inputs++], DP_IF_NAMELEN, "%s", v);
}

static void input_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct static_route *rt = obj;
	const char *v =
		config_setting_type(s) == CONFIG_TYPE_STRING ? config_setting_get_string(s) : NULL;

	if (v && strcmp(v, "any") == 0) {
		rt->input_kind = STATIC_INPUT_ANY;
		return;
	}
	if (v && strcmp(v, "rpf") == 0)
		return;
	rt->input_kind = STATIC_INPUT_IF;
	if (!config_setting_is_list(s) && !config_setting_is_array(s)) {
		input_name(r, s, what, rt);
		return;
	}
	if (config_setting_length(s) == 0)
		problem_add(r, line_of(s),
			"input of %s is empty: name an interface, \"any\" or \"rpf\"", what);
	for (int i = 0; i < config_setting_length(s) && i <= DP_INPUTS_MAX; i++)
		input_name(r, config_setting_get_elem(s, (unsigned)i), what, rt);
}

static const struct conf_key route_keys[] = {
	{"source", KEY_OTHER, .required = true, .example = "\"10.0.0.1\"", .read = source_read},
	{"group", KEY_OTHER, .required = true, .example = "\"239.1.1.1\"", .read = group_addr_read},
	{"input", KEY_OTHER, .example = "\"lan1\"", .read = input_read},
	{"except", KEY_OTHER, .example = "[ \"10.0.0.0/8\" ]", .read = except_read},
	{"outputs", KEY_OTHER, .required = true, .example = "( { interface = \"lan1\"; } )"},
};

const struct conf_group conf_group_route = GROUP("static.routes", route_keys);

/* --- the route ------------------------------------------------------------------------------------------ */

static void what_route(char *what, config_setting_t *s, int index)
{
	config_setting_t *src = NULL, *grp = NULL;

	if (config_setting_is_group(s)) {
		src = config_setting_get_member(s, "source");
		grp = config_setting_get_member(s, "group");
	}
	if (src && grp && config_setting_type(src) == CONFIG_TYPE_STRING &&
		config_setting_type(grp) == CONFIG_TYPE_STRING)
		snprintf(what, WHAT_LEN, "static route (%.24s, %.24s)",
			config_setting_get_string(src), config_setting_get_string(grp));
	else
		snprintf(what, WHAT_LEN, "static route %d", index + 1);
}

static void outputs_read(
	struct conf_reader *r, config_setting_t *s, const char *what, struct static_route *rt)
{
	char inner[WHAT_LEN + 32];
	int n;

	snprintf(inner, sizeof(inner), "outputs of %s", what);
	n = list_check(r, s, inner, "{ interface = \"lan1\"; }");
	rt->outputs = reader_array(r, n, sizeof(*rt->outputs));
	if (!rt->outputs)
		return;
	rt->n_outputs = (uint32_t)n;
	for (int i = 0; i < n; i++) {
		snprintf(inner, sizeof(inner), "output %d of %s", i + 1, what);
		output_read(r, config_setting_get_elem(s, (unsigned)i), inner,
			rt->key.grp.addr.family, &rt->outputs[i]);
	}
	outputs_check(r, s, what, rt);
}

/* Source, group and input together: families, "*" in the group's family, and when input may be
 * left out. */
static void key_check(
	struct conf_reader *r, config_setting_t *s, const char *what, struct static_route *rt)
{
	struct prefix *src = &rt->key.src, *grp = &rt->key.grp;
	bool host = src->addr.family && src->len == ip_bits(&src->addr);

	if (src->addr.family && src->addr.family != grp->addr.family) {
		problem_add(r, line_in(s, "source"),
			"%s: source and group must both be IPv4 or both IPv6", what);
		return;
	}
	src->addr.family = grp->addr.family;
	if (!config_setting_get_member(s, "input") && !host)
		problem_add(r, line_of(s),
			"%s lacks 'input', which only routes of one source may leave out: add "
			"input = \"lan1\"; or input = \"any\";",
			what);
	else if (rt->input_kind == STATIC_INPUT_RPF && src->len == 0)
		problem_add(r, line_in(s, "input"),
			"%s: input \"rpf\" needs a source to look up; name the interface, or \"any\"",
			what);
	excepts_check(r, line_in(s, "except"), what, rt);
}

static void route_read(
	struct conf_reader *r, config_setting_t *s, int index, struct static_route *rt)
{
	const unsigned before = r->total;
	config_setting_t *outputs;
	char what[WHAT_LEN];

	rt->origin = STATIC_FILE;
	rt->input_kind = STATIC_INPUT_RPF;
	rt->key.table = DP_TABLE_MAIN;
	what_route(what, s, index);
	if (!group_read(r, s, &conf_group_route, what, rt))
		return;
	if (r->total == before)
		key_check(r, s, what, rt);
	if (r->total == before)
		r->route_lines[index] = line_of(s);
	outputs = config_setting_get_member(s, "outputs");
	if (outputs)
		outputs_read(r, outputs, what, rt);
}

static const struct conf_key static_keys[] = {
	{"routes", KEY_OTHER, .example = "( { source = \"10.0.0.1\"; ... } )"},
};

const struct conf_group conf_group_static = GROUP("static", static_keys);

void static_read(struct conf_reader *r, config_setting_t *s)
{
	struct conf *c = r->conf;
	config_setting_t *list;
	int n;

	if (!group_names_check(r, s, &conf_group_static, "static"))
		return;
	list = config_setting_get_member(s, "routes");
	if (!list)
		return;
	n = list_check(r, list, "routes",
		"{ source = \"10.0.0.1\"; group = \"239.1.1.1\"; "
		"outputs: ( { interface = \"lan1\"; } ); }");
	c->routes = reader_array(r, n, sizeof(*c->routes));
	r->route_lines = reader_array(r, n, sizeof(*r->route_lines));
	if (!c->routes || !r->route_lines)
		return;
	c->n_routes = (size_t)n;
	for (int i = 0; i < n; i++) {
		config_setting_t *e = config_setting_get_elem(list, (unsigned)i);

		route_read(r, e, i, &c->routes[i]);
	}
}
