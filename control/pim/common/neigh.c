/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Neighbours (RFC 7761 4.3): made and refreshed by Hellos, gone with their liveness timer, with a Hello of
 * holdtime 0 or with the interface. Each Hello replaces all that the one before said. One that comes without
 * Generation ID, DR priority or LAN prune delay is as good as any; a Generation ID that comes, goes or
 * changes means that the neighbour restarted.
 */
#include "control/pim/common/common.h"

#define S_US 1000000u

/* --- tables ------------------------------------------------------------------------------------------ */

static uint32_t key_hash(const struct pim_iface *pif, const struct ipaddr *addr)
{
	return ip_hash(addr, pif->ifid);
}

struct pim_neigh *pim_neigh_find(const struct pim_iface *pif, const struct ipaddr *addr)
{
	struct hash_node *node = hash_first(&pif->pim->neighbors, key_hash(pif, addr));

	for (; node; node = hash_same(node)) {
		struct pim_neigh *n = container_of(node, struct pim_neigh, node);

		if (n->pif == pif && ip_eq(&n->addr, addr))
			return n;
	}
	return NULL;
}

/* In order of address. */
static void link_in(struct pim_iface *pif, struct pim_neigh *n)
{
	struct pim_neigh *at;

	hash_add(&pif->pim->neighbors, &n->node, key_hash(pif, &n->addr));
	pif->n_neighbors++;
	TAILQ_FOREACH (at, &pif->neighbors, in_iface)
		if (ip_cmp(&at->addr, &n->addr) > 0) {
			TAILQ_INSERT_BEFORE(at, n, in_iface);
			return;
		}
	TAILQ_INSERT_TAIL(&pif->neighbors, n, in_iface);
}

static void link_out(struct pim_neigh *n)
{
	struct pim_iface *pif = n->pif;

	pim_secondary_drop(n);
	hash_del(&pif->pim->neighbors, &n->node);
	TAILQ_REMOVE(&pif->neighbors, n, in_iface);
	pif->n_neighbors--;
}

void pim_neigh_free(struct pim_neigh *n, struct timer_heap *timers)
{
	link_out(n);
	timer_cancel(timers, &n->liveness);
	free(n);
}

/* --- going ------------------------------------------------------------------------------------------- */

static void say(struct pim_neigh *n, enum pim_log_kind kind, const char *why, struct proto_ctx *ctx)
{
	static const char *const what[PIM_LOG_KINDS] = {[PIM_LOG_FOUND] = "found",
		[PIM_LOG_LOST] = "lost",
		[PIM_LOG_RESTARTED] = "restarted"};
	char a[IP_STRLEN];

	act_notify_rated(ctx, &n->pif->log[kind], LOG_LVL_NOTICE, "%s: neighbour %s %s%s%s",
		n->pif->name, ip_str(&n->addr, a, sizeof(a)), what[kind], why ? ": " : "",
		why ? why : "");
}

/* The trees see it as gone from the tables already, but may look at it. */
void pim_neigh_remove(struct pim_neigh *n, const char *why, bool elect, struct proto_ctx *ctx)
{
	struct pim_iface *pif = n->pif;

	say(n, PIM_LOG_LOST, why, ctx);
	link_out(n);
	timer_cancel(ctx->timers, &n->liveness);
	pif->stats.neighbors_lost++;
	pif->pim->stats.neighbors_lost++;
	pim_delays_update(pif);
	sm_neigh_down(pif->pim->sm, n, ctx);
	free(n);
	if (elect)
		pim_dr_elect(pif, false, ctx);
}

void pim_neigh_expired(struct pim_neigh *n, struct proto_ctx *ctx)
{
	pim_neigh_remove(n, "no Hello within its holdtime", true, ctx);
}

static bool permitted(const struct pim_iface *pif, const struct ipaddr *addr)
{
	return pim_rules_permit(pif->conf->neighbors, pif->conf->n_neighbors, addr);
}

void pim_neighs_filter(struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct pim_neigh *n, *next;

	for (n = TAILQ_FIRST(&pif->neighbors); n; n = next) {
		next = TAILQ_NEXT(n, in_iface);
		if (!permitted(pif, &n->addr))
			pim_neigh_remove(n, "the access list refuses it now", true, ctx);
	}
}

