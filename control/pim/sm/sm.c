/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The trees' side of what the common part of PIM tells: configuration, interfaces, neighbours, memberships,
 * routes, timers, the end. Each is turned into marks on the entries it concerns, which sm_settle evaluates.
 */
#include "control/pim/sm/register.h"
#include "control/pim/sm/sm_tree.h"

/* --- the instance ----------------------------------------------------------------------------------------- */

struct pim_sm *sm_new(struct pim_self *pim)
{
	struct pim_sm *sm = calloc(1, sizeof(*sm));

	if (!sm)
		return NULL;
	sm->pim = pim;
	TAILQ_INIT(&sm->touched);
	TAILQ_INIT(&sm->jp);
	LIST_INIT(&sm->watched);
	order_init(&sm->targets, target_cmp, 1);
	slab_init(&sm->target_slab, sizeof(struct sm_target));
	slab_init(&sm->group_slab, sizeof(struct sm_group));
	slab_init(&sm->source_slab, sizeof(struct sm_source));
	slab_init(&sm->oif_slab, sizeof(struct sm_oif));
	sm->jp_buf = malloc(PIM_MSG_MAX);
	if (!sm->jp_buf || hash_init(&sm->groups) || hash_init(&sm->sources) ||
		hash_init(&sm->ifaces) || hash_init(&sm->peers)) {
		sm_free(sm, NULL);
		return NULL;
	}
	return sm;
}

static void free_entries(struct pim_sm *sm, struct timer_heap *timers)
{
	struct hash_node *n, *next;

	for (n = sm->sources.buckets ? hash_next(&sm->sources, NULL) : NULL; n; n = next) {
		next = hash_next(&sm->sources, n);
		sm_source_free(sm, container_of(n, struct sm_source, node), timers);
	}
	for (n = sm->groups.buckets ? hash_next(&sm->groups, NULL) : NULL; n; n = next) {
		next = hash_next(&sm->groups, n);
		sm_group_free(sm, container_of(n, struct sm_group, node), timers);
	}
}

static void free_ifaces(struct pim_sm *sm, struct timer_heap *timers)
{
	struct hash_node *n, *next;

	for (n = sm->ifaces.buckets ? hash_next(&sm->ifaces, NULL) : NULL; n; n = next) {
		next = hash_next(&sm->ifaces, n);
		timer_cancel(timers, &container_of(n, struct sm_iface, node)->odd_metrics);
		free(container_of(n, struct sm_iface, node));
	}
}

void sm_free(struct pim_sm *sm, struct timer_heap *timers)
{
	if (!sm)
		return;
	free_entries(sm, timers);
	jp_forget(sm); /* and with it the last peers */
	free_ifaces(sm, timers);
	if (timers) {
		timer_cancel(timers, &sm->rate_timer);
		timer_cancel(timers, &sm->flush);
		timer_cancel(timers, &sm->settle);
	}
	slab_fini(&sm->group_slab);
	slab_fini(&sm->source_slab);
	slab_fini(&sm->oif_slab);
	slab_fini(&sm->target_slab);
	hash_fini(&sm->groups);
	hash_fini(&sm->sources);
	hash_fini(&sm->ifaces);
	hash_fini(&sm->peers);
	free(sm->rps);
	free(sm->outputs);
	free(sm->jp_buf);
	free(sm);
}

/* --- configuration and routes ------------------------------------------------------------------------------ */

static void touch_all(struct pim_sm *sm)
{
	struct hash_node *n;

	for (n = hash_next(&sm->groups, NULL); n; n = hash_next(&sm->groups, n))
		sm_touch(sm, &container_of(n, struct sm_group, node)->star);
}

