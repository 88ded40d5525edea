/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * From a packet to the tables of 6.4: whether its sender may speak here (RFC 3376 section 9, RFC 3810 6.2
 * and 7.4), messages of older versions (7.3.2), SSM semantics (RFC 4604 section 3), the access list.
 */
#include <stdlib.h>

#include "control/gmp/gmp_priv.h"

/* --- the sender ----------------------------------------------------------------------------------- */

static bool on_subnet(const struct net_if *ifp, const struct ipaddr *a)
{
	for (unsigned i = 0; i < ifp->n_addrs; i++) {
		struct prefix p = prefix_make(ifp->addrs[i].ip, ifp->addrs[i].len);

		if (prefix_has(&p, a))
			return true;
	}
	return false;
}

static bool is_own(const struct net_if *ifp, const struct ipaddr *a)
{
	for (unsigned i = 0; i < ifp->n_addrs; i++)
		if (ip_eq(&ifp->addrs[i].ip, a))
			return true;
	return false;
}

/* RFC 3376 9.2: a subnet of the interface, or 0.0.0.0 of a host without address. RFC 3810 5.1.14 and
 * 5.2.13: link-local. */
static bool sender_ok(const struct gmp_if *gif, const struct net_if *ifp, const struct ipaddr *from)
{
	if (from->family == IP_V6)
		return ip6_is_link_local(from);
	if (ip_is_any(from))
		return true;
	if (ip_is_multicast(from) || ip_is_loopback(from) || from->w_be[0] == UINT32_MAX)
		return false;
	return !gif->conf.check_source || on_subnet(ifp, from);
}

/* GMP_PARSED if the message may be acted upon. */
static enum gmp_counter accept_msg(
	struct gmp_if *gif, const struct gmp_msg *m, const struct proto_ctx *ctx)
{
	const struct net_if *ifp = net_if_get(ctx->net, gif->ifid);

	if (!ifp || !gif->running)
		return GMP_C_drop_disabled;
	if (is_own(ifp, &m->from))
		return GMP_C_drop_own;
	if (!sender_ok(gif, ifp, &m->from))
		return GMP_C_drop_source;
	if (m->router_alert)
		return GMP_PARSED;
	gmp_count(gif, GMP_C_no_router_alert, 1);
	if (gif->conf.require_router_alert || gif->conf.family == IP_V6)
		return GMP_C_drop_router_alert;
	return GMP_PARSED;
}

/* --- sources ---------------------------------------------------------------------------------------- */

bool gmp_scratch_reserve(struct gmp_if *gif, uint32_t n)
{
	struct gmp_self *self = gif->self;
	struct ipaddr *v;

	if (n <= self->cap_scratch)
		return true;
	v = realloc(self->scratch, n * sizeof(*v));
	if (!v) {
		gmp_count(gif, GMP_C_no_memory, 1);
		return false;
	}
	self->scratch = v;
	self->cap_scratch = n;
	return true;
}

static bool is_host_address(const struct ipaddr *a)
{
	return !ip_is_any(a) && !ip_is_multicast(a) && !ip_is_loopback(a) &&
	       (a->family != IP_V4 || a->w_be[0] != UINT32_MAX);
}

struct gmp_list gmp_sources_of(struct gmp_if *gif, const uint8_t *raw, uint32_t n)
{
	struct ipaddr *v;
	uint32_t out = 0;

	if (!gmp_scratch_reserve(gif, n))
		return (struct gmp_list){0};
	v = gif->self->scratch;
	for (uint32_t i = 0; i < n; i++) {
		struct ipaddr a = gmp_source_at(raw, gif->conf.family, i);

		if (is_host_address(&a))
			v[out++] = a;
	}
	gmp_count(gif, GMP_C_drop_source_address, n - out);
	return (struct gmp_list){.v = v, .n = gmp_sort(v, out)};
}

/* --- records ---------------------------------------------------------------------------------------- */

/* What a record or an old message says, family and version apart. */
struct said {
	struct ipaddr from, grp;
	uint8_t version; /* of the message */
	enum gmp_record_type type;
	struct gmp_list list; /* in self's scratch, or empty */
	bool mapped;          /* the list is that of the SSM map */
};

