/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a run looks like: a line per packet, signal, route and log message, and all MFIBs at once.
 */
#include "tests/sim/priv.h"

#include <stdarg.h>

void sim_trace(struct sim *s, const char *who, const char *fmt, ...)
{
	va_list ap;

	fprintf(s->trace, "%12.6f %-8s ", (double)s->now_us / 1e6, who);
	va_start(ap, fmt);
	vfprintf(s->trace, fmt, ap);
	va_end(ap);
	fputc('\n', s->trace);
}

static void dump_unicast(const struct sim_router *r, FILE *f)
{
	char dst[PREFIX_STRLEN], gw[IP_STRLEN];

	for (uint32_t i = 0; i < r->n_paths; i++) {
		const struct sim_path *p = &r->paths[i];

		fprintf(f, "  unicast %s metric %u", prefix_str(&p->dst, dst, sizeof(dst)),
			p->metric);
		for (unsigned k = 0; k < p->n; k++) {
			const struct sim_port *port = sim_router_port(r, p->paths[k].ifid);

			fprintf(f, " via %s %s", ip_str(&p->paths[k].gateway, gw, sizeof(gw)),
				port ? port->link->name : "?");
		}
		fputc('\n', f);
	}
}

static void dump_router(const struct sim_router *r, FILE *f)
{
	char ip[IP_STRLEN];

	fprintf(f, "%s:%s\n", r->name, r->running ? "" : " off");
	for (unsigned i = 0; i < r->n_ports; i++)
		fprintf(f, "  interface %s %s%s\n", r->ports[i]->link->name,
			ip_str(&r->ports[i]->ip, ip, sizeof(ip)), r->ports[i]->up ? "" : " down");
	for (unsigned i = 0; i < r->n_loopbacks; i++)
		fprintf(f, "  loopback %s\n", ip_str(&r->loopbacks[i], ip, sizeof(ip)));
	if (!r->running)
		return;
	dump_unicast(r, f);
	if (r->pim_no >= 0)
		sim_member_dump(r, f);
	mdp_dump(r->mdp, f);
}

static void dump_host(const struct sim_host *h, FILE *f)
{
	char ip[IP_STRLEN];

	fprintf(f, "%s on %s %s v%u%s", h->name, h->port->link->name,
		ip_str(&h->port->ip, ip, sizeof(ip)), h->version, h->silent ? " silent" : "");
	for (size_t i = 0; i < h->n_groups; i++)
		if (!ip_is_none(&h->groups[i].grp))
			fprintf(f, " %s %s of %u", ip_str(&h->groups[i].grp, ip, sizeof(ip)),
				h->groups[i].now.mode == SIM_INCLUDE ? "INCLUDE" : "EXCLUDE",
				h->groups[i].now.n);
	fputc('\n', f);
}

void sim_dump(struct sim *s, FILE *f)
{
	char ip[IP_STRLEN];

	for (unsigned i = 0; i < s->n_routers; i++)
		dump_router(s->routers[i], f);
	for (unsigned i = 0; i < s->n_hosts; i++)
		dump_host(s->hosts[i], f);
	for (unsigned i = 0; i < s->n_sources; i++)
		fprintf(f, "source %s > %s seq %u%s\n", s->sources[i]->host->name,
			ip_str(&s->sources[i]->grp, ip, sizeof(ip)), s->sources[i]->seq,
			s->sources[i]->on ? "" : " off");
	fflush(f);
}
