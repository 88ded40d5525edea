/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Hosts: what they want, what they send. How they say it is host_say.c.
 */
#include "tests/sim/host_priv.h"

struct sim_host *sim_host(struct sim *s, const char *name, struct sim_link *l, uint8_t version)
{
	struct sim_host *h = sim_alloc(sizeof(*h));

	h->s = s;
	h->family = sim_family(s);
	h->version = version;
	h->robustness = 2;
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->port = sim_port_new(l, NULL);
	h->port->host = h;
	h->index = s->n_hosts++;
	s->hosts = realloc(s->hosts, s->n_hosts * sizeof(*s->hosts));
	s->hosts[h->index] = h;
	return h;
}

struct ipaddr sim_host_ip(const struct sim_host *h)
{
	return sim_ip(h->family, &h->port->ip);
}

void sim_host_free(struct sim_host *h)
{
	free(h->groups);
	free(h);
}

/* --- groups ----------------------------------------------------------------------------------------- */

struct sim_host_group *host_group(const struct sim_host *h, const struct ipaddr *grp)
{
	for (size_t i = 0; i < h->n_groups; i++)
		if (ip_eq(&h->groups[i].grp, grp))
			return &h->groups[i];
	return NULL;
}

static struct sim_host_group *group_get(struct sim_host *h, const struct ipaddr *grp)
{
	static const struct ipaddr none;
	struct sim_host_group *g = host_group(h, grp);

	if (!g)
		g = host_group(h, &none);
	if (!g) {
		h->groups = realloc(h->groups, (h->n_groups + 1) * sizeof(*g));
		g = &h->groups[h->n_groups++];
		memset(g, 0, sizeof(*g));
	}
	g->grp = *grp;
	return g;
}

bool host_filter_has(const struct sim_filter_state *f, const struct ipaddr *src)
{
	for (unsigned i = 0; i < f->n; i++)
		if (ip_eq(&f->src[i], src))
			return true;
	return false;
}

bool host_is_member(const struct sim_host_group *g)
{
	return g->now.mode == SIM_EXCLUDE || g->now.n > 0;
}

bool sim_host_member(const struct sim_host *h, const struct ipaddr *grp)
{
	const struct sim_host_group *g = host_group(h, grp);

	return g && host_is_member(g);
}

static bool filter_wants(const struct sim_filter_state *f, const struct ipaddr *src)
{
	return host_filter_has(f, src) == (f->mode == SIM_INCLUDE);
}

bool sim_host_wants(const struct sim_host *h, const struct ipaddr *src, const struct ipaddr *grp)
{
	const struct sim_host_group *g = host_group(h, grp);

	return g && !h->silent && filter_wants(&g->now, src);
}

bool sim_host_wanted_since(const struct sim_host *h, const struct ipaddr *src,
	const struct ipaddr *grp, uint64_t since_us)
{
	for (unsigned i = 0; i < h->n_past && i < SIM_PAST_MAX; i++)
		if (h->past[i].until_us >= since_us && ip_eq(&h->past[i].grp, grp) &&
			filter_wants(&h->past[i].wanted, src))
			return true;
	return sim_host_wants(h, src, grp);
}

bool sim_host_excludes(const struct sim_host *h, const struct ipaddr *grp)
{
	const struct sim_host_group *g = host_group(h, grp);

	return g && !h->silent && g->now.mode == SIM_EXCLUDE;
}

void sim_host_set(struct sim_host *h, const struct ipaddr *grp, const struct sim_filter_state *f)
{
	struct sim_host_group *g = group_get(h, grp);
	struct sim_filter_state old = g->now;
	char text[IP_STRLEN];

	SIM_TRACE(h->s, h->name, "wants %s %s of %u", ip_str(grp, text, sizeof(text)),
		f->mode == SIM_INCLUDE ? "INCLUDE" : "EXCLUDE", f->n);
	h->past[h->n_past++ % SIM_PAST_MAX] =
		(struct sim_host_past){.grp = *grp, .wanted = old, .until_us = h->s->now_us};
	g->now = *f;
	if (!h->silent)
		host_changed(h, g, &old);
}

void sim_host_join(struct sim_host *h, const char *grp)
{
	struct sim_filter_state f = {.mode = SIM_EXCLUDE};
	struct ipaddr g = sim_addr(h->family, grp);

	sim_host_set(h, &g, &f);
}

void sim_host_leave(struct sim_host *h, const char *grp)
{
	struct sim_filter_state f = {.mode = SIM_INCLUDE};
	struct ipaddr g = sim_addr(h->family, grp);

	if (sim_host_member(h, &g))
		sim_host_set(h, &g, &f);
}

void sim_host_filter(struct sim_host *h, const char *grp, enum sim_filter mode, const char *sources)
{
	struct sim_filter_state f = {.mode = (uint8_t)mode};
	struct ipaddr g = sim_addr(h->family, grp);
	char buf[512], *save = NULL;

	snprintf(buf, sizeof(buf), "%s", sources);
	for (char *n = strtok_r(buf, " ", &save); n; n = strtok_r(NULL, " ", &save))
		f.src[f.n++] = sim_addr(h->family, n);
	sim_host_set(h, &g, &f);
}

void sim_host_silence(struct sim_host *h, bool silent)
{
	static const struct sim_filter_state nothing;

	h->silent = silent;
	h->general_us = 0;
	for (size_t i = 0; i < h->n_groups; i++) {
		struct sim_host_group *g = &h->groups[i];

		g->repeat_us = g->answer_us = 0;
		if (!silent && host_is_member(g))
			host_changed(h, g, &nothing);
	}
}

/* --- sources ---------------------------------------------------------------------------------------- */

static void send_next(struct sim *s, void *arg, uint64_t gen)
{
	struct sim_source *src = arg;
	struct sim_packet *p;

	if (!src->on || gen != src->gen)
		return;
	p = sim_packet_data();
	p->source = src;
	p->seq = src->seq++;
	p->ttl = src->ttl;
	p->src = sim_host_ip(src->host);
	p->grp = src->grp;
	s->data_sent++;
	sim_transmit(src->host->port, p);
	sim_packet_put(p);
	sim_at(s, s->now_us + src->interval_us, send_next, src, gen);
}

struct sim_source *sim_source_send(struct sim_host *h, const char *grp, double rate)
{
	struct sim *s = h->s;
	struct sim_source *src = sim_alloc(sizeof(*src));

	src->host = h;
	src->grp = sim_addr(h->family, grp);
	src->ttl = 64;
	src->interval_us = (uint64_t)(1e6 / rate);
	src->index = s->n_sources++;
	s->sources = realloc(s->sources, s->n_sources * sizeof(*s->sources));
	s->sources[src->index] = src;
	sim_source_resume(src);
	return src;
}

void sim_source_stop(struct sim_source *src)
{
	src->on = false;
}

void sim_source_resume(struct sim_source *src)
{
	if (src->on)
		return;
	src->on = true;
	sim_at(src->host->s, src->host->s->now_us, send_next, src, ++src->gen);
}
