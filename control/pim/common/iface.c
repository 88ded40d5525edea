/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The life of PIM on an interface, for one family. The object is there while the interface is configured
 * and exists; PIM is up while the interface is up and has a primary address.
 *
 *   up:       new Generation ID, we are the DR until somebody better says Hello, the trees hear of it
 *   down:     prunes and cancelled asserts, neighbours go, the trees end, then goodbye (RFC 7761 4.3.1)
 *   address:  goodbye from the old one, Hello from the new one at once, the DR is elected anew
 *
 * net tells before an interface is shut or removed, so that this still leaves. A link that failed below carries
 * no goodbye.
 */
#include "control/pim/common/common.h"

static size_t slot_of(uint16_t ifid, uint8_t family)
{
	return (size_t)ifid * 2 + (family == IP_V6);
}

struct pim_iface *pim_iface_slot(const struct pim_self *pim, uint16_t ifid, uint8_t family)
{
	size_t slot = slot_of(ifid, family);

	return slot < pim->n_by_id ? pim->by_id[slot] : NULL;
}

struct pim_iface *pim_iface_get(const struct pim_self *pim, uint16_t ifid, uint8_t family)
{
	struct pim_iface *pif = pim_iface_slot(pim, ifid, family);

	return pif && pif->up ? pif : NULL;
}

/* --- objects ----------------------------------------------------------------------------------------- */

static bool room_for_slot(struct pim_self *pim, size_t slot)
{
	size_t n = pim->n_by_id ? pim->n_by_id : 64;
	struct pim_iface **v;

	if (slot < pim->n_by_id)
		return true;
	while (n <= slot)
		n *= 2;
	v = realloc(pim->by_id, n * sizeof(*v));
	if (!v)
		return false;
	memset(v + pim->n_by_id, 0, (n - pim->n_by_id) * sizeof(*v));
	pim->by_id = v;
	pim->n_by_id = n;
	return true;
}

/* In order of interface, then family. */
static void link_in(struct pim_self *pim, struct pim_iface *pif)
{
	size_t slot = slot_of(pif->ifid, pif->family);
	struct pim_iface *at;

	pim->by_id[slot] = pif;
	TAILQ_FOREACH (at, &pim->ifaces, link)
		if (slot_of(at->ifid, at->family) > slot) {
			TAILQ_INSERT_BEFORE(at, pif, link);
			return;
		}
	TAILQ_INSERT_TAIL(&pim->ifaces, pif, link);
}

static struct pim_iface *iface_new(
	struct pim_self *pim, const struct net_if *ifp, uint8_t family, struct proto_ctx *ctx)
{
	struct pim_iface *pif = NULL;

	if (room_for_slot(pim, slot_of(ifp->id, family)))
		pif = calloc(1, sizeof(*pif));
	if (!pif) {
		pim_drop(pim, NULL, PIM_DROP_no_memory);
		act_notify(ctx->out, LOG_LVL_ERROR, "no memory to run PIM on %s: reload",
			ifp->conf.name);
		return NULL;
	}
	pif->pim = pim;
	pif->ifid = ifp->id;
	pif->family = family;
	memcpy(pif->name, ifp->conf.name, sizeof(pif->name));
	TAILQ_INIT(&pif->neighbors);
	link_in(pim, pif);
	return pif;
}

static void iface_free(struct pim_iface *pif, struct timer_heap *timers)
{
	struct pim_self *pim = pif->pim;
	struct pim_neigh *n;

	while ((n = TAILQ_FIRST(&pif->neighbors)))
		pim_neigh_free(n, timers);
	timer_cancel(timers, &pif->hello);
	timer_cancel(timers, &pif->triggered);
	TAILQ_REMOVE(&pim->ifaces, pif, link);
	pim->by_id[slot_of(pif->ifid, pif->family)] = NULL;
	free(pif->secondary);
	free(pif);
}

/* --- up, down, address --------------------------------------------------------------------------------- */

static void up(struct pim_iface *pif, const struct net_if *ifp, const struct ipaddr *addr,
	struct proto_ctx *ctx)
{
	pif->addr = pif->dr = *addr;
	pif->i_am_dr = true;
	pim_secondary_take(pif, ifp);
	pim_delays_update(pif);
	pif->up = true;
	pif->sending = !pif->passive;
	pif->up_since_us = ctx->now_us;
	if (!pif->pim->config->seed) /* nobody gave one: addresses differ at least */
		pif->pim->prng.state ^= (uint64_t)ip_hash(addr, 1) << 32 | ip_hash(addr, 2);
	pim_hello_start(pif, ctx);
	sm_iface_up(pif->pim->sm, pif, ctx);
}

