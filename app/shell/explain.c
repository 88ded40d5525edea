/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * explain SRC GRP: the way of a packet of this source and group through the router, as a list of
 * conditions. The verdict is the first one that fails, in words.
 */
#include "app/shell/explain.h"
#include "app/shell/statics.h"
#include "app/shell/value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void add_check(struct explain *x, const char *name, bool ok, const char *detail)
{
	json_t *o = add_object(x->checks);

	put_text(o, "check", name);
	put_bool(o, "ok", ok);
	put_text(o, "detail", detail);
}

bool explain_check(struct explain *x, const char *name, bool ok, const char *fmt, ...)
{
	char detail[EXPLAIN_DETAIL];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	add_check(x, name, ok, detail);
	if (!ok && !x->verdict[0])
		snprintf(x->verdict, sizeof(x->verdict), "%s", detail);
	return ok;
}

bool explain_lack(struct explain *x, const char *name, const char *fmt, ...)
{
	char detail[EXPLAIN_DETAIL];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	add_check(x, name, false, detail);
	return false;
}

/* The first check that failed, of those from an index on; NULL none. */
static const char *first_failed(const struct explain *x, size_t from)
{
	for (size_t i = from; i < json_array_size(x->checks); i++) {
		const json_t *c = json_array_get(x->checks, i);

		if (!json_is_true(json_object_get(c, "ok")))
			return json_string_value(json_object_get(c, "detail"));
	}
	return NULL;
}

bool explain_one_of(struct explain *x, size_t from, bool enough)
{
	const char *why = first_failed(x, from);

	if (!enough && why && !x->verdict[0])
		snprintf(x->verdict, sizeof(x->verdict), "%s", why);
	return enough;
}

/* --- the packet itself -------------------------------------------------------------------------------- */

static bool check_addresses(struct explain *x)
{
	const struct ipaddr *s = &x->src, *g = &x->grp;
	char src[IP_STRLEN], grp[IP_STRLEN];

	ip_str(s, src, sizeof(src));
	ip_str(g, grp, sizeof(grp));
	if (ip_is_multicast_link_local(g))
		return explain_check(x, "group", false,
			"%s is link-local and never routed: send to a group outside %s", grp,
			g->family == IP_V4 ? "224.0.0.0/24" : "ff02::/16");
	explain_check(x, "group", true, "%s is a group that can be routed", grp);
	if (ip_is_none(s))
		return true;
	if (s->family != g->family)
		return explain_check(
			x, "source", false, "%s and %s are of different families", src, grp);
	if (ip_is_any(s) || ip_is_loopback(s) ||
		(s->family == IP_V4 && (s->b[0] == 0 || s->b[0] >= 240)))
		return explain_check(x, "source", false,
			"%s is no address to send from: such packets are dropped (src_martian, "
			"src_loopback)",
			src);
	if (ip6_is_link_local(s))
		return explain_check(x, "source", false,
			"%s is known on its link only, no router forwards its data "
			"(src_link_local): let the source send from another address",
			src);
	return explain_check(x, "source", true, "%s is an address to send from", src);
}

/* --- the route ----------------------------------------------------------------------------------------- */

/* What the static protocol says is wrong with its route of this key; "" nothing. */
static void static_problem(struct explain *x, const struct dp_route_key *key, char *buf, size_t cap)
{
	struct statics statics;
	size_t n, at;

	buf[0] = '\0';
	statics_init(&statics, x->app);
	at = statics_find(&statics, key, &n);
	for (size_t i = at; i < at + n; i++)
		if (statics.v[i].problem[0])
			snprintf(buf, cap, "%s", statics.v[i].problem);
	statics_fini(&statics);
}

static struct dp_route_key exact_key(const struct explain *x)
{
	struct dp_route_key key;
	struct ipaddr any = {.family = x->grp.family};

	memset(&key, 0, sizeof(key));
	key.table = DP_TABLE_MAIN;
	key.grp = prefix_host(x->grp);
	key.src = ip_is_none(&x->src) ? prefix_make(any, 0) : prefix_host(x->src);
	return key;
}

static bool find_entry(struct explain *x)
{
	struct dp_route_key key = exact_key(x);

	if (ip_is_none(&x->src))
		return tib_entry_get(x->app->tib, &key, &x->entry);
	return tib_lookup(x->app->tib, DP_TABLE_MAIN, &x->src, &x->grp, &x->entry);
}

/* Without route, a protocol may yet make one, when it hears of the flow. */
static void note_police(struct explain *x)
{
	uint64_t n = police_refused(x->app, DP_POLICE_UPCALL(DP_UPCALL_NOCACHE));

	if (n)
		explain_check(x, "police", true,
			"%llu signals about flows without route did not reach the protocols: more a "
			"second than router.police.nocache allows; see show police",
			(unsigned long long)n);
}

