/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The model data plane: interfaces, adjacencies, oifs, packets of control, counters. Strict: what control
 * must not do is a fault of the run.
 */
#include "tests/sim/mdp_priv.h"

#include <errno.h>
#include <stdarg.h>

#define MDP_ADJS_MAX 65536u
#define MDP_OIFS_MAX 65536u

void mdp_misuse(struct mdp *m, const char *fmt, ...)
{
	char line[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	sim_fail(m->router->s, "%s: data plane misused: %s", m->router->name, line);
}

/* Slots for ids up to id, zeroed. */
static void *slots(void *v, uint32_t *n, uint32_t id, size_t size)
{
	uint32_t want = *n ? *n : 16;

	if (id < *n)
		return v;
	while (want <= id)
		want *= 2;
	v = realloc(v, want * size);
	if (!v)
		exit(1);
	memset((char *)v + *n * size, 0, (want - *n) * size);
	*n = want;
	return v;
}

const struct dp_if *mdp_if(const struct mdp *m, uint16_t ifid)
{
	return ifid < m->n_ifs && m->ifs[ifid].id ? &m->ifs[ifid] : NULL;
}

static int if_set(void *dp, const struct dp_if *ifp)
{
	struct mdp *m = dp;

	if (ifp->id == 0 || ifp->id >= DP_IFS_MAX)
		return -ENOSPC;
	m->ifs = slots(m->ifs, &m->n_ifs, ifp->id, sizeof(*m->ifs));
	m->ifs[ifp->id] = *ifp;
	return 0;
}

static int if_del(void *dp, uint16_t ifid)
{
	struct mdp *m = dp;

	if (!mdp_if(m, ifid)) {
		mdp_misuse(m, "if_del %u: not there", ifid);
		return -ENOENT;
	}
	memset(&m->ifs[ifid], 0, sizeof(m->ifs[ifid]));
	return 0;
}

static int local_set(void *dp, const struct dp_local *v, uint32_t n)
{
	struct mdp *m = dp;

	free(m->locals);
	m->locals = sim_alloc(n * sizeof(*v));
	memcpy(m->locals, v, n * sizeof(*v));
	m->n_locals = n;
	return 0;
}

bool mdp_is_local(const struct mdp *m, const struct ipaddr *a)
{
	for (uint32_t i = 0; i < m->n_locals; i++)
		if (ip_eq(&m->locals[i].addr, a))
			return true;
	return false;
}

static int adj_set(void *dp, const struct dp_adj *adj)
{
	struct mdp *m = dp;

	if (adj->id == 0 || adj->id >= MDP_ADJS_MAX)
		return -ENOSPC;
	m->adjs = slots(m->adjs, &m->n_adjs, adj->id, sizeof(*m->adjs));
	m->adjs[adj->id] = *adj;
	return 0;
}

static bool has_adj(const struct mdp *m, uint32_t adj)
{
	return adj && adj < m->n_adjs && m->adjs[adj].id;
}

static int adj_del(void *dp, uint32_t adj)
{
	struct mdp *m = dp;

	if (!has_adj(m, adj)) {
		mdp_misuse(m, "adj_del %u: not there", adj);
		return -ENOENT;
	}
	for (uint32_t i = 1; i < m->n_oifs; i++)
		if (m->oifs[i].c.id && m->oifs[i].c.adj == adj)
			mdp_misuse(m, "adj_del %u: oif %u has it", adj, i);
	memset(&m->adjs[adj], 0, sizeof(m->adjs[adj]));
	return 0;
}

static int oif_set(void *dp, const struct dp_oif *oif)
{
	struct mdp *m = dp;

	if (oif->id == 0 || oif->id >= MDP_OIFS_MAX)
		return -ENOSPC;
	if (oif->adj && !has_adj(m, oif->adj))
		mdp_misuse(m, "oif_set %u: no adjacency %u", oif->id, oif->adj);
	m->oifs = slots(m->oifs, &m->n_oifs, oif->id, sizeof(*m->oifs));
	m->oifs[oif->id].c = *oif;
	return 0;
}

static int oif_del(void *dp, uint32_t oif)
{
	struct mdp *m = dp;

	if (oif >= m->n_oifs || !m->oifs[oif].c.id) {
		mdp_misuse(m, "oif_del %u: not there", oif);
		return -ENOENT;
	}
	if (m->oifs[oif].lists)
		mdp_misuse(m, "oif_del %u: in %u lists", oif, m->oifs[oif].lists);
	memset(&m->oifs[oif], 0, sizeof(m->oifs[oif]));
	return 0;
}

static void hold_enable(void *dp, bool on)
{
	((struct mdp *)dp)->hold = on;
}

/* --- packets of control ------------------------------------------------------------------------- */

static int packet_recv(void *dp, struct dp_packet *meta, void *buf, size_t cap)
{
	struct mdp *m = dp;
	struct mdp_queue *q = m->punts[0].n ? &m->punts[0] : &m->punts[1];
	struct mdp_punt punt;

	if (!q->n)
		return 0;
	punt = q->v[0];
	memmove(q->v, q->v + 1, --q->n * sizeof(punt));
	*meta = (struct dp_packet){.ifid = punt.ifid,
		.family = punt.p->data[0] >> 4,
		.cls = q == &m->punts[0] ? DP_PUNT_hello : DP_PUNT_proto,
		.len = punt.p->len < cap ? punt.p->len : (uint32_t)cap};
	memcpy(buf, punt.p->data, meta->len);
	sim_packet_put(punt.p);
	return 1;
}

static struct sim_packet *packet_of(enum dp_send_kind kind, const uint8_t *data, size_t len)
{
	struct sim_packet *p;

	if (kind == DP_SEND_IP)
		return sim_packet_bytes(data, len);
	if (len < 14)
		return NULL;
	p = sim_packet_bytes(data + 14, len - 14);
	memcpy(p->mac, data, 6);
	return p;
}

static int packet_send(
	void *dp, uint16_t ifid, enum dp_send_kind kind, const void *data, size_t len)
{
	struct mdp *m = dp;
	const struct dp_if *ifp = mdp_if(m, ifid);
	struct sim_port *port = sim_router_port(m->router, ifid);
	struct sim_packet *p;

	if (!ifp)
		return -ENODEV;
	if (!ifp->up || !port)
		return -ENETDOWN;
	if (ifp->mtu && len > ifp->mtu + (kind == DP_SEND_FRAME ? 14u : 0u))
		mdp_misuse(m, "packet of %zu bytes on %s, MTU %u", len, port->link->name, ifp->mtu);
	p = packet_of(kind, data, len);
	if (!p)
		return -EINVAL;
	sim_transmit(port, p);
	sim_packet_put(p);
	return 0;
}

static void drop_count(void *dp, uint16_t ifid, enum drop_reason reason)
{
	((struct mdp *)dp)->drops[reason]++;
}

/* --- counters ------------------------------------------------------------------------------------- */

static int route_counters(void *dp, const struct dp_route_key *key, struct dp_route_counters *c)
{
	const struct mdp *m = dp;
	const struct mdp_route *r = mdp_route_find(m, key);

	if (!r)
		return -ENOENT;
	*c = (struct dp_route_counters){.packets = r->packets,
		.bytes = r->packets * MDP_PACKET_BYTES,
		.wrong_if = r->wrong_if,
		.dropped = r->dropped,
		.last_used_ms = UINT64_MAX};
	if (r->last_us)
		c->last_used_ms = (sim_clock(m->router) - r->last_us) / 1000;
	return 0;
}

static int oif_counters(void *dp, uint32_t oif, struct dp_oif_counters *c)
{
	const struct mdp *m = dp;

	if (oif >= m->n_oifs || !m->oifs[oif].c.id)
		return -ENOENT;
	*c = (struct dp_oif_counters){
		.packets = m->oifs[oif].packets, .dropped = m->oifs[oif].dropped};
	return 0;
}

static int if_counters(void *dp, uint16_t ifid, struct dp_if_counters *c)
{
	*c = (struct dp_if_counters){0};
	return mdp_if(dp, ifid) ? 0 : -ENOENT;
}

static void nothing(void *dp)
{
}

static const struct dp_ops mdp_ops = {
	.if_set = if_set,
	.if_del = if_del,
	.local_set = local_set,
	.adj_set = adj_set,
	.adj_del = adj_del,
	.oif_set = oif_set,
	.oif_del = oif_del,
	.list_get = mdp_list_get,
	.list_put = mdp_list_put,
	.route_set = mdp_route_set,
	.route_del = mdp_route_del,
	.resync_begin = mdp_resync_begin,
	.resync_end = mdp_resync_end,
	.upcall_recv = mdp_upcall_recv,
	.upcall_done = mdp_upcall_done,
	.hold_enable = hold_enable,
	.packet_recv = packet_recv,
	.packet_send = packet_send,
	.drop_count = drop_count,
	.route_counters = route_counters,
	.oif_counters = oif_counters,
	.if_counters = if_counters,
	.clear_counters = nothing,
	.reclaim = nothing,
};

/* --- making ------------------------------------------------------------------------------------- */

struct mdp *mdp_new(struct sim_router *router)
{
	struct mdp *m = sim_alloc(sizeof(*m));

	m->router = router;
	m->dp = (struct dp){.ops = &mdp_ops, .ctx = m};
	if (hash_init(&m->routes) || hash_init(&m->gates))
		exit(1);
	return m;
}

void mdp_free(struct mdp *m)
{
	if (!m)
		return;
	for (int q = 0; q < 2; q++) {
		for (size_t i = 0; i < m->punts[q].n; i++)
			sim_packet_put(m->punts[q].v[i].p);
		free(m->punts[q].v);
	}
	mdp_signals_fini(m);
	mdp_tables_fini(m);
	free(m->ifs);
	free(m->adjs);
	free(m->oifs);
	free(m->locals);
	free(m);
}

size_t mdp_count_oifs(const struct mdp *m)
{
	size_t n = 0;

	for (uint32_t i = 1; i < m->n_oifs; i++)
		n += m->oifs[i].c.id != 0;
	return n;
}

size_t mdp_count_adjs(const struct mdp *m)
{
	size_t n = 0;

	for (uint32_t i = 1; i < m->n_adjs; i++)
		n += m->adjs[i].id != 0;
	return n;
}
