/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * `show pim assert` and `show pim register`: what the machines of data know, in order.
 */
#include "control/pim/sm/show.h"

#define SHOW_SOME 64u

/* A growing array of records. */
struct list {
	char *v;
	size_t n, cap, size;
	bool lost;
};

static void *list_add(struct list *l)
{
	size_t cap = l->cap ? l->cap * 2 : SHOW_SOME;
	char *v;

	if (l->n == l->cap) {
		v = realloc(l->v, cap * l->size);
		if (!v) {
			l->lost = true;
			return NULL;
		}
		l->v = v;
		l->cap = cap;
	}
	return l->v + l->n++ * l->size;
}

static void list_sort(struct list *l, int (*cmp)(const void *a, const void *b))
{
	if (l->n > 1)
		qsort(l->v, l->n, l->size, cmp);
	if (l->lost)
		log_error("pim", "no memory to list all");
}

/* --- asserts ---------------------------------------------------------------------------------- */

static int cmp_assert(const void *pa, const void *pb)
{
	const struct pim_assert_info *a = pa, *b = pb;
	int c = ip_cmp(&a->grp, &b->grp);

	if (c == 0)
		c = ip_cmp(&a->src, &b->src);
	return c ? c : (int)a->ifid - (int)b->ifid;
}

static void add_asserts(struct list *l, const struct sm_entry *e)
{
	const struct sm_oif *oif;
	struct pim_assert_info *i;

	LIST_FOREACH (oif, &e->oifs, link) {
		i = oif->assert == ASSERT_NOINFO || !oif->iface->pif ? NULL : list_add(l);
		if (!i)
			continue;
		*i = (struct pim_assert_info){.ifid = oif->iface->pif->ifid,
			.grp = group_of(e)->grp,
			.state = oif->assert == ASSERT_WINNER ? "winner" : "loser",
			.winner = AssertWinner(oif)->address,
			.rpt = AssertWinner(oif)->rpt_bit,
			.preference = AssertWinner(oif)->preference,
			.metric = AssertWinner(oif)->metric,
			.expires_us = oif->info ? due(&oif->info->at) : TIMER_NEVER};
		if (e->kind == SM_S_G)
			i->src = *src_of(source_of(e));
	}
}

void pim_assert_walk(
	const void *self, bool (*cb)(void *arg, const struct pim_assert_info *i), void *arg)
{
	const struct pim_sm *sm = pim_sm_of(self);
	struct list l = {.size = sizeof(struct pim_assert_info)};
	const struct pim_assert_info *v;
	struct hash_node *node = NULL;

	while ((node = hash_next(&sm->groups, node)))
		add_asserts(&l, &container_of(node, struct sm_group, node)->star);
	while ((node = hash_next(&sm->sources, node)))
		add_asserts(&l, &container_of(node, struct sm_source, node)->sg);
	list_sort(&l, cmp_assert);
	v = (const void *)l.v;
	for (size_t k = 0; k < l.n; k++)
		if (!cb(arg, &v[k]))
			break;
	free(l.v);
}

/* --- registers -------------------------------------------------------------------------------- */

static int cmp_register(const void *pa, const void *pb)
{
	const struct pim_register_info *a = pa, *b = pb;
	int c = ip_cmp(&a->grp, &b->grp);

	return c ? c : ip_cmp(&a->src, &b->src);
}

static void add_register(struct list *l, const struct sm_source *s)
{
	bool by_others = s->registered && I_am_RP(s->group);
	bool ours = DirectlyConnected(s) && timer_armed(&s->kat) && !s->group->ssm;
	struct pim_register_info *i = ours || by_others ? list_add(l) : NULL;

	if (!i)
		return;
	*i = (struct pim_register_info){.src = *src_of(s),
		.grp = s->group->grp,
		.rp = *RP_G(s->group),
		.by_others = by_others && !ours,
		.state = ours ? register_name(s->reg) : "",
		.ifid = RPF_interface_S(s),
		.stop_due_us = s->tunnel ? due(&s->tunnel->rst) : TIMER_NEVER,
		.since_us = s->sg.created_us};
}

void pim_register_walk(
	const void *self, bool (*cb)(void *arg, const struct pim_register_info *i), void *arg)
{
	const struct pim_sm *sm = pim_sm_of(self);
	struct list l = {.size = sizeof(struct pim_register_info)};
	const struct pim_register_info *v;
	struct hash_node *node = NULL;

	while ((node = hash_next(&sm->sources, node)))
		add_register(&l, container_of(node, struct sm_source, node));
	list_sort(&l, cmp_register);
	v = (const void *)l.v;
	for (size_t k = 0; k < l.n; k++)
		if (!cb(arg, &v[k]))
			break;
	free(l.v);
}