/* Everything may have changed: RPs, SSM ranges, boundaries, border interfaces. */
void sm_config(struct pim_sm *sm, struct proto_ctx *ctx)
{
	if (rp_config(sm)) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		act_notify(ctx->out, LOG_LVL_ERROR,
			"pim: out of memory: the RPs are those of the former configuration");
	}
	rp_reach(sm, ctx);
	rp_local_changed(sm, ctx);
	rp_refresh_all(sm, ctx);
	target_stale_all(sm);
	register_rules_changed(sm, ctx);
	touch_all(sm);
	spt_config(sm, ctx);
	sm_settle(sm, ctx);
}

/* Whether an address whose being ours matters lies in the prefix. */
static bool has_rp(const struct pim_sm *sm, const struct prefix *p)
{
	for (unsigned f = 0; f < 2; f++)
		if (prefix_has(p, &sm->pim->config->register_source[f]))
			return true;
	for (size_t i = 0; i < sm->n_rps; i++)
		if (prefix_has(p, &sm->rps[i].rp))
			return true;
	return false;
}

/* Metrics may have been odd for routes were on the move. */
static void metrics_anew(struct pim_sm *sm, struct timer_heap *timers)
{
	for (struct hash_node *h = hash_next(&sm->ifaces, NULL); h; h = hash_next(&sm->ifaces, h)) {
		struct sm_iface *i = container_of(h, struct sm_iface, node);

		if (!timer_armed(&i->odd_metrics))
			continue;
		timer_cancel(timers, &i->odd_metrics);
		sm_iface_touch(sm, i);
	}
}

void sm_rib_changed(struct pim_sm *sm, const struct prefix *p, struct proto_ctx *ctx)
{
	metrics_anew(sm, ctx->timers);
	target_touch(sm, p);
	if (has_rp(sm, p))
		rp_local_changed(sm, ctx);
	sm_settle(sm, ctx);
}

/* --- interfaces ----------------------------------------------------------------------------------------------- */

static bool leads_through(const struct sm_up *up, uint16_t ifid, uint8_t family)
{
	return up->target->addr.family == family && (rpf_of(up)->ifid == ifid || up->ifid == ifid ||
							    (up->move && up->move->ifid == ifid));
}

/* All entries whose RPF interface, new or old, it is. */
static void touch_upstream(struct pim_sm *sm, uint16_t ifid, uint8_t family)
{
	struct order_node *n;
	struct sm_up *up;

	for (n = order_first(&sm->targets); n; n = order_next(n)) {
		const struct sm_target *t = container_of(n, struct sm_target, node);

		LIST_FOREACH (up, &t->ups, in_target) {
			if (leads_through(up, ifid, family))
				sm_touch(sm, container_of(up, struct sm_entry, up));
		}
	}
}

void sm_iface_leave(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct sm_iface *i = sm_iface_find(sm, pif->ifid, pif->family);
	struct order_node *n;
	struct sm_up *up;

	for (n = order_first(&sm->targets); n; n = order_next(n)) {
		const struct sm_target *t = container_of(n, struct sm_target, node);

		LIST_FOREACH (up, &t->ups, in_target) {
			if (leads_through(up, pif->ifid, pif->family))
				up_prune_on(sm, container_of(up, struct sm_entry, up), pif, ctx);
		}
	}
	if (i)
		assert_cancel_all(sm, i, ctx);
	jp_flush_iface(sm, pif, ctx);
}

void sm_iface_up(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct sm_iface *i = sm_iface_get(sm, pif->ifid, pif->family);

	if (i) {
		i->pif = pif;
		sm_iface_touch(sm, i);
	}
	touch_upstream(sm, pif->ifid, pif->family);
	rp_local_changed(sm, ctx);
	sm_settle(sm, ctx);
}

/* Memberships stay: they are told once. All else of it goes. */
static void oif_end(struct pim_sm *sm, struct sm_oif *oif, struct proto_ctx *ctx)
{
	down_forget(sm, oif, ctx);
	down_rpt_forget(sm, oif, ctx);
	oif->assert = ASSERT_NOINFO;
	sm_assert_info_clear(oif, ctx->timers);
	sm_touch(sm, oif->entry);
	sm_oif_gc(sm, oif, ctx);
}

