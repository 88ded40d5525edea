/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The model data plane: signals to control behind gates, and packets that wait for the answer. As
 * dataplane/upcall.c and dataplane/hold.c: one signal outstanding per flow, interface and kind, gates
 * open with the verdict or after three seconds; eight packets a flow wait for half a second.
 */
#include "tests/sim/mdp_priv.h"

#define GATES_SWEEP 1024 /* so many make it worth looking for open ones */

static uint32_t gate_hash(const struct dp_upcall *up)
{
	uint32_t h = ip_hash(&up->src, ip_hash(&up->grp, up->kind * 65599u + up->ifid));

	return ip_hash(&up->outer_src, ip_hash(&up->outer_dst, h));
}

static struct mdp_gate *gate_find(const struct mdp *m, const struct dp_upcall *up)
{
	struct hash_node *h = hash_first(&m->gates, gate_hash(up));

	for (; h; h = hash_same(h)) {
		struct mdp_gate *g = container_of(h, struct mdp_gate, node);

		if (g->kind == up->kind && g->table == up->table && g->ifid == up->ifid &&
			ip_eq(&g->src, &up->src) && ip_eq(&g->grp, &up->grp) &&
			ip_eq(&g->outer_src, &up->outer_src) &&
			ip_eq(&g->outer_dst, &up->outer_dst))
			return g;
	}
	return NULL;
}

static void gate_drop_held(struct mdp *m, struct mdp_gate *g, enum drop_reason reason)
{
	for (unsigned i = 0; i < g->n_held; i++)
		sim_packet_put(g->held[i]);
	m->drops[reason] += g->n_held;
	g->n_held = 0;
}

static void gate_del(struct mdp *m, struct mdp_gate *g)
{
	gate_drop_held(m, g, DROP_hold_expired);
	hash_del(&m->gates, &g->node);
	free(g);
}

static void gates_sweep(struct mdp *m, uint64_t now)
{
	struct hash_node *next;

	for (struct hash_node *h = hash_next(&m->gates, NULL); h; h = next) {
		struct mdp_gate *g = container_of(h, struct mdp_gate, node);

		next = hash_next(&m->gates, h);
		if (g->until_us <= now)
			gate_del(m, g);
	}
}

static struct mdp_gate *gate_close(struct mdp *m, const struct dp_upcall *up, uint64_t now)
{
	struct mdp_gate *g = gate_find(m, up);

	if (!g) {
		if (m->gates.n >= GATES_SWEEP)
			gates_sweep(m, now);
		g = sim_alloc(sizeof(*g));
		hash_add(&m->gates, &g->node, gate_hash(up));
	}
	gate_drop_held(m, g, DROP_hold_expired);
	g->kind = up->kind;
	g->table = up->table;
	g->ifid = up->ifid;
	g->src = up->src;
	g->grp = up->grp;
	g->outer_src = up->outer_src;
	g->outer_dst = up->outer_dst;
	g->since_us = now;
	g->until_us = now + MDP_GATE_US;
	return g;
}

static void trace_upcall(const struct mdp *m, const struct dp_upcall *up)
{
	static const char *const kinds[] = {"NOCACHE", "WRONGVIF", "DATA", "REGISTER"};
	const struct sim_port *p = sim_router_port(m->router, up->ifid);
	char src[IP_STRLEN], grp[IP_STRLEN];

	SIM_TRACE(m->router->s, m->router->name, "upcall %s (%s, %s) on %s", kinds[up->kind],
		ip_str(&up->src, src, sizeof(src)), ip_str(&up->grp, grp, sizeof(grp)),
		p ? p->link->name : "?");
}

bool mdp_signal(struct mdp *m, const struct dp_upcall *up, struct mdp_gate **gate)
{
	uint64_t now = sim_clock(m->router);

	*gate = gate_find(m, up);
	if (*gate && (*gate)->until_us > now)
		return false;
	*gate = gate_close(m, up, now);
	m->upcalls = sim_grow(m->upcalls, m->n_upcalls, &m->upcalls_cap, sizeof(*up));
	m->upcalls[m->n_upcalls++] = *up;
	trace_upcall(m, up);
	sim_router_kick(m->router);
	return true;
}

void mdp_miss(struct mdp *m, uint16_t ifid, struct sim_packet *p)
{
	struct dp_upcall up = {.kind = DP_UPCALL_NOCACHE,
		.ifid = ifid,
		.len = MDP_PACKET_BYTES,
		.src = p->src,
		.grp = p->grp};
	struct mdp_gate *g;
	bool sent = mdp_signal(m, &up, &g), waits = sent || g->n_held > 0;

	if (!m->hold || !waits) {
		m->drops[DROP_no_route]++;
	} else if (g->n_held == MDP_HOLD_PACKETS) {
		m->drops[DROP_hold_full]++;
	} else {
		g->held[g->n_held++] = sim_packet_get(p);
	}
}

static void gate_release(struct mdp *m, struct mdp_gate *g)
{
	struct sim_packet *v[MDP_HOLD_PACKETS];
	unsigned n = g->n_held;
	uint16_t ifid = g->ifid;

	if (sim_clock(m->router) - g->since_us > MDP_HOLD_US) {
		gate_drop_held(m, g, DROP_hold_expired);
		return;
	}
	memcpy(v, g->held, sizeof(v));
	g->n_held = 0;
	for (unsigned i = 0; i < n; i++) {
		mdp_forward(m, ifid, v[i], true);
		sim_packet_put(v[i]);
	}
}

void mdp_hold_pass(struct mdp *m, uint16_t ifid, const struct sim_packet *p)
{
	struct dp_upcall up = {
		.kind = DP_UPCALL_NOCACHE, .ifid = ifid, .src = p->src, .grp = p->grp};
	struct mdp_gate *g = m->gates.n ? gate_find(m, &up) : NULL;

	if (g && g->n_held)
		gate_release(m, g);
}

uint32_t mdp_upcall_recv(void *dp, struct dp_upcall *out, uint32_t n)
{
	struct mdp *m = dp;

	if (n > m->n_upcalls)
		n = (uint32_t)m->n_upcalls;
	if (n == 0)
		return 0;
	memcpy(out, m->upcalls, n * sizeof(*out));
	m->n_upcalls -= n;
	memmove(m->upcalls, m->upcalls + n, m->n_upcalls * sizeof(*out));
	return n;
}

/* A flow nobody wants keeps its gate closed until it opens by itself. */
void mdp_upcall_done(void *dp, const struct dp_upcall *up, enum dp_verdict verdict)
{
	struct mdp *m = dp;
	struct mdp_gate *g = gate_find(m, up);

	if (!g)
		return;
	if (verdict == DP_VERDICT_DISCARD) {
		gate_drop_held(m, g, DROP_no_route);
		return;
	}
	if (up->kind == DP_UPCALL_REGISTER) { /* again a tenth of a second after it was sent */
		g->until_us -= 2900000;
		return;
	}
	g->until_us = 0;
	gate_release(m, g);
	g = gate_find(m, up); /* forwarding may have closed it again */
	if (g && g->until_us == 0)
		gate_del(m, g);
}

void mdp_signals_fini(struct mdp *m)
{
	gates_sweep(m, UINT64_MAX);
	hash_fini(&m->gates);
	free(m->upcalls);
}