static void down(struct pim_iface *pif, const char *why, struct proto_ctx *ctx)
{
	struct pim_neigh *n;

	if (!pif->up)
		return;
	if (pif->sending)
		sm_iface_leave(pif->pim->sm, pif, ctx);
	pif->up = false;
	while ((n = TAILQ_FIRST(&pif->neighbors)))
		pim_neigh_remove(n, why, false, ctx);
	sm_iface_down(pif->pim->sm, pif, ctx);
	pim_hello_goodbye(pif, ctx);
	pif->sending = false;
	timer_cancel(ctx->timers, &pif->hello);
	timer_cancel(ctx->timers, &pif->triggered);
	pif->addr = pif->dr = (struct ipaddr){0};
	pif->i_am_dr = false;
}

static void readdress(struct pim_iface *pif, const struct net_if *ifp, const struct ipaddr *addr,
	struct proto_ctx *ctx)
{
	pim_hello_goodbye(pif, ctx);
	pif->addr = *addr;
	pim_secondary_take(pif, ifp);
	pim_hello_send(pif, ctx);
	pim_dr_elect(pif, true, ctx);
}

/* The interface as net has it now. */
static void follow(struct pim_iface *pif, const struct net_if *ifp, struct proto_ctx *ctx)
{
	bool passive = pif->conf->passive || ifp->conf.kind == DP_IF_LOOPBACK;
	bool threshold = pif->ttl_threshold != ifp->conf.ttl_threshold;
	struct ipaddr addr;

	pif->mtu = ifp->mtu;
	pif->ttl_threshold = ifp->conf.ttl_threshold;
	if (!pif->up)
		pif->passive = passive;
	if (!ifp->up) {
		pif->sending = false; /* it failed below: nothing leaves any more */
		down(pif, "the interface is down", ctx);
		return;
	}
	if (!pim_primary_address(ifp, pif->family, &pif->addr, &addr)) {
		down(pif, "the interface has no address", ctx);
		return;
	}
	if (pif->up && pif->passive != passive)
		down(pif, "the interface becomes passive", ctx);
	pif->passive = passive;
	if (!pif->up)
		up(pif, ifp, &addr, ctx);
	else if (!ip_eq(&pif->addr, &addr))
		readdress(pif, ifp, &addr, ctx);
	else if (pim_secondary_take(pif, ifp))
		pim_hello_send(pif, ctx);
	if (threshold && pif->up)
		sm_iface_changed(pif->pim->sm, pif, ctx);
}

/* --- the settings ------------------------------------------------------------------------------------------ */

static bool wanted(const struct pim_if_config *conf, uint8_t family)
{
	return conf && conf->mode == PIM_MODE_SPARSE && (family == IP_V6 ? conf->ipv6 : conf->ipv4);
}

static void sync_family(
	struct pim_self *pim, const struct net_if *ifp, uint8_t family, struct proto_ctx *ctx)
{
	const struct pim_if_config *conf = pim_config_if(pim->config, ifp->conf.name);
	struct pim_iface *pif = pim_iface_slot(pim, ifp->id, family);

	if (!wanted(conf, family))
		return; /* it was ended when the settings changed */
	if (!pif)
		pif = iface_new(pim, ifp, family, ctx);
	if (!pif)
		return;
	pif->conf = conf;
	follow(pif, ifp, ctx);
}

void pim_iface_sync(struct pim_self *pim, uint16_t ifid, struct proto_ctx *ctx)
{
	const struct net_if *ifp = net_if_get(ctx->net, ifid);

	if (!ifp)
		return;
	sync_family(pim, ifp, IP_V4, ctx);
	sync_family(pim, ifp, IP_V6, ctx);
}

void pim_iface_leaves(struct pim_self *pim, uint16_t ifid, struct proto_ctx *ctx)
{
	static const uint8_t families[] = {IP_V4, IP_V6};

	for (unsigned i = 0; i < 2; i++) {
		struct pim_iface *pif = pim_iface_get(pim, ifid, families[i]);

		if (pif)
			down(pif, "the interface goes down", ctx);
	}
}

