/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What `show pim interface|neighbor|statistics` reads.
 */
#include "control/pim/common/common.h"

void pim_stats_get(const void *self, struct pim_stats *out)
{
	const struct pim_self *pim = self;

	*out = pim->stats;
}

bool pim_refusal_get(const void *self, const struct ipaddr *src, const struct ipaddr *grp,
	uint64_t since_us, struct refusal *out)
{
	const struct pim_self *pim = self;
	const struct refusal *r = refused_find(&pim->refused, src, grp, since_us);

	if (r)
		*out = *r;
	return r;
}

const struct pim_sm *pim_sm_of(const void *self)
{
	const struct pim_self *pim = self;

	return pim->sm;
}

bool pim_register_permitted(const void *self, const struct ipaddr *src, const struct ipaddr *grp)
{
	const struct pim_self *pim = self;

	return pim_sg_rules_permit(
		pim->config->register_rules, pim->config->n_register_rules, src, grp);
}

/* The next Hello of either timer. */
static uint64_t hello_due_us(const struct pim_iface *pif)
{
	uint64_t due = timer_armed(&pif->hello) ? pif->hello.due_us : TIMER_NEVER;

	if (timer_armed(&pif->triggered) && pif->triggered.due_us < due)
		due = pif->triggered.due_us;
	return due;
}

static struct pim_iface_info iface_info(const struct pim_iface *pif)
{
	return (struct pim_iface_info){
		.ifid = pif->ifid,
		.family = pif->family,
		.conf = pif->conf,
		.address = pif->addr,
		.up = pif->up,
		.passive = pif->passive,
		.dr = pif->dr,
		.i_am_dr = pif->i_am_dr,
		.genid = pif->genid,
		.n_neighbors = pif->n_neighbors,
		.hello_holdtime_s = pim_hello_holdtime_s(pif->conf),
		.hello_due_us = hello_due_us(pif),
		.propagation_delay_ms = pif->effective_propagation_delay_ms,
		.override_interval_ms = pif->effective_override_interval_ms,
		.lan_delay_enabled = pif->lan_delay_enabled,
		.suppression_enabled = pif->suppression_enabled,
		.up_since_us = pif->up_since_us,
		.stats = &pif->stats,
	};
}

void pim_iface_walk(
	const void *self, bool (*cb)(void *arg, const struct pim_iface_info *i), void *arg)
{
	const struct pim_self *pim = self;
	const struct pim_iface *pif;

	TAILQ_FOREACH (pif, &pim->ifaces, link) {
		struct pim_iface_info info = iface_info(pif);

		if (!cb(arg, &info))
			return;
	}
}

static struct pim_neigh_info neigh_info(const struct pim_neigh *n, struct ipaddr *secondary)
{
	for (uint32_t i = 0; i < n->n_secondary; i++)
		secondary[i] = n->secondary[i].addr;
	return (struct pim_neigh_info){
		.ifid = n->pif->ifid,
		.address = n->addr,
		.is_dr = ip_eq(&n->addr, &n->pif->dr),
		.has = n->has,
		.dr_priority = n->dr_priority,
		.genid = n->genid,
		.holdtime_s = n->holdtime_s,
		.propagation_delay_ms = n->propagation_delay_ms,
		.override_interval_ms = n->override_interval_ms,
		.tracking_support = n->tracking_support,
		.since_us = n->since_us,
		.expires_us = timer_armed(&n->liveness) ? n->liveness.due_us : TIMER_NEVER,
		.n_secondary = n->n_secondary,
		.secondary = secondary,
		.n_states = n->n_states,
	};
}

void pim_neigh_walk(
	const void *self, bool (*cb)(void *arg, const struct pim_neigh_info *n), void *arg)
{
	const struct pim_self *pim = self;
	struct ipaddr secondary[PIM_SECONDARY_MAX];
	const struct pim_iface *pif;
	const struct pim_neigh *n;

	TAILQ_FOREACH (pif, &pim->ifaces, link)
		TAILQ_FOREACH (n, &pif->neighbors, in_iface) {
			struct pim_neigh_info info = neigh_info(n, secondary);

			if (!cb(arg, &info))
				return;
		}
}
