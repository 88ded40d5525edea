/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What must hold when a network has come to rest.
 *
 * sim_check watches the packets of its own seconds only: each must reach each interested host once, be on
 * no link twice, and on no link where neither a host nor a router wants it (that of its source apart, and while
 * a Prune waits for its override); no router may forward it twice on one way. sim_check_empty looks at the routers when all is over.
 */
#include "tests/sim/priv.h"

#define DRAIN_S 2
/* Group Membership Interval, Query Interval, Query Response Interval (RFC 3376 section 8, RFC 3810 section 9). */
#define EXCLUDED_LATE_US ((260 + 125 + 10) * SIM_S)

/* Copies seen of each packet of one source: at each host, on each link. */
struct sim_tally {
	uint32_t from, to; /* numbers of packets that count; to: not yet */
	bool open;
	uint32_t cap;
	uint8_t *hosts, *links;      /* [index * cap + seq - from] */
	uint8_t *unwanted;           /* [link]: copies that nobody wanted there */
	const struct sim_router *by; /* of the last unwanted one */
};

static struct sim_tally *tally_new(
	const struct sim *s, const struct sim_source *src, double seconds)
{
	struct sim_tally *t = sim_alloc(sizeof(*t));

	t->from = src->seq;
	t->cap = (uint32_t)(seconds * 1e6 / (double)src->interval_us) + 2;
	t->hosts = sim_alloc((size_t)s->n_hosts * t->cap);
	t->links = sim_alloc((size_t)s->n_links * t->cap);
	t->unwanted = sim_alloc(s->n_links);
	t->open = true;
	return t;
}

static void tally_free(struct sim_tally *t)
{
	if (!t)
		return;
	free(t->hosts);
	free(t->links);
	free(t->unwanted);
	free(t);
}

/* The cell of a packet, or NULL if it does not count. */
static uint8_t *cell(uint8_t *v, unsigned index, const struct sim_packet *p)
{
	const struct sim_tally *t = p->source->tally;
	uint32_t n = p->seq - t->from;

	if (p->seq < t->from || n >= t->cap || (!t->open && p->seq >= t->to))
		return NULL;
	return &v[(size_t)index * t->cap + n];
}

static void bump(uint8_t *c)
{
	if (c && *c < UINT8_MAX)
		(*c)++;
}

/* --- what is seen ------------------------------------------------------------------------------------ */

/* Whether a host or another router on the link wants what a router sends there. */
static bool is_wanted(
	const struct sim_link *l, const struct sim_router *by, const struct sim_packet *p)
{
	for (unsigned i = 0; i < l->n_ports; i++) {
		const struct sim_port *port = l->ports[i];
		const struct sim_router *r = port->router;

		if (port->host && sim_host_wants(port->host, &p->src, &p->grp))
			return true;
		if (r && r != by && r->running && mdp_wants(r->mdp, port->ifid, &p->src, &p->grp))
			return true;
	}
	return false;
}

/* RFC 3376 6.4.1 (RFC 3810 7.4.1): "EXCLUDE (X,Y) IS_EX (A): EXCLUDE (A-Y,Y*A), (A-X-Y)=GMI". A report of a host that wants a source deletes
 * it from X and Y. When that host has gone, the next report of those who exclude the source (an interval of general
 * queries later, at most) has it come for a Group Membership Interval yet, as long as the group is in EXCLUDE mode. Routers
 * that track hosts know better and are held to it. */
static bool excluded_late(
	const struct sim_link *l, const struct sim_router *by, const struct sim_packet *p)
{
	uint64_t now = by->s->now_us, since;
	bool exclude = false, wanted = false;

	since = now > EXCLUDED_LATE_US ? now - EXCLUDED_LATE_US : 0;
	for (unsigned i = 0; i < l->n_ports; i++) {
		const struct sim_host *h = l->ports[i]->host;

		exclude |= h && sim_host_excludes(h, &p->grp);
		wanted |= h && sim_host_wanted_since(h, &p->src, &p->grp, since);
	}
	return exclude && wanted && sim_port_of(by, l)->gmp.leave == GMP_LEAVE_QUERY;
}

void sim_saw_link(struct sim_link *l, const struct sim_router *by, const struct sim_packet *p)
{
	struct sim_tally *t = p->source->tally;

	l->data_packets++;
	if (!t || !cell(t->links, l->index, p))
		return;
	bump(cell(t->links, l->index, p));
	if (by && !is_wanted(l, by, p) && !sim_prune_pending(by, l, &p->src, &p->grp) &&
		!excluded_late(l, by, p)) {
		bump(&t->unwanted[l->index]);
		t->by = by;
	}
}

void sim_saw_host(struct sim_host *h, const struct sim_packet *p)
{
	if (!sim_host_wants(h, &p->src, &p->grp))
		return;
	h->received++;
	h->s->data_delivered++;
	if (p->source->tally)
		bump(cell(p->source->tally->hosts, h->index, p));
}

static bool counts(const struct sim_packet *p)
{
	return p->source->tally && cell(p->source->tally->links, 0, p);
}

void sim_saw_loop(const struct sim_router *r, const struct sim_packet *p, const char *what)
{
	char src[IP_STRLEN], grp[IP_STRLEN], path[200] = "";
	size_t n = 0;

	r->s->loops++;
	SIM_TRACE(r->s, r->name, "packet %u of (%s, %s) %s", p->seq,
		ip_str(&p->src, src, sizeof(src)), ip_str(&p->grp, grp, sizeof(grp)), what);
	if (!counts(p))
		return;
	for (unsigned i = 0; i < p->n_path && n < sizeof(path); i++)
		n += (size_t)snprintf(
			path + n, sizeof(path) - n, " %s", r->s->routers[p->path[i]]->name);
	sim_fail(r->s, "packet %u of (%s, %s) %s at %s after%s", p->seq,
		ip_str(&p->src, src, sizeof(src)), ip_str(&p->grp, grp, sizeof(grp)), what, r->name,
		path);
}

