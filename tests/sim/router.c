/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Routers: the real net, TIB and runner, made anew at each boot from what the scenario configured, and
 * run whenever something is due by the router's own clock, which need not be right.
 */
#include "tests/sim/priv.h"

#define RUN_BUDGET 64
#define ROUNDS_MAX 1000 /* of the runner at one time: more is a loop */
#define TICK_US SIM_S

struct sim_router *sim_router(struct sim *s, const char *name)
{
	struct sim_router *r = sim_alloc(sizeof(*r));

	r->s = s;
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->index = s->n_routers++;
	r->converge_us = 200 * SIM_MS;
	r->static_no = r->gmp_no = r->pim_no = -1;
	s->routers = realloc(s->routers, s->n_routers * sizeof(*s->routers));
	s->routers[r->index] = r;
	sim_router_protocols(r);
	return r;
}

/* --- the router's clock ------------------------------------------------------------------------------- */

uint64_t sim_clock(const struct sim_router *r)
{
	uint64_t passed = r->s->now_us - r->clock_at_us;

	return r->clock_us + passed + (uint64_t)((int64_t)passed * r->skew_ppm / 1000000);
}

/* When the router's clock will show local_us, or a little later. */
static uint64_t true_time(const struct sim_router *r, uint64_t local_us)
{
	uint64_t now = sim_clock(r), left = local_us > now ? local_us - now : 0;

	return r->s->now_us + left * 1000000 / (uint64_t)(1000000 + r->skew_ppm) + (left ? 1 : 0);
}

void sim_skew(struct sim_router *r, int32_t ppm)
{
	r->clock_us = sim_clock(r);
	r->clock_at_us = r->s->now_us;
	r->skew_ppm = ppm;
	if (r->running)
		sim_router_kick(r);
}

/* --- running ------------------------------------------------------------------------------------------- */

static void log_line(enum log_level level, const char *line, void *arg)
{
	struct sim *s = arg;

	SIM_TRACE(s, s->current ? s->current->name : "-", "log %s", line);
}

void sim_router_enter(struct sim_router *r)
{
	r->s->current = r;
}

/* What was done may have armed timers or queued changes. */
void sim_router_leave(struct sim_router *r)
{
	r->s->current = NULL;
	sim_router_kick(r);
}

static void wake(struct sim *s, void *arg, uint64_t gen);

void sim_router_wake_at(struct sim_router *r, uint64_t due_us)
{
	if (r->wake_us && r->wake_us <= due_us)
		return;
	r->wake_us = due_us;
	sim_at(r->s, due_us, wake, r, ++r->wake_gen);
}

void sim_router_kick(struct sim_router *r)
{
	if (r->running)
		sim_router_wake_at(r, r->s->now_us + r->s->control_delay_us);
}

static void sleep_until_due(struct sim_router *r)
{
	uint64_t next = runner_next(r->r);

	if (next > r->tick_us)
		next = r->tick_us;
	sim_router_wake_at(r, true_time(r, next));
}

static void wake(struct sim *s, void *arg, uint64_t gen)
{
	struct sim_router *r = arg;
	uint64_t now;
	unsigned rounds = 0;

	if (gen != r->wake_gen || !r->running)
		return;
	r->wake_us = 0;
	now = sim_clock(r);
	s->current = r;
	if (now >= r->tick_us) {
		net_tick(r->net, now);
		r->tick_us = now + TICK_US;
	}
	while (runner_run(r->r, now, RUN_BUDGET))
		if (++rounds == ROUNDS_MAX) {
			sim_fail(s, "%s: control does not come to rest", r->name);
			break;
		}
	s->current = NULL;
	sleep_until_due(r);
}

/* --- interfaces ---------------------------------------------------------------------------------------- */

struct sim_port *sim_router_port(const struct sim_router *r, uint16_t ifid)
{
	for (unsigned i = 0; i < r->n_ports; i++)
		if (r->ports[i]->ifid == ifid)
			return r->ports[i];
	return NULL;
}

