/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Ids as bits of a growing bitmap; hint is the lowest word that may have a free bit.
 */
#include "control/base/idpool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void idpool_init(struct idpool *p, uint32_t max)
{
	*p = (struct idpool){.max = max};
}

void idpool_fini(struct idpool *p)
{
	free(p->used);
	*p = (struct idpool){.max = p->max};
}

static int grow(struct idpool *p)
{
	uint32_t words = p->words ? p->words * 2 : 4;
	uint64_t *used;

	if (p->words > p->max / 64)
		return -1;
	used = realloc(p->used, words * sizeof(*used));
	if (!used)
		return -1;
	memset(used + p->words, 0, (words - p->words) * sizeof(*used));
	p->used = used;
	p->words = words;
	return 0;
}

uint32_t idpool_get(struct idpool *p)
{
	uint32_t id;

	while (p->hint < p->words && p->used[p->hint] == UINT64_MAX)
		p->hint++;
	if (p->hint == p->words && grow(p))
		return 0;
	id = p->hint * 64 + (uint32_t)__builtin_ctzll(~p->used[p->hint]) + 1;
	if (id > p->max)
		return 0;
	p->used[p->hint] |= 1ull << ((id - 1) % 64);
	return id;
}

void idpool_put(struct idpool *p, uint32_t id)
{
	uint32_t word = (id - 1) / 64;

	assert(id > 0 && word < p->words);
	assert(p->used[word] & 1ull << ((id - 1) % 64));
	p->used[word] &= ~(1ull << ((id - 1) % 64));
	if (word < p->hint)
		p->hint = word;
}
