/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Membership and PIM on the routers of the simulator: their configuration, what they have left over, and
 * what they know, as text. Looks into PIM's own structs, for a simulator is a test.
 */
#include "control/pim/sm/sm_priv.h"
#include "tests/sim/priv.h"

void sim_port_protocols(struct sim_port *p)
{
	gmp_if_config_default(&p->gmp, IP_V4);
	pim_if_config_default(&p->pim);
	snprintf(p->gmp.interface, sizeof(p->gmp.interface), "%s", p->link->name);
	snprintf(p->pim.interface, sizeof(p->pim.interface), "%s", p->link->name);
}

void sim_router_protocols(struct sim_router *r)
{
	pim_config_default(&r->pim);
	snprintf(r->pim.name, sizeof(r->pim.name), "%s", r->name);
}

/* --- configuration -------------------------------------------------------------------------------- */

struct gmp_if_config sim_gmp_if(const struct sim_port *p, enum ip_family family)
{
	struct gmp_if_config c = p->gmp;

	c.family = family;
	if (family == IP_V6 && c.version > 1)
		c.version--;
	return c;
}

static void gmp_configure(struct sim_router *r)
{
	struct gmp_if_config *ifs = sim_alloc(SIM_FAMILIES * r->n_ports * sizeof(*ifs));
	struct gmp_config c;
	char err[200];

	gmp_config_default(&c);
	for (unsigned k = 0; k < SIM_FAMILIES; k++)
		for (unsigned i = 0; i < r->n_ports && sim_has(r->s, sim_families[k]); i++)
			ifs[c.n_ifs++] = sim_gmp_if(r->ports[i], sim_families[k]);
	c.ifs = ifs;
	if (gmp_config_check(&c, err, sizeof(err)))
		sim_fail(r->s, "%s: gmp: %s", r->name, err);
	runner_config(r->r, (uint16_t)r->gmp_no, &c, sim_clock(r));
	free(ifs);
}

/* The ports, and the loopbacks, whose addresses are RPs. */
static struct pim_if_config *pim_ifs(const struct sim_router *r, size_t *n)
{
	struct pim_if_config *ifs = sim_alloc((r->n_ports + r->n_loopbacks) * sizeof(*ifs));

	for (*n = 0; *n < r->n_ports; (*n)++)
		ifs[*n] = r->ports[*n]->pim;
	for (unsigned i = 0; i < r->n_loopbacks; i++, (*n)++) {
		pim_if_config_default(&ifs[*n]);
		snprintf(ifs[*n].interface, sizeof(ifs[*n].interface), "lo%u", i);
	}
	for (size_t i = 0; i < *n; i++) {
		ifs[i].ipv4 = r->s->ipv4;
		ifs[i].ipv6 = r->s->ipv6;
	}
	return ifs;
}

static void pim_configure(struct sim_router *r)
{
	struct pim_config c = r->pim;
	struct pim_rp_config rps[SIM_FAMILIES * SIM_RPS_MAX];
	struct prefix groups[SIM_FAMILIES * SIM_RPS_MAX];
	struct pim_if_config *ifs = pim_ifs(r, &c.n_ifs);
	char err[200];

	for (unsigned k = 0; k < SIM_FAMILIES; k++)
		for (unsigned i = 0; i < r->n_rps && sim_has(r->s, sim_families[k]); i++) {
			groups[c.n_rps] = sim_net(sim_families[k], &r->rps[i].groups);
			rps[c.n_rps] = (struct pim_rp_config){
				.address = sim_ip(sim_families[k], &r->rps[i].rp),
				.n_groups = 1,
				.groups = &groups[c.n_rps]};
			c.n_rps++;
		}
	c.ifs = ifs;
	c.rps = rps;
	c.seed = r->s->seed * 1000003 + r->index * 1009u + r->boots;
	if (pim_config_check(&c, err, sizeof(err)))
		sim_fail(r->s, "%s: pim: %s", r->name, err);
	runner_config(r->r, (uint16_t)r->pim_no, &c, sim_clock(r));
	free(ifs);
}

void sim_member_boot(struct sim_router *r)
{
	r->gmp_no = runner_add(r->r, &gmp_proto);
	r->pim_no = runner_add(r->r, &pim_proto);
	if (r->gmp_no < 0 || r->pim_no < 0)
		sim_fail(r->s, "%s: no gmp or pim", r->name);
}

void sim_member_config(struct sim_router *r)
{
	uint8_t gmp = (r->s->ipv4 ? DP_PROTO_IGMP : 0) | (r->s->ipv6 ? DP_PROTO_MLD : 0);

	for (unsigned i = 0; i < r->n_ports; i++) {
		const struct sim_port *p = r->ports[i];

		net_if_proto(r->net, p->ifid,
			(p->gmp.enabled ? gmp : 0) |
				(p->pim.mode == PIM_MODE_SPARSE ? DP_PROTO_PIM : 0));
	}
	gmp_configure(r);
	pim_configure(r);
}

