/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Big arrays and the numbers that index them. An array is reserved for its maximum in the address
 * space and takes memory page by page as it is written, so that room for a million routes costs an
 * idle router nothing. Plain memory of the process, not the EAL's: it need not be contiguous nor
 * visible to a device.
 */
#include "dataplane/tables.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

void *region_new(size_t bytes, bool huge)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (huge)
		madvise(p, bytes, MADV_HUGEPAGE); /* a wish: without it the pages are small */
	return p;
}

void region_free(void *p, size_t bytes)
{
	if (p)
		munmap(p, bytes);
}

size_t region_resident(const void *p, size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t step = 4096; /* pages asked for at a time */
	unsigned char in[4096];
	size_t pages = (bytes + page - 1) / page, sum = 0;

	for (size_t at = 0; at < pages; at += step) {
		size_t n = RTE_MIN(step, pages - at);

		if (mincore((char *)(uintptr_t)p + at * page, n * page, in))
			return bytes; /* cannot tell: the upper bound */
		for (size_t i = 0; i < n; i++)
			sum += in[i] & 1;
	}
	return sum * page;
}

int idx_pool_init(struct idx_pool *p, uint32_t first, uint32_t limit)
{
	*p = (struct idx_pool){.first = first, .next = first, .limit = limit};
	p->free = region_new((size_t)limit * sizeof(*p->free), false);
	return p->free ? 0 : -ENOMEM;
}

void idx_pool_fini(struct idx_pool *p)
{
	region_free(p->free, (size_t)p->limit * sizeof(*p->free));
	p->free = NULL;
}

uint32_t idx_pool_get(struct idx_pool *p)
{
	if (p->n_free)
		return p->free[--p->n_free];
	return p->next < p->limit ? p->next++ : UINT32_MAX;
}

void idx_pool_put(struct idx_pool *p, uint32_t i)
{
	p->free[p->n_free++] = i;
}
