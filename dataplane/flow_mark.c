/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Marks on hot flows: which ports can mark, which routes are worth it, and the rules' lives.
 *
 * The counters of all routes are swept through, a slice a call, and compared with the sweep before;
 * without a port that can mark nothing of this happens. A route has one id on all the ports that mark it.
 * Its id is used again only when every port has given its rule up. A route that is deleted loses its
 * place in the workers' table at once (marks.c) and its rules at the end of the sweep.
 */
#include "flow_priv.h"

#include <errno.h>
#include <stdlib.h>

#define SWEEP_STEP 65536 /* counters a call */
#define SWEEP_EVERY_US 1000000
#define RETRY_US 60000000 /* until a port that took no more marks is asked again */

/* --- what a port can do ------------------------------------------------------------------------------ */

/* Like a rule of a route, but for addresses of documentation (RFC 5737, RFC 3849). */
static struct flow_match trial_match(enum ip_family family)
{
	struct flow_match m = {.name = "mark", .family = family, .udp = true};
	const char *src = family == IP_V4 ? "192.0.2.1" : "2001:db8::1";
	const char *grp = family == IP_V4 ? "233.252.0.1" : "ff3e::db8:1";

	if (prefix_parse(src, &m.src) || prefix_parse(grp, &m.dst))
		m.family = IP_NONE;
	return m;
}

static bool trial(struct flow_port *fp, uint16_t port, enum ip_family family)
{
	struct flow_match m = trial_match(family);
	struct flow_action a = fp->mark_action;
	struct flow_rule rule;

	a.mark = 1;
	if (flow_rule_try(port, fp->mark_priority, &m, &a, &rule)) {
		snprintf(fp->mark_problem, sizeof(fp->mark_problem), "%s", rule.problem);
		return false;
	}
	fp->touched = true;
	(void)flow_rule_del(port, &rule); /* the flush at the end takes it, too */
	return true;
}

/* Marks must not move a flow to another queue while its packets wait in the first one: so the rule leaves
 * the queue alone where the port can do that, else it spreads as the hash does, else there must be one
 * data queue only. */
static bool way_find(struct flow_port *fp, uint16_t port)
{
	const struct flow_action ways[] = {
		{.fate = FLOW_ANYWHERE},
		{.fate = FLOW_TO_QUEUES, .n_queues = fp->data_queues},
		{.fate = FLOW_TO_QUEUE, .queue = 0},
	};
	static const unsigned priorities[] = {FLOW_PRIO_MARK, 0};

	for (unsigned i = 0; i < RTE_DIM(ways); i++) {
		if (ways[i].fate == FLOW_TO_QUEUE && fp->data_queues > 1)
			continue;
		for (unsigned p = 0; p < RTE_DIM(priorities); p++) {
			fp->mark_action = ways[i];
			fp->mark_priority = priorities[p];
			fp->can_mark4 = trial(fp, port, IP_V4);
			fp->can_mark6 = trial(fp, port, IP_V6);
			if (fp->can_mark4 || fp->can_mark6)
				return true;
		}
	}
	return false;
}

void flow_marks_try(struct dataplane *d, uint16_t port)
{
	struct flow_port *fp = &d->flow->ports[port];

	if (!fp->conf.marks) {
		snprintf(fp->mark_problem, sizeof(fp->mark_problem),
			"switched off by offload.mark = 0");
		return;
	}
	if (!way_find(fp, port))
		return;
	fp->mark_rules = calloc(FLOW_MARKS_MAX + 1, sizeof(*fp->mark_rules));
	if (!fp->mark_rules) {
		snprintf(fp->mark_problem, sizeof(fp->mark_problem), "no memory");
		return;
	}
	if (fp->can_mark4 && fp->can_mark6)
		fp->mark_problem[0] = '\0';
	fp->can_mark = true;
	fp->mark_cap = RTE_MIN(fp->conf.marks, (uint16_t)FLOW_MARKS_MAX);
}

/* --- ids and rules ------------------------------------------------------------------------------------- */

