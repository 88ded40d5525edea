/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Boot and reload are one thing: the difference between what runs and what the file says, applied in
 * order. At boot nothing runs yet.
 */
#include "app/router.h"
#include "app/port_dev.h"
#include "app/ports.h"
#include "app/protocols.h"
#include "app/starting.h"
#include "dataplane/dataplane.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/types.h>

#define STEP_BUDGET 256

struct summary {
	char *text;
	size_t cap, at;
};

static void say(struct summary *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct summary *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (s->at >= s->cap)
		return;
	va_start(ap, fmt);
	if (s->at)
		s->at += (size_t)snprintf(s->text + s->at, s->cap - s->at, ", ");
	if (s->at < s->cap) {
		n = vsnprintf(s->text + s->at, s->cap - s->at, fmt, ap);
		s->at += n > 0 ? (size_t)n : 0;
	}
	va_end(ap);
}

static void say_interfaces(struct summary *s, const char *what, size_t n)
{
	say(s, "%s: %zu interface%s", what, n, n == 1 ? "" : "s");
}

/* --- twins ------------------------------------------------------------------------------------- */

/* A TAP needs the port's MAC; a TUN needs nothing. */
static bool twin_due(const struct net_if *ifp)
{
	if (!ifp->conf.exception || ifp->ifindex)
		return false;
	return ifp->conf.kind != DP_IF_ETHER || ifp->port != NET_PORT_NONE;
}

void router_twins_sync(struct app *app)
{
	const struct net_if *ifp;
	char err[CONF_ERRLEN];

	if (!app->kernel)
		return;
	for (uint16_t id = 0; (ifp = net_if_next(app->net, id)) != NULL; id = ifp->id) {
		if (!twin_due(ifp))
			continue;
		id = ifp->id;
		if (kernel_twin_add(app->kernel, id, err, sizeof(err))) {
			/* at boot the caller says it, later each cause is said once */
			if (app->booted && strcmp(app->twin_error, err) != 0)
				log_error("twin", "%s", err);
			snprintf(app->twin_error, sizeof(app->twin_error), "%s", err);
			continue;
		}
		ifp = net_if_get(app->net, id);
		kernel_twin_carrier(app->kernel, id, ifp->link);
	}
}

/* Keeps twins in line with what happens below them: carrier, MAC, MTU. */
static void twin_follow(struct app *app, uint16_t ifid)
{
	const struct net_if *ifp = net_if_get(app->net, ifid);

	if (!app->kernel || !ifp || !ifp->ifindex)
		return;
	kernel_twin_change(app->kernel, ifid, &ifp->conf);
	kernel_twin_carrier(app->kernel, ifid,
		ifp->link && (ifp->conf.kind != DP_IF_ETHER || ifp->port != NET_PORT_NONE));
}

void router_net_changed(void *arg, const struct net_change *c)
{
	struct app *app = arg;

	runner_net_changed(app->runner, c, app_now_us());
	if (c->kind == NET_IF_STATE)
		twin_follow(app, c->ifid);
}

/* --- the steps of an apply ------------------------------------------------------------------------ */

static int if_add(struct app *app, const struct conf_if *c, char *err, size_t cap)
{
	uint16_t ifid;
	int rc = net_if_add(app->net, &c->net, &ifid);

	if (rc) {
		snprintf(err, cap, "interface %s: %s", c->net.name, strerror(-rc));
		return rc;
	}
	net_if_admin(app->net, ifid, !c->shutdown);
	return 0;
}

static int if_change(struct app *app, const struct conf_if *old, const struct conf_if *new_,
	char *err, size_t cap)
{
	const struct net_if *ifp = net_if_find(app->net, new_->net.name);
	uint16_t ifid;
	int rc;

	if (!ifp)
		return if_add(app, new_, err, cap);
	ifid = ifp->id;
	rc = net_if_change(app->net, ifid, &new_->net);
	if (rc) {
		snprintf(err, cap, "interface %s: %s", new_->net.name, strerror(-rc));
		return rc;
	}
	if (old->shutdown != new_->shutdown)
		net_if_admin(app->net, ifid, !new_->shutdown);
	if (app->kernel && !new_->net.exception)
		kernel_twin_del(app->kernel, ifid);
	else if (app->kernel && net_if_get(app->net, ifid)->ifindex)
		kernel_twin_change(app->kernel, ifid, &old->net);
	return 0;
}

static void if_del(struct app *app, const char *name)
{
	const struct net_if *ifp = net_if_find(app->net, name);

	if (!ifp)
		return;
	if (app->kernel)
		kernel_twin_del(app->kernel, ifp->id);
	ifp = net_if_find(app->net, name);
	net_if_del(app->net, ifp->id);
	/* All must hear of it before an addition takes the id again. */
	while (router_step(app))
		;
}

