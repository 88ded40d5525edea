/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The static protocol: keeps the definitions of file and shell by key and refreshes the wishes that
 * an event concerns. The file's routes are replaced by mark and sweep, so that a reload speaks only
 * of what changed.
 */
#include <errno.h>

#include "control/static/static_priv.h"

static void *static_new(void)
{
	struct static_self *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	if (hash_init(&self->entries)) {
		free(self);
		return NULL;
	}
	return self;
}

/* --- definitions and entries ------------------------------------------------------------------- */

static void def_free(struct static_def *def)
{
	if (!def)
		return;
	static_route_fini(&def->r);
	free(def->problem);
	free(def);
}

static struct static_def *def_new(const struct static_route *r, enum static_origin origin)
{
	struct static_def *def = calloc(1, sizeof(*def));

	if (!def)
		return NULL;
	if (static_route_copy(&def->r, r)) {
		free(def);
		return NULL;
	}
	def->r.origin = origin;
	return def;
}

static bool output_same(const struct static_output *a, const struct static_output *b)
{
	return !strncmp(a->interface, b->interface, DP_IF_NAMELEN) &&
	       a->ttl_threshold == b->ttl_threshold && ip_eq(&a->unicast, &b->unicast) &&
	       ip_eq(&a->source, &b->source) && a->port == b->port && a->ttl == b->ttl &&
	       a->set_dscp == b->set_dscp && a->dscp == b->dscp &&
	       a->preserve_source == b->preserve_source;
}

static bool route_same(const struct static_route *a, const struct static_route *b)
{
	if (a->input_kind != b->input_kind || a->n_inputs != b->n_inputs ||
		a->n_outputs != b->n_outputs || a->n_excepts != b->n_excepts)
		return false;
	for (uint32_t i = 0; i < a->n_excepts; i++)
		if (!prefix_eq(&a->excepts[i], &b->excepts[i]))
			return false;
	for (unsigned i = 0; i < a->n_inputs && i < DP_INPUTS_MAX; i++)
		if (strncmp(a->inputs[i], b->inputs[i], DP_IF_NAMELEN))
			return false;
	for (uint32_t i = 0; i < a->n_outputs; i++)
		if (!output_same(&a->outputs[i], &b->outputs[i]))
			return false;
	return true;
}

struct dp_route_key static_key_normal(const struct dp_route_key *k)
{
	struct dp_route_key key = {.table = k->table};

	key.grp = prefix_make(k->grp.addr, k->grp.len);
	key.src = prefix_make(k->src.addr, k->src.len);
	if (key.src.len == 0 && ip_is_none(&key.src.addr))
		key.src.addr.family = key.grp.addr.family;
	return key;
}

struct static_entry *static_entry_find(
	const struct static_self *self, const struct dp_route_key *key)
{
	struct hash_node *node = hash_first(&self->entries, route_key_hash(key));

	for (; node; node = hash_same(node)) {
		struct static_entry *e = container_of(node, struct static_entry, node);

		if (route_key_eq(&e->key, key))
			return e;
	}
	return NULL;
}

static struct static_entry *entry_get(struct static_self *self, const struct dp_route_key *key)
{
	struct static_entry *e = static_entry_find(self, key);

	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->key = *key;
	hash_add(&self->entries, &e->node, route_key_hash(key));
	return e;
}

static void entry_free(struct static_self *self, struct static_entry *e)
{
	hash_del(&self->entries, &e->node);
	def_free(e->defs[STATIC_FILE]);
	def_free(e->defs[STATIC_SHELL]);
	free(e->sent);
	free(e);
}

/* The entry's definitions changed: refreshed, and gone if nothing is left of it. */
static void entry_changed(struct static_self *self, struct static_entry *e, struct proto_ctx *ctx)
{
	static_refresh(self, e, ctx);
	if (e->defs[STATIC_FILE] || e->defs[STATIC_SHELL])
		return;
	self->rpf_stale = true;
	entry_free(self, e);
}

static void static_free(void *me, struct timer_heap *timers)
{
	struct static_self *self = me;
	struct hash_node *node;

	while (self->entries.n > 0) {
		node = hash_next(&self->entries, NULL);
		entry_free(self, container_of(node, struct static_entry, node));
	}
	hash_fini(&self->entries);
	free(self->rpf);
	free(self->outputs);
	free(self);
}

/* --- configuration ----------------------------------------------------------------------------- */

static void config_route(
	struct static_self *self, const struct static_route *r, struct proto_ctx *ctx)
{
	struct dp_route_key key = static_key_normal(&r->key);
	struct static_entry *e = entry_get(self, &key);
	struct static_def *def = e ? e->defs[STATIC_FILE] : NULL;
	char text[ROUTE_KEY_STRLEN], err[192];

