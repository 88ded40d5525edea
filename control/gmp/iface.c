/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * An interface's life: it waits for its namesake, runs while that is up and has an address to speak from
 * (MLD: a link-local one, RFC 3810 5.1.14), and when it stops, all that was learnt there ends.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/gmp/gmp_priv.h"

/* --- by id ---------------------------------------------------------------------------------------- */

struct gmp_if *gmp_if_of(const struct gmp_self *self, uint8_t family, uint16_t ifid)
{
	if (ifid >= self->n_by_id)
		return NULL;
	return self->by_id[family == IP_V6][ifid];
}

static int by_id_set(struct gmp_self *self, uint8_t family, uint16_t ifid, struct gmp_if *gif)
{
	size_t n = (size_t)ifid + 16;

	for (int f = 0; f < 2 && ifid >= self->n_by_id; f++) {
		struct gmp_if **v = realloc(self->by_id[f], n * sizeof(struct gmp_if *));

		if (!v)
			return -ENOMEM;
		memset(v + self->n_by_id, 0, (n - self->n_by_id) * sizeof(struct gmp_if *));
		self->by_id[f] = v;
	}
	if (ifid >= self->n_by_id)
		self->n_by_id = n;
	self->by_id[family == IP_V6][ifid] = gif;
	return 0;
}

/* --- static joins ------------------------------------------------------------------------------------ */

static void settle_all(struct gmp_if *gif, struct proto_ctx *ctx)
{
	struct hash_node *n, *next;

	for (n = hash_next(&gif->groups, NULL); n; n = next) {
		next = hash_next(&gif->groups, n);
		gmp_group_settle(container_of(n, struct gmp_group, node), ctx);
	}
}

static void joins_forget(struct gmp_if *gif)
{
	struct hash_node *n;

	for (n = hash_next(&gif->groups, NULL); n; n = hash_next(&gif->groups, n)) {
		struct gmp_group *g = container_of(n, struct gmp_group, node);

		for (uint32_t i = 0; i < g->n_sources; i++) {
			g->dirty |= g->sources[i].is_static;
			g->sources[i].is_static = false;
		}
		g->dirty |= g->static_any;
		g->static_any = false;
	}
}

static void join_source(struct gmp_group *g, const struct ipaddr *src)
{
	struct gmp_source *s = gmp_source_get(g, src);

	if (s)
		s->is_static = true;
	g->dirty = true;
}

static void join(struct gmp_if *gif, const struct gmp_join *j, struct proto_ctx *ctx)
{
	struct gmp_group *g = gmp_group_get(gif, &j->grp, true, ctx);
	struct gmp_list map = {0};

	if (!g)
		return;
	g->dirty = true;
	if (!ip_is_none(&j->src)) {
		join_source(g, &j->src);
		return;
	}
	if (gmp_in_ssm(gif->self, &j->grp))
		map = gmp_ssm_mapped(gif->self, &j->grp);
	else
		g->static_any = true;
	for (uint32_t i = 0; i < map.n; i++)
		join_source(g, &map.v[i]);
}

void gmp_if_joins(struct gmp_if *gif, struct proto_ctx *ctx)
{
	if (!gif->running)
		return;
	joins_forget(gif);
	for (uint32_t i = 0; i < gif->conf.n_joins; i++)
		join(gif, &gif->conf.joins[i], ctx);
	settle_all(gif, ctx);
}

/* --- what is no longer allowed ------------------------------------------------------------------------- */

static void refilter(struct gmp_group *g, uint64_t now_us)
{
	bool in_ssm = gmp_in_ssm(g->gif->self, &g->grp), denied = false;

	if (g->exclude && (in_ssm || !gmp_permits(g->gif, &g->grp, NULL))) {
		gmp_group_to_include(g, now_us);
		denied = true;
	}
	if (in_ssm)
		g->v1_due_us = g->v2_due_us = 0;
	for (uint32_t i = 0; i < g->n_sources; i++)
		if (g->sources[i].set == GMP_SET_RUNNING &&
			!gmp_permits(g->gif, &g->grp, &g->sources[i].addr)) {
			gmp_source_delete(g, &g->sources[i]);
			denied = true;
		}
	if (denied)
		gmp_track_restart(g, now_us);
}

void gmp_if_refilter(struct gmp_if *gif, struct proto_ctx *ctx)
{
	struct hash_node *n;

	for (n = hash_next(&gif->groups, NULL); n; n = hash_next(&gif->groups, n))
		refilter(container_of(n, struct gmp_group, node), ctx->now_us);
	gmp_if_joins(gif, ctx); /* and the SSM map may give them other sources */
}