static void apply_rpf(struct app *app, const struct conf *c)
{
	net_resync_begin(app->net, NET_ROUTE_RPF);
	for (size_t i = 0; i < c->n_rpf; i++) {
		const struct net_if *ifp = net_if_find(app->net, c->rpf[i].interface);
		struct net_route r = {.dst = c->rpf[i].prefix,
			.origin = NET_ROUTE_RPF,
			.protocol = 4,
			.n_paths = 1};

		if (!ifp)
			continue; /* conf_read refused it already */
		r.paths[0] = (struct net_path){
			.gateway = c->rpf[i].neighbor, .ifid = ifp->id, .weight = 1};
		if (net_route_set(app->net, &r))
			log_error("rpf", "entry %zu of rpf not taken: out of memory", i + 1);
	}
	net_resync_end(app->net, NET_ROUTE_RPF);
}

static bool neigh_listed(const struct conf *c, const struct conf_neigh *n)
{
	for (size_t i = 0; c && i < c->n_neighs; i++)
		if (strcmp(c->neighs[i].interface, n->interface) == 0 &&
			ip_eq(&c->neighs[i].address, &n->address))
			return true;
	return false;
}

static void apply_neighs(struct app *app, const struct conf *old, const struct conf *c)
{
	for (size_t i = 0; old && i < old->n_neighs; i++) {
		const struct net_if *ifp = net_if_find(app->net, old->neighs[i].interface);

		if (ifp && !neigh_listed(c, &old->neighs[i]))
			net_neigh_del(app->net, ifp->id, &old->neighs[i].address, true);
	}
	for (size_t i = 0; i < c->n_neighs; i++) {
		const struct net_if *ifp = net_if_find(app->net, c->neighs[i].interface);
		struct net_neigh n = {.state = NET_NEIGH_STATIC, .addr = c->neighs[i].address};

		if (!ifp)
			continue;
		n.ifid = ifp->id;
		memcpy(n.mac, c->neighs[i].mac, 6);
		if (net_neigh_set(app->net, &n))
			log_error("neighbors", "entry %zu not taken: out of memory", i + 1);
	}
}

static void apply_routes(struct app *app, const struct conf *c)
{
	struct static_config sc = {.n_routes = c->n_routes, .routes = c->routes};

	runner_config(app->runner, app->static_number, &sc, app_now_us());
}

static bool preference_listed(const struct conf *c, uint8_t protocol)
{
	for (size_t i = 0; i < c->n_preferences; i++)
		if (c->preferences[i].protocol == protocol)
			return true;
	return false;
}

static void apply_preferences(struct app *app, const struct conf *old, const struct conf *c)
{
	for (size_t i = 0; i < old->n_preferences; i++)
		if (!preference_listed(c, old->preferences[i].protocol))
			net_preference_default(app->net, old->preferences[i].protocol);
	for (size_t i = 0; i < c->n_preferences; i++)
		net_preference_set(
			app->net, c->preferences[i].protocol, c->preferences[i].preference);
}

static int apply_one(struct app *app, const struct conf *old, const struct conf *new_,
	const struct conf_change *ch, struct summary *sum, char *err, size_t cap)
{
	size_t n;

	switch (ch->kind) {
	case CONF_IF_DEL:
		say(sum, "interface %s removed", ch->name);
		if_del(app, ch->name);
		return 0;
	case CONF_PORT_DEL:
		say(sum, "port %s removed", ch->name);
		return ports_del(app->ports, ch->name);
	case CONF_PORT_ADD:
		say(sum, "port %s added", ch->name);
		return ports_add(app->ports, &new_->ports[ch->new_index], err, cap);
	case CONF_PORT_MTU:
		say(sum, "port %s changed", ch->name);
		return ports_change(app->ports, &new_->ports[ch->new_index]);
	case CONF_IF_ADD:
		say(sum, "interface %s added", ch->name);
		return if_add(app, &new_->ifs[ch->new_index], err, cap);
	case CONF_IF_CHANGE:
		say(sum, "interface %s changed", ch->name);
		return if_change(
			app, &old->ifs[ch->old_index], &new_->ifs[ch->new_index], err, cap);
	case CONF_RPF:
		say(sum, "rpf: %zu %s", new_->n_rpf, new_->n_rpf == 1 ? "entry" : "entries");
		apply_rpf(app, new_);
		return 0;
	case CONF_NEIGHS:
		say(sum, "neighbors: %zu %s", new_->n_neighs,
			new_->n_neighs == 1 ? "entry" : "entries");
		apply_neighs(app, old, new_);
		return 0;
	case CONF_ROUTES:
		say(sum, "static routes: %zu", new_->n_routes);
		apply_routes(app, new_);
		return 0;
	case CONF_GMP:
		say_interfaces(sum, "igmp and mld", protocols_gmp(app, new_));
		return 0;
	case CONF_PIM:
		n = protocols_pim(app, new_);
		if (!app->booted && n)
			say_interfaces(sum, "pim", n);
		else if (app->booted)
			say(sum, "pim changed: it runs on %zu interface%s", n, n == 1 ? "" : "s");
		return 0;
	case CONF_LOG:
		log_set_level(new_->router.log);
		return 0;
	case CONF_PREFERENCES:
		apply_preferences(app, old, new_);
		return 0;
	case CONF_ECMP:
		say(sum, "rpf_ecmp: %s", conf_ecmp_name(new_));
		net_ecmp_set(app->net, new_->rpf_ecmp);
		return 0;
	case CONF_POLICE:
		say(sum, "policers changed");
		ports_police(app->ports);
		return 0;
	case CONF_RESTART:
		say(sum, "%s changes at the next start only", ch->name);
		log_warning("reload", "%s takes effect at the next start of stargd", ch->name);
		return 0;
	}
	return -EINVAL;
}

