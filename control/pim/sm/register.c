/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The DR's side of Register (RFC 7761 4.4.1): figure 1 as a table, CouldRegister, Null-Registers,
 * what a Register-Stop does. The data plane encapsulates: in state Join the wish of (S,G) has the
 * register tunnel among its outputs.
 *
 * Deviation: CouldRegister has three terms more. In the SSM range nothing is registered (4.8.1);
 * without an RP, or at the RP itself, there is no tunnel that could be joined.
 */
#include "control/pim/sm/register.h"

#include "control/pim/sm/sm_tree.h"

bool CouldRegister(const struct pim_sm *sm, const struct sm_source *s)
{
	const struct sm_group *g = s->group;
	const struct pim_iface *pif = pim_iface_get(sm->pim, RPF_interface_S(s), g->grp.family);

	if (g->ssm || ip_is_none(RP_G(g)) || I_am_RP(g))
		return false;
	return pif && pif->i_am_dr && timer_armed(&s->kat) && DirectlyConnected(s);
}

/* --- figure 1 --------------------------------------------------------------------------------- */

enum register_event {
	RE_TIMER,      /* Register-Stop Timer expires */
	RE_COULD_TRUE, /* CouldRegister -> True */
	RE_COULD_FALSE,
	RE_STOP, /* Register-Stop received */
	RE_RP_CHANGED,
	REGISTER_EVENTS
};

/* Adding and removing the tunnel is being in state Join or not; the rest of a cell is: */
enum register_action {
	RA_NONE,
	RA_TUNNEL, /* add or update reg tunnel, cancel Register-Stop Timer */
	RA_REMOVE, /* remove reg tunnel */
	RA_STOP,   /* set Register-Stop Timer(*) */
	RA_PROBE,  /* set Register-Stop Timer(**), send Null-Register */
};

struct cell {
	uint8_t next, action;
};

#define NI REG_NOINFO
#define J REG_JOIN
#define JP REG_JOIN_PENDING
#define P REG_PRUNE

/* clang-format off */
static const struct cell figure1[4][REGISTER_EVENTS] = {
	/*        RE_TIMER         RE_COULD_TRUE   RE_COULD_FALSE    RE_STOP        RE_RP_CHANGED */
	[NI] = { {NI, RA_NONE},   {J, RA_TUNNEL}, {NI, RA_NONE},   {NI, RA_NONE}, {NI, RA_NONE}  },
	[J]  = { {J, RA_NONE},    {J, RA_NONE},   {NI, RA_REMOVE}, {P, RA_STOP},  {J, RA_TUNNEL} },
	[JP] = { {J, RA_TUNNEL},  {JP, RA_NONE},  {NI, RA_REMOVE}, {P, RA_STOP},  {J, RA_TUNNEL} },
	[P]  = { {JP, RA_PROBE},  {P, RA_NONE},   {NI, RA_REMOVE}, {P, RA_NONE},  {J, RA_TUNNEL} },
};
/* clang-format on */

static const char *const state_name[] = {"NoInfo", "Join", "JoinPending", "Prune"};

static void trace(const struct sm_source *s, enum register_state from, struct proto_ctx *ctx)
{
	char src[IP_STRLEN], g[IP_STRLEN], rp[IP_STRLEN];

	if (from == s->reg || log_get_level() < LOG_LVL_DEBUG)
		return;
	act_notify(ctx->out, LOG_LVL_DEBUG, "register (%s, %s) to RP %s: %s -> %s",
		ip_str(src_of(s), src, sizeof(src)), ip_str(&s->group->grp, g, sizeof(g)),
		ip_str(RP_G(s->group), rp, sizeof(rp)), state_name[from], state_name[s->reg]);
}

/* --- actions ---------------------------------------------------------------------------------- */

/* The address a unicast packet of ours to the RP comes from, as the data plane takes it for
 * Registers: the configured one, else that of the interface towards the RP. IP_NONE: the RP cannot
 * be reached. */
static struct ipaddr source_towards_rp(
	const struct pim_sm *sm, const struct sm_group *g, const struct proto_ctx *ctx)
{
	const struct ipaddr *set = rp_register_source(sm, g->grp.family);
	const struct net_if *ifp = net_if_get(ctx->net, RPF_interface_RP(g));
	const struct net_addr *a =
		ifp ? net_if_addr_routable(ifp, (enum ip_family)g->grp.family) : NULL;

	if (!ifp)
		return (struct ipaddr){0};
	if (!ip_is_none(set))
		return *set;
	return a ? a->ip : (struct ipaddr){0};
}

static void null_register_send(struct pim_sm *sm, const struct sm_source *s, struct proto_ctx *ctx)
{
	const struct sm_group *g = s->group;
	struct ipaddr from = source_towards_rp(sm, g, ctx);
	uint8_t buf[128];
	size_t len;

	if (ip_is_none(&from))
		return;
	len = pim_null_register_write(buf, sizeof(buf), &from, RP_G(g), src_of(s), &g->grp);
	if (len)
		pim_send_routed(sm->pim, buf, len, ctx);
}

/* (*): uniform in ( 0.5, 1.5 ) * Register_Suppression_Time, minus Register_Probe_Time */
static uint64_t suppression_us(struct pim_sm *sm)
{
	const struct pim_config *c = sm->pim->config;
	uint64_t t = (uint64_t)c->register_suppression_s * 1000000;
	uint64_t probe = (uint64_t)c->register_probe_s * 1000000;
	uint64_t us = t / 2 + pim_random_us(sm->pim, t);

	return us > probe ? us - probe : 0;
}