/* What the excepts of routes and their overlaps have to do with the packet. */
static bool check_excepts(struct explain *x)
{
	char key[ROUTE_KEY_STRLEN], except[PREFIX_STRLEN];
	struct tib_except e;

	if (ip_is_none(&x->src))
		return true;
	if (tib_excepted(x->app->tib, DP_TABLE_MAIN, &x->src, &x->grp, &e)) {
		route_key_str(&e.key, key, sizeof(key));
		prefix_str(&e.except, except, sizeof(except));
		if (x->entry.merged->excepted)
			return explain_check(x, "except", false,
				"excepted by %s route %s: its except has %s; take it out there, or "
				"add a route for this source",
				runner_proto_name(x->app->runner, e.owner), key, except);
		explain_check(x, "except", true,
			"%s route %s takes no part, for its except has %s; others forward it",
			runner_proto_name(x->app->runner, e.owner), key, except);
	}
	if (tib_crossing_missing(x->app->tib, DP_TABLE_MAIN, &x->src, &x->grp))
		explain_check(x, "overlap", true,
			"routes overlap here, and for want of room (too many overlaps) the outputs "
			"of those with shorter groups are missing");
	return true;
}

static bool check_route(struct explain *x)
{
	char src[PREFIX_STRLEN], grp[PREFIX_STRLEN], problem[256];
	struct dp_route_key key = exact_key(x);
	const struct tib_merged *m;

	if (!find_entry(x)) {
		note_police(x);
		static_problem(x, &key, problem, sizeof(problem));
		prefix_str(&key.src, src, sizeof(src));
		prefix_str(&key.grp, grp, sizeof(grp));
		if (problem[0])
			return explain_check(
				x, "route", false, "the static route is not in force: %s", problem);
		if (!explain_pim_missing(x))
			return false;
		return explain_check(x, "route", false,
			"no route for (%s, %s): add route %s %s input IF output IF", src, grp, src,
			grp);
	}
	m = x->entry.merged;
	prefix_str(&x->entry.key.src, src, sizeof(src));
	prefix_str(&x->entry.key.grp, grp, sizeof(grp));
	explain_check(x, "route", true, "(%s, %s) by %s, %u input(s), %u output(s)%s", src, grp,
		runner_proto_name(x->app->runner, m->input_owner), m->n_inputs, m->n_outputs,
		x->entry.crossing ? ", where routes overlap" : "");
	if (!check_excepts(x))
		return false;
	if (!x->entry.error)
		return explain_check(x, "installed", true, "the data plane has it");
	return explain_check(x, "installed", false, "the data plane refused the route: %s%s",
		strerror(-x->entry.error),
		x->entry.error == -ENOSPC ? "; raise router.max_routes or router.max_oifs" : "");
}

/* --- inputs -------------------------------------------------------------------------------------------- */

bool explain_rpf(const struct explain *x, struct net_rpf *out)
{
	return net_rpf_group(x->app->net, &x->src, route_key_group(&x->entry.key), out);
}

/* Why a route has no input: its protocol's reason, or the RPF lookup's. */
static bool no_input(struct explain *x)
{
	struct net_rpf rpf;
	char problem[256];

	memset(&rpf, 0, sizeof(rpf));
	static_problem(x, &x->entry.key, problem, sizeof(problem));
	if (!problem[0] && !ip_is_none(&x->src) && !explain_rpf(x, &rpf))
		return explain_check(x, "rpf", false, "the source is unreachable: %s", rpf.why);
	return explain_check(x, "input", false, "the route accepts no input%s%s",
		problem[0] ? ": " : "", problem);
}

static void check_one_input(struct explain *x, const struct dp_input *in)
{
	const struct net_if *ifp = net_if_get(x->app->net, in->ifid);
	char why[400];

	if (in->ifid == DP_IF_ANY || in->ifid == DP_IF_REGISTER) {
		x->inputs_up++;
		explain_check(x, "input", true, "accepted from %s",
			in->ifid == DP_IF_ANY ? "every interface" : "PIM Registers");
		return;
	}
	if (!ifp) {
		explain_lack(x, "input", "input interface #%u has gone", in->ifid);
		return;
	}
	x->inputs_up += ifp->up;
	if (ifp->up)
		explain_check(x, "input", true, "input %s is up", ifp->conf.name);
	else
		explain_lack(x, "input", "input %s is down: %s", ifp->conf.name,
			if_problem(x->app, ifp, why, sizeof(why)));
}

