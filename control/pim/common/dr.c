/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the neighbours' Hellos decide together: the designated router (RFC 7761 4.3.2), and whether and with
 * which values prunes are delayed and joins suppressed (4.3.3). One function per function of the RFC.
 */
#include "control/pim/common/common.h"

/* --- 4.3.2 --------------------------------------------------------------------------------------- */

struct candidate {
	struct ipaddr primary_ip_address;
	uint32_t dr_priority;
};

/* there is a neighbor n on I for which n.dr_priority_present is false */
static bool priority_lacks(const struct pim_iface *pif)
{
	const struct pim_neigh *n;

	TAILQ_FOREACH (n, &pif->neighbors, in_iface)
		if (!(n->has & PIM_HAS_DR_PRIORITY))
			return true;
	return false;
}

static bool dr_is_better(const struct candidate *a, const struct candidate *b, bool by_address)
{
	bool higher = ip_cmp(&a->primary_ip_address, &b->primary_ip_address) > 0;

	if (by_address)
		return higher;
	return a->dr_priority > b->dr_priority || (a->dr_priority == b->dr_priority && higher);
}

static struct candidate compute_dr(const struct pim_iface *pif)
{
	struct candidate dr = {pif->addr, pif->conf->dr_priority};
	bool by_address = priority_lacks(pif);
	const struct pim_neigh *n;

	TAILQ_FOREACH (n, &pif->neighbors, in_iface) {
		struct candidate neighbor = {n->addr, n->dr_priority};

		if (dr_is_better(&neighbor, &dr, by_address))
			dr = neighbor;
	}
	return dr;
}

static void dr_say(struct pim_iface *pif, const struct ipaddr *old, struct proto_ctx *ctx)
{
	char was[IP_STRLEN], is[IP_STRLEN];

	pif->stats.dr_changes++;
	pif->pim->stats.dr_changes++;
	act_notify_rated(ctx, &pif->log[PIM_LOG_DR], LOG_LVL_NOTICE,
		"%s: designated router %s -> %s%s", pif->name, ip_str(old, was, sizeof(was)),
		ip_str(&pif->dr, is, sizeof(is)), pif->i_am_dr ? " (this router)" : "");
}

void pim_dr_elect(struct pim_iface *pif, bool tell, struct proto_ctx *ctx)
{
	struct ipaddr old = pif->dr;
	bool was = pif->i_am_dr;

	pif->dr = compute_dr(pif).primary_ip_address;
	pif->i_am_dr = ip_eq(&pif->dr, &pif->addr); /* I_am_DR(I) */
	if (!ip_eq(&old, &pif->dr))
		dr_say(pif, &old, ctx);
	if (tell || was != pif->i_am_dr)
		sm_iface_changed(pif->pim->sm, pif, ctx);
}

/* --- 4.3.3 --------------------------------------------------------------------------------------- */

static bool lan_delay_enabled(const struct pim_iface *pif)
{
	const struct pim_neigh *n;

	TAILQ_FOREACH (n, &pif->neighbors, in_iface)
		if (!(n->has & PIM_HAS_LAN_PRUNE_DELAY))
			return false;
	return true;
}

static uint32_t Effective_Propagation_Delay(const struct pim_iface *pif)
{
	uint32_t delay = pif->conf->propagation_delay_ms;
	const struct pim_neigh *n;

	if (!lan_delay_enabled(pif))
		return PIM_PROPAGATION_DELAY_DEFAULT;
	TAILQ_FOREACH (n, &pif->neighbors, in_iface)
		if (n->propagation_delay_ms > delay)
			delay = n->propagation_delay_ms;
	return delay;
}

static uint32_t Effective_Override_Interval(const struct pim_iface *pif)
{
	uint32_t delay = pif->conf->override_interval_ms;
	const struct pim_neigh *n;

	if (!lan_delay_enabled(pif))
		return PIM_T_OVERRIDE_DEFAULT;
	TAILQ_FOREACH (n, &pif->neighbors, in_iface)
		if (n->override_interval_ms > delay)
			delay = n->override_interval_ms;
	return delay;
}

/* The neighbours' part of it is the RFC's; that this router's own T bit must be set, too, follows from all
 * routers on the link having to agree. */
static bool Suppression_Enabled(const struct pim_iface *pif)
{
	const struct pim_neigh *n;

	if (!lan_delay_enabled(pif) || !pif->conf->disable_join_suppression)
		return true;
	TAILQ_FOREACH (n, &pif->neighbors, in_iface)
		if (!n->tracking_support)
			return true;
	return false;
}

void pim_delays_update(struct pim_iface *pif)
{
	pif->lan_delay_enabled = lan_delay_enabled(pif);
	pif->effective_propagation_delay_ms = Effective_Propagation_Delay(pif);
	pif->effective_override_interval_ms = Effective_Override_Interval(pif);
	pif->suppression_enabled = Suppression_Enabled(pif);
}
