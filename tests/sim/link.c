/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Links: what is put on a wire comes out at the other ports, later, or not at all, or twice. Faults are
 * those of the link, of the sender's port (tx) and of the receiver's (rx), so that a wire may be bad one
 * way only. Packets from one port to another stay in order unless a fault says otherwise.
 */
#include "tests/sim/priv.h"

#define LINK_DELAY_US 100

struct sim_link *sim_link(struct sim *s, const char *name, const char *subnet)
{
	struct sim_link *l = sim_alloc(sizeof(*l));

	snprintf(l->name, sizeof(l->name), "%s", name);
	l->subnet = sim_prefix(IP_V4, subnet);
	l->up = true;
	l->faults.delay_us = LINK_DELAY_US;
	l->index = s->n_links++;
	s->links = realloc(s->links, s->n_links * sizeof(*s->links));
	s->links[l->index] = l;
	return l;
}

/* The n-th address of the subnet. */
static struct ipaddr nth(const struct prefix *subnet, uint32_t n)
{
	struct ipaddr a = subnet->addr;
	unsigned last = ip_bytes(&a);

	a.b[last - 1] = (uint8_t)(a.b[last - 1] + n);
	a.b[last - 2] = (uint8_t)(a.b[last - 2] + (n >> 8));
	return a;
}

struct sim_port *sim_port_new(struct sim_link *l, const char *address)
{
	struct sim_port *p = sim_alloc(sizeof(*p));
	uint8_t mac[6] = {2, 0, (uint8_t)(l->index >> 8), (uint8_t)l->index,
		(uint8_t)(l->n_ports >> 8), (uint8_t)l->n_ports};

	p->link = l;
	p->up = true;
	p->cost = 10;
	memcpy(p->mac, mac, 6);
	p->ip = address ? sim_addr(IP_V4, address) : nth(&l->subnet, l->n_ports + 1u);
	l->ports = realloc(l->ports, (l->n_ports + 1u) * sizeof(struct sim_port *));
	l->ports[l->n_ports++] = p;
	return p;
}

bool sim_port_usable(const struct sim_port *p)
{
	return p->up && p->link->up && (!p->router || p->router->running);
}

static bool is_lost(struct sim *s, const struct sim_faults *f, bool data)
{
	return !(data && f->control_only) && sim_chance(s, f->loss);
}

static uint64_t delay_of(struct sim *s, const struct sim_faults *f)
{
	return f->delay_us + (f->jitter_us ? prng_below(&s->rng, f->jitter_us) : 0);
}

/* One copy to one receiver. */
static void propagate(
	struct sim *s, struct sim_port *from, struct sim_port *to, struct sim_packet *pkt)
{
	const struct sim_faults *f[3] = {&from->link->faults, &from->tx, &to->rx};
	uint64_t due = s->now_us;
	bool reorder = false;

	for (int i = 0; i < 3; i++) {
		if (is_lost(s, f[i], pkt->kind == SIM_DATA))
			return;
		due += delay_of(s, f[i]);
		reorder |= sim_chance(s, f[i]->reorder);
	}
	if (reorder)
		due += 1 + prng_below(&s->rng, 20000);
	else if (due < to->last_due_us)
		due = to->last_due_us;
	if (!reorder)
		to->last_due_us = due;
	sim_deliver_at(s, due, to, pkt);
}

static bool is_duplicated(struct sim *s, const struct sim_port *from, const struct sim_port *to,
	const struct sim_packet *pkt)
{
	const struct sim_faults *f[3] = {&from->link->faults, &from->tx, &to->rx};

	for (int i = 0; i < 3; i++)
		if (!(pkt->kind == SIM_DATA && f[i]->control_only) && sim_chance(s, f[i]->dup))
			return true;
	return false;
}

static void trace_sent(struct sim *s, const struct sim_port *from, const struct sim_packet *pkt)
{
	char text[1024];

	if (!s->trace)
		return;
	sim_packet_str(pkt, text, sizeof(text));
	SIM_TRACE(s, from->router ? from->router->name : from->host->name, "-> %s: %s",
		from->link->name, text);
}

void sim_transmit(struct sim_port *from, struct sim_packet *pkt)
{
	struct sim *s = from->router ? from->router->s : from->host->s;
	struct sim_link *l = from->link;

	if (!sim_port_usable(from))
		return;
	trace_sent(s, from, pkt);
	if (s->tap)
		s->tap(s->tap_arg, from, pkt);
	if (pkt->kind == SIM_DATA)
		sim_saw_link(l, from->router, pkt);
	for (unsigned i = 0; i < l->n_ports; i++) {
		struct sim_port *to = l->ports[i];

		if (to == from || to->side != from->side)
			continue;
		if (!sim_mac_is_group(pkt->mac) && memcmp(pkt->mac, to->mac, 6))
			continue;
		propagate(s, from, to, pkt);
		if (is_duplicated(s, from, to, pkt))
			propagate(s, from, to, pkt);
	}
}

void sim_port_receive(struct sim_port *p, struct sim_packet *pkt)
{
	if (!sim_port_usable(p))
		return;
	if (p->host)
		sim_host_receive(p->host, pkt);
	else
		mdp_input(p->router->mdp, p->ifid, pkt);
}

/* --- what happens to links ------------------------------------------------------------------------- */

static void carrier(struct sim_link *l, struct sim_router *r, bool up)
{
	sim_router_enter(r);
	net_port_link(r->net, l->name, up);
	sim_router_leave(r);
}

void sim_link_up(struct sim_link *l, bool up)
{
	struct sim *s = NULL;

	l->up = up;
	for (unsigned i = 0; i < l->n_ports; i++) {
		struct sim_router *r = l->ports[i]->router;

		s = r ? r->s : l->ports[i]->host->s;
		if (r && r->running)
			carrier(l, r, up);
	}
	if (!s)
		return;
	SIM_TRACE(s, l->name, "link %s", up ? "up" : "down");
	sim_unicast_changed(s);
}

void sim_faults(struct sim_link *l, const struct sim_faults *f)
{
	l->faults = f ? *f : (struct sim_faults){0};
	if (!l->faults.delay_us)
		l->faults.delay_us = LINK_DELAY_US;
}

void sim_partition(struct sim_port *p, uint8_t side)
{
	struct sim *s = p->router ? p->router->s : p->host->s;

	p->side = side;
	SIM_TRACE(s, p->link->name, "port %s on side %u",
		p->router ? p->router->name : p->host->name, side);
	sim_unicast_changed(s);
}
