/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The instance of PIM and where its events go. The common part deals with packets up to a sound message
 * from a neighbour, with interfaces and Hellos; the trees (sm/) with what it is about.
 */
#include <errno.h>

#include "control/pim/common/common.h"

static void pim_free(void *me, struct timer_heap *timers)
{
	struct pim_self *pim = me;

	sm_free(pim->sm, timers);
	pim_ifaces_free(pim, timers);
	hash_fini(&pim->neighbors);
	hash_fini(&pim->secondaries);
	pim_config_free(pim->config);
	free(pim->scratch);
	free(pim);
}

static bool allocate(struct pim_self *pim)
{
	struct pim_config none;

	pim_config_default(&none);
	pim->config = pim_config_copy(&none);
	pim->scratch = malloc(PIM_MSG_MAX);
	return pim->config && pim->scratch && !hash_init(&pim->neighbors) &&
	       !hash_init(&pim->secondaries);
}

static void *pim_new(void)
{
	struct pim_self *pim = calloc(1, sizeof(*pim));

	if (!pim)
		return NULL;
	TAILQ_INIT(&pim->ifaces);
	if (allocate(pim))
		pim->sm = sm_new(pim);
	if (pim->sm)
		return pim;
	hash_fini(&pim->neighbors);
	hash_fini(&pim->secondaries);
	pim_config_free(pim->config);
	free(pim->scratch);
	free(pim);
	return NULL;
}

/* --- configuration and commands ------------------------------------------------------------------- */

static void config(struct pim_self *pim, const struct pim_config *wanted, struct proto_ctx *ctx)
{
	struct pim_config *old = pim->config, *now;
	char err[320];

	if (pim_config_check(wanted, err, sizeof(err))) {
		act_notify(ctx->out, LOG_LVL_ERROR, "settings refused, the old ones stay: %s", err);
		return;
	}
	now = pim_config_copy(wanted);
	if (!now) {
		act_notify(ctx->out, LOG_LVL_ERROR,
			"no memory for the settings, the old ones stay: reload");
		return;
	}
	if (!pim->configured)
		pim->prng.state = now->seed ? now->seed : ctx->now_us;
	pim->configured = true;
	pim->config = now;
	pim_ifaces_config(pim, old, ctx);
}

/* Interfaces that a command names: all with "". */
static bool names(const struct pim_command *cmd, const struct pim_iface *pif)
{
	return !cmd->interface[0] || !strncmp(cmd->interface, pif->name, DP_IF_NAMELEN);
}

static unsigned clear_neighbors(
	const struct pim_command *cmd, struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct pim_neigh *n, *next;
	unsigned cleared = 0;

	for (n = TAILQ_FIRST(&pif->neighbors); n; n = next) {
		next = TAILQ_NEXT(n, in_iface);
		if (!ip_is_none(&cmd->neighbor) && !ip_eq(&cmd->neighbor, &n->addr))
			continue;
		pim_neigh_remove(n, "cleared", true, ctx);
		cleared++;
	}
	return cleared;
}

static int command(struct pim_self *pim, const struct pim_command *cmd, struct proto_ctx *ctx,
	char *err, size_t cap)
{
	struct pim_iface *pif;
	char a[IP_STRLEN];
	unsigned found = 0, cleared = 0;

	TAILQ_FOREACH (pif, &pim->ifaces, link) {
		if (!names(cmd, pif))
			continue;
		found++;
		if (cmd->kind == PIM_CLEAR_NEIGHBORS)
			cleared += clear_neighbors(cmd, pif, ctx);
		else
			pif->stats = (struct pim_stats){0};
	}
	if (!found && cmd->interface[0]) {
		snprintf(err, cap, "PIM does not run on %.16s: `show pim interface` lists where",
			cmd->interface);
		return -ENOENT;
	}
	if (cmd->kind == PIM_CLEAR_NEIGHBORS && !cleared && !ip_is_none(&cmd->neighbor)) {
		snprintf(err, cap, "%s is no neighbour: `show pim neighbor` lists them",
			ip_str(&cmd->neighbor, a, sizeof(a)));
		return -ENOENT;
	}
	if (cmd->kind == PIM_CLEAR_STATISTICS && !cmd->interface[0]) {
		pim->stats = (struct pim_stats){0};
		pim->refused = (struct refused){0};
	}
	return 0;
}

/* --- events --------------------------------------------------------------------------------------- */

