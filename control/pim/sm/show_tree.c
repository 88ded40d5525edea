/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * `show pim state|join|upstream`, `explain`: the trees and their interfaces, in order. One group or one
 * source is found by its key; all of them are sorted first.
 */
#include "control/pim/sm/show.h"
#include "control/pim/sm/sm_tree.h"

/* --- one tree -------------------------------------------------------------------------------------- */

static const char *up_rpt_name(enum up_rpt_state s)
{
	switch (s) {
	case UP_RPT_NOT_JOINED:
		return "not_joined";
	case UP_RPT_PRUNED:
		return "pruned";
	case UP_RPT_NOT_PRUNED:
		return "not_pruned";
	}
	return "";
}

static void info_of(const struct pim_sm *sm, const struct sm_entry *e, struct pim_tree_info *t)
{
	const struct sm_group *g = group_of(e);
	const struct sm_oif *oif;

	*t = (struct pim_tree_info){.grp = g->grp,
		.rp = *RP_G(g),
		.i_am_rp = I_am_RP(g),
		.ssm = g->ssm,
		.ifid = rpf_of(&e->up)->ifid,
		.next_hop = rpf_of(&e->up)->next_hop,
		.by_assert = e->up.by_assert,
		.joined = e->up.state == UP_JOINED,
		.join_due_us = due(&e->up.jt),
		.rpt_state = "",
		.register_state = "",
		.keepalive_due_us = TIMER_NEVER,
		.routed = e->wish != 0,
		.since_us = e->created_us,
		.entry = e};
	LIST_FOREACH (oif, &e->oifs, link)
		t->n_oifs++;
	if (e->kind == SM_STAR_G) {
		t->neighbor = RPF_nbr_star_g(sm, g);
		t->join_desired = JoinDesired_star_g(g);
	} else {
		const struct sm_source *s = source_of(e);

		t->src = *src_of(s);
		t->neighbor = RPF_nbr_sg(sm, s);
		t->join_desired = JoinDesired_sg(s);
		t->connected = DirectlyConnected(s);
		t->rpt_state = up_rpt_name(s->up_rpt);
		t->spt_bit = SPTbit(s);
		t->keepalive_due_us = due(&s->kat);
		t->register_state = register_name(s->reg);
		t->registered = s->registered;
	}
}

bool pim_tree_get(const void *self, const struct ipaddr *src, const struct ipaddr *grp,
	struct pim_tree_info *out)
{
	const struct pim_sm *sm = pim_sm_of(self);
	const struct sm_group *g;
	const struct sm_source *s;

	if (ip_is_none(src)) {
		g = sm_group_find(sm, grp);
		if (g)
			info_of(sm, &g->star, out);
		return g;
	}
	s = sm_source_find(sm, src, grp);
	if (s)
		info_of(sm, &s->sg, out);
	return s;
}

bool pim_rp_of(const void *self, const struct ipaddr *grp, struct ipaddr *rp)
{
	const struct pim_sm *sm = pim_sm_of(self);

	*rp = rp_is_ssm(sm, grp) ? (struct ipaddr){.family = IP_NONE} : rp_of(sm, grp);
	return !ip_is_none(rp);
}

bool pim_is_ssm(const void *self, const struct ipaddr *grp)
{
	return rp_is_ssm(pim_sm_of(self), grp);
}

void pim_tree_count(const void *self, uint64_t *star, uint64_t *sg)
{
	const struct pim_sm *sm = pim_sm_of(self);

	*star = sm->n_star;
	*sg = sm->n_sg;
}

/* --- all of them ------------------------------------------------------------------------------------ */

struct found {
	const struct pim_sm *sm;
	const struct sm_entry **v;
	size_t n, cap;
	bool lost;
};

