/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Random networks: routers on a tree of cables and LANs with some more of them across, LANs of hosts with
 * one router or several, one or two RPs, sources, members.
 */
#include "tests/sim/random_priv.h"

const char *const random_groups[GROUPS] = {
	"239.1.0.1", "239.1.0.2", "239.2.0.1", "239.2.0.2", "232.1.0.1", "232.1.0.2"};

static struct sim_router *any_router(struct world *w)
{
	return w->s->routers[below(w, w->s->n_routers)];
}

static struct sim_link *new_link(struct world *w, const char *kind)
{
	unsigned n = w->s->n_links;
	char name[SIM_NAME], subnet[32];

	snprintf(name, sizeof(name), "%s%u", kind, n);
	snprintf(subnet, sizeof(subnet), "10.%u.%u.0/24", 1 + n / 250, n % 250);
	return sim_link(w->s, name, subnet);
}

static void attach(struct world *w, struct sim_router *r, struct sim_link *l)
{
	static const uint32_t costs[] = {10, 10, 10, 10, 1, 5, 20, 100};

	if (!sim_port_of(r, l))
		sim_attach(r, l, NULL)->cost = costs[below(w, 8)];
}

/* Up to 1 %. Where nothing is lost, no more than the RFC's timers allow for: an assert's winner speaks again
 * Assert_Override_Interval, 3 s, before the 180 s of Assert_Time are over for the losers (RFC 7761 4.11). */
static int32_t skew(struct world *w)
{
	int32_t ppm = (int32_t)below(w, 20001) - 10000;

	return w->calm ? ppm * 7 / 10 : ppm;
}

/* Every router but the first hangs on one of those before it, by a cable or on a LAN that is there. */
static void build_routers(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct sim_router *r, *to;
		struct sim_link *l;
		char name[SIM_NAME];

		snprintf(name, sizeof(name), "r%u", i);
		r = sim_router(w->s, name);
		r->converge_us = (1 + below(w, 3000)) * SIM_MS;
		r->skew_ppm = skew(w);
		r->global_next_hops = i % 3 == 2;
		if (i == 0)
			continue;
		if (w->s->n_links && one_in(w, 4)) {
			attach(w, r, w->s->links[below(w, w->s->n_links)]);
			continue;
		}
		to = w->s->routers[below(w, i)];
		l = new_link(w, "t");
		attach(w, to, l);
		attach(w, r, l);
	}
}

static void build_across(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct sim_router *a = any_router(w), *b = any_router(w);
		struct sim_link *l;

		if (a == b)
			continue;
		l = new_link(w, "x");
		attach(w, a, l);
		attach(w, b, l);
		while (one_in(w, 3))
			attach(w, any_router(w), l);
	}
}

static void add_host(struct world *w, struct sim_link *l)
{
	static const uint8_t versions[] = {3, 3, 3, 3, 2, 2, 1};
	struct sim_host *h;
	char name[SIM_NAME];

	snprintf(name, sizeof(name), "h%u", w->s->n_hosts);
	h = sim_host(w->s, name, l, w->calm ? 3 : versions[below(w, 7)]);
	if (w->s->ipv4 && w->s->ipv6 && one_in(w, 2))
		h->family = IP_V6;
}

static void build_hosts(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct sim_link *l = new_link(w, "h");
		unsigned hosts = 1 + below(w, 3);

		do
			attach(w, any_router(w), l);
		while (one_in(w, 3));
		while (hosts-- > 0)
			add_host(w, l);
	}
}

void random_rps(struct world *w)
{
	struct sim_router *a = any_router(w), *b = any_router(w);
	char rp[IP_STRLEN];

	for (unsigned i = 0; i < w->s->n_routers; i++)
		w->s->routers[i]->n_rps = 0;
	sim_rp(w->s, ip_str(&a->loopbacks[0], rp, sizeof(rp)), "239.0.0.0/8");
	if (one_in(w, 2))
		sim_rp(w->s, ip_str(&b->loopbacks[0], rp, sizeof(rp)), "239.2.0.0/16");
}

/* Few hops: a LAN that one router hears badly may loop, and a link that doubles packets feeds the loop. */
static void add_source(struct world *w, struct sim_host *h, const char *grp)
{
	struct sim_source *src = sim_source_send(h, grp, 1 + below(w, 5));

	src->ttl = 32;
	sim_source_stop(src);
}

