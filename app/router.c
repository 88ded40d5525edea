/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Boot and reload are one thing: the difference between what runs and what the file says, applied in
 * order. At boot nothing runs yet.
 */
#include "app/router.h"
#include "app/ports.h"
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

	runner_net_changed(app->runner, c);
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

static void apply_gmp(struct app *app, const struct conf *c, struct summary *sum)
{
	struct gmp_config gc;

	if (conf_gmp(c, &gc)) {
		log_error("igmp", "not configured: out of memory");
		return;
	}
	say(sum, "igmp and mld: %zu interfaces", gc.n_ifs);
	runner_config(app->runner, app->gmp_number, &gc, app_now_us());
	free((void *)(uintptr_t)gc.ifs);
}

static void apply_pim(struct app *app, const struct conf *c, struct summary *sum)
{
	struct pim_config pc;

	if (conf_pim(c, &pc)) {
		log_error("pim", "not configured: out of memory");
		return;
	}
	if (pc.n_ifs || app->booted)
		say(sum, "pim: %zu interfaces", pc.n_ifs);
	runner_config(app->runner, app->pim_number, &pc, app_now_us());
	free((void *)(uintptr_t)pc.ifs);
}

/* Which packets the workers hand to the protocols rather than to the kernel, and whether packets without a
 * route wait for PIM's answer: where it runs nowhere, nobody has one. */
static void apply_proto_bits(struct app *app, const struct conf *c)
{
	bool any_pim = false;

	for (size_t i = 0; i < c->n_ifs; i++) {
		const struct conf_if *ci = &c->ifs[i];
		const struct net_if *ifp = net_if_find(app->net, ci->net.name);
		bool pim = ci->has_pim && ci->pim.mode != PIM_MODE_OFF;

		any_pim |= pim;
		if (ifp)
			net_if_proto(app->net, ifp->id,
				(uint8_t)((ci->gmp[0].enabled ? DP_PROTO_IGMP : 0) |
					  (ci->gmp[1].enabled ? DP_PROTO_MLD : 0) |
					  (pim ? DP_PROTO_PIM : 0)));
	}
	app->dp.ops->hold_enable(app->dp.ctx, any_pim);
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
		say(sum, "rpf: %zu entries", new_->n_rpf);
		apply_rpf(app, new_);
		return 0;
	case CONF_NEIGHS:
		say(sum, "neighbors: %zu entries", new_->n_neighs);
		apply_neighs(app, old, new_);
		return 0;
	case CONF_ROUTES:
		say(sum, "static routes: %zu", new_->n_routes);
		apply_routes(app, new_);
		return 0;
	case CONF_GMP:
		apply_gmp(app, new_, sum);
		return 0;
	case CONF_PIM:
		apply_pim(app, new_, sum);
		return 0;
	case CONF_LOG:
		log_set_level(new_->router.log);
		return 0;
	case CONF_PREFERENCES:
		apply_preferences(app, old, new_);
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

int router_apply(struct app *app, struct conf *next, char *summary, size_t summary_cap, char *err,
	size_t err_cap)
{
	static const struct conf nothing;
	const struct conf *old = app->conf ? app->conf : &nothing;
	struct summary sum = {.text = summary, .cap = summary_cap};
	struct conf_change *changes = NULL;
	bool boot = old == &nothing, ifs_changed = false;
	ssize_t n = conf_diff(old, next, &changes);
	int first = 0;

	summary[0] = '\0';
	if (n < 0) {
		snprintf(err, err_cap, "configuration: out of memory");
		return (int)n;
	}
	if (!boot)
		keep_running(app->conf, next);
	app->conf = next;
	for (ssize_t i = 0; i < n && !(boot && first); i++) {
		char msg[CONF_ERRLEN] = "";
		int rc;

		if (boot && changes[i].kind == CONF_RESTART)
			continue;
		if (speaks(changes[i].kind))
			apply_proto_bits(app, next);
		rc = speaks(changes[i].kind) ? workers_start(app, msg, sizeof(msg)) : 0;
		if (!rc)
			rc = apply_one(app, old, next, &changes[i], &sum, msg, sizeof(msg));
		ifs_changed |= changes[i].kind == CONF_IF_ADD || changes[i].kind == CONF_IF_CHANGE;
		if (rc && !boot)
			log_error("reload", "%s", msg[0] ? msg : strerror(-rc));
		if (rc && !first) {
			first = rc;
			if (msg[0])
				snprintf(err, err_cap, "%s", msg);
			else
				snprintf(err, err_cap, "%s: %s", changes[i].name, strerror(-rc));
		}
	}
	apply_proto_bits(app, next);
	apply_dependents(app, next, ifs_changed);
	app->twin_error[0] = '\0';
	router_twins_sync(app);
	if (!first)
		first = workers_start(app, err, err_cap);
	while (router_step(app))
		;
	if (!first && boot && app->twin_error[0]) {
		snprintf(err, err_cap, "%s", app->twin_error);
		first = -EPERM;
	}
	if (n == 0)
		say(&sum, "nothing changed");
	free(changes);
	app->booted = true;
	if (!boot)
		conf_free((struct conf *)(uintptr_t)old);
	return first;
}

int app_reload(struct app *app, char *summary, size_t summary_cap, char *err, size_t err_cap)
{
	struct conf *next;
	int rc = conf_read(app->conf->path, &next, err, err_cap);

	if (rc)
		return rc;
	return router_apply(app, next, summary, summary_cap, err, err_cap);
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
