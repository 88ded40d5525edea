/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Rings between workers and control: making one, and waking control for what is on it (the worker's half of
 * what the head of punt.c describes).
 */
#include "dataplane/tables.h"

#include <rte_ring_elem.h>
#include <stdlib.h>
#include <unistd.h>

struct rte_ring *ring_new(unsigned count, unsigned esize, unsigned flags)
{
	ssize_t bytes = rte_ring_get_memsize_elem(esize, count);
	struct rte_ring *r;

	if (bytes < 0)
		return NULL;
	r = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL((size_t)bytes, RTE_CACHE_LINE_SIZE));
	if (r && rte_ring_init(r, "starg", count, flags)) {
		free(r);
		r = NULL;
	}
	return r;
}

void control_wake(struct dataplane *d)
{
	const uint64_t one = 1;
	ssize_t n;

	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&d->asleep, memory_order_relaxed))
		return;
	if (!atomic_exchange(&d->asleep, 0) || d->conf.wake_fd < 0)
		return;
	n = write(d->conf.wake_fd, &one, sizeof(one));
	(void)n; /* EAGAIN: the counter is full, so an event is there already */
}
