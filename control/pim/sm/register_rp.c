/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The RP's side of Register (RFC 7761 4.4.2). The data plane decapsulates and forwards, as far as
 * the route takes what comes in Registers; here is what a Register means to (S,G), and the
 * Register-Stops.
 *
 * At the RP, SwitchToSptDesired(S,G) is always true: the policy of the configuration is about
 * last-hop routers, and an RP that stays on the tunnel would keep DRs encapsulating for nobody.
 * The border bit is ignored, as 4.9.3 demands. Register-Stops are limited to one a second for each
 * source, group and DR.
 *
 * What the rules refuse the data plane must not forward before control has heard of it: mfib.c leaves Registers
 * out of the inputs of a (*,G) with such sources, and of their (S,G). The first packets of a source of that group
 * wait in the data plane until it has.
 */
#include "control/pim/sm/register.h"

#include "control/pim/sm/sm_tree.h"

#define REGISTER_STOP_INTERVAL_US 1000000u

/* --- Register-Stop ---------------------------------------------------------------------------- */

static uint64_t stop_hash(const struct register_heard *r)
{
	uint32_t low = ip_hash(&r->outer_src, ip_hash(&r->grp, ip_hash(&r->src, 1)));
	uint32_t high = ip_hash(&r->src, ip_hash(&r->outer_src, ip_hash(&r->grp, 2)));

	return (uint64_t)high << 32 | low;
}

/* Whether the DR has not been told the same within the last second. */
static bool stop_allowed(struct pim_sm *sm, const struct register_heard *r, uint64_t now_us)
{
	uint64_t hash = stop_hash(r);
	struct register_stop_sent *sent = &sm->stops[hash % REGISTER_STOPS_KEPT];

	if (sent->hash == hash && now_us < sent->until_us)
		return false;
	sent->hash = hash;
	sent->until_us = now_us + REGISTER_STOP_INTERVAL_US;
	return true;
}

static void register_stop_send(
	struct pim_sm *sm, const struct register_heard *r, struct proto_ctx *ctx)
{
	uint8_t buf[128];
	size_t len;

	if (!stop_allowed(sm, r, ctx->now_us))
		return;
	/* 4.9.4: from the address to which the Register was addressed */
	len = pim_register_stop_write(
		buf, sizeof(buf), &r->outer_dst, &r->outer_src, &r->grp, &r->src);
	if (len)
		pim_send_routed(sm->pim, buf, len, ctx);
}

/* --- packet_arrives_on_rp_tunnel -------------------------------------------------------------- */

/* A Register that is not for the RP of its group, or that the RP refuses: the DR is told to
 * stop. */
static void refuse(
	struct pim_sm *sm, const struct register_heard *r, enum pim_drop why, struct proto_ctx *ctx)
{
	pim_drop(sm->pim, NULL, why);
	register_stop_send(sm, r, ctx);
}

/* Whether the DR took the right one, us, for the RP. SSM groups have none (4.8.1). */
static bool i_am_rp_of(const struct pim_sm *sm, const struct register_heard *r)
{
	struct ipaddr rp = rp_of(sm, &r->grp);

	return ip_eq(&rp, &r->outer_dst) && !rp_is_ssm(sm, &r->grp);
}

/* (S,G) as the limits let it be; NULL: only what (*,G) says counts. */
static struct sm_source *source_of_register(
	struct pim_sm *sm, const struct register_heard *r, struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_get(sm, &r->grp, ctx);

	return g ? sm_source_get(sm, g, &r->src, ctx) : NULL;
}

static bool nobody_listens(const struct pim_sm *sm, const struct ipaddr *grp)
{
	const struct sm_group *g = sm_group_find(sm, grp);

	return !g || immediate_olist_star_g_is_null(g);
}

static void take(struct pim_sm *sm, const struct register_heard *r, struct proto_ctx *ctx)
{
	struct sm_source *s = source_of_register(sm, r, ctx);
	bool sent_register_stop = false;

	if (s ? SPTbit(s) || inherited_olist_sg_is_null(s) : nobody_listens(sm, &r->grp)) {
		register_stop_send(sm, r, ctx);
		sent_register_stop = true;
	}
	if (!s)
		return;
	s->registered = true;
	sm_keepalive_set(sm, s,
		sent_register_stop ? rp_keepalive_period_us(sm) : keepalive_period_us(sm), ctx);
	/* "rejoin the normal packet forwarding path": data on RPF_interface(RP(G)) */
	if (SPTbit(s) || r->null)
		return;
	data_arrives(sm, &r->src, &r->grp, DP_IF_REGISTER, ctx);
	data_will_do(sm, &r->src, &r->grp, DP_IF_REGISTER, ctx);
}

void register_arrives(struct pim_sm *sm, const struct register_heard *r, struct proto_ctx *ctx)
{
	if (net_is_local(ctx->net, &r->outer_src, NULL))
		return; /* our own, come round */
	if (!net_is_local(ctx->net, &r->outer_dst, NULL)) {
		pim_drop(sm->pim, NULL, PIM_DROP_destination); /* no answer: it may be spoofed */
		return;
	}
	if (!i_am_rp_of(sm, r))
		refuse(sm, r, PIM_DROP_register_not_rp, ctx);
	else if (!pim_register_permitted(sm->pim, &r->src, &r->grp))
		refuse(sm, r, PIM_DROP_register_denied, ctx);
	else
		take(sm, r, ctx);
}

/* Data that came natively because somebody downstream has joined (S,G) may go on: no Register brings it. */
static void forget_registered(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	s->registered = false;
	if (!DirectlyConnected(s)) {
		timer_cancel(ctx->timers, &s->kat);
		spt_unwatch(s);
	}
	sm_touch(sm, &s->sg);
}

void register_rules_changed(struct pim_sm *sm, struct proto_ctx *ctx)
{
	for (struct hash_node *n = hash_next(&sm->sources, NULL); n;
		n = hash_next(&sm->sources, n)) {
		struct sm_source *s = container_of(n, struct sm_source, node);

		if (s->registered && !pim_register_permitted(sm->pim, src_of(s), &s->group->grp))
			forget_registered(sm, s, ctx);
	}
}

/* Null-Registers come as packets; so does one with data where the data plane leaves Registers to
 * control, whose packet inside is then lost. */
void sm_register_received(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *dst,
	const uint8_t *data, size_t len, struct proto_ctx *ctx)
{
	struct pim_packet p = {
		.src = *src, .dst = *dst, .type = PIM_REGISTER, .msg = data, .len = len};
	struct register_heard heard = {.outer_src = *src, .outer_dst = *dst};
	struct pim_register r;
	enum pim_drop why = pim_register_open(&p, &r);

	if (why) {
		pim_drop(sm->pim, NULL, why);
		return;
	}
	heard.src = r.src;
	heard.grp = r.grp;
	heard.null = r.null;
	register_arrives(sm, &heard, ctx);
	sm_settle(sm, ctx);
}
