/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The fastest n of many flows: a heap whose root is the slowest of those kept.
 */
#include "flow_priv.h"

#include <stdlib.h>

static void swap(struct hot_flow *a, struct hot_flow *b)
{
	struct hot_flow t = *a;

	*a = *b;
	*b = t;
}

static void sift_up(struct hot_top *t, uint32_t at)
{
	while (at && t->v[at].packets < t->v[(at - 1) / 2].packets) {
		swap(&t->v[at], &t->v[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

static void sift_down(struct hot_top *t, uint32_t at)
{
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= t->n)
			return;
		if (child + 1 < t->n && t->v[child + 1].packets < t->v[child].packets)
			child++;
		if (t->v[at].packets <= t->v[child].packets)
			return;
		swap(&t->v[at], &t->v[child]);
		at = child;
	}
}

void hot_top_offer(struct hot_top *t, struct hot_flow f)
{
	if (t->n < t->cap) {
		t->v[t->n++] = f;
		sift_up(t, t->n - 1);
	} else if (t->cap && f.packets > t->v[0].packets) {
		t->v[0] = f;
		sift_down(t, 0);
	}
}

static int faster(const void *a, const void *b)
{
	const struct hot_flow *x = a, *y = b;

	if (x->packets != y->packets)
		return x->packets < y->packets ? 1 : -1;
	return x->counter < y->counter ? -1 : x->counter > y->counter;
}

void hot_top_sort(struct hot_top *t)
{
	qsort(t->v, t->n, sizeof(*t->v), faster);
}