struct sim_port *sim_port_of(const struct sim_router *r, const struct sim_link *l)
{
	for (unsigned i = 0; i < r->n_ports; i++)
		if (r->ports[i]->link == l)
			return r->ports[i];
	return NULL;
}

/* Of IPv6 also the link-local address. */
static void neighbor_set(struct sim_router *r, uint16_t ifid, const struct sim_port *p)
{
	struct net_neigh n = {.ifid = ifid, .state = NET_NEIGH_STATIC};

	memcpy(n.mac, p->mac, 6);
	for (unsigned i = 0; i < SIM_FAMILIES; i++) {
		if (!sim_has(r->s, sim_families[i]))
			continue;
		n.addr = sim_ip(sim_families[i], &p->ip);
		net_neigh_set(r->net, &n);
		if (sim_families[i] == IP_V4)
			continue;
		n.addr = sim_link_ip(IP_V6, &p->ip);
		net_neigh_set(r->net, &n);
	}
}

/* All MACs of a link are known from the start: ARP and ND are the kernel's affair. */
static void neighbors_set(struct sim_router *r, const struct sim_port *own)
{
	for (unsigned i = 0; i < own->link->n_ports; i++)
		if (own->link->ports[i] != own)
			neighbor_set(r, own->ifid, own->link->ports[i]);
}

static void addr_add(struct net_if_conf *c, struct ipaddr ip, uint8_t len)
{
	c->addrs[c->n_addrs++] = (struct net_addr){.ip = ip, .len = len};
}

static void port_addrs(const struct sim *s, struct net_if_conf *c, const struct sim_port *p)
{
	for (unsigned i = 0; i < SIM_FAMILIES; i++) {
		enum ip_family f = sim_families[i];

		if (!sim_has(s, f))
			continue;
		addr_add(c, sim_ip(f, &p->ip), sim_net(f, &p->link->subnet).len);
		if (f == IP_V6)
			addr_add(c, sim_link_ip(f, &p->ip), 64);
	}
}

static void if_add(struct sim_router *r, struct sim_port *p)
{
	struct net_if_conf c = {.kind = DP_IF_ETHER};

	snprintf(c.name, sizeof(c.name), "%s", p->link->name);
	snprintf(c.port, sizeof(c.port), "%s", p->link->name);
	port_addrs(r->s, &c, p);
	if (net_if_add(r->net, &c, &p->ifid)) {
		sim_fail(r->s, "%s: no interface %s", r->name, p->link->name);
		return;
	}
	net_port_set(r->net, c.port, p->link->index, p->mac, 1500);
	net_port_link(r->net, c.port, p->link->up);
	net_if_admin(r->net, p->ifid, p->up);
	neighbors_set(r, p);
}

static void loopback_add(struct sim_router *r, unsigned i)
{
	struct net_if_conf c = {.kind = DP_IF_LOOPBACK};
	uint16_t ifid;

	snprintf(c.name, sizeof(c.name), "lo%u", i);
	for (unsigned k = 0; k < SIM_FAMILIES; k++) {
		struct ipaddr ip = sim_ip(sim_families[k], &r->loopbacks[i]);

		if (sim_has(r->s, sim_families[k]))
			addr_add(&c, ip, ip_bits(&ip));
	}
	if (net_if_add(r->net, &c, &ifid) == 0)
		net_if_admin(r->net, ifid, true);
}

struct sim_port *sim_attach(struct sim_router *r, struct sim_link *l, const char *address)
{
	struct sim_port *p = sim_port_new(l, address);

	p->router = r;
	sim_port_protocols(p);
	r->ports = realloc(r->ports, (r->n_ports + 1u) * sizeof(struct sim_port *));
	r->ports[r->n_ports++] = p;
	for (unsigned i = 0; i < l->n_ports; i++) {
		struct sim_port *other = l->ports[i];

		if (other != p && other->router && other->router->running)
			neighbor_set(other->router, other->ifid, p);
	}
	if (r->running) {
		sim_router_enter(r);
		if_add(r, p);
		sim_protos_boot(r);
		sim_router_leave(r);
		sim_unicast_changed(r->s);
	}
	return p;
}

