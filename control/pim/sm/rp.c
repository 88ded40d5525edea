/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * RP(G) (RFC 7761 4.7.1): static RPs, each for some group prefixes; the longest prefix decides, among RPs of
 * equal ones the hash function (4.7.2). The SSM range (RFC 4607) has none. Left out: the Bootstrap mechanism
 * and with it priorities; the hash-mask is the default one.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "control/pim/sm/sm_tree.h"

/* --- the table --------------------------------------------------------------------------------------- */

/* Longest first; then by prefix, the highest RP address first. */
static int map_cmp(const void *a, const void *b)
{
	const struct sm_rp_map *x = a, *y = b;

	int c = (int)y->groups.len - (int)x->groups.len;

	if (!c)
		c = ip_cmp(&x->groups.addr, &y->groups.addr);
	return c ? c : ip_cmp(&y->rp, &x->rp);
}

int rp_config(struct pim_sm *sm)
{
	const struct pim_config *c = sm->pim->config;
	struct sm_rp_map *v;
	size_t n = 0;

	for (size_t i = 0; i < c->n_rps; i++)
		n += c->rps[i].n_groups ? c->rps[i].n_groups : 1;
	v = calloc(n ? n : 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < c->n_rps; i++) {
		const struct pim_rp_config *rp = &c->rps[i];

		for (uint32_t k = 0; k < rp->n_groups; k++)
			v[n++] = (struct sm_rp_map){.groups = rp->groups[k], .rp = rp->address};
		if (!rp->n_groups)
			v[n++] = (struct sm_rp_map){
				.groups = pim_all_groups(rp->address.family), .rp = rp->address};
	}
	qsort(v, n, sizeof(*v), map_cmp);
	free(sm->rps);
	sm->rps = v;
	sm->n_rps = n;
	return 0;
}

/* A DR sends its first Register right behind the first packet of a source: the way there must be known by then. */
void rp_reach(struct pim_sm *sm, struct proto_ctx *ctx)
{
	struct ipaddr *v = calloc(sm->n_rps ? sm->n_rps : 1, sizeof(*v));

	if (!v) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		return;
	}
	for (size_t i = 0; i < sm->n_rps; i++)
		v[i] = sm->rps[i].rp;
	act_reach(ctx->out, v, (uint32_t)sm->n_rps);
	free(v);
}

/* --- 4.7.2 ------------------------------------------------------------------------------------------- */

/* 32 bits of an address: of IPv6 the exclusive-or of its segments, which of an IPv4-compatible one is the IPv4
 * address. */
static uint32_t digest(const struct ipaddr *a)
{
	uint32_t d = 0;

	for (unsigned i = 0; i < ip_bytes(a) / 4u; i++)
		d ^= ntohl(a->w_be[i]);
	return d;
}

/* Value(G,M,C): M leaves out the last two bits, so that four groups in a row have one RP. */
static uint32_t hash_value(const struct ipaddr *grp, const struct ipaddr *rp)
{
	struct ipaddr masked = ip_mask(*grp, (uint8_t)(ip_bits(grp) - 2));

	return (1103515245u * ((1103515245u * digest(&masked) + 12345u) ^ digest(rp)) + 12345u) &
	       0x7fffffffu;
}

/* The highest value wins, then the highest address. */
static const struct sm_rp_map *map_of(const struct pim_sm *sm, const struct ipaddr *grp)
{
	const struct sm_rp_map *best = NULL;

	for (size_t i = 0; i < sm->n_rps; i++) {
		const struct sm_rp_map *m = &sm->rps[i];

		if (best && m->groups.len != best->groups.len)
			break;
		if (prefix_has(&m->groups, grp) &&
			(!best || hash_value(grp, &m->rp) > hash_value(grp, &best->rp)))
			best = m;
	}
	return best;
}

bool rp_is_ssm(const struct pim_sm *sm, const struct ipaddr *grp)
{
	const struct pim_config *c = sm->pim->config;

	for (size_t i = 0; i < c->n_ssm; i++)
		if (prefix_has(&c->ssm[i], grp))
			return true;
	return false;
}

struct ipaddr rp_of(const struct pim_sm *sm, const struct ipaddr *grp)
{
	const struct sm_rp_map *map = rp_is_ssm(sm, grp) ? NULL : map_of(sm, grp);

	return map ? map->rp : (struct ipaddr){0};
}

/* --- groups that follow it ------------------------------------------------------------------------- */

void rp_refresh(struct pim_sm *sm, struct sm_group *g, struct proto_ctx *ctx)
{
	struct ipaddr rp = rp_of(sm, &g->grp);
	bool ssm = rp_is_ssm(sm, &g->grp);
	bool i_am_rp = !ip_is_none(&rp) && net_is_local(ctx->net, &rp, NULL);

	if (ip_eq(&rp, RP_G(g)) && ssm == g->ssm && i_am_rp == I_am_RP(g))
		return;
	if (!ip_eq(&rp, RP_G(g)))
		assert_rp_changed(sm, g, ctx);
	g->ssm = ssm;
	target_set(sm, &g->star, &rp, i_am_rp ? TARGET_SELF : TARGET_RP, ctx);
	sm_touch(sm, &g->star);
}

void rp_refresh_all(struct pim_sm *sm, struct proto_ctx *ctx)
{
	struct hash_node *n;

	for (n = hash_next(&sm->groups, NULL); n; n = hash_next(&sm->groups, n))
		rp_refresh(sm, container_of(n, struct sm_group, node), ctx);
}

/* Another router would drop Registers from an address that is not ours, or answer to who has it. */
static bool register_source_changed(struct pim_sm *sm, struct proto_ctx *ctx)
{
	bool changed = false;
	char a[IP_STRLEN];

	for (unsigned f = 0; f < 2; f++) {
		const struct ipaddr *set = &sm->pim->config->register_source[f];
		bool ours = !ip_is_none(set) && net_is_local(ctx->net, set, NULL);

		if (!ip_is_none(set) && !ours && !ip_eq(set, &sm->source_missed[f]))
			act_notify(ctx->out, LOG_LVL_WARNING,
				"pim.register_source %s is no address of this router: Registers leave from "
				"the interface towards the RP; add it to an interface, or change it",
				ip_str(set, a, sizeof(a)));
		sm->source_missed[f] = ours ? (struct ipaddr){0} : *set;
		changed |= ours != sm->source_ours[f];
		sm->source_ours[f] = ours;
	}
	return changed;
}

const struct ipaddr *rp_register_source(const struct pim_sm *sm, uint8_t family)
{
	static const struct ipaddr none;
	unsigned f = family == IP_V6;

	return sm->source_ours[f] ? &sm->pim->config->register_source[f] : &none;
}

void rp_local_changed(struct pim_sm *sm, struct proto_ctx *ctx)
{
	bool changed = register_source_changed(sm, ctx);

	for (size_t i = 0; i < sm->n_rps; i++) {
		bool local = net_is_local(ctx->net, &sm->rps[i].rp, NULL);

		changed |= local != sm->rps[i].local;
		sm->rps[i].local = local;
	}
	if (changed)
		rp_refresh_all(sm, ctx);
}
