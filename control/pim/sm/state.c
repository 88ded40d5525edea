/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Entries: how (*,G) and (S,G) come and go (RFC 7761 4.1). Their parts are in parts.c.
 */
#include "control/pim/sm/register.h"
#include "control/pim/sm/sm_tree.h"

/* --- finding --------------------------------------------------------------------------------------- */

static uint32_t source_hash(const struct ipaddr *src, const struct ipaddr *grp)
{
	return ip_hash(src, ip_hash(grp, 0));
}

struct sm_group *sm_group_find(const struct pim_sm *sm, const struct ipaddr *grp)
{
	struct hash_node *n = hash_first(&sm->groups, ip_hash(grp, 0));

	for (; n; n = hash_same(n)) {
		struct sm_group *g = container_of(n, struct sm_group, node);

		if (ip_eq(&g->grp, grp))
			return g;
	}
	return NULL;
}

struct sm_source *sm_source_find(
	const struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp)
{
	struct hash_node *n = hash_first(&sm->sources, source_hash(src, grp));

	for (; n; n = hash_same(n)) {
		struct sm_source *s = container_of(n, struct sm_source, node);

		if (ip_eq(src_of(s), src) && ip_eq(&s->group->grp, grp))
			return s;
	}
	return NULL;
}

/* --- making ---------------------------------------------------------------------------------------- */

/* Room for one more entry below limits.states? Counts and says if not. */
static bool room(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp,
	struct proto_ctx *ctx)
{
	uint32_t max = sm->pim->config->limits.states;

	if (!max || sm->n_star + sm->n_sg < max)
		return true;
	pim_refuse(sm->pim, NULL, PIM_DROP_limit_states, src, grp);
	act_notify_rated(ctx, &sm->states_log, LOG_LVL_WARNING,
		"pim: no more than %u states (limits.states): a group or source is left out", max);
	return false;
}

static void entry_begin(struct sm_entry *e, enum sm_entry_kind kind, uint64_t now_us)
{
	e->kind = kind;
	e->created_us = now_us;
	LIST_INIT(&e->oifs);
}

struct sm_group *sm_group_get(struct pim_sm *sm, const struct ipaddr *grp, struct proto_ctx *ctx)
{
	struct sm_group *g = sm_group_find(sm, grp);

	if (g)
		return g;
	if (!room(sm, NULL, grp, ctx))
		return NULL;
	g = slab_get(&sm->group_slab);
	if (!g) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		return NULL;
	}
	entry_begin(&g->star, SM_STAR_G, ctx->now_us);
	g->grp = *grp;
	LIST_INIT(&g->sources);
	hash_add(&sm->groups, &g->node, ip_hash(grp, 0));
	sm->n_star++;
	rp_refresh(sm, g, ctx);
	sm_touch(sm, &g->star);
	return g;
}

/* Whether limits.per_source lets src have one more group. Counts and says if not. */
static bool source_room(struct pim_sm *sm, const struct ipaddr *src, const struct ipaddr *grp,
	struct proto_ctx *ctx)
{
	uint32_t max = sm->pim->config->limits.per_source;
	const struct sm_target *t = max ? target_find(sm, src, TARGET_S) : NULL;
	char a[IP_STRLEN];

	if (!t || t->n_ups < max)
		return true;
	pim_refuse(sm->pim, NULL, PIM_DROP_limit_source, src, grp);
	act_notify_rated(ctx, &sm->source_log, LOG_LVL_WARNING,
		"pim: source %s has %u groups (limits.per_source): one more is left out",
		ip_str(src, a, sizeof(a)), max);
	return false;
}

struct sm_source *sm_source_get(
	struct pim_sm *sm, struct sm_group *g, const struct ipaddr *src, struct proto_ctx *ctx)
{
	struct sm_source *s = sm_source_find(sm, src, &g->grp);

	if (s)
		return s;
	if (!room(sm, src, &g->grp, ctx) || !source_room(sm, src, &g->grp, ctx))
		return NULL;
	s = slab_get(&sm->source_slab);
	if (!s) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		return NULL;
	}
	entry_begin(&s->sg, SM_S_G, ctx->now_us);
	s->group = g;
	if (!target_set(sm, &s->sg, src, TARGET_S, ctx)) {
		slab_put(&sm->source_slab, s);
		return NULL;
	}
	/* 4.5.7: where (*,G) is joined, a source is not pruned until it is. */
	s->up_rpt =
		g->star.up.state == UP_JOINED && !g->ssm ? UP_RPT_NOT_PRUNED : UP_RPT_NOT_JOINED;
	LIST_INSERT_HEAD(&g->sources, s, in_group);
	g->n_sources++;
	hash_add(&sm->sources, &s->node, source_hash(src, &g->grp));
	sm->n_sg++;
	sm_touch(sm, &s->sg);
	return s;
}

