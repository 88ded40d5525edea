/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What happens to random networks: members and sources come and go, links break, lose and delay, routers
 * crash, restart and are told of other RPs.
 */
#include "tests/sim/random_priv.h"

static struct sim_link *any_transit(struct world *w)
{
	return w->s->links[below(w, w->n_transit)];
}

static struct sim_router *any_router(struct world *w)
{
	return w->s->routers[below(w, w->s->n_routers)];
}

static struct sim_host *any_host(struct world *w)
{
	return w->s->hosts[below(w, w->s->n_hosts)];
}

static void event_member(struct world *w)
{
	struct sim_host *h = any_host(w);

	if (!h->silent)
		random_membership(w, h);
}

static void event_source(struct world *w)
{
	struct sim_source *src = w->s->sources[below(w, w->s->n_sources)];

	SIM_TRACE(w->s, src->host->name, "source %s", src->on ? "stops" : "sends");
	if (src->on)
		sim_source_stop(src);
	else
		sim_source_resume(src);
}

static void event_link(struct world *w)
{
	struct sim_link *l = any_transit(w);

	sim_link_up(l, !l->up);
}

static void event_interface(struct world *w)
{
	struct sim_router *r = any_router(w);
	struct sim_port *p = r->n_ports ? r->ports[below(w, r->n_ports)] : NULL;

	if (p)
		sim_if_up(r, p->link, !p->up);
}

static void event_cost(struct world *w)
{
	struct sim_router *r = any_router(w);
	struct sim_port *p = r->n_ports ? r->ports[below(w, r->n_ports)] : NULL;

	if (p)
		sim_cost(r, p->link, 1 + below(w, 100));
}

static void event_power(struct world *w)
{
	struct sim_router *r = any_router(w);

	if (!r->running)
		sim_boot(r);
	else if (one_in(w, 2))
		sim_crash(r);
	else
		sim_stop(r);
}

/* Off and on again before anybody's timer runs out. */
static void event_restart(struct world *w)
{
	struct sim_router *r = any_router(w);

	if (r->running)
		sim_crash(r);
	sim_boot(r);
}

static void event_faults(struct world *w)
{
	struct sim_link *l = w->s->links[below(w, w->s->n_links)];
	struct sim_faults f = {.delay_us = 100 + below(w, 50000)};

	switch (below(w, 4)) {
	case 0:
		f.loss = 50000 + below(w, 400000);
		break;
	case 1:
		f.dup = 500000;
		break;
	case 2:
		f.reorder = 500000;
		break;
	case 3:
		f.jitter_us = 200000;
		break;
	}
	SIM_TRACE(w->s, l->name, "loss %u dup %u reorder %u jitter %u", f.loss, f.dup, f.reorder,
		f.jitter_us);
	sim_faults(l, &f);
}

static void event_partition(struct world *w)
{
	struct sim_link *l = any_transit(w);

	sim_partition(l->ports[below(w, l->n_ports)], (uint8_t)below(w, 2));
}

static void event_deaf(struct world *w)
{
	struct sim_link *l = any_transit(w);
	struct sim_port *p = l->ports[below(w, l->n_ports)];

	SIM_TRACE(w->s, p->router->name, "hears little on %s", l->name);
	p->rx.loss = SIM_CHANCE / 2;
}

static void event_silence(struct world *w)
{
	struct sim_host *h = any_host(w);

	SIM_TRACE(w->s, h->name, "silent %d", !h->silent);
	sim_host_silence(h, !h->silent);
}

static void event_dr(struct world *w)
{
	struct sim_router *r = any_router(w);

	if (!r->n_ports)
		return;
	r->ports[below(w, r->n_ports)]->pim.dr_priority = 1 + below(w, 3);
	sim_configure(r);
}

static void event_rp(struct world *w)
{
	if (!one_in(w, 3))
		return;
	SIM_TRACE(w->s, "-", "other RPs");
	random_rps(w);
}

void random_event(struct world *w)
{
	static void (*const events[])(struct world *) = {event_member, event_member, event_member,
		event_member, event_source, event_source, event_link, event_link, event_interface,
		event_cost, event_power, event_restart, event_faults, event_faults, event_partition,
		event_deaf, event_silence, event_dr, event_rp};

	events[below(w, sizeof(events) / sizeof(events[0]))](w);
}

void random_gentle_event(struct world *w)
{
	static void (*const events[])(struct world *) = {event_member, event_member, event_member,
		event_member, event_source, event_source, event_cost, event_dr, event_rp};

	events[below(w, sizeof(events) / sizeof(events[0]))](w);
}

void random_restart(struct world *w)
{
	struct sim_router *r = any_router(w);

	if (one_in(w, 2))
		sim_crash(r);
	else
		sim_stop(r);
	sim_boot(r);
}

void random_heal(struct world *w)
{
	struct sim *s = w->s;

	SIM_TRACE(s, "-", "all is healed");
	for (unsigned i = 0; i < s->n_links; i++) {
		struct sim_link *l = s->links[i];

		sim_faults(l, NULL);
		for (unsigned k = 0; k < l->n_ports; k++) {
			l->ports[k]->side = 0;
			l->ports[k]->rx = l->ports[k]->tx = (struct sim_faults){0};
			if (l->ports[k]->router && !l->ports[k]->up)
				sim_if_up(l->ports[k]->router, l, true);
		}
		if (!l->up)
			sim_link_up(l, true);
	}
	for (unsigned i = 0; i < s->n_routers; i++)
		sim_boot(s->routers[i]);
	for (unsigned i = 0; i < s->n_hosts; i++)
		if (s->hosts[i]->silent)
			sim_host_silence(s->hosts[i], false);
	sim_unicast_changed(s);
}