/* Only said: what comes all the same is taken. */
static void note_no_rpf(struct explain *x, const struct net_rpf *rpf)
{
	if (x->entry.merged->input_owner == x->app->static_number)
		explain_check(x, "rpf", true,
			"the unicast tables do not lead to the source (%s); the route names its "
			"input itself",
			rpf->why);
	else
		explain_lack(x, "rpf",
			"the source is unreachable (%s): its packets are taken only as they come "
			"down the tree of the RP",
			rpf->why);
}

/* Whether the unicast route towards the source agrees with the input. Only said: static inputs and
 * several inputs are the operator's will. */
static void note_rpf(struct explain *x)
{
	const struct tib_merged *m = x->entry.merged;
	char name[DP_IF_NAMELEN];
	struct net_rpf rpf;
	bool same = false;

	if (ip_is_none(&x->src))
		return;
	memset(&rpf, 0, sizeof(rpf));
	if (!explain_rpf(x, &rpf)) {
		note_no_rpf(x, &rpf);
		return;
	}
	for (unsigned i = 0; i < m->n_inputs; i++)
		same |= m->inputs[i].ifid == rpf.ifid || m->inputs[i].ifid == DP_IF_ANY;
	ifid_name(x->app, rpf.ifid, name, sizeof(name));
	explain_check(x, "rpf", true, "the unicast route to the source leads through %s%s", name,
		same                   ? ""
		: explain_first_hop(x) ? ": what comes there makes a route of its own"
				       : ", which is not an input of this route");
}

static bool check_inputs(struct explain *x)
{
	const struct tib_merged *m = x->entry.merged;
	size_t from = json_array_size(x->checks);
	unsigned accepting = 0;

	for (unsigned i = 0; i < m->n_inputs; i++) {
		if (!(m->inputs[i].flags & DP_INPUT_ACCEPT))
			continue;
		accepting++;
		check_one_input(x, &m->inputs[i]);
	}
	if (!accepting)
		return no_input(x);
	if (!explain_one_of(x, from, x->inputs_up > 0))
		return false;
	if (m->input_conflict)
		explain_check(x, "conflict", true,
			"several protocols name different inputs: those of %s count, for it has "
			"the higher precedence",
			runner_proto_name(x->app->runner, m->input_owner));
	note_rpf(x);
	return true;
}

/* --- the command --------------------------------------------------------------------------------------- */

static void walk(struct explain *x)
{
	bool ok = check_addresses(x);

	if (!explain_check(x, "forwarding", x->app->workers_run, "%s",
		    x->app->workers_run ? "the workers run" : "forwarding is stopped: type start"))
		ok = false;
	if (!ok || !check_route(x))
		return;
	if (x->app->dp.ops->route_counters(x->app->dp.ctx, &x->entry.key, &x->counters))
		memset(&x->counters, 0, sizeof(x->counters));
	if (explain_pim_route(x) && check_inputs(x) && explain_outputs(x))
		explain_flow(x);
}

/* Nothing stops the packets; something may be amiss nevertheless. */
static void conclude(struct explain *x)
{
	const char *amiss = first_failed(x, 0);
	char now[200];

	if (x->verdict[0])
		return;
	explain_headline(x, now, sizeof(now));
	snprintf(x->verdict, sizeof(x->verdict), "%s%s%s", now, amiss ? "; but " : "",
		amiss ? amiss : "");
}

static void explain(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const char *src = cmd_arg(args, "SRC"), *grp = cmd_arg(args, "GRP");
	struct explain *x = calloc(1, sizeof(*x));
	json_t *o;

	if (!x) {
		cmd_fail(out, "no memory");
		return;
	}
	x->app = app;
	if (strcmp(src, "*") != 0)
		(void)!ip_parse(src, &x->src);
	(void)!ip_parse(grp, &x->grp);
	o = out->value = json_object();
	put_text(o, "source", src);
	put_text(o, "group", grp);
	x->checks = json_array();
	walk(x);
	conclude(x);
	put_text(o, "verdict", x->verdict);
	put_value(o, "checks", x->checks);
	free(x);
}

static void text_explain(const json_t *o, FILE *to)
{
	const json_t *c;
	size_t i;

	fprintf(to, "(%s, %s): %s\n", json_string_value(json_object_get(o, "source")),
		json_string_value(json_object_get(o, "group")),
		json_string_value(json_object_get(o, "verdict")));
	json_array_foreach (json_object_get(o, "checks"), i, c)
		fprintf(to, "  %-4s %s\n", json_is_true(json_object_get(c, "ok")) ? "ok" : "NO",
			json_string_value(json_object_get(c, "detail")));
}

const struct cmd explain_cmds[] = {
	{"explain SRC GRP", "why a flow is forwarded or not: the first condition that fails",
		explain, text_explain},
	{NULL, NULL, NULL, NULL},
};