/* --- coming and staying ------------------------------------------------------------------------------- */

/* NLT(N,I): from the Holdtime option, else Default_Hello_Holdtime, 3.5 times our Hello_Period; 0xffff
 * never ends. */
static int live_on(struct pim_neigh *n, const struct pim_hello *h, struct proto_ctx *ctx)
{
	struct pim_iface *pif = n->pif;

	n->holdtime_s = h->has & PIM_HAS_HOLDTIME
				? h->holdtime_s
				: (uint16_t)(pif->conf->hello_interval_s * 7u / 2);
	if (n->holdtime_s == PIM_HOLDTIME_FOREVER) {
		timer_cancel(ctx->timers, &n->liveness);
		return 0;
	}
	return pim_timer_set(pif->pim, ctx, &n->liveness, PIM_T_NEIGHBOR,
		ctx->now_us + (uint64_t)n->holdtime_s * S_US);
}

static void take_options(struct pim_neigh *n, const struct pim_hello *h)
{
	n->has = h->has;
	n->dr_priority = h->dr_priority;
	n->genid = h->genid;
	n->tracking_support = h->tracking_support;
	n->propagation_delay_ms = h->propagation_delay_ms;
	n->override_interval_ms = h->override_interval_ms;
}

static bool restarted(const struct pim_neigh *n, const struct pim_hello *h)
{
	return (n->has & PIM_HAS_GENID) != (h->has & PIM_HAS_GENID) || n->genid != h->genid;
}

static enum pim_drop neigh_new(struct pim_iface *pif, const struct ipaddr *addr,
	const struct pim_hello *h, struct proto_ctx *ctx)
{
	struct pim_neigh *n;

	if (pif->conf->max_neighbors && pif->n_neighbors >= pif->conf->max_neighbors)
		return PIM_DROP_neighbor_limit;
	n = calloc(1, sizeof(*n));
	if (!n)
		return PIM_DROP_no_memory;
	n->pif = pif;
	n->addr = *addr;
	n->since_us = ctx->now_us;
	take_options(n, h);
	link_in(pif, n);
	if (live_on(n, h, ctx)) { /* it would stay for ever */
		pim_neigh_free(n, ctx->timers);
		return PIM_DROP_no_memory;
	}
	pim_secondary_update(n, h, ctx);
	pif->stats.neighbors_new++;
	pif->pim->stats.neighbors_new++;
	say(n, PIM_LOG_FOUND, NULL, ctx);
	pim_hello_trigger(pif, ctx);
	pim_delays_update(pif);
	sm_neigh_up(pif->pim->sm, n, ctx);
	pim_dr_elect(pif, false, ctx);
	return PIM_OK;
}

static void neigh_refresh(struct pim_neigh *n, const struct pim_hello *h, struct proto_ctx *ctx)
{
	struct pim_iface *pif = n->pif;
	bool again = restarted(n, h);

	take_options(n, h);
	if (pim_secondary_update(n, h, ctx)) /* NBR(I, A) may differ */
		sm_neigh_up(pif->pim->sm, n, ctx);
	pim_delays_update(pif);
	if (again) {
		pif->stats.neighbors_restarted++;
		pif->pim->stats.neighbors_restarted++;
		say(n, PIM_LOG_RESTARTED, NULL, ctx);
		pim_hello_trigger(pif, ctx);
		sm_neigh_genid(pif->pim->sm, n, ctx);
	}
	live_on(n, h, ctx); /* if it fails, the older timer runs on */
	pim_dr_elect(pif, false, ctx);
}

enum pim_drop pim_hello_received(
	struct pim_iface *pif, const struct pim_packet *p, struct proto_ctx *ctx)
{
	struct pim_hello h;
	struct pim_neigh *n;
	enum pim_drop why = pim_hello_open(p, &h);

	if (why)
		return why;
	if (!permitted(pif, &p->src))
		return PIM_DROP_neighbor_denied;
	n = pim_neigh_find(pif, &p->src);
	if ((h.has & PIM_HAS_HOLDTIME) && h.holdtime_s == 0) {
		if (n)
			pim_neigh_remove(n, "it said goodbye", true, ctx);
		return PIM_OK;
	}
	if (!n)
		return neigh_new(pif, &p->src, &h, ctx);
	neigh_refresh(n, &h, ctx);
	return PIM_OK;
}
