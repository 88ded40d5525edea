/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a file may say and hardly anybody means: it is valid, and does less than it seems to.
 */
#include "app/conf/conf_priv.h"
#include "control/base/route_key.h"

#include <stdarg.h>

struct warn {
	const struct conf *c;
	FILE *to;
};

static void warn(const struct warn *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void warn(const struct warn *w, const char *fmt, ...)
{
	va_list ap;

	fprintf(w->to, "%s: warning: ", w->c->path);
	va_start(ap, fmt);
	vfprintf(w->to, fmt, ap);
	va_end(ap);
	fputc('\n', w->to);
}

/* --- Registers' source ------------------------------------------------------------------------------ */

/* An address that no interface of the file has may still be one that Linux gives a twin. */
static bool address_listed(const struct conf *c, const struct ipaddr *ip)
{
	for (size_t i = 0; i < c->n_ifs; i++)
		for (unsigned k = 0; k < c->ifs[i].net.n_addrs; k++)
			if (ip_eq(&c->ifs[i].net.addrs[k].ip, ip))
				return true;
	return false;
}

static void warn_register_source(const struct warn *w)
{
	char ip[IP_STRLEN];

	for (unsigned f = 0; f < 2; f++) {
		const struct ipaddr *src = &w->c->pim.register_source[f];

		if (!ip_is_none(src) && !address_listed(w->c, src))
			warn(w,
				"pim.register_source %s is no address of an interface in the file: "
				"unless Linux adds it to one, Registers leave from the interface "
				"towards the RP",
				ip_str(src, ip, sizeof(ip)));
	}
}

/* --- RPs -------------------------------------------------------------------------------------------- */

/* The last address of a subnet. */
static struct ipaddr broadcast_of(const struct prefix *subnet)
{
	struct ipaddr ip = subnet->addr;

	for (unsigned bit = subnet->len; bit < ip_bits(&ip); bit++)
		ip.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return ip;
}

/* What an address is in one of the router's IPv4 subnets that no router can have, or NULL. RFC 3021: two
 * addresses have neither. */
static const char *nobody_in(const struct net_addr *a, const struct ipaddr *ip)
{
	const struct prefix subnet = prefix_make(a->ip, a->len);
	struct ipaddr last;

	if (a->ip.family != IP_V4 || a->len > 30)
		return NULL;
	last = broadcast_of(&subnet);
	return ip_eq(ip, &last) ? "broadcast" : ip_eq(ip, &subnet.addr) ? "network" : NULL;
}

static void warn_rp_subnet(const struct warn *w, const struct ipaddr *rp)
{
	char ip[IP_STRLEN], subnet[PREFIX_STRLEN];

	for (size_t i = 0; i < w->c->n_ifs; i++) {
		const struct net_if_conf *n = &w->c->ifs[i].net;

		for (unsigned k = 0; k < n->n_addrs; k++) {
			const char *what = nobody_in(&n->addrs[k], rp);
			const struct prefix p = prefix_make(n->addrs[k].ip, n->addrs[k].len);

			if (what)
				warn(w,
					"RP %s is the %s address of %s, the subnet of interface "
					"'%s': no router has it",
					ip_str(rp, ip, sizeof(ip)), what,
					prefix_str(&p, subnet, sizeof(subnet)), n->name);
		}
	}
}

/* IPv4's link-local addresses are as good as others where somebody routes them. */
static void warn_rp_address(const struct warn *w, const struct ipaddr *rp)
{
	char ip[IP_STRLEN];

	if (rp->family == IP_V6 && ip_is_link_local(rp))
		warn(w,
			"RP %s is a link-local address: routers behind another link cannot reach it; "
			"choose one that is routed",
			ip_str(rp, ip, sizeof(ip)));
	warn_rp_subnet(w, rp);
}

static void warn_rp_ssm(const struct warn *w, const struct pim_config *pim,
	const struct pim_rp_config *rp, const struct prefix *groups)
{
	char ip[IP_STRLEN], a[PREFIX_STRLEN], b[PREFIX_STRLEN];

	for (size_t i = 0; i < pim->n_ssm; i++)
		if (prefix_covers(&pim->ssm[i], groups)) {
			warn(w,
				"groups %s of RP %s are in the SSM range %s, where no RP is used: they "
				"have no effect",
				prefix_str(groups, a, sizeof(a)),
				ip_str(&rp->address, ip, sizeof(ip)),
				prefix_str(&pim->ssm[i], b, sizeof(b)));
			return;
		}
}

/* An RP and one of its group prefixes. */
struct rp_groups {
	const struct ipaddr *rp;
	struct prefix groups;
};

static int rp_groups_cmp(const void *a, const void *b)
{
	const struct rp_groups *x = a, *y = b;
	int d = ip_cmp(x->rp, y->rp);

	return d ? d : prefix_cmp(&x->groups, &y->groups);
}

/* All pairs of the file, the whole family where an RP names no groups. */
static struct rp_groups *rp_groups_of(const struct pim_config *pim, size_t *n)
{
	size_t total = 0;
	struct rp_groups *v;

	for (size_t i = 0; i < pim->n_rps; i++)
		total += pim->rps[i].n_groups ? pim->rps[i].n_groups : 1;
	*n = 0;
	v = calloc(total ? total : 1, sizeof(*v));
	for (size_t i = 0; v && i < pim->n_rps; i++) {
		const struct pim_rp_config *rp = &pim->rps[i];

		if (!rp->n_groups)
			v[(*n)++] = (struct rp_groups){
				&rp->address, pim_all_groups(rp->address.family)};
		for (uint32_t k = 0; k < rp->n_groups; k++)
			v[(*n)++] = (struct rp_groups){&rp->address, rp->groups[k]};
	}
	return v;
}

static void warn_rp_twice(const struct warn *w, const struct pim_config *pim)
{
	char ip[IP_STRLEN], prefix[PREFIX_STRLEN];
	struct rp_groups *v;
	size_t n;

	v = rp_groups_of(pim, &n);
	if (!v)
		return;
	qsort(v, n, sizeof(*v), rp_groups_cmp);
	for (size_t i = 1; i < n; i++) {
		if (rp_groups_cmp(&v[i - 1], &v[i]) || (i > 1 && !rp_groups_cmp(&v[i - 2], &v[i])))
			continue;
		warn(w, "RP %s is named more than once for groups %s: once is enough",
			ip_str(v[i].rp, ip, sizeof(ip)),
			prefix_str(&v[i].groups, prefix, sizeof(prefix)));
	}
	free(v);
}

static void warn_rps(const struct warn *w)
{
	struct pim_config pim;

	if (conf_pim(w->c, &pim))
		return;
	for (size_t i = 0; i < pim.n_rps; i++) {
		warn_rp_address(w, &pim.rps[i].address);
		for (uint32_t k = 0; k < pim.rps[i].n_groups; k++)
			warn_rp_ssm(w, &pim, &pim.rps[i], &pim.rps[i].groups[k]);
	}
	warn_rp_twice(w, &pim);
	free((void *)(uintptr_t)pim.ifs);
}

/* --- switchover ------------------------------------------------------------------------------------- */

static void warn_spt(const struct warn *w)
{
	struct pim_config defaults;

	pim_config_default(&defaults);
	if (w->c->pim.spt != PIM_SPT_RATE && w->c->pim.spt_rate_kbps != defaults.spt_rate_kbps)
		warn(w, "pim.spt_rate_kbps has no effect without spt_switchover = \"rate\": write "
			"that, too, or leave it out");
}

void conf_warn(const struct conf *c, FILE *to)
{
	const struct warn w = {c, to};

	warn_register_source(&w);
	warn_rps(&w);
	warn_spt(&w);
}