/* --- the verdict --------------------------------------------------------------------------------------- */

static bool is_ssm(const struct ipaddr *grp)
{
	if (grp->family == IP_V4)
		return grp->b[0] == 232;
	return grp->b[0] == 0xff && grp->b[1] >> 4 == 3 && !grp->b[2] && !grp->b[3];
}

/* Joins without a source are nothing in the SSM range (RFC 4607 section 4.2). */
static bool must_receive(const struct sim_host *h, const struct sim_source *src)
{
	struct ipaddr ip = sim_host_ip(src->host);
	struct sim_filter_state only = {.mode = SIM_INCLUDE};

	if (h == src->host || !sim_host_wants(h, &ip, &src->grp))
		return false;
	for (size_t i = 0; is_ssm(&src->grp) && i < h->n_groups; i++)
		if (ip_eq(&h->groups[i].grp, &src->grp))
			only = h->groups[i].now;
	return !is_ssm(&src->grp) || (h->version == 3 && only.mode == SIM_INCLUDE);
}

static const char *flow_str(const struct sim_source *src, char *buf, size_t cap)
{
	struct ipaddr ip = sim_host_ip(src->host);
	char a[IP_STRLEN], g[IP_STRLEN];

	snprintf(buf, cap, "(%s, %s)", ip_str(&ip, a, sizeof(a)), ip_str(&src->grp, g, sizeof(g)));
	return buf;
}

static void judge_host(struct sim *s, const struct sim_source *src, const struct sim_host *h)
{
	const struct sim_tally *t = src->tally;
	unsigned missing = 0, twice = 0, n = t->to - t->from;
	char flow[100];

	for (unsigned i = 0; i < n; i++) {
		uint8_t copies = t->hosts[(size_t)h->index * t->cap + i];

		missing += copies == 0;
		twice += copies > 1;
	}
	flow_str(src, flow, sizeof(flow));
	if (missing)
		sim_fail(s, "%s misses %u of %u packets of %s", h->name, missing, n, flow);
	if (twice)
		sim_fail(
			s, "%s has %u of %u packets of %s more than once", h->name, twice, n, flow);
}

static void judge_link(struct sim *s, const struct sim_source *src, const struct sim_link *l)
{
	const struct sim_tally *t = src->tally;
	unsigned twice = 0, n = t->to - t->from;
	char flow[100];

	for (unsigned i = 0; i < n; i++)
		twice += t->links[(size_t)l->index * t->cap + i] > 1;
	flow_str(src, flow, sizeof(flow));
	if (twice)
		sim_fail(s, "%s carries %u of %u packets of %s more than once", l->name, twice, n,
			flow);
	if (t->unwanted[l->index])
		sim_fail(s, "%s carries %u packets of %s from %s that nobody wants there", l->name,
			t->unwanted[l->index], flow, t->by->name);
}

static void judge(struct sim *s, const struct sim_source *src)
{
	for (unsigned i = 0; i < s->n_hosts; i++)
		if (must_receive(s->hosts[i], src))
			judge_host(s, src, s->hosts[i]);
	for (unsigned i = 0; !s->hosts_only && i < s->n_links; i++)
		judge_link(s, src, s->links[i]);
}

unsigned sim_check(struct sim *s, double seconds)
{
	unsigned before = s->failures;

	for (unsigned i = 0; i < s->n_sources; i++)
		if (s->sources[i]->on)
			s->sources[i]->tally = tally_new(s, s->sources[i], seconds);
	sim_run(s, seconds);
	for (unsigned i = 0; i < s->n_sources; i++)
		if (s->sources[i]->tally) {
			s->sources[i]->tally->to = s->sources[i]->seq;
			s->sources[i]->tally->open = false;
		}
	sim_run(s, DRAIN_S);
	for (unsigned i = 0; i < s->n_sources; i++) {
		if (s->sources[i]->tally)
			judge(s, s->sources[i]);
		tally_free(s->sources[i]->tally);
		s->sources[i]->tally = NULL;
	}
	return s->failures - before;
}

/* --- nothing left ---------------------------------------------------------------------------------------- */

void sim_baseline(struct sim *s)
{
	for (unsigned i = 0; i < s->n_routers; i++)
		if (s->routers[i]->running)
			s->routers[i]->baseline_timers = runner_timers(s->routers[i]->r);
}

static void left(const struct sim_router *r, const char *what, size_t n, size_t allowed)
{
	if (n > allowed)
		sim_fail(r->s, "%s has %zu %s left, %zu allowed", r->name, n, what, allowed);
}

unsigned sim_check_empty(struct sim *s)
{
	unsigned before = s->failures;

	for (unsigned i = 0; i < s->n_routers; i++) {
		const struct sim_router *r = s->routers[i];

		if (!r->running)
			continue;
		left(r, "TIB entries", tib_count(r->tib), 0);
		left(r, "routes", r->mdp->routes.n, 0);
		left(r, "lists", mdp_count_lists(r->mdp), 0);
		left(r, "oifs", mdp_count_oifs(r->mdp), 0);
		left(r, "timers", runner_timers(r->r), r->baseline_timers);
		if (r->pim_no >= 0)
			sim_member_left(r);
	}
	return s->failures - before;
}
