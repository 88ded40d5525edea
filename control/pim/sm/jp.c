/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Joins and Prunes that go out: a queue for each upstream neighbour, packed into as few messages as they
 * need (RFC 7761 4.9.5) when the events of this moment are over. What a timer of t_periodic wants sent
 * waits up to JP_WAIT_US for others, so that the refresh of many entries costs few packets.
 *
 * Entries are values, for what they speak of may be gone when they are sent. The Prunes(S,G,rpt) beside a
 * Join(*,G) (4.5.6) are worked out at that time, and stand for what was queued of (S,G,rpt) there: a
 * Join(S,G,rpt) beside a Join(*,G), or a Prune(S,G,rpt) beside a Prune(*,G), would say nothing.
 */
#include "control/pim/sm/sm_tree.h"

struct jp_item {
	struct ipaddr grp, src;
	uint32_t seq; /* the order in which they were said */
	uint8_t kind; /* enum jp_kind */
	bool join;
};

struct jp_queue {
	TAILQ_ENTRY(jp_queue) link; /* pim_sm.jp */
	struct sm_peer *peer;
	uint64_t due_us;
	struct jp_item *v;
	size_t n, cap;
};

/* --- queueing -------------------------------------------------------------------------------------------- */

static struct jp_queue *queue_of(struct pim_sm *sm, uint16_t ifid, const struct ipaddr *nbr)
{
	struct sm_peer *p = sm_peer_get(sm, ifid, nbr);

	if (!p || p->jp)
		return p ? p->jp : NULL;
	p->jp = calloc(1, sizeof(*p->jp));
	if (!p->jp) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		sm_peer_gc(sm, p);
		return NULL;
	}
	p->jp->peer = p;
	p->jp->due_us = TIMER_NEVER;
	TAILQ_INSERT_TAIL(&sm->jp, p->jp, link);
	return p->jp;
}

static void queue_free(struct pim_sm *sm, struct jp_queue *q)
{
	struct sm_peer *p = q->peer;

	TAILQ_REMOVE(&sm->jp, q, link);
	p->jp = NULL;
	sm_peer_gc(sm, p);
	free(q->v);
	free(q);
}

static bool grow(struct jp_queue *q)
{
	size_t cap = q->cap ? q->cap * 2 : 8;
	struct jp_item *v;

	if (q->n < q->cap)
		return true;
	v = realloc(q->v, cap * sizeof(*v));
	if (!v)
		return false;
	q->v = v;
	q->cap = cap;
	return true;
}

/* The flush timer runs for the earliest queue. Due now means: behind all that is due already, so that what
 * they say goes out with it. */
static void schedule(struct pim_sm *sm, struct jp_queue *q, uint64_t due_us, struct proto_ctx *ctx)
{
	if (due_us < q->due_us)
		q->due_us = due_us;
	if (!timer_armed(&sm->flush) || due_us < sm->flush.due_us)
		sm_timer_set(sm, ctx, &sm->flush, SM_T_FLUSH, due_us);
}

void jp_queue_add(struct pim_sm *sm, struct pim_iface *pif, const struct ipaddr *nbr, bool join,
	enum jp_kind kind, const struct ipaddr *src, const struct ipaddr *grp, bool urgent,
	struct proto_ctx *ctx)
{
	struct jp_queue *q;

	if (pif->passive)
		return;
	q = queue_of(sm, pif->ifid, nbr);
	if (!q)
		return;
	if (!grow(q)) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		if (!q->n)
			queue_free(sm, q);
		return;
	}
	q->v[q->n] = (struct jp_item){.grp = *grp,
		.src = *src,
		.seq = (uint32_t)q->n,
		.kind = (uint8_t)kind,
		.join = join};
	q->n++;
	schedule(sm, q, ctx->now_us + (urgent ? 0 : JP_WAIT_US), ctx);
}

/* --- sending --------------------------------------------------------------------------------------------- */

/* By group, (*,G) first, then by source; of the same thing, what was said last comes last. */
static int item_cmp(const void *a, const void *b)
{
	const struct jp_item *x = a, *y = b;
	int c = ip_cmp(&x->grp, &y->grp);

	if (c == 0)
		c = (int)(x->kind != JP_STAR_G) - (int)(y->kind != JP_STAR_G);
	if (c == 0)
		c = (int)x->kind - (int)y->kind;
	/* There is one (*,G), whatever the RP: what was said last. */
	if (c == 0 && x->kind != JP_STAR_G)
		c = ip_cmp(&x->src, &y->src);
	if (c == 0)
		c = x->seq < y->seq ? -1 : 1;
	return c;
}

static bool same_thing(const struct jp_item *a, const struct jp_item *b)
{
	return a->kind == b->kind && ip_eq(&a->grp, &b->grp) &&
	       (a->kind == JP_STAR_G || ip_eq(&a->src, &b->src));
}