void gmp_if_clear(struct gmp_if *gif, struct proto_ctx *ctx)
{
	struct hash_node *n, *next;

	for (n = hash_next(&gif->groups, NULL); n; n = next) {
		next = hash_next(&gif->groups, n);
		gmp_group_clear(container_of(n, struct gmp_group, node), ctx);
	}
}

/* --- start and stop -------------------------------------------------------------------------------------- */

void gmp_if_stop(struct gmp_if *gif, const char *problem, struct proto_ctx *ctx)
{
	gif->problem = problem;
	if (!gif->running)
		return;
	gmp_querier_stop(gif, ctx);
	joins_forget(gif);
	gmp_if_clear(gif, ctx);
	gif->running = gif->suppressed = false;
	gif->address = (struct ipaddr){0};
}

static void start(struct gmp_if *gif, const struct ipaddr *address, struct proto_ctx *ctx)
{
	gif->problem = "";
	gif->running = true;
	gif->address = *address;
	gmp_querier_start(gif, ctx);
	gmp_if_joins(gif, ctx);
}

static void detach(struct gmp_if *gif, struct proto_ctx *ctx)
{
	gmp_if_stop(gif, "there is no such interface", ctx);
	if (gif->ifid)
		gif->self->by_id[gif->conf.family == IP_V6][gif->ifid] = NULL;
	gif->ifid = 0;
}

/* The primary address: the first one, of IPv6 the first link-local one. */
static const struct net_addr *own_address(const struct net_if *ifp, uint8_t family)
{
	for (unsigned i = 0; i < ifp->n_addrs; i++) {
		const struct ipaddr *a = &ifp->addrs[i].ip;

		if (a->family != family)
			continue;
		if (family == IP_V4 || (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80))
			return &ifp->addrs[i];
	}
	return NULL;
}

static const char *why_not(const struct gmp_if *gif, const struct net_if *ifp)
{
	if (gif->invalid)
		return "its settings are wrong";
	if (!gif->conf.enabled)
		return "disabled";
	if (!ifp->up)
		return "interface is down";
	if (!own_address(ifp, gif->conf.family))
		return gif->conf.family == IP_V6 ? "no link-local address" : "no address";
	return NULL;
}

void gmp_if_refresh(struct gmp_if *gif, struct proto_ctx *ctx)
{
	const struct net_if *ifp = net_if_find(ctx->net, gif->conf.interface);
	const struct ipaddr *address;
	const char *why;

	if (!ifp || (gif->ifid && ifp->id != gif->ifid))
		detach(gif, ctx);
	if (!ifp)
		return;
	if (!gif->ifid && by_id_set(gif->self, gif->conf.family, ifp->id, gif)) {
		gif->problem = "no memory";
		return;
	}
	gif->ifid = ifp->id;
	gif->mtu = ifp->mtu;
	gif->silent = ifp->conf.kind == DP_IF_LOOPBACK;
	why = why_not(gif, ifp);
	if (why) {
		gmp_if_stop(gif, why, ctx);
		return;
	}
	address = &own_address(ifp, gif->conf.family)->ip;
	if (!gif->running) {
		start(gif, address, ctx);
	} else if (!ip_eq(&gif->address, address)) { /* the election begins anew */
		gif->address = *address;
		gmp_querier_start(gif, ctx);
	}
}

/* --- the network ------------------------------------------------------------------------------------------- */

/* The same name may be another interface by now, or the same id. */
static void gone(struct gmp_self *self, uint16_t ifid, struct proto_ctx *ctx)
{
	for (size_t i = 0; i < self->n_ifs; i++)
		if (self->ifs[i]->ifid == ifid) {
			detach(self->ifs[i], ctx);
			gmp_if_refresh(self->ifs[i], ctx);
		}
}

static void changed(struct gmp_self *self, uint16_t ifid, struct proto_ctx *ctx)
{
	const struct net_if *ifp = net_if_get(ctx->net, ifid);

	for (size_t i = 0; i < self->n_ifs; i++)
		if (self->ifs[i]->ifid == ifid || (ifp && !strncmp(self->ifs[i]->conf.interface,
								  ifp->conf.name, DP_IF_NAMELEN)))
			gmp_if_refresh(self->ifs[i], ctx);
}

void gmp_net_event(struct gmp_self *self, const struct net_change *c, struct proto_ctx *ctx)
{
	switch ((enum net_change_kind)c->kind) {
	case NET_IF_GONE:
		gone(self, c->ifid, ctx);
		break;
	case NET_IF_NEW:
	case NET_IF_STATE:
	case NET_IF_ADDR:
		changed(self, c->ifid, ctx);
		break;
	case NET_IF_LEAVING: /* a querier goes without a word */
	case NET_RIB:
	case NET_NEIGH:
		break;
	}
}