void sm_iface_down(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct sm_iface *i = sm_iface_find(sm, pif->ifid, pif->family);
	struct sm_oif *oif, *next;

	touch_upstream(sm, pif->ifid, pif->family);
	if (i) {
		for (oif = LIST_FIRST(&i->oifs); oif; oif = next) {
			next = LIST_NEXT(oif, in_iface);
			oif_end(sm, oif, ctx);
		}
		timer_cancel(ctx->timers, &i->odd_metrics);
		i->pif = NULL;
		sm_iface_gc(sm, i);
	}
	jp_forget_iface(sm, pif->ifid, pif->family);
	rp_local_changed(sm, ctx);
	sm_settle(sm, ctx);
}

void sm_iface_changed(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct sm_iface *i = sm_iface_find(sm, pif->ifid, pif->family);

	if (i)
		sm_iface_touch(sm, i);
	touch_upstream(sm, pif->ifid, pif->family);
	rp_local_changed(sm, ctx);
	sm_settle(sm, ctx);
}

/* --- neighbours ------------------------------------------------------------------------------------------------ */

static void touch_peer(struct pim_sm *sm, uint16_t ifid, const struct ipaddr *addr)
{
	struct sm_peer *p = sm_peer_find(sm, ifid, addr);
	struct sm_up *up;

	if (!p)
		return;
	LIST_FOREACH (up, &p->ups, in_peer)
		sm_touch(sm, container_of(up, struct sm_entry, up));
}

/* RPF' of those that it leads to by any of its addresses. */
static void touch_neigh(struct pim_sm *sm, const struct pim_neigh *n)
{
	touch_peer(sm, n->pif->ifid, &n->addr);
	for (uint32_t i = 0; i < n->n_secondary; i++)
		touch_peer(sm, n->pif->ifid, &n->secondary[i].addr);
}

void sm_neigh_up(struct pim_sm *sm, struct pim_neigh *n, struct proto_ctx *ctx)
{
	struct sm_peer *p = sm_peer_find(sm, n->pif->ifid, &n->addr);

	n->n_states = p ? p->n_states : 0;
	touch_neigh(sm, n);
	sm_settle(sm, ctx);
}

void sm_neigh_down(struct pim_sm *sm, struct pim_neigh *n, struct proto_ctx *ctx)
{
	assert_neigh_void(sm, n->pif, &n->addr, ctx);
	touch_neigh(sm, n);
	sm_settle(sm, ctx);
}

void sm_neigh_genid(struct pim_sm *sm, struct pim_neigh *n, struct proto_ctx *ctx)
{
	assert_neigh_void(sm, n->pif, &n->addr, ctx);
	up_genid(sm, n->pif, &n->addr, ctx);
	sm_settle(sm, ctx);
}

/* --- memberships ------------------------------------------------------------------------------------------------- */

/* The entry it is about; made unless it ends. */
static struct sm_entry *member_entry(
	struct pim_sm *sm, const struct member *m, struct proto_ctx *ctx)
{
	bool make = m->state != MEMBER_NONE;
	struct sm_group *g = make ? sm_group_get(sm, &m->grp, ctx) : sm_group_find(sm, &m->grp);
	struct sm_source *s;

	if (!g || ip_is_none(&m->src))
		return g ? &g->star : NULL;
	s = make ? sm_source_get(sm, g, &m->src, ctx) : sm_source_find(sm, &m->src, &m->grp);
	return s ? &s->sg : NULL;
}

void sm_member(struct pim_sm *sm, const struct member *m, struct proto_ctx *ctx)
{
	struct sm_entry *e = member_entry(sm, m, ctx);
	struct sm_iface *i = e ? sm_iface_get(sm, m->ifid, m->grp.family) : NULL;
	struct sm_oif *oif = i ? sm_oif_get_at(sm, e, i, ctx) : NULL;

	if (oif) {
		oif->member = m->state;
		sm_touch(sm, e);
		sm_oif_gc(sm, oif, ctx);
	} else if (i) {
		sm_iface_gc(sm, i);
	}
	sm_settle(sm, ctx);
}

