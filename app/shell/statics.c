/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The static routes by key.
 */
#include "app/shell/statics.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
	const struct static_route_info *x = a, *y = b;
	int d = route_key_cmp(&x->route->key, &y->route->key);

	return d ? d : (int)x->route->origin - y->route->origin;
}

static bool collect(void *arg, const struct static_route_info *i)
{
	struct statics *s = arg;

	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct static_route_info *grown = realloc(s->v, cap * sizeof(*grown));

		if (!grown)
			return false;
		s->v = grown;
		s->cap = cap;
	}
	s->v[s->n++] = *i;
	return true;
}

void statics_init(struct statics *s, const struct app *app)
{
	*s = (struct statics){0};
	static_walk(runner_instance(app->runner, app->static_number), collect, s);
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_key);
}

void statics_fini(struct statics *s)
{
	free(s->v);
	*s = (struct statics){0};
}

size_t statics_find(const struct statics *s, const struct dp_route_key *key, size_t *n)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (route_key_cmp(&s->v[mid].route->key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (*n = 0; low + *n < s->n && !route_key_cmp(&s->v[low + *n].route->key, key);)
		++*n;
	return low;
}
