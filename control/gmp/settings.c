/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A new configuration against the one in force: mark and sweep by name and family, and only what differs
 * is acted upon, so that a reload disturbs no membership it does not concern.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/gmp/gmp_priv.h"

/* --- copies ---------------------------------------------------------------------------------------- */

static void *array_copy(const void *from, size_t bytes, bool *error)
{
	void *to = bytes ? malloc(bytes) : NULL;

	if (to)
		memcpy(to, from, bytes);
	*error |= bytes && !to;
	return to;
}

static void conf_fini(struct gmp_if_config *c)
{
	free((void *)(uintptr_t)c->joins);
	free((void *)(uintptr_t)c->rules);
}

static int conf_copy(struct gmp_if_config *to, const struct gmp_if_config *from)
{
	bool error = false;

	*to = *from;
	to->joins = array_copy(from->joins, from->n_joins * sizeof(*from->joins), &error);
	to->rules = array_copy(from->rules, from->n_rules * sizeof(*from->rules), &error);
	if (!error)
		return 0;
	conf_fini(to);
	return -ENOMEM;
}

/* --- what differs ------------------------------------------------------------------------------------ */

static bool joins_same(const struct gmp_if_config *a, const struct gmp_if_config *b)
{
	if (a->n_joins != b->n_joins)
		return false;
	for (uint32_t i = 0; i < a->n_joins; i++)
		if (!ip_eq(&a->joins[i].grp, &b->joins[i].grp) ||
			!ip_eq(&a->joins[i].src, &b->joins[i].src))
			return false;
	return true;
}

static bool rules_same(const struct gmp_if_config *a, const struct gmp_if_config *b)
{
	if (a->n_rules != b->n_rules)
		return false;
	for (uint32_t i = 0; i < a->n_rules; i++)
		if (a->rules[i].permit != b->rules[i].permit ||
			!prefix_eq(&a->rules[i].grp, &b->rules[i].grp) ||
			!prefix_eq(&a->rules[i].src, &b->rules[i].src))
			return false;
	return true;
}

static bool times_same(const struct gmp_if_config *a, const struct gmp_if_config *b)
{
	return a->robustness == b->robustness && a->query_interval_s == b->query_interval_s &&
	       a->query_response_interval_ms == b->query_response_interval_ms;
}

/* --- interfaces ---------------------------------------------------------------------------------------- */

static struct gmp_if *find(const struct gmp_self *self, const char *name, uint8_t family)
{
	for (size_t i = 0; i < self->n_ifs; i++)
		if (self->ifs[i]->conf.family == family &&
			!strncmp(self->ifs[i]->conf.interface, name, DP_IF_NAMELEN))
			return self->ifs[i];
	return NULL;
}

/* In order of name and family. The array has room. */
static void insert(struct gmp_self *self, struct gmp_if *gif)
{
	size_t i = self->n_ifs++;

	for (; i > 0; i--) {
		const struct gmp_if_config *c = &self->ifs[i - 1]->conf;
		int cmp = strncmp(c->interface, gif->conf.interface, DP_IF_NAMELEN);

		if (cmp < 0 || (cmp == 0 && c->family < gif->conf.family))
			break;
		self->ifs[i] = self->ifs[i - 1];
	}
	self->ifs[i] = gif;
}

static struct gmp_if *if_new(struct gmp_self *self, const struct gmp_if_config *c)
{
	struct gmp_if **v = realloc(self->ifs, (self->n_ifs + 1) * sizeof(*v));
	struct gmp_if *gif = v ? calloc(1, sizeof(*gif)) : NULL;

	if (v)
		self->ifs = v;
	if (!gif)
		return NULL;
	if (hash_init(&gif->groups) || hash_init(&gif->reporters) || conf_copy(&gif->conf, c)) {
		hash_fini(&gif->groups);
		hash_fini(&gif->reporters);
		free(gif);
		return NULL;
	}
	gif->self = self;
	gif->problem = "there is no such interface";
	insert(self, gif);
	return gif;
}

