/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What only the whole file can tell: duplicates, and references between sections. Duplicates are
 * found by sorting, for lists may be long.
 */
#include "app/conf/conf_priv.h"

/* Two elements of a list that must not be equal in some way. Reports the later one. */
struct dup {
	const void *base;
	size_t size;
	int (*cmp)(const void *a, const void *b); /* 0: the same; elements without value: not 0 */
	void (*report)(struct conf_reader *r, const void *first, const void *second);
};

static int dup_order(const void *a, const void *b, void *arg)
{
	const struct dup *d = arg;
	const void *x = *(const void *const *)a, *y = *(const void *const *)b;
	int c = d->cmp(x, y);

	if (c)
		return c;
	return x < y ? -1 : x > y;
}

static void dup_find(struct conf_reader *r, const struct dup *d, size_t n)
{
	const void **v;

	if (n < 2)
		return;
	v = calloc(n, sizeof(*v));
	if (!v) {
		r->no_memory = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		v[i] = (const char *)d->base + i * d->size;
	qsort_r(v, n, sizeof(*v), dup_order, (void *)(uintptr_t)d);
	for (size_t i = 1; i < n; i++)
		if (d->cmp(v[i - 1], v[i]) == 0)
			d->report(r, v[i - 1], v[i]);
	free(v);
}

/* --- ports ------------------------------------------------------------------------------------------- */

static int port_name_cmp(const void *a, const void *b)
{
	const struct conf_port *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void port_name_twice(struct conf_reader *r, const void *first, const void *second)
{
	const struct conf_port *a = first, *b = second;

	if (a->name[0])
		problem_add(r, (unsigned)b->line,
			"duplicate port name '%s': line %d has it already; "
			"write another",
			b->name, a->line);
}

/* A device without its arguments, PCI addresses without the usual domain. */
static const char *device_key(const char *d, size_t *len)
{
	if (strncmp(d, "0000:", 5) == 0)
		d += 5;
	*len = strcspn(d, ",");
	return d;
}

static int device_cmp(const void *a, const void *b)
{
	size_t la, lb;
	const char *x = device_key(((const struct conf_port *)a)->device, &la);
	const char *y = device_key(((const struct conf_port *)b)->device, &lb);
	int d = strncasecmp(x, y, la < lb ? la : lb);

	return d ? d : (la > lb) - (la < lb);
}

static void device_twice(struct conf_reader *r, const void *first, const void *second)
{
	const struct conf_port *a = first, *b = second;

	if (a->device[0])
		problem_add(r, (unsigned)b->line,
			"port '%s' has the device of port '%s' (line %d): a "
			"device can be one port only",
			b->name, a->name, a->line);
}

static int netdev_cmp(const void *a, const void *b)
{
	char x[32] = "", y[32] = "";

	device_netdev(((const struct conf_port *)a)->device, x, sizeof(x));
	device_netdev(((const struct conf_port *)b)->device, y, sizeof(y));
	return strcmp(x, y);
}

static void netdev_twice(struct conf_reader *r, const void *first, const void *second)
{
	const struct conf_port *a = first, *b = second;
	char name[32];

	if (device_cmp(a, b) && device_netdev(b->device, name, sizeof(name)))
		problem_add(r, (unsigned)b->line,
			"port '%s' uses the kernel interface '%s' of port '%s' "
			"(line %d): one port only can",
			b->name, name, a->name, a->line);
}

void check_ports(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	struct dup d = {.base = c->ports, .size = sizeof(*c->ports)};

	d.cmp = port_name_cmp, d.report = port_name_twice;
	dup_find(r, &d, c->n_ports);
	d.cmp = device_cmp, d.report = device_twice;
	dup_find(r, &d, c->n_ports);
	d.cmp = netdev_cmp, d.report = netdev_twice;
	dup_find(r, &d, c->n_ports);
}

/* --- interfaces -------------------------------------------------------------------------------------- */

static int if_name_cmp(const void *a, const void *b)
{
	const struct conf_if *x = a, *y = b;

	return strcmp(x->net.name, y->net.name);
}

static void if_name_twice(struct conf_reader *r, const void *first, const void *second)
{
	const struct conf_if *a = first, *b = second;

	if (a->net.name[0])
		problem_add(r, (unsigned)b->line,
			"duplicate interface name '%s': line %d has it "
			"already; write another",
			b->net.name, a->line);
}

/* What an interface is on the wire: (port, VLANs) or tunnel endpoints and key. */
static int wire_cmp(const void *a, const void *b)
{
	const struct net_if_conf *x = &((const struct conf_if *)a)->net;
	const struct net_if_conf *y = &((const struct conf_if *)b)->net;
	int d = (int)x->kind - (int)y->kind;

	if (d == 0)
		d = strcmp(x->port, y->port);
	if (d == 0)
		d = (int)x->vlan - (int)y->vlan;
	if (d == 0)
		d = (int)x->vlan_inner - (int)y->vlan_inner;
	if (d == 0)
		d = ip_cmp(&x->gre.local, &y->gre.local);
	if (d == 0)
		d = ip_cmp(&x->gre.remote, &y->gre.remote);
	if (d == 0)
		d = (int)x->gre.has_key - (int)y->gre.has_key;
	return d ? d : (x->gre.key > y->gre.key) - (x->gre.key < y->gre.key);
}

static void wire_twice(struct conf_reader *r, const void *first, const void *second)
{
	const struct conf_if *a = first, *b = second;
	unsigned line = (unsigned)b->line;

	if (b->net.vlan == UINT16_MAX)
		return; /* an unreadable VLAN was reported */
	if (b->net.kind == DP_IF_GRE && b->net.gre.remote.family)
		problem_add(r, line,
			"interface '%s' has the tunnel endpoints and key of '%s' (line %d): "
			"give each its own key",
			b->net.name, a->net.name, a->line);
	else if (b->net.kind == DP_IF_ETHER && b->net.port[0] && b->net.vlan_inner)
		problem_add(r, line,
			"interface '%s' has port '%s' with vlan [ %u, %u ], like '%s' (line %d): "
			"write another vlan",
			b->net.name, b->net.port, b->net.vlan, b->net.vlan_inner, a->net.name,
			a->line);
	else if (b->net.kind == DP_IF_ETHER && b->net.port[0] && b->net.vlan)
		problem_add(r, line,
			"interface '%s' has port '%s' with vlan %u, like '%s' (line %d): "
			"write another vlan",
			b->net.name, b->net.port, b->net.vlan, a->net.name, a->line);
	else if (b->net.kind == DP_IF_ETHER && b->net.port[0])
		problem_add(r, line,
			"interface '%s' has port '%s' without vlan, like '%s' (line %d): "
			"give one of them a vlan",
			b->net.name, b->net.port, a->net.name, a->line);
}

/* An address of some interface, sorted to find those that stand twice. */
struct owned {
	struct ipaddr ip;
	const struct conf_if *ifp;
};

static int owned_cmp(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;
	int d = ip_cmp(&x->ip, &y->ip);

	return d ? d : x->ifp < y->ifp ? -1 : x->ifp > y->ifp;
}

static int owned_ip_cmp(const void *key, const void *b)
{
	return ip_cmp(key, &((const struct owned *)b)->ip);
}

/* All addresses in order; their number in *n. */
static struct owned *addrs_collect(struct conf_reader *r, size_t *n)
{
	const struct conf *c = r->conf;
	struct owned *v;
	size_t total = 0;

	for (size_t i = 0; i < c->n_ifs; i++)
		total += c->ifs[i].net.n_addrs;
	v = reader_array(r, (int)total, sizeof(*v));
	*n = 0;
	for (size_t i = 0; v && i < c->n_ifs; i++)
		for (unsigned j = 0; j < c->ifs[i].net.n_addrs; j++)
			v[(*n)++] = (struct owned){c->ifs[i].net.addrs[j].ip, &c->ifs[i]};
	if (v)
		qsort(v, *n, sizeof(*v), owned_cmp);
	return v;
}

/* A tunnel's local address may be one that the kernel has on a device of its own; only without any
 * twin is the file all there is. */
static void check_locals(struct conf_reader *r, const struct owned *addrs, size_t n)
{
	const struct conf *c = r->conf;
	char buf[IP_STRLEN];

	for (size_t i = 0; i < c->n_ifs; i++)
		if (c->ifs[i].net.exception)
			return;
	for (size_t i = 0; i < c->n_ifs; i++) {
		const struct conf_if *ifp = &c->ifs[i];

		if (ifp->net.kind != DP_IF_GRE || !ifp->net.gre.local.family ||
			(n && bsearch(&ifp->net.gre.local, addrs, n, sizeof(*addrs), owned_ip_cmp)))
			continue;
		problem_add(r, (unsigned)ifp->line,
			"gre of interface '%s': local %s is the address of no "
			"interface; give it to one with address = [ \"%s/32\" ];",
			ifp->net.name, ip_str(&ifp->net.gre.local, buf, sizeof(buf)), buf);
	}
}

static void check_addrs(struct conf_reader *r)
{
	struct owned *v;
	char buf[IP_STRLEN];
	size_t n;

	v = addrs_collect(r, &n);
	for (size_t i = 1; v && i < n; i++)
		if (ip_eq(&v[i].ip, &v[i - 1].ip))
			problem_add(r, (unsigned)v[i].ifp->line,
				"interface '%s' has address %s, which "
				"interface '%s' (line %d) has already; remove one",
				v[i].ifp->net.name, ip_str(&v[i].ip, buf, sizeof(buf)),
				v[i - 1].ifp->net.name, v[i - 1].ifp->line);
	check_locals(r, v, n);
	free(v);
}

/* A twin has its interface's name, so the netdev under an af_packet port cannot have it. */
static void check_twins(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	char netdev[32];

	for (size_t p = 0; p < c->n_ports; p++) {
		if (!device_netdev(c->ports[p].device, netdev, sizeof(netdev)))
			continue;
		for (size_t i = 0; i < c->n_ifs; i++)
			if (c->ifs[i].net.exception && strcmp(c->ifs[i].net.name, netdev) == 0)
				problem_add(r, (unsigned)c->ifs[i].line,
					"interface '%s' has the name of "
					"the kernel interface under port '%s': its twin in the kernel "
					"needs another name",
					netdev, c->ports[p].name);
	}
}

void check_ifs(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	struct dup d = {.base = c->ifs, .size = sizeof(*c->ifs)};

	d.cmp = if_name_cmp, d.report = if_name_twice;
	dup_find(r, &d, c->n_ifs);
	d.cmp = wire_cmp, d.report = wire_twice;
	dup_find(r, &d, c->n_ifs);
	check_addrs(r);
	check_subnets(r);
	check_twins(r);
}

/* --- rpf, neighbors ---------------------------------------------------------------------------------- */

static int rpf_cmp(const void *a, const void *b)
{
	const struct conf_rpf *x = a, *y = b;
	int d = ip_cmp(&x->prefix.addr, &y->prefix.addr);

	return d ? d : (int)x->prefix.len - (int)y->prefix.len;
}

static void rpf_twice(struct conf_reader *r, const void *first, const void *second)
{
	const struct conf_rpf *a = first, *b = second;
	char buf[IP_STRLEN];

	if (a->prefix.addr.family)
		problem_add(r, (unsigned)b->line,
			"rpf for %s/%u stands in line %d already; keep one",
			ip_str(&b->prefix.addr, buf, sizeof(buf)), b->prefix.len, a->line);
}

static int neigh_cmp(const void *a, const void *b)
{
	const struct conf_neigh *x = a, *y = b;
	int d = strcmp(x->interface, y->interface);

	return d ? d : ip_cmp(&x->address, &y->address);
}

static void neigh_twice(struct conf_reader *r, const void *first, const void *second)
{
	const struct conf_neigh *a = first, *b = second;
	char buf[IP_STRLEN];

	if (a->address.family && a->interface[0])
		problem_add(r, (unsigned)b->line,
			"neighbor %s on '%s' stands in line %d already; keep "
			"one",
			ip_str(&b->address, buf, sizeof(buf)), b->interface, a->line);
}

void check_lists(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	struct dup d = {.base = c->rpf, .size = sizeof(*c->rpf)};

	d.cmp = rpf_cmp, d.report = rpf_twice;
	dup_find(r, &d, c->n_rpf);
	d = (struct dup){c->neighs, sizeof(*c->neighs), neigh_cmp, neigh_twice};
	dup_find(r, &d, c->n_neighs);
}

/* --- routes ------------------------------------------------------------------------------------------- */

static int route_cmp(const void *a, const void *b)
{
	const struct dp_route_key *x = &((const struct static_route *)a)->key;
	const struct dp_route_key *y = &((const struct static_route *)b)->key;
	int d = ip_cmp(&x->grp.addr, &y->grp.addr);

	if (d == 0)
		d = ip_cmp(&x->src.addr, &y->src.addr);
	if (d == 0)
		d = (int)x->grp.len - (int)y->grp.len;
	return d ? d : (int)x->src.len - (int)y->src.len;
}

static void route_twice(struct conf_reader *r, const void *first, const void *second)
{
	const struct static_route *a = first, *b = second;
	char src[PREFIX_STRLEN], grp[PREFIX_STRLEN];

	if (!r->route_lines[a - r->conf->routes] || !r->route_lines[b - r->conf->routes])
		return; /* an unreadable key was reported */
	problem_add(r, r->route_lines[b - r->conf->routes],
		"static route (%s, %s) stands in line %u already; join their outputs",
		prefix_str(&b->key.src, src, sizeof(src)),
		prefix_str(&b->key.grp, grp, sizeof(grp)), r->route_lines[a - r->conf->routes]);
}

void check_routes(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	struct dup d = {c->routes, sizeof(*c->routes), route_cmp, route_twice};

	dup_find(r, &d, c->n_routes);
}
