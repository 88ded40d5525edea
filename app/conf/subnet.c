/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Two interfaces in one subnet: which of them leads to a host of it nobody could tell. Subnets within
 * others are no such case, for the longer one decides; nor are the link-local ones, which every link has.
 */
#include "app/conf/conf_priv.h"
#include "control/base/route_key.h"

struct subnet {
	struct prefix p;
	struct ipaddr ip; /* the interface's in it */
	const struct conf_if *ifp;
};

static int subnet_cmp(const void *a, const void *b)
{
	const struct subnet *x = a, *y = b;
	int d = (int)x->ifp->net.table - (int)y->ifp->net.table;

	if (d == 0)
		d = prefix_cmp(&x->p, &y->p);
	return d ? d : (x->ifp > y->ifp) - (x->ifp < y->ifp);
}

bool ip_is_link_local(const struct ipaddr *a)
{
	if (a->family == IP_V4)
		return a->b[0] == 169 && a->b[1] == 254;
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* Whether an address makes a subnet that is only one interface's. */
static bool counts(const struct net_addr *a)
{
	if (a->len == ip_bits(&a->ip))
		return false;
	return !ip_is_link_local(&a->ip) || (a->ip.family == IP_V4 && a->len > 16);
}

static size_t collect(const struct conf *c, struct subnet *v)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_ifs; i++)
		for (unsigned j = 0; j < c->ifs[i].net.n_addrs; j++) {
			const struct net_addr *a = &c->ifs[i].net.addrs[j];

			if (counts(a))
				v[n++] = (struct subnet){
					prefix_make(a->ip, a->len), a->ip, &c->ifs[i]};
		}
	return n;
}

/* An interface may have several addresses of a subnet; the same address twice is check_addrs' business. */
static bool clash(const struct subnet *a, const struct subnet *b)
{
	return a->ifp != b->ifp && a->ifp->net.table == b->ifp->net.table &&
	       prefix_eq(&a->p, &b->p) && !ip_eq(&a->ip, &b->ip);
}

static void report(struct conf_reader *r, const struct subnet *a, const struct subnet *b)
{
	char buf[PREFIX_STRLEN];

	problem_add(r, (unsigned)b->ifp->line,
		"interface '%s' is in the subnet %s, in which interface '%s' (line %d) is already: "
		"give each a subnet of its own",
		b->ifp->net.name, prefix_str(&b->p, buf, sizeof(buf)), a->ifp->net.name,
		a->ifp->line);
}

void check_subnets(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	struct subnet *v;
	size_t total = 0, n;

	for (size_t i = 0; i < c->n_ifs; i++)
		total += c->ifs[i].net.n_addrs;
	v = total ? reader_array(r, (int)total, sizeof(*v)) : NULL;
	if (!v)
		return;
	n = collect(c, v);
	qsort(v, n, sizeof(*v), subnet_cmp);
	for (size_t i = 1; i < n; i++)
		if (clash(&v[i - 1], &v[i]))
			report(r, &v[i - 1], &v[i]);
	free(v);
}
