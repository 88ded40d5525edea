/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The model data plane: what becomes of a packet. Classification as dataplane/classify.c, inputs as
 * dataplane/lookup.c, outputs as dataplane/replicate.c; unicast in transit goes the way of the router's
 * unicast routes, which stargd leaves to the kernel.
 */
#include "tests/sim/mdp_priv.h"

/* --- to control ------------------------------------------------------------------------------------ */

/* What neighbours live by (dataplane/punt_class.c). */
static bool is_hello(const struct sim_packet *p)
{
	unsigned at = sim_packet_upper(p);
	uint8_t type = at < p->len ? p->data[at] : 0;

	if (sim_packet_is_membership(p))
		return type == (sim_packet_protocol(p) == 2 ? 0x11 : 130); /* queries */
	return sim_packet_protocol(p) == 103 && type == 0x20;
}

static void punt(struct mdp *m, uint16_t ifid, struct sim_packet *p)
{
	struct mdp_queue *q = &m->punts[is_hello(p) ? 0 : 1];

	q->v = sim_grow(q->v, q->n, &q->cap, sizeof(*q->v));
	q->v[q->n++] = (struct mdp_punt){.p = sim_packet_get(p), .ifid = ifid};
	sim_router_kick(m->router);
}

static uint8_t protocol_bit(const struct sim_packet *p)
{
	if (sim_packet_is_membership(p))
		return sim_packet_protocol(p) == 2 ? DP_PROTO_IGMP : DP_PROTO_MLD;
	return sim_packet_protocol(p) == 103 ? DP_PROTO_PIM : 0;
}

/* --- unicast ----------------------------------------------------------------------------------------- */

/* The next hop towards dst, or false. */
static bool route_unicast(
	const struct mdp *m, const struct ipaddr *dst, uint16_t *ifid, uint8_t mac[6])
{
	const struct net *net = m->router->net;
	struct net_route r;
	const struct net_neigh *n;
	const struct ipaddr *gw;

	if (!net_route_lookup(net, dst, &r) || r.n_paths == 0)
		return false;
	gw = ip_is_none(&r.paths[0].gateway) ? dst : &r.paths[0].gateway;
	*ifid = r.paths[0].ifid;
	n = net_neigh_find(net, *ifid, gw);
	if (n)
		memcpy(mac, n->mac, 6);
	return n;
}

static void send_unicast(struct mdp *m, uint16_t ifid, const uint8_t mac[6], struct sim_packet *p)
{
	struct sim_port *port = sim_router_port(m->router, ifid);

	memcpy(p->mac, mac, 6);
	if (port && mdp_if(m, ifid) && mdp_if(m, ifid)->up)
		sim_transmit(port, p);
}

/* Of the bytes of an IP packet. */
static uint8_t *ttl_of(struct sim_packet *p)
{
	return p->kind != SIM_BYTES   ? &p->outer_ttl
	       : p->data[0] >> 4 == 6 ? &p->data[7]
				      : &p->data[8];
}

static bool hop(struct sim_packet *p)
{
	uint8_t *ttl = ttl_of(p);

	if (*ttl <= 1)
		return false;
	(*ttl)--;
	if (p->kind == SIM_BYTES && p->data[0] >> 4 == 4) {
		p->data[10] = p->data[11] = 0;
		uint16_t sum = sim_checksum(p->data, (p->data[0] & 0xfu) * 4);

		p->data[10] = (uint8_t)(sum >> 8);
		p->data[11] = (uint8_t)sum;
	}
	return true;
}

static void transit(struct mdp *m, const struct sim_packet *in, const struct ipaddr *dst)
{
	struct sim_packet *p = sim_packet_copy(in);
	uint8_t mac[6];
	uint16_t ifid;

	if (!hop(p))
		m->drops[DROP_ttl_expired]++;
	else if (route_unicast(m, dst, &ifid, mac))
		send_unicast(m, ifid, mac, p);
	sim_packet_put(p);
}

/* --- Registers ------------------------------------------------------------------------------------- */

/* RFC 7761 4.4.2, the data plane's part: the packet inside goes on if its route takes Registers; control
 * hears of it and answers with a Register-Stop or a Join. */