/* --- timers ------------------------------------------------------------------------------------------------------ */

static void source_timer(
	struct pim_sm *sm, struct sm_source *s, enum sm_timer_kind kind, struct proto_ctx *ctx)
{
	sm_touch(sm, &s->sg);
	if (kind == SM_T_OVERRIDE)
		up_rpt_override_timer(sm, s, ctx);
	else if (kind == SM_T_KEEPALIVE)
		keepalive_timer(sm, s, ctx);
	else
		register_stop_timer(sm, s, ctx);
}

static void timer_event(struct pim_sm *sm, struct timer *t, struct proto_ctx *ctx)
{
	switch ((enum sm_timer_kind)t->kind) {
	case SM_T_DOWN_ET:
		down_timer(sm, container_of(t, struct sm_oif, et), DS_EV_ET, ctx);
		break;
	case SM_T_DOWN_PPT:
		down_timer(sm, container_of(t, struct sm_prunes, ppt)->oif, DS_EV_PPT, ctx);
		break;
	case SM_T_RPT_ET:
		down_rpt_timer(
			sm, container_of(t, struct sm_prunes, rpt_et)->oif, DS_RPT_EV_ET, ctx);
		break;
	case SM_T_RPT_PPT:
		down_rpt_timer(
			sm, container_of(t, struct sm_prunes, rpt_ppt)->oif, DS_RPT_EV_PPT, ctx);
		break;
	case SM_T_ASSERT:
		assert_timer(sm, container_of(t, struct assert_info, at)->oif, ctx);
		break;
	case SM_T_JOIN:
		up_join_timer(sm,
			container_of(container_of(t, struct sm_up, jt), struct sm_entry, up), ctx);
		break;
	case SM_T_OVERRIDE:
		source_timer(sm, container_of(t, struct sm_source, ot), SM_T_OVERRIDE, ctx);
		break;
	case SM_T_KEEPALIVE:
		source_timer(sm, container_of(t, struct sm_source, kat), SM_T_KEEPALIVE, ctx);
		break;
	case SM_T_REGISTER_STOP:
		source_timer(sm, container_of(t, struct sm_tunnel, rst)->source, SM_T_REGISTER_STOP,
			ctx);
		break;
	case SM_T_SPT_RATE:
		spt_rate_timer(sm, ctx);
		break;
	case SM_T_FLUSH:
		jp_flush(sm, false, ctx);
		break;
	case SM_T_MOVE:
		sm_move_timer(sm,
			container_of(container_of(t, struct sm_move, t)->up, struct sm_entry, up),
			ctx);
		break;
	case SM_T_ODD_METRICS:
		sm_iface_touch(sm, container_of(t, struct sm_iface, odd_metrics));
		break;
	case SM_T_SETTLE:
		break; /* sm_settle goes on below */
	}
}

void sm_timer(struct pim_sm *sm, struct timer *t, struct proto_ctx *ctx)
{
	timer_event(sm, t, ctx);
	sm_settle(sm, ctx);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

static void entry_leave(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	up_leave(sm, e, ctx);
	mfib_forget(sm, e, ctx);
}

void sm_stop(struct pim_sm *sm, struct proto_ctx *ctx)
{
	struct hash_node *n;
	struct sm_source *s;

	for (n = hash_next(&sm->groups, NULL); n; n = hash_next(&sm->groups, n)) {
		struct sm_group *g = container_of(n, struct sm_group, node);

		entry_leave(sm, &g->star, ctx);
		LIST_FOREACH (s, &g->sources, in_group)
			entry_leave(sm, &s->sg, ctx);
	}
	for (n = hash_next(&sm->ifaces, NULL); n; n = hash_next(&sm->ifaces, n))
		assert_cancel_all(sm, container_of(n, struct sm_iface, node), ctx);
	jp_flush(sm, true, ctx);
	free_entries(sm, ctx->timers);
}
