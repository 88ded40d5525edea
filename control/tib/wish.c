/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Wishes as values, and what their excepts mean for the TIB: a box for each, with the wish's group.
 */
#include "control/tib/tib_priv.h"

#include <errno.h>

static int cmp_except(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

/* In order and in one form; what lies within another goes. -EINVAL: outside the wish's sources. */
static int excepts_normalise(struct tib_owned_wish *c, const struct tib_wish *w)
{
	struct prefix *v = wish_excepts(c);
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
	c->n_excepts = n;
	return 0;
}

struct tib_owned_wish *tib_wish_copy(const struct tib_wish *w, int *err)
{
	struct tib_owned_wish *c = calloc(1, sizeof(*c) + w->n_outputs * sizeof(c->outputs[0]) +
						     w->n_inputs * sizeof(struct dp_input) +
						     w->n_excepts * sizeof(struct prefix));

	*err = -ENOMEM;
	if (!c)
		return NULL;
	c->owner = w->owner;
	c->precedence = w->precedence;
	c->complete = w->complete;
	c->n_inputs = w->n_inputs;
	c->n_outputs = w->n_outputs;
	for (uint32_t i = 0; i < w->n_outputs; i++) {
		c->outputs[i] = w->outputs[i];
		tib_output_normalise(&c->outputs[i]);
	}
	memcpy(wish_inputs(c), w->inputs, w->n_inputs * sizeof(struct dp_input));
	*err = excepts_normalise(c, w);
	if (*err) {
		free(c);
		return NULL;
	}
	return c;
}

bool tib_wish_same(struct tib_owned_wish *a, struct tib_owned_wish *b)
{
	if (a->precedence != b->precedence || a->complete != b->complete ||
		a->n_inputs != b->n_inputs || a->n_outputs != b->n_outputs ||
		a->n_excepts != b->n_excepts ||
		memcmp(wish_inputs(a), wish_inputs(b), a->n_inputs * sizeof(struct dp_input)) ||
		memcmp(wish_excepts(a), wish_excepts(b), a->n_excepts * sizeof(struct prefix)))
		return false;
	for (uint32_t i = 0; i < a->n_outputs; i++)
		if (tib_output_cmp(&a->outputs[i], &b->outputs[i]))
			return false;
	return true;
}

static void except_put(struct tib *tib, const struct dp_route_key *key, const struct prefix *except)
{
	struct dp_route_key k = {.table = key->table, .src = *except, .grp = key->grp};
	struct tib_entry *e = tib_entry_find(tib, &k);

	if (--e->n_excepts == 0)
		tib_entries_touch(tib, &k);
}

void tib_excepts_del(struct tib *tib, const struct dp_route_key *key, struct tib_owned_wish *w)
{
	for (uint32_t i = 0; i < w->n_excepts; i++)
		except_put(tib, key, &wish_excepts(w)[i]);
}

int tib_excepts_add(struct tib *tib, const struct dp_route_key *key, struct tib_owned_wish *w)
{
	const struct prefix *v = wish_excepts(w);

	for (uint32_t i = 0; i < w->n_excepts; i++) {
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
