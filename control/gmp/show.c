/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The state for whoever shows it: in order, as values, with the time that is left.
 */
#include <stdlib.h>

#include "control/gmp/gmp_priv.h"

static uint64_t left(uint64_t due_us, uint64_t now_us)
{
	return due_us > now_us ? due_us - now_us : 0;
}

/* --- interfaces ------------------------------------------------------------------------------------ */

static struct gmp_if_info if_info(const struct gmp_if *gif, uint64_t now_us)
{
	struct gmp_if_info i = {
		.ifid = gif->ifid,
		.family = gif->conf.family,
		.running = gif->running,
		.problem = gif->problem,
		.conf = &gif->conf,
		.address = gif->address,
		.querier = gif->querier,
		.querier_address = gif->querier_addr,
		.querier_since_us = gif->querier_since_us,
		.other_querier_left_us = timer_left(&gif->other_timer, now_us),
		.next_query_left_us = timer_left(&gif->query_timer, now_us),
		.startup_left = gif->startup_left,
		.robustness = gif->robustness,
		.query_interval_s = gif->query_interval_s,
		.query_response_interval_ms = (uint32_t)(gif->response_us / 1000),
		.group_membership_interval_us = gmp_group_membership_interval(gif),
		.last_member_query_time_us = gmp_last_member_query_time(gif),
		.groups = (uint32_t)gif->groups.n,
		.entries = gif->n_entries,
		.suppressed = gif->suppressed,
		.counters = gif->counters,
		.last_from = gif->last_from,
		.last_us = gif->last_us,
	};

	memcpy(i.interface, gif->conf.interface, sizeof(i.interface));
	return i;
}

bool gmp_refusal_get(
	const void *me, const struct ipaddr *grp, uint64_t since_us, struct refusal *out)
{
	const struct ipaddr any = {.family = IP_NONE};
	const struct gmp_self *self = me;
	const struct refusal *r = refused_find(&self->refused, &any, grp, since_us);

	if (r)
		*out = *r;
	return r;
}

void gmp_if_walk(const void *me, uint8_t family, uint64_t now_us,
	bool (*cb)(void *arg, const struct gmp_if_info *i), void *arg)
{
	const struct gmp_self *self = me;

	for (size_t k = 0; k < self->n_ifs; k++) {
		struct gmp_if_info i = if_info(self->ifs[k], now_us);

		if ((!family || family == i.family) && !cb(arg, &i))
			return;
	}
}

/* --- groups in order ----------------------------------------------------------------------------------- */

struct walk {
	uint8_t family;
	uint16_t ifid;
	const struct ipaddr *grp;
	uint64_t now_us;
	bool (*each)(struct walk *w, const struct gmp_group *g); /* false: stop */
	void *arg;
	bool (*group_cb)(void *arg, const struct gmp_group_info *i);
	bool (*source_cb)(void *arg, const struct gmp_source_info *i);
	bool (*host_cb)(void *arg, const struct gmp_host_info *i);
};

static int cmp_group(const void *pa, const void *pb)
{
	const struct gmp_group *a = *(const struct gmp_group *const *)pa;
	const struct gmp_group *b = *(const struct gmp_group *const *)pb;

	return ip_cmp(&a->grp, &b->grp);
}

static bool walk_sorted(struct walk *w, const struct gmp_if *gif)
{
	const struct gmp_group **v = malloc((gif->groups.n + 1) * sizeof(*v));
	struct hash_node *n;
	size_t k = 0;
	bool more = true;

	if (!v)
		return false;
	for (n = hash_next(&gif->groups, NULL); n; n = hash_next(&gif->groups, n))
		v[k++] = container_of(n, struct gmp_group, node);
	qsort(v, k, sizeof(*v), cmp_group);
	for (size_t i = 0; i < k && more; i++)
		more = w->each(w, v[i]);
	free(v);
	return more;
}

static bool walk_if(struct walk *w, const struct gmp_if *gif)
{
	const struct gmp_group *g;

	if ((w->family && w->family != gif->conf.family) || (w->ifid && w->ifid != gif->ifid))
		return true;
	if (!w->grp)
		return walk_sorted(w, gif);
	g = gmp_group_find(gif, w->grp);
	return !g || w->each(w, g);
}

static void walk(const struct gmp_self *self, struct walk *w)
{
	for (size_t i = 0; i < self->n_ifs; i++)
		if (!walk_if(w, self->ifs[i]))
			return;
}

/* --- groups, sources, hosts ------------------------------------------------------------------------------- */

