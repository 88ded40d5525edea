/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The addresses that completion offers: sources and groups of routes, neighbours.
 */
#include "app/shell/live.h"

#include "app/app.h"

#include <stdio.h>
#include <string.h>

#define LOOKS_MAX 2000

struct live {
	json_t *to;
	const char *prefix;
	bool named; /* not "*" */
	unsigned looks;
	struct prefix last;
};

static bool go_on(struct live *l)
{
	return ++l->looks < LOOKS_MAX && json_array_size(l->to) < LIVE_MAX;
}

/* --- groups: the tree of routes goes from one to the next ----------------------------------------------- */

/* The lowest address of one family that may begin with what was typed: "239.1." is 239.1.0.0. */
static bool lowest(const char *typed, struct ipaddr *out)
{
	static const char *const ends[] = {
		"", "0", ".0", "0.0", ".0.0", "0.0.0", ".0.0.0", ":", "::"};
	char text[80];

	for (size_t i = 0; *typed && i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (snprintf(text, sizeof(text), "%s%s", typed, ends[i]) < (int)sizeof(text) &&
			ip_parse(text, out) == 0)
			return true;
	}
	return false;
}

static bool member_cb(void *arg, const struct gmp_group_info *g)
{
	struct live *l = arg;
	char buf[IP_STRLEN];

	cmd_candidate(l->to, l->prefix, ip_str(&g->grp, buf, sizeof(buf)), "group with members");
	return go_on(l);
}

static void groups_of_members(struct app *app, const char *prefix, json_t *to)
{
	static const uint8_t families[] = {IP_V4, IP_V6};

	for (size_t i = 0; app->runner && i < 2; i++) {
		struct live l = {.to = to, .prefix = prefix};

		gmp_group_walk(runner_instance(app->runner, app->gmp_number), families[i], 0, NULL,
			app_now_us(), member_cb, &l);
	}
}

void live_group(struct app *app, const char *prefix, json_t *to)
{
	struct live l = {.to = to, .prefix = prefix};
	struct tib_entry_info e;
	struct dp_route_key at = {0};
	char buf[PREFIX_STRLEN];
	bool more;

	if (!*prefix)
		cmd_candidate(to, "", "", "a multicast group, such as 239.1.1.1");
	if (!app || !app->tib)
		return;
	(void)!lowest(prefix, &at.grp.addr);
	for (more = tib_first_from(app->tib, &at, &e); more && go_on(&l);
		more = tib_group_behind(app->tib, &at, &e)) {
		at = e.key;
		cmd_candidate(
			to, prefix, prefix_str(&at.grp, buf, sizeof(buf)), "group of a route");
	}
	groups_of_members(app, prefix, to);
}

/* --- sources: of the first routes ------------------------------------------------------------------------ */

static bool source_cb(void *arg, const struct tib_entry_info *e)
{
	const struct prefix *p = &e->key.src;
	struct live *l = arg;
	char buf[PREFIX_STRLEN];

	if (!prefix_eq(p, &l->last) && !(l->named && p->len == 0))
		cmd_candidate(
			l->to, l->prefix, prefix_str(p, buf, sizeof(buf)), "source of a route");
	l->last = *p;
	return go_on(l);
}

static void sources(struct app *app, const char *prefix, json_t *to, bool named)
{
	struct live l = {.to = to, .prefix = prefix, .named = named};

	if (app && app->tib)
		tib_walk_from(app->tib, NULL, source_cb, &l);
}

void live_source(struct app *app, const char *prefix, json_t *to)
{
	if (!*prefix)
		cmd_candidate(to, "", "", "address of a sender, or * for any");
	cmd_candidate(to, prefix, "*", "any source");
	sources(app, prefix, to, false);
}

void live_except(struct app *app, const char *prefix, json_t *to)
{
	if (!*prefix)
		cmd_candidate(to, "", "", "sources to leave out, such as 10.0.0.0/8");
	sources(app, prefix, to, true);
}

/* --- neighbours ------------------------------------------------------------------------------------------- */

static bool neigh_cb(void *arg, const struct net_neigh *n)
{
	struct live *l = arg;
	char buf[IP_STRLEN];

	cmd_candidate(l->to, l->prefix, ip_str(&n->addr, buf, sizeof(buf)), "neighbor");
	return go_on(l);
}

static bool pim_neigh_cb(void *arg, const struct pim_neigh_info *n)
{
	struct live *l = arg;
	char buf[IP_STRLEN];

	cmd_candidate(l->to, l->prefix, ip_str(&n->address, buf, sizeof(buf)), "PIM neighbor");
	return go_on(l);
}

void live_address(struct app *app, const char *prefix, json_t *to)
{
	struct live l = {.to = to, .prefix = prefix};

	if (!*prefix)
		cmd_candidate(to, "", "", "an address, such as 10.0.0.1");
	if (app && app->runner)
		pim_neigh_walk(runner_instance(app->runner, app->pim_number), pim_neigh_cb, &l);
	if (app && app->net)
		net_neigh_walk(app->net, neigh_cb, &l);
}
