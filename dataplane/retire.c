/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What workers may still be reading waits here until each of them has passed a quiescent state.
 *
 * A FIFO of (token, free function). The token is taken after the thing was unlinked, tokens only
 * grow, so the head is always the first to become free and nobody ever blocks: whoever comes by
 * frees what is due. Workers that are offline, asleep or not started hold nothing up.
 */
#include "dataplane/tables.h"

#include <errno.h>
#include <stdlib.h>

#define RETIRE_BLOCK 1000

struct retire_item {
	uint64_t token;
	void (*fn)(void *owner, void *ptr, uint64_t arg);
	void *ptr;
	uint64_t arg;
};

struct retire_block {
	struct retire_block *next;
	uint32_t head, tail; /* [head, tail) wait */
	struct retire_item v[RETIRE_BLOCK];
};

int retire_init(struct retire *r, unsigned max_threads, void *owner)
{
	size_t bytes = rte_rcu_qsbr_get_memsize(max_threads);

	*r = (struct retire){.owner = owner};
	r->rcu = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(bytes, RTE_CACHE_LINE_SIZE));
	if (!r->rcu)
		return -ENOMEM;
	if (rte_rcu_qsbr_init(r->rcu, max_threads)) {
		free(r->rcu);
		r->rcu = NULL;
		return -EINVAL;
	}
	return 0;
}

int retire_room(struct retire *r)
{
	if (r->spare || (r->last && r->last->tail + RETIRE_ROOM <= RETIRE_BLOCK))
		return 0;
	r->spare = malloc(sizeof(*r->spare));
	if (!r->spare)
		return -ENOMEM;
	return 0;
}

/* The spare block becomes the last one. */
static void block_append(struct retire *r)
{
	struct retire_block *b = r->spare;

	RTE_VERIFY(b); /* retire_room was not asked */
	r->spare = NULL;
	b->next = NULL;
	b->head = b->tail = 0;
	if (r->last)
		r->last->next = b;
	else
		r->first = b;
	r->last = b;
}

void retire_add(
	struct retire *r, void (*fn)(void *owner, void *ptr, uint64_t arg), void *ptr, uint64_t arg)
{
	if (!r->last || r->last->tail == RETIRE_BLOCK)
		block_append(r);
	r->last->v[r->last->tail++] = (struct retire_item){
		.token = rte_rcu_qsbr_start(r->rcu), .fn = fn, .ptr = ptr, .arg = arg};
	r->waiting++;
}

/* The first block is empty: keep one for the next need, free the others. */
static void block_drop(struct retire *r)
{
	struct retire_block *b = r->first;

	r->first = b->next;
	if (!r->first)
		r->last = NULL;
	if (r->spare)
		free(b);
	else
		r->spare = b;
}

uint32_t retire_reclaim(struct retire *r, uint32_t max)
{
	uint32_t n = 0;

	while (r->first && n < max) {
		struct retire_block *b = r->first;
		struct retire_item *i = &b->v[b->head];

		if (b->head == b->tail) {
			block_drop(r);
			continue;
		}
		if (!rte_rcu_qsbr_check(r->rcu, i->token, false))
			break;
		b->head++;
		r->waiting--;
		n++;
		i->fn(r->owner, i->ptr, i->arg);
	}
	return n;
}

void retire_fini(struct retire *r)
{
	if (r->rcu) {
		retire_reclaim(r, UINT32_MAX);
		RTE_VERIFY(r->waiting == 0);
	}
	free(r->spare);
	free(r->rcu);
	*r = (struct retire){0};
}

void retire_free(void *owner, void *ptr, uint64_t arg)
{
	free(ptr);
}