void sim_loopback(struct sim_router *r, const char *address)
{
	r->loopbacks[r->n_loopbacks++] = sim_addr(IP_V4, address);
}

void sim_cost(struct sim_router *r, struct sim_link *l, uint32_t cost)
{
	sim_port_of(r, l)->cost = cost;
	sim_unicast_changed(r->s);
}

void sim_if_up(struct sim_router *r, struct sim_link *l, bool up)
{
	struct sim_port *p = sim_port_of(r, l);

	SIM_TRACE(r->s, r->name, "interface %s %s", l->name, up ? "up" : "down");
	p->up = up;
	if (r->running) {
		sim_router_enter(r);
		net_if_admin(r->net, p->ifid, up);
		sim_router_leave(r);
	}
	sim_unicast_changed(r->s);
}

/* --- on and off ---------------------------------------------------------------------------------------- */

static void net_changed(void *arg, const struct net_change *c)
{
	struct sim_router *r = arg;

	runner_net_changed(r->r, c, sim_clock(r));
	sim_router_kick(r);
}

static void bring_up(struct sim_router *r)
{
	struct net_env env = {.arg = r, .changed = net_changed};

	r->mdp = mdp_new(r);
	r->net = net_new(&r->mdp->dp, &env);
	r->tib = r->net ? tib_new(&r->mdp->dp, r->net) : NULL;
	r->r = r->tib ? runner_new(&r->mdp->dp, r->net, r->tib) : NULL;
	if (!r->r) {
		fprintf(stderr, "sim: out of memory\n");
		exit(1);
	}
	for (unsigned i = 0; i < r->n_ports; i++)
		if_add(r, r->ports[i]);
	for (unsigned i = 0; i < r->n_loopbacks; i++)
		loopback_add(r, i);
	sim_protos_boot(r);
}

void sim_boot(struct sim_router *r)
{
	if (r->running)
		return;
	SIM_TRACE(r->s, r->name, "boots");
	log_set_level(LOG_LVL_DEBUG);
	log_set_sink(log_line, r->s);
	r->clock_us = sim_clock(r) + SIM_S; /* never 0 */
	r->clock_at_us = r->s->now_us;
	r->tick_us = r->clock_us;
	r->wake_us = 0;
	r->wake_gen++;
	r->boots++;
	sim_router_enter(r);
	r->running = true; /* protocols speak as soon as they are configured */
	bring_up(r);
	sim_router_leave(r);
	sim_unicast_changed(r->s);
}

static void goodbye(struct sim_router *r)
{
	struct event ev = {.kind = EV_STOP};

	for (uint16_t i = 0; runner_proto_name(r->r, i); i++)
		runner_event(r->r, i, &ev, sim_clock(r));
}

void sim_router_stop(struct sim_router *r, bool orderly)
{
	if (!r->running)
		return;
	SIM_TRACE(r->s, r->name, orderly ? "stops" : "crashes");
	sim_router_enter(r);
	if (orderly)
		goodbye(r);
	r->running = false;
	sim_protos_free(r);
	runner_free(r->r);
	tib_free(r->tib);
	net_free(r->net);
	mdp_free(r->mdp);
	r->r = NULL;
	r->tib = NULL;
	r->net = NULL;
	r->mdp = NULL;
	r->s->current = NULL;
	sim_unicast_forget(r);
}

void sim_crash(struct sim_router *r)
{
	sim_router_stop(r, false);
	sim_unicast_changed(r->s);
}

void sim_stop(struct sim_router *r)
{
	sim_router_stop(r, true);
	sim_unicast_changed(r->s);
}

void sim_router_free(struct sim_router *r)
{
	r->s->trace = NULL;
	sim_router_stop(r, false);
	for (size_t i = 0; i < r->n_statics; i++)
		static_route_fini(&r->statics[i]);
	free(r->statics);
	free(r->ports);
	free(r);
}

void sim_start(struct sim *s)
{
	for (unsigned i = 0; i < s->n_routers; i++)
		sim_boot(s->routers[i]);
	sim_unicast_now(s);
}