static void decapsulate(struct mdp *m, uint16_t ifid, struct sim_packet *p)
{
	struct dp_upcall up = {.kind = DP_UPCALL_REGISTER,
		.ifid = ifid,
		.len = MDP_PACKET_BYTES,
		.src = p->src,
		.grp = p->grp,
		.outer_src = p->outer_src,
		.outer_dst = p->outer_dst};
	struct mdp_gate *gate;
	struct sim_packet *inner = sim_packet_copy(p);

	inner->kind = SIM_DATA;
	inner->n_path = 0;
	mdp_signal(m, &up, &gate);
	mdp_forward(m, DP_IF_REGISTER, inner, true);
	sim_packet_put(inner);
}

static void unicast(struct mdp *m, uint16_t ifid, struct sim_packet *p, const struct ipaddr *dst)
{
	uint8_t bit = p->kind == SIM_REGISTER ? DP_PROTO_PIM : protocol_bit(p);

	if (bit == DP_PROTO_PIM)
		bit |= DP_PROTO_PIM_UNICAST;
	if (!mdp_is_local(m, dst))
		transit(m, p, dst);
	else if (!(bit & mdp_if(m, ifid)->proto))
		m->drops[DROP_proto_disabled]++;
	else if (p->kind == SIM_REGISTER)
		decapsulate(m, ifid, p);
	else
		punt(m, ifid, p);
}

/* --- outputs ----------------------------------------------------------------------------------------- */

static void send_register(struct mdp *m, const struct dp_oif *o, const struct sim_packet *in)
{
	struct sim_packet *p;

	if (!o->adj || o->adj >= m->n_adjs || m->adjs[o->adj].kind != DP_ADJ_ETHER) {
		m->drops[DROP_oif_unresolved]++;
		return;
	}
	p = sim_packet_copy(in);
	p->kind = SIM_REGISTER;
	p->outer_src = o->her_src;
	p->outer_dst = o->her_dst;
	p->outer_ttl = o->her_ttl ? o->her_ttl : 64;
	if (ip_is_none(&p->outer_src))
		mdp_misuse(m, "Register output without a source address");
	send_unicast(m, m->adjs[o->adj].ifid, m->adjs[o->adj].mac, p);
	sim_packet_put(p);
}

static void send_native(struct mdp *m, const struct dp_oif *o, struct sim_packet *p)
{
	struct sim_port *port = sim_router_port(m->router, o->ifid);

	if (!port || !mdp_if(m, o->ifid)->up)
		m->drops[DROP_oif_down]++;
	else
		sim_transmit(port, p);
}

static void output(struct mdp *m, struct mdp_oif *oif, uint16_t iif, struct sim_packet *p)
{
	const struct dp_oif *o = &oif->c;

	/* p has been decremented already, the threshold is about the TTL received */
	if (o->ifid == iif && !o->allow_input) {
		m->drops[DROP_oif_input]++;
	} else if (p->ttl + 1 <= o->ttl_threshold) {
		m->drops[DROP_oif_ttl_threshold]++;
	} else if (!ip_is_none(&o->her_dst) && o->encap == DP_ENCAP_REGISTER) {
		send_register(m, o, p);
		oif->packets++;
	} else if (ip_is_none(&o->her_dst) && mdp_if(m, o->ifid)) {
		send_native(m, o, p);
		oif->packets++;
	}
}

static bool was_here(const struct mdp *m, const struct sim_packet *p)
{
	for (unsigned i = 0; i < p->n_path; i++)
		if (p->path[i] == m->router->index)
			return true;
	return false;
}

static void replicate(struct mdp *m, const struct mdp_route *r, uint16_t iif, struct sim_packet *in)
{
	const struct mdp_list *l = &m->lists[r->r.list];
	struct sim_packet *p = sim_packet_copy(in);

	if (was_here(m, p))
		sim_saw_loop(m->router, p, "loops");
	if (p->n_path < SIM_PATH_MAX)
		p->path[p->n_path++] = m->router->index;
	p->ttl--;
	p->mac[0] = 1;
	for (uint32_t i = 0; i < l->n; i++)
		output(m, &m->oifs[l->oifs[i]], iif, p);
	sim_packet_put(p);
}

