/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Looking at the static routes: all in order, one key, some at a time.
 */
#include "control/static/static_priv.h"

static int cmp_entry(const void *pa, const void *pb)
{
	const struct static_entry *a = *(struct static_entry *const *)pa;
	const struct static_entry *b = *(struct static_entry *const *)pb;

	return route_key_cmp(&a->key, &b->key);
}

static unsigned describe(const struct static_entry *e, struct static_route_info out[2])
{
	unsigned n = 0;

	for (unsigned origin = STATIC_FILE; origin <= STATIC_SHELL; origin++) {
		const struct static_def *def = e->defs[origin];

		if (!def)
			continue;
		out[n].route = &def->r;
		out[n++].problem = def->problem ? def->problem : "";
	}
	return n;
}

static bool show_entry(const struct static_entry *e,
	bool (*cb)(void *arg, const struct static_route_info *i), void *arg)
{
	struct static_route_info info[2];
	unsigned n = describe(e, info);

	for (unsigned i = 0; i < n; i++)
		if (!cb(arg, &info[i]))
			return false;
	return true;
}

unsigned static_get(
	const void *me, const struct dp_route_key *wanted, struct static_route_info out[2])
{
	struct dp_route_key key = static_key_normal(wanted);
	const struct static_entry *e = static_entry_find(me, &key);

	return e ? describe(e, out) : 0;
}

struct scan {
	void (*cb)(void *arg, const struct static_route_info *i);
	void *arg;
};

static void scan_node(void *arg, struct hash_node *node)
{
	const struct static_entry *e = container_of(node, struct static_entry, node);
	const struct scan *s = arg;
	struct static_route_info info[2];
	unsigned n = describe(e, info);

	for (unsigned i = 0; i < n; i++)
		s->cb(s->arg, &info[i]);
}

uint32_t static_scan(const void *me, uint32_t cursor,
	void (*cb)(void *arg, const struct static_route_info *i), void *arg)
{
	const struct static_self *self = me;
	struct scan s = {.cb = cb, .arg = arg};

	return hash_scan(&self->entries, cursor, scan_node, &s);
}

void static_walk(
	const void *me, bool (*cb)(void *arg, const struct static_route_info *i), void *arg)
{
	const struct static_self *self = me;
	struct hash_node *node = NULL;
	struct static_entry **v;
	size_t n = 0;

	if (self->entries.n == 0)
		return;
	v = malloc(self->entries.n * sizeof(struct static_entry *));
	if (!v) {
		log_error("static", "no memory to list %zu routes", self->entries.n);
		return;
	}
	while ((node = hash_next(&self->entries, node)))
		v[n++] = container_of(node, struct static_entry, node);
	qsort(v, n, sizeof(struct static_entry *), cmp_entry);
	for (size_t i = 0; i < n; i++)
		if (!show_entry(v[i], cb, arg))
			break;
	free(v);
}
