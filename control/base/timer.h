/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Timers in a binary heap over an injected clock: whoever runs the heap says what time it is, so
 * the same protocol code runs in stargd, in tests with invented time and in the simulator.
 * A timer is embedded in its owner's state; the heap stores a pointer and never allocates per timer
 * once it is large enough.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMER_NEVER UINT64_MAX

struct timer {
	uint64_t due_us; /* valid while armed */
	uint32_t slot;  /* place in the heap + 1; 0: not armed. Zeroed memory is a timer at rest. */
	uint16_t proto; /* which protocol instance gets it (runner's number) */
	uint16_t kind;  /* the owner's own name for it */
};

struct timer_heap;

struct timer_heap *timer_heap_new(void);
void timer_heap_free(struct timer_heap *heap); /* timers are their owners' */

/* Arms or re-arms for an absolute time. 0 or -ENOMEM. */
int timer_set(struct timer_heap *heap, struct timer *t, uint64_t due_us);
void timer_cancel(struct timer_heap *heap, struct timer *t); /* harmless if not armed */
static inline bool timer_armed(const struct timer *t)
{
	return t->slot != 0;
}
/* Microseconds left, 0 if due, TIMER_NEVER if not armed. */
uint64_t timer_left(const struct timer *t, uint64_t now_us);

/* When the earliest is due; TIMER_NEVER if none is armed. */
uint64_t timer_next(const struct timer_heap *heap);
/* Takes the earliest timer that is due at now_us (disarmed), or NULL. Equal times come out in the
 * order in which they were set. */
struct timer *timer_pop(struct timer_heap *heap, uint64_t now_us);
size_t timer_count(const struct timer_heap *heap);