	route_key_str(&key, text, sizeof(text));
	if (def && def->seen) {
		act_notify(ctx->out, LOG_LVL_WARNING,
			"route %s is in the file twice: the first one counts", text);
		return;
	}
	if (def && route_same(&def->r, r)) {
		def->seen = true;
		return;
	}
	def = e ? def_new(r, STATIC_FILE) : NULL;
	if (!def) {
		act_notify(ctx->out, LOG_LVL_ERROR, "no memory for route %s: reload", text);
		if (e && e->defs[STATIC_FILE]) /* the old one stays */
			e->defs[STATIC_FILE]->seen = true;
		else if (e && !e->defs[STATIC_SHELL])
			entry_free(self, e);
		return;
	}
	def->r.key = key;
	def->seen = true;
	if (static_route_check(&def->r, err, sizeof(err))) {
		def->invalid = true;
		static_problem_set(def, err);
		act_notify(ctx->out, LOG_LVL_ERROR, "route %s: %s", text, err);
	}
	def_free(e->defs[STATIC_FILE]);
	e->defs[STATIC_FILE] = def;
}

static void config(
	struct static_self *self, const struct static_config *conf, struct proto_ctx *ctx)
{
	struct hash_node *node, *next;

	for (size_t i = 0; i < conf->n_routes; i++)
		config_route(self, &conf->routes[i], ctx);
	for (node = hash_next(&self->entries, NULL); node; node = next) {
		struct static_entry *e = container_of(node, struct static_entry, node);
		struct static_def *def = e->defs[STATIC_FILE];

		next = hash_next(&self->entries, node);
		if (def && !def->seen) {
			e->defs[STATIC_FILE] = NULL;
			def_free(def);
		} else if (def) {
			def->seen = false;
		}
		entry_changed(self, e, ctx);
	}
}

/* --- commands ---------------------------------------------------------------------------------- */

static int command_add(struct static_self *self, const struct static_route *r,
	struct proto_ctx *ctx, char *err, size_t cap)
{
	struct dp_route_key key = static_key_normal(&r->key);
	char text[ROUTE_KEY_STRLEN];
	struct static_entry *e;
	struct static_def *def;
	int rc = static_route_check(r, err, cap);

	if (rc)
		return rc;
	e = static_entry_find(self, &key);
	if (e && e->defs[STATIC_SHELL]) {
		snprintf(err, cap, "route %s was added at the shell already%s: delete it first",
			route_key_str(&key, text, sizeof(text)),
			e->defs[STATIC_FILE] ? " and is in the configuration file, which `del "
					       "route` leaves in force"
					     : "");
		return -EEXIST;
	}
	def = def_new(r, STATIC_SHELL);
	e = def ? entry_get(self, &key) : NULL;
	if (!e) {
		def_free(def);
		snprintf(err, cap, "no memory for another route");
		return -ENOMEM;
	}
	def->r.key = key;
	e->defs[STATIC_SHELL] = def;
	entry_changed(self, e, ctx);
	return 0;
}

static int command_del(struct static_self *self, const struct dp_route_key *wanted,
	struct proto_ctx *ctx, char *err, size_t cap)
{
	struct dp_route_key key = static_key_normal(wanted);
	struct static_entry *e = static_entry_find(self, &key);
	char text[ROUTE_KEY_STRLEN];

	route_key_str(&key, text, sizeof(text));
	if (!e) {
		snprintf(err, cap, "there is no static route %s: `show mroute` lists all routes",
			text);
		return -ENOENT;
	}
	if (!e->defs[STATIC_SHELL]) {
		snprintf(err, cap,
			"route %s is in the configuration file: remove it there, then `reload`",
			text);
		return -EPERM;
	}
	def_free(e->defs[STATIC_SHELL]);
	e->defs[STATIC_SHELL] = NULL;
	entry_changed(self, e, ctx);
	return 0;
}

static int command(struct static_self *self, const struct static_command *cmd,
	struct proto_ctx *ctx, char *err, size_t cap)
{
	switch (cmd->kind) {
	case STATIC_ADD:
		return command_add(self, &cmd->route, ctx, err, cap);
	case STATIC_DEL:
		return command_del(self, &cmd->route.key, ctx, err, cap);
	}
	return -EINVAL;
}

static void static_event(void *me, const struct event *ev, struct proto_ctx *ctx)
{
	struct static_self *self = me;

	switch (ev->kind) {
	case EV_CONFIG:
		config(self, ev->config, ctx);
		break;
	case EV_COMMAND:
		*ev->command.result = command(
			self, ev->command.request, ctx, ev->command.error, ev->command.error_cap);
		break;
	case EV_NET:
		static_net_event(self, &ev->net, ctx);
		break;
	case EV_PACKET:
	case EV_TIMER:
	case EV_UPCALL:
	case EV_MEMBER:
	case EV_STOP:
		break;
	}
}

const struct proto static_proto = {
	.name = "static",
	.new = static_new,
	.free = static_free,
	.event = static_event,
};
