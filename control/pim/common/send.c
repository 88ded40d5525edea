/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Sending, and the times of RFC 7761 4.11 that depend on an interface.
 */
#include "control/pim/common/common.h"

#define MS 1000u
#define S_US 1000000u

static void count_tx(struct pim_stats *s, unsigned type, size_t len)
{
	s->tx[type]++;
	s->tx_bytes += len;
}

/* The type of a packet that was written here: no options stand before it. */
static unsigned type_of(const uint8_t *ip)
{
	return ip[ip[0] >> 4 == 6 ? 40 : 20] & 0xf;
}

/* 4.3.1: neighbours would discard what comes from a router that they have no Hello of. */
void pim_send_link(struct pim_iface *pif, const uint8_t *ip, size_t len, struct proto_ctx *ctx)
{
	unsigned type = len ? type_of(ip) : 0;

	if (!pif->sending || len == 0)
		return;
	if (type != PIM_HELLO && pif->hello_owed)
		pim_hello_send(pif, ctx);
	count_tx(&pif->stats, type, len);
	count_tx(&pif->pim->stats, type, len);
	act_send_ip(ctx->out, pif->ifid, ip, len);
}

void pim_send_routed(struct pim_self *pim, const uint8_t *ip, size_t len, struct proto_ctx *ctx)
{
	if (len == 0)
		return;
	count_tx(&pim->stats, type_of(ip), len);
	act_send_routed(ctx->out, 0, ip, len);
}

/* --- times ------------------------------------------------------------------------------------------ */

uint64_t pim_jp_override_interval_us(const struct pim_iface *pif)
{
	return MS * ((uint64_t)pif->effective_propagation_delay_ms +
			    pif->effective_override_interval_ms);
}

uint64_t pim_t_override_us(struct pim_iface *pif)
{
	return pim_random_us(pif->pim, MS * (uint64_t)pif->effective_override_interval_ms);
}

uint64_t pim_t_periodic_us(const struct pim_iface *pif)
{
	return S_US * (uint64_t)pif->conf->join_prune_interval_s;
}

/* rand(1.1 * t_periodic, 1.4 * t_periodic) when Suppression_Enabled(I) is true, 0 otherwise */
uint64_t pim_t_suppressed_us(struct pim_iface *pif)
{
	uint64_t periodic = pim_t_periodic_us(pif);

	if (!pif->suppression_enabled)
		return 0;
	return periodic * 11 / 10 + pim_random_us(pif->pim, periodic * 3 / 10);
}

/* 3.5 * t_periodic; 4.9.5: larger than J/P_Override_Interval(I), which neighbours may have raised. */
uint16_t pim_jp_holdtime_s(const struct pim_iface *pif)
{
	uint64_t hold = pif->conf->join_prune_interval_s * 7ull / 2;
	uint64_t least = pim_jp_override_interval_us(pif) / S_US + 1;

	return (uint16_t)(hold > least ? hold : least);
}