static void build_sources(struct world *w)
{
	unsigned n = 1 + below(w, 4);

	for (unsigned i = 0; i < n; i++) {
		struct sim_host *h = w->s->hosts[below(w, w->s->n_hosts)];
		const char *grp = random_groups[below(w, GROUPS)];
		struct ipaddr g = sim_addr(h->family, grp);
		bool there = false;

		for (unsigned k = 0; k < w->s->n_sources; k++)
			there |= w->s->sources[k]->host == h && ip_eq(&w->s->sources[k]->grp, &g);
		if (!there)
			add_source(w, h, grp);
	}
}

/* What operators may set, here and there. */
static void vary_port(struct world *w, struct sim_port *p)
{
	p->gmp.leave = one_in(w, 3) ? GMP_LEAVE_QUERY : GMP_LEAVE_TRACKING;
	p->pim.disable_join_suppression = one_in(w, 6);
	if (one_in(w, 6))
		p->pim.join_prune_interval_s = (uint16_t)(15 + below(w, 45));
	if (one_in(w, 6))
		p->pim.hello_interval_s = (uint16_t)(5 + below(w, 25));
	if (one_in(w, 6))
		p->pim.override_interval_ms = (uint16_t)(500 + below(w, 4000));
}

static void vary(struct world *w, struct sim_router *r)
{
	static const uint8_t spt[] = {PIM_SPT_IMMEDIATE, PIM_SPT_IMMEDIATE, PIM_SPT_IMMEDIATE,
		PIM_SPT_IMMEDIATE, PIM_SPT_NEVER, PIM_SPT_RATE};

	r->pim.spt = spt[below(w, 6)];
	r->pim.spt_rate_kbps = one_in(w, 2) ? 1 : 100; /* sources send 8 to 40 */
	for (unsigned i = 0; i < r->n_ports; i++)
		vary_port(w, r->ports[i]);
}

void random_build(struct world *w, const struct sim_random_options *o)
{
	unsigned n = o->routers_min + below(w, o->routers_max - o->routers_min + 1);

	w->s->ecmp = one_in(w, 4);
	w->s->control_delay_us = 50 + below(w, 2000);
	build_routers(w, n);
	build_across(w, n / 3 + below(w, n / 3 + 1));
	w->n_transit = w->s->n_links;
	build_hosts(w, 1 + n / 3 + below(w, n / 3 + 1));
	for (unsigned i = 0; i < n; i++) {
		char lo[32];

		snprintf(lo, sizeof(lo), "10.255.0.%u", i + 1);
		sim_loopback(w->s->routers[i], lo);
		vary(w, w->s->routers[i]);
	}
	random_rps(w);
	build_sources(w);
}

/* One of the sources' addresses; of the host's family, if one of them is. */
static struct ipaddr any_source(struct world *w, enum ip_family family)
{
	unsigned n = w->s->n_sources, first = below(w, n);

	for (unsigned i = 0; i < n; i++) {
		const struct sim_host *h = w->s->sources[(first + i) % n]->host;

		if (h->family == family)
			return sim_host_ip(h);
	}
	return sim_ip(family, &w->s->sources[first]->host->port->ip);
}

void random_membership(struct world *w, struct sim_host *h)
{
	unsigned g = below(w, GROUPS);
	struct ipaddr grp = sim_addr(h->family, random_groups[g]);
	struct sim_filter_state f = {.mode = SIM_EXCLUDE};

	if (h->version == 3 && (g >= SSM_FIRST || one_in(w, 3))) {
		f.mode = g >= SSM_FIRST || one_in(w, 2) ? SIM_INCLUDE : SIM_EXCLUDE;
		f.src[0] = any_source(w, h->family);
		f.src[1] = any_source(w, h->family);
		f.n = ip_eq(&f.src[0], &f.src[1]) ? 1 : 2;
	}
	if (g >= SSM_FIRST && h->version < 3)
		return;
	if (sim_host_member(h, &grp) && one_in(w, 2))
		f = (struct sim_filter_state){.mode = SIM_INCLUDE};
	sim_host_set(h, &grp, &f);
}