static bool is_exclude(const struct said *w)
{
	return w->type == GMP_IS_EX || w->type == GMP_TO_EX;
}

/* RFC 4604 3.1, 3.5, 3.7: nothing without sources in the SSM range, unless the map gives them. */
static bool ssm(struct gmp_if *gif, struct said *w)
{
	struct gmp_list map;

	if (!gmp_in_ssm(gif->self, &w->grp) || (w->version == 3 && !is_exclude(w)))
		return true;
	map = gmp_ssm_mapped(gif->self, &w->grp);
	if (map.n == 0 || !gmp_scratch_reserve(gif, map.n)) {
		gmp_count(gif, GMP_C_drop_ssm, 1);
		return false;
	}
	memcpy(gif->self->scratch, map.v, map.n * sizeof(*map.v));
	w->list = (struct gmp_list){.v = gif->self->scratch, .n = map.n};
	w->type = is_exclude(w) ? GMP_IS_IN : GMP_BLOCK;
	w->mapped = true;
	return true;
}

/* 7.3.2: what a group's compatibility mode ignores. */
static bool compatible(struct gmp_if *gif, struct said *w, uint8_t mode)
{
	if (w->mapped || mode == 3)
		return true;
	if (mode == 1 && w->type == GMP_TO_IN) {
		gmp_count(gif, GMP_C_drop_version1, 1);
		return false;
	}
	if (w->type == GMP_TO_EX)
		w->list.n = 0;
	return w->type != GMP_BLOCK;
}

/* The access list: joins only. */
static bool permitted(struct gmp_if *gif, struct said *w)
{
	if (is_exclude(w)) {
		if (gmp_permits(gif, &w->grp, NULL))
			return true;
		gmp_count(gif, GMP_C_drop_access, 1);
		return false;
	}
	if (w->type != GMP_BLOCK)
		w->list.n = gmp_filter(gif, &w->grp, gif->self->scratch, w->list.n);
	return true;
}

/* 7.3.2: the Older Version Host Present timers. What the SSM map made of a report is no IS_EX. */
static void older_host(struct gmp_group *g, const struct said *w, uint64_t now_us)
{
	uint64_t due_us = now_us + gmp_older_host_present_interval(g->gif);

	if (w->type != GMP_IS_EX)
		return;
	if (w->version == 1)
		g->v1_due_us = due_us;
	else if (w->version == 2)
		g->v2_due_us = due_us;
}

/* The group of a record that makes one. If it answers the query of a start, others may answer later. */
static struct gmp_group *group_new(struct gmp_if *gif, const struct said *w, struct proto_ctx *ctx)
{
	struct gmp_group *g;

	if (!is_exclude(w) && (w->type == GMP_BLOCK || w->list.n == 0))
		return NULL;
	if (gmp_track_full(gif, &w->from)) {
		gmp_refuse(gif, GMP_C_drop_host_limit, &w->grp, 1);
		return NULL;
	}
	g = gmp_group_get(gif, &w->grp, false, ctx);
	if (g && (w->type == GMP_IS_IN || w->type == GMP_IS_EX))
		g->untracked_until_us = gif->asked_all_until_us;
	return g;
}

static void apply(struct gmp_if *gif, struct said *w, struct proto_ctx *ctx)
{
	struct gmp_group *g = gmp_group_find(gif, &w->grp);
	uint8_t mode = g ? gmp_group_version(g, ctx->now_us) : gmp_version(gif);

	if (!compatible(gif, w, mode) || !permitted(gif, w))
		return;
	if (!g)
		g = group_new(gif, w, ctx);
	if (!g)
		return;
	older_host(g, w, ctx->now_us);
	if (w->type != GMP_TO_IN && w->type != GMP_BLOCK)
		g->last_reporter = w->from;
	gmp_track(g, &w->from, w->version, w->type, w->list, ctx->now_us);
	gmp_record_apply(g, w->type, w->list, ctx);
	gmp_named_add(g, &w->from, w->type, ctx->now_us);
	g->reported = w->version == 3;
	gmp_group_settle(g, ctx);
}

