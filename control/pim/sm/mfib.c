/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the data plane is to do with packets from S to G (RFC 7761 4.2) as wishes for the TIB: one for a (*,G)
 * that is joined, one for each (S,G) of which anything is known, also if nobody wants it, for packets
 * without a route cost upcalls. A wish is told only if it differs from the last one.
 *
 * Where 4.2 lets a packet set the SPTbit and be forwarded by it at once, the wish forwards it before control
 * has heard of it: if its arrival on RPF_interface(S) would set the SPTbit and nothing of the RP tree could
 * come besides. Else an input with SIGNAL but without ACCEPT tells of the first packet on the SPT, and packets
 * of the RP tree are accepted until then.
 */
#include "control/pim/sm/register.h"
#include "control/pim/sm/sm_tree.h"

#define REGISTER_TTL 64 /* that of any packet of ours (4.4.1) */

/* --- inputs ------------------------------------------------------------------------------------------------ */

/* Flags add up if it is there already. */
static void input_as(struct tib_wish *w, uint16_t ifid, uint8_t flags, enum dp_input_role role)
{
	for (unsigned i = 0; i < w->n_inputs; i++) {
		if (w->inputs[i].ifid == ifid) {
			w->inputs[i].flags |= flags;
			return;
		}
	}
	w->inputs[w->n_inputs++] =
		(struct dp_input){.ifid = ifid, .flags = flags, .role = (uint8_t)role};
}

static void input_add(struct tib_wish *w, uint16_t ifid, uint8_t flags)
{
	input_as(w, ifid, flags, DP_ROLE_PRIMARY);
}

/* Whether what comes in Registers may be forwarded by the route of e before control has looked at it: not by that
 * of (*,G) if the rules refuse some source of G. Those that they permit get an (S,G) with their first Register. */
static bool registers_permitted(const struct pim_sm *sm, const struct sm_entry *e)
{
	const struct pim_config *c = sm->pim->config;
	const struct ipaddr *grp = &group_of(e)->grp;

	if (e->kind == SM_STAR_G)
		return pim_sg_rules_permit_group(c->register_rules, c->n_register_rules, grp);
	return pim_register_permitted(sm->pim, src_of(source_of(e)), grp);
}

/* Whether data of e may come in there: PIM runs and no boundary keeps G out. */
static bool input_runs(const struct pim_sm *sm, uint16_t ifid, const struct sm_entry *e)
{
	const struct ipaddr *grp = &group_of(e)->grp;
	struct pim_iface *pif;

	if (ifid == DP_IF_REGISTER)
		return registers_permitted(sm, e);
	pif = pim_iface_get(sm->pim, ifid, grp->family);
	return pif && !pim_boundary_denies(pif, grp);
}

/* The RPF interface of up, for data of e; while it moves, the old one as well, and the new one tells when it brings
 * what that does. */
static void input_rpf(const struct pim_sm *sm, const struct sm_up *up, const struct sm_entry *e,
	uint8_t flags, struct tib_wish *w)
{
	const struct sm_move *m = up->move;
	uint16_t ifid = rpf_of(up)->ifid;
	enum dp_input_role role = DP_ROLE_PRIMARY;

	if (m && input_runs(sm, m->ifid, e)) {
		if (m->ifid != ifid)
			input_add(w, m->ifid, flags);
		role = DP_ROLE_NEXT;
		flags |= m->left ? 0 : DP_INPUT_SIGNAL;
	}
	if (ifid && input_runs(sm, ifid, e))
		input_as(w, ifid, flags, role);
}

static bool i_am_dr(const struct pim_sm *sm, uint16_t ifid, uint8_t family)
{
	struct pim_iface *pif = pim_iface_get(sm->pim, ifid, family);

	return pif && pif->i_am_dr;
}

/* RPF_interface(RP(G)), or where Registers are decapsulated at the RP. */
static void input_rp(
	const struct pim_sm *sm, const struct sm_entry *e, bool signal, struct tib_wish *w)
{
	input_rpf(
		sm, &group_of(e)->star.up, e, DP_INPUT_ACCEPT | (signal ? DP_INPUT_SIGNAL : 0), w);
}