/* The id of a route, a new one if need be; 0: all are taken. */
static uint16_t id_get(struct dataplane *d, uint32_t counter)
{
	const struct mfib_route *r = &d->t.routes[d->mfib.ctl[counter].index];
	struct flow *f = d->flow;

	if (d->mfib.mark_of[counter])
		return d->mfib.mark_of[counter];
	for (uint16_t id = 1; id <= FLOW_MARKS_MAX; id++) {
		struct flow_mark *k = &f->marks[id];

		if (k->used)
			continue;
		*k = (struct flow_mark){.counter = counter, .used = true};
		k->match = (struct flow_match){.name = "mark", .family = r->family, .udp = true};
		k->match.src.addr.family = k->match.dst.addr.family = r->family;
		memcpy(k->match.src.addr.b, r->src, 16);
		memcpy(k->match.dst.addr.b, r->grp, 16);
		k->match.src.len = r->src_len;
		k->match.dst.len = r->grp_len;
		marks_bind(d, id, counter);
		f->n_used++;
		return id;
	}
	return 0;
}

static void id_put(struct dataplane *d, uint16_t id)
{
	struct flow_mark *k = &d->flow->marks[id];

	if (k->ports)
		return;
	if (!k->dead)
		marks_unbind(d, id, k->counter);
	k->used = false;
	d->flow->n_used--;
}

static void mark_install(struct dataplane *d, uint16_t port, uint32_t counter, uint64_t now)
{
	struct flow_port *fp = &d->flow->ports[port];
	struct flow_action a = fp->mark_action;
	uint16_t id = id_get(d, counter);
	struct flow_rule *rule = &fp->mark_rules[id];

	if (!id)
		return;
	a.mark = id;
	if (flow_rule_try(port, fp->mark_priority, &d->flow->marks[id].match, &a, rule)) {
		snprintf(fp->mark_problem, sizeof(fp->mark_problem), "no more than %u: %.120s",
			fp->n_marks, rule->problem);
		fp->mark_cap = fp->n_marks;
		fp->mark_retry_us = now + RETRY_US;
		id_put(d, id);
		return;
	}
	d->flow->marks[id].ports |= 1u << port;
	fp->n_marks++;
}

/* False: the port did not give the rule up. */
static bool mark_remove(struct dataplane *d, uint16_t port, uint16_t id)
{
	struct flow_port *fp = &d->flow->ports[port];

	if (!flow_rule_del(port, &fp->mark_rules[id])) {
		snprintf(fp->mark_problem, sizeof(fp->mark_problem), "%s",
			fp->mark_rules[id].problem);
		return false;
	}
	d->flow->marks[id].ports &= ~(1u << port);
	fp->n_marks--;
	return true;
}

void flow_marks_drop(struct dataplane *d, uint16_t port)
{
	struct flow_port *fp = &d->flow->ports[port];
	struct flow *f = d->flow;

	for (uint16_t id = 1; f->n_used && id <= FLOW_MARKS_MAX; id++) {
		if (!f->marks[id].used || !(f->marks[id].ports & 1u << port))
			continue;
		f->marks[id].ports &= ~(1u << port);
		id_put(d, id);
	}
	free(fp->mark_rules);
	fp->mark_rules = NULL;
}
static_assert(RTE_MAX_ETHPORTS <= 32, "a bit a port");

void flow_marks_free(struct dataplane *d)
{
	struct flow *f = d->flow;

	region_free(f->before, MFIB_INDEXES(d->t.max_routes) * sizeof(*f->before));
	free(f->top.v);
}

/* Rules of routes that have gone. */
static void dead_reap(struct dataplane *d)
{
	struct flow *f = d->flow;

	for (uint16_t id = 1; f->n_used && id <= FLOW_MARKS_MAX; id++) {
		struct flow_mark *k = &f->marks[id];

		if (!k->used || atomic_load_explicit(&d->t.marks[id], memory_order_relaxed))
			continue;
		k->dead = true;
		for (uint16_t port = 0; port < RTE_MAX_ETHPORTS; port++) {
			if (k->ports & 1u << port)
				(void)mark_remove(d, port, id);
		}
		id_put(d, id);
	}
}

