/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * add route, del route, clear shell-routes: static routes of the shell.
 */
#include "app/shell/do.h"
#include "app/shell/route_words.h"
#include "app/shell/statics.h"
#include "app/shell/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void key_text(const struct dp_route_key *key, char *buf, size_t cap)
{
	char src[PREFIX_STRLEN], grp[PREFIX_STRLEN];

	snprintf(buf, cap, "(%s, %s)", prefix_str(&key->src, src, sizeof(src)),
		prefix_str(&key->grp, grp, sizeof(grp)));
}

void do_commit(struct app *app, struct cmd_result *out)
{
	int rc = runner_commit(app->runner);

	if (rc == -ENOSPC)
		cmd_fail(out,
			"the table is full: the route is kept and installed when there is room; raise "
			"router.max_routes or router.max_oifs and restart");
	else if (rc)
		cmd_fail(out, "the data plane refused it for now: %s; it is kept and tried again",
			strerror(-rc));
}

/* Sends a request to the static protocol; fails out with its sentence. */
static void request(struct app *app, const struct static_command *c, struct cmd_result *out)
{
	char error[CONF_NAMELEN * 8] = "", key[2 * PREFIX_STRLEN + 8];
	int rc = runner_command(
		app->runner, app->static_number, c, error, sizeof(error), app_now_us());

	key_text(&c->route.key, key, sizeof(key));
	if (!rc)
		return;
	if (error[0])
		cmd_fail(out, "%s", error);
	else if (rc == -EEXIST)
		cmd_fail(out, "%s is there already: del route it first", key);
	else if (rc == -ENOENT)
		cmd_fail(out, "%s is no static route: see show mroute", key);
	else if (rc == -EPERM)
		cmd_fail(out, "%s is a route of the file: take it out there and reload", key);
	else
		cmd_fail(out, "%s: %s", key, strerror(-rc));
}

static void add_route(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct static_command c;

	if (route_words_add(args, &c, out->error, sizeof(out->error))) {
		out->status = 1;
		return;
	}
	request(app, &c, out);
	static_route_fini(&c.route);
	if (!out->status && !do_loading())
		do_commit(app, out);
}

static void del_route(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct static_command c;

	memset(&c, 0, sizeof(c));
	c.kind = STATIC_DEL;
	if (route_words_key(args, &c.route.key, out->error, sizeof(out->error))) {
		out->status = 1;
		return;
	}
	request(app, &c, out);
	if (!out->status && !do_loading())
		do_commit(app, out);
}

static void clear_shell_routes(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct static_command *all;
	struct statics s;
	size_t n = 0;

	statics_init(&s, app);
	all = calloc(s.n + 1, sizeof(*all));
	if (!all)
		cmd_fail(out, "no memory for the list of routes");
	/* keys first: the list is valid until the first route goes */
	for (size_t i = 0; all && i < s.n; i++) {
		if (s.v[i].route->origin != STATIC_SHELL)
			continue;
		all[n].kind = STATIC_DEL;
		all[n++].route.key = s.v[i].route->key;
	}
	statics_fini(&s);
	for (size_t i = 0; i < n && !out->status; i++)
		request(app, &all[i], out);
	free(all);
	if (out->status)
		return;
	out->value = json_object();
	put_number(out->value, "deleted", n);
	if (!do_loading())
		do_commit(app, out);
}

const struct cmd do_route_cmds[] = {
	{ADD_ROUTE_SYNTAX, "adds a static multicast route; it survives a reload", add_route, NULL},
	{"del route SOURCE GROUP", "deletes a route that was added at the shell", del_route, NULL},
	{"clear shell-routes", "deletes all routes that were added at the shell",
		clear_shell_routes, NULL},
	{NULL, NULL, NULL, NULL},
};