static bool each_group(struct walk *w, const struct gmp_group *g)
{
	struct gmp_group_info i = {
		.ifid = g->gif->ifid,
		.interface = g->gif->conf.interface,
		.grp = g->grp,
		.exclude = g->exclude,
		.state = (uint8_t)gmp_group_state(g, w->now_us),
		.version = gmp_group_version(g, w->now_us),
		.is_static = g->static_any,
		.ssm = gmp_in_ssm(g->gif->self, &g->grp),
		.uptime_us = w->now_us - g->since_us,
		.left_us = g->exclude ? left(g->filter_due_us, w->now_us) : TIMER_NEVER,
		.v1_left_us = left(g->v1_due_us, w->now_us),
		.v2_left_us = left(g->v2_due_us, w->now_us),
		.last_reporter = g->last_reporter,
		.n_sources = g->n_sources,
		.n_hosts = g->n_hosts,
	};

	if (g->gif->conf.family == IP_V6) /* MLD counts from its own 1 */
		i.version--;
	return w->group_cb(w->arg, &i);
}

void gmp_group_walk(const void *self, uint8_t family, uint16_t ifid, const struct ipaddr *grp,
	uint64_t now_us, bool (*cb)(void *arg, const struct gmp_group_info *i), void *arg)
{
	struct walk w = {.family = family,
		.ifid = ifid,
		.grp = grp,
		.now_us = now_us,
		.each = each_group,
		.group_cb = cb,
		.arg = arg};

	walk(self, &w);
}

static bool each_source(struct walk *w, const struct gmp_group *g)
{
	for (uint32_t k = 0; k < g->n_sources; k++) {
		const struct gmp_source *s = &g->sources[k];
		bool running = s->set == GMP_SET_RUNNING;
		struct gmp_source_info i = {
			.ifid = g->gif->ifid,
			.interface = g->gif->conf.interface,
			.grp = g->grp,
			.src = s->addr,
			.forward = s->set != GMP_SET_ZERO || s->is_static,
			.checking = running &&
				    s->due_us <= w->now_us + gmp_last_member_query_time(g->gif),
			.is_static = s->is_static,
			.left_us = running || s->wanted     ? left(s->due_us, w->now_us)
				   : s->set == GMP_SET_ZERO ? 0
							    : TIMER_NEVER,
		};

		if (!w->source_cb(w->arg, &i))
			return false;
	}
	return true;
}

void gmp_source_walk(const void *self, uint8_t family, uint16_t ifid, const struct ipaddr *grp,
	uint64_t now_us, bool (*cb)(void *arg, const struct gmp_source_info *i), void *arg)
{
	struct walk w = {.family = family,
		.ifid = ifid,
		.grp = grp,
		.now_us = now_us,
		.each = each_source,
		.source_cb = cb,
		.arg = arg};

	walk(self, &w);
}

static bool each_host(struct walk *w, const struct gmp_group *g)
{
	bool more = true;

	for (uint32_t k = 0; k < g->n_hosts && more; k++) {
		const struct gmp_host *h = &g->hosts[k];
		struct ipaddr *v = malloc((h->n + 1) * sizeof(*v));
		struct gmp_host_info i = {
			.ifid = g->gif->ifid,
			.interface = g->gif->conf.interface,
			.grp = g->grp,
			.host = h->addr,
			.exclude = h->exclude,
			.version = h->version,
			.left_us = left(h->due_us, w->now_us),
			.n_sources = v ? h->n : 0,
			.sources = v,
		};

		for (uint32_t s = 0; s < i.n_sources; s++)
			v[s] = h->v[s].src;
		if (g->gif->conf.family == IP_V6)
			i.version--;
		more = w->host_cb(w->arg, &i);
		free(v);
	}
	return more;
}

void gmp_host_walk(const void *self, uint8_t family, uint16_t ifid, const struct ipaddr *grp,
	uint64_t now_us, bool (*cb)(void *arg, const struct gmp_host_info *i), void *arg)
{
	struct walk w = {.family = family,
		.ifid = ifid,
		.grp = grp,
		.now_us = now_us,
		.each = each_host,
		.host_cb = cb,
		.arg = arg};

	walk(self, &w);
}

/* --- totals ------------------------------------------------------------------------------------------------- */

size_t gmp_group_count(const void *me, uint8_t family)
{
	const struct gmp_self *self = me;
	size_t n = 0;

	for (size_t i = 0; i < self->n_ifs; i++)
		if (!family || family == self->ifs[i]->conf.family)
			n += self->ifs[i]->groups.n;
	return n;
}

static size_t group_memory(const struct gmp_group *g)
{
	size_t n = sizeof(*g) + g->cap_sources * sizeof(*g->sources) +
		   g->cap_hosts * sizeof(*g->hosts);

	for (uint32_t i = 0; i < g->n_hosts; i++)
		n += g->hosts[i].cap * sizeof(*g->hosts[i].v);
	return n;
}

size_t gmp_memory(const void *me)
{
	const struct gmp_self *self = me;
	size_t n = sizeof(*self) + self->cap_scratch * sizeof(*self->scratch);

	for (size_t i = 0; i < self->n_ifs; i++) {
		const struct hash_table *t = &self->ifs[i]->groups;
		struct hash_node *node;

		n += sizeof(*self->ifs[i]) + (t->mask + 1ul) * sizeof(*t->buckets);
		for (node = hash_next(t, NULL); node; node = hash_next(t, node))
			n += group_memory(container_of(node, struct gmp_group, node));
	}
	return n;
}