/* --- ending ---------------------------------------------------------------------------------------- */

static void entry_end(struct pim_sm *sm, struct sm_entry *e, struct timer_heap *timers)
{
	struct sm_oif *oif, *next;

	for (oif = LIST_FIRST(&e->oifs); oif; oif = next) {
		next = LIST_NEXT(oif, link);
		sm_oif_free(sm, oif, timers);
	}
	timer_cancel(timers, &e->up.jt);
	move_forget(&e->up, timers);
	target_leave(sm, &e->up);
	if (e->up.peer) {
		LIST_REMOVE(&e->up, in_peer);
		e->up.peer->n_ups--;
		sm_peer_gc(sm, e->up.peer);
	}
	free(e->up.left);
	if (e->touched)
		TAILQ_REMOVE(&sm->touched, e, in_touched);
}

void sm_source_free(struct pim_sm *sm, struct sm_source *s, struct timer_heap *timers)
{
	entry_end(sm, &s->sg, timers);
	timer_cancel(timers, &s->ot);
	timer_cancel(timers, &s->kat);
	register_end(s, timers);
	spt_unwatch(s);
	LIST_REMOVE(s, in_group);
	s->group->n_sources--;
	hash_del(&sm->sources, &s->node);
	sm->n_sg--;
	slab_put(&sm->source_slab, s);
}

void sm_group_free(struct pim_sm *sm, struct sm_group *g, struct timer_heap *timers)
{
	entry_end(sm, &g->star, timers);
	hash_del(&sm->groups, &g->node);
	sm->n_star--;
	slab_put(&sm->group_slab, g);
}

bool sm_source_is_idle(const struct sm_source *s)
{
	return LIST_EMPTY(&s->sg.oifs) && s->sg.up.state == UP_NOT_JOINED &&
	       s->up_rpt != UP_RPT_PRUNED && s->reg == REG_NOINFO && !timer_armed(&s->kat) &&
	       !timer_armed(&s->ot) && !s->watch;
}

bool sm_group_is_idle(const struct sm_group *g)
{
	return LIST_EMPTY(&g->star.oifs) && LIST_EMPTY(&g->sources) &&
	       g->star.up.state == UP_NOT_JOINED;
}

/* --- marking and setting ---------------------------------------------------------------------------- */

static void touch_one(struct pim_sm *sm, struct sm_entry *e)
{
	if (e->touched)
		return;
	e->touched = true;
	TAILQ_INSERT_TAIL(&sm->touched, e, in_touched);
}

void sm_touch(struct pim_sm *sm, struct sm_entry *e)
{
	touch_one(sm, e);
	/* (*,G) is marked before them, so it is settled before them. */
	if (e->kind == SM_STAR_G)
		sm_touch_sources(sm, group_of(e));
}

void sm_touch_sources(struct pim_sm *sm, struct sm_group *g)
{
	struct sm_source *s;

	LIST_FOREACH (s, &g->sources, in_group)
		touch_one(sm, &s->sg);
}

void sm_timer_set(struct pim_sm *sm, struct proto_ctx *ctx, struct timer *t,
	enum sm_timer_kind kind, uint64_t due_us)
{
	pim_timer_set(sm->pim, ctx, t, (uint16_t)kind, due_us);
}

void sm_spt_bit_set(struct pim_sm *sm, struct sm_source *s, bool on)
{
	if (s->spt_bit == on)
		return;
	s->spt_bit = on;
	sm_touch(sm, &s->sg);
}

void sm_keepalive_set(
	struct pim_sm *sm, struct sm_source *s, uint64_t period_us, struct proto_ctx *ctx)
{
	if (!timer_armed(&s->kat))
		sm_touch(sm, &s->sg);
	s->kat_by_assert = false;
	sm_timer_set(sm, ctx, &s->kat, SM_T_KEEPALIVE, ctx->now_us + period_us);
}
