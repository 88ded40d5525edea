/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Sending Hellos (RFC 7761 4.3.1). Two timers on each interface: HT(I), which nothing but its own end
 * sets again, and the delay of a Hello for a neighbour that is new or has restarted. Until a Hello
 * has gone since such an event, one is owed: Joins, Prunes and Asserts send it before themselves.
 *
 * The Join Attribute option (RFC 5384) is left out: who offers it must hand transitive attributes on upstream.
 */
#include "control/pim/common/common.h"

#define S_US 1000000u

uint16_t pim_hello_holdtime_s(const struct pim_if_config *conf)
{
	return conf->hello_holdtime_s ? conf->hello_holdtime_s
				      : (uint16_t)(conf->hello_interval_s * 7u / 2);
}

/* Triggered_Hello_Delay; a link whose Hellos come faster than that is not kept waiting longer. */
static uint64_t triggered_delay_us(struct pim_iface *pif)
{
	uint32_t s = pif->conf->hello_interval_s;

	if (s > PIM_TRIGGERED_HELLO_DELAY_S)
		s = PIM_TRIGGERED_HELLO_DELAY_S;
	return pim_random_us(pif->pim, (uint64_t)s * S_US);
}

static void send_options(struct pim_iface *pif, uint16_t holdtime_s, struct proto_ctx *ctx)
{
	const struct pim_if_config *conf = pif->conf;
	const struct pim_hello h = {
		.has = PIM_HAS_HOLDTIME | PIM_HAS_LAN_PRUNE_DELAY | PIM_HAS_DR_PRIORITY |
		       PIM_HAS_GENID,
		.holdtime_s = holdtime_s,
		.tracking_support = conf->disable_join_suppression,
		.propagation_delay_ms = conf->propagation_delay_ms,
		.override_interval_ms = conf->override_interval_ms,
		.dr_priority = conf->dr_priority,
		.genid = pif->genid,
	};
	uint8_t buf[2048];
	size_t cap = pif->mtu < sizeof(buf) ? pif->mtu : sizeof(buf), len;
	uint32_t n = pif->n_secondary;

	/* what the MTU does not hold is left out: 64 addresses need more than 576 bytes of IPv6 */
	while (!(len = pim_hello_write(buf, cap, &pif->addr, &h, pif->secondary, n)) && n > 0)
		n /= 2;
	pim_send_link(pif, buf, len, ctx);
}

void pim_hello_send(struct pim_iface *pif, struct proto_ctx *ctx)
{
	if (!pif->sending)
		return;
	pif->hello_owed = false;
	timer_cancel(ctx->timers, &pif->triggered);
	send_options(pif, pim_hello_holdtime_s(pif->conf), ctx);
}

void pim_hello_goodbye(struct pim_iface *pif, struct proto_ctx *ctx)
{
	send_options(pif, 0, ctx);
	pif->hello_owed = true;
}

/* A new Generation ID: forwarding starts (4.3.1). */
static void genid_new(struct pim_iface *pif)
{
	uint32_t old = pif->genid;

	while (pif->genid == old)
		pif->genid = (uint32_t)(prng_u64(&pif->pim->prng) >> 32);
}

void pim_hello_start(struct pim_iface *pif, struct proto_ctx *ctx)
{
	genid_new(pif);
	pif->hello_owed = true;
	if (pif->sending)
		pim_timer_set(pif->pim, ctx, &pif->hello, PIM_T_HELLO,
			ctx->now_us + triggered_delay_us(pif));
}

void pim_hello_ask(struct pim_iface *pif, struct proto_ctx *ctx)
{
	if (!pif->sending)
		return;
	genid_new(pif);
	pim_hello_send(pif, ctx);
}

void pim_hello_trigger(struct pim_iface *pif, struct proto_ctx *ctx)
{
	uint64_t due = ctx->now_us + triggered_delay_us(pif);

	pif->hello_owed = true;
	if (timer_armed(&pif->triggered) && pif->triggered.due_us <= due)
		return;
	pim_timer_set(pif->pim, ctx, &pif->triggered, PIM_T_TRIGGERED, due);
}

/* A shorter interval counts from now on. */
void pim_hello_settings(struct pim_iface *pif, struct proto_ctx *ctx)
{
	uint64_t due = ctx->now_us + (uint64_t)pif->conf->hello_interval_s * S_US;

	if (!pif->sending)
		return;
	pim_hello_send(pif, ctx);
	if (!timer_armed(&pif->hello) || pif->hello.due_us > due)
		pim_timer_set(pif->pim, ctx, &pif->hello, PIM_T_HELLO, due);
}

void pim_hello_timer(struct pim_iface *pif, uint16_t kind, struct proto_ctx *ctx)
{
	pim_hello_send(pif, ctx);
	if (kind == PIM_T_HELLO)
		pim_timer_set(pif->pim, ctx, &pif->hello, PIM_T_HELLO,
			ctx->now_us + (uint64_t)pif->conf->hello_interval_s * S_US);
}
