/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Unicast routing: each router has the shortest paths of the topology as it was when it last looked, and
 * looks some time after each change (converge_us). Told to its net as routes of the kernel learnt by OSPF;
 * new ones before old ones go, as a routing daemon does it.
 */
#include "tests/sim/priv.h"

#define FAR UINT32_MAX
#define PROTOCOL_OSPF 188

/* What Dijkstra's algorithm knows of a router. */
struct reach {
	uint32_t dist;
	bool done;
	uint8_t n; /* first hops */
	struct net_path first[NET_PATHS_MAX];
};

static bool hears(const struct sim_port *a, const struct sim_port *b)
{
	return a->link == b->link && a->side == b->side && sim_port_usable(a) && sim_port_usable(b);
}

static void first_hop_add(struct reach *at, const struct net_path *p, bool ecmp)
{
	for (unsigned i = 0; i < at->n; i++)
		if (at->first[i].ifid == p->ifid && ip_eq(&at->first[i].gateway, &p->gateway))
			return;
	if (at->n < (ecmp ? NET_PATHS_MAX : 1))
		at->first[at->n++] = *p;
}

/* via is how to get to b's router: through port a of router from. */
static void relax(struct sim_router *root, struct reach *v, const struct sim_port *a,
	const struct sim_port *b)
{
	struct reach *from = &v[a->router->index], *to = &v[b->router->index];
	uint32_t dist = from->dist + a->cost;
	struct net_path direct = {.gateway = b->ip, .ifid = a->ifid, .weight = 1};

	if (dist > to->dist)
		return;
	if (dist < to->dist) {
		to->dist = dist;
		to->n = 0;
	}
	if (a->router == root) {
		first_hop_add(to, &direct, root->s->ecmp);
		return;
	}
	for (unsigned i = 0; i < from->n; i++)
		first_hop_add(to, &from->first[i], root->s->ecmp);
}

static void visit(struct sim_router *root, struct reach *v, const struct sim_router *at)
{
	for (unsigned i = 0; i < at->n_ports; i++) {
		const struct sim_port *a = at->ports[i];

		for (unsigned k = 0; k < a->link->n_ports; k++) {
			const struct sim_port *b = a->link->ports[k];

			if (b != a && b->router && hears(a, b))
				relax(root, v, a, b);
		}
	}
}

static struct reach *dijkstra(struct sim_router *root)
{
	struct sim *s = root->s;
	struct reach *v = sim_alloc(s->n_routers * sizeof(*v));

	for (unsigned i = 0; i < s->n_routers; i++)
		v[i].dist = i == root->index ? 0 : FAR;
	for (;;) {
		unsigned best = s->n_routers;

		for (unsigned i = 0; i < s->n_routers; i++)
			if (!v[i].done && v[i].dist < (best < s->n_routers ? v[best].dist : FAR))
				best = i;
		if (best == s->n_routers)
			return v;
		v[best].done = true;
		visit(root, v, s->routers[best]);
	}
}

/* --- routes --------------------------------------------------------------------------------------------- */

struct table {
	enum ip_family family; /* of what is added */
	bool global;           /* next hops by global addresses */
	struct sim_path *v;
	size_t n, cap;
};

/* Next hops of IPv6 are link-local addresses, as routing daemons say them, or global ones, as in static routes: these
 * PIM finds among what Hellos list (RFC 7761 section 4.3.4). */
static struct ipaddr gateway(const struct table *t, const struct ipaddr *number)
{
	return t->global ? sim_ip(t->family, number) : sim_link_ip(t->family, number);
}

static void table_add(
	struct table *t, const struct prefix *dst, uint32_t metric, const struct reach *at)
{
	struct sim_path *p;

	t->v = sim_grow(t->v, t->n, &t->cap, sizeof(*t->v));
	p = &t->v[t->n++];
	*p = (struct sim_path){.dst = sim_net(t->family, dst), .metric = metric, .n = at->n};
	memcpy(p->paths, at->first, sizeof(p->paths));
	for (unsigned i = 0; i < p->n; i++)
		p->paths[i].gateway = gateway(t, &p->paths[i].gateway);
}

static bool is_connected(const struct sim_router *r, const struct sim_link *l)
{
	const struct sim_port *p = sim_port_of(r, l);

	return p && sim_port_usable(p);
}