static void net_changed(struct pim_self *pim, const struct net_change *c, struct proto_ctx *ctx)
{
	switch ((enum net_change_kind)c->kind) {
	case NET_IF_NEW:
	case NET_IF_STATE:
	case NET_IF_ADDR:
		pim_iface_sync(pim, c->ifid, ctx);
		break;
	case NET_IF_LEAVING:
		pim_iface_leaves(pim, c->ifid, ctx);
		break;
	case NET_IF_GONE:
		pim_iface_gone(pim, c->ifid, ctx);
		break;
	case NET_RIB:
		sm_rib_changed(pim->sm, &c->prefix, ctx);
		break;
	case NET_NEIGH:
		break;
	}
}

static void timer(struct pim_self *pim, struct timer *t, struct proto_ctx *ctx)
{
	if (t->kind >= SM_TIMER_FIRST) {
		sm_timer(pim->sm, t, ctx);
		return;
	}
	switch ((enum pim_timer_kind)t->kind) {
	case PIM_T_HELLO:
		pim_hello_timer(container_of(t, struct pim_iface, hello), t->kind, ctx);
		break;
	case PIM_T_TRIGGERED:
		pim_hello_timer(container_of(t, struct pim_iface, triggered), t->kind, ctx);
		break;
	case PIM_T_NEIGHBOR:
		pim_neigh_expired(container_of(t, struct pim_neigh, liveness), ctx);
		break;
	}
}

static void pim_event(void *me, const struct event *ev, struct proto_ctx *ctx)
{
	struct pim_self *pim = me;

	pim->now_us = ctx->now_us;
	switch (ev->kind) {
	case EV_CONFIG:
		config(pim, ev->config, ctx);
		break;
	case EV_COMMAND:
		*ev->command.result = command(
			pim, ev->command.request, ctx, ev->command.error, ev->command.error_cap);
		break;
	case EV_PACKET:
		pim_packet_received(pim, ev->packet.ifid, ev->packet.data, ev->packet.len, ctx);
		break;
	case EV_TIMER:
		timer(pim, ev->timer, ctx);
		break;
	case EV_NET:
		net_changed(pim, &ev->net, ctx);
		break;
	case EV_UPCALL:
		sm_upcall(pim->sm, &ev->upcall, ctx);
		break;
	case EV_MEMBER:
		sm_member(pim->sm, &ev->member, ctx);
		break;
	case EV_STOP:
		sm_stop(pim->sm, ctx);
		pim_ifaces_stop(pim, ctx);
		break;
	}
}

const struct proto pim_proto = {
	.name = "pim",
	.packet_bits = DP_PROTO_PIM,
	.upcalls = true,
	.new = pim_new,
	.free = pim_free,
	.event = pim_event,
};

/* --- for the trees --------------------------------------------------------------------------------- */

int pim_timer_set(struct pim_self *pim, struct proto_ctx *ctx, struct timer *t, uint16_t kind,
	uint64_t due_us)
{
	int rc;

	t->proto = ctx->self;
	t->kind = kind;
	rc = timer_set(ctx->timers, t, due_us);
	if (rc) {
		pim_drop(pim, NULL, PIM_DROP_no_memory);
		act_notify(ctx->out, LOG_LVL_ERROR, "no memory for a timer: restart the router");
	}
	return rc;
}

uint64_t pim_random_us(struct pim_self *pim, uint64_t max_us)
{
	return max_us ? prng_u64(&pim->prng) % (max_us + 1) : 0;
}

static void count_drop(
	const struct pim_self *pim, struct pim_stats *s, enum pim_drop why, uint32_t n)
{
	s->drops[why] += n;
	s->drop_us[why] = pim->now_us;
	if (!ip_is_none(&pim->rx_from))
		s->drop_from[why] = pim->rx_from;
}

void pim_drop_n(struct pim_self *pim, struct pim_iface *pif, enum pim_drop why, uint32_t n)
{
	if (why == PIM_OK || n == 0)
		return;
	count_drop(pim, &pim->stats, why, n);
	if (pif)
		count_drop(pim, &pif->stats, why, n);
}

void pim_drop(struct pim_self *pim, struct pim_iface *pif, enum pim_drop why)
{
	pim_drop_n(pim, pif, why, 1);
}

void pim_refuse(struct pim_self *pim, struct pim_iface *pif, enum pim_drop why,
	const struct ipaddr *src, const struct ipaddr *grp)
{
	struct refusal r = {.grp = *grp,
		.from = pim->rx_from,
		.ifid = pif ? pif->ifid : 0,
		.why = (uint16_t)why,
		.at_us = pim->now_us};

	if (src)
		r.src = *src;
	refused_note(&pim->refused, &r);
	pim_drop(pim, pif, why);
}
