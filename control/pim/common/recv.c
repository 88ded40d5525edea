/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What must be true of a message before anybody acts on it (RFC 7761 4.9, 6.1). Of the link: Hello, Join/Prune
 * and Assert come to ALL-PIM-ROUTERS with TTL 1, onto an interface where PIM runs and is not passive, and,
 * but for the Hello, from a neighbour. Routed: Register and Register-Stop come to a unicast address of ours.
 * Each reason to drop has its counter; what an operator can mend is logged, rate-limited.
 */
#include "control/pim/common/common.h"

enum scope { SCOPE_LINK, SCOPE_ROUTED, SCOPE_UNHANDLED };

static enum scope scope_of(enum pim_type type)
{
	switch (type) {
	case PIM_HELLO:
	case PIM_JOIN_PRUNE:
	case PIM_ASSERT:
		return SCOPE_LINK;
	case PIM_REGISTER:
	case PIM_REGISTER_STOP:
		return SCOPE_ROUTED;
	case PIM_BOOTSTRAP:
	case PIM_GRAFT:
	case PIM_GRAFT_ACK:
	case PIM_CANDIDATE_RP:
	case PIM_STATE_REFRESH:
	case PIM_DF_ELECTION:
	case PIM_ECMP_REDIRECT:
	case PIM_FLOODING:
	case PIM_EXTENDED_13:
	case PIM_EXTENDED_14:
	case PIM_EXTENDED_15:
	case PIM_TYPES:
		break;
	}
	return SCOPE_UNHANDLED;
}

/* --- checks ------------------------------------------------------------------------------------------ */

static enum pim_drop check_link(const struct pim_iface *pif, const struct pim_packet *p)
{
	struct ipaddr all = pim_all_routers((enum ip_family)p->src.family);

	if (pif->passive)
		return PIM_DROP_if_passive;
	if (!ip_eq(&p->dst, &all))
		return PIM_DROP_destination;
	if (p->ttl != 1)
		return PIM_DROP_ttl;
	if (p->src.family == IP_V6 && !ip6_is_link_local(&p->src))
		return PIM_DROP_ip_source;
	if (p->type != PIM_HELLO && !pim_neigh_find(pif, &p->src))
		return PIM_DROP_no_neighbor;
	return PIM_OK;
}

/* Where the message came in PIM may be off: what is routed comes wherever the route to our address leads. */
static enum pim_drop check(const struct pim_iface *pif, uint16_t ifid, const struct pim_packet *p,
	const struct net *net)
{
	if (!pim_is_unicast(&p->src))
		return PIM_DROP_ip_source;
	if (net_is_own(net, &p->src, ifid))
		return PIM_DROP_own;
	switch (scope_of(p->type)) {
	case SCOPE_LINK:
		return pif ? check_link(pif, p) : PIM_DROP_if_disabled;
	case SCOPE_ROUTED:
		return net_is_local(net, &p->dst, NULL) ? PIM_OK : PIM_DROP_destination;
	case SCOPE_UNHANDLED:
		break;
	}
	return PIM_DROP_type_unhandled;
}

/* --- acting ------------------------------------------------------------------------------------------- */

static enum pim_drop deliver(struct pim_self *pim, struct pim_iface *pif,
	const struct pim_packet *p, struct proto_ctx *ctx)
{
	struct pim_sm *sm = pim->sm;

	switch ((enum pim_type)p->type) {
	case PIM_HELLO:
		return pim_hello_received(pif, p, ctx);
	case PIM_JOIN_PRUNE:
		sm_joinprune_received(sm, pif, &p->src, p->msg, p->len, ctx);
		break;
	case PIM_ASSERT:
		sm_assert_received(sm, pif, &p->src, p->msg, p->len, ctx);
		break;
	case PIM_REGISTER:
		sm_register_received(sm, &p->src, &p->dst, p->msg, p->len, ctx);
		break;
	case PIM_REGISTER_STOP:
		sm_register_stop_received(sm, &p->src, &p->dst, p->msg, p->len, ctx);
		break;
	case PIM_BOOTSTRAP:
	case PIM_GRAFT:
	case PIM_GRAFT_ACK:
	case PIM_CANDIDATE_RP:
	case PIM_STATE_REFRESH:
	case PIM_DF_ELECTION:
	case PIM_ECMP_REDIRECT:
	case PIM_FLOODING:
	case PIM_EXTENDED_13:
	case PIM_EXTENDED_14:
	case PIM_EXTENDED_15:
	case PIM_TYPES:
		break; /* check refused them */
	}
	return PIM_OK;
}

/* 4.9: an unknown version or type and a wrong destination are told to the administrator; so is what
 * shows a mistake of configuration. */
static bool worth_a_line(enum pim_drop why)
{
	return why == PIM_DROP_version || why == PIM_DROP_type_unknown ||
	       why == PIM_DROP_destination || why == PIM_DROP_checksum ||
	       why == PIM_DROP_neighbor_denied || why == PIM_DROP_neighbor_limit;
}

static void dropped(
	struct pim_iface *pif, const struct pim_packet *p, enum pim_drop why, struct proto_ctx *ctx)
{
	char a[IP_STRLEN];

	pim_drop(pif->pim, pif, why);
	if (worth_a_line(why))
		act_notify_rated(ctx, &pif->log[PIM_LOG_DROPPED], LOG_LVL_INFO,
			"%s: message from %s dropped: %s", pif->name, ip_str(&p->src, a, sizeof(a)),
			pim_drop_text(why));
}

static void count_rx(struct pim_stats *s, const struct pim_packet *p, size_t len)
{
	s->rx[p->type]++;
	s->rx_bytes += len;
}

static void received(struct pim_self *pim, uint16_t ifid, const struct pim_packet *p,
	enum pim_drop why, size_t len, struct proto_ctx *ctx)
{
	struct pim_iface *pif = pim_iface_get(pim, ifid, p->src.family);

	if (!pif && (why || scope_of(p->type) != SCOPE_ROUTED)) {
		pim_drop(pim, NULL, PIM_DROP_if_disabled);
		return;
	}
	if (!why) {
		count_rx(&pim->stats, p, len);
		if (pif)
			count_rx(&pif->stats, p, len);
		why = check(pif, ifid, p, ctx->net);
	}
	if (!why)
		why = deliver(pim, pif, p, ctx);
	if (why && pif)
		dropped(pif, p, why, ctx);
	else
		pim_drop(pim, NULL, why);
}

void pim_packet_received(
	struct pim_self *pim, uint16_t ifid, const uint8_t *data, size_t len, struct proto_ctx *ctx)
{
	struct pim_packet p;
	enum pim_drop why = pim_packet_open(data, len, &p);

	pim->rx_from = p.src;
	received(pim, ifid, &p, why, len, ctx);
	pim->rx_from = (struct ipaddr){0};
}