/* Interfaces that changed or came need their rpf entries, neighbours and ports told again. */
static void apply_dependents(struct app *app, const struct conf *c, bool ifs_changed)
{
	if (!ifs_changed)
		return;
	ports_announce(app->ports);
	apply_rpf(app, c);
	apply_neighs(app, NULL, c);
	apply_routes(app, c); /* defaults of the interfaces, such as ttl_threshold */
}

/* What only a start can change stays as it is, so that the configuration in force says what runs and the
 * next reload names the difference again. */
static void keep_running(struct conf *running, struct conf *next)
{
	struct conf_router wanted = next->router;

	next->router = running->router;
	next->router.log = wanted.log;
	next->router.police = wanted.police;
	next->control = running->control;
	running->router = wanted; /* whose arguments conf_free frees */
}

/* Whether protocols send packets as soon as they hear of the change: what they say first must leave. */
static bool speaks(enum conf_change_kind kind)
{
	return kind == CONF_GMP || kind == CONF_PIM;
}

/* At boot; afterwards they run. */
static int workers_start(struct app *app, char *err, size_t cap)
{
	if (app->booted || app->workers_run || !app_start(app))
		return 0;
	snprintf(err, cap, "the workers did not start: an lcore is busy");
	return -EBUSY;
}

/* An apply on its way. */
struct applying {
	struct app *app;
	const struct conf *old, *next;
	const struct conf_change *changes;
	size_t n;
	struct summary sum;
	bool boot, undo, ifs_changed; /* undo: back to what ran; as much of it as can be */
	int first;                    /* the first failure, its sentence in err */
	char *err;
	size_t err_cap;
};

static void failed(struct applying *a, int rc, const char *what, const char *msg)
{
	if (a->undo)
		log_error("reload", "going back: %s", msg[0] ? msg : strerror(-rc));
	if (a->first)
		return;
	a->first = rc;
	if (msg[0])
		snprintf(a->err, a->err_cap, "%s", msg);
	else
		snprintf(a->err, a->err_cap, "%s: %s", what, strerror(-rc));
}

/* The changes of protocols that speak, or all others. */
static void apply_changes(struct applying *a, bool speaking)
{
	for (size_t i = 0; i < a->n && (a->undo || !a->first); i++) {
		const struct conf_change *ch = &a->changes[i];
		char msg[CONF_ERRLEN] = "";
		int rc;

		if (speaks(ch->kind) != speaking ||
			((a->boot || a->undo) && ch->kind == CONF_RESTART))
			continue;
		/* a device may take seconds */
		if (a->boot && starting_is_to_end()) {
			failed(a, -EINTR, ch->name, "a signal ended the start");
			return;
		}
		rc = apply_one(a->app, a->old, a->next, ch, &a->sum, msg, sizeof(msg));
		a->ifs_changed |= ch->kind == CONF_IF_ADD || ch->kind == CONF_IF_CHANGE;
		if (rc && !(a->undo && rc == -ENOENT)) /* what was never added need not go */
			failed(a, rc, ch->name, msg);
	}
}

static void steps(struct app *app)
{
	while (router_step(app))
		;
}