/* --- which routes ---------------------------------------------------------------------------------------- */

static bool comes_by(const struct dataplane *d, uint16_t ifid, uint16_t port)
{
	const struct fwd_if *ifp;

	if (ifid == DP_IF_ANY)
		return true;
	ifp = ifid < DP_IFS_MAX ? atomic_load_explicit(&d->t.ifs[ifid], memory_order_relaxed)
				: NULL;
	return ifp && ifp->c.kind == DP_IF_ETHER && ifp->c.port == port;
}

/* Whether packets of the route come in by this port, of a family that it can mark. */
static bool is_for(const struct dataplane *d, uint32_t counter, uint16_t port)
{
	const struct mfib_route *r = &d->t.routes[d->mfib.ctl[counter].index];
	const struct flow_port *fp = &d->flow->ports[port];

	if (!d->mfib.ctl[counter].index || !(r->family == IP_V4 ? fp->can_mark4 : fp->can_mark6))
		return false;
	if (!r->inputs)
		return comes_by(d, r->iif, port);
	for (uint32_t i = 0; i < r->inputs->n; i++) {
		if ((r->inputs->v[i].flags & DP_INPUT_ACCEPT) &&
			comes_by(d, r->inputs->v[i].ifid, port))
			return true;
	}
	return false;
}

/* The slowest one that the port marks; 0: none. */
static uint16_t slowest(const struct flow *f, uint16_t port)
{
	uint16_t found = 0;

	for (uint16_t id = 1; id <= FLOW_MARKS_MAX; id++) {
		if (!(f->marks[id].ports & 1u << port))
			continue;
		if (!found || f->marks[id].pps < f->marks[found].pps)
			found = id;
	}
	return found;
}

static void cold_remove(struct dataplane *d, uint16_t port)
{
	struct flow *f = d->flow;

	for (uint16_t id = 1; id <= FLOW_MARKS_MAX; id++) {
		const struct flow_mark *k = &f->marks[id];

		if (!(k->ports & 1u << port) || k->dead)
			continue;
		if (hot_keeps(k->pps) && is_for(d, k->counter, port))
			continue;
		if (mark_remove(d, port, id))
			id_put(d, id);
	}
}

/* A place for a flow this fast on the port; false: there is none for it, nor for a slower one. */
static bool place_make(struct dataplane *d, uint16_t port, uint64_t pps)
{
	struct flow_port *fp = &d->flow->ports[port];
	uint16_t id;

	if (!hot_enters(pps) || !fp->mark_cap)
		return false;
	if (fp->n_marks < fp->mark_cap)
		return true;
	id = slowest(d->flow, port);
	if (!id || !hot_ousts(pps, d->flow->marks[id].pps) || !mark_remove(d, port, id))
		return false;
	id_put(d, id);
	return true;
}

static void port_choose(struct dataplane *d, uint16_t port, uint64_t period_us, uint64_t now)
{
	struct flow *f = d->flow;
	struct flow_port *fp = &f->ports[port];

	if (fp->mark_retry_us && now >= fp->mark_retry_us) {
		fp->mark_cap = RTE_MIN(fp->conf.marks, (uint16_t)FLOW_MARKS_MAX);
		fp->mark_retry_us = 0;
		fp->mark_problem[0] = '\0';
	}
	cold_remove(d, port);
	for (uint32_t i = 0; i < f->top.n; i++) {
		uint32_t counter = f->top.v[i].counter;
		uint64_t pps = f->top.v[i].packets * 1000000 / period_us;
		uint16_t id = d->mfib.mark_of[counter];

		if ((id && f->marks[id].ports & 1u << port) || !is_for(d, counter, port))
			continue;
		if (!place_make(d, port, pps))
			return;
		mark_install(d, port, counter, now);
		id = d->mfib.mark_of[counter];
		if (id)
			f->marks[id].pps = pps;
	}
}

/* --- the sweep --------------------------------------------------------------------------------------------- */

static uint64_t packets_of(const struct dataplane *d, uint32_t counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < d->n_workers; i++)
		sum += __atomic_load_n(
			&d->workers[i]->route_ctr[counter].packets, __ATOMIC_RELAXED);
	return sum;
}

