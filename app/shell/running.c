/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The running state as a configuration: the file's, joined with what the shell has changed. Not in it:
 * counters, `stop`, and what protocols have learnt.
 */
#include "app/shell/running.h"

#include "app/shell/statics.h"

#include <stdlib.h>
#include <string.h>

/* --- routes: the shell's join the file's ------------------------------------------------------------- */

static bool same_output(const struct static_output *a, const struct static_output *b)
{
	return a->port == b->port && ip_eq(&a->unicast, &b->unicast) &&
	       strcmp(a->interface, b->interface) == 0;
}

/* Adds b's outputs; one that a has too is as b says. */
static int join_outputs(struct static_route *a, const struct static_route *b)
{
	struct static_output *grown =
		realloc(a->outputs, (a->n_outputs + (size_t)b->n_outputs) * sizeof(*grown));
	uint32_t n = a->n_outputs;

	if (!grown)
		return -1;
	a->outputs = grown;
	for (uint32_t i = 0; i < b->n_outputs; i++) {
		uint32_t at = 0;

		while (at < n && !same_output(&grown[at], &b->outputs[i]))
			at++;
		grown[at < n ? at : a->n_outputs++] = b->outputs[i];
	}
	return 0;
}

/* The shell's excepts count. */
static int take_excepts(struct static_route *a, const struct static_route *b)
{
	struct static_route copy;

	if (static_route_copy(&copy, b))
		return -1;
	free(a->excepts);
	a->excepts = copy.excepts;
	a->n_excepts = copy.n_excepts;
	free(copy.outputs);
	return 0;
}

/* A file has one route a key: the shell's joins the file's, as the router does. */
static int add_static(struct conf *c, const struct static_route *r)
{
	struct static_route *last = c->n_routes ? &c->routes[c->n_routes - 1] : NULL;

	if (!last || route_key_cmp(&last->key, &r->key) != 0)
		return static_route_copy(&c->routes[c->n_routes++], r);
	if (take_excepts(last, r))
		return -1;
	last->input_kind = r->input_kind;
	last->n_inputs = r->n_inputs;
	memcpy(last->inputs, r->inputs, sizeof(last->inputs));
	return r->n_outputs ? join_outputs(last, r) : 0;
}

/* --- what names interfaces that are gone --------------------------------------------------------------- */

/* Takes out what names an interface that is gone: the file's check would refuse it. False if no route is
 * left. */
static bool without_gone(const struct app *app, struct static_route *r)
{
	uint32_t n = 0;
	uint8_t in = 0;
	char err[256];

	for (uint32_t i = 0; i < r->n_outputs; i++)
		if (!r->outputs[i].interface[0] || net_if_find(app->net, r->outputs[i].interface))
			r->outputs[n++] = r->outputs[i];
	r->n_outputs = n;
	for (uint8_t i = 0; i < r->n_inputs; i++)
		if (net_if_find(app->net, r->inputs[i]))
			memmove(r->inputs[in++], r->inputs[i], sizeof(r->inputs[0]));
	r->n_inputs = in;
	return (r->input_kind != STATIC_INPUT_IF || in) &&
	       static_route_check(r, err, sizeof(err)) == 0;
}

static void drop_gone(const struct app *app, struct conf *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_routes; i++) {
		if (without_gone(app, &c->routes[i]))
			c->routes[n++] = c->routes[i];
		else
			static_route_fini(&c->routes[i]);
	}
	c->n_routes = n;
}

/* --- the whole ---------------------------------------------------------------------------------------- */

/* The configuration that would bring the router where it is now: the file's, with the shell's
 * routes, what was set up and down, and the log level. Only ifs and routes are the copy's own. */
static int running_conf(struct app *app, struct conf *c)
{
	struct statics statics;
	const struct net_if *ifp;
	int rc = 0;

	statics_init(&statics, app);
	*c = *app->conf;
	c->router.log = log_get_level();
	if (app->eal_given)
		c->router.eal = app->eal_given;
	c->n_routes = 0;
	c->routes = calloc(statics.n + 1, sizeof(*c->routes));
	c->ifs = calloc(c->n_ifs + 1, sizeof(*c->ifs));
	if (!c->routes || !c->ifs)
		rc = -1;
	for (size_t i = 0; !rc && i < c->n_ifs; i++) {
		c->ifs[i] = app->conf->ifs[i];
		ifp = net_if_find(app->net, c->ifs[i].net.name);
		if (ifp)
			c->ifs[i].shutdown = !ifp->admin;
	}
	for (size_t i = 0; !rc && i < statics.n; i++)
		rc = add_static(c, statics.v[i].route);
	drop_gone(app, c);
	statics_fini(&statics);
	return rc;
}

char *running_text(struct app *app, size_t *len)
{
	char *text = NULL;
	struct conf c;
	FILE *f = NULL;

	if (running_conf(app, &c) == 0)
		f = open_memstream(&text, len);
	if (f) {
		conf_print(&c, f);
		fclose(f);
	}
	for (size_t i = 0; c.routes && i < c.n_routes; i++)
		static_route_fini(&c.routes[i]);
	free(c.routes);
	free(c.ifs);
	return text;
}