/* All that packets need is in the data plane when the workers start, and they run when protocols speak. */
static void apply_all(struct applying *a)
{
	char msg[CONF_ERRLEN] = "";
	int rc;

	apply_changes(a, false);
	if (a->first && !a->boot && !a->undo)
		return; /* and back */
	protocols_bits(a->app, a->next);
	apply_dependents(a->app, a->next, a->ifs_changed);
	a->app->twin_error[0] = '\0';
	router_twins_sync(a->app);
	steps(a->app);
	rc = a->boot && a->first ? 0 : workers_start(a->app, msg, sizeof(msg));
	if (rc)
		failed(a, rc, "workers", msg);
	apply_changes(a, true);
	steps(a->app);
}

/* What can be known before anything is touched: whether the new devices work. */
static int ports_ready(const struct applying *a)
{
	size_t used;
	int rc = 0;

	for (size_t i = 0; i < a->n && !rc; i++)
		if (a->changes[i].kind == CONF_PORT_ADD)
			rc = ports_try(a->app->ports, &a->next->ports[a->changes[i].new_index],
				a->err, a->err_cap);
	used = strlen(a->err);
	if (rc)
		snprintf(a->err + used, a->err_cap - used, "; nothing was changed");
	return rc;
}

/* Back to what ran, for a reload is applied as a whole or not at all. before: the router's settings in old. */
static void undo(const struct applying *a, struct conf *next, const struct conf_router *before)
{
	struct conf *old = (struct conf *)(uintptr_t)a->old;
	char err[CONF_ERRLEN] = "", summary[2048] = "";
	struct conf_change *changes = NULL;
	struct applying back = {.app = a->app,
		.old = next,
		.next = old,
		.undo = true,
		.sum = {.text = summary, .cap = sizeof(summary)},
		.err = err,
		.err_cap = sizeof(err)};
	size_t used = strlen(a->err);
	ssize_t n;

	next->router = old->router;
	old->router = *before;
	a->app->conf = old;
	n = conf_diff(next, old, &changes);
	if (n > 0) {
		back.changes = changes;
		back.n = (size_t)n;
		apply_all(&back);
	}
	free(changes);
	snprintf(a->err + used, a->err_cap - used, "; %s",
		n < 0 || back.first ? "the former configuration is not wholly in force "
				      "again: mend the file and reload"
				    : "the former configuration is in force again");
}

static int apply(struct applying *a, struct conf *next)
{
	int rc;

	if (a->boot) {
		a->app->conf = next;
		apply_all(a);
		if (!a->first && a->app->twin_error[0]) {
			snprintf(a->err, a->err_cap, "%s", a->app->twin_error);
			a->first = -EPERM;
		}
		a->app->booted = true;
		return a->first;
	}
	rc = ports_ready(a);
	if (!rc) {
		struct conf_router before = a->app->conf->router;

		keep_running(a->app->conf, next);
		a->app->conf = next;
		apply_all(a);
		if (a->first)
			undo(a, next, &before);
		rc = a->first;
	}
	ports_try_end(a->app->ports);
	conf_free(rc ? next : (struct conf *)(uintptr_t)a->old);
	return rc;
}

int router_apply(struct app *app, struct conf *next, char *summary, size_t summary_cap, char *err,
	size_t err_cap)
{
	static const struct conf nothing;
	const struct conf *old = app->conf ? app->conf : &nothing;
	struct applying a = {.app = app,
		.old = old,
		.next = next,
		.sum = {.text = summary, .cap = summary_cap},
		.boot = old == &nothing,
		.err = err,
		.err_cap = err_cap};
	struct conf_change *changes = NULL;
	ssize_t n = conf_diff(old, next, &changes);
	int rc;

	summary[0] = err[0] = '\0';
	if (n < 0) {
		snprintf(err, err_cap, "configuration: out of memory");
		if (!a.boot)
			conf_free(next);
		return (int)n;
	}
	a.changes = changes;
	a.n = (size_t)n;
	rc = apply(&a, next);
	if (n == 0)
		say(&a.sum, "nothing changed");
	free(changes);
	return rc;
}

int app_reload(struct app *app, char *summary, size_t summary_cap, char *err, size_t err_cap)
{
	struct conf *next;
	int rc = conf_read(app->conf->path, &next, err, err_cap);

	if (rc)
		return rc;
	rc = port_dev_check_drivers(next, err, err_cap);
	if (!rc)
		return router_apply(app, next, summary, summary_cap, err, err_cap);
	conf_free(next);
	return rc;
}

int app_start(struct app *app)
{
	int rc = dataplane_start(app->dataplane);

	if (rc == 0)
		app->workers_run = true;
	return rc;
}

int app_stop(struct app *app)
{
	dataplane_stop(app->dataplane);
	app->workers_run = false;
	return 0;
}

bool router_step(struct app *app)
{
	bool more = runner_run(app->runner, app_now_us(), STEP_BUDGET);

	app->dp.ops->reclaim(app->dp.ctx);
	return more;
}
