/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Defaults of PIM's settings (RFC 7761 4.11, RFC 4607) and the instance's own copy of them.
 */
#include "control/pim/common/common.h"

/* RFC 4607 section 1: 232.0.0.0/8, FF3x::/32. */
#define SSM6(x)                                                               \
	{                                                                     \
		.addr = {.family = IP_V6, .b = {0xff, 0x30 | (x)}}, .len = 32 \
	}
static const struct prefix ssm_default[] = {
	{.addr = {.family = IP_V4, .b = {232}}, .len = 8},
	SSM6(0),
	SSM6(1),
	SSM6(2),
	SSM6(3),
	SSM6(4),
	SSM6(5),
	SSM6(6),
	SSM6(7),
	SSM6(8),
	SSM6(9),
	SSM6(10),
	SSM6(11),
	SSM6(12),
	SSM6(13),
	SSM6(14),
	SSM6(15),
};

struct prefix pim_all_groups(enum ip_family family)
{
	struct ipaddr g = {.family = family};

	g.b[0] = family == IP_V4 ? 0xe0 : 0xff;
	return prefix_make(g, family == IP_V4 ? 4 : 8);
}

void pim_config_default(struct pim_config *c)
{
	*c = (struct pim_config){
		.n_ssm = sizeof(ssm_default) / sizeof(*ssm_default),
		.ssm = ssm_default,
		.spt = PIM_SPT_IMMEDIATE,
		.keepalive_s = 210,
		.register_suppression_s = 60,
		.register_probe_s = 5,
		.assert_s = 180,
		.assert_override_s = 3,
		.limits = {.states = PIM_MAX_STATES,
			.per_neighbor = PIM_MAX_STATES_OF_ONE,
			.per_source = PIM_MAX_STATES_OF_ONE},
	};
}

void pim_if_config_default(struct pim_if_config *c)
{
	*c = (struct pim_if_config){
		.mode = PIM_MODE_SPARSE,
		.ipv4 = true,
		.dr_priority = 1,
		.hello_interval_s = 30,
		.join_prune_interval_s = 60,
		.propagation_delay_ms = PIM_PROPAGATION_DELAY_DEFAULT,
		.override_interval_ms = PIM_T_OVERRIDE_DEFAULT,
		.max_neighbors = 512,
	};
}

/* --- copies ---------------------------------------------------------------------------------------- */

/* A copy of n objects of this size; NULL for none. *error is set if there is no memory. */
static void *copy(const void *from, size_t n, size_t size, bool *error)
{
	void *to = n ? calloc(n, size) : NULL;

	if (to)
		memcpy(to, from, n * size);
	*error |= n && !to;
	return to;
}

/* The arrays behind const pointers are the copy's own. */
static void release(const void *p)
{
	free((void *)(uintptr_t)p);
}

void pim_config_free(struct pim_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->ifs && i < c->n_ifs; i++) {
		release(c->ifs[i].neighbors);
		release(c->ifs[i].boundary);
	}
	for (size_t i = 0; c->rps && i < c->n_rps; i++)
		release(c->rps[i].groups);
	release(c->ifs);
	release(c->rps);
	release(c->ssm);
	release(c->spt_groups);
	release(c->register_rules);
	free(c);
}

static struct pim_if_config *copy_ifs(const struct pim_config *from, bool *error)
{
	struct pim_if_config *v = copy(from->ifs, from->n_ifs, sizeof(*v), error);

	for (size_t i = 0; v && i < from->n_ifs; i++) {
		v[i].neighbors =
			copy(v[i].neighbors, v[i].n_neighbors, sizeof(*v[i].neighbors), error);
		v[i].boundary = copy(v[i].boundary, v[i].n_boundary, sizeof(*v[i].boundary), error);
	}
	return v;
}

static struct pim_rp_config *copy_rps(const struct pim_config *from, bool *error)
{
	struct pim_rp_config *v = copy(from->rps, from->n_rps, sizeof(*v), error);

	for (size_t i = 0; v && i < from->n_rps; i++)
		v[i].groups = copy(v[i].groups, v[i].n_groups, sizeof(*v[i].groups), error);
	return v;
}

struct pim_config *pim_config_copy(const struct pim_config *from)
{
	struct pim_config *c = malloc(sizeof(*c));
	bool error = false;

	if (!c)
		return NULL;
	*c = *from;
	c->ifs = copy_ifs(from, &error);
	c->rps = copy_rps(from, &error);
	c->ssm = copy(from->ssm, from->n_ssm, sizeof(*c->ssm), &error);
	c->spt_groups = copy(from->spt_groups, from->n_spt_groups, sizeof(*c->spt_groups), &error);
	c->register_rules = copy(
		from->register_rules, from->n_register_rules, sizeof(*c->register_rules), &error);
	if (!error)
		return c;
	pim_config_free(c);
	return NULL;
}

const struct pim_if_config *pim_config_if(const struct pim_config *c, const char *name)
{
	for (size_t i = 0; i < c->n_ifs; i++)
		if (!strncmp(c->ifs[i].interface, name, DP_IF_NAMELEN))
			return &c->ifs[i];
	return NULL;
}

/* --- rules ------------------------------------------------------------------------------------------ */

bool pim_rules_permit(const struct pim_rule *v, size_t n, const struct ipaddr *addr)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_has(&v[i].prefix, addr))
			return v[i].permit;
	return n == 0;
}

/* A prefix of length 0 without a family is any address. */
static bool rule_has(const struct prefix *p, const struct ipaddr *addr)
{
	return p->len == 0 || prefix_has(p, addr);
}

bool pim_sg_rules_permit(
	const struct pim_sg_rule *v, size_t n, const struct ipaddr *src, const struct ipaddr *grp)
{
	for (size_t i = 0; i < n; i++)
		if (rule_has(&v[i].src, src) && rule_has(&v[i].grp, grp))
			return v[i].permit;
	return n == 0;
}

bool pim_sg_rules_permit_group(const struct pim_sg_rule *v, size_t n, const struct ipaddr *grp)
{
	for (size_t i = 0; i < n; i++) {
		if (!rule_has(&v[i].grp, grp))
			continue;
		if (!v[i].permit || v[i].src.len == 0)
			return v[i].permit;
	}
	return n == 0;
}

bool pim_boundary_denies(const struct pim_iface *pif, const struct ipaddr *grp)
{
	for (uint32_t i = 0; i < pif->conf->n_boundary; i++)
		if (prefix_has(&pif->conf->boundary[i], grp))
			return true;
	return false;
}