static bool group_ok(struct gmp_if *gif, const struct ipaddr *grp)
{
	if (ip_is_multicast(grp) && !ip_is_multicast_link_local(grp))
		return true;
	gmp_count(gif, GMP_C_drop_group, 1);
	return false;
}

static void record_receive(struct gmp_if *gif, const struct gmp_msg *m,
	const struct gmp_record *rec, struct proto_ctx *ctx)
{
	struct said w = {.from = m->from, .grp = rec->grp, .version = 3};

	gmp_count(gif, GMP_C_rx_records, 1);
	if (rec->type < GMP_IS_IN || rec->type > GMP_BLOCK) {
		gmp_count(gif, GMP_C_drop_record_type, 1);
		return;
	}
	if (!group_ok(gif, &rec->grp))
		return;
	w.type = rec->type;
	w.list = gmp_sources_of(gif, rec->sources, rec->n);
	if (ssm(gif, &w))
		apply(gif, &w, ctx);
}

/* What a whole report leaves unwanted: a report of version 1 or 2 leaves nothing, it hides members. */
static void exclude_reported(struct gmp_if *gif, const struct gmp_msg *m, struct proto_ctx *ctx)
{
	const struct gmp_effort all = gmp_effort_report(gif, ctx->now_us);
	struct gmp_effort left = all;
	struct reader r = gmp_records(m);
	struct gmp_record rec;

	while (gmp_record_next(&r, gif->conf.family, &rec)) {
		struct gmp_group *g = gmp_group_find(gif, &rec.grp);

		if (!g || !g->reported)
			continue;
		g->reported = false;
		if (gmp_exclude_unwanted(g, &left, ctx))
			gmp_group_settle(g, ctx);
	}
	gmp_effort_charge(gif, &all, &left);
}

static void report_receive(struct gmp_if *gif, const struct gmp_msg *m, struct proto_ctx *ctx)
{
	struct reader r = gmp_records(m);
	struct gmp_record rec;

	gmp_count(gif, GMP_C_rx_report_v3, 1);
	while (gmp_record_next(&r, gif->conf.family, &rec))
		record_receive(gif, m, &rec, ctx);
	exclude_reported(gif, m, ctx);
}

/* 7.3.2: a report of version 1 or 2 is IS_EX({}), a leave TO_IN({}). */
static void old_receive(struct gmp_if *gif, const struct gmp_msg *m, struct proto_ctx *ctx)
{
	struct said w = {.from = m->from, .grp = m->grp, .version = m->version};

	gmp_count(gif,
		m->kind == GMP_LEAVE ? GMP_C_rx_leave
		: m->version == 1    ? GMP_C_rx_report_v1
				     : GMP_C_rx_report_v2,
		1);
	w.type = m->kind == GMP_LEAVE ? GMP_TO_IN : GMP_IS_EX;
	if (group_ok(gif, &m->grp) && ssm(gif, &w))
		apply(gif, &w, ctx);
}

/* --- messages --------------------------------------------------------------------------------------- */

static void receive(
	struct gmp_if *gif, const struct gmp_msg *m, enum gmp_counter why, struct proto_ctx *ctx)
{
	if (why == GMP_PARSED)
		why = accept_msg(gif, m, ctx);
	if (why != GMP_PARSED) {
		gmp_count(gif, why, 1);
		return;
	}
	if (m->kind == GMP_QUERY)
		gmp_query_receive(gif, m, ctx);
	else if (m->version == 3)
		report_receive(gif, m, ctx);
	else
		old_receive(gif, m, ctx);
}

void gmp_receive(struct gmp_self *self, const struct event *ev, struct proto_ctx *ctx)
{
	struct gmp_if *gif = gmp_if_of(self, ev->packet.family, ev->packet.ifid);
	struct gmp_msg m;
	enum gmp_counter why;

	if (!gif)
		return;
	why = ev->packet.family == IP_V6 ? mld_parse(ev->packet.data, ev->packet.len, &m)
					 : igmp_parse(ev->packet.data, ev->packet.len, &m);
	gif->rx_from = m.from;
	gif->rx_us = ctx->now_us;
	receive(gif, &m, why, ctx);
	gif->rx_from = (struct ipaddr){0};
}