/* One source, one group, the main table: what a rule can match and no other route beats. */
static bool is_host_route(const struct mfib_route *r)
{
	uint8_t bits = r->family == IP_V4 ? 32 : 128;

	return r->src_len == bits && r->grp_len == bits && r->table == DP_TABLE_MAIN;
}

static void sweep_one(struct dataplane *d, uint32_t c)
{
	struct flow *f = d->flow;
	uint64_t now = packets_of(d, c), packets;
	uint16_t id = d->mfib.mark_of[c];

	if (!now && !f->before[c])
		return; /* untouched memory stays untouched */
	/* a counter that starts again is another route's */
	packets = now >= f->before[c] ? now - f->before[c] : now;
	f->before[c] = now;
	if (id)
		f->marks[id].pps = packets * 1000000 / f->period_us;
	if (packets && f->settled && is_host_route(&d->t.routes[d->mfib.ctl[c].index]))
		hot_top_offer(&f->top, (struct hot_flow){.counter = c, .packets = packets});
}

static void sweep_begin(struct dataplane *d, uint64_t now)
{
	struct flow *f = d->flow;

	f->period_us = RTE_MAX(now - f->began_us, UINT64_C(1));
	f->began_us = now;
	f->at = d->mfib.counters.first;
	f->top.n = 0;
	f->sweeping = true;
}

static void sweep_end(struct dataplane *d, uint64_t now)
{
	struct flow *f = d->flow;

	hot_top_sort(&f->top);
	dead_reap(d);
	for (uint16_t port = 0; f->settled && port < RTE_MAX_ETHPORTS; port++) {
		if (f->ports[port].can_mark)
			port_choose(d, port, f->period_us, now);
	}
	f->sweeping = false;
	f->settled = true;
}

static bool anybody_marks(const struct flow *f)
{
	for (uint16_t port = 0; port < RTE_MAX_ETHPORTS; port++) {
		if (f->ports[port].can_mark)
			return true;
	}
	return false;
}

static bool memory_ready(struct dataplane *d)
{
	struct flow *f = d->flow;

	if (!f->before)
		f->before = region_new(MFIB_INDEXES(d->t.max_routes) * sizeof(*f->before), false);
	if (!f->top.v) {
		f->top.v = calloc(FLOW_MARKS_MAX, sizeof(*f->top.v));
		f->top.cap = f->top.v ? FLOW_MARKS_MAX : 0;
	}
	return f->before && f->top.v;
}

void flow_tick(struct dataplane *d, uint64_t now_us)
{
	struct flow *f = d->flow;
	uint32_t end;

	if (!anybody_marks(f) || !memory_ready(d))
		return;
	if (!f->sweeping) {
		if (f->settled && now_us < f->began_us + SWEEP_EVERY_US)
			return;
		sweep_begin(d, now_us);
	}
	end = RTE_MIN(d->mfib.counters.next, f->at + SWEEP_STEP);
	for (; f->at < end; f->at++) {
		if (d->mfib.ctl[f->at].index)
			sweep_one(d, f->at);
	}
	if (f->at >= d->mfib.counters.next)
		sweep_end(d, now_us);
}

/* --- for show ------------------------------------------------------------------------------------------------ */

bool flow_mark_get(
	struct dataplane *d, const struct dp_route_key *key, uint16_t *id, uint32_t *ports)
{
	const struct mfib_route *r = mfib_find(&d->mfib, key);

	*id = r ? d->mfib.mark_of[r->counter] : 0;
	*ports = *id ? d->flow->marks[*id].ports : 0;
	return *ports != 0;
}

void flow_mark_hits(struct dataplane *d, uint64_t *used, uint64_t *refused)
{
	*used = *refused = 0;
	for (unsigned i = 0; i < d->n_workers; i++) {
		*used += __atomic_load_n(&d->workers[i]->marks_used, __ATOMIC_RELAXED);
		*refused += __atomic_load_n(&d->workers[i]->marks_refused, __ATOMIC_RELAXED);
	}
}