/* Keeps of each thing what was said last. */
static void squash(struct jp_queue *q)
{
	size_t n = 0;

	qsort(q->v, q->n, sizeof(*q->v), item_cmp);
	for (size_t i = 0; i < q->n; i++)
		if (i + 1 == q->n || !same_thing(&q->v[i], &q->v[i + 1]))
			q->v[n++] = q->v[i];
	q->n = n;
}

static void set_add(struct pim_sm *sm, struct pim_jp_set *set, bool join, const struct ipaddr *addr,
	uint8_t flags)
{
	pim_jp_set_add(set, join, addr, flags);
	if (join)
		sm->stats.joins_sent++;
	else
		sm->stats.prunes_sent++;
}

/* 4.5.6 */
static void add_rpt_prunes(struct pim_sm *sm, struct pim_jp_set *set)
{
	struct sm_group *g = sm_group_find(sm, &set->grp);
	struct sm_source *s;

	if (!g)
		return;
	LIST_FOREACH (s, &g->sources, in_group) {
		if (prune_sg_rpt_in_join(sm, s))
			set_add(sm, set, false, src_of(s), PIM_JP_SG_RPT);
	}
}

/* The items of one group, from v on: how many there are. */
static size_t build_group(
	struct pim_sm *sm, const struct jp_item *v, size_t n, struct pim_jp_set *set)
{
	static const uint8_t flags[] = {
		[JP_SG] = PIM_JP_SG, [JP_STAR_G] = PIM_JP_STAR_G, [JP_SG_RPT] = PIM_JP_SG_RPT};
	bool star = v[0].kind == JP_STAR_G;
	size_t i;

	pim_jp_set_begin(set, &v[0].grp);
	for (i = 0; i < n && ip_eq(&v[i].grp, &v[0].grp); i++) {
		if (star && v[i].kind == JP_SG_RPT)
			continue;
		set_add(sm, set, v[i].join, &v[i].src, flags[v[i].kind]);
	}
	if (star && v[0].join)
		add_rpt_prunes(sm, set);
	return i;
}

/* Where the builder sends. */
struct out {
	struct pim_iface *pif;
	struct proto_ctx *ctx;
};

static void out_send(void *arg, const uint8_t *ip, size_t len)
{
	struct out *o = arg;

	pim_send_link(o->pif, ip, len, o->ctx);
}

static void queue_send(
	struct pim_sm *sm, struct jp_queue *q, struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct out o = {.pif = pif, .ctx = ctx};
	struct pim_jp_builder b = {.buf = sm->jp_buf,
		.cap = pif->mtu < PIM_MSG_MAX ? pif->mtu : PIM_MSG_MAX,
		.src = pif->addr,
		.upstream = q->peer->addr,
		.holdtime_s = pim_jp_holdtime_s(pif),
		.send = out_send,
		.arg = &o};
	struct pim_jp_set set = {0};

	squash(q);
	for (size_t i = 0; i < q->n;) {
		i += build_group(sm, &q->v[i], q->n - i, &set);
		if (set.lost)
			pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		pim_jp_build(&b, &set);
	}
	pim_jp_flush(&b);
	sm->stats.rpt_cut += b.cut;
	pim_jp_set_fini(&set);
}

void jp_flush(struct pim_sm *sm, bool all, struct proto_ctx *ctx)
{
	struct jp_queue *q, *next;
	struct pim_iface *pif;
	uint64_t due = TIMER_NEVER;

	for (q = TAILQ_FIRST(&sm->jp); q; q = next) {
		next = TAILQ_NEXT(q, link);
		if (!all && q->due_us > ctx->now_us) {
			due = q->due_us < due ? q->due_us : due;
			continue;
		}
		pif = pim_iface_get(sm->pim, q->peer->ifid, q->peer->addr.family);
		if (pif)
			queue_send(sm, q, pif, ctx);
		queue_free(sm, q);
	}
	if (due != TIMER_NEVER)
		sm_timer_set(sm, ctx, &sm->flush, SM_T_FLUSH, due);
}

void jp_flush_iface(struct pim_sm *sm, struct pim_iface *pif, struct proto_ctx *ctx)
{
	struct jp_queue *q, *next;

	for (q = TAILQ_FIRST(&sm->jp); q; q = next) {
		next = TAILQ_NEXT(q, link);
		if (q->peer->ifid != pif->ifid || q->peer->addr.family != pif->family)
			continue;
		queue_send(sm, q, pif, ctx);
		queue_free(sm, q);
	}
}

void jp_forget(struct pim_sm *sm)
{
	while (!TAILQ_EMPTY(&sm->jp))
		queue_free(sm, TAILQ_FIRST(&sm->jp));
}

void jp_forget_iface(struct pim_sm *sm, uint16_t ifid, uint8_t family)
{
	struct jp_queue *q, *next;

	for (q = TAILQ_FIRST(&sm->jp); q; q = next) {
		next = TAILQ_NEXT(q, link);
		if (q->peer->ifid == ifid && q->peer->addr.family == family)
			queue_free(sm, q);
	}
}
