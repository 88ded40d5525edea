/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What can be wrong with a route that somebody wrote, each with the sentence that mends it.
 */
#include <errno.h>

#include "control/base/complain.h"
#include "control/static/static_priv.h"

static int check_group(const struct prefix *grp, const struct complaint *c)
{
	char g[PREFIX_STRLEN];
	bool v6 = grp->addr.family == IP_V6;

	prefix_str(grp, g, sizeof(g));
	if (ip_is_none(&grp->addr))
		return complain(c, "the group is missing: give one, such as 239.1.1.1");
	if (!ip_is_multicast(&grp->addr) || grp->len < (v6 ? 8 : 4))
		return complain(c, "group %s is not multicast: give an address or prefix in %s", g,
			v6 ? "ff00::/8" : "224.0.0.0/4");
	if (ip_is_multicast_link_local(&grp->addr) && grp->len >= (v6 ? 16 : 24))
		return complain(c,
			"group %s is link-local and never routed: give a group outside %s", g,
			v6 ? "ff00::/16, ff01::/16 and ff02::/16" : "224.0.0.0/24");
	return 0;
}

static int check_source(const struct dp_route_key *key, const struct complaint *c)
{
	const struct prefix *src = &key->src;
	char s[PREFIX_STRLEN], g[PREFIX_STRLEN];

	if (src->len == 0 && (ip_is_none(&src->addr) || ip_is_any(&src->addr))) {
		if (ip_is_none(&src->addr) || src->addr.family == key->grp.addr.family)
			return 0;
	}
	prefix_str(src, s, sizeof(s));
	prefix_str(&key->grp, g, sizeof(g));
	if (src->addr.family != key->grp.addr.family)
		return complain(c, "source %s and group %s are of different families", s, g);
	if (ip_is_multicast(&src->addr))
		return complain(c,
			"source %s is a multicast address: give the sender's own address, or *", s);
	if (ip_is_loopback(&src->addr))
		return complain(
			c, "source %s is a loopback address, whose packets are never routed", s);
	if (ip_is_any(&src->addr) && src->len == ip_bits(&src->addr))
		return complain(c, "source %s is no sender's address: give * for any source", s);
	return 0;
}

static int cmp_except(const void *a, const void *b)
{
	return prefix_cmp(*(const struct prefix *const *)a, *(const struct prefix *const *)b);
}

static int check_except(
	const struct dp_route_key *key, const struct prefix *p, const struct complaint *c)
{
	char e[PREFIX_STRLEN], s[PREFIX_STRLEN];

	prefix_str(p, e, sizeof(e));
	prefix_str(&key->src, s, sizeof(s));
	if (p->addr.family != key->grp.addr.family)
		return complain(c, "except %s and the group are of different families", e);
	if (ip_is_multicast(&p->addr) && p->len > 0)
		return complain(c, "except %s is multicast: give addresses of senders", e);
	if (p->len == 0 || (key->src.len > 0 && p->len == key->src.len && prefix_eq(p, &key->src)))
		return complain(c, "except %s leaves no source: remove the route instead", e);
	if (key->src.len > 0 && !prefix_covers(&key->src, p))
		return complain(c, "except %s is not within source %s: remove it", e, s);
	return 0;
}

static int check_excepts(const struct static_route *r, const struct complaint *c)
{
	char a[PREFIX_STRLEN], b[PREFIX_STRLEN];
	const struct prefix **v;
	int rc = 0;

	for (uint32_t i = 0; i < r->n_excepts && !rc; i++)
		rc = check_except(&r->key, &r->excepts[i], c);
	if (rc || r->n_excepts < 2)
		return rc;
	v = malloc(r->n_excepts * sizeof(*v));
	if (!v)
		return complain(c, "no memory to check %u excepts", r->n_excepts);
	for (uint32_t i = 0; i < r->n_excepts; i++)
		v[i] = &r->excepts[i];
	qsort(v, r->n_excepts, sizeof(*v), cmp_except);
	/* nested prefixes follow each other */
	for (uint32_t i = 1; i < r->n_excepts && !rc; i++)
		if (prefix_covers(v[i - 1], v[i]))
			rc = complain(c, "except %s lies within except %s: remove one",
				prefix_str(v[i], a, sizeof(a)), prefix_str(v[i - 1], b, sizeof(b)));
	free(v);
	return rc;
}