void gmp_if_free(struct gmp_if *gif, struct timer_heap *timers)
{
	struct hash_node *n, *next;

	for (n = hash_next(&gif->groups, NULL); n; n = next) {
		next = hash_next(&gif->groups, n);
		gmp_group_free(container_of(n, struct gmp_group, node), timers);
	}
	timer_cancel(timers, &gif->query_timer);
	timer_cancel(timers, &gif->other_timer);
	hash_fini(&gif->groups);
	hash_fini(&gif->reporters);
	conf_fini(&gif->conf);
	free(gif);
}

/* Tracking that starts late knows nobody yet. */
static void tracking_changed(struct gmp_if *gif, struct proto_ctx *ctx)
{
	struct hash_node *n;

	for (n = hash_next(&gif->groups, NULL); n; n = hash_next(&gif->groups, n))
		gmp_track_restart(container_of(n, struct gmp_group, node), ctx->now_us);
}

/* The settings of an interface that was there before. */
static void if_change(struct gmp_if *gif, const struct gmp_if_config *c, struct proto_ctx *ctx)
{
	struct gmp_if_config old = gif->conf;

	if (conf_copy(&gif->conf, c)) {
		gif->conf = old;
		gmp_count(gif, GMP_C_no_memory, 1);
		act_notify(ctx->out, LOG_LVL_ERROR,
			"%s: no memory for new settings, the old ones stay: reload", c->interface);
		return;
	}
	if (gif->running && !gif->invalid && c->enabled) {
		if (old.version != c->version)
			gmp_querier_start(gif, ctx);
		else if (!times_same(&old, c))
			gmp_querier_changed(gif, ctx);
		if (old.tracking != c->tracking)
			tracking_changed(gif, ctx);
		if (!rules_same(&old, c))
			gmp_if_refilter(gif, ctx);
		else if (!joins_same(&old, c))
			gmp_if_joins(gif, ctx);
	}
	conf_fini(&old);
}

static void config_if(struct gmp_self *self, const struct gmp_if_config *c, struct proto_ctx *ctx)
{
	struct gmp_if *gif = find(self, c->interface, c->family);
	char err[192];
	bool invalid = gmp_if_config_check(c, err, sizeof(err)) != 0;

	if (invalid)
		act_notify(ctx->out, LOG_LVL_ERROR, "%s", err);
	if (gif && gif->seen) {
		act_notify(ctx->out, LOG_LVL_WARNING,
			"%s is configured twice: the first one counts", c->interface);
		return;
	}
	if (gif) {
		gif->invalid = invalid;
		if_change(gif, c, ctx);
	} else {
		gif = if_new(self, c);
	}
	if (!gif) {
		act_notify(ctx->out, LOG_LVL_ERROR, "no memory for %s: reload", c->interface);
		return;
	}
	gif->invalid = invalid;
	gif->seen = true;
	gmp_if_refresh(gif, ctx);
}

static void sweep(struct gmp_self *self, struct proto_ctx *ctx)
{
	size_t n = 0;

	for (size_t i = 0; i < self->n_ifs; i++) {
		struct gmp_if *gif = self->ifs[i];

		if (gif->seen) {
			gif->seen = false;
			self->ifs[n++] = gif;
			continue;
		}
		gmp_if_stop(gif, "not configured", ctx);
		if (gif->ifid)
			self->by_id[gif->conf.family == IP_V6][gif->ifid] = NULL;
		gmp_if_free(gif, ctx->timers);
	}
	self->n_ifs = n;
}

void gmp_settings(struct gmp_self *self, const struct gmp_config *c, struct proto_ctx *ctx)
{
	bool changed;

	if (gmp_policy_set(self, c, &changed)) {
		act_notify(ctx->out, LOG_LVL_ERROR,
			"no memory for the SSM ranges and maps, the old ones stay: reload");
		changed = false;
	}
	for (size_t i = 0; i < c->n_ifs; i++)
		config_if(self, &c->ifs[i], ctx);
	sweep(self, ctx);
	for (size_t i = 0; i < self->n_ifs && changed; i++)
		if (self->ifs[i]->running)
			gmp_if_refilter(self->ifs[i], ctx);
}