void sim_configure(struct sim_router *r)
{
	if (!r->running)
		return;
	SIM_TRACE(r->s, r->name, "configured anew");
	sim_router_enter(r);
	sim_protos_config(r);
	sim_router_leave(r);
}

/* --- RPs -------------------------------------------------------------------------------------------- */

void sim_router_rp(struct sim_router *r, const char *rp, const char *groups)
{
	struct sim_rp *to = &r->rps[r->n_rps];

	if (r->n_rps == SIM_RPS_MAX) {
		sim_fail(r->s, "%s: no RP for %s", r->name, groups);
		return;
	}
	to->groups = sim_prefix(IP_V4, groups);
	to->rp = sim_addr(IP_V4, rp);
	r->n_rps++;
	sim_configure(r);
}

void sim_router_rp_clear(struct sim_router *r)
{
	r->n_rps = 0;
	sim_configure(r);
}

void sim_rp(struct sim *s, const char *rp, const char *groups)
{
	for (unsigned i = 0; i < s->n_routers; i++)
		sim_router_rp(s->routers[i], rp, groups);
}

void sim_rp_clear(struct sim *s)
{
	for (unsigned i = 0; i < s->n_routers; i++)
		sim_router_rp_clear(s->routers[i]);
}

void sim_spt(struct sim *s, enum pim_spt spt)
{
	for (unsigned i = 0; i < s->n_routers; i++) {
		s->routers[i]->pim.spt = (uint8_t)spt;
		sim_configure(s->routers[i]);
	}
}

/* --- looking in ---------------------------------------------------------------------------------------- */

const struct pim_sm *sim_sm(const struct sim_router *r)
{
	return r->pim_no < 0 ? NULL : pim_sm_of(runner_instance(r->r, (uint16_t)r->pim_no));
}

struct count {
	const struct sim_port *port;
	enum ip_family family;
	struct ipaddr dr;
	size_t n;
};

static bool count_neighbor(void *arg, const struct pim_neigh_info *n)
{
	struct count *c = arg;

	c->n += n->ifid == c->port->ifid && n->address.family == c->family;
	return true;
}

size_t sim_pim_neighbors(const struct sim_router *r, const struct sim_link *l)
{
	struct count c = {.port = sim_port_of(r, l), .family = sim_family(r->s)};

	pim_neigh_walk(runner_instance(r->r, (uint16_t)r->pim_no), count_neighbor, &c);
	return c.n;
}

static bool find_dr(void *arg, const struct pim_iface_info *i)
{
	struct count *c = arg;

	if (i->ifid == c->port->ifid && i->family == c->family)
		c->dr = i->dr;
	return true;
}

struct ipaddr sim_pim_dr(const struct sim_router *r, const struct sim_link *l)
{
	struct count c = {.port = sim_port_of(r, l), .family = sim_family(r->s)};

	pim_iface_walk(runner_instance(r->r, (uint16_t)r->pim_no), find_dr, &c);
	return c.dr;
}

static void left(const struct sim_router *r, const char *what, size_t n)
{
	if (n)
		sim_fail(r->s, "%s has %zu %s left", r->name, n, what);
}

void sim_member_left(const struct sim_router *r)
{
	const struct pim_sm *sm = sim_sm(r);

	for (unsigned i = 0; i < SIM_FAMILIES; i++)
		left(r, "groups of gmp",
			gmp_group_count(
				runner_instance(r->r, (uint16_t)r->gmp_no), sim_families[i]));
	left(r, "groups of pim", sm->groups.n);
	left(r, "sources of pim", sm->sources.n);
	left(r, "peers of pim", sm->peers.n);
}

static bool is_pending(const struct sm_entry *e, uint16_t ifid)
{
	const struct sm_oif *o;

	LIST_FOREACH (o, &e->oifs, link) {
		if (o->iface->ifid == ifid)
			return o->ds == DS_PRUNE_PENDING || o->ds_rpt == DS_RPT_PRUNE_PENDING;
	}
	return false;
}

bool sim_prune_pending(const struct sim_router *r, const struct sim_link *l,
	const struct ipaddr *src, const struct ipaddr *grp)
{
	const struct pim_sm *sm = sim_sm(r);
	uint16_t ifid = sim_port_of(r, l)->ifid;
	const struct sm_group *g = sm ? sm_group_find(sm, grp) : NULL;
	const struct sm_source *s = g ? sm_source_find(sm, src, grp) : NULL;

	return (g && is_pending(&g->star, ifid)) || (s && is_pending(&s->sg, ifid));
}

