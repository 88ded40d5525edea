/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Plans: what came of merging, as values that are there once, with their oifs. One whose oifs could not all be
 * had belongs to its entry alone: the next attempt makes another.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

/* Whose wishes are in an entry, for show; those that except it only if there are no others. */
static uint32_t owners_of(struct tib *tib, const struct tib_entry *e)
{
	uint16_t *v = tib->cover_owners;
	uint32_t n = 0;

	for (uint32_t i = 0; i < tib->n_cover; i++)
		if (!tib_except_find(tib->cover[i].excepts, tib->cover[i].n_excepts, &e->key.src))
			v[n++] = tib->cover[i].owner;
	for (uint32_t i = 0; i < tib->n_cover && n == 0; i++)
		v[i] = tib->cover[i].owner;
	return n ? n : tib->n_cover;
}

static uint32_t plan_hash(const struct tib_merged *m, const uint16_t *owners, uint32_t n_owners)
{
	uint32_t h = m->input_owner;

	for (uint32_t i = 0; i < n_owners; i++)
		h = hash_mix(h, owners[i]);
	for (uint32_t i = 0; i < m->n_inputs; i++)
		h = hash_mix(h, (uint32_t)m->inputs[i].ifid << 8 | m->inputs[i].flags);
	for (uint32_t i = 0; i < m->n_outputs; i++)
		h = hash_mix(h, tib_output_hash(&m->outputs[i]));
	return h;
}

static bool route_same(const struct tib_merged *a, const struct tib_merged *b)
{
	if (a->n_inputs != b->n_inputs || a->n_outputs != b->n_outputs ||
		memcmp(a->inputs, b->inputs, a->n_inputs * sizeof(a->inputs[0])))
		return false;
	for (uint32_t i = 0; i < a->n_outputs; i++)
		if (tib_output_cmp(&a->outputs[i], &b->outputs[i]))
			return false;
	return true;
}

bool tib_plan_same_route(const struct tib_plan *a, const struct tib_plan *b)
{
	return a == b || route_same(&a->merged, &b->merged);
}

static struct tib_plan *plan_find(const struct tib *tib, const struct tib_merged *m,
	const uint16_t *owners, uint32_t n_owners, uint32_t hash)
{
	struct hash_node *node = hash_first(&tib->plans, hash);

	for (; node; node = hash_same(node)) {
		struct tib_plan *p = container_of(node, struct tib_plan, node);

		if (p->n_owners == n_owners &&
			!memcmp(p->owners, owners, n_owners * sizeof(*owners)) &&
			p->merged.input_owner == m->input_owner &&
			p->merged.input_conflict == m->input_conflict &&
			p->merged.excepted == m->excepted && route_same(&p->merged, m))
			return p;
	}
	return NULL;
}

/* The oifs of the plan's outputs: up to the first that could not be had. */
static int oifs_get(struct tib *tib, struct tib_plan *p)
{
	uint32_t n = p->merged.n_outputs;
	int rc = 0;

	for (uint32_t i = 0; i < n && !rc; i++)
		rc = tib_oif_get(tib, &p->merged.outputs[i], &p->oifs[i]);
	return rc;
}

/* Takes m. NULL: no memory. */
static struct tib_plan *plan_new(struct tib_merged *m, const uint16_t *owners, uint32_t n_owners)
{
	struct tib_plan *p = calloc(1, sizeof(*p) + n_owners * sizeof(*owners));
	uint32_t *oifs = m->n_outputs ? calloc(m->n_outputs, sizeof(*oifs)) : NULL;

	if (!p || (m->n_outputs && !oifs)) {
		free(p);
		free(oifs);
		tib_merged_fini(m);
		return NULL;
	}
	p->merged = *m;
	p->oifs = oifs;
	p->refs = 1;
	p->n_owners = n_owners;
	memcpy(p->owners, owners, n_owners * sizeof(*owners));
	return p;
}

struct tib_plan *tib_plan_get(
	struct tib *tib, const struct tib_entry *e, struct tib_merged *m, int *err)
{
	uint32_t n_owners = owners_of(tib, e);
	uint32_t hash = plan_hash(m, tib->cover_owners, n_owners);
	struct tib_plan *p = plan_find(tib, m, tib->cover_owners, n_owners, hash);

	*err = 0;
	if (p) {
		tib_merged_fini(m);
		p->refs++;
		return p;
	}
	p = plan_new(m, tib->cover_owners, n_owners);
	*err = p ? oifs_get(tib, p) : -ENOMEM;
	if (*err)
		return p;
	p->shared = true;
	hash_add(&tib->plans, &p->node, hash);
	return p;
}

static void plan_put(struct tib *tib, struct tib_plan *p)
{
	if (--p->refs)
		return;
	for (uint32_t i = 0; i < p->merged.n_outputs && !tib->ending; i++)
		if (p->oifs[i])
			tib_oif_put(tib, p->oifs[i]);
	if (p->shared)
		hash_del(&tib->plans, &p->node);
	tib_merged_fini(&p->merged);
	free(p->oifs);
	free(p);
}

void tib_plan_replace(struct tib *tib, struct tib_plan **at, struct tib_plan *plan)
{
	struct tib_plan *old = *at;

	*at = plan;
	if (old)
		plan_put(tib, old);
}
