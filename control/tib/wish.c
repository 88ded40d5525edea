/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What wishes say, as values that are there once; and what their excepts mean for the TIB: a box for each,
 * with the wish's group.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

static int cmp_except(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

/* In order and in one form; what lies within another goes. -EINVAL: outside the wish's sources. */
static int excepts_normalise(struct tib_terms *t, const struct tib_wish *w)
{
	struct prefix *v = terms_excepts(t);
	const struct prefix *src = &w->key.src;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_excepts; i++) {
		const struct prefix *p = &w->excepts[i];

		if (p->addr.family != src->addr.family || p->len > ip_bits(&p->addr))
			return -EINVAL;
		v[i] = prefix_make(p->addr, p->len);
		if (!prefix_covers(src, &v[i]))
			return -EINVAL;
	}
	if (w->n_excepts > 1)
		qsort(v, w->n_excepts, sizeof(*v), cmp_except);
	for (uint32_t i = 0; i < w->n_excepts; i++)
		if (n == 0 || !prefix_covers(&v[n - 1], &v[i]))
			v[n++] = v[i];
	t->n_excepts = n;
	return 0;
}

/* A value of w's own. NULL and *err -ENOMEM, -EINVAL. */
static struct tib_terms *terms_copy(const struct tib_wish *w, int *err)
{
	struct tib_terms *t = calloc(1, sizeof(*t) + w->n_outputs * sizeof(t->outputs[0]) +
						w->n_inputs * sizeof(struct dp_input) +
						w->n_excepts * sizeof(struct prefix));

	*err = -ENOMEM;
	if (!t)
		return NULL;
	t->precedence = w->precedence;
	t->complete = w->complete;
	t->n_inputs = w->n_inputs;
	t->n_outputs = w->n_outputs;
	for (uint32_t i = 0; i < w->n_outputs; i++) {
		t->outputs[i] = w->outputs[i];
		tib_output_normalise(&t->outputs[i]);
	}
	memcpy(terms_inputs(t), w->inputs, w->n_inputs * sizeof(struct dp_input));
	*err = excepts_normalise(t, w);
	if (*err) {
		free(t);
		return NULL;
	}
	return t;
}

static uint32_t terms_hash(struct tib_terms *t)
{
	uint32_t h = (uint32_t)t->precedence << 1 | t->complete;

	for (uint32_t i = 0; i < t->n_outputs; i++)
		h = hash_mix(h, tib_output_hash(&t->outputs[i]));
	for (uint32_t i = 0; i < t->n_inputs; i++)
		h = hash_mix(h, (uint32_t)terms_inputs(t)[i].ifid << 8 | terms_inputs(t)[i].flags);
	for (uint32_t i = 0; i < t->n_excepts; i++)
		h = prefix_hash(&terms_excepts(t)[i], h);
	return h;
}

static bool terms_same(struct tib_terms *a, struct tib_terms *b)
{
	if (a->precedence != b->precedence || a->complete != b->complete ||
		a->n_inputs != b->n_inputs || a->n_outputs != b->n_outputs ||
		a->n_excepts != b->n_excepts ||
		memcmp(terms_inputs(a), terms_inputs(b), a->n_inputs * sizeof(struct dp_input)) ||
		memcmp(terms_excepts(a), terms_excepts(b), a->n_excepts * sizeof(struct prefix)))
		return false;
	for (uint32_t i = 0; i < a->n_outputs; i++)
		if (tib_output_cmp(&a->outputs[i], &b->outputs[i]))
			return false;
	return true;
}

struct tib_terms *tib_terms_get(struct tib *tib, const struct tib_wish *w, int *err)
{
	struct tib_terms *mine = terms_copy(w, err);
	uint32_t hash = mine ? terms_hash(mine) : 0;
	struct hash_node *node = mine ? hash_first(&tib->terms, hash) : NULL;

	for (; node; node = hash_same(node)) {
		struct tib_terms *t = container_of(node, struct tib_terms, node);

		if (!terms_same(t, mine))
			continue;
		free(mine);
		t->refs++;
		return t;
	}
	if (!mine)
		return NULL;
	hash_add(&tib->terms, &mine->node, hash);
	mine->refs = 1;
	return mine;
}

void tib_terms_put(struct tib *tib, struct tib_terms *t)
{
	if (--t->refs)
		return;
	hash_del(&tib->terms, &t->node);
	free(t);
}

static void except_put(struct tib *tib, const struct dp_route_key *key, const struct prefix *except)
{
	struct dp_route_key k = {.table = key->table, .src = *except, .grp = key->grp};
	struct tib_entry *e = tib_entry_find(tib, &k);

	if (--e->n_excepts == 0)
		tib_entries_touch(tib, &k);
}

void tib_excepts_del(struct tib *tib, const struct dp_route_key *key, struct tib_terms *t)
{
	for (uint32_t i = 0; i < t->n_excepts; i++)
		except_put(tib, key, &terms_excepts(t)[i]);
}

int tib_excepts_add(struct tib *tib, const struct dp_route_key *key, struct tib_terms *t)
{
	const struct prefix *v = terms_excepts(t);

	for (uint32_t i = 0; i < t->n_excepts; i++) {
		struct dp_route_key k = {.table = key->table, .src = v[i], .grp = key->grp};
		struct tib_entry *e = tib_entry_find(tib, &k);

		if (!e)
			e = tib_entry_add(tib, &k);
		if (!e) {
			while (i-- > 0)
				except_put(tib, key, &v[i]);
			return -ENOMEM;
		}
		if (e->n_excepts++ > 0)
			continue;
		if (!e->wishes)
			tib_cross_new(tib, &k);
		tib_entry_touch(tib, e);
	}
	return 0;
}