/* --- as text --------------------------------------------------------------------------------------------- */

static void dump_oifs(const struct sim_router *r, const struct sm_entry *e, FILE *f)
{
	static const char *const ds[] = {"-", "J", "PP"},
				 *const rpt[] = {"-", "P", "PP", "P'", "PP'"},
				 *const as[] = {"-", "W", "L"}, *const member[] = {"-", "I", "E"};
	const struct sm_oif *o;
	char ip[IP_STRLEN];

	LIST_FOREACH (o, &e->oifs, link) {
		const struct sim_port *p = sim_router_port(r, o->iface->ifid);

		fprintf(f, " %s[ds %s rpt %s member %s assert %s", p ? p->link->name : "?",
			ds[o->ds], rpt[o->ds_rpt], member[o->member], as[o->assert]);
		if (o->assert)
			fprintf(f, " %s %s%u/%u%s",
				ip_str(&AssertWinner(o)->address, ip, sizeof(ip)),
				AssertWinner(o)->rpt_bit ? "RPT " : "", AssertWinner(o)->preference,
				AssertWinner(o)->metric,
				timer_armed(&o->iface->odd_metrics) ? " odd" : "");
		fprintf(f, "]");
	}
}

static void dump_entry(const struct sim_router *r, const struct sm_entry *e, FILE *f)
{
	const struct sim_port *p = sim_router_port(r, rpf_of(&e->up)->ifid);
	char ip[IP_STRLEN];

	fprintf(f, " up %s nbr %s rpf %s %u/%u", e->up.state == UP_JOINED ? "Joined" : "NotJoined",
		ip_str(&e->up.nbr, ip, sizeof(ip)), p ? p->link->name : "-",
		rpf_of(&e->up)->preference, rpf_of(&e->up)->metric);
	dump_oifs(r, e, f);
	fputc('\n', f);
}

static void dump_group(const struct sim_router *r, const struct sm_group *g, FILE *f)
{
	static const char *const rpt[] = {"RPTNotJoined", "Pruned", "NotPruned"},
				 *const reg[] = {"NoInfo", "Join", "JoinPending", "Prune"};
	const struct sm_source *s;
	char a[IP_STRLEN], b[IP_STRLEN];

	fprintf(f, "  pim (*, %s) RP %s", ip_str(&g->grp, a, sizeof(a)),
		ip_str(RP_G(g), b, sizeof(b)));
	dump_entry(r, &g->star, f);
	LIST_FOREACH (s, &g->sources, in_group) {
		fprintf(f, "  pim (%s, %s) spt %d kat %d rpt %s reg %s",
			ip_str(src_of(s), b, sizeof(b)), ip_str(&g->grp, a, sizeof(a)), s->spt_bit,
			timer_armed(&s->kat), rpt[s->up_rpt], reg[s->reg]);
		dump_entry(r, &s->sg, f);
	}
}

struct dump {
	const struct sim_router *r;
	FILE *f;
};

static bool dump_neighbor(void *arg, const struct pim_neigh_info *n)
{
	const struct dump *d = arg;
	const struct sim_port *p = sim_router_port(d->r, n->ifid);
	char ip[IP_STRLEN];

	fprintf(d->f, "  neighbor %s on %s%s\n", ip_str(&n->address, ip, sizeof(ip)),
		p ? p->link->name : "?", n->is_dr ? " DR" : "");
	return true;
}

static bool dump_membership(void *arg, const struct gmp_group_info *g)
{
	const struct dump *d = arg;
	char ip[IP_STRLEN];

	fprintf(d->f, "  member %s on %s %s sources %u hosts %u\n", ip_str(&g->grp, ip, sizeof(ip)),
		g->interface, g->exclude ? "EXCLUDE" : "INCLUDE", g->n_sources, g->n_hosts);
	return true;
}

void sim_member_dump(const struct sim_router *r, FILE *f)
{
	const struct pim_sm *sm = sim_sm(r);
	struct dump d = {.r = r, .f = f};

	pim_neigh_walk(runner_instance(r->r, (uint16_t)r->pim_no), dump_neighbor, &d);
	for (unsigned i = 0; i < SIM_FAMILIES; i++)
		gmp_group_walk(runner_instance(r->r, (uint16_t)r->gmp_no), sim_families[i], 0, NULL,
			sim_clock(r), dump_membership, &d);
	for (struct hash_node *h = hash_next(&sm->groups, NULL); h; h = hash_next(&sm->groups, h))
		dump_group(r, container_of(h, struct sm_group, node), f);
}