/* --- inputs ------------------------------------------------------------------------------------------ */

/* DP_IF_ANY does not stand for Registers: anybody can send one. */
static uint8_t input_flags(const struct dp_route *r, uint16_t ifid)
{
	for (unsigned i = 0; i < r->n_inputs; i++)
		if (r->inputs[i].ifid == ifid ||
			(r->inputs[i].ifid == DP_IF_ANY && ifid != DP_IF_REGISTER))
			return r->inputs[i].flags;
	return 0;
}

bool mdp_wants(
	const struct mdp *m, uint16_t ifid, const struct ipaddr *src, const struct ipaddr *grp)
{
	const struct mdp_route *r = mdp_lookup(m, DP_TABLE_MAIN, src, grp);

	return r && r->r.list && (input_flags(&r->r, ifid) & DP_INPUT_ACCEPT);
}

static void signal_flow(
	struct mdp *m, enum dp_upcall_kind kind, uint16_t ifid, const struct sim_packet *p)
{
	struct dp_upcall up = {.kind = (uint8_t)kind,
		.ifid = ifid,
		.len = MDP_PACKET_BYTES,
		.src = p->src,
		.grp = p->grp};
	struct mdp_gate *gate;

	mdp_signal(m, &up, &gate);
}

static void wrong_if(struct mdp *m, struct mdp_route *r, uint16_t ifid, const struct sim_packet *p,
	uint8_t flags)
{
	r->wrong_if++;
	if (ifid == DP_IF_REGISTER)
		return; /* DP_UPCALL_REGISTER has said it already */
	if (flags & DP_INPUT_DROP) {
		m->drops[DROP_route_drop]++;
		return;
	}
	m->drops[DROP_wrong_if]++;
	signal_flow(m, DP_UPCALL_WRONGVIF, ifid, p);
}

static bool is_accepted(
	struct mdp *m, struct mdp_route *r, uint16_t ifid, const struct sim_packet *p)
{
	uint8_t flags = input_flags(&r->r, ifid);
	bool tell = flags & DP_INPUT_SIGNAL, takes = true;

	if (r->move && (flags & DP_INPUT_ACCEPT))
		takes = mdp_move_takes(m, r, ifid, p, &tell);
	if (tell)
		signal_flow(m, DP_UPCALL_DATA, ifid, p);
	if (!takes) {
		m->drops[DROP_duplicate]++;
		r->wrong_if++;
		return false;
	}
	if (!(flags & DP_INPUT_ACCEPT)) {
		wrong_if(m, r, ifid, p, flags);
		return false;
	}
	r->packets++;
	r->last_us = sim_clock(m->router);
	if (p->ttl > 1 && r->r.list)
		return true;
	r->dropped++;
	m->drops[p->ttl <= 1 ? DROP_ttl_expired : DROP_no_output]++;
	if (p->ttl <= 1)
		sim_saw_loop(m->router, p, "ran out of hops");
	return false;
}

void mdp_forward(struct mdp *m, uint16_t ifid, struct sim_packet *p, bool held)
{
	struct mdp_route *r =
		(struct mdp_route *)(uintptr_t)mdp_lookup(m, DP_TABLE_MAIN, &p->src, &p->grp);

	if (!r) {
		if (held)
			m->drops[DROP_no_route]++;
		else
			mdp_miss(m, ifid, p);
		return;
	}
	if (!held)
		mdp_hold_pass(m, ifid, p);
	if (is_accepted(m, r, ifid, p))
		replicate(m, r, ifid, p);
}

void mdp_input(struct mdp *m, uint16_t ifid, struct sim_packet *p)
{
	const struct dp_if *ifp = mdp_if(m, ifid);
	struct ipaddr dst = sim_packet_dst(p);
	uint8_t bit;

	if (!ifp || !ifp->up)
		return;
	if (!ip_is_multicast(&dst)) {
		unicast(m, ifid, p, &dst);
		return;
	}
	if (p->kind == SIM_DATA) {
		mdp_forward(m, ifid, p, false);
		return;
	}
	bit = protocol_bit(p);
	if (!(bit & ifp->proto))
		m->drops[DROP_proto_disabled]++;
	else
		punt(m, ifid, p);
}
