/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The timer heap: a binary heap of (due, sequence) pairs. The sequence number makes equal times
 * come out in the order in which they were set. The pair is copied into the heap, so that sifting
 * touches timers only to tell them their new slot.
 */
#include "control/base/timer.h"

#include <errno.h>
#include <stdlib.h>

struct heap_slot {
	uint64_t due_us, seq;
	struct timer *t;
};

struct timer_heap {
	struct heap_slot *v; /* v[0] is the earliest; slot i has children 2i+1 and 2i+2 */
	size_t n, cap;
	uint64_t seq;
};

struct timer_heap *timer_heap_new(void)
{
	return calloc(1, sizeof(struct timer_heap));
}

void timer_heap_free(struct timer_heap *heap)
{
	if (!heap)
		return;
	free(heap->v);
	free(heap);
}

static bool before(const struct heap_slot *a, const struct heap_slot *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->seq < b->seq;
}

static void place(struct timer_heap *heap, size_t i, struct heap_slot s)
{
	heap->v[i] = s;
	s.t->slot = (uint32_t)i + 1;
}

/* Moves s from the hole at i towards the root until its parent is earlier. */
static void sift_up(struct timer_heap *heap, size_t i, struct heap_slot s)
{
	while (i > 0 && before(&s, &heap->v[(i - 1) / 2])) {
		place(heap, i, heap->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(heap, i, s);
}

/* Moves s from the hole at i towards the leaves until both children are later. */
static void sift_down(struct timer_heap *heap, size_t i, struct heap_slot s)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n && before(&heap->v[child + 1], &heap->v[child]))
			child++;
		if (!before(&heap->v[child], &s))
			break;
		place(heap, i, heap->v[child]);
		i = child;
	}
	place(heap, i, s);
}

/* Puts s into the hole at i, whichever way it has to go. */
static void settle(struct timer_heap *heap, size_t i, struct heap_slot s)
{
	if (i > 0 && before(&s, &heap->v[(i - 1) / 2]))
		sift_up(heap, i, s);
	else
		sift_down(heap, i, s);
}

/* A quarter more, for there are as many timers as states, or more. */
static int grow(struct timer_heap *heap)
{
	size_t cap = heap->cap ? heap->cap + heap->cap / 4 : 64;
	struct heap_slot *v;

	if (cap >= UINT32_MAX)
		return -ENOMEM;
	v = realloc(heap->v, cap * sizeof(*v));
	if (!v)
		return -ENOMEM;
	heap->v = v;
	heap->cap = cap;
	return 0;
}

int timer_set(struct timer_heap *heap, struct timer *t, uint64_t due_us)
{
	struct heap_slot s = {.due_us = due_us, .seq = heap->seq, .t = t};

	if (!timer_armed(t) && heap->n == heap->cap && grow(heap))
		return -ENOMEM;
	heap->seq++;
	t->due_us = due_us;
	if (timer_armed(t)) {
		settle(heap, t->slot - 1, s);
		return 0;
	}
	heap->n++;
	sift_up(heap, heap->n - 1, s);
	return 0;
}

void timer_cancel(struct timer_heap *heap, struct timer *t)
{
	size_t i;

	if (!timer_armed(t))
		return;
	i = t->slot - 1;
	t->slot = 0;
	heap->n--;
	if (i < heap->n)
		settle(heap, i, heap->v[heap->n]);
}

uint64_t timer_left(const struct timer *t, uint64_t now_us)
{
	if (!timer_armed(t))
		return TIMER_NEVER;
	return t->due_us > now_us ? t->due_us - now_us : 0;
}

uint64_t timer_next(const struct timer_heap *heap)
{
	return heap->n ? heap->v[0].due_us : TIMER_NEVER;
}

struct timer *timer_pop(struct timer_heap *heap, uint64_t now_us)
{
	struct timer *t;

	if (heap->n == 0 || heap->v[0].due_us > now_us)
		return NULL;
	t = heap->v[0].t;
	timer_cancel(heap, t);
	return t;
}

size_t timer_count(const struct timer_heap *heap)
{
	return heap->n;
}