/* --- outputs ------------------------------------------------------------------------------------------------ */

static bool room(struct pim_sm *sm, uint32_t n)
{
	uint32_t cap = sm->outputs_cap ? sm->outputs_cap * 2 : 16;
	struct tib_output *v;

	if (n <= sm->outputs_cap)
		return true;
	v = realloc(sm->outputs, cap * sizeof(*v));
	if (!v) {
		pim_drop(sm->pim, NULL, PIM_DROP_no_memory);
		return false;
	}
	sm->outputs = v;
	sm->outputs_cap = cap;
	return true;
}

static void output_add(struct pim_sm *sm, struct tib_wish *w, const struct tib_output *o)
{
	if (room(sm, w->n_outputs + 1))
		sm->outputs[w->n_outputs++] = *o;
}

/* The interfaces of a list. */
static void outputs_add(struct pim_sm *sm, const struct sm_group *g, const struct sm_source *s,
	bool (*in_olist)(const struct sm_at *at), struct tib_wish *w)
{
	for (struct sm_at at = sm_at_first(g, s); at.pif; sm_at_next(&at)) {
		if (in_olist(&at))
			output_add(sm, w,
				&(struct tib_output){.ifid = at.pif->ifid,
					.ttl_threshold = at.pif->ttl_threshold});
	}
}

/* The Register tunnel (4.4.1). We need none to ourselves. */
static void output_register(struct pim_sm *sm, const struct sm_source *s, struct tib_wish *w)
{
	const struct sm_group *g = s->group;

	if (!register_tunnel(s) || I_am_RP(g) || ip_is_none(RP_G(g)))
		return;
	output_add(sm, w,
		&(struct tib_output){.her_dst = *RP_G(g),
			.her_src = *rp_register_source(sm, g->grp.family),
			.her_ttl = REGISTER_TTL,
			.encap = DP_ENCAP_REGISTER,
			.allow_input = true});
}

/* --- 4.2 ------------------------------------------------------------------------------------------------------ */

static void star_wish(struct pim_sm *sm, const struct sm_group *g, struct tib_wish *w)
{
	/* Sources without state are told of, for the switchover or because we are their DR. */
	input_rp(sm, &g->star,
		SwitchToSpt_needs_signal(sm, g) || i_am_dr(sm, RPF_interface_RP(g), g->grp.family),
		w);
	outputs_add(sm, g, NULL, immediate_olist_star_g, w);
}

/* On the SPT, or as if: forwarded by inherited_olist(S,G) from RPF_interface(S). */
static void spt_wish(
	struct pim_sm *sm, const struct sm_source *s, uint8_t flags, struct tib_wish *w)
{
	input_rpf(sm, &s->sg.up, &s->sg, DP_INPUT_ACCEPT | flags, w);
	outputs_add(sm, s->group, s, inherited_olist_sg, w);
	output_register(sm, s, w);
}

/* Whether a packet on the RP tree may set off the switchover (4.2.1). */
static bool switch_needs_signal(const struct pim_sm *sm, const struct sm_source *s)
{
	return !timer_armed(&s->kat) && !s->watch && SwitchToSpt_needs_signal(sm, s->group) &&
	       !pim_include_any_is_null(s);
}

/* Forwarded by inherited_olist(S,G,rpt) from the RP tree. spt: the first packet on RPF_interface(S) is told.
 *
 * Deviation: where both trees come in by one interface, what arrives there is for whoever joined (S,G), too: the
 * SPTbit, which would say so, may be late (spt_join_timer). */
static void rpt_wish(struct pim_sm *sm, const struct sm_source *s, bool spt, struct tib_wish *w)
{
	input_rp(sm, &s->sg, switch_needs_signal(sm, s), w);
	if (spt && input_runs(sm, RPF_interface_S(s), &s->sg))
		input_add(w, RPF_interface_S(s), DP_INPUT_SIGNAL);
	outputs_add(sm, s->group, s,
		spt_one_interface(s) ? inherited_olist_sg : inherited_olist_sg_rpt, w);
}

