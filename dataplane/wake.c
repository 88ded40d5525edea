/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A worker wakes control: its half of what the head of punt.c describes.
 */
#include "dataplane/tables.h"

#include <unistd.h>

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