static int check_inputs(const struct static_route *r, const struct complaint *c)
{
	switch ((enum static_input_kind)r->input_kind) {
	case STATIC_INPUT_ANY:
		return 0;
	case STATIC_INPUT_RPF:
		if (r->key.src.len == 0)
			return complain(c,
				"input rpf needs a source to look up: give a source, or name "
				"the input interface, or any");
		return 0;
	case STATIC_INPUT_IF:
		break;
	default:
		return complain(c, "input is neither rpf, any nor an interface");
	}
	if (r->n_inputs == 0)
		return complain(c, "the input is missing: name an interface, or rpf or any");
	if (r->n_inputs > DP_INPUTS_MAX)
		return complain(
			c, "%u inputs are more than %u: use any", r->n_inputs, DP_INPUTS_MAX);
	for (unsigned i = 0; i < r->n_inputs; i++) {
		if (!r->inputs[i][0])
			return complain(c, "input %u has no name: name an interface", i + 1);
		for (unsigned j = 0; j < i; j++)
			if (!strncmp(r->inputs[i], r->inputs[j], DP_IF_NAMELEN))
				return complain(
					c, "input %s is named twice: remove one", r->inputs[i]);
	}
	return 0;
}

static int check_her(
	const struct static_route *r, const struct static_output *o, const struct complaint *c)
{
	char u[IP_STRLEN], s[IP_STRLEN];

	ip_str(&o->unicast, u, sizeof(u));
	ip_str(&o->source, s, sizeof(s));
	if (o->unicast.family != r->key.grp.addr.family)
		return complain(c, "unicast %s and the group are of different families", u);
	if (ip_is_multicast(&o->unicast) || ip_is_any(&o->unicast) || ip_is_loopback(&o->unicast) ||
		(o->unicast.family == IP_V4 && o->unicast.b[0] >= 240))
		return complain(
			c, "unicast %s is not one host's address: give the receiver's own", u);
	if (o->dscp > 63)
		return complain(c, "dscp %u of unicast %s: give 0 to 63", o->dscp, u);
	if (ip_is_none(&o->source))
		return 0;
	if (o->preserve_source)
		return complain(
			c, "source %s and preserve_source exclude each other: remove one", s);
	if (o->source.family != o->unicast.family)
		return complain(c, "source %s and unicast %s are of different families", s, u);
	if (ip_is_multicast(&o->source) || ip_is_any(&o->source) || ip_is_loopback(&o->source))
		return complain(
			c, "source %s is not one host's address: give one of this router's", s);
	return 0;
}

static int check_output(const struct static_route *r, uint32_t i, const struct complaint *c)
{
	const struct static_output *o = &r->outputs[i];

	if (o->ttl_threshold < -1 || o->ttl_threshold > 255)
		return complain(c,
			"ttl_threshold %d: give 0 to 255, or leave it out for the interface's",
			o->ttl_threshold);
	if (!ip_is_none(&o->unicast))
		return check_her(r, o, c);
	if (!o->interface[0])
		return complain(
			c, "output %u goes nowhere: name an interface or a unicast address", i + 1);
	if (o->port || o->preserve_source || o->set_dscp || !ip_is_none(&o->source))
		return complain(c,
			"output %s: port, dscp, source and preserve_source are for unicast outputs: "
			"add unicast or remove them",
			o->interface);
	return 0;
}

/* Two outputs that would give one receiver two copies stand side by side in this order. */
static int cmp_output(const void *pa, const void *pb)
{
	const struct static_output *a = *(const struct static_output *const *)pa;
	const struct static_output *b = *(const struct static_output *const *)pb;
	int cmp = strncmp(a->interface, b->interface, DP_IF_NAMELEN);

	if (cmp == 0)
		cmp = ip_cmp(&a->unicast, &b->unicast);
	return cmp ? cmp : (int)a->port - (int)b->port;
}

static int check_twice(const struct static_route *r, const struct complaint *c)
{
	const struct static_output **v;
	char u[IP_STRLEN];
	int rc = 0;

	if (r->n_outputs < 2)
		return 0;
	v = malloc(r->n_outputs * sizeof(*v));
	if (!v)
		return complain(c, "no memory to check %u outputs", r->n_outputs);
	for (uint32_t i = 0; i < r->n_outputs; i++)
		v[i] = &r->outputs[i];
	qsort(v, r->n_outputs, sizeof(*v), cmp_output);
	for (uint32_t i = 1; i < r->n_outputs && !rc; i++) {
		if (cmp_output(&v[i - 1], &v[i]))
			continue;
		if (ip_is_none(&v[i]->unicast))
			rc = complain(c, "output %s is named twice: remove one", v[i]->interface);
		else
			rc = complain(c,
				"output unicast %s is named twice: remove one, or give them "
				"different ports",
				ip_str(&v[i]->unicast, u, sizeof(u)));
	}
	free(v);
	return rc;
}

int static_route_check(const struct static_route *r, char *err, size_t err_cap)
{
	struct complaint c = {.err = err, .cap = err_cap};
	int rc = check_group(&r->key.grp, &c);

	if (!rc)
		rc = check_source(&r->key, &c);
	if (!rc)
		rc = check_excepts(r, &c);
	if (!rc)
		rc = check_inputs(r, &c);
	for (uint32_t i = 0; i < r->n_outputs && !rc; i++)
		rc = check_output(r, i, &c);
	return rc ? rc : check_twice(r, &c);
}