/* The Keepalive Timer does not run, and a packet on RPF_interface(S) starts it (4.2); its further ones are counted.
 * That is a source's first packet, and its first after a silence that the (S,G) has outlived as joined. */
static bool keepalive_needs_signal(const struct sm_source *s)
{
	return !s->group->ssm && !timer_armed(&s->kat);
}

static void sg_wish(struct pim_sm *sm, const struct sm_source *s, struct tib_wish *w)
{
	bool would = !s->spt_bit && Update_SPTbit_would(sm, s, RPF_interface_S(s));
	bool both = RPF_interface_S(s) != RPF_interface_RP(s->group) &&
		    !inherited_olist_sg_rpt_is_null(s);

	w->complete = true;
	if (DirectlyConnected(s) || s->spt_bit) /* a source on our own subnet sends nowhere else */
		spt_wish(sm, s, would || keepalive_needs_signal(s) ? DP_INPUT_SIGNAL : 0, w);
	else if (would && !both)
		spt_wish(sm, s, DP_INPUT_SIGNAL, w);
	else
		rpt_wish(sm, s, would, w);
}

/* --- telling it ------------------------------------------------------------------------------------------------ */

static struct dp_route_key key_of(const struct sm_entry *e)
{
	const struct sm_group *g = group_of(e);
	struct ipaddr any = {.family = g->grp.family};

	return (struct dp_route_key){.grp = prefix_host(g->grp),
		.src = e->kind == SM_STAR_G ? prefix_make(any, 0)
					    : prefix_host(*src_of(source_of(e)))};
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* Never 0. The counts are mixed in by themselves: added to what follows, an output might pass for an input. */
static uint64_t wish_hash(const struct tib_wish *w)
{
	uint64_t h = mix(mix(1, w->n_inputs), w->n_outputs);

	for (unsigned i = 0; i < w->n_inputs; i++)
		h = mix(h, (uint64_t)w->inputs[i].ifid << 16 | (uint64_t)w->inputs[i].role << 8 |
				   w->inputs[i].flags);
	for (uint32_t i = 0; i < w->n_outputs; i++) {
		const struct tib_output *o = &w->outputs[i];

		h = mix(h, (uint64_t)o->ifid << 16 | (uint64_t)o->ttl_threshold << 8 | o->encap);
		if (!ip_is_none(&o->her_dst))
			h = mix(h,
				(uint64_t)ip_hash(&o->her_dst, 1) << 32 | ip_hash(&o->her_src, 2));
	}
	return h ? h : 1;
}

/* A source that is known only because an override is due forwards as its group does. */
static bool wanted(const struct sm_entry *e)
{
	const struct sm_source *s;

	if (e->kind == SM_STAR_G)
		return e->up.state == UP_JOINED;
	s = source_of(e);
	return !LIST_EMPTY(&e->oifs) || e->up.state == UP_JOINED || s->up_rpt == UP_RPT_PRUNED ||
	       s->reg != REG_NOINFO || timer_armed(&s->kat) || s->watch;
}

void mfib_settle(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct tib_wish w = {.owner = ctx->self, .precedence = TIB_PREC_SM, .key = key_of(e)};
	uint64_t h;

	if (!wanted(e)) {
		mfib_forget(sm, e, ctx);
		return;
	}
	if (e->kind == SM_STAR_G)
		star_wish(sm, group_of(e), &w);
	else
		sg_wish(sm, source_of(e), &w);
	w.outputs = sm->outputs;
	h = wish_hash(&w);
	if (h == e->wish)
		return;
	e->wish = h;
	act_wish_set(ctx->out, &w);
}

void mfib_forget(struct pim_sm *sm, struct sm_entry *e, struct proto_ctx *ctx)
{
	struct dp_route_key key = key_of(e);

	if (!e->wish)
		return;
	e->wish = 0;
	act_wish_del(ctx->out, &key);
}