/* The nearest router on the link; of equals the first. */
static void add_link(
	struct sim_router *root, const struct reach *v, struct sim_link *l, struct table *t)
{
	const struct reach *best = NULL;
	uint32_t metric = FAR;

	if (!l->up || is_connected(root, l))
		return;
	for (unsigned i = 0; i < l->n_ports; i++) {
		const struct sim_port *p = l->ports[i];
		const struct reach *at = p->router ? &v[p->router->index] : NULL;

		if (!at || !sim_port_usable(p) || at->dist == FAR || at->dist + p->cost >= metric)
			continue;
		metric = at->dist + p->cost;
		best = at;
	}
	if (best && best->n)
		table_add(t, &l->subnet, metric, best);
}

static void add_family(struct sim_router *root, const struct reach *v, struct table *t)
{
	struct sim *s = root->s;

	for (unsigned i = 0; i < s->n_links; i++)
		add_link(root, v, s->links[i], t);
	for (unsigned i = 0; i < s->n_routers; i++)
		for (unsigned k = 0; k < s->routers[i]->n_loopbacks && v[i].n; k++) {
			struct prefix p = prefix_host(s->routers[i]->loopbacks[k]);

			table_add(t, &p, v[i].dist, &v[i]);
		}
}

static struct table table_make(struct sim_router *root)
{
	struct reach *v = dijkstra(root);
	struct table t = {.global = root->global_next_hops};

	for (unsigned i = 0; i < SIM_FAMILIES; i++) {
		t.family = sim_families[i];
		if (sim_has(root->s, t.family))
			add_family(root, v, &t);
	}
	free(v);
	return t;
}

static const struct sim_path *find(
	const struct sim_path *v, size_t n, const struct sim_path *like, bool paths)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].metric == like->metric && prefix_eq(&v[i].dst, &like->dst) &&
			(!paths || (v[i].n == like->n &&
					   !memcmp(v[i].paths, like->paths, sizeof(like->paths)))))
			return &v[i];
	return NULL;
}

static void tell(struct sim_router *r, const struct sim_path *p)
{
	struct net_route nr = {.dst = p->dst,
		.origin = NET_ROUTE_KERNEL,
		.protocol = PROTOCOL_OSPF,
		.n_paths = p->n,
		.metric = p->metric};

	memcpy(nr.paths, p->paths, sizeof(nr.paths));
	if (net_route_set(r->net, &nr))
		sim_fail(r->s, "%s: a unicast route was refused", r->name);
}

void sim_unicast_compute(struct sim_router *r)
{
	struct table t = table_make(r);
	unsigned changed = 0;

	sim_router_enter(r);
	for (size_t i = 0; i < t.n; i++)
		if (!find(r->paths, r->n_paths, &t.v[i], true)) {
			tell(r, &t.v[i]);
			changed++;
		}
	for (size_t i = 0; i < r->n_paths; i++)
		if (!find(t.v, t.n, &r->paths[i], false)) {
			net_route_del(
				r->net, &r->paths[i].dst, NET_ROUTE_KERNEL, r->paths[i].metric);
			changed++;
		}
	sim_router_leave(r);
	if (changed)
		SIM_TRACE(r->s, r->name, "unicast: %u changes, %zu routes", changed, t.n);
	free(r->paths);
	r->paths = t.v;
	r->n_paths = (uint32_t)t.n;
}

void sim_unicast_forget(struct sim_router *r)
{
	free(r->paths);
	r->paths = NULL;
	r->n_paths = 0;
}

static void converge(struct sim *s, void *arg, uint64_t boots)
{
	struct sim_router *r = arg;

	if (r->running && r->boots == boots)
		sim_unicast_compute(r);
}

void sim_unicast_changed(struct sim *s)
{
	for (unsigned i = 0; i < s->n_routers; i++)
		if (s->routers[i]->running)
			sim_at(s, s->now_us + s->routers[i]->converge_us, converge, s->routers[i],
				s->routers[i]->boots);
}

void sim_unicast_now(struct sim *s)
{
	for (unsigned i = 0; i < s->n_routers; i++)
		if (s->routers[i]->running)
			sim_unicast_compute(s->routers[i]);
}