static void found_add(struct found *f, const struct sm_entry *e)
{
	size_t cap = f->cap ? f->cap * 2 : 256;
	const struct sm_entry **v;

	if (f->n == f->cap) {
		v = realloc(f->v, cap * sizeof(*v));
		if (!v) {
			f->lost = true;
			return;
		}
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = e;
}

static int entry_cmp(const void *pa, const void *pb)
{
	const struct sm_entry *a = *(const struct sm_entry *const *)pa;
	const struct sm_entry *b = *(const struct sm_entry *const *)pb;
	int c = ip_cmp(&group_of(a)->grp, &group_of(b)->grp);

	if (c)
		return c;
	if (a->kind == SM_STAR_G || b->kind == SM_STAR_G)
		return (a->kind != SM_STAR_G) - (b->kind != SM_STAR_G);
	return ip_cmp(src_of(source_of(a)), src_of(source_of(b)));
}

/* Those of a group that src asks for. */
static void find_in_group(struct found *f, const struct sm_group *g, const struct ipaddr *src)
{
	const struct sm_source *s;

	if (!src || ip_is_none(src))
		found_add(f, &g->star);
	LIST_FOREACH (s, &g->sources, in_group)
		if (!src || ip_eq(src, src_of(s)))
			found_add(f, &s->sg);
}

void pim_tree_walk(const void *self, const struct ipaddr *src, const struct ipaddr *grp,
	bool (*cb)(void *arg, const struct pim_tree_info *t), void *arg)
{
	struct found f = {.sm = pim_sm_of(self)};
	const struct sm_group *g;
	struct hash_node *node = NULL;
	struct pim_tree_info t;

	if (grp) {
		g = sm_group_find(f.sm, grp);
		if (g)
			find_in_group(&f, g, src);
	} else {
		while ((node = hash_next(&f.sm->groups, node)))
			find_in_group(&f, container_of(node, struct sm_group, node), src);
	}
	if (f.n > 1)
		qsort(f.v, f.n, sizeof(*f.v), entry_cmp);
	if (f.lost)
		log_error("pim", "no memory to list all");
	for (size_t i = 0; i < f.n; i++) {
		info_of(f.sm, f.v[i], &t);
		if (!cb(arg, &t))
			break;
	}
	free(f.v);
}

/* --- interfaces ---------------------------------------------------------------------------------------- */

static const char *ds_name(const struct sm_oif *oif)
{
	if (!oif)
		return "noinfo";
	switch ((enum ds_state)oif->ds) {
	case DS_NOINFO:
		return "noinfo";
	case DS_JOIN:
		return "join";
	case DS_PRUNE_PENDING:
		return "prune_pending";
	}
	return "";
}

static const char *ds_rpt_name(const struct sm_oif *oif)
{
	if (!oif)
		return "noinfo";
	switch ((enum ds_rpt_state)oif->ds_rpt) {
	case DS_RPT_NOINFO:
		return "noinfo";
	case DS_RPT_PRUNE:
		return "prune";
	case DS_RPT_PRUNE_PENDING:
		return "prune_pending";
	case DS_RPT_PRUNE_TMP:
		return "prune_tmp";
	case DS_RPT_PRUNE_PENDING_TMP:
		return "prune_pending_tmp";
	}
	return "";
}

static const char *member_name(const struct sm_oif *oif)
{
	if (!oif || oif->member == MEMBER_NONE)
		return "";
	return oif->member == MEMBER_INCLUDE ? "include" : "exclude";
}

static const char *assert_name(const struct sm_oif *oif)
{
	if (!oif || oif->assert == ASSERT_NOINFO)
		return "noinfo";
	return oif->assert == ASSERT_WINNER ? "winner" : "loser";
}

static struct pim_oif_info oif_info(const struct sm_at *at)
{
	const struct sm_oif *own = at->s ? at->sg : at->star;
	struct pim_oif_info o = {.ifid = at->pif->ifid,
		.runs = at->pif->up,
		.join_state = ds_name(own),
		.rpt_state = at->s ? ds_rpt_name(own) : "",
		.member = member_name(own),
		.assert_state = assert_name(own),
		.boundary = pim_boundary_denies(at->pif, &at->g->grp),
		.expires_us = TIMER_NEVER};

	o.immediate = at->s ? immediate_olist_sg(at) : immediate_olist_star_g(at);
	o.inherited = at->s ? inherited_olist_sg(at) : o.immediate;
	if (!own)
		return o;
	o.winner = AssertWinner(own)->address;
	if (own->by)
		o.by = own->by->addr;
	o.expires_us = due(&own->et);
	o.since_us = own->since_us;
	return o;
}

void pim_oif_walk(const struct pim_tree_info *t,
	bool (*cb)(void *arg, const struct pim_oif_info *o), void *arg)
{
	const struct sm_entry *e = t->entry;
	const struct sm_source *s = e->kind == SM_S_G ? source_of(e) : NULL;

	for (struct sm_at at = sm_at_first(group_of(e), s); at.pif; sm_at_next(&at)) {
		struct pim_oif_info o = oif_info(&at);

		if (!cb(arg, &o))
			return;
	}
}