void pim_iface_gone(struct pim_self *pim, uint16_t ifid, struct proto_ctx *ctx)
{
	static const uint8_t families[] = {IP_V4, IP_V6};

	for (unsigned i = 0; i < 2; i++) {
		struct pim_iface *pif = pim_iface_slot(pim, ifid, families[i]);

		if (!pif)
			continue;
		pif->sending = false; /* its id is free again */
		down(pif, "the interface is gone", ctx);
		iface_free(pif, ctx->timers);
	}
}

/* What the neighbours see of the settings, or decide with them. */
static bool hello_differs(const struct pim_if_config *a, const struct pim_if_config *b)
{
	return a->dr_priority != b->dr_priority || a->hello_interval_s != b->hello_interval_s ||
	       a->hello_holdtime_s != b->hello_holdtime_s ||
	       a->propagation_delay_ms != b->propagation_delay_ms ||
	       a->override_interval_ms != b->override_interval_ms ||
	       a->disable_join_suppression != b->disable_join_suppression;
}

static bool same_rules(const struct pim_if_config *a, const struct pim_if_config *b)
{
	if (a->n_neighbors != b->n_neighbors)
		return false;
	for (uint32_t i = 0; i < a->n_neighbors; i++)
		if (a->neighbors[i].permit != b->neighbors[i].permit ||
			!prefix_eq(&a->neighbors[i].prefix, &b->neighbors[i].prefix))
			return false;
	return true;
}

/* Whether somebody whose Hellos were refused may be taken now. He takes us for a neighbour all the while, and
 * would not say Hello before his next one is due. */
static bool may_admit(const struct pim_iface *pif, const struct pim_if_config *conf)
{
	const struct pim_if_config *old = pif->conf;
	bool was_full = old->max_neighbors && pif->n_neighbors >= old->max_neighbors;

	return (old->n_neighbors && !same_rules(old, conf)) ||
	       (was_full && (!conf->max_neighbors || conf->max_neighbors > old->max_neighbors));
}

static void reconfigure(
	struct pim_iface *pif, const struct pim_if_config *conf, struct proto_ctx *ctx)
{
	bool differs = hello_differs(pif->conf, conf), admits = may_admit(pif, conf);

	pif->conf = conf;
	if (!pif->up)
		return;
	pim_neighs_filter(pif, ctx);
	if (admits)
		pim_hello_ask(pif, ctx);
	if (!differs)
		return;
	pim_delays_update(pif);
	pim_hello_settings(pif, ctx);
	pim_dr_elect(pif, false, ctx);
}

void pim_ifaces_config(struct pim_self *pim, struct pim_config *old, struct proto_ctx *ctx)
{
	struct pim_iface *pif, *next;
	const struct net_if *ifp;

	for (pif = TAILQ_FIRST(&pim->ifaces); pif; pif = next) {
		const struct pim_if_config *conf = pim_config_if(pim->config, pif->name);

		next = TAILQ_NEXT(pif, link);
		if (wanted(conf, pif->family)) {
			reconfigure(pif, conf, ctx);
			continue;
		}
		down(pif, "PIM is off here", ctx);
		iface_free(pif, ctx->timers);
	}
	pim_config_free(old);
	sm_config(pim->sm, ctx);
	for (ifp = net_if_next(ctx->net, 0); ifp; ifp = net_if_next(ctx->net, ifp->id))
		pim_iface_sync(pim, ifp->id, ctx);
}

/* --- the end ------------------------------------------------------------------------------------------------- */

void pim_ifaces_stop(struct pim_self *pim, struct proto_ctx *ctx)
{
	struct pim_iface *pif;

	TAILQ_FOREACH (pif, &pim->ifaces, link) {
		pim_hello_goodbye(pif, ctx);
		pif->sending = false;
		timer_cancel(ctx->timers, &pif->hello);
		timer_cancel(ctx->timers, &pif->triggered);
	}
}

void pim_ifaces_free(struct pim_self *pim, struct timer_heap *timers)
{
	struct pim_iface *pif;

	while ((pif = TAILQ_FIRST(&pim->ifaces)))
		iface_free(pif, timers);
	free(pim->by_id);
}