/* Of a machine that is about to be in another state than NoInfo; NULL no memory: it stays in NoInfo. */
static struct sm_tunnel *tunnel_get(struct pim_sm *sm, struct sm_source *s)
{
	if (s->tunnel)
		return s->tunnel;
	s->tunnel = calloc(1, sizeof(*s->tunnel));
	if (s->tunnel)
		s->tunnel->source = s;
	else
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
	return s->tunnel;
}

void register_end(struct sm_source *s, struct timer_heap *timers)
{
	s->reg = NI;
	if (!s->tunnel)
		return;
	timer_cancel(timers, &s->tunnel->rst);
	free(s->tunnel);
	s->tunnel = NULL;
}

static void act(
	struct pim_sm *sm, struct sm_source *s, enum register_action action, struct proto_ctx *ctx)
{
	switch (action) {
	case RA_NONE:
		break;
	case RA_TUNNEL:
		s->tunnel->rp = *RP_G(s->group);
		timer_cancel(ctx->timers, &s->tunnel->rst);
		break;
	case RA_REMOVE:
		register_end(s, ctx->timers);
		break;
	case RA_STOP:
		sm_timer_set(sm, ctx, &s->tunnel->rst, SM_T_REGISTER_STOP,
			ctx->now_us + suppression_us(sm));
		break;
	case RA_PROBE:
		sm_timer_set(sm, ctx, &s->tunnel->rst, SM_T_REGISTER_STOP,
			ctx->now_us + (uint64_t)sm->pim->config->register_probe_s * 1000000);
		null_register_send(sm, s, ctx);
		break;
	}
}

static void step(
	struct pim_sm *sm, struct sm_source *s, enum register_event ev, struct proto_ctx *ctx)
{
	enum register_state from = s->reg;
	const struct cell *cell = &figure1[from][ev];

	if (cell->action == RA_NONE || !tunnel_get(sm, s))
		return;
	s->reg = cell->next;
	act(sm, s, cell->action, ctx);
	trace(s, from, ctx);
	sm_touch(sm, &s->sg);
}

/* --- events ----------------------------------------------------------------------------------- */

void register_settle(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	bool could = CouldRegister(sm, s);

	if (could != (s->reg != NI))
		step(sm, s, could ? RE_COULD_TRUE : RE_COULD_FALSE, ctx);
	else if (could && !ip_eq(&s->tunnel->rp, RP_G(s->group)))
		step(sm, s, RE_RP_CHANGED, ctx);
}

void register_stop_timer(struct pim_sm *sm, struct sm_source *s, struct proto_ctx *ctx)
{
	step(sm, s, RE_TIMER, ctx);
}

struct stop {
	struct pim_register_stop r;
	struct ipaddr from;
	bool known;  /* some source it names has a machine that is not in NoInfo */
	bool not_rp; /* but is registered with another RP */
};

static void stop_source(
	struct pim_sm *sm, struct sm_source *s, struct stop *st, struct proto_ctx *ctx)
{
	if (s->reg == NI)
		return;
	st->known = true;
	if (ip_eq(&st->from, &s->tunnel->rp))
		step(sm, s, RE_STOP, ctx);
	else
		st->not_rp = true;
}

/* "Handling Register-Stop(*,G) Messages at the DR": it is for all machines that are not in
 * NoInfo. */
static void stop_group(
	struct pim_sm *sm, struct sm_group *g, struct stop *st, struct proto_ctx *ctx)
{
	struct sm_source *s;

	if (!ip_is_none(&st->r.src)) {
		s = sm_source_find(sm, &st->r.src, &g->grp);
		if (s)
			stop_source(sm, s, st, ctx);
		return;
	}
	LIST_FOREACH (s, &g->sources, in_group)
		stop_source(sm, s, st, ctx);
}

static void stop(struct pim_sm *sm, struct stop *st, struct proto_ctx *ctx)
{
	struct hash_node *node = NULL;
	struct sm_group *g;

	if (st->r.grp.len == ip_bits(&st->r.grp.addr)) {
		g = sm_group_find(sm, &st->r.grp.addr);
		if (g)
			stop_group(sm, g, st, ctx);
		return;
	}
	while ((node = hash_next(&sm->groups, node))) {
		g = container_of(node, struct sm_group, node);
		if (prefix_has(&st->r.grp, &g->grp))
			stop_group(sm, g, st, ctx);
	}
}

void sm_register_stop_received(struct pim_sm *sm, const struct ipaddr *src,
	const struct ipaddr *dst, const uint8_t *data, size_t len, struct proto_ctx *ctx)
{
	struct pim_packet p = {
		.src = *src, .dst = *dst, .type = PIM_REGISTER_STOP, .msg = data, .len = len};
	struct stop st = {.from = *src};
	enum pim_drop why = pim_register_stop_open(&p, &st.r);

	if (!why) {
		stop(sm, &st, ctx);
		if (!st.known)
			why = PIM_DROP_register_stop_unknown;
		else if (st.not_rp)
			why = PIM_DROP_register_stop_not_rp;
	}
	pim_drop(sm->pim, NULL, why);
	sm_settle(sm, ctx);
}
